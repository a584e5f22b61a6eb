"""The chat simulator [O7]: what is typed takes the way of every message, and only those who may hold a telephone do."""

from __future__ import annotations

import re
from urllib.parse import quote

import httpx
from tests.fixtures.people import MakeVendor
from tests.fixtures.processes import Serve
from tests.integration.console.conftest import PASSWORD, Guest, SignedIn

from khaacho.parties.records import Retailer, Vendor
from khaacho.platform.database import Database


def telephone(side: str, phone: str) -> str:
    return f"/console/chat/{side}/{quote(phone)}"


async def test_what_is_typed_is_an_inbound_message_like_any_other(
    signed_in: SignedIn, shop: Retailer, vendor: Vendor, database: Database
) -> None:
    """Stored with a provider id of its own, worked by a job, shown at once with one tick; empty texts are nothing."""
    admin = await signed_in()
    page = (await admin.look(f"/console/chat?left={quote(shop.phone)}&right={quote(vendor.phone)}")).text
    assert "Gita &amp; Sons &lt;Kirana&gt;" in page
    assert vendor.name in page
    answer = await admin.client.post(
        telephone("left", shop.phone),
        data={"csrf": admin.token(), "text": "  5 bora <chamal> "},
        headers={"HX-Request": "true"},
    )
    assert answer.status_code == 200
    assert "5 bora &lt;chamal&gt;" in answer.text
    assert "Khaacho is writing" in answer.text
    await admin.submit(telephone("left", shop.phone), text="   ")
    async with database.reading() as tx:
        (stored,) = await tx.dicts(
            "SELECT m.body, m.channel, m.state, m.provider_message_id, c.phone FROM inbound_messages m"
            " JOIN contacts c ON c.id = m.contact_id"
        )
        jobs = await tx.value("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'DrainContact'")
    assert stored.pop("provider_message_id").startswith("sim-")
    assert stored == {
        "body": "5 bora <chamal>", "channel": "simulator", "state": "RECEIVED", "phone": shop.phone,
    }  # fmt: skip
    assert jobs == 1


async def test_a_suggestion_is_sent_as_it_stands_and_a_page_without_scripts_comes_back(
    signed_in: SignedIn, shop: Retailer, vendor: Vendor, database: Database
) -> None:
    """The button's words win over what is in the box; the answer leads back to the same two telephones."""
    admin = await signed_in()
    await admin.look(f"/console/chat?left={quote(shop.phone)}&right={quote(vendor.phone)}")
    answer = await admin.submit(
        telephone("left", shop.phone), text="", suggestion="STATUS", left=shop.phone, right=vendor.phone
    )
    assert answer.status_code == 303
    back = f"/console/chat?left={quote(shop.phone)}&right={quote(vendor.phone)}&show=left"
    assert answer.headers["location"] == back
    async with database.reading() as tx:
        assert await tx.values("SELECT body FROM inbound_messages") == ["STATUS"]


async def test_a_conversation_says_nothing_new_only_once(signed_in: SignedIn, shop: Retailer) -> None:
    """The part that asks every second gets 204 until there is something to show."""
    admin = await signed_in()
    page = (await admin.look(f"/console/chat?left={quote(shop.phone)}")).text
    address = re.search(r'hx-get="(/console/chat/left/[^"]+)"', page)
    assert address
    asked = address[1].replace("&amp;", "&")
    assert (await admin.look(asked)).status_code == 204
    await admin.look(f"/console/chat?left={quote(shop.phone)}")
    await admin.submit(telephone("left", shop.phone), text="namaste")
    answer = await admin.look(asked)
    assert (answer.status_code, "namaste" in answer.text) == (200, True)


async def test_people_are_found_and_strangers_made_up(signed_in: SignedIn, shop: Retailer, vendor: Vendor) -> None:
    """Retailers at the left, vendors at the right; any other number is somebody new; what is no number is refused."""
    admin = await signed_in()
    assert "Gita" in (await admin.look("/console/chat/people?side=left&q=gita")).text
    assert "Nobody fits" in (await admin.look("/console/chat/people?side=right&q=gita")).text
    assert vendor.name in (await admin.look("/console/chat/people?side=right&q=karnali")).text
    moved = await admin.look("/console/chat/new?phone=9812345678")
    assert moved.headers["location"] == f"/console/chat?left={quote('+9779812345678')}&show=left"
    assert "Somebody new" in (await admin.look(moved.headers["location"])).text
    assert (await admin.look("/console/chat/new?phone=hello")).status_code == 422


async def test_a_vendor_holds_only_their_own_telephone(
    signed_in: SignedIn, vendor: Vendor, make_vendor: MakeVendor, shop: Retailer, database: Database
) -> None:
    """Whatever the address says, a vendor sees and writes their own conversation alone."""
    other = await make_vendor()
    seller = await signed_in(vendor)
    page = (await seller.look(f"/console/chat?left={quote(shop.phone)}&right={quote(other.phone)}")).text
    assert (vendor.name in page, "Gita" in page, other.name in page) == (True, False, False)
    token = seller.token()
    for phone in (shop.phone, other.phone):
        assert (await seller.look(telephone("right", phone))).status_code == 403
        answer = await seller.client.post(telephone("right", phone), data={"csrf": token, "text": "ACCEPT"})
        assert answer.status_code == 403
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM inbound_messages") == 0


async def test_without_the_simulator_there_is_no_chat(serve: Serve, signed_in: SignedIn, vendor: Vendor) -> None:
    """Switched off, the pages are not there and nothing leads to them."""
    with serve(KHAACHO_SIMULATOR="off") as url:
        async with httpx.AsyncClient(base_url=url) as client:
            guest = Guest(client)
            assert (await guest.sign_in(vendor.phone, PASSWORD)).status_code == 303
            assert (await guest.look("/console/chat")).status_code == 404
            assert (await guest.look(telephone("right", vendor.phone))).status_code == 404
            assert "/console/chat" not in (await guest.look("/console/orders")).text
