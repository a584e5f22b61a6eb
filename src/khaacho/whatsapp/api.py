"""The doors providers knock at. Each verifies, stores, enqueues and answers; nothing is understood in a request.

A call with a bad or missing signature is refused and leaves nothing but a counter.
"""

from __future__ import annotations

import hmac
from typing import Any
from urllib.parse import parse_qs

import msgspec
from litestar import Request, Response, get, post
from litestar.enums import MediaType

from khaacho.errors import MalformedRequest, SignatureInvalid
from khaacho.platform.database import Database
from khaacho.platform.metrics import SIGNATURE_FAILURES
from khaacho.settings import Settings
from khaacho.whatsapp import insight_api, message_api, reminder_api
from khaacho.whatsapp.channels.cloud_inbound import read_delivery
from khaacho.whatsapp.channels.twilio_inbound import OWN_ID_PARAMETER, Form, read_message, read_status
from khaacho.whatsapp.records import Channel
from khaacho.whatsapp.signatures import is_signed_by_meta, is_signed_by_twilio
from khaacho.whatsapp.webhook import store_delivery

# No reply rides on the answer: replies take the outbox.
EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'
FORM_FIELDS_MAX = 500

AnyRequest = Request[Any, Any, Any]


@post(
    "/whatsapp/webhook",
    operation_id="receiveTwilioMessage",
    summary="A message from WhatsApp, delivered by Twilio",
    status_code=200,
    media_type=MediaType.XML,
    opt={"open": True},
)
async def receive_twilio_message(request: AnyRequest, database: Database, settings: Settings) -> Response[str]:
    """Form-encoded, signed in X-Twilio-Signature over the public address. Repetitions have no second effect."""
    form = await _twilio_form(request, settings)
    arrival = read_message(form)
    if arrival is not None:
        await store_delivery(database, messages=[arrival])
    return Response(EMPTY_TWIML, media_type=MediaType.XML)


@post(
    "/whatsapp/status",
    operation_id="receiveTwilioStatus",
    summary="What became of a message sent over Twilio",
    status_code=200,
    media_type=MediaType.XML,
    opt={"open": True},
)
async def receive_twilio_status(request: AnyRequest, database: Database, settings: Settings) -> Response[str]:
    """Form-encoded and signed like messages. Reports may come twice and in any order."""
    form = await _twilio_form(request, settings)
    report = read_status(form, request.query_params.get(OWN_ID_PARAMETER))
    if report is not None:
        await store_delivery(database, statuses=[report])
    return Response(EMPTY_TWIML, media_type=MediaType.XML)


@get(
    "/whatsapp/cloud",
    operation_id="verifyCloudWebhook",
    summary="Meta's question whether this address is ours",
    media_type=MediaType.TEXT,
    opt={"open": True},
)
async def verify_cloud_webhook(request: AnyRequest, settings: Settings) -> Response[str]:
    """Answers `hub.challenge` when `hub.verify_token` is the one in the settings."""
    asked = request.query_params
    token = str(asked.get("hub.verify_token", ""))
    expected = settings.meta_verify_token
    if (
        not expected
        or asked.get("hub.mode") != "subscribe"
        or not hmac.compare_digest(token.encode(), expected.encode())
    ):
        SIGNATURE_FAILURES.labels(Channel.CLOUD).inc()
        raise SignatureInvalid
    return Response(str(asked.get("hub.challenge", "")), media_type=MediaType.TEXT)


@post(
    "/whatsapp/cloud",
    operation_id="receiveCloudDelivery",
    summary="Messages and status reports from Meta's Cloud API",
    status_code=200,
    opt={"open": True},
)
async def receive_cloud_delivery(request: AnyRequest, database: Database, settings: Settings) -> dict[str, str]:
    """Signed in X-Hub-Signature-256 over the raw body; one body may carry many messages and many reports."""
    body = await request.body()
    signature = request.headers.get("x-hub-signature-256", "")
    if not is_signed_by_meta(signature, secret=settings.meta_app_secret, body=body):
        SIGNATURE_FAILURES.labels(Channel.CLOUD).inc()
        raise SignatureInvalid
    try:
        payload = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedRequest(why="the body is not valid JSON") from error
    delivery = read_delivery(payload)
    if delivery.messages or delivery.statuses:
        await store_delivery(database, messages=delivery.messages, statuses=delivery.statuses)
    return {}


async def _twilio_form(request: AnyRequest, settings: Settings) -> Form:
    """The fields of a signed request. Raises SignatureInvalid before anything else is looked at."""
    body = await request.body()
    try:
        form = parse_qs(
            body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX, errors="replace"
        )
    except ValueError:
        form = {}
    query = request.scope["query_string"].decode("latin-1")
    url = f"{settings.base_url}{request.url.path}" + (f"?{query}" if query else "")
    signature = request.headers.get("x-twilio-signature", "")
    if not is_signed_by_twilio(signature, token=settings.twilio_auth_token, url=url, fields=form, body=body):
        SIGNATURE_FAILURES.labels(Channel.TWILIO).inc()
        raise SignatureInvalid
    return form


ROUTES: list[Any] = [
    receive_twilio_message,
    receive_twilio_status,
    verify_cloud_webhook,
    receive_cloud_delivery,
    *message_api.ROUTES,
    *insight_api.ROUTES,
    *reminder_api.ROUTES,
]
