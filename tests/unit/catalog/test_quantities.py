"""Which quantities can be bought. [O15]"""

from __future__ import annotations

from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from khaacho.catalog.quantities import QuantityRules, allows_fractions, is_valid, leave_something, nearest_valid


@pytest.mark.parametrize(
    ("wanted", "rules", "nearest"),
    [
        ("7", QuantityRules(), "7"),
        ("2.5", QuantityRules(), "3"),
        ("2.5", QuantityRules(fractions=True), "2.5"),
        ("2.50049", QuantityRules(fractions=True), "2.5"),
        ("0.2", QuantityRules(), "1"),
        ("3", QuantityRules(min_quantity=D(5)), "5"),
        ("90", QuantityRules(max_quantity=D(50)), "50"),
        ("14", QuantityRules(multiple=D(12)), "12"),
        ("18", QuantityRules(multiple=D(12)), "24"),
        ("5", QuantityRules(multiple=D(12)), "12"),
        ("1", QuantityRules(min_quantity=D(10), multiple=D(12)), "12"),
        ("99", QuantityRules(max_quantity=D(40), multiple=D(12)), "36"),
        ("0.3", QuantityRules(multiple=D("0.25"), fractions=True), "0.25"),
    ],
)
def test_the_nearest_quantity_on_sale(wanted: str, rules: QuantityRules, nearest: str) -> None:
    """[O15] Minimum, maximum and multiple are said so with the nearest valid quantity, halves upwards."""
    assert nearest_valid(D(wanted), rules) == D(nearest)
    assert is_valid(D(wanted), rules) == (D(wanted) == D(nearest))
    assert is_valid(D(nearest), rules)


@pytest.mark.parametrize(
    ("wanted", "available", "rules", "nearest"),
    [
        ("10", "7", QuantityRules(), "7"),
        ("10", "7", QuantityRules(multiple=D(5)), "5"),
        ("10", "4", QuantityRules(multiple=D(5)), "0"),
        ("10", "0", QuantityRules(), "0"),
        ("1", "0.5", QuantityRules(), "0"),
        ("1", "0.5", QuantityRules(fractions=True), "0.5"),
    ],
)
def test_stock_bounds_what_is_nearest(wanted: str, available: str, rules: QuantityRules, nearest: str) -> None:
    """[O15] [O37] What is left in stock is a maximum too; nothing is nearest where it is below the minimum."""
    assert nearest_valid(D(wanted), rules, available=D(available)) == D(nearest)


def test_rules_that_leave_nothing() -> None:
    """[O15] A vendor cannot ask for what nobody could order."""
    assert leave_something(QuantityRules())
    assert leave_something(QuantityRules(min_quantity=D(12), max_quantity=D(12), multiple=D(12)))
    assert not leave_something(QuantityRules(min_quantity=D(13), max_quantity=D(23), multiple=D(12)))
    assert not leave_something(QuantityRules(multiple=D("0.5")))
    assert leave_something(QuantityRules(multiple=D("0.5"), fractions=True))


def test_only_weighed_and_poured_goods_come_in_fractions() -> None:
    """[O12] Half a kilo of sugar, never half a packet."""
    assert [allows_fractions(unit) for unit in ("kg", "L", " l ", "packet", "bag", "g")] == [
        True, True, True, False, False, False
    ]  # fmt: skip


quantities = st.decimals(min_value=D("0.001"), max_value=D(10_000), places=3)


@given(
    wanted=quantities,
    minimum=st.none() | quantities,
    maximum=st.none() | quantities,
    multiple=st.none() | st.integers(1, 500).map(D),
    fractions=st.booleans(),
)
def test_whatever_the_rules_the_nearest_is_valid_and_stays_nearest(
    wanted: D, minimum: D | None, maximum: D | None, multiple: D | None, fractions: bool
) -> None:
    """[O15] Where the rules leave anything, the answer obeys them, and asking for the answer gives the answer."""
    rules = QuantityRules(min_quantity=minimum, max_quantity=maximum, multiple=multiple, fractions=fractions)
    nearest = nearest_valid(wanted, rules)
    if leave_something(rules):
        assert is_valid(nearest, rules)
        assert nearest_valid(nearest, rules) == nearest
        assert not is_valid(wanted, rules) or nearest == wanted
