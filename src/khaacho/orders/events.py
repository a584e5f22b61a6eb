"""What the orders domain tells whoever listens. Ids only: a listener reads how things stand when it is told."""

from __future__ import annotations

from uuid import UUID

from khaacho.orders.records import OrderStatus
from khaacho.platform.events import Event


class OrderPlaced(Event, frozen=True, kw_only=True):
    """An order was placed; its vendor is being asked."""

    order_id: UUID


class VendorAsked(Event, frozen=True, kw_only=True):
    """A vendor is asked to take an order, now that it is open. The first attempt has number 1."""

    order_id: UUID
    vendor_id: UUID
    request_id: UUID
    attempt: int


class OrderStatusChanged(Event, frozen=True, kw_only=True):
    """An order went from one state to another."""

    order_id: UUID
    from_status: OrderStatus
    to_status: OrderStatus
    reason: str | None = None


class OrderUnroutable(Event, frozen=True, kw_only=True):
    """Nobody is left to ask for an order: the admin must help, and the retailer is told. Once per order."""

    order_id: UUID
    reason: str


class OrderStuck(Event, frozen=True, kw_only=True):
    """An order stayed in one state for too long; somebody must look. Once per order and state."""

    order_id: UUID
    status: OrderStatus
    minutes: int
