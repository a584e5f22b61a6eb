"""Orders that got stuck: found, moved on where that is possible, otherwise handed to a person, never silently [O51]."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import SYSTEM
from khaacho.orders.asking import move_on
from khaacho.orders.events import OrderStuck
from khaacho.orders.in_hand import Answer, OrderInHand, take_in_hand
from khaacho.orders.queries import ORDER_COLUMNS
from khaacho.orders.records import Order, OrderStatus
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction
from khaacho.platform.events import publish

FAILED_SHOWN_MAX = 10
NEVER_ANSWERED = "no vendor was being asked"


class StuckAfter(msgspec.Struct, frozen=True, kw_only=True):
    """How long an order may stay in each state before somebody must look."""

    pending: timedelta = timedelta(minutes=30)
    accepted: timedelta = timedelta(minutes=120)
    packing: timedelta = timedelta(minutes=180)
    on_the_road: timedelta = timedelta(hours=24)

    def of(self, status: OrderStatus) -> timedelta | None:
        """The limit for one state; None for states an order may stay in."""
        return {
            OrderStatus.PENDING: self.pending,
            OrderStatus.ACCEPTED: self.accepted,
            OrderStatus.PACKING: self.packing,
            OrderStatus.DISPATCHED: self.on_the_road,
            OrderStatus.OUT_FOR_DELIVERY: self.on_the_road,
        }.get(status)


DEFAULT_STUCK_AFTER = StuckAfter()


async def find_stuck_orders(tx: Transaction, stuck_after: StuckAfter, *, limit: int) -> list[Order]:
    """Orders beyond their limit that nobody was called for yet, longest first.

    A PENDING order whose vendor still has time to answer is not stuck, also when it waits for the vendor to open.
    """
    now = clock.now()
    # orders_open_idx serves each branch of the condition.
    return await tx.all(
        f"""
        SELECT {ORDER_COLUMNS}
        FROM orders AS o
        WHERE ((status = 'PENDING' AND status_since < %(pending)s AND NOT EXISTS (
                    SELECT FROM vendor_requests AS r WHERE r.order_id = o.id AND r.answer = 'WAITING'))
                OR (status = 'ACCEPTED' AND status_since < %(accepted)s)
                OR (status = 'PACKING' AND status_since < %(packing)s)
                OR (status IN ('DISPATCHED', 'OUT_FOR_DELIVERY') AND status_since < %(on_the_road)s))
            AND NOT EXISTS (
                SELECT FROM order_escalations AS e
                WHERE e.order_id = o.id AND e.status = o.status AND e.status_since = o.status_since)
        ORDER BY status_since
        LIMIT %(limit)s
        """,
        {
            "pending": now - stuck_after.pending,
            "accepted": now - stuck_after.accepted,
            "packing": now - stuck_after.packing,
            "on_the_road": now - stuck_after.on_the_road,
            "limit": limit,
        },
        into=Order,
    )


async def count_expired_baskets(tx: Transaction) -> int:
    """How many baskets are past their time but not closed yet."""
    count: int = await tx.value(
        "SELECT count(*) FROM baskets WHERE state = 'PENDING' AND expires_at <= %(now)s", {"now": clock.now()}
    )
    return count


async def help_stuck_order(tx: Transaction, order_id: UUID, stuck_after: StuckAfter) -> bool:
    """Ask the next vendor where there is one, otherwise call a person, once per stay; answers whether one was called.

    An order that moved on in the meantime is left alone.
    """
    hand = await take_in_hand(tx, order_id)
    stuck_since = _stuck_since(hand, stuck_after)
    if stuck_since is None:
        return False
    if hand.order.status is OrderStatus.PENDING:
        vendor_before = hand.order.vendor_id
        moved = await move_on(tx, SYSTEM, hand, Answer.WITHDRAWN, NEVER_ANSWERED)
        if moved.vendor_id != vendor_before:
            return False
    return await _escalate(tx, hand.order, stuck_since)


def _stuck_since(hand: OrderInHand, stuck_after: StuckAfter) -> datetime | None:
    limit = stuck_after.of(hand.order.status)
    if limit is None or clock.now() - hand.order.status_since <= limit or hand.waiting is not None:
        return None
    return hand.order.status_since


async def _escalate(tx: Transaction, order: Order, since: datetime) -> bool:
    called = await tx.execute(
        """
        INSERT INTO order_escalations (order_id, status, status_since, escalated_at)
        VALUES (%(order)s, %(status)s, %(since)s, %(now)s)
        ON CONFLICT DO NOTHING
        """,
        {"order": order.id, "status": order.status.value, "since": since, "now": clock.now()},
    )
    if not called:
        return False
    minutes = int((clock.now() - since).total_seconds() // 60)
    await record_audit(
        tx,
        SYSTEM,
        [
            AuditEntry(
                action="ORDER_STUCK",
                subject_kind="order",
                subject_id=order.id,
                retailer_id=order.retailer_id,
                reason=f"{order.status.value} for {minutes} minutes",
            )
        ],
    )
    await publish(tx, [OrderStuck(order_id=order.id, status=order.status, minutes=minutes)])
    return True
