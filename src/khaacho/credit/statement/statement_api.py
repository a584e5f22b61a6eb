"""A shop's statement of account over HTTP: to read, for a spreadsheet, or on paper [C7]."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.datastructures import ResponseHeader
from litestar.openapi import ResponseSpec
from litestar.params import FromQuery, QueryParameter
from litestar.response import Stream

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.exposure.risk_api_records import BucketsAnswer, buckets_answer
from khaacho.credit.statement.statement_files import (
    CSV_COLUMNS,
    PDF_LINES_MAX,
    closing_row,
    entry_row,
    nepali_day,
    opening_row,
    statement_pdf,
)
from khaacho.credit.statement.statement_words import describe, statement_words
from khaacho.credit.statement.statements import (
    Statement,
    StatementKind,
    StatementLine,
    find_statement,
    stream_entries,
)
from khaacho.errors import ValidationFailed
from khaacho.ledger.reports import ChangePlace
from khaacho.money import rupees
from khaacho.parties.access import requires
from khaacho.parties.records import Locale
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Database, Transaction
from khaacho.platform.http import (
    PAGE_LIMIT_DEFAULT,
    PAGE_LIMIT_MAX,
    ApiRecord,
    Envelope,
    JsonResponse,
    Rupees,
    decode_place,
    encode_place,
    ok,
    with_offset,
)
from khaacho.platform.spreadsheets import CSV_MEDIA_TYPE, Cell, stream_csv

PDF_MEDIA_TYPE = "application/pdf"
# A reader who takes nothing for this long is gone; the snapshot is not kept open for them.
READER_PATIENCE_SECONDS = 60
Format = Literal["json", "csv", "pdf"]


class StatementEntry(ApiRecord, frozen=True, kw_only=True):
    """One change, with the balance after it; `description` says it in words."""

    event_at: datetime
    kind: StatementKind
    source_id: UUID
    reversal: bool
    description: str
    code: str | None
    method: str | None
    reason: str | None
    note: str | None
    debit: Rupees
    credit: Rupees
    balance: Rupees


class StatementAnswer(ApiRecord, frozen=True, kw_only=True):
    """The closing balance is what is owed less what is paid ahead. `aging` is there for all lines together only.

    Every figure is of the whole time; the entries may be a part of it, and `nextCursor` asks for those after them.
    """

    retailer_id: UUID
    pasal_name: str
    account_ids: list[UUID]
    first_day: date | None
    last_day: date
    last_day_bs: str | None
    opening: Rupees
    entries: list[StatementEntry]
    next_cursor: str | None
    debits: Rupees
    credits: Rupees
    closing: Rupees
    owed: Rupees
    paid_ahead: Rupees
    overdue: Rupees | None
    aging: BucketsAnswer | None


@get(
    "/admin/credit/retailer/{retailer_id:uuid}/statement",
    operation_id="getRetailerStatement",
    summary="A shop's statement of account",
    guards=[requires("credit.read")],
    responses={200: ResponseSpec(Envelope[StatementAnswer], description="The statement", generate_examples=False)},
    response_headers=[
        ResponseHeader(
            name="Content-Disposition", description="The file's name, of csv and pdf", documentation_only=True
        )
    ],
)
async def retailer_statement(
    retailer_id: UUID,
    database: Database,
    actor: Actor,
    since: Annotated[date | None, QueryParameter(name="from")] = None,
    until: Annotated[date | None, QueryParameter(name="to")] = None,
    account_id: Annotated[UUID | None, QueryParameter(name="accountId")] = None,
    format: Format = "json",
    lang: Locale = Locale.EN,
    cursor: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_LIMIT_MAX)] = PAGE_LIMIT_DEFAULT,
) -> Response[Any]:
    """By business days, both included, over all lines or one (`accountId`). Whoever takes a file is audited.

    A file has every entry; `cursor` and `limit` are for reading. A PDF of more than 4,000 entries is refused.
    """
    wanted = Wanted(retailer_id=retailer_id, since=since, until=until, account_id=account_id)
    if format == "json":
        after = decode_place(cursor, ChangePlace)
        with_offset("cursor", after.at if after else None)
        async with database.one_moment() as tx:
            found = await _find(tx, wanted, after=after, limit=limit)
        answer: Envelope[StatementAnswer] = ok(_answer(found, lang))
        return JsonResponse(answer, headers={"Cache-Control": "no-store"})
    return await take_statement(database, actor, wanted, format=format, locale=lang)


ROUTES: list[Any] = [retailer_statement]


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Whose statement, of which days (None: from the beginning, until today), of one line or of all."""

    retailer_id: UUID
    since: date | None
    until: date | None
    account_id: UUID | None = None


async def take_statement(
    database: Database, actor: Actor, wanted: Wanted, *, format: Literal["csv", "pdf"], locale: Locale
) -> Response[Any]:
    """The statement as a file, and who took it in the audit trail.

    Raises what `find_statement` raises, and ValidationFailed for a PDF of more than PDF_LINES_MAX entries.
    """
    async with database.one_moment() as tx:
        found = await _find(tx, wanted, limit=PDF_LINES_MAX if format == "pdf" else 1)
    if format == "pdf" and found.count > PDF_LINES_MAX:
        why = f"gives {found.count} lines, and a PDF has at most {PDF_LINES_MAX}; choose a shorter time, or CSV"
        raise ValidationFailed(field="from", why=why)
    async with database.transaction() as tx:
        await _audit(tx, actor, found, format)
    name = f"statement-{found.retailer.code}-{found.until.isoformat()}.{format}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    if format == "csv":
        rows = stream_csv(CSV_COLUMNS, _csv_rows(database, wanted))
        return Stream(rows, media_type=CSV_MEDIA_TYPE, headers=headers)
    # Seconds of computing for a thousand lines: the others of this process go on meanwhile.
    file = await asyncio.to_thread(statement_pdf, found, statement_words(locale), made_at=clock.now())
    return Response(file, media_type=PDF_MEDIA_TYPE, headers=headers)


async def _csv_rows(database: Database, wanted: Wanted) -> AsyncGenerator[list[tuple[Cell, ...]], None]:
    """Both balances and every row between them, as they were at one moment."""
    async with database.one_moment() as tx:
        await tx.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{READER_PATIENCE_SECONDS}s'")
        head = await _find(tx, wanted, limit=1)
        yield [opening_row(head)]
        balance_paisa = head.opening_paisa
        entries = stream_entries(tx, **msgspec.structs.asdict(wanted), opening_paisa=balance_paisa)
        async with aclosing(entries) as portions:
            async for portion in portions:
                balance_paisa = portion[-1].balance_paisa
                yield [entry_row(entry) for entry in portion]
        yield [closing_row(head, balance_paisa)]


async def _find(tx: Transaction, wanted: Wanted, *, after: ChangePlace | None = None, limit: int) -> Statement:
    return await find_statement(tx, **msgspec.structs.asdict(wanted), after=after, limit=limit)


async def _audit(tx: Transaction, actor: Actor, found: Statement, format: str) -> None:
    entry = AuditEntry(
        action="EXPORT",
        subject_kind="statement",
        subject_id=found.retailer.id,
        retailer_id=found.retailer.id,
        new={
            "format": format,
            "from": found.since.isoformat() if found.since else None,
            "to": found.until.isoformat(),
            "account_ids": [str(line.id) for line in found.lines],
        },
    )
    await record_audit(tx, actor, [entry])


def _answer(found: Statement, locale: Locale) -> StatementAnswer:
    return StatementAnswer(
        retailer_id=found.retailer.id,
        pasal_name=found.retailer.pasal_name,
        account_ids=[line.id for line in found.lines],
        first_day=found.since,
        last_day=found.until,
        last_day_bs=nepali_day(found.until),
        opening=rupees(found.opening_paisa),
        entries=[_entry(entry, locale) for entry in found.entries],
        next_cursor=encode_place(found.next_place) if found.next_place else None,
        debits=rupees(found.debits_paisa),
        credits=rupees(found.credits_paisa),
        closing=rupees(found.closing_paisa),
        owed=rupees(found.owed_paisa),
        paid_ahead=rupees(found.ahead_paisa),
        overdue=None if found.overdue_paisa is None else rupees(found.overdue_paisa),
        aging=None if found.aging is None else buckets_answer(found.aging),
    )


def _entry(entry: StatementLine, locale: Locale) -> StatementEntry:
    return StatementEntry(
        event_at=entry.event_at,
        kind=entry.kind,
        source_id=entry.source_id,
        reversal=entry.is_reversal,
        description=describe(entry, statement_words(locale)),
        code=entry.code,
        method=entry.method,
        reason=entry.reason,
        note=entry.note,
        debit=rupees(entry.debit_paisa),
        credit=rupees(entry.credit_paisa),
        balance=rupees(entry.balance_paisa),
    )
