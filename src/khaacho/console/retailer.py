"""One shop and its credit: its lines, what it owes and since when, what was paid, and what can be done about it now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from litestar import Response, get, post
from litestar.response import Redirect

from khaacho.console.order_page import refusal_figures
from khaacho.console.rendering import render
from khaacho.console.retailer_acts import Act, allowed_acts, perform, permission_for
from khaacho.console.retailer_timeline import Timeline, find_timeline
from khaacho.console.retailer_view import RetailerView, find_retailer_view
from khaacho.console.visitor import AnyRequest, Visitor
from khaacho.credit.lateness.promise_rules import PROMISE_DAYS_MAX
from khaacho.credit.paying.cashier import Cashier
from khaacho.credit.records import TERMS_DAYS_DEFAULT, AdjustmentReason, PaymentMethod
from khaacho.errors import KhaachoError, RouteNotFound
from khaacho.money import paisa_from_rupees, rupees
from khaacho.parties.phones import is_reachable
from khaacho.parties.queries import require_retailer
from khaacho.platform.database import Database, Transaction
from khaacho.whatsapp.reachability import find_unreachable

UNCHANGED = "unchanged"
# What a payment by cheque has done: nothing yet.
CHEQUE_KEPT = "cheque"
# The shop is told of these, where there is anybody to tell.
TOLD = (Act.PAUSE, Act.UNPAUSE, Act.BLOCK)


@get("/retailers/{retailer_id:uuid}")
async def retailer_page(
    request: AnyRequest, retailer_id: UUID, database: Database, visitor: Visitor, done: str = ""
) -> Response[str]:
    """`done` is what was just done, said once at the top."""
    visitor.require_staff()
    visitor.require("credit.read")
    async with database.reading() as tx:
        view = await find_retailer_view(tx, retailer_id)
        timeline = await _timeline(tx, visitor, view)
        told = ("untold" if await find_unreachable(tx, [retailer_id]) else "told") if done in TOLD else ""
    known = done if done in (*Act, UNCHANGED, CHEQUE_KEPT) else ""
    return _page(request, visitor, view, timeline, done=known, told=told)


@get("/retailers/{retailer_id:uuid}/timeline")
async def timeline_part(
    request: AnyRequest, retailer_id: UUID, database: Database, visitor: Visitor, before: datetime
) -> Response[str]:
    """The next page of what happened; without scripts a plain page of its own."""
    visitor.require_staff()
    visitor.require("credit.read")
    visitor.require("audit.read")
    async with database.reading() as tx:
        retailer = await require_retailer(tx, retailer_id)
        timeline = await find_timeline(tx, retailer_id, retailer.phone, before=before)
    template = "retailer_moments.html" if "HX-Request" in request.headers else "retailer_timeline.html"
    return render(request, template, retailer=retailer, timeline=timeline)


@post("/retailers/{retailer_id:uuid}/{act:str}", status_code=303)
async def act_on_retailer(
    request: AnyRequest, retailer_id: UUID, act: str, database: Database, cashier: Cashier, visitor: Visitor
) -> Response[Any]:
    """Do it and come back to the shop; a refusal is shown there in words, and changed nothing."""
    visitor.require_staff()
    if act not in tuple(Act):
        raise RouteNotFound
    chosen = Act(act)
    visitor.require(permission_for(chosen))
    form = dict(await request.form())
    try:
        done = await perform(database, cashier, visitor, chosen, retailer_id, form)
    except KhaachoError as refusal:
        if refusal.status >= 500 and not refusal.retryable:
            raise
        async with database.reading() as tx:
            view = await find_retailer_view(tx, retailer_id)
            timeline = await _timeline(tx, visitor, view)
        return _page(request, visitor, view, timeline, refusal=refusal, tried=chosen, filled=form)
    by_cheque = chosen is Act.PAYMENT and form.get("method") == PaymentMethod.CHEQUE
    said = (CHEQUE_KEPT if by_cheque else chosen.value) if done.changed else UNCHANGED
    return Redirect(f"/console/retailers/{retailer_id}?done={said}", status_code=303)


def _page(
    request: AnyRequest,
    visitor: Visitor,
    view: RetailerView,
    timeline: Timeline | None,
    *,
    done: str = "",
    told: str = "",
    refusal: KhaachoError | None = None,
    tried: Act | None = None,
    filled: dict[str, Any] | None = None,
) -> Response[str]:
    # After a refusal that may pass, the same form keeps its key: what was perhaps done by then is not done again.
    kept = str((filled or {}).get("key", "")) if refusal and refusal.retryable else ""
    return render(
        request,
        "retailer.html",
        status=refusal.status if refusal else 200,
        view=view,
        retailer=view.profile.retailer,
        timeline=timeline,
        may=allowed_acts(visitor),
        done=done,
        told=told,
        refusal=refusal,
        refusal_figures=refusal_figures(refusal) if refusal else [],
        tried=tried.value if tried else "",
        filled=filled or {},
        new_key=lambda act: kept if tried and kept and tried.value == act else str(uuid4()),
        reachable=is_reachable(view.profile.retailer.phone),
        methods=list(PaymentMethod),
        reasons=list(AdjustmentReason),
        rupees=rupees,
        paisa_of=paisa_from_rupees,
        last_promise_day=view.today + timedelta(days=PROMISE_DAYS_MAX),
        terms_days_default=TERMS_DAYS_DEFAULT,
    )


async def _timeline(tx: Transaction, visitor: Visitor, view: RetailerView) -> Timeline | None:
    """None for whom the audit is not."""
    if not visitor.may("audit.read"):
        return None
    retailer = view.profile.retailer
    return await find_timeline(tx, retailer.id, retailer.phone, before=None)


ROUTES: list[Any] = [retailer_page, timeline_part, act_on_retailer]
