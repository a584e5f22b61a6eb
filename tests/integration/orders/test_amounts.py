"""Orders whose amounts are at the edge of what can be counted."""

from __future__ import annotations

from decimal import Decimal

from tests.fixtures.people import MakeOffer, MakeProduct
from tests.fixtures.trade import codes_of, outcome_of
from tests.integration.orders.conftest import PlaceOrders, snapshot

from khaacho.money import AMOUNT_PAISA_MAX
from khaacho.orders.insights import count_insights
from khaacho.orders.records import PaymentMode
from khaacho.platform.database import Database


async def test_no_order_makes_sums_too_large_to_count(
    database: Database, make_product: MakeProduct, make_offer: MakeOffer, place: PlaceOrders
) -> None:
    """[O30] [C70] A price may be the largest amount there is, an order may not cost more: a few such orders of one shop
    would be more together than a column holds, and the figures of every shop could not be counted any more.
    """
    gold = await make_product(selling_unit="kg", vat_basis_points=0)
    await make_offer(product=gold, price_paisa=AMOUNT_PAISA_MAX, stock=1_000_000)
    (largest,) = await place((gold, 1), mode=PaymentMode.COD)
    assert largest.total_paisa == AMOUNT_PAISA_MAX
    before = await snapshot(database)
    for quantity in (Decimal("1.001"), Decimal(80_000)):
        assert codes_of([await outcome_of(place((gold, quantity), mode=PaymentMode.COD))]) == ["VALIDATION_ERROR"]
    assert await snapshot(database) == before
    async with database.transaction() as tx:
        assert await count_insights(tx) == 1
