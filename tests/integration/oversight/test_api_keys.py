"""[X12] Keys for machines: shown once, kept as hashes, narrowed to scopes, with an end, and revocable."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
from tests.fixtures.people import BearerOf, MakeUser
from tests.fixtures.waiting import refused_within_a_second

from khaacho import clock
from khaacho.actors import ActorRole
from khaacho.parties.records import UserStatus
from khaacho.parties.user_actions import set_user_status
from khaacho.platform.database import Database

BASE = "/api/v1"


async def make_key(client: httpx.AsyncClient, headers: dict[str, str], **given: Any) -> httpx.Response:
    body = {
        "name": "bookkeeping",
        "scopes": ["retailers.read"],
        "expiresAt": (clock.now() + timedelta(days=30)).isoformat(),
        **given,
    }
    return await client.post(f"{BASE}/admin/api-keys", json=body, headers=headers)


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


async def refused_soon(client: httpx.AsyncClient, key: str, status: int) -> None:
    refused = await refused_within_a_second(lambda: client.get(f"{BASE}/admin/retailers", headers=bearer(key)))
    assert refused.status_code == status


async def test_a_key_opens_what_its_scopes_name_and_nothing_else(
    client: httpx.AsyncClient, as_admin: dict[str, str], database: Database
) -> None:
    """[X12] For the user who made it, by the key's name in the audit; signing in and keys themselves are for people."""
    made = await make_key(client, as_admin, scopes=["retailers.read", "retailers.write"])
    assert made.status_code == 201
    key = made.json()["data"]["key"]
    assert key.startswith("khk_")
    assert (await client.get(f"{BASE}/admin/retailers", headers=bearer(key))).status_code == 200
    shop = {"pasalName": "Gita Kirana", "ownerName": "Gita", "phoneNumber": "+9779812345678", "city": "Surkhet"}
    assert (await client.post(f"{BASE}/admin/retailers", json=shop, headers=bearer(key))).status_code == 201
    for path in ("/admin/vendors", "/auth/me", "/admin/api-keys", "/admin/jobs"):
        assert (await client.get(BASE + path, headers=bearer(key))).status_code == 403, path
    assert (await client.get(f"{BASE}/admin/retailers", headers=bearer("khk_guess"))).status_code == 401
    async with database.reading() as tx:
        names = await tx.values("SELECT actor_name FROM audit_entries WHERE action = 'RETAILER_REGISTERED'")
        stored = await tx.dicts("SELECT name, key_hash, ends_with, last_used_at FROM api_keys")
        audited = await tx.values("SELECT row_to_json(audit_entries)::text FROM audit_entries")
    assert names == ["Admin User (bookkeeping)"]
    assert stored[0]["last_used_at"] is not None
    assert (stored[0]["ends_with"], len(stored[0]["key_hash"])) == (key[-4:], 32)
    assert not any(key in entry for entry in audited)


async def test_a_key_is_shown_once(client: httpx.AsyncClient, as_admin: dict[str, str]) -> None:
    """[X12] The list knows it by its name and last characters."""
    made = (await make_key(client, as_admin)).json()["data"]
    (listed,) = (await client.get(f"{BASE}/admin/api-keys", headers=as_admin)).json()["data"]
    assert listed == {name: value for name, value in made.items() if name != "key"}


async def test_a_revoked_key_opens_nothing(client: httpx.AsyncClient, as_admin: dict[str, str]) -> None:
    """[X12] Within a second everywhere; revoking twice is fine, one that does not exist is not found."""
    made = (await make_key(client, as_admin)).json()["data"]
    assert (await client.get(f"{BASE}/admin/retailers", headers=bearer(made["key"]))).status_code == 200
    for _ in range(2):
        answer = await client.post(
            f"{BASE}/admin/api-keys/{made['id']}/revoke", json={"reason": "the laptop is lost"}, headers=as_admin
        )
        assert answer.status_code == 200
        assert answer.json()["data"]["revokedAt"] is not None
    await refused_soon(client, made["key"], 401)
    missing = await client.post(
        f"{BASE}/admin/api-keys/{made['userId']}/revoke", json={"reason": "x"}, headers=as_admin
    )
    assert missing.status_code == 404


async def test_a_key_ends_at_its_time_and_with_its_user(
    client: httpx.AsyncClient, make_user: MakeUser, bearer_of: BearerOf, database: Database, admin: Any
) -> None:
    """[X12] Past its end it is no key; a user who is suspended has no machines either."""
    user = await make_user(ActorRole.ADMIN)
    headers = await bearer_of(user)
    lasting = (await make_key(client, headers)).json()["data"]["key"]
    soon = (clock.now() + timedelta(hours=1)).isoformat()
    ending = (await make_key(client, headers, expiresAt=soon)).json()["data"]["key"]
    with clock.travelled_to(clock.now() + timedelta(hours=2)):
        assert (await client.get(f"{BASE}/admin/retailers", headers=bearer(ending))).status_code == 401
        assert (await client.get(f"{BASE}/admin/retailers", headers=bearer(lasting))).status_code == 200
    async with database.transaction() as tx:
        await set_user_status(tx, admin, user_id=user.id, status=UserStatus.SUSPENDED, reason="left")
    await refused_soon(client, lasting, 403)


async def test_what_cannot_be_made(
    client: httpx.AsyncClient, as_admin: dict[str, str], make_user: MakeUser, bearer_of: BearerOf
) -> None:
    """[X12] No scopes, unknown ones, a past end, more than a year; and by nobody but an admin."""
    past = (clock.now() - timedelta(minutes=1)).isoformat()
    far = (clock.now() + timedelta(days=400)).isoformat()
    for given in ({"scopes": []}, {"scopes": ["everything"]}, {"expiresAt": past}, {"expiresAt": far}, {"name": ""}):
        assert (await make_key(client, as_admin, **given)).status_code == 422, given
    operator = await bearer_of(await make_user(ActorRole.OPERATOR))
    assert (await make_key(client, operator)).status_code == 403
