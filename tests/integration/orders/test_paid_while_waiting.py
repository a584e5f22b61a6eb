"""What is paid and taken back while somebody else has the order in hand: the last word is what is owed then [O33, C63].

A payment may clear several orders, and whoever completes them takes them in hand one after the other. What changes
between hearing of it and having them all is seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import pytest
from tests.fixtures.owing import somebody_waits
from tests.fixtures.trade import assert_books_hold
from tests.integration.orders.conftest import PlaceOrders, Sellers, acting_for, read_order

from khaacho.actors import Actor
from khaacho.catalog.records import Product
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.paying.reversals import reverse_payment
from khaacho.credit.records import NewPayment, PaymentMethod, PaymentOutcome
from khaacho.orders.fulfilment import (
    accept_order,
    advance_order,
    complete_paid_orders,
    deliver_order,
    reopen_unpaid_orders,
)
from khaacho.orders.in_hand import take_in_hand
from khaacho.orders.records import Order, OrderStatus
from khaacho.platform.database import Database, Transaction

Result = TypeVar("Result")


async def do(database: Database, act: Callable[[Transaction], Awaitable[Result]]) -> Result:
    async with database.transaction() as tx:
        return await act(tx)


async def pay(database: Database, actor: Actor, order: Order, amount_paisa: int) -> PaymentOutcome:
    new = NewPayment(debit_id=order.id, amount_paisa=amount_paisa, method=PaymentMethod.CASH)
    return await do(database, lambda tx: record_payment(tx, actor, new))


@pytest.fixture
async def two_orders(database: Database, rice: Product, sellers: Sellers, place: PlaceOrders) -> tuple[Order, Order]:
    """Two delivered orders of Rs 500 each, in the sequence in which they are taken in hand."""
    ((vendor, _),) = await sellers(1)
    seller = acting_for(vendor)
    placed = [(await place((rice, 5)))[0] for _ in range(2)]
    for order in placed:
        async with database.transaction() as tx:
            await accept_order(tx, seller, order.id)
            await advance_order(tx, seller, order.id, OrderStatus.PACKING)
            await advance_order(tx, seller, order.id, OrderStatus.DISPATCHED)
            await deliver_order(tx, seller, order.id)
    first, second = sorted(placed, key=lambda order: order.id)
    return first, second


@asynccontextmanager
async def waiting_for(
    database: Database, order: Order, act: Callable[[Transaction], Awaitable[None]]
) -> AsyncIterator[None]:
    """Within the block `act` waits for the order, which somebody else has in hand; after it `act` is done."""
    async with database.transaction() as tx:
        await take_in_hand(tx, order.id)
        waiting = asyncio.create_task(do(database, act))
        await somebody_waits(database)
        yield
    await waiting


async def test_what_was_taken_back_meanwhile_is_not_completed(
    database: Database, admin: Actor, two_orders: tuple[Order, Order]
) -> None:
    """[C63] A payment cleared both; before they are completed part of the second is taken back and told: it is owed."""
    first, second = two_orders
    part = await pay(database, admin, second, 20_000)
    await pay(database, admin, second, 30_000)
    await pay(database, admin, first, 50_000)
    async with waiting_for(database, first, lambda tx: complete_paid_orders(tx, [first.id, second.id])):
        await do(database, lambda tx: reverse_payment(tx, admin, part.payment_id, reason="counted twice"))
        await do(database, lambda tx: reopen_unpaid_orders(tx, [second.id]))
    assert (await read_order(database, first)).status is OrderStatus.COMPLETED
    assert (await read_order(database, second)).status is OrderStatus.DELIVERED
    await assert_books_hold(database)


async def test_what_was_paid_again_meanwhile_is_not_reopened(
    database: Database, admin: Actor, two_orders: tuple[Order, Order]
) -> None:
    """[C63] The payment of both is taken back; before they are reopened the second is paid anew: it is done."""
    first, second = two_orders
    both = await pay(database, admin, first, 100_000)
    await do(database, lambda tx: complete_paid_orders(tx, [first.id, second.id]))
    await do(database, lambda tx: reverse_payment(tx, admin, both.payment_id, reason="counted twice"))
    async with waiting_for(database, first, lambda tx: reopen_unpaid_orders(tx, [first.id, second.id])):
        await pay(database, admin, second, 50_000)
        await do(database, lambda tx: complete_paid_orders(tx, [second.id]))
    assert (await read_order(database, first)).status is OrderStatus.DELIVERED
    assert (await read_order(database, second)).status is OrderStatus.COMPLETED
    await assert_books_hold(database)
