"""Reading the ledger: holds, accounts, statements."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from khaacho.errors import HoldNotFound, NotFound
from khaacho.ledger.records import (
    EndingKind,
    Entry,
    HeldAmount,
    Hold,
    HoldEnding,
    LedgerAccount,
    Transfer,
)
from khaacho.platform.database import Pending, Transaction


class _HeldRow(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    account_id: UUID
    amount: int
    source_kind: str
    source_id: UUID
    idempotency_key: str
    expires_at: datetime | None
    created_at: datetime
    actor_id: UUID | None
    actor_name: str
    ending_kind: EndingKind | None
    settled_amount: int | None
    released_amount: int | None
    ending_actor_id: UUID | None
    ending_actor_name: str | None


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """One movement on an account as its owner sees it; `balance` is after it, in order of `event_at`."""

    transfer_id: UUID
    event_at: datetime
    created_at: datetime
    code: str
    source_kind: str
    source_id: UUID
    change: int
    balance: int


class StatementPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a statement goes on: moment and transfer of the last line seen."""

    at: datetime
    transfer_id: UUID


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """Opening and closing are of the time asked for; the lines may be a part of it."""

    account: LedgerAccount
    opening: int
    lines: list[StatementLine]
    closing: int


class _Sums(msgspec.Struct, frozen=True, kw_only=True):
    """`carried` is the balance at the place where the lines go on."""

    opening: int
    closing: int
    carried: int


async def find_holds(tx: Transaction, hold_ids: Sequence[UUID]) -> dict[UUID, HeldAmount]:
    """Holds with their endings. Lock the accounts first, or the answer may be old when you act on it."""
    rows = await tx.all(
        """
        SELECT hold.id, hold.account_id, hold.amount, hold.source_kind, hold.source_id, hold.idempotency_key,
            hold.expires_at, hold.created_at, hold.actor_id, hold.actor_name, ending.kind AS ending_kind,
            ending.settled_amount, ending.released_amount, ending.actor_id AS ending_actor_id,
            ending.actor_name AS ending_actor_name
        FROM ledger_holds AS hold
        LEFT JOIN ledger_hold_endings AS ending ON ending.hold_id = hold.id
        WHERE hold.id = ANY(%(ids)s)
        """,
        {"ids": list(hold_ids)},
        into=_HeldRow,
    )
    return {row.id: _held_amount(row) for row in rows}


async def require_hold(tx: Transaction, hold_id: UUID) -> HeldAmount:
    """The hold. Raises HoldNotFound."""
    held = (await find_holds(tx, [hold_id])).get(hold_id)
    if held is None:
        raise HoldNotFound(hold_id=hold_id)
    return held


async def send_find_accounts(tx: Transaction, account_ids: Sequence[UUID]) -> Pending[LedgerAccount]:
    """Queue the reading of accounts with their figures, not locked: for showing, not for deciding."""
    return await tx.send(
        """
        SELECT id, kind, unit, owner_id, keeps_balance, posted, held, ceiling, floor, version
        FROM ledger_accounts
        WHERE id = ANY(%(ids)s)
        """,
        {"ids": list(account_ids)},
        into=LedgerAccount,
    )


async def find_accounts(tx: Transaction, account_ids: Sequence[UUID]) -> dict[UUID, LedgerAccount]:
    """As `send_find_accounts`, waiting for the answer, by id."""
    return {account.id: account for account in await (await send_find_accounts(tx, account_ids)).all()}


async def require_account(tx: Transaction, account_id: UUID) -> LedgerAccount:
    """The account. Raises NotFound."""
    accounts = await find_accounts(tx, [account_id])
    if account_id not in accounts:
        raise NotFound(what="account")
    return accounts[account_id]


async def find_transfers_of(tx: Transaction, source_ids: Sequence[UUID]) -> list[Transfer]:
    """Every transfer about these sources, oldest first."""
    return await tx.all(
        """
        SELECT id, debit_account_id, credit_account_id, unit, amount, code, source_kind, source_id, idempotency_key,
            event_at, created_at, actor_id, actor_name, hold_id, reverses_id
        FROM ledger_transfers
        WHERE source_id = ANY(%(ids)s)
        ORDER BY id
        """,
        {"ids": list(source_ids)},
        into=Transfer,
    )


async def find_entries_of(tx: Transaction, source_ids: Sequence[UUID]) -> list[Entry]:
    """Every entry that a hold or transfer about these sources made, oldest first."""
    return await tx.all(
        """
        SELECT entry.*
        FROM ledger_entries AS entry
        LEFT JOIN ledger_transfers AS transfer ON transfer.id = entry.transfer_id
        LEFT JOIN ledger_holds AS hold ON hold.id = entry.hold_id
        WHERE transfer.source_id = ANY(%(ids)s) OR hold.source_id = ANY(%(ids)s)
        ORDER BY entry.created_at, entry.account_id, entry.version
        """,
        {"ids": list(source_ids)},
        into=Entry,
    )


async def read_statement(
    tx: Transaction,
    account_id: UUID,
    *,
    since: datetime | None = None,
    as_of: datetime | None = None,
    after: StatementPlace | None = None,
    limit: int | None = None,
) -> Statement:
    """[C7] What moved on the account by `event_at`, up to and including `as_of`, from `since` on. Raises NotFound.

    Opening and closing are of that whole time, whichever part of it is read: at most `limit` lines after a place.
    """
    account = await require_account(tx, account_id)
    period = {"id": account_id, "since": since, "as_of": as_of}
    place = {"at": after.at if after else None, "last": after.transfer_id if after else None}
    # Both halves of the movements are served by ledger_transfers_debit_idx and ledger_transfers_credit_idx.
    sums = await tx.one(
        f"""
        SELECT COALESCE(SUM(change) FILTER (WHERE event_at < %(since)s), 0)::bigint AS opening,
            COALESCE(SUM(change), 0)::bigint AS closing,
            COALESCE(SUM(change) FILTER (WHERE (event_at, transfer_id) <= (%(at)s, %(last)s)), 0)::bigint AS carried
        FROM ({_MOVEMENTS}) AS movement
        """,
        period | place,
        into=_Sums,
    )
    lines = await tx.all(
        f"""
        SELECT page.*, (%(carried)s + SUM(change) OVER (ORDER BY event_at, transfer_id))::bigint AS balance
        FROM (
            SELECT *
            FROM ({_MOVEMENTS}) AS movement
            WHERE (%(since)s::timestamptz IS NULL OR event_at >= %(since)s)
                AND (%(at)s::timestamptz IS NULL OR (event_at, transfer_id) > (%(at)s, %(last)s))
            ORDER BY event_at, transfer_id
            LIMIT %(limit)s
        ) AS page
        ORDER BY event_at, transfer_id
        """,
        period | place | {"carried": sums.carried if after else sums.opening, "limit": limit},
        into=StatementLine,
    )
    return Statement(account=account, opening=sums.opening, lines=lines, closing=sums.closing)


_MOVEMENTS = """
    SELECT id AS transfer_id, event_at, created_at, code, source_kind, source_id, amount AS change
    FROM ledger_transfers
    WHERE debit_account_id = %(id)s AND (%(as_of)s::timestamptz IS NULL OR event_at <= %(as_of)s)
    UNION ALL
    SELECT id, event_at, created_at, code, source_kind, source_id, -amount
    FROM ledger_transfers
    WHERE credit_account_id = %(id)s AND (%(as_of)s::timestamptz IS NULL OR event_at <= %(as_of)s)
"""


def _held_amount(row: _HeldRow) -> HeldAmount:
    ending = None
    if row.ending_kind is not None:
        ending = HoldEnding(
            hold_id=row.id,
            kind=row.ending_kind,
            settled_amount=row.settled_amount or 0,
            released_amount=row.released_amount or 0,
            actor_id=row.ending_actor_id,
            actor_name=row.ending_actor_name or "",
        )
    hold = Hold(
        id=row.id,
        account_id=row.account_id,
        amount=row.amount,
        source_kind=row.source_kind,
        source_id=row.source_id,
        idempotency_key=row.idempotency_key,
        expires_at=row.expires_at,
        created_at=row.created_at,
        actor_id=row.actor_id,
        actor_name=row.actor_name,
    )
    return HeldAmount(hold=hold, ending=ending)
