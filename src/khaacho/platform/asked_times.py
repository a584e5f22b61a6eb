"""The `from`, `to` and `asOf` of a query: moments with their offset, or business days.

A bound that a list includes is read by `asked_last`, one that it leaves out by `asked_until`; a business day is meant
whole by both.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from litestar.params import QueryParameter

from khaacho.errors import ValidationFailed
from khaacho.platform.days import DAY_MAX, DAY_MIN, DaySpan, day_span
from khaacho.platform.http import with_offset

Since = Annotated[str | None, QueryParameter(name="from", description="From this moment or business day on")]
Until = Annotated[str | None, QueryParameter(name="to", description="Before this moment, or through this business day")]
Last = Annotated[str | None, QueryParameter(name="to", description="Up to this moment, or through this business day")]
AsOf = Annotated[str | None, QueryParameter(name="asOf", description="Up to this moment, or through this business day")]

_DAY_LENGTH = len("2026-02-10")


def asked_since(given: str | None) -> datetime | None:
    """The moment, or the first of the day. Raises ValidationFailed for what is neither."""
    asked = _read("from", given)
    return asked.since if isinstance(asked, DaySpan) else asked


def asked_until(given: str | None) -> datetime | None:
    """The moment, or the first after the day. Raises ValidationFailed for what is neither."""
    asked = _read("to", given)
    return asked.until if isinstance(asked, DaySpan) else asked


def asked_last(given: str | None, *, field: str = "to") -> datetime | None:
    """The moment, or the last of the day. Raises ValidationFailed for what is neither."""
    asked = _read(field, given)
    return asked.until - datetime.resolution if isinstance(asked, DaySpan) else asked


def _read(field: str, given: str | None) -> DaySpan | datetime | None:
    if not given:
        return None
    try:
        if len(given) == _DAY_LENGTH:
            # Beyond these days nothing happened.
            return day_span(min(max(date.fromisoformat(given), DAY_MIN), DAY_MAX))
        return with_offset(field, datetime.fromisoformat(given))
    except ValueError as error:
        why = "is neither a day nor a moment such as 2026-02-10T00:00:00+05:45"
        raise ValidationFailed(field=field, why=why) from error
