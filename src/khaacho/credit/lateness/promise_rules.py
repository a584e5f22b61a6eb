"""Whether a promise to pay was kept. Pure: no clock, no database [C41].

A promise counts for its whole day. It is kept as soon as what came in since (money, or a credit) covers it, or nothing
is owed any more; it is broken once its day is over and neither is so.
"""

from __future__ import annotations

from datetime import date
from enum import StrEnum

PROMISE_DAYS_MAX = 90


class PromiseState(StrEnum):
    LIVE = "LIVE"
    REPLACED = "REPLACED"
    KEPT = "KEPT"
    BROKEN = "BROKEN"


def judge_promise(
    *, promised_on: date, amount_paisa: int, paid_paisa: int, owed_paisa: int, today: date
) -> PromiseState:
    """LIVE, KEPT or BROKEN, from what was paid since it was made and what is owed now."""
    if paid_paisa >= amount_paisa or owed_paisa == 0:
        return PromiseState.KEPT
    return PromiseState.BROKEN if today > promised_on else PromiseState.LIVE
