"""Throwing away what nobody will ask for again, a little at a time, so that no statement holds locks for long."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from khaacho.platform.database import Database
from khaacho.platform.queue import Schedule

ROWS_AT_ONCE = 5_000


class Leftover(msgspec.Struct, frozen=True, kw_only=True):
    """Rows of `table` whose `column` is older than `kept`."""

    table: str
    column: str
    kept: timedelta


LEFTOVERS = (
    # Promised for at least seven days; a month covers a partner who was away.
    Leftover(table="idempotency_keys", column="created_at", kept=timedelta(days=30)),
    # Needed while the event's job may run again; a dead letter older than this is history.
    Leftover(table="event_deliveries", column="delivered_at", kept=timedelta(days=90)),
    Leftover(table="rate_limits", column="window_start", kept=timedelta(days=1)),
    Leftover(table="worker_heartbeats", column="seen_at", kept=timedelta(days=1)),
    Leftover(table="scheduled_runs", column="slot", kept=timedelta(days=400)),
    Leftover(table="pgqueuer_log", column="created", kept=timedelta(days=7)),
    Leftover(table="pgqueuer_statistics", column="created", kept=timedelta(days=90)),
)


async def throw_away(database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
    """Delete (or only count) what is older than it need be kept; answers rows per table."""
    return {one.table: await _throw_away(database, one, slot - one.kept, dry_run) for one in LEFTOVERS}


async def _throw_away(database: Database, leftover: Leftover, before: datetime, dry_run: bool) -> int:
    where = f"FROM {leftover.table} WHERE {leftover.column} < %(before)s"
    if dry_run:
        async with database.reading() as tx:
            return int(await tx.value(f"SELECT count(*) {where}", {"before": before}))
    deleted = 0
    while True:
        async with database.transaction() as tx:
            batch = await tx.execute(
                f"DELETE FROM {leftover.table} WHERE ctid = ANY(ARRAY(SELECT ctid {where} LIMIT {ROWS_AT_ONCE}))",
                {"before": before},
            )
        deleted += batch
        if batch < ROWS_AT_ONCE:
            return deleted


SCHEDULES = [Schedule(name="throw-away", cron="20 3 * * *", run=throw_away)]
