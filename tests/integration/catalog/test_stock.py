"""Stock: what is there, what is promised to orders, and never more promised than there is."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

import pytest
from tests.fixtures.people import MakeOffer

from khaacho.actors import Actor
from khaacho.catalog.actions import change_stock, lock_stock, put_offers, release, reserve, sell
from khaacho.catalog.queries import find_offers_by_id
from khaacho.catalog.records import NewOffer, PutOutcome, StockChange
from khaacho.errors import InsufficientStock, NotFound
from khaacho.ids import new_id
from khaacho.platform.database import Database


async def level(database: Database, offer_id: UUID) -> tuple[Decimal, Decimal]:
    async with database.reading() as tx:
        (offer,) = await find_offers_by_id(tx, [offer_id])
    return offer.physical, offer.reserved


async def movements(database: Database, offer_id: UUID) -> list[tuple[Decimal, str, str]]:
    async with database.reading() as tx:
        rows = await tx.dicts(
            "SELECT change, reason, actor_name FROM stock_movements WHERE offer_id = %(id)s ORDER BY id",
            {"id": offer_id},
        )
    return [(row["change"], row["reason"], row["actor_name"]) for row in rows]


async def test_an_order_reserves_then_sells(database: Database, make_offer: MakeOffer) -> None:
    """[O37] A reservation leaves what is physically there; delivery takes it from both figures."""
    offer = await make_offer(stock=10)
    async with database.transaction() as tx:
        await (await lock_stock(tx, [offer.id])).all()
        await reserve(tx, [(offer.id, Decimal(4))])
    assert await level(database, offer.id) == (10, 4)
    async with database.transaction() as tx:
        await release(tx, [(offer.id, Decimal(1))])
        await sell(tx, [(offer.id, Decimal(3))])
    assert await level(database, offer.id) == (7, 0)


async def test_two_orders_of_one_batch_both_count(database: Database, make_offer: MakeOffer) -> None:
    """[O37] The same offer twice in one call reserves the sum, in one pipelined statement."""
    offer, other = await make_offer(stock=10), await make_offer(stock=10)
    async with database.transaction(pipelined=True) as tx:
        levels = await lock_stock(tx, [offer.id, other.id])
        await reserve(tx, [(offer.id, Decimal("2.5")), (other.id, Decimal(1)), (offer.id, Decimal(3))])
        assert [row.available for row in await levels.all()] == [10, 10]
    assert await level(database, offer.id) == (10, Decimal("5.5"))
    assert await level(database, other.id) == (10, 1)


async def test_more_than_there_is_cannot_be_promised(database: Database, make_offer: MakeOffer) -> None:
    """[O37] The table refuses what a decision missed: reserving, releasing or selling too much changes nothing."""
    offer, other = await make_offer(stock=10), await make_offer(stock=10)
    for verb in (release, sell):
        with pytest.raises(InsufficientStock):
            async with database.transaction() as tx:
                await verb(tx, [(offer.id, Decimal(1))])
    with pytest.raises(InsufficientStock):
        async with database.transaction(pipelined=True) as tx:
            await reserve(tx, [(other.id, Decimal(1)), (offer.id, Decimal("10.001"))])
    assert await level(database, offer.id) == (10, 0)
    assert await level(database, other.id) == (10, 0)


async def test_a_change_by_hand_says_who_and_why(database: Database, admin: Actor, make_offer: MakeOffer) -> None:
    """[O37] Goods in and out move the physical figure and leave a movement each."""
    offer = await make_offer(stock=10)
    changes = [
        StockChange(offer_id=offer.id, change=Decimal(5), reason="delivery from the mill"),
        StockChange(offer_id=offer.id, change=Decimal(-2), reason="torn bags"),
    ]
    async with database.transaction() as tx:
        (after,) = await change_stock(tx, admin, changes=changes)
    assert (after.physical, after.available) == (13, 13)
    assert await level(database, offer.id) == (13, 0)
    assert await movements(database, offer.id) == [
        (10, "COUNTED", "Asha Admin"),
        (5, "delivery from the mill", "Asha Admin"),
        (-2, "torn bags", "Asha Admin"),
    ]


async def test_promised_goods_cannot_be_booked_out(database: Database, admin: Actor, make_offer: MakeOffer) -> None:
    """[O37] Neither a change nor a recount may leave less than is promised; the refusal changes nothing."""
    offer = await make_offer(stock=10, sku="ATTA-5")
    async with database.transaction() as tx:
        await reserve(tx, [(offer.id, Decimal(4))])
    with pytest.raises(InsufficientStock) as refusal:
        async with database.transaction() as tx:
            await change_stock(tx, admin, changes=[StockChange(offer_id=offer.id, change=Decimal(-7), reason="x")])
    assert refusal.value.details == {"sku": "ATTA-5", "available": 6}
    recount = NewOffer(
        vendor_id=offer.vendor_id, product_id=offer.product_id, sku="ATTA-5", price_paisa=1, stock=Decimal(3)
    )
    with pytest.raises(InsufficientStock):
        async with database.transaction() as tx:
            await put_offers(tx, admin, offers=[recount])
    assert await level(database, offer.id) == (10, 4)
    assert len(await movements(database, offer.id)) == 1
    async with database.reading() as tx:
        assert (await find_offers_by_id(tx, [offer.id]))[0].price_paisa == offer.price_paisa
    with pytest.raises(NotFound):
        async with database.transaction() as tx:
            await change_stock(tx, admin, changes=[StockChange(offer_id=new_id(), change=Decimal(1), reason="x")])


async def test_putting_an_offer_again_changes_only_what_differs(
    database: Database, admin: Actor, make_offer: MakeOffer
) -> None:
    """The same offer put twice is a quiet success; another price is a change, audited with old and new."""
    offer = await make_offer(stock=10, price_paisa=4_500)
    same = NewOffer(
        vendor_id=offer.vendor_id, product_id=offer.product_id, sku=offer.sku, price_paisa=4_500, stock=Decimal(10)
    )
    dearer = NewOffer(vendor_id=offer.vendor_id, product_id=offer.product_id, sku=offer.sku, price_paisa=4_600)
    async with database.transaction() as tx:
        (first,) = await put_offers(tx, admin, offers=[same])
        (second,) = await put_offers(tx, admin, offers=[dearer])
    assert (first.outcome, second.outcome) == (PutOutcome.UNCHANGED, PutOutcome.CHANGED)
    assert (second.offer.price_paisa, second.offer.physical) == (4_600, 10)
    async with database.reading() as tx:
        audit = await tx.dicts(
            "SELECT action, old_values, new_values FROM audit_entries WHERE subject_id = %(id)s ORDER BY id",
            {"id": offer.id},
        )
    assert [row["action"] for row in audit] == ["OFFER_ADDED", "OFFER_CHANGED"]
    assert (audit[1]["old_values"], audit[1]["new_values"]) == ({"price_paisa": 4_500}, {"price_paisa": 4_600})
