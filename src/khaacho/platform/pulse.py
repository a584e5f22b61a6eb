"""A worker's signs of life: its row in `worker_heartbeats`, and the figures of the queue at /metrics."""

from __future__ import annotations

import asyncio
from uuid import UUID

import msgspec
import structlog

from khaacho.errors import KhaachoError
from khaacho.platform.database import Database
from khaacho.platform.metrics import QUEUE_AGE_SECONDS, QUEUE_JOBS

log = structlog.get_logger(__name__)

BEAT_SECONDS = 5.0
QUEUE_STATES = ("queued", "picked", "failed")


class QueueFigures(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs wait, run, or failed for good, and how long the oldest due one has waited."""

    queued: int
    picked: int
    failed: int
    age_seconds: float


async def keep_pulse(database: Database, worker_id: UUID, stopping: asyncio.Event) -> None:
    """Show life every few seconds until `stopping`, then take the row away, so that nobody waits for this worker."""
    while not stopping.is_set():
        try:
            await show_life(database, worker_id)
            publish_figures(await find_queue_figures(database))
        except KhaachoError as error:
            log.warning("heartbeat_not_written", why=type(error).__name__)
        try:
            await asyncio.wait_for(stopping.wait(), BEAT_SECONDS)
        except TimeoutError:
            pass
    try:
        async with database.transaction() as tx:
            await tx.execute("DELETE FROM worker_heartbeats WHERE worker_id = %(worker)s", {"worker": worker_id})
    except KhaachoError as error:
        log.warning("heartbeat_not_removed", why=type(error).__name__)


async def show_life(database: Database, worker_id: UUID) -> None:
    """Write that this worker lives, by the database's clock: the one clock that all who ask share."""
    async with database.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO worker_heartbeats (worker_id, started_at, seen_at)
            VALUES (%(worker)s, now(), now())
            ON CONFLICT (worker_id) DO UPDATE SET seen_at = excluded.seen_at
            """,
            {"worker": worker_id},
        )


async def find_queue_figures(database: Database) -> QueueFigures:
    """How the queue stands now."""
    async with database.reading() as tx:
        return await tx.one(
            """
            SELECT
                count(*) FILTER (WHERE status = 'queued') AS queued,
                count(*) FILTER (WHERE status = 'picked') AS picked,
                count(*) FILTER (WHERE status = 'failed') AS failed,
                coalesce(extract(epoch FROM now() - min(execute_after)
                    FILTER (WHERE status = 'queued' AND execute_after <= now())), 0)::float8 AS age_seconds
            FROM pgqueuer
            """,
            into=QueueFigures,
        )


def publish_figures(figures: QueueFigures) -> None:
    """Put the figures where /metrics finds them."""
    for state in QUEUE_STATES:
        QUEUE_JOBS.labels(state).set(getattr(figures, state))
    QUEUE_AGE_SECONDS.set(figures.age_seconds)
