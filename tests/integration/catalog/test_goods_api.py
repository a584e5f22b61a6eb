"""Products, words for them, and offers over HTTP. [O13] [O15] [O37]"""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.fixtures.people import BearerOf, MakeOffer, MakeProduct, MakeRetailer, MakeVendor

from khaacho.actors import Actor
from khaacho.catalog.product_actions import add_aliases, forget_alias
from khaacho.catalog.queries import (
    find_catalog_version,
    find_named_products,
    find_offers_for_products,
    find_retailer_aliases,
    read_catalog,
    resolve_items,
)
from khaacho.catalog.records import NewAlias
from khaacho.errors import AmbiguousSku, NotFound, ProductNotFound
from khaacho.ids import new_id
from khaacho.parties.records import PartyStatus
from khaacho.platform.database import Database

SUGAR = {"code": "SUGAR-LOOSE", "name": "Sugar loose", "category": "sugar", "sellingUnit": "kg"}


async def version(database: Database) -> int:
    async with database.reading() as tx:
        return await find_catalog_version(tx)


def error_of(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


# --- products ----------------------------------------------------------------------------------------------------


async def test_a_product_comes_and_changes(
    client: httpx.AsyncClient, as_admin: dict[str, str], database: Database
) -> None:
    """Percent and rupees outside, exact decimals; each change grows the catalogue's version and is audited."""
    before = await version(database)
    body = {**SUGAR, "nameNe": "चिनी", "packSize": 1, "packUnit": "kg", "listPrice": "98.50", "unitsPerCarton": 20}
    answer = await client.post("/api/v1/admin/products", json=body, headers=as_admin)
    assert answer.status_code == 201, answer.text
    product = answer.json()["data"]
    assert {name: product[name] for name in body} == {**body, "listPrice": 98.5}
    assert (product["vatRate"], product["active"], await version(database)) == (13, True, before + 1)
    patch = {"vatRate": 0, "packSize": None, "active": True}
    patched = await client.patch(f"/api/v1/admin/products/{product['id']}", json=patch, headers=as_admin)
    assert patched.json()["data"] == {**product, "vatRate": 0, "packSize": None}
    assert await version(database) == before + 2
    again = await client.patch(f"/api/v1/admin/products/{product['id']}", json=patch, headers=as_admin)
    assert (again.status_code, await version(database)) == (200, before + 2)
    async with database.reading() as tx:
        audit = await tx.dicts(
            "SELECT action, old_values, new_values FROM audit_entries WHERE subject_id = %(id)s ORDER BY id",
            {"id": UUID(product["id"])},
        )
    assert [(row["action"], row["old_values"]) for row in audit] == [
        ("PRODUCT_ADDED", None),
        ("PRODUCT_CHANGED", {"pack_size": "1.000", "vat_basis_points": 1300}),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": ""},
        {"code": " PAD"},
        {"code": "X" * 65},
        {"name": "  "},
        {"packSize": 0},
        {"packSize": -1},
        {"packSize": 0.0001},
        {"vatRate": 101},
        {"vatRate": -1},
        {"vatRate": 12.345},
        {"listPrice": -1},
        {"listPrice": 1.234},
        {"unitsPerCarton": 0},
        {"unitsPerCarton": 1.5},
        {"colour": "red"},
    ],
)
async def test_a_faulty_product_is_not_added(
    client: httpx.AsyncClient, as_admin: dict[str, str], database: Database, wrong: dict[str, Any]
) -> None:
    """[X1] Each fault is a 422, and the catalogue is as it was."""
    before = await version(database)
    answer = await client.post("/api/v1/admin/products", json={**SUGAR, **wrong}, headers=as_admin)
    assert error_of(answer) == (422, "VALIDATION_ERROR")
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM products") == 0
    assert await version(database) == before


async def test_a_code_is_taken_in_any_case(client: httpx.AsyncClient, as_admin: dict[str, str]) -> None:
    """[O13] RICE-1 and rice-1 are one code, also for two who add it at once."""
    bodies = [{**SUGAR, "code": code} for code in ("RICE-1", "rice-1", "Rice-1", "RICE-1")]
    answers = await asyncio.gather(
        *(client.post("/api/v1/admin/products", json=body, headers=as_admin) for body in bodies)
    )
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    missing = await client.get(f"/api/v1/admin/products/{new_id()}", headers=as_admin)
    assert error_of(missing) == (404, "PRODUCT_NOT_FOUND")
    patched = await client.patch(f"/api/v1/admin/products/{new_id()}", json={"name": "x"}, headers=as_admin)
    assert error_of(patched) == (404, "PRODUCT_NOT_FOUND")


async def test_products_are_found_by_words(
    client: httpx.AsyncClient, as_admin: dict[str, str], make_product: MakeProduct
) -> None:
    """[X3] By code, name in either script, brand; by category and by being on sale."""
    oil = await make_product(code="OIL-DHARA-1L", name="Dhara Mustard Oil", name_ne="धारा तोरीको तेल", category="oil")
    soap = await make_product(code="SOAP-LUX", name="Lux Soap", brand="Unilever", category="soap", active=False)

    async def found(**query: Any) -> list[str]:
        answer = await client.get("/api/v1/admin/products", params=query, headers=as_admin)
        return [product["code"] for product in answer.json()["data"]["items"]]

    assert await found() == [soap.code, oil.code]
    assert await found(q="तेल") == [oil.code]
    assert await found(q="dhara-1l") == [oil.code]
    assert await found(q="unilever") == [soap.code]
    assert await found(category="oil") == [oil.code]
    assert await found(active="true") == [oil.code]
    assert await found(q="oil", active="false") == []


# --- words -------------------------------------------------------------------------------------------------------


async def test_words_for_a_product(
    client: httpx.AsyncClient,
    as_admin: dict[str, str],
    make_product: MakeProduct,
    make_retailer: MakeRetailer,
    database: Database,
) -> None:
    """[O13] [O14] A phrase is kept in lower case, moves when taught anew, and a retailer's own word is its own."""
    rice, dal, shop = await make_product(code="RICE"), await make_product(code="DAL"), await make_retailer()
    start = await version(database)

    async def teach(product_id: UUID, phrase: str, retailer_id: UUID | None = None) -> httpx.Response:
        body = {"phrase": phrase, "retailerId": str(retailer_id) if retailer_id else None}
        return await client.post(f"/api/v1/admin/products/{product_id}/aliases", json=body, headers=as_admin)

    learned = await teach(dal.id, "  Motto   CHAMAL ")
    assert (learned.status_code, learned.json()["data"]["phrase"]) == (201, "motto chamal")
    await teach(rice.id, "motto chamal")
    await teach(dal.id, "motto chamal", shop.id)
    assert await version(database) == start + 2
    async with database.reading() as tx:
        catalog = await read_catalog(tx)
        own = await find_retailer_aliases(tx, shop.id)
        assert await find_retailer_aliases(tx, new_id()) == []
    assert [(alias.phrase, alias.product_code) for alias in catalog.aliases] == [("motto chamal", "RICE")]
    assert [(alias.phrase, alias.product_code) for alias in own] == [("motto chamal", "DAL")]
    listed = await client.get(f"/api/v1/admin/products/{dal.id}/aliases", headers=as_admin)
    assert [alias["retailerId"] for alias in listed.json()["data"]] == [str(shop.id)]
    forget = {"phrase": "MOTTO chamal"}
    forgotten = await client.post(f"/api/v1/admin/products/{rice.id}/aliases/forget", json=forget, headers=as_admin)
    again = await client.post(f"/api/v1/admin/products/{rice.id}/aliases/forget", json=forget, headers=as_admin)
    assert (forgotten.json()["data"], error_of(again)) == ([], (404, "NOT_FOUND"))
    assert error_of(await teach(new_id(), "x y")) == (404, "PRODUCT_NOT_FOUND")
    assert error_of(await teach(rice.id, "x y", new_id())) == (404, "RETAILER_NOT_FOUND")
    assert error_of(await teach(rice.id, " ")) == (422, "VALIDATION_ERROR")
    assert error_of(await teach(rice.id, "x" * 201)) == (422, "VALIDATION_ERROR")


async def test_what_a_retailer_taught_is_for_staff_to_see(
    client: httpx.AsyncClient,
    database: Database,
    admin: Actor,
    make_product: MakeProduct,
    make_retailer: MakeRetailer,
    bearer_of: BearerOf,
) -> None:
    """[X10] One shop does not read what another calls things."""
    rice, shop, other = await make_product(), await make_retailer(), await make_retailer()
    taught = [
        NewAlias(product_id=rice.id, phrase="chamal"),
        NewAlias(product_id=rice.id, phrase="x", retailer_id=shop.id),
    ]
    async with database.transaction() as tx:
        await add_aliases(tx, admin, aliases=taught)
    answer = await client.get(f"/api/v1/admin/products/{rice.id}/aliases", headers=await bearer_of(other))
    assert [alias["phrase"] for alias in answer.json()["data"]] == ["chamal"]
    with pytest.raises(NotFound):
        async with database.transaction() as tx:
            await forget_alias(tx, admin, product_id=rice.id, phrase="x", retailer_id=other.id)


# --- naming products ---------------------------------------------------------------------------------------------


async def test_how_an_order_names_products(
    database: Database, make_product: MakeProduct, make_offer: MakeOffer, make_vendor: MakeVendor
) -> None:
    """[O13] By id, by product code, by a vendor's own code; two meanings are refused, and so is what is not sold."""
    rice, dal = await make_product(code="RICE"), await make_product(code="DAL")
    gone = await make_product(code="GONE", active=False)
    await make_offer(product=rice, sku="own-1")
    await make_offer(product=rice, sku="OWN-1")
    await make_offer(product=rice, sku="SHARED")
    await make_offer(product=dal, sku="shared")
    # A vendor's code that is another product's code loses against it.
    await make_offer(product=dal, sku="RICE")
    items = [("rice", None), (None, dal.id), ("own-1", None), (" DAL ", rice.id), ("Shared", None), ("GONE", None)]
    async with database.reading() as tx:
        found = await find_named_products(tx, [*items, (None, new_id()), (None, gone.id), (None, None)])
        assert await resolve_items(tx, items[:4]) == [rice.id, dal.id, rice.id, rice.id]
        with pytest.raises(AmbiguousSku):
            await resolve_items(tx, items)
        assert await resolve_items(tx, []) == []
    assert found[:4] == [rice.id, dal.id, rice.id, rice.id]
    assert [type(refusal) for refusal in found[4:]] == [AmbiguousSku, *[ProductNotFound] * 4]


async def test_what_is_on_offer(
    database: Database, make_product: MakeProduct, make_vendor: MakeVendor, make_offer: MakeOffer
) -> None:
    """[O40] Active offers of active vendors, cheapest first, with what is left in stock."""
    rice = await make_product()
    dear = await make_offer(product=rice, price_paisa=12_000, stock=Decimal("2.5"))
    cheap = await make_offer(product=rice, price_paisa=11_000)
    await make_offer(product=rice, active=False)
    await make_offer(product=rice, vendor=await make_vendor(status=PartyStatus.SUSPENDED))
    await make_offer()
    async with database.reading() as tx:
        offers = await find_offers_for_products(tx, [rice.id])
        assert await find_offers_for_products(tx, []) == []
    assert offers == [cheap, dear]
    assert offers[1].available == Decimal("2.5")


# --- offers ------------------------------------------------------------------------------------------------------


async def test_a_vendor_keeps_its_offers(
    client: httpx.AsyncClient,
    make_vendor: MakeVendor,
    make_product: MakeProduct,
    bearer_of: BearerOf,
    database: Database,
) -> None:
    """A vendor offers, sees, reprices and recounts its goods by itself; what differs is audited in its name."""
    vendor, rice = await make_vendor(owner_name="Bishnu"), await make_product(code="RICE")
    headers, url = await bearer_of(vendor), f"/api/v1/vendors/{vendor.id}/offers"
    body = {"productId": str(rice.id), "sku": "R1", "price": 95.5, "stock": 40, "minQuantity": 5, "multiple": 5}
    answer = await client.post(url, json=body, headers=headers)
    assert answer.status_code == 201, answer.text
    offer = answer.json()["data"]
    assert {name: offer[name] for name in body} == body
    assert (offer["available"], offer["reserved"], offer["maxQuantity"], offer["leadTimeDays"]) == (40, 0, None, 1)
    assert (await client.post(url, json=body, headers=headers)).json()["data"] == offer
    assert error_of(await client.post(url, json={**body, "price": 96}, headers=headers)) == (409, "ALREADY_EXISTS")
    patch = {"price": "96.25", "stock": 35, "minQuantity": None, "leadTimeDays": 2}
    patched = await client.patch(f"{url}/{offer['id']}", json=patch, headers=headers)
    changed = {**offer, "price": 96.25, "stock": 35, "available": 35, "minQuantity": None, "leadTimeDays": 2}
    assert patched.json()["data"] == changed
    listed = await client.get(url, params={"q": "rice"}, headers=headers)
    assert listed.json()["data"] == {"items": [changed], "nextCursor": None}
    async with database.reading() as tx:
        prices = await tx.dicts(
            "SELECT actor_name, old_values, new_values FROM audit_entries WHERE action = 'OFFER_CHANGED'"
        )
    assert [
        (row["actor_name"], row["old_values"]["price_paisa"], row["new_values"]["price_paisa"]) for row in prices
    ] == [("Bishnu", 9_550, 9_625)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"price": 0},
        {"price": -5},
        {"price": 1.001},
        {"stock": -1},
        {"stock": 1.5},
        {"stock": "many"},
        {"minQuantity": 0},
        {"minQuantity": 10, "maxQuantity": 5},
        {"minQuantity": 13, "maxQuantity": 23, "multiple": 12},
        {"multiple": 0.5},
        {"leadTimeDays": -1},
        {"sku": ""},
        {"productId": "x"},
    ],
)
async def test_a_faulty_offer_is_not_taken(
    client: httpx.AsyncClient,
    as_admin: dict[str, str],
    make_vendor: MakeVendor,
    make_product: MakeProduct,
    database: Database,
    wrong: dict[str, Any],
) -> None:
    """[O15] Prices and quantities nobody could buy are refused, alone and in bulk, and nothing is kept of a bulk."""
    vendor, rice, dal = await make_vendor(), await make_product(), await make_product()
    url = f"/api/v1/vendors/{vendor.id}/offers"
    good = {"productId": str(dal.id), "sku": "D", "price": 1, "stock": 1}
    faulty = {"productId": str(rice.id), "sku": "R", "price": 1, "stock": 1, **wrong}
    alone = await client.post(url, json=faulty, headers=as_admin)
    bulk = await client.post(f"{url}/bulk", json={"offers": [good, faulty]}, headers=as_admin)
    assert [error_of(answer) for answer in (alone, bulk)] == [(422, "VALIDATION_ERROR")] * 2
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM vendor_offers") == 0


async def test_many_offers_at_once(
    client: httpx.AsyncClient,
    as_admin: dict[str, str],
    make_vendor: MakeVendor,
    make_product: MakeProduct,
    database: Database,
) -> None:
    """All or none: a bulk says what it created, changed and left; an unknown product or a double undoes it all."""
    vendor, products = await make_vendor(), [await make_product() for _ in range(3)]
    url = f"/api/v1/vendors/{vendor.id}/offers/bulk"
    offers = [{"productId": str(one.id), "sku": one.code, "price": 10, "stock": 5} for one in products]

    async def put(*wanted: dict[str, Any]) -> httpx.Response:
        return await client.post(url, json={"offers": wanted}, headers=as_admin)

    def figures(answer: httpx.Response) -> tuple[int, int, int]:
        data = answer.json()["data"]
        return data["created"], data["changed"], data["unchanged"]

    assert figures(await put(*offers[:2])) == (2, 0, 0)
    second = await put(offers[0], {**offers[1], "price": 11}, offers[2])
    assert figures(second) == (1, 1, 1)
    assert [offer["sku"] for offer in second.json()["data"]["offers"]] == [one.code for one in products]
    dear = {**offers[0], "price": 99}
    assert error_of(await put(dear, {**offers[1], "productId": str(new_id())})) == (404, "PRODUCT_NOT_FOUND")
    assert error_of(await put(dear, {**offers[1], "sku": offers[2]["sku"].lower()})) == (409, "ALREADY_EXISTS")
    assert error_of(await put()) == (422, "VALIDATION_ERROR")
    nobody = await client.post(f"/api/v1/vendors/{new_id()}/offers/bulk", json={"offers": [dear]}, headers=as_admin)
    assert error_of(nobody) == (404, "NOT_FOUND")
    async with database.reading() as tx:
        assert await tx.values("SELECT price_paisa FROM vendor_offers ORDER BY price_paisa") == [1_000, 1_000, 1_100]


async def test_booking_goods_in_and_out(
    client: httpx.AsyncClient, as_admin: dict[str, str], make_offer: MakeOffer, make_product: MakeProduct
) -> None:
    """[O37] By the vendor's SKU or the product's code, with a reason; never more than is there, never by halves."""
    product = await make_product(code="ATTA-5KG")
    offer = await make_offer(product=product, sku="A5", stock=10)
    url = f"/api/v1/vendors/{offer.vendor_id}/stock"

    async def book(**body: Any) -> httpx.Response:
        return await client.post(url, json={"sku": "a5", "change": 1, "reason": "delivery", **body}, headers=as_admin)

    booked = await book(change=5)
    assert booked.json()["data"] == {
        "offerId": str(offer.id),
        "sku": "A5",
        "stock": 15,
        "reserved": 0,
        "available": 15,
    }
    assert (await book(sku="atta-5kg", change=-15, reason="sold over the counter")).json()["data"]["stock"] == 0
    over = await book(change=-1)
    assert error_of(over) == (409, "INSUFFICIENT_STOCK")
    assert over.json()["error"]["details"] == {"sku": "A5", "available": 0}
    for wrong in ({"change": 0}, {"change": 1.5}, {"reason": ""}, {"change": "x"}):
        assert error_of(await book(**wrong)) == (422, "VALIDATION_ERROR")
    assert error_of(await book(sku="NONE")) == (404, "PRODUCT_NOT_FOUND")
    racing = await asyncio.gather(*(book(change=1) for _ in range(10)))
    assert sorted(answer.json()["data"]["stock"] for answer in racing) == list(range(1, 11))
