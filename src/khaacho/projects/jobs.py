"""What the worker does for projects: deadlines that have come, and paying back everyone who applied."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from khaacho import clock
from khaacho.errors import KhaachoError
from khaacho.platform.database import Database
from khaacho.platform.queue import JobHandlers, Schedule
from khaacho.projects.actions import expire_project
from khaacho.projects.queries import find_overdue_projects, find_unfinished_runs
from khaacho.projects.refund_runs import PayRefunds, continue_refunds

log = structlog.get_logger(__name__)

SWEEP_MAX = 500
# A run that still waits after this long has lost its job; far longer than any step takes.
RUN_FORGOTTEN_AFTER = timedelta(minutes=5)


async def pay_refunds(database: Database, job: PayRefunds) -> None:
    """Step by step until everyone is paid; killed anywhere, the next call goes on where the last commit was."""
    unfinished = True
    while unfinished:
        async with database.transaction() as tx:
            run = await continue_refunds(tx, job.run_id)
        unfinished = run is not None and run.finished_at is None


async def expire_projects(database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
    """Mark the projects whose deadline has come, each in a transaction of its own; one fault stops no other."""
    async with database.reading() as tx:
        overdue = await find_overdue_projects(tx, moment=clock.now(), limit=SWEEP_MAX)
    if dry_run:
        return {"overdue": len(overdue)}
    expired = refused = 0
    for project_id in overdue:
        try:
            async with database.transaction() as tx:
                expired += await expire_project(tx, project_id)
        except KhaachoError as error:
            refused += 1
            log.warning("project_not_expired", project_id=str(project_id), why=error.code)
    return {"overdue": len(overdue), "expired": expired, "refused": refused}


async def finish_refunds(database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
    """Go on with every run whose job was lost; the run's row is the truth, the job was a nudge."""
    async with database.reading() as tx:
        forgotten = await find_unfinished_runs(tx, started_before=clock.now() - RUN_FORGOTTEN_AFTER, limit=SWEEP_MAX)
    if not dry_run:
        for run_id in forgotten:
            await pay_refunds(database, PayRefunds(run_id=run_id))
    return {"unfinished": len(forgotten)}


HANDLERS: JobHandlers = {PayRefunds: pay_refunds}
SCHEDULES = [
    Schedule(name="project-expiry", cron="* * * * *", run=expire_projects),
    Schedule(name="project-refunds", cron="*/5 * * * *", run=finish_refunds),
]
