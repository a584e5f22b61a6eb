"""What the founder looks at, at the size of a country: the risk dashboard [C30], lines in danger [C91], insights [C70].

Each in a database of its own, beside the barest statement that could answer: one GROUP BY over the same rows.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from statistics import median
from urllib.parse import urlsplit, urlunsplit

import psycopg

from bench.recording import Figure, Recorder
from bench.risk_world import fill_orders, fill_receivables
from khaacho.credit.exposure.at_risk import find_at_risk
from khaacho.credit.exposure.profile import find_credit_profile
from khaacho.credit.exposure.risk import RiskFilter, find_risk_page
from khaacho.orders.insights import count_insights
from khaacho.platform.database import Database
from khaacho.platform.migrate import migrate

RUNS = 5
# (shops, open items, what the dashboard may take)
SIZES = ((1_000, 100_000, 200), (20_000, 1_000_000, 1_000))
CLEARED_ITEMS = 500_000
ORDERS = 1_000_000
# All within the days that insights count: the worst case, since older orders are not read at all.
ORDER_DAYS = 30
INSIGHTS_MS_MAX = 10_000
QUERY_MS_MAX = 20

BAREST_OWED = """
    SELECT retailer_id, SUM(amount_paisa - cleared_paisa)::bigint AS paisa
    FROM credit_debits
    WHERE cleared_paisa < amount_paisa
    GROUP BY retailer_id
"""
BAREST_ORDERS = (
    "SELECT retailer_id, count(*) AS orders, SUM(total_paisa)::bigint AS paisa FROM orders GROUP BY retailer_id"
)


async def measure(recorder: Recorder, dsn: str) -> None:
    """Fill a database for each size, and look."""
    for shops, open_items, allowed_ms in SIZES:
        own_dsn = _new_database(dsn, f"risk_{shops}")
        migrate(own_dsn)
        fill_receivables(own_dsn, shops=shops, open_items=open_items, cleared_items=CLEARED_ITEMS)
        database = await Database.open(own_dsn)
        size = f"{shops:,} shops, {open_items:,} open items"
        await _measure_risk(recorder, database, size, allowed_ms)
        if shops == SIZES[-1][0]:
            fill_orders(own_dsn, orders=ORDERS, days=ORDER_DAYS)
            await _measure_insights(recorder, database, f"{shops:,} shops, {ORDERS:,} orders")
        await database.close()


async def _measure_risk(recorder: Recorder, database: Database, size: str, allowed_ms: int) -> None:
    async with database.reading() as tx:
        barest = await _milliseconds(lambda: tx.execute(BAREST_OWED))
        dashboard = await _milliseconds(lambda: find_risk_page(tx, RiskFilter(), limit=50))
        danger = await _milliseconds(lambda: find_at_risk(tx, limit=100))
        worst = (await find_risk_page(tx, RiskFilter(), limit=1)).retailers[0].retailer_id
        profile = await _milliseconds(lambda: find_credit_profile(tx, worst))
    _record(recorder, f"risk dashboard, {size}", dashboard, allowed_ms, barest)
    _record(recorder, f"lines at risk, {size}", danger, None, barest)
    _record(recorder, f"one shop's credit, {size}", profile, QUERY_MS_MAX, None)


async def _measure_insights(recorder: Recorder, database: Database, size: str) -> None:
    async with database.reading() as tx:
        barest = await _milliseconds(lambda: tx.execute(BAREST_ORDERS))

    async def count() -> None:
        async with database.transaction() as tx:
            await count_insights(tx)

    _record(recorder, f"insights counted, {size}", await _milliseconds(count), INSIGHTS_MS_MAX, barest)


def _record(recorder: Recorder, name: str, ms: float, allowed_ms: int | None, barest_ms: float | None) -> None:
    if allowed_ms is not None:
        recorder.record(Figure(name=name, value=ms, unit="ms", target=allowed_ms, more_is_better=False))
    if barest_ms is not None:
        recorder.record(
            Figure(
                name=f"{name}, beside",
                value=ms,
                unit="ms",
                limit=barest_ms,
                limit_name="one GROUP BY",
                more_is_better=False,
            )
        )


async def _milliseconds(work: Callable[[], Awaitable[object]]) -> float:
    """The median of a few runs, after one that warms up."""
    await work()
    took = []
    for _ in range(RUNS):
        started = time.perf_counter()
        await work()
        took.append((time.perf_counter() - started) * 1000)
    return median(took)


def _new_database(dsn: str, name: str) -> str:
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute(f"CREATE DATABASE {name}")
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))
