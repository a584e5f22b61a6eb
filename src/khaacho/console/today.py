"""The page one opens in the morning: what today came to, what needs somebody, what happened last."""

from __future__ import annotations

from datetime import date
from typing import Any

import msgspec
from litestar import Response, get
from litestar.response import Redirect

from khaacho import clock
from khaacho.console.people import Names, find_names
from khaacho.console.rendering import live_digest, render, render_live
from khaacho.console.visitor import AnyRequest, Visitor
from khaacho.credit.reports import MoneyFigures, find_daily_payments, find_money_figures
from khaacho.orders.queries import find_orders
from khaacho.orders.records import Order
from khaacho.orders.reports import (
    DayFigures,
    TroubledOrder,
    find_daily_orders,
    find_day_figures,
    find_troubled_orders,
)
from khaacho.oversight.reconciling import Alarm, find_alarm
from khaacho.parties.reports import NamedParty, find_parties_by_phone
from khaacho.platform.database import Database
from khaacho.platform.days import day_span, last_days
from khaacho.whatsapp.messages import MessageRow, find_messages
from khaacho.whatsapp.reports import MessageFigures, find_message_figures

LATEST_ORDERS = 8
LATEST_MESSAGES = 8
TROUBLES_SHOWN = 6
CHART_DAYS = 30


class Today(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the live part of the page shows."""

    figures: DayFigures
    money: MoneyFigures
    message_figures: MessageFigures
    troubles: list[TroubledOrder]
    troubles_left: bool
    orders: list[Order]
    messages: list[MessageRow]
    names: Names
    people: dict[str, list[NamedParty]]
    alarm: Alarm | None


class ChartDay(msgspec.Struct, frozen=True, kw_only=True):
    """One day of the chart; amounts in paisa."""

    day: date
    orders: int
    ordered_paisa: int
    received_paisa: int


@get("/")
async def today_page(request: AnyRequest, database: Database, visitor: Visitor) -> Response[Any]:
    """For staff; a wholesaler's first page is their orders."""
    if not visitor.is_staff:
        return Redirect("/console/orders", status_code=303)
    today = await _look(database)
    chart = await _look_back(database)
    return render(
        request,
        "today.html",
        view=today,
        chart=chart,
        bikram_sambat=clock.bikram_sambat(clock.business_day()),
        seen=live_digest(request, "today_live.html", view=today),
    )


@get("/today/live")
async def today_live(request: AnyRequest, database: Database, visitor: Visitor) -> Response[str]:
    """The part that asks for itself every quarter of a minute."""
    visitor.require_staff()
    return render_live(request, "today_live.html", view=await _look(database))


async def _look(database: Database) -> Today:
    now = clock.now()
    today = day_span(clock.business_day(now))
    since, until = today.since, today.until
    async with database.reading() as tx:
        figures = await find_day_figures(tx, since=since, until=until, now=now)
        money = await find_money_figures(tx, since=since, until=until, today=today.day)
        message_figures = await find_message_figures(tx, since=since, until=until)
        troubles = await find_troubled_orders(tx, now=now, limit=TROUBLES_SHOWN + 1)
        orders = await find_orders(tx, limit=LATEST_ORDERS)
        messages = await find_messages(tx, limit=LATEST_MESSAGES)
        alarm = await find_alarm(tx)
        people = await find_parties_by_phone(tx, list({one.phone for one in messages if one.phone}))
        spoken_of: list[Order | TroubledOrder] = [*orders, *troubles]
        names = await find_names(tx, (one.retailer_id for one in spoken_of), (one.vendor_id for one in spoken_of))
    return Today(
        figures=figures,
        money=money,
        message_figures=message_figures,
        troubles=troubles[:TROUBLES_SHOWN],
        troubles_left=len(troubles) > TROUBLES_SHOWN,
        orders=orders,
        messages=messages,
        names=names,
        people=people,
        alarm=alarm,
    )


async def _look_back(database: Database) -> list[ChartDay]:
    days = last_days(CHART_DAYS)
    async with database.reading() as tx:
        ordered = await find_daily_orders(tx, days)
        received = await find_daily_payments(tx, days)
    return [
        ChartDay(day=one.day, orders=one.count, ordered_paisa=one.paisa, received_paisa=money.paisa)
        for one, money in zip(ordered, received, strict=True)
    ]


ROUTES: list[Any] = [today_page, today_live]
