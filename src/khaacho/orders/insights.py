"""What a shop's orders of late amount to [C70]: counted anew for all shops every night, or for one when it is asked.

Orders that were delivered or completed count, by the business day they were placed. The last days are thirty, today
included. Weeks begin on the day that the settings name, Sunday in Nepal.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.money import round_half_up
from khaacho.platform.database import Transaction

LAST_DAYS = 30
TOP_RETAILERS = 5


class RetailerInsight(msgspec.Struct, frozen=True, kw_only=True):
    """One shop's figures as of `counted_at`. Spending, average, and active days are of the last thirty days."""

    retailer_id: UUID
    orders_this_week: int
    orders_last_week: int
    orders_this_month: int
    orders_last_days: int
    total_spent_paisa: int
    avg_order_paisa: int
    days_active: int
    counted_at: datetime


class SystemInsight(msgspec.Struct, frozen=True, kw_only=True):
    """All shops together, as they were last counted; None for `counted_at` says they never were."""

    retailers: int
    active_retailers: int
    orders_this_week: int
    orders_last_week: int
    orders_this_month: int
    total_orders: int
    total_spent_paisa: int
    counted_at: datetime | None

    @property
    def average_orders(self) -> Decimal:
        """Orders of the last days for each active shop, to two decimals."""
        return (Decimal(self.total_orders) / max(1, self.active_retailers)).quantize(Decimal("0.01"), ROUND_HALF_UP)

    @property
    def average_order_paisa(self) -> int:
        return round_half_up(Decimal(self.total_spent_paisa) / max(1, self.total_orders))


class Periods(msgspec.Struct, frozen=True, kw_only=True):
    """The first business day of each period that counts."""

    this_week: date
    last_week: date
    this_month: date
    last_days: date


def periods_of(today: date, *, week_starts_on: int) -> Periods:
    """The periods as of `today`; a week starts on that weekday, Monday being 0."""
    this_week = today - timedelta(days=(today.weekday() - week_starts_on) % 7)
    return Periods(
        this_week=this_week,
        last_week=this_week - timedelta(days=7),
        this_month=today.replace(day=1),
        last_days=today - timedelta(days=LAST_DAYS - 1),
    )


# One pass over the orders since the earliest period began, by orders_placed_at_idx for all shops and by
# orders_retailer_idx for one. Days with an order are bits of one number a shop: counting them sorts nothing.
_COUNTED = """
    WITH counted AS (
        SELECT retailer_id,
            count(*) FILTER (WHERE placed_at >= %(this_week)s) AS orders_this_week,
            count(*) FILTER (WHERE placed_at >= %(last_week)s AND placed_at < %(this_week)s) AS orders_last_week,
            count(*) FILTER (WHERE placed_at >= %(this_month)s) AS orders_this_month,
            count(*) FILTER (WHERE placed_at >= %(last_days)s) AS orders_last_days,
            SUM(COALESCE(delivered_total_paisa, total_paisa)) FILTER (WHERE placed_at >= %(last_days)s)
                AS total_spent_paisa,
            bit_or(1::bigint << ((placed_at AT TIME ZONE %(zone)s)::date - %(last_days_on)s::date))
                FILTER (WHERE placed_at >= %(last_days)s) AS days
        FROM orders
        WHERE placed_at >= %(earliest)s AND placed_at < %(tomorrow)s AND status IN ('DELIVERED', 'COMPLETED') {of_one}
        GROUP BY retailer_id
    )
    SELECT shop.retailer_id,
        COALESCE(counted.orders_this_week, 0)::integer AS orders_this_week,
        COALESCE(counted.orders_last_week, 0)::integer AS orders_last_week,
        COALESCE(counted.orders_this_month, 0)::integer AS orders_this_month,
        COALESCE(counted.orders_last_days, 0)::integer AS orders_last_days,
        COALESCE(counted.total_spent_paisa, 0)::bigint AS total_spent_paisa,
        COALESCE(
            round(counted.total_spent_paisa / NULLIF(counted.orders_last_days, 0)), 0
        )::bigint AS avg_order_paisa,
        bit_count(COALESCE(counted.days, 0)::bit(64))::integer AS days_active,
        %(now)s::timestamptz AS counted_at
    FROM routing_shops AS shop
    LEFT JOIN counted USING (retailer_id)
"""


async def find_retailer_insight(tx: Transaction, retailer_id: UUID) -> RetailerInsight | None:
    """One shop's figures of this moment, counted from its own orders; None for nobody."""
    return await tx.first(
        f"{_COUNTED.format(of_one='AND retailer_id = %(retailer)s')} WHERE shop.retailer_id = %(retailer)s",
        {**_borders(), "retailer": retailer_id},
        into=RetailerInsight,
    )


async def count_insights(tx: Transaction) -> int:
    """Count every shop anew, in one statement; answers how many. A shop without orders has its zeros."""
    return await tx.execute(
        f"""
        INSERT INTO retailer_insights (retailer_id, orders_this_week, orders_last_week, orders_this_month,
            orders_last_days, total_spent_paisa, avg_order_paisa, days_active, counted_at)
        {_COUNTED.format(of_one="")}
        ON CONFLICT (retailer_id) DO UPDATE SET
            orders_this_week = excluded.orders_this_week,
            orders_last_week = excluded.orders_last_week,
            orders_this_month = excluded.orders_this_month,
            orders_last_days = excluded.orders_last_days,
            total_spent_paisa = excluded.total_spent_paisa,
            avg_order_paisa = excluded.avg_order_paisa,
            days_active = excluded.days_active,
            counted_at = excluded.counted_at
        """,
        _borders(),
    )


async def count_shops(tx: Transaction) -> int:
    """How many shops there are to count."""
    shops: int = await tx.value("SELECT count(*) FROM routing_shops")
    return shops


async def find_system_insight(tx: Transaction) -> SystemInsight:
    """All shops together, as they were last counted."""
    return await tx.one(
        """
        SELECT count(*) AS retailers, count(*) FILTER (WHERE orders_last_days > 0) AS active_retailers,
            COALESCE(SUM(orders_this_week), 0)::bigint AS orders_this_week,
            COALESCE(SUM(orders_last_week), 0)::bigint AS orders_last_week,
            COALESCE(SUM(orders_this_month), 0)::bigint AS orders_this_month,
            COALESCE(SUM(orders_last_days), 0)::bigint AS total_orders,
            COALESCE(SUM(total_spent_paisa), 0)::bigint AS total_spent_paisa,
            MAX(counted_at) AS counted_at
        FROM retailer_insights
        """,
        into=SystemInsight,
    )


async def find_top_insights(tx: Transaction, *, limit: int = TOP_RETAILERS) -> list[RetailerInsight]:
    """The shops with the most orders in the last days, as they were last counted."""
    return await tx.all(
        """
        SELECT *
        FROM retailer_insights
        WHERE orders_last_days > 0
        ORDER BY orders_last_days DESC, total_spent_paisa DESC, retailer_id
        LIMIT %(limit)s
        """,
        {"limit": limit},
        into=RetailerInsight,
    )


def _borders() -> dict[str, Any]:
    today = clock.business_day()
    periods = periods_of(today, week_starts_on=clock.week_start())
    days = {name: getattr(periods, name) for name in Periods.__struct_fields__}
    moments = {name: clock.start_of_business_day(day) for name, day in days.items()}
    return {
        **moments,
        "earliest": min(moments.values()),
        "tomorrow": clock.start_of_business_day(today + timedelta(days=1)),
        "last_days_on": periods.last_days,
        "zone": str(clock.zone()),
        "now": clock.now(),
    }
