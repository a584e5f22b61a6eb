"""Retailers, vendors, colleagues: registering, finding, changing. [X3] [X10]"""

from __future__ import annotations

import asyncio
from datetime import time
from typing import Any

import httpx
import msgspec
import pytest
from tests.fixtures.people import BearerOf, MakeRetailer, MakeUser, MakeVendor, new_phone

from khaacho.actors import Actor, ActorRole
from khaacho.credit.queries import find_credit_lines
from khaacho.errors import Forbidden
from khaacho.ids import new_id
from khaacho.parties.actions import register_retailers
from khaacho.parties.queries import (
    find_retailer_by_phone,
    find_users_by_phone,
    find_vendor_by_phone,
    require_retailer,
    require_vendor,
)
from khaacho.parties.records import Locale, NewRetailer, PartyStatus, UserStatus
from khaacho.parties.sessions import end_session, find_session, start_session
from khaacho.platform.database import Database

SHOP = {"pasalName": "Gita Kirana", "ownerName": "Gita Shrestha", "city": "Birendranagar"}
VENDOR = {"name": "Karnali Traders", "city": "Birendranagar"}


async def counts(database: Database) -> tuple[int, ...]:
    async with database.reading() as tx:
        return tuple([await tx.value(f"SELECT count(*) FROM {name}") for name in ("users", "retailers", "vendors")])


async def audit_of(database: Database, subject_id: object) -> list[dict[str, Any]]:
    async with database.reading() as tx:
        return await tx.dicts("SELECT * FROM audit_entries WHERE subject_id = %(id)s ORDER BY id", {"id": subject_id})


async def test_a_retailer_with_a_credit_line(
    client: httpx.AsyncClient, as_admin: dict[str, str], database: Database
) -> None:
    """Staff register a shop with its limit in one request: shop, user and credit line, active at once, audited."""
    number = new_phone()
    body = {**SHOP, "phoneNumber": number[4:], "latitude": 28.6, "longitude": 81.62, "creditLimit": 50000.50}
    answer = await client.post("/api/v1/admin/retailers", json=body, headers=as_admin)
    assert answer.status_code == 201, answer.text
    shop = answer.json()["data"]
    assert shop["code"].startswith("RET")
    told = ("pasalName", "phoneNumber", "latitude", "locale", "status", "creditStatus")
    assert {name: shop[name] for name in told} == {
        "pasalName": "Gita Kirana",
        "phoneNumber": number,
        "latitude": 28.6,
        "locale": "ne",
        "status": "ACTIVE",
        "creditStatus": "ACTIVE",
    }  # fmt: skip
    got = await client.get(f"/api/v1/admin/retailers/{shop['id']}", headers=as_admin)
    assert got.json()["data"] == shop
    async with database.reading() as tx:
        found = await find_retailer_by_phone(tx, number)
        assert found is not None
        (user,) = await find_users_by_phone(tx, number)
        (line,) = await find_credit_lines(tx, found.id)
    assert (user.role, user.status, user.retailer_id) == (ActorRole.RETAILER, UserStatus.ACTIVE, found.id)
    assert (line.limit_paisa, line.vendor_id) == (5_000_050, None)
    (entry,) = [entry for entry in await audit_of(database, found.id) if entry["action"] == "RETAILER_REGISTERED"]
    assert (entry["actor_name"], entry["retailer_id"], entry["new_values"]["phone"]) == ("Admin User", found.id, number)
    assert entry["request_id"] == answer.headers["X-Request-ID"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"phoneNumber": "12"},
        {"phoneNumber": "abcdefgh"},
        {"pasalName": " "},
        {"city": ""},
        {"ownerName": "x" * 201},
        {"latitude": 91},
        {"longitude": "east"},
        {"locale": "fr"},
        {"creditLimit": -1},
        {"creditLimit": 1.005},
        {"creditLimit": "NaN"},
        {"status": "ACTIVE"},
        {"pasalName": "a\u0000b"},
    ],
)
async def test_a_faulty_registration_changes_nothing(
    client: httpx.AsyncClient, as_admin: dict[str, str], database: Database, wrong: dict[str, Any]
) -> None:
    """[X1] Each fault is a 422 and leaves neither a shop nor a user behind."""
    before = await counts(database)
    body = {**SHOP, "phoneNumber": new_phone(), **wrong}
    answer = await client.post("/api/v1/admin/retailers", json=body, headers=as_admin)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "VALIDATION_ERROR")
    assert await counts(database) == before


async def test_a_vendor_with_hours(client: httpx.AsyncClient, as_admin: dict[str, str], database: Database) -> None:
    """[O40] Hours come in pairs and as HH:MM; a phone can be a vendor and a retailer, but one of each."""
    number = new_phone()
    hours = {"opensAt": "07:00", "closesAt": "20:30", "radiusKm": 45, "activeOrdersMax": 10}
    answer = await client.post(
        "/api/v1/admin/vendors", json={**VENDOR, **hours, "phoneNumber": number}, headers=as_admin
    )
    vendor = answer.json()["data"]
    assert (answer.status_code, vendor["code"][:3]) == (201, "VEN")
    assert {name: vendor[name] for name in hours} == hours
    async with database.reading() as tx:
        found = await find_vendor_by_phone(tx, number)
    assert found is not None
    assert (found.opens_at, found.closes_at, found.pending_orders_max) == (time(7), time(20, 30), None)
    before = await counts(database)
    same = await client.post("/api/v1/admin/vendors", json={**VENDOR, "phoneNumber": number}, headers=as_admin)
    assert (same.status_code, same.json()["error"]["code"]) == (409, "ALREADY_EXISTS")
    for half in ({"opensAt": "07:00"}, {"opensAt": "7", "closesAt": "8"}, {"opensAt": "07:00", "closesAt": "07:00"}):
        body = {**VENDOR, **half, "phoneNumber": new_phone()}
        refused = await client.post("/api/v1/admin/vendors", json=body, headers=as_admin)
        assert (refused.status_code, refused.json()["error"]["code"]) == (422, "VALIDATION_ERROR")
    assert await counts(database) == before
    closed = {"opensAt": None}
    refused = await client.patch(f"/api/v1/admin/vendors/{vendor['id']}", json=closed, headers=as_admin)
    assert refused.status_code == 422
    always = {"opensAt": None, "closesAt": None}
    patched = await client.patch(f"/api/v1/admin/vendors/{vendor['id']}", json=always, headers=as_admin)
    assert (patched.json()["data"]["opensAt"], patched.json()["data"]["radiusKm"]) == (None, 45)
    shop = await client.post("/api/v1/admin/retailers", json={**SHOP, "phoneNumber": number}, headers=as_admin)
    assert shop.status_code == 201


async def test_a_change_is_audited_old_and_new(
    client: httpx.AsyncClient, as_admin: dict[str, str], make_retailer: MakeRetailer, database: Database
) -> None:
    """Only what differs changes and is written down, with who, why and the request; the user follows."""
    shop = await make_retailer(pasal_name="Old Name", owner_name="Ram", city="Surkhet")
    number = new_phone()
    patch = {"pasalName": "New Name", "city": "Surkhet", "ownerName": "Hari", "phoneNumber": number, "locale": "en"}
    answer = await client.patch(f"/api/v1/admin/retailers/{shop.id}", json=patch, headers=as_admin)
    assert answer.json()["data"]["pasalName"] == "New Name"
    _, change = await audit_of(database, shop.id)
    assert change["old_values"] == {"pasal_name": "Old Name", "owner_name": "Ram", "phone": shop.phone, "locale": "ne"}
    assert change["new_values"] == {"pasal_name": "New Name", "owner_name": "Hari", "phone": number, "locale": "en"}
    async with database.reading() as tx:
        (user,) = await find_users_by_phone(tx, number)
    assert (user.id, user.name, user.locale) == (shop.user_id, "Hari", Locale.EN)
    await client.patch(f"/api/v1/admin/retailers/{shop.id}", json=patch, headers=as_admin)
    assert len(await audit_of(database, shop.id)) == 2


async def test_changes_that_are_refused(
    client: httpx.AsyncClient, as_admin: dict[str, str], make_retailer: MakeRetailer, database: Database
) -> None:
    """A taken phone, suspending without a reason, going back to PENDING, an unknown shop: nothing changes."""
    shop, other = await make_retailer(), await make_retailer()
    attempts = [
        (shop.id, {"phoneNumber": other.phone}, 409, "ALREADY_EXISTS"),
        (shop.id, {"status": "BLOCKED"}, 422, "VALIDATION_ERROR"),
        (shop.id, {"status": "PENDING"}, 422, "VALIDATION_ERROR"),
        (shop.id, {"pasalName": None}, 422, "VALIDATION_ERROR"),
        (shop.id, {"code": "RET1"}, 422, "VALIDATION_ERROR"),
        (new_id(), {"pasalName": "x"}, 404, "RETAILER_NOT_FOUND"),
    ]
    for shop_id, body, status, code in attempts:
        answer = await client.patch(f"/api/v1/admin/retailers/{shop_id}", json=body, headers=as_admin)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    async with database.reading() as tx:
        assert await require_retailer(tx, shop.id) == shop
    assert len(await audit_of(database, shop.id)) == 1


async def test_approving_twice_is_one_approval(
    client: httpx.AsyncClient,
    as_admin: dict[str, str],
    make_retailer: MakeRetailer,
    make_vendor: MakeVendor,
    database: Database,
) -> None:
    """Five approvals at once: one change, one audit entry, one event that tells the person."""
    shop, vendor = await make_retailer(status=PartyStatus.PENDING), await make_vendor(status=PartyStatus.PENDING)
    for path in (f"retailers/{shop.id}", f"vendors/{vendor.id}"):
        answers = await asyncio.gather(
            *(client.post(f"/api/v1/admin/{path}/approve", headers=as_admin) for _ in range(5))
        )
        assert [answer.status_code for answer in answers] == [200] * 5
        assert {answer.json()["data"]["status"] for answer in answers} == {"ACTIVE"}
    assert [len(await audit_of(database, party.id)) for party in (shop, vendor)] == [2, 2]
    async with database.reading() as tx:
        payloads = await tx.values("SELECT payload FROM pgqueuer ORDER BY id")
        assert (await require_vendor(tx, vendor.id)).status is PartyStatus.ACTIVE
    assert [msgspec.json.decode(payload)["kind"] for payload in payloads] == ["RetailerApproved", "VendorApproved"]


async def test_lists_page_and_narrow(
    client: httpx.AsyncClient, as_admin: dict[str, str], make_retailer: MakeRetailer
) -> None:
    """[X3] Newest first, page by page without gaps or repetitions, by status, city and words."""
    shops = [
        await make_retailer(pasal_name=f"Shop {n} 100%_off", city="Kohalpur" if n % 2 else "Surkhet") for n in range(7)
    ]
    await make_retailer(status=PartyStatus.BLOCKED, owner_name="Dhan Bahadur")

    async def listed(**query: Any) -> list[str]:
        seen: list[str] = []
        while True:
            answer = await client.get("/api/v1/admin/retailers", params={**query, "limit": 3}, headers=as_admin)
            page = answer.json()["data"]
            assert len(page["items"]) <= 3
            seen += [shop["id"] for shop in page["items"]]
            if page["nextCursor"] is None:
                return seen
            query["cursor"] = page["nextCursor"]

    newest_first = [str(shop.id) for shop in reversed(shops)]
    assert (await listed())[1:] == newest_first
    assert await listed(status="ACTIVE") == newest_first
    assert await listed(city="kohalpur") == [newest_first[n] for n in (1, 3, 5)]
    assert await listed(q="SHOP 4") == [str(shops[4].id)]
    assert await listed(q="100%_off", status="ACTIVE") == newest_first
    assert await listed(q="100x") == []
    assert await listed(q=shops[2].phone[-8:]) == [str(shops[2].id)]
    assert await listed(q=shops[2].code.lower()) == [str(shops[2].id)]
    assert len(await listed(q="dhan bahadur")) == 1
    for bad in ({"limit": 0}, {"limit": 201}, {"limit": "x"}, {"cursor": "!!"}, {"status": "GONE"}):
        answer = await client.get("/api/v1/admin/retailers", params=bad, headers=as_admin)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "VALIDATION_ERROR")


async def test_many_at_once_get_codes_of_their_own(database: Database, admin: Actor) -> None:
    """Decision 10: five thousand shops registered in one go have five thousand codes and users."""
    new = [NewRetailer(pasal_name=f"P{n}", owner_name="O", phone=new_phone(), city="Surkhet") for n in range(5_000)]
    async with database.transaction() as tx:
        registered = await register_retailers(tx, admin, retailers=new)
    assert len({shop.code for shop in registered}) == 5_000
    assert await counts(database) == (5_000, 5_000, 0)


# --- colleagues --------------------------------------------------------------------------------------------------


async def test_only_admins_decide_about_staff(
    client: httpx.AsyncClient, as_admin: dict[str, str], make_user: MakeUser, bearer_of: BearerOf, database: Database
) -> None:
    """[X10] An admin adds and suspends colleagues; an operator lets freelancers in, and nobody else."""
    body = {"role": "OPERATOR", "name": "Olga", "phoneNumber": new_phone(), "password": "a good password"}
    answer = await client.post("/api/v1/admin/users", json=body, headers=as_admin)
    assert answer.status_code == 201
    operator_id = answer.json()["data"]["id"]
    shop_like = {**body, "role": "RETAILER", "phoneNumber": new_phone()}
    assert (await client.post("/api/v1/admin/users", json=shop_like, headers=as_admin)).status_code == 422
    operator = await bearer_of(await make_user(role=ActorRole.OPERATOR))
    freelancer = await make_user(role=ActorRole.FREELANCER, status=UserStatus.PENDING)
    approved = await client.post(f"/api/v1/admin/users/{freelancer.id}/approve", headers=operator)
    assert approved.json()["data"]["status"] == "ACTIVE"
    why = {"reason": "left us"}
    refused = await client.post(f"/api/v1/admin/users/{operator_id}/suspend", json=why, headers=operator)
    assert refused.status_code == 403
    suspended = await client.post(f"/api/v1/admin/users/{operator_id}/suspend", json=why, headers=as_admin)
    assert suspended.json()["data"]["status"] == "SUSPENDED"
    change = next(entry for entry in await audit_of(database, operator_id) if entry["action"] == "USER_CHANGED")
    assert (change["old_values"], change["new_values"], change["reason"]) == (
        {"status": "ACTIVE"},
        {"status": "SUSPENDED"},
        "left us",
    )
    listed = await client.get("/api/v1/admin/users", params={"status": "SUSPENDED"}, headers=as_admin)
    assert [user["id"] for user in listed.json()["data"]["items"]] == [operator_id]


async def test_nobody_suspends_themselves_or_a_shop_by_the_back_door(
    client: httpx.AsyncClient, make_user: MakeUser, make_retailer: MakeRetailer, bearer_of: BearerOf
) -> None:
    """[X10] A shop's user follows the shop, and the last admin cannot lock the door from outside."""
    me = await make_user(role=ActorRole.ADMIN)
    headers = await bearer_of(me)
    shop = await make_retailer()
    for user_id in (me.id, shop.user_id):
        answer = await client.post(
            f"/api/v1/admin/users/{user_id}/suspend", json={"reason": "because"}, headers=headers
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "CONFLICT")
    assert (await client.get("/api/v1/auth/me", headers=headers)).status_code == 200


async def test_signing_somebody_out(
    client: httpx.AsyncClient, as_admin: dict[str, str], make_user: MakeUser, bearer_of: BearerOf
) -> None:
    """[X11] For a lost phone: every sign-in of that user ends, at once."""
    user = await make_user(role=ActorRole.OPERATOR)
    lost = [await bearer_of(user) for _ in range(2)]
    answer = await client.post(f"/api/v1/admin/users/{user.id}/sign-out", headers=as_admin)
    assert answer.json()["data"] == {"ended": 2}
    assert [(await client.get("/api/v1/auth/me", headers=headers)).status_code for headers in lost] == [401, 401]


# --- console sessions --------------------------------------------------------------------------------------------


async def test_a_console_session(database: Database, make_user: MakeUser, admin: Actor) -> None:
    """[X11] The cookie is random and stored hashed; the session knows its user and its CSRF token, and ends."""
    user = await make_user(role=ActorRole.OPERATOR, name="Olga")
    async with database.transaction() as tx:
        started = await start_session(tx, user_id=user.id)
        other = await start_session(tx, user_id=user.id)
    async with database.transaction() as tx:
        session = await find_session(tx, started.cookie)
        assert session is not None
        assert (session.user, session.csrf_token) == (user, started.csrf_token)
        session.check_csrf(started.csrf_token)
        for forged in (None, "", other.csrf_token):
            with pytest.raises(Forbidden):
                session.check_csrf(forged)
        for unknown in (None, "", "x" * 43, started.csrf_token, "x" * 10_000):
            assert await find_session(tx, unknown) is None
        stored = await tx.values("SELECT id_hash FROM console_sessions")
        assert started.cookie.encode() not in stored
        await end_session(tx, started.cookie)
        await end_session(tx, started.cookie)
        assert await find_session(tx, started.cookie) is None
        assert await find_session(tx, other.cookie) is not None


async def test_a_session_of_someone_suspended(
    client: httpx.AsyncClient, as_admin: dict[str, str], database: Database, make_user: MakeUser
) -> None:
    """[X11] Suspending somebody ends their console sessions too."""
    user = await make_user(role=ActorRole.OPERATOR)
    async with database.transaction() as tx:
        started = await start_session(tx, user_id=user.id)
    await client.post(f"/api/v1/admin/users/{user.id}/suspend", json={"reason": "left us"}, headers=as_admin)
    async with database.reading() as tx:
        assert await find_session(tx, started.cookie) is None
        assert await tx.value("SELECT count(*) FROM console_sessions") == 0
