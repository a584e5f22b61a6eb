"""Reports on prepaid credits over HTTP, for those who run them, and the whole of it for spreadsheets."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import get
from litestar.datastructures import ResponseHeader
from litestar.params import QueryParameter
from litestar.response import Stream

from khaacho import clock
from khaacho.actors import Actor
from khaacho.errors import ValidationFailed
from khaacho.parties.access import requires
from khaacho.parties.queries import find_users_by_id, require_user
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Database
from khaacho.platform.http import Envelope, ok
from khaacho.platform.spreadsheets import CSV_MEDIA_TYPE, XLSX_MEDIA_TYPE, stream_csv, stream_xlsx
from khaacho.prepaid import reports
from khaacho.prepaid.balances import require_balance
from khaacho.prepaid.exports import HEADING, stream_table
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
from khaacho.prepaid.terms import TERMS_SUBJECT

PAGE_MAX = 100_000
LIMIT_DEFAULT = 50
LIMIT_MAX = 100
RECENT_LINES = 20
TOP_USERS = 10
PERIOD_DEFAULT = timedelta(days=30)
PERIOD_MAX = timedelta(days=3_660)
IDLE_DAYS = 90

UserId = Annotated[UUID | None, QueryParameter(name="userId")]
Kind = Annotated[MovementKind | None, QueryParameter(name="type")]
Since = Annotated[datetime | None, QueryParameter(name="from", description="From this moment on")]
Until = Annotated[datetime | None, QueryParameter(name="to", description="Up to and with this moment")]


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
    until: Until = None,
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
async def get_analytics(database: Database, since: Since = None, until: Until = None) -> Envelope[AnalyticsAnswer]:
    """Of the last 30 days, unless told otherwise. All figures are of one moment."""
    now = clock.now()
    until = _with_offset("to", until) or now
    since = _with_offset("from", since) or until - PERIOD_DEFAULT
    if not timedelta(0) <= until - since <= PERIOD_MAX:
        raise ValidationFailed(field="from", why=f"must be before `to`, by {PERIOD_MAX.days} days at most")
    async with database.transaction() as tx:
        await tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        top = await reports.find_top_users(tx, since=since, until=until, limit=TOP_USERS)
        people = {one.id: one for one in await find_users_by_id(tx, [one.user_id for one in top])}
        days = await reports.find_day_figures(tx, since=since, until=until, zone=str(clock.zone()))
        idle_since = now - timedelta(days=IDLE_DAYS)
        return ok(
            AnalyticsAnswer(
                period=PeriodAnswer(since=since, until=until),
                circulation=circulation_answer(await reports.find_circulation(tx), await reports.count_holders(tx)),
                revenue=[revenue_answer(one) for one in await reports.find_revenue(tx, since=since, until=until)],
                by_type=[kind_answer(one) for one in await reports.find_kind_figures(tx, since=since, until=until)],
                daily=[day_answer(one) for one in days],
                top_users=[top_user_answer(one, people) for one in top],
                packages=[
                    package_answer(one) for one in await reports.find_package_figures(tx, since=since, until=until)
                ],
                breakage=[
                    breakage_answer(one, IDLE_DAYS) for one in await reports.find_breakage(tx, idle_since=idle_since)
                ],
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
    until: Until = None,
) -> Stream:
    """All rows, as they were at one moment, oldest first; sent as they are read. Who took them is audited."""
    wanted = _wanted(user_id, kind, since, until)
    entry = AuditEntry(
        action="EXPORT",
        subject_kind="prepaid_transactions",
        subject_id=TERMS_SUBJECT,
        new={
            "format": format,
            "user_id": user_id,
            "type": kind,
            "from": since.isoformat() if since else None,
            "to": until.isoformat() if until else None,
        },
    )
    async with database.transaction() as tx:
        await record_audit(tx, actor, [entry])
    table = stream_table(database, wanted)
    file = stream_csv(HEADING, table) if format == "csv" else stream_xlsx("Credits", HEADING, table)
    name = f"credits-{clock.business_day().isoformat()}.{format}"
    return Stream(
        file,
        media_type=CSV_MEDIA_TYPE if format == "csv" else XLSX_MEDIA_TYPE,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


ROUTES: list[Any] = [list_transactions, get_user_credits, get_analytics, export]


def _wanted(
    user_id: UUID | None, kind: MovementKind | None, since: datetime | None, until: datetime | None
) -> MovementFilter:
    return MovementFilter(
        user_id=user_id, kind=kind, since=_with_offset("from", since), until=_with_offset("to", until)
    )


def _with_offset(field: str, moment: datetime | None) -> datetime | None:
    if moment is not None and moment.tzinfo is None:
        raise ValidationFailed(field=field, why="needs an offset, such as +05:45")
    return moment
