"""One more process that wants the same thing: does what it is told the moment everybody is told to go.

`python -m tests.concurrency.contender DSN` reads one line of tasks, opens its connections, says "ready", and on "go"
does all of them at once; it answers one line of outcomes, in order.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import msgspec
from tests.fixtures.trade import all_at_once

from khaacho.actors import SYSTEM, Actor, ActorRole
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.records import NewPayment, PaymentMethod
from khaacho.errors import KhaachoError
from khaacho.orders.basket import confirm_basket
from khaacho.orders.deliveries import DeliveredLine
from khaacho.orders.fulfilment import accept_order, advance_order, cancel_order, deliver_order
from khaacho.orders.placer import OrderPlacer, PlaceOrder
from khaacho.orders.records import Order, OrderStatus, PaymentMode
from khaacho.platform.database import Database

ROOT = Path(__file__).parents[2]
CONNECTIONS = 10
STAFF = Actor(role=ActorRole.ADMIN, name="Asha Admin")


class Task(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """Something to do; one subclass a kind."""


class Submit(Task, frozen=True, kw_only=True):
    actor: Actor
    order: PlaceOrder


class Confirm(Task, frozen=True, kw_only=True):
    actor: Actor
    basket_id: UUID
    mode: PaymentMode = PaymentMode.CREDIT


class Cancel(Task, frozen=True, kw_only=True):
    order_id: UUID


class Deliver(Task, frozen=True, kw_only=True):
    """From asked to delivered; `quantity` of its one SKU, or all of it."""

    order_id: UUID
    sku: str
    quantity: Decimal | None = None


class Pay(Task, frozen=True, kw_only=True):
    shop: UUID
    amount_paisa: int


AnyTask = Submit | Confirm | Cancel | Deliver | Pay


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """'OK' with the orders it came to (a payment has none), or the code of the refusal."""

    code: str
    orders: list[Order] = []


async def perform(database: Database, placer: OrderPlacer, task: AnyTask) -> list[Order]:
    """Do one task; refusals are raised."""
    if isinstance(task, Submit):
        return await placer.submit(task.actor, task.order)
    async with database.transaction() as tx:
        match task:
            case Confirm():
                return await confirm_basket(tx, task.actor, task.basket_id, task.mode)
            case Cancel():
                return [await cancel_order(tx, STAFF, task.order_id, reason="changed our mind")]
            case Deliver():
                await accept_order(tx, STAFF, task.order_id)
                await advance_order(tx, STAFF, task.order_id, OrderStatus.PACKING)
                await advance_order(tx, STAFF, task.order_id, OrderStatus.DISPATCHED)
                part = None if task.quantity is None else [DeliveredLine(sku=task.sku, quantity=task.quantity)]
                return [await deliver_order(tx, STAFF, task.order_id, delivered=part)]
            case Pay():
                new = NewPayment(retailer_id=task.shop, amount_paisa=task.amount_paisa, method=PaymentMethod.CASH)
                await record_payment(tx, SYSTEM, new)
                return []


async def perform_at_once(database: Database, placer: OrderPlacer, tasks: Sequence[AnyTask]) -> list[Outcome]:
    """All tasks from one barrier, one outcome each."""
    outcomes = await all_at_once([lambda t=task: perform(database, placer, t) for task in tasks])
    return [
        Outcome(code=outcome.code) if isinstance(outcome, KhaachoError) else Outcome(code="OK", orders=outcome)
        for outcome in outcomes
    ]


def in_processes(dsn: str, tasks_of_each: Sequence[Sequence[AnyTask]]) -> list[list[Outcome]]:
    """Start one process for each list of tasks, let them all go at the same moment, collect what came of it."""
    with ExitStack() as stack:
        processes = [stack.enter_context(_start(dsn, tasks)) for tasks in tasks_of_each]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return [msgspec.json.decode(process.communicate(timeout=60)[0], type=list[Outcome]) for process in processes]


def _start(dsn: str, tasks: Sequence[AnyTask]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.concurrency.contender", dsn],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(list(tasks)).decode() + "\n")
    process.stdin.flush()
    return process


async def _contend(dsn: str) -> None:
    tasks = msgspec.json.decode(sys.stdin.readline(), type=list[AnyTask])
    database = await Database.open(dsn, connections_max=CONNECTIONS)
    placer = OrderPlacer(database)
    print("ready", flush=True)
    assert sys.stdin.readline() == "go\n"
    outcomes = await perform_at_once(database, placer, tasks)
    await placer.drain()
    await database.close()
    print(msgspec.json.encode(outcomes).decode())


if __name__ == "__main__":
    asyncio.run(_contend(sys.argv[1]))
