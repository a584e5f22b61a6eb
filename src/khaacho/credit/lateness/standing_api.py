"""Over HTTP: pausing and giving back credit [C50], promises to pay, disputed items, and claims of having paid [C41]."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import QueryParameter

from khaacho.actors import Actor
from khaacho.credit.lateness.claims import PaymentClaim, close_claim, find_open_claims
from khaacho.credit.lateness.disputes import Dispute, dispute_debit, resolve_dispute
from khaacho.credit.lateness.pausing import StandingChange, block_credit, evaluate_pause, pause_credit, unpause_credit
from khaacho.credit.lateness.promise_rules import PromiseState
from khaacho.credit.lateness.promises import NewPromise, Promise, record_promise
from khaacho.money import paisa_from_rupees, rupees
from khaacho.parties.access import requires
from khaacho.parties.standings import CreditStatus
from khaacho.platform.database import Database
from khaacho.platform.http import (
    PAGE_LIMIT_DEFAULT,
    PAGE_LIMIT_MAX,
    ApiRecord,
    Envelope,
    LongText,
    Page,
    Rupees,
    decode_cursor,
    ok,
    page_of,
)

Reason = Annotated[str, msgspec.Meta(min_length=1, max_length=2000, pattern=r"\S")]


class ReasonBody(ApiRecord, frozen=True, kw_only=True):
    """Why; it is kept in the audit, and the retailer reads it."""

    reason: Reason


class MaybeReasonBody(ApiRecord, frozen=True, kw_only=True):
    """Why, where there is something to say."""

    reason: LongText | None = None


class NoteBody(ApiRecord, frozen=True, kw_only=True):
    """What was found out."""

    note: LongText | None = None


class StandingAnswer(ApiRecord, frozen=True, kw_only=True):
    """Where the retailer's credit stands now; `changed` is false when it stood there already and nothing was said."""

    retailer_id: UUID
    credit_status: CreditStatus
    reason: str | None
    automatic: bool
    changed: bool


class PauseEvaluation(ApiRecord, frozen=True, kw_only=True):
    """Whether something has been open for too long, and by how many days beyond what is allowed."""

    should_pause: bool
    reason: str | None
    days_overdue: int


class PromiseBody(ApiRecord, frozen=True, kw_only=True):
    """By which day a retailer says to pay; without an amount it is about everything that is open."""

    retailer_id: UUID
    date: date
    amount: Rupees | None = None
    note: LongText | None = None


class PromiseAnswer(ApiRecord, frozen=True, kw_only=True):
    promise_id: UUID
    retailer_id: UUID
    date: date
    amount: Rupees
    note: str | None
    state: PromiseState


class DisputeAnswer(ApiRecord, frozen=True, kw_only=True):
    dispute_id: UUID
    transaction_id: UUID
    retailer_id: UUID
    reason: str
    opened_at: datetime
    opened_by: str
    resolved_at: datetime | None
    resolved_by: str | None
    note: str | None


class ClaimAnswer(ApiRecord, frozen=True, kw_only=True):
    """A shop says to have paid: what it said, how often, and whether somebody looked."""

    claim_id: UUID
    retailer_id: UUID
    said: str
    times: int
    state: str
    created_at: datetime
    last_said_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    note: str | None


@post(
    "/admin/credit/{retailer_id:uuid}/pause",
    operation_id="pauseCredit",
    summary="Pause a retailer's credit",
    status_code=200,
    guards=[requires("credit.write")],
)
async def pause(retailer_id: UUID, data: ReasonBody, database: Database, actor: Actor) -> Envelope[StandingAnswer]:
    """Until a person lifts it; COD stays possible. The retailer is told once. Raises CONFLICT for a blocked one."""
    async with database.transaction() as tx:
        return ok(_standing(await pause_credit(tx, actor, retailer_id, reason=data.reason.strip())))


@post(
    "/admin/credit/{retailer_id:uuid}/unpause",
    operation_id="unpauseCredit",
    summary="Give a paused or blocked retailer's credit back",
    status_code=200,
    guards=[requires("credit.write")],
)
async def unpause(
    retailer_id: UUID, database: Database, actor: Actor, data: MaybeReasonBody | None = None
) -> Envelope[StandingAnswer]:
    """Also while something is open for too long; the next morning's run will find that again."""
    async with database.transaction() as tx:
        return ok(_standing(await unpause_credit(tx, actor, retailer_id, reason=data.reason if data else None)))


@post(
    "/admin/credit/{retailer_id:uuid}/block",
    operation_id="blockCredit",
    summary="Block a retailer's credit",
    status_code=200,
    guards=[requires("credit.write")],
)
async def block(retailer_id: UUID, data: ReasonBody, database: Database, actor: Actor) -> Envelope[StandingAnswer]:
    """Until a person lifts it; COD stays possible. The retailer is told once."""
    async with database.transaction() as tx:
        return ok(_standing(await block_credit(tx, actor, retailer_id, reason=data.reason.strip())))


@get(
    "/admin/credit/{retailer_id:uuid}/evaluate",
    operation_id="evaluateCredit",
    summary="Ask whether a retailer's credit should be paused",
    guards=[requires("credit.read")],
)
async def evaluate(retailer_id: UUID, database: Database) -> Envelope[PauseEvaluation]:
    """The rule of the eleven o'clock run, on the figures of this moment, whatever the credit's status is."""
    async with database.reading() as tx:
        verdict = await evaluate_pause(tx, retailer_id)
    return ok(
        PauseEvaluation(should_pause=verdict.should_pause, reason=verdict.reason, days_overdue=verdict.days_overdue)
    )


@post(
    "/admin/promise",
    operation_id="recordPromise",
    summary="Record a promise to pay",
    guards=[requires("credit.write")],
)
async def promise(data: PromiseBody, database: Database, actor: Actor) -> Envelope[PromiseAnswer]:
    """Replaces the live one. Nobody is reminded until the day is over."""
    new = NewPromise(
        retailer_id=data.retailer_id,
        promised_on=data.date,
        amount_paisa=None if data.amount is None else paisa_from_rupees(data.amount),
        note=data.note,
    )
    async with database.transaction() as tx:
        return ok(_promise(await record_promise(tx, actor, new)))


@post(
    "/admin/credit/debits/{debit_id:uuid}/dispute",
    operation_id="disputeDebit",
    summary="Mark an open item as disputed",
    status_code=200,
    guards=[requires("credit.write")],
)
async def dispute(debit_id: UUID, data: ReasonBody, database: Database, actor: Actor) -> Envelope[DisputeAnswer]:
    """Still owed, but nobody is reminded of it. One that is disputed already stays as it is."""
    async with database.transaction() as tx:
        return ok(_dispute(await dispute_debit(tx, actor, debit_id, reason=data.reason.strip())))


@post(
    "/admin/credit/debits/{debit_id:uuid}/resolve",
    operation_id="resolveDispute",
    summary="End the dispute about an open item",
    status_code=200,
    guards=[requires("credit.write")],
)
async def resolve(debit_id: UUID, data: NoteBody, database: Database, actor: Actor) -> Envelope[DisputeAnswer]:
    """Reminders go on. Raises NOT_FOUND for an item that never was disputed."""
    async with database.transaction() as tx:
        return ok(_dispute(await resolve_dispute(tx, actor, debit_id, note=data.note)))


@get(
    "/admin/payment/claims",
    operation_id="listPaymentClaims",
    summary="Shops that say they have paid, and nobody has looked",
    guards=[requires("credit.read")],
)
async def claims(
    database: Database,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_LIMIT_MAX)] = PAGE_LIMIT_DEFAULT,
    cursor: Annotated[str | None, QueryParameter()] = None,
) -> Envelope[Page[ClaimAnswer]]:
    """The oldest first."""
    async with database.reading() as tx:
        found = await find_open_claims(tx, after=decode_cursor(cursor), limit=limit + 1)
    page = page_of(found, limit, lambda claim: claim.id)
    return ok(Page(items=[_claim(claim) for claim in page.items], next_cursor=page.next_cursor))


@post(
    "/admin/payment/claims/{claim_id:uuid}/close",
    operation_id="closePaymentClaim",
    summary="Say that somebody has looked for a payment",
    status_code=200,
    guards=[requires("payments.write")],
)
async def close(claim_id: UUID, data: NoteBody, database: Database, actor: Actor) -> Envelope[ClaimAnswer]:
    """Records no payment; that is an act of its own."""
    async with database.transaction() as tx:
        return ok(_claim(await close_claim(tx, actor, claim_id, note=data.note)))


ROUTES: list[Any] = [pause, unpause, block, evaluate, promise, dispute, resolve, claims, close]


def _standing(change: StandingChange) -> StandingAnswer:
    return StandingAnswer(
        retailer_id=change.standing.id,
        credit_status=change.standing.credit_status,
        reason=change.standing.credit_status_reason,
        automatic=change.standing.credit_status_automatic,
        changed=change.changed,
    )


def _promise(made: Promise) -> PromiseAnswer:
    return PromiseAnswer(
        promise_id=made.id,
        retailer_id=made.retailer_id,
        date=made.promised_on,
        amount=rupees(made.amount_paisa),
        note=made.note,
        state=made.state,
    )


def _dispute(found: Dispute) -> DisputeAnswer:
    return DisputeAnswer(
        dispute_id=found.id,
        transaction_id=found.debit_id,
        retailer_id=found.retailer_id,
        reason=found.reason,
        opened_at=found.opened_at,
        opened_by=found.opened_by_name,
        resolved_at=found.resolved_at,
        resolved_by=found.resolved_by_name,
        note=found.note,
    )


def _claim(found: PaymentClaim) -> ClaimAnswer:
    return ClaimAnswer(
        claim_id=found.id,
        retailer_id=found.retailer_id,
        said=found.said,
        times=found.times,
        state=found.state.value,
        created_at=found.created_at,
        last_said_at=found.last_said_at,
        closed_at=found.closed_at,
        closed_by=found.closed_by_name,
        note=found.note,
    )
