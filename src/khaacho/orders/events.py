"""What the orders domain tells others. Orders never learn that WhatsApp exists."""

from __future__ import annotations

from uuid import UUID

from khaacho.orders.records import OrderStatus
from khaacho.platform.events import Event


class OrderPlaced(Event, frozen=True, kw_only=True):
    """A new order. `from_basket` when the retailer confirmed it in a conversation and was answered there."""

    order_id: UUID
    from_basket: bool


class VendorAsked(Event, frozen=True, kw_only=True):
    """A vendor is to be asked whether it takes the order; when it is closed, this arrives as it opens.

    By then the request may be withdrawn: tell the vendor only while it waits.
    """

    order_id: UUID
    vendor_id: UUID
    request_id: UUID
    attempt: int


class OrderStatusChanged(Event, frozen=True, kw_only=True):
    order_id: UUID
    from_status: OrderStatus
    to_status: OrderStatus
    reason: str | None
    by_role: str


class OrderUnroutable(Event, frozen=True, kw_only=True):
    """No vendor took the order; a person has to look."""

    order_id: UUID
    reason: str


class OrderStuck(Event, frozen=True, kw_only=True):
    """An order stayed in one state for too long; a person has to look. Once per order and stay."""

    order_id: UUID
    status: OrderStatus
    minutes: int
