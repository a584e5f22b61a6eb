"""Placing credit orders [C14]: our coalesced placement beside pgbench doing the same writes, one transaction an order.

Every run ends with the ledger checked and the acknowledged orders counted: none missing, none double.
"""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import khaacho.credit.checks
import khaacho.ledger.checks
from bench.recording import Figure, Recorder, percentile
from bench.world import BENCH, SHOPS, World
from khaacho.errors import KhaachoError
from khaacho.ids import new_id
from khaacho.orders.placer import OrderPlacer, PlaceOrder, WantedItem
from khaacho.orders.records import PaymentMode
from khaacho.platform.checks import run_checks
from khaacho.platform.database import Database
from khaacho.platform.embedded import find_binaries

SECONDS = float(os.environ.get("BENCH_SECONDS", "6"))
PGBENCH_SCRIPT = Path(__file__).with_name("order.pgbench.sql")
LINES = 3


def order_of(world: World, shop: UUID, number: int) -> PlaceOrder:
    """A credit order of three lines."""
    first = number * 7 % (len(world.products) - LINES)
    return PlaceOrder(
        retailer_id=shop,
        items=tuple(
            WantedItem(product_id=product, quantity=Decimal(1)) for product in world.products[first : first + LINES]
        ),
        payment_mode=PaymentMode.CREDIT,
        idempotency_key=str(new_id()),
    )


async def run_callers(
    submit: Callable[[int], Awaitable[object]], *, callers: int, seconds: float
) -> tuple[float, list[float], int]:
    """Callers that each submit one after another. Answers accepted per second, latencies in ms, refusals."""
    latencies: list[float] = []
    refused = 0
    number = 0
    until = time.perf_counter() + seconds

    async def caller() -> None:
        nonlocal number, refused
        while time.perf_counter() < until:
            number += 1
            started = time.perf_counter()
            try:
                await submit(number)
            except KhaachoError:
                refused += 1
            else:
                latencies.append((time.perf_counter() - started) * 1000)

    started = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(callers)))
    return len(latencies) / (time.perf_counter() - started), latencies, refused


def run_pgbench(dsn: str, *, clients: int, people: int, seconds: float, script: Path = PGBENCH_SCRIPT) -> float:
    """Transactions per second by pgbench with prepared statements."""
    told = subprocess.run(
        [
            str(find_binaries() / "pgbench"),
            "--no-vacuum",
            "--protocol=prepared",
            f"--client={clients}",
            "--jobs=2",
            f"--time={max(1, round(seconds))}",
            "--define=person_from=1",
            f"--define=person_to={people}",
            f"--file={script}",
            dsn,
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"tps = ([\d.]+)", told.stdout)
    if found is None:
        raise RuntimeError(told.stdout + told.stderr)
    return float(found[1])


async def measure(recorder: Recorder, database: Database, world: World) -> None:
    """All of it; leaves the database checked."""
    acknowledged = 0

    async def ours(callers: int, shops: Sequence[UUID]) -> tuple[float, list[float]]:
        nonlocal acknowledged
        placer = OrderPlacer(database)

        async def submit(number: int) -> None:
            await placer.submit(BENCH, order_of(world, shops[number * 7919 % len(shops)], number))

        await run_callers(submit, callers=callers, seconds=0.5)
        rate, latencies, _ = await run_callers(submit, callers=callers, seconds=SECONDS)
        acknowledged += len(latencies)
        return rate, latencies

    spread = {
        clients: await asyncio.to_thread(run_pgbench, database.dsn, clients=clients, people=SHOPS, seconds=SECONDS)
        for clients in (1, 16, 64)
    }
    hot = {
        clients: await asyncio.to_thread(run_pgbench, database.dsn, clients=clients, people=1, seconds=SECONDS)
        for clients in (16, 64)
    }
    best_spread, best_hot = max(spread.values()), max(hot.values())

    rate, latencies = await ours(1, world.shops)
    recorder.record(
        Figure(name="place, 1 caller", value=rate, unit="orders/s", limit=spread[1], limit_name="pgbench, 1 client")
    )
    recorder.record(
        Figure(
            name="place, 1 caller, p50", value=percentile(latencies, 0.5), unit="ms", target=3.0, more_is_better=False
        )
    )
    for callers in (16, 64):
        rate, latencies = await ours(callers, world.shops)
        recorder.record(
            Figure(
                name=f"place, {callers} callers, 10,000 lines",
                value=rate,
                unit="orders/s",
                limit=best_spread,
                limit_name="pgbench's best",
                target=1.2 if callers == 64 else None,
            )
        )
        recorder.record(
            Figure(
                name=f"place, {callers} callers, p95",
                value=percentile(latencies, 0.95),
                unit="ms",
                target=50.0,
                more_is_better=False,
            )
        )
    rate, _ = await ours(64, world.shops[:1])
    recorder.record(
        Figure(
            name="place, 64 callers, one hot line",
            value=rate,
            unit="orders/s",
            limit=best_hot,
            limit_name="pgbench's best",
            target=3.0,
        )
    )
    await _ugly(recorder, database, world, best_spread, best_hot)
    await _half_refused(recorder, database, world, best_spread)
    await _require_sound(database)


async def _ugly(recorder: Recorder, database: Database, world: World, best_spread: float, best_hot: float) -> None:
    """Two processes on one line, and two processes all wanting the same three goods."""
    for name, shops, goods, limit in (
        ("place, 2 processes × 32, one hot line", 1, len(world.products), best_hot),
        ("place, 2 processes × 32, the same goods", SHOPS, LINES + 1, best_spread),
    ):
        started = [
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "bench.placing_process",
                database.dsn,
                str(shops),
                str(goods),
                str(SECONDS),
                stdout=asyncio.subprocess.PIPE,
            )
            for _ in range(2)
        ]
        told = [await process.communicate() for process in started]
        rate = sum(float(out.decode().split()[-1]) for out, _ in told)
        recorder.record(Figure(name=name, value=rate, unit="orders/s", limit=limit, limit_name="pgbench's best"))


async def _half_refused(recorder: Recorder, database: Database, world: World, best_spread: float) -> None:
    placer = OrderPlacer(database)

    async def submit(number: int) -> None:
        order = order_of(world, world.shops[number * 7919 % SHOPS], number)
        if number % 2:
            # An unknown shop: refused by the guardrail, in the middle of a batch of good orders.
            order = order_of(world, new_id(), number)
        with suppress(KhaachoError):
            await placer.submit(BENCH, order)

    rate, _, _ = await run_callers(submit, callers=64, seconds=SECONDS)
    recorder.record(
        Figure(
            name="decide, 64 callers, half refused",
            value=rate,
            unit="orders/s",
            limit=best_spread,
            limit_name="pgbench's best",
        )
    )


async def _require_sound(database: Database) -> None:
    results = await run_checks(database, [*khaacho.ledger.checks.CHECKS, *khaacho.credit.checks.CHECKS])
    broken = [result for result in results if not result.holds]
    if broken:
        raise RuntimeError(f"the ledger does not add up: {broken}")
