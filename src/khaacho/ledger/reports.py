"""The ledger as people look at it: what one order or payment did to the accounts, and what moved on an account."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from khaacho.ledger.records import Entry, Hold
from khaacho.platform.database import Transaction


async def find_entries_about(tx: Transaction, source_id: UUID) -> list[Entry]:
    """Every entry that a hold or transfer about this source made, in the order it happened."""
    # Both halves begin at the source index of holds or transfers, so cost follows the source's own few movements.
    return await tx.all(
        """
        SELECT entry.*
        FROM ledger_entries AS entry
        WHERE entry.transfer_id IN (SELECT id FROM ledger_transfers WHERE source_id = %(source)s)
        UNION
        SELECT entry.*
        FROM ledger_entries AS entry
        WHERE entry.hold_id IN (SELECT id FROM ledger_holds WHERE source_id = %(source)s)
        ORDER BY created_at, account_id, version
        """,
        {"source": source_id},
        into=Entry,
    )


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """What one transfer did to one account; `change` is above zero when it was debited."""

    id: UUID
    account_id: UUID
    event_at: datetime
    created_at: datetime
    code: str
    source_kind: str
    source_id: UUID
    change: int


async def find_movements(
    tx: Transaction, account_ids: Sequence[UUID], *, before: tuple[datetime, UUID] | None = None, limit: int
) -> list[Movement]:
    """What moved on these accounts, newest first; `before` is moment and id of the last one seen."""
    # ledger_transfers_debit_idx and ledger_transfers_credit_idx, read backwards, give each account's newest few.
    at, transfer_id = before or (None, None)
    return await tx.all(
        """
        SELECT movement.*
        FROM unnest(%(accounts)s::uuid[]) AS asked (account_id)
        CROSS JOIN LATERAL (
            (
                SELECT id, asked.account_id, event_at, created_at, code, source_kind, source_id,
                    amount AS change
                FROM ledger_transfers
                WHERE debit_account_id = asked.account_id
                    AND (%(at)s::timestamptz IS NULL OR (event_at, id) < (%(at)s, %(id)s))
                ORDER BY event_at DESC, id DESC
                LIMIT %(limit)s
            ) UNION ALL (
                SELECT id, asked.account_id, event_at, created_at, code, source_kind, source_id, -amount
                FROM ledger_transfers
                WHERE credit_account_id = asked.account_id
                    AND (%(at)s::timestamptz IS NULL OR (event_at, id) < (%(at)s, %(id)s))
                ORDER BY event_at DESC, id DESC
                LIMIT %(limit)s
            )
        ) AS movement
        ORDER BY movement.event_at DESC, movement.id DESC
        LIMIT %(limit)s
        """,
        {"accounts": list(account_ids), "at": at, "id": transfer_id, "limit": limit},
        into=Movement,
    )


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What one source did to several accounts together at one moment; above zero when they were debited.

    `transfer_id` is the first of the transfers it did it with.
    """

    event_at: datetime
    transfer_id: UUID
    source_kind: str
    source_id: UUID
    is_reversal: bool
    change: int


class ChangePlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a list of changes goes on: moment and first transfer of the last one seen."""

    at: datetime
    transfer_id: UUID


class ChangeTotals(msgspec.Struct, frozen=True, kw_only=True):
    """Of all changes of a time: how many, and the sums of those above and below zero, both told above zero.

    `seen` and `seen_sum` are of those up to a place, that one included.
    """

    count: int
    debits: int
    credits: int
    seen: int
    seen_sum: int


async def find_changes(
    tx: Transaction,
    account_ids: Sequence[UUID],
    *,
    since: datetime | None,
    until: datetime,
    after: ChangePlace | None = None,
    limit: int | None = None,
) -> list[Change]:
    """What changed the sum of these accounts from `since` until just before `until`, in the order it happened.

    What only moved from one of them to another changed nothing and is left out. At most `limit`, all after a place.
    """
    params = _period(account_ids, since, until) | _place(after) | {"limit": limit}
    return await tx.all(f"{_CHANGES_AFTER} LIMIT %(limit)s", params, into=Change)


def stream_changes(
    tx: Transaction, account_ids: Sequence[UUID], *, since: datetime | None, until: datetime
) -> AsyncGenerator[list[Change], None]:
    """As `find_changes`, all of them and of one moment, in portions; in a transaction."""
    return tx.stream(_CHANGES_AFTER, _period(account_ids, since, until) | _place(None), into=Change)


async def total_changes(
    tx: Transaction,
    account_ids: Sequence[UUID],
    *,
    since: datetime | None,
    until: datetime,
    after: ChangePlace | None = None,
) -> ChangeTotals:
    """Count and sums of what `find_changes` finds without a place and a limit."""
    return await tx.one(
        f"""
        SELECT count(*) AS count, COALESCE(SUM(change) FILTER (WHERE change > 0), 0)::bigint AS debits,
            COALESCE(-SUM(change) FILTER (WHERE change < 0), 0)::bigint AS credits,
            count(*) FILTER (WHERE {_IS_SEEN}) AS seen,
            COALESCE(SUM(change) FILTER (WHERE {_IS_SEEN}), 0)::bigint AS seen_sum
        FROM ({_CHANGES}) AS change
        """,
        _period(account_ids, since, until) | _place(after),
        into=ChangeTotals,
    )


def _period(account_ids: Sequence[UUID], since: datetime | None, until: datetime) -> dict[str, Any]:
    return {"accounts": list(account_ids), "since": since, "until": until}


def _place(after: ChangePlace | None) -> dict[str, Any]:
    return {"at": after.at if after else None, "last": after.transfer_id if after else None}


# Served by ledger_transfers_debit_idx and ledger_transfers_credit_idx; text, for ids have no least one before 18.
_CHANGES = """
    SELECT event_at, MIN(id::text)::uuid AS transfer_id, source_kind, source_id, is_reversal,
        SUM(change)::bigint AS change
    FROM (
        SELECT id, event_at, source_kind, source_id, code = 'REVERSAL' AS is_reversal, amount AS change
        FROM ledger_transfers
        WHERE debit_account_id = ANY(%(accounts)s) AND event_at < %(until)s
            AND (%(since)s::timestamptz IS NULL OR event_at >= %(since)s)
        UNION ALL
        SELECT id, event_at, source_kind, source_id, code = 'REVERSAL', -amount
        FROM ledger_transfers
        WHERE credit_account_id = ANY(%(accounts)s) AND event_at < %(until)s
            AND (%(since)s::timestamptz IS NULL OR event_at >= %(since)s)
    ) AS side
    GROUP BY event_at, source_kind, source_id, is_reversal
    HAVING SUM(change) <> 0
"""
_IS_SEEN = "(event_at, transfer_id) <= (%(at)s::timestamptz, %(last)s::uuid)"
_CHANGES_AFTER = f"""
    SELECT *
    FROM ({_CHANGES}) AS change
    WHERE %(at)s::timestamptz IS NULL OR NOT {_IS_SEEN}
    ORDER BY event_at, transfer_id
"""


async def sum_changes(tx: Transaction, account_ids: Sequence[UUID], *, until: datetime) -> int:
    """The sum of these accounts just before `until`, by when things happened."""
    total: int = await tx.value(
        """
        SELECT COALESCE(SUM(change), 0)::bigint
        FROM (
            SELECT amount AS change
            FROM ledger_transfers
            WHERE debit_account_id = ANY(%(accounts)s) AND event_at < %(until)s
            UNION ALL
            SELECT -amount
            FROM ledger_transfers
            WHERE credit_account_id = ANY(%(accounts)s) AND event_at < %(until)s
        ) AS side
        """,
        {"accounts": list(account_ids), "until": until},
    )
    return total


async def find_active_holds(tx: Transaction, account_ids: Sequence[UUID]) -> list[Hold]:
    """What is reserved on these accounts now, newest first; ledger_holds_account_idx serves this."""
    return await tx.all(
        """
        SELECT hold.id, hold.account_id, hold.amount, hold.source_kind, hold.source_id, hold.idempotency_key,
            hold.expires_at, hold.created_at, hold.actor_id, hold.actor_name
        FROM ledger_holds AS hold
        WHERE hold.account_id = ANY(%(accounts)s)
            AND NOT EXISTS (SELECT FROM ledger_hold_endings AS ending WHERE ending.hold_id = hold.id)
        ORDER BY hold.id DESC
        """,
        {"accounts": list(account_ids)},
        into=Hold,
    )
