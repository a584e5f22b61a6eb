"""What a gateway tells by itself: each event heard once, in any order, with its effect in the same transaction [P12].

An event that cannot be used (an order that is not ours, an amount that differs) is stored with the reason and answered
like any other: sending it again would not make it better. What may be better later is refused, and so sent again.
"""

from __future__ import annotations

from khaacho import clock
from khaacho.actors import SYSTEM
from khaacho.credits_errors import PaymentNotCaptured
from khaacho.errors import KhaachoError
from khaacho.platform.database import Database, Transaction
from khaacho.prepaid.fulfilment import LearnedBy, fulfil
from khaacho.prepaid.gateways.port import GatewayEvent
from khaacho.prepaid.orders import name_order, note_failure
from khaacho.prepaid.taking_back import take_back

HEARD = "HEARD"
DUPLICATE = "DUPLICATE"
CREDITED = "CREDITED"
KNOWN = "KNOWN"
NOTED = "NOTED"
TAKEN_BACK = "TAKEN_BACK"


async def hear_event(database: Database, event: GatewayEvent) -> str:
    """Do what the event says, unless it was heard before; answers what came of it, for people."""
    async with database.transaction() as tx:
        if not await _claim(tx, event):
            return DUPLICATE
        try:
            async with tx.savepoint():
                outcome = await _act(tx, event)
        except KhaachoError as refusal:
            if refusal.retryable or refusal.status >= 500:
                raise
            outcome = refusal.code
        await _note_outcome(tx, event, outcome)
        return outcome


async def _act(tx: Transaction, event: GatewayEvent) -> str:
    payment = event.payment
    if payment is None:
        return HEARD
    if event.receipt and payment.gateway_order_id:
        # We may have died before we learned the gateway's name for our order.
        await name_order(tx, event.receipt, payment.gateway_order_id)
    if event.failure is not None:
        await note_failure(tx, event.gateway, payment.gateway_order_id, event.failure)
        return NOTED
    if not payment.was_taken and event.refund is None:
        return HEARD
    outcome = HEARD
    try:
        credited = await fulfil(tx, SYSTEM, payment, learned_by=LearnedBy.WEBHOOK)
        outcome = CREDITED if credited.is_new else KNOWN
    except PaymentNotCaptured:
        pass
    if event.refund is not None:
        await take_back(tx, SYSTEM, event.refund, event.gateway)
        outcome = TAKEN_BACK
    return outcome


async def _claim(tx: Transaction, event: GatewayEvent) -> bool:
    """Take the event; a second delivery waits for the first to end, and then learns that it was heard."""
    claimed = await tx.execute(
        """
        INSERT INTO prepaid_gateway_events (gateway, event_id, kind, gateway_order_id, gateway_payment_id, outcome,
            received_at)
        VALUES (%(gateway)s, %(id)s, %(kind)s, %(order)s, %(payment)s, %(outcome)s, %(now)s)
        ON CONFLICT DO NOTHING
        """,
        {
            "gateway": event.gateway.value,
            "id": event.id,
            "kind": event.kind,
            "order": event.payment.gateway_order_id if event.payment else None,
            "payment": event.payment.id if event.payment else None,
            "outcome": HEARD,
            "now": clock.now(),
        },
    )
    return claimed == 1


async def _note_outcome(tx: Transaction, event: GatewayEvent, outcome: str) -> None:
    await tx.execute(
        """
        UPDATE prepaid_gateway_events SET outcome = %(outcome)s WHERE gateway = %(gateway)s AND event_id = %(id)s
        """,
        {"gateway": event.gateway.value, "id": event.id, "outcome": outcome},
    )
