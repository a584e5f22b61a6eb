"""Credits in circulation, revenue, what is used and by whom, with every movement as a file for spreadsheets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.response import Stream

from khaacho import clock
from khaacho.console.rendering import render
from khaacho.console.visitor import AnyRequest, Visitor
from khaacho.console.work.history import print_receipt, read_asked
from khaacho.platform.database import Database
from khaacho.prepaid.analytics import IDLE_DAYS, find_analytics
from khaacho.prepaid.exports import export_movements
from khaacho.prepaid.records import LotKind
from khaacho.prepaid.reports import DayFigures, MovementFilter

HOME = "/console/credits"
PERIODS_DAYS = (7, 30, 90, 365)
PERIOD_DAYS_DEFAULT = 30


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """One day of the chart; heights in hundredths of the highest bar."""

    day: date
    in_units: int
    out_units: int
    in_height: int
    out_height: int


@get("/")
async def credits_page(request: AnyRequest, database: Database, visitor: Visitor, days: str = "") -> Response[str]:
    """Of the last days, up to now."""
    visitor.require("credits.admin.analytics")
    length = int(days) if days in [str(one) for one in PERIODS_DAYS] else PERIOD_DAYS_DEFAULT
    first_day = clock.business_day() - timedelta(days=length - 1)
    found = await find_analytics(database, since=datetime.combine(first_day, time.min, tzinfo=clock.zone()))
    free = sum(one.units for one in found.circulation if one.kind is not LotKind.PURCHASE)
    return render(
        request,
        "credits.html",
        found=found,
        length=length,
        periods=PERIODS_DAYS,
        first_day=first_day,
        circulating=sum(one.units for one in found.circulation),
        free=free,
        bars=bars_of(found.days, first_day, clock.business_day()),
        idle_days=IDLE_DAYS,
        home=HOME,
    )


@get("/export")
async def export_page(
    request: AnyRequest, database: Database, visitor: Visitor, format: Literal["csv", "xlsx"] = "csv"
) -> Stream:
    """Every movement that matches the filters in the address, or all of them."""
    visitor.require("credits.admin.export")
    asked = read_asked(request.query_params, HOME)
    user = request.query_params.get("user", "")
    wanted = MovementFilter(user_id=_uuid(user), kind=asked.kind, since=asked.span["since"], until=asked.span["until"])
    return await export_movements(database, visitor.actor, wanted, format)


@get("/receipts/{purchase_id:uuid}")
async def anyones_receipt(purchase_id: UUID, database: Database, visitor: Visitor) -> Response[bytes]:
    """The receipt of anybody's purchase, as the buyer gets it."""
    visitor.require("credits.admin.view_all")
    return await print_receipt(database, purchase_id)


def bars_of(days: Sequence[DayFigures], first_day: date, last_day: date) -> list[Bar]:
    """Every day of the span, also those on which nothing happened. Pure."""
    by_day = {one.day: one for one in days}
    span = [first_day + timedelta(days=number) for number in range((last_day - first_day).days + 1)]
    sums = [
        (one.bought_units + one.given_units + one.refunded_units, one.spent_units)
        if (one := by_day.get(day))
        else (0, 0)
        for day in span
    ]
    highest = max((max(both) for both in sums), default=0) or 1
    return [
        Bar(
            day=day,
            in_units=came,
            out_units=went,
            in_height=-(-100 * came // highest),
            out_height=-(-100 * went // highest),
        )
        for day, (came, went) in zip(span, sums, strict=True)
    ]


def _uuid(written: str) -> UUID | None:
    try:
        return UUID(written)
    except ValueError:
        return None


ROUTES: list[Any] = [credits_page, export_page, anyones_receipt]
