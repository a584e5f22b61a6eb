"""Reading the audit: what was done to one thing, by whom and why."""

from __future__ import annotations

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
