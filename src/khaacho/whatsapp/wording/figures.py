"""Quantities, days and names as people read them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from khaacho import clock

CODE_DIGITS = 4


def show_quantity(quantity: Decimal) -> str:
    """Without needless zeros, never in powers of ten: 5, 2.5, 1000."""
    text = format(quantity, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def show_day(day: date) -> str:
    """In both calendars: '2026-02-10 (2082-10-27 BS)'."""
    return f"{day.isoformat()} ({clock.bikram_sambat(day)} BS)"


def show_time(moment: datetime) -> str:
    """The wall clock of the business zone: '14:30', with the day when it is not today."""
    local = clock.business_time(moment)
    if local.date() == clock.business_day():
        return f"{local:%H:%M}"
    return f"{local:%d %b %H:%M}"


def show_name(name: str, name_ne: str, locale: str) -> str:
    """A product's name in the reader's language where it has one."""
    return name_ne if locale == "ne" and name_ne else name


def show_reason(reason: str | None) -> str:
    """': why', or nothing."""
    return f": {reason}" if reason else ""


def digits_of(code: str) -> str:
    """What people write instead of the whole code: its last four digits, or all behind the dash when there are more."""
    return code.rpartition("-")[2] or code[-CODE_DIGITS:]


def numbered(lines: Sequence[str]) -> list[str]:
    """'1. …', '2. …'."""
    return [f"{number}. {line}" for number, line in enumerate(lines, start=1)]
