"""What every payment gateway can do for us. Amounts are paisa of the gateway's currency."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec


class GatewayName(StrEnum):
    RAZORPAY = "RAZORPAY"
    ESEWA = "ESEWA"


class Currency(StrEnum):
    INR = "INR"
    NPR = "NPR"


class PaymentStatus(StrEnum):
    """CAPTURED is money taken; AUTHORIZED is money promised, which may still be taken or let go."""

    CREATED = "created"
    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    REFUNDED = "refunded"
    FAILED = "failed"


class OrderToOpen(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody is about to pay for. The receipt is ours and names it once and for all."""

    receipt: str
    amount_paisa: int
    currency: Currency


class OrderAsked(msgspec.Struct, frozen=True, kw_only=True):
    """An order we ask a gateway about."""

    gateway_order_id: str
    amount_paisa: int
    gateway_payment_id: str | None = None


class GatewayPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as the gateway tells it. `was_taken` stays true when it was given back later."""

    gateway: GatewayName
    id: str
    gateway_order_id: str
    amount_paisa: int
    currency: str
    status: PaymentStatus
    was_taken: bool
    paid_at: datetime

    @property
    def is_kept(self) -> bool:
        """Was it taken, and not given back whole? Whoever asks, and is not told, never hears of what went back."""
        return self.was_taken and self.status is not PaymentStatus.REFUNDED


class GatewayRefund(msgspec.Struct, frozen=True, kw_only=True):
    """Money the gateway gave back to the payer."""

    id: str
    gateway_payment_id: str
    amount_paisa: int


class GatewayEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something a gateway told us by itself. `receipt` is that of the order, where the event has one."""

    gateway: GatewayName
    id: str
    kind: str
    payment: GatewayPayment | None = None
    refund: GatewayRefund | None = None
    receipt: str | None = None
    failure: str | None = None


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What a payer brought back from the gateway, its signature checked. eSewa's names no payment we may rely on."""

    gateway_order_id: str
    gateway_payment_id: str | None


class Checkout(msgspec.Struct, frozen=True, kw_only=True):
    """What a payer's browser needs: a public key for a script, a page to visit, or a form to send to `url`."""

    key_id: str | None = None
    url: str | None = None
    fields: Mapping[str, str] = {}


class OpensOrders(Protocol):
    """All that setting out to buy needs. `open_order` raises GatewayUnavailable when there is no answer in time."""

    name: GatewayName
    currency: Currency

    def checkout(self, order: OrderAsked) -> Checkout:
        """How to pay this order."""
        ...

    async def open_order(self, order: OrderToOpen) -> str:
        """Make the order known to the gateway; answers its name there. Doing it twice opens one."""
        ...


class PaymentGateway(OpensOrders, Protocol):
    """One gateway. Methods that ask it raise GatewayUnavailable when it does not answer in time."""

    def page(self, order: OrderAsked, *, back_url: str) -> Checkout:
        """As `checkout`, for a browser without the gateway's script; it comes back to `back_url`, paid or not."""
        ...

    def read_proof(self, given: Mapping[str, str]) -> Proof:
        """What the payer brought back. Raises InvalidSignature."""
        ...

    async def find_order(self, receipt: str) -> str | None:
        """The gateway's name for the order with this receipt."""
        ...

    async def find_payments(self, order: OrderAsked) -> Sequence[GatewayPayment]:
        """Payments made for an order: the one named, or all."""
        ...

    async def find_refunds(self, since: datetime) -> Sequence[GatewayRefund]:
        """Money given back since then, of whichever payment; nothing from a gateway that lists none."""
        ...


Gateways = Mapping[GatewayName, PaymentGateway]
