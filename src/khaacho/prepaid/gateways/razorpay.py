"""Razorpay: orders and payments over its API, signatures of its checkout, events of its webhook.

Amounts are Indian paisa there as here. The receipt makes opening an order safe to repeat: before a second try the
gateway is asked whether the first one reached it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import msgspec

from khaacho.credits_errors import GatewayUnavailable, InvalidSignature
from khaacho.errors import MalformedRequest
from khaacho.prepaid.gateways.http import TRIES, ask, new_client, pause, try_once
from khaacho.prepaid.gateways.port import (
    Checkout,
    Currency,
    GatewayEvent,
    GatewayName,
    GatewayPayment,
    GatewayRefund,
    OrderAsked,
    OrderToOpen,
    PaymentStatus,
    Proof,
)
from khaacho.prepaid.gateways.signatures import is_signed_payment, is_signed_webhook
from khaacho.settings import Settings

# Who asks for the money, on the page of the hosted checkout, and the field it reads where to return from.
SHOP_NAME = "Khaacho"
BACK_FIELD = "callback_url"
# Money is on its way back only once a refund is processed; before it is pending, and it may fail.
GIVEN_BACK = "processed"
REFUNDS_A_PAGE = 100
REFUND_PAGES_MAX = 100
PROOF_FIELDS = ("razorpayOrderId", "razorpayPaymentId", "razorpaySignature")


class _Payment(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    amount: int
    currency: str
    status: PaymentStatus
    order_id: str | None = None
    captured: bool | None = None
    created_at: int = 0
    error_code: str | None = None
    error_description: str | None = None


class _Refund(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    payment_id: str
    amount: int
    status: str = GIVEN_BACK


class _Order(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    receipt: str | None = None


class _PaymentHolder(msgspec.Struct, frozen=True, kw_only=True):
    entity: _Payment


class _RefundHolder(msgspec.Struct, frozen=True, kw_only=True):
    entity: _Refund


class _OrderHolder(msgspec.Struct, frozen=True, kw_only=True):
    entity: _Order


class _Payload(msgspec.Struct, frozen=True, kw_only=True):
    payment: _PaymentHolder | None = None
    refund: _RefundHolder | None = None
    order: _OrderHolder | None = None


class _Event(msgspec.Struct, frozen=True, kw_only=True):
    event: str
    payload: _Payload


class RazorpayGateway:
    """One Razorpay account."""

    name = GatewayName.RAZORPAY
    currency = Currency.INR

    def __init__(self, settings: Settings, client: httpx.AsyncClient | None = None) -> None:
        self._key_id = settings.razorpay_key_id
        self._key_secret = settings.razorpay_key_secret
        self._webhook_secrets = (settings.razorpay_webhook_secret, settings.razorpay_webhook_secret_previous)
        self._base_url = settings.razorpay_base_url
        self._url = f"{self._base_url}/v1"
        self._is_sandbox = settings.payment_sandbox_on
        self._client = client or new_client()
        self._auth = (self._key_id, self._key_secret)

    def checkout(self, order: OrderAsked) -> Checkout:
        """The public key, for Razorpay's own script; the sandbox has a page instead of a script."""
        page = f"{self._base_url}/checkout/{order.gateway_order_id}" if self._is_sandbox else None
        return Checkout(key_id=self._key_id, url=page)

    def page(self, order: OrderAsked, *, back_url: str) -> Checkout:
        """A form for Razorpay's hosted checkout, which posts the proof to `back_url`; the sandbox's own page."""
        if self._is_sandbox:
            back = urlencode({BACK_FIELD: back_url})
            return Checkout(url=f"{self._base_url}/checkout/{order.gateway_order_id}?{back}")
        fields = {
            "key_id": self._key_id,
            "order_id": order.gateway_order_id,
            "amount": str(order.amount_paisa),
            "currency": self.currency.value,
            "name": SHOP_NAME,
            BACK_FIELD: back_url,
            "cancel_url": f"{back_url}?failed=razorpay",
        }
        return Checkout(key_id=self._key_id, url=f"{self._url}/checkout/embedded", fields=fields)

    def read_proof(self, given: Mapping[str, str]) -> Proof:
        """The three values its checkout hands the payer. Raises InvalidSignature."""
        order_id, payment_id, signature = (given.get(name, "") for name in PROOF_FIELDS)
        if not is_signed_payment(signature, secret=self._key_secret, order_id=order_id, payment_id=payment_id):
            raise InvalidSignature
        return Proof(gateway_order_id=order_id, gateway_payment_id=payment_id)

    def read_event(self, body: bytes, *, signature: str, event_id: str) -> GatewayEvent:
        """A webhook's event. Raises InvalidSignature before anything else is looked at, then MalformedRequest."""
        if not is_signed_webhook(signature, secrets=self._webhook_secrets, body=body):
            raise InvalidSignature
        try:
            event = msgspec.json.decode(body, type=_Event)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise MalformedRequest(why="the body is no event of Razorpay's") from error
        payment = event.payload.payment.entity if event.payload.payment else None
        refund = event.payload.refund.entity if event.payload.refund else None
        order = event.payload.order.entity if event.payload.order else None
        failed = payment is not None and payment.status is PaymentStatus.FAILED
        return GatewayEvent(
            gateway=self.name,
            # Without the header the bytes name the event: a repetition has the same ones.
            id=event_id or hashlib.sha256(body).hexdigest(),
            kind=event.event,
            payment=_payment(payment, order.id if order else None) if payment else None,
            refund=_refund(refund) if refund and refund.status == GIVEN_BACK else None,
            receipt=order.receipt if order else None,
            failure=(payment.error_description or payment.error_code or "failed") if payment and failed else None,
        )

    async def open_order(self, order: OrderToOpen) -> str:
        """As the port says; each try after the first looks for what the one before may have left."""
        wanted = {"amount": order.amount_paisa, "currency": order.currency.value, "receipt": order.receipt}
        for tries_left in reversed(range(TRIES)):
            answer = await try_once(self._client, "POST", f"{self._url}/orders", json=wanted, auth=self._auth)
            if answer is not None:
                name = answer.body.get("id")
                if answer.status < 300 and isinstance(name, str):
                    return name
                raise GatewayUnavailable(gateway_said=_words(answer.body))
            if tries_left:
                await pause()
                found = await self.find_order(order.receipt)
                if found is not None:
                    return found
        raise GatewayUnavailable

    async def find_order(self, receipt: str) -> str | None:
        """As the port says."""
        answer = await ask(self._client, f"{self._url}/orders", params={"receipt": receipt}, auth=self._auth)
        # The filter is checked again here: an answer that ignored it must not name somebody else's order.
        orders = [_read(one, _Order) for one in _items(answer.body)]
        return next((one.id for one in orders if one is not None and one.receipt == receipt), None)

    async def find_payments(self, order: OrderAsked) -> Sequence[GatewayPayment]:
        """As the port says; nothing for a name Razorpay does not know."""
        if order.gateway_payment_id is not None:
            answer = await ask(
                self._client, f"{self._url}/payments/{quote(order.gateway_payment_id, safe='')}", auth=self._auth
            )
            found = [answer.body] if answer.status < 300 else []
        else:
            answer = await ask(self._client, f"{self._url}/orders/{order.gateway_order_id}/payments", auth=self._auth)
            found = _items(answer.body)
        payments = [_read(one, _Payment) for one in found]
        return [_payment(one, None) for one in payments if one is not None]

    async def find_refunds(self, since: datetime) -> Sequence[GatewayRefund]:
        """As the port says. New ones come first, so one that arrives while we read is no reason to miss another."""
        found: list[Any] = []
        for _ in range(REFUND_PAGES_MAX):
            query = {"from": int(since.timestamp()), "count": REFUNDS_A_PAGE, "skip": len(found)}
            answer = await ask(self._client, f"{self._url}/refunds", params=query, auth=self._auth)
            page = _items(answer.body)
            found += page
            if len(page) < REFUNDS_A_PAGE:
                break
        refunds = [_read(one, _Refund) for one in found]
        return [_refund(one) for one in refunds if one is not None and one.status == GIVEN_BACK]


def _payment(payment: _Payment, order_id: str | None) -> GatewayPayment:
    return GatewayPayment(
        gateway=GatewayName.RAZORPAY,
        id=payment.id,
        gateway_order_id=payment.order_id or order_id or "",
        amount_paisa=payment.amount,
        currency=payment.currency,
        status=payment.status,
        was_taken=payment.status in (PaymentStatus.CAPTURED, PaymentStatus.REFUNDED),
        paid_at=datetime.fromtimestamp(payment.created_at, UTC),
    )


def _refund(refund: _Refund) -> GatewayRefund:
    return GatewayRefund(id=refund.id, gateway_payment_id=refund.payment_id, amount_paisa=refund.amount)


def _items(body: dict[str, Any]) -> list[Any]:
    items = body.get("items")
    return items if isinstance(items, list) else []


def _read(one: Any, into: type[Any]) -> Any:
    try:
        return msgspec.convert(one, into)
    except msgspec.ValidationError:
        return None


def _words(body: dict[str, Any]) -> str:
    error = body.get("error")
    return str(error.get("description", ""))[:200] if isinstance(error, dict) else ""
