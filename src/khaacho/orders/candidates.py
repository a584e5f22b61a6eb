"""Reading what routing decides on: who offers the goods, at what price, how far away, how busy, how reliable.

One flush for a whole batch of orders, because every order waits for it. What would mean counting months of orders is
counted beforehand by `count_routing_figures`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import time, timedelta
from decimal import Decimal
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.catalog.quantities import QuantityRules, allows_fractions
from khaacho.errors import ProductNotFound
from khaacho.orders.scoring import Factor, Place, VendorFacts, Weights
from khaacho.orders.splitting import Market, RoutedOffer, RoutedProduct
from khaacho.platform.database import Transaction

RELIABILITY_WINDOW = timedelta(days=90)
SHARE_WINDOW = timedelta(days=30)
# A vendor with more open orders than this is as busy as can be; counting on would only cost time.
OPEN_ORDERS_COUNTED_MAX = 250


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    product_id: UUID
    code: str
    name: str
    name_ne: str
    selling_unit: str
    vat_basis_points: int
    offer_id: UUID | None
    sku: str | None
    price_paisa: int | None
    min_quantity: Decimal | None
    max_quantity: Decimal | None
    multiple: Decimal | None
    available: Decimal | None
    vendor_id: UUID | None
    latitude: float | None
    longitude: float | None
    radius_km: float | None
    opens_at: time | None
    closes_at: time | None
    active_orders_max: int | None
    pending_orders_max: int | None
    active_orders: int
    pending_orders: int
    requests_answered: int
    requests_accepted: int
    orders_ended: int
    orders_delivered: int
    share: float


class _Shop(msgspec.Struct, frozen=True, kw_only=True):
    retailer_id: UUID
    latitude: float | None
    longitude: float | None


class _Weight(msgspec.Struct, frozen=True, kw_only=True):
    factor: Factor
    weight: int


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """Which products one shop wants."""

    retailer_id: UUID
    product_ids: frozenset[UUID]


class _Goods(msgspec.Struct, frozen=True, kw_only=True):
    """Everything offered of some products, by product."""

    products: dict[UUID, RoutedProduct]
    offers: dict[UUID, list[RoutedOffer]]
    vendors: dict[UUID, VendorFacts]


async def find_market(
    tx: Transaction,
    retailer_id: UUID,
    product_ids: Collection[UUID],
    *,
    exclude_vendor_ids: Collection[UUID] = (),
    required_vendor_id: UUID | None = None,
) -> Market:
    """Every active offer of an active vendor for these products, as this shop meets it.

    Raises ProductNotFound when one of the products does not exist.
    """
    demand = Demand(retailer_id=retailer_id, product_ids=frozenset(product_ids))
    (market,) = await find_markets(tx, [demand])
    if isinstance(market, ProductNotFound):
        raise market
    offers = tuple(
        offer
        for offer in market.offers
        if offer.vendor_id not in exclude_vendor_ids and required_vendor_id in (None, offer.vendor_id)
    )
    return msgspec.structs.replace(market, offers=offers)


async def find_markets(tx: Transaction, demands: Sequence[Demand]) -> list[Market | ProductNotFound]:
    """The market each demand meets, in order; one flush of three statements for all of them together."""
    async with tx.pipeline():
        # vendor_offers_product_idx finds the offers, orders_open_vendor_idx counts the open orders; the rest are keys.
        pending_rows = await tx.send(
            _GOODS,
            {"products": sorted({product for demand in demands for product in demand.product_ids})},
            into=_Row,
        )
        pending_shops = await tx.send(
            "SELECT retailer_id, latitude, longitude FROM routing_shops WHERE retailer_id = ANY(%(retailers)s)",
            {"retailers": sorted({demand.retailer_id for demand in demands})},
            into=_Shop,
        )
        pending_weights = await tx.send("SELECT factor, weight FROM routing_weights", into=_Weight)
    goods = _goods(await pending_rows.all())
    shops = {shop.retailer_id: _place(shop.latitude, shop.longitude) for shop in await pending_shops.all()}
    weights = Weights(**{row.factor.value: row.weight for row in await pending_weights.all()})
    return [_market(demand, goods, shops.get(demand.retailer_id), weights) for demand in demands]


_GOODS = f"""
    WITH offered AS MATERIALIZED (
        SELECT * FROM routing_offers WHERE product_id = ANY(%(products)s)
    ), load AS (
        SELECT seller.vendor_id,
            count(*) FILTER (WHERE open.status <> 'PENDING') AS active_orders,
            count(*) FILTER (WHERE open.status = 'PENDING') AS pending_orders
        FROM (SELECT DISTINCT vendor_id FROM offered WHERE vendor_id IS NOT NULL) AS seller
        CROSS JOIN LATERAL (
            SELECT status
            FROM orders
            WHERE vendor_id = seller.vendor_id
                AND status IN ('PENDING', 'ACCEPTED', 'PACKING', 'DISPATCHED', 'OUT_FOR_DELIVERY')
            LIMIT {OPEN_ORDERS_COUNTED_MAX}
        ) AS open
        GROUP BY seller.vendor_id
    )
    SELECT offered.*,
        COALESCE(load.active_orders, 0) AS active_orders, COALESCE(load.pending_orders, 0) AS pending_orders,
        COALESCE(known.requests_answered, 0) AS requests_answered,
        COALESCE(known.requests_accepted, 0) AS requests_accepted,
        COALESCE(known.orders_ended, 0) AS orders_ended, COALESCE(known.orders_delivered, 0) AS orders_delivered,
        COALESCE(part.share, 0) AS share
    FROM offered
    LEFT JOIN load ON load.vendor_id = offered.vendor_id
    LEFT JOIN vendor_reliability AS known ON known.vendor_id = offered.vendor_id
    LEFT JOIN product_shares AS part
        ON part.product_id = offered.product_id AND part.vendor_id = offered.vendor_id
"""


def _goods(rows: Sequence[_Row]) -> _Goods:
    goods = _Goods(products={}, offers={}, vendors={})
    for row in rows:
        if row.product_id not in goods.products:
            goods.products[row.product_id] = _product(row)
            goods.offers[row.product_id] = []
        if row.vendor_id is None:
            continue
        goods.offers[row.product_id].append(_offer(row, row.vendor_id))
        if row.vendor_id not in goods.vendors:
            goods.vendors[row.vendor_id] = _facts(row, row.vendor_id)
    return goods


def _market(demand: Demand, goods: _Goods, shop: Place | None, weights: Weights) -> Market | ProductNotFound:
    for product_id in demand.product_ids:
        if product_id not in goods.products:
            return ProductNotFound(given=str(product_id))
    return Market(
        products=goods.products,
        offers=tuple(offer for product_id in demand.product_ids for offer in goods.offers[product_id]),
        vendors=goods.vendors,
        shop=shop,
        weights=weights,
    )


def _product(row: _Row) -> RoutedProduct:
    return RoutedProduct(
        product_id=row.product_id,
        code=row.code,
        name=row.name,
        name_ne=row.name_ne,
        selling_unit=row.selling_unit,
        vat_basis_points=row.vat_basis_points,
    )


def _offer(row: _Row, vendor_id: UUID) -> RoutedOffer:
    if row.offer_id is None or row.sku is None or row.price_paisa is None or row.available is None:
        raise LookupError("a vendor stands in routing_offers without its offer")
    return RoutedOffer(
        offer_id=row.offer_id,
        vendor_id=vendor_id,
        product_id=row.product_id,
        sku=row.sku,
        price_paisa=row.price_paisa,
        available=row.available,
        rules=QuantityRules(
            min_quantity=row.min_quantity,
            max_quantity=row.max_quantity,
            multiple=row.multiple,
            fractions=allows_fractions(row.selling_unit),
        ),
        product_share=row.share,
    )


def _facts(row: _Row, vendor_id: UUID) -> VendorFacts:
    return VendorFacts(
        vendor_id=vendor_id,
        place=_place(row.latitude, row.longitude),
        radius_km=row.radius_km,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
        active_orders_max=row.active_orders_max,
        pending_orders_max=row.pending_orders_max,
        active_orders=row.active_orders,
        pending_orders=row.pending_orders,
        requests_answered=row.requests_answered,
        requests_accepted=row.requests_accepted,
        orders_ended=row.orders_ended,
        orders_delivered=row.orders_delivered,
    )


def _place(latitude: float | None, longitude: float | None) -> Place | None:
    return None if latitude is None or longitude is None else Place(latitude=latitude, longitude=longitude)


async def count_routing_figures(tx: Transaction) -> int:
    """Count anew how reliable each vendor was and its share of each product's orders; answers the rows written.

    A request that was withdrawn says nothing of a vendor, nor does an order that the retailer cancelled.
    """
    now = clock.now()
    reliability = await tx.execute(
        """
        WITH asked AS (
            SELECT vendor_id, count(*) AS answered, count(*) FILTER (WHERE answer = 'ACCEPTED') AS accepted
            FROM vendor_requests
            WHERE asked_at >= %(since)s AND answer IN ('ACCEPTED', 'DECLINED', 'TIMED_OUT')
            GROUP BY vendor_id
        ), ended AS (
            SELECT o.vendor_id, count(*) AS ended, count(*) FILTER (WHERE o.status <> 'FAILED') AS delivered
            FROM orders AS o
            WHERE o.placed_at >= %(since)s
                AND (o.status IN ('DELIVERED', 'COMPLETED') OR (o.status = 'FAILED' AND EXISTS (
                    SELECT FROM vendor_requests AS r
                    WHERE r.order_id = o.id AND r.vendor_id = o.vendor_id AND r.answer = 'ACCEPTED')))
            GROUP BY o.vendor_id
        )
        INSERT INTO vendor_reliability
            (vendor_id, requests_answered, requests_accepted, orders_ended, orders_delivered, counted_at)
        SELECT vendor_id, COALESCE(answered, 0), COALESCE(accepted, 0), COALESCE(ended, 0), COALESCE(delivered, 0),
            %(now)s
        FROM asked FULL JOIN ended USING (vendor_id)
        ON CONFLICT (vendor_id) DO UPDATE
        SET requests_answered = EXCLUDED.requests_answered, requests_accepted = EXCLUDED.requests_accepted,
            orders_ended = EXCLUDED.orders_ended, orders_delivered = EXCLUDED.orders_delivered,
            counted_at = EXCLUDED.counted_at
        """,
        {"since": now - RELIABILITY_WINDOW, "now": now},
    )
    shares = await tx.execute(
        """
        WITH sold AS (
            SELECT line.product_id, o.vendor_id, count(*) AS orders
            FROM orders AS o
            JOIN order_lines AS line ON line.order_id = o.id
            WHERE o.placed_at >= %(since)s AND o.status NOT IN ('CANCELLED', 'FAILED')
            GROUP BY line.product_id, o.vendor_id
        )
        INSERT INTO product_shares (product_id, vendor_id, share, counted_at)
        SELECT product_id, vendor_id, orders / sum(orders) OVER (PARTITION BY product_id), %(now)s
        FROM sold
        ON CONFLICT (product_id, vendor_id) DO UPDATE
        SET share = EXCLUDED.share, counted_at = EXCLUDED.counted_at
        """,
        {"since": now - SHARE_WINDOW, "now": now},
    )
    # What was not counted this time has passed out of its window.
    for table in ("vendor_reliability", "product_shares"):
        await tx.execute(f"DELETE FROM {table} WHERE counted_at < %(now)s", {"now": now})
    return reliability + shares
