"""What runs without anybody asking: schedules with what came of them, run by hand, and jobs that failed for good."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from khaacho import clock
from khaacho.console.rendering import render
from khaacho.console.visitor import AnyRequest, Visitor
from khaacho.errors import KhaachoError, ValidationFailed
from khaacho.oversight.running import HandRun, RunState, run_duty
from khaacho.platform.database import Database
from khaacho.platform.dead_letters import (
    JobState,
    QueuedJob,
    discard_failed_jobs,
    find_jobs,
    payload_ids,
    retry_failed_jobs,
)
from khaacho.platform.pulse import QueueFigures, find_queue_figures
from khaacho.platform.queue import Schedule
from khaacho.platform.roster import Roster
from khaacho.platform.scheduler import LastRun, PastRun, find_last_runs, find_runs, next_slot

JOBS_SHOWN = 50
RUNS_SHOWN = 40
REASON_LENGTH_MAX = 500
# What runs more often than this would fill the history with itself; it is shown when asked for by name.
OFTEN = ("* * * * *", "*/5 * * * *")


class ScheduleRow(msgspec.Struct, frozen=True, kw_only=True):
    """One schedule with its next time and its newest run."""

    schedule: Schedule
    next_at: datetime
    last: LastRun | None

    @property
    def cadence(self) -> tuple[str, dict[str, str]]:
        return cadence(self.schedule.cron)


class JobsView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the page shows."""

    rows: list[ScheduleRow]
    figures: QueueFigures
    failed: list[QueuedJob]
    waiting: list[QueuedJob]
    runs: list[PastRun]
    chosen: str


@get("/jobs")
async def jobs_page(
    request: AnyRequest,
    database: Database,
    visitor: Visitor,
    roster: Roster,
    history: str = "",
    ran: str = "",
    handed: str = "",
    done: str = "",
) -> Response[str]:
    """`history` is the schedule whose runs are shown; the others say once what was just done."""
    visitor.require("jobs.read")
    view = await _look(database, roster, history)
    names = {one.name for one in roster.schedules}
    last = next((row.last for row in view.rows if row.schedule.name == ran), None)
    return _page(
        request,
        view,
        ran=ran if ran in names else "",
        outcome=last.outcome if last else None,
        handed=handed if handed in names else "",
        done=done if done in ("retry", "discard") else "",
    )


@post("/jobs/run", status_code=303)
async def run_by_hand_page(request: AnyRequest, database: Database, visitor: Visitor, roster: Roster) -> Response[Any]:
    """Run a schedule now, or show what it would do."""
    visitor.require("jobs.run")
    form = await request.form()
    schedule = roster.require(str(form.get("name", ""))[:100])
    dry_run = "dry" in form
    try:
        run = await run_duty(database, visitor.actor, schedule, dry_run=dry_run)
    except KhaachoError as refusal:
        if refusal.status >= 500 and not refusal.retryable:
            raise
        return _page(request, await _look(database, roster, ""), refusal=refusal, tried=schedule.name)
    if dry_run:
        return _page(request, await _look(database, roster, ""), would=schedule.name, outcome=dict(run.outcome))
    return Redirect(f"/console/jobs?{_after(run)}={schedule.name}", status_code=303)


@post("/jobs/failed/{job_id:int}/{act:str}", status_code=303)
async def act_on_failed_job(
    request: AnyRequest, job_id: int, act: str, database: Database, visitor: Visitor, roster: Roster
) -> Response[Any]:
    """Queue a failed job again, or take it out for good; either with a reason."""
    visitor.require("jobs.run")
    form = await request.form()
    reason = str(form.get("reason", "")).replace("\x00", "").strip()[:REASON_LENGTH_MAX]
    doing = {"retry": retry_failed_jobs, "discard": discard_failed_jobs}.get(act)
    try:
        if doing is None or not reason:
            raise ValidationFailed(field="reason", why="say in a few words why")
        async with database.transaction() as tx:
            await doing(tx, visitor.actor, ids=[job_id], reason=reason)
    except KhaachoError as refusal:
        if refusal.status >= 500 and not refusal.retryable:
            raise
        return _page(request, await _look(database, roster, ""), refusal=refusal, tried=f"{job_id}")
    return Redirect(f"/console/jobs?done={act}", status_code=303)


async def _look(database: Database, roster: Roster, history: str) -> JobsView:
    now = clock.now()
    last = await find_last_runs(database)
    names = [one.name for one in roster.schedules]
    chosen = history if history in names else ""
    shown = [chosen] if chosen else [one.name for one in roster.schedules if one.cron not in OFTEN]
    figures = await find_queue_figures(database)
    async with database.reading() as tx:
        return JobsView(
            rows=[
                ScheduleRow(schedule=one, next_at=next_slot(one.cron, now), last=last.get(one.name))
                for one in roster.schedules
            ],
            figures=figures,
            failed=await find_jobs(tx, JobState.FAILED, limit=JOBS_SHOWN),
            waiting=await find_jobs(tx, JobState.QUEUED, limit=JOBS_SHOWN),
            runs=await find_runs(tx, shown, limit=RUNS_SHOWN),
            chosen=chosen,
        )


def _page(request: AnyRequest, view: JobsView, **told: Any) -> Response[str]:
    refusal: KhaachoError | None = told.get("refusal")
    said = {"ran": "", "handed": "", "done": "", "would": "", "tried": "", "outcome": None, "refusal": None, **told}
    return render(
        request,
        "jobs.html",
        status=refusal.status if refusal else 200,
        view=view,
        about={job.id: payload_ids(job) for job in (*view.failed, *view.waiting)},
        **said,
    )


def cadence(cron: str) -> tuple[str, dict[str, str]]:
    """How often, as words and their figures: ('jobs.daily', {'time': '02:30'}). Pure; a rare form stays as it is."""
    minute, hour, *rest = cron.split()
    if rest == ["*", "*", "*"]:
        if (minute, hour) == ("*", "*"):
            return "jobs.every_minute", {}
        if minute.startswith("*/") and hour == "*":
            return "jobs.every_minutes", {"number": minute[2:]}
        if minute.isdecimal() and hour.startswith("*/"):
            return "jobs.every_hours", {"number": hour[2:]}
        if minute.isdecimal() and hour.isdecimal():
            return "jobs.daily", {"time": f"{int(hour):02d}:{int(minute):02d}"}
    return "jobs.cron", {"cron": cron}


def _after(run: HandRun) -> str:
    return "handed" if run.state is RunState.HANDED_OVER else "ran"


ROUTES: list[Any] = [jobs_page, run_by_hand_page, act_on_failed_job]
