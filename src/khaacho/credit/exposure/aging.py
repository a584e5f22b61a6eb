"""How old what is owed is, and when that is a danger [C30, C91]. Pure: no database, no clock.

Age counts business days since an item opened: the day it opened is day 0, so an item is seven days old until the end
of the seventh day after it. Remaining amounts count, never original ones.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from enum import StrEnum

import msgspec

from khaacho.parties.standings import CreditStatus


class Bucket(StrEnum):
    """Youngest first; the names are those of the API."""

    DAYS_0_7 = "0-7"
    DAYS_8_14 = "8-14"
    DAYS_15_30 = "15-30"
    DAYS_OVER_30 = "30+"


# The last day of each bucket but the oldest.
BUCKET_DAYS_MAX = {Bucket.DAYS_0_7: 7, Bucket.DAYS_8_14: 14, Bucket.DAYS_15_30: 30}

# Shares of a limit, in hundredths.
USAGE_HIGH_PERCENT = 80
USAGE_CRITICAL_PERCENT = 95
# This many days beyond what a line allows are HIGH, more are CRITICAL.
OVERDUE_HIGH_DAYS_MAX = 7


class Severity(StrEnum):
    HIGH = "HIGH"
    CRITICAL = "CRITICAL"


class Aging(msgspec.Struct, frozen=True, kw_only=True):
    """What remains to be paid, by age: of a shop, of all of them, now or on a day. Amounts in paisa."""

    days_0_7_paisa: int = 0
    days_8_14_paisa: int = 0
    days_15_30_paisa: int = 0
    days_over_30_paisa: int = 0

    @property
    def total_paisa(self) -> int:
        return self.days_0_7_paisa + self.days_8_14_paisa + self.days_15_30_paisa + self.days_over_30_paisa


class BucketStarts(msgspec.Struct, frozen=True, kw_only=True):
    """The earliest opening day of each bucket; whatever opened before `days_15_30` is over 30 days old."""

    days_0_7: date
    days_8_14: date
    days_15_30: date


def bucket_of(days: int) -> Bucket:
    """The bucket of an item that has been open for so many business days. One from tomorrow is as young as today's."""
    for bucket, days_max in BUCKET_DAYS_MAX.items():
        if days <= days_max:
            return bucket
    return Bucket.DAYS_OVER_30


def bucket_starts(today: date) -> BucketStarts:
    """Where the buckets begin on `today`."""
    return BucketStarts(
        days_0_7=today - timedelta(days=BUCKET_DAYS_MAX[Bucket.DAYS_0_7]),
        days_8_14=today - timedelta(days=BUCKET_DAYS_MAX[Bucket.DAYS_8_14]),
        days_15_30=today - timedelta(days=BUCKET_DAYS_MAX[Bucket.DAYS_15_30]),
    )


def age_items(items: Iterable[tuple[date, int]], today: date) -> Aging:
    """Sum (opening day, remaining paisa) into buckets."""
    sums = dict.fromkeys(Bucket, 0)
    for opened_on, remaining_paisa in items:
        sums[bucket_of((today - opened_on).days)] += remaining_paisa
    return Aging(
        days_0_7_paisa=sums[Bucket.DAYS_0_7],
        days_8_14_paisa=sums[Bucket.DAYS_8_14],
        days_15_30_paisa=sums[Bucket.DAYS_15_30],
        days_over_30_paisa=sums[Bucket.DAYS_OVER_30],
    )


def exceeds_percent(used_paisa: int, limit_paisa: int, percent: int) -> bool:
    """Is more than that share of the limit used? Exactly the share is not; anything used of nothing is."""
    return used_paisa * 100 > limit_paisa * percent


def is_high_risk(
    aging: Aging, *, used_paisa: int, limit_paisa: int, credit_status: CreditStatus, any_line_stopped: bool = False
) -> bool:
    """[C30] Anything over 30 days old, more than 80 % of the limit used, or credit paused or blocked."""
    return (
        aging.days_over_30_paisa > 0
        or exceeds_percent(used_paisa, limit_paisa, USAGE_HIGH_PERCENT)
        or credit_status is not CreditStatus.ACTIVE
        or any_line_stopped
    )


def usage_severity(used_paisa: int, limit_paisa: int) -> Severity | None:
    """[C91] HIGH above 80 % of the limit, CRITICAL above 95 %."""
    if exceeds_percent(used_paisa, limit_paisa, USAGE_CRITICAL_PERCENT):
        return Severity.CRITICAL
    return Severity.HIGH if exceeds_percent(used_paisa, limit_paisa, USAGE_HIGH_PERCENT) else None


def overdue_severity(open_days: int, allowed_days: int) -> Severity | None:
    """[C91] HIGH for one to seven days beyond what the line allows, CRITICAL for more."""
    days_past = open_days - allowed_days
    if days_past <= 0:
        return None
    return Severity.HIGH if days_past <= OVERDUE_HIGH_DAYS_MAX else Severity.CRITICAL
