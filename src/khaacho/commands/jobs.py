"""`khaacho jobs`: what waits and what failed, running scheduled work by hand, and dealing with dead letters."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from typing import Annotated

from cyclopts import App, Parameter
from rich.table import Table

from khaacho import clock
from khaacho.actors import SYSTEM
from khaacho.commands.terminal import DONE, out, with_database
from khaacho.duties import schedules
from khaacho.errors import JobNotFound
from khaacho.ledger.sealing import SEALED_TABLES
from khaacho.platform.database import Database
from khaacho.platform.dead_letters import JobState, discard_failed_jobs, find_jobs, retry_failed_jobs
from khaacho.platform.pulse import find_queue_figures
from khaacho.platform.queue import Schedule
from khaacho.platform.scheduler import audit_hand_run, find_last_runs, run_by_hand
from khaacho.platform.sealing import declared
from khaacho.platform.verifying import DATED_BACK_AFTER
from khaacho.settings import Settings

Reason = Annotated[str, Parameter(help="Why; it is kept in the audit trail.")]


def add_to(app: App) -> None:
    jobs = App(name="jobs", help="See the queue, run scheduled work by hand, retry or discard what failed.")
    jobs.command(list_jobs, name="list")
    jobs.command(run)
    jobs.command(retry)
    jobs.command(discard)
    app.command(jobs)


def list_jobs(*, state: JobState | None = None) -> int:
    """Show scheduled work and the queue.

    Parameters
    ----------
    state
        Only jobs in this state; without it, scheduled work, figures, and the failed jobs.
    """

    async def show(settings: Settings, database: Database) -> None:
        if state is None:
            await _show_schedules(settings, database)
            figures = await find_queue_figures(database)
            out.print(
                f"{figures.queued} waiting, {figures.picked} running, {figures.failed} failed; "
                f"the oldest due job has waited {figures.age_seconds:.0f} s."
            )
        await _show_jobs(database, state or JobState.FAILED)

    with_database(show)
    return DONE


async def _show_schedules(settings: Settings, database: Database) -> None:
    last = await find_last_runs(database)
    table = Table("scheduled work", "cron", "last slot", "finished", "outcome")
    for schedule in schedules(settings):
        run = last.get(schedule.name)
        table.add_row(
            schedule.name,
            schedule.cron,
            _at(run.slot if run else None),
            _at(run.finished_at if run else None),
            "" if run is None else run.error or str(run.outcome or ""),
        )
    out.print(table)


async def _show_jobs(database: Database, state: JobState) -> None:
    async with database.reading() as tx:
        found = await find_jobs(tx, state)
    if not found:
        return
    table = Table("id", "job", "state", "tries", "since", "told", "stopped by")
    for job in found:
        table.add_row(
            str(job.id), job.name, job.state, str(job.attempts), _at(job.created_at), job.payload, job.error or ""
        )
    out.print(table)


def _at(moment: datetime | None) -> str:
    return clock.business_time(moment).strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def run(name: str, /, *, dry_run: bool = False, at: datetime | None = None) -> int:
    """Run a piece of scheduled work now.

    Parameters
    ----------
    name
        One of the names that `khaacho jobs list` shows.
    dry_run
        Only tell what it would do.
    at
        As if it were this time (ISO 8601; in the business zone unless it has an offset).
    """

    async def act(settings: Settings, database: Database) -> None:
        schedule = _schedule(settings, name)
        moment = clock.now() if at is None else at if at.tzinfo else at.replace(tzinfo=clock.zone())
        async with _declared_if_dated_back(database, name, moment, dry_run=dry_run):
            with clock.travelled_to(moment):
                if not dry_run:
                    async with database.transaction() as tx:
                        await audit_hand_run(tx, SYSTEM, name)
                outcome = await run_by_hand(database, schedule, moment, dry_run=dry_run)
        out.print(f"{name} {'would do' if dry_run else 'did'}:")
        for figure, value in outcome.items():
            out.print(f"  {figure}: {value}", highlight=False, markup=False)

    with_database(act)
    return DONE


def _declared_if_dated_back(
    database: Database, name: str, moment: datetime, *, dry_run: bool
) -> AbstractAsyncContextManager[None]:
    """What is written as if it were earlier is sealed with a note that says so, lest it look forged."""
    if dry_run or moment > clock.now() - DATED_BACK_AFTER:
        return nullcontext()
    return declared(database, SEALED_TABLES, f"{name} was run as if it were {moment.isoformat()}")


def _schedule(settings: Settings, name: str) -> Schedule:
    for schedule in schedules(settings):
        if schedule.name == name:
            return schedule
    raise JobNotFound(name=name)


def retry(job_id: int, /, *, reason: Reason = "retried on the command line") -> int:
    """Queue a failed job again, with all its tries."""

    async def act(_settings: Settings, database: Database) -> None:
        async with database.transaction() as tx:
            await retry_failed_jobs(tx, SYSTEM, ids=[job_id], reason=reason)

    with_database(act)
    out.print(f"Job {job_id} is queued again.")
    return DONE


def discard(job_id: int, /, *, reason: Reason) -> int:
    """Take a failed job out of the queue for good."""

    async def act(_settings: Settings, database: Database) -> None:
        async with database.transaction() as tx:
            await discard_failed_jobs(tx, SYSTEM, ids=[job_id], reason=reason)

    with_database(act)
    out.print(f"Job {job_id} is gone.")
    return DONE
