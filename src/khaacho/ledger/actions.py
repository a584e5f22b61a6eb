"""The only writer of the ledger: opens accounts, locks them, and writes a book in one statement per table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.ledger.chart import KEEPS_BALANCE, AccountKind, Unit, account_id
from khaacho.ledger.posting import Book
from khaacho.ledger.records import Entry, Hold, HoldEnding, LedgerAccount, Transfer
from khaacho.platform import locks
from khaacho.platform.database import Pending, Transaction
from khaacho.platform.locks import Wait

_ACCOUNT = """
    SELECT id, kind, unit, owner_id, keeps_balance, posted, held, ceiling, floor, version FROM ledger_accounts
"""


class NewAccount(msgspec.Struct, frozen=True, kw_only=True):
    """An account to open; `ceiling` and `floor` bound accounts that keep a balance."""

    kind: AccountKind
    owner_id: UUID | None = None
    unit: Unit = Unit.NPR
    ceiling: int | None = None
    floor: int | None = None
    id: UUID | None = None

    @property
    def account_id(self) -> UUID:
        return self.id or account_id(self.kind, self.owner_id, self.unit)


async def open_accounts(tx: Transaction, accounts: Sequence[NewAccount]) -> None:
    """Open those that do not exist yet; opening twice is a quiet success."""
    if not accounts:
        return
    ordered = sorted({account.account_id: account for account in accounts}.values(), key=lambda a: a.account_id)
    await tx.send_only(
        """
        INSERT INTO ledger_accounts (id, kind, unit, owner_id, keeps_balance, ceiling, floor, created_at)
        SELECT a.id, a.kind, a.unit, a.owner_id, a.keeps_balance, a.ceiling, a.floor, %(now)s
        FROM unnest(%(ids)s::uuid[], %(kinds)s::text[], %(units)s::text[], %(owners)s::uuid[], %(keeps)s::boolean[],
            %(ceilings)s::bigint[], %(floors)s::bigint[])
            AS a (id, kind, unit, owner_id, keeps_balance, ceiling, floor)
        ON CONFLICT DO NOTHING
        """,
        {
            "ids": [account.account_id for account in ordered],
            "kinds": [account.kind.value for account in ordered],
            "units": [account.unit.value for account in ordered],
            "owners": [account.owner_id for account in ordered],
            "keeps": [account.kind in KEEPS_BALANCE for account in ordered],
            "ceilings": [account.ceiling for account in ordered],
            "floors": [account.floor for account in ordered],
            "now": clock.now(),
        },
    )


async def send_lock_accounts(
    tx: Transaction, account_ids: Sequence[UUID], *, wait: Wait = Wait.QUEUE
) -> Pending[LedgerAccount]:
    """Queue the locking of these accounts in id order; the answer has their figures."""
    return await locks.send_row_locks(tx, _ACCOUNT, sorted(set(account_ids)), into=LedgerAccount, wait=wait)


async def lock_accounts(
    tx: Transaction, account_ids: Sequence[UUID], *, wait: Wait = Wait.QUEUE
) -> list[LedgerAccount]:
    """As `send_lock_accounts`, waiting for the answer."""
    return await (await send_lock_accounts(tx, account_ids, wait=wait)).all()


async def set_ceiling(tx: Transaction, account_id: UUID, ceiling: int) -> None:
    """A new bound for a locked account. The database refuses one below what is used."""
    await tx.execute(
        "UPDATE ledger_accounts SET ceiling = %(ceiling)s WHERE id = %(id)s",
        {"id": account_id, "ceiling": ceiling},
    )


async def write_book(tx: Transaction, book: Book) -> None:
    """Write everything the book holds, set-wise; in a pipelined transaction without waiting."""
    if book.holds:
        await _insert_holds(tx, book.holds)
    if book.transfers:
        await _insert_transfers(tx, book.transfers)
    if book.endings:
        await _insert_endings(tx, book.endings)
    if book.entries:
        await _insert_entries(tx, book.entries)
        await _update_accounts(tx, book.changed_accounts)


async def _update_accounts(tx: Transaction, accounts: Sequence[LedgerAccount]) -> None:
    await tx.send_only(
        """
        UPDATE ledger_accounts AS account
        SET posted = new.posted, held = new.held, version = new.version, ceiling = new.ceiling, floor = new.floor
        FROM unnest(%(ids)s::uuid[], %(posted)s::bigint[], %(held)s::bigint[], %(versions)s::bigint[],
            %(ceilings)s::bigint[], %(floors)s::bigint[]) AS new (id, posted, held, version, ceiling, floor)
        WHERE account.id = new.id
        """,
        {
            "ids": [account.id for account in accounts],
            "posted": [account.posted for account in accounts],
            "held": [account.held for account in accounts],
            "versions": [account.version for account in accounts],
            "ceilings": [account.ceiling for account in accounts],
            "floors": [account.floor for account in accounts],
        },
    )


async def _insert_holds(tx: Transaction, holds: Sequence[Hold]) -> None:
    await tx.send_only(
        """
        INSERT INTO ledger_holds (id, account_id, amount, source_kind, source_id, idempotency_key, expires_at,
            created_at, actor_id, actor_name)
        SELECT *
        FROM unnest(%(ids)s::uuid[], %(accounts)s::uuid[], %(amounts)s::bigint[], %(kinds)s::text[],
            %(sources)s::uuid[], %(keys)s::text[], %(expiries)s::timestamptz[], %(created)s::timestamptz[],
            %(actors)s::uuid[], %(actor_names)s::text[])
        """,
        {
            "ids": [hold.id for hold in holds],
            "accounts": [hold.account_id for hold in holds],
            "amounts": [hold.amount for hold in holds],
            "kinds": [hold.source_kind for hold in holds],
            "sources": [hold.source_id for hold in holds],
            "keys": [hold.idempotency_key for hold in holds],
            "expiries": [hold.expires_at for hold in holds],
            "created": [hold.created_at for hold in holds],
            **_signatures(holds),
        },
    )


async def _insert_transfers(tx: Transaction, transfers: Sequence[Transfer]) -> None:
    await tx.send_only(
        """
        INSERT INTO ledger_transfers (id, debit_account_id, credit_account_id, unit, amount, code, source_kind,
            source_id, hold_id, reverses_id, idempotency_key, event_at, created_at, actor_id, actor_name)
        SELECT *
        FROM unnest(%(ids)s::uuid[], %(debits)s::uuid[], %(credits)s::uuid[], %(units)s::text[],
            %(amounts)s::bigint[], %(codes)s::text[], %(kinds)s::text[], %(sources)s::uuid[], %(holds)s::uuid[],
            %(reversed)s::uuid[], %(keys)s::text[], %(event_ats)s::timestamptz[], %(created)s::timestamptz[],
            %(actors)s::uuid[], %(actor_names)s::text[])
        """,
        {
            "ids": [transfer.id for transfer in transfers],
            "debits": [transfer.debit_account_id for transfer in transfers],
            "credits": [transfer.credit_account_id for transfer in transfers],
            "units": [transfer.unit.value for transfer in transfers],
            "amounts": [transfer.amount for transfer in transfers],
            "codes": [transfer.code.value for transfer in transfers],
            "kinds": [transfer.source_kind for transfer in transfers],
            "sources": [transfer.source_id for transfer in transfers],
            "holds": [transfer.hold_id for transfer in transfers],
            "reversed": [transfer.reverses_id for transfer in transfers],
            "keys": [transfer.idempotency_key for transfer in transfers],
            "event_ats": [transfer.event_at for transfer in transfers],
            "created": [transfer.created_at for transfer in transfers],
            **_signatures(transfers),
        },
    )


async def _insert_endings(tx: Transaction, endings: Sequence[HoldEnding]) -> None:
    await tx.send_only(
        """
        INSERT INTO ledger_hold_endings
            (hold_id, kind, settled_amount, released_amount, created_at, actor_id, actor_name)
        SELECT e.hold_id, e.kind, e.settled, e.released, %(now)s, e.actor_id, e.actor_name
        FROM unnest(%(holds)s::uuid[], %(kinds)s::text[], %(settled)s::bigint[], %(released)s::bigint[],
            %(actors)s::uuid[], %(actor_names)s::text[])
            AS e (hold_id, kind, settled, released, actor_id, actor_name)
        """,
        {
            "holds": [ending.hold_id for ending in endings],
            "kinds": [ending.kind.value for ending in endings],
            "settled": [ending.settled_amount for ending in endings],
            "released": [ending.released_amount for ending in endings],
            "now": clock.now(),
            **_signatures(endings),
        },
    )


async def _insert_entries(tx: Transaction, entries: Sequence[Entry]) -> None:
    await tx.send_only(
        """
        INSERT INTO ledger_entries (account_id, version, kind, transfer_id, hold_id, posted_change, held_change,
            posted_before, posted_after, held_before, held_after, event_at, created_at)
        SELECT * FROM unnest(%(accounts)s::uuid[], %(versions)s::bigint[], %(kinds)s::text[], %(transfers)s::uuid[],
            %(holds)s::uuid[], %(posted_changes)s::bigint[], %(held_changes)s::bigint[], %(posted_befores)s::bigint[],
            %(posted_afters)s::bigint[], %(held_befores)s::bigint[], %(held_afters)s::bigint[],
            %(event_ats)s::timestamptz[], %(created)s::timestamptz[])
        """,
        {
            "accounts": [entry.account_id for entry in entries],
            "versions": [entry.version for entry in entries],
            "kinds": [entry.kind.value for entry in entries],
            "transfers": [entry.transfer_id for entry in entries],
            "holds": [entry.hold_id for entry in entries],
            "posted_changes": [entry.posted_change for entry in entries],
            "held_changes": [entry.held_change for entry in entries],
            "posted_befores": [entry.posted_before for entry in entries],
            "posted_afters": [entry.posted_after for entry in entries],
            "held_befores": [entry.held_before for entry in entries],
            "held_afters": [entry.held_after for entry in entries],
            "event_ats": [entry.event_at for entry in entries],
            "created": [entry.created_at for entry in entries],
        },
    )


def _signatures(rows: Sequence[Hold] | Sequence[Transfer] | Sequence[HoldEnding]) -> dict[str, Any]:
    return {"actors": [row.actor_id for row in rows], "actor_names": [row.actor_name for row in rows]}
