"""Runs work at cron times of the business zone, each slot once however many workers there are.

The row (job, slot) in `scheduled_runs` is the claim: whoever inserts it runs the slot. A claim whose worker shows no
sign of life is taken over, a run that fails is tried again, and a slot that passed while no worker ran is caught up
when it is at most a day old, the latest one only. So a run may be repeated, and must not mind.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import msgspec
import structlog
from croniter import croniter
from psycopg.types.json import Jsonb

from khaacho import clock
from khaacho.actors import Actor
from khaacho.errors import KhaachoError
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Database, Transaction
from khaacho.platform.health import WORKER_SILENCE_SECONDS_MAX
from khaacho.platform.metrics import SCHEDULED_RUNS
from khaacho.platform.queue import Schedule

log = structlog.get_logger(__name__)

TICK_SECONDS = 0.5
# How often to look for claims whose worker died and for runs due for another try.
RECOVER_SECONDS = 5.0
CATCH_UP = timedelta(hours=24)
ATTEMPTS_MAX = 5
RETRY_FIRST = timedelta(minutes=1)
ERROR_LENGTH_MAX = 500
RUNS_SHOWN_MAX = 100
# The audit knows things by ids, and a schedule has only a name.
_NAMES = UUID("0c2f1c5e-8a53-5d0b-b9a5-1a7f0c6d2e94")


class _Slot(msgspec.Struct, frozen=True, kw_only=True):
    job: str
    slot: datetime


def latest_slot(cron: str, now: datetime) -> datetime:
    """The last time at or before `now` that `cron` names on the wall clock of the business zone, in UTC."""
    # The library answers times strictly before the one given.
    start = clock.business_time(now) + timedelta(microseconds=1)
    slot: datetime = croniter(cron, start).get_prev(datetime)
    return slot.astimezone(UTC)


def next_slot(cron: str, now: datetime) -> datetime:
    """The first time after `now` that `cron` names on the wall clock of the business zone, in UTC."""
    slot: datetime = croniter(cron, clock.business_time(now)).get_next(datetime)
    return slot.astimezone(UTC)


class Scheduler:
    """One worker's part in running the schedules."""

    def __init__(self, database: Database, schedules: Sequence[Schedule], worker_id: UUID) -> None:
        self._database = database
        self._schedules = {schedule.name: schedule for schedule in schedules}
        self._worker_id = worker_id
        self._seen: dict[str, datetime] = {}
        self._running: dict[str, asyncio.Task[None]] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        """Run slots as they come due until `stopping`; those in work are finished first."""
        loop = asyncio.get_running_loop()
        recover_at = loop.time()
        while not stopping.is_set():
            try:
                await self._start_due()
                if loop.time() >= recover_at:
                    await self._start_abandoned()
                    recover_at = loop.time() + RECOVER_SECONDS
            except KhaachoError as error:
                log.warning("schedules_not_read", why=type(error).__name__)
            try:
                await asyncio.wait_for(stopping.wait(), TICK_SECONDS)
            except TimeoutError:
                pass
        await asyncio.gather(*self._running.values())

    async def _start_due(self) -> None:
        now = clock.now()
        for name, schedule in self._schedules.items():
            slot = latest_slot(schedule.cron, now)
            if self._seen.get(name) == slot or name in self._running or slot < now - CATCH_UP:
                continue
            await self._claim_and_start(schedule, slot)
            self._seen[name] = slot

    async def _start_abandoned(self) -> None:
        async with self._database.reading() as tx:
            abandoned = await tx.all(
                f"""
                SELECT job, slot
                FROM scheduled_runs AS run
                WHERE job = ANY(%(names)s) AND slot > %(oldest)s AND {_ABANDONED}
                """,
                self._claim_params() | {"names": list(self._schedules), "oldest": clock.now() - CATCH_UP},
                into=_Slot,
            )
        for one in abandoned:
            if one.job not in self._running:
                await self._claim_and_start(self._schedules[one.job], one.slot)

    async def _claim_and_start(self, schedule: Schedule, slot: datetime) -> None:
        async with self._database.transaction() as tx:
            attempts = await tx.value(
                f"""
                INSERT INTO scheduled_runs AS run (job, slot, worker_id, started_at)
                VALUES (%(job)s, %(slot)s, %(worker)s, %(now)s)
                ON CONFLICT (job, slot) DO UPDATE SET
                    worker_id = excluded.worker_id,
                    started_at = excluded.started_at,
                    retry_at = NULL,
                    attempts = run.attempts + 1
                WHERE {_ABANDONED}
                RETURNING attempts
                """,
                self._claim_params() | {"job": schedule.name, "slot": slot},
            )
        if attempts is not None:
            task = asyncio.create_task(self._run_slot(schedule, slot, attempts))
            self._running[schedule.name] = task
            task.add_done_callback(lambda _: self._running.pop(schedule.name, None))

    def _claim_params(self) -> dict[str, Any]:
        return {"worker": self._worker_id, "now": clock.now(), "silence": WORKER_SILENCE_SECONDS_MAX * 2}

    async def _run_slot(self, schedule: Schedule, slot: datetime, attempts: int) -> None:
        with structlog.contextvars.bound_contextvars(job=schedule.name, slot=slot.isoformat()):
            try:
                outcome = await schedule.run(self._database, slot, False)
                await record_run(self._database, schedule.name, slot, outcome)
            except Exception as failure:
                SCHEDULED_RUNS.labels(schedule.name, "failed").inc()
                log.error("scheduled_run_failed", attempts=attempts, exc_info=failure)
                await self._record_failure(schedule.name, slot, attempts, failure)
            else:
                SCHEDULED_RUNS.labels(schedule.name, "done").inc()
                log.info("scheduled_run_done", outcome=dict(outcome))

    async def _record_failure(self, job: str, slot: datetime, attempts: int, failure: Exception) -> None:
        now = clock.now()
        final = attempts >= ATTEMPTS_MAX
        try:
            async with self._database.transaction() as tx:
                await tx.execute(
                    """
                    UPDATE scheduled_runs
                    SET error = %(error)s, retry_at = %(retry_at)s, finished_at = %(finished_at)s
                    WHERE job = %(job)s AND slot = %(slot)s
                    """,
                    {
                        "job": job,
                        "slot": slot,
                        "error": f"{type(failure).__name__}: {failure}"[:ERROR_LENGTH_MAX],
                        "retry_at": None if final else now + RETRY_FIRST * 2 ** (attempts - 1),
                        "finished_at": now if final else None,
                    },
                )
        except KhaachoError as error:
            # The claim stays ours and unfinished; it is taken over once this worker is gone.
            log.error("scheduled_failure_not_recorded", why=type(error).__name__)


async def record_run(
    database: Database, job: str, slot: datetime, outcome: Mapping[str, Any], *, started_at: datetime | None = None
) -> None:
    """Write what a run did, also of one started by hand whose slot nobody had claimed."""
    async with database.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO scheduled_runs (job, slot, started_at, finished_at, outcome)
            VALUES (%(job)s, %(slot)s, %(started)s, %(now)s, %(outcome)s)
            ON CONFLICT (job, slot) DO UPDATE SET
                finished_at = excluded.finished_at, outcome = excluded.outcome, error = NULL, retry_at = NULL
            """,
            {
                "job": job,
                "slot": slot,
                "started": started_at or clock.now(),
                "now": clock.now(),
                "outcome": Jsonb(dict(outcome)),
            },
        )


async def audit_hand_run(tx: Transaction, actor: Actor, job: str) -> None:
    """Say who started a piece of scheduled work outside its times; one entry, whatever comes of it [C80]."""
    await record_audit(
        tx,
        actor,
        [AuditEntry(action="JOB_RUN", subject_kind="schedule", subject_id=uuid5(_NAMES, job), new={"job": job})],
    )


async def run_by_hand(database: Database, schedule: Schedule, moment: datetime, *, dry_run: bool) -> Mapping[str, Any]:
    """Run it once outside its times, with `moment` as the slot; a real run is recorded like any other.

    Who started it is the caller's to say, with `audit_hand_run`.
    """
    started_at = clock.now()
    outcome = await schedule.run(database, moment, dry_run)
    if not dry_run:
        await record_run(database, schedule.name, moment, outcome, started_at=started_at)
    return outcome


async def hand_over(database: Database, job: str, moment: datetime) -> None:
    """Leave a run to the workers: an unfinished run of nobody, which the first that looks takes over."""
    async with database.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO scheduled_runs (job, slot, attempts, started_at)
            VALUES (%(job)s, %(slot)s, 0, %(now)s)
            ON CONFLICT DO NOTHING
            """,
            {"job": job, "slot": moment, "now": clock.now()},
        )


class LastRun(msgspec.Struct, frozen=True, kw_only=True):
    """The newest slot of a schedule and what came of it."""

    job: str
    slot: datetime
    finished_at: datetime | None
    outcome: dict[str, Any] | None
    error: str | None


async def find_last_runs(database: Database) -> dict[str, LastRun]:
    """The newest run of each schedule, by its name."""
    async with database.reading() as tx:
        runs = await tx.all(
            """
            SELECT DISTINCT ON (job) job, slot, finished_at, outcome, error
            FROM scheduled_runs
            ORDER BY job, slot DESC
            """,
            into=LastRun,
        )
    return {run.job: run for run in runs}


class PastRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a schedule. `worker_id` is empty when a person started it."""

    job: str
    slot: datetime
    worker_id: UUID | None
    attempts: int
    started_at: datetime
    retry_at: datetime | None
    finished_at: datetime | None
    outcome: dict[str, Any] | None
    error: str | None


async def find_runs(
    tx: Transaction, jobs: Sequence[str], *, before: datetime | None = None, limit: int = RUNS_SHOWN_MAX
) -> list[PastRun]:
    """The newest runs of these schedules, by their slots."""
    return await tx.all(
        """
        SELECT job, slot, worker_id, attempts, started_at, retry_at, finished_at, outcome, error
        FROM scheduled_runs
        WHERE job = ANY(%(jobs)s) AND (%(before)s::timestamptz IS NULL OR slot < %(before)s)
        ORDER BY slot DESC, job
        LIMIT %(limit)s
        """,
        {"jobs": list(jobs), "before": before, "limit": limit},
        into=PastRun,
    )


# A claim that may be taken: unfinished, and either due for another try or left by a worker that shows no sign of life.
# Life is judged by the database's clock, which all workers share, not by the business clock that tests move.
_ABANDONED = """
    run.finished_at IS NULL AND (
        run.retry_at <= %(now)s
        OR run.retry_at IS NULL AND run.worker_id IS DISTINCT FROM %(worker)s AND NOT EXISTS (
            SELECT FROM worker_heartbeats AS beat
            WHERE beat.worker_id = run.worker_id AND beat.seen_at > now() - make_interval(secs => %(silence)s)
        )
    )
"""
