"""Projects are posted, given to somebody, done, closed, cancelled, or left to expire [P20].

Whoever changes a project locks its row first; who applies or withdraws only shares it. So nobody can slip in while a
project ends, and once it has ended its applications are settled for good.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import SYSTEM, Actor
from khaacho.errors import ApplicationNotFound, Forbidden, InvalidProjectStep, ValidationFailed
from khaacho.ids import new_id
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction
from khaacho.platform.events import publish
from khaacho.projects.events import ApplicationAnswered
from khaacho.projects.queries import lock_applications, lock_project
from khaacho.projects.records import ApplicationStatus, NewProject, Project, ProjectStatus
from khaacho.projects.refund_policy import RefundCause
from khaacho.projects.refund_runs import begin_refunds
from khaacho.projects.states import decide_application_step, decide_project_step

GIVEN_TO_ANOTHER = "The project was done by someone else."
CLOSED_UNGIVEN = "The project was closed."


async def post_project(tx: Transaction, actor: Actor, *, project: NewProject) -> Project:
    """Post it in the actor's own name. Raises ValidationFailed unless the deadline lies ahead."""
    if actor.id is None:
        raise Forbidden
    now = clock.now()
    if not now < project.deadline <= now + clock.PLANNED_AHEAD_MAX:
        raise ValidationFailed(field="deadline", why="is past, or more than a hundred years away")
    posted = Project(
        **msgspec.structs.asdict(project),
        id=new_id(),
        owner_id=actor.id,
        status=ProjectStatus.OPEN,
        status_reason=None,
        status_since=now,
        assigned_application_id=None,
        created_at=now,
    )
    await tx.execute(
        """
        INSERT INTO projects (id, owner_id, title, description, category, city, budget_paisa, status, status_since,
            deadline, created_at)
        VALUES (%(id)s, %(owner_id)s, %(title)s, %(description)s, %(category)s, %(city)s, %(budget_paisa)s,
            %(status)s, %(status_since)s, %(deadline)s, %(created_at)s)
        """,
        msgspec.structs.asdict(posted),
    )
    await _audit(tx, actor, "PROJECT_POSTED", posted, new={"title": posted.title, "status": posted.status.value})
    return posted


async def assign_project(tx: Transaction, actor: Actor, project_id: UUID, *, application_id: UUID) -> Project:
    """Give an open project to one of those who applied; the others wait until it is done or cancelled.

    Giving it to the same one again is a quiet success. Raises ProjectNotFound, ApplicationNotFound (also for one of
    another project), Forbidden, InvalidProjectStep, InvalidApplicationStep.
    """
    project = await lock_project(tx, project_id)
    if not _decide(project, actor, ProjectStatus.ASSIGNED):
        if project.assigned_application_id == application_id:
            return project
        raise InvalidProjectStep(from_status="ASSIGNED", to_status="ASSIGNED", allowed=["CANCELLED", "COMPLETED"])
    found = await lock_applications(tx, [application_id])
    if not found or found[0].project_id != project.id:
        raise ApplicationNotFound
    decision = decide_application_step(
        found[0], ApplicationStatus.APPROVED, project_status=ProjectStatus.OPEN, may=True
    )
    if decision.refusal is not None:
        raise decision.refusal
    await _settle_applications(tx, actor, project, ApplicationStatus.APPROVED, only=application_id)
    return await _step(tx, actor, project, ProjectStatus.ASSIGNED, assigned_application_id=application_id)


async def complete_project(tx: Transaction, actor: Actor, project_id: UUID) -> Project:
    """The work is done: the one who did it has completed, everyone who still waited is rejected.

    Raises ProjectNotFound, Forbidden, InvalidProjectStep.
    """
    project = await lock_project(tx, project_id)
    if not _decide(project, actor, ProjectStatus.COMPLETED):
        return project
    await _settle_applications(tx, actor, project, ApplicationStatus.COMPLETED, only=project.assigned_application_id)
    await _settle_applications(tx, actor, project, ApplicationStatus.REJECTED, reason=GIVEN_TO_ANOTHER)
    return await _step(tx, actor, project, ProjectStatus.COMPLETED)


async def close_project(tx: Transaction, actor: Actor, project_id: UUID, *, reason: str | None = None) -> Project:
    """Take no more applications and give the work to nobody; those who wait are rejected, and nothing is given back.

    Raises ProjectNotFound, Forbidden, InvalidProjectStep.
    """
    project = await lock_project(tx, project_id)
    if not _decide(project, actor, ProjectStatus.CLOSED):
        return project
    moment = clock.now()
    await _settle_applications(tx, actor, project, ApplicationStatus.REJECTED, reason=CLOSED_UNGIVEN, at=moment)
    return await _step(tx, actor, project, ProjectStatus.CLOSED, reason=reason, at=moment)


async def cancel_project(tx: Transaction, actor: Actor, project_id: UUID, *, reason: str) -> Project:
    """Call it off, given away or not: everyone whose application is live gets all of it back [P22].

    Raises ProjectNotFound, Forbidden, InvalidProjectStep.
    """
    project = await lock_project(tx, project_id)
    if not _decide(project, actor, ProjectStatus.CANCELLED):
        return project
    cancelled = await _step(tx, actor, project, ProjectStatus.CANCELLED, reason=reason)
    await begin_refunds(tx, actor, cancelled, RefundCause.PROJECT_CANCELLED)
    return cancelled


async def expire_project(tx: Transaction, project_id: UUID) -> bool:
    """Mark an open project whose deadline has come, and pay everyone back; answers whether there was anything to do."""
    project = await lock_project(tx, project_id)
    decision = decide_project_step(project, ProjectStatus.EXPIRED, role=SYSTEM.role, is_owner=False, moment=clock.now())
    if not decision.changes:
        return False
    expired = await _step(tx, SYSTEM, project, ProjectStatus.EXPIRED)
    await begin_refunds(tx, SYSTEM, expired, RefundCause.PROJECT_EXPIRED)
    return True


def _decide(project: Project, actor: Actor, to_status: ProjectStatus) -> bool:
    decision = decide_project_step(
        project,
        to_status,
        role=actor.role,
        is_owner=actor.id is not None and actor.id == project.owner_id,
        moment=clock.now(),
    )
    if decision.refusal is not None:
        raise decision.refusal
    return decision.changes


async def _step(
    tx: Transaction,
    actor: Actor,
    before: Project,
    to_status: ProjectStatus,
    *,
    reason: str | None = None,
    assigned_application_id: UUID | None = None,
    at: datetime | None = None,
) -> Project:
    after = msgspec.structs.replace(
        before,
        status=to_status,
        status_reason=reason,
        status_since=at or clock.now(),
        assigned_application_id=assigned_application_id or before.assigned_application_id,
    )
    await tx.execute(
        """
        UPDATE projects
        SET status = %(status)s, status_reason = %(status_reason)s, status_since = %(status_since)s,
            assigned_application_id = %(assigned_application_id)s
        WHERE id = %(id)s
        """,
        msgspec.structs.asdict(after),
    )
    await _audit(
        tx,
        actor,
        "PROJECT_STATUS_CHANGED",
        after,
        old={"status": before.status.value},
        new={"status": after.status.value, "assigned_application_id": after.assigned_application_id},
        reason=reason,
    )
    return after


async def _settle_applications(
    tx: Transaction,
    actor: Actor,
    project: Project,
    to_status: ApplicationStatus,
    *,
    only: UUID | None = None,
    reason: str | None = None,
    at: datetime | None = None,
) -> None:
    """Bring one live application of a locked project, or every one that is PENDING, to another state."""
    changed = await tx.values(
        """
        UPDATE applications
        SET status = %(to)s, status_reason = %(reason)s, status_since = %(now)s
        WHERE project_id = %(project)s
            AND CASE WHEN %(only)s::uuid IS NULL THEN status = 'PENDING' ELSE id = %(only)s END
        RETURNING id
        """,
        {"to": to_status.value, "reason": reason, "now": at or clock.now(), "project": project.id, "only": only},
    )
    await record_audit(
        tx,
        actor,
        [
            AuditEntry(
                action="APPLICATION_STATUS_CHANGED",
                subject_kind="application",
                subject_id=application_id,
                reason=reason,
                new={"status": to_status.value},
            )
            for application_id in changed
        ],
    )
    if to_status is not ApplicationStatus.COMPLETED:
        answers = [ApplicationAnswered(application_id=one, status=to_status.value, reason=reason) for one in changed]
        await publish(tx, answers)


async def _audit(
    tx: Transaction,
    actor: Actor,
    action: str,
    project: Project,
    *,
    old: dict[str, Any] | None = None,
    new: dict[str, Any],
    reason: str | None = None,
) -> None:
    await record_audit(
        tx,
        actor,
        [AuditEntry(action=action, subject_kind="project", subject_id=project.id, old=old, new=new, reason=reason)],
    )
