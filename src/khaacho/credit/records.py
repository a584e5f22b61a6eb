"""Credit lines, open items and payments as rows, frozen. Amounts in paisa."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from khaacho.parties.standings import CreditStatus

MAX_ORDER_PAISA_DEFAULT = 5_000_000
MAX_OUTSTANDING_DAYS_DEFAULT = 30
TERMS_DAYS_DEFAULT = 7
DE_MINIMIS_PAISA_DEFAULT = 10_000


class CreditLine(msgspec.Struct, frozen=True, kw_only=True):
    """One credit line, retailer × lender (no vendor: the platform lends), with its running figures."""

    id: UUID
    retailer_id: UUID
    vendor_id: UUID | None
    status: CreditStatus
    status_reason: str | None
    limit_paisa: int
    max_order_paisa: int
    max_outstanding_days: int
    terms_days: int
    de_minimis_paisa: int
    posted: int
    held: int

    @property
    def used_paisa(self) -> int:
        return self.posted + self.held

    @property
    def available_paisa(self) -> int:
        return max(0, self.limit_paisa - self.used_paisa)


class NewCreditLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line to open; without a vendor the platform is the lender."""

    retailer_id: UUID
    limit_paisa: int
    vendor_id: UUID | None = None
    max_order_paisa: int = MAX_ORDER_PAISA_DEFAULT
    max_outstanding_days: int = MAX_OUTSTANDING_DAYS_DEFAULT
    terms_days: int = TERMS_DAYS_DEFAULT
    de_minimis_paisa: int = DE_MINIMIS_PAISA_DEFAULT


class DebitState(StrEnum):
    OPEN = "OPEN"
    PARTIAL = "PARTIAL"
    CLEARED = "CLEARED"
    WRITTEN_OFF = "WRITTEN_OFF"


class Debit(msgspec.Struct, frozen=True, kw_only=True):
    """An open item: a receivable with its opening moment, due day, amount and what is cleared of it."""

    id: UUID
    account_id: UUID
    retailer_id: UUID
    source_kind: str
    source_id: UUID
    amount_paisa: int
    cleared_paisa: int
    written_off: bool
    opened_at: datetime
    due_on: date
    cleared_at: datetime | None

    @property
    def remaining_paisa(self) -> int:
        return self.amount_paisa - self.cleared_paisa

    @property
    def state(self) -> DebitState:
        if self.written_off:
            return DebitState.WRITTEN_OFF
        if self.remaining_paisa == 0:
            return DebitState.CLEARED
        return DebitState.PARTIAL if self.cleared_paisa else DebitState.OPEN


class PaymentMethod(StrEnum):
    CASH = "CASH"
    BANK_TRANSFER = "BANK_TRANSFER"
    MOBILE_MONEY = "MOBILE_MONEY"
    CHEQUE = "CHEQUE"


class PaymentState(StrEnum):
    PENDING = "PENDING"
    CLEARED = "CLEARED"
    BOUNCED = "BOUNCED"
    REVERSED = "REVERSED"


class NewPayment(msgspec.Struct, frozen=True, kw_only=True):
    """Money that came in; `debit_id` names the item it is meant for, otherwise the oldest are cleared first.

    `debit_id` may also be the id of the order or adjustment the item came from.
    """

    amount_paisa: int
    method: PaymentMethod
    retailer_id: UUID | None = None
    debit_id: UUID | None = None
    reference: str | None = None
    event_at: datetime | None = None


class Payment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as it stands. Cash at the door has an order and no line; `debit_id` is the item it was meant for."""

    id: UUID
    retailer_id: UUID
    account_id: UUID | None
    order_id: UUID | None
    debit_id: UUID | None
    amount_paisa: int
    unapplied_paisa: int
    method: PaymentMethod
    state: PaymentState
    reference: str | None
    event_at: datetime


class Allocation(msgspec.Struct, frozen=True, kw_only=True):
    """What one payment or adjustment cleared of one item."""

    debit_id: UUID
    amount_paisa: int
    remaining_paisa: int


class PaymentOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """`remaining_paisa` is what is left of the item named, or of all that is owed when none was."""

    payment_id: UUID
    retailer_id: UUID
    debit_id: UUID | None
    amount_paisa: int
    remaining_paisa: int
    unapplied_paisa: int
    state: PaymentState
    allocations: tuple[Allocation, ...]


class AdjustmentReason(StrEnum):
    RETURN = "RETURN"
    DISPUTE = "DISPUTE"
    CHARGEBACK = "CHARGEBACK"
    PROMOTION = "PROMOTION"
    WRITE_OFF = "WRITE_OFF"
    OPENING_BALANCE = "OPENING_BALANCE"


class AdjustmentKind(StrEnum):
    """A DEBIT raises what is owed, a CREDIT lowers it."""

    DEBIT = "DEBIT"
    CREDIT = "CREDIT"


class AdjustmentState(StrEnum):
    POSTED = "POSTED"
    REVERSED = "REVERSED"


class NewAdjustment(msgspec.Struct, frozen=True, kw_only=True):
    """A change of what is owed that is neither goods nor money: above zero it is owed more, below zero less.

    `vendor_id` names the lender whose line it is about, `debit_id` the item (or its order) it clears first.
    """

    retailer_id: UUID
    amount_paisa: int
    reason: AdjustmentReason
    note: str | None = None
    debit_id: UUID | None = None
    vendor_id: UUID | None = None
    event_at: datetime | None = None


class Adjustment(msgspec.Struct, frozen=True, kw_only=True):
    """An adjustment as it stands; the amount is above zero whatever its kind."""

    id: UUID
    retailer_id: UUID
    account_id: UUID
    debit_id: UUID | None
    kind: AdjustmentKind
    amount_paisa: int
    unapplied_paisa: int
    reason: AdjustmentReason
    note: str | None
    state: AdjustmentState
    event_at: datetime


class AdjustmentOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """`used_paisa` is used over all of the retailer's lines; `over_limit_paisa` is how far this one is past its limit.

    `debit_id` is the item a debit opened, or the one that a credit named.
    """

    adjustment_id: UUID
    retailer_id: UUID
    debit_id: UUID | None
    kind: AdjustmentKind
    amount_paisa: int
    unapplied_paisa: int
    used_paisa: int
    over_limit_paisa: int
    allocations: tuple[Allocation, ...]


class ReversalOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """`undone` is what was taken back from each item, with what remains of it now.

    `used_paisa` is used over all of the retailer's lines, `over_limit_paisa` how far they are past their limits.
    """

    id: UUID
    retailer_id: UUID
    amount_paisa: int
    used_paisa: int
    over_limit_paisa: int
    undone: tuple[Allocation, ...]


class CreditOverview(msgspec.Struct, frozen=True, kw_only=True):
    """A retailer's standing over all lines, for people."""

    limit_paisa: int
    used_paisa: int
    held_paisa: int
    available_paisa: int
    overdue_paisa: int
    unapplied_paisa: int
    oldest_days: int
    terms_days: int
    status: CreditStatus
    status_reason: str | None
    lines: tuple[CreditLine, ...]
    open_debits: tuple[Debit, ...]
