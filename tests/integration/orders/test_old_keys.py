"""Idempotency keys that were thrown away for their age: never a second order, and a clear answer."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import msgspec
import pytest
from tests.fixtures.people import MakeOffer
from tests.fixtures.trade import contents_of
from tests.integration.orders.conftest import Sellers

from khaacho import clock
from khaacho.actors import Actor
from khaacho.catalog.records import Product
from khaacho.errors import IdempotencyKeyExpired, IdempotencyKeyReused
from khaacho.orders.placer import OrderPlacer, PlaceOrder, WantedItem
from khaacho.orders.records import PaymentMode
from khaacho.parties.records import Retailer
from khaacho.platform.database import Database
from khaacho.platform.housekeeping import throw_away
from khaacho.platform.idempotency import hash_request, run_once


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    number: int


@pytest.fixture
def wanted(shop: Retailer, rice: Product) -> PlaceOrder:
    return PlaceOrder(
        retailer_id=shop.id,
        items=(WantedItem(product_id=rice.id, quantity=Decimal(5)),),
        payment_mode=PaymentMode.CREDIT,
        idempotency_key="long ago",
    )


async def forget_keys(database: Database, days: int) -> int:
    slot = clock.now() + timedelta(days=days)
    return int((await throw_away(database, slot, False))["idempotency_keys"])


async def test_an_order_is_not_placed_again_under_a_key_that_was_forgotten(
    database: Database, admin: Actor, wanted: PlaceOrder, sellers: Sellers
) -> None:
    """[O31] Answered again for a month; after that IDEMPOTENCY_KEY_EXPIRED, not to be retried, and no row changes. A
    new key is a new order, and so is the same key of somebody else.
    """
    await sellers(1)
    placer = OrderPlacer(database)
    placed = await placer.submit(admin, wanted)
    assert await forget_keys(database, 29) == 0
    assert [order.id for order in await placer.submit(admin, wanted)] == [order.id for order in placed]
    with pytest.raises(IdempotencyKeyReused):
        await placer.submit(admin, msgspec.structs.replace(wanted, notes="another"))
    assert await forget_keys(database, 31) == 1
    before = await contents_of(database)
    for again in (wanted, msgspec.structs.replace(wanted, notes="another")):
        with pytest.raises(IdempotencyKeyExpired) as refused:
            await placer.submit(admin, again)
        assert (refused.value.status, refused.value.retryable) == (409, False)
    assert await contents_of(database) == before
    renewed = msgspec.structs.replace(wanted, idempotency_key="today")
    assert {order.id for order in await placer.submit(admin, renewed)}.isdisjoint({order.id for order in placed})
    somebody = msgspec.structs.replace(admin, name="Bina Admin")
    assert len(await placer.submit(somebody, wanted)) == 1


async def test_a_forgotten_key_is_not_mixed_with_another_vendors_order(
    database: Database, admin: Actor, wanted: PlaceOrder, rice: Product, make_offer: MakeOffer, sellers: Sellers
) -> None:
    """[O31] Refused also when the goods would come from somebody else by now: an order's parts share its key."""
    await sellers(1)
    placer = OrderPlacer(database)
    await placer.submit(admin, wanted)
    await forget_keys(database, 31)
    async with database.transaction() as tx:
        await tx.execute("UPDATE vendor_offers SET active = false")
    await make_offer(product=rice, price_paisa=42_000)
    with pytest.raises(IdempotencyKeyExpired):
        await placer.submit(admin, wanted)


async def test_a_forgotten_key_is_free_where_nothing_kept_it(database: Database) -> None:
    """[X3] What is done once by its key alone is a new request after a month, with another body too."""
    done: list[int] = []

    async def act(_tx: object) -> Answer:
        done.append(len(done) + 1)
        return Answer(number=done[-1])

    async def once(body: str) -> Answer:
        return await run_once(
            database, scope="adjustments", key="k", request_hash=hash_request(body), into=Answer, act=act
        )

    assert [await once("a"), await once("a")] == [Answer(number=1)] * 2
    assert await forget_keys(database, 31) == 1
    assert await once("b") == Answer(number=2)
