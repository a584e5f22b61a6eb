"""[P1, P3, P4, P13] Whatever is bought, given, spent, returned and taken back, in whatever order: every unit is right.

Random histories over the real database. After each step every balance, free and bought, is compared with a notebook
that thinks the rules out a second time; what is refused leaves every row as it was, and every invariant is proved now
and then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from tests.fixtures.credits import PREPAID_CHECKS, MakeRider, paid
from tests.fixtures.trade import contents_of, outcome_of
from tests.scenarios.test_any_history import copy_of

from khaacho.actors import SYSTEM, Actor, ActorRole
from khaacho.errors import KhaachoError
from khaacho.ids import new_id
from khaacho.ledger.records import Source
from khaacho.platform.checks import run_checks
from khaacho.platform.database import Database
from khaacho.prepaid.actions import adjust_credits, refund_units, spend_credits
from khaacho.prepaid.balances import require_balance
from khaacho.prepaid.fulfilment import LearnedBy, fulfil
from khaacho.prepaid.gateways.esewa import EsewaGateway
from khaacho.prepaid.gateways.port import GatewayName, GatewayPayment, GatewayRefund
from khaacho.prepaid.purchase import NewPurchase, initiate_purchase
from khaacho.prepaid.taking_back import take_back
from khaacho.settings import load_settings

Result = TypeVar("Result")
ADMIN = Actor(role=ActorRole.ADMIN, name="Asha Admin")
RIDERS = 2
BALANCE_MAX = 1_000
CHECKED_EVERY_STEPS = 8

WEIGHTS = {
    "buy": 6,
    "pay": 7,
    "hear_of_it_again": 2,
    "spend": 12,
    "spend_again": 2,
    "give_back": 7,
    "give_back_again": 1,
    "grant": 4,
    "take_away": 2,
    "the_gateway_refunds": 2,
}
CHOICES = st.tuples(
    st.sampled_from([name for name, weight in WEIGHTS.items() for _ in range(weight)]),
    st.integers(0, 60),
    st.integers(0, 60),
)
UNITS = [1, 2, 5, 60, 200, 500]


class Pocket:
    """What one rider has, lot by lot, thought out again: [is bought, units left] in the order they came."""

    def __init__(self) -> None:
        self.lots: list[list[Any]] = []
        self.passed_by_payment = False

    @property
    def units(self) -> int:
        return sum(left for _, left in self.lots)

    @property
    def bought(self) -> int:
        return sum(left for is_bought, left in self.lots if is_bought)

    def add(self, units: int, *, is_bought: bool) -> int:
        self.lots.append([is_bought, units])
        return len(self.lots) - 1

    def take(self, units: int, *, first: int | None = None) -> list[tuple[int, int]]:
        """Free lots, then bought ones, the oldest first; `first` before all of them."""
        order = sorted(range(len(self.lots)), key=lambda place: (place != first, self.lots[place][0], place))
        taken = []
        for place in order:
            part = min(units, self.lots[place][1])
            if part:
                self.lots[place][1] -= part
                units -= part
                taken.append((place, part))
        return taken


class Spent(msgspec.Struct, kw_only=True):
    rider: int
    id: UUID
    key: str
    units: int
    source: Source
    parts: list[tuple[int, int]]
    refunds: list[tuple[str, int]] = []

    @property
    def open_units(self) -> int:
        return sum(part for _, part in self.parts)


class Paid(msgspec.Struct, kw_only=True):
    rider: int
    payment: GatewayPayment
    units: int
    lot: int
    given_back_paisa: int = 0
    units_gone: int = 0


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """The database every history starts from, and who is in it."""

    dsn: str
    riders: list[UUID]


@pytest.fixture
async def start(dsn: str, database: Database, make_rider: MakeRider) -> Start:
    riders = [(await make_rider()).id for _ in range(RIDERS)]
    await database.close()
    return Start(dsn=dsn, riders=riders)


class History:
    """One history on a database of its own."""

    def __init__(self, start: Start, dsn: str) -> None:
        self.riders = start.riders
        self.runner = asyncio.Runner()
        self.database = self.wait(Database.open(dsn, connections_max=2))
        known = load_settings(
            _env_file=None, ESEWA_PRODUCT_CODE="EPAYTEST", ESEWA_SECRET_KEY="secret", DATABASE_URL=dsn
        )
        self.gateway = EsewaGateway(known)
        self.pockets = [Pocket() for _ in start.riders]
        self.orders: list[tuple[int, Any]] = []
        self.payments: list[Paid] = []
        self.spends: list[Spent] = []
        self.keys = (f"step:{number}" for number in count(1))
        self.contents = self.wait(contents_of(self.database))

    def close(self) -> None:
        self.wait(self.database.close())
        self.runner.close()

    def live(self, steps: list[tuple[str, int, int]]) -> None:
        """Take the steps; those for which there is nothing yet are left out."""
        for number, (name, which, how) in enumerate(steps, start=1):
            getattr(self, name)(which, how)
            self.contents = self.wait(contents_of(self.database))
            self.wait(self._compare())
            if number % CHECKED_EVERY_STEPS == 0 or number == len(steps):
                broken = [one for one in self.wait(run_checks(self.database, PREPAID_CHECKS)) if not one.holds]
                assert broken == []

    def wait(self, doing: Awaitable[Result]) -> Result:
        async def run() -> Result:
            return await doing

        return self.runner.run(run())

    def act(self, doing: Callable[[Any], Awaitable[Result]], expected: str) -> Result | None:
        """Do it in one transaction; it must come out as the notebook expects, and a refusal must change nothing."""

        async def run() -> Result:
            async with self.database.transaction() as tx:
                return await doing(tx)

        return self._judge(self.wait(outcome_of(run())), expected)

    def _judge(self, outcome: Result | KhaachoError, expected: str) -> Result | None:
        if isinstance(outcome, KhaachoError):
            assert outcome.code == expected
            now = self.wait(contents_of(self.database))
            assert [table for table in now if now[table] != self.contents[table]] == []
            return None
        assert expected == "OK"
        return outcome

    async def _compare(self) -> None:
        for rider, pocket in zip(self.riders, self.pockets, strict=True):
            async with self.database.reading() as tx:
                balance = await require_balance(tx, rider)
            assert (balance.units, balance.bought_units) == (pocket.units, pocket.bought)
            assert balance.units >= 0
            assert balance.units <= BALANCE_MAX or pocket.passed_by_payment

    # --- what happens --------------------------------------------------------------------------------------------

    def buy(self, which: int, how: int) -> None:
        rider, units = which % RIDERS, UNITS[how % 5]
        expected = "OK" if self.pockets[rider].units + units <= BALANCE_MAX else "MAX_BALANCE_EXCEEDED"
        if sum(1 for owner, _ in self.orders if owner == rider) == 10:
            expected = "RATE_LIMITED" if expected == "OK" else expected
        outcome = self.wait(
            outcome_of(
                initiate_purchase(self.database, self.gateway, NewPurchase(user_id=self.riders[rider], units=units))
            )
        )
        purchase = self._judge(outcome, expected)
        if purchase is not None:
            self.orders.append((rider, purchase))

    def pay(self, which: int, how: int) -> None:
        """Sometimes the same order a second time: the money was taken, so it counts."""
        if not self.orders:
            return
        rider, purchase = self.orders[which % len(self.orders)]
        payment = paid(purchase)
        units = purchase.order.units
        pocket = self.pockets[rider]
        done = self.act(lambda tx: fulfil(tx, SYSTEM, payment, learned_by=LearnedBy.WEBHOOK), "OK")
        assert done is not None
        over = max(0, pocket.units + units - BALANCE_MAX)
        assert (done.units, done.overflow_units, done.is_new) == (units, over, True)
        pocket.passed_by_payment |= over > 0
        lot = pocket.add(units, is_bought=True)
        self.payments.append(Paid(rider=rider, payment=payment, units=units, lot=lot))

    def hear_of_it_again(self, which: int, how: int) -> None:
        if self.payments:
            payment = self.payments[which % len(self.payments)].payment
            done = self.act(lambda tx: fulfil(tx, SYSTEM, payment, learned_by=LearnedBy.RECONCILIATION), "OK")
            assert done is not None
            assert not done.is_new

    def spend(self, which: int, how: int) -> None:
        rider, units = which % RIDERS, UNITS[how % 4]
        pocket = self.pockets[rider]
        source, key = Source(kind="application", id=new_id()), next(self.keys)
        expected = "OK" if pocket.units >= units else "INSUFFICIENT_CREDITS"
        spend = self.act(
            lambda tx: spend_credits(tx, ADMIN, user_id=self.riders[rider], units=units, source=source, key=key),
            expected,
        )
        if spend is not None:
            parts = pocket.take(units)
            assert [use.units for use in spend.uses] == [part for _, part in parts]
            self.spends.append(
                Spent(rider=rider, id=spend.id, key=key, units=units, source=source, parts=parts, refunds=[])
            )

    def spend_again(self, which: int, how: int) -> None:
        if self.spends:
            known = self.spends[which % len(self.spends)]
            units = known.units + how % 2
            spend = self.act(
                lambda tx: spend_credits(
                    tx, ADMIN, user_id=self.riders[known.rider], units=units, source=known.source, key=known.key
                ),
                "CONFLICT" if how % 2 else "OK",
            )
            assert spend is None or spend.id == known.id

    def give_back(self, which: int, how: int) -> None:
        if not self.spends:
            return
        spent = self.spends[which % len(self.spends)]
        units, key = 1 + how % (spent.units + 1), next(self.keys)
        expected = "OK" if units <= spent.open_units else "ALREADY_REFUNDED"
        done = self.act(
            lambda tx: refund_units(tx, ADMIN, spend_id=spent.id, units=units, reason="withdrawn", key=key), expected
        )
        if done is None:
            return
        pocket = self.pockets[spent.rider]
        pocket.passed_by_payment |= pocket.units + units > BALANCE_MAX
        spent.refunds.append((key, units))
        while units:
            place, part = spent.parts.pop()
            back = min(part, units)
            pocket.lots[place][1] += back
            units -= back
            if part > back:
                spent.parts.append((place, part - back))

    def give_back_again(self, which: int, how: int) -> None:
        given = [(spent, *refund) for spent in self.spends for refund in spent.refunds]
        if given:
            spent, key, units = given[which % len(given)]
            self.act(
                lambda tx: refund_units(tx, ADMIN, spend_id=spent.id, units=units, reason="withdrawn", key=key), "OK"
            )

    def grant(self, which: int, how: int) -> None:
        rider, units = which % RIDERS, UNITS[how % 6]
        pocket = self.pockets[rider]
        expected = "OK" if pocket.units + units <= BALANCE_MAX else "MAX_BALANCE_EXCEEDED"
        if self._adjust(rider, units, expected):
            pocket.add(units, is_bought=False)

    def take_away(self, which: int, how: int) -> None:
        rider, units = which % RIDERS, UNITS[how % 6]
        pocket = self.pockets[rider]
        if self._adjust(rider, -units, "OK" if pocket.units >= units else "NEGATIVE_BALANCE"):
            pocket.take(units)

    def _adjust(self, rider: int, units: int, expected: str) -> bool:
        key = next(self.keys)
        done = self.act(
            lambda tx: adjust_credits(
                tx, ADMIN, user_id=self.riders[rider], units=units, reason="Counted by hand.", key=key
            ),
            expected,
        )
        return done is not None

    def the_gateway_refunds(self, which: int, how: int) -> None:
        left = [one for one in self.payments if one.given_back_paisa < one.payment.amount_paisa]
        if not left:
            return
        paid_for = left[which % len(left)]
        rest = paid_for.payment.amount_paisa - paid_for.given_back_paisa
        amount = rest if how % 2 else max(1, rest // 3)
        refund = GatewayRefund(id=next(self.keys), gateway_payment_id=paid_for.payment.id, amount_paisa=amount)
        pocket = self.pockets[paid_for.rider]
        paid_for.given_back_paisa += amount
        due = paid_for.units * paid_for.given_back_paisa // paid_for.payment.amount_paisa - paid_for.units_gone
        paid_for.units_gone += due
        for expected in (min(due, pocket.units), 0):
            done = self.act(lambda tx: take_back(tx, SYSTEM, refund, GatewayName.ESEWA), "OK")
            assert done == expected
        pocket.take(due, first=paid_for.lot)


@settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=list(HealthCheck),
)
@given(steps=st.lists(CHOICES, min_size=10, max_size=40))
def test_any_history_of_credits(start: Start, steps: list[tuple[str, int, int]]) -> None:
    """[P1, P3, P4, P13] Balances never negative, never past the bound but by money taken, never a unit off."""
    with copy_of(start.dsn) as dsn:
        history = History(start, dsn)
        try:
            history.live(steps)
        finally:
            history.close()
