"""Every step of an order's life over HTTP [O33, O43]; who may take which is decided with the order in hand."""

from __future__ import annotations

from typing import Any

from litestar import post

from khaacho.actors import Actor
from khaacho.errors import ValidationFailed
from khaacho.money import QUANTITY_DECIMALS_MAX
from khaacho.orders import fulfilment
from khaacho.orders.answering import find_order_answer, require_order_id
from khaacho.orders.api_records import Arrived, DeliveryBody, OptionalReason, OrderAnswer, Reason, Reroute
from khaacho.orders.asking import reroute_order
from khaacho.orders.deliveries import DeliveredLine
from khaacho.orders.records import OrderStatus
from khaacho.parties.access import requires
from khaacho.platform.database import Database
from khaacho.platform.http import Envelope, ok


@post(
    "/orders/{reference:str}/accept",
    operation_id="acceptOrder",
    summary="The vendor that is asked takes the order",
    status_code=200,
    guards=[requires("orders.fulfil")],
)
async def accept(reference: str, database: Database, actor: Actor) -> Envelope[OrderAnswer]:
    """Of several vendors that were asked only the one whose turn it is can."""
    async with database.transaction() as tx:
        order = await fulfilment.accept_order(tx, actor, await require_order_id(tx, reference))
        return ok(await find_order_answer(tx, order))


@post(
    "/orders/{reference:str}/decline",
    operation_id="declineOrder",
    summary="The vendor that is asked gives the order back; the next one is asked",
    status_code=200,
    guards=[requires("orders.fulfil")],
)
async def decline(
    reference: str, database: Database, actor: Actor, data: OptionalReason | None = None
) -> Envelope[OrderAnswer]:
    """The vendor is not asked again for this order."""
    async with database.transaction() as tx:
        order = await fulfilment.decline_order(
            tx, actor, await require_order_id(tx, reference), reason=data.reason if data else None
        )
        return ok(await find_order_answer(tx, order))


@post(
    "/orders/{reference:str}/pack",
    operation_id="packOrder",
    summary="The vendor is packing",
    status_code=200,
    guards=[requires("orders.fulfil")],
)
async def pack(reference: str, database: Database, actor: Actor) -> Envelope[OrderAnswer]:
    """From ACCEPTED."""
    return await _advance(database, actor, reference, OrderStatus.PACKING)


@post(
    "/orders/{reference:str}/dispatch",
    operation_id="dispatchOrder",
    summary="The goods have left the vendor",
    status_code=200,
    guards=[requires("orders.fulfil")],
)
async def dispatch(reference: str, database: Database, actor: Actor) -> Envelope[OrderAnswer]:
    """From PACKING. The retailer can no longer cancel."""
    return await _advance(database, actor, reference, OrderStatus.DISPATCHED)


@post(
    "/orders/{reference:str}/out-for-delivery",
    operation_id="sendOrderOut",
    summary="The goods are on the last stretch",
    status_code=200,
    guards=[requires("orders.fulfil")],
)
async def out_for_delivery(reference: str, database: Database, actor: Actor) -> Envelope[OrderAnswer]:
    """From DISPATCHED; a stage that may be left out."""
    return await _advance(database, actor, reference, OrderStatus.OUT_FOR_DELIVERY)


@post(
    "/orders/{reference:str}/deliver",
    operation_id="deliverOrder",
    summary="The goods arrived, all or those named",
    status_code=200,
    guards=[requires("orders.fulfil")],
)
async def deliver(
    reference: str, database: Database, actor: Actor, data: DeliveryBody | None = None
) -> Envelope[OrderAnswer]:
    """What arrived is owed from now on; what did not is given back to stock and to the credit line."""
    delivered = [_delivered(line) for line in data.lines] if data and data.lines is not None else None
    async with database.transaction() as tx:
        order = await fulfilment.deliver_order(tx, actor, await require_order_id(tx, reference), delivered=delivered)
        return ok(await find_order_answer(tx, order))


@post(
    "/orders/{reference:str}/complete",
    operation_id="completeOrder",
    summary="Nothing more is to come of a delivered order",
    status_code=200,
    guards=[requires("orders.complete")],
)
async def complete(
    reference: str, database: Database, actor: Actor, data: OptionalReason | None = None
) -> Envelope[OrderAnswer]:
    """Orders that are paid in full complete by themselves."""
    async with database.transaction() as tx:
        order = await fulfilment.complete_order(
            tx, actor, await require_order_id(tx, reference), reason=data.reason if data else None
        )
        return ok(await find_order_answer(tx, order))


@post(
    "/orders/{reference:str}/cancel",
    operation_id="cancelOrder",
    summary="Call an order off; stock and credit are given back",
    status_code=200,
    guards=[requires("orders.cancel")],
)
async def cancel(reference: str, data: Reason, database: Database, actor: Actor) -> Envelope[OrderAnswer]:
    """A retailer may until the order is dispatched."""
    async with database.transaction() as tx:
        order = await fulfilment.cancel_order(tx, actor, await require_order_id(tx, reference), reason=data.reason)
        return ok(await find_order_answer(tx, order))


@post(
    "/orders/{reference:str}/reroute",
    operation_id="rerouteOrder",
    summary="Give an order nobody has accepted to another vendor",
    status_code=200,
    guards=[requires("orders.reroute")],
)
async def reroute(reference: str, data: Reroute, database: Database, actor: Actor) -> Envelope[OrderAnswer]:
    """Never to one that declined it, and never at a higher price than the retailer confirmed."""
    async with database.transaction() as tx:
        order = await reroute_order(
            tx, actor, await require_order_id(tx, reference), vendor_id=data.vendor_id, reason=data.reason
        )
        return ok(await find_order_answer(tx, order))


ROUTES: list[Any] = [accept, decline, pack, dispatch, out_for_delivery, deliver, complete, cancel, reroute]


async def _advance(database: Database, actor: Actor, reference: str, to_status: OrderStatus) -> Envelope[OrderAnswer]:
    async with database.transaction() as tx:
        order = await fulfilment.advance_order(tx, actor, await require_order_id(tx, reference), to_status)
        return ok(await find_order_answer(tx, order))


def _delivered(line: Arrived) -> DeliveredLine:
    quantity = line.quantity
    if not quantity.is_finite() or quantity < 0:
        raise ValidationFailed(field="lines.quantity", why="must be zero or more")
    if quantity != round(quantity, QUANTITY_DECIMALS_MAX):
        raise ValidationFailed(field="lines.quantity", why=f"has more than {QUANTITY_DECIMALS_MAX} decimals")
    return DeliveredLine(sku=line.sku, quantity=quantity)
