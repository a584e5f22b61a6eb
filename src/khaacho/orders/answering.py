"""Orders as they are shown over HTTP, and the two ways to name one: its id or its code."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from khaacho import clock
from khaacho.credit.queries import find_debits_of_orders
from khaacho.orders.api_records import OrderAnswer, order_answer
from khaacho.orders.queries import find_order_lines, require_order
from khaacho.orders.records import Order
from khaacho.platform.database import Transaction


async def find_order_answers(tx: Transaction, orders: Sequence[Order]) -> list[OrderAnswer]:
    """Orders as they are shown, with their lines and what was paid, in the order given."""
    if not orders:
        return []
    ids = [order.id for order in orders]
    lines = await find_order_lines(tx, ids)
    debits = await find_debits_of_orders(tx, [order.id for order in orders if order.delivered_at is not None])
    today = clock.business_day()
    return [order_answer(order, lines.get(order.id, []), debits.get(order.id), today=today) for order in orders]


async def find_order_answer(tx: Transaction, order: Order) -> OrderAnswer:
    """One order as it is shown."""
    return (await find_order_answers(tx, [order]))[0]


async def require_order_id(tx: Transaction, reference: str) -> UUID:
    """The order's id, reading it only when its code was given. Raises OrderNotFound."""
    name = parse_reference(reference)
    return name if isinstance(name, UUID) else (await require_order(tx, name)).id


def parse_reference(reference: str) -> UUID | str:
    """An id, if it looks like one, otherwise a code."""
    try:
        return UUID(reference)
    except ValueError:
        return reference
