"""Running scheduled work by hand, from the API or the console.

It runs where it is asked for, so that whoever asks sees what came of it. What takes longer than a request may is cut
off and left to a worker, which begins again: all this work minds each item by itself, so what was done stays done.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.errors import RequestTimeout
from khaacho.platform.database import Database
from khaacho.platform.queue import Schedule
from khaacho.platform.scheduler import audit_hand_run, hand_over, run_by_hand

# Less than a request may take (KHAACHO_REQUEST_TIMEOUT_SECONDS, 30 unless set otherwise).
RUN_SECONDS_MAX = 20.0


class RunState(StrEnum):
    DONE = "DONE"
    WOULD_DO = "WOULD_DO"
    # A worker goes on with it; its outcome is found among the runs.
    HANDED_OVER = "HANDED_OVER"


class HandRun(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it."""

    state: RunState
    outcome: Mapping[str, Any]


async def run_duty(database: Database, actor: Actor, schedule: Schedule, *, dry_run: bool) -> HandRun:
    """Run it now, or only tell what it would do. Raises RequestTimeout for a dry run that takes too long."""
    moment = clock.now()
    if not dry_run:
        async with database.transaction() as tx:
            await audit_hand_run(tx, actor, schedule.name)
    try:
        async with asyncio.timeout(RUN_SECONDS_MAX):
            outcome = await run_by_hand(database, schedule, moment, dry_run=dry_run)
    except TimeoutError as error:
        if dry_run:
            raise RequestTimeout from error
        await hand_over(database, schedule.name, moment)
        return HandRun(state=RunState.HANDED_OVER, outcome={})
    return HandRun(state=RunState.WOULD_DO if dry_run else RunState.DONE, outcome=outcome)
