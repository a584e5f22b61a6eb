"""Projects over HTTP; `ROUTES` has applications and refunds too."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import get, post
from litestar.params import QueryParameter

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.errors import Forbidden
from khaacho.parties.access import requires
from khaacho.platform.database import Database, Transaction
from khaacho.platform.http import PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, Envelope, Page, decode_cursor, ok, page_of
from khaacho.projects import actions
from khaacho.projects.api_records import (
    ApplicationAnswer,
    Assignment,
    OptionalReason,
    ProjectAnswer,
    ProjectBody,
    Reason,
    application_answer,
    project_answer,
)
from khaacho.projects.applications_api import ROUTES as APPLICATION_ROUTES
from khaacho.projects.queries import (
    count_applications,
    find_applications,
    find_projects,
    find_refunds_by_application,
    has_applied,
    require_project,
)
from khaacho.projects.records import ApplicationStatus, Category, Project, ProjectStatus
from khaacho.projects.refunds_api import ROUTES as REFUND_ROUTES
from khaacho.projects.states import status_at

Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_LIMIT_MAX)]


@post(
    "/projects",
    operation_id="postProject",
    summary="Post a project for freelancers to apply to",
    guards=[requires("projects.post")],
)
async def post_project(data: ProjectBody, database: Database, actor: Actor) -> Envelope[ProjectAnswer]:
    """In the caller's own name."""
    async with database.transaction() as tx:
        return ok(project_answer(await actions.post_project(tx, actor, project=data.as_new()), applications=0))


@get(
    "/projects",
    operation_id="listProjects",
    summary="Projects, newest first; a client's own, and for freelancers those that are open",
    guards=[requires("projects.read")],
)
async def list_projects(
    database: Database,
    actor: Actor,
    status: ProjectStatus | None = None,
    category: Category | None = None,
    city: str | None = None,
    mine: Annotated[bool, QueryParameter(description="Only those the caller posted")] = False,
    cursor: str | None = None,
    limit: Limit = PAGE_LIMIT_DEFAULT,
) -> Envelope[Page[ProjectAnswer]]:
    """An open project past its deadline counts as EXPIRED."""
    if actor.role is ActorRole.FREELANCER:
        if status not in (None, ProjectStatus.OPEN):
            raise Forbidden
        status = ProjectStatus.OPEN
    own_only = mine or not (actor.is_staff or actor.role is ActorRole.FREELANCER)
    async with database.reading() as tx:
        projects = await find_projects(
            tx,
            moment=clock.now(),
            owner_id=actor.id if own_only else None,
            status=status,
            category=category,
            city=city,
            before=decode_cursor(cursor),
            limit=limit + 1,
        )
        counts = await count_applications(tx, [project.id for project in projects])
    answers = [project_answer(project, counts.get(project.id, 0)) for project in projects]
    return ok(page_of(answers, limit, lambda answer: answer.id))


@get(
    "/projects/{project_id:uuid}",
    operation_id="getProject",
    summary="One project",
    guards=[requires("projects.read")],
)
async def get_project(project_id: UUID, database: Database, actor: Actor) -> Envelope[ProjectAnswer]:
    """For its owner, staff, and freelancers while it is open or once they have applied."""
    async with database.reading() as tx:
        project = await require_project(tx, project_id)
        await _ensure_visible(tx, actor, project)
        return ok(await _answer(tx, project))


@get(
    "/projects/{project_id:uuid}/applications",
    operation_id="listProjectApplications",
    summary="Who applied to a project, newest first; for its owner and staff",
    guards=[requires("projects.post")],
)
async def list_project_applications(
    project_id: UUID,
    database: Database,
    actor: Actor,
    status: ApplicationStatus | None = None,
    cursor: str | None = None,
    limit: Limit = PAGE_LIMIT_DEFAULT,
) -> Envelope[Page[ApplicationAnswer]]:
    """With their messages and bids, which no other freelancer sees."""
    async with database.reading() as tx:
        project = await require_project(tx, project_id)
        if not _may_look_into(actor, project):
            raise Forbidden
        found = await find_applications(
            tx, project_id=project_id, status=status, before=decode_cursor(cursor), limit=limit + 1
        )
        refunds = await find_refunds_by_application(tx, [application.id for application in found])
    answers = [application_answer(application, project, refunds.get(application.id)) for application in found]
    return ok(page_of(answers, limit, lambda answer: answer.id))


@post(
    "/projects/{project_id:uuid}/assign",
    operation_id="assignProject",
    summary="Give the work to one of those who applied",
    status_code=200,
    guards=[requires("projects.post")],
)
async def assign(project_id: UUID, data: Assignment, database: Database, actor: Actor) -> Envelope[ProjectAnswer]:
    """The others wait: they are rejected when the work is done, and paid back when the project is cancelled."""
    async with database.transaction() as tx:
        project = await actions.assign_project(tx, actor, project_id, application_id=data.application_id)
        return ok(await _answer(tx, project))


@post(
    "/projects/{project_id:uuid}/complete",
    operation_id="completeProject",
    summary="The work is done",
    status_code=200,
    guards=[requires("projects.post")],
)
async def complete(project_id: UUID, database: Database, actor: Actor) -> Envelope[ProjectAnswer]:
    """From ASSIGNED."""
    async with database.transaction() as tx:
        return ok(await _answer(tx, await actions.complete_project(tx, actor, project_id)))


@post(
    "/projects/{project_id:uuid}/close",
    operation_id="closeProject",
    summary="Take no more applications and give the work to nobody",
    status_code=200,
    guards=[requires("projects.post")],
)
async def close(
    project_id: UUID, database: Database, actor: Actor, data: OptionalReason | None = None
) -> Envelope[ProjectAnswer]:
    """From OPEN. Those who wait are rejected; nothing is given back."""
    async with database.transaction() as tx:
        project = await actions.close_project(tx, actor, project_id, reason=data.reason if data else None)
        return ok(await _answer(tx, project))


@post(
    "/projects/{project_id:uuid}/cancel",
    operation_id="cancelProject",
    summary="Call the project off and pay back everyone who applied",
    status_code=200,
    guards=[requires("projects.post")],
)
async def cancel(project_id: UUID, data: Reason, database: Database, actor: Actor) -> Envelope[ProjectAnswer]:
    """From OPEN or ASSIGNED. The first hundred are paid back at once, the others by a job."""
    async with database.transaction() as tx:
        return ok(await _answer(tx, await actions.cancel_project(tx, actor, project_id, reason=data.reason)))


ROUTES: list[Any] = [
    post_project,
    list_projects,
    get_project,
    list_project_applications,
    assign,
    complete,
    close,
    cancel,
    *APPLICATION_ROUTES,
    *REFUND_ROUTES,
]


async def _answer(tx: Transaction, project: Project) -> ProjectAnswer:
    return project_answer(project, (await count_applications(tx, [project.id])).get(project.id, 0))


def _may_look_into(actor: Actor, project: Project) -> bool:
    # Reading only: who changes a project is decided under its lock, and there an operator is a stranger.
    return actor.is_staff or actor.id == project.owner_id


async def _ensure_visible(tx: Transaction, actor: Actor, project: Project) -> None:
    if _may_look_into(actor, project):
        return
    if actor.role is not ActorRole.FREELANCER or actor.id is None:
        raise Forbidden
    if status_at(project, clock.now()) is not ProjectStatus.OPEN and not await has_applied(tx, project.id, actor.id):
        raise Forbidden
