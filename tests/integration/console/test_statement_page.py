"""The page of a shop's statement: what the API tells, for people, and the way to paper."""

from __future__ import annotations

import io
from datetime import timedelta

import pypdf
from tests.integration.console.conftest import PlaceOrderOf, SignedIn

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.records import NewPayment, PaymentMethod
from khaacho.orders.fulfilment import accept_order, advance_order, deliver_order
from khaacho.orders.records import Order, OrderStatus
from khaacho.parties.records import Retailer, Vendor
from khaacho.platform.database import Database


async def trade(database: Database, admin: Actor, place_order: PlaceOrderOf) -> Order:
    """An order of Rs 1,130 delivered, Rs 400 paid on it."""
    order = await place_order(10)
    async with database.transaction() as tx:
        await accept_order(tx, admin, order.id)
        for stage in (OrderStatus.PACKING, OrderStatus.DISPATCHED):
            await advance_order(tx, admin, order.id, stage)
        await deliver_order(tx, admin, order.id)
    new = NewPayment(
        amount_paisa=40_000, method=PaymentMethod.CASH, retailer_id=order.retailer_id, reference="<b>book 7</b>"
    )
    async with database.transaction() as tx:
        await record_payment(tx, admin, new)
    return order


async def test_the_page_reads_like_an_account(
    signed_in: SignedIn, shop: Retailer, place_order: PlaceOrderOf, database: Database, admin: Actor
) -> None:
    """[C7] Every change with the balance after it, escaped; sums, ages, and the days of both calendars."""
    order = await trade(database, admin, place_order)
    guest = await signed_in()
    page = (await guest.look(f"/console/retailers/{shop.id}/statement")).text.replace("\xa0", " ")
    for words in (
        "Statement of account",
        "Gita &amp; Sons &lt;Kirana&gt;",
        f"Goods delivered: {order.code}",
        "Payment, cash: &lt;b&gt;book 7&lt;/b&gt;",
        "Rs. 1,130.00",
        "Rs. 730.00",
        clock.bikram_sambat(clock.business_day()),
    ):
        assert words in page, words
    nepali = (await guest.look(f"/console/retailers/{shop.id}/statement?lang=ne")).text
    assert "खाता विवरण" in nepali
    assert "भुक्तानी, नगद" in nepali


async def test_the_time_is_chosen_in_the_address(
    signed_in: SignedIn, shop: Retailer, place_order: PlaceOrderOf, database: Database, admin: Actor
) -> None:
    """What cannot be meant is left out; the files are of the same days as the page."""
    await trade(database, admin, place_order)
    guest = await signed_in()
    tomorrow = clock.business_day() + timedelta(days=1)
    later = (await guest.look(f"/console/retailers/{shop.id}/statement?from={tomorrow}&to={tomorrow}")).text
    assert "Nothing moved in this time." in later
    assert f"/console/retailers/{shop.id}/statement/pdf?from={tomorrow}&amp;to={tomorrow}" in later
    for strange in ("from=soon&to=never", "from=all", "from=2030-01-01&to=2020-01-01", "from=0001-01-01"):
        assert (await guest.look(f"/console/retailers/{shop.id}/statement?{strange}")).status_code == 200, strange


async def test_files_come_with_a_name_and_leave_a_trace(
    signed_in: SignedIn, shop: Retailer, place_order: PlaceOrderOf, database: Database, admin: Actor
) -> None:
    """[C80] In the language of the page; the audit names who took them."""
    await trade(database, admin, place_order)
    guest = await signed_in()
    address = f"/console/retailers/{shop.id}/statement"
    paper = await guest.look(f"{address}/pdf?from=all&lang=ne")
    assert paper.headers["content-disposition"].endswith(f'-{clock.business_day()}.pdf"')
    assert "खाता" in pypdf.PdfReader(io.BytesIO(paper.content)).pages[0].extract_text()
    assert "ORDER" in (await guest.look(f"{address}/csv?from=all")).content.decode("utf-8-sig")
    assert (await guest.look(f"{address}/doc")).status_code == 400
    async with database.reading() as tx:
        formats = await tx.values(
            "SELECT new_values ->> 'format' FROM audit_entries WHERE action = 'EXPORT' ORDER BY id"
        )
    assert formats == ["pdf", "csv"]


async def test_it_is_for_staff_only(signed_in: SignedIn, shop: Retailer, vendor: Vendor) -> None:
    """A wholesaler does not see what a shop owes; a shop that is not there is said so on a page."""
    wholesaler = await signed_in(vendor)
    for end in ("", "/pdf", "/csv"):
        answer = await wholesaler.look(f"/console/retailers/{shop.id}/statement{end}")
        assert answer.status_code == 403
    operator = await signed_in(role=ActorRole.OPERATOR)
    assert (await operator.look(f"/console/retailers/{shop.id}/statement")).status_code == 200
    assert (await operator.look(f"/console/retailers/{shop.user_id}/statement")).status_code == 404
