"""Which day a message names. Today is Tuesday, 10 February 2026, the 27th of Magh 2082."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from khaacho.whatsapp.understanding.dates import find_day, split_words

TODAY = date(2026, 2, 10)


def day_in(text: str, today: date = TODAY) -> date | str | None:
    found = find_day(split_words(text), today)
    return "vague" if found.is_vague else found.day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("aaja tirchhu", date(2026, 2, 10)),
        ("आज", date(2026, 2, 10)),
        ("bholi tirchhu", date(2026, 2, 11)),
        ("भोलि तिर्छु", date(2026, 2, 11)),
        ("tomorrow", date(2026, 2, 11)),
        ("Parsi tirchu", date(2026, 2, 12)),
        ("day after tomorrow", date(2026, 2, 12)),
        ("nikkai", date(2026, 2, 13)),
        ("sukrabar", date(2026, 2, 13)),
        ("शुक्रबार", date(2026, 2, 13)),
        ("on Friday", date(2026, 2, 13)),
        ("aune aitabar", date(2026, 2, 15)),
        ("mangalbar", date(2026, 2, 17)),
        ("2 din pachi", date(2026, 2, 12)),
        ("दुई दिनमा", date(2026, 2, 12)),
        ("ek hapta", date(2026, 2, 17)),
        ("in 2 weeks", date(2026, 2, 24)),
        ("2026-02-13", date(2026, 2, 13)),
        ("13 feb", date(2026, 2, 13)),
        ("Feb 13th", date(2026, 2, 13)),
        ("13 tarikh", date(2026, 2, 13)),
        ("5 tarikh", date(2026, 3, 5)),
    ],
)
def test_a_day_that_is_named_is_found(text: str, day: date) -> None:
    """[C41] Relative days, weekdays, spans and dates, in the words people use."""
    assert day_in(text) == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("27 gate", date(2026, 2, 10)),
        ("29 gate", date(2026, 2, 12)),
        ("masanta", date(2026, 2, 12)),
        ("5 gate", date(2026, 2, 17)),
        ("५ गते", date(2026, 2, 17)),
        ("falgun 5 gate", date(2026, 2, 17)),
        ("5 gate falgun", date(2026, 2, 17)),
        ("10 chait", date(2026, 3, 24)),
        ("2082-11-05", date(2026, 2, 17)),
        ("१ गते", date(2026, 2, 13)),
    ],
)
def test_days_of_the_nepali_calendar(text: str, day: date) -> None:
    """[C41] A gate without a month is the next one, over the month's end too; a BS date is known by its year."""
    assert day_in(text) == day


@pytest.mark.parametrize(
    "text",
    [
        "next week",
        "arko hapta",
        "next month",
        "arko sukrabar",
        "bholi parsi",
        "2 3 din ma",
        "2-3 din",
        "5-6 gate",
        "13/2",
        "kehi din ma",
        "month end",
        "1 mahina pachi",
        "30 gate",
        "30 feb",
        "2082-13-40",
        "bholi ki sukrabar",
    ],
)
def test_what_is_not_one_day_is_vague(text: str) -> None:
    """[C41] Named, but not which: never made exact by guessing."""
    assert day_in(text) == "vague"


@pytest.mark.parametrize("text", ["", "tirchhu", "5 bora chamal", "10 baje", "12000", "pachi", "din", "gate"])
def test_what_names_no_day_names_none(text: str) -> None:
    """[C41] Numbers, hours and goods are no days."""
    assert day_in(text) is None


def test_the_year_turns_over() -> None:
    """[C41] Both calendars, at the end of a month and of a year."""
    assert day_in("bholi", date(2026, 12, 31)) == date(2027, 1, 1)
    assert day_in("1 jan", date(2026, 12, 31)) == date(2027, 1, 1)
    # The last of Chaitra 2082.
    assert day_in("1 baisakh", date(2026, 4, 13)) == date(2026, 4, 14)
    assert day_in("29 feb", date(2027, 6, 1)) == date(2028, 2, 29)
    assert day_in("29 feb", date(2026, 6, 1)) == "vague"


@given(st.text(max_size=80), st.dates(date(2024, 1, 1), date(2032, 1, 1)))
def test_no_text_is_too_strange(text: str, today: date) -> None:
    """[C41] It never raises, and what it finds is a day or nothing."""
    found = find_day(split_words(text), today)
    assert not (found.is_vague and found.day)
