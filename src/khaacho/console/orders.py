"""The list of orders, with filters that live in the address so that a list can be kept and sent to somebody."""

from __future__ import annotations

import base64
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get

from khaacho import clock
from khaacho.console.people import Names, find_names, find_names_of
from khaacho.console.rendering import render
from khaacho.console.visitor import AnyRequest, Visitor
from khaacho.credit.queries import find_debits_of_orders
from khaacho.orders.queries import find_orders_by_spoken_code
from khaacho.orders.records import OPEN_STATUSES, Order, OrderStatus
from khaacho.orders.reports import ListOrder, OrderFilter, find_listed_orders
from khaacho.orders.standing import payment_status
from khaacho.parties.queries import find_retailers, find_vendors
from khaacho.platform.database import Database, Transaction

PAGE_LENGTH = 25
SEARCH_LENGTH_MAX = 80
# A word that fits more shops or wholesalers than this is no search but a wish for another word.
PARTIES_MATCHED_MAX = 200
OPEN = "OPEN"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The filters as they stand in the address, made sane: what cannot be meant is left out."""

    status: str = ""
    q: str = ""
    retailer: UUID | None = None
    vendor: UUID | None = None
    since: date | None = None
    until: date | None = None
    listed: ListOrder = ListOrder.NEWEST

    @property
    def statuses(self) -> tuple[OrderStatus, ...] | None:
        if self.status == OPEN:
            return OPEN_STATUSES
        return (OrderStatus(self.status),) if self.status else None

    @property
    def narrows(self) -> bool:
        """Is anything filtered at all?"""
        return self != Asked(listed=self.listed)

    def address(self, **changed: str | None) -> str:
        """The address of this list with some filters changed; None leaves one out."""
        said = {
            "status": self.status,
            "q": self.q,
            "retailer": str(self.retailer or ""),
            "vendor": str(self.vendor or ""),
            "from": self.since.isoformat() if self.since else "",
            "to": self.until.isoformat() if self.until else "",
            "sort": "" if self.listed is ListOrder.NEWEST else self.listed.value,
            **changed,
        }
        query = urlencode({name: value for name, value in said.items() if value})
        return "/console/orders" + (f"?{query}" if query else "")


@get("/orders")
async def orders_page(request: AnyRequest, database: Database, visitor: Visitor) -> Response[str]:
    """Newest first unless asked otherwise; a wholesaler's list holds their own orders only."""
    visitor.require("orders.read")
    asked = read_filters(request.query_params)
    after = decode_place(request.query_params.get("after"))
    async with database.reading() as tx:
        wanted = await _as_filter(tx, asked, visitor)
        found = await find_listed_orders(tx, wanted, after=after, limit=PAGE_LENGTH + 1)
        shown = found[:PAGE_LENGTH]
        names = await find_names_of(tx, shown)
        debits = await find_debits_of_orders(tx, [order.id for order in shown])
        chosen = await _chosen(tx, asked)
    today = clock.business_day()
    return render(
        request,
        "orders_rows.html" if "HX-Request" in request.headers else "orders.html",
        asked=asked,
        orders=shown,
        names=names,
        payment={order.id: payment_status(order, debits.get(order.id), today=today) for order in shown},
        chosen_retailer=chosen.retailers.get(asked.retailer) if asked.retailer else None,
        chosen_vendor=chosen.vendors.get(asked.vendor) if asked.vendor else None,
        statuses=list(OrderStatus),
        continued=after is not None,
        next_address=asked.address(after=encode_place(shown[-1])) if len(found) > PAGE_LENGTH else None,
    )


def read_filters(params: Any) -> Asked:
    """What the address asks for. Pure; anything that makes no sense is as if it were not there."""
    status = str(params.get("status", ""))
    listed = str(params.get("sort", ""))
    return Asked(
        status=status if status == OPEN or status in tuple(OrderStatus) else "",
        q=str(params.get("q", "")).replace("\x00", "").strip()[:SEARCH_LENGTH_MAX],
        retailer=_uuid(params.get("retailer")),
        vendor=_uuid(params.get("vendor")),
        since=read_day(params.get("from")),
        until=read_day(params.get("to")),
        listed=ListOrder(listed) if listed in tuple(ListOrder) else ListOrder.NEWEST,
    )


async def _chosen(tx: Transaction, asked: Asked) -> Names:
    if asked.retailer is None and asked.vendor is None:
        return Names(retailers={}, vendors={})
    return await find_names(tx, [asked.retailer] if asked.retailer else [], [asked.vendor] if asked.vendor else [])


async def _as_filter(tx: Transaction, asked: Asked, visitor: Visitor) -> OrderFilter:
    vendor_ids = [asked.vendor] if asked.vendor else None
    if not visitor.is_staff:
        vendor_ids = [visitor.actor.vendor_id] if visitor.actor.vendor_id else []
    wanted = OrderFilter(
        statuses=asked.statuses,
        retailer_ids=[asked.retailer] if asked.retailer else None,
        vendor_ids=vendor_ids,
        since=clock.start_of_business_day(asked.since) if asked.since else None,
        until=clock.start_of_business_day(asked.until + timedelta(days=1)) if asked.until else None,
        listed=asked.listed,
    )
    return await _narrowed(tx, wanted, asked.q, staff=visitor.is_staff) if asked.q else wanted


async def _narrowed(tx: Transaction, wanted: OrderFilter, words: str, *, staff: bool) -> OrderFilter:
    """By the words typed: an order's code, or a shop's or wholesaler's name, phone or code."""
    vendor_id = wanted.vendor_ids[0] if wanted.vendor_ids and not staff else None
    by_code = await find_orders_by_spoken_code(tx, words, vendor_id=vendor_id)
    if by_code:
        return msgspec.structs.replace(wanted, order_ids=[order.id for order in by_code])
    if wanted.retailer_ids is None:
        retailers = await find_retailers(tx, q=words, limit=PARTIES_MATCHED_MAX)
        if retailers:
            return msgspec.structs.replace(wanted, retailer_ids=[retailer.id for retailer in retailers])
    if staff and wanted.vendor_ids is None:
        vendors = await find_vendors(tx, q=words, limit=PARTIES_MATCHED_MAX)
        return msgspec.structs.replace(wanted, vendor_ids=[vendor.id for vendor in vendors])
    return msgspec.structs.replace(wanted, order_ids=[])


def encode_place(order: Order) -> str:
    """An opaque place in a list: after this order."""
    return base64.urlsafe_b64encode(f"{order.placed_at.isoformat()}|{order.id}".encode()).decode().rstrip("=")


def decode_place(place: str | None) -> tuple[datetime, UUID] | None:
    """The moment and id a place stands for; None for the beginning, and for anything we did not make."""
    if not place:
        return None
    try:
        moment, order_id = base64.urlsafe_b64decode(place + "==").decode().split("|")
        at = datetime.fromisoformat(moment)
        return (at, UUID(order_id)) if at.tzinfo else None
    except (ValueError, TypeError):
        return None


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(str(text)) if text else None
    except ValueError:
        return None


def read_day(text: Any) -> date | None:
    """A day in the address; None for anything else."""
    try:
        day = date.fromisoformat(str(text)) if text else None
    except ValueError:
        return None
    # The last years of the calendar have no midnight after them in every zone.
    return day if day is not None and 2000 <= day.year <= 2200 else None


ROUTES: list[Any] = [orders_page]
