"""Buying credits over HTTP, through the sandbox gateway: every way a payment can end, and be told [P10–P15]."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from tests.fixtures.credits import (
    DECLINED_CARD,
    KEY_ID,
    KEY_SECRET,
    LATE_CARD,
    REPEATED_CARD,
    SILENT_CARD,
    WEBHOOK_SECRET,
    MakeRider,
    Shop,
    assert_credits_hold,
    bought_by,
    units_of,
    working_for,
)
from tests.fixtures.people import BearerOf
from tests.fixtures.processes import Working
from tests.fixtures.trade import contents_of

from khaacho import clock
from khaacho.parties.records import User
from khaacho.platform.database import Database
from khaacho.prepaid.gateways.registry import open_gateways
from khaacho.prepaid.gateways.signatures import payment_signature, webhook_signature
from khaacho.prepaid.reconciliation import reconcile_purchases

PRO = "01890000-0000-7000-8000-000000000103"

Settle = Callable[[], Awaitable[None]]


@pytest.fixture
async def rider(make_rider: MakeRider) -> User:
    return await make_rider()


@pytest.fixture
async def as_rider(rider: User, bearer_of: BearerOf) -> dict[str, str]:
    return await bearer_of(rider)


async def credits_in(database: Database) -> dict[str, object]:
    """Every table's contents but for how often somebody called, and which purchases were counted."""
    async with database.reading() as tx:
        counted = await tx.dicts("SELECT bucket, used FROM rate_limits WHERE bucket LIKE 'credits-purchase%'")
    return {**await contents_of(database), "rate_limits": counted}


async def test_a_package_is_bought_paid_and_proved(
    shop: Shop, database: Database, rider: User, as_rider: dict[str, str]
) -> None:
    """[P10, P11, P33] The whole way: order, pay, prove; the history tells package, payment and both balances."""
    order = await shop.order(as_rider, packageId=PRO)
    assert order == {
        "orderId": order["orderId"],
        "keyId": KEY_ID,
        "amount": 2000.00,
        "amountPaisa": 200_000,
        "currency": "INR",
        "credits": 50,
        "packageName": "Pro",
        "gateway": "RAZORPAY",
        "checkoutUrl": None,
        "formFields": {},
    }
    proof = await shop.pay(order["orderId"])
    first = await shop.verify(as_rider, proof)
    again = await shop.verify(as_rider, proof)
    assert first.status_code == 200
    assert first.json() == again.json()
    answer = first.json()["data"]
    assert (answer["creditsAdded"], answer["creditsBalance"]) == (50, 50)

    balance = await shop.client.get("/api/v1/credits/balance", headers=as_rider)
    assert balance.json()["data"] == {"balance": 50, "freeCredits": 0, "boughtCredits": 50}
    history = (await shop.client.get("/api/v1/credits/history?type=PURCHASE", headers=as_rider)).json()["data"]
    (line,) = history["items"]
    assert (line["transactionId"], line["balanceBefore"], line["balanceAfter"]) == (answer["transactionId"], 0, 50)
    assert line["purchase"] == {
        "gateway": "RAZORPAY",
        "orderId": order["orderId"],
        "paymentId": proof["razorpayPaymentId"],
        "amount": 2000.00,
        "currency": "INR",
        "packageName": "Pro",
        "basePrice": 50.00,
    }
    async with database.reading() as tx:
        (stored,) = await tx.dicts("SELECT ip, user_agent, state FROM prepaid_orders")
    assert (stored["ip"], stored["state"]) == ("127.0.0.1", "PAID")
    assert stored["user_agent"].startswith("python-httpx")
    await assert_credits_hold(database)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"packageId": "01890000-0000-7000-8000-000000000999"}, 422, "INVALID_PACKAGE"),
        ({"creditsAmount": 0}, 422, "INVALID_AMOUNT"),
        ({"creditsAmount": 201}, 422, "INVALID_AMOUNT"),
        ({"creditsAmount": -5}, 422, "INVALID_AMOUNT"),
        ({"creditsAmount": 1.5}, 422, "VALIDATION_ERROR"),
        ({}, 422, "VALIDATION_ERROR"),
        ({"packageId": PRO, "creditsAmount": 5}, 422, "VALIDATION_ERROR"),
    ],
)
async def test_what_cannot_be_bought(
    shop: Shop, database: Database, as_rider: dict[str, str], body: dict[str, Any], status: int, code: str
) -> None:
    """[P1, P2, P32] Nothing is stored, and no attempt is counted."""
    before = await credits_in(database)
    answer = await shop.client.post("/api/v1/credits/initiate-purchase", json=body, headers=as_rider)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert await credits_in(database) == before


async def test_the_largest_balance_is_refused_at_once_but_never_after_paying(
    shop: Shop, database: Database, make_rider: MakeRider, bearer_of: BearerOf
) -> None:
    """[P3] At initiate it is refused; two payments that were taken are both credited, and what is over is recorded."""
    rider = await make_rider(units=850)
    who = await bearer_of(rider)
    orders = [await shop.order(who, creditsAmount=100) for _ in range(2)]
    refused = await shop.client.post("/api/v1/credits/initiate-purchase", json={"creditsAmount": 151}, headers=who)
    assert refused.json()["error"]["code"] == "MAX_BALANCE_EXCEEDED"
    for order in orders:
        assert (await shop.verify(who, await shop.pay(order["orderId"]))).status_code == 200
    assert await units_of(database, rider) == 1050
    async with database.reading() as tx:
        assert await tx.values("SELECT overflow_units FROM prepaid_payments ORDER BY created_at") == [0, 50]
    await assert_credits_hold(database)


async def test_twenty_proofs_at_once_credit_once(
    shop: Shop, database: Database, rider: User, as_rider: dict[str, str]
) -> None:
    """[P13] Twenty simultaneous verifies of one payment: twenty equal answers, one credit."""
    order = await shop.order(as_rider, creditsAmount=7)
    proof = await shop.pay(order["orderId"])
    answers = await asyncio.gather(*(shop.verify(as_rider, proof) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1
    assert await units_of(database, rider) == 7
    await assert_credits_hold(database)


async def test_tampering_is_refused_and_changes_nothing(
    shop: Shop, database: Database, as_rider: dict[str, str], make_rider: MakeRider, bearer_of: BearerOf
) -> None:
    """[P11] A changed signature, order, payment or owner; another order's payment; a payment not taken."""
    order = await shop.order(as_rider, creditsAmount=5)
    cheap = await shop.order(as_rider, creditsAmount=1)
    thief = await bearer_of(await make_rider())
    proof = await shop.pay(order["orderId"])
    cheap_proof = await shop.pay(cheap["orderId"])
    late = await shop.order(as_rider, creditsAmount=5)
    late_proof = await shop.pay(late["orderId"], LATE_CARD)

    def signed(order_id: str, payment_id: str) -> dict[str, str]:
        return {
            "razorpayOrderId": order_id,
            "razorpayPaymentId": payment_id,
            "razorpaySignature": payment_signature(KEY_SECRET, order_id, payment_id),
        }

    before = await credits_in(database)
    cases = [
        (as_rider, proof | {"razorpaySignature": "0" * 64}, 403, "INVALID_SIGNATURE"),
        (as_rider, proof | {"razorpayPaymentId": cheap_proof["razorpayPaymentId"]}, 403, "INVALID_SIGNATURE"),
        (as_rider, proof | {"razorpayOrderId": cheap["orderId"]}, 403, "INVALID_SIGNATURE"),
        (thief, proof, 404, "ORDER_NOT_FOUND"),
        (as_rider, signed("order_unknown", proof["razorpayPaymentId"]), 404, "ORDER_NOT_FOUND"),
        (as_rider, signed(order["orderId"], cheap_proof["razorpayPaymentId"]), 409, "PAYMENT_MISMATCH"),
        (as_rider, signed(order["orderId"], "pay_unknown"), 409, "PAYMENT_MISMATCH"),
        (as_rider, late_proof, 409, "PAYMENT_NOT_CAPTURED"),
    ]
    for who, given, status, code in cases:
        answer = await shop.verify(who, given)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), given
    assert await credits_in(database) == before


@pytest.mark.parametrize(("column", "value"), [("amount_paisa", 100), ("currency", "USD")])
async def test_a_payment_that_is_not_what_was_ordered(
    shop: Shop, database: Database, rider: User, as_rider: dict[str, str], column: str, value: object
) -> None:
    """[P11] The gateway took another amount, or another currency: refused by proof and by reconciliation."""
    order = await shop.order(as_rider, creditsAmount=5)
    async with database.transaction() as tx:
        await tx.execute(f"UPDATE sandbox_orders SET {column} = %(value)s", {"value": value})
    proof = await shop.pay(order["orderId"])
    answer = await shop.verify(as_rider, proof)
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "PAYMENT_MISMATCH")
    with clock.travelled_to(clock.now() + timedelta(minutes=6)):
        tally = await reconcile_purchases(database, open_gateways(shop.settings), False)
    assert tally == {"asked": 1, "credited": 0, "expired": 0, "unreachable": 0, "refused": 1, "taken_back": 0}
    assert await units_of(database, rider) == 0


async def test_events_credit_whoever_never_came_back(
    shop: Shop, database: Database, rider: User, as_rider: dict[str, str], working: Working, settle: Settle
) -> None:
    """[P12, P15] The browser was closed after paying; three copies of each event, the last first, credit once."""
    order = await shop.order(as_rider, creditsAmount=9)
    await shop.pay(order["orderId"], REPEATED_CARD)
    async with working_for(working, shop):
        await settle()
    assert await bought_by(database, rider) == 9
    async with database.reading() as tx:
        assert await tx.values("SELECT answer FROM sandbox_webhooks") == [200] * 6
        # Both may be worked at the same moment; whichever comes first credits.
        outcomes = await tx.values("SELECT outcome FROM prepaid_gateway_events ORDER BY outcome")
    assert outcomes == ["CREDITED", "KNOWN"]
    await assert_credits_hold(database)


async def test_a_declined_card_leaves_the_order_open(
    shop: Shop, database: Database, rider: User, as_rider: dict[str, str], working: Working, settle: Settle
) -> None:
    """[P12] payment.failed notes why; a second try with a good card on the same order is credited."""
    order = await shop.order(as_rider, creditsAmount=3)
    await shop.pay(order["orderId"], DECLINED_CARD)
    async with working_for(working, shop):
        await settle()
        async with database.reading() as tx:
            (stored,) = await tx.dicts("SELECT state, failure FROM prepaid_orders")
        assert stored == {"state": "OPEN", "failure": "The bank declined the card."}
        assert (await shop.verify(as_rider, await shop.pay(order["orderId"]))).status_code == 200
        await settle()
    assert await bought_by(database, rider) == 3


async def test_a_payment_taken_late_is_credited_by_its_event(
    shop: Shop, database: Database, rider: User, as_rider: dict[str, str], working: Working
) -> None:
    """[P15] Promised now and taken seconds later: the proof is refused for now, the event credits."""
    order = await shop.order(as_rider, creditsAmount=4)
    proof = await shop.pay(order["orderId"], LATE_CARD)
    assert (await shop.verify(as_rider, proof)).json()["error"]["code"] == "PAYMENT_NOT_CAPTURED"
    async with working_for(working, shop):
        async with asyncio.timeout(20):
            while await bought_by(database, rider) == 0:
                await asyncio.sleep(0.05)
    assert (await shop.verify(as_rider, proof)).status_code == 200
    assert await bought_by(database, rider) == 4
    await assert_credits_hold(database)


async def test_reconciliation_finds_what_nobody_told(
    shop: Shop, database: Database, rider: User, as_rider: dict[str, str]
) -> None:
    """[P14] Paid, the browser closed, no event ever sent: credited; an unpaid one expires after a day, not before."""
    gateways = open_gateways(shop.settings)
    silent = await shop.order(as_rider, creditsAmount=6)
    await shop.order(as_rider, creditsAmount=2)
    await shop.pay(silent["orderId"], SILENT_CARD)
    assert (await reconcile_purchases(database, gateways, False))["asked"] == 0
    now = clock.now()
    with clock.travelled_to(now + timedelta(minutes=15)):
        assert await reconcile_purchases(database, gateways, True) == {"asked": 2}
        first = await reconcile_purchases(database, gateways, False)
        assert await reconcile_purchases(database, gateways, False) == dict.fromkeys(first, 0)
    assert first == {"asked": 2, "credited": 1, "expired": 0, "unreachable": 0, "refused": 0, "taken_back": 0}
    assert await units_of(database, rider) == 6
    with clock.travelled_to(now + timedelta(hours=25)):
        late = await reconcile_purchases(database, gateways, False)
    assert late == {"asked": 1, "credited": 0, "expired": 1, "unreachable": 0, "refused": 0, "taken_back": 0}
    await assert_credits_hold(database)


async def test_money_that_comes_after_the_end_is_credited_too(
    shop: Shop, database: Database, rider: User, as_rider: dict[str, str]
) -> None:
    """[P3, P14] An expired order that is paid after all is asked about for days, and credited."""
    gateways = open_gateways(shop.settings)
    order = await shop.order(as_rider, creditsAmount=2)
    now = clock.now()
    with clock.travelled_to(now + timedelta(hours=25)):
        assert (await reconcile_purchases(database, gateways, False))["expired"] == 1
    await shop.pay(order["orderId"], SILENT_CARD)
    with clock.travelled_to(now + timedelta(days=3)):
        assert (await reconcile_purchases(database, gateways, False))["credited"] == 1
    assert await units_of(database, rider) == 2


async def test_a_gateway_that_is_away_costs_nothing(
    shop: Shop, database: Database, rider: User, as_rider: dict[str, str], open_shop: Any
) -> None:
    """[P10, P14] No answer: 503 and Retry-After; the same key goes on with the same order once the gateway is back."""
    body, headers = {"creditsAmount": 3}, as_rider | {"Idempotency-Key": "one-purchase"}
    async with open_shop(RAZORPAY_BASE_URL="http://127.0.0.1:1") as cut_off:
        away = await cut_off.client.post("/api/v1/credits/initiate-purchase", json=body, headers=headers)
    assert (away.status_code, away.json()["error"]["code"]) == (503, "GATEWAY_UNAVAILABLE")
    assert "Retry-After" in away.headers
    back = [await shop.client.post("/api/v1/credits/initiate-purchase", json=body, headers=headers) for _ in range(2)]
    assert back[0].json() == back[1].json()
    other = await shop.client.post("/api/v1/credits/initiate-purchase", json={"creditsAmount": 4}, headers=headers)
    assert other.json()["error"]["code"] == "IDEMPOTENCY_KEY_REUSED"
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM prepaid_orders") == 1
        assert await tx.value("SELECT count(*) FROM sandbox_orders") == 1


async def test_one_key_sent_six_times_at_once_is_one_order(
    shop: Shop, database: Database, as_rider: dict[str, str]
) -> None:
    """[P10, X3] Each answer is that order, or that the first is still at work; afterwards all get it.

    Without a key each request is an order of its own.
    """
    path, body, keyed = "/api/v1/credits/initiate-purchase", {"creditsAmount": 3}, {"Idempotency-Key": "one-wish"}
    answers = await asyncio.gather(*(shop.client.post(path, json=body, headers=as_rider | keyed) for _ in range(6)))
    assert {answer.status_code for answer in answers} <= {201, 409}
    refused = [answer.json()["error"] for answer in answers if answer.status_code == 409]
    assert {(error["code"], error["retryable"]) for error in refused} <= {("REQUEST_IN_PROGRESS", True)}
    ids = {answer.json()["data"]["orderId"] for answer in answers if answer.status_code == 201}
    ids.add((await shop.client.post(path, json=body, headers=as_rider | keyed)).json()["data"]["orderId"])
    assert len(ids) == 1
    for _ in range(2):
        assert (await shop.client.post(path, json=body, headers=as_rider)).status_code == 201
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM prepaid_orders") == 3


async def test_an_order_whose_name_we_never_learned(
    shop: Shop, database: Database, rider: User, as_rider: dict[str, str]
) -> None:
    """[P14] We died between the gateway's answer and storing it: the receipt finds the order, and the money."""
    order = await shop.order(as_rider, creditsAmount=8)
    await shop.pay(order["orderId"], SILENT_CARD)
    async with database.transaction() as tx:
        await tx.execute("UPDATE prepaid_orders SET gateway_order_id = NULL, state = 'CREATED'")
    with clock.travelled_to(clock.now() + timedelta(minutes=6)):
        assert (await reconcile_purchases(database, open_gateways(shop.settings), False))["credited"] == 1
    assert await units_of(database, rider) == 8


async def test_the_webhook_believes_only_signed_bytes(
    shop: Shop, database: Database, rider: User, as_rider: dict[str, str], open_shop: Any
) -> None:
    """[P12] The very bytes, their last newline included; the previous secret too while it is being changed."""
    order = await shop.order(as_rider, creditsAmount=5)
    await shop.pay(order["orderId"])
    async with database.reading() as tx:
        body = bytes(await tx.value("SELECT body FROM sandbox_webhooks ORDER BY created_at LIMIT 1")) + b"\n"
    good = webhook_signature(WEBHOOK_SECRET, body)
    before = await credits_in(database)
    for wrong_body, signature in (
        (body, "0" * 64),
        (body, ""),
        (body, webhook_signature("another secret", body)),
        (body.rstrip(b"\n"), good),
        (body.replace(b'":', b'": '), good),
    ):
        answer = await shop.tell(wrong_body, signature=signature, event_id="evt_1")
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "INVALID_SIGNATURE")
    assert await credits_in(database) == before
    async with open_shop(RAZORPAY_WEBHOOK_SECRET="new", RAZORPAY_WEBHOOK_SECRET_PREVIOUS=WEBHOOK_SECRET) as rotating:
        answers = [await rotating.tell(body, signature=good, event_id="evt_1") for _ in range(2)]
    assert [answer.json()["data"]["outcome"] for answer in answers] == ["CREDITED", "DUPLICATE"]
    assert await units_of(database, rider) == 5


async def test_money_given_back_takes_the_credits_with_it(
    shop: Shop, database: Database, rider: User, as_rider: dict[str, str], working: Working, settle: Settle
) -> None:
    """[P12] refund.processed, in two parts and before the payment was heard of: the credits go, the books agree."""
    order = await shop.order(as_rider, creditsAmount=10)
    proof = await shop.pay(order["orderId"], SILENT_CARD)
    path = f"/sandbox/razorpay/v1/payments/{proof['razorpayPaymentId']}/refund"
    for amount in (25_000, 25_000):
        answer = await shop.gateway.post(path, json={"amount": amount}, auth=(KEY_ID, KEY_SECRET))
        assert answer.status_code == 200
    async with working_for(working, shop):
        await settle()
    assert await bought_by(database, rider) == 0
    async with database.reading() as tx:
        refunds = await tx.dicts("SELECT units_taken, units_short FROM prepaid_gateway_refunds")
    assert refunds == [{"units_taken": 5, "units_short": 0}] * 2
    await assert_credits_hold(database)
