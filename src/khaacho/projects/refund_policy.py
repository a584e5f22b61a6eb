"""How much of what an application cost is given back [P22].

Pure: it reads nothing and pays nothing. What quotes a refund beforehand is what pays it afterwards.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

import msgspec

# Both borders belong to the better side: after exactly half an hour everything is still given back.
WHOLE_REFUND_WITHIN = timedelta(minutes=30)
PART_REFUND_WITHIN = timedelta(hours=24)
PART_PERCENT = 50
WHOLE_PERCENT = 100


class RefundCause(StrEnum):
    """Why an application ended, or why somebody gives the credits back."""

    PROJECT_CANCELLED = "PROJECT_CANCELLED"
    PROJECT_EXPIRED = "PROJECT_EXPIRED"
    TECHNICAL_ERROR = "TECHNICAL_ERROR"
    DUPLICATE = "DUPLICATE"
    ADMIN = "ADMIN"
    WITHDRAWN = "WITHDRAWN"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    COMPLETED = "COMPLETED"


# The freelancer did nothing to bring these about.
_NO_FAULT_OF_THEIRS = frozenset(
    {
        RefundCause.PROJECT_CANCELLED,
        RefundCause.PROJECT_EXPIRED,
        RefundCause.TECHNICAL_ERROR,
        RefundCause.DUPLICATE,
        RefundCause.ADMIN,
    }
)


class RefundQuote(msgspec.Struct, frozen=True, kw_only=True):
    """`units` of `spent_units` are given back; zero units are no refund."""

    cause: RefundCause
    spent_units: int
    percent: int
    units: int

    @property
    def eligible(self) -> bool:
        return self.units > 0


def quote_refund(cause: RefundCause, *, spent_units: int, age: timedelta) -> RefundQuote:
    """What is given back of `spent_units` when an application of this age ends for this cause.

    Half a unit is rounded up: a part of a credit cannot be held, and the doubt is the freelancer's.
    """
    percent = _percent(cause, age)
    return RefundQuote(cause=cause, spent_units=spent_units, percent=percent, units=-(-spent_units * percent // 100))


def _percent(cause: RefundCause, age: timedelta) -> int:
    if cause in _NO_FAULT_OF_THEIRS:
        return WHOLE_PERCENT
    if cause is not RefundCause.WITHDRAWN:
        return 0
    if age <= WHOLE_REFUND_WITHIN:
        return WHOLE_PERCENT
    return PART_PERCENT if age <= PART_REFUND_WITHIN else 0
