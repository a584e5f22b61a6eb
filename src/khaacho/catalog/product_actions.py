"""Changing products and the words for them: set-wise, audited, each change telling every process to look again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.catalog.queries import find_product_aliases
from khaacho.catalog.records import Alias, NewAlias, NewProduct, Product
from khaacho.errors import NotFound, ProductNotFound, ValidationFailed
from khaacho.ids import new_id
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.columns import columns_of
from khaacho.platform.database import Transaction
from khaacho.platform.locks import lock_rows

PHRASE_LENGTH_MAX = 200
_PRODUCT_FIELDS = (
    "code",
    "name",
    "name_ne",
    "brand",
    "category",
    "selling_unit",
    "pack_size",
    "pack_unit",
    "units_per_carton",
    "units_per_dozen",
    "vat_basis_points",
    "list_price_paisa",
    "active",
)
_PRODUCT_ARRAYS = """unnest(%(id)s::uuid[], %(code)s::text[], %(name)s::text[], %(name_ne)s::text[],
    %(brand)s::text[], %(category)s::text[], %(selling_unit)s::text[], %(pack_size)s::numeric[],
    %(pack_unit)s::text[], %(units_per_carton)s::int[], %(units_per_dozen)s::int[], %(vat_basis_points)s::int[],
    %(list_price_paisa)s::bigint[], %(active)s::bool[])"""


# --- products ----------------------------------------------------------------------------------------------------


async def add_products(tx: Transaction, actor: Actor, *, products: Sequence[NewProduct]) -> list[Product]:
    """Add products. Raises AlreadyExists when a code is taken, in whatever case it is written."""
    added = await write_new_products(tx, actor, products=products)
    if added:
        await announce_catalog_change(tx)
    return added


async def update_products(tx: Transaction, actor: Actor, *, changes: Mapping[UUID, Mapping[str, Any]]) -> list[Product]:
    """Give products new values, by field name (those of `Product`). Raises ProductNotFound, AlreadyExists."""
    after, changed = await write_product_changes(tx, actor, changes=changes)
    if changed:
        await announce_catalog_change(tx)
    return after


async def write_new_products(tx: Transaction, actor: Actor, *, products: Sequence[NewProduct]) -> list[Product]:
    """As `add_products`, for callers that announce the change once at the end."""
    added = [Product(id=new_id(), **{name: getattr(product, name) for name in _PRODUCT_FIELDS}) for product in products]
    await tx.send_only(
        f"""
        INSERT INTO products (id, code, name, name_ne, brand, category, selling_unit, pack_size, pack_unit,
            units_per_carton, units_per_dozen, vat_basis_points, list_price_paisa, active, created_at, updated_at)
        SELECT n.*, %(now)s, %(now)s FROM {_PRODUCT_ARRAYS} AS n
        """,
        {**columns_of(added, ("id", *_PRODUCT_FIELDS)), "now": clock.now()},
    )
    entries = [
        AuditEntry(
            action="PRODUCT_ADDED",
            subject_kind="product",
            subject_id=product.id,
            new={
                "code": product.code,
                "vat_basis_points": product.vat_basis_points,
                "list_price_paisa": product.list_price_paisa,
            },
        )
        for product in added
    ]
    await record_audit(tx, actor, entries)
    return added


async def write_product_changes(
    tx: Transaction, actor: Actor, *, changes: Mapping[UUID, Mapping[str, Any]]
) -> tuple[list[Product], int]:
    """As `update_products`, for callers that announce the change once at the end; also answers how many changed."""
    before = await lock_rows(tx, f"SELECT id, {', '.join(_PRODUCT_FIELDS)} FROM products", list(changes), into=Product)
    if len(before) < len(changes):
        missing = changes.keys() - {product.id for product in before}
        raise ProductNotFound(given=str(min(missing)))
    after = [msgspec.structs.replace(product, **changes[product.id]) for product in before]
    differing = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    if differing:
        await tx.send_only(
            f"""
            UPDATE products SET code = n.code, name = n.name, name_ne = n.name_ne, brand = n.brand,
                category = n.category, selling_unit = n.selling_unit, pack_size = n.pack_size,
                pack_unit = n.pack_unit, units_per_carton = n.units_per_carton,
                units_per_dozen = n.units_per_dozen, vat_basis_points = n.vat_basis_points,
                list_price_paisa = n.list_price_paisa, active = n.active, updated_at = %(now)s
            FROM {_PRODUCT_ARRAYS} AS n (id, {", ".join(_PRODUCT_FIELDS)})
            WHERE products.id = n.id
            """,
            {**columns_of([new for _, new in differing], ("id", *_PRODUCT_FIELDS)), "now": clock.now()},
        )
        await record_audit(tx, actor, [changed_entry("PRODUCT_CHANGED", "product", *pair) for pair in differing])
    return after, len(differing)


# --- words for them ----------------------------------------------------------------------------------------------


async def add_aliases(tx: Transaction, actor: Actor, *, aliases: Sequence[NewAlias]) -> list[Alias]:
    """Learn phrases; a phrase known before (to everyone, or to that retailer) means the new product from now on.

    Answers them in the order given, each phrase once. Raises ProductNotFound, RetailerNotFound and ValidationFailed.
    """
    latest = {(alias.retailer_id, normalised_phrase(alias.phrase)): alias.product_id for alias in aliases}
    learned = [
        Alias(id=new_id(), product_id=product_id, product_code="", phrase=phrase, retailer_id=retailer_id)
        for (retailer_id, phrase), product_id in latest.items()
    ]
    rows = await tx.all(
        """
        WITH written AS (
            INSERT INTO product_aliases (id, product_id, phrase, retailer_id, created_at)
            SELECT n.id, n.product_id, n.phrase, n.retailer_id, %(now)s
            FROM unnest(%(id)s::uuid[], %(product_id)s::uuid[], %(phrase)s::text[], %(retailer_id)s::uuid[])
                AS n (id, product_id, phrase, retailer_id)
            ON CONFLICT ON CONSTRAINT product_aliases_phrase_key DO UPDATE SET product_id = EXCLUDED.product_id
            RETURNING id, product_id, phrase, retailer_id
        )
        SELECT w.id, w.product_id, p.code AS product_code, w.phrase, w.retailer_id
        FROM written AS w
        JOIN products AS p ON p.id = w.product_id
        """,
        {**columns_of(learned, ("id", "product_id", "phrase", "retailer_id")), "now": clock.now()},
        into=Alias,
    )
    by_phrase = {(alias.retailer_id, alias.phrase): alias for alias in rows}
    stored = [by_phrase[alias.retailer_id, alias.phrase] for alias in learned]
    entries = [
        AuditEntry(
            action="ALIAS_LEARNED",
            subject_kind="product",
            subject_id=alias.product_id,
            retailer_id=alias.retailer_id,
            new={"phrase": alias.phrase, "product": alias.product_code},
        )
        for alias in stored
    ]
    await record_audit(tx, actor, entries)
    # A retailer's own words are read with each of its messages; only what everyone says is kept in memory.
    if any(alias.retailer_id is None for alias in stored):
        await announce_catalog_change(tx)
    return stored


async def forget_alias(
    tx: Transaction, actor: Actor, *, product_id: UUID, phrase: str, retailer_id: UUID | None
) -> None:
    """Unlearn a phrase. Raises NotFound when it does not mean this product."""
    known = await find_product_aliases(tx, product_id)
    wanted = (retailer_id, normalised_phrase(phrase))
    alias = next((alias for alias in known if (alias.retailer_id, alias.phrase) == wanted), None)
    if alias is None:
        raise NotFound(what="alias")
    await tx.send_only("DELETE FROM product_aliases WHERE id = %(id)s", {"id": alias.id})
    entry = AuditEntry(
        action="ALIAS_FORGOTTEN",
        subject_kind="product",
        subject_id=product_id,
        retailer_id=retailer_id,
        old={"phrase": alias.phrase, "product": alias.product_code},
    )
    await record_audit(tx, actor, [entry])
    if retailer_id is None:
        await announce_catalog_change(tx)


def normalised_phrase(phrase: str) -> str:
    """Lower case, single spaces. Raises ValidationFailed when nothing is left, or too much."""
    normalised = " ".join(phrase.lower().split())
    if not normalised or len(normalised) > PHRASE_LENGTH_MAX:
        raise ValidationFailed(field="phrase", why=f"must have 1 to {PHRASE_LENGTH_MAX} characters")
    return normalised


async def announce_catalog_change(tx: Transaction) -> None:
    """Tell every process that what it read of the catalogue is old. The last statement of a change, because writers
    queue at this one row until they commit."""
    await tx.send_only("UPDATE catalog_version SET version = version + 1")


def changed_entry(action: str, kind: str, old: Any, new: Any) -> AuditEntry:
    """The audit of one row that changed: the fields that differ, before and after."""
    names = [name for name in old.__struct_fields__ if getattr(old, name) != getattr(new, name)]
    return AuditEntry(
        action=action,
        subject_kind=kind,
        subject_id=old.id,
        old=msgspec.to_builtins({name: getattr(old, name) for name in names}),
        new=msgspec.to_builtins({name: getattr(new, name) for name in names}),
    )
