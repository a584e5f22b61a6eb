"""Dividing a basket among vendors: one if one can, otherwise the fewest, and honest about what is short."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import combinations
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from khaacho.catalog.quantities import QuantityRules
from khaacho.orders.records import ShortageReason, WantedLine
from khaacho.orders.scoring import DEFAULT_WEIGHTS, VendorFacts
from khaacho.orders.splitting import (
    ANSWER_WAIT,
    Market,
    RoutedOffer,
    RoutedProduct,
    RoutePlan,
    answer_times,
    plan_vendors,
)

NOON = datetime(2026, 2, 10, 12, 0, tzinfo=UTC)


def product_id(number: int) -> UUID:
    return UUID(int=1_000 + number)


def vendor_id(number: int) -> UUID:
    return UUID(int=number)


def offer(
    vendor: int, product: int, *, price: int = 10_000, stock: int | str = 100, share: float = 0, **rules: object
) -> RoutedOffer:
    return RoutedOffer(
        offer_id=UUID(int=10_000 + 100 * vendor + product),
        vendor_id=vendor_id(vendor),
        product_id=product_id(product),
        sku=f"V{vendor}-P{product}",
        price_paisa=price,
        available=Decimal(stock),
        rules=QuantityRules(**{name: Decimal(str(rule)) for name, rule in rules.items()}),
        product_share=share,
    )


def market(offers: Sequence[RoutedOffer], *, products: int = 6, facts: Sequence[VendorFacts] = ()) -> Market:
    known = {one.vendor_id: VendorFacts(vendor_id=one.vendor_id) for one in offers}
    return Market(
        products={
            product_id(number): RoutedProduct(
                product_id=product_id(number),
                code=f"P{number}",
                name=f"Product {number}",
                name_ne="",
                selling_unit="packet",
                vat_basis_points=1300,
            )
            for number in range(products)
        },
        offers=tuple(offers),
        vendors=known | {one.vendor_id: one for one in facts},
        shop=None,
        weights=DEFAULT_WEIGHTS,
    )


def plan(goods: Market, *lines: tuple[int, int | str]) -> RoutePlan:
    wanted = [WantedLine(product_id=product_id(number), quantity=Decimal(quantity)) for number, quantity in lines]
    return plan_vendors(goods, wanted, local_now=NOON)


def shape(planned: RoutePlan) -> dict[int, dict[str, Decimal]]:
    """vendor number → {sku: quantity}"""
    return {part.vendor_id.int: {line.code: line.quantity for line in part.lines} for part in planned.parts}


def test_one_vendor_who_can_fill_it_gets_it_all() -> None:
    """[O40] Also when two others together would be cheaper on every line."""
    goods = market([offer(1, 0), offer(1, 1), offer(2, 0, price=8_000), offer(3, 1, price=8_000)])
    planned = plan(goods, (0, 5), (1, 5))
    assert shape(planned) == {1: {"V1-P0": 5, "V1-P1": 5}}
    assert planned.shortages == ()
    assert {one.vendor_id.int for one in planned.parts[0].candidates} == {1, 2, 3}


def test_of_several_the_best_scored_gets_it() -> None:
    """[O41] All else equal, the cheaper one."""
    goods = market([offer(1, 0), offer(2, 0, price=9_500), offer(3, 0, price=10_500)])
    assert shape(plan(goods, (0, 5))) == {2: {"V2-P0": 5}}


def test_otherwise_the_fewest_vendors() -> None:
    """[O40] Two that cover three lines, not three; one order for each."""
    goods = market([offer(1, 0, price=8_000), offer(2, 0), offer(2, 1), offer(3, 1, price=8_000), offer(3, 2)])
    assert shape(plan(goods, (0, 1), (1, 1), (2, 1))) in (
        {2: {"V2-P0": 1}, 3: {"V3-P1": 1, "V3-P2": 1}},
        {1: {"V1-P0": 1}, 3: {"V3-P1": 1, "V3-P2": 1}},
    )


def test_stock_decides_who_can_fill_it() -> None:
    """[O40] A vendor with too little of one line cannot fill the basket; who has all of it can."""
    goods = market([offer(1, 0, price=8_000, stock=4), offer(1, 1), offer(2, 0), offer(2, 1)])
    assert shape(plan(goods, (0, 5), (1, 1))) == {2: {"V2-P0": 5, "V2-P1": 1}}


def test_what_nobody_has_in_full_is_planned_as_near_as_possible_and_said() -> None:
    """[O15] The nearest quantity that stock and rules allow, listed with what was wanted."""
    goods = market([offer(1, 0, stock=3), offer(2, 0, stock=2), offer(1, 1, multiple=6), offer(1, 2, min_quantity=10)])
    planned = plan(goods, (0, 5), (1, 8), (2, 4))
    assert shape(planned) == {1: {"V1-P0": 3, "V1-P1": 6, "V1-P2": 10}}
    assert [(one.wanted, one.offered, one.why) for one in planned.shortages] == [
        (5, 3, ShortageReason.TOO_LITTLE_STOCK),
        (8, 6, ShortageReason.QUANTITY_RULE),
        (4, 10, ShortageReason.QUANTITY_RULE),
    ]
    assert (planned.shortages[1].multiple, planned.shortages[2].min) == (6, 10)


def test_what_cannot_be_had_is_left_out_and_said_why() -> None:
    """[O15] Nobody offers it, or whoever does has none, or less than the least that is sold."""
    goods = market([offer(1, 0), offer(1, 1, stock=0), offer(1, 2, stock=5, min_quantity=10)])
    planned = plan(goods, (0, 1), (1, 1), (2, 12), (3, 1))
    assert shape(planned) == {1: {"V1-P0": 1}}
    assert [(one.code, one.offered, one.why) for one in planned.shortages] == [
        ("P1", 0, ShortageReason.OUT_OF_STOCK),
        ("P2", 0, ShortageReason.TOO_LITTLE_STOCK),
        ("P3", 0, ShortageReason.NOT_OFFERED),
    ]


def test_the_same_product_twice_is_one_line() -> None:
    """[O15] Two lines of five are one of ten, and the maximum holds for the ten."""
    planned = plan(market([offer(1, 0, max_quantity=8)]), (0, 5), (0, 5))
    assert shape(planned) == {1: {"V1-P0": 8}}
    assert planned.shortages[0].wanted == 10


def test_an_ineligible_vendor_is_considered_but_not_chosen() -> None:
    """[O40, O41] At its ceiling it stays in the record of candidates, with the reason."""
    full = VendorFacts(vendor_id=vendor_id(1), active_orders=3, active_orders_max=3)
    goods = market([offer(1, 0, price=5_000), offer(2, 0)], facts=[full])
    planned = plan(goods, (0, 1))
    assert shape(planned) == {2: {"V2-P0": 1}}
    (refused,) = [one for one in planned.parts[0].candidates if not one.eligible]
    assert refused.reasons[0] == "has 3 orders in work, its ceiling"
    alone = plan(market([offer(1, 0)], facts=[full]), (0, 1))
    assert (alone.parts, alone.shortages[0].why) == ((), ShortageReason.NOT_OFFERED)


def test_a_tie_goes_to_who_does_not_dominate() -> None:
    """[O41] The monopoly guard: equal vendors, and one has most of the product's orders."""
    assert shape(plan(market([offer(1, 0), offer(2, 0)]), (0, 1))) == {1: {"V1-P0": 1}}
    assert shape(plan(market([offer(1, 0, share=0.41), offer(2, 0)]), (0, 1))) == {2: {"V2-P0": 1}}
    assert shape(plan(market([offer(1, 0, share=0.9, price=9_000), offer(2, 0)]), (0, 1))) == {1: {"V1-P0": 1}}


def test_a_closed_vendor_has_its_half_hour_after_opening() -> None:
    """[O42] Both times lie after the opening."""
    known = VendorFacts(vendor_id=vendor_id(1), opens_at=time(7), closes_at=time(19))
    assert answer_times(known, NOON) == (NOON, NOON + ANSWER_WAIT)
    opening = NOON.replace(day=11, hour=7)
    assert answer_times(known, NOON.replace(hour=23)) == (opening, opening + timedelta(minutes=30))


offered_products = st.lists(st.frozensets(st.integers(0, 5), min_size=1), min_size=1, max_size=6)


@given(offered_products, st.frozensets(st.integers(0, 5), min_size=1))
def test_no_smaller_set_of_vendors_would_do(assortments: list[frozenset[int]], wanted: frozenset[int]) -> None:
    """[O40] Against every combination tried by hand: up to three vendors the fewest are found, and nothing is lost."""
    goods = market([offer(number, one) for number, sold in enumerate(assortments, start=1) for one in sold])
    planned = plan(goods, *((number, 1) for number in sorted(wanted)))
    sold_at_all = frozenset().union(*assortments)
    placed = sorted(line.product_code for part in planned.parts for line in part.lines)
    assert placed == sorted(f"P{number}" for number in wanted & sold_at_all)
    assert {one.code for one in planned.shortages} == {f"P{number}" for number in wanted - sold_at_all}
    fewest = next(
        size
        for size in range(len(assortments) + 1)
        if any(wanted & sold_at_all <= frozenset().union(*group) for group in combinations(assortments, size))
    )
    assert len(planned.parts) == fewest if fewest <= 3 else len(planned.parts) >= fewest
