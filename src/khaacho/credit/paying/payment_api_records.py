"""Payments and adjustments as they travel over the API."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from khaacho.credit.records import (
    AdjustmentKind,
    AdjustmentOutcome,
    AdjustmentReason,
    Allocation,
    NewAdjustment,
    NewPayment,
    Payment,
    PaymentMethod,
    PaymentOutcome,
    PaymentState,
    ReversalOutcome,
)
from khaacho.errors import ValidationFailed
from khaacho.money import paisa_from_rupees, rupees
from khaacho.platform.http import ApiRecord, Rupees, ShortText

Moment = Annotated[datetime, msgspec.Meta(tz=True, description="When it happened; not in the future")]
ClearingStatus = Literal["FULLY_CLEARED", "PARTIAL_CLEARED", "PENDING_CLEARANCE"]


class NewPaymentBody(ApiRecord, frozen=True, kw_only=True):
    """Money that came in, for one item (`transactionId`, also the id of its order) or for what is oldest."""

    amount_paid: Rupees
    method: PaymentMethod
    transaction_id: UUID | None = None
    retailer_id: UUID | None = None
    reference: ShortText | None = None
    event_at: Moment | None = None

    def payment(self) -> NewPayment:
        """As the domain takes it. Raises InvalidAmount."""
        return NewPayment(
            amount_paisa=paisa_from_rupees(self.amount_paid),
            method=self.method,
            retailer_id=self.retailer_id,
            debit_id=self.transaction_id,
            reference=self.reference,
            event_at=self.event_at,
        )


class ReasonBody(ApiRecord, frozen=True, kw_only=True):
    """Why, for the record and for who asks later."""

    reason: ShortText

    def given(self) -> str:
        """The reason without space around it. Raises ValidationFailed when nothing is left."""
        reason = self.reason.strip()
        if not reason:
            raise ValidationFailed(field="reason", why="must say why")
        return reason


class MaybeReasonBody(ApiRecord, frozen=True, kw_only=True):
    """Why, where there is something to say."""

    reason: ShortText | None = None


class NewAdjustmentBody(ApiRecord, frozen=True, kw_only=True):
    """Above zero more is owed, below zero less. `vendorId` names the lender when it is not the platform.

    `transactionId` is the item (or its order) that is cleared first. `reason` may be written in small letters and
    with hyphens: RETURN, DISPUTE, CHARGEBACK, PROMOTION, WRITE_OFF, OPENING_BALANCE.
    """

    retailer_id: UUID
    adjustment_amount: Rupees
    reason: ShortText
    note: ShortText | None = None
    transaction_id: UUID | None = None
    vendor_id: UUID | None = None
    event_at: Moment | None = None

    def adjustment(self) -> NewAdjustment:
        """As the domain takes it. Raises InvalidAmount, ValidationFailed."""
        return NewAdjustment(
            retailer_id=self.retailer_id,
            amount_paisa=paisa_from_rupees(self.adjustment_amount),
            reason=read_reason(self.reason),
            note=self.note,
            debit_id=self.transaction_id,
            vendor_id=self.vendor_id,
            event_at=self.event_at,
        )


class Cleared(ApiRecord, frozen=True, kw_only=True):
    """So much of one item, and what remains of it."""

    transaction_id: UUID
    amount: Rupees
    remaining: Rupees


class RecordedPayment(ApiRecord, frozen=True, kw_only=True):
    """`remaining` is what is left of the item named, or of everything owed when none was."""

    payment_id: UUID
    transaction_id: UUID | None
    amount_paid: Rupees
    remaining: Rupees
    unapplied: Rupees
    status: ClearingStatus
    allocations: list[Cleared]


class BouncedCheque(ApiRecord, frozen=True, kw_only=True):
    payment_id: UUID
    amount: Rupees
    status: PaymentState
    reason: str | None


class Reversed(ApiRecord, frozen=True, kw_only=True):
    """`undone` is what was taken back from each item; `overLimit` how far the shop is past its limit with that."""

    id: UUID
    amount: Rupees
    status: Literal["REVERSED"]
    undone: list[Cleared]
    new_used_credit: Rupees
    over_limit: Rupees


class RecordedAdjustment(ApiRecord, frozen=True, kw_only=True):
    """`newUsedCredit` is used over all lines of the shop; `overLimit` how far this one is past its limit.

    `transactionId` is the item a debit opened, or the one a credit named; `unapplied` is kept for the next item.
    """

    adjustment_id: UUID
    type: AdjustmentKind
    amount: Rupees
    new_used_credit: Rupees
    over_limit: Rupees
    unapplied: Rupees
    transaction_id: UUID | None
    allocations: list[Cleared]


def read_reason(given: str) -> AdjustmentReason:
    """'write-off', 'Write off' and 'WRITE_OFF' are the same. Raises ValidationFailed."""
    name = re.sub(r"[\s_-]+", "_", given.strip()).upper()
    if name not in AdjustmentReason.__members__:
        known = ", ".join(AdjustmentReason.__members__)
        raise ValidationFailed(field="reason", why=f"must be one of {known}")
    return AdjustmentReason[name]


def recorded_payment(outcome: PaymentOutcome) -> RecordedPayment:
    status: ClearingStatus = "PARTIAL_CLEARED"
    if outcome.state is PaymentState.PENDING:
        status = "PENDING_CLEARANCE"
    elif outcome.remaining_paisa == 0:
        status = "FULLY_CLEARED"
    return RecordedPayment(
        payment_id=outcome.payment_id,
        transaction_id=outcome.debit_id,
        amount_paid=rupees(outcome.amount_paisa),
        remaining=rupees(outcome.remaining_paisa),
        unapplied=rupees(outcome.unapplied_paisa),
        status=status,
        allocations=[cleared(part) for part in outcome.allocations],
    )


def reason_of(body: MaybeReasonBody | None) -> str | None:
    """The reason without space around it, or None when there is none."""
    return (body.reason or "").strip() or None if body else None


def bounced_cheque(cheque: Payment, reason: str | None) -> BouncedCheque:
    return BouncedCheque(payment_id=cheque.id, amount=rupees(cheque.amount_paisa), status=cheque.state, reason=reason)


def reversed_answer(outcome: ReversalOutcome) -> Reversed:
    return Reversed(
        id=outcome.id,
        amount=rupees(outcome.amount_paisa),
        status="REVERSED",
        undone=[cleared(part) for part in outcome.undone],
        new_used_credit=rupees(outcome.used_paisa),
        over_limit=rupees(outcome.over_limit_paisa),
    )


def recorded_adjustment(outcome: AdjustmentOutcome) -> RecordedAdjustment:
    return RecordedAdjustment(
        adjustment_id=outcome.adjustment_id,
        type=outcome.kind,
        amount=rupees(outcome.amount_paisa),
        new_used_credit=rupees(outcome.used_paisa),
        over_limit=rupees(outcome.over_limit_paisa),
        unapplied=rupees(outcome.unapplied_paisa),
        transaction_id=outcome.debit_id,
        allocations=[cleared(part) for part in outcome.allocations],
    )


def cleared(part: Allocation) -> Cleared:
    return Cleared(
        transaction_id=part.debit_id, amount=rupees(part.amount_paisa), remaining=rupees(part.remaining_paisa)
    )
