"""The way out, against a provider that is really asked over HTTP."""

from __future__ import annotations

import asyncio
import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from khaacho import clock
from khaacho.platform.database import Database
from khaacho.whatsapp.channels.http import SEND_SECONDS_MAX
from khaacho.whatsapp.channels.registry import open_channels
from khaacho.whatsapp.contacts import ensure_contact, opt_in, opt_out
from khaacho.whatsapp.jobs import handlers
from khaacho.whatsapp.records import Channel, Purpose
from khaacho.whatsapp.sending import LEASE, send_waiting
from khaacho.whatsapp.sweep import sweep_messages
from khaacho.whatsapp.wording.templates import template

from .conftest import PROVIDER_SETTINGS, Answering, Provider, echo

BUSY = Answering(status=429, body={"code": 20429, "message": "Too Many Requests"})
NO_SUCH_USER = Answering(status=400, body={"code": 63024, "message": "Invalid message recipient"})


@pytest.fixture
def settings(make_settings: Any, provider: Provider) -> Any:
    return make_settings(
        **PROVIDER_SETTINGS,
        TWILIO_BASE_URL=provider.url,
        META_BASE_URL=provider.url,
        KHAACHO_PUBLIC_URL="https://khaacho.example",
        TWILIO_CONTENT_SIDS="order_update_en=HX01, order_update_ne=HX02",
        KHAACHO_WHATSAPP_CHANNEL="twilio",
    )


@pytest.fixture
def send(database: Database, settings: Any) -> Any:
    """`await send(contact)` sends what waits."""
    channels = open_channels(settings)

    async def run(contact: Any) -> int:
        return await send_waiting(database, channels, default=Channel.TWILIO, contact_id=contact.id)

    return run


async def test_over_twilio(written: Any, said: Any, send: Any, rows: Any, provider: Provider) -> None:
    """[O4] Twilio gets sender, address, text and where to report to; we keep its id."""
    contact = await written()
    await said(contact, "नमस्ते 🙏")
    assert await send(contact) == 1
    (message,) = await rows("outbound_messages")
    (request,) = provider.requests
    assert request["path"] == "/2010-04-01/Accounts/AC0123456789/Messages.json"
    assert request["form"] == {
        "From": "whatsapp:+14155238886",
        "To": "whatsapp:+9779800000001",
        "Body": "नमस्ते 🙏",
        "StatusCallback": f"https://khaacho.example/api/v1/whatsapp/status?message={message['id']}",
    }
    credentials = base64.b64encode(b"AC0123456789:token-of-the-test-account").decode()
    assert request["headers"]["authorization"] == f"Basic {credentials}"
    assert (message["state"], message["provider_message_id"], message["attempts"]) == ("SENT", "SM1", 1)


async def test_over_meta(written: Any, said: Any, send: Any, rows: Any, provider: Provider) -> None:
    """[O4] Meta gets a phone as `to`, a user id as `recipient`, and our id to repeat."""
    by_phone = await written(channel="cloud")
    by_id = await written("+9779800000002", channel="cloud", address="NP.77")
    await said(by_phone, "one")
    await said(by_id, "two")
    assert (await send(by_phone), await send(by_id)) == (1, 1)
    first, second = (request["json"] for request in provider.requests)
    assert (first["to"], first["text"]["body"], first["type"]) == ("9779800000001", "one", "text")
    assert (second["recipient"], "to" in second) == ("NP.77", False)
    assert provider.requests[0]["path"] == "/1122334455667/messages"
    assert provider.requests[0]["headers"]["authorization"] == "Bearer meta-token"
    assert [message["state"] for message in await rows("outbound_messages")] == ["SENT", "SENT"]


async def test_busy_is_tried_again_after_1_5_15_30_60_minutes_then_failed(
    written: Any, said: Any, send: Any, rows: Any, provider: Provider, database: Database
) -> None:
    """[O4] Six tries at exactly these distances and not a minute sooner; then FAILED, visible, with the reason."""
    contact = await written()
    await said(contact, "hello")
    provider.planned = [BUSY] * 6
    moment = clock.now()
    for tries, minutes in enumerate((0, 1, 5, 15, 30, 60), start=1):
        if tries > 1:
            with clock.travelled_to(moment + timedelta(minutes=minutes, seconds=-5)):
                await send(contact)
            assert len(provider.requests) == tries - 1
        # The travelled clock ticks on, so each try comes a little after its minute.
        moment += timedelta(minutes=minutes, seconds=5)
        with clock.travelled_to(moment):
            assert await send(contact) == 0
        assert len(provider.requests) == tries
    (message,) = await rows("outbound_messages")
    assert (message["state"], message["error"]) == ("FAILED", "twilio 20429: Too Many Requests")
    delayed = [job for job in await rows("pgqueuer") if job["execute_after"] > job["created"] + timedelta(seconds=30)]
    assert len(delayed) == 5


async def test_what_can_never_work_fails_at_once(
    written: Any, said: Any, send: Any, rows: Any, provider: Provider
) -> None:
    """[O4] A permanent refusal is not repeated, is visible with its reason, and the next message goes on."""
    contact = await written()
    await said(contact, "first", "second")
    provider.planned = [NO_SUCH_USER]
    assert await send(contact) == 1
    first, second = await rows("outbound_messages")
    assert (first["state"], first["error"]) == ("FAILED", "twilio 63024: Invalid message recipient")
    assert second["state"] == "SENT"


async def test_messages_of_one_person_go_in_order(
    written: Any, said: Any, rows: Any, provider: Provider, database: Database, settings: Any, running: Any, settle: Any
) -> None:
    """[O3][O4] Twenty messages, five workers, the first one held back: the provider gets them in the order said."""
    contact = await written()
    provider.planned = [Answering(seconds=0.3)]
    async with running(handlers(settings, respond=echo), workers=5):
        for number in range(20):
            await said(contact, f"message {number}")
        await settle()
    assert provider.bodies == [f"message {number}" for number in range(20)]


async def test_a_postponed_message_holds_back_the_younger(
    written: Any, said: Any, send: Any, rows: Any, provider: Provider
) -> None:
    """[O4] The second message does not overtake the first; both go when the first one's time has come."""
    contact = await written()
    provider.planned = [BUSY]
    await said(contact, "first", "second")
    assert await send(contact) == 0
    assert await send(contact) == 0
    with clock.travelled_to(clock.now() + timedelta(minutes=2)):
        assert await send(contact) == 2
    assert provider.bodies == ["first", "first", "second"]


async def test_two_processes_send_a_message_once(written: Any, said: Any, send: Any, provider: Provider) -> None:
    """[O4] Ten processes look at the same outbox at the same moment: every message goes out once."""
    contact = await written()
    await said(contact, *(f"message {number}" for number in range(5)))
    await asyncio.gather(*(send(contact) for _ in range(10)))
    assert provider.bodies == [f"message {number}" for number in range(5)]


async def test_a_process_killed_between_claim_and_answer(
    written: Any, said: Any, send: Any, rows: Any, provider: Provider, database: Database
) -> None:
    """[O4][X21] The message stays claimed for the lease, is found by the sweep, and goes out: never lost."""
    contact = await written()
    await said(contact, "hello")
    provider.planned = [Answering(seconds=30)]
    provider.arrived.clear()
    sending = asyncio.create_task(send(contact))
    await asyncio.to_thread(provider.arrived.wait, 10)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    (message,) = await rows("outbound_messages")
    assert message["state"] == "SENDING"
    assert await send(contact) == 0
    with clock.travelled_to(clock.now() + LEASE + timedelta(minutes=1)):
        found = await sweep_messages(database, clock.now(), False)
        assert found["contacts_to_send"] == 1
        assert await send(contact) == 1
    (message,) = await rows("outbound_messages")
    assert (message["state"], message["attempts"], len(provider.requests)) == ("SENT", 2, 2)


def test_the_lease_outlasts_the_longest_sending() -> None:
    """[O4] Nobody claims a message that another process may still be sending."""
    assert LEASE.total_seconds() > SEND_SECONDS_MAX


async def test_nobody_listens(written: Any, said: Any, rows: Any, database: Database, make_settings: Any) -> None:
    """[O4] A provider that cannot be reached postpones the message and says why."""
    settings = make_settings(**PROVIDER_SETTINGS, TWILIO_BASE_URL="http://127.0.0.1:9")
    contact = await written()
    await said(contact, "hello")
    sent = await send_waiting(database, open_channels(settings), default=Channel.TWILIO, contact_id=contact.id)
    (message,) = await rows("outbound_messages")
    assert sent == 0
    assert (message["state"], message["error"]) == ("QUEUED", "no connection: ConnectError")


async def test_outside_the_window(written: Any, said: Any, send: Any, rows: Any, provider: Provider) -> None:
    """[O4] A day after the last message only a template goes, and what has none is visibly not sent."""
    contact = await written()
    with clock.travelled_to(clock.now() + timedelta(hours=25)):
        await said(contact, "free text", purpose=Purpose.NOTICE)
        ready = template("order_update", "ne", "ORD260210-0001", "ACCEPTED")
        await said(contact, "the long news", purpose=Purpose.ORDER_UPDATE, template=ready)
        assert await send(contact) == 1
    free, templated = await rows("outbound_messages")
    assert (free["state"], free["error"]) == ("FAILED", "OUTSIDE_WINDOW")
    (request,) = provider.requests
    assert request["form"]["ContentSid"] == "HX02"
    assert json.loads(request["form"]["ContentVariables"]) == {"1": "ORD260210-0001", "2": "ACCEPTED"}
    assert "Body" not in request["form"]
    assert (templated["state"], "ORD260210-0001" in templated["body"]) == ("SENT", True)


async def test_somebody_who_never_wrote(
    database: Database, said: Any, send: Any, rows: Any, provider: Provider
) -> None:
    """[O4] Reached by phone over the channel in force, by template only."""
    async with database.transaction() as tx:
        contact = await ensure_contact(tx, "+9779800000009")
    await said(contact, "news", purpose=Purpose.ORDER_UPDATE, template=template("order_update", "en", "A", "B"))
    assert await send(contact) == 1
    assert provider.requests[0]["form"]["To"] == "whatsapp:+9779800000009"


async def test_after_stop_only_replies(
    database: Database, written: Any, said: Any, send: Any, rows: Any, provider: Provider
) -> None:
    """[O6] After STOP a notice fails visibly and a reply goes out; after START notices go again."""
    contact = await written()
    async with database.transaction() as tx:
        await opt_out(tx, contact.id)
    await said(contact, "news", purpose=Purpose.NOTICE)
    await said(contact, "answer")
    assert await send(contact) == 1
    async with database.transaction() as tx:
        await opt_in(tx, contact.id)
    await said(contact, "more news", purpose=Purpose.NOTICE)
    assert await send(contact) == 1
    assert provider.bodies == ["answer", "more news"]
    assert [(row["state"], row["error"]) for row in await rows("outbound_messages")] == [
        ("FAILED", "OPTED_OUT"),
        ("SENT", None),
        ("SENT", None),
    ]


@pytest.mark.parametrize(("channel", "parts"), [("twilio", 3), ("cloud", 2), ("simulator", 2)])
async def test_long_texts_are_split_for_their_channel(
    written: Any, said: Any, rows: Any, channel: str, parts: int
) -> None:
    """[O4] 4,500 characters are three messages over Twilio and two elsewhere, each with a key of its own."""
    contact = await written(channel=channel)
    await said(contact, "\n".join(f"{number:04d} {'x' * 84}" for number in range(50)))
    messages = await rows("outbound_messages")
    assert len(messages) == parts
    assert len({message["dedupe_key"] for message in messages}) == parts


async def test_the_same_thing_is_said_once(written: Any, said: Any, rows: Any) -> None:
    """[O4] A second saying with the same key is not said again, also when both happen at once."""
    contact = await written()
    await asyncio.gather(*(said(contact, "once") for _ in range(8)))
    assert len(await rows("outbound_messages")) == 1
