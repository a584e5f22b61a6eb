"""One process of several that place orders at once: python -m bench.placing_process DSN SHOPS GOODS SECONDS."""

from __future__ import annotations

import asyncio
import sys

from bench.placing import order_of, run_callers
from bench.world import BENCH, World
from khaacho.orders.placer import OrderPlacer
from khaacho.platform.database import Database
from khaacho.platform.heap import settle_heap

CALLERS = 32


async def main(dsn: str, shops: int, goods: int, seconds: float) -> None:
    """Place as fast as it goes for so many seconds; print the rate."""
    database = await Database.open(dsn)
    async with database.reading() as tx:
        world = World(
            shops=await tx.values("SELECT retailer_id FROM bench_people ORDER BY n LIMIT %(n)s", {"n": shops}),
            products=await tx.values("SELECT product_id FROM bench_goods ORDER BY n LIMIT %(n)s", {"n": goods}),
            vendor=await tx.value("SELECT id FROM vendors"),
        )
    placer = OrderPlacer(database)
    settle_heap()

    async def submit(number: int) -> None:
        await placer.submit(BENCH, order_of(world, world.shops[number * 7919 % len(world.shops)], number))

    rate, _, refused = await run_callers(submit, callers=CALLERS, seconds=seconds)
    print(f"refused {refused} rate {rate:.1f}")
    await database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
