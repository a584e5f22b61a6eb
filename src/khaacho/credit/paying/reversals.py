"""Taking back a payment or an adjustment that was wrong: new transfers linked to the old ones, once [C63].

Everything it did is undone, also what it cleared later from what it had ahead: the items it cleared are owed again,
and the line may exceed its limit by that. What others had ahead on the line is spent on what opens again.
"""

from __future__ import annotations

from uuid import UUID

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.allocation import audited_parts
from khaacho.credit.events import AdjustmentUndone, PaymentUndone
from khaacho.credit.paying.adjustments import find_adjustment
from khaacho.credit.paying.payments import find_payment
from khaacho.credit.records import (
    Adjustment,
    AdjustmentKind,
    AdjustmentState,
    Allocation,
    PaymentState,
    ReversalOutcome,
)
from khaacho.credit.tab_rows import (
    LockedTab,
    bring_debits,
    find_funds,
    find_standing_clearings,
    find_transfers_standing,
    lock_tab_of,
    resume_if_cured,
    write_tab,
)
from khaacho.credit.tabs import Clearing, Fund, FundKind
from khaacho.errors import AlreadyBounced, AlreadyReversed, ChequePending, PaidAtTheDoor
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction
from khaacho.platform.events import publish


async def reverse_payment(tx: Transaction, actor: Actor, payment_id: UUID, *, reason: str) -> ReversalOutcome:
    """Take a payment back wholly.

    Raises PaymentNotFound, AlreadyReversed, AlreadyBounced, ChequePending (it can still bounce) and PaidAtTheDoor.
    """
    payment = await find_payment(tx, payment_id)
    if payment.account_id is None:
        raise PaidAtTheDoor(payment_id=payment_id)
    locked, clearings = await _lock_with_cleared(tx, payment.retailer_id, payment_id)
    payment = await find_payment(tx, payment_id)
    if payment.state is PaymentState.REVERSED:
        raise AlreadyReversed(payment_id=payment_id)
    if payment.state is PaymentState.BOUNCED:
        raise AlreadyBounced(payment_id=payment_id)
    if payment.state is PaymentState.PENDING:
        raise ChequePending(payment_id=payment_id)
    undone = await _undo(tx, actor, locked, payment_id, clearings)
    await tx.send_only(
        """
        UPDATE credit_payments
        SET state = 'REVERSED', unapplied_paisa = 0, ended_at = %(now)s, end_reason = %(reason)s
        WHERE id = %(id)s
        """,
        {"id": payment_id, "now": clock.now(), "reason": reason},
    )
    await write_tab(tx, locked)
    outcome = _outcome(locked, payment_id, payment.retailer_id, payment.amount_paisa, undone)
    await record_audit(tx, actor, [_audit("PAYMENT_REVERSED", "payment", outcome, reason)])
    await publish(
        tx,
        [
            PaymentUndone(
                payment_id=payment_id,
                retailer_id=payment.retailer_id,
                amount_paisa=payment.amount_paisa,
                reason=reason,
                reopened_order_ids=locked.tab.reopened_orders,
                cleared_order_ids=locked.tab.closed_orders,
            )
        ],
    )
    await resume_if_cured(tx, actor, locked, [payment.retailer_id])
    return outcome


async def reverse_adjustment(
    tx: Transaction, actor: Actor, adjustment_id: UUID, *, reason: str | None
) -> ReversalOutcome:
    """Take an adjustment back wholly. Of a debit that was paid, the money is ahead again and spent on what is open.

    Raises AdjustmentNotFound and AlreadyReversed.
    """
    adjustment = await find_adjustment(tx, adjustment_id)
    if adjustment.kind is AdjustmentKind.DEBIT:
        locked, undone = await _withdraw(tx, actor, adjustment)
    else:
        locked, clearings = await _lock_with_cleared(tx, adjustment.retailer_id, adjustment_id)
        await _require_posted(tx, adjustment_id)
        undone = await _undo(tx, actor, locked, adjustment_id, clearings)
    await tx.send_only(
        """
        UPDATE credit_adjustments
        SET state = 'REVERSED', unapplied_paisa = 0, ended_at = %(now)s, end_reason = %(reason)s
        WHERE id = %(id)s
        """,
        {"id": adjustment_id, "now": clock.now(), "reason": reason},
    )
    await write_tab(tx, locked)
    outcome = _outcome(locked, adjustment_id, adjustment.retailer_id, adjustment.amount_paisa, undone)
    await record_audit(tx, actor, [_audit("ADJUSTMENT_REVERSED", "adjustment", outcome, reason)])
    await publish(
        tx,
        [
            AdjustmentUndone(
                adjustment_id=adjustment_id,
                retailer_id=adjustment.retailer_id,
                reason=reason,
                reopened_order_ids=locked.tab.reopened_orders,
                cleared_order_ids=locked.tab.closed_orders,
            )
        ],
    )
    await resume_if_cured(tx, actor, locked, [adjustment.retailer_id])
    return outcome


async def _lock_with_cleared(tx: Transaction, retailer_id: UUID, fund_id: UUID) -> tuple[LockedTab, list[Clearing]]:
    """The retailer's lines locked, with what the fund cleared and the items it cleared of."""
    locked = await lock_tab_of(tx, retailer_id)
    clearings = await find_standing_clearings(tx, fund_id=fund_id)
    await bring_debits(tx, locked.tab, {clearing.debit_id for clearing in clearings})
    locked.tab.bring_funds(await find_funds(tx, [fund_id]))
    return locked, clearings


async def _undo(
    tx: Transaction, actor: Actor, locked: LockedTab, fund_id: UUID, clearings: list[Clearing]
) -> tuple[Allocation, ...]:
    return locked.tab.undo(actor, fund_id, await find_transfers_standing(tx, fund_id), clearings)


async def _withdraw(tx: Transaction, actor: Actor, adjustment: Adjustment) -> tuple[LockedTab, tuple[Allocation, ...]]:
    """Close the item a debit opened, and free what cleared it."""
    locked = await lock_tab_of(tx, adjustment.retailer_id)
    await _require_posted(tx, adjustment.id)
    debit = await _find_item(tx, adjustment.id)
    clearings = await find_standing_clearings(tx, debit_id=debit)
    await bring_debits(tx, locked.tab, [debit])
    locked.tab.bring_funds(await find_funds(tx, {clearing.fund_id for clearing in clearings}))
    (transfer,) = await find_transfers_standing(tx, adjustment.id)
    withdrawal = Fund(
        id=adjustment.id,
        kind=FundKind.ADJUSTMENT,
        line_id=adjustment.account_id,
        unapplied_paisa=0,
        event_at=adjustment.event_at,
    )
    locked.tab.withdraw(actor, withdrawal, debit, transfer, clearings)
    return locked, (Allocation(debit_id=debit, amount_paisa=adjustment.amount_paisa, remaining_paisa=0),)


async def _require_posted(tx: Transaction, adjustment_id: UUID) -> None:
    if (await find_adjustment(tx, adjustment_id)).state is AdjustmentState.REVERSED:
        raise AlreadyReversed(adjustment_id=adjustment_id)


async def _find_item(tx: Transaction, adjustment_id: UUID) -> UUID:
    """The item that a debit opened."""
    item: UUID = await tx.value(
        "SELECT id FROM credit_debits WHERE source_id = %(id)s AND source_kind = 'adjustment'", {"id": adjustment_id}
    )
    return item


def _outcome(
    locked: LockedTab, subject_id: UUID, retailer_id: UUID, amount_paisa: int, undone: tuple[Allocation, ...]
) -> ReversalOutcome:
    return ReversalOutcome(
        id=subject_id,
        retailer_id=retailer_id,
        amount_paisa=amount_paisa,
        used_paisa=locked.used_paisa(retailer_id),
        over_limit_paisa=locked.over_limit_paisa(retailer_id),
        undone=undone,
    )


def _audit(action: str, kind: str, outcome: ReversalOutcome, reason: str | None) -> AuditEntry:
    return AuditEntry(
        action=action,
        subject_kind=kind,
        subject_id=outcome.id,
        retailer_id=outcome.retailer_id,
        reason=reason,
        new={
            "amount_paisa": outcome.amount_paisa,
            "used_paisa": outcome.used_paisa,
            "undone": audited_parts(outcome.undone),
        },
    )
