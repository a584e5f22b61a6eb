"""python -m bench [placing] [paying] [serving] [prepaid] [projects] [risk] [understanding]: measure, record, show.

Everything runs against an embedded PostgreSQL of its own in a temporary folder, with fsync on, on loopback only, and
stops by itself. BENCH_SECONDS (6) is how long each load runs.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

import uvloop

from bench import payments, placing, prepaid, projects, risk, serving, walls
from bench.recording import Recorder
from bench.world import build_world
from khaacho.platform.database import Database
from khaacho.platform.embedded import delete_embedded, start_embedded
from khaacho.platform.heap import settle_heap
from khaacho.platform.migrate import migrate

PARTS = ("placing", "paying", "serving", "prepaid", "projects", "risk", "understanding")


async def main(parts: list[str]) -> int:
    """Run the parts; answers 1 when a target is not met."""
    recorder = Recorder()
    if "understanding" in parts:
        walls.measure(recorder)
    with tempfile.TemporaryDirectory(prefix="khaacho-bench-") as name:
        folder = Path(name)
        server = await asyncio.to_thread(start_embedded, folder)
        try:
            migrate(server.dsn)
            database = await Database.open(server.dsn)
            if {"placing", "paying", "serving"} & set(parts):
                world = await build_world(database)
            settle_heap()
            if "placing" in parts:
                await placing.measure(recorder, database, world)
            if "paying" in parts:
                await payments.measure(recorder, database, world)
            if "serving" in parts:
                await serving.measure(recorder, database, world, folder)
            if "prepaid" in parts:
                await prepaid.measure(recorder, database, folder)
            if "projects" in parts:
                await projects.measure(recorder, database)
            if "risk" in parts:
                await risk.measure(recorder, server.dsn)
            await database.close()
        finally:
            await asyncio.to_thread(delete_embedded, folder)
    met = recorder.show() if recorder.figures else True
    if "understanding" in parts:
        await (await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.understanding")).wait()
    return 0 if met else 1


if __name__ == "__main__":
    unknown = set(sys.argv[1:]) - set(PARTS)
    if unknown:
        sys.exit(f"unknown part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    sys.exit(uvloop.run(main(sys.argv[1:] or list(PARTS))))
