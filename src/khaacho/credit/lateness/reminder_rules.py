"""Which open items are reminded of on which day, and at which hours people are left in peace [C40].

One day before the due day, on it, and three days after: at most three times for an item, each stage once. A day on
which no reminder went out is made up for on the day after, once, with the sentence that is true by then; a reminder
of tomorrow's due day that was missed gives way to the one of the due day itself. Pure: no clock, no database.
"""

from __future__ import annotations

from datetime import date, time, timedelta
from enum import StrEnum

import msgspec

QUIET_FROM = time(20)
QUIET_UNTIL = time(8)


class Stage(StrEnum):
    """Relative to the due day."""

    DAY_BEFORE = "T-1"
    DUE_DAY = "T+0"
    DAYS_AFTER = "T+3"


class StageDay(msgspec.Struct, frozen=True, kw_only=True):
    """Items due on `due_on` are at this stage."""

    stage: Stage
    due_on: date


# Days since the due day → stage; the second of a pair is the day on which it is made up for.
_DAYS = {-1: Stage.DAY_BEFORE, 0: Stage.DUE_DAY, 3: Stage.DAYS_AFTER}
_DAYS_MADE_UP = {1: Stage.DUE_DAY, 4: Stage.DAYS_AFTER}


def stage_days(today: date, *, made_up: bool = True) -> list[StageDay]:
    """The due days whose items are to be reminded of today, with their stages.

    `made_up` includes yesterday's stages, for items that were not reminded of then.
    """
    days = _DAYS | _DAYS_MADE_UP if made_up else _DAYS
    return [StageDay(stage=stage, due_on=today - timedelta(days=ago)) for ago, stage in sorted(days.items())]


def is_quiet(wall: time) -> bool:
    """Whether nobody is reminded of money at this time of the business day."""
    return wall >= QUIET_FROM or wall < QUIET_UNTIL
