"""Reports on prepaid credits over HTTP, for those who run them, and the whole of it for spreadsheets."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import get
from litestar.datastructures import ResponseHeader
from litestar.params import QueryParameter
from litestar.response import Stream

from khaacho.actors import Actor
from khaacho.parties.access import requires
from khaacho.parties.queries import find_users_by_id, require_user
from khaacho.platform.asked_times import Last, Since, asked_last, asked_since
from khaacho.platform.database import Database
from khaacho.platform.http import Envelope, ok
from khaacho.platform.spreadsheets import CSV_MEDIA_TYPE
from khaacho.prepaid import reports
from khaacho.prepaid.analytics import IDLE_DAYS, find_analytics
from khaacho.prepaid.balances import require_balance
from khaacho.prepaid.exports import export_movements
from khaacho.prepaid.queries import find_history
from khaacho.prepaid.records import MovementKind
from khaacho.prepaid.report_records import (
    AnalyticsAnswer,
    PeriodAnswer,
    TransactionsAnswer,
    UserCreditsAnswer,
    breakage_answer,
    circulation_answer,
    day_answer,
    kind_answer,
    package_answer,
    revenue_answer,
    top_user_answer,
    transaction_item,
    user_credits_answer,
)
from khaacho.prepaid.reports import MovementFilter, MovementSort, SortOrder

PAGE_MAX = 100_000
LIMIT_DEFAULT = 50
LIMIT_MAX = 100
RECENT_LINES = 20

UserId = Annotated[UUID | None, QueryParameter(name="userId")]
Kind = Annotated[MovementKind | None, QueryParameter(name="type")]


@get(
    "/admin/credits/transactions",
    operation_id="listCreditTransactions",
    summary="Every change of everybody's balance",
    guards=[requires("credits.admin.view_all")],
)
async def list_transactions(
    database: Database,
    user_id: UserId = None,
    kind: Kind = None,
    since: Since = None,
    until: Last = None,
    sort: MovementSort = MovementSort.CREATED_AT,
    order: SortOrder = SortOrder.DESC,
    page: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 1,
    limit: Annotated[int, QueryParameter(ge=1, le=LIMIT_MAX)] = LIMIT_DEFAULT,
) -> Envelope[TransactionsAnswer]:
    """Newest first, unless sorted otherwise; with the purchase behind a line."""
    wanted = _wanted(user_id, kind, since, until)
    async with database.reading() as tx:
        found = await reports.find_movement_page(
            tx, wanted, sort=sort, order=order, limit=limit, offset=(page - 1) * limit
        )
        people = {one.id: one for one in await find_users_by_id(tx, list({line.user_id for line in found.lines}))}
    return ok(
        TransactionsAnswer(
            items=[transaction_item(line, people) for line in found.lines],
            page=page,
            limit=limit,
            total=found.total,
            pages=-(-found.total // limit),
        )
    )


@get(
    "/admin/credits/user/{user_id:uuid}",
    operation_id="getUserCredits",
    summary="One freelancer's credits",
    guards=[requires("credits.admin.view_all")],
)
async def get_user_credits(user_id: UUID, database: Database) -> Envelope[UserCreditsAnswer]:
    """Raises USER_NOT_FOUND, and PROFILE_NOT_FOUND for somebody who is no freelancer."""
    async with database.reading() as tx:
        balance = await require_balance(tx, user_id)
        return ok(
            user_credits_answer(
                await require_user(tx, user_id),
                balance,
                await reports.find_user_totals(tx, user_id),
                (await find_history(tx, user_id, limit=RECENT_LINES)).lines,
            )
        )


@get(
    "/admin/credits/analytics",
    operation_id="getCreditAnalytics",
    summary="Credits in circulation, revenue, and what is used",
    guards=[requires("credits.admin.analytics")],
)
async def get_analytics(database: Database, since: Since = None, until: Last = None) -> Envelope[AnalyticsAnswer]:
    """Of the last 30 days, unless told otherwise. All figures are of one moment."""
    found = await find_analytics(database, since=asked_since(since), until=asked_last(until))
    return ok(
        AnalyticsAnswer(
            period=PeriodAnswer(since=found.since, until=found.until),
            circulation=circulation_answer(found.circulation, found.holders),
            revenue=[revenue_answer(one) for one in found.revenue],
            by_type=[kind_answer(one) for one in found.kinds],
            daily=[day_answer(one) for one in found.days],
            top_users=[top_user_answer(one, found.people) for one in found.top],
            packages=[package_answer(one) for one in found.packages],
            breakage=[breakage_answer(one, IDLE_DAYS) for one in found.breakage],
        )
    )


@get(
    "/admin/credits/export",
    operation_id="exportCreditTransactions",
    summary="Every change of everybody's balance, for spreadsheets",
    guards=[requires("credits.admin.export")],
    media_type=CSV_MEDIA_TYPE,
    response_headers=[
        ResponseHeader(name="Content-Disposition", description="The file's name", documentation_only=True)
    ],
)
async def export(
    database: Database,
    actor: Actor,
    format: Literal["csv", "xlsx"] = "csv",
    user_id: UserId = None,
    kind: Kind = None,
    since: Since = None,
    until: Last = None,
) -> Stream:
    """All rows, as they were at one moment, oldest first; sent as they are read. Who took them is audited."""
    return await export_movements(database, actor, _wanted(user_id, kind, since, until), format)


ROUTES: list[Any] = [list_transactions, get_user_credits, get_analytics, export]


def _wanted(user_id: UUID | None, kind: MovementKind | None, since: str | None, until: str | None) -> MovementFilter:
    return MovementFilter(user_id=user_id, kind=kind, since=asked_since(since), until=asked_last(until))
