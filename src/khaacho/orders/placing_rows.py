"""The rows of new orders, each table written in one statement over arrays."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from khaacho.actors import Actor
from khaacho.ids import new_id
from khaacho.orders.records import Order, QuoteLine
from khaacho.platform.database import Transaction


class OrderDraft(msgspec.Struct, frozen=True, kw_only=True):
    """One order to be written, with the first question to its vendor."""

    order: Order
    actor: Actor
    lines: tuple[QuoteLine, ...]
    request_id: UUID
    score: float
    candidates: Any
    asked_at: datetime
    answer_by: datetime
    overridden: str | None = None


async def insert_orders(tx: Transaction, drafts: Sequence[OrderDraft]) -> None:
    """Orders, lines, first history step and first vendor request."""
    await _insert_order_rows(tx, [draft.order for draft in drafts])
    await _insert_lines(tx, drafts)
    await _insert_history(tx, drafts)
    await _insert_requests(tx, drafts)


async def _insert_order_rows(tx: Transaction, orders: Sequence[Order]) -> None:
    await tx.send_only(
        """
        INSERT INTO orders (id, code, placement_key, basket_id, retailer_id, vendor_id, status, payment_mode,
            credit_account_id, hold_id, subtotal_paisa, tax_paisa, total_paisa, notes, override_reason, placed_at,
            status_since)
        SELECT o.id, o.code, o.placement_key, o.basket_id, o.retailer_id, o.vendor_id, 'PENDING', o.payment_mode,
            o.credit_account_id, o.hold_id, o.subtotal, o.tax, o.subtotal + o.tax, o.notes, o.override_reason,
            o.placed_at, o.placed_at
        FROM unnest(%(ids)s::uuid[], %(codes)s::text[], %(keys)s::text[], %(baskets)s::uuid[], %(retailers)s::uuid[],
            %(vendors)s::uuid[], %(modes)s::text[], %(accounts)s::uuid[], %(holds)s::uuid[], %(subtotals)s::bigint[],
            %(taxes)s::bigint[], %(notes)s::text[], %(overrides)s::text[], %(placed)s::timestamptz[])
            AS o (id, code, placement_key, basket_id, retailer_id, vendor_id, payment_mode, credit_account_id,
                hold_id, subtotal, tax, notes, override_reason, placed_at)
        """,
        {
            "ids": [order.id for order in orders],
            "codes": [order.code for order in orders],
            "keys": [order.placement_key for order in orders],
            "baskets": [order.basket_id for order in orders],
            "retailers": [order.retailer_id for order in orders],
            "vendors": [order.vendor_id for order in orders],
            "modes": [order.payment_mode.value for order in orders],
            "accounts": [order.credit_account_id for order in orders],
            "holds": [order.hold_id for order in orders],
            "subtotals": [order.subtotal_paisa for order in orders],
            "taxes": [order.tax_paisa for order in orders],
            "notes": [order.notes for order in orders],
            "overrides": [order.override_reason for order in orders],
            "placed": [order.placed_at for order in orders],
        },
    )


async def _insert_lines(tx: Transaction, drafts: Sequence[OrderDraft]) -> None:
    numbered = [
        (draft.order.id, position, line) for draft in drafts for position, line in enumerate(draft.lines, start=1)
    ]
    await tx.send_only(
        """
        INSERT INTO order_lines (order_id, position, product_id, offer_id, sku, name, quantity, unit_price_paisa,
            vat_basis_points, amount_paisa, tax_paisa)
        SELECT *
        FROM unnest(%(orders)s::uuid[], %(positions)s::integer[], %(products)s::uuid[], %(offers)s::uuid[],
            %(skus)s::text[], %(names)s::text[], %(quantities)s::numeric[], %(prices)s::bigint[],
            %(rates)s::integer[], %(amounts)s::bigint[], %(taxes)s::bigint[])
        """,
        {
            "orders": [order_id for order_id, _, _ in numbered],
            "positions": [position for _, position, _ in numbered],
            "products": [line.product_id for _, _, line in numbered],
            "offers": [line.offer_id for _, _, line in numbered],
            "skus": [line.code for _, _, line in numbered],
            "names": [line.name for _, _, line in numbered],
            "quantities": [line.quantity for _, _, line in numbered],
            "prices": [line.unit_price_paisa for _, _, line in numbered],
            "rates": [line.vat_basis_points for _, _, line in numbered],
            "amounts": [line.amount_paisa for _, _, line in numbered],
            "taxes": [line.tax_paisa for _, _, line in numbered],
        },
    )


async def _insert_history(tx: Transaction, drafts: Sequence[OrderDraft]) -> None:
    await tx.send_only(
        """
        INSERT INTO order_history (id, order_id, to_status, vendor_id, reason, actor_id, actor_name, created_at)
        SELECT h.id, h.order_id, 'PENDING', h.vendor_id, h.reason, h.actor_id, h.actor_name, h.created_at
        FROM unnest(%(ids)s::uuid[], %(orders)s::uuid[], %(vendors)s::uuid[], %(reasons)s::text[], %(actors)s::uuid[],
            %(actor_names)s::text[], %(created)s::timestamptz[])
            AS h (id, order_id, vendor_id, reason, actor_id, actor_name, created_at)
        """,
        {
            "ids": [new_id() for _ in drafts],
            "orders": [draft.order.id for draft in drafts],
            "vendors": [draft.order.vendor_id for draft in drafts],
            "reasons": [draft.order.override_reason for draft in drafts],
            "actors": [draft.actor.id for draft in drafts],
            "actor_names": [draft.actor.name for draft in drafts],
            "created": [draft.order.placed_at for draft in drafts],
        },
    )


async def _insert_requests(tx: Transaction, drafts: Sequence[OrderDraft]) -> None:
    await tx.send_only(
        """
        INSERT INTO vendor_requests (id, order_id, vendor_id, attempt, score, candidates, asked_at, answer_by)
        SELECT r.id, r.order_id, r.vendor_id, 1, r.score, r.candidates, r.asked_at, r.answer_by
        FROM unnest(%(ids)s::uuid[], %(orders)s::uuid[], %(vendors)s::uuid[], %(scores)s::numeric[],
            %(candidates)s::jsonb[], %(asked)s::timestamptz[], %(answer_by)s::timestamptz[])
            AS r (id, order_id, vendor_id, score, candidates, asked_at, answer_by)
        """,
        {
            "ids": [draft.request_id for draft in drafts],
            "orders": [draft.order.id for draft in drafts],
            "vendors": [draft.order.vendor_id for draft in drafts],
            "scores": [draft.score for draft in drafts],
            "candidates": [Jsonb(draft.candidates) for draft in drafts],
            "asked": [draft.asked_at for draft in drafts],
            "answer_by": [draft.answer_by for draft in drafts],
        },
    )
