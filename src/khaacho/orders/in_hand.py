"""An order in hand: its row locked, with its lines and the questions its vendors were asked.

Whoever changes an order takes it in hand first, so that of any two who try, one is second and sees what the first did.
After the order come credit accounts, then stock rows, always in this sequence.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.errors import OrderNotFound
from khaacho.ids import new_id
from khaacho.orders.events import OrderStatusChanged
from khaacho.orders.queries import LINE_COLUMNS, ORDER_COLUMNS
from khaacho.orders.records import Order, OrderLine
from khaacho.orders.scoring import CandidateScore
from khaacho.platform import locks
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction
from khaacho.platform.events import publish


class Answer(StrEnum):
    WAITING = "WAITING"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    TIMED_OUT = "TIMED_OUT"
    WITHDRAWN = "WITHDRAWN"


class VendorRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One question to one vendor whether it takes an order, and what came of it."""

    id: UUID
    order_id: UUID
    vendor_id: UUID
    attempt: int
    answer: Answer
    reason: str | None
    score: Decimal | None
    asked_at: datetime
    answer_by: datetime
    answered_at: datetime | None


REQUEST_COLUMNS = "id, order_id, vendor_id, attempt, answer, reason, score, asked_at, answer_by, answered_at"


class OrderInHand(msgspec.Struct, frozen=True, kw_only=True):
    """A locked order; nobody else changes it or its lines and requests until the transaction ends."""

    order: Order
    lines: tuple[OrderLine, ...]
    requests: tuple[VendorRequest, ...]

    @property
    def waiting(self) -> VendorRequest | None:
        """The question that is open, if one is."""
        return next((request for request in self.requests if request.answer is Answer.WAITING), None)

    @property
    def reserved(self) -> list[tuple[UUID, Decimal]]:
        """What an open order has promised of each offer."""
        return [(line.offer_id, line.quantity) for line in self.lines]

    def owned_by(self, actor: Actor) -> bool:
        """Is the order with this vendor, or of this retailer?"""
        if actor.role is ActorRole.VENDOR:
            return actor.vendor_id == self.order.vendor_id
        return actor.role is ActorRole.RETAILER and actor.retailer_id == self.order.retailer_id


async def take_in_hand(tx: Transaction, order_id: UUID) -> OrderInHand:
    """Lock the order and read what belongs to it, in one round trip. Raises OrderNotFound."""
    by_order = {"order": order_id}
    async with tx.pipeline():
        orders = await locks.send_row_locks(tx, f"SELECT {ORDER_COLUMNS} FROM orders", [order_id], into=Order)
        lines = await tx.send(
            f"SELECT {LINE_COLUMNS} FROM order_lines WHERE order_id = %(order)s ORDER BY position",
            by_order,
            into=OrderLine,
        )
        requests = await tx.send(
            f"SELECT {REQUEST_COLUMNS} FROM vendor_requests WHERE order_id = %(order)s ORDER BY attempt",
            by_order,
            into=VendorRequest,
        )
        order = await orders.first()
        if order is None:
            raise OrderNotFound(order=str(order_id))
        return OrderInHand(order=order, lines=tuple(await lines.all()), requests=tuple(await requests.all()))


async def write_order(tx: Transaction, order: Order) -> None:
    """Store what may change of an order in hand."""
    await tx.send_only(
        """
        UPDATE orders
        SET vendor_id = %(vendor_id)s, status = %(status)s, status_since = %(status_since)s,
            credit_account_id = %(credit_account_id)s, hold_id = %(hold_id)s, subtotal_paisa = %(subtotal_paisa)s,
            tax_paisa = %(tax_paisa)s, total_paisa = %(total_paisa)s,
            delivered_total_paisa = %(delivered_total_paisa)s, due_on = %(due_on)s, failed_at = %(failed_at)s,
            failure_reason = %(failure_reason)s, delivered_at = %(delivered_at)s,
            override_reason = %(override_reason)s
        WHERE id = %(id)s
        """,
        msgspec.structs.asdict(order),
    )


async def record_step(
    tx: Transaction,
    actor: Actor,
    before: Order,
    after: Order,
    *,
    reason: str | None = None,
    also_audit: Sequence[str] = (),
) -> None:
    """Store a changed order, its step in the history, the audit and, when the state changed, the event.

    `also_audit` names actions of their own that this step is too, such as ORDER_FAILED.
    """
    await write_order(tx, after)
    await _insert_history(tx, actor, before, after, reason)
    changed = before.status is not after.status
    await record_audit(
        tx,
        actor,
        [
            AuditEntry(
                action=action,
                subject_kind="order",
                subject_id=after.id,
                retailer_id=after.retailer_id,
                reason=reason,
                old={"status": before.status.value, "vendor_id": before.vendor_id},
                new={"status": after.status.value, "vendor_id": after.vendor_id},
            )
            for action in (*(("ORDER_STATUS_CHANGED",) if changed else ()), *also_audit)
        ],
    )
    if changed:
        await publish(
            tx,
            [
                OrderStatusChanged(
                    order_id=after.id,
                    from_status=before.status,
                    to_status=after.status,
                    reason=reason,
                    by_role=actor.role.value,
                )
            ],
        )


async def close_request(tx: Transaction, request: VendorRequest, answer: Answer, *, reason: str | None = None) -> None:
    """Write what came of a question."""
    await tx.send_only(
        """
        UPDATE vendor_requests
        SET answer = %(answer)s, reason = %(reason)s, answered_at = %(now)s
        WHERE id = %(id)s
        """,
        {"id": request.id, "answer": answer.value, "reason": reason, "now": clock.now()},
    )


async def insert_request(tx: Transaction, request: VendorRequest, candidates: Sequence[CandidateScore]) -> None:
    """Write a question, with everybody who was considered for it."""
    await tx.send_only(
        """
        INSERT INTO vendor_requests (id, order_id, vendor_id, attempt, reason, score, candidates, asked_at, answer_by)
        VALUES (%(id)s, %(order_id)s, %(vendor_id)s, %(attempt)s, %(reason)s, %(score)s, %(candidates)s,
            %(asked_at)s, %(answer_by)s)
        """,
        {**msgspec.structs.asdict(request), "candidates": Jsonb(list(candidates))},
    )


async def find_requests(tx: Transaction, order_id: UUID) -> list[VendorRequest]:
    """Every question about an order, in the sequence they were asked."""
    return await tx.all(
        f"SELECT {REQUEST_COLUMNS} FROM vendor_requests WHERE order_id = %(order)s ORDER BY attempt",
        {"order": order_id},
        into=VendorRequest,
    )


class _Considered(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    candidates: tuple[CandidateScore, ...]


async def find_considered(tx: Transaction, order_id: UUID) -> dict[UUID, tuple[CandidateScore, ...]]:
    """Everybody who was considered, by question, as they scored then."""
    rows = await tx.all(
        "SELECT id, candidates FROM vendor_requests WHERE order_id = %(order)s", {"order": order_id}, into=_Considered
    )
    return {row.id: row.candidates for row in rows}


async def _insert_history(tx: Transaction, actor: Actor, before: Order, after: Order, reason: str | None) -> None:
    await tx.send_only(
        """
        INSERT INTO order_history
            (id, order_id, from_status, to_status, vendor_id, reason, actor_id, actor_name, created_at)
        VALUES (%(id)s, %(order)s, %(from)s, %(to)s, %(vendor)s, %(reason)s, %(actor)s, %(actor_name)s, %(now)s)
        """,
        {
            "id": new_id(),
            "order": after.id,
            "from": before.status.value,
            "to": after.status.value,
            "vendor": after.vendor_id,
            "reason": reason,
            "actor": actor.id,
            "actor_name": actor.name,
            "now": clock.now(),
        },
    )
