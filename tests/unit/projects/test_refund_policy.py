"""[P22] How much is given back, by cause, age and cost: every border, exactly."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from khaacho.projects.refund_policy import RefundCause, quote_refund

HALF_AN_HOUR, A_DAY = timedelta(minutes=30), timedelta(hours=24)
MOMENT = timedelta(microseconds=1)
NO_FAULT = [
    RefundCause.PROJECT_CANCELLED,
    RefundCause.PROJECT_EXPIRED,
    RefundCause.TECHNICAL_ERROR,
    RefundCause.DUPLICATE,
    RefundCause.ADMIN,
]
NOTHING = [RefundCause.REJECTED, RefundCause.COMPLETED, RefundCause.APPROVED]


@pytest.mark.parametrize(
    ("age", "percent"),
    [
        (timedelta(0), 100),
        (HALF_AN_HOUR, 100),
        (HALF_AN_HOUR + MOMENT, 50),
        (A_DAY, 50),
        (A_DAY + MOMENT, 0),
        (timedelta(days=400), 0),
    ],
)
def test_withdrawing_gives_back_by_age(age: timedelta, percent: int) -> None:
    """[P22] Both borders belong to the better side: 30 minutes to the whole, 24 hours to the half."""
    quote = quote_refund(RefundCause.WITHDRAWN, spent_units=10, age=age)
    assert (quote.percent, quote.units) == (percent, percent // 10)
    assert quote.eligible is (percent > 0)


@pytest.mark.parametrize(("spent", "units"), [(1, 1), (2, 1), (3, 2), (4, 2), (7, 4), (100, 50)])
def test_half_a_credit_is_the_freelancers(spent: int, units: int) -> None:
    """[P22] Half of what was spent, rounded up to a whole credit; so half of one credit is one."""
    assert quote_refund(RefundCause.WITHDRAWN, spent_units=spent, age=A_DAY).units == units


@given(cause=st.sampled_from(NO_FAULT), spent=st.integers(1, 1000), minutes=st.integers(0, 10**6))
def test_what_is_no_fault_of_theirs_is_given_back_whole(cause: RefundCause, spent: int, minutes: int) -> None:
    """[P22] Cancelled, expired, technical, duplicate, admin: all of it, at any age."""
    assert quote_refund(cause, spent_units=spent, age=timedelta(minutes=minutes)).units == spent


@given(cause=st.sampled_from(NOTHING), spent=st.integers(1, 1000), minutes=st.integers(0, 10**6))
def test_an_answer_gives_nothing_back(cause: RefundCause, spent: int, minutes: int) -> None:
    """[P22] Rejected, at work or completed: nothing, at any age."""
    quote = quote_refund(cause, spent_units=spent, age=timedelta(minutes=minutes))
    assert (quote.units, quote.eligible) == (0, False)


@given(cause=st.sampled_from(RefundCause), spent=st.integers(1, 1000), seconds=st.integers(0, 200_000))
def test_never_more_than_was_spent_and_never_more_later(cause: RefundCause, spent: int, seconds: int) -> None:
    """A refund is between nothing and the cost, and waiting never makes it larger."""
    now = quote_refund(cause, spent_units=spent, age=timedelta(seconds=seconds)).units
    later = quote_refund(cause, spent_units=spent, age=timedelta(seconds=seconds * 2)).units
    assert 0 <= later <= now <= spent
