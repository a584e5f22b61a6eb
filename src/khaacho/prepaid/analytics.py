"""All the figures about prepaid credits at once, every one of them of the same moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.errors import ValidationFailed
from khaacho.parties.queries import find_users_by_id
from khaacho.parties.records import User
from khaacho.platform.database import Database
from khaacho.prepaid import reports
from khaacho.prepaid.reports import (
    Breakage,
    Circulation,
    DayFigures,
    KindFigures,
    PackageFigures,
    Revenue,
    TopUser,
)

TOP_USERS = 10
PERIOD_DEFAULT = timedelta(days=30)
PERIOD_MAX = timedelta(days=3_660)
IDLE_DAYS = 90


class Analytics(msgspec.Struct, frozen=True, kw_only=True):
    """Circulation, holders and breakage as of now, everything else of the span; `people` are the top users."""

    since: datetime
    until: datetime
    circulation: list[Circulation]
    holders: int
    revenue: list[Revenue]
    kinds: list[KindFigures]
    days: list[DayFigures]
    top: list[TopUser]
    people: Mapping[UUID, User]
    packages: list[PackageFigures]
    breakage: list[Breakage]


async def find_analytics(
    database: Database, *, since: datetime | None = None, until: datetime | None = None
) -> Analytics:
    """Of the last 30 days unless told otherwise. Raises ValidationFailed for a span that is none, or too long."""
    now = clock.now()
    until = until or now
    try:
        since = since or until - PERIOD_DEFAULT
    except OverflowError as error:
        raise ValidationFailed(field="to", why="is too long ago") from error
    if not timedelta(0) <= until - since <= PERIOD_MAX:
        raise ValidationFailed(field="from", why=f"must be before `to`, by {PERIOD_MAX.days} days at most")
    async with database.one_moment() as tx:
        top = await reports.find_top_users(tx, since=since, until=until, limit=TOP_USERS)
        return Analytics(
            since=since,
            until=until,
            circulation=await reports.find_circulation(tx),
            holders=await reports.count_holders(tx),
            revenue=await reports.find_revenue(tx, since=since, until=until),
            kinds=await reports.find_kind_figures(tx, since=since, until=until),
            days=await reports.find_day_figures(tx, since=since, until=until, zone=str(clock.zone())),
            top=top,
            people={one.id: one for one in await find_users_by_id(tx, [one.user_id for one in top])},
            packages=await reports.find_package_figures(tx, since=since, until=until),
            breakage=await reports.find_breakage(tx, idle_since=now - timedelta(days=IDLE_DAYS)),
        )
