"""Only what a provider really signed gets in."""

from __future__ import annotations

import hashlib
import hmac
import json
from pathlib import Path

import pytest
from twilio.request_validator import RequestValidator

from khaacho.whatsapp.signatures import is_signed_by_meta, is_signed_by_twilio

TOKEN = "a-token-of-a-test-account"
URL = "https://khaacho.example/api/v1/whatsapp/webhook"
VECTORS = Path(__file__).parents[3] / ".." / "shared" / "data" / "vectors" / "twilio_signature_vectors.json"


def signed(url: str, fields: dict[str, str]) -> str:
    return str(RequestValidator(TOKEN).compute_signature(url, fields))


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"Body": ""},
        {"Body": "५ बोरा चामल ra 2 carton wai wai 🍜 + & = %"},
        {"Sid": "CA123", "SidAccount": "AC123", "Body": "a b"},
        {"From": "whatsapp:+9779800000001", "To": "whatsapp:+14155238886", "Body": "x" * 1_600},
    ],
)
def test_what_the_official_client_signs_is_taken(fields: dict[str, str]) -> None:
    """[O1] Our own computation agrees with the provider's own library, for any text."""
    given = {name: [value] for name, value in fields.items()}
    assert is_signed_by_twilio(signed(URL, fields), token=TOKEN, url=URL, fields=given)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("https://khaacho.example/a?b=1", "https://khaacho.example:443/a?b=1"),
        ("https://khaacho.example:8443/a", "https://khaacho.example/a"),
        ("http://khaacho.example/a", "http://khaacho.example:80/a"),
        ("http://127.0.0.1:3000/a", "http://127.0.0.1:3000/a"),
    ],
)
def test_a_port_written_or_left_out_does_not_matter(ours: str, theirs: str) -> None:
    """[O1] The sender writes the port sometimes and sometimes not."""
    assert is_signed_by_twilio(signed(theirs, {"A": "1"}), token=TOKEN, url=ours, fields={"A": ["1"]})


def test_anything_changed_is_refused() -> None:
    """[O1] Another field, another address, another token, no signature, no token: none of them gets in."""
    fields = {"Body": ["10 bora"]}
    right = signed(URL, {"Body": "10 bora"})
    assert is_signed_by_twilio(right, token=TOKEN, url=URL, fields=fields)
    assert not is_signed_by_twilio(right, token=TOKEN, url=URL, fields={"Body": ["100 bora"]})
    assert not is_signed_by_twilio(right, token=TOKEN, url=URL + "?x=1", fields=fields)
    assert not is_signed_by_twilio(right, token="another", url=URL, fields=fields)
    assert not is_signed_by_twilio("", token=TOKEN, url=URL, fields=fields)
    assert not is_signed_by_twilio("ñ", token=TOKEN, url=URL, fields=fields)
    assert not is_signed_by_twilio(signed(URL, {}), token="", url=URL, fields={})


@pytest.mark.skipif(not VECTORS.exists(), reason="the shared signature vectors are not here")
def test_the_vectors_of_the_official_client_hold() -> None:
    """[O1] Repeated fields, both port habits and JSON bodies, as published with the official client."""
    for vector in json.loads(VECTORS.read_text()):
        raw = (vector["raw_body"] or "").encode()
        fields = {
            name: value if isinstance(value, list) else [value] for name, value in (vector["params"] or {}).items()
        }
        taken = is_signed_by_twilio(
            vector["signature"], token=vector["auth_token"], url=vector["request_url"], fields=fields, body=raw
        )
        assert taken is vector["expect_valid"], vector["name"]


def test_meta_signs_the_bytes_not_their_meaning() -> None:
    """[O1] The same JSON written otherwise has another signature, and only the bytes that came are right."""
    body = '{"text":"नमस्ते 🙏"}'.encode()
    signature = "sha256=" + hmac.new(b"secret", body, hashlib.sha256).hexdigest()
    assert is_signed_by_meta(signature, secret="secret", body=body)
    assert is_signed_by_meta(
        signature.replace("sha256=", "sha256=").upper().replace("SHA256=", "sha256="), secret="secret", body=body
    )
    assert not is_signed_by_meta(signature, secret="secret", body=json.dumps(json.loads(body)).encode())
    assert not is_signed_by_meta(signature, secret="other", body=body)
    assert not is_signed_by_meta(signature, secret="", body=body)
    assert not is_signed_by_meta(signature.removeprefix("sha256="), secret="secret", body=body)
    assert not is_signed_by_meta("", secret="secret", body=body)
