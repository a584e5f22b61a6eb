"""Whether a gateway really said this. Pure, and in constant time.

Razorpay signs 'order|payment' with the key's secret, and the raw bytes of a webhook's body, its last newline included,
with the webhook's secret: HMAC-SHA256 in hexadecimal. eSewa signs 'name=value,…' over named fields in their order:
HMAC-SHA256 in base64.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence


def payment_signature(secret: str, order_id: str, payment_id: str) -> str:
    """What Razorpay's checkout hands the payer for us."""
    return _hex(secret, f"{order_id}|{payment_id}".encode())


def is_signed_payment(signature: str, *, secret: str, order_id: str, payment_id: str) -> bool:
    """Is this Razorpay's signature of this payment for this order?"""
    return bool(secret) and _same(signature, payment_signature(secret, order_id, payment_id))


def webhook_signature(secret: str, body: bytes) -> str:
    """What Razorpay sends as X-Razorpay-Signature with these bytes."""
    return _hex(secret, body)


def is_signed_webhook(signature: str, *, secrets: Sequence[str], body: bytes) -> bool:
    """Is this the signature of exactly these bytes under any of the secrets? Two are in use while one is changed."""
    # Every secret is tried, so that the time tells nothing.
    matches = [_same(signature, webhook_signature(secret, body)) for secret in secrets if secret]
    return any(matches)


def fields_signature(secret: str, fields: Mapping[str, str], names: Sequence[str]) -> str:
    """eSewa's signature of the named fields, in the order of the names."""
    signed = ",".join(f"{name}={fields.get(name, '')}" for name in names)
    return base64.b64encode(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()).decode()


def are_signed_fields(signature: str, *, secret: str, fields: Mapping[str, str], names: Sequence[str]) -> bool:
    """Is this eSewa's signature of the named fields?"""
    return bool(secret) and _same(signature, fields_signature(secret, fields, names))


def _hex(secret: str, message: bytes) -> str:
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
