"""What a delivery comes to, when all or only part of an order arrived [O34]. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec

from khaacho.errors import DeliveryMismatch
from khaacho.money import line_paisa, tax_paisa
from khaacho.orders.records import OrderLine

ZERO = Decimal(0)


class DeliveredLine(msgspec.Struct, frozen=True, kw_only=True):
    """How many of an SKU arrived."""

    sku: str
    quantity: Decimal


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """The order's lines with their delivered quantities, and what is owed for them."""

    lines: tuple[OrderLine, ...]
    total_paisa: int


def decide_delivery(lines: Sequence[OrderLine], delivered: Sequence[DeliveredLine] | None) -> Delivery:
    """What is owed for what arrived: each line's amount and tax anew from its delivered quantity, rounded as always.

    None means everything arrived; otherwise an SKU that is not named did not arrive. Raises DeliveryMismatch for an
    SKU that was not ordered, more than was ordered, less than nothing, or nothing at all (that order failed).
    """
    arrived = {line.position: line.quantity for line in lines} if delivered is None else _arrived(lines, delivered)
    counted = tuple(
        msgspec.structs.replace(line, delivered_quantity=arrived.get(line.position, ZERO)) for line in lines
    )
    total = sum(_owed_paisa(line) for line in counted)
    if total == 0:
        raise DeliveryMismatch(sku="nothing", quantity=0, ordered=len(lines))
    return Delivery(lines=counted, total_paisa=total)


def _arrived(lines: Sequence[OrderLine], delivered: Sequence[DeliveredLine]) -> dict[int, Decimal]:
    by_sku = {line.sku.upper(): line for line in lines}
    arrived: dict[int, Decimal] = {}
    for part in delivered:
        line = by_sku.get(part.sku.strip().upper())
        if line is None:
            raise DeliveryMismatch(sku=part.sku, quantity=part.quantity, ordered=0)
        quantity = arrived.get(line.position, ZERO) + part.quantity
        if part.quantity < 0 or quantity > line.quantity:
            raise DeliveryMismatch(sku=line.sku, quantity=quantity, ordered=line.quantity)
        arrived[line.position] = quantity
    return arrived


def _owed_paisa(line: OrderLine) -> int:
    amount = line_paisa(line.delivered_quantity or ZERO, line.unit_price_paisa)
    return amount + tax_paisa(amount, line.vat_basis_points)
