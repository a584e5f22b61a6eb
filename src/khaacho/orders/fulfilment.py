"""From asked to completed: what people and time do to a placed order [O33, O34, O43].

Every verb takes the order in hand (locked), checks who asks, and is a quiet success when it is done already. What a
step does to stock and credit happens in the same transaction, so it happens once or not at all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import SYSTEM, Actor, ActorRole
from khaacho.catalog.actions import lock_stock, release, sell
from khaacho.credit.actions import record_cash_on_delivery, release_holds, settle_hold
from khaacho.credit.queries import find_debits_of_orders
from khaacho.credit.records import Debit
from khaacho.errors import Forbidden, InvalidTransition, NotYourTurn, ValidationFailed
from khaacho.orders.asking import move_on
from khaacho.orders.deliveries import DeliveredLine, Delivery, decide_delivery
from khaacho.orders.in_hand import Answer, OrderInHand, close_request, record_step, take_in_hand
from khaacho.orders.queries import find_order_history
from khaacho.orders.records import OPEN_STATUSES, Order, OrderStatus, PaymentMode
from khaacho.orders.states import decide_transition, statuses_allowed
from khaacho.platform.database import Transaction

PAID_IN_FULL = "paid in full"
OWED_AGAIN = "owed again"


async def accept_order(tx: Transaction, actor: Actor, order_id: UUID) -> Order:
    """The vendor that is asked takes the order; staff may say so in its name. Exactly one vendor ever does.

    Raises NotYourTurn when the question went to somebody else or has run out, Forbidden, InvalidTransition.
    """
    hand = await take_in_hand(tx, order_id)
    _require_asked_or_owner(hand, actor)
    if not _decide(hand, actor, OrderStatus.ACCEPTED):
        return hand.order
    if hand.waiting is None or hand.waiting.vendor_id != hand.order.vendor_id:
        raise NotYourTurn(order=hand.order.code)
    async with tx.pipeline():
        await close_request(tx, hand.waiting, Answer.ACCEPTED)
        return await _step(tx, actor, hand, OrderStatus.ACCEPTED)


async def decline_order(tx: Transaction, actor: Actor, order_id: UUID, *, reason: str | None = None) -> Order:
    """The vendor that is asked gives the order back, and the next one is asked. Having declined before is fine.

    Raises NotYourTurn, Forbidden, and InvalidTransition once the order was accepted.
    """
    hand = await take_in_hand(tx, order_id)
    if _has_declined(hand, actor):
        return hand.order
    _require_asked_or_owner(hand, actor)
    if actor.role is not ActorRole.VENDOR and not actor.is_staff:
        raise Forbidden
    if hand.order.status is not OrderStatus.PENDING:
        raise InvalidTransition(
            from_status=hand.order.status,
            to_status="DECLINED",
            allowed=[*statuses_allowed(hand.order.status, actor.role)],
        )
    if hand.waiting is None:
        raise NotYourTurn(order=hand.order.code)
    return await move_on(tx, actor, hand, Answer.DECLINED, reason)


async def advance_order(
    tx: Transaction, actor: Actor, order_id: UUID, to_status: OrderStatus, *, reason: str | None = None
) -> Order:
    """To PACKING, DISPATCHED or OUT_FOR_DELIVERY; no other state is reached this way."""
    if to_status not in (OrderStatus.PACKING, OrderStatus.DISPATCHED, OrderStatus.OUT_FOR_DELIVERY):
        raise ValueError(f"{to_status} is not a stage of delivery")
    hand = await take_in_hand(tx, order_id)
    if not _decide(hand, actor, to_status):
        return hand.order
    async with tx.pipeline():
        return await _step(tx, actor, hand, to_status, reason=reason)


async def deliver_order(
    tx: Transaction,
    actor: Actor,
    order_id: UUID,
    *,
    delivered: Sequence[DeliveredLine] | None = None,
    at: datetime | None = None,
) -> Order:
    """The goods arrived, all of them or those named: stock is sold, the hold becomes a debit of what arrived.

    What did not arrive is given back to stock and to the credit line. COD was paid at the door, so such an order is
    COMPLETED at once, as is one that was paid ahead. Raises DeliveryMismatch, ValidationFailed for a moment outside
    the order's life, Forbidden, InvalidTransition.
    """
    hand = await take_in_hand(tx, order_id)
    if hand.order.status is OrderStatus.COMPLETED and (hand.owned_by(actor) or actor.is_staff):
        return hand.order
    if not _decide(hand, actor, OrderStatus.DELIVERED):
        return hand.order
    moment = _require_within_life(hand.order, at)
    delivery = decide_delivery(hand.lines, delivered)
    order = msgspec.structs.replace(
        hand.order, delivered_total_paisa=delivery.total_paisa, delivered_at=moment, status=OrderStatus.DELIVERED
    )
    order, paid = await _take_payment(tx, actor, order, delivery.total_paisa, moment)
    await _hand_over(tx, hand, delivery)
    async with tx.pipeline():
        await _write_delivered(tx, delivery)
        order = await _step(tx, actor, hand, OrderStatus.DELIVERED, changed=order)
        if paid:
            hand = msgspec.structs.replace(hand, order=order)
            order = await _step(tx, SYSTEM, hand, OrderStatus.COMPLETED, reason=PAID_IN_FULL)
    return order


async def complete_order(tx: Transaction, actor: Actor, order_id: UUID, *, reason: str | None = None) -> Order:
    """Nothing more is to come of a delivered order: it was paid, or the retailer or staff say so."""
    hand = await take_in_hand(tx, order_id)
    if not _decide(hand, actor, OrderStatus.COMPLETED):
        return hand.order
    async with tx.pipeline():
        return await _step(tx, actor, hand, OrderStatus.COMPLETED, reason=reason)


async def cancel_order(tx: Transaction, actor: Actor, order_id: UUID, *, reason: str) -> Order:
    """Call the order off; stock and credit are given back. A retailer may until it is dispatched."""
    return await _end(tx, actor, order_id, OrderStatus.CANCELLED, reason)


async def fail_order(tx: Transaction, actor: Actor, order_id: UUID, *, reason: str) -> Order:
    """The order cannot be fulfilled; stock and credit are given back, and it may be tried again."""
    return await _end(tx, actor, order_id, OrderStatus.FAILED, reason)


async def complete_paid_orders(tx: Transaction, order_ids: Sequence[UUID]) -> None:
    """Complete those that are DELIVERED and paid in full by now; the others are left alone."""
    for hand, debit in await _with_debits(tx, order_ids):
        if hand.order.status is OrderStatus.DELIVERED and debit is not None and debit.remaining_paisa == 0:
            async with tx.pipeline():
                await _step(tx, SYSTEM, hand, OrderStatus.COMPLETED, reason=PAID_IN_FULL)


async def reopen_unpaid_orders(tx: Transaction, order_ids: Sequence[UUID]) -> None:
    """What paid these was taken back: those that were completed by being paid, and are owed by now, are DELIVERED.

    One that a person completed stays so, whatever is owed for it.
    """
    for hand, debit in await _with_debits(tx, order_ids):
        if hand.order.status is not OrderStatus.COMPLETED or debit is None or debit.remaining_paisa == 0:
            continue
        if (await find_order_history(tx, hand.order.id))[-1].reason == PAID_IN_FULL:
            async with tx.pipeline():
                await _step(tx, SYSTEM, hand, OrderStatus.DELIVERED, reason=OWED_AGAIN)


async def _with_debits(tx: Transaction, order_ids: Sequence[UUID]) -> list[tuple[OrderInHand, Debit | None]]:
    """These orders in hand, each with its open item as it is then.

    Whoever pays or takes back holds no order. Were the items read first, a change that was committed and heard of while
    an order was waited for would be overruled by what was true before it.
    """
    hands = [await take_in_hand(tx, order_id) for order_id in sorted(set(order_ids))]
    debits = await find_debits_of_orders(tx, order_ids)
    return [(hand, debits.get(hand.order.id)) for hand in hands]


async def _end(tx: Transaction, actor: Actor, order_id: UUID, to_status: OrderStatus, reason: str) -> Order:
    hand = await take_in_hand(tx, order_id)
    if not _decide(hand, actor, to_status):
        return hand.order
    order = hand.order
    if to_status is OrderStatus.FAILED:
        order = msgspec.structs.replace(order, failed_at=clock.now(), failure_reason=reason)
    if hand.order.status in OPEN_STATUSES:
        if order.hold_id is not None:
            await release_holds(tx, actor, [order.hold_id])
        await _release_stock(tx, hand)
    async with tx.pipeline():
        if hand.waiting is not None:
            await close_request(tx, hand.waiting, Answer.WITHDRAWN, reason=reason)
        failed = ("ORDER_FAILED",) if to_status is OrderStatus.FAILED else ()
        return await _step(tx, actor, hand, to_status, changed=order, reason=reason, also_audit=failed)


# --- who may -----------------------------------------------------------------------------------------------------


def _decide(hand: OrderInHand, actor: Actor, to_status: OrderStatus) -> bool:
    """Whether there is anything to change; raises the refusal when it is not allowed."""
    decision = decide_transition(hand.order.status, to_status, role=actor.role, owns_order=hand.owned_by(actor))
    if decision.refusal is not None:
        raise decision.refusal
    return decision.changes


def _require_asked_or_owner(hand: OrderInHand, actor: Actor) -> None:
    """A vendor that was asked and lost its turn is told just that; one that never was learns nothing."""
    if actor.role is not ActorRole.VENDOR or hand.owned_by(actor):
        return
    if any(request.vendor_id == actor.vendor_id for request in hand.requests):
        raise NotYourTurn(order=hand.order.code)
    raise Forbidden


def _has_declined(hand: OrderInHand, actor: Actor) -> bool:
    if actor.role is not ActorRole.VENDOR:
        return False
    own = [request for request in hand.requests if request.vendor_id == actor.vendor_id]
    return bool(own) and own[-1].answer is Answer.DECLINED


def _require_within_life(order: Order, at: datetime | None) -> datetime:
    now = clock.now()
    moment = at or now
    if not order.placed_at <= moment <= now:
        raise ValidationFailed(field="deliveredAt", why="must be after the order was placed and not in the future")
    return moment


# --- effects -----------------------------------------------------------------------------------------------------


async def _step(
    tx: Transaction,
    actor: Actor,
    hand: OrderInHand,
    to_status: OrderStatus,
    *,
    changed: Order | None = None,
    reason: str | None = None,
    also_audit: Sequence[str] = (),
) -> Order:
    after = msgspec.structs.replace(changed or hand.order, status=to_status, status_since=clock.now())
    await record_step(tx, actor, hand.order, after, reason=reason, also_audit=also_audit)
    return after


async def _take_payment(
    tx: Transaction, actor: Actor, order: Order, owed_paisa: int, moment: datetime
) -> tuple[Order, bool]:
    """Cash at the door, or the hold turned into a debit; answers the order with its due day and whether it is paid."""
    if order.payment_mode is PaymentMode.COD or order.hold_id is None:
        await record_cash_on_delivery(
            tx,
            actor,
            order_id=order.id,
            retailer_id=order.retailer_id,
            vendor_id=order.vendor_id,
            amount_paisa=owed_paisa,
            at=moment,
        )
        return order, True
    debit = await settle_hold(
        tx,
        actor,
        order.hold_id,
        amount_paisa=owed_paisa,
        order_id=order.id,
        vendor_id=order.vendor_id,
        delivered_at=moment,
    )
    if debit is None:
        raise LookupError("a delivery that is owed for became no debit")
    stored = (await find_debits_of_orders(tx, [order.id]))[order.id]
    return msgspec.structs.replace(order, due_on=debit.due_on), stored.remaining_paisa == 0


async def _release_stock(tx: Transaction, hand: OrderInHand) -> None:
    async with tx.pipeline():
        await lock_stock(tx, sorted({line.offer_id for line in hand.lines}))
        await release(tx, hand.reserved)


async def _hand_over(tx: Transaction, hand: OrderInHand, delivery: Delivery) -> None:
    sold = [(line.offer_id, line.delivered_quantity) for line in delivery.lines if line.delivered_quantity]
    returned = [
        (line.offer_id, line.quantity - (line.delivered_quantity or 0))
        for line in delivery.lines
        if line.quantity != line.delivered_quantity
    ]
    async with tx.pipeline():
        await lock_stock(tx, sorted({line.offer_id for line in hand.lines}))
        await sell(tx, sold)
        await release(tx, returned)


async def _write_delivered(tx: Transaction, delivery: Delivery) -> None:
    await tx.send_only(
        """
        UPDATE order_lines AS line
        SET delivered_quantity = new.delivered_quantity
        FROM unnest(%(positions)s::integer[], %(delivered)s::numeric[]) AS new (position, delivered_quantity)
        WHERE line.order_id = %(order)s AND line.position = new.position
        """,
        {
            "order": delivery.lines[0].order_id,
            "positions": [line.position for line in delivery.lines],
            "delivered": [line.delivered_quantity for line in delivery.lines],
        },
    )
