"""Products, the words for them, and vendors' offers and stock over HTTP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from litestar import get, patch, post
from litestar.params import FromPath, FromQuery, QueryParameter

from khaacho.actors import Actor
from khaacho.catalog.actions import change_stock, count_stock, put_offers, update_offers
from khaacho.catalog.api_records import (
    AliasAnswer,
    AliasRequest,
    BulkOffersAnswer,
    BulkOffersRequest,
    OfferAnswer,
    OfferPatch,
    OfferRequest,
    ProductAnswer,
    ProductPatch,
    ProductRequest,
    StockAnswer,
    StockRequest,
    alias_answer,
    checked_change,
    new_offer,
    new_product,
    offer_answer,
    offer_changes,
    product_answer,
    product_changes,
    stock_answer,
)
from khaacho.catalog.importing.api import ROUTES as IMPORT_ROUTES
from khaacho.catalog.product_actions import add_aliases, add_products, forget_alias, update_products
from khaacho.catalog.queries import (
    find_offers,
    find_product_aliases,
    find_products,
    require_offer,
    require_offer_by_sku,
    require_product,
    send_products,
)
from khaacho.catalog.records import NewAlias, NewOffer, PutOutcome, StockChange
from khaacho.errors import AlreadyExists, ProductNotFound
from khaacho.parties.access import ensure_vendor_access, requires
from khaacho.parties.queries import require_vendor
from khaacho.platform.database import Database, Transaction
from khaacho.platform.http import (
    PAGE_LIMIT_DEFAULT,
    PAGE_LIMIT_MAX,
    Envelope,
    Page,
    decode_cursor,
    ok,
    page_of,
)

Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_LIMIT_MAX)]
Search = Annotated[str | None, QueryParameter(max_length=200, description="Looked for in codes, names and brand")]


# --- products ----------------------------------------------------------------------------------------------------


@post("/admin/products", operation_id="addProduct", summary="Add a product", guards=[requires("catalog.write")])
async def add_product(data: ProductRequest, database: Database, actor: Actor) -> Envelope[ProductAnswer]:
    """Raises AlreadyExists when the code is taken, ValidationFailed."""
    product = new_product(data)
    async with database.transaction() as tx:
        (added,) = await add_products(tx, actor, products=[product])
    return ok(product_answer(added))


@get(
    "/admin/products",
    operation_id="listProducts",
    summary="Products, newest first",
    guards=[requires("catalog.read")],
)
async def list_products(
    database: Database,
    category: FromQuery[str | None] = None,
    active: FromQuery[bool | None] = None,
    q: Search = None,
    cursor: FromQuery[str | None] = None,
    limit: Limit = PAGE_LIMIT_DEFAULT,
) -> Envelope[Page[ProductAnswer]]:
    """Newest first; narrowed by category, whether it is on sale, and words."""
    async with database.reading() as tx:
        found = await find_products(
            tx, category=category, active=active, q=q, before=decode_cursor(cursor), limit=limit + 1
        )
    return ok(page_of([product_answer(product) for product in found], limit, lambda product: product.id))


@get(
    "/admin/products/{product_id:uuid}",
    operation_id="getProduct",
    summary="One product",
    guards=[requires("catalog.read")],
)
async def get_product(product_id: FromPath[UUID], database: Database) -> Envelope[ProductAnswer]:
    """Raises ProductNotFound."""
    async with database.reading() as tx:
        return ok(product_answer(await require_product(tx, product_id)))


@patch(
    "/admin/products/{product_id:uuid}",
    operation_id="changeProduct",
    summary="Change a product",
    guards=[requires("catalog.write")],
)
async def change_product(
    product_id: FromPath[UUID], data: ProductPatch, database: Database, actor: Actor
) -> Envelope[ProductAnswer]:
    """Raises ProductNotFound, AlreadyExists, ValidationFailed."""
    changes = product_changes(data)
    async with database.transaction() as tx:
        (product,) = await update_products(tx, actor, changes={product_id: changes})
    return ok(product_answer(product))


@post(
    "/admin/products/{product_id:uuid}/aliases",
    operation_id="addAlias",
    summary="Teach a word for a product",
    guards=[requires("catalog.write")],
)
async def add_alias(
    product_id: FromPath[UUID], data: AliasRequest, database: Database, actor: Actor
) -> Envelope[AliasAnswer]:
    """A phrase that meant another product means this one from now on. Raises ProductNotFound, RetailerNotFound."""
    alias = NewAlias(product_id=product_id, phrase=data.phrase, retailer_id=data.retailer_id)
    async with database.transaction() as tx:
        (learned,) = await add_aliases(tx, actor, aliases=[alias])
    return ok(alias_answer(learned))


@get(
    "/admin/products/{product_id:uuid}/aliases",
    operation_id="listAliases",
    summary="The words for a product",
    guards=[requires("catalog.read")],
)
async def list_aliases(product_id: FromPath[UUID], database: Database, actor: Actor) -> Envelope[list[AliasAnswer]]:
    """What everyone says first; what single retailers say is for staff. Raises ProductNotFound."""
    async with database.reading() as tx:
        await require_product(tx, product_id)
        aliases = await find_product_aliases(tx, product_id)
    return ok([alias_answer(alias) for alias in aliases if alias.retailer_id is None or actor.is_staff])


@post(
    "/admin/products/{product_id:uuid}/aliases/forget",
    operation_id="forgetAlias",
    summary="Unlearn a word for a product",
    status_code=200,
    guards=[requires("catalog.write")],
)
async def forget_product_alias(
    product_id: FromPath[UUID], data: AliasRequest, database: Database, actor: Actor
) -> Envelope[list[AliasAnswer]]:
    """Answers what is left. Raises NotFound."""
    async with database.transaction() as tx:
        await forget_alias(tx, actor, product_id=product_id, phrase=data.phrase, retailer_id=data.retailer_id)
        left = await find_product_aliases(tx, product_id)
    return ok([alias_answer(alias) for alias in left])


# --- offers ------------------------------------------------------------------------------------------------------


@post(
    "/vendors/{vendor_id:uuid}/offers",
    operation_id="addOffer",
    summary="Offer a product for sale",
    guards=[requires("offers.write")],
)
async def add_offer(
    vendor_id: FromPath[UUID], data: OfferRequest, database: Database, actor: Actor
) -> Envelope[OfferAnswer]:
    """The very same offer again is fine. Raises AlreadyExists, ProductNotFound, NotFound, ValidationFailed."""
    ensure_vendor_access(actor, vendor_id)
    async with database.transaction() as tx:
        (put,) = await put_offers(tx, actor, offers=await _checked_offers(tx, vendor_id, [data]))
        if put.outcome is PutOutcome.CHANGED:
            raise AlreadyExists(what="product at this vendor")
    return ok(offer_answer(put.offer))


@get(
    "/vendors/{vendor_id:uuid}/offers",
    operation_id="listOffers",
    summary="A vendor's offers, newest first",
    guards=[requires("offers.read")],
)
async def list_offers(
    vendor_id: FromPath[UUID],
    database: Database,
    actor: Actor,
    active: FromQuery[bool | None] = None,
    q: Search = None,
    cursor: FromQuery[str | None] = None,
    limit: Limit = PAGE_LIMIT_DEFAULT,
) -> Envelope[Page[OfferAnswer]]:
    """Newest first; narrowed by whether they stand, and words. Raises NotFound, Forbidden."""
    ensure_vendor_access(actor, vendor_id)
    async with database.reading() as tx:
        await require_vendor(tx, vendor_id)
        found = await find_offers(
            tx, vendor_id=vendor_id, active=active, q=q, before=decode_cursor(cursor), limit=limit + 1
        )
    return ok(page_of([offer_answer(offer) for offer in found], limit, lambda offer: offer.id))


@patch(
    "/vendors/{vendor_id:uuid}/offers/{offer_id:uuid}",
    operation_id="changeOffer",
    summary="Change an offer",
    guards=[requires("offers.write")],
)
async def change_offer(
    vendor_id: FromPath[UUID], offer_id: FromPath[UUID], data: OfferPatch, database: Database, actor: Actor
) -> Envelope[OfferAnswer]:
    """Raises NotFound, Forbidden, AlreadyExists (the SKU), ValidationFailed, InsufficientStock (counted too few)."""
    ensure_vendor_access(actor, vendor_id)
    async with database.transaction() as tx:
        current = await require_offer(tx, vendor_id, offer_id)
        product = await require_product(tx, current.product_id)
        changes = offer_changes(data, current, product.selling_unit)
        counted = changes.pop("stock", None)
        await update_offers(tx, actor, changes={offer_id: changes})
        if counted is not None:
            await count_stock(tx, actor, counted={offer_id: counted})
        return ok(offer_answer(await require_offer(tx, vendor_id, offer_id)))


@post(
    "/vendors/{vendor_id:uuid}/offers/bulk",
    operation_id="putOffers",
    summary="Put many offers in place, all or none",
    status_code=200,
    guards=[requires("offers.write")],
)
async def put_many_offers(
    vendor_id: FromPath[UUID], data: BulkOffersRequest, database: Database, actor: Actor
) -> Envelope[BulkOffersAnswer]:
    """New ones are added, known ones get these terms. Raises as for one offer, then nothing is changed."""
    ensure_vendor_access(actor, vendor_id)
    async with database.transaction() as tx:
        puts = await put_offers(tx, actor, offers=await _checked_offers(tx, vendor_id, data.offers))
    outcomes = Counter(put.outcome for put in puts)
    answer = BulkOffersAnswer(
        offers=[offer_answer(put.offer) for put in puts],
        created=outcomes[PutOutcome.CREATED],
        changed=outcomes[PutOutcome.CHANGED],
        unchanged=outcomes[PutOutcome.UNCHANGED],
    )
    return ok(answer)


@post(
    "/vendors/{vendor_id:uuid}/stock",
    operation_id="changeStock",
    summary="Book goods in or out",
    status_code=200,
    guards=[requires("offers.write")],
)
async def change_vendor_stock(
    vendor_id: FromPath[UUID], data: StockRequest, database: Database, actor: Actor
) -> Envelope[StockAnswer]:
    """Raises ProductNotFound, Forbidden, InsufficientStock when less would be left than is promised to orders."""
    ensure_vendor_access(actor, vendor_id)
    async with database.transaction() as tx:
        offer = await require_offer_by_sku(tx, vendor_id, data.sku)
        product = await require_product(tx, offer.product_id)
        change = checked_change(data.change, product.selling_unit)
        moved = StockChange(offer_id=offer.id, change=change, reason=data.reason.strip())
        (level,) = await change_stock(tx, actor, changes=[moved])
    return ok(stock_answer(offer.sku, level))


async def _checked_offers(tx: Transaction, vendor_id: UUID, requests: Sequence[OfferRequest]) -> list[NewOffer]:
    await require_vendor(tx, vendor_id)
    products = {
        product.id: product for product in await (await send_products(tx, [one.product_id for one in requests])).all()
    }
    for request in requests:
        if request.product_id not in products:
            raise ProductNotFound(given=str(request.product_id))
    return [new_offer(vendor_id, request, products[request.product_id].selling_unit) for request in requests]


ROUTES: list[Any] = [
    add_product,
    list_products,
    get_product,
    change_product,
    add_alias,
    list_aliases,
    forget_product_alias,
    add_offer,
    list_offers,
    change_offer,
    put_many_offers,
    change_vendor_stock,
    *IMPORT_ROUTES,
]
