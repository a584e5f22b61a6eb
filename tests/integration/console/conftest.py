"""People at the console: signed in with a password over the real pages, and orders for them to look at."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from decimal import Decimal
from itertools import count
from typing import Any

import httpx
import pytest
from tests.fixtures.people import MakeOffer, MakeRetailer, MakeUser, MakeVendor

from khaacho.actors import Actor, ActorRole
from khaacho.catalog.records import Offer
from khaacho.credit.actions import open_credit_lines
from khaacho.credit.records import NewCreditLine
from khaacho.orders.placer import OrderPlacer, PlaceOrder, WantedItem
from khaacho.orders.records import Order, PaymentMode
from khaacho.parties.records import Retailer, Vendor
from khaacho.parties.signin.passwords import hash_password
from khaacho.platform.database import Database

PASSWORD = "namaste-surkhet"
LINE_PAISA = 100_000_00

_keys = count(1)


class Guest:
    """A browser without scripts: it keeps cookies, follows links and fills in forms with the token they carry."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client
        self.page = ""

    async def look(self, address: str, **headers: str) -> httpx.Response:
        """Open a page and stay on it."""
        answer = await self.client.get(address, headers=headers)
        self.page = answer.text
        return answer

    def token(self) -> str:
        """The token of the forms on the page that is open."""
        found = re.search(r'name="csrf" value="([^"]+)"', self.page)
        assert found, "no form on this page"
        return found[1]

    async def submit(self, address: str, **fields: Any) -> httpx.Response:
        """Send a form of the page that is open."""
        answer = await self.client.post(address, data={"csrf": self.token(), **fields})
        self.page = answer.text
        return answer

    async def sign_in(self, phone: str, password: str = PASSWORD, **fields: str) -> httpx.Response:
        """Through the door."""
        await self.look("/console/sign-in")
        return await self.submit("/console/sign-in", phone=phone, password=password, **fields)


@pytest.fixture
async def guest(client: httpx.AsyncClient) -> Guest:
    """Somebody at the door."""
    return Guest(client)


SignedIn = Callable[..., Awaitable[Guest]]


@pytest.fixture
async def signed_in(web_url: str, make_user: MakeUser) -> AsyncIterator[SignedIn]:
    """`await signed_in()` is an admin at the console; a role or a vendor may be given."""
    opened: list[httpx.AsyncClient] = []

    async def make(who: Vendor | None = None, role: ActorRole = ActorRole.ADMIN) -> Guest:
        client = httpx.AsyncClient(base_url=web_url, timeout=20)
        opened.append(client)
        guest = Guest(client)
        phone = who.phone if who else (await make_user(role, password_hash=await hash_password(PASSWORD))).phone
        answer = await guest.sign_in(phone)
        assert answer.status_code == 303, answer.text
        return guest

    yield make
    for client in opened:
        await client.aclose()


@pytest.fixture
async def vendor(make_vendor: MakeVendor) -> Vendor:
    """A vendor who can sign in."""
    return await make_vendor(name="Karnali Bhandar", password_hash=await hash_password(PASSWORD))


@pytest.fixture
async def shop(database: Database, admin: Actor, make_retailer: MakeRetailer) -> Retailer:
    """A retailer with a credit line of Rs 1,00,000, all of it usable for one order."""
    retailer = await make_retailer(pasal_name="Gita & Sons <Kirana>")
    async with database.transaction() as tx:
        await open_credit_lines(
            tx, admin, [NewCreditLine(retailer_id=retailer.id, limit_paisa=LINE_PAISA, max_order_paisa=LINE_PAISA)]
        )
    return retailer


@pytest.fixture
async def offer(vendor: Vendor, make_offer: MakeOffer) -> Offer:
    """A thousand packets of one product at Rs 100 (and VAT), at the vendor."""
    return await make_offer(vendor=vendor)


PlaceOrderOf = Callable[..., Awaitable[Order]]


@pytest.fixture
def place_order(database: Database, admin: Actor, shop: Retailer, offer: Offer) -> PlaceOrderOf:
    """`await place_order(5)`: that many packets for the shop, on credit unless another mode is given."""

    async def make(packets: int = 10, *, mode: PaymentMode = PaymentMode.CREDIT, product: Offer | None = None) -> Order:
        wanted = WantedItem(product_id=(product or offer).product_id, quantity=Decimal(packets))
        order = PlaceOrder(
            retailer_id=shop.id, items=(wanted,), payment_mode=mode, idempotency_key=f"console-{next(_keys)}"
        )
        return (await OrderPlacer(database).submit(admin, order))[0]

    return make
