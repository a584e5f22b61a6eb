"""The score of a vendor: its factors, its bounds, and how ties are broken."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from khaacho.errors import ValidationFailed
from khaacho.orders.scoring import (
    DEFAULT_WEIGHTS,
    CandidateScore,
    Factor,
    Place,
    Suitability,
    VendorFacts,
    Weights,
    distance_between,
    is_open,
    next_opening,
    rank_candidates,
    require_valid_weights,
    score_candidate,
)

NOON = datetime(2026, 2, 10, 12, 0, tzinfo=UTC)
SURKHET = Place(latitude=28.601, longitude=81.617)
NEPALGUNJ = Place(latitude=28.050, longitude=81.617)


def facts(number: int = 1, **given: Any) -> VendorFacts:
    return VendorFacts(vendor_id=UUID(int=number), **given)


def score(known: VendorFacts, *, shop: Place | None = None, now: datetime = NOON, **suits: Any) -> CandidateScore:
    suitability = Suitability(**{"fill_share": 1.0, "price_ratios": (1.0,), **suits})
    return score_candidate(known, suitability, shop=shop, local_now=now, weights=DEFAULT_WEIGHTS)


def test_a_newcomer_stands_in_the_middle() -> None:
    """[O41] Nothing known is 50 for reliability and proximity, never zero."""
    newcomer = score(facts())
    assert newcomer.factors == {
        Factor.AVAILABILITY: 100.0,
        Factor.PRICE: 50.0,
        Factor.RELIABILITY: 50.0,
        Factor.PROXIMITY: 50.0,
        Factor.WORKLOAD: 100.0,
    }
    # 30·100 + 20·50 + 15·50 + 20·50 + 15·100 = 7,250 of 100.
    assert newcomer.score == 72.5
    assert "never asked before" in newcomer.reasons
    assert "distance unknown" in newcomer.reasons


@pytest.mark.parametrize(
    ("ratio", "expected"), [(0.5, 100), (0.8, 100), (0.9, 75), (1, 50), (1.1, 25), (1.2, 0), (3, 0)]
)
def test_price_counts_against_the_market(ratio: float, expected: float) -> None:
    """[O41] A fifth below the market is 100, at it 50, a fifth above 0."""
    assert score(facts(), price_ratios=(ratio,)).factors[Factor.PRICE] == pytest.approx(expected, abs=0.01)


def test_reliability_needs_more_than_one_lucky_order() -> None:
    """[O41] Nine of ten kept is worth more than one of one."""
    lucky = facts(requests_answered=1, requests_accepted=1, orders_ended=1, orders_delivered=1)
    proven = facts(requests_answered=10, requests_accepted=9, orders_ended=10, orders_delivered=9)
    poor = facts(requests_answered=90, requests_accepted=0, orders_ended=90, orders_delivered=0)
    assert score(lucky).factors[Factor.RELIABILITY] == 54.55
    assert score(proven).factors[Factor.RELIABILITY] == 70.0
    assert score(poor).factors[Factor.RELIABILITY] == 5.0


def test_distance_is_over_ground() -> None:
    """Haversine: 0.551 degrees of latitude are 61.27 km; unknown places have no distance."""
    assert distance_between(SURKHET, NEPALGUNJ) == pytest.approx(61.27, abs=0.01)
    assert distance_between(SURKHET, SURKHET) == 0
    assert distance_between(SURKHET, None) is None


def test_beyond_its_radius_a_vendor_is_not_asked() -> None:
    """[O40] Only where both places and the radius are known; otherwise distance only weighs."""
    far = facts(place=NEPALGUNJ, radius_km=30)
    assert not score(far, shop=SURKHET).eligible
    assert score(far, shop=SURKHET).reasons[0] == "61.3 km away, delivers within 30 km"
    assert score(far).eligible
    assert score(facts(place=NEPALGUNJ), shop=SURKHET).eligible
    assert score(facts(place=NEPALGUNJ), shop=SURKHET).factors[Factor.PROXIMITY] == 0
    assert score(facts(place=NEPALGUNJ, radius_km=122.54), shop=SURKHET).factors[Factor.PROXIMITY] == 50.0


def test_a_ceiling_is_a_ceiling() -> None:
    """[O41] At its ceiling of active or pending orders a vendor is not asked; without one it only grows less likely."""
    assert score(facts(active_orders=9, active_orders_max=10)).eligible
    assert not score(facts(active_orders=10, active_orders_max=10)).eligible
    assert not score(facts(pending_orders=5, pending_orders_max=5)).eligible
    assert score(facts(active_orders=1_000, pending_orders=1_000)).eligible
    assert score(facts(active_orders=10)).factors[Factor.WORKLOAD] == 50.0
    assert score(facts(active_orders=4, active_orders_max=10)).factors[Factor.WORKLOAD] == 60.0


@pytest.mark.parametrize(
    ("opens", "closes", "hour", "is_so"),
    [
        (None, None, 3, True),
        (7, 19, 7, True),
        (7, 19, 19, False),
        (7, 19, 3, False),
        (18, 2, 23, True),
        (18, 2, 3, False),
    ],
)
def test_hours_may_pass_midnight(opens: int | None, closes: int | None, hour: int, is_so: bool) -> None:
    """[O40] From the opening on, up to but not including the closing."""
    known = facts(opens_at=time(opens) if opens else None, closes_at=time(closes) if closes else None)
    assert is_open(known, NOON.replace(hour=hour)) is is_so


def test_a_closed_vendor_is_asked_when_it_opens() -> None:
    """[O40] This morning if it is still to come, otherwise tomorrow's; being closed halves availability."""
    known = facts(opens_at=time(7), closes_at=time(19))
    assert next_opening(known, NOON) == NOON
    assert next_opening(known, NOON.replace(hour=3)) == NOON.replace(hour=7)
    assert next_opening(known, NOON.replace(hour=22)) == NOON.replace(day=11, hour=7)
    closed = score(known, now=NOON.replace(hour=22))
    assert closed.eligible
    assert not closed.open_now
    assert closed.factors[Factor.AVAILABILITY] == 50.0


def test_the_weights_sum_to_a_hundred() -> None:
    """[O41] Anything else, or a factor left out, is refused."""
    given_weights = {factor: DEFAULT_WEIGHTS.of(factor) for factor in Factor}
    assert require_valid_weights(given_weights) == DEFAULT_WEIGHTS
    for wrong in (
        given_weights | {Factor.PRICE: 21},
        given_weights | {Factor.PRICE: -10, Factor.WORKLOAD: 45},
        {Factor.PRICE: 100},
    ):
        with pytest.raises(ValidationFailed):
            require_valid_weights(wrong)
    price_alone = Weights(availability=0, price=100, reliability=0, proximity=0, workload=0)
    only_price = score_candidate(
        facts(), Suitability(fill_share=0.1, price_ratios=(0.9,)), shop=None, local_now=NOON, weights=price_alone
    )
    assert only_price.score == pytest.approx(75)


def candidate(number: int, points: float, *, dominant: bool = False) -> CandidateScore:
    return CandidateScore(
        vendor_id=UUID(int=number),
        eligible=True,
        score=points,
        factors={},
        dominant=dominant,
        open_now=True,
        reasons=(),
    )


def test_who_dominates_a_product_loses_ties() -> None:
    """[O41] Above 40 % of a product's orders a vendor comes after anyone within a point, but not after the rest."""
    assert score(facts(), largest_product_share=0.41).dominant
    assert not score(facts(), largest_product_share=0.40).dominant
    giant, near, far = candidate(1, 70.0, dominant=True), candidate(2, 69.1), candidate(3, 68.9)
    assert rank_candidates([giant, near, far]) == [near, giant, far]
    assert rank_candidates([giant, far]) == [giant, far]
    other_giant = candidate(4, 69.5, dominant=True)
    assert rank_candidates([other_giant, giant]) == [giant, other_giant]


@given(
    st.floats(0, 1),
    st.lists(st.floats(0.01, 10), max_size=4),
    st.integers(0, 500),
    st.integers(0, 500),
    st.integers(0, 500),
    st.booleans(),
)
def test_a_score_stays_between_zero_and_a_hundred(
    fill: float, ratios: list[float], busy: int, asked: int, kept: int, placed: bool
) -> None:
    """[O41] Whatever is known of a vendor."""
    known = facts(
        active_orders=busy,
        requests_answered=asked,
        requests_accepted=min(asked, kept),
        orders_ended=asked,
        orders_delivered=min(asked, kept),
        place=NEPALGUNJ if placed else None,
    )
    result = score(known, shop=SURKHET, fill_share=fill, price_ratios=tuple(ratios))
    assert 0 <= result.score <= 100
    assert all(0 <= value <= 100 for value in result.factors.values())
