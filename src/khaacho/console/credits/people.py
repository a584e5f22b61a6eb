"""Freelancers with their credits, one person's ledger, adjusting it by hand, and who is let in."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
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
from khaacho.parties.access import doorkeeper_of
from khaacho.parties.queries import find_users, require_user
from khaacho.parties.records import UserStatus
from khaacho.parties.signin.actions import end_all_sign_ins
from khaacho.parties.user_actions import set_user_status
from khaacho.platform.database import Database, Transaction
from khaacho.platform.http import decode_cursor, encode_cursor
from khaacho.platform.idempotency import checked_key, run_once
from khaacho.prepaid.actions import ADJUSTMENT_UNITS_MAX, REASON_LENGTH_MIN, adjust_credits
from khaacho.prepaid.balances import find_balances, require_balance
from khaacho.prepaid.queries import find_history
from khaacho.prepaid.records import Grant, MovementKind
from khaacho.prepaid.reports import find_user_totals
from khaacho.projects.queries import find_titles

PEOPLE_SHOWN = 30
SEARCH_LENGTH_MAX = 80
ACTS = ("adjusted", "let-in", "keep-out")


@get("/people")
async def people_page(
    request: AnyRequest, database: Database, visitor: Visitor, q: str = "", status: str = "", after: str | None = None
) -> Response[str]:
    """The newest first, or those whose name or phone has the words, or who are not let in."""
    visitor.require("credits.admin.view_all")
    words = q.replace("\x00", "").strip()[:SEARCH_LENGTH_MAX]
    standing = UserStatus(status) if status in tuple(UserStatus) else None
    asked = {"status": standing.value if standing else "", "q": words}
    kept = urlencode({name: value for name, value in asked.items() if value})
    async with database.reading() as tx:
        found = await find_users(
            tx,
            role=ActorRole.FREELANCER,
            status=standing,
            words=words or None,
            before=decode_cursor(after),
            limit=PEOPLE_SHOWN + 1,
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
        standing=standing,
        next_address=f"{HOME}/people?after={encode_cursor(shown[-1].id)}&{kept}".rstrip("&") if more else None,
        home=HOME,
    )


@get("/people/{user_id:uuid}")
async def person_page(
    request: AnyRequest, user_id: UUID, database: Database, visitor: Visitor, done: str = ""
) -> Response[str]:
    """One ledger, with filters in the address. Raises UserNotFound, ProfileNotFound."""
    return await _show(request, user_id, database, visitor, done=done if done in ACTS else "")


@post("/people/{user_id:uuid}/let-in", status_code=303)
async def let_in_page(request: AnyRequest, user_id: UUID, database: Database, visitor: Visitor) -> Response[Any]:
    """Let somebody in who signed up, or back in; the first time the welcome comes with it."""
    visitor.require("users.approve")
    async with database.transaction() as tx:
        await require_balance(tx, user_id)
        await set_user_status(tx, visitor.actor, user_id=user_id, status=UserStatus.ACTIVE)
    return Redirect(f"{HOME}/people/{user_id}?done=let-in", status_code=303)


@post("/people/{user_id:uuid}/keep-out", status_code=303)
async def keep_out_page(request: AnyRequest, user_id: UUID, database: Database, visitor: Visitor) -> Response[Any]:
    """Keep somebody out, with a reason: they are signed out everywhere. Their credits stay."""
    visitor.require("users.approve")
    fields = await request.form()
    try:
        async with database.transaction() as tx:
            await require_balance(tx, user_id)
            reason = Form(fields).reason()
            await set_user_status(tx, visitor.actor, user_id=user_id, status=UserStatus.SUSPENDED, reason=reason)
            ended = await end_all_sign_ins(tx, visitor.actor, user_id=user_id)
    except KhaachoError as refusal:
        return await _show(request, user_id, database, visitor, refusal=refusal, tried="keep-out", filled=dict(fields))
    doorkeeper_of(request).forget(ended)
    return Redirect(f"{HOME}/people/{user_id}?done=keep-out", status_code=303)


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
        return await _show(request, user_id, database, visitor, refusal=refusal, tried="adjust", filled=dict(fields))
    return Redirect(f"{HOME}/people/{user_id}?done=adjusted", status_code=303)


async def _show(
    request: AnyRequest,
    user_id: UUID,
    database: Database,
    visitor: Visitor,
    *,
    done: str = "",
    refusal: KhaachoError | None = None,
    tried: str = "",
    filled: dict[str, Any] | None = None,
) -> Response[str]:
    visitor.require("credits.admin.view_all")
    asked = read_asked(request.query_params, f"{HOME}/people/{user_id}")
    async with database.reading() as tx:
        balance = await require_balance(tx, user_id)
        person = await require_user(tx, user_id)
        totals = await find_user_totals(tx, user_id)
        found = await find_history(tx, user_id, kind=asked.kind, limit=PAGE_LENGTH, offset=asked.skip, **asked.span)
        titles = await find_titles(tx, [line.source_id for line in found.lines])
    return render(
        request,
        "credits_person.html",
        status=refusal.status if refusal else 200,
        refusal=say(request, visitor, refusal) if refusal else None,
        tried=tried,
        filled=filled or {},
        done=done,
        person=person,
        balance=balance,
        totals=totals,
        asked=asked,
        lines=found.lines,
        titles=titles,
        kinds=list(MovementKind),
        units_max=ADJUSTMENT_UNITS_MAX,
        reason_min=REASON_LENGTH_MIN,
        key=new_id().hex,
        home=HOME,
        **asked.around(found.total),
    )


ROUTES: list[Any] = [people_page, person_page, let_in_page, keep_out_page, adjust_page]
