"""What the worker does for orders: nudges, sweeps, and what happens when others report something."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import structlog

from khaacho.actors import SYSTEM
from khaacho.credit.events import (
    AdjustmentRecorded,
    AdjustmentUndone,
    OrdersPaidElsewhere,
    PaymentRecorded,
    PaymentUndone,
)
from khaacho.errors import KhaachoError
from khaacho.orders.asking import find_overdue_requests, time_out_request
from khaacho.orders.basket import expire_baskets
from khaacho.orders.candidates import count_routing_figures
from khaacho.orders.fulfilment import complete_paid_orders, reopen_unpaid_orders
from khaacho.orders.insights import count_insights, count_shops
from khaacho.orders.recovery import DEFAULT_STUCK_AFTER, count_expired_baskets, find_stuck_orders, help_stuck_order
from khaacho.orders.requests import VendorRequestTimeout
from khaacho.platform.database import Database, Transaction
from khaacho.platform.events import Subscribers
from khaacho.platform.queue import JobHandlers, Schedule

log = structlog.get_logger(__name__)

SWEEP_MAX = 500


async def time_out(database: Database, job: VendorRequestTimeout) -> None:
    """A vendor's time to answer may be up."""
    async with database.transaction() as tx:
        await time_out_request(tx, job.request_id)


async def time_out_requests(database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
    """Close every question that waits past its time; the nudge of one may have been lost, the row is the truth."""
    async with database.reading() as tx:
        request_ids = await find_overdue_requests(tx, limit=SWEEP_MAX)
    if dry_run:
        return {"overdue": len(request_ids)}
    timed_out = refused = 0
    for request_id in request_ids:
        try:
            async with database.transaction() as tx:
                timed_out += await time_out_request(tx, request_id)
        except KhaachoError as error:
            refused += 1
            log.warning("request_not_timed_out", request_id=str(request_id), why=error.code)
    return {"overdue": len(request_ids), "timed_out": timed_out, "refused": refused}


async def help_stuck_orders(database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
    """Move stuck orders on, or call a person; one that cannot be helped does not keep the others waiting."""
    async with database.reading() as tx:
        stuck = await find_stuck_orders(tx, DEFAULT_STUCK_AFTER, limit=SWEEP_MAX)
    if dry_run:
        return {"stuck": len(stuck), "codes": [order.code for order in stuck]}
    escalated = refused = 0
    for order in stuck:
        try:
            async with database.transaction() as tx:
                escalated += await help_stuck_order(tx, order.id, DEFAULT_STUCK_AFTER)
        except KhaachoError as error:
            refused += 1
            log.warning("order_not_helped", order=order.code, why=error.code)
    return {"stuck": len(stuck), "escalated": escalated, "refused": refused}


async def expire_old_baskets(database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
    """Close the baskets nobody confirmed in time."""
    if dry_run:
        async with database.reading() as tx:
            return {"expired": await count_expired_baskets(tx)}
    async with database.transaction() as tx:
        return {"expired": await expire_baskets(tx, SYSTEM)}


async def count_figures(database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
    """Reliability and shares as routing weighs them; a dry run has nothing to tell."""
    if dry_run:
        return {}
    async with database.transaction() as tx:
        return {"rows": await count_routing_figures(tx)}


async def regenerate_insights(database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
    """Every shop's figures of late, counted anew in one statement."""
    if dry_run:
        async with database.reading() as tx:
            return {"retailers": await count_shops(tx)}
    async with database.transaction() as tx:
        return {"retailers": await count_insights(tx)}


async def complete_when_paid(
    tx: Transaction, event: PaymentRecorded | AdjustmentRecorded | OrdersPaidElsewhere
) -> None:
    """Orders that a payment or an adjustment cleared are completed."""
    await complete_paid_orders(tx, event.cleared_order_ids)


async def reopen_when_undone(tx: Transaction, event: PaymentUndone | AdjustmentUndone) -> None:
    """Orders that are owed again are not completed; those that what came free has cleared are."""
    await reopen_unpaid_orders(tx, event.reopened_order_ids)
    await complete_paid_orders(tx, event.cleared_order_ids)


BASKET_EXPIRY = Schedule(name="basket-expiry", cron="0 */6 * * *", run=expire_old_baskets)
INSIGHTS = Schedule(name="insights", cron="0 3 * * *", run=regenerate_insights)
HANDLERS: JobHandlers = {VendorRequestTimeout: time_out}
SCHEDULES = [
    Schedule(name="vendor-request-timeouts", cron="* * * * *", run=time_out_requests),
    Schedule(name="stuck-orders", cron="*/5 * * * *", run=help_stuck_orders),
    BASKET_EXPIRY,
    Schedule(name="routing-figures", cron="*/15 * * * *", run=count_figures),
    INSIGHTS,
]
SUBSCRIBERS: Subscribers = {
    PaymentRecorded: (complete_when_paid,),
    AdjustmentRecorded: (complete_when_paid,),
    OrdersPaidElsewhere: (complete_when_paid,),
    PaymentUndone: (reopen_when_undone,),
    AdjustmentUndone: (reopen_when_undone,),
}
