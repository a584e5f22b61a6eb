"""How each kind of shop buys and pays. Pure figures; the dice are thrown in `history`."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from khaacho.city.records import Habit


class Ways(msgspec.Struct, frozen=True, kw_only=True):
    """What a habit means in figures; pairs are the smallest and the largest.

    `gap_days` lie between two visits, `lines` are on one order, whose value is `percent_of_limit` of the shop's credit
    limit. `settled_days` after the due day a debt is paid (negative: before); `half_percent` of the debts are paid by
    halves, `unpaid_percent` not at all within the month. `cod_percent` of the orders are paid at the door.
    """

    gap_days: tuple[int, int]
    lines: tuple[int, int]
    percent_of_limit: tuple[int, int]
    settled_days: tuple[int, int]
    cod_percent: int = 15
    half_percent: int = 0
    unpaid_percent: int = 0


WAYS: Mapping[Habit, Ways] = {
    Habit.STEADY: Ways(gap_days=(1, 3), lines=(3, 6), percent_of_limit=(4, 10), settled_days=(-3, 0), cod_percent=18),
    Habit.WEEKLY: Ways(gap_days=(6, 8), lines=(5, 9), percent_of_limit=(20, 36), settled_days=(-2, 0)),
    Habit.BIG: Ways(gap_days=(1, 2), lines=(5, 10), percent_of_limit=(4, 9), settled_days=(-3, 0), cod_percent=5),
    Habit.SLOW_PAYER: Ways(
        gap_days=(3, 6),
        lines=(3, 6),
        percent_of_limit=(12, 24),
        settled_days=(2, 11),
        cod_percent=8,
        half_percent=35,
        unpaid_percent=30,
    ),
    Habit.NEW: Ways(gap_days=(2, 3), lines=(2, 4), percent_of_limit=(12, 22), settled_days=(-1, 1), cod_percent=40),
    Habit.LAPSED: Ways(
        gap_days=(2, 4), lines=(2, 5), percent_of_limit=(14, 26), settled_days=(0, 5), unpaid_percent=15
    ),
}

# A new shop joined this many days ago, at most; a lapsed one stopped buying after this part of the history.
NEW_SINCE_DAYS = 9
LAPSED_AFTER_PERCENT = 40

# How much of what the shops of a hill town buy is of each kind of goods; the rest of the shelves counts 2.
DEMAND: Mapping[str, int] = {
    "rice": 14,
    "noodles": 12,
    "oil-ghee": 10,
    "pulses": 9,
    "salt-sugar": 8,
    "biscuits": 8,
    "beverages": 6,
    "soap": 6,
    "atta-maida": 5,
    "tea-coffee": 5,
    "snacks": 5,
    "detergent": 4,
    "spices": 4,
    "eggs": 3,
    "dairy": 3,
    "toothpaste": 3,
}
DEMAND_OTHERWISE = 2
