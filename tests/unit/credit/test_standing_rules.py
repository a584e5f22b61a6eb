"""The pure rules of a shop that is late: when credit pauses, when it is reminded, and when a promise was kept."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest

from khaacho.credit.lateness.pause_rules import AgingItem, PauseVerdict, decide_pause
from khaacho.credit.lateness.promise_rules import PromiseState, judge_promise
from khaacho.credit.lateness.reminder_rules import Stage, is_quiet, stage_days

TODAY = date(2026, 2, 10)


def aged(days: int, *, paisa: int = 237_300, allowed: int = 30, de_minimis: int = 10_000) -> AgingItem:
    return AgingItem(
        opened_on=TODAY - timedelta(days=days),
        remaining_paisa=paisa,
        max_outstanding_days=allowed,
        de_minimis_paisa=de_minimis,
    )


@pytest.mark.parametrize(
    ("days", "allowed", "pauses"), [(30, 30, False), (31, 30, True), (15, 15, False), (16, 15, True), (0, 30, False)]
)
def test_the_last_allowed_day_does_not_pause_and_the_next_one_does(days: int, allowed: int, pauses: bool) -> None:
    """[C51] Day 30 does not pause, day 31 does; each line has its own number of days."""
    assert decide_pause([aged(days, allowed=allowed)], TODAY).should_pause is pauses


def test_small_remainders_never_pause() -> None:
    """[C51] A remainder under the de-minimis amount does not count, however old; at the amount it does."""
    assert decide_pause([aged(400, paisa=9_999)], TODAY) == PauseVerdict()
    assert decide_pause([aged(400, paisa=10_000)], TODAY).should_pause
    assert not decide_pause([aged(400, paisa=0, de_minimis=0)], TODAY).should_pause


def test_the_verdict_tells_its_figures() -> None:
    """[C50] The sum of what is too old, the age of the worst, and the days beyond what is allowed."""
    verdict = decide_pause([aged(45), aged(31, paisa=100_000), aged(30), aged(60, paisa=500)], TODAY)
    assert (verdict.late_paisa, verdict.open_days, verdict.days_overdue) == (337_300, 45, 15)
    assert verdict.reason == "Rs.3,373 open for 45 days, 30 are allowed"
    assert decide_pause([], TODAY).reason is None


@pytest.mark.parametrize(
    ("days_after_due", "stage"),
    [
        (-2, None),
        (-1, Stage.DAY_BEFORE),
        (0, Stage.DUE_DAY),
        (1, Stage.DUE_DAY),
        (2, None),
        (3, Stage.DAYS_AFTER),
        (4, Stage.DAYS_AFTER),
        (5, None),
    ],
)
def test_an_item_has_its_stage_by_its_due_day(days_after_due: int, stage: Stage | None) -> None:
    """[C40] T−1, T+0, T+3; a missed one is made up for on the next day only, and T−1 gives way to the due day."""
    due_on = TODAY - timedelta(days=days_after_due)
    stages = {day.due_on: day.stage for day in stage_days(TODAY)}
    assert stages.get(due_on) == stage


def test_a_day_to_come_has_nothing_to_make_up_for() -> None:
    """[C40] The preview of tomorrow lists tomorrow's own stages only."""
    days = stage_days(TODAY, made_up=False)
    assert [(day.stage, (TODAY - day.due_on).days) for day in days] == [
        (Stage.DAY_BEFORE, -1),
        (Stage.DUE_DAY, 0),
        (Stage.DAYS_AFTER, 3),
    ]


@pytest.mark.parametrize(
    ("wall", "quiet"),
    [
        (time(7, 59, 59), True),
        (time(8), False),
        (time(10), False),
        (time(19, 59, 59), False),
        (time(20), True),
        (time(0), True),
    ],
)
def test_nights_are_quiet(wall: time, quiet: bool) -> None:
    """[C40] From 20:00 to 08:00 nobody is reminded."""
    assert is_quiet(wall) is quiet


@pytest.mark.parametrize(
    ("paid", "owed", "days_past", "state"),
    [
        (0, 50_000, 0, PromiseState.LIVE),
        (0, 50_000, -3, PromiseState.LIVE),
        (49_999, 1, 0, PromiseState.LIVE),
        (50_000, 20_000, 0, PromiseState.KEPT),
        (0, 0, -3, PromiseState.KEPT),
        (50_000, 0, 9, PromiseState.KEPT),
        (49_999, 1, 1, PromiseState.BROKEN),
    ],
)
def test_a_promise_holds_through_its_day(paid: int, owed: int, days_past: int, state: PromiseState) -> None:
    """[C41] Kept once what came in covers it or nothing is owed; broken when its day is over and neither is so."""
    judged = judge_promise(
        promised_on=TODAY - timedelta(days=days_past),
        amount_paisa=50_000,
        paid_paisa=paid,
        owed_paisa=owed,
        today=TODAY,
    )
    assert judged is state
