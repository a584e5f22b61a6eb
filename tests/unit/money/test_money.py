"""Money is whole paisa: reading amounts, rounding once and half up, and writing them for people."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from khaacho.errors import InvalidAmount
from khaacho.money import (
    AMOUNT_PAISA_MAX,
    format_rupees,
    format_rupees_short,
    line_paisa,
    paisa_from_rupees,
    round_half_up,
    rupees,
    tax_paisa,
)

AMOUNTS = st.integers(-AMOUNT_PAISA_MAX, AMOUNT_PAISA_MAX)
QUANTITIES = st.integers(1, 10**9).map(lambda thousandths: Decimal(thousandths) / 1000)
PRICES = st.integers(1, 10**12)
RATES = st.integers(0, 10_000)


@given(AMOUNTS)
def test_an_amount_survives_the_way_to_rupees_and_back(paisa: int) -> None:
    """Every amount in paisa has exactly one amount in rupees, with two decimals, also as text."""
    assert paisa_from_rupees(rupees(paisa)) == paisa
    assert paisa_from_rupees(str(rupees(paisa))) == paisa
    assert rupees(paisa).as_tuple().exponent == -2


@pytest.mark.parametrize(
    ("given_amount", "paisa"),
    [("2373", 237_300), ("2373.5", 237_350), ("0.01", 1), ("-1.10", -110), ("1e3", 100_000), (7, 700), ("1.000", 100)],
)
def test_decimal_amounts_are_read_exactly(given_amount: str | int, paisa: int) -> None:
    """Text and whole numbers are rupees; zeros behind the second decimal say nothing and are allowed."""
    assert paisa_from_rupees(given_amount) == paisa


@pytest.mark.parametrize(
    ("given_amount", "why"),
    [
        (1.5, "an amount must be a decimal number"),
        (float("nan"), "an amount must be a decimal number"),
        (True, "an amount must be a decimal number"),
        ("", "not a number"),
        ("twelve", "not a number"),
        ("1,000", "not a number"),
        ("NaN", "not a finite number"),
        ("sNaN", "not a finite number"),
        ("Infinity", "not a finite number"),
        ("-inf", "not a finite number"),
        ("1.001", "more than two decimals"),
        ("0.005", "more than two decimals"),
        # Thirty digits: more than the context of decimal arithmetic keeps, so multiplying would round it into shape.
        ("1." + "0" * 29 + "1", "more than two decimals"),
        ("999999999999.99" + "9" * 20, "more than two decimals"),
        ("1e-999999", "more than two decimals"),
        ("1000000000000.01", "too large"),
        ("1e999999", "too large"),
        ("-1e13", "too large"),
    ],
)
def test_what_is_not_an_amount_is_refused(given_amount: float | str, why: str) -> None:
    """Floats, words, infinities, hidden decimals and amounts beyond a trillion are refused, never rounded."""
    with pytest.raises(InvalidAmount) as refusal:
        paisa_from_rupees(given_amount)  # type: ignore[arg-type]
    assert refusal.value.details["why"] == why


@given(st.decimals(allow_nan=False, allow_infinity=False, places=2, min_value=-(10**12), max_value=10**12))
def test_two_decimals_are_never_refused(amount: Decimal) -> None:
    """Any amount of two decimals within a trillion is exact."""
    assert Fraction(paisa_from_rupees(amount), 100) == Fraction(amount)


@pytest.mark.parametrize(
    ("amount", "rounded"), [("0.5", 1), ("1.5", 2), ("2.5", 3), ("-0.5", -1), ("0.4999", 0), ("2.5001", 3)]
)
def test_halves_go_away_from_zero(amount: str, rounded: int) -> None:
    """[decision 1] The one rounding rule: half up, not to even."""
    assert round_half_up(Decimal(amount)) == rounded


@given(QUANTITIES, PRICES)
def test_a_line_is_the_exact_price_rounded_once(quantity: Decimal, price: int) -> None:
    """Against exact fractions: at most half a paisa away, and a half goes up."""
    exact = Fraction(quantity) * price
    assert line_paisa(quantity, price) == (exact + Fraction(1, 2)).__floor__()


@given(QUANTITIES, QUANTITIES, PRICES, RATES)
def test_less_never_costs_more(one: Decimal, other: Decimal, price: int, rate: int) -> None:
    """What is delivered in part never costs more than what was ordered, tax included: a hold always suffices."""
    less, more = sorted((one, other))
    cheap, dear = line_paisa(less, price), line_paisa(more, price)
    assert cheap + tax_paisa(cheap, rate) <= dear + tax_paisa(dear, rate)


@given(st.integers(0, AMOUNT_PAISA_MAX), RATES)
def test_tax_is_exact_basis_points_rounded_once(amount: int, rate: int) -> None:
    """13 % is 1,300 basis points; against exact fractions, half up."""
    assert tax_paisa(amount, rate) == (Fraction(amount * rate, 10_000) + Fraction(1, 2)).__floor__()


def test_vat_of_a_line() -> None:
    """Rs 19.25 at 13 % are Rs 2.5025, so Rs 2.50; Rs 0.50 have 6.5 paisa of tax, so 7."""
    assert tax_paisa(1_925, 1_300) == 250
    assert tax_paisa(50, 1_300) == 7


@pytest.mark.parametrize(
    ("paisa", "shown", "short"),
    [
        (0, "Rs.0.00", "Rs.0"),
        (5, "Rs.0.05", "Rs.0.05"),
        (237_300, "Rs.2,373.00", "Rs.2,373"),
        (99_999, "Rs.999.99", "Rs.999.99"),
        (10_000_000, "Rs.1,00,000.00", "Rs.1,00,000"),
        (1_234_567_890, "Rs.1,23,45,678.90", "Rs.1,23,45,678.90"),
        (-237_310, "-Rs.2,373.10", "-Rs.2,373.10"),
        (100_000_000_000_000, "Rs.10,00,00,00,00,000.00", "Rs.10,00,00,00,00,000"),
    ],
)
def test_amounts_for_people(paisa: int, shown: str, short: str) -> None:
    """Thousands, then lakhs and crores in pairs, two decimals; the short form leaves out '.00'."""
    assert format_rupees(paisa) == shown
    assert format_rupees_short(paisa) == short


@given(AMOUNTS)
def test_what_people_read_is_the_amount(paisa: int) -> None:
    """Without its sign, its commas and its unit, what is shown reads back as the very amount."""
    shown = format_rupees(paisa)
    sign = -1 if shown.startswith("-") else 1
    assert sign * paisa_from_rupees(shown.removeprefix("-").removeprefix("Rs.").replace(",", "")) == paisa
    groups = shown.removeprefix("-").removeprefix("Rs.").partition(".")[0].split(",")
    assert [len(group) for group in groups[1:]] == [2] * (len(groups) - 2) + [3] * (len(groups) > 1)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=6))
def test_rounding_agrees_with_decimal(amount: Decimal) -> None:
    """The rule is the standard library's ROUND_HALF_UP."""
    assert round_half_up(amount) == int(amount.to_integral_value(rounding=ROUND_HALF_UP))
