"""One order at the console: its story, what it did to the ledger, and acts that call the very actions of the API."""

from __future__ import annotations

from decimal import Decimal

from tests.fixtures.people import MakeOffer, MakeVendor
from tests.integration.console.conftest import PlaceOrderOf, SignedIn
from tests.integration.console.test_pages import text_of

from khaacho.actors import Actor
from khaacho.catalog.queries import require_product
from khaacho.catalog.records import Offer
from khaacho.credit.queries import find_credit_lines, find_debits_of_orders
from khaacho.credit.records import CreditLine
from khaacho.ledger.queries import find_entries_of
from khaacho.ledger.reports import find_entries_about
from khaacho.orders.fulfilment import accept_order
from khaacho.orders.queries import find_order_history, find_order_lines, require_order
from khaacho.orders.records import Order, OrderStatus, PaymentMode
from khaacho.parties.records import Retailer, Vendor
from khaacho.platform.database import Database


async def read(database: Database, order: Order) -> Order:
    async with database.reading() as tx:
        return await require_order(tx, order.id)


async def read_line(database: Database, retailer: Retailer) -> CreditLine:
    async with database.reading() as tx:
        return (await find_credit_lines(tx, retailer.id))[0]


async def test_an_order_goes_its_whole_way_by_pressing_buttons(
    signed_in: SignedIn, place_order: PlaceOrderOf, database: Database, shop: Retailer
) -> None:
    """Accept, pack, dispatch, on the way, delivered [O33]: each is done, said, and signed by whoever pressed it."""
    order = await place_order(10)
    admin = await signed_in()
    await admin.look(f"/console/orders/{order.code}")
    for act, status in (
        ("accept", OrderStatus.ACCEPTED),
        ("pack", OrderStatus.PACKING),
        ("dispatch", OrderStatus.DISPATCHED),
        ("out-for-delivery", OrderStatus.OUT_FOR_DELIVERY),
        ("deliver", OrderStatus.DELIVERED),
    ):
        assert f'action="/console/orders/{order.code}/{act}"' in admin.page
        answer = await admin.submit(f"/console/orders/{order.code}/{act}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/console/orders/{order.code}?done={act}")
        assert order.code in text_of((await admin.look(answer.headers["location"])).text)
        assert (await read(database, order)).status is status
    async with database.reading() as tx:
        history = await find_order_history(tx, order.id)
    assert {step.actor_name for step in history[1:]} == {"Admin User"}
    page = text_of(admin.page)
    assert "Owed for it Rs. 1,130.00 Paid Rs. 0.00 Remaining Rs. 1,130.00" in page
    assert "Credit held" in page
    assert "Hold became a debt" in page
    assert "Delivered by Admin User" in page


async def test_what_did_not_arrive_is_not_owed(
    signed_in: SignedIn, place_order: PlaceOrderOf, database: Database, shop: Retailer
) -> None:
    """Quantities filled in [O34]: 4 of 10 packets are owed for, the rest is available again."""
    order = await place_order(10)
    admin = await signed_in()
    await admin.look(f"/console/orders/{order.code}")
    for act in ("accept", "pack", "dispatch"):
        await admin.submit(f"/console/orders/{order.code}/{act}")
        await admin.look(f"/console/orders/{order.code}")
    async with database.reading() as tx:
        (line,) = (await find_order_lines(tx, [order.id]))[order.id]
    quantities = {"quantities": "counted", f"quantity-{line.position}": "4"}
    assert (await admin.submit(f"/console/orders/{order.code}/deliver", **quantities)).status_code == 303
    assert (await read(database, order)).delivered_total_paisa == 452_00
    credit = await read_line(database, shop)
    assert (credit.posted, credit.held) == (452_00, 0)
    page = text_of((await admin.look(f"/console/orders/{order.code}")).text)
    assert "4 arrived" in page
    assert "For what arrived Rs. 452.00" in page


async def test_more_than_was_ordered_is_refused_with_its_figures_and_changes_nothing(
    signed_in: SignedIn, place_order: PlaceOrderOf, database: Database, shop: Retailer
) -> None:
    """The refusal stands on the order's page, with what was typed still in the form."""
    order = await place_order(10, mode=PaymentMode.COD)
    admin = await signed_in()
    await admin.look(f"/console/orders/{order.code}")
    for act in ("accept", "pack", "dispatch"):
        await admin.submit(f"/console/orders/{order.code}/{act}")
        await admin.look(f"/console/orders/{order.code}")
    async with database.reading() as tx:
        (line,) = (await find_order_lines(tx, [order.id]))[order.id]
    before = await read(database, order)
    for written, why in (
        ("11", "11 cannot be delivered; 10"),
        ("x", "is not a quantity"),
        ("1.2345", "three decimals"),
    ):
        quantities = {"quantities": "counted", f"quantity-{line.position}": written}
        answer = await admin.submit(f"/console/orders/{order.code}/deliver", **quantities)
        assert answer.status_code == 422
        assert why in text_of(answer.text)
        assert "Nothing was changed." in answer.text
        assert f'value="{written}"' in answer.text
    assert await read(database, order) == before


async def test_no_promise_is_undone_without_saying_why(
    signed_in: SignedIn, place_order: PlaceOrderOf, database: Database, shop: Retailer
) -> None:
    """Cancel, fail, decline, reroute without a reason are refused; with one it is kept, and the credit is back."""
    order = await place_order(10)
    admin = await signed_in()
    await admin.look(f"/console/orders/{order.code}")
    before = await read(database, order)
    for act in ("cancel", "fail", "decline", "reroute"):
        answer = await admin.submit(f"/console/orders/{order.code}/{act}", reason="  ")
        assert answer.status_code == 422, act
        assert "say in a few words why" in answer.text
    assert await read(database, order) == before
    answer = await admin.submit(f"/console/orders/{order.code}/cancel", reason="the shop called <b>twice</b>")
    assert answer.status_code == 303
    page = (await admin.look(f"/console/orders/{order.code}")).text
    assert "the shop called &lt;b&gt;twice&lt;/b&gt;" in page
    assert "Nothing more can be done" in page
    assert (await read_line(database, shop)).used_paisa == 0


async def test_an_act_that_came_too_late_says_what_is_possible(
    signed_in: SignedIn, place_order: PlaceOrderOf, database: Database, admin: Actor
) -> None:
    """The page was open while somebody else moved the order: 409 with both states and what can be done now."""
    order = await place_order(10)
    guest = await signed_in()
    await guest.look(f"/console/orders/{order.code}")
    async with database.transaction() as tx:
        await accept_order(tx, admin, order.id)
    answer = await guest.submit(f"/console/orders/{order.code}/dispatch")
    assert answer.status_code == 409
    page = text_of(answer.text)
    assert "It is ACCEPTED It should become DISPATCHED Possible now PACKING, CANCELLED, FAILED" in page
    assert (await read(database, order)).status is OrderStatus.ACCEPTED


async def test_a_failed_order_is_tried_again_and_a_pending_one_given_to_somebody_else(
    signed_in: SignedIn,
    place_order: PlaceOrderOf,
    database: Database,
    offer: Offer,
    make_offer: MakeOffer,
    make_vendor: MakeVendor,
) -> None:
    """Retry and reroute from the page; the vendor that was considered is named in the choice, with its score."""
    other = await make_vendor(name="Bheri Suppliers")
    async with database.reading() as tx:
        product = await require_product(tx, offer.product_id)
    await make_offer(vendor=other, product=product)
    order = await place_order(10)
    second = other.id if order.vendor_id != other.id else offer.vendor_id
    admin = await signed_in()
    await admin.look(f"/console/orders/{order.code}")
    assert f'<option value="{second}">' in admin.page
    assert "Why this vendor (question 1)" in admin.page
    moved = await admin.submit(f"/console/orders/{order.code}/reroute", vendor=str(second), reason="they are nearer")
    assert moved.status_code == 303
    assert (await read(database, order)).vendor_id == second
    await admin.look(f"/console/orders/{order.code}")
    assert "Why this vendor (question 2)" in admin.page
    await admin.submit(f"/console/orders/{order.code}/fail", reason="no lorry today")
    await admin.look(f"/console/orders/{order.code}")
    assert "Failed: no lorry today" in text_of(admin.page)
    assert (await admin.submit(f"/console/orders/{order.code}/retry")).status_code == 303
    assert (await read(database, order)).status is OrderStatus.PENDING


async def test_a_vendor_acts_on_their_own_order_and_sees_nothing_of_rivals_or_the_ledger(
    signed_in: SignedIn, place_order: PlaceOrderOf, database: Database, vendor: Vendor
) -> None:
    """[O43]: accept and go on; no scores, no ledger, no rerouting, and staff's acts are refused."""
    order = await place_order(10)
    seller = await signed_in(vendor)
    page = (await seller.look(f"/console/orders/{order.code}")).text
    for hidden in ("Why this vendor", "Ledger", "/reroute", "/fail", "/cancel"):
        assert hidden not in page, hidden
    refused = await seller.submit(f"/console/orders/{order.code}/reroute", reason="I want another")
    assert refused.status_code == 403
    await seller.look(f"/console/orders/{order.code}")
    assert (await seller.submit(f"/console/orders/{order.code}/accept")).status_code == 303
    assert (await read(database, order)).status is OrderStatus.ACCEPTED


async def test_the_ledger_of_the_page_is_the_ledger(
    signed_in: SignedIn, place_order: PlaceOrderOf, database: Database
) -> None:
    """The report that begins at the source finds exactly the entries that a look at every entry finds."""
    order, _ = await place_order(10), await place_order(3)
    admin = await signed_in()
    await admin.look(f"/console/orders/{order.code}")
    for act in ("accept", "pack", "dispatch", "deliver"):
        await admin.submit(f"/console/orders/{order.code}/{act}")
        await admin.look(f"/console/orders/{order.code}")
    async with database.reading() as tx:
        entries = await find_entries_about(tx, order.id)
        assert entries == await find_entries_of(tx, [order.id])
        assert (await find_debits_of_orders(tx, [order.id]))[order.id].amount_paisa == 1_130_00
    assert [(one.held_change, one.posted_change) for one in entries] == [(1_130_00, 0), (-1_130_00, 1_130_00)]
    assert Decimal(entries[-1].posted_after) == 1_130_00
