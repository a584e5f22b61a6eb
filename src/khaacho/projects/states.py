"""The two state machines: of projects [P20] and of applications [P21], and which ending an application would meet now.

Pure: it reads nothing and changes nothing. What an ending does to credits is in refund_policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec

from khaacho.actors import ActorRole
from khaacho.errors import (
    Forbidden,
    InvalidApplicationStep,
    InvalidProjectStep,
    KhaachoError,
    OwnProject,
    ProjectNotOpen,
)
from khaacho.projects.records import Application, ApplicationStatus, Project, ProjectStatus
from khaacho.projects.refund_policy import RefundCause

# Beyond its owner only these change a project; an operator may read all of them.
_OVER_OWNERS = frozenset({ActorRole.ADMIN, ActorRole.SYSTEM})

PROJECT_STEPS: Mapping[ProjectStatus, frozenset[ProjectStatus]] = {
    ProjectStatus.OPEN: frozenset(
        {ProjectStatus.ASSIGNED, ProjectStatus.CLOSED, ProjectStatus.CANCELLED, ProjectStatus.EXPIRED}
    ),
    ProjectStatus.ASSIGNED: frozenset({ProjectStatus.COMPLETED, ProjectStatus.CANCELLED}),
    ProjectStatus.COMPLETED: frozenset(),
    ProjectStatus.CLOSED: frozenset(),
    ProjectStatus.CANCELLED: frozenset(),
    ProjectStatus.EXPIRED: frozenset(),
}
APPLICATION_STEPS: Mapping[ApplicationStatus, frozenset[ApplicationStatus]] = {
    ApplicationStatus.PENDING: frozenset(
        {ApplicationStatus.APPROVED, ApplicationStatus.REJECTED, ApplicationStatus.WITHDRAWN}
    ),
    ApplicationStatus.APPROVED: frozenset({ApplicationStatus.COMPLETED}),
    ApplicationStatus.REJECTED: frozenset(),
    ApplicationStatus.WITHDRAWN: frozenset(),
    ApplicationStatus.COMPLETED: frozenset(),
}
LIVE = frozenset({ApplicationStatus.PENDING, ApplicationStatus.APPROVED})
# While a project is in one of these, somebody may still be given it or be at work on it.
RUNNING = frozenset({ProjectStatus.OPEN, ProjectStatus.ASSIGNED})
FALLEN = frozenset({ProjectStatus.CANCELLED, ProjectStatus.EXPIRED})


class StepDecision(msgspec.Struct, frozen=True, kw_only=True):
    """Take the step, leave everything because it is so already, or the refusal."""

    changes: bool
    refusal: KhaachoError | None = None


_CHANGE = StepDecision(changes=True)
_ALREADY_SO = StepDecision(changes=False)


def status_at(project: Project, moment: datetime) -> ProjectStatus:
    """The state people are told: an open project is EXPIRED from its deadline on, marked as such or not."""
    if project.status is ProjectStatus.OPEN and project.deadline <= moment:
        return ProjectStatus.EXPIRED
    return project.status


def decide_project_step(
    project: Project, to_status: ProjectStatus, *, role: ActorRole, is_owner: bool, moment: datetime
) -> StepDecision:
    """May somebody bring the project to this state? Strangers get Forbidden, the same state again is a quiet yes."""
    if not is_owner and role not in _OVER_OWNERS:
        return _refused(Forbidden())
    if project.status is to_status:
        return _ALREADY_SO
    from_status = status_at(project, moment)
    if to_status is ProjectStatus.EXPIRED:
        # The only step nobody asks for: it is due or it is not.
        return _CHANGE if from_status is to_status else _refused(_no_project_step(from_status, to_status))
    if to_status not in PROJECT_STEPS[from_status]:
        return _refused(_no_project_step(from_status, to_status))
    return _CHANGE


def decide_application(project: Project, *, is_own: bool, moment: datetime) -> KhaachoError | None:
    """Why nobody, or this freelancer, may apply to the project; None when they may."""
    status = status_at(project, moment)
    if status is not ProjectStatus.OPEN:
        return ProjectNotOpen(project_status=status.value)
    return OwnProject() if is_own else None


def decide_application_step(
    application: Application, to_status: ApplicationStatus, *, project_status: ProjectStatus, may: bool
) -> StepDecision:
    """May this application be brought to this state while its project is in that one?

    `may` says whether it is the actor's to do. A project that is over has settled all its applications, or is about to.
    """
    if not may:
        return _refused(Forbidden())
    if application.status is to_status:
        return _ALREADY_SO
    if to_status not in APPLICATION_STEPS[application.status] or project_status not in RUNNING:
        return _refused(
            InvalidApplicationStep(
                from_status=application.status.value, to_status=to_status.value, project_status=project_status.value
            )
        )
    return _CHANGE


def has_fallen(application: Application, project_status: ProjectStatus) -> bool:
    """Does a live application wait for nothing any more? It keeps its state when its project falls."""
    return application.status in LIVE and project_status in FALLEN


def ending_of(application: Application, project_status: ProjectStatus) -> RefundCause:
    """The cause an application would be settled for if its freelancer left it now, or was settled for."""
    if application.status is ApplicationStatus.WITHDRAWN:
        return RefundCause.WITHDRAWN
    if application.status not in LIVE:
        return RefundCause(application.status.value)
    if project_status is ProjectStatus.CANCELLED:
        return RefundCause.PROJECT_CANCELLED
    if project_status is ProjectStatus.EXPIRED:
        return RefundCause.PROJECT_EXPIRED
    return RefundCause.WITHDRAWN if application.status is ApplicationStatus.PENDING else RefundCause.APPROVED


def _no_project_step(from_status: ProjectStatus, to_status: ProjectStatus) -> InvalidProjectStep:
    return InvalidProjectStep(
        from_status=from_status.value,
        to_status=to_status.value,
        allowed=sorted(PROJECT_STEPS[from_status] - {ProjectStatus.EXPIRED}),
    )


def _refused(refusal: KhaachoError) -> StepDecision:
    return StepDecision(changes=False, refusal=refusal)
