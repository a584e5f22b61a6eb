"""Asking one vendor after the other: routing, time-outs, rerouting, and races for the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import time, timedelta
from decimal import Decimal

import pytest
from tests.fixtures.people import MakeOffer, MakeProduct, MakeVendor
from tests.integration.orders.conftest import (
    PlaceOrders,
    Sellers,
    acting_for,
    read_answers,
    read_events,
    read_lines,
    read_order,
    read_stock,
    snapshot,
)

from khaacho import clock
from khaacho.actors import SYSTEM, Actor
from khaacho.catalog.actions import change_stock, update_offers
from khaacho.catalog.records import Product, StockChange
from khaacho.credit.actions import open_credit_lines
from khaacho.credit.records import NewCreditLine
from khaacho.errors import (
    Conflict,
    Forbidden,
    InsufficientStock,
    InvalidTransition,
    KhaachoError,
    NotYourTurn,
    NoVendorAvailable,
    PriceChanged,
)
from khaacho.orders import fulfilment
from khaacho.orders.asking import ask_next_vendor, reroute_order, time_out_request
from khaacho.orders.checks import CHECKS
from khaacho.orders.jobs import help_stuck_orders, time_out_requests
from khaacho.orders.records import Order, OrderStatus, PaymentMode
from khaacho.orders.retrying import retry_order
from khaacho.parties.records import Retailer
from khaacho.platform.checks import run_checks
from khaacho.platform.database import Database

RACES = 30
LATER = timedelta(minutes=31)


async def waiting_request(database: Database, order: Order) -> object:
    async with database.reading() as tx:
        return await tx.value(
            "SELECT id FROM vendor_requests WHERE order_id = %(id)s AND answer = 'WAITING'", {"id": order.id}
        )


async def require_sound(database: Database) -> None:
    """Every invariant of orders holds."""
    for result in await run_checks(database, CHECKS):
        assert result.holds, (result.name, result.differences)


async def test_no_answer_in_time_asks_the_next_vendor_and_moves_the_stock(
    database: Database, rice: Product, sellers: Sellers, place: PlaceOrders
) -> None:
    """[O42] After 30 minutes the next candidate is asked; the reservation goes with the question, the price stays."""
    offers = {vendor.id: offer for vendor, offer in await sellers(2)}
    (order,) = await place((rice, 5))
    (other_id,) = offers.keys() - {order.vendor_id}
    async with database.transaction() as tx:
        assert not await time_out_request(tx, await waiting_request(database, order))
    with clock.travelled_to(clock.now() + LATER):
        assert await time_out_requests(database, clock.now(), True) == {"overdue": 1}
        assert (await time_out_requests(database, clock.now(), False))["timed_out"] == 1
        assert (await time_out_requests(database, clock.now(), False))["timed_out"] == 0
    moved = await read_order(database, order)
    assert (moved.status, moved.vendor_id, moved.total_paisa) == (OrderStatus.PENDING, other_id, 50_000)
    assert await read_stock(database, offers[order.vendor_id]) == (100, 0)
    assert await read_stock(database, offers[other_id]) == (100, 5)
    (line,) = await read_lines(database, order)
    assert (line.offer_id, line.unit_price_paisa) == (offers[other_id].id, 10_000)
    assert await read_answers(database, order) == [(1, "TIMED_OUT"), (2, "WAITING")]
    assert [event["attempt"] for event in await read_events(database, "VendorAsked")] == [1, 2]
    await require_sound(database)


async def test_after_three_vendors_people_are_told_once(
    database: Database, rice: Product, sellers: Sellers, place: PlaceOrders
) -> None:
    """[O42] At most three are asked, even where a fourth could; then the order waits for a person, told once."""
    market = {vendor.id: vendor for vendor, _ in await sellers(4)}
    (order,) = await place((rice, 5))
    asked = []
    for _ in range(3):
        vendor_id = (await read_order(database, order)).vendor_id
        asked.append(vendor_id)
        async with database.transaction() as tx:
            await fulfilment.decline_order(tx, acting_for(market[vendor_id]), order.id)
    assert len(set(asked)) == 3
    assert await read_answers(database, order) == [(1, "DECLINED"), (2, "DECLINED"), (3, "DECLINED")]
    left = await read_order(database, order)
    assert left.status is OrderStatus.PENDING
    assert len(await read_events(database, "OrderUnroutable")) == 1
    for vendor in market.values():
        async with database.transaction() as tx:
            with pytest.raises((NotYourTurn, Forbidden)):
                await fulfilment.accept_order(tx, acting_for(vendor), order.id)
    with clock.travelled_to(clock.now() + LATER):
        assert (await help_stuck_orders(database, clock.now(), True))["codes"] == [order.code]
        assert (await help_stuck_orders(database, clock.now(), False))["escalated"] == 1
        assert (await help_stuck_orders(database, clock.now(), False))["stuck"] == 0
    assert len(await read_events(database, "OrderUnroutable")) == 1
    assert [event["status"] for event in await read_events(database, "OrderStuck")] == ["PENDING"]
    await require_sound(database)


async def test_a_dearer_or_emptier_vendor_is_not_asked(
    database: Database,
    admin: Actor,
    rice: Product,
    sellers: Sellers,
    place: PlaceOrders,
    make_offer: MakeOffer,
) -> None:
    """[O42] The retailer never pays more than was confirmed, and only who has all of it is asked."""
    ((first, _),) = await sellers(1)
    (order,) = await place((rice, 5))
    await make_offer(product=rice, price_paisa=10_001)
    await make_offer(product=rice, price_paisa=9_000, stock=4)
    await make_offer(product=rice, price_paisa=9_000, multiple=Decimal(2))
    async with database.transaction() as tx:
        await fulfilment.decline_order(tx, acting_for(first), order.id)
    assert (await read_order(database, order)).vendor_id == first.id
    assert [event["reason"] for event in await read_events(database, "OrderUnroutable")] == [
        "no other vendor has everything at the agreed price"
    ]
    cheaper = await make_offer(product=rice, price_paisa=9_000, stock=5)
    async with database.transaction() as tx:
        moved = await ask_next_vendor(tx, admin, order.id, "looked again")
    assert moved.vendor_id == cheaper.vendor_id
    assert moved.total_paisa == 50_000
    assert (await read_lines(database, order))[0].unit_price_paisa == 10_000
    await require_sound(database)


async def test_a_vendor_that_is_closed_is_asked_when_it_opens(
    database: Database, rice: Product, sellers: Sellers, place: PlaceOrders
) -> None:
    """[O40, O42] The half hour to answer counts from the opening."""
    start = clock.business_time(clock.now()).replace(hour=3, minute=0, second=0, microsecond=0) + timedelta(days=1)
    with clock.travelled_to(start):
        ((vendor, _),) = await sellers(1)
        async with database.transaction() as tx:
            await tx.execute(
                "UPDATE vendors SET opens_at = %(opens)s, closes_at = %(closes)s WHERE id = %(id)s",
                {"id": vendor.id, "opens": time(7), "closes": time(19)},
            )
        (order,) = await place((rice, 5))
        async with database.reading() as tx:
            (asked,) = await tx.dicts(
                "SELECT asked_at, answer_by FROM vendor_requests WHERE order_id = %(id)s", {"id": order.id}
            )
        opening = start.replace(hour=7)
        assert (asked["asked_at"], asked["answer_by"]) == (opening, opening + timedelta(minutes=30))
    with clock.travelled_to(start + timedelta(hours=4, minutes=29)):
        assert (await time_out_requests(database, clock.now(), True))["overdue"] == 0
        assert (await help_stuck_orders(database, clock.now(), True))["stuck"] == 0
    with clock.travelled_to(start + timedelta(hours=4, minutes=31)):
        assert (await time_out_requests(database, clock.now(), True))["overdue"] == 1


async def test_staff_give_an_order_to_whom_they_like_but_not_to_who_declined(
    database: Database, admin: Actor, rice: Product, sellers: Sellers, place: PlaceOrders, shop: Retailer
) -> None:
    """[O42] By hand any number of times; a vendor that declined is never asked again for that order."""
    market = {vendor.id: vendor for vendor, _ in await sellers(2)}
    (order,) = await place((rice, 5))
    (other_id,) = market.keys() - {order.vendor_id}
    async with database.transaction() as tx:
        with pytest.raises(Forbidden):
            await reroute_order(tx, acting_for(shop), order.id, reason="hurry")
        with pytest.raises(Conflict):
            await reroute_order(tx, admin, order.id, vendor_id=order.vendor_id, reason="same")
    async with database.transaction() as tx:
        moved = await reroute_order(tx, admin, order.id, vendor_id=other_id, reason="on the phone")
    assert moved.vendor_id == other_id
    assert await read_answers(database, order) == [(1, "WITHDRAWN"), (2, "WAITING")]
    async with database.transaction() as tx:
        await fulfilment.decline_order(tx, acting_for(market[other_id]), order.id)
    before = await snapshot(database)
    async with database.transaction() as tx:
        with pytest.raises(Conflict):
            await reroute_order(tx, admin, order.id, vendor_id=other_id, reason="please")
        with pytest.raises(NoVendorAvailable):
            await reroute_order(tx, admin, order.id, reason="anyone")
    assert await snapshot(database) == before
    async with database.transaction() as tx:
        back = await reroute_order(tx, admin, order.id, vendor_id=order.vendor_id, reason="they can after all")
    assert back.vendor_id == order.vendor_id
    async with database.transaction() as tx:
        await fulfilment.accept_order(tx, acting_for(market[order.vendor_id]), order.id)
        with pytest.raises(InvalidTransition):
            await reroute_order(tx, admin, order.id, reason="too late")
    await require_sound(database)


async def test_an_order_on_a_vendors_own_credit_stays_with_it(
    database: Database, admin: Actor, rice: Product, sellers: Sellers, place: PlaceOrders, shop: Retailer
) -> None:
    """[C20, O42] The line of a vendor binds only orders to it, so nobody else is asked; people are told."""
    market = {vendor.id: vendor for vendor, _ in await sellers(2)}
    async with database.transaction() as tx:
        await open_credit_lines(
            tx,
            admin,
            [NewCreditLine(retailer_id=shop.id, vendor_id=vendor_id, limit_paisa=100_000) for vendor_id in market],
        )
    (order,) = await place((rice, 5))
    async with database.transaction() as tx:
        await fulfilment.decline_order(tx, acting_for(market[order.vendor_id]), order.id)
    assert (await read_order(database, order)).vendor_id == order.vendor_id
    assert len(await read_events(database, "OrderUnroutable")) == 1
    await require_sound(database)


@pytest.mark.parametrize("vendors", [1, 2])
async def test_of_accept_time_out_and_cancel_exactly_one_wins(
    database: Database, rice: Product, shop: Retailer, sellers: Sellers, place: PlaceOrders, vendors: int
) -> None:
    """[O42] Thirty races between the vendor, the clock and the shop: one effect each time, every figure sound."""
    market = {vendor.id: vendor for vendor, _ in await sellers(vendors, stock=100_000)}
    orders = [(await place((rice, 1)))[0] for _ in range(RACES)]

    async def attempt(verb: Callable[..., Awaitable[object]]) -> object:
        try:
            async with database.transaction() as tx:
                return await verb(tx)
        except KhaachoError as refusal:
            return refusal

    won: list[str] = []
    with clock.travelled_to(clock.now() + LATER):
        for number, order in enumerate(orders):
            request_id = await waiting_request(database, order)
            vendor = acting_for(market[order.vendor_id])
            verbs: list[Callable[..., Awaitable[object]]] = [
                lambda tx, vendor=vendor, order=order: fulfilment.accept_order(tx, vendor, order.id),
                lambda tx, request_id=request_id: time_out_request(tx, request_id),
                lambda tx, order=order: fulfilment.cancel_order(tx, acting_for(shop), order.id, reason="no"),
            ]
            shift = number % 3
            results = await asyncio.gather(*(attempt(verb) for verb in [*verbs[shift:], *verbs[:shift]]))
            accepted, timed_out, cancelled = [results[(index - shift) % 3] for index in range(3)]
            first_answer = (await read_answers(database, order))[0][1]
            # A shop may still cancel what was accepted or went to the next vendor; the question has one answer.
            assert (first_answer == "ACCEPTED") == isinstance(accepted, Order)
            assert (first_answer == "TIMED_OUT") == (timed_out is True)
            assert (first_answer == "WITHDRAWN") == (isinstance(accepted, KhaachoError) and timed_out is False)
            assert isinstance(cancelled, Order)
            assert (await read_order(database, order)).status is OrderStatus.CANCELLED
            won.append(first_answer)
    assert set(won) <= {"ACCEPTED", "TIMED_OUT", "WITHDRAWN"}
    await require_sound(database)


async def test_two_vendors_cannot_both_take_an_order(
    database: Database, rice: Product, sellers: Sellers, place: PlaceOrders
) -> None:
    """[O42] The first vendor's late accept races the second's in time: only the one whose turn it is gets it."""
    market = {vendor.id: vendor for vendor, _ in await sellers(2, stock=100_000)}
    for _ in range(10):
        (order,) = await place((rice, 1))
        async with database.transaction() as tx:
            moved = await ask_next_vendor(tx, SYSTEM, order.id, "test")

        async def accept(vendor_id: object, order: Order = order) -> Order | KhaachoError:
            try:
                async with database.transaction() as tx:
                    return await fulfilment.accept_order(tx, acting_for(market[vendor_id]), order.id)
            except KhaachoError as refusal:
                return refusal

        late, in_time = await asyncio.gather(accept(order.vendor_id), accept(moved.vendor_id))
        assert isinstance(late, NotYourTurn)
        assert isinstance(in_time, Order)
        assert in_time.vendor_id == moved.vendor_id


async def test_everything_at_once_leaves_the_figures_sound(
    database: Database, admin: Actor, rice: Product, sellers: Sellers, place: PlaceOrders
) -> None:
    """[O34, C5] Cancelling, failing, delivering and rerouting the same orders from many sides never double counts."""
    market = {vendor.id: vendor for vendor, _ in await sellers(3, stock=100_000)}
    orders = [
        (await place((rice, 2), mode=mode))[0] for mode in (PaymentMode.CREDIT, PaymentMode.COD) for _ in range(6)
    ]

    async def quietly(verb: Callable[..., Awaitable[Order]], actor: Actor, order: Order, **given: object) -> None:
        try:
            async with database.transaction() as tx:
                await verb(tx, actor, order.id, **given)
        except KhaachoError:
            pass

    for step in (
        (fulfilment.accept_order, {}),
        (fulfilment.advance_order, {"to_status": OrderStatus.PACKING}),
        (fulfilment.advance_order, {"to_status": OrderStatus.DISPATCHED}),
        (fulfilment.deliver_order, {}),
    ):
        verb, given = step
        racing = []
        for number, order in enumerate(orders):
            racing += [quietly(verb, acting_for(market[order.vendor_id]), order, **given) for _ in range(2)]
            if number % 3 == 0:
                racing.append(quietly(fulfilment.cancel_order, admin, order, reason="x"))
            if number % 3 == 1:
                racing.append(quietly(fulfilment.fail_order, admin, order, reason="x"))
                racing.append(quietly(retry_order, admin, order))
        await asyncio.gather(*racing)
        await require_sound(database)


async def test_a_retry_looks_at_everything_afresh(
    database: Database, admin: Actor, rice: Product, sellers: Sellers, place: PlaceOrders
) -> None:
    """[O36] Credit, stock and price are validated as if new; what would refuse a new order refuses this one."""
    ((vendor, offer),) = await sellers(1)
    (order,) = await place((rice, 5))

    async def fail() -> None:
        async with database.transaction() as tx:
            await fulfilment.fail_order(tx, admin, order.id, reason="broken van")

    async def retry() -> Order:
        async with database.transaction() as tx:
            return await retry_order(tx, admin, order.id)

    await fail()
    async with database.transaction() as tx:
        await update_offers(tx, admin, changes={offer.id: {"price_paisa": 11_000}})
    before = await snapshot(database)
    with pytest.raises(PriceChanged):
        await retry()
    assert await snapshot(database) == before
    async with database.transaction() as tx:
        await update_offers(tx, admin, changes={offer.id: {"price_paisa": 9_000}})
        await change_stock(tx, admin, changes=[StockChange(offer_id=offer.id, change=Decimal(-98), reason="sold")])
    with pytest.raises(InsufficientStock):
        await retry()
    async with database.transaction() as tx:
        await change_stock(tx, admin, changes=[StockChange(offer_id=offer.id, change=Decimal(50), reason="came")])
    again = await retry()
    assert (again.status, again.total_paisa, again.failure_reason) == (OrderStatus.PENDING, 45_000, None)
    assert again.hold_id != order.hold_id
    assert await read_answers(database, order) == [(1, "WITHDRAWN"), (2, "WAITING")]
    await require_sound(database)
    async with database.transaction() as tx:
        await fulfilment.decline_order(tx, acting_for(vendor), order.id)
    await fail()
    with pytest.raises(NoVendorAvailable):
        await retry()
    async with database.reading() as tx:
        actions = await tx.values(
            "SELECT action FROM audit_entries WHERE subject_id = %(id)s AND action LIKE 'ORDER_%%' ORDER BY id",
            {"id": order.id},
        )
    assert actions.count("ORDER_FAILED") == 2
    assert actions.count("ORDER_RETRY") == 1
    await require_sound(database)


@pytest.mark.parametrize(
    ("status", "minutes"),
    [
        (OrderStatus.ACCEPTED, 120),
        (OrderStatus.PACKING, 180),
        (OrderStatus.DISPATCHED, 24 * 60),
        (OrderStatus.OUT_FOR_DELIVERY, 24 * 60),
    ],
)
async def test_a_stuck_order_calls_a_person_once(
    database: Database, rice: Product, sellers: Sellers, place: PlaceOrders, status: OrderStatus, minutes: int
) -> None:
    """[O51] Beyond its limit, not before; once per stay, with an audit entry and an event."""
    ((vendor, _),) = await sellers(1)
    (order,) = await place((rice, 5))
    walk = [OrderStatus.PACKING, OrderStatus.DISPATCHED, OrderStatus.OUT_FOR_DELIVERY]
    async with database.transaction() as tx:
        await fulfilment.accept_order(tx, acting_for(vendor), order.id)
        for to_status in walk[: walk.index(status) + 1] if status in walk else []:
            await fulfilment.advance_order(tx, acting_for(vendor), order.id, to_status)
    start = clock.now()
    with clock.travelled_to(start + timedelta(minutes=minutes - 1)):
        assert (await help_stuck_orders(database, clock.now(), False))["stuck"] == 0
    with clock.travelled_to(start + timedelta(minutes=minutes + 1)):
        assert (await help_stuck_orders(database, clock.now(), False))["escalated"] == 1
        assert (await help_stuck_orders(database, clock.now(), False))["stuck"] == 0
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM audit_entries WHERE action = 'ORDER_STUCK'") == 1
    assert len(await read_events(database, "OrderStuck")) == 1


async def test_two_orders_of_one_basket_never_meet_at_one_vendor(
    database: Database,
    make_vendor: MakeVendor,
    make_product: MakeProduct,
    make_offer: MakeOffer,
    place: PlaceOrders,
) -> None:
    """[O40] A basket split between two vendors stays split: the sibling's vendor is not asked for the other part."""
    one, other = await make_vendor(), await make_vendor()
    salt, soap = await make_product(), await make_product()
    await make_offer(vendor=one, product=salt)
    soap_offer = await make_offer(vendor=other, product=soap)
    orders = await place((salt, 1), (soap, 1))
    assert {order.vendor_id for order in orders} == {one.id, other.id}
    await make_offer(vendor=other, product=salt)
    (salty,) = [order for order in orders if order.vendor_id == one.id]
    async with database.transaction() as tx:
        await fulfilment.decline_order(tx, acting_for(one), salty.id)
    assert (await read_order(database, salty)).vendor_id == one.id
    assert await read_stock(database, soap_offer) == (1_000, 1)
    await require_sound(database)
