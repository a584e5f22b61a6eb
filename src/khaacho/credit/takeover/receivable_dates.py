"""Moments as other people's tables write them: ISO first, and never a guess which number is the day. Pure.

A date without a time is the beginning of that day; a time without a zone is on the wall clock of the zone given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, tzinfo

from khaacho.credit.takeover.receivable_records import DateOrder

YEAR_MIN, YEAR_MAX = 1900, 2200
MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_TIME = r"(?:[T ]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.\d+)?)?\s*(?P<half>[AaPp][Mm])?)?"
_YEAR_FIRST = re.compile(rf"(?P<year>\d{{4}})[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}}){_TIME}")
_NUMBERS = re.compile(rf"(?P<first>\d{{1,2}})[-/.](?P<second_part>\d{{1,2}})[-/.](?P<year>\d{{4}}|\d{{2}}){_TIME}")
_NAMED_AFTER = re.compile(rf"(?P<day>\d{{1,2}})[ -](?P<name>[A-Za-z]{{3,9}})\.?,?[ -](?P<year>\d{{4}}|\d{{2}}){_TIME}")
_NAMED_BEFORE = re.compile(rf"(?P<name>[A-Za-z]{{3,9}})\.? (?P<day>\d{{1,2}}),? (?P<year>\d{{4}}){_TIME}")


class UnclearDate(ValueError):
    """Why a text is not taken for a moment; the message is for the person who reads the report."""


def parse_moment(text: str, zone: tzinfo, order: DateOrder | None = None) -> datetime:
    """The moment, aware. Raises UnclearDate, also for 03/04/2024 when no order is known."""
    found = _iso(text) or _spelled(text, order)
    if not YEAR_MIN <= found.year <= YEAR_MAX:
        raise UnclearDate(f"{text!r} is not in any year we keep books of")
    return found if found.tzinfo else found.replace(tzinfo=zone)


def find_date_order(texts: Iterable[tuple[int, str]]) -> DateOrder | None:
    """The order that all dates of three plain numbers agree on; None when none of them tells. `texts` have lines.

    25/12/13 does not tell: it may have the year first. Raises UnclearDate when some dates can only be the one and some
    only the other.
    """
    day_first = month_first = None
    for line, text in texts:
        match = _NUMBERS.fullmatch(text)
        if match is None:
            continue
        if int(match["second_part"]) > 12:
            month_first = month_first or (line, text)
        elif int(match["first"]) > 12 and int(match["year"]) > 31:
            day_first = day_first or (line, text)
    if day_first and month_first:
        raise UnclearDate(
            f"line {day_first[0]}: {day_first[1]!r} has the day first, and line {month_first[0]}: {month_first[1]!r} "
            "the month"
        )
    if day_first:
        return DateOrder.DAY_FIRST
    return DateOrder.MONTH_FIRST if month_first else None


def _iso(text: str) -> datetime | None:
    # Eight digits can only be a year, month and day; any other bare number is more often a spreadsheet's day count.
    if not text[:4].isdigit() or (text.isdigit() and len(text) != 8):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _spelled(text: str, order: DateOrder | None) -> datetime:
    if match := _YEAR_FIRST.fullmatch(text):
        return _moment(text, match, int(match["year"]), int(match["month"]), int(match["day"]))
    if match := _NAMED_AFTER.fullmatch(text) or _NAMED_BEFORE.fullmatch(text):
        name = match["name"][:3].lower()
        if name in MONTHS:
            return _moment(text, match, _full_year(match["year"]), MONTHS.index(name) + 1, int(match["day"]))
    if match := _NUMBERS.fullmatch(text):
        if order is None:
            raise UnclearDate(f"{text!r} may have the day or the month first; say which with --date-order")
        first, second = int(match["first"]), int(match["second_part"])
        day, month = (first, second) if order is DateOrder.DAY_FIRST else (second, first)
        return _moment(text, match, _full_year(match["year"]), month, day)
    raise UnclearDate(f"{text!r} is not a date we can read; write 2024-01-31")


def _moment(text: str, match: re.Match[str], year: int, month: int, day: int) -> datetime:
    hour = int(match["hour"] or 0)
    if half := (match["half"] or "").lower():
        if not 1 <= hour <= 12:
            raise UnclearDate(f"{text!r} has no such hour")
        hour = hour % 12 + (12 if half == "pm" else 0)
    try:
        return datetime(year, month, day, hour, int(match["minute"] or 0), int(match["second"] or 0))  # noqa: DTZ001
    except ValueError as error:
        raise UnclearDate(f"there is no day or time {text!r}") from error


def _full_year(digits: str) -> int:
    """Two digits are this century's, from 69 on the last one's, as everybody's spreadsheet has it."""
    year = int(digits)
    if len(digits) == 4:
        return year
    return 1900 + year if year >= 69 else 2000 + year
