"""Importing a catalogue file over HTTP: all of it or nothing, and nothing the second time."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.fixtures.people import MakeOffer, MakeVendor

from khaacho.catalog.actions import reserve
from khaacho.catalog.queries import find_catalog_version, find_offers, find_products, find_products_by_code
from khaacho.platform.database import Database

SHARED_CATALOG = Path(__file__).parents[3] / ".." / "shared" / "data" / "orders-dev" / "catalog.csv"
HEADER = [
    "sku", "name", "name_ne", "brand", "category", "selling_unit", "pack_size", "pack_unit", "units_per_carton",
    "units_per_dozen", "price_npr", "active",
]  # fmt: skip
CSV = {"Content-Type": "text/csv; charset=utf-8"}


def catalog_file(rows: int, *, price: int = 100) -> bytes:
    """A generated catalogue: every tenth product is inactive, every seventh has no price."""
    lines = [
        [f"P-{n}", f"Product {n}", f"सामान {n}", "Brand", "rice", "packet", "0.5", "kg", "24", "12",
         "" if n % 7 == 0 else f"{price + n}.50", "0" if n % 10 == 0 else "1"]
        for n in range(1, rows + 1)
    ]  # fmt: skip
    return to_csv([HEADER, *lines])


def to_csv(lines: Sequence[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(lines)
    return out.getvalue().encode()


async def send(client: httpx.AsyncClient, headers: dict[str, str], content: bytes, **query: Any) -> httpx.Response:
    return await client.post(
        "/api/v1/admin/import/catalog", content=content, params=query, headers={**headers, **CSV}, timeout=60
    )


def report(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def figures(answer: httpx.Response) -> tuple[int, int, int, int, int]:
    data = report(answer)
    assert data["refused"] == []
    return data["rows"], data["taken"], data["created"], data["updated"], data["offers"]


async def traces(database: Database) -> dict[str, int]:
    """How much there is of everything an import writes."""
    async with database.reading() as tx:
        found = {
            table: await tx.value(f"SELECT count(*) FROM {table}")
            for table in ("products", "vendor_offers", "stock_movements", "audit_entries")
        }
        return {**found, "version": await find_catalog_version(tx)}


async def test_the_shared_catalogue(
    client: httpx.AsyncClient, as_admin: dict[str, str], make_vendor: MakeVendor, database: Database
) -> None:
    """610 products with 604 on sale: imported as the file stands, offered by a vendor, and once only."""
    if not SHARED_CATALOG.exists():
        pytest.skip("the shared catalogue is not beside the project")
    content, vendor = SHARED_CATALOG.read_bytes(), await make_vendor()
    assert figures(await send(client, as_admin, content)) == (610, 610, 610, 0, 0)
    assert figures(await send(client, as_admin, content, vendorId=vendor.id)) == (610, 610, 0, 0, 604)
    before = await traces(database)
    assert figures(await send(client, as_admin, content, vendorId=vendor.id)) == (610, 610, 0, 0, 0)
    assert await traces(database) == before
    async with database.reading() as tx:
        (product,) = await find_products_by_code(tx, ["rice-jeera-hulas-5kg"])
        (offer,) = await find_offers(tx, vendor_id=vendor.id, q="rice-jeera-hulas-5kg", limit=2)
    assert (product.name_ne, product.list_price_paisa) == ("हुलास जीरा मसिनो चामल ५ केजी", 47_000)
    assert (offer.product_id, offer.price_paisa, offer.available) == (product.id, 47_000, 1_000)


async def test_twenty_thousand_rows(
    client: httpx.AsyncClient, as_admin: dict[str, str], make_vendor: MakeVendor, database: Database
) -> None:
    """A country's catalogue goes in with one request, changes where it differs, and is nothing the second time."""
    vendor = await make_vendor()
    content = catalog_file(20_000)
    priced = sum(1 for n in range(1, 20_001) if n % 7 and n % 10)
    assert figures(await send(client, as_admin, content, vendorId=vendor.id)) == (20_000, 20_000, 20_000, 0, priced)
    before = await traces(database)
    assert figures(await send(client, as_admin, content, vendorId=vendor.id)) == (20_000, 20_000, 0, 0, 0)
    assert await traces(database) == before
    changed = content.replace(b"P-1,Product 1,", b"P-1,Product one,")
    assert figures(await send(client, as_admin, changed, vendorId=vendor.id)) == (20_000, 20_000, 0, 1, 0)


@pytest.mark.parametrize(
    ("old", "new", "row", "field"),
    [
        (b"P-3,", b"P-2,", 4, "sku"),
        (b"103.50", b"-103.50", 4, "price_npr"),
        (b"Product 3", b"Pro\x00duct", 4, "name"),
        (b"Product 3", b"", 4, "name"),
        (b"Product 3", b"caf\xe9", 1, "file"),
        (b"price_npr", b"price", 1, "price_npr"),
        (b"name_ne", b"colour", 1, "name_ne"),
        (b"103.50,1", b"103.50,1,extra", 4, "row"),
    ],
)
async def test_one_fault_refuses_the_file(
    client: httpx.AsyncClient,
    as_admin: dict[str, str],
    database: Database,
    old: bytes,
    new: bytes,
    row: int,
    field: str,
) -> None:
    """A single faulty row among good ones: 422 with the whole report, and nothing has changed."""
    assert figures(await send(client, as_admin, catalog_file(2)))[2] == 2
    before = await traces(database)
    answer = await send(client, as_admin, catalog_file(5, price=100).replace(old, new))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (422, "IMPORT_REFUSED")
    assert {name: error["details"][name] for name in ("taken", "created", "updated", "offers", "refusedRows")} == {
        "taken": 0,
        "created": 0,
        "updated": 0,
        "offers": 0,
        "refusedRows": 1,
    }
    first = error["details"]["refused"][0]
    assert (first["row"], first["field"], set(first)) == (row, field, {"row", "field", "why"})
    assert await traces(database) == before


async def test_offers_of_several_vendors_in_one_file(
    client: httpx.AsyncClient, as_admin: dict[str, str], make_vendor: MakeVendor, database: Database
) -> None:
    """`vendor_code` says whose row it is, each at its price, stock and quantities; VAT comes in percent."""
    one, two = await make_vendor(), await make_vendor()
    extra = ["vendor_code", "stock", "min_quantity", "max_quantity", "multiple", "vat_rate"]
    goods = ["RICE", "Rice 1 kg", "", "", "rice", "packet", "1", "kg", "20", ""]
    lines = [
        [*HEADER, *extra],
        [*goods, "100", "1", one.code, "40", "5", "50", "5", "0"],
        [*goods, "98.5", "1", two.code.lower(), "7", "", "", "", "0"],
        ["SALT", "Salt", "", "", "salt", "packet", "", "", "", "", "", "1", "", "", "", "", "", ""],
    ]
    assert figures(await send(client, as_admin, to_csv(lines))) == (3, 3, 2, 0, 2)
    async with database.reading() as tx:
        ((first,), (second,)) = [await find_offers(tx, vendor_id=vendor.id, limit=5) for vendor in (one, two)]
        rice, salt = await find_products_by_code(tx, ["RICE"]), await find_products_by_code(tx, ["SALT"])
    assert (first.price_paisa, first.physical, first.min_quantity, first.max_quantity, first.multiple) == (
        10_000,
        40,
        5,
        50,
        5,
    )
    assert (second.price_paisa, second.physical, second.min_quantity) == (9_850, 7, None)
    assert (rice[0].vat_basis_points, rice[0].list_price_paisa, salt[0].vat_basis_points) == (0, 10_000, 1_300)
    before = await traces(database)
    assert figures(await send(client, as_admin, to_csv(lines))) == (3, 3, 0, 0, 0)
    lines[1][12] = "VEN-NOBODY"
    answer = await send(client, as_admin, to_csv(lines))
    assert answer.json()["error"]["details"]["refused"] == [
        {"row": 2, "field": "vendor_code", "why": "'VEN-NOBODY' is no vendor's code"}
    ]
    assert await traces(database) == before


async def test_what_a_file_does_not_say_stays(
    client: httpx.AsyncClient,
    as_admin: dict[str, str],
    make_vendor: MakeVendor,
    make_offer: MakeOffer,
    database: Database,
) -> None:
    """[O37] Without the columns, stock, quantities, the vendor's own SKU and VAT are left alone; prices follow."""
    vendor = await make_vendor()
    content = catalog_file(3)
    await send(client, as_admin, content, vendorId=vendor.id, stock=25)
    async with database.reading() as tx:
        offer = next(o for o in await find_offers(tx, vendor_id=vendor.id, limit=9) if o.sku == "P-2")
    assert offer.physical == 25
    own = {"sku": "OWN-2", "minQuantity": 5, "multiple": 5, "stock": 12}
    url = f"/api/v1/vendors/{vendor.id}/offers/{offer.id}"
    assert (await client.patch(url, json=own, headers=as_admin)).status_code == 200
    product = f"/api/v1/admin/products/{offer.product_id}"
    assert (await client.patch(product, json={"vatRate": 5}, headers=as_admin)).status_code == 200
    async with database.transaction() as tx:
        await reserve(tx, [(offer.id, offer.physical - 20)])
    dearer = content.replace(b"102.50", b"110")
    assert figures(await send(client, as_admin, dearer, vendorId=vendor.id)) == (3, 3, 0, 1, 1)
    async with database.reading() as tx:
        kept = next(o for o in await find_offers(tx, vendor_id=vendor.id, limit=9) if o.id == offer.id)
        (rice,) = await find_products_by_code(tx, ["P-2"])
    assert (kept.sku, kept.price_paisa, kept.physical, kept.reserved, kept.min_quantity, kept.multiple) == (
        "OWN-2",
        11_000,
        12,
        5,
        5,
        5,
    )
    assert (rice.vat_basis_points, rice.list_price_paisa) == (500, 11_000)


async def test_a_form_with_a_file(client: httpx.AsyncClient, as_admin: dict[str, str], database: Database) -> None:
    """What a browser sends: a form with the field `file`; other bodies are refused by kind."""
    url = "/api/v1/admin/import/catalog"
    upload = {"file": ("catalog.csv", "\ufeff".encode() + catalog_file(4).replace(b"\n", b"\r\n"), "text/csv")}
    assert figures(await client.post(url, files=upload, headers=as_admin)) == (4, 4, 4, 0, 0)
    before = await traces(database)
    wrong_field = await client.post(url, files={"other": upload["file"]}, headers=as_admin)
    assert (wrong_field.status_code, wrong_field.json()["error"]["code"]) == (422, "VALIDATION_ERROR")
    as_json = await client.post(url, json={"rows": []}, headers=as_admin)
    assert (as_json.status_code, as_json.json()["error"]["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")
    empty = await send(client, as_admin, b"")
    assert (empty.status_code, empty.json()["error"]["code"]) == (422, "IMPORT_REFUSED")
    assert await traces(database) == before


async def test_an_unknown_vendor_or_stock(
    client: httpx.AsyncClient, as_admin: dict[str, str], database: Database
) -> None:
    """The query is checked before anything is written."""
    before = await traces(database)
    attempts = [
        ({"vendorId": str(UUID(int=1))}, 404, "NOT_FOUND"),
        ({"vendorId": "x"}, 422, "VALIDATION_ERROR"),
        ({"stock": "-2"}, 422, "VALIDATION_ERROR"),
        ({"stock": "NaN"}, 422, "VALIDATION_ERROR"),
    ]
    for query, status, code in attempts:
        answer = await send(client, as_admin, catalog_file(3), **query)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert await traces(database) == before


async def test_two_imports_at_once(client: httpx.AsyncClient, as_admin: dict[str, str], database: Database) -> None:
    """Of racing imports of one new file, one wins; the others are refused whole or find nothing left to do."""
    answers = await asyncio.gather(*(send(client, as_admin, catalog_file(500)) for _ in range(3)))
    outcomes = [answer.json()["data"]["created"] if answer.is_success else answer.status_code for answer in answers]
    assert outcomes.count(500) == 1
    assert set(outcomes) <= {500, 0, 409, 503}
    async with database.reading() as tx:
        assert len(await find_products(tx, limit=1_000)) == 500
