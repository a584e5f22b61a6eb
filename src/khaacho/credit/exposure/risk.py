"""Who owes what, for how long, and who is a danger: read live, from open items only [C30].

A shop is listed when it has a credit line; its limit and use are those of all its lines together. Each report is one
statement over the partial index of open items, so its cost follows what is owed today, whatever the history.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.credit.exposure.aging import USAGE_HIGH_PERCENT, Aging, Bucket, bucket_starts
from khaacho.parties.queries import containing
from khaacho.parties.standings import CreditStatus
from khaacho.platform.database import Transaction


class RetailerRisk(Aging, frozen=True, kw_only=True):
    """One shop: what it may owe, what it owes by age. `used_paisa` also counts holds; amounts in paisa."""

    retailer_id: UUID
    code: str
    pasal_name: str
    phone: str
    credit_status: CreditStatus
    limit_paisa: int
    used_paisa: int
    oldest_opened_at: datetime | None
    high_risk: bool

    @property
    def oldest_days(self) -> int:
        """Business days since the oldest open item opened; 0 without one."""
        if self.oldest_opened_at is None:
            return 0
        return max(0, (clock.business_day() - clock.business_day(self.oldest_opened_at)).days)


class RiskSummary(Aging, frozen=True, kw_only=True):
    """All shops with a credit line together, whatever a list beside it is filtered by."""

    retailers: int
    high_risk: int


class RiskSort(StrEnum):
    """What a list may be sorted by, in the API's words. `oldest`: by the age of the oldest open item."""

    TOTAL = "total"
    DAYS_0_7 = "0-7"
    DAYS_8_14 = "8-14"
    DAYS_15_30 = "15-30"
    DAYS_OVER_30 = "30+"
    USED_CREDIT = "usedCredit"
    CREDIT_LIMIT = "creditLimit"
    USAGE = "usage"
    OLDEST = "oldest"
    PASAL_NAME = "pasalName"


class Direction(StrEnum):
    ASC = "asc"
    DESC = "desc"


class RiskFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which shops to list, and in which order. None means any; `q` is looked for in names, phone and code.

    With a `bucket` only shops that owe something of that age.
    """

    status: CreditStatus | None = None
    high_risk: bool | None = None
    bucket: Bucket | None = None
    q: str | None = None
    sort: RiskSort = RiskSort.TOTAL
    direction: Direction = Direction.DESC


class RiskPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a list goes on: the last shop seen, and what it was sorted by then. Ties go by id."""

    key: str
    retailer_id: UUID


class RiskPage(msgspec.Struct, frozen=True, kw_only=True):
    """Part of a list with the summary of all; `next_place` is None at the end. `matching` fit the filter in all."""

    summary: RiskSummary
    matching: int
    retailers: tuple[RetailerRisk, ...]
    next_place: RiskPlace | None


class _KeyedRisk(RetailerRisk, frozen=True, kw_only=True):
    sort_key: str


class _Dashboard(RiskSummary, frozen=True, kw_only=True):
    matching: int
    page: tuple[_KeyedRisk, ...]


# (column or expression over the shops, its type)
_SORT_KEYS = {
    RiskSort.TOTAL: ("days_0_7_paisa + days_8_14_paisa + days_15_30_paisa + days_over_30_paisa", "bigint"),
    RiskSort.DAYS_0_7: ("days_0_7_paisa", "bigint"),
    RiskSort.DAYS_8_14: ("days_8_14_paisa", "bigint"),
    RiskSort.DAYS_15_30: ("days_15_30_paisa", "bigint"),
    RiskSort.DAYS_OVER_30: ("days_over_30_paisa", "bigint"),
    RiskSort.USED_CREDIT: ("used_paisa", "bigint"),
    RiskSort.CREDIT_LIMIT: ("limit_paisa", "bigint"),
    # In hundredths of a percent; whatever is used of nothing is beyond all shares.
    RiskSort.USAGE: (
        "CASE WHEN limit_paisa > 0 THEN used_paisa::numeric * 10000 / limit_paisa WHEN used_paisa > 0 THEN 'Infinity' "
        "ELSE 0 END",
        "numeric",
    ),
    # Microseconds before 1970, so that what is older is more; nothing open is less than anything.
    RiskSort.OLDEST: (
        "COALESCE((-1000000 * EXTRACT(EPOCH FROM oldest_opened_at))::bigint, -9223372036854775807)",
        "bigint",
    ),
    RiskSort.PASAL_NAME: ("lower(pasal_name)", "text"),
}

# credit_debits_open_retailer_idx holds everything asked of items and has them by shop: no sorting, no visit to items.
# The borders are moments, worked out once, so that no row's opening is turned into a business day; buckets are the
# differences of what is older than each border.
_SHOPS_AT_RISK = f"""
    WITH owed AS (
        SELECT retailer_id,
            SUM(amount_paisa - cleared_paisa) AS total,
            SUM(amount_paisa - cleared_paisa) FILTER (WHERE opened_at < %(from_7)s) AS days_over_7,
            SUM(amount_paisa - cleared_paisa) FILTER (WHERE opened_at < %(from_14)s) AS days_over_14,
            SUM(amount_paisa - cleared_paisa) FILTER (WHERE opened_at < %(from_30)s) AS days_over_30,
            MIN(opened_at) AS oldest_opened_at
        FROM credit_debits
        WHERE cleared_paisa < amount_paisa {{of_one}}
        GROUP BY retailer_id
    ), granted AS (
        SELECT retailer_id, SUM(limit_paisa)::bigint AS limit_paisa, SUM(used_paisa)::bigint AS used_paisa,
            bool_or(status <> 'ACTIVE') AS any_line_stopped
        FROM credit_lines
        WHERE true {{of_one}}
        GROUP BY retailer_id
    ), shops AS (
        SELECT shop.retailer_id, shop.code, shop.pasal_name, shop.phone, shop.search_text, shop.credit_status,
            granted.limit_paisa, granted.used_paisa,
            (COALESCE(total, 0) - COALESCE(days_over_7, 0))::bigint AS days_0_7_paisa,
            (COALESCE(days_over_7, 0) - COALESCE(days_over_14, 0))::bigint AS days_8_14_paisa,
            (COALESCE(days_over_14, 0) - COALESCE(days_over_30, 0))::bigint AS days_15_30_paisa,
            COALESCE(days_over_30, 0)::bigint AS days_over_30_paisa,
            owed.oldest_opened_at,
            COALESCE(days_over_30, 0) > 0 OR shop.credit_status <> 'ACTIVE' OR granted.any_line_stopped
                OR granted.used_paisa * 100 > granted.limit_paisa * {USAGE_HIGH_PERCENT} AS high_risk
        FROM granted
        JOIN credit_shops AS shop USING (retailer_id)
        LEFT JOIN owed USING (retailer_id)
    )
"""
_SHOP_COLUMNS = """retailer_id, code, pasal_name, phone, credit_status, limit_paisa, used_paisa, days_0_7_paisa,
    days_8_14_paisa, days_15_30_paisa, days_over_30_paisa, oldest_opened_at, high_risk"""
_SUMMARY = """
    SELECT COALESCE(SUM(days_0_7_paisa), 0)::bigint AS days_0_7_paisa,
        COALESCE(SUM(days_8_14_paisa), 0)::bigint AS days_8_14_paisa,
        COALESCE(SUM(days_15_30_paisa), 0)::bigint AS days_15_30_paisa,
        COALESCE(SUM(days_over_30_paisa), 0)::bigint AS days_over_30_paisa,
        count(*) AS retailers, count(*) FILTER (WHERE high_risk) AS high_risk
    FROM shops
"""
_OF_ONE = "AND retailer_id = %(retailer)s"


async def find_risk_summary(tx: Transaction) -> RiskSummary:
    """What is owed over all shops by age, and how many shops are a danger."""
    return await tx.one(_SHOPS_AT_RISK.format(of_one="") + _SUMMARY, _borders(), into=RiskSummary)


async def find_risk_page(
    tx: Transaction, wanted: RiskFilter, *, after: RiskPlace | None = None, skip: int = 0, limit: int
) -> RiskPage:
    """The dashboard: summary and part of the list, in one statement on one snapshot."""
    key, kind = _SORT_KEYS[wanted.sort]
    direction, beyond = ("DESC", "<") if wanted.direction is Direction.DESC else ("ASC", ">")
    conditions, params = _conditions(wanted)
    place = "true"
    if after is not None:
        place = f"(sort_key, retailer_id) {beyond} (%(after_key)s::{kind}, %(after_id)s)"
        params |= {"after_key": after.key, "after_id": after.retailer_id}
    found = await tx.one(
        f"""
        {_SHOPS_AT_RISK.format(of_one="")}, matching AS (
            SELECT {_SHOP_COLUMNS}, {key} AS sort_key
            FROM shops
            WHERE {conditions}
        ), nearest AS (
            SELECT *
            FROM matching
            WHERE {place}
            ORDER BY sort_key {direction}, retailer_id {direction}
            LIMIT %(limit)s OFFSET %(skip)s
        ), page AS (
            SELECT {_SHOP_COLUMNS}, sort_key::text AS sort_key,
                row_number() OVER (ORDER BY nearest.sort_key {direction}, retailer_id {direction}) AS place
            FROM nearest
        )
        SELECT summary.*, (SELECT count(*) FROM matching) AS matching,
            COALESCE((SELECT json_agg(page ORDER BY place) FROM page), '[]') AS page
        FROM ({_SUMMARY}) AS summary
        """,
        {**_borders(), **params, "limit": limit + 1, "skip": skip},
        into=_Dashboard,
    )
    shown = found.page[:limit]
    more = len(found.page) > limit
    return RiskPage(
        summary=found,
        matching=found.matching,
        retailers=shown,
        next_place=RiskPlace(key=shown[-1].sort_key, retailer_id=shown[-1].retailer_id) if more else None,
    )


async def find_retailer_risks(
    tx: Transaction, wanted: RiskFilter | None = None, *, skip: int = 0, limit: int = 100
) -> list[RetailerRisk]:
    """Shops with a credit line and what they owe by age; by default who owes most comes first."""
    return list((await find_risk_page(tx, wanted or RiskFilter(), skip=skip, limit=limit)).retailers)


async def find_retailer_risk(tx: Transaction, retailer_id: UUID) -> RetailerRisk | None:
    """One shop as the list has it; None for nobody, and for a shop without a credit line."""
    return await tx.first(
        f"{_SHOPS_AT_RISK.format(of_one=_OF_ONE)} SELECT {_SHOP_COLUMNS} FROM shops",
        {**_borders(), "retailer": retailer_id},
        into=RetailerRisk,
    )


def _borders() -> dict[str, Any]:
    starts = bucket_starts(clock.business_day())
    return {
        "from_7": clock.start_of_business_day(starts.days_0_7),
        "from_14": clock.start_of_business_day(starts.days_8_14),
        "from_30": clock.start_of_business_day(starts.days_15_30),
    }


def _conditions(wanted: RiskFilter) -> tuple[str, dict[str, Any]]:
    """Only the conditions asked for, with their parameters."""
    conditions, params = ["true"], dict[str, Any]()
    if wanted.status is not None:
        conditions.append("credit_status = %(status)s")
        params["status"] = wanted.status.value
    if wanted.high_risk is not None:
        conditions.append("high_risk = %(high_risk)s")
        params["high_risk"] = wanted.high_risk
    if wanted.bucket is not None:
        column, _ = _SORT_KEYS[RiskSort(wanted.bucket.value)]
        conditions.append(f"{column} > 0")
    pattern = containing(wanted.q)
    if pattern is not None:
        conditions.append("search_text LIKE %(q)s")
        params["q"] = pattern
    return " AND ".join(conditions), params
