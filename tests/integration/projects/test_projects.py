"""[P20] The life of a project, by whose hand, and what each end does to those who applied."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.fixtures.people import MakeUser
from tests.fixtures.projects import Apply, MakeFreelancer, MakeProject, credits_of
from tests.fixtures.trade import assert_books_hold, contents_of

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.errors import (
    ApplicationNotFound,
    Forbidden,
    InvalidApplicationStep,
    InvalidProjectStep,
    ProjectNotFound,
    ValidationFailed,
)
from khaacho.ids import new_id
from khaacho.platform.database import Database
from khaacho.projects.actions import (
    assign_project,
    cancel_project,
    close_project,
    complete_project,
    post_project,
)
from khaacho.projects.applications import reject_application, withdraw_application
from khaacho.projects.jobs import expire_projects
from khaacho.projects.queries import find_applications, find_projects, require_project
from khaacho.projects.records import ApplicationStatus, NewProject, Project, ProjectStatus

A = ApplicationStatus


async def statuses(database: Database, project: Project) -> dict[str, ApplicationStatus]:
    async with database.reading() as tx:
        found = await find_applications(tx, project_id=project.id, limit=100)
    return {str(application.id): application.status for application in found}


async def test_work_is_given_done_and_paid_for(
    database: Database, owner: Actor, make_freelancer: MakeFreelancer, make_project: MakeProject, apply: Apply
) -> None:
    """[P20, P21] One is hired and completes; who waited is rejected in the end, and nobody is paid back."""
    sita, hari = await make_freelancer(credits=1), await make_freelancer(credits=1)
    project = await make_project()
    hired, waiting = await apply(sita, project), await apply(hari, project)
    async with database.transaction() as tx:
        await assign_project(tx, owner, project.id, application_id=hired.id)
    assert await statuses(database, project) == {str(hired.id): A.APPROVED, str(waiting.id): A.PENDING}
    for _ in range(2):
        async with database.transaction() as tx:
            done = await complete_project(tx, owner, project.id)
        assert done.status is ProjectStatus.COMPLETED
    assert await statuses(database, project) == {str(hired.id): A.COMPLETED, str(waiting.id): A.REJECTED}
    assert [await credits_of(database, one) for one in (sita, hari)] == [0, 0]
    await assert_books_hold(database)


async def test_assigning_again(
    database: Database, owner: Actor, make_freelancer: MakeFreelancer, make_project: MakeProject, apply: Apply
) -> None:
    """[P20] To the same one is a quiet success, to another INVALID_TRANSITION."""
    project = await make_project()
    first, second = [await apply(await make_freelancer(credits=1), project) for _ in range(2)]
    for _ in range(2):
        async with database.transaction() as tx:
            assigned = await assign_project(tx, owner, project.id, application_id=first.id)
        assert (assigned.status, assigned.assigned_application_id) == (ProjectStatus.ASSIGNED, first.id)
    before = await contents_of(database)
    with pytest.raises(InvalidProjectStep):
        async with database.transaction() as tx:
            await assign_project(tx, owner, project.id, application_id=second.id)
    assert await contents_of(database) == before


@pytest.mark.parametrize("which", ["of another project", "unknown", "withdrawn", "rejected"])
async def test_only_somebody_who_waits_here_is_hired(
    which: str,
    database: Database,
    owner: Actor,
    make_freelancer: MakeFreelancer,
    make_project: MakeProject,
    apply: Apply,
) -> None:
    """[P20] An application of another project is as unknown as one that does not exist."""
    sita, project = await make_freelancer(credits=1), await make_project()
    application = await apply(sita, await make_project() if which == "of another project" else project)
    async with database.transaction() as tx:
        if which == "withdrawn":
            await withdraw_application(tx, sita, application.id)
        if which == "rejected":
            await reject_application(tx, owner, application.id)
    before = await contents_of(database)
    application_id = new_id() if which == "unknown" else application.id
    expected = InvalidApplicationStep if which in ("withdrawn", "rejected") else ApplicationNotFound
    with pytest.raises(expected):
        async with database.transaction() as tx:
            await assign_project(tx, owner, project.id, application_id=application_id)
    assert await contents_of(database) == before


async def test_closing_rejects_who_waits(
    database: Database, owner: Actor, make_freelancer: MakeFreelancer, make_project: MakeProject, apply: Apply
) -> None:
    """[P20, P22] The client has looked at them and wants none: nothing is given back."""
    sita, project = await make_freelancer(credits=1), await make_project()
    application = await apply(sita, project)
    for _ in range(2):
        async with database.transaction() as tx:
            closed = await close_project(tx, owner, project.id, reason="found somebody in the family")
        assert (closed.status, closed.status_reason) == (ProjectStatus.CLOSED, "found somebody in the family")
    assert await statuses(database, project) == {str(application.id): A.REJECTED}
    assert await credits_of(database, sita) == 0
    await assert_books_hold(database)


@pytest.mark.parametrize("given_away", [False, True])
async def test_cancelling_pays_everyone_back(
    given_away: bool,
    database: Database,
    owner: Actor,
    make_freelancer: MakeFreelancer,
    make_project: MakeProject,
    apply: Apply,
) -> None:
    """[P22] In the very transaction, also who was hired; not who was rejected or had withdrawn too late."""
    people = [await make_freelancer(credits=1) for _ in range(4)]
    project = await make_project()
    applications = [await apply(one, project) for one in people]
    async with database.transaction() as tx:
        await reject_application(tx, owner, applications[2].id)
    with clock.travelled_to(applications[3].created_at + timedelta(hours=25)):
        async with database.transaction() as tx:
            await withdraw_application(tx, people[3], applications[3].id)
        if given_away:
            async with database.transaction() as tx:
                await assign_project(tx, owner, project.id, application_id=applications[0].id)
        for _ in range(2):
            async with database.transaction() as tx:
                await cancel_project(tx, owner, project.id, reason="the shop burnt down")
    assert [await credits_of(database, one) for one in people] == [1, 1, 0, 0]
    await assert_books_hold(database)


async def test_a_deadline_pays_everyone_back(
    database: Database, owner: Actor, make_freelancer: MakeFreelancer, make_project: MakeProject, apply: Apply
) -> None:
    """[P20, P22] The job marks what is due and nothing else; run twice, it pays once. A dry run only counts.

    From the deadline on nothing can be withdrawn or cancelled any more, marked or not: it would be paid by age.
    """
    sita, hari = await make_freelancer(credits=1), await make_freelancer(credits=1)
    due, later, given = await make_project(), await make_project(deadline=clock.now() + timedelta(days=9)), None
    given = await make_project()
    application = await apply(sita, due)
    hired = await apply(hari, given)
    async with database.transaction() as tx:
        await assign_project(tx, owner, given.id, application_id=hired.id)
    with clock.travelled_to(due.deadline + timedelta(seconds=2)):
        with pytest.raises(InvalidApplicationStep):
            async with database.transaction() as tx:
                await withdraw_application(tx, sita, application.id)
        with pytest.raises(InvalidProjectStep):
            async with database.transaction() as tx:
                await cancel_project(tx, owner, due.id, reason="too late")
        assert await expire_projects(database, clock.now(), True) == {"overdue": 1}
        assert await credits_of(database, sita) == 0
        assert await expire_projects(database, clock.now(), False) == {"overdue": 1, "expired": 1, "refused": 0}
        assert await expire_projects(database, clock.now(), False) == {"overdue": 0, "expired": 0, "refused": 0}
    async with database.reading() as tx:
        found = [(await require_project(tx, one.id)).status for one in (due, later, given)]
    assert found == [ProjectStatus.EXPIRED, ProjectStatus.OPEN, ProjectStatus.ASSIGNED]
    assert [await credits_of(database, one) for one in (sita, hari)] == [1, 0]
    await assert_books_hold(database)


async def test_strangers_change_nothing(
    database: Database,
    make_user: MakeUser,
    make_freelancer: MakeFreelancer,
    make_project: MakeProject,
    apply: Apply,
) -> None:
    """[P20] Only the owner or an admin; not another client, not an operator, not the one who applied."""
    sita, project = await make_freelancer(credits=1), await make_project()
    application = await apply(sita, project)
    strangers = [
        sita,
        *[
            (await make_user(role=role)).as_actor()
            for role in (ActorRole.VENDOR, ActorRole.RETAILER, ActorRole.OPERATOR)
        ],
    ]
    before = await contents_of(database)
    for stranger in strangers:
        for doing in (
            lambda tx, by: assign_project(tx, by, project.id, application_id=application.id),
            lambda tx, by: complete_project(tx, by, project.id),
            lambda tx, by: close_project(tx, by, project.id),
            lambda tx, by: cancel_project(tx, by, project.id, reason="mine now"),
        ):
            with pytest.raises(Forbidden):
                async with database.transaction() as tx:
                    await doing(tx, stranger)
    assert await contents_of(database) == before


async def test_an_admin_may(
    database: Database, admin: Actor, make_freelancer: MakeFreelancer, make_project: MakeProject, apply: Apply
) -> None:
    """[P20] And the audit names the admin, not the owner."""
    application = await apply(await make_freelancer(credits=1), await make_project())
    async with database.transaction() as tx:
        await assign_project(tx, admin, application.project_id, application_id=application.id)
        await cancel_project(tx, admin, application.project_id, reason="asked by telephone")
    async with database.reading() as tx:
        audited = await tx.dicts(
            """
            SELECT action, actor_name, reason, new_values FROM audit_entries
            WHERE subject_id = %(project)s AND action <> 'PROJECT_POSTED'
            ORDER BY id
            """,
            {"project": application.project_id},
        )
    assert [(one["actor_name"], one["new_values"]["status"], one["reason"]) for one in audited] == [
        ("Asha Admin", "ASSIGNED", None),
        ("Asha Admin", "CANCELLED", "asked by telephone"),
    ]


async def test_the_deadline_is_to_come(database: Database, owner: Actor) -> None:
    """[P20] A project nobody could ever apply to is not posted."""
    before = await contents_of(database)
    with pytest.raises(ValidationFailed):
        async with database.transaction() as tx:
            await post_project(tx, owner, project=NewProject(title="Late", deadline=clock.now()))
    assert await contents_of(database) == before


async def test_an_unknown_project(database: Database, owner: Actor) -> None:
    """PROJECT_NOT_FOUND, whatever is asked of it."""
    with pytest.raises(ProjectNotFound):
        async with database.transaction() as tx:
            await cancel_project(tx, owner, new_id(), reason="which?")


async def test_listing_knows_the_time(database: Database, owner: Actor, make_project: MakeProject) -> None:
    """[P20] Past its deadline an open project is listed as EXPIRED and no more as OPEN, before the job has come by."""
    soon = await make_project(deadline=clock.now() + timedelta(hours=1))
    later = await make_project(city="Surkhet")

    async def listed(status: ProjectStatus | None, **wanted: object) -> list[object]:
        async with database.reading() as tx:
            found = await find_projects(tx, moment=clock.now(), status=status, limit=10, **wanted)
        return [project.id for project in found]

    assert await listed(ProjectStatus.OPEN) == [later.id, soon.id]
    with clock.travelled_to(soon.deadline):
        assert await listed(ProjectStatus.OPEN) == [later.id]
        assert await listed(ProjectStatus.EXPIRED) == [soon.id]
        assert await listed(None) == [later.id, soon.id]
        assert await listed(None, city="surkhet", owner_id=owner.id) == [later.id]
        assert await listed(None, owner_id=new_id()) == []
