"""What a freelancer has, what credits cost, and buying them.

The order is stored before anybody pays, so a tab may be closed at any moment: whoever comes back is answered, and
whoever does not is credited all the same. The gateway's proof arrives without a session, because a browser sends no
cookie with a form from elsewhere: its signature is its token, and it is acted on once the payer is known again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from litestar import Response, get, post
from litestar.response import Redirect

from khaacho import clock
from khaacho.console.forms import Form
from khaacho.console.refusals import say
from khaacho.console.rendering import live_digest, render, render_live
from khaacho.console.visitor import WORK_HOME, AnyRequest, Visitor
from khaacho.credits_errors import InvalidSignature
from khaacho.errors import KhaachoError, ValidationFailed
from khaacho.ids import new_id
from khaacho.platform.database import Database
from khaacho.platform.idempotency import checked_key
from khaacho.prepaid.balances import require_balance
from khaacho.prepaid.counter import PROVING, CreditCounter
from khaacho.prepaid.gateways.port import Checkout, Currency, GatewayName
from khaacho.prepaid.gateways.registry import require_gateway
from khaacho.prepaid.orders import OrderState, PurchaseOrder, find_order, find_unpaid_orders, require_own_order
from khaacho.prepaid.packages import find_packages
from khaacho.prepaid.pricing import package_price
from khaacho.prepaid.purchase import NewPurchase, initiate_purchase
from khaacho.prepaid.queries import find_history
from khaacho.prepaid.terms import find_terms
from khaacho.prepaid.verifying import verify_payment
from khaacho.projects.applications import LOW_BALANCE_UNITS
from khaacho.projects.queries import find_titles
from khaacho.settings import Settings

PAID_PATH = f"{WORK_HOME}/paid"
LATEST_LINES = 5
UNPAID_SHOWN = 5
UNPAID_SHOWN_FOR = timedelta(days=8)
VALUE_LENGTH_MAX = 4000
# What Razorpay's checkout sends back when a payment did not work.
FAILURE_FIELD = "error[code]"
# What it sends back when one did, and what the proof calls it.
RAZORPAY_PROOF = {
    "razorpay_order_id": "razorpayOrderId",
    "razorpay_payment_id": "razorpayPaymentId",
    "razorpay_signature": "razorpaySignature",
}
# As everywhere, and this one page may send a form to the gateway.
PAY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; frame-ancestors 'none'; "
    "form-action 'self' {origin}"
)


@get("/")
async def work_page(
    request: AnyRequest, database: Database, visitor: Visitor, credit_counter: CreditCounter
) -> Response[str]:
    """The balance, what is on its way, packages, and the last that happened."""
    return await show_work(request, database, visitor, credit_counter)


async def show_work(
    request: AnyRequest,
    database: Database,
    visitor: Visitor,
    credit_counter: CreditCounter,
    refusal: KhaachoError | None = None,
) -> Response[str]:
    """The page, with what was just refused."""
    visitor.require("credits.view_own")
    user_id = visitor.user.id
    async with database.reading() as tx:
        balance = await require_balance(tx, user_id)
        terms = await find_terms(tx)
        packages = await find_packages(tx)
        unpaid = await find_unpaid_orders(tx, user_id, since=clock.now() - UNPAID_SHOWN_FOR, limit=UNPAID_SHOWN)
        latest = (await find_history(tx, user_id, limit=LATEST_LINES)).lines
        titles = await find_titles(tx, [line.source_id for line in latest])
    return render(
        request,
        "work.html",
        status=refusal.status if refusal else 200,
        refusal=say(request, visitor, refusal) if refusal else None,
        balance=balance,
        is_low=balance.units <= LOW_BALANCE_UNITS,
        terms=terms,
        offers=[(package, package_price(package, terms.base_price_paisa)) for package in packages],
        gateways=list(credit_counter.gateways),
        currency=Currency.INR,
        unpaid=unpaid,
        latest=latest,
        titles=titles,
        key=new_id().hex,
    )


@post("/buy", status_code=303)
async def buy(
    request: AnyRequest, database: Database, settings: Settings, visitor: Visitor, credit_counter: CreditCounter
) -> Response[Any]:
    """Set out to buy a package or a number of credits, and go on to the gateway."""
    visitor.require("credits.purchase")
    form = Form(await request.form())
    try:
        gateway = require_gateway(credit_counter.gateways, form.one_of("gateway", GatewayName))
        package_id = form.id_if_given("package")
        units = None if package_id else whole_number(form.words("units"), "units")
        purchase = await initiate_purchase(
            database,
            gateway,
            NewPurchase(
                user_id=visitor.user.id,
                package_id=package_id,
                units=units,
                ip=request.client.host if request.client else None,
                user_agent=request.headers.get("user-agent"),
                # A page has one key: what was chosen on it makes it one of this wish, sent once or twice.
                idempotency_key=checked_key(f"{form.words('key')[:40]}-{package_id or units}-{gateway.name}"),
            ),
        )
    except KhaachoError as refusal:
        return await show_work(request, database, visitor, credit_counter, refusal)
    way = way_to_pay(purchase.order, settings, credit_counter)
    if way is not None and way.url and not way.fields and not urlsplit(way.url).netloc:
        return Redirect(way.url, status_code=303)
    return Redirect(f"{WORK_HOME}/purchases/{purchase.order.id}", status_code=303)


@get("/purchases/{order_id:uuid}")
async def purchase_page(
    request: AnyRequest,
    order_id: UUID,
    database: Database,
    settings: Settings,
    visitor: Visitor,
    credit_counter: CreditCounter,
    failed: str = "",
) -> Response[str]:
    """Where a purchase stands, and the way to pay it while it is open."""
    visitor.require("credits.view_history")
    async with database.reading() as tx:
        order = await require_own_order(tx, visitor.user.id, order_id)
        balance = await require_balance(tx, visitor.user.id)
    way = way_to_pay(order, settings, credit_counter)
    shown: dict[str, Any] = {"order": order, "balance": balance}
    page = render(
        request,
        "work_purchase.html",
        **shown,
        way=way,
        failed=bool(failed),
        seen=live_digest(request, "work_purchase_state.html", **shown),
    )
    if way is not None and way.url and urlsplit(way.url).netloc:
        parts = urlsplit(way.url)
        page.headers["Content-Security-Policy"] = PAY_POLICY.format(origin=f"{parts.scheme}://{parts.netloc}")
    return page


@get("/purchases/{order_id:uuid}/state")
async def purchase_state(request: AnyRequest, order_id: UUID, database: Database, visitor: Visitor) -> Response[str]:
    """The part of a purchase's page that asks for itself until the credits are there."""
    visitor.require("credits.view_history")
    async with database.reading() as tx:
        order = await require_own_order(tx, visitor.user.id, order_id)
        balance = await require_balance(tx, visitor.user.id)
    return render_live(request, "work_purchase_state.html", order=order, balance=balance)


@post("/paid", status_code=303)
async def bring_proof(request: AnyRequest, credit_counter: CreditCounter) -> Response[Any]:
    """What Razorpay's checkout posts. Nothing happens yet. Raises InvalidSignature for anything it has not signed."""
    form = await request.form()
    if FAILURE_FIELD in form:
        return Redirect(f"{PAID_PATH}?failed=razorpay", status_code=303)
    gateway = credit_counter.gateways.get(GatewayName.RAZORPAY)
    given = {name: str(form.get(name, ""))[:VALUE_LENGTH_MAX] for name in RAZORPAY_PROOF}
    if gateway is None:
        raise InvalidSignature
    gateway.read_proof({RAZORPAY_PROOF[name]: value for name, value in given.items()})
    return Redirect(f"{PAID_PATH}?{urlencode(given)}", status_code=303)


@get("/paid")
async def prove_payment(
    request: AnyRequest, database: Database, visitor: Visitor, credit_counter: CreditCounter
) -> Response[Any]:
    """The payer is back: prove the payment and show the purchase. Coming twice shows the same.

    A payment that is only promised so far, or a gateway that does not answer now, is waited for on the purchase's page.
    """
    visitor.require("credits.purchase")
    params = request.query_params
    if "data" in params:
        name, given = GatewayName.ESEWA, {"data": params["data"][:VALUE_LENGTH_MAX]}
    elif "razorpay_order_id" in params:
        name = GatewayName.RAZORPAY
        given = {field: params.get(own, "")[:VALUE_LENGTH_MAX] for own, field in RAZORPAY_PROOF.items()}
    else:
        return await _lead_to_unpaid(database, visitor)
    await credit_counter.allow(f"{PROVING}:{visitor.user.id}")
    gateway = require_gateway(credit_counter.gateways, name)
    try:
        fulfilment = await verify_payment(database, gateway, visitor.actor, given)
    except KhaachoError as refusal:
        if refusal.code not in ("PAYMENT_NOT_CAPTURED", "GATEWAY_UNAVAILABLE"):
            return await show_work(request, database, visitor, credit_counter, refusal)
        async with database.reading() as tx:
            order = await find_order(tx, name, gateway.read_proof(given).gateway_order_id)
        return Redirect(f"{WORK_HOME}/purchases/{order.id}" if order else WORK_HOME, status_code=303)
    return Redirect(f"{WORK_HOME}/purchases/{fulfilment.order_id}", status_code=303)


async def _lead_to_unpaid(database: Database, visitor: Visitor) -> Response[Any]:
    """Whoever comes back without a proof may try the purchase they set out on last again."""
    async with database.reading() as tx:
        unpaid = await find_unpaid_orders(tx, visitor.user.id, since=clock.now() - UNPAID_SHOWN_FOR, limit=1)
    back = f"{WORK_HOME}/purchases/{unpaid[0].id}?failed=1" if unpaid else WORK_HOME
    return Redirect(back, status_code=303)


def way_to_pay(order: PurchaseOrder, settings: Settings, credit_counter: CreditCounter) -> Checkout | None:
    """A page or a form of the gateway; None when there is nothing to pay, or no such gateway any more.

    A page that is our own (the sandbox) is named by its path, so that it opens under the name the visitor uses for us.
    """
    gateway = credit_counter.gateways.get(order.gateway)
    if gateway is None or order.gateway_order_id is None or order.state in (OrderState.PAID, OrderState.EXPIRED):
        return None
    way = gateway.page(order.asked, back_url=f"{settings.base_url}{PAID_PATH}")
    own, parts = urlsplit(settings.base_url), urlsplit(way.url or "")
    if (parts.scheme, parts.netloc) == (own.scheme, own.netloc):
        return Checkout(url=f"{parts.path}?{parts.query}", fields=way.fields)
    return way


def whole_number(written: str, field: str) -> int:
    """A number as people type it. Raises ValidationFailed."""
    sign, digits = (-1, written[1:]) if written.startswith(("-", "\u2212")) else (1, written.removeprefix("+"))
    if not (digits.isascii() and digits.isdigit() and len(digits) < 8):
        raise ValidationFailed(field=field, why="must be a whole number")
    return sign * int(digits)


ROUTES: list[Any] = [work_page, buy, purchase_page, purchase_state, prove_payment]
OPEN_ROUTES: list[Any] = [bring_proof]
