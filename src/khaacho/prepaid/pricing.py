"""What credits cost. Pure: terms and packages in, paisa out [P1, P2]."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from decimal import Decimal

import msgspec

from khaacho.money import BASIS_POINTS_WHOLE, round_half_up
from khaacho.prepaid.records import Package


class Price(msgspec.Struct, frozen=True, kw_only=True):
    """In Indian paisa. `per_credit_paisa` is rounded for showing; `savings_paisa` is against the base price."""

    units: int
    price_paisa: int
    per_credit_paisa: int
    savings_paisa: int


def price_of(
    units: int, base_price_paisa: int, *, discount_basis_points: int = 0, fixed_paisa: int | None = None
) -> Price:
    """The price of that many credits: fixed, or the base price less the discount, rounded once."""
    full_paisa = units * base_price_paisa
    discounted = Decimal(full_paisa) * (BASIS_POINTS_WHOLE - discount_basis_points) / BASIS_POINTS_WHOLE
    price_paisa = round_half_up(discounted) if fixed_paisa is None else fixed_paisa
    return Price(
        units=units,
        price_paisa=price_paisa,
        per_credit_paisa=round_half_up(Decimal(price_paisa) / units),
        savings_paisa=max(0, full_paisa - price_paisa),
    )


def package_price(package: Package, base_price_paisa: int) -> Price:
    """What a package costs while one credit costs `base_price_paisa`."""
    return price_of(
        package.units,
        base_price_paisa,
        discount_basis_points=package.discount_basis_points,
        fixed_paisa=package.fixed_price_paisa,
    )


def find_dearer(packages: Iterable[Package], base_price_paisa: int) -> tuple[Package, Package] | None:
    """A smaller package and a larger one whose credits cost more each, if there are such; only sold ones count.

    Two packages of one size must cost the same.
    """
    sold = sorted((one for one in packages if one.active), key=lambda one: one.units)
    for smaller, larger in itertools.pairwise(sold):
        small, large = package_price(smaller, base_price_paisa), package_price(larger, base_price_paisa)
        # Compared crosswise, because a price per credit may not be a whole number of paisa.
        if large.price_paisa * small.units > small.price_paisa * large.units:
            return smaller, larger
    return None


def in_nepali_paisa(price_inr_paisa: int, npr_per_inr_basis_points: int) -> int:
    """The same price in Nepali paisa, at the peg."""
    return round_half_up(Decimal(price_inr_paisa) * npr_per_inr_basis_points / BASIS_POINTS_WHOLE)
