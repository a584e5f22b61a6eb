"""Business days as spans of time, for reports that count by day."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec

from khaacho import clock
from khaacho.errors import ValidationFailed

# At either end of the calendar lie days without a midnight or a month before them in some zone.
DAY_MIN = date(1900, 1, 1)
DAY_MAX = date(2200, 12, 31)


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


def checked_day(field: str, day: date) -> date:
    """A day that somebody asks about. Raises ValidationFailed for one that nothing can be counted from."""
    if not DAY_MIN <= day <= DAY_MAX:
        raise ValidationFailed(field=field, why=f"must lie between {DAY_MIN} and {DAY_MAX}")
    return day


def last_days(number: int) -> list[DaySpan]:
    """Today and the days before it, oldest first."""
    today = clock.business_day()
    return [day_span(today - timedelta(days=ago)) for ago in reversed(range(number))]
