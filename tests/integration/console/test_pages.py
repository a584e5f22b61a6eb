"""The pages show what is so: figures of the day, lists with filters, people with what they may still buy."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import msgspec
from tests.fixtures.people import MakeOffer, MakeVendor
from tests.integration.console.conftest import PlaceOrderOf, SignedIn

from khaacho import clock
from khaacho.actors import Actor
from khaacho.catalog.records import Offer
from khaacho.console.orders import PAGE_LENGTH
from khaacho.orders.asking import time_out_request
from khaacho.orders.fulfilment import accept_order, advance_order, deliver_order, fail_order
from khaacho.orders.in_hand import find_requests
from khaacho.orders.records import OrderStatus
from khaacho.orders.reports import Trouble, find_troubled_orders
from khaacho.parties.records import Retailer, Vendor
from khaacho.platform.database import Database


def text_of(html: str) -> str:
    """What a reader sees, in one line."""
    without_scripts = re.sub(r"<(script|style)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", without_scripts)).replace("\xa0", " ")


async def test_today_adds_up(signed_in: SignedIn, place_order: PlaceOrderOf, database: Database, admin: Actor) -> None:
    """Orders of today with their worth, the steps they took, and what is owed once one was delivered on credit."""
    delivered, _ = await place_order(10), await place_order(20)
    async with database.transaction() as tx:
        await accept_order(tx, admin, delivered.id)
    async with database.transaction() as tx:
        for stage in (OrderStatus.PACKING, OrderStatus.DISPATCHED):
            await advance_order(tx, admin, delivered.id, stage)
        await deliver_order(tx, admin, delivered.id)
    page = text_of((await (await signed_in()).look("/console")).text)
    # 10 and 20 packets at Rs 100, and 13 % VAT.
    assert "Owed to us and to vendors Rs. 1,130 Rs. 0 overdue 1 retailers owe, 0 of them late" in page
    assert "Ordered today Rs. 3,390 2 orders" in page
    assert "Placed 2 Accepted 1 Delivered 1 Failed 0 Cancelled 0 In work now 1 Open baskets 0" in page


async def test_the_chart_has_every_day_and_its_last_one_is_today(
    signed_in: SignedIn, place_order: PlaceOrderOf, database: Database, admin: Actor
) -> None:
    """Thirty business days, those without orders too; what was placed at 23:59 and at 00:01 is on different days."""
    midnight = clock.start_of_business_day(clock.business_day())
    for minutes, packets in ((-1, 1), (1, 2)):
        with clock.travelled_to(midnight + timedelta(minutes=minutes)):
            await place_order(packets)
    page = (await (await signed_in()).look("/console")).text
    found = re.search(r"data-days='([^']+)'", page)
    assert found
    days = msgspec.json.decode(found[1])
    today = clock.business_day()
    assert [day for day, _, _ in days] == [(today - timedelta(days=ago)).isoformat() for ago in reversed(range(30))]
    assert [ordered for _, ordered, _ in days] == [0] * 28 + [113_00, 226_00]


async def test_the_live_part_carries_no_repetition(signed_in: SignedIn, place_order: PlaceOrderOf) -> None:
    """Asked with the digest of what is shown it answers 204; as soon as something happened, the new part."""
    guest = await signed_in()
    page = (await guest.look("/console")).text
    address = re.search(r'hx-get="(/console/today/live\?seen=[0-9a-f]+)"', page)
    assert address
    assert (await guest.look(address[1])).status_code == 204
    order = await place_order()
    answer = await guest.look(address[1])
    assert (answer.status_code, order.code in answer.text) == (200, True)
    assert "<html" not in answer.text


async def test_what_needs_somebody_is_found(
    database: Database, admin: Actor, place_order: PlaceOrderOf, make_offer: MakeOffer, vendor: Vendor
) -> None:
    """Asked of nobody, asked for too long, stuck on its way, failed: these and no other, the live ones first."""
    waiting, unroutable, stuck, failed, fine = [await place_order() for _ in range(5)]
    async with database.transaction() as tx:
        for order in (stuck, fine):
            await accept_order(tx, admin, order.id)
        await fail_order(tx, admin, failed.id, reason="the road is blocked")
    with clock.travelled_to(clock.now() + timedelta(minutes=121)):
        async with database.transaction() as tx:
            (request,) = await find_requests(tx, unroutable.id)
            assert await time_out_request(tx, request.id)
            await advance_order(tx, admin, fine.id, OrderStatus.PACKING)
        async with database.reading() as tx:
            found = await find_troubled_orders(tx, now=clock.now(), limit=10)
    assert {one.id: one.trouble for one in found} == {
        waiting.id: Trouble.WAITING,
        unroutable.id: Trouble.UNROUTABLE,
        stuck.id: Trouble.STUCK,
        failed.id: Trouble.FAILED,
    }
    assert found[-1].id == failed.id


async def test_the_list_of_orders_obeys_its_filters(
    signed_in: SignedIn, place_order: PlaceOrderOf, database: Database, admin: Actor, shop: Retailer, vendor: Vendor
) -> None:
    """By state, by words in a code, a retailer's or a vendor's name, by days; nonsense in the address is no filter."""
    first, second = await place_order(1), await place_order(2)
    async with database.transaction() as tx:
        await accept_order(tx, admin, second.id)
    guest = await signed_in()

    async def codes(query: str) -> list[str]:
        page = (await guest.look(f"/console/orders?{query}")).text
        return re.findall(r'href="/console/orders/(ORD[\d-]+)"', page)

    newest_first = [second.code, first.code]
    assert await codes("") == newest_first
    assert await codes("sort=oldest") == newest_first[::-1]
    assert await codes("status=OPEN") == newest_first
    assert await codes("status=PENDING") == [first.code]
    assert await codes("status=FAILED") == []
    assert await codes(f"q={first.code}") == [first.code]
    assert await codes(f"q={first.code.replace('-', '').lower()}") == [first.code]
    assert await codes("q=gita") == newest_first
    assert await codes(f"q={vendor.name.split()[0]}") == newest_first
    assert await codes("q=nobody+of+that+name") == []
    assert await codes(f"retailer={shop.id}&vendor={vendor.id}") == newest_first
    assert await codes(f"vendor={shop.id}") == []
    today = clock.business_day()
    assert await codes(f"from={today}&to={today}") == newest_first
    assert await codes(f"from={today + timedelta(days=1)}") == []
    assert await codes(f"to={today - timedelta(days=1)}") == []
    nonsense = "status=NO&from=yesterday&retailer=1&sort=up&after=!!&to=9999-12-31"
    assert await codes(nonsense) == newest_first


async def test_a_long_list_comes_in_parts_without_gaps_or_repetitions(
    signed_in: SignedIn, place_order: PlaceOrderOf
) -> None:
    """Each part leads to the next; together they are everything, once, newest first."""
    placed = [(await place_order(1)).code for _ in range(PAGE_LENGTH + 3)]
    guest = await signed_in()
    seen: list[str] = []
    address = "/console/orders?status=PENDING"
    while address:
        page = (await guest.look(address, **({"HX-Request": "true"} if seen else {}))).text
        seen += re.findall(r'href="/console/orders/(ORD[\d-]+)"', page)
        found = re.search(r'hx-get="([^"]+)" hx-target="closest li"', page)
        address = found[1].replace("&amp;", "&") if found else ""
    assert seen == placed[::-1]


async def test_retailers_and_vendors_show_where_they_stand(
    signed_in: SignedIn, place_order: PlaceOrderOf, shop: Retailer, vendor: Vendor
) -> None:
    """Limit, used, available to the rupee, and orders in work; names are escaped, searched and led to their orders."""
    await place_order(100)
    guest = await signed_in()
    page = (await guest.look("/console/retailers?q=gita")).text
    assert "Gita &amp; Sons &lt;Kirana&gt;" in page
    assert f'href="/console/retailers/{shop.id}"' in page
    assert "Limit Rs. 1,00,000 Used Rs. 11,300 Available Rs. 88,700 In work 1" in text_of(page)
    page = (await guest.look(f"/console/vendors?q={vendor.phone}")).text
    assert f'href="/console/orders?vendor={vendor.id}"' in page
    assert "In work 1" in text_of(page)
    assert "No vendor fits" in (await guest.look("/console/vendors?q=zzz")).text


async def test_the_pages_speak_both_languages(signed_in: SignedIn, place_order: PlaceOrderOf) -> None:
    """`?lang=` changes the language for this page and those after it, with its addresses kept."""
    await place_order()
    guest = await signed_in()
    page = (await guest.look("/console/orders?status=OPEN&lang=ne")).text
    assert '<html lang="ne">' in page
    assert "पर्खाइमा" in page
    assert "?status=OPEN&amp;lang=en" in page
    assert '<html lang="ne">' in (await guest.look("/console")).text
    assert '<html lang="en">' in (await guest.look("/console?lang=en")).text


async def test_a_vendor_sees_their_own_orders_only(
    signed_in: SignedIn, place_order: PlaceOrderOf, make_vendor: MakeVendor, make_offer: MakeOffer, vendor: Vendor
) -> None:
    """Another vendor's order is not in the list, not to be found, and as if it did not exist."""
    other: Offer = await make_offer(vendor=await make_vendor(), stock=Decimal(100))
    own, foreign = await place_order(), await place_order(product=other)
    seller = await signed_in(vendor)
    for query in ("", f"?q={foreign.code}", f"?vendor={foreign.vendor_id}", "?q=gita"):
        page = (await seller.look(f"/console/orders{query}")).text
        assert f"/console/orders/{foreign.code}" not in page, query
    assert own.code in (await seller.look("/console/orders")).text
    assert (await seller.look(f"/console/orders/{foreign.code}")).status_code == 404
    assert (await seller.look(f"/console/orders/{own.code}")).status_code == 200
    refused = await seller.submit(f"/console/orders/{foreign.code}/accept")
    assert refused.status_code == 404
