"""Posting, decided in memory: what holds, settlements, releases and transfers do to locked accounts.

A `Book` is opened on accounts whose rows are locked, takes movements one after another on the running figures, and
keeps the rows to be written. It touches no database and no clock. A movement that is refused leaves the book exactly
as it was, so the other movements of a batch are not disturbed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from khaacho.actors import Actor
from khaacho.errors import AlreadyReleased, AlreadySettled, BalanceOutOfBounds, LedgerBroken
from khaacho.ids import new_id
from khaacho.ledger.chart import TransferCode, Unit
from khaacho.ledger.records import (
    EndingKind,
    Entry,
    EntryKind,
    HeldAmount,
    Hold,
    HoldEnding,
    LedgerAccount,
    Source,
    Transfer,
)


class Book:
    """Movements on locked accounts, not yet written."""

    def __init__(self, accounts: Iterable[LedgerAccount], *, moment: datetime) -> None:
        self._accounts = {account.id: account for account in accounts}
        self._moment = moment
        self.holds: list[Hold] = []
        self.endings: list[HoldEnding] = []
        self.transfers: list[Transfer] = []
        self.entries: list[Entry] = []

    @property
    def changed_accounts(self) -> list[LedgerAccount]:
        """Accounts with new figures, in id order."""
        touched = {entry.account_id for entry in self.entries}
        return [self._accounts[account_id] for account_id in sorted(touched)]

    def account(self, account_id: UUID) -> LedgerAccount:
        """The account with its running figures. Raises LedgerBroken when it was not locked for this book."""
        try:
            return self._accounts[account_id]
        except KeyError:
            raise LedgerBroken(account_id=str(account_id)) from None

    def knows(self, account_id: UUID) -> bool:
        """Was this account locked for this book?"""
        return account_id in self._accounts

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Undo every movement of the block when it raises."""
        accounts = dict(self._accounts)
        journals: tuple[list[Any], ...] = (self.holds, self.endings, self.transfers, self.entries)
        lengths = [len(journal) for journal in journals]
        try:
            yield
        except Exception:
            self._accounts = accounts
            for journal, length in zip(journals, lengths, strict=True):
                del journal[length:]
            raise

    def raise_ceiling(self, account_id: UUID, ceiling: int) -> None:
        """Let an account go up to `ceiling`: for an override somebody gave a reason for, and for new limits."""
        account = self.account(account_id)
        if account.ceiling is not None and account.ceiling < ceiling:
            self._accounts[account_id] = replace(account, ceiling=ceiling)

    def lower_ceiling(self, account_id: UUID, agreed: int) -> None:
        """Bring a raised ceiling back to what is agreed, or to what is still used beyond that."""
        account = self.account(account_id)
        ceiling = max(agreed, account.used)
        if account.ceiling is not None and account.ceiling > ceiling:
            self._accounts[account_id] = replace(account, ceiling=ceiling)

    def set_floor(self, account_id: UUID, floor: int) -> None:
        """How far down an account may go, or where it stands when that is further down already."""
        account = self.account(account_id)
        self._accounts[account_id] = replace(account, floor=min(floor, account.posted))

    def hold(self, actor: Actor, account_id: UUID, amount: int, *, source: Source, key: str) -> Hold:
        """Reserve `amount`. Raises BalanceOutOfBounds past the ceiling."""
        _require_positive(amount)
        hold = Hold(
            id=new_id(),
            account_id=account_id,
            amount=amount,
            source_kind=source.kind,
            source_id=source.id,
            idempotency_key=key,
            created_at=self._moment,
            actor_id=actor.id,
            actor_name=actor.name,
        )
        self._change(account_id, EntryKind.HOLD, held=amount, hold_id=hold.id, event_at=self._moment)
        self.holds.append(hold)
        return hold

    def release(self, actor: Actor, held: HeldAmount, *, kind: EndingKind = EndingKind.RELEASED) -> None:
        """Give the whole hold back. Raises AlreadyReleased or AlreadySettled when it has ended."""
        _require_active(held)
        hold = held.hold
        self._change(hold.account_id, EntryKind.RELEASE, held=-hold.amount, hold_id=hold.id, event_at=self._moment)
        self.endings.append(
            HoldEnding(
                hold_id=hold.id,
                kind=kind,
                settled_amount=0,
                released_amount=hold.amount,
                actor_id=actor.id,
                actor_name=actor.name,
            )
        )

    def settle(
        self,
        actor: Actor,
        held: HeldAmount,
        amount: int,
        *,
        credit_account_id: UUID,
        code: TransferCode,
        source: Source,
        key: str,
        event_at: datetime,
    ) -> Transfer:
        """Turn up to the whole hold into a transfer; what is left of the hold is released with it.

        Raises AlreadySettled or AlreadyReleased when the hold has ended, LedgerBroken for more than was held.
        """
        _require_active(held)
        _require_positive(amount)
        hold = held.hold
        if amount > hold.amount:
            raise LedgerBroken(held=hold.amount, settled=amount)
        transfer = self._transfer(
            actor, hold.account_id, credit_account_id, amount, code, source, key, event_at, hold_id=hold.id
        )
        self._change(
            hold.account_id,
            EntryKind.SETTLE,
            posted=amount,
            held=-hold.amount,
            hold_id=hold.id,
            transfer_id=transfer.id,
            event_at=event_at,
        )
        self.transfers.append(transfer)
        self.endings.append(
            HoldEnding(
                hold_id=hold.id,
                kind=EndingKind.SETTLED,
                settled_amount=amount,
                released_amount=hold.amount - amount,
                actor_id=actor.id,
                actor_name=actor.name,
            )
        )
        return transfer

    def post(
        self,
        actor: Actor,
        *,
        debit_account_id: UUID,
        credit_account_id: UUID,
        amount: int,
        code: TransferCode,
        source: Source,
        key: str,
        event_at: datetime,
        reverses_id: UUID | None = None,
        unit: Unit = Unit.NPR,
    ) -> Transfer:
        """Move `amount`. Raises BalanceOutOfBounds when a locked account would leave its bounds.

        The unit is that of the locked accounts, or `unit` when neither side is one.
        """
        _require_positive(amount)
        transfer = self._transfer(
            actor,
            debit_account_id,
            credit_account_id,
            amount,
            code,
            source,
            key,
            event_at,
            reverses_id=reverses_id,
            unit=unit,
        )
        before = dict(self._accounts), len(self.entries)
        try:
            for account_id, change in ((debit_account_id, amount), (credit_account_id, -amount)):
                if self.knows(account_id):
                    self._change(account_id, EntryKind.POST, posted=change, transfer_id=transfer.id, event_at=event_at)
        except BalanceOutOfBounds:
            self._accounts, entry_count = before
            del self.entries[entry_count:]
            raise
        self.transfers.append(transfer)
        return transfer

    def _transfer(
        self,
        actor: Actor,
        debit_account_id: UUID,
        credit_account_id: UUID,
        amount: int,
        code: TransferCode,
        source: Source,
        key: str,
        event_at: datetime,
        *,
        hold_id: UUID | None = None,
        reverses_id: UUID | None = None,
        unit: Unit = Unit.NPR,
    ) -> Transfer:
        if debit_account_id == credit_account_id:
            raise LedgerBroken(account_id=str(debit_account_id))
        return Transfer(
            id=new_id(),
            debit_account_id=debit_account_id,
            credit_account_id=credit_account_id,
            unit=self._unit(debit_account_id, credit_account_id) or unit,
            amount=amount,
            code=code,
            source_kind=source.kind,
            source_id=source.id,
            idempotency_key=key,
            event_at=event_at,
            created_at=self._moment,
            actor_id=actor.id,
            actor_name=actor.name,
            hold_id=hold_id,
            reverses_id=reverses_id,
        )

    def _unit(self, *account_ids: UUID) -> Unit | None:
        units = {self._accounts[account_id].unit for account_id in account_ids if account_id in self._accounts}
        if len(units) > 1:
            raise LedgerBroken(units=sorted(units))
        return units.pop() if units else None

    def _change(
        self,
        account_id: UUID,
        kind: EntryKind,
        *,
        posted: int = 0,
        held: int = 0,
        hold_id: UUID | None = None,
        transfer_id: UUID | None = None,
        event_at: datetime,
    ) -> None:
        account = self.account(account_id)
        if not account.keeps_balance:
            return
        changed = replace(
            account, posted=account.posted + posted, held=account.held + held, version=account.version + 1
        )
        _require_within_bounds(account, changed)
        self._accounts[account_id] = changed
        self.entries.append(
            Entry(
                account_id=account_id,
                version=changed.version,
                kind=kind,
                transfer_id=transfer_id,
                hold_id=hold_id,
                posted_change=posted,
                held_change=held,
                posted_before=account.posted,
                posted_after=changed.posted,
                held_before=account.held,
                held_after=changed.held,
                event_at=event_at,
                created_at=self._moment,
            )
        )


def _require_positive(amount: int) -> None:
    if amount <= 0:
        raise LedgerBroken(amount=amount)


def _require_active(held: HeldAmount) -> None:
    if held.ending is None:
        return
    if held.ending.kind is EndingKind.SETTLED:
        raise AlreadySettled(hold_id=held.hold.id)
    raise AlreadyReleased(hold_id=held.hold.id)


def _require_within_bounds(before: LedgerAccount, after: LedgerAccount) -> None:
    over = after.ceiling is not None and after.used > after.ceiling and after.used > before.used
    under = after.floor is not None and after.posted < after.floor and after.posted < before.posted
    if over or under or after.held < 0:
        raise BalanceOutOfBounds(account_id=before.id)
