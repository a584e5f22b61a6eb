"""Who owes what and for how long: the sums by age, and every shop on credit in a table that sorts and filters."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get

from khaacho import clock
from khaacho.console.people import Names, find_names
from khaacho.console.rendering import live_digest, render, render_live
from khaacho.console.visitor import AnyRequest, Visitor
from khaacho.credit.exposure.aging import Aging, Bucket
from khaacho.credit.exposure.attention import (
    AttentionFigures,
    PendingCheque,
    find_attention_figures,
    find_pending_cheques,
)
from khaacho.credit.exposure.risk import (
    Direction,
    RetailerRisk,
    RiskFilter,
    RiskSort,
    RiskSummary,
    find_risk_page,
    find_risk_summary,
)
from khaacho.credit.lateness.claims import PaymentClaim, find_open_claims
from khaacho.credit.lateness.promises import Promise, find_broken_promises
from khaacho.orders.overrides import find_overridden_orders
from khaacho.parties.standings import CreditStatus
from khaacho.platform.database import Database, Transaction

PAGE_LENGTH = 30
PAGES_MAX = 1_000
SEARCH_LENGTH_MAX = 80
# As many of what waits for a person are shown above the list; a person is meant to work them off.
WAITING_SHOWN_MAX = 10
# A promise that was broken longer ago has become an old debt, which the list shows.
BROKEN_FOR = timedelta(days=30)
# Orders let past a guardrail, below the list: so many of the last days.
OVERRIDES_SHOWN_MAX = 10
OVERRIDES_FOR = timedelta(days=30)
HIGH = "HIGH"


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The list as the address asks for it, made sane: what cannot be meant is left out."""

    standing: str = ""
    age: str = ""
    q: str = ""
    sort: RiskSort = RiskSort.TOTAL
    direction: Direction = Direction.DESC
    page: int = 1

    @property
    def narrows(self) -> bool:
        """Is anything filtered at all?"""
        return bool(self.standing or self.age or self.q)

    def address(self, **changed: Any) -> str:
        """The address of this list with some of it changed; whatever changes, it begins at its first page."""
        said = {
            "standing": self.standing,
            "age": self.age,
            "q": self.q,
            "sort": "" if self.sort is RiskSort.TOTAL else self.sort.value,
            "direction": "" if self.direction is Direction.DESC else self.direction.value,
            **changed,
        }
        query = urlencode({name: value for name, value in said.items() if value})
        return "/console/credit" + (f"?{query}" if query else "")

    def sorted_by(self, column: str) -> str:
        """The address when a column's head is pressed: biggest first, and the other way when pressed again."""
        again = self.sort.value == column and self.direction is Direction.DESC
        direction = Direction.ASC if again or (column == RiskSort.PASAL_NAME and not self.is_by(column)) else ""
        return self.address(sort="" if column == RiskSort.TOTAL else column, direction=direction)

    def is_by(self, column: str) -> bool:
        return self.sort.value == column


class AgeBar(msgspec.Struct, frozen=True, kw_only=True):
    """One bucket of the chart; `percent` of the largest bucket, `share` of everything owed."""

    name: str
    paisa: int
    percent: int
    share: int


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """The part above the list: the sums, and what waits for a person, each with its shop's name."""

    summary: RiskSummary
    ages: list[AgeBar]
    figures: AttentionFigures
    claims: list[PaymentClaim]
    cheques: list[PendingCheque]
    broken: list[Promise]
    names: Names


@get("/credit")
async def risk_page(request: AnyRequest, database: Database, visitor: Visitor) -> Response[str]:
    """Live: read from what is open at this moment."""
    visitor.require_staff()
    visitor.require("credit.read")
    asked = read_asked(request.query_params)
    wanted = RiskFilter(
        status=CreditStatus(asked.standing) if asked.standing in tuple(CreditStatus) else None,
        high_risk=True if asked.standing == HIGH else None,
        bucket=Bucket(asked.age) if asked.age else None,
        q=asked.q or None,
        sort=asked.sort,
        direction=asked.direction,
    )
    async with database.reading() as tx:
        found = await find_risk_page(tx, wanted, skip=(asked.page - 1) * PAGE_LENGTH, limit=PAGE_LENGTH)
        waiting = await _look(tx, found.summary)
        overridden = await find_overridden_orders(tx, since=clock.now() - OVERRIDES_FOR, limit=OVERRIDES_SHOWN_MAX)
        names = await find_names(tx, [one.retailer_id for one in overridden], [])
    return render(
        request,
        "risk.html",
        asked=asked,
        waiting=waiting,
        seen=live_digest(request, "risk_live.html", waiting=waiting),
        shops=found.retailers,
        usage={one.retailer_id: used_percent(one) for one in found.retailers},
        matching=found.matching,
        standings=[HIGH, *CreditStatus],
        overridden=overridden,
        names=names,
        first_shown=(asked.page - 1) * PAGE_LENGTH + 1,
        previous_address=asked.address(page=asked.page - 1 if asked.page > 2 else None) if asked.page > 1 else None,
        next_address=asked.address(page=asked.page + 1) if found.next_place else None,
    )


@get("/credit/live")
async def risk_live(request: AnyRequest, database: Database, visitor: Visitor) -> Response[str]:
    """The sums and what waits for a person, which ask for themselves every minute."""
    visitor.require_staff()
    visitor.require("credit.read")
    async with database.reading() as tx:
        waiting = await _look(tx, await find_risk_summary(tx))
    return render_live(request, "risk_live.html", waiting=waiting)


async def _look(tx: Transaction, summary: RiskSummary) -> Waiting:
    since = clock.now() - BROKEN_FOR
    claims = await find_open_claims(tx, limit=WAITING_SHOWN_MAX)
    cheques = await find_pending_cheques(tx, limit=WAITING_SHOWN_MAX)
    broken = await find_broken_promises(tx, since=since, limit=WAITING_SHOWN_MAX)
    return Waiting(
        summary=summary,
        ages=age_bars(summary),
        figures=await find_attention_figures(tx, broken_since=since),
        claims=claims,
        cheques=cheques,
        broken=broken,
        names=await find_names(tx, [one.retailer_id for part in (claims, cheques, broken) for one in part], []),
    )


def read_asked(params: Any) -> Asked:
    """What the address asks for. Pure; anything that makes no sense is as if it were not there."""
    standing, age, sort, direction = (str(params.get(name, "")) for name in ("standing", "age", "sort", "direction"))
    page = str(params.get("page", ""))
    return Asked(
        standing=standing if standing == HIGH or standing in tuple(CreditStatus) else "",
        age=age if age in tuple(Bucket) else "",
        q=str(params.get("q", "")).replace("\x00", "").strip()[:SEARCH_LENGTH_MAX],
        sort=RiskSort(sort) if sort in tuple(RiskSort) else RiskSort.TOTAL,
        direction=Direction(direction) if direction in tuple(Direction) else Direction.DESC,
        page=min(max(int(page), 1), PAGES_MAX) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
    )


def age_bars(summary: Aging) -> list[AgeBar]:
    """The chart's four bars, youngest first. Pure."""
    sums = {
        "0-7": summary.days_0_7_paisa,
        "8-14": summary.days_8_14_paisa,
        "15-30": summary.days_15_30_paisa,
        "30+": summary.days_over_30_paisa,
    }
    largest, whole = max(sums.values()), summary.total_paisa
    return [
        AgeBar(
            name=name,
            paisa=paisa,
            percent=100 * paisa // largest if largest else 0,
            share=round(100 * paisa / whole) if whole else 0,
        )
        for name, paisa in sums.items()
    ]


def used_percent(shop: RetailerRisk) -> int:
    """How much of its limit a shop uses, 0–100, for a bar."""
    if shop.limit_paisa <= 0:
        return 100 if shop.used_paisa else 0
    return min(100, 100 * shop.used_paisa // shop.limit_paisa)


ROUTES: list[Any] = [risk_page, risk_live]
