"""Which quantities of a product can be bought. Pure.

A vendor may set a minimum, a maximum and a multiple. Goods sold by weight or volume may be bought in fractions,
down to three decimals; everything else is bought whole.
"""

from __future__ import annotations

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal

import msgspec

from khaacho.money import QUANTITY_DECIMALS_MAX

FRACTIONAL_UNITS = frozenset({"kg", "l"})
_WHOLE = Decimal(1)
_FINEST = _WHOLE.scaleb(-QUANTITY_DECIMALS_MAX)
_NOTHING = Decimal(0)


class QuantityRules(msgspec.Struct, frozen=True, kw_only=True):
    """What a vendor allows of one product, in selling units; `fractions` where the selling unit allows them."""

    min_quantity: Decimal | None = None
    max_quantity: Decimal | None = None
    multiple: Decimal | None = None
    fractions: bool = False

    @property
    def step(self) -> Decimal:
        """The distance between two quantities on sale."""
        finest = _FINEST if self.fractions else _WHOLE
        if self.multiple is None or self.multiple % finest:
            return finest
        return self.multiple

    @property
    def lowest(self) -> Decimal:
        """The smallest quantity on sale: the first step that reaches the minimum."""
        if self.min_quantity is None:
            return self.step
        return max(_on_step(self.min_quantity, self.step, ROUND_CEILING), self.step)


def allows_fractions(selling_unit: str) -> bool:
    """Is the product weighed or poured?"""
    return selling_unit.strip().lower() in FRACTIONAL_UNITS


def nearest_valid(quantity: Decimal, rules: QuantityRules, *, available: Decimal | None = None) -> Decimal:
    """The quantity on sale that is nearest to `quantity`, the larger of two equally near; 0 when there is none.

    `available` is what is in stock; None asks about the rules alone.
    """
    ceilings = [ceiling for ceiling in (rules.max_quantity, available) if ceiling is not None]
    nearest = _on_step(quantity, rules.step, ROUND_HALF_UP)
    if ceilings:
        nearest = min(nearest, _on_step(min(ceilings), rules.step, ROUND_FLOOR))
    nearest = max(nearest, rules.lowest)
    return nearest if all(nearest <= ceiling for ceiling in ceilings) else _NOTHING


def is_valid(quantity: Decimal, rules: QuantityRules) -> bool:
    """Can exactly this quantity be bought?"""
    return quantity > 0 and nearest_valid(quantity, rules) == quantity


def leave_something(rules: QuantityRules) -> bool:
    """Is there any quantity that the rules allow, and is the multiple one that can be bought?"""
    return nearest_valid(rules.lowest, rules) > 0 and rules.multiple in (None, rules.step)


def _on_step(quantity: Decimal, step: Decimal, rounding: str) -> Decimal:
    return (quantity / step).to_integral_value(rounding=rounding) * step
