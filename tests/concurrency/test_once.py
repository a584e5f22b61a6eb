"""What is asked for many times at once happens once: confirmations, idempotency keys, and the codes of orders."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from tests.concurrency.contender import STAFF, Confirm, Outcome, Submit, in_processes, perform_at_once
from tests.fixtures.trade import (
    Contenders,
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

from khaacho import clock
from khaacho.catalog.records import Offer
from khaacho.errors import BasketClosed, IdempotencyKeyReused, InsufficientCredit, PriceChanged
from khaacho.orders.basket import cancel_basket, confirm_basket, find_open_basket, put_basket
from khaacho.orders.fulfilment import cancel_order
from khaacho.orders.placer import OrderPlacer
from khaacho.orders.queries import find_basket
from khaacho.orders.records import Basket, BasketState, Order, PaymentMode, WantedLine
from khaacho.platform.database import Database

AT_ONCE = 20

MakeThings = Callable[..., Awaitable[Offer]]


@pytest.fixture
async def placer(database: Database) -> AsyncIterator[OrderPlacer]:
    placer = OrderPlacer(database)
    yield placer
    await placer.drain()
    await assert_books_hold(database)


async def fill_basket(database: Database, shop: UUID, offer: Offer, rupees: int) -> Basket:
    async with database.transaction() as tx:
        line = WantedLine(product_id=offer.product_id, quantity=Decimal(rupees))
        return await put_basket(tx, as_shop(shop), shop, [line])


async def count_orders(database: Database) -> int:
    async with database.reading() as tx:
        return int(await tx.value("SELECT count(*) FROM orders"))


def placed_by(outcomes: list[Outcome]) -> set[tuple[tuple[UUID, str], ...]]:
    """The different answers, as (id, code) of their orders."""
    return {tuple((order.id, order.code) for order in outcome.orders) for outcome in outcomes}


# --- confirming -----------------------------------------------------------------------------------------------------


async def test_twenty_confirmations_place_one_order(
    database: Database, open_shops: OpenShops, one_rupee: Offer, contenders: Contenders
) -> None:
    """[O22] Twenty simultaneous CONFIRMs of one basket, each on its own connection: one order, told to all twenty."""
    shops = await open_shops(10)
    async with contenders(AT_ONCE) as callers:
        for shop in shops:
            basket = await fill_basket(database, shop, one_rupee, 40_000)

            async def confirm(caller: Database, shop: UUID = shop, basket_id: UUID = basket.id) -> list[Order]:
                async with caller.transaction() as tx:
                    return await confirm_basket(tx, as_shop(shop), basket_id, PaymentMode.CREDIT)

            outcomes = await all_at_once([lambda c=caller: confirm(c) for caller in callers])
            assert codes_of(outcomes) == ["OK"] * AT_ONCE
            assert len({tuple(order.id for order in placed) for placed in outcomes if isinstance(placed, list)}) == 1
            assert (await line_of(database, shop)).used_paisa == paisa(40_000)
    assert await count_orders(database) == len(shops)
    await assert_books_hold(database)


async def test_two_processes_confirm_one_basket_once(
    database: Database, dsn: str, open_shops: OpenShops, one_rupee: Offer
) -> None:
    """[O22] Ten CONFIRMs of one basket in each of two processes: one order, and twenty equal answers."""
    (shop,) = await open_shops(1)
    basket = await fill_basket(database, shop, one_rupee, 40_000)
    confirm = Confirm(actor=as_shop(shop), basket_id=basket.id)
    both = await asyncio.to_thread(in_processes, dsn, [[confirm] * 10, [confirm] * 10])
    outcomes = [outcome for outcomes in both for outcome in outcomes]
    assert [outcome.code for outcome in outcomes] == ["OK"] * 20
    assert len(placed_by(outcomes)) == 1
    assert await count_orders(database) == 1
    assert (await line_of(database, shop)).used_paisa == paisa(40_000)
    await assert_books_hold(database)


async def test_a_refused_confirmation_leaves_the_basket_open(
    database: Database, open_shops: OpenShops, one_rupee: Offer
) -> None:
    """A basket beyond the line is refused with its figures and no row of any table differs; COD places it after."""
    (shop,) = await open_shops(1, max_order_paisa=paisa(200_000))
    basket = await fill_basket(database, shop, one_rupee, 100_001)
    before = await contents_of(database)
    with pytest.raises(InsufficientCredit):
        async with database.transaction() as tx:
            await confirm_basket(tx, as_shop(shop), basket.id, PaymentMode.CREDIT)
    assert await contents_of(database) == before
    async with database.transaction() as tx:
        (order,) = await confirm_basket(tx, as_shop(shop), basket.id, PaymentMode.COD)
    assert order.total_paisa == paisa(100_001)
    await assert_books_hold(database)


async def test_a_changed_price_is_shown_before_it_is_owed(
    database: Database, open_shops: OpenShops, make_offer: MakeThings, make_product: MakeThings
) -> None:
    """A price that changed since the summary is not confirmed blindly: PRICE_CHANGED, and the next CONFIRM, of the
    fresh summary, places it at the new price.
    """
    (shop,) = await open_shops(1)
    product = await make_product(vat_basis_points=0)
    offer = await make_offer(product=product, price_paisa=10_000)
    basket = await fill_basket(database, shop, offer, 3)
    async with database.transaction() as tx:
        await tx.execute("UPDATE vendor_offers SET price_paisa = 11000 WHERE id = %(id)s", {"id": offer.id})
    async with database.transaction() as tx:
        with pytest.raises(PriceChanged):
            await confirm_basket(tx, as_shop(shop), basket.id, PaymentMode.CREDIT)
    async with database.transaction() as tx:
        (order,) = await confirm_basket(tx, as_shop(shop), basket.id, PaymentMode.CREDIT)
    assert order.total_paisa == 33_000


async def test_a_basket_confirmed_a_moment_ago_can_neither_be_dropped_nor_refilled(
    database: Database, open_shops: OpenShops, one_rupee: Offer
) -> None:
    """While a confirmation is about to commit, a CANCEL and new goods wait for it: the CANCEL is told that the basket
    is placed, the goods open a basket of their own, and the confirmed one keeps what was ordered.
    """
    (shop,) = await open_shops(1)
    basket = await fill_basket(database, shop, one_rupee, 40_000)

    async def drop() -> None:
        async with database.transaction() as tx:
            await cancel_basket(tx, as_shop(shop), basket.id)

    async with database.transaction() as tx:
        (order,) = await confirm_basket(tx, as_shop(shop), basket.id, PaymentMode.CREDIT)
        dropping = asyncio.create_task(outcome_of(drop()))
        filling = asyncio.create_task(fill_basket(database, shop, one_rupee, 5))
        await until_waiting(database, 2)
    refusal, refilled = await dropping, await filling
    assert isinstance(refusal, BasketClosed)
    assert refusal.details == {"basket_state": "CONFIRMED"}
    assert refilled.id != basket.id
    async with database.reading() as tx:
        confirmed = await find_basket(tx, basket.id)
        assert await find_open_basket(tx, shop) == refilled
    assert confirmed is not None
    assert (confirmed.state, confirmed.lines[0].quantity) == (BasketState.CONFIRMED, 40_000)
    assert order.total_paisa == paisa(40_000)


async def until_waiting(database: Database, number: int) -> None:
    """Until that many sessions wait for somebody's lock, as the server itself sees it."""
    async with asyncio.timeout(20), database.reading() as tx:
        while number > await tx.value(
            """
            SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)
            WHERE NOT granted AND datname = current_database()
            """
        ):
            await asyncio.sleep(0.005)


# --- one key, many requests -----------------------------------------------------------------------------------------


async def test_one_key_twenty_times_is_one_order(
    database: Database, open_shops: OpenShops, one_rupee: Offer, placer: OrderPlacer
) -> None:
    """[O31] The same request with the same key, twenty times at once: one order, and twenty equal answers; asked again
    later, the same answer still.
    """
    for shop in await open_shops(10):
        task = Submit(actor=as_shop(shop), order=order_for(shop, one_rupee, 40_000, key="same"))
        outcomes = await perform_at_once(database, placer, [task] * AT_ONCE)
        assert [outcome.code for outcome in outcomes] == ["OK"] * AT_ONCE
        outcomes += await perform_at_once(database, placer, [task])
        assert len(placed_by(outcomes)) == 1
        assert (await line_of(database, shop)).used_paisa == paisa(40_000)
    assert await count_orders(database) == 10


async def test_one_key_in_two_processes_is_one_order(
    database: Database, dsn: str, open_shops: OpenShops, one_rupee: Offer, placer: OrderPlacer
) -> None:
    """[O31] The same keys ten times each in two processes, on credit and at the door: one order a key."""
    shops = await open_shops(4)
    tasks = [
        Submit(actor=as_shop(shop), order=order_for(shop, one_rupee, 40_000, key="same", on_credit=place % 2 == 0))
        for place, shop in enumerate(shops)
    ] * 10
    both = await asyncio.to_thread(in_processes, dsn, [tasks, list(reversed(tasks))])
    first, second = both[0], list(reversed(both[1]))
    for place in range(len(shops)):
        outcomes = [*first[place :: len(shops)], *second[place :: len(shops)]]
        assert [outcome.code for outcome in outcomes] == ["OK"] * 20
        assert len(placed_by(outcomes)) == 1
    assert await count_orders(database) == len(shops)


async def test_the_first_answer_stands_when_the_goods_are_gone(
    database: Database, open_shops: OpenShops, placer: OrderPlacer, make_offer: MakeThings, make_product: MakeThings
) -> None:
    """[O31] A repetition is answered its first outcome although that order took the last packet of it."""
    (shop,) = await open_shops(1)
    last = await make_offer(product=await make_product(vat_basis_points=0), price_paisa=10_000, stock=3)
    order = order_for(shop, last, 3)
    placed = await placer.submit(as_shop(shop), order)
    assert await placer.submit(as_shop(shop), order) == placed
    outcomes = await all_at_once([lambda: placer.submit(as_shop(shop), order)] * AT_ONCE)
    assert outcomes == [placed] * AT_ONCE
    again = await outcome_of(placer.submit(as_shop(shop), order_for(shop, last, 1)))
    assert codes_of([again]) == ["INSUFFICIENT_STOCK"]


async def test_a_key_belongs_to_one_request_of_one_person(
    database: Database, open_shops: OpenShops, one_rupee: Offer, placer: OrderPlacer
) -> None:
    """[O31] Another body under the same key is IDEMPOTENCY_KEY_REUSED, later and at the same moment; another person's
    key of the same letters is another key; the longest key a header may have fits.
    """
    shop, other = await open_shops(2)
    key = "k" * 200
    placed = await placer.submit(as_shop(shop), order_for(shop, one_rupee, 10, key=key))
    before = await contents_of(database)
    with pytest.raises(IdempotencyKeyReused):
        await placer.submit(as_shop(shop), order_for(shop, one_rupee, 11, key=key))
    assert await contents_of(database) == before
    (theirs,) = await placer.submit(as_shop(other), order_for(other, one_rupee, 11, key=key))
    assert theirs.id != placed[0].id
    bodies = [order_for(shop, one_rupee, rupees, key="raced") for rupees in (5, 6)]
    outcomes = await all_at_once([lambda b=body: placer.submit(as_shop(shop), b) for body in bodies * 5])
    assert codes_of(outcomes) == ["IDEMPOTENCY_KEY_REUSED"] * 5 + ["OK"] * 5
    assert len({one[0].id for one in outcomes if isinstance(one, list)}) == 1


async def test_a_refusal_is_not_remembered(
    database: Database, open_shops: OpenShops, one_rupee: Offer, placer: OrderPlacer
) -> None:
    """A refused request changed nothing, so its key may succeed once there is credit."""
    (shop,) = await open_shops(1)
    first = await placer.submit(as_shop(shop), order_for(shop, one_rupee, 90_000))
    wanted = order_for(shop, one_rupee, 20_000)
    before = await contents_of(database)
    with pytest.raises(InsufficientCredit):
        await placer.submit(as_shop(shop), wanted)
    assert await contents_of(database) == before
    async with database.transaction() as tx:
        await cancel_order(tx, STAFF, first[0].id, reason="changed our mind")
    (order,) = await placer.submit(as_shop(shop), wanted)
    assert order.total_paisa == paisa(20_000)


# --- codes ----------------------------------------------------------------------------------------------------------

CODE = re.compile(r"ORD(\d{6})-(\d{4,})")


def numbers_of(orders: list[Order], day: str) -> list[int]:
    """The numbers in these codes, all of that day."""
    matches = [CODE.fullmatch(order.code) for order in orders]
    assert all(match and match[1] == day for match in matches), [order.code for order in orders]
    return sorted(int(match[2]) for match in matches if match)


async def test_five_hundred_orders_in_two_processes_have_codes_of_their_own(
    database: Database, dsn: str, open_shops: OpenShops, one_rupee: Offer, placer: OrderPlacer
) -> None:
    """[O32] 500 orders placed at once by two processes, on a day nobody ordered before: 500 codes, each with the
    business day and a number from 0001 on, none below, none twice.
    """
    shops = await open_shops(50)
    tasks = [
        Submit(actor=as_shop(shop), order=order_for(shop, one_rupee, 10, on_credit=turn % 2 == 0))
        for turn in range(5)
        for shop in shops
    ]
    twice = [
        Submit(actor=as_shop(task.order.retailer_id), order=order_for(task.order.retailer_id, one_rupee, 10))
        for task in tasks
    ]
    day = f"{clock.business_day():%y%m%d}"
    both = await asyncio.to_thread(in_processes, dsn, [tasks, twice])
    outcomes = [outcome for outcomes in both for outcome in outcomes]
    assert [outcome.code for outcome in outcomes] == ["OK"] * 500
    numbers = numbers_of([order for outcome in outcomes for order in outcome.orders], day)
    assert len(set(numbers)) == 500
    assert numbers[0] >= 1


async def test_a_day_starts_at_0001_and_only_with_an_order(
    database: Database, open_shops: OpenShops, one_rupee: Offer, placer: OrderPlacer
) -> None:
    """[O32] The first order of each business day is 0001, also after refusals; the day changes at midnight in Nepal,
    a quarter past six in the evening of UTC.
    """
    (shop,) = await open_shops(1, max_order_paisa=paisa(200_000))

    async def order(rupees: int) -> str:
        return (await placer.submit(as_shop(shop), order_for(shop, one_rupee, rupees)))[0].code

    with clock.travelled_to(datetime(2031, 2, 10, 18, 14, tzinfo=UTC)):
        with pytest.raises(InsufficientCredit):
            await order(100_001)
        assert await order(10) == "ORD310210-0001"
        assert await order(10) == "ORD310210-0002"
    with clock.travelled_to(datetime(2031, 2, 10, 18, 15, tzinfo=UTC)):
        assert await order(10) == "ORD310211-0001"


async def test_a_number_drawn_before_the_day_was_opened_is_drawn_again(
    database: Database, open_shops: OpenShops, one_rupee: Offer, placer: OrderPlacer
) -> None:
    """[O32] Between an order's number and its look at where the day starts, somebody else opens the day behind that
    number: the order must not count from below, as ORD…--001 would.
    """
    (shop,) = await open_shops(1)
    with clock.travelled_to(datetime(2031, 2, 20, 6, tzinfo=UTC)):
        async with database.transaction() as somebody:
            await somebody.execute("SET LOCAL ROLE NONE")
            await somebody.execute("LOCK TABLE order_days IN ACCESS EXCLUSIVE MODE")
            placing = asyncio.create_task(placer.submit(as_shop(shop), order_for(shop, one_rupee, 10)))
            await until_waiting(database, 1)
            await somebody.execute("INSERT INTO order_days VALUES ('2031-02-20', nextval('order_numbers'))")
        (order,) = await placing
    assert order.code == "ORD310220-0001"


async def test_many_at_once_on_a_new_day_count_from_one(
    database: Database, open_shops: OpenShops, one_rupee: Offer, contenders: Contenders
) -> None:
    """[O32] Ten placers that all find the day unopened agree on where it starts: whatever was drawn before that is
    drawn again, so no code counts from below. Twenty days in a row.
    """
    shops = await open_shops(10)
    async with contenders(10) as databases:
        placers = [OrderPlacer(opened) for opened in databases]
        for days in range(20):
            with clock.travelled_to(datetime(2031, 3, 1, 6, tzinfo=UTC) + timedelta(days=days)):
                pairs = list(zip(placers, shops, strict=True))
                outcomes = await all_at_once(
                    [lambda p=one, s=shop: p.submit(as_shop(s), order_for(s, one_rupee, 1)) for one, shop in pairs]
                )
                orders = [placed[0] for placed in outcomes if isinstance(placed, list)]
                numbers = numbers_of(orders, f"{clock.business_day():%y%m%d}")
                assert len(set(numbers)) == 10
                assert numbers[0] >= 1
    await assert_books_hold(database)


async def test_orders_of_one_batch_are_numbered_as_they_came(
    database: Database, open_shops: OpenShops, one_rupee: Offer, placer: OrderPlacer
) -> None:
    """[O32] Codes rise in the order in which a batch was asked for; a refused order in between costs a gap at most."""
    shops = await open_shops(12)
    rupees = [10, 100_001, 10] * 4
    orders = [order_for(shop, one_rupee, amount) for shop, amount in zip(shops, rupees, strict=True)]
    outcomes = await asyncio.gather(*(outcome_of(placer.submit(as_shop(one.retailer_id), one)) for one in orders))
    # The first two go at once, each a batch of its own; the ten that came meanwhile are one batch.
    codes = [placed[0].code for placed in outcomes[2:] if isinstance(placed, list)]
    assert codes == sorted(codes)
    assert len(codes) == 7
