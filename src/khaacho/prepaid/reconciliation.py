"""Asking the gateways about what nobody told us: orders without an end, so that a closed browser never loses money,
and money they gave back [P14].
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog
from msgspec.structs import replace

from khaacho import clock
from khaacho.actors import SYSTEM
from khaacho.credits_errors import GatewayUnavailable
from khaacho.errors import KhaachoError
from khaacho.platform.database import Database
from khaacho.prepaid.fulfilment import LearnedBy, fulfil
from khaacho.prepaid.gateways.port import Gateways, PaymentGateway
from khaacho.prepaid.orders import (
    EXPIRES_AFTER,
    PurchaseOrder,
    claim_orders_to_ask,
    count_orders_to_ask,
    expire_order,
    name_order,
)
from khaacho.prepaid.taking_back import find_missed_refunds, take_back

log = structlog.get_logger(__name__)

ORDERS_AT_ONCE = 100
QUESTIONS_AT_ONCE = 8
# A gateway tells of a refund for a day at most; whoever was down for longer has three to come back.
REFUNDS_LOOKED_BACK = timedelta(days=3)
EVENTS_KEPT = timedelta(days=30)


async def reconcile_purchases(database: Database, gateways: Gateways, dry_run: bool) -> Mapping[str, Any]:
    """Ask about every order that is due and about refunds; answers how many orders were asked, credited, expired,
    unreachable, refused, and how many refunds were taken back that no event had told us of.
    """
    moment = clock.now()
    if dry_run:
        async with database.reading() as tx:
            return {"asked": await count_orders_to_ask(tx, moment)}
    tally: Counter[str] = Counter(asked=0, credited=0, expired=0, unreachable=0, refused=0, taken_back=0)
    questions = asyncio.Semaphore(QUESTIONS_AT_ONCE)

    async def settle(order: PurchaseOrder) -> None:
        async with questions:
            tally.update(await _settle(database, gateways.get(order.gateway), order, moment))

    while True:
        async with database.transaction() as tx:
            orders = await claim_orders_to_ask(tx, moment, ORDERS_AT_ONCE)
        if not orders:
            break
        await asyncio.gather(*(settle(order) for order in orders))
    for gateway in gateways.values():
        tally.update(await _take_back_missed(database, gateway, moment - REFUNDS_LOOKED_BACK))
    return dict(tally)


async def _settle(
    database: Database, gateway: PaymentGateway | None, order: PurchaseOrder, moment: datetime
) -> Counter[str]:
    """One order: credit what was paid, or let it expire. A gateway that does not answer is asked again next time."""
    tally = Counter(asked=1)
    if gateway is None:
        return tally + Counter(unreachable=1)
    try:
        tally.update(credited=await _credit_paid(database, gateway, order))
    except GatewayUnavailable:
        return tally + Counter(unreachable=1)
    except KhaachoError as refusal:
        log.error("payment_not_reconciled", order_id=str(order.id), why=refusal.code)
        return tally + Counter(refused=1)
    if not tally["credited"] and order.created_at <= moment - EXPIRES_AFTER:
        async with database.transaction() as tx:
            tally.update(expired=int(await expire_order(tx, order.id)))
    return tally


async def _credit_paid(database: Database, gateway: PaymentGateway, order: PurchaseOrder) -> int:
    named = order
    if order.gateway_order_id is None:
        found = await gateway.find_order(order.receipt)
        if found is None:
            return 0
        async with database.transaction() as tx:
            await name_order(tx, order.receipt, found)
        named = replace(order, gateway_order_id=found)
    credited = 0
    for payment in await gateway.find_payments(named.asked):
        if payment.is_kept:
            async with database.transaction() as tx:
                outcome = await fulfil(tx, SYSTEM, payment, learned_by=LearnedBy.RECONCILIATION)
            credited += outcome.is_new
    return credited


async def _take_back_missed(database: Database, gateway: PaymentGateway, since: datetime) -> Counter[str]:
    """Refunds whose event never reached us, of payments that were credited."""
    try:
        told = await gateway.find_refunds(since)
    except GatewayUnavailable:
        return Counter(unreachable=1)
    async with database.reading() as tx:
        missed = await find_missed_refunds(tx, gateway.name, told)
    tally: Counter[str] = Counter()
    for refund in missed:
        try:
            async with database.transaction() as tx:
                await take_back(tx, SYSTEM, refund, gateway.name)
        except KhaachoError as refusal:
            log.error("refund_not_reconciled", refund_id=refund.id, why=refusal.code)
            tally.update(refused=1)
        else:
            tally.update(taken_back=1)
    return tally


async def forget_old_events(database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
    """Delete marks of events heard more than thirty days ago; gateways repeat theirs for a day at most."""
    before = {"before": slot - EVENTS_KEPT}
    async with database.transaction() as tx:
        if dry_run:
            count = await tx.value("SELECT count(*) FROM prepaid_gateway_events WHERE received_at < %(before)s", before)
            return {"events": int(count)}
        return {"events": await tx.execute("DELETE FROM prepaid_gateway_events WHERE received_at < %(before)s", before)}
