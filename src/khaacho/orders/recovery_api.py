"""Recovering orders over HTTP [O50], and the weights of routing [O41]; for staff."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import get, post, put

from khaacho.actors import Actor
from khaacho.orders.answering import find_order_answer, find_order_answers
from khaacho.orders.api_records import (
    BasketAnswer,
    ExpiredAnswer,
    OrderAnswer,
    RoutingWeights,
    basket_answer,
    weights_answer,
)
from khaacho.orders.basket import expire_baskets
from khaacho.orders.jobs import BASKET_EXPIRY
from khaacho.orders.queries import find_baskets, find_orders
from khaacho.orders.records import BasketState, OrderStatus
from khaacho.orders.recovery import FAILED_SHOWN_MAX
from khaacho.orders.retrying import retry_order
from khaacho.orders.routing import change_routing_weights, find_routing_weights
from khaacho.parties.access import requires
from khaacho.parties.queries import require_retailer
from khaacho.platform.database import Database
from khaacho.platform.http import PAGE_LIMIT_DEFAULT, Envelope, ok
from khaacho.platform.scheduler import audit_hand_run


@get(
    "/admin/orders/pending/{retailer_id:uuid}",
    operation_id="listUnplacedBaskets",
    summary="A retailer's baskets that were never placed",
    guards=[requires("orders.recover")],
)
async def list_unplaced_baskets(retailer_id: UUID, database: Database) -> Envelope[list[BasketAnswer]]:
    """Waiting for an answer or expired, newest first. Raises RetailerNotFound."""
    async with database.reading() as tx:
        await require_retailer(tx, retailer_id)
        baskets = await find_baskets(
            tx, retailer_id=retailer_id, states=[BasketState.PENDING, BasketState.EXPIRED], limit=PAGE_LIMIT_DEFAULT
        )
    return ok([basket_answer(basket) for basket in baskets])


@get(
    "/admin/orders/failed/{retailer_id:uuid}",
    operation_id="listFailedOrders",
    summary="A retailer's last failed orders",
    guards=[requires("orders.recover")],
)
async def list_failed_orders(retailer_id: UUID, database: Database) -> Envelope[list[OrderAnswer]]:
    """The last ten, newest first, with when and why they failed. Raises RetailerNotFound."""
    async with database.reading() as tx:
        await require_retailer(tx, retailer_id)
        orders = await find_orders(tx, retailer_id=retailer_id, statuses=[OrderStatus.FAILED], limit=FAILED_SHOWN_MAX)
        return ok(await find_order_answers(tx, orders))


@post(
    "/admin/orders/{order_id:uuid}/retry",
    operation_id="retryOrder",
    summary="Try a failed order again, as if it were new",
    status_code=200,
    guards=[requires("orders.recover")],
)
async def retry(order_id: UUID, database: Database, actor: Actor) -> Envelope[OrderAnswer]:
    """Vendor, price, stock and credit are looked at afresh; whatever would refuse a new order refuses this one."""
    async with database.transaction() as tx:
        order = await retry_order(tx, actor, order_id)
        return ok(await find_order_answer(tx, order))


@post(
    "/admin/orders/expire-pending",
    operation_id="expireBaskets",
    summary="Close the baskets nobody confirmed in time, now",
    status_code=200,
    guards=[requires("orders.recover")],
)
async def expire_pending(database: Database, actor: Actor) -> Envelope[ExpiredAnswer]:
    """The same as the job that runs every six hours."""
    async with database.transaction() as tx:
        await audit_hand_run(tx, actor, BASKET_EXPIRY.name)
        return ok(ExpiredAnswer(expired=await expire_baskets(tx, actor)))


@get(
    "/admin/routing/weights",
    operation_id="getRoutingWeights",
    summary="How much each factor counts in choosing a vendor",
    guards=[requires("settings.read")],
)
async def get_weights(database: Database) -> Envelope[RoutingWeights]:
    """The five sum to 100."""
    async with database.reading() as tx:
        return ok(weights_answer(await find_routing_weights(tx)))


@put(
    "/admin/routing/weights",
    operation_id="changeRoutingWeights",
    summary="Weigh the factors of choosing a vendor anew",
    guards=[requires("settings.write")],
)
async def change_weights(data: RoutingWeights, database: Database, actor: Actor) -> Envelope[RoutingWeights]:
    """For every order placed from now on. Refused unless the five sum to 100."""
    async with database.transaction() as tx:
        return ok(weights_answer(await change_routing_weights(tx, actor, data.by_factor())))


ROUTES: list[Any] = [
    list_unplaced_baskets,
    list_failed_orders,
    retry,
    expire_pending,
    get_weights,
    change_weights,
]
