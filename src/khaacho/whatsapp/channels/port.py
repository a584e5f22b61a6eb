"""What every way to reach people can do: take one message and say at once how that went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

import msgspec

from khaacho.whatsapp.records import Channel, Template


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One message on its way: `content` is free text, or a template to be filled by the provider."""

    message_id: UUID
    address: str
    content: str | Template


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """The provider took it and calls it this. `delivered` where taking it is delivering it."""

    provider_message_id: str
    delivered: bool = False


class Postponed(msgspec.Struct, frozen=True, kw_only=True):
    """It did not work now and may work later. After a broken connection it may even have worked: see `docs`."""

    reason: str


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """It will never work as it is."""

    reason: str


SendResult = Handed | Postponed | Refused


class ChannelPort(Protocol):
    """One provider."""

    async def send(self, outgoing: Outgoing) -> SendResult:
        """Hand one message over. Never raises for what a provider or the network does."""
        ...


Channels = Mapping[Channel, ChannelPort]
