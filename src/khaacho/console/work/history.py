"""What happened to a freelancer's credits, with filters in the address, and the receipt of a purchase."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, time
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from litestar import Response, get

from khaacho import clock
from khaacho.console.orders import read_day
from khaacho.console.rendering import render
from khaacho.console.visitor import WORK_HOME, AnyRequest, Visitor
from khaacho.console.work.credits import UNPAID_SHOWN, UNPAID_SHOWN_FOR
from khaacho.errors import NotFound
from khaacho.platform.database import Database
from khaacho.prepaid.balances import require_balance
from khaacho.prepaid.orders import find_unpaid_orders
from khaacho.prepaid.queries import find_history
from khaacho.prepaid.receipts import draw_receipt, require_buyer, require_receipt
from khaacho.prepaid.records import MovementKind
from khaacho.projects.queries import find_titles

PAGE_LENGTH = 20
PAGES_MAX = 1_000


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The list as the address asks for it, made sane: what cannot be meant is left out."""

    path: str
    kind: MovementKind | None = None
    since: date | None = None
    until: date | None = None
    page: int = 1

    @property
    def narrows(self) -> bool:
        return (self.kind, self.since, self.until) != (None, None, None)

    @property
    def span(self) -> dict[str, datetime | None]:
        """Whole business days, both included."""
        return {
            "since": datetime.combine(self.since, time.min, tzinfo=clock.zone()) if self.since else None,
            "until": datetime.combine(self.until, time.max, tzinfo=clock.zone()) if self.until else None,
        }

    @property
    def skip(self) -> int:
        return (self.page - 1) * PAGE_LENGTH

    def address(self, **changed: Any) -> str:
        """The address of this list with some of it changed."""
        said = {
            "type": self.kind.value if self.kind else "",
            "from": self.since.isoformat() if self.since else "",
            "to": self.until.isoformat() if self.until else "",
            **changed,
        }
        query = urlencode({name: value for name, value in said.items() if value})
        return self.path + (f"?{query}" if query else "")

    def around(self, total: int) -> dict[str, Any]:
        """What the template needs to lead to the pages before and after."""
        return {
            "first_shown": self.skip + 1,
            "total": total,
            "previous_address": self.address(page=self.page - 1) if self.page > 1 else None,
            "next_address": self.address(page=self.page + 1) if self.skip + PAGE_LENGTH < total else None,
        }


@get("/history")
async def history_page(request: AnyRequest, database: Database, visitor: Visitor) -> Response[str]:
    """Newest first; purchases that are not credited yet stand above the list."""
    visitor.require("credits.view_history")
    asked = read_asked(request.query_params, f"{WORK_HOME}/history")
    async with database.reading() as tx:
        balance = await require_balance(tx, visitor.user.id)
        found = await find_history(
            tx, visitor.user.id, kind=asked.kind, limit=PAGE_LENGTH, offset=asked.skip, **asked.span
        )
        titles = await find_titles(tx, [line.source_id for line in found.lines])
        unpaid = await find_unpaid_orders(tx, visitor.user.id, since=clock.now() - UNPAID_SHOWN_FOR, limit=UNPAID_SHOWN)
    return render(
        request,
        "work_history.html",
        asked=asked,
        balance=balance,
        lines=found.lines,
        titles=titles,
        unpaid=unpaid if asked.page == 1 and not asked.narrows else [],
        kinds=list(MovementKind),
        **asked.around(found.total),
    )


@get("/receipts/{purchase_id:uuid}")
async def receipt(purchase_id: UUID, database: Database, visitor: Visitor) -> Response[bytes]:
    """The receipt of one's own purchase as a PDF, in the buyer's language. Raises NotFound for anybody else's."""
    visitor.require("credits.view_own")
    return await print_receipt(database, purchase_id, of_user=visitor.user.id)


async def print_receipt(database: Database, purchase_id: UUID, *, of_user: UUID | None = None) -> Response[bytes]:
    """By the transaction or the order; `of_user` refuses those of others. Raises NotFound."""
    async with database.reading() as tx:
        found = await require_receipt(tx, purchase_id)
        if of_user is not None and found.user_id != of_user:
            raise NotFound(what="purchase")
        buyer = await require_buyer(tx, found)
    return Response(
        await asyncio.to_thread(draw_receipt, found, buyer),
        media_type="application/pdf",
        headers={
            "Content-Disposition": f'inline; filename="receipt-{found.receipt}.pdf"',
            "Cache-Control": "no-store",
        },
    )


def read_asked(params: Any, path: str) -> Asked:
    """What the address asks for. Pure; anything that makes no sense is as if it were not there."""
    kind, page = str(params.get("type", "")), str(params.get("page", ""))
    return Asked(
        path=path,
        kind=MovementKind(kind) if kind in tuple(MovementKind) else None,
        since=read_day(params.get("from")),
        until=read_day(params.get("to")),
        page=min(max(int(page), 1), PAGES_MAX) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
    )


ROUTES: list[Any] = [history_page, receipt]
