"""What a visitor may do to an order in its present state, and doing it: the same actions the API and WhatsApp call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from khaacho.actors import Actor
from khaacho.console.visitor import Visitor
from khaacho.errors import ValidationFailed
from khaacho.orders.asking import reroute_order
from khaacho.orders.deliveries import DeliveredLine
from khaacho.orders.fulfilment import (
    accept_order,
    advance_order,
    cancel_order,
    complete_order,
    decline_order,
    deliver_order,
    fail_order,
)
from khaacho.orders.in_hand import Answer
from khaacho.orders.records import Order, OrderLine, OrderStatus
from khaacho.orders.reports import VendorQuestion
from khaacho.orders.retrying import retry_order
from khaacho.orders.states import statuses_allowed
from khaacho.parties.permissions import Permission
from khaacho.platform.database import Transaction

REASON_LENGTH_MAX = 500


class Act(StrEnum):
    """In the order in which they are offered; the value is the last part of the form's address."""

    ACCEPT = "accept"
    PACK = "pack"
    DISPATCH = "dispatch"
    OUT_FOR_DELIVERY = "out-for-delivery"
    DELIVER = "deliver"
    COMPLETE = "complete"
    RETRY = "retry"
    REROUTE = "reroute"
    DECLINE = "decline"
    CANCEL = "cancel"
    FAIL = "fail"


# What undoes or redirects a promise is never done without saying why. An order that is paid completes by itself, so
# completing one by hand is an exception too.
WITH_REASON = frozenset({Act.COMPLETE, Act.REROUTE, Act.DECLINE, Act.CANCEL, Act.FAIL})

_STAGES: Mapping[Act, OrderStatus] = {
    Act.PACK: OrderStatus.PACKING,
    Act.DISPATCH: OrderStatus.DISPATCHED,
    Act.OUT_FOR_DELIVERY: OrderStatus.OUT_FOR_DELIVERY,
}
_LEADS_TO: Mapping[Act, OrderStatus] = {
    **_STAGES,
    Act.ACCEPT: OrderStatus.ACCEPTED,
    Act.DELIVER: OrderStatus.DELIVERED,
    Act.COMPLETE: OrderStatus.COMPLETED,
    Act.RETRY: OrderStatus.PENDING,
    Act.CANCEL: OrderStatus.CANCELLED,
    Act.FAIL: OrderStatus.FAILED,
}
_PERMISSIONS: Mapping[Act, Permission] = {
    Act.COMPLETE: "orders.complete",
    Act.RETRY: "orders.recover",
    Act.REROUTE: "orders.reroute",
    Act.CANCEL: "orders.cancel",
}


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it was filled in."""

    reason: str
    vendor_id: UUID | None
    quantities: dict[int, str]
    all_arrived: bool


def permission_for(act: Act) -> Permission:
    """What a visitor's role must be allowed for this."""
    return _PERMISSIONS.get(act, "orders.fulfil")


def offered_acts(order: Order, questions: Sequence[VendorQuestion], visitor: Visitor) -> list[Act]:
    """What to offer now. Pure; the actions themselves decide again, under the lock."""
    allowed = statuses_allowed(order.status, visitor.actor.role)
    asked = any(one.answer is Answer.WAITING and one.vendor_id == order.vendor_id for one in questions)
    pending = order.status is OrderStatus.PENDING

    def is_open(act: Act) -> bool:
        match act:
            case Act.ACCEPT:
                return asked and OrderStatus.ACCEPTED in allowed
            case Act.DECLINE:
                return asked and pending
            case Act.REROUTE:
                return visitor.is_staff and pending
            case _:
                return _LEADS_TO[act] in allowed

    return [act for act in Act if visitor.may(permission_for(act)) and is_open(act)]


def read_form(form: Mapping[str, Any]) -> Filled:
    """What was filled in, cut to a sane length. Raises ValidationFailed for a vendor that is no id."""
    vendor = str(form.get("vendor", "")).strip()
    try:
        vendor_id = UUID(vendor) if vendor else None
    except ValueError as error:
        raise ValidationFailed(field="vendor", why="is not a wholesaler's id") from error
    prefix = "quantity-"
    return Filled(
        reason=str(form.get("reason", "")).replace("\x00", "").strip()[:REASON_LENGTH_MAX],
        vendor_id=vendor_id,
        quantities={
            int(name.removeprefix(prefix)): str(value).strip()
            for name, value in form.items()
            if name.startswith(prefix) and name.removeprefix(prefix).isdecimal()
        },
        all_arrived="quantities" not in form,
    )


async def perform(
    tx: Transaction, actor: Actor, act: Act, order_id: UUID, filled: Filled, lines: Sequence[OrderLine]
) -> Order:
    """Do it. Raises ValidationFailed without a reason where one is needed, and whatever the action itself refuses."""
    if act in WITH_REASON and not filled.reason:
        raise ValidationFailed(field="reason", why="say in a few words why")
    match act:
        case Act.ACCEPT:
            return await accept_order(tx, actor, order_id)
        case Act.DECLINE:
            return await decline_order(tx, actor, order_id, reason=filled.reason)
        case Act.PACK | Act.DISPATCH | Act.OUT_FOR_DELIVERY:
            return await advance_order(tx, actor, order_id, _STAGES[act])
        case Act.DELIVER:
            arrived = None if filled.all_arrived else _arrived(lines, filled.quantities)
            return await deliver_order(tx, actor, order_id, delivered=arrived)
        case Act.COMPLETE:
            return await complete_order(tx, actor, order_id, reason=filled.reason)
        case Act.CANCEL:
            return await cancel_order(tx, actor, order_id, reason=filled.reason)
        case Act.FAIL:
            return await fail_order(tx, actor, order_id, reason=filled.reason)
        case Act.RETRY:
            return await retry_order(tx, actor, order_id)
        case Act.REROUTE:
            return await reroute_order(tx, actor, order_id, vendor_id=filled.vendor_id, reason=filled.reason)


def _arrived(lines: Sequence[OrderLine], quantities: Mapping[int, str]) -> list[DeliveredLine]:
    return [
        DeliveredLine(sku=line.sku, quantity=_quantity(line.sku, quantities.get(line.position, "0"))) for line in lines
    ]


def _quantity(sku: str, written: str) -> Decimal:
    try:
        value = Decimal(written or "0")
    except InvalidOperation as error:
        raise ValidationFailed(field=sku, why=f"{written[:20]!r} is not a quantity") from error
    if not value.is_finite() or value != round(value, 3):
        raise ValidationFailed(field=sku, why="a quantity has at most three decimals")
    return value
