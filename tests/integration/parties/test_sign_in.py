"""Signing in and out over HTTP. [X11]"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from tests.fixtures.people import MakeRetailer, MakeUser, MakeVendor, new_phone
from tests.fixtures.waiting import refused_within_a_second

from khaacho import clock
from khaacho.actors import ActorRole
from khaacho.parties.jobs import purge_sign_in_leftovers
from khaacho.parties.records import PartyStatus, UserStatus
from khaacho.parties.signin.passwords import hash_password
from khaacho.platform.database import Database

PASSWORD = "a good password"


async def post(client: httpx.AsyncClient, path: str, body: Any = None, **headers: str) -> httpx.Response:
    return await client.post(f"/api/v1/auth/{path}", json=body, headers=headers)


def code_of(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def bearer(tokens: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['accessToken']}"}


async def me(client: httpx.AsyncClient, tokens: dict[str, Any]) -> httpx.Response:
    return await client.get("/api/v1/auth/me", headers=bearer(tokens))


async def sign_in(client: httpx.AsyncClient, phone: str) -> dict[str, Any]:
    answer = await post(client, "login", {"phoneNumber": phone, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()["data"]
    return tokens


async def count(database: Database, table: str) -> int:
    async with database.reading() as tx:
        rows: int = await tx.value(f"SELECT count(*) FROM {table}")
    return rows


@pytest.fixture
async def phone(make_user: MakeUser) -> str:
    """The phone of an operator with a password."""
    user = await make_user(role=ActorRole.OPERATOR, name="Olga", password_hash=await hash_password(PASSWORD))
    return user.phone


async def test_a_password_opens_the_door(client: httpx.AsyncClient, phone: str) -> None:
    """[X11] A sign-in answers both tokens, their life and who it is; the access token says it again at /auth/me."""
    tokens = await sign_in(client, phone)
    assert set(tokens) == {"accessToken", "refreshToken", "expiresIn", "user"}
    assert tokens["expiresIn"] == 900
    assert {name: tokens["user"][name] for name in ("role", "name")} == {"role": "OPERATOR", "name": "Olga"}
    answer = (await me(client, tokens)).json()["data"]
    assert (answer["id"], answer["phoneNumber"], answer["retailerId"]) == (tokens["user"]["id"], phone, None)
    assert "retailers.write" in answer["permissions"]
    assert "settings.write" not in answer["permissions"]


async def test_the_number_may_be_written_as_people_do(client: httpx.AsyncClient, phone: str) -> None:
    """[O5] The country code may be left out."""
    assert (await sign_in(client, phone.removeprefix("+977")))["user"]["name"] == "Olga"


async def test_wrong_and_unknown_look_alike(client: httpx.AsyncClient, phone: str, database: Database) -> None:
    """[X11] A wrong password, an unknown phone and a phone without a password get the same answer."""
    answers = [
        await post(client, "login", {"phoneNumber": number, "password": "wrong"}) for number in (phone, new_phone())
    ]
    bodies = [answer.json()["error"] for answer in answers]
    assert bodies[0] == bodies[1]
    assert [code_of(answer) for answer in answers] == [(401, "WRONG_CREDENTIALS")] * 2
    assert await count(database, "sign_ins") == 0


@pytest.mark.parametrize("known", [True, False])
async def test_the_sixth_attempt_meets_a_lock(
    client: httpx.AsyncClient, phone: str, database: Database, known: bool
) -> None:
    """[X11] Twelve guesses at once: five are judged, the rest are told to wait, and so is the right password.

    A phone nobody has is locked just the same, so that a lock tells nothing.
    """
    number = phone if known else new_phone()
    guesses = [post(client, "login", {"phoneNumber": number, "password": f"guess {n}"}) for n in range(12)]
    codes = sorted(code_of(answer) for answer in await asyncio.gather(*guesses))
    assert codes == [(401, "WRONG_CREDENTIALS")] * 5 + [(429, "SIGN_IN_LOCKED")] * 7
    locked = await post(client, "login", {"phoneNumber": number, "password": PASSWORD})
    assert code_of(locked) == (429, "SIGN_IN_LOCKED")
    assert 1 <= int(locked.headers["Retry-After"]) <= 30
    assert await count(database, "sign_ins") == 0
    if known:
        with clock.travelled_to(clock.now() + timedelta(seconds=31)):
            await sign_in(client, number)
        assert await count(database, "sign_in_failures") == 0


async def test_each_further_failure_locks_for_longer(client: httpx.AsyncClient, phone: str) -> None:
    """[X11] After the first lock has passed, one more wrong attempt locks for twice as long."""
    wrong = {"phoneNumber": phone, "password": "wrong"}
    for _ in range(5):
        await post(client, "login", wrong)
    with clock.travelled_to(clock.now() + timedelta(seconds=31)):
        assert code_of(await post(client, "login", wrong)) == (401, "WRONG_CREDENTIALS")
        locked = await post(client, "login", wrong)
        assert code_of(locked) == (429, "SIGN_IN_LOCKED")
        assert 31 <= int(locked.headers["Retry-After"]) <= 60


async def test_many_right_sign_ins_at_once_lock_nobody(client: httpx.AsyncClient, phone: str) -> None:
    """[X11] Somebody with eight devices is not an attacker."""
    signed_in = await asyncio.gather(*(sign_in(client, phone) for _ in range(8)))
    assert len({tokens["refreshToken"] for tokens in signed_in}) == 8


async def test_one_phone_with_two_roles(
    client: httpx.AsyncClient, make_retailer: MakeRetailer, make_vendor: MakeVendor
) -> None:
    """[O5] The password chooses the role; where both have the same, `role` does."""
    number, shared = new_phone(), await hash_password(PASSWORD)
    shop = await make_retailer(phone=number, password_hash=shared)
    vendor = await make_vendor(phone=number, password_hash=await hash_password("another one"))
    as_shop = await sign_in(client, number)
    assert as_shop["user"]["retailerId"] == str(shop.id)
    other = await post(client, "login", {"phoneNumber": number, "password": "another one"})
    assert other.json()["data"]["user"]["vendorId"] == str(vendor.id)
    refused = await post(client, "login", {"phoneNumber": number, "password": PASSWORD, "role": "VENDOR"})
    assert code_of(refused) == (401, "WRONG_CREDENTIALS")


# --- one-time codes ----------------------------------------------------------------------------------------------


async def issued_codes(database: Database) -> list[dict[str, str]]:
    async with database.reading() as tx:
        payloads = await tx.values("SELECT payload FROM pgqueuer WHERE entrypoint = 'DeliverEvent' ORDER BY id")
    events = [msgspec.json.decode(payload) for payload in payloads]
    return [event["body"] for event in events if event["kind"] == "OneTimeCodeIssued"]


async def test_a_code_signs_in_once(client: httpx.AsyncClient, make_retailer: MakeRetailer, database: Database) -> None:
    """[X11] The code goes out as an event for the channel, opens the door once, and never again."""
    shop = await make_retailer()
    answer = await post(client, "otp", {"phoneNumber": shop.phone})
    assert (answer.status_code, answer.json()["data"]) == (200, {"expiresIn": 300})
    (issued,) = await issued_codes(database)
    assert (issued["phone"], issued["locale"]) == (shop.phone, "ne")
    body = {"phoneNumber": shop.phone, "code": issued["code"]}
    tokens = (await post(client, "otp/verify", body)).json()["data"]
    assert tokens["user"]["retailerId"] == str(shop.id)
    assert (await me(client, tokens)).status_code == 200
    assert code_of(await post(client, "otp/verify", body)) == (401, "WRONG_CREDENTIALS")
    assert await count(database, "sign_ins") == 1


async def test_one_code_used_by_two_at_once(
    client: httpx.AsyncClient, make_retailer: MakeRetailer, database: Database
) -> None:
    """[X11] Ten requests with the right code: one gets in."""
    shop = await make_retailer()
    await post(client, "otp", {"phoneNumber": shop.phone})
    (issued,) = await issued_codes(database)
    body = {"phoneNumber": shop.phone, "code": issued["code"]}
    answers = await asyncio.gather(*(post(client, "otp/verify", body) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [200, 401, 401, 401]
    assert await count(database, "sign_ins") == 1


async def test_only_the_newest_code_and_only_for_five_minutes(
    client: httpx.AsyncClient, make_retailer: MakeRetailer, database: Database
) -> None:
    """[X11] A newer code replaces the older one, and time ends both."""
    shop = await make_retailer()
    await post(client, "otp", {"phoneNumber": shop.phone})
    await post(client, "otp", {"phoneNumber": shop.phone})
    older, newer = [{"phoneNumber": shop.phone, "code": issued["code"]} for issued in await issued_codes(database)]
    assert code_of(await post(client, "otp/verify", older)) == (401, "WRONG_CREDENTIALS")
    with clock.travelled_to(clock.now() + timedelta(minutes=5, seconds=1)):
        assert code_of(await post(client, "otp/verify", newer)) == (401, "WRONG_CREDENTIALS")
    assert (await post(client, "otp/verify", newer)).status_code == 200


async def test_five_wrong_codes_use_a_code_up(
    client: httpx.AsyncClient, make_retailer: MakeRetailer, database: Database
) -> None:
    """[X11] Guessing six digits meets the same lock as guessing passwords, and the code is spent."""
    shop = await make_retailer()
    await post(client, "otp", {"phoneNumber": shop.phone})
    (issued,) = await issued_codes(database)
    wrong = "000000" if issued["code"] != "000000" else "111111"
    for _ in range(5):
        answer = await post(client, "otp/verify", {"phoneNumber": shop.phone, "code": wrong})
        assert code_of(answer) == (401, "WRONG_CREDENTIALS")
    right = {"phoneNumber": shop.phone, "code": issued["code"]}
    assert code_of(await post(client, "otp/verify", right)) == (429, "SIGN_IN_LOCKED")
    with clock.travelled_to(clock.now() + timedelta(seconds=31)):
        assert code_of(await post(client, "otp/verify", right)) == (401, "WRONG_CREDENTIALS")


async def test_codes_are_rationed_and_tell_nothing(client: httpx.AsyncClient, database: Database) -> None:
    """[X11] A phone nobody has gets the same answers and no message; the sixth code in a quarter of an hour waits."""
    number = new_phone()
    answers = [await post(client, "otp", {"phoneNumber": number}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert code_of(answers[5]) == (429, "RATE_LIMITED")
    assert await issued_codes(database) == []


async def test_no_secret_is_stored_in_clear(
    client: httpx.AsyncClient, phone: str, make_retailer: MakeRetailer, database: Database
) -> None:
    """[X11] Passwords are Argon2id; refresh tokens and codes are hashes, and the code's hash is keyed."""
    shop = await make_retailer()
    await post(client, "otp", {"phoneNumber": shop.phone})
    (issued,) = await issued_codes(database)
    tokens = await sign_in(client, phone)
    async with database.reading() as tx:
        password_hash = await tx.value("SELECT password_hash FROM users WHERE phone = %(phone)s", {"phone": phone})
        token_hash = await tx.value("SELECT token_hash FROM refresh_tokens")
        code_hash = await tx.value("SELECT code_hash FROM one_time_codes")
    assert password_hash.startswith("$argon2id$")
    assert token_hash == hashlib.sha256(tokens["refreshToken"].encode()).digest()
    assert code_hash != hashlib.sha256(issued["code"].encode()).digest()


# --- going on and ending -----------------------------------------------------------------------------------------


async def test_tokens_rotate_and_reuse_ends_the_family(
    client: httpx.AsyncClient, phone: str, database: Database
) -> None:
    """[X11] A refresh token works once. Used again, it was stolen: its whole sign-in ends, and no other."""
    other = await sign_in(client, phone)
    first = await sign_in(client, phone)
    second = (await post(client, "refresh", {"refreshToken": first["refreshToken"]})).json()["data"]
    third = (await post(client, "refresh", {"refreshToken": second["refreshToken"]})).json()["data"]
    assert (await me(client, third)).status_code == 200
    reused = await post(client, "refresh", {"refreshToken": first["refreshToken"]})
    assert code_of(reused) == (401, "TOKEN_REUSED")
    assert code_of(await post(client, "refresh", {"refreshToken": third["refreshToken"]})) == (401, "TOKEN_INVALID")
    assert (await post(client, "refresh", {"refreshToken": other["refreshToken"]})).status_code == 200
    async with database.reading() as tx:
        reasons = await tx.values("SELECT end_reason FROM sign_ins WHERE ended_at IS NOT NULL")
        audited = await tx.values("SELECT action FROM audit_entries WHERE action = 'REFRESH_TOKEN_REUSED'")
    assert (reasons, audited) == (["TOKEN_REUSED"], ["REFRESH_TOKEN_REUSED"])


async def test_one_refresh_token_used_twice_at_once(client: httpx.AsyncClient, phone: str) -> None:
    """[X11] Of two racing refreshes one succeeds; the other is a reuse, and ends what the first was given."""
    tokens = await sign_in(client, phone)
    body = {"refreshToken": tokens["refreshToken"]}
    answers = await asyncio.gather(*(post(client, "refresh", body) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 401]
    won = next(answer for answer in answers if answer.status_code == 200).json()["data"]
    assert (await post(client, "refresh", {"refreshToken": won["refreshToken"]})).status_code == 401


async def test_a_refresh_token_runs_out(client: httpx.AsyncClient, phone: str) -> None:
    """[X11] After thirty days without use one signs in again; nonsense was never a token."""
    tokens = await sign_in(client, phone)
    with clock.travelled_to(clock.now() + timedelta(days=30, seconds=1)):
        answer = await post(client, "refresh", {"refreshToken": tokens["refreshToken"]})
        assert code_of(answer) == (401, "TOKEN_INVALID")
    assert code_of(await post(client, "refresh", {"refreshToken": "nonsense"})) == (401, "TOKEN_INVALID")


async def test_signing_out_ends_both_tokens(client: httpx.AsyncClient, phone: str) -> None:
    """[X11] After signing out neither token opens anything; doing it twice is fine."""
    tokens = await sign_in(client, phone)
    assert (await me(client, tokens)).status_code == 200
    assert (await post(client, "logout", **bearer(tokens))).status_code == 200
    assert code_of(await me(client, tokens)) == (401, "TOKEN_INVALID")
    assert code_of(await post(client, "refresh", {"refreshToken": tokens["refreshToken"]})) == (401, "TOKEN_INVALID")
    again = await post(client, "logout", {"refreshToken": tokens["refreshToken"]})
    assert again.status_code == 200


async def test_signing_out_by_refresh_token_alone(client: httpx.AsyncClient, phone: str) -> None:
    """[X11] Somebody whose access token has run out can still sign out; nobody at all cannot."""
    tokens = await sign_in(client, phone)
    assert (await post(client, "logout", {"refreshToken": tokens["refreshToken"]})).status_code == 200
    assert code_of(await post(client, "refresh", {"refreshToken": tokens["refreshToken"]})) == (401, "TOKEN_INVALID")
    assert code_of(await post(client, "logout")) == (401, "UNAUTHENTICATED")


async def test_signing_out_everywhere(client: httpx.AsyncClient, phone: str, make_user: MakeUser) -> None:
    """[X11] Every device at once, and nobody else's."""
    stranger = await make_user(password_hash=await hash_password(PASSWORD))
    theirs = await sign_in(client, stranger.phone)
    mine = [await sign_in(client, phone) for _ in range(3)]
    assert (await post(client, "logout-all", **bearer(mine[0]))).status_code == 200
    assert [(await me(client, tokens)).status_code for tokens in [*mine, theirs]] == [401, 401, 401, 200]


async def test_a_new_password_replaces_the_old_one(client: httpx.AsyncClient, phone: str, database: Database) -> None:
    """[X11] The present password proves who asks; afterwards every sign-in starts anew, with the new one."""
    tokens = await sign_in(client, phone)
    body = {"currentPassword": "wrong", "newPassword": "another good one"}
    assert code_of(await post(client, "password", body, **bearer(tokens))) == (401, "WRONG_CREDENTIALS")
    short = {"currentPassword": PASSWORD, "newPassword": "short"}
    assert code_of(await post(client, "password", short, **bearer(tokens))) == (422, "VALIDATION_ERROR")
    body = {"currentPassword": PASSWORD, "newPassword": "another good one"}
    assert (await post(client, "password", body, **bearer(tokens))).status_code == 200
    assert (await me(client, tokens)).status_code == 401
    old = await post(client, "login", {"phoneNumber": phone, "password": PASSWORD})
    new = await post(client, "login", {"phoneNumber": phone, "password": "another good one"})
    assert (old.status_code, new.status_code) == (401, 200)
    async with database.reading() as tx:
        audited = await tx.dicts("SELECT * FROM audit_entries WHERE action = 'PASSWORD_CHANGED'")
    assert (len(audited), audited[0]["actor_name"], audited[0]["new_values"]) == (1, "Olga", None)


# --- standing ----------------------------------------------------------------------------------------------------


async def test_who_is_suspended_is_out_within_a_second(
    client: httpx.AsyncClient, as_admin: dict[str, str], make_retailer: MakeRetailer
) -> None:
    """[X10] A suspended shop's token stops working, its refresh too, and it cannot sign in."""
    shop = await make_retailer(password_hash=await hash_password(PASSWORD))
    tokens = await sign_in(client, shop.phone)
    assert (await me(client, tokens)).status_code == 200
    change = {"status": "SUSPENDED", "reason": "cheque bounced"}
    assert (await client.patch(f"/api/v1/admin/retailers/{shop.id}", json=change, headers=as_admin)).is_success
    refused = await refused_within_a_second(lambda: me(client, tokens))
    assert code_of(refused) == (403, "ACCOUNT_NOT_ACTIVE")
    refreshed = await post(client, "refresh", {"refreshToken": tokens["refreshToken"]})
    assert code_of(refreshed) == (403, "ACCOUNT_NOT_ACTIVE")
    refused = await post(client, "login", {"phoneNumber": shop.phone, "password": PASSWORD})
    assert code_of(refused) == (403, "ACCOUNT_NOT_ACTIVE")
    # The refusal changed nothing: once let back in, the same refresh token still works.
    assert (await client.post(f"/api/v1/admin/retailers/{shop.id}/approve", headers=as_admin)).is_success
    assert (await post(client, "refresh", {"refreshToken": tokens["refreshToken"]})).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": ""}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}, {"Authorization": "x"}],
)
async def test_nobody_is_told_to_sign_in(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    """[X1] Without a bearer token the answer is 401 and says how to authenticate."""
    answer = await client.get("/api/v1/auth/me", headers=headers)
    assert code_of(answer) == (401, "UNAUTHENTICATED")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_leftovers_are_purged(client: httpx.AsyncClient, phone: str, database: Database) -> None:
    """[X20] What is expired goes at night, what is live stays; a dry run only counts."""
    await post(client, "login", {"phoneNumber": new_phone(), "password": "wrong"})
    await post(client, "otp", {"phoneNumber": phone})
    tokens = await sign_in(client, phone)
    tables = ("one_time_codes", "sign_in_failures", "console_sessions", "sign_ins")
    none, all_old = dict.fromkeys(tables, 0), {**dict.fromkeys(tables, 1), "console_sessions": 0}
    assert await purge_sign_in_leftovers(database, clock.now(), False) == none
    assert (await me(client, tokens)).status_code == 200
    much_later = clock.now() + timedelta(days=61)
    assert await purge_sign_in_leftovers(database, much_later, True) == all_old
    assert await purge_sign_in_leftovers(database, much_later, False) == all_old
    assert await purge_sign_in_leftovers(database, much_later, False) == none


# --- registering -------------------------------------------------------------------------------------------------


async def test_everybody_registers_and_waits(
    client: httpx.AsyncClient, as_admin: dict[str, str], database: Database
) -> None:
    """[X10] A shop, a wholesaler and a freelancer register, cannot sign in, are approved, and can."""
    shop = {"role": "RETAILER", "pasalName": "Gita Kirana", "ownerName": "Gita", "city": "Surkhet"}
    vendor = {"role": "VENDOR", "businessName": "Karnali Traders", "ownerName": "Bishnu", "city": "Surkhet"}
    freelancer = {"role": "FREELANCER", "name": "Rita"}
    doors = {"RETAILER": "retailers", "VENDOR": "vendors", "FREELANCER": "users"}
    number = new_phone()
    for person in (shop, vendor, freelancer):
        role = person["role"]
        answer = await post(client, "register", {**person, "phoneNumber": number, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        registered = answer.json()["data"]
        assert (registered["role"], registered["status"]) == (role, "PENDING")
        credentials = {"phoneNumber": number, "password": PASSWORD, "role": role}
        assert code_of(await post(client, "login", credentials)) == (403, "ACCOUNT_NOT_ACTIVE")
        row_id = registered["retailerId"] or registered["vendorId"] or registered["id"]
        approved = await client.post(f"/api/v1/admin/{doors[role]}/{row_id}/approve", headers=as_admin)
        assert approved.json()["data"]["status"] == "ACTIVE"
        assert (await post(client, "login", credentials)).json()["data"]["user"]["role"] == role
    assert await count(database, "users") == 4


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"role": "ADMIN", "name": "Eve"}, 422, "VALIDATION_ERROR"),
        ({"role": "OPERATOR", "name": "Eve"}, 422, "VALIDATION_ERROR"),
        ({"role": "FREELANCER"}, 422, "VALIDATION_ERROR"),
        ({"role": "FREELANCER", "name": "  "}, 422, "VALIDATION_ERROR"),
        ({"role": "FREELANCER", "name": "Eve", "status": "ACTIVE"}, 422, "VALIDATION_ERROR"),
        ({"role": "FREELANCER", "name": "Eve", "password": "short"}, 422, "VALIDATION_ERROR"),
        ({"role": "RETAILER", "name": "Eve", "city": "Surkhet"}, 422, "VALIDATION_ERROR"),
        ({"role": "RETAILER", "name": "Eve", "pasalName": "E"}, 422, "VALIDATION_ERROR"),
        ({"role": "FREELANCER", "name": "Eve", "phoneNumber": "12345"}, 422, "VALIDATION_ERROR"),
    ],
)
async def test_what_nobody_can_register_as(
    client: httpx.AsyncClient, database: Database, body: dict[str, str], status: int, code: str
) -> None:
    """[X10] Nobody registers as staff, as active, or half; nothing is written then."""
    answer = await post(client, "register", {"phoneNumber": new_phone(), **body})
    assert code_of(answer) == (status, code)
    assert [await count(database, table) for table in ("users", "retailers", "audit_entries")] == [0, 0, 0]


async def test_a_phone_registers_once_per_role(
    client: httpx.AsyncClient, make_retailer: MakeRetailer, database: Database
) -> None:
    """[O5] A shop's phone cannot register as another shop, not even when both try at once."""
    shop = await make_retailer(status=PartyStatus.BLOCKED)
    body = {"role": "RETAILER", "pasalName": "Again", "name": "Eve", "city": "Surkhet"}
    again = await post(client, "register", {**body, "phoneNumber": shop.phone})
    assert code_of(again) == (409, "ALREADY_EXISTS")
    number = new_phone()
    racing = await asyncio.gather(*(post(client, "register", {**body, "phoneNumber": number}) for _ in range(5)))
    assert sorted(answer.status_code for answer in racing) == [201, 409, 409, 409, 409]
    assert (await count(database, "users"), await count(database, "retailers")) == (2, 2)


async def test_a_suspended_user_is_known_only_to_who_has_the_password(
    client: httpx.AsyncClient, make_user: MakeUser
) -> None:
    """[X11] That an account is suspended is told to its owner, not to a guesser."""
    user = await make_user(status=UserStatus.SUSPENDED, password_hash=await hash_password(PASSWORD))
    wrong = await post(client, "login", {"phoneNumber": user.phone, "password": "wrong"})
    right = await post(client, "login", {"phoneNumber": user.phone, "password": PASSWORD})
    assert (code_of(wrong), code_of(right)) == ((401, "WRONG_CREDENTIALS"), (403, "ACCOUNT_NOT_ACTIVE"))
