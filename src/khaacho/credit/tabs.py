"""What shops owe, item by item, and what clears it, decided in memory.

A `Tab` is opened on locked credit lines with their open items and with what was paid ahead. Payments and adjustments
come in, are undone, or have their items withdrawn, one after another on the running figures; every change is posted
in the tab's book and kept as rows to be written. It touches no database and no clock.

What was paid ahead on a line is spent before anything stays owed there: after every verb, and once `spend_ahead` was
called for the lines that items were opened on, a line has open items or money ahead, never both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec
from msgspec.structs import replace

from khaacho.actors import Actor
from khaacho.credit.allocation import Plan
from khaacho.credit.records import Allocation, Debit
from khaacho.errors import LedgerBroken
from khaacho.ids import new_id
from khaacho.ledger.chart import AccountKind, TransferCode, account_id
from khaacho.ledger.posting import Book
from khaacho.ledger.records import Source, Transfer


def ahead_account_id(line_id: UUID) -> UUID:
    """The ledger account of what was paid ahead on a line."""
    return account_id(AccountKind.UNAPPLIED_CREDIT, line_id)


class FundKind(StrEnum):
    """Also what the ledger calls the source of its transfers."""

    PAYMENT = "payment"
    ADJUSTMENT = "adjustment"


class Fund(msgspec.Struct, frozen=True, kw_only=True):
    """What clears items: a payment, or an adjustment in the shop's favour. What it has left is ahead on `line_id`."""

    id: UUID
    kind: FundKind
    line_id: UUID
    unapplied_paisa: int
    event_at: datetime

    @property
    def source(self) -> Source:
        return Source(kind=self.kind.value, id=self.id)


class Clearing(msgspec.Struct, frozen=True, kw_only=True):
    """What a fund cleared of an item; what undoes another clearing has that one's amount, below zero.

    `event_at` is that of the transfer it goes with, so that what was open on any day is what the ledger says of it.
    """

    id: UUID
    fund_id: UUID
    fund_kind: FundKind
    debit_id: UUID
    amount_paisa: int
    event_at: datetime
    undoes_id: UUID | None = None


class Tab:
    """Items and funds on locked lines; nothing is written yet."""

    def __init__(self, book: Book, debits: Iterable[Debit], funds: Iterable[Fund] = (), *, moment: datetime) -> None:
        self.book = book
        self.clearings: list[Clearing] = []
        self._moment = moment
        self._debits = {debit.id: debit for debit in debits}
        self._funds = {fund.id: fund for fund in funds}
        self._debits_before = dict(self._debits)
        self._funds_before = dict(self._funds)

    # --- reading --------------------------------------------------------------------------------------------------

    def debit(self, debit_id: UUID) -> Debit:
        """The item as it stands. Raises LedgerBroken when it was not brought along."""
        try:
            return self._debits[debit_id]
        except KeyError:
            raise LedgerBroken(debit_id=str(debit_id)) from None

    def fund(self, fund_id: UUID) -> Fund:
        """The fund as it stands. Raises LedgerBroken when it was not brought along."""
        try:
            return self._funds[fund_id]
        except KeyError:
            raise LedgerBroken(fund_id=str(fund_id)) from None

    def open_debits(self, line_ids: Collection[UUID]) -> list[Debit]:
        """What is still owed on these lines, oldest first."""
        owed = [one for one in self._debits.values() if one.account_id in line_ids and one.remaining_paisa]
        return sorted(owed, key=lambda debit: (debit.opened_at, debit.id))

    @property
    def changed_debits(self) -> list[Debit]:
        """Items with new figures, in id order."""
        changed = [one for key, one in self._debits.items() if one != self._debits_before.get(key)]
        return sorted(changed, key=lambda debit: debit.id)

    @property
    def changed_funds(self) -> list[Fund]:
        """Funds that were there before and have more or less left now, in id order."""
        changed = [one for key, one in self._funds_before.items() if one != self._funds[key]]
        return [self._funds[key] for key in sorted(fund.id for fund in changed)]

    @property
    def closed_orders(self) -> tuple[UUID, ...]:
        """Orders whose item was owed before and is not any more."""
        return self._orders(opened=False)

    @property
    def reopened_orders(self) -> tuple[UUID, ...]:
        """Orders whose item was not owed before and is again."""
        return self._orders(opened=True)

    # --- what is brought along ------------------------------------------------------------------------------------

    def bring_debits(self, debits: Iterable[Debit]) -> None:
        """More items as they stand, besides those that are open."""
        for debit in debits:
            if debit.id not in self._debits:
                self._debits[debit.id] = self._debits_before[debit.id] = debit

    def bring_funds(self, funds: Iterable[Fund]) -> None:
        """More funds as they stand, besides those that have something left."""
        for fund in funds:
            if fund.id not in self._funds:
                self._funds[fund.id] = self._funds_before[fund.id] = fund

    # --- what comes in --------------------------------------------------------------------------------------------

    def open_item(self, debit: Debit) -> None:
        """An item that opens now; its row and its posting are the caller's."""
        self._debits[debit.id] = debit

    def bring_in(
        self,
        actor: Actor,
        fund: Fund,
        plan: Plan,
        *,
        from_account: UUID,
        code: TransferCode,
        writes_off: bool = False,
    ) -> tuple[Allocation, ...]:
        """Clear the items of the plan with a new fund, and keep what is left over ahead on its line."""
        per_line: dict[UUID, int] = defaultdict(int)
        for debit, amount in plan.parts:
            per_line[debit.account_id] += amount
        movements = [(line_id, amount, code) for line_id, amount in per_line.items()]
        if plan.unapplied_paisa:
            movements.append((ahead_account_id(fund.line_id), plan.unapplied_paisa, TransferCode.UNAPPLIED))
        for credited, amount, why in movements:
            self.book.post(
                actor,
                debit_account_id=from_account,
                credit_account_id=credited,
                amount=amount,
                code=why,
                source=fund.source,
                key=f"{fund.kind}:{fund.id}:{credited}",
                event_at=fund.event_at,
            )
        self._funds[fund.id] = replace(fund, unapplied_paisa=plan.unapplied_paisa)
        for debit, amount in plan.parts:
            self._clear(fund, debit.id, amount, event_at=fund.event_at, writes_off=writes_off)
        return tuple(
            Allocation(debit_id=debit.id, amount_paisa=amount, remaining_paisa=self._debits[debit.id].remaining_paisa)
            for debit, amount in plan.parts
        )

    def spend_ahead(self, actor: Actor, line_id: UUID, *, event_at: datetime | None = None) -> None:
        """Let what was paid ahead on the line clear its open items: oldest item first, oldest fund first."""
        ahead = ahead_account_id(line_id)
        funds = [fund for fund in self._funds.values() if fund.line_id == line_id and fund.unapplied_paisa]
        funds.sort(key=lambda fund: (fund.event_at, fund.id))
        for debit in self.open_debits([line_id]) if funds else ():
            for known in funds:
                fund = self._funds[known.id]
                amount = min(fund.unapplied_paisa, self._debits[debit.id].remaining_paisa)
                if not amount:
                    continue
                clearing = self._clear(fund, debit.id, amount, event_at=event_at or self._moment)
                self._funds[fund.id] = replace(fund, unapplied_paisa=fund.unapplied_paisa - amount)
                self.book.post(
                    actor,
                    debit_account_id=ahead,
                    credit_account_id=line_id,
                    amount=amount,
                    code=TransferCode.APPLY_UNAPPLIED,
                    source=fund.source,
                    key=f"apply:{clearing.id}",
                    event_at=event_at or self._moment,
                )

    # --- what is undone -------------------------------------------------------------------------------------------

    def undo(
        self, actor: Actor, fund_id: UUID, transfers: Sequence[Transfer], clearings: Sequence[Clearing]
    ) -> tuple[Allocation, ...]:
        """Take a fund back wholly: every item it cleared opens again, and what it has left is gone.

        `transfers` are all of the fund's that are not reversed and reverse nothing, `clearings` all that stand.
        Answers what was taken back from each item. The items may then exceed the limit of their line.
        """
        self._let_exceed(transfers)
        # What it cleared later goes back ahead before what it had ahead is taken: ahead never falls below nothing.
        for transfer in sorted(transfers, key=lambda one: one.code is not TransferCode.APPLY_UNAPPLIED):
            self.reverse(actor, transfer, self._funds[fund_id].source)
        undone: dict[UUID, int] = defaultdict(int)
        for clearing in clearings:
            self._unclear(clearing)
            undone[clearing.debit_id] += clearing.amount_paisa
        self._funds[fund_id] = replace(self._funds[fund_id], unapplied_paisa=0)
        for line_id in {self._debits[debit_id].account_id for debit_id in undone}:
            self.spend_ahead(actor, line_id)
        return tuple(
            Allocation(debit_id=debit_id, amount_paisa=amount, remaining_paisa=self._debits[debit_id].remaining_paisa)
            for debit_id, amount in undone.items()
        )

    def withdraw(
        self, actor: Actor, withdrawal: Fund, debit_id: UUID, transfer: Transfer, clearings: Sequence[Clearing]
    ) -> None:
        """An item should never have been: what cleared it is ahead again, and the withdrawal closes it.

        `transfer` opened the item; its reversal is the withdrawal's. `clearings` are all of the item's that stand.
        """
        line_id = self._debits[debit_id].account_id
        self.reverse(actor, transfer, withdrawal.source)
        freed: set[UUID] = set()
        for clearing in clearings:
            fund = self._funds[clearing.fund_id]
            undoing = self._unclear(clearing)
            self._funds[fund.id] = replace(fund, unapplied_paisa=fund.unapplied_paisa + clearing.amount_paisa)
            self.book.post(
                actor,
                debit_account_id=line_id,
                credit_account_id=ahead_account_id(fund.line_id),
                amount=clearing.amount_paisa,
                code=TransferCode.UNAPPLY,
                source=fund.source,
                key=f"unapply:{undoing.id}",
                event_at=self._moment,
            )
            freed.add(fund.line_id)
        self._clear(withdrawal, debit_id, self._debits[debit_id].amount_paisa, event_at=self._moment)
        for freed_line in sorted(freed):
            self.spend_ahead(actor, freed_line)

    def reverse(self, actor: Actor, transfer: Transfer, source: Source) -> None:
        """Move the amount back; the ledger lets each transfer be reversed once."""
        self.book.post(
            actor,
            debit_account_id=transfer.credit_account_id,
            credit_account_id=transfer.debit_account_id,
            amount=transfer.amount,
            code=TransferCode.REVERSAL,
            source=source,
            key=f"reversal:{transfer.id}",
            event_at=self._moment,
            reverses_id=transfer.id,
        )

    # --- one item -------------------------------------------------------------------------------------------------

    def _clear(
        self, fund: Fund, debit_id: UUID, amount: int, *, event_at: datetime, writes_off: bool = False
    ) -> Clearing:
        debit = self._debits[debit_id]
        closes = amount == debit.remaining_paisa
        self._debits[debit_id] = replace(
            debit,
            cleared_paisa=debit.cleared_paisa + amount,
            cleared_at=self._moment if closes else None,
            written_off=writes_off and closes,
        )
        clearing = Clearing(
            id=new_id(),
            fund_id=fund.id,
            fund_kind=fund.kind,
            debit_id=debit_id,
            amount_paisa=amount,
            event_at=event_at,
        )
        self.clearings.append(clearing)
        return clearing

    def _unclear(self, clearing: Clearing) -> Clearing:
        debit = self._debits[clearing.debit_id]
        self._debits[debit.id] = replace(
            debit,
            cleared_paisa=debit.cleared_paisa - clearing.amount_paisa,
            cleared_at=None,
            written_off=False,
        )
        undoing = replace(
            clearing,
            id=new_id(),
            amount_paisa=-clearing.amount_paisa,
            event_at=self._moment,
            undoes_id=clearing.id,
        )
        self.clearings.append(undoing)
        return undoing

    def _let_exceed(self, transfers: Iterable[Transfer]) -> None:
        """A fact is no request for credit: the lines may go past their limits by what is taken back."""
        back: dict[UUID, int] = defaultdict(int)
        for transfer in transfers:
            back[transfer.credit_account_id] += transfer.amount
        for known, amount in back.items():
            if self.book.knows(known) and self.book.account(known).kind is AccountKind.RECEIVABLE:
                self.book.raise_ceiling(known, self.book.account(known).used + amount)

    def _orders(self, *, opened: bool) -> tuple[UUID, ...]:
        return tuple(
            after.source_id
            for debit_id, after in sorted(self._debits.items())
            if (before := self._debits_before.get(debit_id)) is not None
            and after.source_kind == "order"
            and bool(before.remaining_paisa) is not opened
            and bool(after.remaining_paisa) is opened
        )
