"""The chart of accounts: which kinds exist, in which unit, and which of them keep a running balance.

Accounts that could be contended for by strangers (sales, cash, payables) keep no balance and are summed from
transfers, so that no two customers ever wait for each other on a shared row. Ids are derived from kind, unit and
owner (UUIDv5), so finding an account needs no look-up.
"""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID, uuid5

NAMESPACE = UUID("6f3c9a52-7d0e-5b8e-9a64-1c5b2f7e4d10")


class Unit(StrEnum):
    """NPR and INR count paisa; CREDITS counts whole credits."""

    NPR = "NPR"
    INR = "INR"
    CREDITS = "CREDITS"


class AccountKind(StrEnum):
    RECEIVABLE = "RECEIVABLE"
    UNAPPLIED_CREDIT = "UNAPPLIED_CREDIT"
    VENDOR_PAYABLE = "VENDOR_PAYABLE"
    VENDOR_SALES = "VENDOR_SALES"
    CASH = "CASH"
    BANK = "BANK"
    MOBILE_MONEY = "MOBILE_MONEY"
    CHEQUES = "CHEQUES"
    CASH_WITH_VENDOR = "CASH_WITH_VENDOR"
    ADJUSTMENTS = "ADJUSTMENTS"
    OPENING_BALANCES = "OPENING_BALANCES"
    WRITE_OFFS = "WRITE_OFFS"
    PREPAID_BALANCE = "PREPAID_BALANCE"
    CREDITS_ISSUED = "CREDITS_ISSUED"
    CREDITS_SPENT = "CREDITS_SPENT"
    GATEWAY_CLEARING = "GATEWAY_CLEARING"
    PREPAID_REVENUE = "PREPAID_REVENUE"


KEEPS_BALANCE = frozenset({AccountKind.RECEIVABLE, AccountKind.UNAPPLIED_CREDIT, AccountKind.PREPAID_BALANCE})


class TransferCode(StrEnum):
    """Why an amount moved."""

    DELIVERY = "DELIVERY"
    CASH_ON_DELIVERY = "CASH_ON_DELIVERY"
    PAYMENT = "PAYMENT"
    UNAPPLIED = "UNAPPLIED"
    APPLY_UNAPPLIED = "APPLY_UNAPPLIED"
    UNAPPLY = "UNAPPLY"
    ADJUSTMENT = "ADJUSTMENT"
    OPENING_BALANCE = "OPENING_BALANCE"
    WRITE_OFF = "WRITE_OFF"
    REVERSAL = "REVERSAL"
    CREDITS_BOUGHT = "CREDITS_BOUGHT"
    CREDITS_GRANTED = "CREDITS_GRANTED"
    CREDITS_ADJUSTED = "CREDITS_ADJUSTED"
    CREDITS_SPENT = "CREDITS_SPENT"
    CREDITS_REFUNDED = "CREDITS_REFUNDED"
    CREDITS_TAKEN_BACK = "CREDITS_TAKEN_BACK"
    GATEWAY_PAYMENT = "GATEWAY_PAYMENT"
    GATEWAY_REFUND = "GATEWAY_REFUND"


def account_id(kind: AccountKind, owner_id: UUID | None = None, unit: Unit = Unit.NPR) -> UUID:
    """The id of the one account of this kind, unit and owner."""
    return uuid5(NAMESPACE, f"{kind}:{unit}:{owner_id or ''}")
