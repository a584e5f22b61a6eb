"""Gateways' signatures, against the official client, published vectors, and figures worked out by hand [P11, P12]."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import razorpay
from hypothesis import given
from hypothesis import strategies as st

from khaacho.prepaid.gateways.signatures import (
    are_signed_fields,
    fields_signature,
    is_signed_payment,
    is_signed_webhook,
    payment_signature,
    webhook_signature,
)

VECTORS = Path(__file__).parents[3] / ".." / "shared" / "data" / "vectors"

text = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=40)


@given(secret=text, order_id=text, payment_id=text)
def test_the_official_client_agrees_on_payments(secret: str, order_id: str, payment_id: str) -> None:
    """[P11] What we sign it accepts, and what it would accept we accept."""
    client = razorpay.Client(auth=("rzp_test_key", secret))
    signature = payment_signature(secret, order_id, payment_id)
    given_back = {
        "razorpay_order_id": order_id,
        "razorpay_payment_id": payment_id,
        "razorpay_signature": signature,
    }
    assert client.utility.verify_payment_signature(given_back)
    assert is_signed_payment(signature, secret=secret, order_id=order_id, payment_id=payment_id)
    assert not is_signed_payment(signature, secret=secret, order_id=order_id + "x", payment_id=payment_id)
    with pytest.raises(razorpay.errors.SignatureVerificationError):
        client.utility.verify_payment_signature(given_back | {"razorpay_payment_id": payment_id + "x"})


@given(secret=text, body=text)
def test_the_official_client_agrees_on_webhooks(secret: str, body: str) -> None:
    """[P12] Byte by byte, a last newline included."""
    client = razorpay.Client(auth=("rzp_test_key", "unused"))
    signature = webhook_signature(secret, body.encode())
    assert client.utility.verify_webhook_signature(body, signature, secret)
    assert is_signed_webhook(signature, secrets=["another", secret], body=body.encode())
    assert not is_signed_webhook(signature, secrets=[secret], body=body.encode() + b"\n")
    assert not is_signed_webhook(signature, secrets=["", "another"], body=body.encode())


def test_without_a_secret_nothing_is_believed() -> None:
    """An unset secret must not be one that everybody knows."""
    assert not is_signed_payment(payment_signature("", "o", "p"), secret="", order_id="o", payment_id="p")
    assert not is_signed_webhook(webhook_signature("", b"{}"), secrets=["", ""], body=b"{}")
    fields = {"total_amount": "1"}
    assert not are_signed_fields(
        fields_signature("", fields, ["total_amount"]), secret="", fields=fields, names=["total_amount"]
    )


def test_esewa_signs_named_fields_in_their_order() -> None:
    """[P15] The signature its documentation shows for its public test key; in another order it is another one."""
    secret = "8gBm/:&EnhH.1/q"
    fields = {"total_amount": "110", "transaction_uuid": "241028", "product_code": "EPAYTEST"}
    names = ["total_amount", "transaction_uuid", "product_code"]
    expected = "i94zsd3oXF6ZsSr/kGqT4sSzYQzjj1W/waxjWyRwaME="
    assert fields_signature(secret, fields, names) == expected
    assert are_signed_fields(expected, secret=secret, fields=fields, names=names)
    assert not are_signed_fields(expected, secret=secret, fields=fields | {"total_amount": "11"}, names=names)
    assert not are_signed_fields(expected, secret=secret, fields=fields, names=names[::-1])


def vectors() -> list[dict[str, Any]]:
    file = VECTORS / "razorpay_signature_vectors.json"
    return json.loads(file.read_text()) if file.exists() else []


def test_published_vectors() -> None:
    """[P11, P12] Signatures the gateway's own tests publish; the webhook's body is signed with its final newline."""
    known = {vector["name"]: vector for vector in vectors()}
    if not known:
        pytest.skip("the published vectors are not here")
    payment = known["payment_signature"]
    order_id, payment_id = payment["message"].split("|")
    assert payment_signature(payment["secret"], order_id, payment_id) == payment["signature"]
    webhook = known["webhook_signature_raw_body"]
    body = (VECTORS / webhook["message_file"]).read_bytes()
    assert webhook_signature(webhook["secret"], body) == webhook["signature"]
    assert webhook_signature(webhook["secret"], body.rstrip(b"\n")) != webhook["signature"]
