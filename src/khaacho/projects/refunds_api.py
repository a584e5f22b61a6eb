"""Refunds over HTTP [P22]: what would be given back, what was, and an admin's hand."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import get, post
from litestar.params import QueryParameter

from khaacho.actors import Actor
from khaacho.errors import Forbidden
from khaacho.parties.access import requires
from khaacho.platform.database import Database
from khaacho.platform.http import PAGE_LIMIT_DEFAULT, PAGE_LIMIT_MAX, Envelope, Page, decode_cursor, ok, page_of
from khaacho.prepaid.counter import LOOKING, PerUser
from khaacho.projects.api_records import (
    EligibilityAnswer,
    RefundAnswer,
    RefundOne,
    RefundRunAnswer,
    eligibility_answer,
    refund_answer,
    run_answer,
)
from khaacho.projects.queries import count_refunds, find_refunds_of
from khaacho.projects.refund_runs import refund_project
from khaacho.projects.refunds import find_refund_view, refund_application

looking = PerUser(LOOKING)


@get(
    "/credits/refund-eligibility/{application_id:uuid}",
    operation_id="getRefundEligibility",
    summary="What would be given back if the application were left now",
    guards=[requires("credits.request_refund"), looking],
)
async def get_eligibility(application_id: UUID, database: Database, actor: Actor) -> Envelope[EligibilityAnswer]:
    """Exactly that is paid. For the one who applied only."""
    async with database.reading() as tx:
        view = await find_refund_view(tx, application_id)
    if view.application.freelancer_id != actor.id:
        raise Forbidden
    return ok(eligibility_answer(view))


@get(
    "/credits/refunds",
    operation_id="listRefunds",
    summary="Credits the caller was given back, newest first",
    guards=[requires("credits.request_refund"), looking],
)
async def list_refunds(
    database: Database,
    actor: Actor,
    cursor: str | None = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_LIMIT_MAX)] = PAGE_LIMIT_DEFAULT,
) -> Envelope[Page[RefundAnswer]]:
    """One row an application, with the reason."""
    if actor.id is None:
        raise Forbidden
    async with database.reading() as tx:
        refunds = await find_refunds_of(tx, actor.id, before=decode_cursor(cursor), limit=limit + 1)
    return ok(page_of([refund_answer(refund) for refund in refunds], limit, lambda answer: answer.id))


@post(
    "/admin/credits/refund-project/{project_id:uuid}",
    operation_id="refundProject",
    summary="Pay back the applicants a project left without an answer",
    status_code=200,
    guards=[requires("credits.admin.refund")],
)
async def refund_all(project_id: UUID, database: Database, actor: Actor) -> Envelope[RefundRunAnswer]:
    """Of a project that is over. The first hundred at once, the others by a job; asked again, it pays nobody twice."""
    async with database.transaction() as tx:
        view = await refund_project(tx, actor, project_id)
        total, refunded = await count_refunds(tx, project_id)
        return ok(run_answer(view.project, view.run, total=total, refunded=refunded))


@post(
    "/admin/credits/refund-application/{application_id:uuid}",
    operation_id="refundApplication",
    summary="Give one application back in full",
    status_code=200,
    guards=[requires("credits.admin.refund")],
)
async def refund_one(application_id: UUID, data: RefundOne, database: Database, actor: Actor) -> Envelope[RefundAnswer]:
    """For a duplicate or a fault of ours. An application that waits for an answer is ended with it."""
    async with database.transaction() as tx:
        refund = await refund_application(tx, actor, application_id, cause=data.cause, reason=data.reason)
        return ok(refund_answer(refund))


ROUTES: list[Any] = [get_eligibility, list_refunds, refund_all, refund_one]
