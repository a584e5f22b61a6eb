"""The founder sees on the page of credit which orders were let past a guardrail, by whom and why."""

from __future__ import annotations

from decimal import Decimal

from tests.integration.console.conftest import PlaceOrderOf, SignedIn

from khaacho.actors import Actor
from khaacho.catalog.records import Offer
from khaacho.orders.placer import OrderPlacer, PlaceOrder, WantedItem
from khaacho.orders.records import PaymentMode
from khaacho.parties.records import Retailer
from khaacho.platform.database import Database


async def test_an_order_past_a_guardrail_is_on_the_page_of_credit(
    signed_in: SignedIn, database: Database, admin: Actor, shop: Retailer, offer: Offer, place_order: PlaceOrderOf
) -> None:
    """[C92] With the shop, the order, who let it pass and the reason given, escaped; an order within its guardrails is
    not, and without any there is no such part.
    """
    guest = await signed_in()
    within = await place_order(5)
    assert "Let past a guardrail" not in (await guest.look("/console/credit?lang=en")).text
    wanted = PlaceOrder(
        retailer_id=shop.id,
        items=(WantedItem(product_id=offer.product_id, quantity=Decimal(900)),),
        payment_mode=PaymentMode.CREDIT,
        idempotency_key="past",
        override_reason="wedding in <the> village",
    )
    (past,) = await OrderPlacer(database).submit(admin, wanted)
    page = (await guest.look("/console/credit")).text
    part = page.split('id="overridden-title"')[1]
    for told in (past.code, f"/console/orders/{past.code}", "Gita &amp; Sons", admin.name, "&lt;the&gt; village"):
        assert told in part, told
    assert within.code not in page
