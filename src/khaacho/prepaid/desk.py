"""Balances under lock, the changes decided on them, and their writing in one statement per table.

`open_desk` locks the accounts of the people concerned, in id order, and reads their unspent lots, the movements known
under the given keys, and the terms. Changes are then decided one after another on the running figures; one that is
refused leaves the desk as it was. `write` stores everything: movements, lots, ledger, audit.

A balance is a debt of ours, so its ledger account stands below zero and has the ceiling zero: it cannot be overspent.
Its floor is the largest balance allowed, or what is there already beyond that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec.structs import replace

from khaacho import clock
from khaacho.actors import SYSTEM, Actor
from khaacho.errors import LedgerBroken
from khaacho.ids import new_id
from khaacho.ledger.actions import NewAccount, open_accounts, send_lock_accounts, write_book
from khaacho.ledger.chart import AccountKind, TransferCode, Unit, account_id
from khaacho.ledger.posting import Book
from khaacho.ledger.records import LedgerAccount, Source
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction
from khaacho.prepaid.journal import send_find_lots, send_find_movements, write_lots, write_movements, write_uses
from khaacho.prepaid.lots import Part
from khaacho.prepaid.records import Lot, LotKind, LotUse, Movement, MovementKind, Terms
from khaacho.prepaid.terms import send_find_terms, the_terms

ISSUED = account_id(AccountKind.CREDITS_ISSUED, None, Unit.CREDITS)
SPENT = account_id(AccountKind.CREDITS_SPENT, None, Unit.CREDITS)
SYSTEM_ACCOUNTS = (
    NewAccount(kind=AccountKind.CREDITS_ISSUED, unit=Unit.CREDITS),
    NewAccount(kind=AccountKind.CREDITS_SPENT, unit=Unit.CREDITS),
)

# Where units come from and go to, and why the ledger says they moved.
_OTHER_SIDES = {
    MovementKind.PURCHASE: (ISSUED, TransferCode.CREDITS_BOUGHT),
    MovementKind.BONUS: (ISSUED, TransferCode.CREDITS_GRANTED),
    MovementKind.ADJUSTMENT: (ISSUED, TransferCode.CREDITS_ADJUSTED),
    MovementKind.SPEND: (SPENT, TransferCode.CREDITS_SPENT),
    MovementKind.REFUND: (SPENT, TransferCode.CREDITS_REFUNDED),
    MovementKind.TAKEN_BACK: (ISSUED, TransferCode.CREDITS_TAKEN_BACK),
}


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change to make: signed `units` of somebody's balance, for a reason, under a key that makes it once."""

    actor: Actor
    user_id: UUID
    kind: MovementKind
    units: int
    source: Source
    key: str
    order_id: UUID | None = None
    refunds_id: UUID | None = None
    reason: str | None = None
    event_at: datetime | None = None


def balance_account_id(user_id: UUID) -> UUID:
    """The ledger account that keeps this person's credits."""
    return account_id(AccountKind.PREPAID_BALANCE, user_id, Unit.CREDITS)


class BalanceDesk:
    """Locked balances, and the changes decided on them."""

    def __init__(
        self, accounts: Iterable[LedgerAccount], lots: Iterable[Lot], known: Iterable[Movement], terms: Terms
    ) -> None:
        self.now = clock.now()
        self.terms = terms
        self.book = Book(accounts, moment=self.now)
        self._lots = {lot.id: lot for lot in lots}
        self._known = {movement.idempotency_key: movement for movement in known}
        self._movements: list[Movement] = []
        self._audit: list[AuditEntry] = []
        self._new_lots: list[Lot] = []
        self._changed_lots: set[UUID] = set()
        self._new_uses: list[LotUse] = []
        self._returned: dict[tuple[UUID, UUID], int] = {}

    def known(self, key: str) -> Movement | None:
        """What was done under this key before, here or in an earlier transaction."""
        return self._known.get(key)

    def units_of(self, user_id: UUID) -> int:
        """The running balance."""
        return -self.book.account(balance_account_id(user_id)).posted

    def lots_of(self, user_id: UUID) -> list[Lot]:
        """Lots with something left, with the running figures."""
        return [lot for lot in self._lots.values() if lot.user_id == user_id and lot.left_units > 0]

    def bring_in(self, change: Change, lot_kind: LotKind) -> Movement:
        """Units that are new to the balance become a lot. The balance may pass its bound: the caller decides that."""
        movement = self._move(change)
        self._add_lot(
            Lot(id=movement.id, user_id=change.user_id, kind=lot_kind, units=change.units, left_units=change.units)
        )
        return movement

    def take_out(self, change: Change, parts: Sequence[Part]) -> tuple[Movement, tuple[LotUse, ...]]:
        """Units leave the balance, these parts of these lots."""
        if sum(units for _, units in parts) != -change.units:
            raise LedgerBroken(units=change.units, parts=str(parts))
        movement = self._move(change)
        uses = tuple(LotUse(movement_id=movement.id, lot_id=lot_id, units=units) for lot_id, units in parts)
        self._new_uses.extend(uses)
        for lot_id, units in parts:
            self._set_left(lot_id, -units)
        return movement, uses

    def put_back(self, change: Change, lots: Iterable[Lot], parts: Sequence[Part]) -> Movement:
        """Units that were taken out by `refunds_id` return to the lots they came from."""
        if change.refunds_id is None or sum(units for _, units in parts) != change.units:
            raise LedgerBroken(units=change.units, parts=str(parts))
        movement = self._move(change)
        for lot in lots:
            self._lots.setdefault(lot.id, lot)
        for lot_id, units in parts:
            self._set_left(lot_id, units)
            place = (change.refunds_id, lot_id)
            self._returned[place] = self._returned.get(place, 0) + units
        return movement

    def returned(self, use: LotUse) -> LotUse:
        """The use with what this desk has already put back counted in."""
        more = self._returned.get((use.movement_id, use.lot_id), 0)
        return replace(use, returned_units=use.returned_units + more)

    async def write(self, tx: Transaction) -> None:
        """Store everything; nothing at all when nothing changed."""
        if not self.book.transfers:
            return
        async with tx.pipeline():
            await open_accounts(tx, SYSTEM_ACCOUNTS)
            await write_book(tx, self.book)
            if self._movements:
                await write_movements(tx, self._movements)
            await write_lots(tx, self._new_lots, [self._lots[lot_id] for lot_id in sorted(self._changed_lots)])
            await write_uses(tx, self._new_uses, self._returned)
            await record_audit(tx, SYSTEM, self._audit)

    def _move(self, change: Change) -> Movement:
        mine = balance_account_id(change.user_id)
        before = self.units_of(change.user_id)
        after = before + change.units
        other, code = _OTHER_SIDES[change.kind]
        debited, credited = (other, mine) if change.units > 0 else (mine, other)
        self.book.set_floor(mine, min(-self.terms.balance_units_max, -after))
        transfer = self.book.post(
            change.actor,
            debit_account_id=debited,
            credit_account_id=credited,
            amount=abs(change.units),
            code=code,
            source=change.source,
            key=f"credits:{change.key}",
            event_at=change.event_at or self.now,
        )
        self.book.set_floor(mine, -self.terms.balance_units_max)
        movement = Movement(
            id=new_id(),
            user_id=change.user_id,
            kind=change.kind,
            units=change.units,
            balance_before=before,
            balance_after=after,
            source_kind=change.source.kind,
            source_id=change.source.id,
            order_id=change.order_id,
            refunds_id=change.refunds_id,
            reason=change.reason,
            idempotency_key=change.key,
            transfer_id=transfer.id,
            created_at=self.now,
            actor_id=change.actor.id,
            actor_name=change.actor.name,
        )
        self._movements.append(movement)
        self._known[change.key] = movement
        self._audit.append(_audit_entry(change, movement))
        return movement

    def _add_lot(self, lot: Lot) -> None:
        self._lots[lot.id] = lot
        self._new_lots.append(lot)

    def _set_left(self, lot_id: UUID, change: int) -> None:
        lot = self._lots[lot_id]
        self._lots[lot_id] = replace(lot, left_units=lot.left_units + change)
        self._changed_lots.add(lot_id)


async def open_desk(tx: Transaction, user_ids: Iterable[UUID], *, keys: Sequence[str] = ()) -> BalanceDesk:
    """Lock these people's balances, opening those that were never used, and read what decisions need."""
    users = sorted(set(user_ids))
    accounts, lots, known, terms = await _lock_and_read(tx, users, keys)
    if len(accounts) < len(users):
        bound = the_terms(terms).balance_units_max
        await open_accounts(tx, [_new_account(user_id, bound) for user_id in users])
        accounts, lots, known, terms = await _lock_and_read(tx, users, keys)
    return BalanceDesk(accounts, lots, known, the_terms(terms))


async def open_balances(tx: Transaction, user_ids: Iterable[UUID]) -> None:
    """Open these people's balances; opening twice is a quiet success."""
    terms = the_terms(await (await send_find_terms(tx)).first())
    await open_accounts(tx, [_new_account(user_id, terms.balance_units_max) for user_id in user_ids])


async def _lock_and_read(
    tx: Transaction, users: Sequence[UUID], keys: Sequence[str]
) -> tuple[list[LedgerAccount], list[Lot], list[Movement], Terms | None]:
    async with tx.pipeline():
        # The reads come after the locks, so they see what is true under them.
        accounts = await send_lock_accounts(tx, [balance_account_id(user_id) for user_id in users])
        lots = await send_find_lots(tx, users)
        known = await send_find_movements(tx, keys)
        terms = await send_find_terms(tx)
        return await accounts.all(), await lots.all(), await known.all(), await terms.first()


def _new_account(user_id: UUID, balance_units_max: int) -> NewAccount:
    return NewAccount(
        kind=AccountKind.PREPAID_BALANCE, owner_id=user_id, unit=Unit.CREDITS, ceiling=0, floor=-balance_units_max
    )


def _audit_entry(change: Change, movement: Movement) -> AuditEntry:
    return AuditEntry(
        action=f"CREDITS_{movement.kind.value}",
        subject_kind="prepaid_balance",
        subject_id=change.user_id,
        reason=change.reason,
        actor=change.actor,
        old={"units": movement.balance_before},
        new={"units": movement.balance_after, "source": f"{change.source.kind} {change.source.id}"},
    )
