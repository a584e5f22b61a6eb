"""[C5][C60–C63] Whatever is paid, adjusted, cleared, bounced and taken back, in whatever order, adds up to the paisa.

Random histories of two shops, one of which owes on two lines, beside a purse of plain sums. After every step every
invariant is proved and every figure compared; what is refused must be refused rightly, and leaves every row as it was.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from tests.fixtures.people import MakeVendor
from tests.fixtures.trade import ALL_CHECKS, OpenShops, assert_books_hold, contents_of, outcome_of
from tests.scenarios.purse import Item, Purse

from khaacho import clock
from khaacho.actors import SYSTEM, Actor
from khaacho.credit.actions import open_credit_lines, settle_hold
from khaacho.credit.lock import CreditRequest, acquire
from khaacho.credit.paying.adjustments import record_adjustment
from khaacho.credit.paying.cheques import bounce_cheque, clear_cheque
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.paying.reversals import reverse_adjustment, reverse_payment
from khaacho.credit.queries import find_credit_lines, unapplied_account_id
from khaacho.credit.records import (
    AdjustmentKind,
    AdjustmentOutcome,
    AdjustmentReason,
    NewAdjustment,
    NewCreditLine,
    NewPayment,
    PaymentMethod,
    PaymentOutcome,
)
from khaacho.errors import KhaachoError
from khaacho.ids import new_id
from khaacho.ledger.queries import find_accounts
from khaacho.platform.database import Database, Transaction

CHECKS = [check for check in ALL_CHECKS if check.name not in {"order_debits", "stray_holds"}]
HISTORIES = 6
STEPS = 45
LIMIT_PAISA = 2_000_000
CREDITS = [one for one in AdjustmentReason if one is not AdjustmentReason.WRITE_OFF]


class Cheque:
    """One that was handed over."""

    def __init__(self, payment: UUID, amount: int, at: datetime, named: UUID | None) -> None:
        self.payment, self.amount, self.at, self.named = payment, amount, at, named
        self.state = "PENDING"


class History:
    """Two shops lived through by chance; `step` does one thing and compares everything."""

    def __init__(self, database: Database, chance: random.Random, admin: Actor, vendor: UUID) -> None:
        self.database, self.chance, self.admin, self.vendor = database, chance, admin, vendor
        self.purses: dict[UUID, Purse] = {}
        self.vendor_lines: dict[UUID, UUID] = {}
        self.payments: dict[UUID, set[UUID]] = {}
        self.credits: dict[UUID, set[UUID]] = {}
        self.debits: dict[UUID, dict[UUID, UUID]] = {}
        self.cheques: dict[UUID, list[Cheque]] = {}
        self.held: dict[UUID, int] = {}
        self.contents: dict[str, str] = {}

    async def begin(self, shops: list[UUID]) -> None:
        async with self.database.reading() as tx:
            for shop in shops:
                lines = await find_credit_lines(tx, shop)
                self.purses[shop] = Purse(lines=[line.id for line in lines])
                for line in lines:
                    if line.vendor_id is not None:
                        self.vendor_lines[shop] = line.id
                self.payments[shop], self.credits[shop], self.debits[shop] = set(), set(), {}
                self.cheques[shop] = []
        self.contents = await contents_of(self.database)

    async def act(self, doing: Callable[[Transaction], Awaitable[object]]) -> object:
        async def run() -> object:
            async with self.database.transaction() as tx:
                return await doing(tx)

        outcome = await outcome_of(run())
        if isinstance(outcome, KhaachoError):
            assert await contents_of(self.database) == self.contents, outcome.code
        return outcome

    async def step(self) -> None:
        shop = self.chance.choice(list(self.purses))
        doings = [self.deliver, self.pay, self.pay, self.hand_cheque, self.settle_cheque, self.adjust, self.adjust]
        doings += [self.write_off, self.reverse_payment, self.reverse_credit, self.reverse_debit, self.hold]
        await self.chance.choice(doings)(shop)
        await assert_books_hold(self.database, CHECKS)
        await self.compare()
        self.contents = await contents_of(self.database)

    # --- what happens -------------------------------------------------------------------------------------------

    def amount(self) -> int:
        return self.chance.choice([1, 99, self.chance.randint(100, 60_000), self.chance.randint(100, 400_000)])

    def moment(self) -> datetime:
        """Now, or some time of the last days."""
        return clock.now() - timedelta(minutes=self.chance.choice([0, 0, self.chance.randint(1, 20_000)]))

    def any_item(self, shop: UUID) -> UUID | None:
        items = list(self.purses[shop].items)
        return self.chance.choice(items) if items and self.chance.random() < 0.6 else None

    async def deliver(self, shop: UUID) -> None:
        """Goods on credit, by a vendor that lends or one that does not; past the limit by the founder's word."""
        vendor = self.vendor if shop in self.vendor_lines and self.chance.random() < 0.5 else None
        amount, at = self.amount(), self.moment()
        order = new_id()

        async def live(tx: Transaction) -> object:
            request = CreditRequest(
                order_id=order,
                retailer_id=shop,
                vendor_id=vendor,
                amount_paisa=amount,
                on_credit=True,
                actor=self.admin,
                override_reason="he gave his word",
            )
            taken = await acquire(tx, request)
            assert taken.hold is not None
            return await settle_hold(
                tx,
                SYSTEM,
                taken.hold.id,
                amount_paisa=amount,
                order_id=order,
                vendor_id=vendor or new_id(),
                delivered_at=at,
            )

        debit = await self.act(live)
        assert not isinstance(debit, KhaachoError)
        line = self.vendor_lines[shop] if vendor else self.purses[shop].lines[0]
        self.purses[shop].opens(Item(id=debit.id, line=line, amount=amount, at=at))  # type: ignore[attr-defined]

    async def hold(self, shop: UUID) -> None:
        """An order that never arrives keeps its part of the line."""
        amount = self.amount()
        request = CreditRequest(
            order_id=new_id(),
            retailer_id=shop,
            vendor_id=None,
            amount_paisa=amount,
            on_credit=True,
            actor=self.admin,
            override_reason="he gave his word",
        )
        assert not isinstance(await self.act(lambda tx: acquire(tx, request)), KhaachoError)
        line = self.purses[shop].lines[0]
        self.held[line] = self.held.get(line, 0) + amount

    async def pay(self, shop: UUID) -> None:
        purse, amount, at, named = self.purses[shop], self.amount(), self.moment(), self.any_item(shop)
        new = NewPayment(retailer_id=shop, amount_paisa=amount, method=PaymentMethod.CASH, debit_id=named, event_at=at)
        outcome = await self.act(lambda tx: record_payment(tx, self.admin, new))
        if named and purse.remaining(named) == 0:
            assert isinstance(outcome, KhaachoError)
            assert outcome.code == "TRANSACTION_CLEARED"
            return
        assert isinstance(outcome, PaymentOutcome)
        self._received(shop, outcome, amount, at, named)

    def _received(self, shop: UUID, outcome: PaymentOutcome, amount: int, at: datetime, named: UUID | None) -> None:
        purse = self.purses[shop]
        cleared, left = purse.comes_in(outcome.payment_id, amount, at=at, first=named)
        assert {part.debit_id: part.amount_paisa for part in outcome.allocations} == cleared
        assert [part.debit_id for part in outcome.allocations] == list(cleared)
        assert all(part.remaining_paisa == purse.remaining(part.debit_id) for part in outcome.allocations)
        assert outcome.unapplied_paisa == left
        everything = sum(purse.owed(line) for line in purse.lines)
        assert outcome.remaining_paisa == (purse.remaining(named) if named else everything)
        self.payments[shop].add(outcome.payment_id)

    async def hand_cheque(self, shop: UUID) -> None:
        amount, at, named = self.amount(), self.moment(), self.any_item(shop)
        new = NewPayment(
            retailer_id=shop, amount_paisa=amount, method=PaymentMethod.CHEQUE, debit_id=named, event_at=at
        )
        outcome = await self.act(lambda tx: record_payment(tx, self.admin, new))
        if named and self.purses[shop].remaining(named) == 0:
            assert isinstance(outcome, KhaachoError)
            return
        assert isinstance(outcome, PaymentOutcome)
        assert (outcome.allocations, outcome.unapplied_paisa) == ((), 0)
        self.cheques[shop].append(Cheque(outcome.payment_id, amount, at, named))

    async def settle_cheque(self, shop: UUID) -> None:
        if not self.cheques[shop]:
            return
        cheque = self.chance.choice(self.cheques[shop])
        clears = self.chance.random() < 0.6
        if clears:
            outcome = await self.act(lambda tx: clear_cheque(tx, self.admin, cheque.payment))
        else:
            outcome = await self.act(lambda tx: bounce_cheque(tx, self.admin, cheque.payment, reason="no funds"))
        if cheque.state != "PENDING":
            assert isinstance(outcome, KhaachoError)
            assert outcome.code == f"ALREADY_{cheque.state}"
        elif clears:
            assert isinstance(outcome, PaymentOutcome)
            self._received(shop, outcome, cheque.amount, cheque.at, cheque.named)
            cheque.state = "CLEARED"
        else:
            assert not isinstance(outcome, KhaachoError)
            cheque.state = "BOUNCED"

    async def adjust(self, shop: UUID) -> None:
        purse, at, named = self.purses[shop], self.moment(), self.any_item(shop)
        signed = self.amount() * self.chance.choice([1, -1, -1])
        vendor = self.vendor if not named and shop in self.vendor_lines and self.chance.random() < 0.4 else None
        new = NewAdjustment(
            retailer_id=shop,
            amount_paisa=signed,
            reason=self.chance.choice(CREDITS),
            debit_id=named,
            vendor_id=vendor,
            event_at=at,
        )
        outcome = await self.act(lambda tx: record_adjustment(tx, self.admin, new))
        if named and signed < 0 and purse.remaining(named) == 0:
            assert isinstance(outcome, KhaachoError)
            assert outcome.code == "TRANSACTION_CLEARED"
            return
        assert isinstance(outcome, AdjustmentOutcome)
        line = self.vendor_lines[shop] if vendor else purse.lines[0]
        if named:
            line = purse.items[named].line
        if signed > 0:
            assert outcome.kind is AdjustmentKind.DEBIT
            assert outcome.debit_id is not None
            purse.opens(Item(id=outcome.debit_id, line=line, amount=signed, at=at))
            self.debits[shop][outcome.adjustment_id] = outcome.debit_id
        else:
            cleared, left = purse.comes_in(outcome.adjustment_id, -signed, at=at, first=named, only=line)
            assert {part.debit_id: part.amount_paisa for part in outcome.allocations} == cleared
            assert outcome.unapplied_paisa == left
            self.credits[shop].add(outcome.adjustment_id)
        assert outcome.used_paisa == sum(self.used(purse, one) for one in purse.lines)
        assert outcome.over_limit_paisa == max(0, self.used(purse, line) - LIMIT_PAISA)

    async def write_off(self, shop: UUID) -> None:
        """Part of what is owed on the platform's line, all of it, or a paisa more, which is kept ahead."""
        purse = self.purses[shop]
        owed = purse.owed(purse.lines[0])
        amount = self.chance.choice([1 + owed // 2, owed, owed + 1]) or 1
        new = NewAdjustment(retailer_id=shop, amount_paisa=-amount, reason=AdjustmentReason.WRITE_OFF)
        outcome = await self.act(lambda tx: record_adjustment(tx, self.admin, new))
        assert isinstance(outcome, AdjustmentOutcome)
        assert outcome.unapplied_paisa == max(0, amount - owed)
        purse.comes_in(outcome.adjustment_id, amount, at=clock.now(), only=purse.lines[0], writes_off=True)
        self.credits[shop].add(outcome.adjustment_id)

    async def reverse_payment(self, shop: UUID) -> None:
        if not self.payments[shop]:
            return
        payment = self.chance.choice(sorted(self.payments[shop]))
        await self._take_back(shop, payment, reverse_payment)
        for cheque in self.cheques[shop]:
            if cheque.payment == payment:
                cheque.state = "REVERSED"

    async def reverse_credit(self, shop: UUID) -> None:
        if self.credits[shop]:
            await self._take_back(shop, self.chance.choice(sorted(self.credits[shop])), reverse_adjustment)

    async def _take_back(self, shop: UUID, fund: UUID, verb: Callable[..., Awaitable[object]]) -> None:
        purse = self.purses[shop]
        outcome = await self.act(lambda tx: verb(tx, self.admin, fund, reason="a slip"))
        if purse.funds[fund].undone:
            assert isinstance(outcome, KhaachoError)
            assert outcome.code == "ALREADY_REVERSED"
            return
        assert not isinstance(outcome, KhaachoError)
        undone = purse.taken_back(fund)
        assert {part.debit_id: part.amount_paisa for part in outcome.undone} == undone  # type: ignore[attr-defined]
        assert outcome.used_paisa == sum(self.used(purse, one) for one in purse.lines)  # type: ignore[attr-defined]

    async def reverse_debit(self, shop: UUID) -> None:
        if not self.debits[shop]:
            return
        adjustment = self.chance.choice(sorted(self.debits[shop]))
        item = self.debits[shop][adjustment]
        outcome = await self.act(lambda tx: reverse_adjustment(tx, self.admin, adjustment, reason="a slip"))
        if self.purses[shop].items[item].withdrawn:
            assert isinstance(outcome, KhaachoError)
            assert outcome.code == "ALREADY_REVERSED"
        else:
            assert not isinstance(outcome, KhaachoError)
            self.purses[shop].withdrawn(item)

    # --- what must be so ----------------------------------------------------------------------------------------

    def used(self, purse: Purse, line: UUID) -> int:
        return purse.owed(line) + self.held.get(line, 0)

    async def compare(self) -> None:
        async with self.database.reading() as tx:
            items = {row["id"]: row for row in await tx.dicts("SELECT * FROM credit_debits")}
            parts = await tx.dicts(
                """
                SELECT COALESCE(payment_id, adjustment_id) AS fund, debit_id, SUM(amount_paisa)::bigint AS amount
                FROM credit_allocations GROUP BY 1, 2 HAVING SUM(amount_paisa) <> 0
                """
            )
            funds = await tx.dicts(
                """
                SELECT id, unapplied_paisa FROM credit_payments WHERE unapplied_paisa > 0
                UNION ALL SELECT id, unapplied_paisa FROM credit_adjustments WHERE unapplied_paisa > 0
                """
            )
            for purse in self.purses.values():
                accounts = await find_accounts(
                    tx, [*purse.lines, *(unapplied_account_id(line) for line in purse.lines)]
                )
                for line in purse.lines:
                    account = accounts[line]
                    assert (account.posted, account.held) == (purse.owed(line), self.held.get(line, 0))
                    assert account.ceiling == max(LIMIT_PAISA, account.used)
                    assert accounts[unapplied_account_id(line)].posted == -purse.ahead(line)
                for item in purse.items.values():
                    row = items[item.id]
                    assert row["cleared_paisa"] == purse.cleared(item.id)
                    assert (row["cleared_at"] is None) == bool(purse.remaining(item.id))
                    assert row["written_off"] == item.written_off
        noted: Counter[tuple[UUID, UUID]] = Counter()
        for shop, purse in self.purses.items():
            for fund, item_id, amount in purse.parts:
                noted[fund, item_id] += amount
            for adjustment, item_id in self.debits[shop].items():
                # What withdraws an item closes it.
                if purse.items[item_id].withdrawn:
                    noted[adjustment, item_id] += purse.items[item_id].amount
        assert {(row["fund"], row["debit_id"]): row["amount"] for row in parts} == noted
        left = {fund: purse.left(fund) for purse in self.purses.values() for fund in purse.funds if purse.left(fund)}
        assert {row["id"]: row["unapplied_paisa"] for row in funds} == left


@pytest.mark.parametrize("seed", range(HISTORIES))
async def test_any_money_adds_up(
    database: Database, open_shops: OpenShops, make_vendor: MakeVendor, admin: Actor, seed: int
) -> None:
    """Forty-five steps by chance, the same ones in every run; after each every figure is right."""
    chance = random.Random(seed)
    shops = await open_shops(2, limit_rupees=LIMIT_PAISA // 100)
    vendor = await make_vendor()
    async with database.transaction() as tx:
        line = NewCreditLine(retailer_id=shops[0], vendor_id=vendor.id, limit_paisa=LIMIT_PAISA)
        await open_credit_lines(tx, admin, [line])
    history = History(database, chance, admin, vendor.id)
    await history.begin(shops)
    for _ in range(STEPS):
        await history.step()
