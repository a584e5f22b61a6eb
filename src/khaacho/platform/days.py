"""Business days as spans of time, for reports that count by day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec

from khaacho import clock


class DaySpan(msgspec.Struct, frozen=True, kw_only=True):
    """A business day from its first moment up to, and without, the first of the next."""

    day: date
    since: datetime
    until: datetime


def day_span(day: date) -> DaySpan:
    """One business day."""
    return DaySpan(
        day=day,
        since=clock.start_of_business_day(day),
        until=clock.start_of_business_day(day + timedelta(days=1)),
    )


def last_days(number: int) -> list[DaySpan]:
    """Today and the days before it, oldest first."""
    today = clock.business_day()
    return [day_span(today - timedelta(days=ago)) for ago in reversed(range(number))]
