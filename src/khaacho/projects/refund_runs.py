"""Paying back everyone who applied to a project that fell, in steps that can be cut off [P22].

A run is begun in the transaction that ends the project, which also takes its first step; a job takes the others, each
in a transaction that moves the run's mark past what it settled. However often a step is cut off or taken twice, an
application is refunded once: the run's row is locked, and a refund's row is unique by application.
"""

from __future__ import annotations

from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.errors import RefundNotEligible
from khaacho.ids import new_id
from khaacho.platform import locks
from khaacho.platform.database import Transaction
from khaacho.platform.queue import Job, JobPayload, enqueue_jobs
from khaacho.projects.queries import (
    RUN_COLUMNS,
    find_open_run,
    find_refunds_by_application,
    lock_applications,
    lock_project,
    require_project,
)
from khaacho.projects.records import Project, ProjectStatus, RefundRun
from khaacho.projects.refund_policy import RefundCause, quote_refund
from khaacho.projects.refunds import pay_refunds

# Each step locks as many freelancers' credits for as long as it takes.
STEP_APPLICATIONS_MAX = 100
# While a project is in one of these, nobody can be paid back but by a reason of their own.
OVER = frozenset({ProjectStatus.CLOSED, ProjectStatus.CANCELLED, ProjectStatus.EXPIRED})


class PayRefunds(JobPayload, frozen=True, kw_only=True):
    """Go on paying back those who applied to a project."""

    run_id: UUID


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """How far the paying back of a project has come."""

    project: Project
    run: RefundRun


async def begin_refunds(tx: Transaction, actor: Actor, project: Project, cause: RefundCause) -> RefundRun:
    """Pay back the first of those who applied to a project that is over, and have a job pay the others."""
    run = RefundRun(
        id=new_id(),
        project_id=project.id,
        cause=cause,
        reached=None,
        applications=0,
        refunded_units=0,
        actor_id=actor.id,
        actor_name=actor.name,
        started_at=clock.now(),
        finished_at=None,
    )
    await tx.execute(
        """
        INSERT INTO project_refund_runs (id, project_id, cause, actor_id, actor_name, started_at)
        VALUES (%(id)s, %(project_id)s, %(cause)s, %(actor_id)s, %(actor_name)s, %(started_at)s)
        """,
        msgspec.structs.asdict(run),
    )
    run = await continue_refunds(tx, run.id) or run
    if run.finished_at is None:
        await enqueue_jobs(tx, [Job(payload=PayRefunds(run_id=run.id), dedupe_key=f"pay-refunds:{run.id}")])
    return run


async def continue_refunds(tx: Transaction, run_id: UUID) -> RefundRun | None:
    """Take the next step of a run; answers where it stands then, or None when it was done or never begun."""
    found = await locks.lock_rows(tx, f"SELECT {RUN_COLUMNS} FROM project_refund_runs", [run_id], into=RefundRun)
    if not found or found[0].finished_at is not None:
        return None
    run = found[0]
    project = await require_project(tx, run.project_id)
    next_ids = await _find_next(tx, run, project)
    applications = await lock_applications(tx, next_ids[:STEP_APPLICATIONS_MAX])
    refunded = await find_refunds_by_application(tx, [application.id for application in applications])
    now = clock.now()
    # Whoever began the run is whom the ledger and the audit name, also when a job goes on with it.
    actor = Actor(role=ActorRole.SYSTEM, name=run.actor_name, id=run.actor_id)
    paid = await pay_refunds(
        tx,
        actor,
        [
            (
                application,
                quote_refund(run.cause, spent_units=application.spent_units, age=now - application.created_at),
            )
            for application in applications
            if application.id not in refunded
        ],
        run_id=run.id,
    )
    after = msgspec.structs.replace(
        run,
        reached=applications[-1].id if applications else run.reached,
        applications=run.applications + len(paid),
        refunded_units=run.refunded_units + sum(refund.units for refund in paid),
        finished_at=None if len(next_ids) > STEP_APPLICATIONS_MAX else now,
    )
    await tx.execute(
        """
        UPDATE project_refund_runs
        SET reached = %(reached)s, applications = %(applications)s, refunded_units = %(refunded_units)s,
            finished_at = %(finished_at)s
        WHERE id = %(id)s
        """,
        msgspec.structs.asdict(after),
    )
    return after


async def refund_project(tx: Transaction, actor: Actor, project_id: UUID) -> RunView:
    """[P22] Pay back whoever was left without an answer when a project was closed, or push on a run that waits.

    Doing it again is a quiet success: nobody is left to pay. Raises ProjectNotFound, and RefundNotEligible while the
    project is still running and after it was completed.
    """
    project = await lock_project(tx, project_id)
    if project.status not in OVER:
        raise RefundNotEligible(why=f"the project is {project.status.value}", project_status=project.status.value)
    waiting = await find_open_run(tx, project_id)
    if waiting is not None:
        return RunView(project=project, run=await continue_refunds(tx, waiting.id) or waiting)
    return RunView(project=project, run=await begin_refunds(tx, actor, project, RefundCause.ADMIN))


async def _find_next(tx: Transaction, run: RefundRun, project: Project) -> list[UUID]:
    """The ids after the mark that this run is about, one more than a step takes, in their order.

    Live ones; and those that closing the project itself rejected, not those its owner rejected before.
    """
    # applications_project_idx; nobody applies to a project that is over, so nothing appears behind the mark.
    return await tx.values(
        """
        SELECT id
        FROM applications
        WHERE project_id = %(project)s
            AND (%(reached)s::uuid IS NULL OR id > %(reached)s)
            AND (status IN ('PENDING', 'APPROVED')
                OR status = 'REJECTED' AND %(project_status)s = 'CLOSED' AND status_since = %(ended_at)s)
        ORDER BY id
        LIMIT %(limit)s
        """,
        {
            "project": run.project_id,
            "reached": run.reached,
            "project_status": project.status.value,
            "ended_at": project.status_since,
            "limit": STEP_APPLICATIONS_MAX + 1,
        },
    )
