"""Frozen rows of people: users, retailers, vendors, and what is needed to register them."""

from __future__ import annotations

from datetime import datetime, time
from enum import StrEnum
from uuid import UUID

import msgspec

from khaacho.actors import Actor, ActorRole
from khaacho.parties.standings import CreditStatus


class UserStatus(StrEnum):
    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"


class PartyStatus(StrEnum):
    """Of a retailer or a vendor. SUSPENDED is for now, BLOCKED for good; neither may act."""

    PENDING = "PENDING"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    BLOCKED = "BLOCKED"

    @property
    def of_user(self) -> UserStatus:
        """What the party's user may be while the party is in this state."""
        return UserStatus.SUSPENDED if self is PartyStatus.BLOCKED else UserStatus(self.value)


class Locale(StrEnum):
    EN = "en"
    NE = "ne"


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Someone who can sign in, in one role. One phone may have several users of different roles."""

    id: UUID
    phone: str
    name: str
    role: ActorRole
    status: UserStatus
    locale: Locale
    retailer_id: UUID | None = None
    vendor_id: UUID | None = None
    created_at: datetime

    def as_actor(self, request_id: str | None = None) -> Actor:
        """This user as the one who does something."""
        return Actor(
            role=self.role,
            name=self.name,
            id=self.id,
            retailer_id=self.retailer_id,
            vendor_id=self.vendor_id,
            request_id=request_id,
        )


class Retailer(msgspec.Struct, frozen=True, kw_only=True):
    """A shop. Its credit figures are the credit domain's; here is only whether credit is open as a whole."""

    id: UUID
    code: str
    user_id: UUID | None
    pasal_name: str
    owner_name: str
    phone: str
    city: str
    latitude: float | None
    longitude: float | None
    locale: Locale
    status: PartyStatus
    credit_status: CreditStatus
    credit_status_reason: str | None
    credit_status_automatic: bool
    created_at: datetime


class Vendor(msgspec.Struct, frozen=True, kw_only=True):
    """A wholesaler. Hours are in the business zone; both None means always open. The ceilings are None by default."""

    id: UUID
    code: str
    user_id: UUID | None
    name: str
    owner_name: str
    phone: str
    city: str
    latitude: float | None
    longitude: float | None
    radius_km: float | None
    opens_at: time | None
    closes_at: time | None
    locale: Locale
    status: PartyStatus
    active_orders_max: int | None
    pending_orders_max: int | None
    created_at: datetime


class NewUser(msgspec.Struct, frozen=True, kw_only=True):
    """A user to add. `phone` is E.164 already."""

    phone: str
    name: str
    role: ActorRole
    password_hash: str | None = None
    status: UserStatus = UserStatus.ACTIVE
    locale: Locale = Locale.EN


class NewRetailer(msgspec.Struct, frozen=True, kw_only=True):
    """A shop to register, together with its user. `phone` is E.164 already; `code` is made when None."""

    pasal_name: str
    owner_name: str
    phone: str
    city: str
    latitude: float | None = None
    longitude: float | None = None
    locale: Locale = Locale.NE
    status: PartyStatus = PartyStatus.PENDING
    password_hash: str | None = None
    code: str | None = None


class NewVendor(msgspec.Struct, frozen=True, kw_only=True):
    """A wholesaler to register, together with its user. `phone` is E.164 already; `code` is made when None."""

    name: str
    owner_name: str
    phone: str
    city: str
    latitude: float | None = None
    longitude: float | None = None
    radius_km: float | None = None
    opens_at: time | None = None
    closes_at: time | None = None
    locale: Locale = Locale.NE
    status: PartyStatus = PartyStatus.PENDING
    active_orders_max: int | None = None
    pending_orders_max: int | None = None
    password_hash: str | None = None
    code: str | None = None
