"""Scheduled work and the queue over HTTP, for staff: see it, run it by hand, deal with what failed [X20]."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from litestar import get, post
from litestar.params import FromPath, QueryParameter

from khaacho import clock
from khaacho.actors import Actor
from khaacho.oversight.running import RunState, run_duty
from khaacho.parties.access import requires
from khaacho.platform.database import Database
from khaacho.platform.dead_letters import (
    JobState,
    QueuedJob,
    discard_failed_jobs,
    find_jobs,
    payload_ids,
    retry_failed_jobs,
)
from khaacho.platform.http import ApiRecord, Envelope, ShortText, ok
from khaacho.platform.pulse import find_queue_figures
from khaacho.platform.roster import Roster
from khaacho.platform.scheduler import LastRun, find_last_runs, next_slot

State = Annotated[JobState | None, QueryParameter(name="state")]


class RunShown(ApiRecord, frozen=True, kw_only=True):
    """The newest run of a schedule."""

    slot: datetime
    finished_at: datetime | None
    outcome: dict[str, Any] | None
    error: str | None


class ScheduleShown(ApiRecord, frozen=True, kw_only=True):
    """Work that runs at a cron time of the business zone."""

    name: str
    cron: str
    next_run_at: datetime
    last_run: RunShown | None


class QueueShown(ApiRecord, frozen=True, kw_only=True):
    """How many jobs wait, run, or failed for good, and how long the oldest due one has waited."""

    queued: int
    picked: int
    failed: int
    age_seconds: float


class JobShown(ApiRecord, frozen=True, kw_only=True):
    """A job of the queue; `about` are the ids it was told."""

    id: int
    name: str
    state: JobState
    attempts: int
    created_at: datetime
    run_after: datetime
    about: dict[str, str]
    error: str | None


class JobsAnswer(ApiRecord, frozen=True, kw_only=True):
    schedules: list[ScheduleShown]
    queue: QueueShown
    jobs: list[JobShown]


class RunRequest(ApiRecord, frozen=True, kw_only=True):
    dry_run: bool = False


class RunAnswer(ApiRecord, frozen=True, kw_only=True):
    """DONE with its outcome, WOULD_DO for a dry run, HANDED_OVER when it takes longer and a worker goes on with it."""

    name: str
    state: RunState
    outcome: dict[str, Any]


class NoteRequest(ApiRecord, frozen=True, kw_only=True):
    """Why, where there is something to say; it is kept in the audit."""

    reason: ShortText | None = None


class JobDone(ApiRecord, frozen=True, kw_only=True):
    id: int
    state: str


@get(
    "/admin/jobs",
    operation_id="listJobs",
    summary="Scheduled work with its last runs, and the queue",
    guards=[requires("jobs.read")],
)
async def list_jobs(database: Database, roster: Roster, wanted: State = None) -> Envelope[JobsAnswer]:
    """Jobs in this state; without one, those that failed and those that wait."""
    last = await find_last_runs(database)
    figures = await find_queue_figures(database)
    async with database.reading() as tx:
        states = [JobState.FAILED, JobState.QUEUED] if wanted is None else [wanted]
        jobs = [job for one in states for job in await find_jobs(tx, one)]
    now = clock.now()
    return ok(
        JobsAnswer(
            schedules=[
                ScheduleShown(
                    name=one.name,
                    cron=one.cron,
                    next_run_at=next_slot(one.cron, now),
                    last_run=_run(last.get(one.name)),
                )
                for one in roster.schedules
            ],
            queue=QueueShown(
                queued=figures.queued, picked=figures.picked, failed=figures.failed, age_seconds=figures.age_seconds
            ),
            jobs=[_job(job) for job in jobs],
        )
    )


@post(
    "/admin/jobs/{name:str}/run",
    operation_id="runJob",
    summary="Run scheduled work now, or tell what it would do",
    status_code=200,
    guards=[requires("jobs.run")],
)
async def run_job(
    name: FromPath[str], database: Database, actor: Actor, roster: Roster, data: RunRequest | None = None
) -> Envelope[RunAnswer]:
    """Raises JobNotFound, RequestTimeout for a dry run that takes too long."""
    done = await run_duty(database, actor, roster.require(name), dry_run=data is not None and data.dry_run)
    return ok(RunAnswer(name=name, state=done.state, outcome=dict(done.outcome)))


@post(
    "/admin/jobs/{job_id:int}/retry",
    operation_id="retryJob",
    summary="Queue a failed job again, with all its tries",
    status_code=200,
    guards=[requires("jobs.run")],
)
async def retry_job(
    job_id: FromPath[int], database: Database, actor: Actor, data: NoteRequest | None = None
) -> Envelope[JobDone]:
    """Raises NotFound unless it is a failed job."""
    async with database.transaction() as tx:
        await retry_failed_jobs(tx, actor, ids=[job_id], reason=data.reason if data else None)
    return ok(JobDone(id=job_id, state=JobState.QUEUED))


@post(
    "/admin/jobs/{job_id:int}/discard",
    operation_id="discardJob",
    summary="Take a failed job out of the queue for good",
    status_code=200,
    guards=[requires("jobs.run")],
)
async def discard_job(
    job_id: FromPath[int], database: Database, actor: Actor, data: NoteRequest | None = None
) -> Envelope[JobDone]:
    """Raises NotFound unless it is a failed job."""
    async with database.transaction() as tx:
        await discard_failed_jobs(tx, actor, ids=[job_id], reason=data.reason if data else None)
    return ok(JobDone(id=job_id, state="discarded"))


def _run(run: LastRun | None) -> RunShown | None:
    if run is None:
        return None
    return RunShown(slot=run.slot, finished_at=run.finished_at, outcome=run.outcome, error=run.error)


def _job(job: QueuedJob) -> JobShown:
    return JobShown(
        id=job.id,
        name=job.name,
        state=job.state,
        attempts=job.attempts,
        created_at=job.created_at,
        run_after=job.run_after,
        about=payload_ids(job),
        error=job.error,
    )


ROUTES: list[Any] = [list_jobs, run_job, retry_job, discard_job]
