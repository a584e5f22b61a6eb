"""A worker whose clock a test moves: `python -m tests.scenarios.hurried_worker SHIFT_FILE`.

Its settings are in the environment. The file holds by how many seconds the clock is ahead. Signs of life and ticks
come faster than in earnest, so that a killed worker is noticed in a second instead of half a minute; what is done on a
tick is the same.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from datetime import timedelta
from pathlib import Path

from khaacho import clock
from khaacho.platform import job_runner, pulse, scheduler
from khaacho.platform.logs import configure_logs
from khaacho.platform.opening import open_database
from khaacho.settings import load_settings
from khaacho.worker import work

LOOK_SECONDS = 0.02


async def hurry(shift_file: Path) -> None:
    """Work until SIGTERM, by the clock of the file."""
    pulse.BEAT_SECONDS = 0.2
    scheduler.TICK_SECONDS = 0.05
    scheduler.RECOVER_SECONDS = 0.2
    scheduler.WORKER_SILENCE_SECONDS_MAX = 1
    job_runner.HEARTBEAT_TIMEOUT = timedelta(seconds=2)
    settings = load_settings()
    configure_logs(settings)
    _read_shift(shift_file)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    watching = asyncio.create_task(_watch(shift_file))
    async with open_database(settings) as database:
        await work(settings, database, stopping)
    watching.cancel()


async def _watch(shift_file: Path) -> None:
    while True:
        _read_shift(shift_file)
        await asyncio.sleep(LOOK_SECONDS)


def _read_shift(shift_file: Path) -> None:
    clock.shift_by(timedelta(seconds=float(shift_file.read_text())))


if __name__ == "__main__":
    asyncio.run(hurry(Path(sys.argv[1])))
