"""Orders past a guardrail, over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get
from litestar.params import QueryParameter

from khaacho.money import rupees
from khaacho.orders.overrides import OverriddenOrder, find_overridden_orders
from khaacho.orders.records import OrderStatus
from khaacho.parties.access import requires
from khaacho.platform.database import Database
from khaacho.platform.http import (
    PAGE_LIMIT_DEFAULT,
    PAGE_LIMIT_MAX,
    ApiRecord,
    Envelope,
    Page,
    Rupees,
    decode_place,
    encode_place,
    ok,
)


class OverrideAnswer(ApiRecord, frozen=True, kw_only=True):
    """An order, the guardrail it passed, who let it pass, and why."""

    order_id: UUID
    code: str
    retailer_id: UUID
    vendor_id: UUID
    status: OrderStatus
    total: Rupees
    placed_at: datetime
    guardrail: str | None
    allowed_by: str | None
    reason: str


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    id: UUID


@get(
    "/admin/guardrails/overrides",
    operation_id="listOverrides",
    summary="Orders that an admin let past a guardrail, newest first",
    guards=[requires("guardrails.read")],
)
async def list_overrides(
    database: Database,
    retailer_id: Annotated[UUID | None, QueryParameter(name="retailerId")] = None,
    cursor: str | None = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_LIMIT_MAX)] = PAGE_LIMIT_DEFAULT,
) -> Envelope[Page[OverrideAnswer]]:
    place = decode_place(cursor, _Place)
    async with database.reading() as tx:
        found = await find_overridden_orders(
            tx, retailer_id=retailer_id, before=(place.at, place.id) if place else None, limit=limit + 1
        )
    shown = found[:limit]
    more = len(found) > limit
    next_cursor = encode_place(_Place(at=shown[-1].placed_at, id=shown[-1].order_id)) if more else None
    return ok(Page(items=[_override(order) for order in shown], next_cursor=next_cursor))


ROUTES: list[Any] = [list_overrides]


def _override(order: OverriddenOrder) -> OverrideAnswer:
    return OverrideAnswer(
        order_id=order.order_id,
        code=order.code,
        retailer_id=order.retailer_id,
        vendor_id=order.vendor_id,
        status=order.status,
        total=rupees(order.total_paisa),
        placed_at=order.placed_at,
        guardrail=order.guardrail,
        allowed_by=order.allowed_by,
        reason=order.reason,
    )
