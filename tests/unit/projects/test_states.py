"""[P20, P21] Which state may follow which, and by whose hand: every pair of the two machines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from khaacho.actors import ActorRole
from khaacho.errors import Forbidden, InvalidApplicationStep, InvalidProjectStep, OwnProject, ProjectNotOpen
from khaacho.ids import new_id
from khaacho.projects.records import Application, ApplicationStatus, Project, ProjectStatus
from khaacho.projects.states import (
    decide_application,
    decide_application_step,
    decide_project_step,
    ending_of,
    status_at,
)

DEADLINE = datetime(2026, 3, 1, 12, tzinfo=UTC)
BEFORE = DEADLINE - timedelta(microseconds=1)

P, A = ProjectStatus, ApplicationStatus
PROJECT_STEPS = {
    (P.OPEN, P.ASSIGNED),
    (P.OPEN, P.CLOSED),
    (P.OPEN, P.CANCELLED),
    (P.ASSIGNED, P.COMPLETED),
    (P.ASSIGNED, P.CANCELLED),
}
APPLICATION_STEPS = {
    (A.PENDING, A.APPROVED),
    (A.PENDING, A.REJECTED),
    (A.PENDING, A.WITHDRAWN),
    (A.APPROVED, A.COMPLETED),
}


def project(status: ProjectStatus) -> Project:
    return Project(
        id=new_id(),
        owner_id=new_id(),
        title="Photos",
        deadline=DEADLINE,
        status=status,
        status_reason=None,
        status_since=BEFORE,
        assigned_application_id=None,
        created_at=BEFORE,
    )


def application(status: ApplicationStatus) -> Application:
    return Application(
        id=new_id(),
        project_id=new_id(),
        freelancer_id=new_id(),
        message=None,
        bid_paisa=None,
        spent_units=1,
        status=status,
        status_reason=None,
        status_since=BEFORE,
        created_at=BEFORE,
    )


@pytest.mark.parametrize(("before", "after"), list(product(P, P)))
def test_a_project_goes_only_the_ways_there_are(before: ProjectStatus, after: ProjectStatus) -> None:
    """[P20] The same state again is a quiet yes; what is not in the table is INVALID_TRANSITION, naming both ends."""
    decision = decide_project_step(project(before), after, role=ActorRole.VENDOR, is_owner=True, moment=BEFORE)
    if before is after:
        assert (decision.changes, decision.refusal) == (False, None)
    elif (before, after) in PROJECT_STEPS:
        assert (decision.changes, decision.refusal) == (True, None)
    else:
        assert isinstance(decision.refusal, InvalidProjectStep)
        assert (decision.refusal.details["from_status"], decision.refusal.details["to_status"]) == (before, after)


@pytest.mark.parametrize("after", [P.ASSIGNED, P.CLOSED, P.CANCELLED])
def test_from_its_deadline_on_a_project_has_expired(after: ProjectStatus) -> None:
    """[P20] To the microsecond, whether the job that marks it has come by or not: only expiring is left."""
    late = project(P.OPEN)
    assert (status_at(late, BEFORE), status_at(late, DEADLINE)) == (P.OPEN, P.EXPIRED)
    refused = decide_project_step(late, after, role=ActorRole.VENDOR, is_owner=True, moment=DEADLINE).refusal
    assert isinstance(refused, InvalidProjectStep)
    assert refused.details["from_status"] == "EXPIRED"
    assert decide_project_step(late, P.EXPIRED, role=ActorRole.SYSTEM, is_owner=False, moment=DEADLINE).changes
    assert not decide_project_step(late, P.EXPIRED, role=ActorRole.SYSTEM, is_owner=False, moment=BEFORE).changes


@pytest.mark.parametrize("status", [P.ASSIGNED, P.COMPLETED, P.CLOSED, P.CANCELLED])
def test_only_open_projects_expire(status: ProjectStatus) -> None:
    """[P20] The deadline is for applying; work that was given away has no end set."""
    assert status_at(project(status), DEADLINE + timedelta(days=400)) is status


@pytest.mark.parametrize("role", list(ActorRole))
def test_only_the_owner_and_admins_change_a_project(role: ActorRole) -> None:
    """[P20] An operator, another client or a freelancer is Forbidden, even to bring about what is so already."""
    for after in (P.CANCELLED, P.OPEN):
        refusal = decide_project_step(project(P.OPEN), after, role=role, is_owner=False, moment=BEFORE).refusal
        assert isinstance(refusal, Forbidden) is (role not in (ActorRole.ADMIN, ActorRole.SYSTEM))


@pytest.mark.parametrize(("before", "after"), list(product(A, A)))
def test_an_application_goes_only_the_ways_there_are(before: ApplicationStatus, after: ApplicationStatus) -> None:
    """[P21] In a project that is running; the same state again is a quiet yes."""
    decision = decide_application_step(application(before), after, project_status=P.OPEN, may=True)
    if before is after:
        assert (decision.changes, decision.refusal) == (False, None)
    elif (before, after) in APPLICATION_STEPS:
        assert (decision.changes, decision.refusal) == (True, None)
    else:
        assert isinstance(decision.refusal, InvalidApplicationStep)


@pytest.mark.parametrize("over", [P.COMPLETED, P.CLOSED, P.CANCELLED, P.EXPIRED])
def test_nothing_moves_once_the_project_is_over(over: ProjectStatus) -> None:
    """[P22] Its applications are settled, or about to be; leaving now would be paid twice or not at all."""
    refusal = decide_application_step(application(A.PENDING), A.WITHDRAWN, project_status=over, may=True).refusal
    assert isinstance(refusal, InvalidApplicationStep)


def test_who_may_apply() -> None:
    """[P21] To an open project before its deadline, and not to one's own."""
    assert decide_application(project(P.OPEN), is_own=False, moment=BEFORE) is None
    assert isinstance(decide_application(project(P.OPEN), is_own=True, moment=BEFORE), OwnProject)
    late = decide_application(project(P.OPEN), is_own=False, moment=DEADLINE)
    assert isinstance(late, ProjectNotOpen)
    assert late.details == {"project_status": "EXPIRED"}
    for status in set(P) - {P.OPEN}:
        assert isinstance(decide_application(project(status), is_own=False, moment=BEFORE), ProjectNotOpen)


@pytest.mark.parametrize(
    ("status", "of_project", "cause"),
    [
        (A.PENDING, P.OPEN, "WITHDRAWN"),
        (A.PENDING, P.ASSIGNED, "WITHDRAWN"),
        (A.APPROVED, P.ASSIGNED, "APPROVED"),
        (A.PENDING, P.CANCELLED, "PROJECT_CANCELLED"),
        (A.APPROVED, P.CANCELLED, "PROJECT_CANCELLED"),
        (A.PENDING, P.EXPIRED, "PROJECT_EXPIRED"),
        (A.REJECTED, P.CANCELLED, "REJECTED"),
        (A.COMPLETED, P.COMPLETED, "COMPLETED"),
        (A.WITHDRAWN, P.CANCELLED, "WITHDRAWN"),
    ],
)
def test_which_rule_an_application_meets(status: ApplicationStatus, of_project: ProjectStatus, cause: str) -> None:
    """[P22] An answer given before the project fell stays the answer; a withdrawal stays a withdrawal."""
    assert ending_of(application(status), of_project) == cause
