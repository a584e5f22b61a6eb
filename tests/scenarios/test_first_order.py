"""The product's main job, told whole: a WhatsApp message becomes a delivered credit order."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import httpx
from tests.fixtures.town import Town
from twilio.request_validator import RequestValidator

GREETING_ORDER = "namaste dai, 5 bora jeera masino 25kg ra 2 carton wai wai chicken pathaidinu"
TWILIO_TOKEN = "visibly-fake-twilio-token"


async def test_a_message_becomes_a_delivered_credit_order(town: Town, working: Any) -> None:
    """[O10–O43, C10] Greeting and order in one message → summary with VAT and payment choice → CONFIRM on credit →
    the vendor gets it, accepts, packs, dispatches, delivers → the shop sees each step, STATUS answers, and used
    credit is the delivered total."""
    async with working():
        summary = await town.says(town.shop, GREETING_ORDER)
        assert "📋 Order Summary" in summary
        assert "Rs.12,605.00" in summary
        assert "Tax (13%): Rs.1,638.65" in summary
        assert "Total: Rs.14,243.65" in summary
        assert re.search(r"credit", summary, re.IGNORECASE)
        assert "COD" in summary
        assert await town.used_paisa() == 0

        placed = await town.says(town.shop, "CONFIRM CREDIT")
        assert "✅ Order Confirmed!" in placed
        found = re.search(r"ORD\d{6}-\d{4,}", placed)
        assert found, placed
        code = found[0]
        assert await town.used_paisa() == 1_424_365
        await town.assert_sound()

        asked = await town.hears(town.vendor)
        assert code in asked
        assert "Gita Kirana" in asked

        steps = (
            ("accept", "ACCEPTED"),
            ("packed", "PACKING"),
            ("dispatched", "DISPATCHED"),
            ("delivered", "DELIVERED"),
        )
        for command, status in steps:
            answer = await town.says(town.vendor, f"{command} {code}")
            assert code in answer, (command, answer)
            told = await town.hears(town.shop)
            assert code in told, (command, told)
            assert await _status(town, code) == status
            await town.assert_sound()

        status_reply = await town.says(town.shop, f"STATUS {code[-4:]}")
        assert code in status_reply
        assert "Rs.14,243.65" in status_reply
        assert await town.used_paisa() == 1_424_365


async def test_the_same_over_a_signed_twilio_webhook(town: Town, working: Any, serve: Any) -> None:
    """[O1] The order and its confirmation arrive as Twilio sends them, signed by Twilio's own client; a redelivery of
    the very same message changes nothing."""
    settings = {"TWILIO_AUTH_TOKEN": TWILIO_TOKEN, "TWILIO_ACCOUNT_SID": "ACtest", "KHAACHO_PUBLIC_URL": ""}
    with serve(**settings) as url:
        async with httpx.AsyncClient(timeout=20) as provider, working():
            for text in (GREETING_ORDER, "CONFIRM CREDIT"):
                fields = {
                    "MessageSid": f"SM{uuid4().hex}",
                    "From": f"whatsapp:{town.shop.phone}",
                    "To": "whatsapp:+14155238886",
                    "Body": text,
                    "SomethingNew": "a field nobody knew of",
                }
                address = f"{url}/api/v1/whatsapp/webhook"
                signature = RequestValidator(TWILIO_TOKEN).compute_signature(address, fields)
                for _ in range(2):
                    answer = await provider.post(address, data=fields, headers={"X-Twilio-Signature": signature})
                    assert answer.status_code == 200, answer.text
                await town.settle()
            async with town.database.reading() as tx:
                assert await tx.value("SELECT count(*) FROM orders") == 1
                assert await tx.value("SELECT count(*) FROM inbound_messages") == 2
            assert await town.used_paisa() == 1_424_365
            refused = await provider.post(address, data=fields, headers={"X-Twilio-Signature": "wrong"})
            assert refused.status_code == 403
    await town.assert_sound()


async def test_the_same_over_the_api(town: Town, as_admin: dict[str, str], bearer_of: Any) -> None:
    """[O30, O31] The shop's own sign-in places it, the vendor's delivers it, and the key places it once."""
    body = {
        "retailerId": str(town.shop.id),
        "items": [{"sku": "RICE-JEERA-25KG", "quantity": 5}, {"sku": "NOOD-WAIWAI-CHK-75", "quantity": 60}],
        "paymentMode": "CREDIT",
    }
    shop_headers = {**await bearer_of(town.shop), "Idempotency-Key": "my-order-1"}
    first = await town.client.post("/api/v1/orders", json=body, headers=shop_headers)
    assert first.status_code == 201, first.text
    again = await town.client.post("/api/v1/orders", json=body, headers=shop_headers)
    (order,) = first.json()["data"]["orders"]
    assert again.json()["data"]["orders"][0]["id"] == order["id"]
    assert order["total"] == 14243.65
    assert order["tax"] == 1638.65
    other = await town.client.post("/api/v1/orders", json={**body, "notes": "other"}, headers=shop_headers)
    assert other.status_code == 409
    assert other.json()["error"]["code"] == "IDEMPOTENCY_KEY_REUSED"

    vendor_headers = await bearer_of(town.vendor)
    for step in ("accept", "pack", "dispatch", "deliver"):
        answer = await town.client.post(f"/api/v1/orders/{order['id']}/{step}", json={}, headers=vendor_headers)
        assert answer.status_code == 200, (step, answer.text)
    delivered = (await town.client.get(f"/api/v1/orders/{order['code']}", headers=shop_headers)).json()["data"]
    assert delivered["status"] == "DELIVERED"
    assert delivered["paymentStatus"] == "UNPAID"
    assert await town.used_paisa() == 1_424_365
    paid = await town.client.post(
        "/api/v1/admin/payment/record",
        json={"retailerId": str(town.shop.id), "amountPaid": 14243.65, "method": "CASH"},
        headers={**as_admin, "Idempotency-Key": "payment-1"},
    )
    assert paid.json()["data"]["status"] == "FULLY_CLEARED", paid.text
    assert await town.used_paisa() == 0
    await town.assert_sound()


async def _status(town: Town, code: str) -> str:
    async with town.database.reading() as tx:
        status: str = await tx.value("SELECT status FROM orders WHERE code = %(code)s", {"code": code})
        return status
