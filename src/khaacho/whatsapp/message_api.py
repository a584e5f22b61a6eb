"""The simulator's door, and staff writing to people, reading along and trying again."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, HeaderParameter, QueryParameter

from khaacho.actors import Actor
from khaacho.errors import SimulatorOff, ValidationFailed
from khaacho.ids import new_id
from khaacho.parties.access import requires
from khaacho.parties.phones import parse_phone
from khaacho.platform.database import Database, Transaction
from khaacho.platform.http import (
    PAGE_LIMIT_DEFAULT,
    PAGE_LIMIT_MAX,
    ApiRecord,
    Envelope,
    Page,
    decode_cursor,
    ok,
    page_of,
    with_offset,
)
from khaacho.platform.idempotency import KEY_LENGTH_MAX, checked_key, hash_request, run_once
from khaacho.settings import Settings
from khaacho.whatsapp.contacts import ensure_contact
from khaacho.whatsapp.messages import Direction, MessageRow, Spoken, find_messages, find_spoken, retry_message
from khaacho.whatsapp.outbox import say
from khaacho.whatsapp.records import Arrival, Channel, Identity, InboundState, Kind, OutboundState, Purpose, Saying
from khaacho.whatsapp.webhook import store_delivery

SPOKEN_MAX = 200
MESSAGE_LENGTH_MAX = 4_096
SIMULATED_PREFIX = "sim-"

MessageText = Annotated[str, msgspec.Meta(min_length=1, max_length=MESSAGE_LENGTH_MAX, examples=["namaste dai"])]
PhoneText = Annotated[str, msgspec.Meta(min_length=4, max_length=40, examples=["+9779800000001"])]
KeyHeader = Annotated[str | None, HeaderParameter(name="Idempotency-Key", max_length=KEY_LENGTH_MAX)]
Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_LIMIT_MAX)]


class SimulatedMessage(ApiRecord, frozen=True, kw_only=True):
    """What somebody writes: `mediaUrl` makes it a picture with `text` as its caption."""

    sender: PhoneText = msgspec.field(name="from")
    text: Annotated[str, msgspec.Meta(max_length=MESSAGE_LENGTH_MAX, examples=["5 bora chamal"])]
    media_url: Annotated[str, msgspec.Meta(max_length=2_000)] | None = None


class MessageTaken(ApiRecord, frozen=True, kw_only=True):
    """The id a message is known by from now on."""

    message_id: str


class SpokenMessage(ApiRecord, frozen=True, kw_only=True):
    """One message that went out over the simulator."""

    id: UUID
    text: str
    status: OutboundState
    purpose: Purpose
    reply_to_id: UUID | None
    created_at: datetime


class NewMessage(ApiRecord, frozen=True, kw_only=True):
    """What staff write to somebody."""

    to: PhoneText
    message: MessageText


class MessageSeen(ApiRecord, frozen=True, kw_only=True):
    """A message of either direction; `about` is its intent (inbound) or its purpose (outbound)."""

    id: UUID
    direction: Direction
    contact_id: UUID
    phone: str | None
    provider_user_id: str | None
    channel: Channel | None
    status: str
    text: str
    about: str
    attempts: int
    error: str | None
    reply_to_id: UUID | None
    provider_message_id: str | None
    created_at: datetime


class MessageRetried(ApiRecord, frozen=True, kw_only=True):
    """A failed message is under way again."""

    id: UUID
    direction: Direction
    status: str


@post(
    "/whatsapp/simulator",
    operation_id="simulateMessage",
    summary="Write as somebody, without a provider (only where the simulator is on)",
    status_code=201,
    opt={"open": True},
)
async def simulate_message(data: SimulatedMessage, database: Database, settings: Settings) -> Envelope[MessageTaken]:
    """Takes exactly the way a provider's webhook takes; only the signature is missing."""
    _require_simulator(settings)
    phone = parse_phone(data.sender, field="from")
    message_id = f"{SIMULATED_PREFIX}{new_id()}"
    arrival = Arrival(
        channel=Channel.SIMULATOR,
        provider_message_id=message_id,
        identity=Identity(phone=phone),
        address=phone,
        kind=Kind.IMAGE if data.media_url else Kind.TEXT,
        body=data.text,
        raw=msgspec.to_builtins(data),
    )
    await store_delivery(database, messages=[arrival])
    return ok(MessageTaken(message_id=message_id))


@get(
    "/whatsapp/simulator/{phone:str}",
    operation_id="listSimulatedReplies",
    summary="What was said to a phone over the simulator",
    opt={"open": True},
)
async def list_simulated_replies(
    phone: FromPath[str],
    database: Database,
    settings: Settings,
    after: Annotated[str | None, QueryParameter(max_length=100, description="An id, a messageId, or a time")] = None,
) -> Envelope[Page[SpokenMessage]]:
    """In the order it was said; after the message with that id, after what one wrote (its messageId), or since then."""
    _require_simulator(settings)
    async with database.reading() as tx:
        spoken = await find_spoken(tx, parse_phone(phone, field="phone"), **_after(after), limit=SPOKEN_MAX)
    return ok(Page(items=[_spoken(message) for message in spoken]))


@post(
    "/whatsapp/send",
    operation_id="sendMessage",
    summary="Write to somebody",
    guards=[requires("messages.send")],
)
async def send_message(
    data: NewMessage, request: Request[Any, Any, Any], database: Database, actor: Actor, key: KeyHeader = None
) -> Envelope[MessageTaken]:
    """Goes out like any other message: not after an opt-out, and only within 24 hours of the person's last one.

    With an Idempotency-Key the same request again is the same message.
    """
    writing = partial(_write, data=data)
    if key is None:
        async with database.transaction() as tx:
            return ok(await writing(tx))
    sent = await run_once(
        database,
        scope=f"whatsapp-send:{actor.id}",
        key=checked_key(key),
        request_hash=hash_request(await request.body()),
        into=MessageTaken,
        act=writing,
    )
    return ok(sent)


@get(
    "/admin/messages",
    operation_id="listMessages",
    summary="Messages in and out, newest first",
    guards=[requires("messages.read")],
)
async def list_messages(
    database: Database,
    actor: Actor,
    contact: FromQuery[str | None] = None,
    direction: FromQuery[Direction | None] = None,
    status: FromQuery[str | None] = None,
    cursor: FromQuery[str | None] = None,
    limit: Limit = PAGE_LIMIT_DEFAULT,
) -> Envelope[Page[MessageSeen]]:
    """`contact` is a contact's id or a phone number."""
    _require_known_status(status)
    contact_id = _uuid(contact)
    phone = parse_phone(contact, field="contact") if contact and contact_id is None else None
    async with database.reading() as tx:
        rows = await find_messages(
            tx,
            contact_id=contact_id,
            phone=phone,
            direction=direction,
            status=status,
            before=decode_cursor(cursor),
            limit=limit + 1,
        )
    return ok(page_of([_seen(row) for row in rows], limit, lambda message: message.id))


@post(
    "/admin/messages/{message_id:uuid}/retry",
    operation_id="retryMessage",
    summary="Give a failed message another go",
    guards=[requires("messages.send")],
    status_code=200,
)
async def retry_failed_message(
    message_id: FromPath[UUID], database: Database, actor: Actor
) -> Envelope[MessageRetried]:
    """An outbound message is sent again, an inbound one worked again."""
    async with database.transaction() as tx:
        direction = await retry_message(tx, actor, message_id=message_id)
    state = OutboundState.QUEUED if direction is Direction.OUTBOUND else InboundState.RECEIVED
    return ok(MessageRetried(id=message_id, direction=direction, status=state))


async def _write(tx: Transaction, data: NewMessage) -> MessageTaken:
    contact = await ensure_contact(tx, parse_phone(data.to, field="to"))
    saying = Saying(key=f"staff:{new_id()}", purpose=Purpose.NOTICE, text=data.message)
    return MessageTaken(message_id=str((await say(tx, contact.id, [saying]))[0]))


def _after(given: str | None) -> dict[str, Any]:
    """As `find_spoken` takes it. Raises ValidationFailed for what is neither an id nor a time with an offset."""
    if not given:
        return {}
    if given.startswith(SIMULATED_PREFIX):
        return {"after_writing": given}
    message_id = _uuid(given)
    if message_id is not None:
        return {"after": message_id}
    try:
        return {"since": with_offset("after", datetime.fromisoformat(given))}
    except ValueError as error:
        raise ValidationFailed(field="after", why="is neither a message's id nor a time") from error


def _require_simulator(settings: Settings) -> None:
    if not settings.simulator_on:
        raise SimulatorOff


def _require_known_status(status: str | None) -> None:
    known = {*InboundState, *OutboundState}
    if status is not None and status not in known:
        raise ValidationFailed(field="status", why=f"is none of {', '.join(sorted(known))}")


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None


def _seen(row: MessageRow) -> MessageSeen:
    return msgspec.convert(row, MessageSeen, from_attributes=True)


def _spoken(message: Spoken) -> SpokenMessage:
    return msgspec.convert(message, SpokenMessage, from_attributes=True)


ROUTES: list[Any] = [
    simulate_message,
    list_simulated_replies,
    send_message,
    list_messages,
    retry_failed_message,
]
