"""Bringing the catalogue to what a file says: set-wise, all or nothing, and nothing the second time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from khaacho.actors import Actor
from khaacho.catalog.actions import write_offers
from khaacho.catalog.importing.rows import CatalogFile, CatalogRow, Refusal
from khaacho.catalog.product_actions import announce_catalog_change, write_new_products, write_product_changes
from khaacho.catalog.queries import find_offers_of, find_products_by_code
from khaacho.catalog.records import NewOffer, NewProduct, Offer, Product, PutOutcome
from khaacho.errors import ImportRefused
from khaacho.money import VAT_BASIS_POINTS_DEFAULT
from khaacho.parties.queries import find_vendors_by_code, require_vendor
from khaacho.platform.database import Transaction

REFUSALS_LISTED_MAX = 1_000
STOCK_DEFAULT = Decimal(1_000)


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did: rows in the file, rows taken, products created and updated, offers created or changed."""

    rows: int
    taken: int = 0
    created: int = 0
    updated: int = 0
    offers: int = 0
    refused: list[Refusal] = []


async def import_catalog(
    tx: Transaction,
    actor: Actor,
    *,
    file: CatalogFile,
    vendor_id: UUID | None = None,
    new_offer_stock: Decimal = STOCK_DEFAULT,
) -> ImportReport:
    """Make products, and offers where the file names vendors or `vendor_id` is given, what the rows say.

    A column the file does not have changes nothing. Stock is set where the row states it; a new offer without gets
    `new_offer_stock`. Raises ImportRefused with the report when any row is refused, NotFound for the vendor.
    """
    if vendor_id is not None:
        await require_vendor(tx, vendor_id)
    vendor_ids = await _find_vendor_ids(tx, file.rows)
    refused = [*file.refused, *_vendor_faults(file.rows, vendor_ids, vendor_id)]
    if refused:
        raise refusal(file.row_count, refused)
    products, created, updated = await _put_products(tx, actor, file)
    offered = [
        (row, chosen)
        for row in file.rows
        if row.active and row.price_paisa is not None and (chosen := _vendor_of(row, vendor_ids, vendor_id))
    ]
    offers = await _put_offers(tx, actor, file.columns, offered, products, new_offer_stock)
    if created or updated or offers:
        await announce_catalog_change(tx)
    return ImportReport(rows=file.row_count, taken=len(file.rows), created=created, updated=updated, offers=offers)


def refusal(row_count: int, refused: Sequence[Refusal]) -> ImportRefused:
    """The report of an import that did not happen, as an error; the first thousand faults are listed."""
    refused = sorted(refused, key=lambda one: one.row)
    report = ImportReport(rows=row_count, refused=refused[:REFUSALS_LISTED_MAX])
    return ImportRefused(refused_rows=len({one.row for one in refused}), **msgspec.to_builtins(report))


async def _find_vendor_ids(tx: Transaction, rows: Sequence[CatalogRow]) -> dict[str, UUID]:
    codes = sorted({row.vendor_code.upper() for row in rows if row.vendor_code is not None})
    return {vendor.code: vendor.id for vendor in await find_vendors_by_code(tx, codes)} if codes else {}


def _vendor_faults(rows: Sequence[CatalogRow], vendor_ids: Mapping[str, UUID], vendor_id: UUID | None) -> list[Refusal]:
    faults = []
    for row in rows:
        if row.vendor_code is not None and row.vendor_code.upper() not in vendor_ids:
            faults.append(Refusal(row=row.row, field="vendor_code", why=f"{row.vendor_code!r} is no vendor's code"))
        elif row.active and row.price_paisa == 0 and _vendor_of(row, vendor_ids, vendor_id):
            faults.append(Refusal(row=row.row, field="price_npr", why="must be above zero to be offered"))
    return faults


def _vendor_of(row: CatalogRow, vendor_ids: Mapping[str, UUID], vendor_id: UUID | None) -> UUID | None:
    return vendor_ids[row.vendor_code.upper()] if row.vendor_code is not None else vendor_id


# --- products ----------------------------------------------------------------------------------------------------


async def _put_products(tx: Transaction, actor: Actor, file: CatalogFile) -> tuple[dict[str, Product], int, int]:
    """Every product of the file by its folded code, how many are new, and how many are not what they were."""
    first_rows: dict[str, CatalogRow] = {}
    for row in file.rows:
        first_rows.setdefault(row.sku.upper(), row)
    known = {product.code.upper(): product for product in await find_products_by_code(tx, list(first_rows))}
    added = await write_new_products(
        tx, actor, products=[_new_product(row) for code, row in first_rows.items() if code not in known]
    )
    changes = {known[code].id: _goods(row, file.columns) for code, row in first_rows.items() if code in known}
    after, updated = await write_product_changes(tx, actor, changes=changes)
    return {product.code.upper(): product for product in [*added, *after]}, len(added), updated


def _new_product(row: CatalogRow) -> NewProduct:
    return NewProduct(
        code=row.sku,
        name=row.name,
        name_ne=row.name_ne,
        brand=row.brand,
        category=row.category,
        selling_unit=row.selling_unit,
        pack_size=row.pack_size,
        pack_unit=row.pack_unit,
        units_per_carton=row.units_per_carton,
        units_per_dozen=row.units_per_dozen,
        vat_basis_points=VAT_BASIS_POINTS_DEFAULT if row.vat_basis_points is None else row.vat_basis_points,
        list_price_paisa=row.price_paisa,
        active=row.active,
    )


def _goods(row: CatalogRow, columns: frozenset[str]) -> dict[str, Any]:
    """What the row says about a product that exists, by field name."""
    goods = {
        "name": row.name,
        "name_ne": row.name_ne,
        "brand": row.brand,
        "category": row.category,
        "selling_unit": row.selling_unit,
        "pack_size": row.pack_size,
        "pack_unit": row.pack_unit,
        "units_per_carton": row.units_per_carton,
        "list_price_paisa": row.price_paisa,
        "active": row.active,
    }
    if "units_per_dozen" in columns:
        goods["units_per_dozen"] = row.units_per_dozen
    if row.vat_basis_points is not None:
        goods["vat_basis_points"] = row.vat_basis_points
    return goods


# --- offers ------------------------------------------------------------------------------------------------------


async def _put_offers(
    tx: Transaction,
    actor: Actor,
    columns: frozenset[str],
    offered: Sequence[tuple[CatalogRow, UUID]],
    products: Mapping[str, Product],
    new_offer_stock: Decimal,
) -> int:
    """How many offers were created or changed."""
    if not offered:
        return 0
    pairs = [(vendor_id, products[row.sku.upper()].id) for row, vendor_id in offered]
    known = {(offer.vendor_id, offer.product_id): offer for offer in await find_offers_of(tx, pairs)}
    offers = [
        _changed_offer(row, known[pair], columns) if pair in known else _new_offer(row, pair, new_offer_stock)
        for (row, _), pair in zip(offered, pairs, strict=True)
    ]
    outcomes = await write_offers(tx, actor, offers=offers)
    return sum(put.outcome is not PutOutcome.UNCHANGED for put in outcomes)


def _new_offer(row: CatalogRow, pair: tuple[UUID, UUID], stock: Decimal) -> NewOffer:
    vendor_id, product_id = pair
    return NewOffer(
        vendor_id=vendor_id,
        product_id=product_id,
        sku=row.sku,
        price_paisa=row.price_paisa or 0,
        stock=stock if row.stock is None else row.stock,
        min_quantity=row.min_quantity,
        max_quantity=row.max_quantity,
        multiple=row.multiple,
    )


def _changed_offer(row: CatalogRow, known: Offer, columns: frozenset[str]) -> NewOffer:
    """The offer as it is, with what the file says of it; its SKU stays the vendor's own."""

    def stated(name: str) -> Decimal | None:
        value: Decimal | None = getattr(row if name in columns else known, name)
        return value

    return NewOffer(
        vendor_id=known.vendor_id,
        product_id=known.product_id,
        sku=known.sku,
        price_paisa=row.price_paisa or 0,
        stock=row.stock,
        min_quantity=stated("min_quantity"),
        max_quantity=stated("max_quantity"),
        multiple=stated("multiple"),
        lead_time_days=known.lead_time_days,
    )
