"""The books as a shopkeeper would keep them in a notebook: plain sums, no ledger, no SQL.

It is told what happened and what was refused, complains when either cannot be right, and says what every figure must
now be. It shares no code with the product but the shapes of what it is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

from tests.scenarios.purse import Item, Purse

from khaacho.orders.records import Order, OrderLine

OPEN = {"PENDING", "ACCEPTED", "PACKING", "DISPATCHED", "OUT_FOR_DELIVERY"}
TERMS_DAYS = 7


@dataclass
class Line:
    """One credit line: what it allows, what is held on it, and the purse that says what is owed. Amounts in paisa."""

    id: UUID
    purse: Purse
    limit: int
    max_order: int
    de_minimis: int
    holds: dict[UUID, int] = field(default_factory=dict)

    @property
    def items(self) -> list[Item]:
        return [item for item in self.purse.items.values() if item.line == self.id]

    @property
    def held(self) -> int:
        return sum(self.holds.values())

    @property
    def owed(self) -> int:
        return self.purse.owed(self.id)

    @property
    def ahead(self) -> int:
        return self.purse.ahead(self.id)

    @property
    def used(self) -> int:
        return self.held + self.owed

    def is_overdue(self, today: date) -> bool:
        late = sum(self.purse.remaining(item.id) for item in self.items if item.due_on and item.due_on < today)
        return late > 0 and late >= self.de_minimis


@dataclass
class Goods:
    """One offer: its price, its tax, what is there and what is promised."""

    product_id: UUID
    vendor_id: UUID
    price: int
    tax_points: int
    physical: Decimal
    reserved: Decimal = Decimal(0)

    @property
    def left(self) -> Decimal:
        return self.physical - self.reserved


@dataclass
class Placed:
    shop: UUID
    vendor: UUID
    line: UUID | None
    items: list[tuple[UUID, Decimal]]
    total: int
    status: str = "PENDING"


def rounded(amount: Fraction) -> int:
    return int(amount + Fraction(1, 2))


@dataclass
class Notebook:
    """Lines by id, which lender's line each shop has, goods by offer, orders by id."""

    lines: dict[UUID, Line]
    of_shop: dict[UUID, dict[UUID | None, UUID]]
    goods: dict[UUID, Goods]
    orders: dict[UUID, Placed] = field(default_factory=dict)
    turns: int = 0

    def line_for(self, shop: UUID, vendor: UUID) -> UUID | None:
        lenders = self.of_shop[shop]
        return lenders.get(vendor) or lenders.get(None)

    def cost(self, offer: UUID, quantity: Decimal) -> int:
        goods = self.goods[offer]
        amount = rounded(Fraction(quantity) * goods.price)
        return amount + rounded(Fraction(amount * goods.tax_points, 10_000))

    # --- what happened ------------------------------------------------------------------------------------------

    def placed(self, order: Order, lines: Sequence[OrderLine], today: date, *, overridden: bool = False) -> None:
        """An order was accepted: was it right to, and what is promised from now on?"""
        items = [(line.offer_id, line.quantity) for line in lines]
        total = sum(self.cost(offer, quantity) for offer, quantity in items)
        assert order.total_paisa == total
        assert {self.goods[offer].vendor_id for offer, _ in items} == {order.vendor_id}
        for offer, quantity in items:
            assert quantity <= self.goods[offer].left
            self.goods[offer].reserved += quantity
        line_id = self.line_for(order.retailer_id, order.vendor_id) if order.payment_mode == "CREDIT" else None
        assert order.credit_account_id == line_id
        if line_id is not None:
            line = self.lines[line_id]
            fits = line.used + total <= line.limit and total <= line.max_order and not line.is_overdue(today)
            assert fits or overridden
            assert (order.override_reason is not None) == (not fits)
            line.holds[order.id] = total
        self.orders[order.id] = Placed(
            shop=order.retailer_id, vendor=order.vendor_id, line=line_id, items=items, total=total
        )

    def refused(self, shop: UUID, wanted: Iterable[tuple[UUID, Decimal]], code: str, today: date) -> None:
        """An order was refused: nothing has been freed since, so the reason must still hold."""
        wanted = list(wanted)
        lines = [self.lines[line] for line in self.of_shop[shop].values()]
        most = sum(
            max(self.cost(offer, quantity) for offer, one in self.goods.items() if one.product_id == product)
            for product, quantity in wanted
        )
        reasons = {
            "NO_CREDIT_ACCOUNT": not lines,
            "INSUFFICIENT_CREDIT": any(line.used + most > line.limit for line in lines),
            "MAX_ORDER_VALUE_EXCEEDED": any(most > line.max_order for line in lines),
            "OVERDUE_CREDIT": any(line.is_overdue(today) for line in lines),
            "INSUFFICIENT_STOCK": any(self.most_left(product) < quantity for product, quantity in wanted),
        }
        assert reasons[code], code

    def most_left(self, product: UUID) -> Decimal:
        return max(goods.left for goods in self.goods.values() if goods.product_id == product)

    def ended(self, order_id: UUID, status: str) -> None:
        """Cancelled or failed: what was promised is free again."""
        order = self.orders[order_id]
        if order.status in OPEN:
            for offer, quantity in order.items:
                self.goods[offer].reserved -= quantity
            if order.line is not None:
                del self.lines[order.line].holds[order_id]
        order.status = status

    def delivered(self, order_id: UUID, arrived: Sequence[Decimal], today: date) -> int:
        """That much of each line arrived; answers what is owed for it."""
        order = self.orders[order_id]
        owed = sum(self.cost(offer, quantity) for (offer, _), quantity in zip(order.items, arrived, strict=True))
        for (offer, quantity), came in zip(order.items, arrived, strict=True):
            self.goods[offer].reserved -= quantity
            self.goods[offer].physical -= came
        order.status = "COMPLETED"
        if order.line is not None:
            line = self.lines[order.line]
            assert owed <= line.holds.pop(order_id)
            line.purse.opens(self.item(order_id, order.line, owed, today))
            order.status = "DELIVERED" if line.purse.remaining(order_id) else "COMPLETED"
        return owed

    def item(self, item_id: UUID, line_id: UUID, amount: int, today: date) -> Item:
        """Something owed from now on, due after the terms."""
        return Item(id=item_id, line=line_id, amount=amount, at=self.turn(), due_on=today + timedelta(days=TERMS_DAYS))

    def turn(self) -> int:
        """What happens later has a higher number."""
        self.turns += 1
        return self.turns
