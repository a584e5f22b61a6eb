"""Shops and wholesalers as simple lists: who they are, where they stand, and the way to their orders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response, get

from khaacho.console.rendering import render
from khaacho.console.visitor import AnyRequest, Visitor
from khaacho.credit.records import CreditLine
from khaacho.credit.reports import find_lines_of
from khaacho.orders.records import Order
from khaacho.orders.reports import count_open_orders
from khaacho.parties.queries import find_retailers, find_vendors, send_retailers, send_vendors
from khaacho.parties.records import PartyStatus, Retailer, Vendor
from khaacho.platform.database import Database, Transaction
from khaacho.platform.http import decode_cursor, encode_cursor

PAGE_LENGTH = 30
SEARCH_LENGTH_MAX = 80


class CreditFigures(msgspec.Struct, frozen=True, kw_only=True):
    """All of a retailer's lines together."""

    limit_paisa: int
    used_paisa: int
    available_paisa: int

    @property
    def used_percent(self) -> int:
        """For a bar, 0–100."""
        return 0 if self.limit_paisa <= 0 else min(100, round(100 * self.used_paisa / self.limit_paisa))


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """The shops and wholesalers that a page speaks of, by id."""

    retailers: dict[UUID, Retailer]
    vendors: dict[UUID, Vendor]


async def find_names(tx: Transaction, retailer_ids: Iterable[UUID], vendor_ids: Iterable[UUID]) -> Names:
    """Two statements, sent together."""
    async with tx.pipeline():
        retailers = await send_retailers(tx, list(set(retailer_ids)))
        vendors = await send_vendors(tx, list(set(vendor_ids)))
        return Names(
            retailers={one.id: one for one in await retailers.all()},
            vendors={one.id: one for one in await vendors.all()},
        )


async def find_names_of(tx: Transaction, orders: Sequence[Order]) -> Names:
    """Everybody these orders are of and with."""
    return await find_names(tx, (one.retailer_id for one in orders), (one.vendor_id for one in orders))


def total_credit(lines: Sequence[CreditLine]) -> CreditFigures | None:
    """None for a retailer without a line."""
    if not lines:
        return None
    return CreditFigures(
        limit_paisa=sum(line.limit_paisa for line in lines),
        used_paisa=sum(line.used_paisa for line in lines),
        available_paisa=sum(line.available_paisa for line in lines),
    )


@get("/retailers")
async def retailers_page(
    request: AnyRequest,
    database: Database,
    visitor: Visitor,
    q: str = "",
    status: str = "",
    cursor: str | None = None,
) -> Response[str]:
    """Newest first, with what each may still buy on credit and how many orders are in work."""
    visitor.require_staff()
    visitor.require("retailers.read")
    wanted, searched = _status(status), q.strip()[:SEARCH_LENGTH_MAX]
    async with database.reading() as tx:
        found = await find_retailers(
            tx, status=wanted, q=searched or None, before=decode_cursor(cursor), limit=PAGE_LENGTH + 1
        )
        shown = found[:PAGE_LENGTH]
        ids = [retailer.id for retailer in shown]
        lines = await find_lines_of(tx, ids)
        open_orders = await count_open_orders(tx, retailer_ids=ids) if ids else {}
    return render(
        request,
        "retailers.html",
        retailers=shown,
        credit={one: total_credit(lines.get(one, [])) for one in ids},
        open_orders=open_orders,
        q=searched,
        wanted=wanted,
        statuses=list(PartyStatus),
        next_cursor=encode_cursor(shown[-1].id) if len(found) > PAGE_LENGTH else None,
    )


@get("/vendors")
async def vendors_page(
    request: AnyRequest,
    database: Database,
    visitor: Visitor,
    q: str = "",
    status: str = "",
    cursor: str | None = None,
) -> Response[str]:
    """Newest first, with how many orders are in work."""
    visitor.require_staff()
    visitor.require("vendors.read")
    wanted, searched = _status(status), q.strip()[:SEARCH_LENGTH_MAX]
    async with database.reading() as tx:
        found = await find_vendors(
            tx, status=wanted, q=searched or None, before=decode_cursor(cursor), limit=PAGE_LENGTH + 1
        )
        shown = found[:PAGE_LENGTH]
        open_orders = await count_open_orders(tx, vendor_ids=[vendor.id for vendor in shown]) if shown else {}
    return render(
        request,
        "vendors.html",
        vendors=shown,
        open_orders=open_orders,
        q=searched,
        wanted=wanted,
        statuses=list(PartyStatus),
        next_cursor=encode_cursor(shown[-1].id) if len(found) > PAGE_LENGTH else None,
    )


def _status(wanted: str) -> PartyStatus | None:
    return PartyStatus(wanted) if wanted in tuple(PartyStatus) else None


ROUTES: list[Any] = [retailers_page, vendors_page]
