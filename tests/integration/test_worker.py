"""The worker: jobs that run, are tried again, are left aside; schedules that run once; deaths that lose nothing.

[X20] [X21]
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from khaacho import clock
from khaacho.actors import SYSTEM
from khaacho.errors import NotFound
from khaacho.ids import new_id
from khaacho.platform.database import Database
from khaacho.platform.dead_letters import JobState, discard_failed_jobs, find_jobs, retry_failed_jobs
from khaacho.platform.events import DeliverEvent, Event, deliver, publish
from khaacho.platform.health import WORKER_SILENCE_SECONDS_MAX
from khaacho.platform.job_runner import ATTEMPTS_MAX, retry_delay, run_jobs
from khaacho.platform.pulse import keep_pulse, show_life
from khaacho.platform.queue import Job, JobHandlers, JobPayload, Priority, Schedule, enqueue_jobs
from khaacho.platform.scheduler import Scheduler, latest_slot

NOON = datetime(2026, 2, 10, 6, 15, tzinfo=UTC)  # 12:00 in Kathmandu

Settle = Callable[[], Awaitable[None]]


class Greet(JobPayload, frozen=True, kw_only=True):
    """A job of these tests."""

    name: str
    contact_id: UUID | None = None


class Grumble(JobPayload, frozen=True, kw_only=True):
    """A job that fails."""

    times: int


class SomethingHappened(Event, frozen=True, kw_only=True):
    number: int


@asynccontextmanager
async def running(database: Database, handlers: JobHandlers) -> AsyncIterator[None]:
    """A worker's job runner on these handlers, stopped in good order."""
    stopping = asyncio.Event()
    task = asyncio.create_task(run_jobs(database, handlers, stopping))
    try:
        yield
    finally:
        stopping.set()
        await task


async def enqueue(database: Database, *jobs: Job) -> None:
    async with database.transaction() as tx:
        await enqueue_jobs(tx, jobs)


async def enqueue_and_fail(database: Database, job: Job) -> None:
    async with database.transaction() as tx:
        await enqueue_jobs(tx, [job])
        raise ZeroDivisionError


async def until(done: Callable[[], bool]) -> None:
    """Wait until something that happens in another task, or another process, has happened."""
    async with asyncio.timeout(30):
        while not done():
            await asyncio.sleep(0.02)


async def test_a_job_exists_if_and_only_if_its_transaction_commits(database: Database, settle: Settle) -> None:
    """[X20] Enqueued in the business transaction: undone with it, run after it."""
    seen: list[str] = []

    async def greet(_: Database, job: Greet) -> None:
        seen.append(job.name)

    async with running(database, {Greet: greet}):
        with pytest.raises(ZeroDivisionError):
            await enqueue_and_fail(database, Job(payload=Greet(name="undone")))
        await enqueue(database, Job(payload=Greet(name="done")))
        await settle()
    assert seen == ["done"]
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM pgqueuer") == 0


async def test_urgent_jobs_go_first(database: Database, settle: Settle) -> None:
    """[X20] Messages before analytics, whatever came first."""
    seen: list[str] = []

    async def greet(_: Database, job: Greet) -> None:
        seen.append(job.name)

    await enqueue(database, *[Job(payload=Greet(name="low"), priority=Priority.LOW) for _ in range(20)])
    await enqueue(database, *[Job(payload=Greet(name="high"), priority=Priority.HIGH) for _ in range(8)])
    async with running(database, {Greet: greet}):
        await settle()
    assert seen == ["high"] * 8 + ["low"] * 20


async def test_a_failing_job_is_tried_again_and_then_succeeds(database: Database) -> None:
    """[X20] A failure waits and is tried again; the waits double, spread by a quarter, up to five minutes."""
    tries = asyncio.Queue[int]()

    async def grumble(_: Database, job: Grumble) -> None:
        tries.put_nowait(tries.qsize())
        if tries.qsize() <= job.times:
            raise RuntimeError("not yet")

    await enqueue(database, Job(payload=Grumble(times=1)))
    async with running(database, {Grumble: grumble}):
        await until(lambda: tries.qsize() == 2)
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM pgqueuer") == 0

    assert [retry_delay(attempts, 0).total_seconds() for attempts in (0, 1, 2, 8, 9, 20)] == [1, 2, 4, 256, 300, 300]
    assert retry_delay(1, 1) == timedelta(seconds=2.5)
    assert retry_delay(1, -1) == timedelta(seconds=1.5)


async def test_a_job_that_keeps_failing_becomes_a_dead_letter(database: Database, settle: Settle) -> None:
    """[X20] After the last try it stays, visible with its reason, until a person retries or discards it."""
    runs = 0

    async def grumble(_: Database, job: Grumble) -> None:
        nonlocal runs
        runs += 1
        if job.times:
            raise RuntimeError("broken for good")

    await enqueue(database, Job(payload=Grumble(times=1)))
    async with database.transaction() as tx:
        await tx.execute("UPDATE pgqueuer SET attempts = %(tries)s", {"tries": ATTEMPTS_MAX - 1})
    async with running(database, {Grumble: grumble}):
        await settle()
        async with database.reading() as tx:
            (dead,) = await find_jobs(tx, JobState.FAILED)
        assert (dead.name, dead.attempts, dead.error) == ("Grumble", ATTEMPTS_MAX - 1, "broken for good")
        assert runs == 1

        async with database.transaction() as tx:
            await tx.execute("""UPDATE pgqueuer SET payload = '{"times": 0}'""")
            await retry_failed_jobs(tx, SYSTEM, ids=[dead.id], reason="mended")
        await settle()
    assert runs == 2
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM pgqueuer") == 0
        assert await tx.values("SELECT action || ': ' || reason FROM audit_entries") == ["JOB_RETRIED: mended"]


async def test_only_dead_letters_can_be_discarded(database: Database) -> None:
    """[X20] A waiting job is nobody's to throw away; a refusal changes nothing."""
    await enqueue(database, Job(payload=Greet(name="waiting")), Job(payload=Greet(name="dead")))
    async with database.transaction() as tx:
        await tx.execute("UPDATE pgqueuer SET status = 'failed' WHERE convert_from(payload, 'UTF8') LIKE '%%dead%%'")
        waiting, dead = await tx.values("SELECT id FROM pgqueuer ORDER BY id")
    with pytest.raises(NotFound):
        async with database.transaction() as tx:
            await discard_failed_jobs(tx, SYSTEM, ids=[waiting, dead], reason="tidying")
    async with database.transaction() as tx:
        assert await tx.value("SELECT count(*) FROM pgqueuer") == 2
        await discard_failed_jobs(tx, SYSTEM, ids=[dead], reason="tidying")
    async with database.reading() as tx:
        assert await tx.values("SELECT id FROM pgqueuer") == [waiting]
        assert await tx.values("SELECT reason FROM audit_entries WHERE action = 'JOB_DISCARDED'") == ["tidying"]


async def test_no_nudge_is_lost_while_its_twin_runs(database: Database, settle: Settle) -> None:
    """[X20] [X21] A job skipped for its twin's sake would be lost if the twin had read already; so a twin that runs
    no longer counts, and a twin that waits is not picked before the newcomer's transaction has ended.
    """
    started, go_on, seen = asyncio.Event(), asyncio.Event(), []

    async def greet(database: Database, job: Greet) -> None:
        async with database.reading() as tx:
            seen.append(await tx.value("SELECT count(*) FROM rate_limits"))
        started.set()
        await go_on.wait()

    def nudge(name: str) -> Job:
        return Job(payload=Greet(name=name), dedupe_key="greet:1")

    async with running(database, {Greet: greet}):
        await enqueue(database, nudge("first"))
        await started.wait()
        # The first runs and has read; what commits now must be seen by a run of its own, one for all of it.
        async with database.transaction() as tx:
            await enqueue_jobs(tx, [nudge("second")])
            await enqueue_jobs(tx, [nudge("third"), nudge("third again")])
        async with database.reading() as tx:
            assert await tx.value("SELECT count(*) FROM pgqueuer WHERE status <> 'picked'") <= 1
        go_on.set()
        await settle()
        assert len(seen) == 2

        # The waiting one is held until this transaction, which relies on it, has ended.
        await enqueue(database, Job(payload=Greet(name="later"), dedupe_key="greet:1", delay=timedelta(seconds=0.3)))
        async with database.transaction() as tx:
            await enqueue_jobs(tx, [nudge("relies on it")])
            await tx.execute("INSERT INTO rate_limits VALUES ('seen', now(), 1)")
            await asyncio.sleep(0.6)
        await settle()
    assert seen == [0, 0, 1]


async def test_an_event_reaches_every_subscriber_exactly_once(database: Database, settle: Settle) -> None:
    """[X20] [X21] One subscriber fails at first: it is told again, and the others are not told twice."""
    told: list[str] = []

    async def steady(_tx: Any, event: SomethingHappened) -> None:
        told.append(f"steady {event.number}")

    async def shaky(_tx: Any, event: SomethingHappened) -> None:
        told.append(f"shaky {event.number}")
        if told.count(f"shaky {event.number}") == 1:
            raise RuntimeError("stumbled")

    subscribers = {SomethingHappened: [steady, shaky]}
    handlers: JobHandlers = {DeliverEvent: lambda db, delivery: deliver(db, subscribers, delivery)}
    async with running(database, handlers):
        async with database.transaction() as tx:
            await publish(tx, [SomethingHappened(number=7)])
        await until(lambda: told.count("shaky 7") == 2)
        await settle()
    assert sorted(told) == ["shaky 7", "shaky 7", "steady 7"]


KILLED_WORKER = """
import asyncio, sys
from khaacho.platform.database import Database
from khaacho.platform.job_runner import run_jobs
from khaacho.platform.queue import JobPayload
class Greet(JobPayload, frozen=True, kw_only=True):
    name: str
    contact_id: str | None = None
async def greet(database, job):
    print("picked", flush=True)
    await asyncio.sleep(3600)
async def main():
    database = await Database.open(sys.argv[1])
    await run_jobs(database, {Greet: greet}, asyncio.Event())
asyncio.run(main())
"""


async def test_a_killed_workers_job_is_run_by_another(dsn: str, database: Database) -> None:
    """[X20] [X21] Killed with a job in hand, without a chance to say anything: another runs it within a minute."""
    await enqueue(database, Job(payload=Greet(name="orphan")))
    victim = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED_WORKER, dsn, stdout=asyncio.subprocess.PIPE
    )
    assert victim.stdout is not None
    assert await victim.stdout.readline() == b"picked\n"
    victim.kill()
    await victim.wait()

    seen = asyncio.Event()

    async def greet(_: Database, job: Greet) -> None:
        seen.set()

    async with running(database, {Greet: greet}):
        async with asyncio.timeout(60):
            await seen.wait()


async def test_a_lost_connection_is_made_anew(dsn: str, database: Database, settle: Settle) -> None:
    """[X21] The server drops every connection; the worker comes back by itself and loses nothing."""
    seen: set[str] = set()

    async def greet(_: Database, job: Greet) -> None:
        seen.add(job.name)

    async with running(database, {Greet: greet}):
        await enqueue(database, Job(payload=Greet(name="before")))
        await settle()
        admin = await Database.open(dsn, as_app_role=False, connections_max=2)
        async with admin.reading() as tx:
            await tx.values(
                """
                SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid()
                """
            )
        async with admin.transaction() as tx:
            await enqueue_jobs(tx, [Job(payload=Greet(name="after"))])
        await admin.close()
        await until(lambda: "after" in seen)
    assert seen == {"before", "after"}


class Ledger:
    """Counts runs of a schedule by slot."""

    def __init__(self, *, failures: int = 0) -> None:
        self.slots: list[datetime] = []
        self._failures = failures

    async def run(self, _database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
        self.slots.append(slot)
        if len(self.slots) <= self._failures:
            raise RuntimeError("not today")
        return {"reminded": 3}

    def schedule(self, cron: str) -> Schedule:
        return Schedule(name="remind", cron=cron, run=self.run)


async def run_until(scheduler: Scheduler, done: Callable[[], bool]) -> None:
    stopping = asyncio.Event()
    task = asyncio.create_task(scheduler.run(stopping))
    await until(done)
    stopping.set()
    await task


def test_cron_times_are_on_the_wall_clock_of_the_business_zone() -> None:
    """[X20] Ten in the morning is ten in Kathmandu, 04:15 UTC; the very minute counts."""
    assert latest_slot("0 10 * * *", NOON) == datetime(2026, 2, 10, 4, 15, tzinfo=UTC)
    assert latest_slot("0 12 * * *", NOON) == NOON
    assert latest_slot("0 13 * * *", NOON) == datetime(2026, 2, 9, 7, 15, tzinfo=UTC)


async def test_a_slot_runs_once_over_all_workers(database: Database) -> None:
    """[X20] Three workers, one slot, one run; its outcome is kept; the latest missed slot is caught up, and only it."""
    ledger = Ledger()
    ids = [new_id() for _ in range(3)]
    for worker_id in ids:
        await show_life(database, worker_id)
    workers = [Scheduler(database, [ledger.schedule("0 10 * * *")], worker_id) for worker_id in ids]
    with clock.travelled_to(NOON):
        await asyncio.gather(*[run_until(worker, lambda: len(ledger.slots) > 0) for worker in workers])
        assert ledger.slots == [datetime(2026, 2, 10, 4, 15, tzinfo=UTC)]
    with clock.travelled_to(NOON + timedelta(days=3)):
        await run_until(workers[0], lambda: len(ledger.slots) > 1)
        assert ledger.slots[1:] == [datetime(2026, 2, 13, 4, 15, tzinfo=UTC)]
    async with database.reading() as tx:
        rows = await tx.dicts("SELECT job, outcome, finished_at IS NOT NULL AS done FROM scheduled_runs ORDER BY slot")
    assert rows == [{"job": "remind", "outcome": {"reminded": 3}, "done": True}] * 2


async def test_a_slot_older_than_a_day_is_let_go(database: Database) -> None:
    """[X20] After a long silence nobody is reminded of last week: a weekly slot four days old is not caught up."""
    ledger = Ledger()
    marker = Ledger()
    every_minute = Schedule(name="marker", cron="* * * * *", run=marker.run)
    scheduler = Scheduler(database, [ledger.schedule("0 10 * * FRI"), every_minute], new_id())
    with clock.travelled_to(NOON):  # A Tuesday.
        await run_until(scheduler, lambda: len(marker.slots) > 0)
    assert ledger.slots == []


async def test_a_dead_workers_slot_is_taken_over(database: Database) -> None:
    """[X20] [X21] A claim nobody finished is run by another once its worker is silent, and not before."""
    slot = datetime(2026, 2, 10, 4, 15, tzinfo=UTC)
    dead, alive = new_id(), new_id()
    await show_life(database, dead)
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO scheduled_runs (job, slot, worker_id, started_at) VALUES ('remind', %(slot)s, %(id)s, now())",
            {"slot": slot, "id": dead},
        )
    ledger, marker = Ledger(), Ledger()
    schedules = [ledger.schedule("0 10 * * *"), Schedule(name="marker", cron="* * * * *", run=marker.run)]
    with clock.travelled_to(NOON):
        await run_until(Scheduler(database, schedules, alive), lambda: len(marker.slots) > 0)
        assert ledger.slots == []
        async with database.transaction() as tx:
            await tx.execute(
                "UPDATE worker_heartbeats SET seen_at = now() - make_interval(secs => %(secs)s)",
                {"secs": WORKER_SILENCE_SECONDS_MAX * 2 + 1},
            )
        await run_until(Scheduler(database, schedules, alive), lambda: len(ledger.slots) > 0)
    assert ledger.slots == [slot]


async def test_a_failed_slot_is_tried_again_later(database: Database) -> None:
    """[X20] A run that fails is noted, waits a minute, and is tried again with the same slot."""
    ledger = Ledger(failures=1)
    scheduler = Scheduler(database, [ledger.schedule("0 10 * * *")], new_id())
    with clock.travelled_to(NOON):
        await run_until(scheduler, lambda: len(ledger.slots) > 0)
        async with database.reading() as tx:
            assert await tx.dicts("SELECT attempts, error, finished_at FROM scheduled_runs") == [
                {"attempts": 1, "error": "RuntimeError: not today", "finished_at": None}
            ]
    with clock.travelled_to(NOON + timedelta(seconds=70)):
        await run_until(scheduler, lambda: len(ledger.slots) > 1)
    assert ledger.slots == [datetime(2026, 2, 10, 4, 15, tzinfo=UTC)] * 2
    async with database.reading() as tx:
        assert await tx.dicts("SELECT attempts, error, outcome FROM scheduled_runs") == [
            {"attempts": 2, "error": None, "outcome": {"reminded": 3}}
        ]


async def test_signs_of_life_end_with_the_worker(database: Database) -> None:
    """[X4] A worker shows itself while it works, and takes its row with it when it stops."""
    stopping, worker = asyncio.Event(), new_id()
    task = asyncio.create_task(keep_pulse(database, worker, stopping))
    async with asyncio.timeout(10):
        while True:
            async with database.reading() as tx:
                if await tx.values("SELECT worker_id FROM worker_heartbeats") == [worker]:
                    break
            await asyncio.sleep(0.02)
    stopping.set()
    await task
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM worker_heartbeats") == 0
