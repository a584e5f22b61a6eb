"""The twelve scenarios of [C13] as orders: placed through the coalescer, fifty shops at a time.

All fifty repetitions of a scenario are submitted together, so that orders of many shops share a batch and some of
a batch are refused while others are placed. Each scenario runs in one process's placer, and again in two placers with
connections of their own that race for the same lines, as two web processes do.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from decimal import Decimal
from itertools import cycle
from uuid import UUID

import pytest
from msgspec.structs import replace
from tests.fixtures.trade import (
    OpenShops,
    all_at_once,
    as_shop,
    assert_books_hold,
    codes_of,
    contents_of,
    line_of,
    order_for,
    outcome_of,
    paisa,
)

from khaacho.actors import SYSTEM, Actor
from khaacho.catalog.records import Offer
from khaacho.credit.actions import change_limit
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.records import NewPayment, PaymentMethod
from khaacho.errors import CreditBlocked, InsufficientCredit, KhaachoError, MaxRetriesExceeded
from khaacho.ledger.actions import lock_accounts
from khaacho.ledger.queries import find_entries_of
from khaacho.orders.fulfilment import accept_order, advance_order, cancel_order, deliver_order
from khaacho.orders.placer import OrderPlacer
from khaacho.orders.records import Order, OrderStatus
from khaacho.parties.standings import CreditStatus, set_credit_status
from khaacho.platform.database import Database

TIMES = 50

Outcomes = list[list[Order] | KhaachoError]


class Counters:
    """One or two placers; orders are brought to them in turn."""

    def __init__(self, placers: Sequence[OrderPlacer], offer: Offer) -> None:
        self._next = cycle(placers)
        self._offer = offer

    async def order(self, shop: UUID, rupees: int) -> list[Order]:
        return await next(self._next).submit(as_shop(shop), order_for(shop, self._offer, rupees))

    async def at_once(self, shops: Sequence[UUID], *amounts: int) -> dict[UUID, Outcomes]:
        """These amounts for every shop, all of them at the same moment; the outcomes of each shop."""
        asked = [(shop, rupees) for rupees in amounts for shop in shops]
        outcomes = await all_at_once([lambda s=shop, r=rupees: self.order(s, r) for shop, rupees in asked])
        of_shop: dict[UUID, Outcomes] = {shop: [] for shop in shops}
        for (shop, _), outcome in zip(asked, outcomes, strict=True):
            of_shop[shop].append(outcome)
        return of_shop


@pytest.fixture(params=[1, 2], ids=["one process", "two processes"])
async def counters(
    request: pytest.FixtureRequest, dsn: str, database: Database, one_rupee: Offer
) -> AsyncIterator[Counters]:
    """Placers on databases of their own; at the end of the test every figure is right."""
    databases = [await Database.open(dsn, connections_max=6) for _ in range(request.param)]
    placers = [OrderPlacer(opened) for opened in databases]
    yield Counters(placers, one_rupee)
    for placer, opened in zip(placers, databases, strict=True):
        await placer.drain()
        await opened.close()
    await assert_books_hold(database)


async def used(database: Database, shops: Sequence[UUID]) -> list[int]:
    """What each shop uses, in rupees."""
    return [(await line_of(database, shop)).used_paisa // 100 for shop in shops]


async def used_after(database: Database, outcomes: Outcomes) -> set[int]:
    """The use of the line right after each accepted order, in rupees, as its entry in the ledger has it."""
    orders = [order.id for placed in outcomes if isinstance(placed, list) for order in placed]
    async with database.reading() as tx:
        entries = await find_entries_of(tx, orders)
    return {(entry.posted_after + entry.held_after) // 100 for entry in entries}


def figures(refusal: object) -> dict[str, int]:
    assert isinstance(refusal, InsufficientCredit)
    return {name.removesuffix("_paisa"): value // 100 for name, value in refusal.details.items()}


async def test_1_an_order_within_the_line_is_placed(
    database: Database, open_shops: OpenShops, counters: Counters
) -> None:
    """[C13.1] One order of 50,000 for each of fifty shops: all placed, 50,000 used of each line."""
    shops = await open_shops(TIMES)
    placed = await counters.at_once(shops, 50_000)
    assert all(codes_of(outcomes) == ["OK"] for outcomes in placed.values())
    assert await used(database, shops) == [50_000] * TIMES
    assert (await line_of(database, shops[0])).available_paisa == paisa(50_000)


async def test_2_orders_add_up(database: Database, open_shops: OpenShops, counters: Counters) -> None:
    """[C13.2] After 50,000, orders of 30,000 and then 15,000 bring a line to 80,000 and 95,000."""
    shops = await open_shops(TIMES)
    for rupees, after in ((50_000, 50_000), (30_000, 80_000), (15_000, 95_000)):
        placed = await counters.at_once(shops, rupees)
        assert all(codes_of(outcomes) == ["OK"] for outcomes in placed.values())
        assert await used(database, shops) == [after] * TIMES


async def test_3_two_at_once_that_fit_are_both_placed(
    database: Database, open_shops: OpenShops, counters: Counters
) -> None:
    """[C13.3] Two orders of 40,000 for one line at once: both placed, one at 40,000 and one at 80,000."""
    shops = await open_shops(TIMES)
    for outcomes in (await counters.at_once(shops, 40_000, 40_000)).values():
        assert codes_of(outcomes) == ["OK", "OK"]
        assert await used_after(database, outcomes) == {40_000, 80_000}
    assert await used(database, shops) == [80_000] * TIMES


async def test_4_two_at_once_that_do_not_fit_never_share_the_line(
    database: Database, open_shops: OpenShops, counters: Counters
) -> None:
    """[C13.4] 75,000 and 40,000 at once: exactly one is placed, the other is told it would come to 115,000."""
    shops = await open_shops(TIMES)
    for shop, outcomes in (await counters.at_once(shops, 75_000, 40_000)).items():
        assert codes_of(outcomes) == ["INSUFFICIENT_CREDIT", "OK"]
        won = next(one for one in outcomes if isinstance(one, list))[0].total_paisa // 100
        assert won in (75_000, 40_000)
        assert figures(next(one for one in outcomes if isinstance(one, KhaachoError))) == {
            "current_balance": won,
            "credit_limit": 100_000,
            "order_amount": 115_000 - won,
            "available_credit": 100_000 - won,
            "projected_balance": 115_000,
        }
        assert await used(database, [shop]) == [won]


async def test_5_of_three_at_once_two_fit(database: Database, open_shops: OpenShops, counters: Counters) -> None:
    """[C13.5] Three orders of 35,000 at once: exactly two are placed, 70,000 are used."""
    shops = await open_shops(TIMES)
    for outcomes in (await counters.at_once(shops, 35_000, 35_000, 35_000)).values():
        assert codes_of(outcomes) == ["INSUFFICIENT_CREDIT", "OK", "OK"]
        assert await used_after(database, outcomes) == {35_000, 70_000}
    assert await used(database, shops) == [70_000] * TIMES


async def test_6_exactly_the_limit_is_accepted(database: Database, open_shops: OpenShops, counters: Counters) -> None:
    """[C13.6] With 70,000 used, an order of 30,001 is refused with 30,000 available; one of 30,000 is placed."""
    shops = await open_shops(TIMES)
    await counters.at_once(shops, 70_000)
    for (refusal,) in (await counters.at_once(shops, 30_001)).values():
        assert figures(refusal)["available_credit"] == 30_000
        assert figures(refusal)["projected_balance"] == 100_001
    placed = await counters.at_once(shops, 30_000)
    assert all(codes_of(outcomes) == ["OK"] for outcomes in placed.values())
    assert await used(database, shops) == [100_000] * TIMES


async def test_7_a_cancelled_order_gives_its_credit_back_once(
    database: Database, open_shops: OpenShops, counters: Counters
) -> None:
    """[C13.7] Cancelling frees the credit and the stock; cancelling again is a quiet success and frees nothing more."""
    shops = await open_shops(TIMES)
    placed = await counters.at_once(shops, 50_000)
    for shop, (orders,) in placed.items():
        assert isinstance(orders, list)
        for _ in range(2):
            async with database.transaction() as tx:
                after = await cancel_order(tx, as_shop(shop), orders[0].id, reason="changed our mind")
            assert after.status is OrderStatus.CANCELLED
    assert await used(database, shops) == [0] * TIMES


async def test_8_a_blocked_shop_is_told_why(database: Database, open_shops: OpenShops, counters: Counters) -> None:
    """[C13.8] Shops blocked for "Overdue payments" are refused with that reason; their neighbours are not disturbed."""
    blocked, free = await open_shops(TIMES), await open_shops(TIMES)
    async with database.transaction() as tx:
        for shop in blocked:
            await set_credit_status(tx, shop, CreditStatus.BLOCKED, reason="Overdue payments", automatic=False)
    placed = await counters.at_once([shop for pair in zip(blocked, free, strict=True) for shop in pair], 10_000)
    for shop in blocked:
        (refusal,) = placed[shop]
        assert isinstance(refusal, CreditBlocked)
        assert refusal.details == {"block_reason": "Overdue payments"}
    assert all(codes_of(placed[shop]) == ["OK"] for shop in free)
    assert await used(database, [*blocked, *free]) == [0] * TIMES + [10_000] * TIMES


async def test_10_a_payment_frees_credit(
    database: Database, open_shops: OpenShops, counters: Counters, admin: Actor
) -> None:
    """[C13.10] A delivered order of 50,000, a payment of 30,000: 20,000 are used, and 80,000 more may be ordered."""
    shops = await open_shops(10)
    for shop, (orders,) in (await counters.at_once(shops, 50_000)).items():
        assert isinstance(orders, list)
        await deliver(database, admin, orders[0])
        async with database.transaction() as tx:
            new = NewPayment(retailer_id=shop, amount_paisa=paisa(30_000), method=PaymentMethod.CASH)
            await record_payment(tx, SYSTEM, new)
    assert await used(database, shops) == [20_000] * 10
    assert all(codes_of(outcomes) == ["OK"] for outcomes in (await counters.at_once(shops, 80_000)).values())
    refused = await counters.at_once(shops, 1)
    assert all(codes_of(outcomes) == ["INSUFFICIENT_CREDIT"] for outcomes in refused.values())


async def deliver(database: Database, admin: Actor, order: Order) -> None:
    """From asked to delivered, by staff."""
    async with database.transaction() as tx:
        await accept_order(tx, admin, order.id)
        await advance_order(tx, admin, order.id, OrderStatus.PACKING)
        await advance_order(tx, admin, order.id, OrderStatus.DISPATCHED)
        await deliver_order(tx, admin, order.id)


@pytest.mark.parametrize(
    ("rupees", "accepted"),
    [
        pytest.param(8_000, 10, id="11 all ten fit"),
        pytest.param(12_000, 8, id="12 eight of ten fit"),
    ],
)
async def test_11_12_ten_at_once_fill_the_line_exactly(
    database: Database, open_shops: OpenShops, counters: Counters, rupees: int, accepted: int
) -> None:
    """[C13.11] [C13.12] Ten orders at once for each of fifty lines: of 8,000 all, of 12,000 exactly eight."""
    shops = await open_shops(TIMES)
    for outcomes in (await counters.at_once(shops, *[rupees] * 10)).values():
        assert codes_of(outcomes) == ["INSUFFICIENT_CREDIT"] * (10 - accepted) + ["OK"] * accepted
        assert await used_after(database, outcomes) == {rupees * (place + 1) for place in range(accepted)}
    assert await used(database, shops) == [rupees * accepted] * TIMES


# --- [C11] lines that somebody else holds ---------------------------------------------------------------------------


@pytest.fixture
async def placer(database: Database) -> AsyncIterator[OrderPlacer]:
    placer = OrderPlacer(database)
    yield placer
    await placer.drain()
    await assert_books_hold(database)


async def test_9_a_held_line_is_waited_for_and_given_up(
    database: Database, open_shops: OpenShops, placer: OrderPlacer, one_rupee: Offer
) -> None:
    """[C13.9] Orders on a line that another session holds are told MAX_RETRIES_EXCEEDED after about 0.7 s of waiting,
    all of them together, and nothing is written; once the lock is gone they are placed.
    """
    (shop,) = await open_shops(1)
    await placer.submit(as_shop(shop), order_for(shop, one_rupee, 1))
    orders = [order_for(shop, one_rupee, 10_000) for _ in range(5)]
    before = await contents_of(database)
    async with database.transaction() as holder:
        await lock_accounts(holder, [(await line_of(database, shop)).id])
        started = time.monotonic()
        outcomes = await all_at_once([lambda o=order: placer.submit(as_shop(shop), o) for order in orders])
        waited = time.monotonic() - started
    assert all(isinstance(outcome, MaxRetriesExceeded) for outcome in outcomes)
    assert 0.7 <= waited < 30
    assert await contents_of(database) == before
    outcomes = await all_at_once([lambda o=order: placer.submit(as_shop(shop), o) for order in orders])
    assert codes_of(outcomes) == ["OK"] * 5


async def test_nobody_in_a_batch_waits_for_a_strangers_lock(
    database: Database, open_shops: OpenShops, placer: OrderPlacer, one_rupee: Offer
) -> None:
    """Of a batch of twenty, one shop's line is held elsewhere: the nineteen have their answers while it is still
    held; the one is placed as soon as it is let go.
    """
    held, *others = await open_shops(20)
    answered: list[UUID] = []
    others_done = asyncio.Event()

    async def order(shop: UUID) -> list[Order]:
        placed = await placer.submit(as_shop(shop), order_for(shop, one_rupee, 10_000))
        answered.append(shop)
        if len(answered) == len(others):
            others_done.set()
        return placed

    async with database.transaction() as holder:
        await lock_accounts(holder, [(await line_of(database, held)).id])
        asked = [asyncio.create_task(order(shop)) for shop in [*others[:10], held, *others[10:]]]
        await asyncio.wait_for(others_done.wait(), timeout=20)
        assert held not in answered
    outcomes = await asyncio.gather(*(outcome_of(task) for task in asked))
    assert codes_of(outcomes) == ["OK"] * 20
    assert answered[-1] == held


async def test_an_order_at_the_door_does_not_wait_for_the_credit_line(
    database: Database, open_shops: OpenShops, placer: OrderPlacer, one_rupee: Offer
) -> None:
    """Cash on delivery needs no credit, so it is placed although the shop's line is held elsewhere."""
    (shop,) = await open_shops(1)
    async with database.transaction() as holder:
        await lock_accounts(holder, [(await line_of(database, shop)).id])
        waiting = asyncio.create_task(outcome_of(placer.submit(as_shop(shop), order_for(shop, one_rupee, 5))))
        (order,) = await placer.submit(as_shop(shop), order_for(shop, one_rupee, 7, on_credit=False))
        assert order.hold_id is None
    assert codes_of([await waiting]) == ["OK"]


# --- orders that meet in one batch ----------------------------------------------------------------------------------


MakeOffers = Callable[..., Awaitable[Offer]]


async def test_one_bad_order_does_not_spoil_its_neighbours(
    database: Database, open_shops: OpenShops, placer: OrderPlacer, one_rupee: Offer
) -> None:
    """[O30] An order with a note that no column can hold fails its whole batch; its neighbours are placed all the
    same, and it alone is refused.
    """
    shops = await open_shops(10)
    bad = replace(order_for(shops[0], one_rupee, 1), notes="at\0once")
    orders = [bad, *(order_for(shop, one_rupee, 10_000) for shop in shops)]
    warm_up = asyncio.create_task(placer.submit(as_shop(shops[1]), order_for(shops[1], one_rupee, 1)))
    outcomes = await all_at_once([lambda o=order: placer.submit(as_shop(o.retailer_id), o) for order in orders])
    await warm_up
    assert codes_of(outcomes[1:]) == ["OK"] * 10
    assert codes_of(outcomes[:1]) == ["VALIDATION_ERROR"]


async def test_what_costs_less_than_a_paisa_is_refused(
    database: Database, open_shops: OpenShops, placer: OrderPlacer, make_offer: MakeOffers, make_product: MakeOffers
) -> None:
    """An order that rounds to nothing is nobody's promise: refused, and nothing is written."""
    (shop,) = await open_shops(1)
    loose = await make_offer(product=await make_product(selling_unit="kg", vat_basis_points=0), price_paisa=100)
    before = await contents_of(database)
    outcome = await outcome_of(placer.submit(as_shop(shop), order_for(shop, loose, Decimal("0.001"))))
    assert codes_of([outcome]) == ["VALIDATION_ERROR"]
    assert await contents_of(database) == before


async def test_the_last_packets_go_to_whoever_fits_and_the_rest_to_another_vendor(
    database: Database, open_shops: OpenShops, placer: OrderPlacer, make_offer: MakeOffers, make_product: MakeOffers
) -> None:
    """[O37] Twenty orders at once for a product that the better vendor has five of and another plenty: all are placed,
    none is refused for stock that is elsewhere, and none of the five is promised twice.
    """
    shops = await open_shops(20)
    product = await make_product(vat_basis_points=0)
    near = await make_offer(product=product, price_paisa=10_000, stock=5)
    far = await make_offer(product=product, price_paisa=11_000, stock=1_000)
    outcomes = await all_at_once([lambda s=shop: placer.submit(as_shop(s), order_for(s, near, 1)) for shop in shops])
    assert codes_of(outcomes) == ["OK"] * 20
    vendors = [order.vendor_id for placed in outcomes if isinstance(placed, list) for order in placed]
    assert (vendors.count(near.vendor_id), vendors.count(far.vendor_id)) == (5, 15)
    async with database.reading() as tx:
        rows = await tx.dicts("SELECT id, reserved FROM stock WHERE id = ANY(%(ids)s)", {"ids": [near.id, far.id]})
    assert {row["id"]: row["reserved"] for row in rows} == {
        near.id: vendors.count(near.vendor_id),
        far.id: vendors.count(far.vendor_id),
    }


async def test_a_limit_lowered_in_between_counts_at_once(
    database: Database, open_shops: OpenShops, placer: OrderPlacer, one_rupee: Offer, admin: Actor
) -> None:
    """[C20] A limit changed while orders arrive: whatever was placed before counts, nothing passes the new one."""
    shops = await open_shops(20)

    async def lower(shop: UUID) -> None:
        async with database.transaction() as tx:
            await change_limit(tx, admin, (await line_of(database, shop)).id, limit_paisa=paisa(30_000), below_use=True)

    async def order(shop: UUID) -> list[Order]:
        return await placer.submit(as_shop(shop), order_for(shop, one_rupee, 25_000))

    for shop in shops:
        outcomes = await all_at_once([lambda s=shop: order(s), lambda s=shop: lower(s), lambda s=shop: order(s)])
        placed = [one for one in (outcomes[0], outcomes[2]) if isinstance(one, list)]
        assert outcomes[1] is None
        line = await line_of(database, shop)
        assert line.limit_paisa == paisa(30_000)
        assert line.used_paisa == paisa(25_000) * len(placed)
        assert codes_of([await outcome_of(order(shop))]) == ["INSUFFICIENT_CREDIT"]
