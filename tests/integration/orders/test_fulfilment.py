"""What people do to a placed order, and what it does to stock and credit."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from tests.fixtures.people import MakeOffer, MakeProduct, MakeRetailer, MakeVendor
from tests.fixtures.processes import Working
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
from khaacho.catalog.records import Product
from khaacho.credit.paying.adjustments import record_adjustment
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.paying.reversals import reverse_payment
from khaacho.credit.queries import find_credit_overview, find_debits_of_orders
from khaacho.credit.records import AdjustmentReason, NewAdjustment, NewPayment, PaymentMethod
from khaacho.errors import DeliveryMismatch, Forbidden, InvalidTransition, KhaachoError, NotYourTurn
from khaacho.orders import fulfilment
from khaacho.orders.deliveries import DeliveredLine
from khaacho.orders.records import Order, OrderStatus, PaymentMode
from khaacho.parties.records import Retailer
from khaacho.platform.database import Database


async def do(database: Database, verb: Callable[..., Awaitable[Order]], actor: Actor, order: Order, **given) -> Order:
    async with database.transaction() as tx:
        return await verb(tx, actor, order.id, **given)


async def to_status(database: Database, vendor: Actor, order: Order, status: OrderStatus) -> Order:
    """Walk a PENDING order to `status` the usual way."""
    steps = [
        (OrderStatus.ACCEPTED, fulfilment.accept_order, {}),
        (OrderStatus.PACKING, fulfilment.advance_order, {"to_status": OrderStatus.PACKING}),
        (OrderStatus.DISPATCHED, fulfilment.advance_order, {"to_status": OrderStatus.DISPATCHED}),
        (OrderStatus.OUT_FOR_DELIVERY, fulfilment.advance_order, {"to_status": OrderStatus.OUT_FOR_DELIVERY}),
    ]
    for reached, verb, given in steps:
        if order.status is status:
            return order
        order = await do(database, verb, vendor, order, **given)
        assert order.status is reached
    return order


async def used_paisa(database: Database, shop: Retailer) -> tuple[int, int]:
    """(used, held) of the shop's credit."""
    async with database.reading() as tx:
        overview = await find_credit_overview(tx, shop.id)
    return overview.used_paisa, overview.held_paisa


async def test_an_order_goes_from_asked_to_delivered(
    database: Database, shop: Retailer, rice: Product, sellers: Sellers, place: PlaceOrders
) -> None:
    """[O33, O34] Each step is in the history and told; delivery sells the stock and turns the hold into a debit."""
    ((vendor, offer),) = await sellers(1)
    (order,) = await place((rice, 5))
    assert await used_paisa(database, shop) == (50_000, 50_000)
    assert await read_stock(database, offer) == (100, 5)
    order = await to_status(database, acting_for(vendor), order, OrderStatus.OUT_FOR_DELIVERY)
    delivered = await do(database, fulfilment.deliver_order, acting_for(vendor), order)
    assert delivered.status is OrderStatus.DELIVERED
    assert delivered.delivered_total_paisa == 50_000
    assert delivered.due_on == clock.business_day() + timedelta(days=7)
    assert await read_order(database, order) == delivered
    assert await read_stock(database, offer) == (95, 0)
    assert await used_paisa(database, shop) == (50_000, 0)
    async with database.reading() as tx:
        debit = (await find_debits_of_orders(tx, [order.id]))[order.id]
        steps = await tx.values(
            "SELECT to_status FROM order_history WHERE order_id = %(id)s ORDER BY id", {"id": order.id}
        )
        audited = await tx.values(
            """
            SELECT new_values ->> 'status' FROM audit_entries
            WHERE subject_id = %(id)s AND action = 'ORDER_STATUS_CHANGED' ORDER BY id
            """,
            {"id": order.id},
        )
    assert (debit.amount_paisa, debit.remaining_paisa) == (50_000, 50_000)
    walked = ["PENDING", "ACCEPTED", "PACKING", "DISPATCHED", "OUT_FOR_DELIVERY", "DELIVERED"]
    assert steps == walked
    assert audited == walked[1:]
    told = await read_events(database, "OrderStatusChanged")
    assert [event["to_status"] for event in told] == walked[1:]
    assert {event["by_role"] for event in told} == {"VENDOR"}
    assert await read_answers(database, order) == [(1, "ACCEPTED")]


async def test_doing_it_again_is_a_quiet_success(
    database: Database, rice: Product, sellers: Sellers, place: PlaceOrders
) -> None:
    """[O33] The same state again answers the order and changes nothing at all."""
    ((vendor, _),) = await sellers(1)
    (order,) = await place((rice, 5))
    actor = acting_for(vendor)
    await do(database, fulfilment.accept_order, actor, order)
    before = await snapshot(database)
    assert (await do(database, fulfilment.accept_order, actor, order)).status is OrderStatus.ACCEPTED
    assert await snapshot(database) == before
    order = await to_status(database, actor, await read_order(database, order), OrderStatus.DISPATCHED)
    await do(database, fulfilment.deliver_order, actor, order)
    before = await snapshot(database)
    assert (await do(database, fulfilment.deliver_order, actor, order)).status is OrderStatus.DELIVERED
    assert await snapshot(database) == before


async def test_a_partial_delivery_debits_only_what_arrived(
    database: Database,
    shop: Retailer,
    make_vendor: MakeVendor,
    make_product: MakeProduct,
    make_offer: MakeOffer,
    place: PlaceOrders,
) -> None:
    """[O34] Amount and VAT are worked out anew per line from the delivered quantity, half up to the paisa."""
    vendor = await make_vendor()
    oil = await make_product(selling_unit="l", vat_basis_points=1300)
    salt = await make_product(vat_basis_points=1300)
    oil_offer = await make_offer(vendor=vendor, product=oil, price_paisa=19_999, stock=50)
    salt_offer = await make_offer(vendor=vendor, product=salt, price_paisa=2_550, stock=50)
    (order,) = await place((oil, Decimal("2.5")), (salt, 10))
    # 2.5 × 199.99 = 499.975 → 499.98; 13 % → 65.00 (64.9974); 10 × 25.50 = 255.00; 13 % → 33.15.
    assert order.total_paisa == 49_998 + 6_500 + 25_500 + 3_315
    await to_status(database, acting_for(vendor), order, OrderStatus.DISPATCHED)
    delivered = await do(
        database,
        fulfilment.deliver_order,
        acting_for(vendor),
        order,
        delivered=[DeliveredLine(sku=oil_offer.sku.lower(), quantity=Decimal("1.255"))],
    )
    # 1.255 × 199.99 = 250.98745 → 250.99; 13 % of it = 32.6287 → 32.63.
    assert delivered.delivered_total_paisa == 25_099 + 3_263
    assert await used_paisa(database, shop) == (28_362, 0)
    assert await read_stock(database, oil_offer) == (Decimal("48.745"), 0)
    assert await read_stock(database, salt_offer) == (50, 0)
    assert [line.delivered_quantity for line in await read_lines(database, order)] == [Decimal("1.255"), 0]
    async with database.reading() as tx:
        assert (await find_debits_of_orders(tx, [order.id]))[order.id].amount_paisa == 28_362


@pytest.mark.parametrize(("quantity", "other"), [("6", None), ("-1", None), ("0", None), ("1", "SOMETHING-ELSE")])
async def test_a_delivery_that_does_not_fit_the_order_changes_nothing(
    database: Database, rice: Product, sellers: Sellers, place: PlaceOrders, quantity: str, other: str | None
) -> None:
    """[O34] More than ordered, less than nothing, nothing at all, or another SKU is refused."""
    ((vendor, offer),) = await sellers(1)
    (order,) = await place((rice, 5))
    await to_status(database, acting_for(vendor), order, OrderStatus.DISPATCHED)
    before = await snapshot(database)
    with pytest.raises(DeliveryMismatch):
        await do(
            database,
            fulfilment.deliver_order,
            acting_for(vendor),
            order,
            delivered=[DeliveredLine(sku=other or offer.sku, quantity=Decimal(quantity))],
        )
    assert await snapshot(database) == before


async def test_cash_on_delivery_completes_at_once(
    database: Database, shop: Retailer, rice: Product, sellers: Sellers, place: PlaceOrders
) -> None:
    """[O34] COD delivered is paid: recorded as a payment, no credit touched, the order COMPLETED."""
    ((vendor, offer),) = await sellers(1)
    (order,) = await place((rice, 5), mode=PaymentMode.COD)
    assert order.hold_id is None
    await to_status(database, acting_for(vendor), order, OrderStatus.DISPATCHED)
    delivered = await do(database, fulfilment.deliver_order, acting_for(vendor), order)
    assert delivered.status is OrderStatus.COMPLETED
    assert await used_paisa(database, shop) == (0, 0)
    assert await read_stock(database, offer) == (95, 0)
    async with database.reading() as tx:
        paid = await tx.values("SELECT amount_paisa FROM credit_payments WHERE order_id = %(id)s", {"id": order.id})
        steps = await tx.values(
            "SELECT to_status FROM order_history WHERE order_id = %(id)s ORDER BY id", {"id": order.id}
        )
    assert paid == [50_000]
    assert steps[-2:] == ["DELIVERED", "COMPLETED"]
    before = await snapshot(database)
    again = await do(database, fulfilment.deliver_order, acting_for(vendor), order)
    assert again.status is OrderStatus.COMPLETED
    assert await snapshot(database) == before


async def test_a_payment_in_full_completes_the_order(
    database: Database, admin: Actor, shop: Retailer, rice: Product, sellers: Sellers, place: PlaceOrders
) -> None:
    """[O33] DELIVERED becomes COMPLETED by the system when, and only when, the debit is cleared."""
    ((vendor, _),) = await sellers(1)
    (order,) = await place((rice, 5))
    await to_status(database, acting_for(vendor), order, OrderStatus.DISPATCHED)
    await do(database, fulfilment.deliver_order, acting_for(vendor), order)
    for amount, expected in ((20_000, OrderStatus.DELIVERED), (30_000, OrderStatus.COMPLETED)):
        async with database.transaction() as tx:
            await record_payment(
                tx, admin, NewPayment(retailer_id=shop.id, amount_paisa=amount, method=PaymentMethod.CASH)
            )
        async with database.transaction() as tx:
            await fulfilment.complete_paid_orders(tx, [order.id])
        assert (await read_order(database, order)).status is expected


async def test_an_order_whose_payment_is_taken_back_is_not_completed(
    database: Database,
    admin: Actor,
    shop: Retailer,
    rice: Product,
    sellers: Sellers,
    place: PlaceOrders,
    working: Working,
) -> None:
    """[C63] Two orders, one completed by being paid, the other by a person. When the payment is taken back the first
    is DELIVERED again and unpaid, the second stays as the person said; a return that clears the first completes it.
    """
    ((vendor, _),) = await sellers(1)
    (paid,), (closed,) = await place((rice, 5)), await place((rice, 5))
    for order in (paid, closed):
        await to_status(database, acting_for(vendor), order, OrderStatus.DISPATCHED)
        await do(database, fulfilment.deliver_order, acting_for(vendor), order)
    await do(database, fulfilment.complete_order, admin, closed)
    new = NewPayment(retailer_id=shop.id, amount_paisa=100_000, method=PaymentMethod.CASH)
    async with working():
        async with database.transaction() as tx:
            payment = await record_payment(tx, admin, new)
        await until_status(database, paid, OrderStatus.COMPLETED)
        async with database.transaction() as tx:
            await reverse_payment(tx, admin, payment.payment_id, reason="counted twice")
        await until_status(database, paid, OrderStatus.DELIVERED)
        assert (await read_order(database, closed)).status is OrderStatus.COMPLETED
        async with database.transaction() as tx:
            back = NewAdjustment(retailer_id=shop.id, amount_paisa=-50_000, reason=AdjustmentReason.RETURN)
            await record_adjustment(tx, admin, back)
        await until_status(database, paid, OrderStatus.COMPLETED)
    async with database.reading() as tx:
        steps = await tx.values(
            "SELECT to_status FROM order_history WHERE order_id = %(id)s ORDER BY id", {"id": paid.id}
        )
        told = await tx.values("SELECT body FROM outbound_messages ORDER BY id")
    assert steps[-4:] == ["DELIVERED", "COMPLETED", "DELIVERED", "COMPLETED"]
    # The shop reads Nepali: thanks with nothing left to pay, then what was taken back, why, and what is owed now.
    thanks, taken_back = [text for text in told if "Rs.1,000" in text]
    assert "तपाईंको Rs.1,000 भुक्तानी पायौं।\n👏 सबै तिरिसक्नुभयो।" in thanks
    assert "counted twice" in taken_back
    assert "तिर्न बाँकी: Rs.1,000" in taken_back


async def until_status(database: Database, order: Order, status: OrderStatus) -> None:
    """Until the worker has brought it there."""
    async with asyncio.timeout(20):
        while (await read_order(database, order)).status is not status:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("reached", [OrderStatus.PENDING, OrderStatus.ACCEPTED, OrderStatus.OUT_FOR_DELIVERY])
@pytest.mark.parametrize("verb", [fulfilment.cancel_order, fulfilment.fail_order])
async def test_an_order_that_ends_early_gives_everything_back_once(
    database: Database,
    admin: Actor,
    shop: Retailer,
    rice: Product,
    sellers: Sellers,
    place: PlaceOrders,
    reached: OrderStatus,
    verb: Callable[..., Awaitable[Order]],
) -> None:
    """[O34] CANCELLED and FAILED release stock and credit exactly once, whatever is tried afterwards."""
    ((vendor, offer),) = await sellers(1)
    (order,) = await place((rice, 5))
    order = await to_status(database, acting_for(vendor), order, reached)
    ended = await do(database, verb, admin, order, reason="shop closed")
    assert await read_stock(database, offer) == (100, 0)
    assert await used_paisa(database, shop) == (0, 0)
    if ended.status is OrderStatus.FAILED:
        assert ended.failure_reason == "shop closed"
        assert ended.failed_at is not None
    if reached is OrderStatus.PENDING:
        assert await read_answers(database, order) == [(1, "WITHDRAWN")]
    before = await snapshot(database)
    assert (await do(database, verb, admin, order, reason="again")).status is ended.status
    assert await snapshot(database) == before
    if ended.status is OrderStatus.FAILED:
        cancelled = await do(database, fulfilment.cancel_order, admin, order, reason="given up")
        assert cancelled.status is OrderStatus.CANCELLED
        assert await read_stock(database, offer) == (100, 0)
        assert await used_paisa(database, shop) == (0, 0)


async def test_a_refused_step_changes_nothing(
    database: Database,
    rice: Product,
    shop: Retailer,
    sellers: Sellers,
    place: PlaceOrders,
    make_retailer: MakeRetailer,
    make_vendor: MakeVendor,
) -> None:
    """[O33, O43] Strangers, the wrong side and the wrong moment are refused precisely, and no row differs after."""
    ((vendor, _),) = await sellers(1)
    (order,) = await place((rice, 5))
    stranger, other_shop = acting_for(await make_vendor()), acting_for(await make_retailer())
    own_shop, own_vendor = acting_for(shop), acting_for(vendor)
    await to_status(database, own_vendor, order, OrderStatus.DISPATCHED)
    tries: list[tuple[Callable[..., Awaitable[Order]], Actor, dict, type[KhaachoError]]] = [
        (fulfilment.accept_order, stranger, {}, Forbidden),
        (fulfilment.decline_order, stranger, {}, Forbidden),
        (fulfilment.decline_order, own_vendor, {}, InvalidTransition),
        (fulfilment.accept_order, own_vendor, {}, InvalidTransition),
        (fulfilment.deliver_order, stranger, {}, Forbidden),
        (fulfilment.deliver_order, own_shop, {}, Forbidden),
        (fulfilment.cancel_order, own_shop, {"reason": "late"}, InvalidTransition),
        (fulfilment.cancel_order, other_shop, {"reason": "mean"}, Forbidden),
        (fulfilment.complete_order, own_shop, {}, InvalidTransition),
        (fulfilment.complete_order, own_vendor, {}, Forbidden),
        (fulfilment.advance_order, own_vendor, {"to_status": OrderStatus.PACKING}, InvalidTransition),
    ]
    before = await snapshot(database)
    for verb, actor, given, refusal in tries:
        with pytest.raises(refusal):
            await do(database, verb, actor, order, **given)
    assert await snapshot(database) == before
    with pytest.raises(InvalidTransition) as refused:
        await do(database, fulfilment.advance_order, SYSTEM, order, to_status=OrderStatus.PACKING)
    assert refused.value.details == {
        "from_status": OrderStatus.DISPATCHED,
        "to_status": OrderStatus.PACKING,
        "allowed": ["OUT_FOR_DELIVERY", "DELIVERED", "CANCELLED", "FAILED"],
    }


async def test_a_vendor_that_lost_its_turn_is_told_so(
    database: Database, rice: Product, sellers: Sellers, place: PlaceOrders
) -> None:
    """[O42] After declining, the vendor cannot accept any more; declining again is fine."""
    market = await sellers(2)
    vendors = {vendor.id: vendor for vendor, _ in market}
    (order,) = await place((rice, 5))
    first = acting_for(vendors[order.vendor_id])
    moved = await do(database, fulfilment.decline_order, first, order, reason="no van today")
    assert moved.vendor_id != order.vendor_id
    with pytest.raises(NotYourTurn):
        await do(database, fulfilment.accept_order, first, order)
    before = await snapshot(database)
    await do(database, fulfilment.decline_order, first, order)
    assert await snapshot(database) == before
    second = acting_for(vendors[moved.vendor_id])
    assert (await do(database, fulfilment.accept_order, second, order)).status is OrderStatus.ACCEPTED
    assert await read_answers(database, order) == [(1, "DECLINED"), (2, "ACCEPTED")]
