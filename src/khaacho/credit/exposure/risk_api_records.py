"""Risk as it travels: the dashboard and one shop's whole credit."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.credit.exposure.aging import Aging
from khaacho.credit.exposure.profile import CreditProfile, PaymentRow
from khaacho.credit.exposure.risk import RetailerRisk, RiskSummary
from khaacho.credit.records import CreditLine, Debit, DebitState, PaymentMethod, PaymentState
from khaacho.ledger.records import Hold
from khaacho.ledger.reports import Movement
from khaacho.money import rupees
from khaacho.parties.records import PartyStatus
from khaacho.parties.standings import CreditStatus
from khaacho.platform.http import ApiRecord, Page, Rupees


class BucketsAnswer(ApiRecord, frozen=True, kw_only=True):
    """What remains to be paid, by business days since the item opened."""

    days_0_7: Rupees = msgspec.field(name="0-7")
    days_8_14: Rupees = msgspec.field(name="8-14")
    days_15_30: Rupees = msgspec.field(name="15-30")
    days_over_30: Rupees = msgspec.field(name="30+")


class SummaryAnswer(BucketsAnswer, frozen=True, kw_only=True):
    """Over all shops with a credit line, whatever the list is filtered by."""

    total_outstanding: Rupees
    retailer_count: int
    high_risk_count: int


class RetailerRiskAnswer(BucketsAnswer, frozen=True, kw_only=True):
    """One shop; limit and use over all its lines, use with what is held for orders on their way."""

    retailer_id: UUID
    pasal_name: str
    phone_number: str
    credit_limit: Rupees
    used_credit: Rupees
    credit_status: CreditStatus
    total: Rupees
    high_risk: bool
    oldest_open_days: int


class DashboardAnswer(ApiRecord, frozen=True, kw_only=True):
    """`matching` is how many shops fit the filter; `nextCursor` asks for the following part, null at the end."""

    summary: SummaryAnswer
    retailer_risks: list[RetailerRiskAnswer]
    matching: int
    next_cursor: str | None


class LineAnswer(ApiRecord, frozen=True, kw_only=True):
    """A credit line with its guardrails and what is used of it; without `vendorId` the platform lends.

    `accountId` also names its ledger account.
    """

    account_id: UUID
    retailer_id: UUID
    vendor_id: UUID | None
    status: CreditStatus
    credit_limit: Rupees
    used_credit: Rupees
    held_credit: Rupees
    available_credit: Rupees
    max_order_value: Rupees
    max_outstanding_days: int
    terms_days: int
    de_minimis: Rupees


class ProfileAnswer(ApiRecord, frozen=True, kw_only=True):
    """Who the shop is and how its credit stands over all lines."""

    retailer_id: UUID
    code: str
    pasal_name: str
    owner_name: str
    phone_number: str
    city: str
    status: PartyStatus
    credit_status: CreditStatus
    credit_status_reason: str | None
    credit_limit: Rupees
    used_credit: Rupees
    held_credit: Rupees
    available_credit: Rupees
    overdue: Rupees
    paid_ahead: Rupees
    high_risk: bool
    lines: list[LineAnswer]


class OpenItemAnswer(ApiRecord, frozen=True, kw_only=True):
    """Something still owed, with its age in business days."""

    transaction_id: UUID
    account_id: UUID
    source: str
    source_id: UUID
    amount: Rupees
    remaining: Rupees
    state: DebitState
    opened_at: datetime
    due_on: date
    open_days: int
    days_past_due: int


class TransactionAnswer(ApiRecord, frozen=True, kw_only=True):
    """A movement on a line: `change` above zero is owed more, below zero owed less."""

    transfer_id: UUID
    account_id: UUID
    event_at: datetime
    created_at: datetime
    code: str
    source: str
    source_id: UUID
    change: Rupees


class HoldAnswer(ApiRecord, frozen=True, kw_only=True):
    """Credit reserved for an order that is on its way."""

    hold_id: UUID
    account_id: UUID
    amount: Rupees
    source: str
    source_id: UUID
    created_at: datetime


class AllocationAnswer(ApiRecord, frozen=True, kw_only=True):
    transaction_id: UUID
    amount: Rupees


class PaymentAnswer(ApiRecord, frozen=True, kw_only=True):
    """Money that came in and what it cleared; cash taken at the door clears nothing."""

    payment_id: UUID
    account_id: UUID | None
    order_id: UUID | None
    amount: Rupees
    unapplied: Rupees
    method: PaymentMethod
    state: PaymentState
    reference: str | None
    event_at: datetime
    created_at: datetime
    recorded_by: str
    allocations: list[AllocationAnswer]


class RetailerCreditAnswer(ApiRecord, frozen=True, kw_only=True):
    """Everything about one shop's credit; each long list has a cursor of its own."""

    profile: ProfileAnswer
    buckets: BucketsAnswer
    total_outstanding: Rupees
    oldest_open_days: int
    open_items: Page[OpenItemAnswer]
    transactions: Page[TransactionAnswer]
    holds: list[HoldAnswer]
    payments: Page[PaymentAnswer]


def summary_answer(summary: RiskSummary) -> SummaryAnswer:
    return SummaryAnswer(
        **_buckets(summary),
        total_outstanding=rupees(summary.total_paisa),
        retailer_count=summary.retailers,
        high_risk_count=summary.high_risk,
    )


def risk_answer(risk: RetailerRisk) -> RetailerRiskAnswer:
    return RetailerRiskAnswer(
        retailer_id=risk.retailer_id,
        pasal_name=risk.pasal_name,
        phone_number=risk.phone,
        credit_limit=rupees(risk.limit_paisa),
        used_credit=rupees(risk.used_paisa),
        credit_status=risk.credit_status,
        **_buckets(risk),
        total=rupees(risk.total_paisa),
        high_risk=risk.high_risk,
        oldest_open_days=risk.oldest_days,
    )


def buckets_answer(aging: Aging) -> BucketsAnswer:
    return BucketsAnswer(**_buckets(aging))


def _buckets(aging: Aging) -> dict[str, Decimal]:
    return {
        "days_0_7": rupees(aging.days_0_7_paisa),
        "days_8_14": rupees(aging.days_8_14_paisa),
        "days_15_30": rupees(aging.days_15_30_paisa),
        "days_over_30": rupees(aging.days_over_30_paisa),
    }


def line_answer(line: CreditLine) -> LineAnswer:
    return LineAnswer(
        account_id=line.id,
        retailer_id=line.retailer_id,
        vendor_id=line.vendor_id,
        status=line.status,
        credit_limit=rupees(line.limit_paisa),
        used_credit=rupees(line.used_paisa),
        held_credit=rupees(line.held),
        available_credit=rupees(line.available_paisa),
        max_order_value=rupees(line.max_order_paisa),
        max_outstanding_days=line.max_outstanding_days,
        terms_days=line.terms_days,
        de_minimis=rupees(line.de_minimis_paisa),
    )


def profile_answer(found: CreditProfile) -> ProfileAnswer:
    shop, credit = found.retailer, found.overview
    return ProfileAnswer(
        retailer_id=shop.id,
        code=shop.code,
        pasal_name=shop.pasal_name,
        owner_name=shop.owner_name,
        phone_number=shop.phone,
        city=shop.city,
        status=shop.status,
        credit_status=credit.status,
        credit_status_reason=credit.status_reason,
        credit_limit=rupees(credit.limit_paisa),
        used_credit=rupees(credit.used_paisa),
        held_credit=rupees(credit.held_paisa),
        available_credit=rupees(credit.available_paisa),
        overdue=rupees(credit.overdue_paisa),
        paid_ahead=rupees(credit.unapplied_paisa),
        high_risk=found.high_risk,
        lines=[line_answer(line) for line in credit.lines],
    )


def open_item_answer(debit: Debit, *, today: date) -> OpenItemAnswer:
    return OpenItemAnswer(
        transaction_id=debit.id,
        account_id=debit.account_id,
        source=debit.source_kind,
        source_id=debit.source_id,
        amount=rupees(debit.amount_paisa),
        remaining=rupees(debit.remaining_paisa),
        state=debit.state,
        opened_at=debit.opened_at,
        due_on=debit.due_on,
        open_days=max(0, (today - clock.business_day(debit.opened_at)).days),
        days_past_due=max(0, (today - debit.due_on).days),
    )


def transaction_answer(movement: Movement) -> TransactionAnswer:
    return TransactionAnswer(
        transfer_id=movement.id,
        account_id=movement.account_id,
        event_at=movement.event_at,
        created_at=movement.created_at,
        code=movement.code,
        source=movement.source_kind,
        source_id=movement.source_id,
        change=rupees(movement.change),
    )


def hold_answer(hold: Hold) -> HoldAnswer:
    return HoldAnswer(
        hold_id=hold.id,
        account_id=hold.account_id,
        amount=rupees(hold.amount),
        source=hold.source_kind,
        source_id=hold.source_id,
        created_at=hold.created_at,
    )


def payment_answer(payment: PaymentRow) -> PaymentAnswer:
    return PaymentAnswer(
        payment_id=payment.id,
        account_id=payment.account_id,
        order_id=payment.order_id,
        amount=rupees(payment.amount_paisa),
        unapplied=rupees(payment.unapplied_paisa),
        method=payment.method,
        state=payment.state,
        reference=payment.reference,
        event_at=payment.event_at,
        created_at=payment.created_at,
        recorded_by=payment.actor_name,
        allocations=[
            AllocationAnswer(transaction_id=part.debit_id, amount=rupees(part.amount_paisa))
            for part in payment.allocations
        ],
    )
