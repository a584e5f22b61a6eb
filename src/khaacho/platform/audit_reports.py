"""Reading the audit: what was done, to what, by whom and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from khaacho.platform.database import Transaction

# Where a filter has no index of its own, one look reads at most so many entries (measured: 15 ms) and says how far it
# came, so that a question about somebody who did little costs no more than any other.
SCANNED_MAX = 20_000
# Written for every order; all other actions have an index.
EVERYWHERE = ("ORDER_CREATED", "ORDER_STATUS_CHANGED")
_LATEST = datetime(9999, 1, 1, tzinfo=UTC)


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


class AuditEntryShown(msgspec.Struct, frozen=True, kw_only=True):
    """One entry with what it is about."""

    id: UUID
    action: str
    subject_kind: str
    subject_id: UUID
    retailer_id: UUID | None
    actor_id: UUID | None
    actor_name: str
    reason: str | None
    old_values: dict[str, Any] | None
    new_values: dict[str, Any] | None
    request_id: str | None
    created_at: datetime


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries are wanted; `who` is the id of a user, or part of a name. `until` itself is left out."""

    action: str | None = None
    retailer_id: UUID | None = None
    who: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """Entries, newest first. `last_id` continues after them; None at the end. It may continue a page without entries:
    so far was looked, and there may be more beyond.
    """

    entries: list[AuditEntryShown]
    last_id: UUID | None


async def find_audit(tx: Transaction, wanted: AuditFilter, *, after: UUID | None = None, limit: int) -> AuditPage:
    """The newest entries that fit, beginning after the entry `after`."""
    scanned_max = SCANNED_MAX if _has_to_search(wanted) else limit + 1
    rows = await tx.all(
        f"""
        WITH place AS (
            SELECT created_at, id FROM audit_entries WHERE id = %(after)s
        ), looked_at AS (
            SELECT * FROM audit_entries AS entry WHERE {_indexed(wanted)}
            ORDER BY created_at DESC, id DESC
            LIMIT %(scanned_max)s
        ), wanted AS (
            SELECT * FROM looked_at
            WHERE {_searched(wanted)}
            ORDER BY created_at DESC, id DESC
            LIMIT %(limit)s + 1
        )
        SELECT id, action, subject_kind, subject_id, retailer_id, actor_id, actor_name, reason, old_values, new_values,
            request_id, created_at
        FROM wanted
        ORDER BY created_at DESC, id DESC
        """,
        _params(wanted, after) | {"scanned_max": scanned_max, "limit": limit},
        into=AuditEntryShown,
    )
    if len(rows) > limit:
        return AuditPage(entries=rows[:limit], last_id=rows[limit - 1].id)
    if not _has_to_search(wanted):
        return AuditPage(entries=rows, last_id=None)
    return AuditPage(entries=rows, last_id=await _looked_until(tx, wanted, after))


async def find_audit_actions(tx: Transaction) -> list[str]:
    """Every action there is an entry of; a skip through the index, whatever its size."""
    return [
        *EVERYWHERE,
        *await tx.values(
            f"""
            WITH RECURSIVE found AS (
                (SELECT action FROM audit_entries WHERE action NOT IN {EVERYWHERE} ORDER BY action LIMIT 1)
                UNION ALL
                SELECT (
                    SELECT next.action FROM audit_entries AS next
                    WHERE next.action > found.action AND next.action NOT IN {EVERYWHERE}
                    ORDER BY next.action LIMIT 1
                )
                FROM found WHERE found.action IS NOT NULL
            )
            SELECT action FROM found WHERE action IS NOT NULL
            """
        ),
    ]


async def _looked_until(tx: Transaction, wanted: AuditFilter, after: UUID | None) -> UUID | None:
    """The last entry of a full look, from where the next one goes on; None when there is nothing beyond."""
    last: UUID | None = await tx.value(
        f"""
        WITH place AS (SELECT created_at, id FROM audit_entries WHERE id = %(after)s)
        SELECT id FROM audit_entries AS entry WHERE {_indexed(wanted)}
        ORDER BY created_at DESC, id DESC
        LIMIT 1 OFFSET %(scanned_max)s - 1
        """,
        _params(wanted, after) | {"scanned_max": SCANNED_MAX},
    )
    return last


def _has_to_search(wanted: AuditFilter) -> bool:
    by_action = wanted.action is not None and (wanted.action in EVERYWHERE or wanted.retailer_id is not None)
    return wanted.who is not None or by_action


def _indexed(wanted: AuditFilter) -> str:
    """What audit_entries_retailer_idx, audit_entries_action_idx or audit_entries_created_at_idx finds."""
    clauses = ["created_at < %(until)s"]
    if wanted.since is not None:
        clauses.append("created_at >= %(since)s")
    if wanted.retailer_id is not None:
        clauses.append("retailer_id = %(retailer)s")
    elif wanted.action is not None and wanted.action not in EVERYWHERE:
        # Said as the index says it, so that it serves whatever the parameter.
        clauses.append(f"action = %(action)s AND action NOT IN {EVERYWHERE}")
    clauses.append("(%(after)s::uuid IS NULL OR (created_at, id) < (SELECT created_at, id FROM place))")
    return " AND ".join(clauses)


def _searched(wanted: AuditFilter) -> str:
    clauses = ["true"]
    if wanted.action is not None:
        clauses.append("action = %(action)s")
    if wanted.who is not None:
        clauses.append("(actor_id::text = %(who)s OR actor_name ILIKE %(who_like)s)")
    return " AND ".join(clauses)


def _params(wanted: AuditFilter, after: UUID | None) -> dict[str, Any]:
    who = wanted.who or ""
    escaped = who.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return {
        "action": wanted.action,
        "retailer": wanted.retailer_id,
        "who": who.lower(),
        "who_like": f"%{escaped}%",
        "since": wanted.since,
        "until": wanted.until or _LATEST,
        "after": after,
    }
