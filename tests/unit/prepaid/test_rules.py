"""Prices and lots, decided without a database [P1, P2, P4]."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from khaacho.prepaid.lots import give_back, take
from khaacho.prepaid.pricing import Price, find_dearer, in_nepali_paisa, package_price, price_of
from khaacho.prepaid.records import Lot, LotKind, LotUse, Package

USER = UUID(int=1)


def package(units: int, discount: int = 0, *, fixed: int | None = None, active: bool = True) -> Package:
    return Package(
        id=UUID(int=units),
        name=f"Package of {units}",
        units=units,
        discount_basis_points=discount,
        fixed_price_paisa=fixed,
        popular=False,
        active=active,
    )


@pytest.mark.parametrize(
    ("one", "price", "each", "savings"),
    [
        (package(10), 50_000, 5_000, 0),
        (package(25, 1_000), 112_500, 4_500, 12_500),
        (package(50, 2_000), 200_000, 4_000, 50_000),
        (package(100, 3_000), 350_000, 3_500, 150_000),
        (package(3, fixed=10_000), 10_000, 3_333, 5_000),
        (package(3, fixed=20_000), 20_000, 6_667, 0),
    ],
)
def test_what_packages_cost(one: Package, price: int, each: int, savings: int) -> None:
    """[P2] The seeded packages at ₹50, and prices of their own; per credit rounded half up, savings never negative."""
    expected = Price(units=one.units, price_paisa=price, per_credit_paisa=each, savings_paisa=savings)
    assert package_price(one, 5_000) == expected


def test_halves_round_up() -> None:
    """One credit at 3.33 rupees less half of a percent is 3.31335, so 331 paisa; half a paisa goes up."""
    assert price_of(1, 333, discount_basis_points=50).price_paisa == 331
    assert price_of(1, 101, discount_basis_points=5_000).price_paisa == 51
    assert in_nepali_paisa(5_000, 16_000) == 8_000
    assert in_nepali_paisa(3, 15_000) == 5


def test_larger_packages_are_never_dearer() -> None:
    """[P2] The pair is named; what is not sold does not count; equal prices are fine; sizes may be equal."""
    small, large = package(10, 2_000), package(20, 1_000)
    assert find_dearer([large, small], 5_000) == (small, large)
    assert find_dearer([package(10, 2_000, active=False), large], 5_000) is None
    assert find_dearer([package(10), package(20)], 5_000) is None
    # A third of a paisa makes the difference: 3 for 100.01 against 9 for 300.04.
    assert find_dearer([package(3, fixed=10_001), package(9, fixed=30_004)], 5_000) is not None
    assert find_dearer([package(3, fixed=10_001), package(9, fixed=30_003)], 5_000) is None


lots = st.lists(st.tuples(st.sampled_from(LotKind), st.integers(1, 20), st.integers(0, 20)), max_size=8).map(
    lambda drawn: [
        Lot(id=UUID(int=place + 1), user_id=USER, kind=kind, units=units, left_units=min(left, units))
        for place, (kind, units, left) in enumerate(drawn)
    ]
)


@given(lots=lots, units=st.integers(0, 200))
def test_free_units_are_taken_before_bought_ones(lots: list[Lot], units: int) -> None:
    """[P4] As much as there is and no more; a bought unit is taken only when no free one is left; oldest first."""
    parts = take(lots, units)
    taken = dict(parts)
    assert sum(taken.values()) == min(units, sum(lot.left_units for lot in lots))
    assert all(0 < taken[lot.id] <= lot.left_units for lot in lots if lot.id in taken)
    free = [lot for lot in lots if lot.kind.is_free]
    bought = [lot for lot in lots if not lot.kind.is_free]
    if any(lot.id in taken for lot in bought):
        assert all(taken.get(lot.id, 0) == lot.left_units for lot in free)
    for kind in (free, bought):
        touched = [lot for lot in kind if lot.left_units and lot.id in taken]
        for lot in touched[:-1]:
            assert taken[lot.id] == lot.left_units


@given(lots=lots, units=st.integers(1, 200), back=st.integers(1, 200))
def test_what_was_taken_last_comes_back_first(lots: list[Lot], units: int, back: int) -> None:
    """[P4] Never more than was taken; giving everything back undoes the taking; bought units come back first."""
    movement = UUID(int=99)
    uses = [LotUse(movement_id=movement, lot_id=lot_id, units=part) for lot_id, part in take(lots, units)]
    returned = dict(give_back(uses, lots, back))
    total = sum(use.units for use in uses)
    assert sum(returned.values()) == min(back, total)
    kinds = {lot.id: lot.kind for lot in lots}
    if any(kinds[lot_id].is_free for lot_id in returned):
        assert all(returned.get(use.lot_id, 0) == use.units for use in uses if not kinds[use.lot_id].is_free)
    assert dict(give_back(uses, lots, total)) == {use.lot_id: use.units for use in uses}
