"""The gateways' own sides: the sandbox as the official client sees it, and eSewa as a second one [P15]."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import razorpay
from tests.fixtures.credits import GOOD_CARD, KEY_ID, KEY_SECRET, MakeRider, Shop, assert_credits_hold, units_of
from tests.fixtures.people import BearerOf
from tests.fixtures.processes import MakeSettings, Serve

from khaacho import clock
from khaacho.credits_errors import PaymentNotCaptured
from khaacho.errors import InvalidSettings
from khaacho.platform.database import Database
from khaacho.prepaid.fulfilment import Fulfilment
from khaacho.prepaid.gateways.port import GatewayName
from khaacho.prepaid.gateways.registry import open_gateways
from khaacho.prepaid.gateways.signatures import fields_signature
from khaacho.prepaid.purchase import Purchase
from khaacho.prepaid.reconciliation import reconcile_purchases
from khaacho.prepaid.verifying import verify_payment
from khaacho.settings import load_settings

ESEWA_SECRET = "esewa-secret-of-tests"


async def test_the_official_client_works_with_the_sandbox(shop: Shop) -> None:
    """[P15] Orders, payments and refunds by Razorpay's own client, and its verdict on the checkout's signature."""
    official = razorpay.Client(auth=(KEY_ID, KEY_SECRET), base_url=f"{shop.gateway_url}/sandbox/razorpay")
    order = await asyncio.to_thread(
        official.order.create, {"amount": 50_000, "currency": "INR", "receipt": "r-1", "notes": {"for": "tests"}}
    )
    assert (order["entity"], order["amount"], order["status"], order["receipt"]) == ("order", 50_000, "created", "r-1")
    assert (await asyncio.to_thread(official.order.all, {"receipt": "r-1"}))["items"] == [order]
    proof = await shop.pay(order["id"], GOOD_CARD)
    assert official.utility.verify_payment_signature(
        {
            "razorpay_order_id": proof["razorpayOrderId"],
            "razorpay_payment_id": proof["razorpayPaymentId"],
            "razorpay_signature": proof["razorpaySignature"],
        }
    )
    payment = await asyncio.to_thread(official.payment.fetch, proof["razorpayPaymentId"])
    assert (payment["status"], payment["captured"], payment["order_id"]) == ("captured", True, order["id"])
    assert (await asyncio.to_thread(official.order.payments, order["id"]))["items"] == [payment]
    assert (await asyncio.to_thread(official.order.fetch, order["id"]))["status"] == "paid"
    refund = await asyncio.to_thread(official.payment.refund, payment["id"], {"amount": 20_000})
    assert (refund["amount"], refund["payment_id"], refund["status"]) == (20_000, payment["id"], "processed")
    for faulty in ({"amount": 99, "currency": "INR"}, {"amount": 100, "currency": "INR", "receipt": "x" * 41}):
        with pytest.raises(razorpay.errors.BadRequestError):
            await asyncio.to_thread(official.order.create, faulty)
    with pytest.raises(razorpay.errors.BadRequestError):
        await asyncio.to_thread(official.payment.fetch, "pay_unknown")


async def test_the_sandbox_lets_only_its_key_in(shop: Shop) -> None:
    """[P15] Basic auth with both halves of the key."""
    for auth in (None, (KEY_ID, "wrong"), ("wrong", KEY_SECRET)):
        async with httpx.AsyncClient(base_url=shop.gateway_url, auth=auth) as client:
            assert (await client.get("/sandbox/razorpay/v1/orders")).status_code == 401


async def test_the_checkout_never_sends_a_payer_elsewhere(shop: Shop) -> None:
    """The address to go back to is one of ours, or none."""
    async with httpx.AsyncClient(base_url=shop.gateway_url, auth=(KEY_ID, KEY_SECRET)) as client:
        order = (await client.post("/sandbox/razorpay/v1/orders", json={"amount": 100, "currency": "INR"})).json()
    page = f"/sandbox/razorpay/checkout/{order['id']}"
    for foreign in ("https://evil.example/x", "//evil.example/x", "javascript:alert(1)"):
        assert "evil" not in (await shop.gateway.get(page, params={"callback_url": foreign})).text
        assert "javascript" not in (await shop.gateway.get(page, params={"callback_url": foreign})).text
    assert (
        'value="/console/credits"' in (await shop.gateway.get(page, params={"callback_url": "/console/credits"})).text
    )


def test_the_sandbox_is_not_for_production(make_settings: MakeSettings) -> None:
    """[P15] Credits that nobody paid for must not be for sale by mistake."""
    with pytest.raises(InvalidSettings, match="KHAACHO_PAYMENT_SANDBOX"):
        load_settings(
            _env_file=None,
            KHAACHO_ENV="production",
            KHAACHO_SECRET_KEY="s" * 32,
            KHAACHO_PUBLIC_URL="https://khaacho.example",
            KHAACHO_PAYMENT_SANDBOX="on",
        )


async def test_without_the_switch_there_is_no_sandbox(client: httpx.AsyncClient) -> None:
    """[P15] Off by default."""
    assert (await client.get("/sandbox/razorpay/v1/orders")).status_code == 404


async def test_without_keys_nothing_is_sold(
    client: httpx.AsyncClient, make_rider: MakeRider, bearer_of: BearerOf
) -> None:
    """A gateway whose credentials are not set is refused by name."""
    who = await bearer_of(await make_rider())
    answer = await client.post("/api/v1/credits/initiate-purchase", json={"creditsAmount": 1}, headers=who)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "GATEWAY_NOT_CONFIGURED")


# --- eSewa -------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def esewa_answering(answers: dict[str, dict[str, Any]]) -> AsyncIterator[str]:
    """eSewa's question desk: what it knows of each transaction; the address to set."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).split(b" ")[1].decode()
        asked = {name: values[0] for name, values in parse_qs(urlsplit(request).query).items()}
        known = answers.get(asked["transaction_uuid"], {"status": "NOT_FOUND", "ref_id": None})
        body = json.dumps({**asked, "total_amount": float(asked["total_amount"]), **known}).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/api/epay/transaction/status"


def coming_back(fields: dict[str, str], **changes: str) -> str:
    """What eSewa puts behind the success address for a form it was sent."""
    told = {
        "transaction_code": "000AWEO",
        "status": "COMPLETE",
        "total_amount": fields["total_amount"],
        "transaction_uuid": fields["transaction_uuid"],
        "product_code": fields["product_code"],
    } | changes
    told["signed_field_names"] = ",".join([*told, "signed_field_names"])
    told["signature"] = fields_signature(ESEWA_SECRET, told, told["signed_field_names"].split(","))
    return base64.b64encode(json.dumps(told).encode()).decode()


async def test_buying_over_esewa(
    database: Database,
    serve: Serve,
    make_settings: MakeSettings,
    gateway_settings: dict[str, object],
    make_rider: MakeRider,
    bearer_of: BearerOf,
) -> None:
    """[P15] A second gateway through the same port: Nepali rupees at the peg, a signed form, one fulfilment."""
    rider = await make_rider()
    who = await bearer_of(rider)
    answers: dict[str, dict[str, Any]] = {}
    async with esewa_answering(answers) as status_url:
        mine = gateway_settings | {"ESEWA_STATUS_URL": status_url}
        with serve(**mine) as url:
            async with httpx.AsyncClient(base_url=f"{url}/api/v1/credits", headers=who, timeout=30) as client:

                async def order(units: int) -> dict[str, str]:
                    body = {"creditsAmount": units, "gateway": "ESEWA"}
                    data = (await client.post("/initiate-purchase", json=body)).json()["data"]
                    assert data["checkoutUrl"] == "https://epay.esewa.com.np/api/epay/main/v2/form"
                    assert (data["amount"], data["currency"]) == (units * 80.00, "NPR")
                    fields: dict[str, str] = data["formFields"]
                    names = fields["signed_field_names"].split(",")
                    assert fields["signature"] == fields_signature(ESEWA_SECRET, fields, names)
                    return fields

                async def verify(data: str) -> httpx.Response:
                    return await client.post("/verify-esewa", json={"data": data})

                fields = await order(10)
                assert fields["total_amount"] == "800"
                told = coming_back(fields)
                assert (await verify(told)).json()["error"]["code"] == "PAYMENT_MISMATCH"
                answers[fields["transaction_uuid"]] = {"status": "PENDING", "ref_id": "R1"}
                assert (await verify(told)).json()["error"]["code"] == "PAYMENT_NOT_CAPTURED"
                answers[fields["transaction_uuid"]] = {"status": "COMPLETE", "ref_id": "R1"}
                first, again = await verify(told), await verify(told)
                assert first.json() == again.json()
                assert first.json()["data"]["creditsAdded"] == 10
                decoded = json.loads(base64.b64decode(told))
                for tampered in (
                    decoded | {"total_amount": "8"},
                    decoded | {"signed_field_names": "total_amount,transaction_uuid,product_code"},
                    {**decoded, "signature": ""},
                    [],
                ):
                    forged = base64.b64encode(json.dumps(tampered).encode()).decode()
                    assert (await verify(forged)).json()["error"]["code"] == "INVALID_SIGNATURE"
                assert (await verify("no base64 at all")).json()["error"]["code"] == "INVALID_SIGNATURE"

                never_back = await order(2)
                answers[never_back["transaction_uuid"]] = {"status": "COMPLETE", "ref_id": "R2"}
        with clock.travelled_to(clock.now() + timedelta(minutes=6)):
            esewa = open_gateways(make_settings(**mine))[GatewayName.ESEWA]
            tally = await reconcile_purchases(database, {GatewayName.ESEWA: esewa}, False)
    assert tally == {"asked": 1, "credited": 1, "expired": 0, "unreachable": 0, "refused": 0, "taken_back": 0}
    assert await units_of(database, rider) == 12
    async with database.reading() as tx:
        posted = await tx.dicts(
            "SELECT unit, SUM(amount)::bigint AS paisa FROM ledger_transfers GROUP BY unit ORDER BY 1"
        )
    assert posted == [{"unit": "CREDITS", "paisa": 12}, {"unit": "NPR", "paisa": 96_000}]
    await assert_credits_hold(database)


async def test_money_given_back_before_we_asked_brings_no_credits(
    database: Database,
    make_settings: MakeSettings,
    gateway_settings: dict[str, object],
    make_rider: MakeRider,
    order_credits: Callable[..., Awaitable[Purchase]],
) -> None:
    """[P11, P14] eSewa sends no events: what it says was refunded whole is neither proved nor found. Of what was
    refunded in part it does not say how much, so it is credited; and what was credited once keeps its first answer.
    """
    rider = await make_rider()
    gone, part, later = [await order_credits(rider, units) for units in (10, 3, 2)]
    names = [purchase.order.gateway_order_id or "" for purchase in (gone, part, later)]
    answers: dict[str, dict[str, Any]] = {
        name: {"status": status, "ref_id": f"R-{status}"}
        for name, status in zip(names, ("FULL_REFUND", "PARTIAL_REFUND", "COMPLETE"), strict=True)
    }
    async with esewa_answering(answers) as status_url:
        told = make_settings(**gateway_settings | {"ESEWA_STATUS_URL": status_url})
        gateway = open_gateways(told)[GatewayName.ESEWA]

        async def prove(purchase: Purchase) -> Fulfilment:
            proof = {"data": coming_back(dict(gateway.checkout(purchase.order.asked).fields))}
            return await verify_payment(database, gateway, rider.as_actor(), proof)

        first = await prove(later)
        answers[names[2]]["status"] = "FULL_REFUND"
        assert (await prove(later)).movement_id == first.movement_id
        with pytest.raises(PaymentNotCaptured):
            await prove(gone)
        with clock.travelled_to(clock.now() + timedelta(hours=25)):
            tally = await reconcile_purchases(database, {GatewayName.ESEWA: gateway}, False)
    assert tally == {"asked": 2, "credited": 1, "expired": 1, "unreachable": 0, "refused": 0, "taken_back": 0}
    assert await units_of(database, rider) == 5
    await assert_credits_hold(database)
