"""Payments, cheques, adjustments and what takes them back, over real HTTP [C60–C63]."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.fixtures.people import BearerOf, MakeRetailer, MakeUser, MakeVendor
from tests.fixtures.trade import OpenShops, contents_of, paisa

from khaacho.actors import SYSTEM, ActorRole
from khaacho.credit.paying.adjustments import record_adjustment
from khaacho.credit.queries import require_debit
from khaacho.credit.records import AdjustmentReason, Debit, NewAdjustment
from khaacho.ids import new_id
from khaacho.platform.database import Database

RECORD = "/api/v1/admin/payment/record"
ADJUST = "/api/v1/admin/adjustment/create"
# Rows that only count requests and sign-ins.
UNCOUNTED = {"rate_limits", "refresh_tokens", "sign_ins", "worker_heartbeats", "users"}


class Till:
    """An admin at the till: posts, and knows what every table holds."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str], database: Database) -> None:
        self.client, self.headers, self.database = client, headers, database

    async def post(self, path: str, body: dict[str, Any] | None = None, *, key: str | None = None) -> httpx.Response:
        headers = {**self.headers, **({"Idempotency-Key": key} if key else {})}
        return await self.client.post(path, json=body, headers=headers)

    async def told(self, path: str, body: dict[str, Any] | None = None, *, key: str | None = None) -> dict[str, Any]:
        answer = await self.post(path, body, key=key)
        assert answer.status_code in (200, 201), answer.text
        data: dict[str, Any] = answer.json()["data"]
        return data

    async def refused(self, path: str, body: dict[str, Any], *, key: str | None = "k") -> tuple[int, str]:
        """Status and code of a refusal that changed nothing."""
        before = await self.contents()
        answer = await self.post(path, body, key=key)
        assert await self.contents() == before, answer.text
        refusal = answer.json()
        assert refusal["success"] is False
        return answer.status_code, refusal["error"]["code"]

    async def contents(self) -> dict[str, str]:
        found = await contents_of(self.database)
        return {table: rows for table, rows in found.items() if table not in UNCOUNTED}


@pytest.fixture
def till(client: httpx.AsyncClient, as_admin: dict[str, str], database: Database) -> Till:
    return Till(client, as_admin, database)


async def charge(database: Database, shop: UUID, rupees: int) -> Debit:
    """An open item, without goods."""
    new = NewAdjustment(retailer_id=shop, amount_paisa=paisa(rupees), reason=AdjustmentReason.OPENING_BALANCE)
    async with database.transaction() as tx:
        outcome = await record_adjustment(tx, SYSTEM, new)
        assert outcome.debit_id is not None
        return await require_debit(tx, outcome.debit_id)


async def test_the_audit_tells_what_was_cleared_in_rupees(
    till: Till, database: Database, open_shops: OpenShops
) -> None:
    """[C80] Item by item, named and counted as everywhere in the API, of what came in and of what was taken back."""
    (shop,) = await open_shops(1)
    item = str((await charge(database, shop, 1_000)).id)
    body = {"transactionId": item, "amountPaid": 500.5, "method": "CASH"}
    paid = await till.told(RECORD, body, key="a")
    credit = {"retailerId": str(shop), "adjustmentAmount": -20.25, "reason": "RETURN"}
    await till.told(ADJUST, credit)
    await till.told(f"/api/v1/admin/payment/{paid['paymentId']}/reverse", {"reason": "another shop's"})
    answer = await till.client.get(f"/api/v1/admin/audit/{shop}", params={"limit": 3}, headers=till.headers)
    told = {one["action"]: one["newValues"] for one in answer.json()["data"]["items"]}
    assert told["CREDIT_CLEARED"]["allocations"] == [{"transactionId": item, "amount": 500.5}]
    assert told["ADJUSTMENT"]["allocations"] == [{"transactionId": item, "amount": 20.25}]
    assert told["PAYMENT_REVERSED"]["undone"] == [{"transactionId": item, "amount": 500.5}]


async def test_a_payment_answers_what_it_cleared(till: Till, database: Database, open_shops: OpenShops) -> None:
    """[C60] The item, or what it came from, may be named; the answer has what remains and where the money went."""
    (shop,) = await open_shops(1)
    first, second = await charge(database, shop, 1_000), await charge(database, shop, 2_000)
    body = {"transactionId": str(second.id), "amountPaid": 500.5, "method": "MOBILE_MONEY", "reference": "eSewa 77"}
    told = await till.told(RECORD, body, key="a")
    assert told["transactionId"] == str(second.id)
    assert (told["amountPaid"], told["remaining"], told["status"]) == (500.5, 1499.5, "PARTIAL_CLEARED")
    assert told["allocations"] == [{"transactionId": str(second.id), "amount": 500.5, "remaining": 1499.5}]
    body = {"transactionId": str(second.source_id), "amountPaid": "1999.50", "method": "CASH"}
    told = await till.told(RECORD, body, key="b")
    assert (told["transactionId"], told["remaining"], told["status"]) == (str(second.id), 0, "FULLY_CLEARED")
    assert [part["transactionId"] for part in told["allocations"]] == [str(second.id), str(first.id)]
    body = {"retailerId": str(shop), "amountPaid": 700, "method": "BANK_TRANSFER", "eventAt": "2026-01-05T10:00:00Z"}
    told = await till.told(RECORD, body, key="c")
    assert (told["transactionId"], told["remaining"], told["unapplied"]) == (None, 0, 200)


async def test_a_key_makes_it_once(till: Till, database: Database, open_shops: OpenShops) -> None:
    """[C60] Without a key refused; with one, told the same twice; with another body refused."""
    (shop,) = await open_shops(1)
    await charge(database, shop, 1_000)
    body = {"retailerId": str(shop), "amountPaid": 100, "method": "CASH"}
    assert await till.refused(RECORD, body, key=None) == (400, "IDEMPOTENCY_KEY_REQUIRED")
    first = await till.told(RECORD, body, key="once")
    before = await till.contents()
    assert await till.told(RECORD, body, key="once") == first
    assert await till.contents() == before
    assert await till.refused(RECORD, {**body, "amountPaid": 200}, key="once") == (409, "IDEMPOTENCY_KEY_REUSED")
    assert (await till.told(RECORD, body, key="twice"))["remaining"] == 800


@pytest.mark.parametrize(
    "amount",
    [
        0,
        -1,
        -0.01,
        0.001,
        10.005,
        "1e-3",
        1e15,
        "99999999999999999999",
        "NaN",
        "Infinity",
        "ten",
        "",
        True,
        None,
        [],
    ],
    ids=str,
)
async def test_an_amount_nobody_can_pay_is_refused(till: Till, open_shops: OpenShops, amount: object) -> None:
    """[C60] Nothing, less, fractions of a paisa, too much, and what is no number: 422, and nothing changed."""
    (shop,) = await open_shops(1)
    paid = {"retailerId": str(shop), "amountPaid": amount, "method": "CASH"}
    assert await till.refused(RECORD, paid) == (422, "VALIDATION_ERROR")
    if amount not in (-1, -0.01):
        given = {"retailerId": str(shop), "adjustmentAmount": amount, "reason": "RETURN"}
        assert await till.refused(ADJUST, given) == (422, "VALIDATION_ERROR")


async def test_a_payment_that_names_wrongly_is_refused(till: Till, database: Database, open_shops: OpenShops) -> None:
    """[C60] Nobody, an unknown item or shop, somebody else's item, a cleared one, tomorrow, an unknown method."""
    shop, other = await open_shops(2)
    debit = await charge(database, shop, 100)
    sound = {"amountPaid": 10, "method": "CASH"}
    assert await till.refused(RECORD, sound) == (422, "VALIDATION_ERROR")
    assert await till.refused(RECORD, {**sound, "transactionId": str(new_id())}) == (404, "TRANSACTION_NOT_FOUND")
    assert await till.refused(RECORD, {**sound, "retailerId": str(new_id())}) == (404, "RETAILER_NOT_FOUND")
    foreign = {**sound, "transactionId": str(debit.id), "retailerId": str(other)}
    assert await till.refused(RECORD, foreign) == (422, "VALIDATION_ERROR")
    for field, value in (
        ("eventAt", "2999-01-01T00:00:00Z"),
        ("eventAt", "0001-01-01T00:00:00+14:00"),
        ("eventAt", "2026-01-01T00:00:00"),
        ("method", "GOLD"),
        ("reference", ""),
        ("reference", "a\x00b"),
        ("tip", 1),
        ("retailerId", "x"),
    ):
        wrong = {**sound, "retailerId": str(shop), field: value}
        assert await till.refused(RECORD, wrong) == (422, "VALIDATION_ERROR"), field
    await till.told(RECORD, {**sound, "amountPaid": 100, "transactionId": str(debit.id)}, key="all")
    assert await till.refused(RECORD, {**sound, "transactionId": str(debit.id)}) == (409, "TRANSACTION_CLEARED")


async def test_a_cheque_over_http(till: Till, database: Database, open_shops: OpenShops) -> None:
    """[C61] Pending, then cleared once, or bounced once with a reason; codes say what became of it."""
    (shop,) = await open_shops(1)
    await charge(database, shop, 1_000)
    body = {"retailerId": str(shop), "amountPaid": 600, "method": "CHEQUE", "reference": "NIC 0042"}
    first, second = await till.told(RECORD, body, key="a"), await till.told(RECORD, body, key="b")
    assert (first["status"], first["remaining"], first["allocations"]) == ("PENDING_CLEARANCE", 1000, [])
    clear = f"/api/v1/admin/payment/{first['paymentId']}/clear"
    bounce = f"/api/v1/admin/payment/{second['paymentId']}/bounce"
    told = await till.told(clear)
    assert (told["status"], told["remaining"], told["paymentId"]) == ("PARTIAL_CLEARED", 400, first["paymentId"])
    assert await till.refused(clear, {}) == (409, "ALREADY_CLEARED")
    for wrong in ({"reason": ""}, {"reason": "x" * 201}, {"reason": 5}):
        assert await till.refused(bounce, wrong) == (422, "VALIDATION_ERROR")
    told = await till.told(bounce, {"reason": "no funds"})
    assert (told["status"], told["amount"], told["reason"]) == ("BOUNCED", 600, "no funds")
    assert await till.refused(bounce, {"reason": "again"}) == (409, "ALREADY_BOUNCED")
    back = f"/api/v1/admin/payment/{first['paymentId']}/reverse"
    told = await till.told(back, {"reason": "the bank took it back"})
    assert (told["status"], told["amount"], told["newUsedCredit"]) == ("REVERSED", 600, 1000)
    assert told["undone"][0]["amount"] == 600
    assert await till.refused(back, {"reason": "again"}) == (409, "ALREADY_REVERSED")
    nobody = f"/api/v1/admin/payment/{new_id()}"
    for verb in ("clear", "bounce", "reverse"):
        assert await till.refused(f"{nobody}/{verb}", {"reason": "x"}) == (404, "PAYMENT_NOT_FOUND")


@pytest.mark.parametrize("reason", ["WRITE_OFF", "write-off", "Write off", " write_off "])
async def test_a_reason_may_be_written_as_people_do(
    till: Till, database: Database, open_shops: OpenShops, reason: str
) -> None:
    """[C62] Small letters, hyphens and spaces are the same reason."""
    (shop,) = await open_shops(1)
    await charge(database, shop, 1_000)
    told = await till.told(ADJUST, {"retailerId": str(shop), "adjustmentAmount": -400, "reason": reason})
    assert (told["type"], told["amount"], told["newUsedCredit"]) == ("CREDIT", 400, 600)
    async with database.reading() as tx:
        assert await tx.value("SELECT reason FROM credit_adjustments WHERE kind = 'CREDIT'") == "WRITE_OFF"


async def test_adjustments_over_http(
    till: Till, database: Database, open_shops: OpenShops, make_vendor: MakeVendor
) -> None:
    """[C62][C63] A debit past the limit says so; a key makes it once; taken back once; wrong ones refused."""
    (shop,) = await open_shops(1, limit_rupees=1_000)
    body = {"retailerId": str(shop), "adjustmentAmount": 1_250.5, "reason": "chargeback", "note": "bank"}
    answer = await till.post(ADJUST, body, key="once")
    assert answer.status_code == 201
    assert answer.json()["message"] == "The shop is now Rs.250.50 past its limit."
    told = answer.json()["data"]
    assert (told["type"], told["newUsedCredit"], told["overLimit"]) == ("DEBIT", 1250.5, 250.5)
    assert await till.told(ADJUST, body, key="once") == told
    assert await till.refused(ADJUST, {**body, "note": "other"}, key="once") == (409, "IDEMPOTENCY_KEY_REUSED")
    back = f"/api/v1/admin/adjustment/{told['adjustmentId']}/reverse"
    assert (await till.told(back, {"reason": "a slip"}))["newUsedCredit"] == 0
    assert await till.refused(back, {"reason": "a slip"}) == (409, "ALREADY_REVERSED")
    nobody = f"/api/v1/admin/adjustment/{new_id()}/reverse"
    assert await till.refused(nobody, {"reason": "x"}) == (404, "ADJUSTMENT_NOT_FOUND")
    sound = {"retailerId": str(shop), "adjustmentAmount": -5, "reason": "RETURN"}
    vendor = await make_vendor()
    for wrong, code in (
        ({"reason": "because"}, (422, "VALIDATION_ERROR")),
        ({"reason": "write-off", "adjustmentAmount": 5}, (422, "VALIDATION_ERROR")),
        ({"retailerId": str(new_id())}, (404, "RETAILER_NOT_FOUND")),
        ({"vendorId": str(vendor.id)}, (404, "NO_CREDIT_ACCOUNT")),
        ({"transactionId": str(new_id())}, (404, "TRANSACTION_NOT_FOUND")),
        ({"transactionId": told["transactionId"]}, (409, "TRANSACTION_CLEARED")),
        ({"note": "x" * 201}, (422, "VALIDATION_ERROR")),
        ({"eventAt": "2999-01-01T00:00:00Z"}, (422, "VALIDATION_ERROR")),
    ):
        assert await till.refused(ADJUST, {**sound, **wrong}, key=None) == code, wrong


async def test_only_our_people_touch_the_till(
    client: httpx.AsyncClient,
    database: Database,
    open_shops: OpenShops,
    make_retailer: MakeRetailer,
    make_vendor: MakeVendor,
    make_user: MakeUser,
    bearer_of: BearerOf,
) -> None:
    """[X10] A shop cannot pay itself free, nor can a vendor; an operator may do all of it."""
    (shop,) = await open_shops(1)
    paid = {"retailerId": str(shop), "amountPaid": 10, "method": "CASH"}
    given = {"retailerId": str(shop), "adjustmentAmount": -10, "reason": "RETURN"}
    somebody = new_id()
    for who in (await make_retailer(), await make_vendor()):
        till = Till(client, await bearer_of(who), database)
        assert await till.refused(RECORD, paid) == (403, "FORBIDDEN")
        assert await till.refused(ADJUST, given) == (403, "FORBIDDEN")
        for path in ("payment/{}/clear", "payment/{}/bounce", "payment/{}/reverse", "adjustment/{}/reverse"):
            url = "/api/v1/admin/" + path.format(somebody)
            assert await till.refused(url, {"reason": "x"}) == (403, "FORBIDDEN")
    operator = Till(client, await bearer_of(await make_user(role=ActorRole.OPERATOR)), database)
    told = await operator.told(RECORD, paid, key="k")
    await operator.told(f"/api/v1/admin/payment/{told['paymentId']}/reverse", {"reason": "a slip"})
    told = await operator.told(ADJUST, given)
    await operator.told(f"/api/v1/admin/adjustment/{told['adjustmentId']}/reverse", {"reason": "a slip"})
