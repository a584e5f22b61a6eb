"""The one clock: business days in Nepal, and time that tests may move."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from khaacho import clock


def test_the_business_day_ends_at_a_quarter_past_six_of_utc() -> None:
    """Nepal is five hours and three quarters ahead."""
    assert clock.business_day(datetime(2026, 2, 10, 18, 14, 59, tzinfo=UTC)) == date(2026, 2, 10)
    assert clock.business_day(datetime(2026, 2, 10, 18, 15, tzinfo=UTC)) == date(2026, 2, 11)
    assert clock.start_of_business_day(date(2026, 2, 11)) == datetime(2026, 2, 10, 18, 15, tzinfo=UTC)


@given(st.dates(date(1990, 1, 1), date(2080, 12, 31)))
def test_a_day_starts_with_its_first_moment(day: date) -> None:
    """The start of a business day is in it, and the moment before is not; the next starts a day later."""
    start = clock.start_of_business_day(day)
    assert clock.business_day(start) == day
    assert clock.business_day(start - timedelta(microseconds=1)) == day - timedelta(days=1)
    assert clock.start_of_business_day(day + timedelta(days=1)) - start == timedelta(days=1)


def test_time_travel_ticks_on_and_ends() -> None:
    """Within the block the clock starts at the moment given and moves on; afterwards it is as before, also nested."""
    moment = datetime(2031, 2, 10, tzinfo=UTC)
    with clock.travelled_to(moment):
        assert timedelta(0) <= clock.now() - moment < timedelta(seconds=5)
        with clock.travelled_to(moment + timedelta(days=9)):
            assert clock.business_day() == date(2031, 2, 19)
        assert clock.business_day() == date(2031, 2, 10)
        assert clock.now() <= clock.now()
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_the_nepali_calendar() -> None:
    """New year 2083 falls on 14 April 2026."""
    assert clock.bikram_sambat(date(2026, 4, 14)) == "2083-01-01"
    assert clock.bikram_sambat(date(2026, 4, 13)).startswith("2082-12-")
