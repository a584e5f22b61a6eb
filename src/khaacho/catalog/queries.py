"""Reading goods. `find_*` answers what there is, `require_*` raises when it is not there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import msgspec

from khaacho.catalog.records import Alias, Catalog, Offer, OfferCode, Product
from khaacho.errors import AmbiguousSku, KhaachoError, NotFound, ProductNotFound
from khaacho.parties.queries import ACTIVE_VENDOR_IDS, containing
from khaacho.platform.database import Pending, Transaction

PRODUCT_COLUMNS = """p.id, p.code, p.name, p.name_ne, p.brand, p.category, p.selling_unit, p.pack_size, p.pack_unit,
    p.units_per_carton, p.units_per_dozen, p.vat_basis_points, p.list_price_paisa, p.active"""
OFFER_COLUMNS = """o.id, o.vendor_id, o.product_id, o.sku, o.price_paisa, o.min_quantity, o.max_quantity, o.multiple,
    o.lead_time_days, o.active, s.physical, s.reserved"""
OFFER_TABLES = "vendor_offers AS o JOIN stock AS s ON s.id = o.id"
ALIAS_COLUMNS = "a.id, a.product_id, p.code AS product_code, a.phrase, a.retailer_id"

Named = tuple[str | None, UUID | None]


# --- products ----------------------------------------------------------------------------------------------------


async def send_products(tx: Transaction, product_ids: Sequence[UUID]) -> Pending[Product]:
    """Queue the reading of many products; those that do not exist are missing from the answer."""
    return await tx.send(
        f"SELECT {PRODUCT_COLUMNS} FROM products AS p WHERE p.id = ANY(%(ids)s)",
        {"ids": list(product_ids)},
        into=Product,
    )


async def require_product(tx: Transaction, product_id: UUID) -> Product:
    """Raises ProductNotFound."""
    found = await (await send_products(tx, [product_id])).first()
    if found is None:
        raise ProductNotFound(given=str(product_id))
    return found


async def find_products_by_code(tx: Transaction, codes: Sequence[str]) -> list[Product]:
    """Those that exist, whatever the case the codes are written in."""
    return await tx.all(
        f"SELECT {PRODUCT_COLUMNS} FROM products AS p WHERE upper(p.code) = ANY(%(codes)s)",
        {"codes": [code.upper() for code in codes]},
        into=Product,
    )


async def find_products(
    tx: Transaction,
    *,
    category: str | None = None,
    active: bool | None = None,
    q: str | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Product]:
    """Newest first, at most `limit`, all older than `before`. `q` is looked for in code, names and brand."""
    return await tx.all(
        f"""
        SELECT {PRODUCT_COLUMNS}
        FROM products AS p
        WHERE (%(category)s::text IS NULL OR p.category = %(category)s)
            AND (%(active)s::bool IS NULL OR p.active = %(active)s)
            AND (%(q)s::text IS NULL OR p.search_text LIKE %(q)s)
            AND (%(before)s::uuid IS NULL OR p.id < %(before)s)
        ORDER BY p.id DESC
        LIMIT %(limit)s
        """,
        {"category": category, "active": active, "q": containing(q), "before": before, "limit": limit},
        into=Product,
    )


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    rank: int
    product_id: UUID


async def find_named_products(tx: Transaction, items: Sequence[Named]) -> list[UUID | KhaachoError]:
    """For each (sku, product id) the active product it names, or the refusal: one outcome per item, in order.

    An id wins over a sku; a sku is a product's code or, failing that, the code some vendor has for it.
    """
    # Primary key, products_code_key and vendor_offers_sku_idx serve the three parts.
    found = await tx.all(
        """
        SELECT p.id::text AS name, 0 AS rank, p.id AS product_id
        FROM products AS p
        WHERE p.id = ANY(%(ids)s) AND p.active
        UNION ALL
        SELECT upper(p.code), 1, p.id
        FROM products AS p
        WHERE upper(p.code) = ANY(%(skus)s) AND p.active
        UNION ALL
        SELECT DISTINCT upper(o.sku), 2, p.id
        FROM vendor_offers AS o
        JOIN products AS p ON p.id = o.product_id
        WHERE upper(o.sku) = ANY(%(skus)s) AND o.active AND p.active
        """,
        {
            "ids": [product_id for _, product_id in items if product_id is not None],
            "skus": [sku.strip().upper() for sku, product_id in items if sku is not None and product_id is None],
        },
        into=_Found,
    )
    named: dict[str, dict[int, list[UUID]]] = defaultdict(lambda: defaultdict(list))
    for row in found:
        named[row.name][row.rank].append(row.product_id)
    return [_named_product(sku, product_id, named) for sku, product_id in items]


async def resolve_items(tx: Transaction, items: Sequence[Named]) -> list[UUID]:
    """As `find_named_products`, raising the first refusal: ProductNotFound or AmbiguousSku."""
    outcomes = await find_named_products(tx, items)
    product_ids: list[UUID] = []
    for outcome in outcomes:
        if isinstance(outcome, KhaachoError):
            raise outcome
        product_ids.append(outcome)
    return product_ids


def _named_product(
    sku: str | None, product_id: UUID | None, named: dict[str, dict[int, list[UUID]]]
) -> UUID | KhaachoError:
    name = str(product_id) if product_id is not None else (sku or "").strip().upper()
    ranks = named.get(name, {})
    if not ranks:
        return ProductNotFound(given=name)
    best = ranks[min(ranks)]
    return best[0] if len(best) == 1 else AmbiguousSku(sku=sku)


# --- offers ------------------------------------------------------------------------------------------------------


async def send_offers_for_products(tx: Transaction, product_ids: Sequence[UUID]) -> Pending[Offer]:
    """Queue the reading of the active offers of active vendors for these products, with stock and price."""
    # vendor_offers_product_idx serves this.
    return await tx.send(
        f"""
        SELECT {OFFER_COLUMNS}
        FROM {OFFER_TABLES}
        WHERE o.product_id = ANY(%(ids)s)
            AND o.active
            AND o.vendor_id IN ({ACTIVE_VENDOR_IDS})
        ORDER BY o.product_id, o.price_paisa, o.id
        """,
        {"ids": list(product_ids)},
        into=Offer,
    )


async def find_offers_for_products(tx: Transaction, product_ids: Sequence[UUID]) -> list[Offer]:
    """The active offers of active vendors, cheapest first within a product."""
    return await (await send_offers_for_products(tx, product_ids)).all()


async def find_offers_by_id(tx: Transaction, offer_ids: Sequence[UUID]) -> list[Offer]:
    """Those that exist, active or not."""
    return await tx.all(
        f"SELECT {OFFER_COLUMNS} FROM {OFFER_TABLES} WHERE o.id = ANY(%(ids)s)", {"ids": list(offer_ids)}, into=Offer
    )


async def find_offers_of(tx: Transaction, pairs: Sequence[tuple[UUID, UUID]]) -> list[Offer]:
    """Of these (vendor, product) pairs, the offers that there are, active or not."""
    # vendor_offers_vendor_id_product_id_key serves this.
    return await tx.all(
        f"""
        SELECT {OFFER_COLUMNS}
        FROM {OFFER_TABLES}
        JOIN unnest(%(vendors)s::uuid[], %(products)s::uuid[]) AS n (vendor_id, product_id)
            ON n.vendor_id = o.vendor_id AND n.product_id = o.product_id
        """,
        {"vendors": [vendor_id for vendor_id, _ in pairs], "products": [product_id for _, product_id in pairs]},
        into=Offer,
    )


async def require_offer(tx: Transaction, vendor_id: UUID, offer_id: UUID) -> Offer:
    """An offer of this vendor. Raises NotFound, also when it is another vendor's."""
    found = await find_offers_by_id(tx, [offer_id])
    if not found or found[0].vendor_id != vendor_id:
        raise NotFound(what="offer")
    return found[0]


async def find_offers(
    tx: Transaction,
    *,
    vendor_id: UUID,
    active: bool | None = None,
    q: str | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Offer]:
    """One vendor's, newest first, at most `limit`, all older than `before`. `q`: in its SKU or the product's names."""
    return await tx.all(
        f"""
        SELECT {OFFER_COLUMNS}
        FROM {OFFER_TABLES}
        JOIN products AS p ON p.id = o.product_id
        WHERE o.vendor_id = %(vendor)s
            AND (%(active)s::bool IS NULL OR o.active = %(active)s)
            AND (%(q)s::text IS NULL OR lower(o.sku) LIKE %(q)s OR p.search_text LIKE %(q)s)
            AND (%(before)s::uuid IS NULL OR o.id < %(before)s)
        ORDER BY o.id DESC
        LIMIT %(limit)s
        """,
        {"vendor": vendor_id, "active": active, "q": containing(q), "before": before, "limit": limit},
        into=Offer,
    )


async def require_offer_by_sku(tx: Transaction, vendor_id: UUID, sku: str) -> Offer:
    """By the vendor's own code, or the product's code. Raises ProductNotFound."""
    found = await tx.first(
        f"""
        SELECT {OFFER_COLUMNS}
        FROM {OFFER_TABLES}
        JOIN products AS p ON p.id = o.product_id
        WHERE o.vendor_id = %(vendor)s AND upper(%(sku)s) IN (upper(o.sku), upper(p.code))
        ORDER BY upper(o.sku) = upper(%(sku)s) DESC
        LIMIT 1
        """,
        {"vendor": vendor_id, "sku": sku.strip()},
        into=Offer,
    )
    if found is None:
        raise ProductNotFound(given=sku)
    return found


# --- what messages are read against ------------------------------------------------------------------------------


async def find_catalog_version(tx: Transaction) -> int:
    """A number that grows whenever what `read_catalog` answers has changed."""
    version: int = await tx.value("SELECT version FROM catalog_version")
    return version


async def read_catalog(tx: Transaction) -> Catalog:
    """Every active product with the words and codes that mean it to everyone.

    The version is read first: what is newer than it is read again at the next look, never missed.
    """
    version = await find_catalog_version(tx)
    products = await tx.all(f"SELECT {PRODUCT_COLUMNS} FROM products AS p WHERE p.active ORDER BY p.code", into=Product)
    aliases = await tx.all(
        f"""
        SELECT {ALIAS_COLUMNS}
        FROM product_aliases AS a
        JOIN products AS p ON p.id = a.product_id
        WHERE a.retailer_id IS NULL AND p.active
        ORDER BY a.phrase
        """,
        into=Alias,
    )
    offer_codes = await tx.all(
        """
        SELECT DISTINCT o.sku, o.product_id
        FROM vendor_offers AS o
        JOIN products AS p ON p.id = o.product_id
        WHERE o.active AND p.active AND upper(o.sku) <> upper(p.code)
        ORDER BY o.sku, o.product_id
        """,
        into=OfferCode,
    )
    return Catalog(version=version, products=products, aliases=aliases, offer_codes=offer_codes)


async def find_retailer_aliases(tx: Transaction, retailer_id: UUID) -> list[Alias]:
    """The words this retailer has taught us."""
    return await tx.all(
        f"""
        SELECT {ALIAS_COLUMNS}
        FROM product_aliases AS a
        JOIN products AS p ON p.id = a.product_id
        WHERE a.retailer_id = %(retailer)s AND p.active
        ORDER BY a.phrase
        """,
        {"retailer": retailer_id},
        into=Alias,
    )


async def find_product_aliases(tx: Transaction, product_id: UUID) -> list[Alias]:
    """Every phrase that means this product, for everyone first."""
    return await tx.all(
        f"""
        SELECT {ALIAS_COLUMNS}
        FROM product_aliases AS a
        JOIN products AS p ON p.id = a.product_id
        WHERE a.product_id = %(product)s
        ORDER BY a.retailer_id IS NOT NULL, a.phrase
        """,
        {"product": product_id},
        into=Alias,
    )
