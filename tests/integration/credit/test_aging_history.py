"""What was owed on any day: by when things happened, whenever they were told, and as the ledger has it. [C7, C30]"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from tests.fixtures.debtors import BOOK_CHECKS, MakeDebtor, Owes, ages_of
from tests.fixtures.trade import assert_books_hold, line_of, outcome_of, paisa

from khaacho import clock
from khaacho.actors import SYSTEM
from khaacho.credit.exposure.aging import Aging, age_items
from khaacho.credit.exposure.aging_history import AgedRetailer, find_aging_as_of
from khaacho.credit.exposure.risk import find_retailer_risk
from khaacho.credit.paying.adjustments import record_adjustment
from khaacho.credit.paying.cheques import bounce_cheque, clear_cheque
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.paying.reversals import reverse_payment
from khaacho.credit.records import AdjustmentReason, NewAdjustment, NewPayment, PaymentMethod
from khaacho.ledger.queries import read_statement
from khaacho.parties.records import Retailer
from khaacho.platform.database import Database

START = datetime(2026, 1, 1, 6, 15, tzinfo=UTC)


@pytest.fixture(autouse=True)
def start() -> Iterator[None]:
    """Noon in Kathmandu on New Year's Day."""
    with clock.travelled_to(START):
        yield


def noon(day: int) -> datetime:
    """Noon of that day of January (and on), in Kathmandu."""
    return START + timedelta(days=day - 1)


async def as_of(database: Database, shop: Retailer, at: datetime) -> AgedRetailer | None:
    async with database.reading() as tx:
        found = await find_aging_as_of(tx, shop.id, at)
        together = {one.retailer_id: one for one in await find_aging_as_of(tx, None, at)}
    assert found == ([together[shop.id]] if shop.id in together else [])
    return found[0] if found else None


async def pay(
    database: Database,
    shop: Retailer,
    rupees: int,
    *,
    method: PaymentMethod = PaymentMethod.CASH,
    at: datetime | None = None,
) -> UUID:
    new = NewPayment(amount_paisa=paisa(rupees), method=method, retailer_id=shop.id, event_at=at)
    async with database.transaction() as tx:
        return (await record_payment(tx, SYSTEM, new)).payment_id


async def test_a_story_told_late(database: Database, make_debtor: MakeDebtor, owes: Owes) -> None:
    """[C7] Goods of the 1st and the 10th; on the 20th somebody tells of a payment of the 12th; on the 25th it turns out
    that it never was. Asked about each day afterwards: what was owed that day, in its buckets, and how late it was.
    """
    shop = await make_debtor()
    await owes(shop, 100, opened_at=noon(1))
    await owes(shop, 40, opened_at=noon(10))
    with clock.travelled_to(noon(20)):
        payment = await pay(database, shop, 120, at=noon(12))
    with clock.travelled_to(noon(25)):
        async with database.transaction() as tx:
            await reverse_payment(tx, SYSTEM, payment, reason="the note was false")
    just_before = timedelta(microseconds=1)
    told = {
        noon(1) - just_before: None,
        noon(1): (Aging(days_0_7_paisa=10_000), 0),
        noon(8): (Aging(days_0_7_paisa=10_000), 0),
        noon(9): (Aging(days_8_14_paisa=10_000), 1),
        noon(10): (Aging(days_0_7_paisa=4_000, days_8_14_paisa=10_000), 2),
        noon(12) - just_before: (Aging(days_0_7_paisa=4_000, days_8_14_paisa=10_000), 4),
        noon(12): (Aging(days_0_7_paisa=2_000), 0),
        noon(20): (Aging(days_8_14_paisa=2_000), 3),
        noon(25) + timedelta(hours=1): (Aging(days_15_30_paisa=14_000), 17),
        noon(32): (Aging(days_15_30_paisa=4_000, days_over_30_paisa=10_000), 24),
    }
    for at, expected in told.items():
        found = await as_of(database, shop, at)
        assert (found and (ages_of(found), found.days_past_due)) == expected, at
    late = await as_of(database, shop, noon(9))
    assert late is not None
    assert (late.oldest_days, late.overdue_paisa, late.earliest_due_on) == (8, 10_000, date(2026, 1, 8))


async def live(database: Database, shops: list[Retailer], owes: Owes, chance: random.Random) -> None:
    """Two months of what may happen: goods, payments told in time or late, cheques, credits, and what is undone."""
    payments: list[UUID] = []
    cheques: list[UUID] = []
    for day in range(2, 62):
        moment = noon(day) + timedelta(minutes=chance.randrange(-700, 700))
        with clock.travelled_to(moment):
            shop = chance.choice(shops)
            at = moment - timedelta(hours=chance.choice([0, 0, 5, 70]))
            match chance.randrange(8):
                case 0 | 1 | 2:
                    await owes(shop, amount_paisa=chance.randrange(1, 50_000), opened_at=at)
                case 3 | 4:
                    payments.append(await pay(database, shop, chance.randrange(1, 900), at=at))
                case 5:
                    cheques.append(await pay(database, shop, chance.randrange(1, 400), method=PaymentMethod.CHEQUE))
                case 6:
                    amount = chance.choice([-1, 1]) * chance.randrange(1, 20_000)
                    new = NewAdjustment(
                        retailer_id=shop.id, amount_paisa=amount, reason=AdjustmentReason.RETURN, event_at=at
                    )
                    async with database.transaction() as tx:
                        await record_adjustment(tx, SYSTEM, new)
                case _:
                    await outcome_of(undo(database, payments, cheques, chance))


async def undo(database: Database, payments: list[UUID], cheques: list[UUID], chance: random.Random) -> None:
    async with database.transaction() as tx:
        if cheques and chance.random() < 0.5:
            cheque = cheques.pop()
            if chance.random() < 0.7:
                await clear_cheque(tx, SYSTEM, cheque)
                payments.append(cheque)
            else:
                await bounce_cheque(tx, SYSTEM, cheque, reason="no money there")
        elif payments:
            await reverse_payment(tx, SYSTEM, chance.choice(payments), reason="a mistake")


@pytest.mark.parametrize("seed", range(4))
async def test_any_history_is_what_the_ledger_says(
    database: Database, make_debtor: MakeDebtor, owes: Owes, seed: int
) -> None:
    """[C7, C30] After two months of anything: for every moment at which something happened, and just before it, the
    sum of the buckets is the ledger's balance of the line by when things happened (but for money that came before the
    goods it paid), each bucket is what a plain notebook of items and clearings comes to, and today is what the
    dashboard says.
    """
    shops = [await make_debtor(limit_rupees=10_000_000) for _ in range(2)]
    await live(database, shops, owes, random.Random(seed))
    await assert_books_hold(database, BOOK_CHECKS)
    async with database.reading() as tx:
        items = await tx.dicts("SELECT id, retailer_id, amount_paisa, opened_at FROM credit_debits")
        parts = await tx.dicts("SELECT debit_id, amount_paisa, event_at FROM credit_allocations")
        lines = {shop.id: (await line_of(database, shop.id)).id for shop in shops}
        moments = {row["opened_at"] for row in items} | {row["event_at"] for row in parts}
        for at in sorted(moments | {moment - timedelta(microseconds=1) for moment in moments} | {noon(90)}):
            found = {one.retailer_id: one for one in await find_aging_as_of(tx, None, at)}
            for shop in shops:
                cleared: dict[UUID, int] = defaultdict(int)
                for part in parts:
                    if part["event_at"] <= at:
                        cleared[part["debit_id"]] += part["amount_paisa"]
                own = [row for row in items if row["retailer_id"] == shop.id]
                opened = [row for row in own if row["opened_at"] <= at]
                notebook = age_items(
                    [
                        (clock.business_day(row["opened_at"]), row["amount_paisa"] - cleared[row["id"]])
                        for row in opened
                    ],
                    clock.business_day(at),
                )
                aging = ages_of(found[shop.id]) if shop.id in found else Aging()
                assert aging == notebook, at
                ahead_of_goods = sum(cleared[row["id"]] for row in own if row["opened_at"] > at)
                statement = await read_statement(tx, lines[shop.id], as_of=at)
                assert aging.total_paisa - ahead_of_goods == statement.closing, at
    with clock.travelled_to(noon(90)):
        for shop in shops:
            async with database.reading() as tx:
                risk = await find_retailer_risk(tx, shop.id)
            assert risk is not None
            last = await as_of(database, shop, noon(90))
            assert ages_of(risk) == (ages_of(last) if last else Aging())
            assert risk.oldest_days == (last.oldest_days if last else 0)
