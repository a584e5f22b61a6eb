"""Money is a whole number of paisa; this file is the only place where it meets decimals and words.

One rounding rule holds everywhere: half up to one paisa, per line; totals are sums of rounded lines.
Floats are refused, not converted: a float has already lost the figure it stood for.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from khaacho.errors import InvalidAmount

PAISA_PER_RUPEE = 100
BASIS_POINTS_WHOLE = 10_000
VAT_BASIS_POINTS_DEFAULT = 1_300

# A trillion rupees: far above any order, far below what a bigint of paisa can hold.
AMOUNT_PAISA_MAX = 1_000_000_000_000 * PAISA_PER_RUPEE
QUANTITY_DECIMALS_MAX = 3
QUANTITY_MAX = Decimal(1_000_000)

_ONE = Decimal(1)
_PAISA = Decimal("0.01")


def paisa_from_rupees(rupees: Decimal | int | str) -> int:
    """Exact paisa of an amount in rupees.

    Raises InvalidAmount for floats, NaN, infinities, more than two decimals, and amounts beyond a trillion.
    """
    if isinstance(rupees, (bool, float)):
        raise InvalidAmount(given=str(rupees), why="an amount must be a decimal number")
    try:
        amount = Decimal(rupees)
    except (InvalidOperation, ValueError) as error:
        raise InvalidAmount(given=str(rupees)[:40], why="not a number") from error
    if not amount.is_finite():
        raise InvalidAmount(given=str(rupees)[:40], why="not a finite number")
    if abs(amount) > AMOUNT_PAISA_MAX // PAISA_PER_RUPEE:
        raise InvalidAmount(given=str(rupees)[:40], why="too large")
    # Comparing is exact; multiplying first would round away what stands beyond the 28th digit.
    if amount != amount.quantize(_PAISA):
        raise InvalidAmount(given=str(rupees)[:40], why="more than two decimals")
    return int(amount * PAISA_PER_RUPEE)


def rupees(paisa: int) -> Decimal:
    """The same amount in rupees, always with two decimals: 237300 → Decimal('2373.00')."""
    return Decimal(paisa).scaleb(-2).quantize(_PAISA)


def round_half_up(amount: Decimal) -> int:
    """Nearest whole number, halves away from zero."""
    return int(amount.quantize(_ONE, rounding=ROUND_HALF_UP))


def line_paisa(quantity: Decimal, unit_price_paisa: int) -> int:
    """Price of one order line, rounded once."""
    return round_half_up(quantity * unit_price_paisa)


def tax_paisa(amount_paisa: int, rate_basis_points: int) -> int:
    """Tax on one rounded line; 1300 basis points are 13 %."""
    return round_half_up(Decimal(amount_paisa) * rate_basis_points / BASIS_POINTS_WHOLE)


def format_rupees(paisa: int) -> str:
    """For people, with thousands in the South Asian grouping and two decimals: 'Rs.1,00,000.00'."""
    sign = "-" if paisa < 0 else ""
    whole, cents = divmod(abs(paisa), PAISA_PER_RUPEE)
    return f"{sign}Rs.{_group_south_asian(whole)}.{cents:02d}"


def format_rupees_short(paisa: int) -> str:
    """As `format_rupees`, without '.00' when the amount is whole: 'Rs.2,373'."""
    return format_rupees(paisa).removesuffix(".00")


def _group_south_asian(whole: int) -> str:
    digits = str(whole)
    head, tail = digits[:-3], digits[-3:]
    groups: list[str] = []
    while head:
        head, group = head[:-2], head[-2:]
        groups.insert(0, group)
    return ",".join([*groups, tail])
