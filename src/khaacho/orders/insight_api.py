"""How much shops order, over HTTP [C70]. The text a shop gets for its figures is the channel's."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from litestar import get, post

from khaacho import clock
from khaacho.actors import Actor
from khaacho.errors import RetailerNotFound
from khaacho.money import rupees
from khaacho.orders.insights import (
    RetailerInsight,
    SystemInsight,
    find_retailer_insight,
    find_system_insight,
    find_top_insights,
)
from khaacho.orders.jobs import INSIGHTS
from khaacho.parties.access import requires
from khaacho.parties.queries import send_retailers
from khaacho.parties.records import Retailer
from khaacho.platform.database import Database
from khaacho.platform.http import ApiRecord, Envelope, Rupees, ok
from khaacho.platform.scheduler import audit_hand_run, run_by_hand


class InsightAnswer(ApiRecord, frozen=True, kw_only=True):
    """Delivered and completed orders by the day they were placed; the last thirty days include today."""

    retailer_id: UUID
    orders_this_week: int
    orders_last_week: int
    orders_this_month: int
    orders_last_30_days: int
    avg_order_value: Rupees
    total_spent: Rupees
    days_active: int
    counted_at: datetime


class TopRetailerAnswer(ApiRecord, frozen=True, kw_only=True):
    retailer_id: UUID
    pasal_name: str
    orders_last_30_days: int
    total_spent: Rupees


class OverviewAnswer(ApiRecord, frozen=True, kw_only=True):
    """All shops, as they were last counted; `activeRetailers` had an order in the last thirty days."""

    retailers: int
    active_retailers: int
    orders_this_week: int
    orders_last_week: int
    orders_this_month: int
    total_orders: int
    avg_orders_per_retailer: Decimal
    avg_order_value: Rupees
    total_spent: Rupees
    top_retailers: list[TopRetailerAnswer]
    insight: str
    counted_at: datetime | None


class RegeneratedAnswer(ApiRecord, frozen=True, kw_only=True):
    """All shops are counted together, so that none can fail alone."""

    total: int
    success: int
    failed: int
    timestamp: datetime


@get(
    "/admin/insights/{retailer_id:uuid}",
    operation_id="getInsights",
    summary="How much a shop ordered of late",
    guards=[requires("insights.read")],
)
async def get_insights(retailer_id: UUID, database: Database) -> Envelope[InsightAnswer]:
    """As of now, counted from the shop's own orders."""
    async with database.reading() as tx:
        insight = await find_retailer_insight(tx, retailer_id)
    if insight is None:
        raise RetailerNotFound(retailer_id=retailer_id)
    return ok(_insight(insight))


@get(
    "/admin/insights/system/overview",
    operation_id="getInsightsOverview",
    summary="How much all shops ordered of late",
    guards=[requires("insights.read")],
)
async def get_overview(database: Database) -> Envelope[OverviewAnswer]:
    """As they were last counted, at 03:00 or by hand."""
    async with database.reading() as tx:
        system = await find_system_insight(tx)
        top = await find_top_insights(tx)
        found = await (await send_retailers(tx, [insight.retailer_id for insight in top])).all()
    return ok(_overview(system, top, {retailer.id: retailer for retailer in found}))


@post(
    "/admin/insights/regenerate-all",
    operation_id="regenerateInsights",
    summary="Count every shop's figures anew",
    status_code=200,
    guards=[requires("jobs.run")],
)
async def regenerate_all(database: Database, actor: Actor) -> Envelope[RegeneratedAnswer]:
    """The same as the job of 03:00."""
    now = clock.now()
    async with database.transaction() as tx:
        await audit_hand_run(tx, actor, INSIGHTS.name)
    done = await run_by_hand(database, INSIGHTS, now, dry_run=False)
    counted = int(done["retailers"])
    return ok(RegeneratedAnswer(total=counted, success=counted, failed=0, timestamp=now))


ROUTES: list[Any] = [get_insights, get_overview, regenerate_all]


def _insight(insight: RetailerInsight) -> InsightAnswer:
    return InsightAnswer(
        retailer_id=insight.retailer_id,
        orders_this_week=insight.orders_this_week,
        orders_last_week=insight.orders_last_week,
        orders_this_month=insight.orders_this_month,
        orders_last_30_days=insight.orders_last_days,
        avg_order_value=rupees(insight.avg_order_paisa),
        total_spent=rupees(insight.total_spent_paisa),
        days_active=insight.days_active,
        counted_at=insight.counted_at,
    )


def _overview(system: SystemInsight, top: list[RetailerInsight], shops: dict[UUID, Retailer]) -> OverviewAnswer:
    return OverviewAnswer(
        retailers=system.retailers,
        active_retailers=system.active_retailers,
        orders_this_week=system.orders_this_week,
        orders_last_week=system.orders_last_week,
        orders_this_month=system.orders_this_month,
        total_orders=system.total_orders,
        avg_orders_per_retailer=system.average_orders,
        avg_order_value=rupees(system.average_order_paisa),
        total_spent=rupees(system.total_spent_paisa),
        top_retailers=[
            TopRetailerAnswer(
                retailer_id=insight.retailer_id,
                pasal_name=shops[insight.retailer_id].pasal_name,
                orders_last_30_days=insight.orders_last_days,
                total_spent=rupees(insight.total_spent_paisa),
            )
            for insight in top
        ],
        insight=f"{system.active_retailers} of {system.retailers} shops ordered in the last thirty days.",
        counted_at=system.counted_at,
    )
