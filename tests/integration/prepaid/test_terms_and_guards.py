"""What credits cost and who may ask for them: terms, packages, permissions, limits, the welcome [P1, P2, P30, P31]."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.fixtures.credits import MakeRider, Shop, assert_credits_hold, units_of
from tests.fixtures.people import BearerOf, MakeUser, new_phone
from tests.fixtures.processes import Working
from tests.fixtures.trade import contents_of
from tests.fixtures.waiting import refused_within_a_second

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.ids import new_id
from khaacho.parties.records import UserStatus
from khaacho.parties.user_actions import set_user_status
from khaacho.platform.database import Database
from khaacho.prepaid.bonus import give_signup_bonus
from khaacho.prepaid.counter import ACTS_PER_MINUTE
from khaacho.prepaid.terms import find_terms

SETTINGS = "/api/v1/admin/credits/settings"
PACKAGES = "/api/v1/admin/credits/packages"


async def test_the_packages_for_sale(client: httpx.AsyncClient, make_rider: MakeRider, bearer_of: BearerOf) -> None:
    """[P2] The four seeded ones, with price, price per credit and savings."""
    answer = await client.get("/api/v1/credits/packages", headers=await bearer_of(await make_rider()))
    data = answer.json()["data"]
    shown = [
        (one["name"], one["credits"], one["price"], one["perCredit"], one["savings"], one["popular"])
        for one in data["packages"]
    ]
    assert shown == [
        ("Starter", 10, 500.00, 50.00, 0.00, False),
        ("Basic", 25, 1125.00, 45.00, 125.00, False),
        ("Pro", 50, 2000.00, 40.00, 500.00, True),
        ("Enterprise", 100, 3500.00, 35.00, 1500.00, False),
    ]
    assert (data["basePrice"], data["currency"], data["minCredits"], data["maxCredits"]) == (50.00, "INR", 1, 200)


async def test_prices_follow_the_base_price_from_its_time_on(
    client: httpx.AsyncClient,
    database: Database,
    as_admin: dict[str, str],
    make_rider: MakeRider,
    bearer_of: BearerOf,
) -> None:
    """[P1, P2] A base price for tomorrow changes nothing today; from then on packages without a fixed price follow."""
    packages = (await client.get(PACKAGES, headers=as_admin)).json()["data"]["packages"]
    packages[0] |= {"fixedPrice": 520, "discountPercent": 0}
    assert (await client.put(PACKAGES, json={"packages": packages}, headers=as_admin)).status_code == 200
    tomorrow = clock.now() + timedelta(days=1)
    changed = await client.put(SETTINGS, json={"basePrice": 60, "effectiveAt": tomorrow.isoformat()}, headers=as_admin)
    data = changed.json()["data"]
    assert (data["current"]["basePrice"], data["history"][0]["basePrice"]) == (50.00, 60.00)

    rider = await make_rider()

    async def prices() -> list[float]:
        answer = await client.get("/api/v1/credits/packages", headers=await bearer_of(rider))
        return [one["price"] for one in answer.json()["data"]["packages"]]

    assert await prices() == [520.00, 1125.00, 2000.00, 3500.00]
    with clock.travelled_to(tomorrow + timedelta(seconds=1)):
        async with database.reading() as tx:
            assert (await find_terms(tx)).base_price_paisa == 6_000
        assert await prices() == [520.00, 1350.00, 2400.00, 4200.00]


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"basePrice": 0}, "basePrice: must be between 0.01 and 100000"),
        ({"basePrice": -1}, "basePrice: must be between 0.01 and 100000"),
        ({"creditsPerApplication": 0}, "creditsPerApplication: must be between 1 and 100"),
        ({"signupBonus": 1001}, "signupBonus: must be between 0 and 1000"),
        ({"maxBalance": 100}, "maxBalance: must be between 200 and 1000000"),
        ({"maxCreditsPerOrder": 1001}, "maxBalance: must be between 1001 and 1000000"),
        ({"nprPerInr": 1.60001}, "nprPerInr: has too many decimals"),
        ({"nprPerInr": 0.01}, "nprPerInr: must be between 0.1 and 100"),
        ({"effectiveAt": "2020-01-01T00:00:00Z", "basePrice": 40}, "effectiveAt: is past"),
        ({"effectiveAt": "2099-01-01T00:00:00", "basePrice": 40}, "effectiveAt: needs an offset"),
        ({"effectiveAt": "9999-12-31T23:59:59-14:00", "basePrice": 40}, "effectiveAt: is more than a hundred"),
        ({}, "names nothing"),
    ],
)
async def test_terms_without_sense_are_refused(
    client: httpx.AsyncClient, database: Database, as_admin: dict[str, str], change: dict[str, Any], why: str
) -> None:
    """[P1] Prices above zero, bounds that fit one another, no rewriting of the past; said in the words of the API."""
    answer = await client.put(SETTINGS, json=change, headers=as_admin)
    assert answer.status_code == 422, answer.text
    assert why in answer.json()["error"]["message"]
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM prepaid_terms") == 1


@pytest.mark.parametrize(
    ("packages", "why"),
    [
        ([{"name": "Small", "credits": 10, "discountPercent": 20}, {"name": "Large", "credits": 50}], "more each"),
        ([{"name": "One", "credits": 10}, {"name": "one", "credits": 20}], "one name"),
        ([{"name": "Huge", "credits": 201}], "between 1 and 200"),
        ([{"name": "Both", "credits": 10, "discountPercent": 5, "fixedPrice": 100}], "either"),
        ([{"name": "Free", "credits": 10, "fixedPrice": 0}], "above zero"),
        ([{"name": "  ", "credits": 10}], "needs a name"),
        ([{"id": "01890000-0000-7000-8000-000000000999", "name": "Lost", "credits": 10}], "no package"),
    ],
)
async def test_packages_that_cannot_be_saved(
    client: httpx.AsyncClient, database: Database, as_admin: dict[str, str], packages: list[dict[str, Any]], why: str
) -> None:
    """[P2] All or nothing, and the reason says which package."""
    async with database.reading() as tx:
        before = await tx.dicts("SELECT * FROM prepaid_packages ORDER BY id")
    answer = await client.put(PACKAGES, json={"packages": packages}, headers=as_admin)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "INVALID_PACKAGE")
    assert why in answer.json()["error"]["message"]
    async with database.reading() as tx:
        assert await tx.dicts("SELECT * FROM prepaid_packages ORDER BY id") == before


async def test_saving_packages_swaps_names_adds_and_retires(
    client: httpx.AsyncClient, database: Database, as_admin: dict[str, str]
) -> None:
    """[P2] Two swap their names, one is new, one is no longer sold; each change is in the audit."""
    known = (await client.get(PACKAGES, headers=as_admin)).json()["data"]["packages"]
    known[0]["name"], known[1]["name"] = known[1]["name"], known[0]["name"]
    wanted = [*known[:3], {"name": "Giant", "credits": 150, "discountPercent": 35.5}]
    answer = await client.put(PACKAGES, json={"packages": wanted}, headers=as_admin)
    assert answer.status_code == 200, answer.text
    saved = {one["name"]: one["active"] for one in answer.json()["data"]["packages"]}
    assert saved == {"Basic": True, "Starter": True, "Pro": True, "Enterprise": False, "Giant": True}
    async with database.reading() as tx:
        audited = await tx.value("SELECT count(*) FROM audit_entries WHERE action = 'CREDIT_PACKAGE_CHANGED'")
    assert audited == 4


async def test_a_revoked_permission_is_gone_within_a_second(
    client: httpx.AsyncClient, database: Database, make_rider: MakeRider, bearer_of: BearerOf
) -> None:
    """[P30] The same sign-in, the same token: as soon as the role may not any more, nor may its people."""
    who = await bearer_of(await make_rider(units=1))
    assert (await client.get("/api/v1/credits/balance", headers=who)).status_code == 200
    async with database.transaction() as tx:
        await tx.execute("DELETE FROM role_permissions WHERE permission = 'credits.view_own'")
    refused = await refused_within_a_second(lambda: client.get("/api/v1/credits/balance", headers=who))
    assert refused.json()["error"]["code"] == "FORBIDDEN"
    assert (await client.get("/api/v1/credits/history", headers=who)).status_code == 200


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        (ActorRole.RETAILER, "/api/v1/credits/balance", 403),
        (ActorRole.FREELANCER, "/api/v1/admin/credits/settings", 403),
        (ActorRole.OPERATOR, "/api/v1/admin/credits/settings", 403),
        (ActorRole.OPERATOR, "/api/v1/credits/packages", 200),
        (None, "/api/v1/credits/balance", 401),
    ],
)
async def test_who_may_see_what(
    client: httpx.AsyncClient,
    make_user: MakeUser,
    bearer_of: BearerOf,
    role: ActorRole | None,
    path: str,
    status: int,
) -> None:
    """[P30] By role, as the table of permissions says."""
    who = {} if role is None else await bearer_of(await make_user(role=role))
    assert (await client.get(path, headers=who)).status_code == status


async def test_looking_too_often_never_blocks_proving_a_payment(
    shop: Shop, database: Database, make_rider: MakeRider, bearer_of: BearerOf, serve: Any
) -> None:
    """[P31] A hundred looks a minute over all processes, then 429; a payment is proved all the same."""
    rider, other = await make_rider(), await make_rider()
    who = await bearer_of(rider)
    order = await shop.order(who, creditsAmount=1)
    proof = await shop.pay(order["orderId"])
    minute = clock.now().replace(second=1, microsecond=0) + timedelta(minutes=1)
    with clock.travelled_to(minute), serve() as second_url:
        async with httpx.AsyncClient(base_url=second_url, timeout=30) as second:
            clients = [shop.client, second]
            answers = await asyncio.gather(
                *(
                    clients[number % 2].get("/api/v1/credits/balance", headers=who)
                    for number in range(ACTS_PER_MINUTE + 20)
                )
            )
            assert [answer.status_code for answer in answers].count(200) == ACTS_PER_MINUTE
            refused = next(answer for answer in answers if answer.status_code == 429)
            assert refused.json()["error"]["code"] == "RATE_LIMITED"
            assert 1 <= int(refused.headers["Retry-After"]) <= 60
            assert (await shop.verify(who, proof)).status_code == 200
            assert (await second.get("/api/v1/credits/balance", headers=await bearer_of(other))).status_code == 200
    with clock.travelled_to(minute + timedelta(minutes=1)):
        assert (await shop.client.get("/api/v1/credits/balance", headers=who)).status_code == 200


async def test_each_kind_of_operation_has_its_hundred(
    client: httpx.AsyncClient, make_rider: MakeRider, bearer_of: BearerOf
) -> None:
    """[P31] Refused ones count as well: nobody hammers at buying or applying; and one bucket leaves the others full."""
    rider = await make_rider()
    minute = clock.now().replace(second=1, microsecond=0) + timedelta(minutes=1)
    nothing = str(new_id())
    calls: list[tuple[str, dict[str, object]]] = [
        ("/api/v1/credits/initiate-purchase", {"packageId": nothing}),
        ("/api/v1/applications", {"projectId": nothing}),
    ]
    with clock.travelled_to(minute):
        who = await bearer_of(rider)
        for path, body in calls:
            answers = await asyncio.gather(
                *(client.post(path, json=body, headers=who) for _ in range(ACTS_PER_MINUTE + 5))
            )
            codes = [answer.json()["error"]["code"] for answer in answers]
            assert codes.count("RATE_LIMITED") == 5, path
        withdrawn = await client.post(f"/api/v1/applications/{nothing}/withdraw", headers=who)
        assert (withdrawn.status_code, withdrawn.json()["error"]["code"]) == (429, "RATE_LIMITED")
        assert 1 <= int(withdrawn.headers["Retry-After"]) <= 60
        assert (await client.get("/api/v1/credits/balance", headers=who)).status_code == 200
        other = await bearer_of(await make_rider())
        assert (await client.post(calls[1][0], json=calls[1][1], headers=other)).status_code == 404
    with clock.travelled_to(minute + timedelta(minutes=1)):
        assert (await client.post(calls[1][0], json=calls[1][1], headers=who)).status_code == 404


async def test_ten_purchases_an_hour(shop: Shop, make_rider: MakeRider, bearer_of: BearerOf) -> None:
    """[P31] The eleventh in an hour is refused; looking goes on, and the next hour begins anew."""
    rider = await make_rider()
    hour = clock.now().replace(minute=1, second=0, microsecond=0) + timedelta(hours=1)
    with clock.travelled_to(hour):
        who = await bearer_of(rider)
        for _ in range(10):
            await shop.order(who, creditsAmount=1)
        refused = await shop.client.post("/api/v1/credits/initiate-purchase", json={"creditsAmount": 1}, headers=who)
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "RATE_LIMITED")
        assert 60 < int(refused.headers["Retry-After"]) <= 3600
        assert (await shop.client.get("/api/v1/credits/balance", headers=who)).status_code == 200


async def test_the_welcome_comes_once_per_person(
    database: Database, admin: Actor, make_user: MakeUser, working: Working, settle: Any
) -> None:
    """[P1] Five credits when a freelancer is approved; not after a suspension, nor for the phone again."""
    phone = new_phone()
    rider = await make_user(role=ActorRole.FREELANCER, phone=phone, status=UserStatus.PENDING)
    async with working():
        await settle()
        assert await units_of(database, rider) == 0
        for status in (UserStatus.ACTIVE, UserStatus.SUSPENDED, UserStatus.ACTIVE):
            async with database.transaction() as tx:
                await set_user_status(tx, admin, user_id=rider.id, status=status)
            await settle()
    assert await units_of(database, rider) == 5
    other = await make_user(role=ActorRole.FREELANCER)
    async with database.transaction() as tx:
        await tx.execute("UPDATE users SET phone = phone || '9' WHERE id = %(id)s", {"id": rider.id})
        await tx.execute("UPDATE users SET phone = %(phone)s WHERE id = %(id)s", {"id": other.id, "phone": phone})
        assert await give_signup_bonus(tx, other.id) == 0
    assert await units_of(database, other) == 0
    await assert_credits_hold(database)


async def test_adjusting_over_http(
    client: httpx.AsyncClient, database: Database, make_rider: MakeRider, as_admin: dict[str, str]
) -> None:
    """[P3, P32, X3] Once under an Idempotency-Key, which it needs; a refusal changes nothing."""
    rider = await make_rider()
    body = {"userId": str(rider.id), "credits": 30, "reason": "Won the photo contest."}
    path = "/api/v1/admin/credits/adjust"
    assert (await client.post(path, json=body, headers=as_admin)).json()["error"]["code"] == "IDEMPOTENCY_KEY_REQUIRED"
    headers = as_admin | {"Idempotency-Key": "contest"}
    answers = [await client.post(path, json=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert (answers[0].json()["data"]["balanceBefore"], answers[0].json()["data"]["balanceAfter"]) == (0, 30)
    before = await contents_of(database)
    refused = await client.post(path, json=body | {"credits": -31}, headers=as_admin | {"Idempotency-Key": "too much"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "NEGATIVE_BALANCE")
    refused = await client.post(path, json=body | {"credits": 31}, headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    after = await contents_of(database)
    assert {name for name in after if after[name] != before[name]} <= {"rate_limits"}
    assert await units_of(database, rider) == 30
