"""What became of a message only ever moves forward."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from khaacho.platform.database import Database
from khaacho.whatsapp.channels.registry import open_channels
from khaacho.whatsapp.records import Channel
from khaacho.whatsapp.sending import send_waiting
from khaacho.whatsapp.sweep import sweep_messages

from .conftest import PROVIDER_SETTINGS, Door, Provider, cloud_body


@pytest.fixture
def send(database: Database, make_settings: Any, provider: Provider) -> Any:
    """`await send(contact)` sends what waits, over the local provider."""
    settings = make_settings(
        **PROVIDER_SETTINGS,
        TWILIO_BASE_URL=provider.url,
        META_BASE_URL=provider.url,
        KHAACHO_PUBLIC_URL="https://khaacho.example",
    )
    channels = open_channels(settings)

    async def run(contact: Any) -> int:
        return await send_waiting(database, channels, default=Channel.TWILIO, contact_id=contact.id)

    return run


async def status(door: Door, sid: str, state: str, **extra: str) -> None:
    answer = await door.twilio("/whatsapp/status", MessageSid=sid, MessageStatus=state, **extra)
    assert answer.status_code == 200


@pytest.mark.parametrize("order", list(itertools.permutations(["sent", "delivered", "read"])))
async def test_reports_in_any_order_end_at_the_furthest(
    door: Door, written: Any, said: Any, send: Any, rows: Any, order: tuple[str, ...]
) -> None:
    """[O4] sent, delivered and read arrive in any order and twice: the message is READ and stays so."""
    contact = await written()
    await said(contact, "hello")
    await send(contact)
    for state in (*order, *order):
        await status(door, "SM1", state)
    (message,) = await rows("outbound_messages")
    assert message["state"] == "READ"
    assert message["read_at"] is not None


async def test_a_failure_is_visible_until_it_turns_out_delivered(
    door: Door, written: Any, said: Any, send: Any, rows: Any
) -> None:
    """[O4] FAILED with the provider's code; a delivery after it counts, a failure after a delivery does not."""
    contact = await written()
    await said(contact, "hello")
    await send(contact)
    await status(door, "SM1", "undelivered", ErrorCode="63024")
    (message,) = await rows("outbound_messages")
    assert (message["state"], message["error"]) == ("FAILED", "twilio 63024")
    await status(door, "SM1", "delivered")
    await status(door, "SM1", "failed", ErrorCode="63024")
    (message,) = await rows("outbound_messages")
    assert (message["state"], message["error"]) == ("DELIVERED", None)


async def test_a_report_before_we_know_the_id_waits(door: Door, written: Any, said: Any, send: Any, rows: Any) -> None:
    """[O4] The callback beats the answer of the sending request; it is applied once the id is stored."""
    await status(door, "SM1", "read")
    await status(door, "SM1", "delivered")
    assert len(await rows("early_statuses")) == 2
    contact = await written()
    await said(contact, "hello")
    await send(contact)
    (message,) = await rows("outbound_messages")
    assert (message["state"], message["provider_message_id"]) == ("READ", "SM1")
    assert await rows("early_statuses") == []


async def test_a_report_that_crossed_is_found_by_the_sweep(
    door: Door, database: Database, written: Any, said: Any, send: Any, rows: Any
) -> None:
    """[O4] A report stored in the very moment its message was is applied within a minute."""
    contact = await written()
    await said(contact, "hello")
    await send(contact)
    async with database.transaction() as tx:
        await tx.execute("INSERT INTO early_statuses VALUES ('SM1', 'DELIVERED', NULL, now() - interval '10 seconds')")
        slot = await tx.value("SELECT now()")
    await sweep_messages(database, slot, False)
    (message,) = await rows("outbound_messages")
    assert message["state"] == "DELIVERED"
    assert await rows("early_statuses") == []


async def test_our_own_id_comes_back_over_twilio(
    door: Door, database: Database, written: Any, said: Any, send: Any, rows: Any, provider: Provider
) -> None:
    """[O4] A process died after the provider took its message: the first report tells us, and it is not sent again."""
    contact = await written()
    await said(contact, "hello")
    async with database.transaction() as tx:
        own_id = await tx.value("UPDATE outbound_messages SET state = 'SENDING', attempts = 1 RETURNING id")
    await status(door, "SM77", "sent")
    answer = await door.twilio(f"/whatsapp/status?message={own_id}", MessageSid="SM77", MessageStatus="delivered")
    assert answer.status_code == 200
    assert await send(contact) == 0
    assert provider.requests == []
    (message,) = await rows("outbound_messages")
    assert (message["state"], message["provider_message_id"]) == ("DELIVERED", "SM77")


async def test_our_own_id_comes_back_over_meta(
    door: Door, database: Database, written: Any, said: Any, send: Any, rows: Any, provider: Provider
) -> None:
    """[O4] The same with Meta, whose reports repeat what we gave along."""
    contact = await written(channel="cloud")
    await said(contact, "one", "two")
    assert await send(contact) == 2
    first, second = await rows("outbound_messages")
    assert [request["json"]["biz_opaque_callback_data"] for request in provider.requests] == [
        str(first["id"]),
        str(second["id"]),
    ]
    async with database.transaction() as tx:
        await tx.execute(
            """
            UPDATE outbound_messages SET state = 'SENDING', provider_message_id = NULL WHERE id = %(id)s
            """,
            {"id": second["id"]},
        )
    report = {"id": "wamid.9", "status": "sent", "timestamp": "1", "biz_opaque_callback_data": str(second["id"])}
    await door.meta(cloud_body(statuses=[report]))
    assert await send(contact) == 0
    _, second = await rows("outbound_messages")
    assert (second["state"], second["provider_message_id"]) == ("SENT", "wamid.9")
