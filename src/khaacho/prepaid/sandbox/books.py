"""The sandbox's own books: orders, payments, refunds, and the events it owes. Nothing of ours is read or written."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from khaacho import clock
from khaacho.errors import Conflict, NotFound
from khaacho.ids import new_id
from khaacho.platform.database import Transaction
from khaacho.platform.queue import Job, JobPayload, enqueue_jobs
from khaacho.prepaid.sandbox.cards import Card
from khaacho.prepaid.sandbox.records import SandboxOrder, SandboxPayment, SandboxRefund

TAKEN_LATE_AFTER = timedelta(seconds=3)
ID_LETTERS = 14
_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"

_ORDER = """SELECT id, receipt, amount_paisa, currency, amount_paid_paisa, status, attempts, notes, created_at
    FROM sandbox_orders"""
_PAYMENT = """SELECT id, order_id, amount_paisa, refunded_paisa, currency, status, card_last4, error, created_at,
    captured_at FROM sandbox_payments"""


class SendSandboxEvent(JobPayload, frozen=True, kw_only=True):
    """Tell our webhook one event of the sandbox's."""

    webhook_id: UUID


class TakeSandboxPayment(JobPayload, frozen=True, kw_only=True):
    """Take a payment that was only promised so far."""

    payment_id: str


async def open_order(
    tx: Transaction, *, amount_paisa: int, currency: str, receipt: str | None, notes: Mapping[str, Any]
) -> SandboxOrder:
    """A new order; receipts need not be unique, as at the real gateway."""
    order = SandboxOrder(
        id=_new_name("order"),
        receipt=receipt,
        amount_paisa=amount_paisa,
        currency=currency,
        amount_paid_paisa=0,
        status="created",
        attempts=0,
        notes=dict(notes),
        created_at=clock.now(),
    )
    await tx.execute(
        """
        INSERT INTO sandbox_orders (id, receipt, amount_paisa, currency, notes, created_at)
        VALUES (%(id)s, %(receipt)s, %(amount)s, %(currency)s, %(notes)s, %(now)s)
        """,
        {
            "id": order.id,
            "receipt": receipt,
            "amount": amount_paisa,
            "currency": currency,
            "notes": Jsonb(order.notes),
            "now": order.created_at,
        },
    )
    return order


async def find_orders(tx: Transaction, *, receipt: str | None, limit: int) -> list[SandboxOrder]:
    """Orders, the newest first, of one receipt or all."""
    return await tx.all(
        f"""
        {_ORDER}
        WHERE %(receipt)s::text IS NULL OR receipt = %(receipt)s
        ORDER BY created_at DESC
        LIMIT %(limit)s
        """,
        {"receipt": receipt, "limit": limit},
        into=SandboxOrder,
    )


async def require_order(tx: Transaction, order_id: str) -> SandboxOrder:
    """The order. Raises NotFound."""
    order = await tx.first(f"{_ORDER} WHERE id = %(id)s", {"id": order_id}, into=SandboxOrder)
    if order is None:
        raise NotFound(what="order")
    return order


async def require_payment(tx: Transaction, payment_id: str) -> SandboxPayment:
    """The payment. Raises NotFound."""
    payment = await tx.first(f"{_PAYMENT} WHERE id = %(id)s", {"id": payment_id}, into=SandboxPayment)
    if payment is None:
        raise NotFound(what="payment")
    return payment


async def find_payments(tx: Transaction, order_id: str) -> list[SandboxPayment]:
    """Every try to pay this order, the newest first."""
    return await tx.all(
        f"{_PAYMENT} WHERE order_id = %(order)s ORDER BY created_at DESC", {"order": order_id}, into=SandboxPayment
    )


async def pay(tx: Transaction, order_id: str, card: Card) -> SandboxPayment:
    """Try to pay an order with a test card. Raises NotFound, Conflict for an order that is paid."""
    order = await require_order(tx, order_id)
    if order.status == "paid":
        raise Conflict(why="This order is paid.")
    payment = SandboxPayment(
        id=_new_name("pay"),
        order_id=order.id,
        amount_paisa=order.amount_paisa,
        refunded_paisa=0,
        currency=order.currency,
        status="failed" if card.declined else "authorized",
        card_last4=card.last4,
        error="The bank declined the card." if card.declined else None,
        created_at=clock.now(),
        captured_at=None,
    )
    await tx.execute(
        """
        INSERT INTO sandbox_payments (id, order_id, amount_paisa, currency, status, card_last4, error, created_at)
        VALUES (%(id)s, %(order_id)s, %(amount_paisa)s, %(currency)s, %(status)s, %(card_last4)s, %(error)s,
            %(created_at)s)
        """,
        msgspec.structs.asdict(payment),
    )
    await tx.execute(
        """
        UPDATE sandbox_orders SET attempts = attempts + 1, status = 'attempted' WHERE id = %(id)s AND status <> 'paid'
        """,
        {"id": order.id},
    )
    if card.declined:
        await _owe_events(tx, card, [("payment.failed", {"payment": payment.entity()})])
        return payment
    if card.taken_late:
        await enqueue_jobs(tx, [Job(payload=TakeSandboxPayment(payment_id=payment.id), delay=TAKEN_LATE_AFTER)])
        return payment
    return await capture(tx, payment.id, card)


async def capture(tx: Transaction, payment_id: str, card: Card) -> SandboxPayment:
    """Take a promised payment and owe its two events; taking it twice is a quiet success."""
    taken = await tx.execute(
        """
        UPDATE sandbox_payments SET status = 'captured', captured_at = %(now)s
        WHERE id = %(id)s AND status = 'authorized'
        """,
        {"id": payment_id, "now": clock.now()},
    )
    payment = await require_payment(tx, payment_id)
    if not taken:
        return payment
    await tx.execute(
        """
        UPDATE sandbox_orders SET status = 'paid', amount_paid_paisa = amount_paid_paisa + %(amount)s WHERE id = %(id)s
        """,
        {"id": payment.order_id, "amount": payment.amount_paisa},
    )
    order = await require_order(tx, payment.order_id)
    events = [
        ("payment.captured", {"payment": payment.entity()}),
        ("order.paid", {"payment": payment.entity(), "order": order.entity()}),
    ]
    await _owe_events(tx, card, events)
    return payment


async def refund(tx: Transaction, payment_id: str, amount_paisa: int | None, card: Card) -> SandboxRefund:
    """Give money back. Raises NotFound, Conflict for more than was taken."""
    payment = await require_payment(tx, payment_id)
    amount = amount_paisa or payment.amount_paisa - payment.refunded_paisa
    given_back = await tx.execute(
        """
        UPDATE sandbox_payments
        SET refunded_paisa = refunded_paisa + %(amount)s,
            status = CASE WHEN refunded_paisa + %(amount)s = amount_paisa THEN 'refunded' ELSE status END
        WHERE id = %(id)s AND captured_at IS NOT NULL AND refunded_paisa + %(amount)s <= amount_paisa AND %(amount)s > 0
        """,
        {"id": payment_id, "amount": amount},
    )
    if not given_back:
        raise Conflict(why="More would be given back than was taken.")
    made = SandboxRefund(id=_new_name("rfnd"), payment_id=payment_id, amount_paisa=amount, created_at=clock.now())
    await tx.execute(
        """
        INSERT INTO sandbox_refunds (id, payment_id, amount_paisa, created_at)
        VALUES (%(id)s, %(payment_id)s, %(amount_paisa)s, %(created_at)s)
        """,
        msgspec.structs.asdict(made),
    )
    payment = await require_payment(tx, payment_id)
    await _owe_events(tx, card, [("refund.processed", {"refund": made.entity(), "payment": payment.entity()})])
    return made


async def find_refunds(tx: Transaction, *, since: datetime, limit: int, offset: int) -> list[SandboxRefund]:
    """What was given back since then, the newest first."""
    return await tx.all(
        """
        SELECT id, payment_id, amount_paisa, created_at FROM sandbox_refunds
        WHERE created_at >= %(since)s
        ORDER BY created_at DESC, id
        LIMIT %(limit)s OFFSET %(offset)s
        """,
        {"since": since, "limit": limit, "offset": offset},
        into=SandboxRefund,
    )


async def _owe_events(tx: Transaction, card: Card, events: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    """Store what is to be told, and a job for each delivery, in the order the card asks for."""
    if card.silent:
        return
    owed: list[UUID] = []
    for kind, payload in events:
        event_id = new_id().hex
        body = msgspec.json.encode(
            {
                "entity": "event",
                "account_id": "acc_khaachosandbox",
                "event": kind,
                "contains": list(payload),
                "payload": {name: {"entity": entity} for name, entity in payload.items()},
                "created_at": int(clock.now().timestamp()),
            }
        )
        for _ in range(card.webhook_copies):
            webhook_id = new_id()
            await tx.execute(
                """
                INSERT INTO sandbox_webhooks (id, event_id, body, created_at)
                VALUES (%(id)s, %(event)s, %(body)s, %(now)s)
                """,
                {"id": webhook_id, "event": event_id, "body": body, "now": clock.now()},
            )
            owed.append(webhook_id)
    if card.reordered:
        owed.reverse()
    await enqueue_jobs(tx, [Job(payload=SendSandboxEvent(webhook_id=webhook_id)) for webhook_id in owed])


def _new_name(kind: str) -> str:
    return f"{kind}_" + "".join(secrets.choice(_ALPHABET) for _ in range(ID_LETTERS))
