"""What a careless or hostile client sends where money moves: a coded refusal each time, and nothing changed."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
from tests.fixtures.people import BearerOf, MakeRetailer
from tests.fixtures.trade import OpenShops, assert_books_hold, contents_of

from khaacho.catalog.records import Offer
from khaacho.platform.database import Database

# As they stand in the body, unquoted: what is no amount, whoever reads it.
NO_AMOUNTS = {
    "below zero": "-1",
    "zero": "0",
    "less than nothing": "-0.00",
    "three decimals": "1.005",
    "three decimals as text": '"1.005"',
    "a power of ten as text": '"1e3"',
    "a power of ten in capitals": '"1E3"',
    "underscores": '"1_000"',
    "thousands": '"1,000"',
    "a plus": '"+5"',
    "spaces": '" 5 "',
    "Devanagari digits": '"१००"',
    "Devanagari digits behind escapes": '"\\u0967\\u0966"',
    "Arabic digits": '"٣"',
    "wide digits": '"５"',
    "hexadecimal": '"0x10"',
    "not a number": '"NaN"',
    "infinity": '"Infinity"',
    "more than there is": "99999999999999999999",
    "more than any number": "1e400",
    "nothing": '""',
    "a boolean": "true",
    "a list": "[5]",
    "null": "null",
}
NOT_JSON = ("NaN", "Infinity", "1.", "01", "+5", "5,")

# Where an amount moves money, or a quantity does; "@" is where it stands.
DOORS = {
    "a payment": ("/admin/payment/record", '{"retailerId": "$shop", "amountPaid": @, "method": "CASH"}'),
    "a cheque": ("/admin/payment/record", '{"retailerId": "$shop", "amountPaid": @, "method": "CHEQUE"}'),
    "an adjustment": ("/admin/adjustment/create", '{"retailerId": "$shop", "adjustmentAmount": @, "reason": "return"}'),
    "an order": (
        "/orders",
        '{"retailerId": "$shop", "items": [{"sku": "$sku", "quantity": @}], "paymentMode": "CREDIT"}',
    ),
    "a question": (
        "/admin/guardrails/validate-order",
        '{"retailerId": "$shop", "orderAmount": @, "paymentMode": "CREDIT"}',
    ),
    "a line": ("/admin/credit/accounts", '{"retailerId": "$bare", "creditLimit": @}'),
}
# An adjustment may be below zero, a limit zero, and some of what is missing may be left out.
FINE = {("an adjustment", "below zero"), ("a line", "zero"), ("a line", "less than nothing")}


class Desk:
    """An admin at the API, a shop with a line, one without, and goods."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str], names: dict[str, str]) -> None:
        self._client, self._headers, self.names = client, headers, names

    async def send(self, path: str, body: str, *, key: str | None = "", who: dict[str, str] | None = None) -> Any:
        for name, value in self.names.items():
            body, path = body.replace(f"${name}", value), path.replace(f"${name}", value)
        headers = {**(self._headers if who is None else who), "Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key or str(uuid4())
        return await self._client.post("/api/v1" + path, content=body.encode(), headers=headers)


@pytest.fixture
async def desk(
    client: httpx.AsyncClient,
    as_admin: dict[str, str],
    open_shops: OpenShops,
    make_retailer: MakeRetailer,
    one_rupee: Offer,
) -> Desk:
    (shop,) = await open_shops(1)
    bare = await make_retailer()
    names = {"shop": str(shop), "bare": str(bare.id), "sku": one_rupee.sku, "nobody": str(uuid4())}
    return Desk(client, as_admin, names)


async def money_in(database: Database) -> dict[str, str]:
    """Every table, but for how often somebody called."""
    return {table: rows for table, rows in (await contents_of(database)).items() if table != "rate_limits"}


@pytest.mark.parametrize("door", DOORS)
async def test_what_is_no_amount_is_refused(desk: Desk, database: Database, door: str) -> None:
    """[C60] [P32] A number has to be written in plain digits, above zero, with what decimals there are."""
    path, body = DOORS[door]
    before = await money_in(database)
    for kind, amount in NO_AMOUNTS.items():
        if (door, kind) in FINE:
            continue
        answer = await desk.send(path, body.replace("@", amount))
        told = f"{door}, {kind}: {answer.status_code} {answer.text[:300]}"
        assert (answer.status_code, answer.json()["error"]["code"]) in (
            (422, "VALIDATION_ERROR"),
            (422, "INVALID_QUANTITY"),
        ), told
    for amount in NOT_JSON:
        answer = await desk.send(path, body.replace("@", amount))
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "MALFORMED_REQUEST"), amount
    assert await money_in(database) == before


async def test_plain_texts_and_numbers_are_the_same(desk: Desk) -> None:
    """[X1] Amounts are taken as numbers and as decimal texts, to the paisa."""
    path, body = DOORS["a payment"]
    for amount in ("1250.5", '"1250.50"', "1250.50", '"1250.5"', "1.2505e3"):
        answer = await desk.send(path, body.replace("@", amount))
        assert (answer.status_code, answer.json()["data"]["amountPaid"]) == (201, 1250.5), amount


MISUSES = [
    ("/admin/payment/record", '{"amountPaid": 5, "method": "CASH"}', 422, "VALIDATION_ERROR"),
    (
        "/admin/payment/record",
        '{"retailerId": "$nobody", "amountPaid": 5, "method": "CASH"}',
        404,
        "RETAILER_NOT_FOUND",
    ),
    (
        "/admin/payment/record",
        '{"transactionId": "$nobody", "amountPaid": 5, "method": "CASH"}',
        404,
        "TRANSACTION_NOT_FOUND",
    ),
    ("/admin/payment/record", '{"retailerId": "$shop", "amountPaid": 5, "method": "GOLD"}', 422, "VALIDATION_ERROR"),
    ("/admin/payment/record", '{"retailerId": "5", "amountPaid": 5, "method": "CASH"}', 422, "VALIDATION_ERROR"),
    (
        "/admin/payment/record",
        '{"retailerId": "$shop", "amountPaid": 5, "method": "CASH", "eventAt": "2090-01-01T00:00:00Z"}',
        422,
        "VALIDATION_ERROR",
    ),
    (
        "/admin/payment/record",
        '{"retailerId": "$shop", "amountPaid": 5, "method": "CASH", "eventAt": "2026-01-01T00:00:00"}',
        422,
        "VALIDATION_ERROR",
    ),
    (
        "/admin/payment/record",
        '{"retailerId": "$shop", "amountPaid": 5, "method": "CASH", "performedBy": "me"}',
        422,
        "VALIDATION_ERROR",
    ),
    ("/admin/payment/$nobody/clear", "", 404, "PAYMENT_NOT_FOUND"),
    ("/admin/payment/$nobody/bounce", "", 404, "PAYMENT_NOT_FOUND"),
    ("/admin/payment/$nobody/reverse", '{"reason": "x"}', 404, "PAYMENT_NOT_FOUND"),
    ("/admin/payment/$nobody/reverse", "{}", 422, "VALIDATION_ERROR"),
    (
        "/admin/adjustment/create",
        '{"retailerId": "$nobody", "adjustmentAmount": 5, "reason": "return"}',
        404,
        "RETAILER_NOT_FOUND",
    ),
    (
        "/admin/adjustment/create",
        '{"retailerId": "$bare", "adjustmentAmount": 5, "reason": "return"}',
        404,
        "NO_CREDIT_ACCOUNT",
    ),
    (
        "/admin/adjustment/create",
        '{"retailerId": "$shop", "adjustmentAmount": 5, "reason": "a whim"}',
        422,
        "VALIDATION_ERROR",
    ),
    (
        "/admin/adjustment/create",
        '{"retailerId": "$shop", "adjustmentAmount": 5, "reason": "write-off"}',
        422,
        "VALIDATION_ERROR",
    ),
    ("/admin/adjustment/$nobody/reverse", "", 404, "ADJUSTMENT_NOT_FOUND"),
    ("/admin/credit/accounts", '{"retailerId": "$nobody", "creditLimit": 5}', 404, "RETAILER_NOT_FOUND"),
    ("/admin/credit/accounts", '{"retailerId": "$bare", "vendorId": "$nobody", "creditLimit": 5}', 404, "NOT_FOUND"),
    ("/admin/credit/accounts", '{"retailerId": "$shop", "creditLimit": 5}', 409, "ALREADY_EXISTS"),
    ("/admin/credit/$nobody/pause", '{"reason": "late"}', 404, "RETAILER_NOT_FOUND"),
    ("/admin/promise", '{"retailerId": "$nobody", "date": "2090-01-01"}', 404, "RETAILER_NOT_FOUND"),
    (
        "/orders",
        '{"retailerId": "$nobody", "items": [{"sku": "$sku", "quantity": 5}], "paymentMode": "COD"}',
        404,
        "RETAILER_NOT_FOUND",
    ),
    (
        "/orders",
        '{"retailerId": "$bare", "items": [{"sku": "$sku", "quantity": 5}], "paymentMode": "CREDIT"}',
        404,
        "NO_CREDIT_ACCOUNT",
    ),
    (
        "/orders",
        '{"retailerId": "$shop", "items": [{"sku": "$sku", "quantity": 100001}], "paymentMode": "CREDIT"}',
        422,
        "MAX_ORDER_VALUE_EXCEEDED",
    ),
    ("/orders", '{"retailerId": "$shop", "items": [], "paymentMode": "COD"}', 422, "VALIDATION_ERROR"),
]


async def test_unknown_ids_and_senseless_requests_are_refused(desk: Desk, database: Database) -> None:
    """[C12] [C60] Each with the code that says what was wrong; nothing of any table has changed after all of them."""
    before = await money_in(database)
    for path, body, status, code in MISUSES:
        answer = await desk.send(path, body)
        told = f"{path} {body}: {answer.status_code} {answer.text[:300]}"
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), told
    assert await money_in(database) == before


async def test_keys_are_asked_for_and_stand_for_one_request(desk: Desk, database: Database) -> None:
    """[X3] Without a key, with an endless one, or with one that was used for something else: refused."""
    payment, order = DOORS["a payment"], DOORS["an order"]
    before = await money_in(database)
    for path, body in (payment, order):
        body = body.replace("@", "5")
        missing = await desk.send(path, body, key=None)
        assert (missing.status_code, missing.json()["error"]["code"]) == (400, "IDEMPOTENCY_KEY_REQUIRED")
        endless = await desk.send(path, body, key="k" * 201)
        assert (endless.status_code, endless.json()["error"]["code"]) == (422, "VALIDATION_ERROR")
        assert endless.json()["error"]["details"]["field"] == "Idempotency-Key"
    assert await money_in(database) == before
    for path, body in (payment, order, DOORS["an adjustment"]):
        first = await desk.send(path, body.replace("@", "5"), key="one key")
        after = await money_in(database)
        again = await desk.send(path, body.replace("@", "5"), key="one key")
        assert (first.status_code, again.status_code, again.json()) == (201, 201, first.json())
        other = await desk.send(path, body.replace("@", "6"), key="one key")
        assert (other.status_code, other.json()["error"]["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
        assert await money_in(database) == after
    await assert_books_hold(database)


@pytest.mark.parametrize("door", ["a payment", "an adjustment", "an order"])
async def test_submitting_twenty_times_at_once_happens_once(desk: Desk, database: Database, door: str) -> None:
    """[X3] [O31] An impatient finger moves money once, and every answer is the same."""
    path, body = DOORS[door]
    answers = await asyncio.gather(*(desk.send(path, body.replace("@", "5"), key="impatient") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {201}, answers
    assert len({json.dumps(answer.json()) for answer in answers}) == 1
    table = {"a payment": "credit_payments", "an adjustment": "credit_adjustments", "an order": "orders"}[door]
    async with database.reading() as tx:
        assert await tx.value(f"SELECT count(*) FROM {table}") == 1
    await assert_books_hold(database)


async def test_nobody_moves_the_money_of_others(
    desk: Desk, database: Database, make_retailer: MakeRetailer, bearer_of: BearerOf
) -> None:
    """[X10] A shop may neither order in another's name nor see what it owes; staff's doors are closed to it."""
    other = await bearer_of(await make_retailer())
    before = await money_in(database)
    for door, (path, body) in DOORS.items():
        answer = await desk.send(path, body.replace("@", "5"), who=other)
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN"), door
        stranger = await desk.send(path, body.replace("@", "5"), who={})
        assert (stranger.status_code, stranger.json()["error"]["code"]) == (401, "UNAUTHENTICATED"), door
    assert await money_in(database) == before


async def test_a_limit_is_set_with_the_shop(
    desk: Desk, client: httpx.AsyncClient, as_admin: dict[str, str], database: Database
) -> None:
    """[C20] A shop's limit is shown and set beside its particulars; never below what is used, and audited."""
    shop = f"/api/v1/admin/retailers/{desk.names['shop']}"
    bare = f"/api/v1/admin/retailers/{desk.names['bare']}"
    assert (await client.get(shop, headers=as_admin)).json()["data"]["creditLimit"] == 100_000
    assert (await client.get(bare, headers=as_admin)).json()["data"]["creditLimit"] is None
    ordered = await desk.send("/orders", DOORS["an order"][1].replace("@", "5000"))
    assert ordered.status_code == 201, ordered.text
    before = await money_in(database)
    below = await client.patch(shop, json={"creditLimit": 4999.99, "city": "Dailekh"}, headers=as_admin)
    assert (below.status_code, below.json()["error"]["code"]) == (409, "LIMIT_BELOW_USE")
    assert below.json()["error"]["details"] == {"newLimit": 4999.99, "usedCredit": 5000}
    for wrong in (-1, 1.005, "1e3", None):
        refused = await client.patch(shop, json={"creditLimit": wrong}, headers=as_admin)
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "VALIDATION_ERROR"), wrong
    assert await money_in(database) == before
    for path, limit in ((shop, 5000), (bare, "2500.50")):
        told = await client.patch(path, json={"creditLimit": limit, "reason": "agreed by telephone"}, headers=as_admin)
        assert (told.status_code, told.json()["data"]["creditLimit"]) == (200, float(limit))
    listed = (await client.get("/api/v1/admin/retailers", headers=as_admin)).json()["data"]["items"]
    assert {one["id"]: one["creditLimit"] for one in listed} == {desk.names["shop"]: 5000, desk.names["bare"]: 2500.5}
    changes = await client.get("/api/v1/admin/audit/credit/all?action=CREDIT_LIMIT_CHANGED&limit=2", headers=as_admin)
    assert [one["newValues"]["limit"] for one in changes.json()["data"]["items"]] == [2500.5, 5000]
    await assert_books_hold(database)


async def test_refusals_on_credit_tell_their_figures(desk: Desk, database: Database) -> None:
    """[C12] Code, status and figures of each, as numbers; and nothing of any table has changed."""
    order = DOORS["an order"][1]
    assert (await desk.send("/orders", order.replace("@", "60000.00"))).status_code == 201

    async def refused(body: str) -> tuple[int, str, Any]:
        before = await money_in(database)
        answer = await desk.send("/orders", body)
        assert await money_in(database) == before
        error = answer.json()["error"]
        return answer.status_code, error["code"], error.get("details")

    assert await refused(order.replace("@", "40001")) == (
        402,
        "INSUFFICIENT_CREDIT",
        {
            "currentBalance": 60_000,
            "creditLimit": 100_000,
            "orderAmount": 40_001,
            "availableCredit": 40_000,
            "projectedBalance": 100_001,
        },
    )
    assert await refused(order.replace("@", "100001")) == (
        422,
        "MAX_ORDER_VALUE_EXCEEDED",
        {"orderAmount": 100_001, "maxOrderValue": 100_000},
    )
    assert (await refused(order.replace("$shop", "$bare").replace("@", "5")))[:2] == (404, "NO_CREDIT_ACCOUNT")
    for verb, code in (("pause", "CREDIT_PAUSED"), ("block", "CREDIT_BLOCKED")):
        done = await desk.send(f"/admin/credit/$shop/{verb}", '{"reason": "Overdue payments"}')
        assert done.status_code == 200
        status, told, details = await refused(order.replace("@", "5"))
        assert (status, told, list(details.values())) == (403, code, ["Overdue payments"])
    assert (await desk.send("/admin/credit/$shop/unpause", "")).status_code == 200
    assert await refused(order.replace("@", "0.5")) == (
        422,
        "INVALID_QUANTITY",
        {"sku": desk.names["sku"], "quantity": 0.5, "nearest": 1},
    )
