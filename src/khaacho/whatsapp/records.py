"""The rows and values of the channel: who writes, what came in, what goes out and how it fared."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class Channel(StrEnum):
    """A way to reach people."""

    TWILIO = "twilio"
    CLOUD = "cloud"
    SIMULATOR = "simulator"


# The longest text a provider takes in one message, in characters.
TEXT_LENGTH_MAX = {Channel.TWILIO: 1_600, Channel.CLOUD: 4_096, Channel.SIMULATOR: 4_096}
# Fits every provider, for people of whom we do not know yet where they write from.
LENGTH_UNKNOWN = min(TEXT_LENGTH_MAX.values())


class Kind(StrEnum):
    """What a message is made of. Only those with words in them are read; the others are answered in words."""

    TEXT = "text"
    BUTTON = "button"
    LIST = "list"
    CART = "cart"
    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACTS = "contacts"
    REACTION = "reaction"
    EDITED = "edited"
    DELETED = "deleted"
    SYSTEM = "system"
    UNSUPPORTED = "unsupported"


class InboundState(StrEnum):
    RECEIVED = "RECEIVED"
    PROCESSED = "PROCESSED"
    FAILED = "FAILED"


class OutboundState(StrEnum):
    """In order of rank: a status report only ever moves a message to a later one.

    FAILED stands before DELIVERED because providers do report a delivery after a failure, and never the reverse.
    """

    QUEUED = "QUEUED"
    SENDING = "SENDING"
    SENT = "SENT"
    FAILED = "FAILED"
    DELIVERED = "DELIVERED"
    READ = "READ"


class Purpose(StrEnum):
    """Why a message goes out. Everything but a REPLY respects the opt-out."""

    REPLY = "REPLY"
    ORDER_REQUEST = "ORDER_REQUEST"
    ORDER_UPDATE = "ORDER_UPDATE"
    BASKET_FOLLOW_UP = "BASKET_FOLLOW_UP"
    PAYMENT_THANKS = "PAYMENT_THANKS"
    PAYMENT_REMINDER = "PAYMENT_REMINDER"
    CREDIT_NOTICE = "CREDIT_NOTICE"
    INSIGHT = "INSIGHT"
    ONE_TIME_CODE = "ONE_TIME_CODE"
    ALERT = "ALERT"
    NOTICE = "NOTICE"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Who a provider says is writing: a phone in E.164, a user id of the provider, or both; one is always there."""

    phone: str | None = None
    provider_user_id: str | None = None


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """One message as a provider handed it to us, read but not understood."""

    channel: Channel
    provider_message_id: str
    identity: Identity
    address: str
    kind: Kind
    body: str
    raw: Any
    profile_name: str | None = None
    sent_at: datetime | None = None


class StatusReport(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider says became of a message. `message_id` is our own id where it came back with the report."""

    provider_message_id: str
    state: OutboundState
    at: datetime | None = None
    error: str | None = None
    message_id: UUID | None = None


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """One person. `channel` and `address` say where they last wrote from; None for somebody who never wrote."""

    id: UUID
    phone: str | None
    provider_user_id: str | None
    retailer_id: UUID | None
    vendor_id: UUID | None
    profile_name: str | None
    channel: Channel | None
    address: str | None
    last_inbound_at: datetime | None
    opted_out_at: datetime | None


class InboundMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message that came in."""

    id: UUID
    contact_id: UUID
    channel: Channel
    kind: Kind
    body: str
    raw: Any
    attempts: int
    received_at: datetime


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """A message the provider approved beforehand: the name it has there, its language, what fills its places."""

    name: str
    language: str
    values: tuple[str, ...]


class Saying(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be said once: a second one with the same `key` is not said again.

    `template` is what goes out instead of `text` when the person has not written for a day.
    """

    key: str
    purpose: Purpose
    text: str
    template: Template | None = None
    reply_to_id: UUID | None = None


class UnreadWords(msgspec.Struct, frozen=True, kw_only=True):
    """A stretch of a message that was not understood, with the codes of products it came near to."""

    words: str = ""
    suggestions: Sequence[str] = ()


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What the dialogue makes of one message: what to answer, and what the message was taken for.

    `unread` is what of it was not understood; nothing, with `not_understood`, means the whole message.
    """

    texts: Sequence[str] = ()
    intent: str | None = None
    not_understood: bool = False
    unread: Sequence[UnreadWords] = ()
