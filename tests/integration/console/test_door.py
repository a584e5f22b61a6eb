"""Who gets in, how they are told when they do not, and what no form may do without its token [X11]."""

from __future__ import annotations

import re

import httpx
import pytest
from litestar.routes import HTTPRoute
from tests.fixtures.people import MakeRetailer, MakeUser
from tests.fixtures.processes import MakeSettings, Serve
from tests.integration.console.conftest import PASSWORD, Guest, PlaceOrderOf, SignedIn

from khaacho.actors import ActorRole
from khaacho.ids import new_id
from khaacho.orders.queries import require_order
from khaacho.orders.records import OrderStatus
from khaacho.parties.records import UserStatus, Vendor
from khaacho.parties.signin.passwords import hash_password
from khaacho.platform.database import Database
from khaacho.web.app import create_app


def filled(path: str, **given: str) -> str:
    """The path with something of the right kind in each of its places."""
    of_kind = {"uuid": f"{new_id()}", "int": "1"}
    return re.sub(r"\{(\w+):(\w+)\}", lambda place: given.get(place[1], of_kind.get(place[2], "x")), path)


async def test_the_front_door_leads_to_the_sign_in_and_on_to_the_page_that_was_wanted(
    guest: Guest, make_user: MakeUser
) -> None:
    """`/` goes to the console, the console to the sign-in, and whoever has signed in is where they wanted to be."""
    user = await make_user(ActorRole.OPERATOR, password_hash=await hash_password(PASSWORD))
    assert (await guest.look("/")).headers["location"] == "/console"
    turned_away = await guest.look("/console/orders?status=FAILED")
    assert turned_away.status_code == 303
    assert turned_away.headers["location"] == "/console/sign-in?next=/console/orders%3Fstatus%3DFAILED"
    await guest.look(turned_away.headers["location"])
    arrived = await guest.submit(
        "/console/sign-in", phone=user.phone, password=PASSWORD, next="/console/orders?status=FAILED"
    )
    assert (arrived.status_code, arrived.headers["location"]) == (303, "/console/orders?status=FAILED")
    assert (await guest.look("/console/orders?status=FAILED")).status_code == 200


@pytest.mark.parametrize("trap", ["https://evil.example/", "//evil.example", "/console//evil.example", "/api/v1/x", ""])
async def test_the_way_on_is_always_a_page_of_ours(guest: Guest, make_user: MakeUser, trap: str) -> None:
    """A link to the sign-in cannot send anybody elsewhere afterwards."""
    user = await make_user(password_hash=await hash_password(PASSWORD))
    answer = await guest.sign_in(user.phone, next=trap)
    assert answer.headers["location"] == "/console"


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(
    guest: Guest, make_user: MakeUser, serve: Serve
) -> None:
    """HttpOnly and SameSite=Lax always, Secure where the address is https."""
    user = await make_user(password_hash=await hash_password(PASSWORD))
    answer = await guest.sign_in(user.phone)
    (cookie,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith("khaacho_session=")]
    assert {"HttpOnly", "SameSite=lax", "Path=/console"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie
    with serve(KHAACHO_PUBLIC_URL="https://khaacho.example") as url:
        async with httpx.AsyncClient(base_url=url) as client:
            form = await client.get("/console/sign-in")
            assert "Secure" in form.headers["set-cookie"]


async def test_a_wrong_password_is_said_kindly_and_the_fifth_locks_for_a_while(
    guest: Guest, make_user: MakeUser
) -> None:
    """The phone stays in the form; a phone nobody has is answered alike; after five slips even the right one waits."""
    user = await make_user(password_hash=await hash_password(PASSWORD))
    unknown = await guest.sign_in("+9779811111111", "wrong")
    for _ in range(5):
        answer = await guest.sign_in(user.phone, "wrong")
        assert (answer.status_code, unknown.status_code) == (401, 401)
        assert "do not match" in answer.text
        assert "do not match" in unknown.text
        assert f'value="{user.phone}"' in answer.text
        assert 'aria-invalid="true"' in answer.text
    locked = await guest.sign_in(user.phone)
    assert locked.status_code == 429
    assert "Please wait 1 min" in locked.text


async def test_what_is_no_phone_number_and_who_is_not_active_are_told_so(guest: Guest, make_user: MakeUser) -> None:
    """Two more ways not to get in, each with its own sentence."""
    assert "not a phone number" in (await guest.sign_in("namaste")).text
    user = await make_user(password_hash=await hash_password(PASSWORD), status=UserStatus.SUSPENDED)
    answer = await guest.sign_in(user.phone)
    assert answer.status_code == 403
    assert "not active" in answer.text


async def test_a_retailer_is_sent_to_whatsapp_with_a_kind_word(guest: Guest, make_retailer: MakeRetailer) -> None:
    """Their password is right, but these pages are not for them; no session begins."""
    retailer = await make_retailer(password_hash=await hash_password(PASSWORD))
    answer = await guest.sign_in(retailer.phone)
    assert answer.status_code == 403
    assert "Your shop lives on WhatsApp" in answer.text
    assert "khaacho_session" not in guest.client.cookies


async def test_signing_out_ends_the_session_everywhere(signed_in: SignedIn) -> None:
    """Also a copy of the cookie is worth nothing afterwards."""
    admin = await signed_in()
    await admin.look("/console/orders")
    copied = dict(admin.client.cookies)
    assert (await admin.submit("/console/sign-out")).headers["location"] == "/console/sign-in"
    admin.client.cookies.update(copied)
    assert (await admin.look("/console")).status_code == 303


async def test_every_form_is_refused_without_its_token(
    signed_in: SignedIn, make_settings: MakeSettings, place_order: PlaceOrderOf, database: Database
) -> None:
    """Found from the routes themselves, so that a new form cannot be forgotten: none, a wrong one, nor another's."""
    order = await place_order()
    admin, other = await signed_in(), await signed_in()
    await other.look("/console/orders")
    forms = [
        route.path
        for route in create_app(make_settings()).routes
        if isinstance(route, HTTPRoute) and route.path.startswith("/console") and "POST" in route.methods
    ]
    assert "/console/orders/{reference:str}/{act:str}" in forms
    assert len(forms) >= 4
    for path in forms:
        address = filled(path, reference=order.code, act="accept", side="left", phone="+9779800000001")
        for token in ({}, {"csrf": "x" * 43}, {"csrf": other.token()}):
            answer = await admin.client.post(address, data={"phone": "9800000000", "password": "x", **token})
            assert answer.status_code == 403, (address, token)
    async with database.reading() as tx:
        assert (await require_order(tx, order.id)).status is OrderStatus.PENDING


async def test_nobody_gets_a_page_without_a_session(client: httpx.AsyncClient, make_settings: MakeSettings) -> None:
    """Every page and every part of one leads to the sign-in; a part that asks for itself takes its page there."""
    open_to_all = {"/console/sign-in", "/console/sign-up", "/console/sign-up/done", "/console/static/{name:str}"}
    pages = [
        route.path
        for route in create_app(make_settings()).routes
        if isinstance(route, HTTPRoute) and route.path.startswith("/console") and "GET" in route.methods
    ]
    assert len(pages) >= 10
    for path in set(pages) - open_to_all:
        answer = await client.get(filled(path))
        assert (answer.status_code, answer.headers["location"][:16]) == (303, "/console/sign-in"), path
    part = await client.get("/console/today/live", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/console/sign-in?next=/console")


async def test_pages_say_what_is_missing_on_a_page(signed_in: SignedIn) -> None:
    """An address that is nothing, and an order that is none, in the language of the visitor and with a way on."""
    admin = await signed_in()
    for address in ("/console/nonsense", "/console/orders/ORD200101-0001", "/console/orders/x%00y"):
        answer = await admin.look(f"{address}?lang=ne")
        assert answer.status_code == 404
        assert "यहाँ केही छैन" in answer.text
        assert 'href="/console"' in answer.text


async def test_a_vendor_has_their_orders_and_nothing_of_others(signed_in: SignedIn, vendor: Vendor) -> None:
    """The first page of a vendor is their orders; the pages of staff are not for them, nor are links to these."""
    seller = await signed_in(vendor)
    assert (await seller.look("/console")).headers["location"] == "/console/orders"
    page = await seller.look("/console/orders")
    assert "/console/retailers" not in page.text
    for address in ("/console/retailers", "/console/vendors", "/console/today/live", "/console/chat/people?side=left"):
        assert (await seller.look(address)).status_code == 403, address
