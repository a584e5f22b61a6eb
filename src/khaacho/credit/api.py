"""Credit over HTTP: opening lines, recording payments, a retailer's own view, statements."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.params import FromQuery, QueryParameter

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.credit.actions import open_credit_lines
from khaacho.credit.exposure.guardrail_api import ROUTES as GUARDRAIL_ROUTES
from khaacho.credit.exposure.risk_api import ROUTES as RISK_ROUTES
from khaacho.credit.exposure.risk_api_records import LineAnswer, OpenItemAnswer, line_answer, open_item_answer
from khaacho.credit.paying.payment_api import ROUTES as PAYMENT_ROUTES
from khaacho.credit.queries import find_credit_overview, require_credit_line
from khaacho.credit.records import (
    MAX_ORDER_PAISA_DEFAULT,
    MAX_OUTSTANDING_DAYS_DEFAULT,
    TERMS_DAYS_DEFAULT,
    NewCreditLine,
)
from khaacho.credit.statement.statement_api import ROUTES as STATEMENT_ROUTES
from khaacho.errors import Forbidden, NoCreditAccount
from khaacho.ledger.queries import Statement, StatementLine, StatementPlace, read_statement
from khaacho.money import paisa_from_rupees, rupees
from khaacho.parties.access import ensure_retailer_access, ensure_vendor_access, requires
from khaacho.parties.standings import CreditStatus
from khaacho.platform.asked_times import AsOf, Last, Since, asked_last, asked_since
from khaacho.platform.database import Database, Transaction
from khaacho.platform.http import (
    PAGE_LIMIT_DEFAULT,
    PAGE_LIMIT_MAX,
    ApiRecord,
    Envelope,
    Rupees,
    decode_place,
    encode_place,
    ok,
    with_offset,
)

Days = Annotated[int, msgspec.Meta(ge=0, le=3650)]


class NewLine(ApiRecord, frozen=True, kw_only=True):
    """A credit line; without `vendorId` the platform lends."""

    retailer_id: UUID
    credit_limit: Rupees
    vendor_id: UUID | None = None
    max_order_value: Rupees | None = None
    max_outstanding_days: Days = MAX_OUTSTANDING_DAYS_DEFAULT
    terms_days: Days = TERMS_DAYS_DEFAULT


class OwnCredit(ApiRecord, frozen=True, kw_only=True):
    """A retailer's view of their own credit."""

    credit_status: CreditStatus
    credit_limit: Rupees
    used_credit: Rupees
    held_credit: Rupees
    available_credit: Rupees
    overdue: Rupees
    paid_ahead: Rupees
    lines: list[LineAnswer]
    open_items: list[OpenItemAnswer]


class Movement(ApiRecord, frozen=True, kw_only=True):
    transfer_id: UUID
    event_at: datetime
    created_at: datetime
    code: str
    source: str
    source_id: UUID
    change: Rupees
    balance: Rupees


class AccountStatement(ApiRecord, frozen=True, kw_only=True):
    """Movements by when they happened, oldest first, from `opening` to `closing`, the balances of the time asked for.

    `nextCursor` asks for the movements after these and is null at the end.
    """

    account_id: UUID
    kind: str
    opening: Rupees
    movements: list[Movement]
    closing: Rupees
    next_cursor: str | None


@post(
    "/admin/credit/accounts",
    operation_id="openCreditAccount",
    summary="Open a credit line",
    guards=[requires("credit.write")],
)
async def open_line(data: NewLine, database: Database, actor: Actor) -> Envelope[LineAnswer]:
    """Raises ALREADY_EXISTS when the two already have a line."""
    new = NewCreditLine(
        retailer_id=data.retailer_id,
        vendor_id=data.vendor_id,
        limit_paisa=paisa_from_rupees(data.credit_limit),
        max_order_paisa=MAX_ORDER_PAISA_DEFAULT
        if data.max_order_value is None
        else paisa_from_rupees(data.max_order_value),
        max_outstanding_days=data.max_outstanding_days,
        terms_days=data.terms_days,
    )
    async with database.transaction() as tx:
        (line,) = await open_credit_lines(tx, actor, [new])
    return ok(line_answer(line))


@get(
    "/credit/me",
    operation_id="getOwnCredit",
    summary="A retailer's own credit",
    guards=[requires("credit.read_own")],
)
async def own_credit(database: Database, actor: Actor) -> Envelope[OwnCredit]:
    if actor.retailer_id is None:
        raise Forbidden
    async with database.reading() as tx:
        overview = await find_credit_overview(tx, actor.retailer_id)
    today = clock.business_day()
    return ok(
        OwnCredit(
            credit_status=overview.status,
            credit_limit=rupees(overview.limit_paisa),
            used_credit=rupees(overview.used_paisa),
            held_credit=rupees(overview.held_paisa),
            available_credit=rupees(overview.available_paisa),
            overdue=rupees(overview.overdue_paisa),
            paid_ahead=rupees(overview.unapplied_paisa),
            lines=[line_answer(line) for line in overview.lines],
            open_items=[open_item_answer(debit, today=today) for debit in overview.open_debits],
        )
    )


@get(
    "/ledger/accounts/{account_id:uuid}/statement",
    operation_id="getStatement",
    summary="Statement of a ledger account",
)
async def statement(
    account_id: UUID,
    database: Database,
    actor: Actor,
    as_of: AsOf = None,
    since: Since = None,
    until: Last = None,
    cursor: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_LIMIT_MAX)] = PAGE_LIMIT_DEFAULT,
) -> Envelope[AccountStatement]:
    """As of any moment by when things happened; for staff, and for whoever the credit line belongs to."""
    after = decode_place(cursor, StatementPlace)
    with_offset("cursor", after.at if after else None)
    async with database.reading() as tx:
        await _ensure_own_account(tx, actor, account_id)
        found = await read_statement(
            tx,
            account_id,
            since=asked_since(since),
            as_of=asked_last(as_of, field="asOf") or asked_last(until),
            after=after,
            limit=limit + 1,
        )
    return ok(_statement(found, limit))


ROUTES: list[Any] = [
    open_line,
    own_credit,
    statement,
    *PAYMENT_ROUTES,
    *RISK_ROUTES,
    *GUARDRAIL_ROUTES,
    *STATEMENT_ROUTES,
]


async def _ensure_own_account(tx: Transaction, actor: Actor, account_id: UUID) -> None:
    """Staff may read every account; others only a credit line of theirs, and learn nothing about the rest."""
    if actor.is_staff:
        return
    try:
        line = await require_credit_line(tx, account_id)
    except NoCreditAccount as unknown:
        raise Forbidden from unknown
    if actor.role is ActorRole.VENDOR and line.vendor_id is not None:
        ensure_vendor_access(actor, line.vendor_id)
        return
    ensure_retailer_access(actor, line.retailer_id)


def _statement(found: Statement, limit: int) -> AccountStatement:
    """From `limit + 1` lines read: the extra one only tells that there is more."""
    shown = found.lines[:limit]
    last = StatementPlace(at=shown[-1].event_at, transfer_id=shown[-1].transfer_id) if shown else None
    return AccountStatement(
        account_id=found.account.id,
        kind=found.account.kind.value,
        opening=rupees(found.opening),
        movements=[_movement(line) for line in shown],
        closing=rupees(found.closing),
        next_cursor=encode_place(last) if last and len(found.lines) > limit else None,
    )


def _movement(line: StatementLine) -> Movement:
    return Movement(
        transfer_id=line.transfer_id,
        event_at=line.event_at,
        created_at=line.created_at,
        code=line.code,
        source=line.source_kind,
        source_id=line.source_id,
        change=rupees(line.change),
        balance=rupees(line.balance),
    )
