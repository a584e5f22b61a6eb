"""One project for its client: who applied, giving the work away, ending it, and what ending it pays back."""

from __future__ import annotations

from enum import StrEnum
from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect

from khaacho import clock
from khaacho.actors import ActorRole
from khaacho.console.forms import Form
from khaacho.console.projects import LIST
from khaacho.console.refusals import say
from khaacho.console.rendering import render
from khaacho.console.visitor import AnyRequest, Visitor
from khaacho.errors import KhaachoError, ProjectNotFound, RouteNotFound
from khaacho.parties.queries import find_users_by_id
from khaacho.platform.database import Database, Transaction
from khaacho.platform.http import decode_cursor, encode_cursor
from khaacho.projects import actions
from khaacho.projects.applications import reject_application
from khaacho.projects.queries import (
    count_applications,
    count_refunds,
    find_applications,
    find_cost_of_cancelling,
    find_refunds_by_application,
    require_application,
    require_project,
)
from khaacho.projects.records import Project, ProjectStatus
from khaacho.projects.refund_policy import RefundCause
from khaacho.projects.refund_runs import OVER, refund_project
from khaacho.projects.refunds import CAUSES_GIVEN_BY_HAND, refund_application
from khaacho.projects.states import PROJECT_STEPS, has_fallen, status_at

APPLICATIONS_SHOWN = 50


class Act(StrEnum):
    """The value is the last part of the form's address."""

    ASSIGN = "assign"
    REJECT = "reject"
    COMPLETE = "complete"
    CLOSE = "close"
    CANCEL = "cancel"
    REFUND = "refund"
    REFUND_ONE = "refund-one"


_LEADS_TO = {
    Act.ASSIGN: ProjectStatus.ASSIGNED,
    Act.COMPLETE: ProjectStatus.COMPLETED,
    Act.CLOSE: ProjectStatus.CLOSED,
    Act.CANCEL: ProjectStatus.CANCELLED,
}


@get("/projects/{project_id:uuid}")
async def project_page(
    request: AnyRequest,
    project_id: UUID,
    database: Database,
    visitor: Visitor,
    after: str | None = None,
    done: str = "",
) -> Response[str]:
    """`done` says once what was just done."""
    return await _show(request, project_id, database, visitor, after=after, done=done)


@post("/projects/{project_id:uuid}/{act:str}", status_code=303)
async def act_on_project(
    request: AnyRequest, project_id: UUID, act: str, database: Database, visitor: Visitor
) -> Response[Any]:
    """Do it, or say why not on the same page. Raises RouteNotFound for an act there is not."""
    if act not in tuple(Act):
        raise RouteNotFound
    chosen = Act(act)
    visitor.require("credits.admin.refund" if chosen in (Act.REFUND, Act.REFUND_ONE) else "projects.post")
    fields = await request.form()
    try:
        async with database.transaction() as tx:
            await _require_visible(tx, project_id, visitor)
            await _perform(tx, visitor, chosen, project_id, Form(fields))
    except KhaachoError as refusal:
        return await _show(request, project_id, database, visitor, refusal=refusal, tried=act, filled=dict(fields))
    return Redirect(f"{LIST}/{project_id}?done={act}", status_code=303)


def offered_acts(
    project: Project, status: ProjectStatus, visitor: Visitor, *, is_anybody_unpaid: bool
) -> frozenset[str]:
    """What to offer now. Pure; the actions themselves decide again, under the lock."""
    may_change = visitor.actor.role is ActorRole.ADMIN or visitor.user.id == project.owner_id
    offered = {act for act, to_status in _LEADS_TO.items() if may_change and to_status in PROJECT_STEPS[status]}
    if may_change and status in (ProjectStatus.OPEN, ProjectStatus.ASSIGNED):
        offered.add(Act.REJECT)
    if visitor.may("credits.admin.refund"):
        offered.add(Act.REFUND_ONE)
        # What the table says, not what the clock says: a project past its deadline is marked before it is paid back.
        if project.status in OVER and is_anybody_unpaid:
            offered.add(Act.REFUND)
    return frozenset(act.value for act in offered)


async def _perform(tx: Transaction, visitor: Visitor, act: Act, project_id: UUID, form: Form) -> None:
    actor = visitor.actor
    match act:
        case Act.ASSIGN:
            await actions.assign_project(tx, actor, project_id, application_id=form.id("application"))
        case Act.REJECT:
            application_id = await _require_of(tx, project_id, form)
            await reject_application(tx, actor, application_id, reason=form.words("reason") or None)
        case Act.COMPLETE:
            await actions.complete_project(tx, actor, project_id)
        case Act.CLOSE:
            await actions.close_project(tx, actor, project_id, reason=form.words("reason") or None)
        case Act.CANCEL:
            await actions.cancel_project(tx, actor, project_id, reason=form.reason())
        case Act.REFUND:
            await refund_project(tx, actor, project_id)
        case Act.REFUND_ONE:
            application_id = await _require_of(tx, project_id, form)
            cause = form.one_of("cause", RefundCause)
            await refund_application(tx, actor, application_id, cause=cause, reason=form.reason())


async def _require_of(tx: Transaction, project_id: UUID, form: Form) -> UUID:
    """The application the form names, which is of this project. Raises ApplicationNotFound, ProjectNotFound."""
    application = await require_application(tx, form.id("application"))
    if application.project_id != project_id:
        raise ProjectNotFound
    return application.id


async def _require_visible(tx: Transaction, project_id: UUID, visitor: Visitor) -> Project:
    """Raises ProjectNotFound, also for a wholesaler when it is not theirs: whether it exists is not told."""
    visitor.require("projects.post")
    project = await require_project(tx, project_id)
    if not visitor.is_staff and project.owner_id != visitor.user.id:
        raise ProjectNotFound
    return project


async def _show(
    request: AnyRequest,
    project_id: UUID,
    database: Database,
    visitor: Visitor,
    *,
    after: str | None = None,
    done: str = "",
    refusal: KhaachoError | None = None,
    tried: str = "",
    filled: dict[str, Any] | None = None,
) -> Response[str]:
    async with database.reading() as tx:
        project = await _require_visible(tx, project_id, visitor)
        found = await find_applications(
            tx, project_id=project_id, before=decode_cursor(after), limit=APPLICATIONS_SHOWN + 1
        )
        shown = found[:APPLICATIONS_SHOWN]
        refunds = await find_refunds_by_application(tx, [one.id for one in shown])
        people = await find_users_by_id(tx, list({project.owner_id, *(one.freelancer_id for one in shown)}))
        live, units_back = await find_cost_of_cancelling(tx, project_id)
        total, refunded = await count_refunds(tx, project_id)
        counts = await count_applications(tx, [project_id])
    status = status_at(project, clock.now())
    acts = offered_acts(project, status, visitor, is_anybody_unpaid=refunded < total)
    return render(
        request,
        "project.html",
        status=refusal.status if refusal else 200,
        refusal=say(request, visitor, refusal) if refusal else None,
        tried=tried,
        filled=filled or {},
        done=done if done == "posted" or done in tuple(Act) else "",
        project=project,
        project_status=status,
        acts=acts,
        has_acts=not acts.isdisjoint((Act.COMPLETE, Act.CLOSE, Act.CANCEL, Act.REFUND)),
        applications=shown,
        fallen={one.id for one in shown if has_fallen(one, status)},
        counted=counts.get(project_id, 0),
        refunds=refunds,
        people={person.id: person for person in people},
        live=live,
        units_back=units_back,
        refunded=refunded,
        total=total,
        causes=sorted(CAUSES_GIVEN_BY_HAND),
        next_address=f"{LIST}/{project_id}?after={encode_cursor(shown[-1].id)}"
        if len(found) > APPLICATIONS_SHOWN
        else None,
    )


ROUTES: list[Any] = [project_page, act_on_project]
