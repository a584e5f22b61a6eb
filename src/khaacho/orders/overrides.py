"""Orders that an admin let past a guardrail, for whoever watches over risk [C92]."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from khaacho.orders.records import OrderStatus
from khaacho.platform.audit_reports import find_latest_audit
from khaacho.platform.database import Transaction


class OverriddenOrder(msgspec.Struct, frozen=True, kw_only=True):
    """An order, the guardrail it passed (a refusal's code), who let it pass, and why."""

    order_id: UUID
    code: str
    retailer_id: UUID
    vendor_id: UUID
    status: OrderStatus
    total_paisa: int
    placed_at: datetime
    reason: str
    guardrail: str | None = None
    allowed_by: str | None = None


async def find_overridden_orders(
    tx: Transaction,
    *,
    retailer_id: UUID | None = None,
    since: datetime | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int,
) -> list[OverriddenOrder]:
    """Newest first; `before` is moment and id of the last one seen. orders_overridden_idx serves this."""
    at, order_id = before or (None, None)
    orders = await tx.all(
        """
        SELECT id AS order_id, code, retailer_id, vendor_id, status, total_paisa, placed_at, override_reason AS reason
        FROM orders
        WHERE override_reason IS NOT NULL
            AND (%(retailer)s::uuid IS NULL OR retailer_id = %(retailer)s)
            AND (%(since)s::timestamptz IS NULL OR placed_at >= %(since)s)
            AND (%(at)s::timestamptz IS NULL OR (placed_at, id) < (%(at)s, %(id)s))
        ORDER BY placed_at DESC, id DESC
        LIMIT %(limit)s
        """,
        {"retailer": retailer_id, "since": since, "at": at, "id": order_id, "limit": limit},
        into=OverriddenOrder,
    )
    audits = await find_latest_audit(tx, [order.order_id for order in orders], "OVERRIDE")
    told: list[OverriddenOrder] = []
    for order in orders:
        audit = audits.get(order.order_id)
        if audit is not None:
            guardrail = (audit.new_values or {}).get("guardrail")
            order = msgspec.structs.replace(order, guardrail=guardrail, allowed_by=audit.actor_name)
        told.append(order)
    return told
