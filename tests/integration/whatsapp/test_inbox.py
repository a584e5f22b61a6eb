"""Messages of one person are worked in order, each in one transaction, and none is lost."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest

from khaacho import clock
from khaacho.errors import LockTimeout
from khaacho.platform.database import Database, Transaction
from khaacho.whatsapp.channels.registry import open_channels
from khaacho.whatsapp.inbox import Turn, drain_contact
from khaacho.whatsapp.jobs import handlers
from khaacho.whatsapp.records import Arrival, Channel, Identity, Kind, Reply
from khaacho.whatsapp.sweep import sweep_messages
from khaacho.whatsapp.webhook import store_delivery

from .conftest import API, echo


def arrival(phone: str, text: str, message_id: str) -> Arrival:
    return Arrival(
        channel=Channel.SIMULATOR,
        provider_message_id=message_id,
        identity=Identity(phone=phone),
        address=phone,
        kind=Kind.TEXT,
        body=text,
        raw={},
    )


async def stored(database: Database, phone: str, *texts: str) -> Any:
    """The id of the contact these messages came from, one request each."""
    for text in texts:
        await store_delivery(database, messages=[arrival(phone, text, f"{phone}:{text}")])
    async with database.reading() as tx:
        return await tx.value("SELECT id FROM contacts WHERE phone = %(phone)s", {"phone": phone})


async def test_order_within_a_person_and_parallel_across(
    database: Database, settings: Any, running: Any, settle: Any, rows: Any
) -> None:
    """[O3] Six people write ten messages each, six workers: in order and one at a time for each, together for all."""
    heard: dict[Any, list[str]] = defaultdict(list)
    at_work: dict[Any, int] = defaultdict(int)
    together = 0

    async def respond(tx: Transaction, turn: Turn) -> Reply:
        nonlocal together
        at_work[turn.contact.id] += 1
        assert at_work[turn.contact.id] == 1, "two messages of one person at the same time"
        together = max(together, sum(at_work.values()))
        await tx.value("SELECT pg_sleep(0.003)")
        heard[turn.contact.phone].append(turn.message.body)
        at_work[turn.contact.id] -= 1
        return Reply(texts=(turn.message.body,))

    phones = [f"+97798000000{number:02d}" for number in range(6)]
    async with running(handlers(settings, respond=respond), workers=6):
        await asyncio.gather(*(stored(database, phone, *map(str, range(10))) for phone in phones))
        await settle()
    assert heard == {phone: [str(number) for number in range(10)] for phone in phones}
    assert together > 1
    assert {message["state"] for message in await rows("inbound_messages")} == {"PROCESSED"}
    answered = [message["body"] for message in await rows("outbound_messages")]
    assert sorted(answered) == sorted(str(number) for _ in phones for number in range(10))


async def test_a_visitor_leaves_a_held_conversation_to_its_holder(database: Database, rows: Any) -> None:
    """[O3] While one worker is at a message another comes, finds it held, and leaves; the holder works both."""
    contact_id = await stored(database, "+9779800000001", "one")
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def slow(tx: Transaction, turn: Turn) -> Reply:
        entered.set()
        await go_on.wait()
        return Reply()

    holder = asyncio.create_task(drain_contact(database, contact_id, slow))
    await entered.wait()
    await stored(database, "+9779800000001", "two")
    async with asyncio.timeout(20):
        assert await drain_contact(database, contact_id, echo) == 0
    go_on.set()
    assert await holder == 2
    assert [message["state"] for message in await rows("inbound_messages")] == ["PROCESSED", "PROCESSED"]


class Interrupted(Database):
    """A database where something happens just before each commit."""

    def __init__(self, database: Database, before_commit: Callable[[], Awaitable[None]]) -> None:
        super().__init__(database._pool, database.dsn)
        self._before_commit = before_commit

    @asynccontextmanager
    async def transaction(self, *, pipelined: bool = False) -> AsyncIterator[Transaction]:
        async with super().transaction(pipelined=pipelined) as tx:
            yield tx
            await self._before_commit()


async def test_a_message_that_comes_while_the_holder_leaves(database: Database, rows: Any) -> None:
    """[O3] The holder has found nothing more but not let go yet; a message arrives and its worker finds the door held.

    No nudge is left then, so the holder itself has to look again after letting go.
    """
    contact_id = await stored(database, "+9779800000001", "one")
    came: list[int] = []

    async def somebody_writes() -> None:
        if not came and (await rows("inbound_messages"))[0]["state"] == "PROCESSED":
            await stored(database, "+9779800000001", "late")
            came.append(await drain_contact(database, contact_id, echo))

    assert await drain_contact(Interrupted(database, somebody_writes), contact_id, echo) == 2
    assert came == [0]
    assert [message["state"] for message in await rows("inbound_messages")] == ["PROCESSED", "PROCESSED"]


async def test_a_webhook_never_waits_for_a_conversation(database: Database) -> None:
    """[O2][O3] A message arrives while an earlier one of the same person is being worked: stored at once."""
    contact_id = await stored(database, "+9779800000001", "one")
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def slow(tx: Transaction, turn: Turn) -> Reply:
        entered.set()
        await go_on.wait()
        return Reply()

    holder = asyncio.create_task(drain_contact(database, contact_id, slow))
    await entered.wait()
    async with asyncio.timeout(20):
        await stored(database, "+9779800000001", "two")
    go_on.set()
    await holder


async def test_a_message_that_fails_is_tried_five_times_then_set_aside(database: Database, rows: Any) -> None:
    """[O3] Its effects are undone each time, the next message waits, and after the fifth try it goes on."""
    contact_id = await stored(database, "+9779800000001", "poison", "fine")

    async def respond(tx: Transaction, turn: Turn) -> Reply:
        if turn.message.body == "poison":
            await tx.execute("UPDATE contacts SET profile_name = 'half done'")
            raise RuntimeError("cannot")
        return await echo(tx, turn)

    start = clock.now()
    for tries in range(1, 6):
        with clock.travelled_to(start + timedelta(minutes=tries)):
            await drain_contact(database, contact_id, respond)
            # An early nudge changes nothing.
            await drain_contact(database, contact_id, respond)
        poison, fine = await rows("inbound_messages")
        assert poison["attempts"] == tries
        assert fine["state"] == ("PROCESSED" if tries == 5 else "RECEIVED")
    assert (poison["state"], poison["error"]) == ("FAILED", "RuntimeError: cannot")
    sorry, answer = await rows("outbound_messages")
    assert "🙏" in sorry["body"]
    assert (sorry["reply_to_id"], answer["body"]) == (poison["id"], "heard fine")
    (contact,) = await rows("contacts")
    assert contact["profile_name"] is None


async def test_a_database_refusal_inside_counts_as_a_failed_try(database: Database, rows: Any) -> None:
    """[O3] A statement the database refuses spoils this message's transaction only."""
    contact_id = await stored(database, "+9779800000001", "one")

    async def respond(tx: Transaction, turn: Turn) -> Reply:
        await tx.send_only("SELECT 1/0")
        return Reply(texts=("never",))

    assert await drain_contact(database, contact_id, respond) == 0
    (message,) = await rows("inbound_messages")
    assert (message["state"], message["attempts"]) == ("RECEIVED", 1)
    assert await rows("outbound_messages") == []


async def test_a_busy_lock_is_tried_again_at_once(database: Database, rows: Any) -> None:
    """[O3] Two lock waits that run out cost the person nothing: the message is worked in the same run."""
    contact_id = await stored(database, "+9779800000001", "one")
    tries = 0

    async def respond(tx: Transaction, turn: Turn) -> Reply:
        nonlocal tries
        tries += 1
        if tries < 3:
            raise LockTimeout
        return await echo(tx, turn)

    assert await drain_contact(database, contact_id, respond) == 1
    (message,) = await rows("inbound_messages")
    assert (message["state"], message["attempts"], tries) == ("PROCESSED", 0, 3)


async def test_a_worker_killed_in_the_middle_leaves_nothing_half_done(database: Database, rows: Any) -> None:
    """[O3][X21] The transaction of the message dies with its worker; the sweep has the message worked again, once."""
    contact_id = await stored(database, "+9779800000001", "one")
    entered = asyncio.Event()

    async def stuck(tx: Transaction, turn: Turn) -> Reply:
        await tx.execute("UPDATE contacts SET profile_name = 'half done'")
        entered.set()
        await asyncio.Event().wait()
        raise AssertionError

    worker = asyncio.create_task(drain_contact(database, contact_id, stuck))
    await entered.wait()
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    with clock.travelled_to(clock.now() + timedelta(minutes=1)):
        assert (await sweep_messages(database, clock.now(), True))["contacts_to_drain"] == 1
        jobs = len(await rows("pgqueuer"))
        assert (await sweep_messages(database, clock.now(), False))["contacts_to_drain"] == 1
        assert len(await rows("pgqueuer")) == jobs + 1
    assert await drain_contact(database, contact_id, echo) == 1
    (contact,) = await rows("contacts")
    assert contact["profile_name"] is None
    assert [message["body"] for message in await rows("outbound_messages")] == ["heard one"]


@pytest.mark.parametrize(("stop", "start"), [("STOP", "START"), ("बन्द गर्नुहोस्", "सुरु गर्नुहोस्")])
async def test_stop_and_start(database: Database, rows: Any, stop: str, start: str) -> None:
    """[O6] STOP and START are answered by the channel itself, in both languages, and remembered."""
    contact_id = await stored(database, "+9779800000001", stop)
    await drain_contact(database, contact_id, echo)
    (contact,) = await rows("contacts")
    assert contact["opted_out_at"] is not None
    await stored(database, "+9779800000001", start, "5 bora")
    await drain_contact(database, contact_id, echo)
    (contact,) = await rows("contacts")
    assert contact["opted_out_at"] is None
    assert [message["intent"] for message in await rows("inbound_messages")] == ["stop", "start", "other"]
    assert all(message["body"] for message in await rows("outbound_messages"))


async def test_a_conversation_over_the_simulator(client: Any, settings: Any, running: Any, settle: Any) -> None:
    """[O7] Written over HTTP, worked by a worker, read back over HTTP, continuing where the reader stopped."""
    async with running(handlers(settings, respond=echo, channels=open_channels(settings))):
        for text in ("one", "two"):
            answer = await client.post(f"{API}/whatsapp/simulator", json={"from": "+9779800000001", "text": text})
            assert answer.status_code == 201
        await settle()
    answer = await client.get(f"{API}/whatsapp/simulator/+9779800000001")
    items = answer.json()["data"]["items"]
    assert [(item["text"], item["status"]) for item in items] == [
        ("heard one", "DELIVERED"),
        ("heard two", "DELIVERED"),
    ]
    later = await client.get(f"{API}/whatsapp/simulator/9800000001", params={"after": items[0]["id"]})
    assert [item["text"] for item in later.json()["data"]["items"]] == ["heard two"]
