"""Routing on real rows: what is read, what is counted beforehand, and what is remembered of a choice."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from tests.fixtures.people import MakeOffer, MakeProduct, MakeRetailer, MakeVendor
from tests.integration.orders.conftest import PlaceOrders, Sellers, acting_for

from khaacho import clock
from khaacho.actors import Actor
from khaacho.catalog.records import Product
from khaacho.errors import ProductNotFound
from khaacho.ids import new_id
from khaacho.orders import fulfilment
from khaacho.orders.candidates import count_routing_figures, find_market
from khaacho.orders.in_hand import find_considered, find_requests
from khaacho.orders.jobs import count_figures
from khaacho.orders.records import OrderStatus, ShortageReason, WantedLine
from khaacho.orders.routing import plan_routes
from khaacho.orders.scoring import Factor
from khaacho.parties.actions import update_vendors
from khaacho.parties.records import PartyStatus, Retailer
from khaacho.platform.database import Database


def want(product: Product, quantity: int | str = 1) -> WantedLine:
    return WantedLine(product_id=product.id, quantity=Decimal(quantity))


async def test_a_basket_is_split_into_one_order_per_vendor(
    database: Database,
    make_vendor: MakeVendor,
    make_product: MakeProduct,
    make_offer: MakeOffer,
    place: PlaceOrders,
) -> None:
    """[O40] Where nobody has everything, the fewest vendors get an order each, placed together."""
    one, other = await make_vendor(), await make_vendor()
    salt, soap, tea = [await make_product(vat_basis_points=0) for _ in range(3)]
    await make_offer(vendor=one, product=salt, price_paisa=2_500)
    await make_offer(vendor=one, product=soap, price_paisa=4_000)
    await make_offer(vendor=other, product=tea, price_paisa=9_900)
    orders = await place((salt, 4), (tea, 2), (soap, 3))
    assert {(order.vendor_id, order.total_paisa) for order in orders} == {(one.id, 22_000), (other.id, 19_800)}
    assert len({order.placement_key for order in orders}) == 1


async def test_only_active_offers_of_active_vendors_count(
    database: Database, admin: Actor, shop: Retailer, rice: Product, sellers: Sellers, make_offer: MakeOffer
) -> None:
    """[O40] Of a suspended vendor, a withdrawn offer, or nobody at all: NOT_OFFERED; an unknown id is refused."""
    ((vendor, _),) = await sellers(1)
    await make_offer(product=rice, active=False)
    async with database.transaction() as tx:
        planned = await plan_routes(tx, shop.id, [want(rice)])
        assert [part.vendor_id for part in planned.parts] == [vendor.id]
        excluded = await plan_routes(tx, shop.id, [want(rice)], exclude_vendor_ids=[vendor.id])
        assert (excluded.parts, excluded.shortages[0].why) == ((), ShortageReason.NOT_OFFERED)
        await update_vendors(tx, admin, changes={vendor.id: {"status": PartyStatus.SUSPENDED}})
        planned = await plan_routes(tx, shop.id, [want(rice)])
        assert (planned.parts, planned.shortages[0].why) == ((), ShortageReason.NOT_OFFERED)
        with pytest.raises(ProductNotFound):
            await plan_routes(tx, shop.id, [WantedLine(product_id=new_id(), quantity=Decimal(1))])


async def test_a_vendor_out_of_reach_is_not_asked(
    database: Database, make_vendor: MakeVendor, make_retailer: MakeRetailer, make_offer: MakeOffer, rice: Product
) -> None:
    """[O40] Where both places are known; a shop whose place is unknown is served by everyone."""
    vendor = await make_vendor(latitude=28.601, longitude=81.617, radius_km=5)
    await make_offer(vendor=vendor, product=rice)
    near = await make_retailer(latitude=28.61, longitude=81.62)
    far = await make_retailer(latitude=28.05, longitude=81.617)
    unknown = await make_retailer()
    async with database.reading() as tx:
        asked = [len((await plan_routes(tx, shop.id, [want(rice)])).parts) for shop in (near, far, unknown)]
    assert asked == [1, 0, 1]


async def test_open_orders_and_ceilings_are_seen_at_once(
    database: Database,
    shop: Retailer,
    rice: Product,
    make_vendor: MakeVendor,
    make_offer: MakeOffer,
    place: PlaceOrders,
) -> None:
    """[O41] With a ceiling of two pending orders the third goes elsewhere, or nowhere."""
    vendor = await make_vendor(pending_orders_max=2)
    await make_offer(vendor=vendor, product=rice)
    await place((rice, 1))
    (second,) = await place((rice, 1))
    async with database.transaction() as tx:
        assert (await plan_routes(tx, shop.id, [want(rice)])).parts == ()
        await fulfilment.accept_order(tx, acting_for(vendor), second.id)
        assert len((await plan_routes(tx, shop.id, [want(rice)])).parts) == 1
        facts = (await find_market(tx, shop.id, {rice.id})).vendors[vendor.id]
    assert (facts.pending_orders, facts.active_orders) == (1, 1)


async def test_reliability_and_shares_are_counted(
    database: Database, admin: Actor, shop: Retailer, rice: Product, sellers: Sellers, place: PlaceOrders
) -> None:
    """[O41] Answers and deliveries of 90 days, shares of 30; what a retailer cancelled is nobody's fault."""
    market = {vendor.id: vendor for vendor, _ in await sellers(2)}
    first = (await place((rice, 1)))[0]
    await place((rice, 1))
    kept, spoiled = market[first.vendor_id], first
    async with database.transaction() as tx:
        await fulfilment.accept_order(tx, acting_for(kept), spoiled.id)
        await fulfilment.fail_order(tx, acting_for(kept), spoiled.id, reason="no van")
    (delivered,) = await place((rice, 1))
    async with database.transaction() as tx:
        actor = acting_for(market[delivered.vendor_id])
        await fulfilment.accept_order(tx, actor, delivered.id)
        for status in (OrderStatus.PACKING, OrderStatus.DISPATCHED):
            await fulfilment.advance_order(tx, actor, delivered.id, status)
        await fulfilment.deliver_order(tx, actor, delivered.id)
    (cancelled,) = await place((rice, 1))
    async with database.transaction() as tx:
        await fulfilment.cancel_order(tx, acting_for(shop), cancelled.id, reason="no")
    assert (await count_figures(database, clock.now(), False))["rows"] > 0
    async with database.reading() as tx:
        counted = await tx.dicts("SELECT * FROM vendor_reliability")
        shares = await tx.dicts("SELECT vendor_id, share FROM product_shares")
    assert sum(row["requests_answered"] for row in counted) == 2
    assert sum(row["requests_accepted"] for row in counted) == 2
    assert sum(row["orders_ended"] for row in counted) == 2
    assert sum(row["orders_delivered"] for row in counted) == 1
    assert sum(row["share"] for row in shares) == pytest.approx(1)
    with clock.travelled_to(clock.now() + timedelta(days=31)):
        async with database.transaction() as tx:
            await count_routing_figures(tx)
        async with database.reading() as tx:
            assert await tx.value("SELECT count(*) FROM product_shares") == 0
            assert await tx.value("SELECT count(*) FROM vendor_reliability") > 0


async def test_who_has_most_of_a_products_orders_loses_the_tie(
    database: Database, shop: Retailer, rice: Product, sellers: Sellers, place: PlaceOrders
) -> None:
    """[O41] Two equal vendors: the one with all the orders of 30 days comes second, and the record says why."""
    await sellers(2)
    (order,) = await place((rice, 1))
    async with database.transaction() as tx:
        await fulfilment.cancel_order(tx, acting_for(shop), order.id, reason="only to be equal again")
        await tx.execute("UPDATE orders SET status = 'COMPLETED' WHERE id = %(id)s", {"id": order.id})
        await count_routing_figures(tx)
        await tx.execute("DELETE FROM vendor_reliability")
        planned = await plan_routes(tx, shop.id, [want(rice)])
    (part,) = planned.parts
    assert part.vendor_id != order.vendor_id
    loser = next(one for one in part.candidates if one.vendor_id == order.vendor_id)
    assert loser.dominant
    assert loser.reasons[-1] == "has 100% of a product's orders, loses ties"


async def test_the_choice_is_remembered_with_everybody_who_was_considered(
    database: Database, rice: Product, sellers: Sellers, place: PlaceOrders, make_offer: MakeOffer
) -> None:
    """[O41] The first question keeps every candidate with its score, factors and reasons."""
    await sellers(1)
    await make_offer(product=rice, price_paisa=12_000)
    (order,) = await place((rice, 5))
    async with database.reading() as tx:
        (request,) = await find_requests(tx, order.id)
        candidates = (await find_considered(tx, order.id))[request.id]
    assert [one.vendor_id == order.vendor_id for one in candidates] == [True, False]
    assert request.score == Decimal(str(candidates[0].score))
    # Of a market at Rs 110 the one at Rs 100 is 9.09 % below, the one at Rs 120 as much above.
    assert [one.factors[Factor.PRICE] for one in candidates] == [72.73, 27.27]
    assert "price at 91% of the market" in candidates[0].reasons
