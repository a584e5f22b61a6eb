"""Reading orders and baskets."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from khaacho.errors import OrderNotFound
from khaacho.orders.records import Basket, Order, OrderLine, OrderStatus, WantedLine
from khaacho.platform.database import Transaction

ORDER_COLUMNS = """
    id, code, placement_key, basket_id, retailer_id, vendor_id, status, payment_mode, credit_account_id, hold_id,
    subtotal_paisa, tax_paisa, total_paisa, delivered_total_paisa, due_on, notes, override_reason, failed_at,
    failure_reason, placed_at, status_since, delivered_at
"""
LINE_COLUMNS = """
    order_id, position, product_id, offer_id, sku, name, quantity, delivered_quantity, unit_price_paisa,
    vat_basis_points, amount_paisa, tax_paisa
"""
BASKET_COLUMNS = """
    id, retailer_id, state, lines, quote, payment_mode, open_questions, source_text, followed_up_at,
    reopened_at, created_at, updated_at, expires_at
"""
SPOKEN_DIGITS_MIN = 3
HISTORY_ORDERS_MAX = 60

_FULL_CODE = re.compile(r"^ORD(\d{6})-?(\d{4,})$")


class HistoryEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One step in an order's life."""

    id: UUID
    order_id: UUID
    from_status: OrderStatus | None
    to_status: OrderStatus
    vendor_id: UUID | None
    reason: str | None
    actor_name: str
    created_at: datetime


class TimesOrdered(msgspec.Struct, frozen=True, kw_only=True):
    product_id: UUID
    times: int


async def find_orders_by_id(tx: Transaction, order_ids: Sequence[UUID]) -> list[Order]:
    """Those that exist, oldest first."""
    return await tx.all(
        f"SELECT {ORDER_COLUMNS} FROM orders WHERE id = ANY(%(ids)s) ORDER BY id", {"ids": list(order_ids)}, into=Order
    )


async def require_order(tx: Transaction, reference: UUID | str) -> Order:
    """By id or by code, with or without its dash. Raises OrderNotFound."""
    if isinstance(reference, str):
        order = await tx.first(
            f"SELECT {ORDER_COLUMNS} FROM orders WHERE code = %(code)s",
            {"code": normalised_code(reference)},
            into=Order,
        )
    else:
        order = next(iter(await find_orders_by_id(tx, [reference])), None)
    if order is None:
        raise OrderNotFound(order=str(reference)[:60])
    return order


async def find_order_lines(tx: Transaction, order_ids: Sequence[UUID]) -> dict[UUID, list[OrderLine]]:
    """Lines by order, in the order they were written."""
    lines = await tx.all(
        f"SELECT {LINE_COLUMNS} FROM order_lines WHERE order_id = ANY(%(ids)s) ORDER BY order_id, position",
        {"ids": list(order_ids)},
        into=OrderLine,
    )
    by_order: dict[UUID, list[OrderLine]] = defaultdict(list)
    for line in lines:
        by_order[line.order_id].append(line)
    return dict(by_order)


async def find_orders(
    tx: Transaction,
    *,
    retailer_id: UUID | None = None,
    vendor_id: UUID | None = None,
    statuses: Sequence[OrderStatus] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    after: UUID | None = None,
    limit: int,
) -> list[Order]:
    """Newest first; `after` is the last id already seen. Served by the (retailer, id) and (vendor, id) indexes."""
    return await tx.all(
        f"""
        SELECT {ORDER_COLUMNS}
        FROM orders
        WHERE (%(retailer)s::uuid IS NULL OR retailer_id = %(retailer)s)
            AND (%(vendor)s::uuid IS NULL OR vendor_id = %(vendor)s)
            AND (%(statuses)s::text[] IS NULL OR status = ANY(%(statuses)s))
            AND (%(since)s::timestamptz IS NULL OR placed_at >= %(since)s)
            AND (%(until)s::timestamptz IS NULL OR placed_at < %(until)s)
            AND (%(after)s::uuid IS NULL OR id < %(after)s)
        ORDER BY id DESC
        LIMIT %(limit)s
        """,
        {
            "retailer": retailer_id,
            "vendor": vendor_id,
            "statuses": None if statuses is None else [status.value for status in statuses],
            "since": since,
            "until": until,
            "after": after,
            "limit": limit,
        },
        into=Order,
    )


async def find_orders_by_spoken_code(
    tx: Transaction, spoken: str, *, retailer_id: UUID | None = None, vendor_id: UUID | None = None
) -> list[Order]:
    """The orders somebody may mean: by full code, or by its last digits among the person's own, newest first."""
    code = normalised_code(spoken)
    digits = re.sub(r"\D", "", code)
    if not _FULL_CODE.match(code) and len(digits) < SPOKEN_DIGITS_MIN:
        return []
    return await tx.all(
        f"""
        SELECT {ORDER_COLUMNS}
        FROM orders
        WHERE (%(retailer)s::uuid IS NULL OR retailer_id = %(retailer)s)
            AND (%(vendor)s::uuid IS NULL OR vendor_id = %(vendor)s)
            AND (code = %(code)s OR (NOT %(full)s AND right(code, length(%(digits)s)) = %(digits)s))
        ORDER BY id DESC
        LIMIT 5
        """,
        {
            "retailer": retailer_id,
            "vendor": vendor_id,
            "code": code,
            "full": bool(_FULL_CODE.match(code)),
            "digits": digits,
        },
        into=Order,
    )


async def find_order_history(tx: Transaction, order_id: UUID) -> list[HistoryEntry]:
    """Every step, oldest first."""
    return await tx.all(
        """
        SELECT id, order_id, from_status, to_status, vendor_id, reason, actor_name, created_at
        FROM order_history
        WHERE order_id = %(order)s
        ORDER BY id
        """,
        {"order": order_id},
        into=HistoryEntry,
    )


async def last_order_lines(tx: Transaction, retailer_id: UUID) -> list[WantedLine]:
    """What the retailer's latest placement held, over all vendors it was split between."""
    return await tx.all(
        """
        SELECT line.product_id, SUM(line.quantity) AS quantity
        FROM order_lines AS line
        JOIN orders AS o ON o.id = line.order_id
        WHERE o.retailer_id = %(retailer)s
            AND o.placement_key = (
                SELECT placement_key FROM orders
                WHERE retailer_id = %(retailer)s AND status <> 'CANCELLED'
                ORDER BY id DESC
                LIMIT 1
            )
        GROUP BY line.product_id
        ORDER BY MIN(line.order_id::text), MIN(line.position)
        """,
        {"retailer": retailer_id},
        into=WantedLine,
    )


async def order_history_counts(tx: Transaction, retailer_id: UUID) -> list[TimesOrdered]:
    """How often each product is in the retailer's latest orders, most often first: the prior for vague words."""
    return await tx.all(
        """
        SELECT line.product_id, COUNT(*) AS times
        FROM order_lines AS line
        WHERE line.order_id IN (
            SELECT id FROM orders
            WHERE retailer_id = %(retailer)s AND status NOT IN ('CANCELLED', 'FAILED')
            ORDER BY id DESC
            LIMIT %(limit)s
        )
        GROUP BY line.product_id
        ORDER BY times DESC, line.product_id
        """,
        {"retailer": retailer_id, "limit": HISTORY_ORDERS_MAX},
        into=TimesOrdered,
    )


async def find_basket(tx: Transaction, basket_id: UUID) -> Basket | None:
    """The basket, or None."""
    return await tx.first(f"SELECT {BASKET_COLUMNS} FROM baskets WHERE id = %(id)s", {"id": basket_id}, into=Basket)


async def find_open_basket(tx: Transaction, retailer_id: UUID) -> Basket | None:
    """The retailer's basket that awaits an answer, if there is one."""
    return await tx.first(
        f"SELECT {BASKET_COLUMNS} FROM baskets WHERE retailer_id = %(retailer)s AND state = 'PENDING'",
        {"retailer": retailer_id},
        into=Basket,
    )


async def find_baskets(
    tx: Transaction, *, retailer_id: UUID | None = None, states: Sequence[str], limit: int
) -> list[Basket]:
    """Newest first."""
    return await tx.all(
        f"""
        SELECT {BASKET_COLUMNS}
        FROM baskets
        WHERE (%(retailer)s::uuid IS NULL OR retailer_id = %(retailer)s) AND state = ANY(%(states)s)
        ORDER BY id DESC
        LIMIT %(limit)s
        """,
        {"retailer": retailer_id, "states": list(states), "limit": limit},
        into=Basket,
    )


def normalised_code(spoken: str) -> str:
    """'ord2602100001' → 'ORD260210-0001'; anything else upper-cased and trimmed."""
    cleaned = re.sub(r"[\s#]", "", spoken).upper()
    full = _FULL_CODE.match(cleaned)
    return f"ORD{full[1]}-{full[2]}" if full else cleaned


def quantity_text(quantity: Decimal) -> str:
    """Without needless zeros: 5.000 → '5', 2.500 → '2.5'."""
    return format(quantity.normalize(), "f")
