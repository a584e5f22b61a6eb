"""Cheques that were handed over: each clears or bounces, once [C61].

A pending cheque has moved nothing. When it clears it pays what is open at that moment, first the item it was meant
for. One that was cleared and comes back from the bank later is reversed, like any payment.
"""

from __future__ import annotations

from uuid import UUID

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.events import ChequeBounced
from khaacho.credit.paying.payments import find_payment
from khaacho.credit.paying.receiving import MONEY_ACCOUNTS, Receipt, Received, audit_of, event_of, receive
from khaacho.credit.records import Payment, PaymentMethod, PaymentOutcome, PaymentState
from khaacho.credit.tab_rows import LockedTab, lock_tab_of, resume_if_cured, write_tab
from khaacho.errors import AlreadyBounced, AlreadyCleared, AlreadyReversed, NotACheque
from khaacho.ledger.actions import NewAccount, open_accounts
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction
from khaacho.platform.events import publish


async def clear_cheque(tx: Transaction, actor: Actor, payment_id: UUID) -> PaymentOutcome:
    """The bank paid it: it clears what is open now, first the item it was meant for.

    Raises PaymentNotFound, NotACheque, AlreadyCleared, AlreadyBounced or AlreadyReversed.
    """
    cheque, locked = await _take_pending(tx, payment_id)
    receipt = Receipt(
        payment_id=cheque.id,
        retailer_id=cheque.retailer_id,
        amount_paisa=cheque.amount_paisa,
        method=cheque.method,
        reference=cheque.reference,
        # It is money from the moment the bank says so; the day it was handed over stays with the payment.
        event_at=clock.now(),
        named=locked.tab.debit(cheque.debit_id) if cheque.debit_id else None,
    )
    received = receive(actor, locked, receipt)
    await open_accounts(tx, [NewAccount(kind=MONEY_ACCOUNTS[cheque.method])])
    await _mark_cleared(tx, received)
    await write_tab(tx, locked)
    await record_audit(tx, actor, [audit_of(received)])
    await publish(tx, [event_of(received)])
    await resume_if_cured(tx, actor, locked, [cheque.retailer_id])
    return received.outcome


async def bounce_cheque(tx: Transaction, actor: Actor, payment_id: UUID, *, reason: str | None) -> Payment:
    """The bank did not pay it. Nothing was freed, so nothing moves. Raises as `clear_cheque` does."""
    cheque, _ = await _take_pending(tx, payment_id)
    await tx.send_only(
        """
        UPDATE credit_payments
        SET state = 'BOUNCED', ended_at = %(now)s, end_reason = %(reason)s
        WHERE id = %(id)s
        """,
        {"id": cheque.id, "now": clock.now(), "reason": reason},
    )
    await record_audit(
        tx,
        actor,
        [
            AuditEntry(
                action="CHEQUE_BOUNCED",
                subject_kind="payment",
                subject_id=cheque.id,
                retailer_id=cheque.retailer_id,
                reason=reason,
                old={"state": PaymentState.PENDING.value},
                new={"state": PaymentState.BOUNCED.value, "amount_paisa": cheque.amount_paisa},
            )
        ],
    )
    bounced = ChequeBounced(
        payment_id=cheque.id, retailer_id=cheque.retailer_id, amount_paisa=cheque.amount_paisa, reason=reason
    )
    await publish(tx, [bounced])
    return await find_payment(tx, cheque.id)


async def _take_pending(tx: Transaction, payment_id: UUID) -> tuple[Payment, LockedTab]:
    """The cheque with its retailer's lines locked, so that clearing, bouncing and reversing come one by one."""
    cheque = await find_payment(tx, payment_id)
    if cheque.method is not PaymentMethod.CHEQUE:
        raise NotACheque(method=cheque.method.value, payment_id=payment_id)
    locked = await lock_tab_of(tx, cheque.retailer_id, also=[cheque.debit_id] if cheque.debit_id else ())
    cheque = await find_payment(tx, payment_id)
    if cheque.state is PaymentState.CLEARED:
        raise AlreadyCleared(payment_id=payment_id)
    if cheque.state is PaymentState.BOUNCED:
        raise AlreadyBounced(payment_id=payment_id)
    if cheque.state is PaymentState.REVERSED:
        raise AlreadyReversed(payment_id=payment_id)
    return cheque, locked


async def _mark_cleared(tx: Transaction, received: Received) -> None:
    await tx.send_only(
        """
        UPDATE credit_payments
        SET state = 'CLEARED', account_id = %(line)s, unapplied_paisa = %(unapplied)s, cleared_at = %(now)s
        WHERE id = %(id)s
        """,
        {
            "id": received.receipt.payment_id,
            "line": received.line_id,
            "unapplied": received.outcome.unapplied_paisa,
            "now": clock.now(),
        },
    )
