"""Staff read along, write, and give failed messages another go."""

from __future__ import annotations

from typing import Any

import pytest

from khaacho.platform.database import Database
from khaacho.whatsapp.records import Purpose

from .conftest import API


async def test_only_staff(client: Any, bearer_of: Any, make_retailer: Any) -> None:
    """[X10] Nobody and no retailer reads messages or writes in our name."""
    retailer = await bearer_of(await make_retailer())
    body = {"to": "+9779800000001", "message": "hello"}
    for headers, status in (({}, 401), (retailer, 403)):
        assert (await client.get(f"{API}/admin/messages", headers=headers)).status_code == status
        assert (await client.post(f"{API}/whatsapp/send", json=body, headers=headers)).status_code == status


async def test_writing_to_somebody(client: Any, as_admin: dict[str, str], rows: Any) -> None:
    """[O4, X3] One row in the outbox; the same Idempotency-Key again is the same message, and with other words refused.

    Without a key each request is a message of its own.
    """
    headers = as_admin | {"Idempotency-Key": "once"}
    body = {"to": "9800000001", "message": "Your rice has arrived."}
    first = await client.post(f"{API}/whatsapp/send", json=body, headers=headers)
    second = await client.post(f"{API}/whatsapp/send", json=body, headers=headers)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["data"] == second.json()["data"]
    (message,) = await rows("outbound_messages")
    assert (str(message["id"]), message["purpose"]) == (first.json()["data"]["messageId"], "NOTICE")
    refusals = [(body | {"message": "Or not."}, headers, 409, "IDEMPOTENCY_KEY_REUSED")]
    refusals += [(body, as_admin | {"Idempotency-Key": ""}, 400, "IDEMPOTENCY_KEY_REQUIRED")]
    for given, under, status, code in refusals:
        refused = await client.post(f"{API}/whatsapp/send", json=given, headers=under)
        assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)
    assert len(await rows("outbound_messages")) == 1
    sent = [await client.post(f"{API}/whatsapp/send", json=body, headers=as_admin) for _ in range(2)]
    assert sent[0].json()["data"] != sent[1].json()["data"]
    assert len(await rows("outbound_messages")) == 3


async def test_reading_along(
    client: Any, as_admin: dict[str, str], written: Any, said: Any, database: Database
) -> None:
    """[O4] Both directions newest first, page by page, by contact, direction, state; sign-in codes stay hidden."""
    contact = await written()
    other = await written("+9779800000002")
    await client.post(f"{API}/whatsapp/simulator", json={"from": "+9779800000001", "text": "incoming"})
    await said(contact, "one", "two")
    await said(contact, "123456 is your code", purpose=Purpose.ONE_TIME_CODE)
    await said(other, "three")
    listed = await client.get(f"{API}/admin/messages", params={"contact": "+9779800000001"}, headers=as_admin)
    assert {item["text"] for item in listed.json()["data"]["items"]} == {"incoming", "one", "two", "••••••"}
    pages: list[str] = []
    cursor = None
    while True:
        asked = {"limit": 2} | ({"cursor": cursor} if cursor else {})
        page = (await client.get(f"{API}/admin/messages", params=asked, headers=as_admin)).json()["data"]
        pages.extend(item["id"] for item in page["items"])
        cursor = page["nextCursor"]
        if cursor is None:
            break
    assert len(pages) == len(set(pages)) == 5
    assert pages == sorted(pages, reverse=True)
    inbound = {"direction": "INBOUND", "status": "RECEIVED", "contact": str(contact.id)}
    listed = await client.get(f"{API}/admin/messages", params=inbound, headers=as_admin)
    assert [item["text"] for item in listed.json()["data"]["items"]] == ["incoming"]
    wrong = await client.get(f"{API}/admin/messages", params={"status": "LOST"}, headers=as_admin)
    assert wrong.status_code == 422


@pytest.mark.parametrize("table", ["outbound_messages", "inbound_messages"])
async def test_another_go(
    client: Any, as_admin: dict[str, str], written: Any, said: Any, database: Database, rows: Any, table: str
) -> None:
    """[O4] A failed message of either direction starts anew, with a job and an audit entry; others do not."""
    contact = await written()
    await client.post(f"{API}/whatsapp/simulator", json={"from": "+9779800000001", "text": "incoming"})
    await said(contact, "outgoing")
    (message,) = await rows(table)
    path = f"{API}/admin/messages/{message['id']}/retry"
    refused = await client.post(path, headers=as_admin)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "MESSAGE_NOT_RETRYABLE")
    async with database.transaction() as tx:
        await tx.execute(f"UPDATE {table} SET state = 'FAILED', attempts = 6")
    jobs = len(await rows("pgqueuer"))
    assert (await client.post(path, headers=as_admin)).status_code == 200
    (message,) = await rows(table)
    assert (message["state"], message["attempts"]) == ("QUEUED" if table.startswith("out") else "RECEIVED", 0)
    assert len(await rows("pgqueuer")) == jobs + 1
    assert "MESSAGE_RETRIED" in {entry["action"] for entry in await rows("audit_entries")}
    unknown = await client.post(f"{API}/admin/messages/{contact.id}/retry", headers=as_admin)
    assert unknown.status_code == 404
