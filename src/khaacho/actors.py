"""Who does something. Every action takes an actor; nothing reads it from a thread or from a request body."""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID

import msgspec


class ActorRole(StrEnum):
    ADMIN = "ADMIN"
    OPERATOR = "OPERATOR"
    VENDOR = "VENDOR"
    RETAILER = "RETAILER"
    FREELANCER = "FREELANCER"
    SYSTEM = "SYSTEM"


STAFF = frozenset({ActorRole.ADMIN, ActorRole.OPERATOR})


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Taken from the session, the contact of a message, or the job; `id` is the user's, None for the system.

    `scopes` narrow what a machine with a key may do below what the role may; None narrows nothing.
    """

    role: ActorRole
    name: str
    id: UUID | None = None
    retailer_id: UUID | None = None
    vendor_id: UUID | None = None
    request_id: str | None = None
    scopes: frozenset[str] | None = None

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF or self.role is ActorRole.SYSTEM


SYSTEM = Actor(role=ActorRole.SYSTEM, name="SYSTEM")
