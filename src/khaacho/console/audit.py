"""Who did what, when and why: the audit, newest first, with filters that live in the address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get

from khaacho import clock
from khaacho.console.formats import amount_short
from khaacho.console.orders import read_day
from khaacho.console.people import Names, find_names
from khaacho.console.rendering import render
from khaacho.console.visitor import AnyRequest, Visitor
from khaacho.errors import ValidationFailed
from khaacho.parties.queries import find_retailers
from khaacho.parties.records import Retailer
from khaacho.platform.audit_reports import AuditEntryShown, AuditFilter, AuditPage, find_audit, find_audit_actions
from khaacho.platform.database import Database, Transaction
from khaacho.platform.http import decode_cursor, encode_cursor

PAGE_LENGTH = 30
WORDS_LENGTH_MAX = 80
SHOPS_OFFERED_MAX = 8
VALUE_LENGTH_MAX = 120
# What says nothing beside the name of a value.
NOTHING: tuple[Any, ...] = (None, "", [], {})


class AskedAudit(msgspec.Struct, frozen=True, kw_only=True):
    """The filters as they stand in the address, made sane: what cannot be meant is left out."""

    who: str = ""
    action: str = ""
    shop: str = ""
    retailer: UUID | None = None
    since: date | None = None
    until: date | None = None

    @property
    def narrows(self) -> bool:
        return self != AskedAudit()

    def address(self, **changed: str | None) -> str:
        """The address of this list with some filters changed; None leaves one out."""
        said = {
            "who": self.who,
            "action": self.action,
            "shop": self.shop,
            "retailer": str(self.retailer or ""),
            "from": self.since.isoformat() if self.since else "",
            "to": self.until.isoformat() if self.until else "",
            **changed,
        }
        query = urlencode({name: value for name, value in said.items() if value})
        return "/console/audit" + (f"?{query}" if query else "")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One value before and after, as people read it; None where there was none."""

    name: str
    old: str | None
    new: str | None


@get("/audit")
async def audit_page(request: AnyRequest, database: Database, visitor: Visitor) -> Response[str]:
    """Of everybody, or narrowed by who, what, which shop and when."""
    visitor.require("audit.read")
    asked = read_audit_filters(request.query_params)
    after = _place(request.query_params.get("after"))
    async with database.reading() as tx:
        offered = await _shops(tx, asked)
        retailer_id = asked.retailer or (offered[0].id if len(offered) == 1 else None)
        page = AuditPage(entries=[], last_id=None)
        if not asked.shop or retailer_id:
            page = await find_audit(tx, _as_filter(asked, retailer_id), after=after, limit=PAGE_LENGTH)
        ids = {one.retailer_id for one in page.entries if one.retailer_id}
        names = await find_names(tx, ids | ({retailer_id} if retailer_id else set()), vendors_in(page.entries))
        actions = [] if _is_part(request) else await find_audit_actions(tx)
    return render(
        request,
        "audit_rows.html" if _is_part(request) else "audit.html",
        asked=asked,
        entries=page.entries,
        changes={one.id: changes_of(one.old_values, one.new_values, _called(names)) for one in page.entries},
        names=names,
        actions=actions,
        chosen=names.retailers.get(retailer_id) if retailer_id else None,
        offered=offered if retailer_id is None else [],
        continued=after is not None,
        next_address=asked.address(after=encode_cursor(page.last_id)) if page.last_id else None,
    )


def read_audit_filters(params: Mapping[str, Any]) -> AskedAudit:
    """What the address asks for. Pure; anything that makes no sense is as if it were not there."""
    return AskedAudit(
        who=_words(params.get("who")),
        action=_words(params.get("action")),
        shop=_words(params.get("shop")),
        retailer=_uuid(params.get("retailer")),
        since=read_day(params.get("from")),
        until=read_day(params.get("to")),
    )


def vendors_in(entries: Sequence[AuditEntryShown]) -> set[UUID]:
    """The wholesalers that the values speak of. Pure."""
    values = [one for entry in entries for one in (entry.old_values, entry.new_values) if one]
    return {vendor_id for one in values if (vendor_id := _uuid(one.get("vendor_id"))) is not None}


def _called(names: Names) -> dict[str, str]:
    return {str(one.id): one.name for one in names.vendors.values()}


def changes_of(
    old: Mapping[str, Any] | None, new: Mapping[str, Any] | None, called: Mapping[str, str] | None = None
) -> list[Change]:
    """What differs between two sets of values, in the order in which they were written. Pure.

    `called` has names for ids that may stand among the values.
    """
    before, after, names = old or {}, new or {}, called or {}
    return [
        Change(
            name=name.removesuffix("_paisa"),
            old=_value(name, before[name], names) if name in before else None,
            new=_value(name, after[name], names) if name in after else None,
        )
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name) and not (name not in before and after[name] in NOTHING)
    ]


def _value(name: str, value: Any, names: Mapping[str, str]) -> str:
    if name.endswith("_paisa") and isinstance(value, int):
        return amount_short(value)
    if value in NOTHING:
        return "–"
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        # Items, with their amounts; the ids of rows are for the API.
        parts = [[_value(key, one[key], names) for key in one if not key.endswith("_id")] for one in value]
        text = "; ".join(" ".join(part) for part in parts)
    elif isinstance(value, (dict, list)):
        text = msgspec.json.encode(value).decode()
    elif name.endswith("_at"):
        text = _moment(str(value))
    else:
        text = names.get(str(value), str(value))
    return text if len(text) <= VALUE_LENGTH_MAX else text[: VALUE_LENGTH_MAX - 1] + "…"


def _moment(text: str) -> str:
    """On the clock of the business zone; what is no moment stays as it is."""
    try:
        return f"{clock.business_time(datetime.fromisoformat(text)):%Y-%m-%d %H:%M}"
    except ValueError:
        return text


async def _shops(tx: Transaction, asked: AskedAudit) -> Sequence[Retailer]:
    """The shops that the words typed may mean."""
    if asked.retailer is not None or not asked.shop:
        return []
    return await find_retailers(tx, q=asked.shop, limit=SHOPS_OFFERED_MAX)


def _as_filter(asked: AskedAudit, retailer_id: UUID | None) -> AuditFilter:
    return AuditFilter(
        action=asked.action or None,
        retailer_id=retailer_id,
        who=asked.who or None,
        since=clock.start_of_business_day(asked.since) if asked.since else None,
        until=clock.start_of_business_day(asked.until + timedelta(days=1)) if asked.until else None,
    )


def _is_part(request: AnyRequest) -> bool:
    return "HX-Request" in request.headers


def _place(cursor: Any) -> UUID | None:
    try:
        return decode_cursor(str(cursor)) if cursor else None
    except ValidationFailed:
        return None


def _words(text: Any) -> str:
    return str(text or "").replace("\x00", "").strip()[:WORDS_LENGTH_MAX]


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(str(text)) if text else None
    except ValueError:
        return None


ROUTES: list[Any] = [audit_page]
