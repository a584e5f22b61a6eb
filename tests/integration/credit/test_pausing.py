"""Pausing, blocking and giving back credit: by hand over HTTP, by the eleven o'clock run, and by a payment."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from tests.fixtures.owing import Deliver, HearAll, Owe, Pay, assert_credit_sound, at_wall, audited, somebody_waits
from tests.fixtures.trade import Contenders, OpenShops, all_at_once, contents_of

from khaacho import clock
from khaacho.actors import SYSTEM, Actor
from khaacho.credit.jobs import pause_late_retailers
from khaacho.credit.lateness.pausing import evaluate_pause, pause_credit, pause_overdue, resume_cured
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.records import NewPayment, PaymentMethod
from khaacho.parties.standings import CreditStatus, RetailerStanding, find_standing
from khaacho.platform.database import Database
from khaacho.whatsapp.reachability import find_unreachable

DELIVERED = date(2026, 1, 10)
DECISIONS = ("PAUSE_CREDIT", "UNPAUSE_CREDIT", "BLOCK_CREDIT")


async def standing_of(database: Database, shop: UUID) -> RetailerStanding:
    async with database.reading() as tx:
        found = await find_standing(tx, shop)
    assert found is not None
    return found


async def run_at_eleven(database: Database, day: date, *, dry_run: bool = False) -> dict[str, Any]:
    moment = at_wall(day, 11)
    with clock.travelled_to(moment):
        return dict(await pause_late_retailers(database, moment, dry_run, find_unreachable=find_unreachable))


# --- by hand ----------------------------------------------------------------------------------------------------


async def test_a_person_pauses_and_lifts_with_one_message_each(
    client: httpx.AsyncClient,
    as_admin: dict[str, str],
    database: Database,
    make_retailer: Any,
    told: HearAll,
    deliver: Deliver,
) -> None:
    """[C50] Pausing and lifting are audited and told once; doing what is done already says nothing again."""
    shop = await make_retailer(locale="en", owner_name="Gita")
    base = f"/api/v1/admin/credit/{shop.id}"
    first = await client.post(f"{base}/pause", json={"reason": "the shop has moved"}, headers=as_admin)
    assert first.status_code == 200, first.text
    assert first.json()["data"] == {
        "retailerId": str(shop.id),
        "creditStatus": "PAUSED",
        "reason": "the shop has moved",
        "automatic": False,
        "changed": True,
    }
    again = await client.post(f"{base}/pause", json={"reason": "something else"}, headers=as_admin)
    assert again.json()["data"] | {"changed": True} == first.json()["data"]
    assert again.json()["data"]["changed"] is False
    await deliver()
    await deliver()
    (message,) = await told(shop.id)
    assert message.purpose == "CREDIT_NOTICE"
    for fact in ("Gita", "the shop has moved", "Still to pay: Rs.0", "COD", "SUPPORT"):
        assert fact in message.body

    lifted = await client.post(f"{base}/unpause", json={}, headers=as_admin)
    assert lifted.json()["data"]["creditStatus"] == "ACTIVE"
    twice = await client.post(f"{base}/unpause", json={}, headers=as_admin)
    assert twice.json()["data"]["changed"] is False
    await deliver()
    assert len(await told(shop.id)) == 2
    assert await audited(database, shop.id, *DECISIONS) == ["PAUSE_CREDIT", "UNPAUSE_CREDIT"]


async def test_a_block_is_not_loosened_by_a_pause(
    client: httpx.AsyncClient, as_admin: dict[str, str], database: Database, make_retailer: Any
) -> None:
    """[C50] A blocked shop cannot be paused, and nothing changes; lifting gives credit back."""
    shop = await make_retailer()
    base = f"/api/v1/admin/credit/{shop.id}"
    await client.post(f"{base}/pause", json={"reason": "late"}, headers=as_admin)
    blocked = await client.post(f"{base}/block", json={"reason": "cheque bounced twice"}, headers=as_admin)
    assert blocked.json()["data"]["creditStatus"] == "BLOCKED"
    before = await contents_of(database)
    refused = await client.post(f"{base}/pause", json={"reason": "late"}, headers=as_admin)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "CONFLICT")
    assert {k: v for k, v in (await contents_of(database)).items() if k != "rate_limits"} == {
        k: v for k, v in before.items() if k != "rate_limits"
    }
    lifted = await client.post(f"{base}/unpause", json={"reason": "paid in cash"}, headers=as_admin)
    assert lifted.json()["data"]["creditStatus"] == "ACTIVE"
    assert await audited(database, shop.id, *DECISIONS) == ["PAUSE_CREDIT", "BLOCK_CREDIT", "UNPAUSE_CREDIT"]


@pytest.mark.parametrize("act", ["pause", "unpause", "block", "evaluate"])
async def test_an_unknown_shop_is_refused(client: httpx.AsyncClient, as_admin: dict[str, str], act: str) -> None:
    """[C50] RETAILER_NOT_FOUND."""
    address = f"/api/v1/admin/credit/{UUID(int=7)}/{act}"
    if act == "evaluate":
        answer = await client.get(address, headers=as_admin)
    else:
        answer = await client.post(address, json={"reason": "why"}, headers=as_admin)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "RETAILER_NOT_FOUND")


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": "   "}, {"reason": "x" * 2_001}])
async def test_a_pause_needs_a_reason(
    client: httpx.AsyncClient, as_admin: dict[str, str], make_retailer: Any, body: dict[str, str]
) -> None:
    """[C50] Every pause says why."""
    shop = await make_retailer()
    answer = await client.post(f"/api/v1/admin/credit/{shop.id}/pause", json=body, headers=as_admin)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "VALIDATION_ERROR")


async def test_evaluate_tells_what_the_run_would_decide(
    client: httpx.AsyncClient, as_admin: dict[str, str], open_shops: OpenShops, owe: Owe
) -> None:
    """[C50] shouldPause, the reason with its figures, and the days beyond what is allowed."""
    (shop,) = await open_shops(1)
    await owe(shop, 2_373, delivered_on=clock.business_day() - timedelta(days=45))
    answer = await client.get(f"/api/v1/admin/credit/{shop}/evaluate", headers=as_admin)
    assert answer.json()["data"] == {
        "shouldPause": True,
        "reason": "Rs.2,373 open for 45 days, 30 are allowed",
        "daysOverdue": 15,
    }


async def test_only_staff_may_pause(
    client: httpx.AsyncClient, make_retailer: Any, bearer_of: Any, database: Database
) -> None:
    """[C50] A shop may neither pause nor lift anything."""
    shop = await make_retailer()
    answer = await client.post(f"/api/v1/admin/credit/{shop.id}/unpause", json={}, headers=await bearer_of(shop))
    assert answer.status_code == 403
    assert (await standing_of(database, shop.id)).credit_status is CreditStatus.ACTIVE


# --- by the run -------------------------------------------------------------------------------------------------


async def test_day_thirty_does_not_pause_and_day_thirty_one_does(
    database: Database, open_shops: OpenShops, owe: Owe, told: HearAll, deliver: Deliver
) -> None:
    """[C51] By each line's own days, on business days; the message says why, how much, and how it opens again."""
    patient, strict, small = [(await open_shops(1, **fields))[0] for fields in ({}, {"max_outstanding_days": 10}, {})]
    for shop, rupees in ((patient, 2_373), (strict, 500), (small, 99)):
        await owe(shop, rupees, delivered_on=DELIVERED)
    assert (await run_at_eleven(database, DELIVERED + timedelta(days=10)))["paused"] == 0
    assert (await run_at_eleven(database, DELIVERED + timedelta(days=11)))["paused"] == 1
    assert (await standing_of(database, strict)).credit_status_automatic
    assert (await run_at_eleven(database, DELIVERED + timedelta(days=30)))["paused"] == 0
    would = await run_at_eleven(database, DELIVERED + timedelta(days=31), dry_run=True)
    assert (would.pop("retailers"), would.pop("unreachable")) == (1, 0)
    assert list(would.values()) == ["Rs.2,373 open for 31 days, 30 are allowed"]
    assert (await standing_of(database, patient)).credit_status is CreditStatus.ACTIVE
    assert (await run_at_eleven(database, DELIVERED + timedelta(days=31)))["paused"] == 1
    # Run again, and again the next day: nothing more happens, and nothing more is said.
    assert (await run_at_eleven(database, DELIVERED + timedelta(days=31)))["retailers"] == 0
    assert (await run_at_eleven(database, DELIVERED + timedelta(days=32)))["retailers"] == 0
    assert (await standing_of(database, small)).credit_status is CreditStatus.ACTIVE
    assert await audited(database, patient, *DECISIONS) == ["PAUSE_CREDIT"]
    await deliver()
    (message,) = await told(patient)
    assert message.purpose == "CREDIT_NOTICE"
    for fact in ("Rs.2,373", "31 दिन", "30 दिन", "COD", "PAY"):
        assert fact in message.body
    await assert_credit_sound(database)


async def test_the_day_begins_at_midnight_in_kathmandu(database: Database, open_shops: OpenShops, owe: Owe) -> None:
    """[C51] Delivered at 23:59 is a day older than delivered at 00:01, and both are of their Kathmandu day."""
    late, early = await open_shops(2)
    await owe(late, 1_000, delivered_at=at_wall(DELIVERED, 23, 59))
    await owe(early, 1_000, delivered_at=at_wall(DELIVERED + timedelta(days=1), 0, 1))
    with clock.travelled_to(at_wall(DELIVERED + timedelta(days=31), 11)):
        async with database.reading() as tx:
            assert (await evaluate_pause(tx, late)).open_days == 31
            assert not (await evaluate_pause(tx, early)).should_pause
    assert (await run_at_eleven(database, DELIVERED + timedelta(days=31)))["retailers"] == 1


async def test_what_one_shop_brings_up_disturbs_no_other(
    database: Database, dsn: str, open_shops: OpenShops, owe: Owe
) -> None:
    """[C51] A shop whose row is broken is counted as failed; the others are paused, and it is found again later."""
    shops = await open_shops(3)
    for shop in shops:
        await owe(shop, 1_000, delivered_on=DELIVERED)
    # Triggers are not the application's to make.
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute(
            f"""
            CREATE FUNCTION break_one() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN IF NEW.id = '{shops[1]}' THEN RAISE 'broken'; END IF; RETURN NEW; END $$;
            CREATE TRIGGER break_one BEFORE UPDATE ON retailers FOR EACH ROW EXECUTE FUNCTION break_one();
            """
        )
        day = DELIVERED + timedelta(days=31)
        assert await run_at_eleven(database, day) == {"retailers": 3, "paused": 2, "unreachable": 0, "failed": 1}
        owner.execute("DROP TRIGGER break_one ON retailers")
    assert await run_at_eleven(database, day) == {"retailers": 1, "paused": 1, "unreachable": 0, "failed": 0}


async def test_two_runs_at_once_pause_once(
    database: Database, open_shops: OpenShops, owe: Owe, contenders: Contenders
) -> None:
    """[C51] However many workers run it at the same moment."""
    shops = await open_shops(5)
    for shop in shops:
        await owe(shop, 1_000, delivered_on=DELIVERED)
    moment = at_wall(DELIVERED + timedelta(days=31), 11)
    with clock.travelled_to(moment):
        async with contenders(4) as databases:
            run = partial(pause_late_retailers, find_unreachable=find_unreachable)
            done = await all_at_once([lambda one=one: run(one, moment, False) for one in databases])
    assert sum(outcome["paused"] for outcome in done) == 5
    for shop in shops:
        assert await audited(database, shop, *DECISIONS) == ["PAUSE_CREDIT"]


# --- by a payment -----------------------------------------------------------------------------------------------


async def test_removing_the_cause_gives_credit_back(
    database: Database, open_shops: OpenShops, owe: Owe, pay: Pay, told: HearAll, deliver: Deliver
) -> None:
    """[C52] Part of the payment leaves the pause; the rest lifts it, with audit and one message."""
    (shop,) = await open_shops(1)
    await owe(shop, 2_000, delivered_on=DELIVERED)
    await run_at_eleven(database, DELIVERED + timedelta(days=31))
    with clock.travelled_to(at_wall(DELIVERED + timedelta(days=31), 12)):
        await pay(shop, 1_000)
        assert (await standing_of(database, shop)).credit_status is CreditStatus.PAUSED
        # What remains is under the de-minimis amount of Rs 100.
        await pay(shop, 901)
        assert (await standing_of(database, shop)).credit_status is CreditStatus.ACTIVE
        assert (await standing_of(database, shop)).credit_status_reason is None
    assert await audited(database, shop, *DECISIONS) == ["PAUSE_CREDIT", "UNPAUSE_CREDIT"]
    await deliver()
    notices = [message.body for message in await told(shop) if message.purpose == "CREDIT_NOTICE"]
    assert len(notices) == 2
    assert "फेरि खुल्यो" in notices[1]
    await assert_credit_sound(database)


async def test_a_pause_by_a_person_stays(
    database: Database, open_shops: OpenShops, owe: Owe, pay: Pay, admin: Actor
) -> None:
    """[C52] Also when the rule had paused it first: a person took it over, and a person lifts it."""
    (shop,) = await open_shops(1)
    await owe(shop, 2_000, delivered_on=DELIVERED)
    await run_at_eleven(database, DELIVERED + timedelta(days=31))
    with clock.travelled_to(at_wall(DELIVERED + timedelta(days=31), 12)):
        async with database.transaction() as tx:
            taken = await pause_credit(tx, admin, shop, reason="talk to the owner first")
        assert taken.changed
        await pay(shop, 2_000)
        async with database.transaction() as tx:
            assert not await resume_cured(tx, SYSTEM, shop)
    standing = await standing_of(database, shop)
    assert standing.credit_status is CreditStatus.PAUSED
    assert (standing.credit_status_reason, standing.credit_status_automatic) == ("talk to the owner first", False)


async def test_the_run_waits_for_a_payment_under_way(
    database: Database, open_shops: OpenShops, owe: Owe, contenders: Contenders
) -> None:
    """[C52] A payment that has not committed yet is waited for, and then there is no cause any more."""
    (shop,) = await open_shops(1)
    await owe(shop, 2_000, delivered_on=DELIVERED)
    with clock.travelled_to(at_wall(DELIVERED + timedelta(days=31), 11)):
        async with contenders(1) as (other,):

            async def run() -> bool:
                async with other.transaction() as tx:
                    return await pause_overdue(tx, SYSTEM, shop)

            async with database.transaction() as tx:
                paid = NewPayment(amount_paisa=200_000, method=PaymentMethod.CASH, retailer_id=shop)
                await record_payment(tx, SYSTEM, paid)
                await resume_cured(tx, SYSTEM, shop)
                running = asyncio.create_task(run())
                await somebody_waits(database)
            assert await running is False
    assert (await standing_of(database, shop)).credit_status is CreditStatus.ACTIVE


async def test_a_payment_waits_for_a_pause_under_way_and_lifts_it(
    database: Database, open_shops: OpenShops, owe: Owe, pay: Pay, contenders: Contenders
) -> None:
    """[C52] The other way round: paused first, paid next, and credit is back."""
    (shop,) = await open_shops(1)
    await owe(shop, 2_000, delivered_on=DELIVERED)
    with clock.travelled_to(at_wall(DELIVERED + timedelta(days=31), 11)):
        async with contenders(1) as (other,):
            async with other.transaction() as tx:
                assert await pause_overdue(tx, SYSTEM, shop)
                paying = asyncio.create_task(pay(shop, 2_000))
                await somebody_waits(database)
            await paying
    assert (await standing_of(database, shop)).credit_status is CreditStatus.ACTIVE
    assert await audited(database, shop, *DECISIONS) == ["PAUSE_CREDIT", "UNPAUSE_CREDIT"]


async def test_a_payment_and_the_run_at_the_same_moment_agree(
    database: Database, open_shops: OpenShops, owe: Owe, pay: Pay, contenders: Contenders
) -> None:
    """[C52] Whichever is first: a shop whose cause is paid is never left paused, and neither waits forever."""
    day = DELIVERED + timedelta(days=31)
    shops = await open_shops(12)
    for shop in shops:
        await owe(shop, 2_000, delivered_on=DELIVERED)
    with clock.travelled_to(at_wall(day, 11)):
        async with contenders(6) as databases:

            async def run(one: Database, shop: UUID) -> None:
                async with one.transaction() as tx:
                    await pause_overdue(tx, SYSTEM, shop)

            async def settle(shop: UUID) -> None:
                await pay(shop, 2_000)

            for one, shop in zip(databases * 2, shops, strict=True):
                await asyncio.gather(run(one, shop), settle(shop))
                assert (await standing_of(database, shop)).credit_status is CreditStatus.ACTIVE
    await assert_credit_sound(database)
