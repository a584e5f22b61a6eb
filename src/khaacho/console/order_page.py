"""One order: what it holds, what happened to it and why, what it did to the ledger, and what can be done now."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from khaacho import clock
from khaacho.console.order_acts import WITH_REASON, Act, offered_acts, perform, permission_for, read_form
from khaacho.console.people import Names, find_names
from khaacho.console.rendering import render
from khaacho.console.visitor import AnyRequest, Visitor
from khaacho.credit.queries import find_debits_of_orders
from khaacho.credit.records import Debit
from khaacho.credit.reports import Clearing, find_clearings
from khaacho.errors import KhaachoError, OrderNotFound, RouteNotFound
from khaacho.ledger.queries import find_transfers_of
from khaacho.ledger.records import Entry, Transfer
from khaacho.ledger.reports import find_entries_about
from khaacho.orders.in_hand import Answer
from khaacho.orders.queries import HistoryEntry, find_order_history, find_order_lines, require_order
from khaacho.orders.records import Order, OrderLine, PaymentMode, PaymentStatus
from khaacho.orders.reports import VendorQuestion, find_questions
from khaacho.orders.scoring import Factor
from khaacho.orders.standing import payment_status
from khaacho.parties.reports import NamedParty, PartyKind
from khaacho.platform.audit_reports import AuditRow, find_audit_of
from khaacho.platform.database import Database, Transaction
from khaacho.platform.http import wire_details
from khaacho.whatsapp.messages import MessageRow
from khaacho.whatsapp.reports import find_messages_about

MESSAGES_SHOWN = 40
# The summary that the retailer confirmed was said a little before the order was placed.
SAID_BEFORE = timedelta(minutes=5)
# The history tells these already, with the same words.
TOLD_BY_HISTORY = frozenset({"ORDER_CREATED", "ORDER_STATUS_CHANGED", "ORDER_FAILED", "ORDER_RETRY"})


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened, of whatever kind, for the timeline."""

    at: datetime
    kind: str
    step: HistoryEntry | None = None
    question: VendorQuestion | None = None
    audit: AuditRow | None = None
    message: MessageRow | None = None


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the page shows. The ledger, the candidates and other people's messages are for staff only."""

    order: Order
    lines: list[OrderLine]
    names: Names
    payment: PaymentStatus
    timeline: list[Moment]
    questions: list[VendorQuestion]
    acts: list[Act]
    debit: Debit | None
    entries: list[Entry]
    transfers: list[Transfer]
    clearings: list[Clearing]
    people: dict[str, list[NamedParty]]

    @property
    def waiting(self) -> VendorQuestion | None:
        """The question that is open, if one is."""
        return next((one for one in self.questions if one.answer is Answer.WAITING), None)

    @property
    def reroute_to(self) -> list[UUID]:
        """The wholesalers that were considered, best first, without those who declined or are asked now."""
        declined = {one.vendor_id for one in self.questions if one.answer in (Answer.DECLINED, Answer.WAITING)}
        best_first = sorted(
            (candidate for one in self.questions for candidate in one.candidates if candidate.eligible),
            key=lambda candidate: -candidate.score,
        )
        ids = dict.fromkeys(candidate.vendor_id for candidate in best_first)
        return [one for one in ids if one not in declined and one in self.names.vendors]


@get("/orders/{reference:str}")
async def order_page(
    request: AnyRequest, reference: str, database: Database, visitor: Visitor, done: str = ""
) -> Response[str]:
    """By id or by code; `done` is what was just done, said once at the top."""
    async with database.reading() as tx:
        view = await _look_at(tx, await _require_own(tx, reference, visitor), visitor)
    return _page(request, view, done=done if done in tuple(Act) else "")


@post("/orders/{reference:str}/{act:str}", status_code=303)
async def act_on_order(
    request: AnyRequest, reference: str, act: str, database: Database, visitor: Visitor
) -> Response[Any]:
    """Do it and come back to the order; a refusal is shown there with its figures, and changed nothing."""
    if act not in tuple(Act):
        raise RouteNotFound
    chosen = Act(act)
    visitor.require(permission_for(chosen))
    form = dict(await request.form())
    async with database.reading() as tx:
        order = await _require_own(tx, reference, visitor)
        lines = (await find_order_lines(tx, [order.id])).get(order.id, [])
    try:
        async with database.transaction() as tx:
            await perform(tx, visitor.actor, chosen, order.id, read_form(form), lines)
    except KhaachoError as refusal:
        if refusal.status >= 500 and not refusal.retryable:
            raise
        async with database.reading() as tx:
            view = await _look_at(tx, await require_order(tx, order.id), visitor)
        return _page(request, view, refusal=refusal, tried=chosen, filled=form)
    return Redirect(f"/console/orders/{order.code}?done={chosen.value}", status_code=303)


def _page(
    request: AnyRequest,
    view: OrderView,
    *,
    done: str = "",
    refusal: KhaachoError | None = None,
    tried: Act | None = None,
    filled: dict[str, Any] | None = None,
) -> Response[str]:
    return render(
        request,
        "order.html",
        status=refusal.status if refusal else 200,
        view=view,
        order=view.order,
        done=done,
        refusal=refusal,
        refusal_figures=refusal_figures(refusal) if refusal else [],
        tried=tried,
        filled=filled or {},
        with_reason=WITH_REASON,
        factors=list(Factor),
        overdue=view.payment is PaymentStatus.OVERDUE,
    )


def refusal_figures(refusal: KhaachoError) -> list[tuple[str, str]]:
    """The figures of a refusal as the API would tell them, for a small table."""
    figures: list[tuple[str, str]] = []
    for name, value in wire_details(refusal.details).items():
        if isinstance(value, (list, tuple)):
            figures.append((name, ", ".join(str(one) for one in value) or "–"))
        elif value is not None:
            figures.append((name, str(value)))
    return figures


async def _require_own(tx: Transaction, reference: str, visitor: Visitor) -> Order:
    """Raises OrderNotFound, also for a wholesaler when the order is with another one: whether it exists is not told."""
    visitor.require("orders.read")
    order = await require_order(tx, _reference(reference))
    if not visitor.is_staff and order.vendor_id != visitor.actor.vendor_id:
        raise OrderNotFound(order=reference[:60])
    return order


def _reference(reference: str) -> UUID | str:
    try:
        return UUID(reference)
    except ValueError:
        return reference.replace("\x00", "")[:60]


async def _look_at(tx: Transaction, order: Order, visitor: Visitor) -> OrderView:
    lines = (await find_order_lines(tx, [order.id])).get(order.id, [])
    history = await find_order_history(tx, order.id)
    questions = await find_questions(tx, order.id)
    debit = (await find_debits_of_orders(tx, [order.id])).get(order.id)
    vendor_ids = {order.vendor_id, *(one.vendor_id for one in questions), *_considered(questions)}
    names = await find_names(tx, [order.retailer_id], vendor_ids)
    staff = visitor.is_staff
    on_credit = order.payment_mode is PaymentMode.CREDIT
    audit = await find_audit_of(tx, order.id) if staff else []
    people = _people(names, order, questions) if staff else {}
    messages = (
        await find_messages_about(
            tx, order.code, list(people), since=order.placed_at - SAID_BEFORE, limit=MESSAGES_SHOWN
        )
        if people
        else []
    )
    return OrderView(
        order=order,
        lines=lines,
        names=names,
        payment=payment_status(order, debit, today=clock.business_day()),
        timeline=_timeline(history, questions if staff else _own(questions, visitor), audit, messages),
        questions=questions if staff else _own(questions, visitor),
        acts=offered_acts(order, questions, visitor),
        debit=debit if staff else None,
        entries=await find_entries_about(tx, order.id) if staff and on_credit else [],
        transfers=await find_transfers_of(tx, [order.id]) if staff and not on_credit else [],
        clearings=await find_clearings(tx, debit.id) if staff and debit and debit.cleared_paisa else [],
        people=people,
    )


def _considered(questions: Sequence[VendorQuestion]) -> set[UUID]:
    return {candidate.vendor_id for one in questions for candidate in one.candidates}


def _own(questions: Sequence[VendorQuestion], visitor: Visitor) -> list[VendorQuestion]:
    """What a wholesaler may see: what it was asked itself, without its rivals."""
    return [
        msgspec.structs.replace(one, candidates=(), score=None)
        for one in questions
        if one.vendor_id == visitor.actor.vendor_id
    ]


def _people(names: Names, order: Order, questions: Sequence[VendorQuestion]) -> dict[str, list[NamedParty]]:
    """The shop and the wholesalers that were asked, by phone."""
    people: dict[str, list[NamedParty]] = {}
    for retailer in names.retailers.values():
        people.setdefault(retailer.phone, []).append(
            NamedParty(
                kind=PartyKind.RETAILER,
                id=retailer.id,
                phone=retailer.phone,
                name=retailer.pasal_name,
                city=retailer.city,
            )
        )
    for vendor_id in {order.vendor_id, *(one.vendor_id for one in questions)}:
        vendor = names.vendors[vendor_id]
        people.setdefault(vendor.phone, []).append(
            NamedParty(kind=PartyKind.VENDOR, id=vendor.id, phone=vendor.phone, name=vendor.name, city=vendor.city)
        )
    return people


def _timeline(
    history: Sequence[HistoryEntry],
    questions: Sequence[VendorQuestion],
    audit: Sequence[AuditRow],
    messages: Sequence[MessageRow],
) -> list[Moment]:
    """Everything in the order it happened. Pure."""
    moments = [Moment(at=one.created_at, kind="step", step=one) for one in history if one.from_status != one.to_status]
    # The vendor was chosen a moment before the order was written, and an order is placed before anybody is asked.
    placed_at = history[0].created_at if history else None
    moments += [
        Moment(at=max(one.asked_at, placed_at or one.asked_at), kind="asked", question=one) for one in questions
    ]
    moments += [
        Moment(at=one.answered_at, kind="answered", question=one)
        for one in questions
        if one.answered_at is not None and one.answer is not Answer.ACCEPTED
    ]
    moments += [
        Moment(at=one.created_at, kind="audit", audit=one) for one in audit if one.action not in TOLD_BY_HISTORY
    ]
    moments += [Moment(at=one.created_at, kind="message", message=one) for one in messages]
    # Of things that happened at one moment, what was done comes before what was said about it.
    ranks = {"step": 0, "answered": 1, "audit": 2, "asked": 3, "message": 4}
    return sorted(moments, key=lambda one: (one.at, ranks[one.kind]))


ROUTES: list[Any] = [order_page, act_on_order]
