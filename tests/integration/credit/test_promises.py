"""Promises to pay, disputed items, and claims of having paid: over HTTP, with what is refused changing nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.fixtures.owing import Deliver, Owe, Pay, assert_credit_sound, at_wall, audited
from tests.fixtures.trade import OpenShops, contents_of, paisa

from khaacho import clock
from khaacho.actors import SYSTEM, Actor
from khaacho.credit.jobs import judge_promises
from khaacho.credit.lateness.claims import open_claim
from khaacho.credit.lateness.promise_rules import PromiseState
from khaacho.credit.lateness.promises import (
    NewPromise,
    find_broken_promises,
    find_live_promise,
    find_promises,
    judge_live_promise,
    record_promise,
)
from khaacho.credit.paying.adjustments import record_adjustment
from khaacho.credit.paying.cheques import clear_cheque
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.paying.reversals import reverse_adjustment, reverse_payment
from khaacho.credit.records import AdjustmentOutcome, AdjustmentReason, NewAdjustment, NewPayment, PaymentMethod
from khaacho.platform.database import Database

API = "/api/v1/admin"
DELIVERED = date(2026, 2, 3)


async def assert_nothing_changed(database: Database, before: dict[str, str]) -> None:
    after = await contents_of(database)
    assert {table for table in after if after[table] != before[table]} <= {"rate_limits"}


async def promise(database: Database, shop: UUID, promised_on: date, **fields: Any) -> UUID:
    async with database.transaction() as tx:
        new = NewPromise(retailer_id=shop, promised_on=promised_on, **fields)
        return (await record_promise(tx, SYSTEM, new)).id


async def states_of(database: Database, shop: UUID) -> list[PromiseState]:
    """Newest first."""
    async with database.reading() as tx:
        return [one.state for one in await find_promises(tx, shop)]


async def judge_on(database: Database, day: date) -> dict[str, Any]:
    moment = at_wall(day, 9, 30)
    with clock.travelled_to(moment):
        return dict(await judge_promises(database, moment, False))


# --- promises ---------------------------------------------------------------------------------------------------


async def test_a_promise_is_recorded_and_a_new_one_replaces_it(
    client: httpx.AsyncClient, as_admin: dict[str, str], database: Database, open_shops: OpenShops, owe: Owe
) -> None:
    """[C41] One live promise a shop; the old one stays as history; the same again is the same."""
    (shop,) = await open_shops(1)
    await owe(shop, 2_373)
    friday = clock.business_day() + timedelta(days=3)
    body = {"retailerId": str(shop), "date": friday.isoformat(), "note": "on the phone"}
    made = await client.post(f"{API}/promise", json=body, headers=as_admin)
    assert made.status_code == 201, made.text
    answer = made.json()["data"]
    assert (answer["amount"], answer["state"], answer["note"]) == (2373.00, "LIVE", "on the phone")
    again = await client.post(f"{API}/promise", json=body, headers=as_admin)
    assert again.json()["data"]["promiseId"] == answer["promiseId"]
    later = body | {"date": (friday + timedelta(days=2)).isoformat(), "amount": 1000}
    replaced = (await client.post(f"{API}/promise", json=later, headers=as_admin)).json()["data"]
    assert replaced["amount"] == 1000.00
    assert await states_of(database, shop) == [PromiseState.LIVE, PromiseState.REPLACED]
    assert await audited(database, shop, "PROMISE_TO_PAY") == ["PROMISE_TO_PAY"] * 2


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"retailerId": str(UUID(int=7))}, 404, "RETAILER_NOT_FOUND"),
        ({"date": "2020-01-01"}, 422, "VALIDATION_ERROR"),
        ({"date": "2099-01-01"}, 422, "VALIDATION_ERROR"),
        ({"date": "2026-02-30"}, 422, "VALIDATION_ERROR"),
        ({"amount": 0}, 422, "VALIDATION_ERROR"),
        ({"amount": -5}, 422, "VALIDATION_ERROR"),
        ({"amount": 2373.01}, 422, "VALIDATION_ERROR"),
        ({"amount": 10.001}, 422, "VALIDATION_ERROR"),
    ],
)
async def test_a_promise_that_cannot_be_is_refused(
    client: httpx.AsyncClient,
    as_admin: dict[str, str],
    database: Database,
    open_shops: OpenShops,
    owe: Owe,
    changes: dict[str, Any],
    status: int,
    code: str,
) -> None:
    """[C41] Unknown shops, days past or too far, amounts not above zero or above what is owed."""
    (shop,) = await open_shops(1)
    await owe(shop, 2_373)
    body = {"retailerId": str(shop), "date": clock.business_day().isoformat(), **changes}
    before = await contents_of(database)
    refused = await client.post(f"{API}/promise", json=body, headers=as_admin)
    assert (refused.status_code, refused.json()["error"]["code"]) == (status, code), refused.text
    await assert_nothing_changed(database, before)


async def test_who_owes_nothing_promises_nothing(
    client: httpx.AsyncClient, as_admin: dict[str, str], database: Database, open_shops: OpenShops
) -> None:
    """[C41] CONFLICT, and nothing changed."""
    (shop,) = await open_shops(1)
    before = await contents_of(database)
    body = {"retailerId": str(shop), "date": clock.business_day().isoformat()}
    refused = await client.post(f"{API}/promise", json=body, headers=as_admin)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "CONFLICT")
    await assert_nothing_changed(database, before)


async def test_promises_are_judged_on_the_morning_after(
    database: Database, open_shops: OpenShops, owe: Owe, pay: Pay
) -> None:
    """[C41] Through its own day a promise lives; the morning after it is kept or broken, once, with what was paid."""
    keeper, breaker = await open_shops(2)
    for shop in (keeper, breaker):
        await owe(shop, 1_000, delivered_on=DELIVERED)
    with clock.travelled_to(at_wall(DELIVERED, 15)):
        for shop in (keeper, breaker):
            await promise(database, shop, DELIVERED + timedelta(days=2), amount_paisa=60_000)
    with clock.travelled_to(at_wall(DELIVERED + timedelta(days=2), 23, 59)):
        await pay(keeper, 600)
        await pay(breaker, 599)
    assert (await judge_on(database, DELIVERED + timedelta(days=2)))["retailers"] == 0
    judged = await judge_on(database, DELIVERED + timedelta(days=3))
    assert judged == {"retailers": 2, "judged": 2, "broken": 1, "failed": 0}
    assert (await judge_on(database, DELIVERED + timedelta(days=3)))["retailers"] == 0
    assert await states_of(database, keeper) == [PromiseState.KEPT]
    assert await states_of(database, breaker) == [PromiseState.BROKEN]
    assert await audited(database, keeper, "PROMISE_KEPT", "PROMISE_BROKEN") == ["PROMISE_KEPT"]
    assert await audited(database, breaker, "PROMISE_KEPT", "PROMISE_BROKEN") == ["PROMISE_BROKEN"]
    async with database.reading() as tx:
        (broken,) = await find_broken_promises(tx, since=at_wall(DELIVERED, 0), limit=10)
        assert await find_live_promise(tx, keeper) is None
    assert (broken.retailer_id, broken.amount_paisa, broken.paid_paisa) == (breaker, 60_000, 59_900)
    await assert_credit_sound(database)


async def test_a_promise_is_kept_as_soon_as_it_is_paid(
    database: Database, open_shops: OpenShops, owe: Owe, pay: Pay
) -> None:
    """[C41] What was paid before the promise does not count; what comes after does, and so does owing nothing more."""
    (shop,) = await open_shops(1)
    await owe(shop, 1_000, delivered_on=DELIVERED)
    with clock.travelled_to(at_wall(DELIVERED, 15)):
        await pay(shop, 600)
    with clock.travelled_to(at_wall(DELIVERED, 16)):
        await promise(database, shop, DELIVERED + timedelta(days=5), amount_paisa=30_000)
        async with database.transaction() as tx:
            assert await judge_live_promise(tx, SYSTEM, shop) is PromiseState.LIVE
    with clock.travelled_to(at_wall(DELIVERED, 17)):
        await pay(shop, 300)
        async with database.transaction() as tx:
            assert await judge_live_promise(tx, SYSTEM, shop) is PromiseState.KEPT
            assert await judge_live_promise(tx, SYSTEM, shop) is None


# Below, promises are made at three in the afternoon for Rs 400; what follows happens at four.


async def cash(database: Database, shop: UUID, rupees: int, **fields: Any) -> UUID:
    async with database.transaction() as tx:
        new = NewPayment(**{"amount_paisa": paisa(rupees), "method": PaymentMethod.CASH, "retailer_id": shop, **fields})
        return (await record_payment(tx, SYSTEM, new)).payment_id


async def adjust(database: Database, shop: UUID, rupees: int, reason: str) -> AdjustmentOutcome:
    async with database.transaction() as tx:
        new = NewAdjustment(retailer_id=shop, amount_paisa=paisa(rupees), reason=AdjustmentReason(reason))
        return await record_adjustment(tx, SYSTEM, new)


async def take_back(database: Database, adjustment: UUID) -> None:
    async with database.transaction() as tx:
        await reverse_adjustment(tx, SYSTEM, adjustment, reason="a slip")


async def judged(database: Database, shop: UUID, deliver: Deliver) -> PromiseState:
    """What the promise is once everybody has heard, twice over; it is said in the audit at most once."""
    for _ in range(2):
        await deliver()
    (state,) = await states_of(database, shop)
    assert await audited(database, shop, "PROMISE_KEPT") == ["PROMISE_KEPT"] * (state is PromiseState.KEPT)
    return state


async def test_a_cheque_keeps_a_promise_when_it_clears(
    database: Database, open_shops: OpenShops, owe: Owe, deliver: Deliver
) -> None:
    """[C41, C61] Handed over before the promise was made, it is money only now; not while it waits."""
    (shop,) = await open_shops(1)
    await owe(shop, 1_000, delivered_on=DELIVERED)
    with clock.travelled_to(at_wall(DELIVERED, 14)):
        cheque = await cash(database, shop, 400, method=PaymentMethod.CHEQUE, reference="77")
    with clock.travelled_to(at_wall(DELIVERED, 15)):
        await promise(database, shop, DELIVERED + timedelta(days=2), amount_paisa=40_000)
        assert await judged(database, shop, deliver) is PromiseState.LIVE
    with clock.travelled_to(at_wall(DELIVERED, 16)):
        async with database.transaction() as tx:
            await clear_cheque(tx, SYSTEM, cheque)
        assert await judged(database, shop, deliver) is PromiseState.KEPT
    await assert_credit_sound(database)


async def test_a_credit_keeps_a_promise_as_money_does(
    database: Database, open_shops: OpenShops, owe: Owe, deliver: Deliver
) -> None:
    """[C41, C62] Goods brought back for 399 of the 400 are not enough, one rupee more in cash is. What the shop is
    charged besides is no debt of the promise, and a credit taken back again does not count.
    """
    keeper, charged, undone = await open_shops(3)
    for shop in (keeper, charged, undone):
        await owe(shop, 1_000, delivered_on=DELIVERED)
    with clock.travelled_to(at_wall(DELIVERED, 15)):
        for shop in (keeper, charged, undone):
            await promise(database, shop, DELIVERED + timedelta(days=2), amount_paisa=40_000)
    with clock.travelled_to(at_wall(DELIVERED, 16)):
        await adjust(database, keeper, -399, "RETURN")
        await adjust(database, charged, 400, "CHARGEBACK")
        slip = await adjust(database, undone, -400, "PROMOTION")
        await take_back(database, slip.adjustment_id)
        for shop in (keeper, charged, undone):
            assert await judged(database, shop, deliver) is PromiseState.LIVE
        await cash(database, keeper, 1)
        assert await judged(database, keeper, deliver) is PromiseState.KEPT
    async with database.reading() as tx:
        (kept,) = await find_promises(tx, keeper)
    assert kept.paid_paisa == 40_000


async def test_money_that_becomes_free_keeps_a_promise(
    database: Database, open_shops: OpenShops, owe: Owe, deliver: Deliver
) -> None:
    """[C41, C63] A charge that was paid before the promise is taken back after it: its money clears what was promised,
    and counts once. The same charge unpaid lowers what is owed by itself.
    """
    paid, unpaid = await open_shops(2)
    charges: dict[UUID, UUID] = {}
    with clock.travelled_to(at_wall(DELIVERED, 14)):
        for shop in (paid, unpaid):
            await owe(shop, 1_000, delivered_at=clock.now())
            outcome = await adjust(database, shop, 400, "CHARGEBACK")
            charges[shop] = outcome.adjustment_id
        await cash(database, paid, 400, debit_id=charges[paid])
    with clock.travelled_to(at_wall(DELIVERED, 15)):
        for shop in (paid, unpaid):
            await promise(database, shop, DELIVERED + timedelta(days=2), amount_paisa=40_000)
    with clock.travelled_to(at_wall(DELIVERED, 16)):
        for shop in (paid, unpaid):
            await take_back(database, charges[shop])
            assert await judged(database, shop, deliver) is PromiseState.KEPT
    async with database.reading() as tx:
        assert [one.paid_paisa for shop in (paid, unpaid) for one in await find_promises(tx, shop)] == [40_000] * 2
    await assert_credit_sound(database)


async def test_an_old_payment_taken_back_does_not_undo_what_was_paid_since(
    database: Database, open_shops: OpenShops, owe: Owe, deliver: Deliver
) -> None:
    """[C41, C63] Rs 200 paid before the promise turn out false: 400 paid since keep it all the same, 399 do not."""
    (shop,) = await open_shops(1)
    await owe(shop, 1_000, delivered_on=DELIVERED)
    with clock.travelled_to(at_wall(DELIVERED, 14)):
        old = await cash(database, shop, 200)
    with clock.travelled_to(at_wall(DELIVERED, 15)):
        await promise(database, shop, DELIVERED + timedelta(days=2), amount_paisa=40_000)
    with clock.travelled_to(at_wall(DELIVERED, 16)):
        async with database.transaction() as tx:
            await reverse_payment(tx, SYSTEM, old, reason="a slip")
        await cash(database, shop, 399)
        assert await judged(database, shop, deliver) is PromiseState.LIVE
        await cash(database, shop, 1)
        assert await judged(database, shop, deliver) is PromiseState.KEPT


# --- disputes ---------------------------------------------------------------------------------------------------


async def test_an_item_is_disputed_and_resolved(
    client: httpx.AsyncClient, as_admin: dict[str, str], database: Database, open_shops: OpenShops, owe: Owe
) -> None:
    """[C40] Both are audited with who and why; doing either twice is the same."""
    (shop,) = await open_shops(1)
    debit = await owe(shop, 2_373)
    address = f"{API}/credit/debits/{debit.id}"
    opened = await client.post(f"{address}/dispute", json={"reason": "two sacks were wet"}, headers=as_admin)
    assert opened.status_code == 200, opened.text
    assert (opened.json()["data"]["reason"], opened.json()["data"]["resolvedAt"]) == ("two sacks were wet", None)
    again = await client.post(f"{address}/dispute", json={"reason": "no, three"}, headers=as_admin)
    assert again.json()["data"] == opened.json()["data"]
    resolved = await client.post(f"{address}/resolve", json={"note": "credited one"}, headers=as_admin)
    assert resolved.json()["data"]["note"] == "credited one"
    assert resolved.json()["data"]["resolvedBy"] == "Admin User"
    twice = await client.post(f"{address}/resolve", json={"note": "other"}, headers=as_admin)
    assert twice.json()["data"]["note"] == "credited one"
    assert await audited(database, shop, "DISPUTE_OPENED", "DISPUTE_RESOLVED") == ["DISPUTE_OPENED", "DISPUTE_RESOLVED"]


async def test_what_cannot_be_disputed_is_refused(
    client: httpx.AsyncClient, as_admin: dict[str, str], database: Database, open_shops: OpenShops, owe: Owe, pay: Pay
) -> None:
    """[C40] Unknown items, cleared ones, and resolving what never was disputed; nothing changed."""
    (shop,) = await open_shops(1)
    debit = await owe(shop, 500)
    before = await contents_of(database)
    unknown = f"{API}/credit/debits/{UUID(int=7)}"
    never = await client.post(f"{API}/credit/debits/{debit.id}/resolve", json={}, headers=as_admin)
    assert (never.status_code, never.json()["error"]["code"]) == (404, "NOT_FOUND")
    nobody = await client.post(f"{unknown}/dispute", json={"reason": "why"}, headers=as_admin)
    assert nobody.json()["error"]["code"] == "TRANSACTION_NOT_FOUND"
    await assert_nothing_changed(database, before)
    await pay(shop, 500)
    cleared = await client.post(f"{API}/credit/debits/{debit.id}/dispute", json={"reason": "why"}, headers=as_admin)
    assert (cleared.status_code, cleared.json()["error"]["code"]) == (409, "TRANSACTION_CLEARED")


# --- claims of having paid --------------------------------------------------------------------------------------


async def test_claims_wait_for_a_person(
    client: httpx.AsyncClient, as_admin: dict[str, str], database: Database, open_shops: OpenShops, admin: Actor
) -> None:
    """[C41] One open claim a shop, with all it said; listed in parts, closed once; then a new one opens."""
    first, second = await open_shops(2)
    for shop, said in ((first, "tirisake"), (second, "paid"), (first, "hijo pathaye, hernus")):
        async with database.transaction() as tx:
            await open_claim(tx, shop, said=said)
    page = (await client.get(f"{API}/payment/claims?limit=1", headers=as_admin)).json()["data"]
    (claim,) = page["items"]
    assert (claim["retailerId"], claim["said"], claim["times"]) == (str(first), "tirisake\nhijo pathaye, hernus", 2)
    rest = await client.get(f"{API}/payment/claims?limit=1&cursor={page['nextCursor']}", headers=as_admin)
    assert [one["retailerId"] for one in rest.json()["data"]["items"]] == [str(second)]

    address = f"{API}/payment/claims/{claim['claimId']}/close"
    closed = await client.post(address, json={"note": "found it in eSewa"}, headers=as_admin)
    assert (closed.json()["data"]["state"], closed.json()["data"]["note"]) == ("DONE", "found it in eSewa")
    again = await client.post(address, json={"note": "no"}, headers=as_admin)
    assert again.json()["data"] == closed.json()["data"]
    assert await audited(database, first, "PAYMENT_CLAIM_CLOSED") == ["PAYMENT_CLAIM_CLOSED"]
    async with database.transaction() as tx:
        assert (await open_claim(tx, first, said="paid again")).times == 1
    missing = await client.post(f"{API}/payment/claims/{UUID(int=7)}/close", json={}, headers=as_admin)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "NOT_FOUND")
