"""The one clock. Everything that needs the time asks here, so that tests and demos can move it.

Stored times are UTC; business days, cron times and dates in messages are in the business zone.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import nepali_datetime

DEFAULT_ZONE_NAME = "Asia/Kathmandu"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DEFAULT_WEEK_START = "sunday"
# How far ahead anything may be planned. Beyond lie years that cannot be shown in every zone and calendar.
PLANNED_AHEAD_MAX = timedelta(days=36_525)

_zone = ZoneInfo(DEFAULT_ZONE_NAME)
_week_start = WEEKDAYS.index(DEFAULT_WEEK_START)
_shift = timedelta(0)


def set_zone(name: str) -> None:
    """Choose the business zone; called once by each composition root."""
    global _zone
    _zone = ZoneInfo(name)


def zone() -> ZoneInfo:
    """The business zone."""
    return _zone


def set_week_start(weekday: str) -> None:
    """Choose the day a business week begins on, by its English name; called once by each composition root."""
    global _week_start
    _week_start = WEEKDAYS.index(weekday)


def week_start() -> int:
    """The weekday a business week begins on; Monday is 0."""
    return _week_start


def now() -> datetime:
    """This moment, aware, in UTC, moved by whatever shift is in force."""
    return datetime.now(UTC) + _shift


def business_time(moment: datetime) -> datetime:
    """The same moment on the wall clock of the business zone."""
    return moment.astimezone(_zone)


def business_day(moment: datetime | None = None) -> date:
    """The calendar day in the business zone, of `moment` or of now."""
    return business_time(moment or now()).date()


def start_of_business_day(day: date) -> datetime:
    """Midnight that begins `day` in the business zone, as UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=_zone).astimezone(UTC)


def bikram_sambat(day: date) -> str:
    """The day in the Nepali calendar, 'YYYY-MM-DD'."""
    return str(nepali_datetime.date.from_datetime_date(day))


def shift_by(shift: timedelta) -> None:
    """Move the clock; it keeps ticking from there. A shift of zero is the true time."""
    global _shift
    _shift = shift


@contextmanager
def travelled_to(moment: datetime) -> Iterator[None]:
    """Within the block the clock starts at `moment` and ticks on; afterwards it is as before."""
    before = _shift
    shift_by(moment - datetime.now(UTC))
    try:
        yield
    finally:
        shift_by(before)
