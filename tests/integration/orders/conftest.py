"""Orders for the tests of this folder: a shop with credit, wholesalers with goods, and orders placed as in life."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from tests.fixtures.people import MakeOffer, MakeProduct, MakeRetailer, MakeVendor

from khaacho.actors import Actor, ActorRole
from khaacho.catalog.records import Offer, Product
from khaacho.credit.actions import open_credit_lines
from khaacho.credit.records import NewCreditLine
from khaacho.orders.placer import OrderPlacer, PlaceOrder, WantedItem
from khaacho.orders.queries import find_order_lines, require_order
from khaacho.orders.records import Order, OrderLine, PaymentMode
from khaacho.parties.records import Retailer, Vendor
from khaacho.platform.database import Database

LINE_PAISA = 100_000_00

_keys = count(1)

PlaceOrders = Callable[..., Awaitable[list[Order]]]


@pytest.fixture
async def shop(database: Database, admin: Actor, make_retailer: MakeRetailer) -> Retailer:
    """A shop with a credit line of Rs 1,00,000, all of it usable for one order."""
    retailer = await make_retailer()
    async with database.transaction() as tx:
        await open_credit_lines(
            tx,
            admin,
            [NewCreditLine(retailer_id=retailer.id, limit_paisa=LINE_PAISA, max_order_paisa=LINE_PAISA)],
        )
    return retailer


@pytest.fixture
def place(database: Database, admin: Actor, shop: Retailer) -> PlaceOrders:
    """Place an order: `await place((product, 5), mode=PaymentMode.CREDIT)`; one order per vendor comes back."""

    async def make(
        *items: tuple[Product, Decimal | int], mode: PaymentMode = PaymentMode.CREDIT, retailer: Retailer | None = None
    ) -> list[Order]:
        placer = OrderPlacer(database)
        return await placer.submit(
            admin,
            PlaceOrder(
                retailer_id=(retailer or shop).id,
                items=tuple(
                    WantedItem(product_id=product.id, quantity=Decimal(quantity)) for product, quantity in items
                ),
                payment_mode=mode,
                idempotency_key=f"test-{next(_keys)}",
            ),
        )

    return make


@pytest.fixture
async def rice(make_product: MakeProduct) -> Product:
    """Rice in packets, without VAT, so that sums are easy to follow."""
    return await make_product(vat_basis_points=0)


Market = Sequence[tuple[Vendor, Offer]]
Sellers = Callable[..., Awaitable[Market]]


@pytest.fixture
def sellers(make_vendor: MakeVendor, make_offer: MakeOffer, rice: Product) -> Sellers:
    """`await sellers(3)`: that many wholesalers with 100 packets of rice each at Rs 100; offers may be changed."""

    async def make(number: int, **fields: Any) -> Market:
        made: list[tuple[Vendor, Offer]] = []
        for _ in range(number):
            vendor = await make_vendor()
            made.append((vendor, await make_offer(vendor=vendor, product=rice, **{"stock": 100, **fields})))
        return made

    return make


def acting_for(party: Retailer | Vendor) -> Actor:
    """The retailer or vendor as the one who does something."""
    if isinstance(party, Vendor):
        return Actor(role=ActorRole.VENDOR, name=party.name, vendor_id=party.id)
    return Actor(role=ActorRole.RETAILER, name=party.pasal_name, retailer_id=party.id)


async def read_order(database: Database, order: Order) -> Order:
    """The order as it is stored now."""
    async with database.reading() as tx:
        return await require_order(tx, order.id)


async def read_lines(database: Database, order: Order) -> list[OrderLine]:
    """Its lines as they are stored now."""
    async with database.reading() as tx:
        return (await find_order_lines(tx, [order.id]))[order.id]


async def read_stock(database: Database, offer: Offer) -> tuple[Decimal, Decimal]:
    """(physical, reserved) of an offer."""
    async with database.reading() as tx:
        (row,) = await tx.dicts("SELECT physical, reserved FROM stock WHERE id = %(id)s", {"id": offer.id})
    return row["physical"], row["reserved"]


async def read_answers(database: Database, order: Order) -> list[tuple[int, str]]:
    """(attempt, answer) of every question about the order."""
    async with database.reading() as tx:
        rows = await tx.dicts(
            "SELECT attempt, answer FROM vendor_requests WHERE order_id = %(id)s ORDER BY attempt", {"id": order.id}
        )
    return [(row["attempt"], row["answer"]) for row in rows]


async def read_events(database: Database, kind: str) -> list[dict[str, Any]]:
    """The bodies of events published and not delivered yet."""
    async with database.reading() as tx:
        return await tx.values(
            """
            SELECT convert_from(payload, 'UTF8')::jsonb -> 'body'
            FROM pgqueuer
            WHERE entrypoint = 'DeliverEvent' AND convert_from(payload, 'UTF8')::jsonb ->> 'kind' = %(kind)s
            ORDER BY id
            """,
            {"kind": kind},
        )


async def snapshot(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Every row that an order may touch, for proving that a refusal changed nothing."""
    tables = (
        "orders",
        "order_lines",
        "order_history",
        "vendor_requests",
        "stock",
        "ledger_accounts",
        "ledger_holds",
        "ledger_hold_endings",
        "ledger_entries",
        "ledger_transfers",
        "credit_debits",
        "credit_payments",
        "audit_entries",
        "order_escalations",
    )
    async with database.reading() as tx:
        rows = {table: await tx.dicts(f"SELECT * FROM {table} ORDER BY 1::text, 2::text") for table in tables}
        rows["jobs"] = await tx.dicts("SELECT entrypoint, payload FROM pgqueuer ORDER BY id")
    return rows
