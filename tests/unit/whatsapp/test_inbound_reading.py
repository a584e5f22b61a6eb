"""Reading what providers post, as they really post it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from khaacho.whatsapp.addresses import identity_of
from khaacho.whatsapp.channels.cloud_inbound import read_delivery, read_identity_change
from khaacho.whatsapp.channels.twilio_inbound import read_message, read_status
from khaacho.whatsapp.records import Identity, Kind, OutboundState

SAMPLES = Path(__file__).parents[3] / ".." / "shared" / "data" / "vectors" / "meta_cloud_api"
needs_samples = pytest.mark.skipif(not SAMPLES.exists(), reason="the shared payload samples are not here")


def sample(file: str, name: str) -> Any:
    return json.loads((SAMPLES / f"{file}.json").read_text())[name]


def only(payload: Any) -> Any:
    (message,) = read_delivery(payload).messages
    return message


@pytest.mark.parametrize(
    ("address", "identity"),
    [
        ("whatsapp:+9779800000001", Identity(phone="+9779800000001")),
        ("9779800000001", Identity(phone="+9779800000001")),
        ("+977 980-000 0001", Identity(phone="+9779800000001")),
        ("whatsapp:US.1234", Identity(provider_user_id="US.1234")),
        ("US.ENT.11815799212886844830", Identity(provider_user_id="US.ENT.11815799212886844830")),
        ("", None),
        ("whatsapp:", None),
        ("group-of-friends", None),
        ("+1", None),
    ],
)
def test_senders_have_a_phone_or_a_user_id(address: str, identity: Identity | None) -> None:
    """[O5] E.164, Meta's bare digits, or a user id bound to the business where no phone is given."""
    assert identity_of(address) == identity


def test_a_twilio_message_keeps_what_it_does_not_know() -> None:
    """[O1] Providers add fields without notice; they are stored, and the known ones are read."""
    form = {
        "MessageSid": ["SM1"],
        "From": ["whatsapp:+9779800000001"],
        "Body": ["5 bora chamal"],
        "NumMedia": ["0"],
        "ProfileName": ["Gita"],
        "BrandNewField": ["x", "y"],
    }
    arrival = read_message(form)
    assert arrival is not None
    assert (arrival.provider_message_id, arrival.identity.phone) == ("SM1", "+9779800000001")
    assert (arrival.kind, arrival.body, arrival.profile_name) == (Kind.TEXT, "5 bora chamal", "Gita")
    assert arrival.raw["BrandNewField"] == ["x", "y"]


@pytest.mark.parametrize(
    ("extra", "kind", "body"),
    [
        ({"NumMedia": "1", "MediaContentType0": "image/jpeg", "Body": ""}, Kind.IMAGE, ""),
        ({"NumMedia": "1", "MediaContentType0": "image/jpeg", "Body": "2 carton rara"}, Kind.IMAGE, "2 carton rara"),
        ({"NumMedia": "1", "MediaContentType0": "audio/ogg"}, Kind.AUDIO, ""),
        ({"NumMedia": "1", "MediaContentType0": "application/pdf"}, Kind.DOCUMENT, ""),
        ({"NumMedia": "1"}, Kind.UNSUPPORTED, ""),
        ({"Latitude": "28.6", "Longitude": "81.6"}, Kind.LOCATION, ""),
        ({"ButtonText": "Confirm", "ButtonPayload": "confirm", "Body": "Confirm"}, Kind.BUTTON, "Confirm"),
        ({"ListId": "2", "ListTitle": "Second"}, Kind.LIST, "Second"),
    ],
)
def test_twilio_kinds(extra: dict[str, str], kind: Kind, body: str) -> None:
    """[O1] Whatever is not text is kept as its kind, with its words where it has some."""
    form = {"MessageSid": ["SM1"], "From": ["whatsapp:US.1234"]} | {name: [value] for name, value in extra.items()}
    arrival = read_message(form)
    assert arrival is not None
    assert (arrival.kind, arrival.body) == (kind, body)
    assert arrival.identity == Identity(provider_user_id="US.1234")
    assert arrival.address == "US.1234"


def test_a_form_without_sender_or_id_is_no_message() -> None:
    """[O1] Nothing is stored that nobody sent."""
    assert read_message({"From": ["whatsapp:+9779800000001"], "Body": ["x"]}) is None
    assert read_message({"MessageSid": ["SM1"], "Body": ["x"]}) is None


def test_twilio_statuses() -> None:
    """[O4] Steps before sending say nothing new; failures keep the provider's code; our own id comes back."""
    own = UUID("01890000-0000-7000-8000-000000000001")
    assert read_status({"MessageSid": ["SM1"], "MessageStatus": ["queued"]}, None) is None
    read = read_status({"MessageSid": ["SM1"], "MessageStatus": ["read"]}, str(own))
    assert read is not None
    assert (read.state, read.message_id, read.error) == (OutboundState.READ, own, None)
    failed = read_status({"MessageSid": ["SM1"], "MessageStatus": ["undelivered"], "ErrorCode": ["63016"]}, "nonsense")
    assert failed is not None
    assert (failed.state, failed.error, failed.message_id) == (OutboundState.FAILED, "twilio 63016", None)


@needs_samples
def test_a_cloud_text() -> None:
    """[O1] A text with the phone and the user id Meta gives for one person."""
    message = only(sample("message", "text"))
    assert (message.kind, message.body, message.profile_name) == (Kind.TEXT, "Body Text", "Test Name")
    assert message.identity == Identity(phone="+972987654321", provider_user_id="US.13491208655302741918")
    assert message.sent_at == datetime(2023, 10, 11, 16, 53, 43, tzinfo=UTC)


@needs_samples
@pytest.mark.parametrize(
    ("file", "name", "kind", "body"),
    [
        ("callback_button", "button", Kind.BUTTON, "title"),
        ("callback_button", "quick_reply", Kind.BUTTON, "title"),
        ("callback_selection", "description", Kind.LIST, "title"),
        ("message", "image", Kind.IMAGE, ""),
        ("message", "video", Kind.VIDEO, "caption"),
        ("message", "voice", Kind.AUDIO, ""),
        ("message", "document", Kind.DOCUMENT, "caption"),
        ("message", "static_sticker", Kind.STICKER, ""),
        ("message", "reaction", Kind.REACTION, ""),
        ("message", "current_location", Kind.LOCATION, ""),
        ("message", "contacts", Kind.CONTACTS, ""),
        ("message", "order", Kind.CART, "HAMBURGER x 3\nFRENCH_FRIES x 2\nSODA x 2"),
        ("message", "unsupported", Kind.UNSUPPORTED, ""),
        ("message", "interactive_message_with_err", Kind.UNSUPPORTED, ""),
        ("message", "reply", Kind.TEXT, "replied text"),
        ("edited_message", "image", Kind.EDITED, ""),
        ("system", "identity_change", Kind.SYSTEM, ""),
    ],
)
def test_cloud_kinds(file: str, name: str, kind: Kind, body: str) -> None:
    """[O1] Buttons and lists are read as what was tapped, a cart as order lines, the rest is kept as its kind."""
    message = only(sample(file, name))
    assert (message.kind, message.body) == (kind, body)


@needs_samples
def test_a_changed_number_is_read_from_the_system_message() -> None:
    """[O5] Meta says that a person has a new number; anything else a system message says is not such a change."""
    change = read_identity_change(only(sample("system", "phone_number_change")).raw)
    assert change is not None
    assert change.new == Identity(phone="+972912345678")
    assert read_identity_change(only(sample("system", "identity_change")).raw) is None


@needs_samples
@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("sent", OutboundState.SENT),
        ("delivered", OutboundState.DELIVERED),
        ("read", OutboundState.READ),
        ("played", OutboundState.READ),
        ("failed", OutboundState.FAILED),
    ],
)
def test_cloud_statuses(name: str, state: OutboundState) -> None:
    """[O4] Every status Meta reports, and the reason of a failure."""
    (report,) = read_delivery(sample("message_status", name)).statuses
    assert report.state is state
    assert (report.error is not None) == (state is OutboundState.FAILED)


@needs_samples
def test_one_post_may_carry_everything() -> None:
    """[O1] Several entries, changes, messages and statuses in one body, each read, in their order."""
    entries = [
        entry
        for file, name in (("message", "text"), ("message", "image"), ("message_status", "read"))
        for entry in sample(file, name)["entry"]
    ]
    delivery = read_delivery({"object": "whatsapp_business_account", "entry": entries})
    assert [message.kind for message in delivery.messages] == [Kind.TEXT, Kind.IMAGE]
    assert len(delivery.statuses) == 1


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        "x",
        5,
        {},
        {"entry": None},
        {"entry": [None, {"changes": [{"value": {"messages": [None, {"id": 5}]}}]}]},
    ],
)
def test_shapes_nobody_promised_are_read_as_nothing(payload: Any) -> None:
    """[O1] A body of another shape is no reason to fail: providers would repeat it for a week."""
    assert read_delivery(payload).messages == ()
