"""What travels about people, in and out, and how it is turned into rows."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from khaacho.actors import ActorRole
from khaacho.errors import ValidationFailed
from khaacho.money import paisa_from_rupees, rupees
from khaacho.parties.phones import parse_phone
from khaacho.parties.records import Locale, PartyStatus, Retailer, User, UserStatus, Vendor
from khaacho.parties.standings import CreditStatus
from khaacho.platform.http import ApiRecord, Rupees

Answer = TypeVar("Answer", bound=ApiRecord)

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"\S")]
PhoneNumber = Annotated[
    str, msgspec.Meta(min_length=4, max_length=40, description="Nepali or international", examples=["9800000001"])
]
Latitude = Annotated[float, msgspec.Meta(ge=-90, le=90, examples=[28.6])]
Longitude = Annotated[float, msgspec.Meta(ge=-180, le=180, examples=[81.62])]
Kilometres = Annotated[float, msgspec.Meta(gt=0, le=2_000)]
OrderCeiling = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]
TimeOfDay = Annotated[str, msgspec.Meta(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["07:00"])]
Reason = Annotated[str, msgspec.Meta(min_length=3, max_length=500, pattern=r"\S")]


class RetailerRequest(ApiRecord, frozen=True, kw_only=True):
    """A shop to register. `creditLimit` opens a credit line with the platform at once."""

    pasal_name: Name
    owner_name: Name
    phone_number: PhoneNumber
    city: Name
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    locale: Locale = Locale.NE
    credit_limit: Rupees | None = None


class RetailerPatch(ApiRecord, frozen=True, kw_only=True):
    """What is to be different; what is left out stays. SUSPENDED and BLOCKED need a reason."""

    pasal_name: Name | UnsetType = UNSET
    owner_name: Name | UnsetType = UNSET
    phone_number: PhoneNumber | UnsetType = UNSET
    city: Name | UnsetType = UNSET
    latitude: Latitude | UnsetType | None = UNSET
    longitude: Longitude | UnsetType | None = UNSET
    locale: Locale | UnsetType = UNSET
    status: PartyStatus | UnsetType = UNSET
    credit_limit: Rupees | UnsetType = UNSET
    reason: Reason | None = None


class RetailerAnswer(ApiRecord, frozen=True, kw_only=True):
    """A shop as staff see it. `creditLimit` is the platform's, null where it lends nothing."""

    id: UUID
    code: str
    pasal_name: str
    owner_name: str
    phone_number: str
    city: str
    latitude: float | None
    longitude: float | None
    locale: Locale
    status: PartyStatus
    credit_limit: Rupees | None
    credit_status: CreditStatus
    credit_status_reason: str | None
    created_at: datetime


class VendorRequest(ApiRecord, frozen=True, kw_only=True):
    """A wholesaler to register; without `ownerName` it is called by its own. Hours are in the business zone."""

    name: Name
    owner_name: Name | None = None
    phone_number: PhoneNumber
    city: Name
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    radius_km: Kilometres | None = None
    opens_at: TimeOfDay | None = None
    closes_at: TimeOfDay | None = None
    locale: Locale = Locale.NE
    active_orders_max: OrderCeiling | None = None
    pending_orders_max: OrderCeiling | None = None


class VendorPatch(ApiRecord, frozen=True, kw_only=True):
    """What is to be different; what is left out stays. SUSPENDED and BLOCKED need a reason."""

    name: Name | UnsetType = UNSET
    owner_name: Name | UnsetType = UNSET
    phone_number: PhoneNumber | UnsetType = UNSET
    city: Name | UnsetType = UNSET
    latitude: Latitude | UnsetType | None = UNSET
    longitude: Longitude | UnsetType | None = UNSET
    radius_km: Kilometres | UnsetType | None = UNSET
    opens_at: TimeOfDay | UnsetType | None = UNSET
    closes_at: TimeOfDay | UnsetType | None = UNSET
    locale: Locale | UnsetType = UNSET
    active_orders_max: OrderCeiling | UnsetType | None = UNSET
    pending_orders_max: OrderCeiling | UnsetType | None = UNSET
    status: PartyStatus | UnsetType = UNSET
    reason: Reason | None = None


class VendorAnswer(ApiRecord, frozen=True, kw_only=True):
    """A wholesaler as staff see it."""

    id: UUID
    code: str
    name: str
    owner_name: str
    phone_number: str
    city: str
    latitude: float | None
    longitude: float | None
    radius_km: float | None
    opens_at: str | None
    closes_at: str | None
    locale: Locale
    status: PartyStatus
    active_orders_max: int | None
    pending_orders_max: int | None
    created_at: datetime


class UserAnswer(ApiRecord, frozen=True, kw_only=True):
    """Somebody who can sign in, as staff see them."""

    id: UUID
    role: ActorRole
    name: str
    phone_number: str
    status: UserStatus
    locale: Locale
    retailer_id: UUID | None
    vendor_id: UUID | None
    created_at: datetime


def retailer_answer(retailer: Retailer, limit_paisa: int | None) -> RetailerAnswer:
    """The row as it travels, with the limit that is agreed with the shop."""
    limit = None if limit_paisa is None else rupees(limit_paisa)
    return _answer(retailer, RetailerAnswer, phone_number=retailer.phone, credit_limit=limit)


def vendor_answer(vendor: Vendor) -> VendorAnswer:
    """The row as it travels."""
    return _answer(
        vendor,
        VendorAnswer,
        phone_number=vendor.phone,
        opens_at=_time_text(vendor.opens_at),
        closes_at=_time_text(vendor.closes_at),
    )


def user_answer(user: User) -> UserAnswer:
    """The row as it travels."""
    return _answer(user, UserAnswer, phone_number=user.phone)


def retailer_changes(patch: RetailerPatch) -> dict[str, Any]:
    """By field name of `Retailer`, which does not have the limit. Raises ValidationFailed."""
    return _changes(patch)


def limit_paisa_of(credit_limit: Rupees) -> int:
    """Raises InvalidAmount, and ValidationFailed below zero."""
    paisa = paisa_from_rupees(credit_limit)
    if paisa < 0:
        raise ValidationFailed(field="creditLimit", why="is below zero")
    return paisa


def vendor_changes(patch: VendorPatch, current: Vendor) -> dict[str, Any]:
    """By field name of `Vendor`. Raises ValidationFailed, also when one end of the hours would stand alone."""
    changes = _changes(patch)
    for name in ("opens_at", "closes_at"):
        if name in changes:
            changes[name] = parse_time(changes[name])
    after = {name: changes.get(name, getattr(current, name)) for name in ("opens_at", "closes_at")}
    check_hours(after["opens_at"], after["closes_at"])
    return changes


def parse_time(text: str | None) -> time | None:
    """'07:00' → 07:00."""
    return time.fromisoformat(text) if text is not None else None


def check_hours(opens_at: time | None, closes_at: time | None) -> None:
    """Raises ValidationFailed unless both are given or neither, and they differ."""
    if (opens_at is None) != (closes_at is None):
        raise ValidationFailed(field="closesAt", why="opensAt and closesAt go together")
    if opens_at is not None and opens_at == closes_at:
        raise ValidationFailed(field="closesAt", why="is when it opens")


def _changes(patch: RetailerPatch | VendorPatch) -> dict[str, Any]:
    if patch.status is PartyStatus.PENDING:
        raise ValidationFailed(field="status", why="cannot become PENDING again")
    if patch.status in (PartyStatus.SUSPENDED, PartyStatus.BLOCKED) and patch.reason is None:
        raise ValidationFailed(field="reason", why="is needed to suspend or block somebody")
    changes = {
        name: value.strip() if type(value) is str else value
        for name in patch.__struct_fields__
        if name not in ("reason", "credit_limit") and (value := getattr(patch, name)) is not UNSET
    }
    if "phone_number" in changes:
        changes["phone"] = parse_phone(changes.pop("phone_number"))
    return changes


def _time_text(moment: time | None) -> str | None:
    return moment.strftime("%H:%M") if moment is not None else None


def _answer(row: msgspec.Struct, into: type[Answer], **given: Any) -> Answer:
    rest = {name: getattr(row, name) for name in into.__struct_fields__ if name not in given}
    return into(**rest, **given)
