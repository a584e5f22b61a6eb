"""The sandbox over HTTP: Razorpay's paths with Basic auth, and the page a payer sees.

Mounted at /sandbox/razorpay, outside our own API: set RAZORPAY_BASE_URL to it. Errors look like Razorpay's.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec
from jinja2 import Environment, FileSystemLoader, select_autoescape
from litestar import Request, Response, Router, get, post
from litestar.connection import ASGIConnection
from litestar.enums import MediaType
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter

from khaacho.errors import Conflict, KhaachoError, MalformedRequest, NotSignedIn, ValidationFailed
from khaacho.platform.database import Database
from khaacho.prepaid.gateways.signatures import payment_signature
from khaacho.prepaid.sandbox import books
from khaacho.prepaid.sandbox.cards import CARDS, find_card
from khaacho.settings import Settings

SANDBOX_PATH = "/sandbox/razorpay"
RECEIPT_LENGTH_MAX = 40
AMOUNT_PAISA_MIN = 100
SECONDS_MAX = 2**32

AnyRequest = Request[Any, Any, Any]
_FOLDER = Path(__file__).parent / "pages"
_STYLE = (_FOLDER / "checkout.css").read_text()
_pages = Environment(loader=FileSystemLoader(_FOLDER), autoescape=select_autoescape())


class _OrderBody(msgspec.Struct, frozen=True, kw_only=True):
    amount: int
    currency: str
    receipt: str | None = None
    notes: dict[str, Any] | list[Any] = msgspec.field(default_factory=dict)


class _RefundBody(msgspec.Struct, frozen=True, kw_only=True):
    amount: int | None = None


async def with_key(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard: the caller knows the key's secret (Basic auth). Raises NotSignedIn."""
    settings: Settings = connection.app.state.settings
    scheme, _space, encoded = connection.headers.get("authorization", "").partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        given = b""
    expected = f"{settings.razorpay_key_id}:{settings.razorpay_key_secret}".encode()
    if scheme.lower() != "basic" or not settings.razorpay_key_secret or not hmac.compare_digest(given, expected):
        raise NotSignedIn


@post("/v1/orders", guards=[with_key], status_code=200)
async def create_order(request: AnyRequest, database: Database) -> dict[str, Any]:
    """Open an order."""
    body = _decode(await request.body(), _OrderBody)
    if body.amount < AMOUNT_PAISA_MIN:
        raise ValidationFailed(field="amount", why="must be at least INR 1.00")
    if body.receipt is not None and len(body.receipt) > RECEIPT_LENGTH_MAX:
        raise ValidationFailed(field="receipt", why="must be no more than 40 characters")
    notes = body.notes if isinstance(body.notes, dict) else {}
    async with database.transaction() as tx:
        order = await books.open_order(
            tx, amount_paisa=body.amount, currency=body.currency, receipt=body.receipt, notes=notes
        )
    return order.entity()


@get("/v1/orders", guards=[with_key])
async def list_orders(
    database: Database, receipt: str | None = None, count: Annotated[int, QueryParameter(ge=1, le=100)] = 10
) -> dict[str, Any]:
    """Orders, of one receipt or all."""
    async with database.reading() as tx:
        return _collection([order.entity() for order in await books.find_orders(tx, receipt=receipt, limit=count)])


@get("/v1/orders/{order_id:str}", guards=[with_key])
async def show_order(order_id: str, database: Database) -> dict[str, Any]:
    """One order."""
    async with database.reading() as tx:
        return (await books.require_order(tx, order_id)).entity()


@get("/v1/orders/{order_id:str}/payments", guards=[with_key])
async def list_payments(order_id: str, database: Database) -> dict[str, Any]:
    """Every try to pay an order."""
    async with database.reading() as tx:
        await books.require_order(tx, order_id)
        return _collection([payment.entity() for payment in await books.find_payments(tx, order_id)])


@get("/v1/payments/{payment_id:str}", guards=[with_key])
async def show_payment(payment_id: str, database: Database) -> dict[str, Any]:
    """One payment."""
    async with database.reading() as tx:
        return (await books.require_payment(tx, payment_id)).entity()


@post("/v1/payments/{payment_id:str}/capture", guards=[with_key], status_code=200)
async def capture_payment(payment_id: str, database: Database) -> dict[str, Any]:
    """Take a promised payment."""
    async with database.transaction() as tx:
        payment = await books.require_payment(tx, payment_id)
        if payment.status == "failed":
            raise Conflict(why="This payment failed.")
        return (await books.capture(tx, payment_id, CARDS[0])).entity()


@post("/v1/payments/{payment_id:str}/refund", guards=[with_key], status_code=200)
async def refund_payment(payment_id: str, request: AnyRequest, database: Database) -> dict[str, Any]:
    """Give a payment back, whole or in part."""
    body = _decode(await request.body() or b"{}", _RefundBody)
    async with database.transaction() as tx:
        return (await books.refund(tx, payment_id, body.amount, CARDS[0])).entity()


@get("/v1/refunds", guards=[with_key])
async def list_refunds(
    database: Database,
    since: Annotated[int, QueryParameter(name="from", ge=0, le=SECONDS_MAX)] = 0,
    count: Annotated[int, QueryParameter(ge=1, le=100)] = 10,
    skip: Annotated[int, QueryParameter(ge=0, le=SECONDS_MAX)] = 0,
) -> dict[str, Any]:
    """What was given back since then, the newest first."""
    async with database.reading() as tx:
        refunds = await books.find_refunds(tx, since=datetime.fromtimestamp(since, UTC), limit=count, offset=skip)
    return _collection([refund.entity() for refund in refunds])


# --- what a payer sees -------------------------------------------------------------------------------------------


@get("/checkout.css", sync_to_thread=False)
def checkout_style() -> Response[str]:
    """How the page looks."""
    return Response(_STYLE, media_type="text/css", headers={"Cache-Control": "public, max-age=3600"})


@get("/checkout/{order_id:str}", media_type=MediaType.HTML)
async def checkout_page(order_id: str, request: AnyRequest, database: Database, settings: Settings) -> Response[str]:
    """Choose a card. `callback_url` is where the payer returns with the three values; ours only."""
    back = _own_address(request.query_params.get("callback_url", ""), settings)
    async with database.reading() as tx:
        order = await books.require_order(tx, order_id)
    return _page("checkout.html", order=order, rupees=_rupees(order.amount_paisa), cards=CARDS, back=back)


@post("/checkout/{order_id:str}", media_type=MediaType.HTML, status_code=200)
async def checkout_pay(order_id: str, request: AnyRequest, database: Database, settings: Settings) -> Response[str]:
    """Pay with the card chosen, and go back with the signature; a declined card may be tried again."""
    form = await request.form()
    back = _own_address(str(form.get("callback_url", "")), settings)
    async with database.transaction() as tx:
        payment = await books.pay(tx, order_id, find_card(str(form.get("card", ""))))
        order = await books.require_order(tx, order_id)
    proof = {
        "razorpay_order_id": order.id,
        "razorpay_payment_id": payment.id,
        "razorpay_signature": payment_signature(settings.razorpay_key_secret, order.id, payment.id),
    }
    if payment.status == "failed":
        return _page(
            "checkout.html",
            order=order,
            rupees=_rupees(order.amount_paisa),
            cards=CARDS,
            back=back,
            declined=payment.error,
        )
    return _page(
        "paid.html",
        order=order,
        payment=payment,
        rupees=_rupees(order.amount_paisa),
        proof=proof,
        back=back,
    )


def handle_refusal(_: AnyRequest, error: KhaachoError) -> Response[Any]:
    """Razorpay's shape of a refusal: unknown ids and wrong values are 400 there."""
    status = error.status if error.status in (401, 503) else 400
    return Response(
        {"error": {"code": "BAD_REQUEST_ERROR", "description": str(error), "source": "NA", "reason": "NA"}},
        status_code=status,
        media_type=MediaType.JSON,
    )


def routes(settings: Settings) -> list[Router]:
    """The sandbox where it is switched on, nothing otherwise."""
    if not settings.payment_sandbox_on:
        return []
    return [
        Router(
            path=SANDBOX_PATH,
            route_handlers=[
                create_order,
                list_orders,
                show_order,
                list_payments,
                show_payment,
                capture_payment,
                refund_payment,
                list_refunds,
                checkout_style,
                checkout_page,
                checkout_pay,
            ],
            exception_handlers={KhaachoError: handle_refusal},
            include_in_schema=False,
        )
    ]


def _page(name: str, **values: Any) -> Response[str]:
    return Response(_pages.get_template(name).render(values), media_type=MediaType.HTML)


def _collection(items: list[Mapping[str, Any]]) -> dict[str, Any]:
    return {"entity": "collection", "count": len(items), "items": items}


def _own_address(given: str, settings: Settings) -> str:
    """An address of ours as a path, or nothing: the page must not send a payer's proof to strangers."""
    parts = urlsplit(given)
    own = urlsplit(settings.base_url)
    if not given or (parts.netloc and parts.netloc != own.netloc) or not parts.path.startswith("/"):
        return ""
    return parts.path + (f"?{parts.query}" if parts.query else "")


def _rupees(paisa: int) -> str:
    return f"₹{Decimal(paisa).scaleb(-2):.2f}"


def _decode(body: bytes, into: type[Any]) -> Any:
    try:
        return msgspec.json.decode(body, type=into)
    except msgspec.DecodeError as error:
        raise MalformedRequest(why=str(error)) from error
