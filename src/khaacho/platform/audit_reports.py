"""Reading the audit: what was done to one thing, by whom and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from khaacho.platform.database import Transaction


class AuditRow(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of the audit."""

    id: UUID
    action: str
    reason: str | None
    actor_id: UUID | None
    actor_name: str
    old_values: dict[str, Any] | None
    new_values: dict[str, Any] | None
    created_at: datetime


async def find_audit_of(tx: Transaction, subject_id: UUID) -> list[AuditRow]:
    """Everything recorded about one subject, oldest first; audit_entries_subject_idx serves this."""
    return await tx.all(
        """
        SELECT id, action, reason, actor_id, actor_name, old_values, new_values, created_at
        FROM audit_entries
        WHERE subject_id = %(subject)s
        ORDER BY id
        """,
        {"subject": subject_id},
        into=AuditRow,
    )


class _SubjectRow(AuditRow, frozen=True, kw_only=True):
    subject_id: UUID


async def find_latest_audit(tx: Transaction, subject_ids: Sequence[UUID], action: str) -> dict[UUID, AuditRow]:
    """The last time this was done to each of these subjects, by subject; those it never happened to are missing."""
    rows = await tx.all(
        """
        SELECT DISTINCT ON (subject_id) subject_id, id, action, reason, actor_id, actor_name, old_values, new_values,
            created_at
        FROM audit_entries
        WHERE subject_id = ANY(%(subjects)s) AND action = %(action)s
        ORDER BY subject_id, id DESC
        """,
        {"subjects": list(subject_ids), "action": action},
        into=_SubjectRow,
    )
    return {row.subject_id: row for row in rows}
