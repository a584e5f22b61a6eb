"""A shop's statement of account: what changed what it owes, for any time, and the same to take away on paper."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, Literal
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.response import Redirect

from khaacho import clock
from khaacho.console.orders import read_day
from khaacho.console.rendering import render
from khaacho.console.visitor import AnyRequest, Visitor, choose_locale
from khaacho.credit.exposure.aging import Bucket
from khaacho.credit.statement.statement_api import Wanted, take_statement
from khaacho.credit.statement.statement_files import PDF_LINES_MAX, bucket_amounts, nepali_day
from khaacho.credit.statement.statement_words import bucket_words, describe, statement_words
from khaacho.credit.statement.statements import find_statement
from khaacho.errors import ValidationFailed
from khaacho.ledger.reports import ChangePlace
from khaacho.platform.database import Database
from khaacho.platform.http import decode_place, encode_place

# What the page shows when nobody chose: three months are what people ask about.
DAYS_SHOWN = 90
PAGE_LINES = 500
SPANS = {"month": 30, "quarter": DAYS_SHOWN, "year": 365}


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """The days in the address, made sane; `since` None is from the beginning."""

    retailer_id: UUID
    since: date | None
    until: date

    @property
    def path(self) -> str:
        return f"/console/retailers/{self.retailer_id}/statement"

    def address(self, format: str = "", *, after: ChangePlace | None = None) -> str:
        """The page for this time, or the part of it after a place, or the file of it."""
        days = {"from": self.since.isoformat() if self.since else "all", "to": self.until.isoformat()}
        place = {"after": encode_place(after)} if after else {}
        return f"{self.path}{f'/{format}' if format else ''}?{urlencode(days | place)}"

    def last(self, days: int | None) -> Period:
        """So many days until today, or everything."""
        today = clock.business_day()
        return Period(
            retailer_id=self.retailer_id, since=today - timedelta(days=days - 1) if days else None, until=today
        )


def read_period(retailer_id: UUID, params: Any) -> Period:
    """From the address: `from` and `to` as days, `from=all` for the beginning; the last three months when neither."""
    until = read_day(params.get("to")) or clock.business_day()
    since = read_day(params.get("from")) or until - timedelta(days=DAYS_SHOWN - 1)
    if params.get("from") == "all":
        return Period(retailer_id=retailer_id, since=None, until=until)
    return Period(retailer_id=retailer_id, since=min(since, until), until=until)


@get("/retailers/{retailer_id:uuid}/statement")
async def statement_page(request: AnyRequest, retailer_id: UUID, database: Database, visitor: Visitor) -> Response[str]:
    """Oldest first, with the balance after each line, as an accountant reads it; a long one in parts."""
    visitor.require_staff()
    visitor.require("credit.read")
    period = read_period(retailer_id, request.query_params)
    async with database.one_moment() as tx:
        statement = await find_statement(
            tx,
            retailer_id,
            since=period.since,
            until=period.until,
            after=_place(request.query_params.get("after")),
            limit=PAGE_LINES,
        )
    words = statement_words(choose_locale(request, visitor.user))
    amounts = bucket_amounts(statement.aging) if statement.aging else {}
    return render(
        request,
        "statement.html",
        statement=statement,
        retailer=statement.retailer,
        period=period,
        limit_paisa=sum(line.limit_paisa for line in statement.lines),
        spans={name: period.last(days).address() for name, days in {**SPANS, "all": None}.items()},
        words=words,
        describe=lambda entry: describe(entry, words),
        buckets=[(bucket_words(bucket, words), amounts[bucket], bucket is Bucket.DAYS_OVER_30) for bucket in amounts],
        next_address=period.address(after=statement.next_place) if statement.next_place else None,
        pdf_lines_max=PDF_LINES_MAX,
        nepali_day=nepali_day,
        business_day=clock.business_day,
    )


@get("/retailers/{retailer_id:uuid}/statement/{format:str}")
async def statement_file(
    request: AnyRequest, retailer_id: UUID, format: Literal["csv", "pdf"], database: Database, visitor: Visitor
) -> Response[Any]:
    """The same as a file; who took it is in the audit trail. Too long for paper: the page, which says so."""
    visitor.require_staff()
    visitor.require("credit.read")
    period = read_period(retailer_id, request.query_params)
    wanted = Wanted(retailer_id=retailer_id, since=period.since, until=period.until)
    locale = choose_locale(request, visitor.user)
    try:
        return await take_statement(database, visitor.actor, wanted, format=format, locale=locale)
    except ValidationFailed:
        return Redirect(period.address(), status_code=303)


def _place(cursor: str | None) -> ChangePlace | None:
    """Where the part begins; what makes no sense is as if it were not there."""
    try:
        place = decode_place(cursor, ChangePlace)
    except ValidationFailed:
        return None
    return place if place and place.at.tzinfo else None


ROUTES: list[Any] = [statement_page, statement_file]
