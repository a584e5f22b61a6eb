"""A shop's statement of account over HTTP: to read, for a spreadsheet, or on paper [C7]."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.datastructures import ResponseHeader
from litestar.openapi import ResponseSpec
from litestar.params import FromQuery, QueryParameter

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.exposure.risk_api_records import BucketsAnswer, buckets_answer
from khaacho.credit.statement.statement_files import nepali_day, statement_csv, statement_pdf
from khaacho.credit.statement.statement_words import describe, statement_words
from khaacho.credit.statement.statements import Statement, StatementKind, StatementLine, find_statement
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
from khaacho.platform.spreadsheets import CSV_MEDIA_TYPE

PDF_MEDIA_TYPE = "application/pdf"
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

    A file has every entry; `cursor` and `limit` are for reading.
    """
    if format == "json":
        after = decode_place(cursor, _Place)
        with_offset("cursor", after.at if after else None)
        async with database.reading() as tx:
            found = await find_statement(tx, retailer_id, since=since, until=until, account_id=account_id)
        answer: Envelope[StatementAnswer] = ok(_answer(found, lang, after, limit))
        return JsonResponse(answer, headers={"Cache-Control": "no-store"})
    return await take_statement(
        database, actor, retailer_id, since=since, until=until, account_id=account_id, format=format, locale=lang
    )


ROUTES: list[Any] = [retailer_statement]


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    """The last entry seen."""

    at: datetime
    source_id: UUID
    reversal: bool


async def take_statement(
    database: Database,
    actor: Actor,
    retailer_id: UUID,
    *,
    since: date | None,
    until: date | None,
    account_id: UUID | None,
    format: Literal["csv", "pdf"],
    locale: Locale,
) -> Response[bytes]:
    """The statement as a file, and who took it in the audit trail. Raises what `find_statement` raises."""
    async with database.transaction() as tx:
        found = await find_statement(tx, retailer_id, since=since, until=until, account_id=account_id)
        await _audit(tx, actor, found, format)
    if format == "csv":
        file, media_type = statement_csv(found), CSV_MEDIA_TYPE
    else:
        # Seconds of computing for a thousand lines: the others of this process go on meanwhile.
        file = await asyncio.to_thread(statement_pdf, found, statement_words(locale), made_at=clock.now())
        media_type = PDF_MEDIA_TYPE
    name = f"statement-{found.retailer.code}-{found.until.isoformat()}.{format}"
    return Response(
        file,
        media_type=media_type,
        headers={"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"},
    )


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


def _answer(found: Statement, locale: Locale, after: _Place | None, limit: int) -> StatementAnswer:
    rest = _entries_after(found.entries, after)
    shown = rest[:limit]
    return StatementAnswer(
        retailer_id=found.retailer.id,
        pasal_name=found.retailer.pasal_name,
        account_ids=[line.id for line in found.lines],
        first_day=found.since,
        last_day=found.until,
        last_day_bs=nepali_day(found.until),
        opening=rupees(found.opening_paisa),
        entries=[_entry(entry, locale) for entry in shown],
        next_cursor=encode_place(_place_of(shown[-1])) if len(rest) > limit else None,
        debits=rupees(found.debits_paisa),
        credits=rupees(found.credits_paisa),
        closing=rupees(found.closing_paisa),
        owed=rupees(found.owed_paisa),
        paid_ahead=rupees(found.ahead_paisa),
        overdue=None if found.overdue_paisa is None else rupees(found.overdue_paisa),
        aging=None if found.aging is None else buckets_answer(found.aging),
    )


def _entries_after(entries: Sequence[StatementLine], after: _Place | None) -> Sequence[StatementLine]:
    if after is None:
        return entries
    for position, entry in enumerate(entries):
        if _place_of(entry) == after:
            return entries[position + 1 :]
    # What came later with the same moment and source can have cancelled it out; its moment still tells where it was.
    return [entry for entry in entries if entry.event_at > after.at]


def _place_of(entry: StatementLine) -> _Place:
    return _Place(at=entry.event_at, source_id=entry.source_id, reversal=entry.is_reversal)


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
