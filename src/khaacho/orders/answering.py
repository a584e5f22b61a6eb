"""Orders as they are shown over HTTP, and the two ways to name one: its id or its code."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from khaacho import clock
from khaacho.credit.queries import find_debits_of_orders
from khaacho.orders.api_records import OrderAnswer, order_answer
from khaacho.orders.queries import find_order_lines, require_order
from khaacho.orders.records import Order
from khaacho.platform.batching import Coalescer
from khaacho.platform.database import Database, Transaction


async def find_order_answers(tx: Transaction, orders: Sequence[Order]) -> list[OrderAnswer]:
    """Orders as they are shown, with their lines and what was paid, in the order given."""
    if not orders:
        return []
    ids = [order.id for order in orders]
    lines = await find_order_lines(tx, ids)
    delivered = [order.id for order in orders if order.delivered_at is not None]
    debits = await find_debits_of_orders(tx, delivered) if delivered else {}
    today = clock.business_day()
    return [order_answer(order, lines.get(order.id, []), debits.get(order.id), today=today) for order in orders]


async def find_order_answer(tx: Transaction, order: Order) -> OrderAnswer:
    """One order as it is shown."""
    return (await find_order_answers(tx, [order]))[0]


class OrderDesk:
    """Shows orders that were just placed: those who ask at the same moment share one read. One per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._together: Coalescer[Sequence[Order], list[OrderAnswer]] = Coalescer(self._show_together)

    async def show(self, orders: Sequence[Order]) -> list[OrderAnswer]:
        """Orders as they are shown, in the order given."""
        return await self._together.submit(orders)

    async def _show_together(self, asked: Sequence[Sequence[Order]]) -> list[list[OrderAnswer]]:
        async with self._database.reading() as tx:
            answers = iter(await find_order_answers(tx, [order for orders in asked for order in orders]))
        return [[next(answers) for _ in orders] for orders in asked]


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
