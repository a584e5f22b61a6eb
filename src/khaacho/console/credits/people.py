"""Freelancers with their credits, one person's ledger, and adjusting it by hand."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect

from khaacho.actors import ActorRole
from khaacho.console.credits.report import HOME
from khaacho.console.forms import Form
from khaacho.console.refusals import say
from khaacho.console.rendering import render
from khaacho.console.visitor import AnyRequest, Visitor
from khaacho.console.work.credits import whole_number
from khaacho.console.work.history import PAGE_LENGTH, read_asked
from khaacho.errors import KhaachoError
from khaacho.ids import new_id
from khaacho.parties.queries import find_users, require_user
from khaacho.platform.database import Database, Transaction
from khaacho.platform.http import decode_cursor, encode_cursor
from khaacho.platform.idempotency import checked_key, run_once
from khaacho.prepaid.actions import ADJUSTMENT_UNITS_MAX, REASON_LENGTH_MIN, adjust_credits
from khaacho.prepaid.balances import find_balances, require_balance
from khaacho.prepaid.queries import find_history
from khaacho.prepaid.records import Grant, MovementKind
from khaacho.prepaid.reports import find_user_totals

PEOPLE_SHOWN = 30
SEARCH_LENGTH_MAX = 80


@get("/people")
async def people_page(
    request: AnyRequest, database: Database, visitor: Visitor, q: str = "", after: str | None = None
) -> Response[str]:
    """The newest first, or those whose name or phone has the words."""
    visitor.require("credits.admin.view_all")
    words = q.replace("\x00", "").strip()[:SEARCH_LENGTH_MAX]
    async with database.reading() as tx:
        found = await find_users(
            tx, role=ActorRole.FREELANCER, words=words or None, before=decode_cursor(after), limit=PEOPLE_SHOWN + 1
        )
        shown = found[:PEOPLE_SHOWN]
        balances = await find_balances(tx, [person.id for person in shown])
    more = len(found) > PEOPLE_SHOWN
    return render(
        request,
        "credits_people.html",
        q=words,
        people=shown,
        balances=balances,
        next_address=f"{HOME}/people?after={encode_cursor(shown[-1].id)}" + (f"&q={words}" if words else "")
        if more
        else None,
        home=HOME,
    )


@get("/people/{user_id:uuid}")
async def person_page(
    request: AnyRequest, user_id: UUID, database: Database, visitor: Visitor, done: str = ""
) -> Response[str]:
    """One ledger, with filters in the address. Raises UserNotFound, ProfileNotFound."""
    return await _show(request, user_id, database, visitor, done=done == "adjusted")


@post("/people/{user_id:uuid}/adjust", status_code=303)
async def adjust_page(request: AnyRequest, user_id: UUID, database: Database, visitor: Visitor) -> Response[Any]:
    """Give or take credits, once for each form."""
    visitor.require("credits.admin.adjust")
    fields = await request.form()
    form = Form(fields)
    try:
        units = whole_number(form.words("units"), "units")
        key = checked_key(form.words("key"))

        async def act(tx: Transaction) -> Grant:
            return await adjust_credits(
                tx,
                visitor.actor,
                user_id=user_id,
                units=units,
                reason=form.words("reason"),
                key=f"adjust:{visitor.user.id}:{key}",
            )

        await run_once(
            database,
            scope=f"credits-adjust:{visitor.user.id}",
            key=key,
            request_hash=form.digest(f"{HOME}/{user_id}"),
            into=Grant,
            act=act,
        )
    except KhaachoError as refusal:
        return await _show(request, user_id, database, visitor, refusal=refusal, filled=dict(fields))
    return Redirect(f"{HOME}/people/{user_id}?done=adjusted", status_code=303)


async def _show(
    request: AnyRequest,
    user_id: UUID,
    database: Database,
    visitor: Visitor,
    *,
    done: bool = False,
    refusal: KhaachoError | None = None,
    filled: dict[str, Any] | None = None,
) -> Response[str]:
    visitor.require("credits.admin.view_all")
    asked = read_asked(request.query_params, f"{HOME}/people/{user_id}")
    async with database.reading() as tx:
        balance = await require_balance(tx, user_id)
        person = await require_user(tx, user_id)
        totals = await find_user_totals(tx, user_id)
        found = await find_history(tx, user_id, kind=asked.kind, limit=PAGE_LENGTH, offset=asked.skip, **asked.span)
    return render(
        request,
        "credits_person.html",
        status=refusal.status if refusal else 200,
        refusal=say(request, visitor, refusal) if refusal else None,
        filled=filled or {},
        done=done,
        person=person,
        balance=balance,
        totals=totals,
        asked=asked,
        lines=found.lines,
        kinds=list(MovementKind),
        units_max=ADJUSTMENT_UNITS_MAX,
        reason_min=REASON_LENGTH_MIN,
        key=new_id().hex,
        home=HOME,
        **asked.around(found.total),
    )


ROUTES: list[Any] = [people_page, person_page, adjust_page]
