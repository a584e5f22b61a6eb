"""A freelancer's applications, what each cost, and withdrawing one knowing what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from khaacho import clock
from khaacho.console.forms import Form
from khaacho.console.refusals import say
from khaacho.console.rendering import render
from khaacho.console.visitor import WORK_HOME, AnyRequest, Visitor
from khaacho.console.work.credits import whole_number
from khaacho.errors import KhaachoError
from khaacho.parties.queries import find_users_by_id
from khaacho.parties.records import User
from khaacho.platform.database import Database
from khaacho.platform.http import decode_cursor, encode_cursor
from khaacho.projects.applications import withdraw_application
from khaacho.projects.queries import find_applications, find_projects_by_id, find_refunds_by_application
from khaacho.projects.records import Application, ApplicationRefund, ApplicationStatus, Project, ProjectStatus
from khaacho.projects.refund_policy import RefundQuote
from khaacho.projects.refunds import quote_of
from khaacho.projects.states import RUNNING, has_fallen, status_at

PAGE_LENGTH = 20
# From here on client and freelancer see each other's telephone.
GIVEN = frozenset({ApplicationStatus.APPROVED, ApplicationStatus.COMPLETED})


class _LessComesBack(Exception):
    """Time has passed since the quote was shown. Undoes the withdrawing."""


class ApplicationRow(msgspec.Struct, frozen=True, kw_only=True):
    """An application with its project and what came of its credits; `quote` is there while it can be withdrawn, and
    `client`, who is to be called, once the work was given.
    """

    application: Application
    project: Project
    project_status: ProjectStatus
    has_fallen: bool
    refund: ApplicationRefund | None
    quote: RefundQuote | None
    client: User | None


@get("/applications")
async def applications_page(
    request: AnyRequest,
    database: Database,
    visitor: Visitor,
    status: str = "",
    after: str | None = None,
    done: str = "",
) -> Response[str]:
    """Newest first; `done` says once what was just done."""
    visitor.require("projects.apply")
    return await _show(request, database, visitor, status=status, after=after, done=done)


@post("/applications/{application_id:uuid}/withdraw", status_code=303)
async def withdraw(request: AnyRequest, application_id: UUID, database: Database, visitor: Visitor) -> Response[Any]:
    """Take it back for what was quoted, or more; if time has made it less, nothing happens but a new quote."""
    visitor.require("projects.apply")
    form = Form(await request.form())
    try:
        quoted = whole_number(form.words("quoted"), "quoted")
        async with database.transaction() as tx:
            withdrawn = await withdraw_application(tx, visitor.actor, application_id)
            back = (await find_refunds_by_application(tx, [application_id])).get(withdrawn.application.id)
            if (back.units if back else 0) < quoted:
                raise _LessComesBack
    except _LessComesBack:
        return await _show(request, database, visitor, less_comes_back=True)
    except KhaachoError as refusal:
        return await _show(request, database, visitor, refusal=refusal)
    return Redirect(f"{WORK_HOME}/applications?done={'refunded' if back else 'withdrawn'}", status_code=303)


async def _show(
    request: AnyRequest,
    database: Database,
    visitor: Visitor,
    *,
    status: str = "",
    after: str | None = None,
    done: str = "",
    refusal: KhaachoError | None = None,
    less_comes_back: bool = False,
) -> Response[str]:
    wanted = ApplicationStatus(status) if status in tuple(ApplicationStatus) else None
    async with database.reading() as tx:
        found = await find_applications(
            tx, freelancer_id=visitor.user.id, status=wanted, before=decode_cursor(after), limit=PAGE_LENGTH + 1
        )
        shown = found[:PAGE_LENGTH]
        projects = await find_projects_by_id(tx, [one.project_id for one in shown])
        refunds = await find_refunds_by_application(tx, [one.id for one in shown])
        given = [projects[one.project_id].owner_id for one in shown if one.status in GIVEN]
        clients = {one.id: one for one in await find_users_by_id(tx, given)}
    more = len(found) > PAGE_LENGTH
    narrowed = f"&status={wanted}" if wanted else ""
    return render(
        request,
        "work_applications.html",
        status=refusal.status if refusal else 409 if less_comes_back else 200,
        less_comes_back=less_comes_back,
        refusal=say(request, visitor, refusal) if refusal else None,
        rows=[_row(one, projects[one.project_id], refunds.get(one.id), clients) for one in shown],
        chosen=wanted,
        statuses=list(ApplicationStatus),
        done=done if done in ("applied", "withdrawn", "refunded") else "",
        next_address=f"{WORK_HOME}/applications?after={encode_cursor(shown[-1].id)}{narrowed}" if more else None,
    )


def _row(
    application: Application, project: Project, refund: ApplicationRefund | None, clients: Mapping[UUID, User]
) -> ApplicationRow:
    status = status_at(project, clock.now())
    may_leave = application.status is ApplicationStatus.PENDING and status in RUNNING
    return ApplicationRow(
        application=application,
        project=project,
        project_status=status,
        has_fallen=has_fallen(application, status),
        refund=refund,
        quote=quote_of(application, project) if may_leave and refund is None else None,
        client=clients.get(project.owner_id) if application.status in GIVEN else None,
    )


ROUTES: list[Any] = [applications_page, withdraw]
