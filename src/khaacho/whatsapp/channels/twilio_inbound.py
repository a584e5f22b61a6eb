"""Reading what Twilio posts: one message or one status report per request, as a form. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from khaacho.whatsapp.addresses import identity_of
from khaacho.whatsapp.records import Arrival, Channel, Identity, Kind, OutboundState, StatusReport

Form = Mapping[str, Sequence[str]]

# The query parameter of our status address that carries our own id back, so that a report can be matched even when
# the process that sent the message died before it learned the provider's id.
OWN_ID_PARAMETER = "message"

_STATES = {
    "sent": OutboundState.SENT,
    "delivered": OutboundState.DELIVERED,
    "read": OutboundState.READ,
    "undelivered": OutboundState.FAILED,
    "failed": OutboundState.FAILED,
}
_MEDIA_KINDS = {
    "image": Kind.IMAGE,
    "audio": Kind.AUDIO,
    "video": Kind.VIDEO,
    "application": Kind.DOCUMENT,
    "text": Kind.CONTACTS,
}


def read_message(form: Form) -> Arrival | None:
    """The message in a webhook's form; None when it names no message or no sender. Unknown fields are kept in `raw`."""
    message_id = _field(form, "MessageSid") or _field(form, "SmsMessageSid")
    sender = _field(form, "From")
    identity = identity_of(sender)
    if not message_id or identity is None:
        return None
    waid = identity_of(_field(form, "WaId")) if identity.phone is None else None
    if waid is not None and waid.phone is not None:
        identity = Identity(phone=waid.phone, provider_user_id=identity.provider_user_id)
    return Arrival(
        channel=Channel.TWILIO,
        provider_message_id=message_id,
        identity=identity,
        address=sender.strip().removeprefix("whatsapp:"),
        kind=_kind(form),
        body=_field(form, "Body") or _field(form, "ButtonText") or _field(form, "ListTitle"),
        raw={name: values[0] if len(values) == 1 else list(values) for name, values in form.items()},
        profile_name=_field(form, "ProfileName") or None,
    )


def read_status(form: Form, own_id: str | None) -> StatusReport | None:
    """The status report in a callback's form; None for steps that say nothing new (queued, sending, accepted)."""
    message_id = _field(form, "MessageSid") or _field(form, "SmsSid")
    state = _STATES.get((_field(form, "MessageStatus") or _field(form, "SmsStatus")).lower())
    if not message_id or state is None:
        return None
    error = None
    if state is OutboundState.FAILED:
        error = f"twilio {_field(form, 'ErrorCode') or 'undelivered'}"
    return StatusReport(provider_message_id=message_id, state=state, error=error, message_id=_uuid(own_id))


def _kind(form: Form) -> Kind:
    if _field(form, "NumMedia") not in ("", "0"):
        family = _field(form, "MediaContentType0").partition("/")[0]
        return _MEDIA_KINDS.get(family, Kind.UNSUPPORTED)
    if _field(form, "Latitude"):
        return Kind.LOCATION
    if _field(form, "ListId"):
        return Kind.LIST
    if _field(form, "ButtonPayload") or _field(form, "ButtonText"):
        return Kind.BUTTON
    return Kind.TEXT


def _field(form: Form, name: str) -> str:
    values = form.get(name)
    return values[0] if values else ""


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
