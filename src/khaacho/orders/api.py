"""Orders over HTTP: placing and reading them; `ROUTES` has their steps and their recovery too."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import HeaderParameter, QueryParameter

from khaacho.actors import Actor, ActorRole
from khaacho.errors import Forbidden, KhaachoError, ValidationFailed
from khaacho.orders.answering import OrderDesk, find_order_answer, find_order_answers, parse_reference
from khaacho.orders.api_records import (
    BatchAnswer,
    BatchOutcome,
    HistoryAnswer,
    KeyedOrder,
    NewOrder,
    OrderAnswer,
    OrderBatch,
    PlacedAnswer,
    RequestAnswer,
    history_answer,
    place_order_of,
    refused,
    request_answer,
)
from khaacho.orders.fulfilment_api import ROUTES as STEP_ROUTES
from khaacho.orders.in_hand import find_considered, find_requests
from khaacho.orders.insight_api import ROUTES as INSIGHT_ROUTES
from khaacho.orders.overrides_api import ROUTES as OVERRIDE_ROUTES
from khaacho.orders.placer import OrderPlacer
from khaacho.orders.queries import find_order_history, find_orders, require_order
from khaacho.orders.records import Order, OrderStatus
from khaacho.orders.recovery_api import ROUTES as RECOVERY_ROUTES
from khaacho.parties.access import doorkeeper_of, ensure_retailer_access, ensure_vendor_access, requires
from khaacho.platform.asked_times import Since, Until, asked_since, asked_until
from khaacho.platform.database import Database, Transaction
from khaacho.platform.http import (
    PAGE_LIMIT_DEFAULT,
    PAGE_LIMIT_MAX,
    Envelope,
    Page,
    decode_cursor,
    encode_cursor,
    ok,
)
from khaacho.platform.idempotency import KEY_LENGTH_MAX, checked_key

AnyRequest = Request[Any, Any, Any]
KeyHeader = Annotated[str | None, HeaderParameter(name="Idempotency-Key", max_length=KEY_LENGTH_MAX)]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_LIMIT_MAX)]


# --- placing -----------------------------------------------------------------------------------------------------


@post(
    "/orders",
    operation_id="placeOrder",
    summary="Place an order; a basket no single vendor can fill becomes one order per vendor",
    guards=[requires("orders.place")],
)
async def place_order(
    data: NewOrder,
    request: AnyRequest,
    placer: OrderPlacer,
    desk: OrderDesk,
    actor: Actor,
    key: KeyHeader = None,
) -> Envelope[PlacedAnswer]:
    """The same Idempotency-Key gives the same orders again."""
    await _ensure_may_place(request, actor, data)
    orders = await placer.submit(actor, place_order_of(data, checked_key(key)))
    return ok(PlacedAnswer(orders=await desk.show(orders)))


@post(
    "/orders/batch",
    operation_id="placeOrders",
    summary="Place many orders; one refusal stops no other",
    status_code=200,
    guards=[requires("orders.place")],
)
async def place_orders(
    data: OrderBatch, request: AnyRequest, placer: OrderPlacer, desk: OrderDesk, actor: Actor
) -> Envelope[BatchAnswer]:
    """One outcome per order, in the order they were sent."""
    outcomes = await asyncio.gather(*(_place_one(request, placer, actor, body) for body in data.orders))
    placed = [order for outcome in outcomes if not isinstance(outcome, KhaachoError) for order in outcome]
    answers = {answer.id: answer for answer in await desk.show(placed)}
    return ok(
        BatchAnswer(
            outcomes=[
                refused(body.idempotency_key, outcome)
                if isinstance(outcome, KhaachoError)
                else BatchOutcome(
                    idempotency_key=body.idempotency_key,
                    success=True,
                    orders=[answers[order.id] for order in outcome],
                )
                for body, outcome in zip(data.orders, outcomes, strict=True)
            ]
        )
    )


async def _place_one(
    request: AnyRequest, placer: OrderPlacer, actor: Actor, body: KeyedOrder
) -> list[Order] | KhaachoError:
    try:
        await _ensure_may_place(request, actor, body)
        return await placer.submit(actor, place_order_of(body, body.idempotency_key))
    except KhaachoError as refusal:
        return refusal


async def _ensure_may_place(request: AnyRequest, actor: Actor, body: NewOrder) -> None:
    ensure_retailer_access(actor, body.retailer_id)
    if body.override_reason is not None:
        if not body.override_reason.strip():
            raise ValidationFailed(field="overrideReason", why="must say why")
        await doorkeeper_of(request).ensure_may(actor, "orders.override")


# --- reading -----------------------------------------------------------------------------------------------------


@get(
    "/orders",
    operation_id="listOrders",
    summary="Orders, newest first; everyone sees their own",
    guards=[requires("orders.read")],
)
async def list_orders(
    database: Database,
    actor: Actor,
    status: list[OrderStatus] | None = None,
    retailer_id: Annotated[UUID | None, QueryParameter(name="retailerId")] = None,
    vendor_id: Annotated[UUID | None, QueryParameter(name="vendorId")] = None,
    since: Since = None,
    until: Until = None,
    cursor: str | None = None,
    limit: Limit = PAGE_LIMIT_DEFAULT,
) -> Envelope[Page[OrderAnswer]]:
    """`status` may be given several times."""
    if actor.role is ActorRole.RETAILER:
        retailer_id = _own(actor.retailer_id, retailer_id)
    if actor.role is ActorRole.VENDOR:
        vendor_id = _own(actor.vendor_id, vendor_id)
    async with database.reading() as tx:
        orders = await find_orders(
            tx,
            retailer_id=retailer_id,
            vendor_id=vendor_id,
            statuses=status,
            since=asked_since(since),
            until=asked_until(until),
            after=decode_cursor(cursor),
            limit=limit + 1,
        )
        shown = orders[:limit]
        answers = await find_order_answers(tx, shown)
    return ok(Page(items=answers, next_cursor=encode_cursor(shown[-1].id) if len(orders) > limit else None))


@get(
    "/orders/{reference:str}",
    operation_id="getOrder",
    summary="One order, by id or by code",
    guards=[requires("orders.read")],
)
async def get_order(reference: str, database: Database, actor: Actor) -> Envelope[OrderAnswer]:
    """A code may be written with or without its dash."""
    async with database.reading() as tx:
        return ok(await find_order_answer(tx, await _require_visible(tx, actor, reference)))


@get(
    "/orders/{reference:str}/history",
    operation_id="getOrderHistory",
    summary="Every step of an order's life",
    guards=[requires("orders.read")],
)
async def get_order_history(reference: str, database: Database, actor: Actor) -> Envelope[list[HistoryAnswer]]:
    """Oldest first."""
    async with database.reading() as tx:
        order = await _require_visible(tx, actor, reference)
        return ok([history_answer(entry) for entry in await find_order_history(tx, order.id)])


@get(
    "/orders/{reference:str}/routing",
    operation_id="getOrderRouting",
    summary="Which vendors were asked, and how each candidate scored",
    guards=[requires("orders.reroute")],
)
async def get_order_routing(reference: str, database: Database) -> Envelope[list[RequestAnswer]]:
    """In the sequence they were asked."""
    async with database.reading() as tx:
        order = await require_order(tx, parse_reference(reference))
        considered = await find_considered(tx, order.id)
        return ok([request_answer(one, considered[one.id]) for one in await find_requests(tx, order.id)])


ROUTES: list[Any] = [
    place_order,
    place_orders,
    list_orders,
    get_order,
    get_order_history,
    get_order_routing,
    *STEP_ROUTES,
    *INSIGHT_ROUTES,
    *OVERRIDE_ROUTES,
    *RECOVERY_ROUTES,
]


async def _require_visible(tx: Transaction, actor: Actor, reference: str) -> Order:
    """Raises OrderNotFound, and Forbidden to everyone but staff, the retailer and the vendor who has it."""
    order = await require_order(tx, parse_reference(reference))
    if actor.role is ActorRole.VENDOR:
        ensure_vendor_access(actor, order.vendor_id)
    else:
        ensure_retailer_access(actor, order.retailer_id)
    return order


def _own(own_id: UUID | None, asked_id: UUID | None) -> UUID:
    if own_id is None or asked_id not in (None, own_id):
        raise Forbidden
    return own_id
