"""What providers deliver is stored once, or refused without a trace."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY

from khaacho import clock

from .conftest import API, META_VERIFY, Door, cloud_body, cloud_text

SAMPLES = Path(__file__).parents[3] / ".." / "shared" / "data" / "vectors" / "meta_cloud_api"


async def queued(rows: Any, name: str = "DrainContact") -> int:
    return sum(job["entrypoint"] == name for job in await rows("pgqueuer"))


async def test_a_message_is_stored_enqueued_and_answered(door: Door, rows: Any) -> None:
    """[O1][O2] Stored raw with its provider's id, one job for its contact, an empty TwiML, nothing understood yet."""
    form = {"NumMedia": "0", "ProfileName": "Gita", "FieldOfTomorrow": "?"}
    answer = await door.twilio(MessageSid="SM1", From="whatsapp:+9779800000001", Body="namaste 🙏", **form)
    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (200, "application/xml")
    assert answer.text == '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
    (message,) = await rows("inbound_messages")
    assert (message["body"], message["state"], message["channel"]) == ("namaste 🙏", "RECEIVED", "twilio")
    assert message["raw"]["FieldOfTomorrow"] == "?"
    (contact,) = await rows("contacts")
    assert (contact["phone"], contact["address"], contact["profile_name"]) == ("+9779800000001",) * 2 + ("Gita",)
    assert await queued(rows) == 1


async def test_a_repeated_message_has_no_second_effect(door: Door, rows: Any) -> None:
    """[O2] Days later the same id comes again: no row, no job, and the 24-hour window is not opened again."""
    await door.says("+9779800000001", "first", sid="SM1")
    before = await rows("contacts")
    with clock.travelled_to(clock.now() + timedelta(days=6)):
        answer = await door.says("+9779800000001", "first", sid="SM1")
    assert answer.status_code == 200
    assert len(await rows("inbound_messages")) == 1
    assert await queued(rows) == 1
    assert await rows("contacts") == before


async def test_a_message_delivered_many_times_at_once_is_one(door: Door, rows: Any) -> None:
    """[O2] Twelve deliveries of one id race, from somebody we never saw: one contact, one message, twelve times 200."""
    answers = await asyncio.gather(*(door.says("+9779800000001", "5 bora", sid="SM1") for _ in range(12)))
    assert [answer.status_code for answer in answers] == [200] * 12
    assert (len(await rows("inbound_messages")), len(await rows("contacts"))) == (1, 1)


async def test_first_messages_of_one_person_meet(door: Door, rows: Any) -> None:
    """[O5] Different first messages of one new person arrive together: all stored, one contact, one conversation."""
    await asyncio.gather(*(door.says("+9779800000001", str(n), sid=f"SM{n}") for n in range(12)))
    assert len(await rows("inbound_messages")) == 12
    assert (len(await rows("contacts")), len(await rows("conversations"))) == (1, 1)


@pytest.mark.parametrize("signature", ["", "AAAA", "ñandú=="])
async def test_a_bad_signature_leaves_only_a_counter(door: Door, rows: Any, signature: str) -> None:
    """[O1] 403, nothing stored, one more on the counter."""
    name = "khaacho_webhook_signature_failures_total"
    before = REGISTRY.get_sample_value(name, {"channel": "twilio"}) or 0
    answer = await door.client.post(
        f"{door.url}{API}/whatsapp/webhook",
        data={"MessageSid": "SM1", "From": "whatsapp:+9779800000001", "Body": "x"},
        headers={"X-Twilio-Signature": signature.encode()},
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "SIGNATURE_INVALID")
    for table in ("inbound_messages", "contacts", "pgqueuer"):
        assert await rows(table) == []
    assert REGISTRY.get_sample_value(name, {"channel": "twilio"}) == before + 1


async def test_a_signature_for_another_text_is_refused(door: Door, rows: Any) -> None:
    """[O1] The signature of one message does not let another one in, on either webhook."""
    url = f"{door.url}{API}/whatsapp/webhook"
    sent = await door.says("+9779800000001", "1 bora", sid="SM1")
    signature = sent.request.headers["X-Twilio-Signature"]
    form = {"MessageSid": "SM2", "From": "whatsapp:+9779800000001", "Body": "100 bora"}
    answer = await door.client.post(url, data=form, headers={"X-Twilio-Signature": signature})
    assert answer.status_code == 403
    status = await door.twilio("/whatsapp/status", signature=signature, MessageSid="SM1", MessageStatus="read")
    assert status.status_code == 403
    assert len(await rows("inbound_messages")) == 1


async def test_a_sender_without_a_phone(door: Door, rows: Any) -> None:
    """[O5] A user id bound to the business is a contact of its own, answered at that id."""
    answer = await door.twilio(MessageSid="SM1", From="whatsapp:US.1234", Body="namaste")
    assert answer.status_code == 200
    (contact,) = await rows("contacts")
    assert (contact["phone"], contact["provider_user_id"], contact["address"]) == (None, "US.1234", "US.1234")


async def test_a_text_no_database_can_hold(door: Door, rows: Any) -> None:
    """[O2] A NUL character is dropped; the message is not."""
    assert (await door.says("+9779800000001", "5 bora\x00 chamal", sid="SM1")).status_code == 200
    (message,) = await rows("inbound_messages")
    assert message["body"] == "5 bora chamal"


async def test_the_handshake(door: Door) -> None:
    """[O1] Meta's challenge is echoed for the right token only."""
    url = f"{door.url}{API}/whatsapp/cloud"
    asked = {"hub.mode": "subscribe", "hub.verify_token": META_VERIFY, "hub.challenge": "1158201444"}
    right = await door.client.get(url, params=asked)
    assert (right.status_code, right.text) == (200, "1158201444")
    wrong = await door.client.get(url, params=asked | {"hub.verify_token": "guess"})
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (403, "SIGNATURE_INVALID")


async def test_one_post_with_many_messages(door: Door, rows: Any) -> None:
    """[O1] Messages of several people in one body, one of them twice: each stored once, one job per person."""
    payload = cloud_body(
        cloud_text("9779800000002", "b1 🍜", wamid="wamid.1"),
        cloud_text("9779800000001", "a1", wamid="wamid.2"),
        cloud_text("9779800000002", "b2", wamid="wamid.3"),
        cloud_text("9779800000002", "b1 🍜", wamid="wamid.1"),
        statuses=[{"id": "wamid.unknown", "status": "read", "timestamp": "1697043223"}],
    )
    answer = await door.meta(payload)
    assert (answer.status_code, answer.json()) == (200, {})
    texts = Counter(message["body"] for message in await rows("inbound_messages"))
    assert texts == Counter(["b1 🍜", "b2", "a1"])
    of_b = [message["body"] for message in await rows("inbound_messages") if message["body"].startswith("b")]
    assert of_b == ["b1 🍜", "b2"]
    assert await queued(rows) == 2
    (early,) = await rows("early_statuses")
    assert (early["provider_message_id"], early["status"]) == ("wamid.unknown", "READ")


async def test_meta_signs_raw_bytes(door: Door, rows: Any) -> None:
    """[O1] The bytes are checked as they came; a body changed afterwards, or no signature, is refused."""
    body = json.dumps(cloud_body(cloud_text("9779800000001", "नमस्ते", wamid="wamid.1")), indent=3).encode()
    assert (await door.meta(body)).status_code == 200
    for signature in ("", "sha256=00", "sha1=00"):
        refused = await door.meta(body, signature=signature)
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "SIGNATURE_INVALID")
    assert len(await rows("inbound_messages")) == 1
    assert (await door.meta(b"{broken")).status_code == 400


@pytest.mark.skipif(not SAMPLES.exists(), reason="the shared payload samples are not here")
async def test_every_sample_payload_is_taken(door: Door) -> None:
    """[O1] Whatever Meta is known to send gets a 200, because anything else would come back for a week."""
    for file in sorted(SAMPLES.glob("*.json")):
        for name, payload in json.loads(file.read_text()).items():
            answer = await door.meta(payload)
            assert answer.status_code == 200, (file.stem, name)


async def test_a_person_known_by_user_id_turns_out_to_have_a_phone(door: Door, rows: Any) -> None:
    """[O5] First seen by user id, then by phone on another channel, then by both: one person, no message lost."""
    known_by_id = {"id": "wamid.1", "type": "text", "text": {"body": "one"}, "from_user_id": "NP.77"}
    await door.meta(cloud_body(known_by_id, people=[{"user_id": "NP.77", "profile": {"name": "Gita"}}]))
    await door.says("+9779800000001", "two", sid="SM2")
    assert len(await rows("contacts")) == 2
    both = {"wa_id": "9779800000001", "user_id": "NP.77"}
    answer = await door.meta(cloud_body(cloud_text("9779800000001", "three", wamid="wamid.3"), people=[both]))
    assert answer.status_code == 200
    (contact,) = await rows("contacts")
    assert (contact["phone"], contact["provider_user_id"]) == ("+9779800000001", "NP.77")
    assert (contact["channel"], contact["address"]) == ("cloud", "+9779800000001")
    assert {message["contact_id"] for message in await rows("inbound_messages")} == {contact["id"]}


async def test_the_simulator_takes_the_same_way(door: Door, rows: Any) -> None:
    """[O7] A simulated message is stored and enqueued like any other."""
    answer = await door.client.post(
        f"{door.url}{API}/whatsapp/simulator", json={"from": "9800000001", "text": "2 carton wai wai"}
    )
    assert answer.status_code == 201
    (message,) = await rows("inbound_messages")
    assert message["provider_message_id"] == answer.json()["data"]["messageId"]
    assert (message["channel"], message["body"]) == ("simulator", "2 carton wai wai")
    assert await queued(rows) == 1


async def test_the_simulator_can_be_off(serve: Any, rows: Any) -> None:
    """[O7] Switched off, it is as if it were not there."""
    with serve(KHAACHO_SIMULATOR="off") as url:
        async with httpx.AsyncClient(base_url=url) as client:
            for answer in (
                await client.post(f"{API}/whatsapp/simulator", json={"from": "9800000001", "text": "x"}),
                await client.get(f"{API}/whatsapp/simulator/9800000001"),
            ):
                assert (answer.status_code, answer.json()["error"]["code"]) == (404, "SIMULATOR_OFF")
    assert await rows("inbound_messages") == []
