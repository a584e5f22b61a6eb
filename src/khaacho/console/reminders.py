"""Who will be reminded tomorrow, or today, with the very words; who is left out, and why; and sending it now."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from khaacho import clock
from khaacho.console.rendering import render
from khaacho.console.visitor import AnyRequest, Visitor
from khaacho.credit.lateness.left_out import LeftOut
from khaacho.credit.lateness.reminder_rules import QUIET_FROM, QUIET_UNTIL, is_quiet
from khaacho.errors import ValidationFailed
from khaacho.oversight.running import RunState, run_duty
from khaacho.platform.database import Database
from khaacho.platform.http import decode_cursor, encode_cursor
from khaacho.platform.roster import Roster
from khaacho.whatsapp.reminding import REMIND, ReminderText, find_reminders_left_out, preview_reminder_texts

PAGE_LENGTH = 20
LEFT_OUT_SHOWN = 60
TODAY, TOMORROW = "today", "tomorrow"


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """What came of sending now, as it stands in the address: so many shops, or a worker goes on with it."""

    reminded: int
    handed_over: bool


class RemindersView(msgspec.Struct, frozen=True, kw_only=True):
    """One page of a day's preview; `next_after` continues it."""

    day: date
    is_today: bool
    texts: list[ReminderText]
    left_out: list[LeftOut]
    next_after: UUID | None


@get("/reminders")
async def reminders_page(
    request: AnyRequest, database: Database, visitor: Visitor, day: str = TOMORROW, after: str = ""
) -> Response[str]:
    """As things stand now: what is paid until then is not reminded of."""
    visitor.require_staff()
    visitor.require("credit.read")
    view = await _look(database, is_today=day == TODAY, after=_place(after))
    return _page(request, view, ran=_read_ran(request.query_params))


@post("/reminders/run", status_code=303)
async def run_reminders(request: AnyRequest, database: Database, visitor: Visitor, roster: Roster) -> Response[Any]:
    """Send what is due today and was not sent yet, as the ten o'clock run does; or only show it, with `dry`."""
    visitor.require_staff()
    visitor.require("credit.write")
    form = await request.form()
    if "dry" in form or is_quiet(clock.business_time(clock.now()).time()):
        view = await _look(database, is_today=True, after=None)
        return _page(request, view, looked="dry" in form, refused="dry" not in form)
    run = await run_duty(database, visitor.actor, roster.require(REMIND.name), dry_run=False)
    told = {"day": TODAY, "ran": run.outcome.get("reminded", 0), "handed": int(run.state is RunState.HANDED_OVER)}
    return Redirect(f"/console/reminders?{urlencode(told)}", status_code=303)


async def _look(database: Database, *, is_today: bool, after: UUID | None) -> RemindersView:
    day = clock.business_day() + timedelta(days=0 if is_today else 1)
    async with database.reading() as tx:
        texts = await preview_reminder_texts(tx, day, after=after, limit=PAGE_LENGTH + 1)
        left_out = await find_reminders_left_out(tx, day, limit=LEFT_OUT_SHOWN) if after is None else []
    shown = texts[:PAGE_LENGTH]
    return RemindersView(
        day=day,
        is_today=is_today,
        texts=shown,
        left_out=left_out,
        next_after=shown[-1].retailer.id if len(texts) > PAGE_LENGTH else None,
    )


def _page(
    request: AnyRequest, view: RemindersView, *, ran: Ran | None = None, looked: bool = False, refused: bool = False
) -> Response[str]:
    chosen = TODAY if view.is_today else TOMORROW
    following = {"day": chosen, "after": encode_cursor(view.next_after)} if view.next_after else None
    return render(
        request,
        "reminders.html",
        status=409 if refused else 200,
        view=view,
        days=(TOMORROW, TODAY),
        chosen=chosen,
        totals={one.retailer.id: sum(item.remaining_paisa for item in one.items) for one in view.texts},
        ran=ran,
        looked=looked,
        refused=refused,
        quiet_from=f"{QUIET_FROM:%H:%M}",
        quiet_until=f"{QUIET_UNTIL:%H:%M}",
        next_address=f"/console/reminders?{urlencode(following)}" if following else None,
    )


def _read_ran(params: Any) -> Ran | None:
    """From the address; None when nothing was run just now."""
    ran = str(params.get("ran", ""))
    if not (ran.isascii() and ran.isdigit() and len(ran) < 8):
        return None
    return Ran(reminded=int(ran), handed_over=params.get("handed") == "1")


def _place(cursor: str) -> UUID | None:
    try:
        return decode_cursor(cursor) if cursor else None
    except ValidationFailed:
        return None


ROUTES: list[Any] = [reminders_page, run_reminders]
