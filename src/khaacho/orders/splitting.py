"""Which vendors deliver a basket: one if one can, otherwise the fewest [O40].

Pure: it reads nothing and changes nothing. A line is never cut between two vendors; it goes to a vendor who can
deliver what was wanted, or, where nobody can, to one who comes nearest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import combinations
from uuid import UUID

import msgspec

from khaacho.catalog.quantities import QuantityRules, nearest_valid
from khaacho.orders.records import Shortage, ShortageReason, WantedLine
from khaacho.orders.scoring import (
    CandidateScore,
    Place,
    Suitability,
    VendorFacts,
    Weights,
    next_opening,
    rank_candidates,
    score_candidate,
)

# [O42]: how long a vendor has to answer, from when it can be asked.
ANSWER_WAIT = timedelta(minutes=30)
# Up to this many vendors the fewest are found exactly; a basket torn further apart is covered greedily.
EXACT_VENDORS_MAX = 3
EXACT_CANDIDATES_MAX = 40

ZERO = Decimal(0)


class RoutedProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product as routing needs to know it."""

    product_id: UUID
    code: str
    name: str
    name_ne: str
    selling_unit: str
    vat_basis_points: int


class RoutedOffer(msgspec.Struct, frozen=True, kw_only=True):
    """One vendor's offer of a product, with what is left in stock."""

    offer_id: UUID
    vendor_id: UUID
    product_id: UUID
    sku: str
    price_paisa: int
    available: Decimal
    rules: QuantityRules
    # This vendor's part of the product's orders in the last 30 days, 0 to 1.
    product_share: float = 0.0


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """Everything there is to choose from for a basket: the products, who offers them, and who those are."""

    products: Mapping[UUID, RoutedProduct]
    offers: tuple[RoutedOffer, ...]
    vendors: Mapping[UUID, VendorFacts]
    shop: Place | None
    weights: Weights


class PlannedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line at the vendor chosen for it. `code` is the offer's SKU; `quantity` may differ from `wanted`."""

    product_id: UUID
    offer_id: UUID
    code: str
    product_code: str
    name: str
    name_ne: str
    selling_unit: str
    unit_price_paisa: int
    vat_basis_points: int
    quantity: Decimal
    wanted: Decimal


class VendorPart(msgspec.Struct, frozen=True, kw_only=True):
    """What one vendor is to deliver: one order. `asked_at` is now, or when a vendor who is closed opens."""

    vendor_id: UUID
    score: float
    candidates: tuple[CandidateScore, ...]
    lines: tuple[PlannedLine, ...]
    asked_at: datetime
    answer_by: datetime


class RoutePlan(msgspec.Struct, frozen=True, kw_only=True):
    """One part per vendor, and what could not be planned as wanted."""

    parts: tuple[VendorPart, ...]
    shortages: tuple[Shortage, ...]


class _Choice(msgspec.Struct, frozen=True):
    """What a vendor could deliver of one wanted line."""

    offer: RoutedOffer
    quantity: Decimal


# For each wanted line, what each vendor could deliver of it.
_Choices = Mapping[UUID, _Choice]


def plan_vendors(market: Market, wanted: Sequence[WantedLine], *, local_now: datetime) -> RoutePlan:
    """Divide a basket among the vendors of `market`. `local_now` is the wall clock of the business zone.

    Lines of the same product are taken together. A line nobody can deliver is left out and listed as a shortage; one
    that can only be delivered in another quantity is planned at that quantity and listed too.
    """
    lines = _merged(wanted)
    choices = [_choices_of(line, market) for line in lines]
    scores = _score_all(market, lines, choices, local_now)
    ranked = [score for score in rank_candidates(scores) if score.eligible]
    position = {score.vendor_id: place for place, score in enumerate(ranked)}
    nearest = [_nearest(line, options, position) for line, options in zip(lines, choices, strict=True)]
    chosen = _fewest_vendors([frozenset(options) for options in nearest if options], position)
    parts: dict[UUID, list[PlannedLine]] = {}
    shortages: list[Shortage] = []
    for line, options, offered in zip(lines, nearest, choices, strict=True):
        product = market.products[line.product_id]
        vendor_id = min((vendor for vendor in options if vendor in chosen), key=position.__getitem__, default=None)
        choice = options[vendor_id] if vendor_id is not None else None
        if vendor_id is not None and choice is not None:
            parts.setdefault(vendor_id, []).append(_planned(product, line, choice))
        if choice is None or choice.quantity != line.quantity:
            eligible = [option for vendor, option in offered.items() if vendor in position]
            shortages.append(_shortage(product, line, choice, eligible))
    candidates = (*ranked, *(score for score in scores if not score.eligible))
    return RoutePlan(
        parts=tuple(
            _part(market, ranked[position[vendor_id]], candidates, parts[vendor_id], local_now)
            for vendor_id in sorted(parts, key=position.__getitem__)
        ),
        shortages=tuple(shortages),
    )


def score_vendors(market: Market, wanted: Sequence[WantedLine], *, local_now: datetime) -> list[CandidateScore]:
    """Every vendor of `market` that offers something of the basket, scored for it, best first."""
    lines = _merged(wanted)
    return rank_candidates(_score_all(market, lines, [_choices_of(line, market) for line in lines], local_now))


def answer_times(facts: VendorFacts, local_now: datetime) -> tuple[datetime, datetime]:
    """When a vendor is asked, and until when its answer is waited for [O42]."""
    asked_at = next_opening(facts, local_now)
    return asked_at, asked_at + ANSWER_WAIT


def _merged(wanted: Sequence[WantedLine]) -> list[WantedLine]:
    quantities: dict[UUID, Decimal] = {}
    for line in wanted:
        quantities[line.product_id] = quantities.get(line.product_id, ZERO) + line.quantity
    return [WantedLine(product_id=product_id, quantity=quantity) for product_id, quantity in quantities.items()]


def _choices_of(line: WantedLine, market: Market) -> _Choices:
    return {
        offer.vendor_id: _Choice(offer, nearest_valid(line.quantity, offer.rules, available=offer.available))
        for offer in market.offers
        if offer.product_id == line.product_id
    }


def _score_all(
    market: Market, lines: Sequence[WantedLine], choices: Sequence[_Choices], local_now: datetime
) -> list[CandidateScore]:
    vendor_ids = sorted({vendor_id for options in choices for vendor_id in options})
    market_prices = [_mean_price(options) for options in choices]
    return [
        score_candidate(
            market.vendors[vendor_id],
            _suitability(vendor_id, lines, choices, market_prices),
            shop=market.shop,
            local_now=local_now,
            weights=market.weights,
        )
        for vendor_id in vendor_ids
    ]


def _mean_price(options: _Choices) -> float:
    return sum(option.offer.price_paisa for option in options.values()) / len(options) if options else 0.0


def _suitability(
    vendor_id: UUID, lines: Sequence[WantedLine], choices: Sequence[_Choices], market_prices: Sequence[float]
) -> Suitability:
    filled = 0.0
    ratios: list[float] = []
    share = 0.0
    for line, options, market_price in zip(lines, choices, market_prices, strict=True):
        option = options.get(vendor_id)
        if option is None:
            continue
        filled += min(1.0, float(option.quantity / line.quantity))
        ratios.append(option.offer.price_paisa / market_price)
        share = max(share, option.offer.product_share)
    return Suitability(fill_share=filled / len(lines), price_ratios=tuple(ratios), largest_product_share=share)


def _nearest(line: WantedLine, options: _Choices, position: Mapping[UUID, int]) -> _Choices:
    """Of the eligible vendors, those who come nearest to what is wanted; nobody, where nobody has any."""
    possible = {vendor: one for vendor, one in options.items() if vendor in position and one.quantity > 0}
    if not possible:
        return {}
    least = min(abs(one.quantity - line.quantity) for one in possible.values())
    return {vendor: one for vendor, one in possible.items() if abs(one.quantity - line.quantity) == least}


def _fewest_vendors(lines: Sequence[frozenset[UUID]], position: Mapping[UUID, int]) -> frozenset[UUID]:
    """The smallest set of vendors that meets every line; of equally small ones, the best ranked."""
    if not lines:
        return frozenset()
    all_lines = (1 << len(lines)) - 1
    covers = _undominated_covers(lines, position)
    if len(covers) <= EXACT_CANDIDATES_MAX:
        for size in range(1, EXACT_VENDORS_MAX + 1):
            complete = [group for group in combinations(covers, size) if _together(group) == all_lines]
            if complete:
                best = min(complete, key=lambda group: sorted(place for place, _, _ in group)[::-1])
                return frozenset(vendor_id for _, _, vendor_id in best)
    return _greedy(covers, all_lines)


# (rank, the lines as bits, vendor)
_Cover = tuple[int, int, UUID]


def _undominated_covers(lines: Sequence[frozenset[UUID]], position: Mapping[UUID, int]) -> list[_Cover]:
    """Vendors worth considering: nobody ranked better meets all the lines they meet. Best ranked first."""
    covers: list[_Cover] = []
    for vendor_id in sorted(frozenset().union(*lines), key=position.__getitem__):
        met = sum(1 << index for index, vendors in enumerate(lines) if vendor_id in vendors)
        if not any(met | better == better for _, better, _ in covers):
            covers.append((position[vendor_id], met, vendor_id))
    return covers


def _together(group: Sequence[_Cover]) -> int:
    met = 0
    for _, lines, _ in group:
        met |= lines
    return met


def _greedy(covers: Sequence[_Cover], all_lines: int) -> frozenset[UUID]:
    chosen: set[UUID] = set()
    missing = all_lines
    while missing:
        _, met, vendor_id = max(covers, key=lambda cover: ((cover[1] & missing).bit_count(), -cover[0]))
        chosen.add(vendor_id)
        missing &= ~met
    return frozenset(chosen)


def _planned(product: RoutedProduct, line: WantedLine, choice: _Choice) -> PlannedLine:
    return PlannedLine(
        product_id=product.product_id,
        offer_id=choice.offer.offer_id,
        code=choice.offer.sku,
        product_code=product.code,
        name=product.name,
        name_ne=product.name_ne,
        selling_unit=product.selling_unit,
        unit_price_paisa=choice.offer.price_paisa,
        vat_basis_points=product.vat_basis_points,
        quantity=choice.quantity,
        wanted=line.quantity,
    )


def _shortage(
    product: RoutedProduct, line: WantedLine, choice: _Choice | None, eligible: Sequence[_Choice]
) -> Shortage:
    told = choice or max(eligible, key=lambda option: option.offer.available, default=None)
    return Shortage(
        product_id=product.product_id,
        code=product.code,
        name=product.name,
        name_ne=product.name_ne,
        wanted=line.quantity,
        offered=choice.quantity if choice else ZERO,
        why=_why(line, told),
        min=told.offer.rules.min_quantity if told else None,
        max=told.offer.rules.max_quantity if told else None,
        multiple=told.offer.rules.multiple if told else None,
    )


def _why(line: WantedLine, told: _Choice | None) -> ShortageReason:
    if told is None:
        return ShortageReason.NOT_OFFERED
    if told.offer.available <= 0:
        return ShortageReason.OUT_OF_STOCK
    if told.quantity == 0 or told.offer.available < line.quantity:
        return ShortageReason.TOO_LITTLE_STOCK
    return ShortageReason.QUANTITY_RULE


def _part(
    market: Market,
    score: CandidateScore,
    candidates: tuple[CandidateScore, ...],
    lines: Sequence[PlannedLine],
    local_now: datetime,
) -> VendorPart:
    asked_at, answer_by = answer_times(market.vendors[score.vendor_id], local_now)
    return VendorPart(
        vendor_id=score.vendor_id,
        score=score.score,
        candidates=candidates,
        lines=tuple(lines),
        asked_at=asked_at,
        answer_by=answer_by,
    )
