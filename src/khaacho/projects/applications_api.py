"""Applications over HTTP: sending, reading one's own, withdrawing, rejecting."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, get, post
from litestar.params import HeaderParameter, QueryParameter

from khaacho.actors import Actor
from khaacho.parties.access import requires
from khaacho.platform.database import Database, Transaction
from khaacho.platform.http import PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, Envelope, Page, decode_cursor, ok, page_of
from khaacho.platform.idempotency import KEY_LENGTH_MAX, checked_key, hash_request
from khaacho.prepaid.counter import SPENDING, PerUser
from khaacho.projects.api_records import ApplicationAnswer, ApplicationBody, OptionalReason, application_answer
from khaacho.projects.applications import reject_application, withdraw_application
from khaacho.projects.queries import (
    find_applications,
    find_projects_by_id,
    find_refunds_by_application,
    require_project,
)
from khaacho.projects.reception import Reception
from khaacho.projects.records import Application, ApplicationStatus

spending = PerUser(SPENDING)

KeyHeader = Annotated[str | None, HeaderParameter(name="Idempotency-Key", max_length=KEY_LENGTH_MAX)]


@post(
    "/applications",
    operation_id="applyToProject",
    summary="Apply to a project; it costs credits",
    guards=[requires("projects.apply"), spending],
)
async def apply(
    data: ApplicationBody, request: Request[Any, Any, Any], reception: Reception, actor: Actor, key: KeyHeader = None
) -> Envelope[ApplicationAnswer]:
    """`creditsBalance` is what is left. One live application per freelancer and project.

    With an Idempotency-Key the same request again answers the same application.
    """
    applied = await reception.take(
        actor,
        data.as_new(),
        key=None if key is None else checked_key(key),
        request_hash=hash_request(await request.body()),
    )
    return ok(application_answer(applied.application, applied.project, credits_balance=applied.spend.balance_after))


@get(
    "/applications/mine",
    operation_id="listOwnApplications",
    summary="The caller's applications, newest first",
    guards=[requires("projects.apply")],
)
async def list_own(
    database: Database,
    actor: Actor,
    status: ApplicationStatus | None = None,
    cursor: str | None = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_LIMIT_MAX)] = PAGE_LIMIT_DEFAULT,
) -> Envelope[Page[ApplicationAnswer]]:
    """With what each cost, and what of that was given back."""
    async with database.reading() as tx:
        found = await find_applications(
            tx, freelancer_id=actor.id, status=status, before=decode_cursor(cursor), limit=limit + 1
        )
        projects = await find_projects_by_id(tx, [application.project_id for application in found])
        refunds = await find_refunds_by_application(tx, [application.id for application in found])
    answers = [
        application_answer(application, projects[application.project_id], refunds.get(application.id))
        for application in found
    ]
    return ok(page_of(answers, limit, lambda answer: answer.id))


@post(
    "/applications/{application_id:uuid}/withdraw",
    operation_id="withdrawApplication",
    summary="Take an application back",
    status_code=200,
    guards=[requires("projects.apply"), spending],
)
async def withdraw(application_id: UUID, database: Database, actor: Actor) -> Envelope[ApplicationAnswer]:
    """Within 30 minutes everything is given back, within 24 hours half of it, rounded up to a whole credit."""
    async with database.transaction() as tx:
        withdrawn = await withdraw_application(tx, actor, application_id)
        return ok(await _answer(tx, withdrawn.application))


@post(
    "/applications/{application_id:uuid}/reject",
    operation_id="rejectApplication",
    summary="The project's owner does not want this one",
    status_code=200,
    guards=[requires("projects.post")],
)
async def reject(
    application_id: UUID, database: Database, actor: Actor, data: OptionalReason | None = None
) -> Envelope[ApplicationAnswer]:
    """Nothing is given back."""
    async with database.transaction() as tx:
        rejected = await reject_application(tx, actor, application_id, reason=data.reason if data else None)
        return ok(await _answer(tx, rejected))


ROUTES: list[Any] = [apply, list_own, withdraw, reject]


async def _answer(tx: Transaction, application: Application) -> ApplicationAnswer:
    refunds = await find_refunds_by_application(tx, [application.id])
    return application_answer(
        application, await require_project(tx, application.project_id), refunds.get(application.id)
    )
