"""Reading what happened to a balance, with the purchase behind each line [P33]."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from khaacho.platform.database import Transaction
from khaacho.prepaid.gateways.port import Currency, GatewayName
from khaacho.prepaid.records import LotKind, MovementKind


class PaidPart(msgspec.Struct, frozen=True, kw_only=True):
    """Units of one lot that paid for a spend; `movement_id` is the purchase or gift that brought the lot [P4]."""

    movement_id: UUID
    kind: LotKind
    units: int
    returned_units: int
    package_name: str | None


class HistoryLine(msgspec.Struct, frozen=True, kw_only=True):
    """A movement, with what is known of the purchase it belongs to, and for a spend what paid for it."""

    id: UUID
    user_id: UUID
    kind: MovementKind
    units: int
    balance_before: int
    balance_after: int
    source_kind: str
    source_id: UUID
    refunds_id: UUID | None
    reason: str | None
    created_at: datetime
    actor_name: str
    gateway: GatewayName | None
    gateway_order_id: str | None
    gateway_payment_id: str | None
    amount_paisa: int | None
    currency: Currency | None
    package_name: str | None
    base_price_paisa: int | None
    ip: str | None
    user_agent: str | None
    paid_by: tuple[PaidPart, ...]


# What every list of movements reads; the primary key of prepaid_lot_uses serves what paid for a line.
HISTORY_LINES = """
    SELECT movement.id, movement.user_id, movement.kind, movement.units, movement.balance_before,
        movement.balance_after, movement.source_kind, movement.source_id, movement.refunds_id, movement.reason,
        movement.created_at, movement.actor_name, bought.gateway, bought.gateway_order_id,
        payment.gateway_payment_id, payment.amount_paisa, payment.currency, bought.package_name,
        bought.base_price_paisa, bought.ip, bought.user_agent, COALESCE(paid.parts, '[]') AS paid_by
    FROM prepaid_movements AS movement
    LEFT JOIN prepaid_orders AS bought ON bought.id = movement.order_id
    LEFT JOIN prepaid_payments AS payment ON payment.movement_id = movement.id
    LEFT JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object('movement_id', lot.id, 'kind', lot.kind, 'units', used.units,
            'returned_units', used.returned_units, 'package_name', purchase.package_name) ORDER BY lot.id) AS parts
        FROM prepaid_lot_uses AS used
        JOIN prepaid_lots AS lot ON lot.id = used.lot_id
        JOIN prepaid_movements AS brought ON brought.id = lot.id
        LEFT JOIN prepaid_orders AS purchase ON purchase.id = brought.order_id
        WHERE used.movement_id = movement.id
    ) AS paid ON movement.kind = 'SPEND'
"""


class HistoryPage(msgspec.Struct, frozen=True, kw_only=True):
    lines: list[HistoryLine]
    total: int


async def find_history(
    tx: Transaction,
    user_id: UUID,
    *,
    kind: MovementKind | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int,
    offset: int = 0,
) -> HistoryPage:
    """What happened to a balance, the newest first; `since` and `until` are included."""
    where = """movement.user_id = %(user)s
            AND (%(kind)s::text IS NULL OR movement.kind = %(kind)s)
            AND (%(since)s::timestamptz IS NULL OR movement.created_at >= %(since)s)
            AND (%(until)s::timestamptz IS NULL OR movement.created_at <= %(until)s)"""
    params: dict[str, Any] = {
        "user": user_id,
        "kind": kind.value if kind else None,
        "since": since,
        "until": until,
        "limit": limit,
        "offset": offset,
    }
    # prepaid_movements_user_idx serves both.
    lines = await tx.all(
        f"""
        {HISTORY_LINES}
        WHERE {where}
        ORDER BY movement.id DESC
        LIMIT %(limit)s OFFSET %(offset)s
        """,
        params,
        into=HistoryLine,
    )
    total = await tx.value(f"SELECT count(*) FROM prepaid_movements AS movement WHERE {where}", params)
    return HistoryPage(lines=lines, total=int(total))
