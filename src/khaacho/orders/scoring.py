"""How well a vendor suits a basket: one score from 0 to 100 made of five factors [O41].

Pure: it reads nothing and changes nothing. Scores are opinions and may be floats; amounts stay whole paisa.
A vendor we know nothing about scores in the middle, so that newcomers are asked and learned about.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from khaacho.errors import ValidationFailed

SCORE_MAX = 100.0
SCORE_NEUTRAL = 50.0
WEIGHTS_TOTAL = 100

# At this much above the market a price scores 0, at this much below it 100, at the market 50.
PRICE_SPREAD = 0.20
# Without a delivery radius of the vendor's own, proximity falls to 0 at this distance.
DISTANCE_KM_FAR = 25.0
# Answers and deliveries weigh against this many imagined ones, half of them good: one lucky order proves little.
PRIOR_EVENTS = 10
# A vendor without a ceiling scores 50 for workload with this many open orders.
OPEN_ORDERS_NEUTRAL = 10
# Being closed now halves availability: the goods are there, but the answer will take until morning.
CLOSED_AVAILABILITY = 0.5
# [O41]: above this share of a product's orders of 30 days a vendor loses ties. Scores within one point are a tie.
MONOPOLY_SHARE = 0.40
TIE_POINTS = 1.0

EARTH_RADIUS_KM = 6371.0088


class Factor(StrEnum):
    AVAILABILITY = "availability"
    PRICE = "price"
    RELIABILITY = "reliability"
    PROXIMITY = "proximity"
    WORKLOAD = "workload"


class Weights(msgspec.Struct, frozen=True, kw_only=True):
    """How much each factor counts; the five sum to 100."""

    availability: int = 30
    price: int = 20
    reliability: int = 15
    proximity: int = 20
    workload: int = 15

    def of(self, factor: Factor) -> int:
        """The weight of one factor."""
        return int(getattr(self, factor.value))


DEFAULT_WEIGHTS = Weights()


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A point on the map, in degrees."""

    latitude: float
    longitude: float


class VendorFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a vendor besides goods and prices. Counts are of the last 90 days, open orders of now."""

    vendor_id: UUID
    place: Place | None = None
    radius_km: float | None = None
    opens_at: time | None = None
    closes_at: time | None = None
    active_orders_max: int | None = None
    pending_orders_max: int | None = None
    active_orders: int = 0
    pending_orders: int = 0
    requests_answered: int = 0
    requests_accepted: int = 0
    orders_ended: int = 0
    orders_delivered: int = 0

    @property
    def open_orders(self) -> int:
        return self.active_orders + self.pending_orders


class Suitability(msgspec.Struct, frozen=True, kw_only=True):
    """What a vendor would mean for one basket.

    `fill_share` is how much of the basket it can deliver (0–1), `price_ratios` its price over the market's for each
    product it offers, `largest_product_share` its largest share of any product's orders in 30 days (0–1).
    """

    fill_share: float
    price_ratios: tuple[float, ...] = ()
    largest_product_share: float = 0.0


class CandidateScore(msgspec.Struct, frozen=True, kw_only=True):
    """One vendor considered: the score, its factors, and in words what made it so. Not eligible: why not."""

    vendor_id: UUID
    eligible: bool
    score: float
    factors: dict[Factor, float]
    dominant: bool
    open_now: bool
    reasons: tuple[str, ...]


def require_valid_weights(weights: Mapping[Factor, int]) -> Weights:
    """The weights, if there is one of 0 to 100 for each factor and they sum to 100. Raises ValidationFailed."""
    missing = [factor.value for factor in Factor if factor not in weights]
    if missing:
        raise ValidationFailed(field="weights", why=f"{', '.join(missing)} missing")
    if any(not 0 <= weight <= WEIGHTS_TOTAL for weight in weights.values()):
        raise ValidationFailed(field="weights", why="each must be from 0 to 100")
    total = sum(weights.values())
    if total != WEIGHTS_TOTAL:
        raise ValidationFailed(field="weights", why=f"must sum to {WEIGHTS_TOTAL}, not {total}")
    return Weights(**{factor.value: weight for factor, weight in weights.items()})


def score_candidate(
    facts: VendorFacts, suitability: Suitability, *, shop: Place | None, local_now: datetime, weights: Weights
) -> CandidateScore:
    """Score one vendor for a basket. `local_now` is the wall clock of the business zone."""
    distance_km = distance_between(facts.place, shop)
    open_now = is_open(facts, local_now)
    factors = {
        Factor.AVAILABILITY: _availability(suitability.fill_share, open_now),
        Factor.PRICE: _price(suitability.price_ratios),
        Factor.RELIABILITY: _reliability(facts),
        Factor.PROXIMITY: _proximity(distance_km, facts.radius_km),
        Factor.WORKLOAD: _workload(facts),
    }
    refusals = _refusals(facts, distance_km)
    dominant = suitability.largest_product_share > MONOPOLY_SHARE
    score = sum(value * weights.of(factor) for factor, value in factors.items()) / WEIGHTS_TOTAL
    return CandidateScore(
        vendor_id=facts.vendor_id,
        eligible=not refusals,
        score=round(score, 2),
        factors={factor: round(value, 2) for factor, value in factors.items()},
        dominant=dominant,
        open_now=open_now,
        reasons=(*refusals, *_remarks(facts, suitability, distance_km, dominant=dominant, open_now=open_now)),
    )


def rank_candidates(candidates: Sequence[CandidateScore]) -> list[CandidateScore]:
    """Best first. Within one point of each other, a vendor that dominates a product comes after one that does not."""
    best_first = sorted(candidates, key=lambda candidate: (-candidate.score, candidate.vendor_id))
    ranked: list[CandidateScore] = []
    while best_first:
        tied = [one for one in best_first if best_first[0].score - one.score < TIE_POINTS]
        chosen = next((one for one in tied if not one.dominant), tied[0])
        ranked.append(chosen)
        best_first.remove(chosen)
    return ranked


def distance_between(one: Place | None, other: Place | None) -> float | None:
    """Kilometres over ground between two points (haversine), or None where either is unknown."""
    if one is None or other is None:
        return None
    lat_one, lat_other = math.radians(one.latitude), math.radians(other.latitude)
    lat_half = (lat_other - lat_one) / 2
    lon_half = math.radians(other.longitude - one.longitude) / 2
    chord = math.sin(lat_half) ** 2 + math.cos(lat_one) * math.cos(lat_other) * math.sin(lon_half) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(chord)))


def is_open(facts: VendorFacts, local_now: datetime) -> bool:
    """Is the vendor working at this wall-clock time? Without hours it always is; hours may pass midnight."""
    if facts.opens_at is None or facts.closes_at is None or facts.opens_at == facts.closes_at:
        return True
    now = local_now.time()
    if facts.opens_at < facts.closes_at:
        return facts.opens_at <= now < facts.closes_at
    return now >= facts.opens_at or now < facts.closes_at


def next_opening(facts: VendorFacts, local_now: datetime) -> datetime:
    """When the vendor can be asked: now when it is open, otherwise the moment it opens next."""
    if is_open(facts, local_now) or facts.opens_at is None:
        return local_now
    opening = datetime.combine(local_now.date(), facts.opens_at, tzinfo=local_now.tzinfo)
    return opening if opening > local_now else opening + timedelta(days=1)


def _refusals(facts: VendorFacts, distance_km: float | None) -> list[str]:
    refusals: list[str] = []
    if distance_km is not None and facts.radius_km is not None and distance_km > facts.radius_km:
        refusals.append(f"{distance_km:.1f} km away, delivers within {facts.radius_km:g} km")
    if facts.active_orders_max is not None and facts.active_orders >= facts.active_orders_max:
        refusals.append(f"has {facts.active_orders} orders in work, its ceiling")
    if facts.pending_orders_max is not None and facts.pending_orders >= facts.pending_orders_max:
        refusals.append(f"has {facts.pending_orders} orders to answer, its ceiling")
    return refusals


def _remarks(
    facts: VendorFacts, suitability: Suitability, distance_km: float | None, *, dominant: bool, open_now: bool
) -> list[str]:
    remarks = [f"can deliver {suitability.fill_share:.0%} of the basket"]
    if suitability.price_ratios:
        remarks.append(f"price at {_mean(suitability.price_ratios):.0%} of the market")
    if not facts.requests_answered:
        remarks.append("never asked before")
    remarks.append("distance unknown" if distance_km is None else f"{distance_km:.1f} km away")
    remarks.append(f"{facts.open_orders} open orders")
    if not open_now:
        remarks.append(f"closed until {facts.opens_at:%H:%M}")
    if dominant:
        remarks.append(f"has {suitability.largest_product_share:.0%} of a product's orders, loses ties")
    return remarks


def _availability(fill_share: float, open_now: bool) -> float:
    return SCORE_MAX * fill_share * (1.0 if open_now else CLOSED_AVAILABILITY)


def _price(price_ratios: Sequence[float]) -> float:
    if not price_ratios:
        return SCORE_NEUTRAL
    above_market = _mean(price_ratios) - 1.0
    return _bounded(SCORE_NEUTRAL - SCORE_NEUTRAL * above_market / PRICE_SPREAD)


def _reliability(facts: VendorFacts) -> float:
    accepting = _smoothed(facts.requests_accepted, facts.requests_answered)
    delivering = _smoothed(facts.orders_delivered, facts.orders_ended)
    return SCORE_MAX * (accepting + delivering) / 2


def _smoothed(good: int, all_events: int) -> float:
    return (good + PRIOR_EVENTS / 2) / (all_events + PRIOR_EVENTS)


def _proximity(distance_km: float | None, radius_km: float | None) -> float:
    if distance_km is None:
        return SCORE_NEUTRAL
    return _bounded(SCORE_MAX * (1.0 - distance_km / (radius_km or DISTANCE_KM_FAR)))


def _workload(facts: VendorFacts) -> float:
    if facts.active_orders_max is not None:
        return _bounded(SCORE_MAX * (1.0 - facts.active_orders / facts.active_orders_max))
    return SCORE_MAX * OPEN_ORDERS_NEUTRAL / (OPEN_ORDERS_NEUTRAL + facts.open_orders)


def _bounded(score: float) -> float:
    return min(SCORE_MAX, max(0.0, score))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
