"""What a payment does once its money is there: which items it clears, what is told of it.

A payment that is recorded and a cheque that clears come here alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.allocation import allocate, audited_parts
from khaacho.credit.events import PaymentRecorded
from khaacho.credit.records import Allocation, Debit, PaymentMethod, PaymentOutcome, PaymentState
from khaacho.credit.tab_rows import LockedTab
from khaacho.credit.tabs import Fund, FundKind
from khaacho.errors import ValidationFailed
from khaacho.ledger.chart import AccountKind, TransferCode, account_id
from khaacho.platform.audit import AuditEntry

MONEY_ACCOUNTS = {
    PaymentMethod.CASH: AccountKind.CASH,
    PaymentMethod.BANK_TRANSFER: AccountKind.BANK,
    PaymentMethod.MOBILE_MONEY: AccountKind.MOBILE_MONEY,
    PaymentMethod.CHEQUE: AccountKind.BANK,
}
# Before this nobody kept books with us; a year below it is a slip of the keyboard.
EVENT_YEAR_MIN = 2000


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Money of one retailer, meant for `named` when it is given."""

    payment_id: UUID
    retailer_id: UUID
    amount_paisa: int
    method: PaymentMethod
    reference: str | None
    event_at: datetime
    named: Debit | None = None


class Received(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a receipt. `line_id` is the line first paid, which keeps what is left over."""

    receipt: Receipt
    actor: Actor
    line_id: UUID
    outcome: PaymentOutcome
    closed_orders: tuple[UUID, ...] = ()


def require_past(event_at: datetime | None) -> datetime:
    """When it happened: now, or the moment given. Raises ValidationFailed for the future and for the distant past."""
    now = clock.now()
    if event_at is None:
        return now
    if event_at.tzinfo is None:
        raise ValidationFailed(field="eventAt", why="must say its zone")
    if event_at.year < EVENT_YEAR_MIN:
        raise ValidationFailed(field="eventAt", why=f"must not be before the year {EVENT_YEAR_MIN}")
    if event_at > now:
        raise ValidationFailed(field="eventAt", why="must not be in the future")
    return event_at


def receive(actor: Actor, locked: LockedTab, receipt: Receipt) -> Received:
    """Spread the money over what the retailer owes, in the tab; nothing is written yet."""
    tab = locked.tab
    line_ids = [line.id for line in locked.lines_of(receipt.retailer_id)]
    owed = tab.open_debits(line_ids)
    named = receipt.named
    plan = allocate(
        receipt.amount_paisa,
        owed,
        first=named.id if named else None,
        first_line=named.account_id if named else None,
    )
    line_id = _first_paid(named, [debit for debit, _ in plan.parts], line_ids)
    fund = Fund(
        id=receipt.payment_id,
        kind=FundKind.PAYMENT,
        line_id=line_id,
        unapplied_paisa=0,
        event_at=receipt.event_at,
    )
    allocations = tab.bring_in(
        actor,
        fund,
        plan,
        from_account=account_id(MONEY_ACCOUNTS[receipt.method]),
        code=TransferCode.PAYMENT,
    )
    return Received(
        receipt=receipt,
        actor=actor,
        line_id=line_id,
        outcome=outcome_of(locked, receipt, PaymentState.CLEARED, allocations, plan.unapplied_paisa),
        closed_orders=tuple(
            debit.source_id
            for debit, _ in plan.parts
            if debit.source_kind == "order" and not tab.debit(debit.id).remaining_paisa
        ),
    )


def keep_cheque(actor: Actor, locked: LockedTab, receipt: Receipt) -> Received:
    """A cheque that was handed over: nothing is cleared, nothing is freed."""
    line_ids = [line.id for line in locked.lines_of(receipt.retailer_id)]
    owed = locked.tab.open_debits(line_ids)
    return Received(
        receipt=receipt,
        actor=actor,
        line_id=_first_paid(receipt.named, owed, line_ids),
        outcome=outcome_of(locked, receipt, PaymentState.PENDING, (), 0),
    )


def outcome_of(
    locked: LockedTab,
    receipt: Receipt,
    state: PaymentState,
    allocations: tuple[Allocation, ...],
    unapplied_paisa: int,
) -> PaymentOutcome:
    """The answer, with what remains of the item named or of everything."""
    named = receipt.named
    if named is not None:
        remaining_paisa = locked.tab.debit(named.id).remaining_paisa
    else:
        lines = [line.id for line in locked.lines_of(receipt.retailer_id)]
        remaining_paisa = sum(debit.remaining_paisa for debit in locked.tab.open_debits(lines))
    return PaymentOutcome(
        payment_id=receipt.payment_id,
        retailer_id=receipt.retailer_id,
        debit_id=named.id if named else None,
        amount_paisa=receipt.amount_paisa,
        remaining_paisa=remaining_paisa,
        unapplied_paisa=unapplied_paisa,
        state=state,
        allocations=allocations,
    )


def audit_of(received: Received) -> AuditEntry:
    """CREDIT_CLEARED, or CHEQUE_RECEIVED for one that has still to clear."""
    outcome, receipt = received.outcome, received.receipt
    return AuditEntry(
        action="CHEQUE_RECEIVED" if outcome.state is PaymentState.PENDING else "CREDIT_CLEARED",
        subject_kind="payment",
        subject_id=receipt.payment_id,
        retailer_id=receipt.retailer_id,
        actor=received.actor,
        new={
            "amount_paisa": receipt.amount_paisa,
            "method": receipt.method.value,
            "reference": receipt.reference,
            "event_at": receipt.event_at,
            "transaction_id": outcome.debit_id,
            "allocations": audited_parts(outcome.allocations),
            "unapplied_paisa": outcome.unapplied_paisa,
        },
    )


def event_of(received: Received) -> PaymentRecorded:
    """What others are told of money that is there."""
    return PaymentRecorded(
        payment_id=received.receipt.payment_id,
        retailer_id=received.receipt.retailer_id,
        amount_paisa=received.receipt.amount_paisa,
        cleared_order_ids=received.closed_orders,
    )


def _first_paid(named: Debit | None, paid: Sequence[Debit], line_ids: Sequence[UUID]) -> UUID:
    """The line of the item named, else of the first item cleared, else the platform's or the only one."""
    if named is not None:
        return named.account_id
    return paid[0].account_id if paid else line_ids[0]
