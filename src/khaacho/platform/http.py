"""The wire: envelope, one error shape, camelCase records, exact decimals, cursors.

Success is `{"success": true, "data": …}`, failure `{"success": false, "error": {code, message, …}, "requestId"}`.
Bodies are decoded by msgspec straight from bytes into the record a handler names, so that a number with decimals
becomes a Decimal without ever being a float, unknown fields are refused, and wrong types never reach a handler.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import msgspec
import structlog
from litestar import Request, Response
from litestar._openapi.schema_generation import SchemaCreator
from litestar.dto import AbstractDTO
from litestar.enums import MediaType
from litestar.exceptions import (
    HTTPException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.openapi.spec import Reference, Schema
from litestar.status_codes import HTTP_413_REQUEST_ENTITY_TOO_LARGE
from litestar.types import Scope
from litestar.typing import FieldDefinition

from khaacho.errors import (
    BodyTooLarge,
    InternalError,
    KhaachoError,
    MalformedRequest,
    MethodNotAllowed,
    NotSignedIn,
    RouteNotFound,
    TooManyRequests,
    ValidationFailed,
)
from khaacho.ids import new_id
from khaacho.money import rupees
from khaacho.platform.metrics import REFUSALS

T = TypeVar("T")
log = structlog.get_logger(__name__)

API_BASE = "/api/v1"
PAGE_LIMIT_DEFAULT = 50
PAGE_LIMIT_MAX = 200
REQUEST_ID_HEADER = "X-Request-ID"
RETRY_AFTER_SECONDS = 1

# An amount in rupees on the wire: a JSON number with at most two decimals, or the same as a string.
Rupees = Annotated[Decimal, msgspec.Meta(description="Rupees, at most two decimals", examples=[2373.00])]
Quantity = Annotated[Decimal, msgspec.Meta(description="Selling units, at most three decimals", examples=[10])]
ShortText = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
LongText = Annotated[str, msgspec.Meta(max_length=2000)]


class ApiRecord(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What travels over the API, in and out: camelCase, nothing unknown."""


class Envelope(msgspec.Struct, Generic[T], frozen=True, kw_only=True, rename="camel"):
    """A success."""

    data: T
    success: bool = True
    message: str | msgspec.UnsetType = msgspec.UNSET


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True, rename="camel"):
    """Part of a growing list; `next_cursor` asks for the following part and is null at the end."""

    items: list[T]
    next_cursor: str | None = None


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    code: str
    message: str
    details: dict[str, Any] | None = None
    retryable: bool = False


class ErrorEnvelope(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A failure."""

    error: ErrorBody
    request_id: str
    success: bool = False


def ok(data: T, message: str | None = None) -> Envelope[T]:
    """Wrap a handler's answer."""
    return Envelope(data=data, message=message if message else msgspec.UNSET)


# --- bodies in ---------------------------------------------------------------------------------------------------


class JsonBody(AbstractDTO[msgspec.Struct]):
    """Decodes request bodies with msgspec, strictly, into the struct the handler's `data` is annotated with."""

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Any:
        raise AssertionError("bodies are decoded whole")

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        return False

    @classmethod
    def is_supported_model_type_field(cls, field_definition: FieldDefinition) -> bool:
        return field_definition.is_subclass_of(msgspec.Struct)

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: Any = None
    ) -> None:
        """Nothing to prepare: the handler knows the annotation of its `data`."""

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: SchemaCreator
    ) -> Reference | Schema:
        return schema_creator.for_field_definition(field_definition)

    def decode_bytes(self, value: bytes) -> Any:
        field = self.asgi_connection.route_handler.parsed_data_field
        return decode_json(value, field.annotation)


def decode_json(body: bytes, into: type[T]) -> T:
    """The body as `into`. Raises MalformedRequest for broken JSON, ValidationFailed for wrong contents."""
    try:
        decoded = msgspec.json.decode(body, type=into)
    except msgspec.ValidationError as error:
        raise _validation_failed(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedRequest(why="the body is not valid JSON") from error
    if b"\\u0000" in body:
        raise ValidationFailed(field="body", why="holds a NUL character")
    if _NUMBER_AS_TEXT.search(body):
        _require_plain_numbers(decoded, msgspec.json.decode(body))
    return decoded


# A text that has no letter but those of a number, or that hides what it has behind escapes.
_NUMBER_AS_TEXT = re.compile(rb'[:\[,]\s*"(?:[^"\\a-zA-Z]*(?:[eE][^"\\a-zA-Z]*)?|[^"]*\\u[^"]*)"')
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")


def _require_plain_numbers(decoded: Any, written: Any, place: str = "") -> None:
    """Raises ValidationFailed for a number written as text in any way but "1234.50".

    Decimal reads "1e3", "1_000", " 5" and digits of every script. Whoever sends such a text as an amount did not mean
    to, so it is asked again instead of guessed.
    """
    if isinstance(decoded, Decimal):
        if isinstance(written, str) and _PLAIN_NUMBER.fullmatch(written) is None:
            raise ValidationFailed(field=place or "body", why="must be written in plain digits, such as 1234.50")
    elif isinstance(decoded, msgspec.Struct):
        for name, key in zip(decoded.__struct_fields__, decoded.__struct_encode_fields__, strict=True):
            if key in written:
                _require_plain_numbers(getattr(decoded, name), written[key], f"{place}.{key}" if place else key)
    elif isinstance(decoded, (list, tuple)):
        for number, (one, text) in enumerate(zip(decoded, written, strict=True)):
            _require_plain_numbers(one, text, f"{place}[{number}]")


_PLACE = re.compile(r"^(?P<why>.*?) - at `(?P<place>.+)`$")


def _validation_failed(message: str) -> ValidationFailed:
    found = _PLACE.match(message)
    if found is None:
        return ValidationFailed(field="body", why=message)
    return ValidationFailed(field=found["place"].removeprefix("$").lstrip(".") or "body", why=found["why"])


# --- answers out -------------------------------------------------------------------------------------------------


def _encode_unknown(value: Any) -> Any:
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    raise TypeError(f"{type(value).__name__} is not for the wire")


_encoder = msgspec.json.Encoder(decimal_format="number", enc_hook=_encode_unknown)


def encode_json(value: Any) -> bytes:
    """JSON with decimals as numbers, digit by digit."""
    return _encoder.encode(value)


class JsonResponse(Response[Any]):
    """The application's response class: as Litestar's, with exact decimals."""

    def render(self, content: Any, media_type: str, enc_hook: Any = None) -> bytes:
        if isinstance(content, (bytes, str)) or not str(media_type).startswith("application/json"):
            return super().render(content, media_type, enc_hook)
        return encode_json(content)


def error_response(request: Request[Any, Any, Any], error: KhaachoError) -> Response[Any]:
    """The one shape of every failure."""
    REFUSALS.labels(error.code).inc()
    envelope = ErrorEnvelope(
        error=ErrorBody(
            code=error.code,
            message=str(error),
            details=wire_details(error.details) or None,
            retryable=error.retryable,
        ),
        request_id=request_id(request),
    )
    headers = {REQUEST_ID_HEADER: envelope.request_id}
    if error.retryable:
        headers["Retry-After"] = str(error.details.get("retry_after_seconds", RETRY_AFTER_SECONDS))
    if isinstance(error, NotSignedIn):
        headers["WWW-Authenticate"] = "Bearer"
    return JsonResponse(envelope, status_code=error.status, media_type=MediaType.JSON, headers=headers)


def wire_details(details: dict[str, Any]) -> dict[str, Any]:
    """camelCase names; figures in paisa become rupees: limit_paisa=100 → creditLimit-like `limit: 1.00`."""
    wire: dict[str, Any] = {}
    for name, value in details.items():
        if name.endswith("_paisa") and (value is None or isinstance(value, int)):
            wire[_camel(name.removesuffix("_paisa"))] = None if value is None else rupees(value)
        elif isinstance(value, datetime):
            wire[_camel(name)] = value.isoformat()
        elif isinstance(value, UUID):
            wire[_camel(name)] = str(value)
        else:
            wire[_camel(name)] = value
    return wire


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


# --- failures ----------------------------------------------------------------------------------------------------


def handle_refusal(request: Request[Any, Any, Any], error: KhaachoError) -> Response[Any]:
    """A refusal of ours."""
    if error.status >= 500 and not error.retryable:
        log.error("request_failed", code=error.code, request_id=request_id(request), exc_info=error)
    return error_response(request, error)


def handle_framework_refusal(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    """What the framework refuses before our code runs, in our words."""
    return error_response(request, _from_framework(request, error))


def handle_fault(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Anything unforeseen: the cause goes to the log, never to the caller."""
    log.error("unhandled_error", request_id=request_id(request), path=request.url.path, exc_info=error)
    return error_response(request, InternalError())


def _from_framework(request: Request[Any, Any, Any], error: HTTPException) -> KhaachoError:
    if isinstance(error, NotFoundException):
        return RouteNotFound()
    if isinstance(error, MethodNotAllowedException):
        return MethodNotAllowed()
    if isinstance(error, ValidationException):
        faults = error.extra if isinstance(error.extra, list) else []
        first = faults[0] if faults and isinstance(faults[0], dict) else {}
        if first.get("key") == "data" and first.get("source") == "body":
            # Whatever is in a body has been decoded and judged by now; only a missing one comes this far.
            return MalformedRequest(why="the body is missing")
        return ValidationFailed(
            field=_name_on_the_wire(request, str(first.get("key", "request"))),
            why=str(first.get("message", "is not valid")),
        )
    if error.status_code == HTTP_413_REQUEST_ENTITY_TOO_LARGE:
        return BodyTooLarge(limit_bytes="the allowed number of")
    if error.status_code == 401:
        return NotSignedIn()
    if error.status_code == 429:
        return TooManyRequests(retry_after_seconds=RETRY_AFTER_SECONDS)
    if 400 <= error.status_code < 500:
        return MalformedRequest(why="it is not in the expected form")
    return InternalError()


def _name_on_the_wire(request: Request[Any, Any, Any], name: str) -> str:
    """What the caller calls the parameter a handler calls `name`."""
    parameter = request.route_handler.parsed_fn_signature.parameters.get(name)
    return str(getattr(parameter and parameter.kwarg_definition, "name", None) or name)


EXCEPTION_HANDLERS: dict[Any, Any] = {
    KhaachoError: handle_refusal,
    HTTPException: handle_framework_refusal,
    Exception: handle_fault,
}


_REQUEST_ID_NAME = REQUEST_ID_HEADER.lower().encode()
_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")


def request_id(request: Request[Any, Any, Any]) -> str:
    """The id this request is known by in logs, audit and answers."""
    return request_id_of(request.scope)


def request_id_of(scope: Scope) -> str:
    """As `request_id`; made here when nobody gave one. Every request passes here, so no request object is built."""
    state = scope["state"]
    known = state.get("request_id")
    if known is None:
        given = next((value for name, value in scope["headers"] if name == _REQUEST_ID_NAME), b"")
        known = given.decode() if _REQUEST_ID.fullmatch(given) else str(new_id())
        state["request_id"] = known
    return str(known)


def with_offset(field: str, moment: datetime | None) -> datetime | None:
    """A moment of a query. Raises ValidationFailed for one that does not say where it is that time."""
    if moment is not None and moment.tzinfo is None:
        raise ValidationFailed(field=field, why="needs an offset, such as 2026-02-10T00:00:00+05:45")
    return moment


# --- cursors -----------------------------------------------------------------------------------------------------


def encode_cursor(last_id: UUID) -> str:
    """An opaque cursor that continues after `last_id`."""
    return base64.urlsafe_b64encode(last_id.bytes).decode().rstrip("=")


def decode_cursor(cursor: str | None) -> UUID | None:
    """The id a cursor stands for. Raises ValidationFailed for anything we did not make."""
    if not cursor:
        return None
    try:
        return UUID(bytes=base64.urlsafe_b64decode(cursor + "=="))
    except (ValueError, TypeError) as error:
        raise ValidationFailed(field="cursor", why="is not a cursor of this list") from error


def encode_place(place: msgspec.Struct) -> str:
    """An opaque cursor for lists that are not in the order of ids: where the list goes on, as a record."""
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def decode_place(cursor: str | None, into: type[T]) -> T | None:
    """The place a cursor stands for. Raises ValidationFailed for anything that is not such a place."""
    if not cursor:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=="), type=into)
    except (ValueError, TypeError, msgspec.MsgspecError) as error:
        raise ValidationFailed(field="cursor", why="is not a cursor of this list") from error


def page_of(items: Sequence[T], limit: int, id_of: Any) -> Page[T]:
    """A page from `limit + 1` rows read: the extra one only tells that there is more."""
    shown = list(items[:limit])
    more = len(items) > limit
    return Page(items=shown, next_cursor=encode_cursor(id_of(shown[-1])) if more else None)
