"""eSewa ePay v2: a signed form takes the payer there, a signed answer brings them back, a question settles it.

eSewa opens no orders: our receipt is the order. It sends no events, so a payer who never comes back is found by
reconciliation. Amounts are rupees there, with two decimals at most, and Nepali paisa here.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import httpx
import msgspec

from khaacho import clock
from khaacho.credits_errors import InvalidSignature
from khaacho.errors import InvalidAmount
from khaacho.money import paisa_from_rupees, rupees
from khaacho.prepaid.gateways.http import ask, new_client
from khaacho.prepaid.gateways.port import (
    Checkout,
    Currency,
    GatewayName,
    GatewayPayment,
    GatewayRefund,
    OrderAsked,
    OrderToOpen,
    PaymentStatus,
    Proof,
)
from khaacho.prepaid.gateways.signatures import are_signed_fields, fields_signature
from khaacho.settings import Settings

SIGNED_NAMES = ("total_amount", "transaction_uuid", "product_code")
# What an answer must at least have signed, or a true signature could be carried over to another payment.
PROOF_NAMES = frozenset({*SIGNED_NAMES, "status", "transaction_code"})
# The freelancer's page that proves the payment.
RETURN_PATH = "/console/work/paid"

_STATUSES = {
    "COMPLETE": PaymentStatus.CAPTURED,
    "FULL_REFUND": PaymentStatus.REFUNDED,
    # How much went back is not told; what was taken is credited, and the rest is for an admin to adjust.
    "PARTIAL_REFUND": PaymentStatus.CAPTURED,
    "PENDING": PaymentStatus.CREATED,
    "AMBIGUOUS": PaymentStatus.CREATED,
    "CANCELED": PaymentStatus.FAILED,
    "NOT_FOUND": PaymentStatus.FAILED,
}


class EsewaGateway:
    """One eSewa merchant account."""

    name = GatewayName.ESEWA
    currency = Currency.NPR

    def __init__(self, settings: Settings, client: httpx.AsyncClient | None = None) -> None:
        self._product_code = settings.esewa_product_code
        self._secret = settings.esewa_secret_key
        self._form_url = settings.esewa_form_url
        self._status_url = settings.esewa_status_url
        self._return_url = f"{settings.base_url}{RETURN_PATH}"
        self._client = client or new_client()

    def checkout(self, order: OrderAsked) -> Checkout:
        """The form to send to eSewa, signed."""
        return self.page(order, back_url=self._return_url)

    def page(self, order: OrderAsked, *, back_url: str) -> Checkout:
        """The form to send to eSewa, signed; it comes back to `back_url` with `data`."""
        total = _in_words(order.amount_paisa)
        fields = {
            "amount": total,
            "tax_amount": "0",
            "product_service_charge": "0",
            "product_delivery_charge": "0",
            "total_amount": total,
            "transaction_uuid": order.gateway_order_id,
            "product_code": self._product_code,
            "success_url": back_url,
            "failure_url": f"{back_url}?failed=esewa",
            "signed_field_names": ",".join(SIGNED_NAMES),
        }
        fields["signature"] = fields_signature(self._secret, fields, SIGNED_NAMES)
        return Checkout(url=self._form_url, fields=fields)

    def read_proof(self, given: Mapping[str, str]) -> Proof:
        """The `data` eSewa puts behind the success address: JSON in base64. Raises InvalidSignature."""
        fields = _fields(given.get("data", ""))
        names = fields.get("signed_field_names", "").split(",")
        complete = set(names) >= PROOF_NAMES and fields.get("product_code") == self._product_code
        signed = are_signed_fields(fields.get("signature", ""), secret=self._secret, fields=fields, names=names)
        if not complete or not signed:
            raise InvalidSignature
        return Proof(gateway_order_id=fields["transaction_uuid"], gateway_payment_id=None)

    async def open_order(self, order: OrderToOpen) -> str:
        """Nothing to do: eSewa first hears of an order when it is paid."""
        return order.receipt

    async def find_order(self, receipt: str) -> str | None:
        """The receipt itself."""
        return receipt

    async def find_payments(self, order: OrderAsked) -> Sequence[GatewayPayment]:
        """The one payment an order can have, if eSewa knows of it."""
        answer = await ask(
            self._client,
            f"{self._status_url}/",
            params={
                "product_code": self._product_code,
                "total_amount": _in_words(order.amount_paisa),
                "transaction_uuid": order.gateway_order_id,
            },
        )
        status = _STATUSES.get(str(answer.body.get("status")))
        reference = answer.body.get("ref_id")
        amount_paisa = _paisa(answer.body.get("total_amount"))
        if status is None or not reference or amount_paisa is None:
            return []
        return [
            GatewayPayment(
                gateway=self.name,
                id=str(reference),
                gateway_order_id=str(answer.body.get("transaction_uuid")),
                amount_paisa=amount_paisa,
                currency=Currency.NPR,
                status=status,
                was_taken=status in (PaymentStatus.CAPTURED, PaymentStatus.REFUNDED),
                paid_at=clock.now(),
            )
        ]

    async def find_refunds(self, since: datetime) -> Sequence[GatewayRefund]:
        """eSewa lists none: what was given back shows when its payment is asked about."""
        return ()


def _in_words(amount_paisa: int) -> str:
    return str(rupees(amount_paisa)).removesuffix(".00")


def _paisa(given: Any) -> int | None:
    # JSON numbers arrive as floats; their shortest spelling is the figure that was sent.
    try:
        return paisa_from_rupees(Decimal(str(given).replace(",", "")))
    except (InvalidAmount, InvalidOperation):
        return None


def _fields(data: str) -> dict[str, str]:
    try:
        decoded = msgspec.json.decode(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return {}
    if not isinstance(decoded, dict):
        return {}
    return {str(name): str(value) for name, value in decoded.items()}
