"""Everything at once: orders placed, cancelled, delivered in full and in part, and paid, and every figure right after.

[C13] 200 operations over ten shops start from one barrier, in one process and in two. What each of them answered
must add up to what the books say, to the paisa, and every invariant must hold.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from random import Random
from uuid import UUID

import pytest
from tests.concurrency.contender import (
    AnyTask,
    Cancel,
    Deliver,
    Outcome,
    Pay,
    Submit,
    in_processes,
    perform_at_once,
)
from tests.fixtures.trade import OpenShops, as_shop, assert_books_hold, order_for, paisa

from khaacho.catalog.records import Offer
from khaacho.credit.queries import find_credit_overview
from khaacho.orders.placer import OrderPlacer
from khaacho.orders.records import Order, PaymentMode
from khaacho.platform.database import Database

SHOPS = 10
# Before the race every shop has these orders, in rupees; in the race one is cancelled, two are delivered.
PLACED_BEFORE = (9_000, 8_000, 7_000, 6_000)


async def orders_before(placer: OrderPlacer, shops: Sequence[UUID], offer: Offer) -> dict[UUID, list[Order]]:
    placed: dict[UUID, list[Order]] = {}
    for shop in shops:
        placed[shop] = [
            (await placer.submit(as_shop(shop), order_for(shop, offer, rupees)))[0] for rupees in PLACED_BEFORE
        ]
    return placed


def tasks_for(shop: UUID, before: list[Order], offer: Offer) -> list[AnyTask]:
    """Twenty operations on one shop. Some meet: two cancel one order, and one order is cancelled and delivered."""
    cancelled, whole, part, contested = before
    return [
        *(Submit(actor=as_shop(shop), order=order_for(shop, offer, rupees)) for rupees in (11_000,) * 8),
        *(Submit(actor=as_shop(shop), order=order_for(shop, offer, 500, on_credit=False)) for _ in range(2)),
        Cancel(order_id=cancelled.id),
        Cancel(order_id=cancelled.id),
        Deliver(order_id=whole.id, sku=offer.sku),
        Deliver(order_id=part.id, sku=offer.sku, quantity=Decimal(2_500)),
        Cancel(order_id=contested.id),
        Deliver(order_id=contested.id, sku=offer.sku),
        *(Pay(shop=shop, amount_paisa=paisa(rupees)) for rupees in (1_000, 2_000, 4_000, 500)),
    ]


@pytest.mark.parametrize("processes", [1, 2])
async def test_two_hundred_mixed_operations_add_up(
    database: Database, dsn: str, open_shops: OpenShops, one_rupee: Offer, processes: int
) -> None:
    """[C13] [C5] Nothing deadlocks, nothing is lost or counted twice, and only what must be refused is refused."""
    shops = await open_shops(SHOPS)
    placer = OrderPlacer(database)
    before = await orders_before(placer, shops, one_rupee)
    tasks = [task for shop in shops for task in tasks_for(shop, before[shop], one_rupee)]
    assert len(tasks) == 200
    Random(20_790_101).shuffle(tasks)
    if processes == 1:
        outcomes = await perform_at_once(database, placer, tasks)
    else:
        halves = await asyncio.to_thread(in_processes, dsn, [tasks[:100], tasks[100:]])
        outcomes = [outcome for half in halves for outcome in half]
    # Who was told to come again because a line stayed busy comes again, as callers do.
    busy = [place for place, outcome in enumerate(outcomes) if outcome.code == "MAX_RETRIES_EXCEEDED"]
    for place, outcome in zip(busy, await perform_at_once(database, placer, [tasks[i] for i in busy]), strict=True):
        outcomes[place] = outcome
    await placer.drain()
    await assert_books_hold(database)

    codes = Counter(outcome.code for outcome in outcomes)
    # An order that is cancelled cannot be delivered, nor the other way round: ten shops, one of the two each.
    assert codes["INVALID_TRANSITION"] == SHOPS
    assert set(codes) <= {"OK", "INSUFFICIENT_CREDIT", "INVALID_TRANSITION"}, codes
    for shop in shops:
        await assert_shop_adds_up(database, shop, before[shop], tasks, outcomes)


async def assert_shop_adds_up(
    database: Database, shop: UUID, before: list[Order], tasks: Sequence[AnyTask], outcomes: Sequence[Outcome]
) -> None:
    """The shop's books from what its callers were told, and nothing else."""
    cancelled, whole, part, contested = before
    done = [(task, one) for task, one in zip(tasks, outcomes, strict=True) if one.code == "OK"]
    placed = [one.orders[0] for task, one in done if isinstance(task, Submit) and task.actor.retailer_id == shop]
    on_credit = [order for order in placed if order.payment_mode is PaymentMode.CREDIT]
    paid = sum(task.amount_paisa for task, _ in done if isinstance(task, Pay) and task.shop == shop)
    delivered = {order.id for task, one in done if isinstance(task, Deliver) for order in one.orders}
    owed = whole.total_paisa + paisa(2_500) + (contested.total_paisa if contested.id in delivered else 0)
    async with database.reading() as tx:
        overview = await find_credit_overview(tx, shop)
    assert cancelled.id not in delivered
    assert {whole.id, part.id} <= delivered
    assert paid == paisa(7_500)
    assert overview.held_paisa == sum(order.total_paisa for order in on_credit)
    # Payments clear what is owed when they come and wait for the next item otherwise, so in the end all has met.
    assert overview.used_paisa - overview.held_paisa == owed - paid
    assert overview.unapplied_paisa == 0
    assert overview.used_paisa <= overview.limit_paisa
    # Of eight orders of 11,000 six fit beside the 30,000 of before, and more only where credit was freed in time.
    assert 6 <= len(on_credit) <= 8
    assert len(placed) - len(on_credit) == 2
