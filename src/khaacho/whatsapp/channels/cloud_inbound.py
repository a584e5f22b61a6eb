"""Reading what Meta's Cloud API posts: any number of entries, changes, messages and statuses in one body. Pure.

Meta adds fields and kinds without notice, so nothing here insists on a shape: what is not there is empty, what is not
known is kept as UNSUPPORTED, and everything stays in `raw`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from khaacho.whatsapp.addresses import identity_of
from khaacho.whatsapp.records import Arrival, Channel, Identity, Kind, OutboundState, StatusReport

_STATES = {
    "sent": OutboundState.SENT,
    "delivered": OutboundState.DELIVERED,
    "read": OutboundState.READ,
    "played": OutboundState.READ,
    "failed": OutboundState.FAILED,
}
_KINDS = {
    "text": Kind.TEXT,
    "button": Kind.BUTTON,
    "order": Kind.CART,
    "image": Kind.IMAGE,
    "audio": Kind.AUDIO,
    "voice": Kind.AUDIO,
    "video": Kind.VIDEO,
    "document": Kind.DOCUMENT,
    "sticker": Kind.STICKER,
    "location": Kind.LOCATION,
    "contacts": Kind.CONTACTS,
    "reaction": Kind.REACTION,
    "edit": Kind.EDITED,
    "revoke": Kind.DELETED,
    "system": Kind.SYSTEM,
}


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """Everything one POST brought, in its order."""

    messages: tuple[Arrival, ...]
    statuses: tuple[StatusReport, ...]


class IdentityChange(msgspec.Struct, frozen=True, kw_only=True):
    """A person has a new phone number or a new provider user id, vouched for by the provider."""

    new: Identity


def read_delivery(payload: Any) -> Delivery:
    """The messages and status reports of a webhook body that was decoded from JSON."""
    messages: list[Arrival] = []
    statuses: list[StatusReport] = []
    for value in _values(payload):
        people = [person for person in _list(value.get("contacts")) if isinstance(person, dict)]
        for message in _list(value.get("messages")):
            arrival = _arrival(message, people) if isinstance(message, dict) else None
            if arrival is not None:
                messages.append(arrival)
        for status in _list(value.get("statuses")):
            report = _report(status) if isinstance(status, dict) else None
            if report is not None:
                statuses.append(report)
    return Delivery(messages=tuple(messages), statuses=tuple(statuses))


def read_identity_change(raw: Any) -> IdentityChange | None:
    """The change a message of kind SYSTEM tells of, or None when it tells of something else."""
    system = _dict(_dict(_dict(raw).get("message")).get("system"))
    if not _text(system.get("type")).startswith("user_changed"):
        return None
    phone = identity_of(_text(system.get("wa_id")))
    user = identity_of(_text(system.get("user_id")))
    new = Identity(
        phone=phone.phone if phone else None,
        provider_user_id=user.provider_user_id if user else None,
    )
    return IdentityChange(new=new) if new.phone or new.provider_user_id else None


def _values(payload: Any) -> Iterator[Mapping[str, Any]]:
    for entry in _list(_dict(payload).get("entry")):
        for change in _list(_dict(entry).get("changes")):
            value = _dict(_dict(change).get("value"))
            if value:
                yield value


def _arrival(message: dict[str, Any], people: list[dict[str, Any]]) -> Arrival | None:
    message_id = _text(message.get("id"))
    person = _person(message, people)
    identity = _identity(message, person)
    if not message_id or identity is None:
        return None
    kind = _kind(message)
    return Arrival(
        channel=Channel.CLOUD,
        provider_message_id=message_id,
        identity=identity,
        address=identity.phone or identity.provider_user_id or "",
        kind=kind,
        body=_body(message, kind),
        raw={"message": message, "contact": person},
        profile_name=_text(_dict(person.get("profile")).get("name")) or None,
        sent_at=_moment(message.get("timestamp")),
    )


def _person(message: dict[str, Any], people: list[dict[str, Any]]) -> dict[str, Any]:
    """The entry of `contacts` that belongs to this message: by phone, by user id, or the only one."""
    for person in people:
        if person.get("wa_id") and person.get("wa_id") == message.get("from"):
            return person
        if person.get("user_id") and person.get("user_id") == message.get("from_user_id"):
            return person
    return people[0] if len(people) == 1 else {}


def _identity(message: dict[str, Any], person: dict[str, Any]) -> Identity | None:
    phone: str | None = None
    user: str | None = None
    for said in (message.get("from"), message.get("from_user_id"), person.get("wa_id"), person.get("user_id")):
        found = identity_of(_text(said))
        if found is not None:
            phone = phone or found.phone
            user = user or found.provider_user_id
    return Identity(phone=phone, provider_user_id=user) if phone or user else None


def _kind(message: dict[str, Any]) -> Kind:
    said = _text(message.get("type"))
    if said == "interactive":
        interactive = _dict(message.get("interactive"))
        return {"button_reply": Kind.BUTTON, "list_reply": Kind.LIST}.get(
            _text(interactive.get("type")), Kind.UNSUPPORTED
        )
    return _KINDS.get(said, Kind.UNSUPPORTED)


def _body(message: dict[str, Any], kind: Kind) -> str:
    """The words in a message: its text, the title that was tapped, a caption, or a cart as order lines."""
    match kind:
        case Kind.TEXT:
            return _text(_dict(message.get("text")).get("body"))
        case Kind.BUTTON if message.get("type") == "button":
            return _text(_dict(message.get("button")).get("text"))
        case Kind.BUTTON | Kind.LIST:
            interactive = _dict(message.get("interactive"))
            return _text(_dict(interactive.get(_text(interactive.get("type")))).get("title"))
        case Kind.CART:
            items = [_dict(item) for item in _list(_dict(message.get("order")).get("product_items"))]
            return "\n".join(f"{item.get('product_retailer_id')} x {item.get('quantity')}" for item in items)
        case Kind.IMAGE | Kind.VIDEO | Kind.DOCUMENT:
            return _text(_dict(message.get(_text(message.get("type")))).get("caption"))
        case _:
            return ""


def _report(status: dict[str, Any]) -> StatusReport | None:
    message_id = _text(status.get("id"))
    state = _STATES.get(_text(status.get("status")))
    if not message_id or state is None:
        return None
    error = None
    if state is OutboundState.FAILED:
        first = _dict((_list(status.get("errors")) or [{}])[0])
        error = f"meta {first.get('code', 'failed')}: {_text(first.get('title'))}".removesuffix(": ")
    return StatusReport(
        provider_message_id=message_id,
        state=state,
        at=_moment(status.get("timestamp")),
        error=error,
        message_id=_uuid(_text(status.get("biz_opaque_callback_data"))),
    )


def _moment(timestamp: Any) -> datetime | None:
    try:
        return datetime.fromtimestamp(int(timestamp), UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
