"""How many selling units of a product some said amounts are, by the product's own conversions.

Pure arithmetic on `Decimal`. A unit the product does not have gives no number: it becomes a question.
"""

from decimal import Decimal
from enum import Enum

from msgspec import Struct

from .index import Product
from .tokens import Token
from .units import MEASURES, base_size


class Fit(Enum):
    """How well what was said suits a product."""

    GOOD = "good"
    NO_QUANTITY = "no_quantity"
    WRONG_SIZE = "wrong_size"
    WRONG_UNIT = "wrong_unit"


class Counted(Struct, frozen=True, kw_only=True):
    """The said amounts read for one product.

    `quantity` in selling units, or None; `has_size` whether a said size is the product's own; `is_unit_own`
    whether the said container is the one it is sold in.
    """

    fit: Fit
    quantity: Decimal | None
    has_size: bool
    is_unit_own: bool
    by_measure: bool = False


class SaidAmount(Struct, frozen=True, kw_only=True):
    """The amount that is how many, as said, and everything else as possible sizes."""

    value: Decimal | None
    unit: str
    sizes: tuple[Token, ...]
    measures: tuple[Token, ...]


# Containers people name loosely for whatever a thing is packed in: they count selling units of any kind.
_LOOSE_CONTAINERS = frozenset(
    ["packet", "bottle", "jar", "tin", "can", "strip", "roll", "bundle", "cup", "tube", "rim", "set", "piece"]
)
DEFAULT_DOZEN = 12


def count(product: Product, amounts: tuple[Token, ...]) -> Counted:
    """Read the amounts as sizes and as how many of this product."""
    said = said_amount(product, amounts)
    has_size = any(_is_size(product, token) for token in said.sizes)
    wrong_size = not has_size and any(
        (token.unit in MEASURES or token.unit == "piece") and not token.is_wala
        for token in said.sizes
        if not product.is_loose or said.value
    )
    if said.value is None:
        return _by_measure(product, said.measures, has_size=has_size)
    quantity = to_selling_units(product, said.value, said.unit)
    own = said.unit == product.selling_unit or (product.is_loose and said.unit == "")
    if quantity is None or not is_sellable(product, quantity):
        return Counted(fit=Fit.WRONG_UNIT, quantity=None, has_size=has_size, is_unit_own=own)
    fit = Fit.WRONG_SIZE if wrong_size else Fit.GOOD
    return Counted(fit=fit, quantity=quantity, has_size=has_size, is_unit_own=own)


def _by_measure(product: Product, measures: tuple[Token, ...], *, has_size: bool) -> Counted:
    """Only measures were said: weight of loose goods, a size, or a total that packs make up exactly."""
    if not measures:
        return Counted(fit=Fit.NO_QUANTITY, quantity=None, has_size=has_size, is_unit_own=False)
    base = base_size(measures[-1].value or Decimal(0), measures[-1].unit)
    if product.is_loose:
        own = base_size(Decimal(1), product.selling_unit)
        if base and own and base[0] == own[0] and base[1] > 0:
            quantity = base[1] / own[1]
            return Counted(fit=Fit.GOOD, quantity=quantity, has_size=True, is_unit_own=True, by_measure=True)
        return Counted(fit=Fit.WRONG_UNIT, quantity=None, has_size=False, is_unit_own=False)
    if has_size:
        return Counted(fit=Fit.NO_QUANTITY, quantity=None, has_size=True, is_unit_own=False)
    if base and product.size and base[0] == product.size[0] and product.size[1] > 0:
        packs = base[1] / product.size[1]
        if packs >= 1 and packs == packs.to_integral_value():
            return Counted(fit=Fit.GOOD, quantity=packs, has_size=False, is_unit_own=False, by_measure=True)
    return Counted(fit=Fit.WRONG_SIZE, quantity=None, has_size=False, is_unit_own=False, by_measure=True)


def said_amount(product: Product | None, amounts: tuple[Token, ...]) -> SaidAmount:
    """Which amount is how many: a counted one before a bare number, and never the product's own size."""
    measures = tuple(t for t in amounts if t.unit in MEASURES and not t.is_wala)
    walas = tuple(t for t in amounts if t.is_wala)
    counts = [t for t in amounts if t.unit not in MEASURES and not t.is_wala]
    sizes: list[Token] = [*measures, *walas]
    if product is not None and product.size is not None and product.size[0] == "pc":
        pieces = [t for t in counts if t.unit == "piece"]
        if pieces and any(t.unit not in ("", "piece") for t in counts):
            # "36 pcs 3 packet": of something packed by the piece, the pieces are the pack.
            sizes += pieces
            counts = [t for t in counts if t not in pieces]
    if len(counts) > 1 and product is not None:
        own = [t for t in counts if t.unit in ("", "piece") and _is_size(product, t)]
        others = [t for t in counts if t not in own]
        if own and others:
            sizes += own
            counts = others
    with_unit = [t for t in counts if t.unit not in ("", "piece")]
    usable = with_unit or [t for t in counts if t.unit] or counts
    chosen = usable[-1] if usable else None
    return SaidAmount(
        value=chosen.value if chosen else None,
        unit=chosen.unit if chosen else "",
        sizes=tuple(sizes),
        measures=measures,
    )


def _is_size(product: Product, token: Token) -> bool:
    """Is this amount the size of the product's pack? Bare numbers are compared in the pack's own unit."""
    if product.size is None or token.value is None:
        return False
    if token.unit in MEASURES:
        return base_size(token.value, token.unit) == product.size
    if token.unit == "piece":
        return product.size == ("pc", token.value)
    return token.unit == "" and token.value in (product.size[1], product.item.pack_size)


def to_selling_units(product: Product, value: Decimal, unit: str) -> Decimal | None:
    """`value` of `unit` in selling units, or None where the product has no such unit."""
    item = product.item
    if unit in MEASURES:
        base, own = base_size(value, unit), base_size(Decimal(1), product.selling_unit)
        if not product.is_loose:
            own = product.size
        return base[1] / own[1] if base and own and base[0] == own[0] and own[1] else None
    if product.is_loose:
        return value if unit == "" else None
    if unit in ("", "piece", product.selling_unit):
        return value
    if unit == "dozen":
        return value * (item.units_per_dozen or DEFAULT_DOZEN)
    if unit in ("carton", "crate"):
        return value * item.units_per_carton if item.units_per_carton else None
    if unit == "box":
        return value * item.units_per_carton if item.units_per_carton else value
    if unit == "pair":
        return value * 2
    return value if unit in _LOOSE_CONTAINERS else None


def is_sellable(product: Product, quantity: Decimal) -> bool:
    """More than nothing, and whole unless sold by measure (then to the gram)."""
    if quantity <= 0:
        return False
    step = Decimal("0.001") if product.is_loose else Decimal(1)
    return quantity % step == 0
