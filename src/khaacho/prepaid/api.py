"""Credits over HTTP: what one has, what is for sale, buying, proving a payment, and the gateway's own door."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import HeaderParameter, QueryParameter

from khaacho.actors import Actor
from khaacho.credits_errors import GatewayNotConfigured, InvalidSignature
from khaacho.errors import Forbidden, ValidationFailed
from khaacho.parties.access import requires
from khaacho.platform.asked_times import Last, Since, asked_last, asked_since
from khaacho.platform.database import Database
from khaacho.platform.http import Envelope, ok
from khaacho.platform.idempotency import KEY_LENGTH_MAX, checked_key
from khaacho.platform.metrics import SIGNATURE_FAILURES
from khaacho.prepaid.admin_api import ROUTES as ADMIN_ROUTES
from khaacho.prepaid.api_records import (
    BalanceAnswer,
    EsewaProof,
    HistoryAnswer,
    PackagesAnswer,
    PaymentAnswer,
    PurchaseAnswer,
    PurchaseRequest,
    RazorpayProof,
    WebhookAnswer,
    balance_answer,
    history_item,
    packages_answer,
    payment_answer,
    purchase_answer,
)
from khaacho.prepaid.balances import require_balance
from khaacho.prepaid.counter import BUYING, LOOKING, PROVING, CreditCounter, PerUser
from khaacho.prepaid.gateways.port import GatewayName
from khaacho.prepaid.gateways.razorpay import RazorpayGateway
from khaacho.prepaid.gateways.registry import require_gateway
from khaacho.prepaid.packages import find_packages
from khaacho.prepaid.purchase import NewPurchase, initiate_purchase
from khaacho.prepaid.queries import find_history
from khaacho.prepaid.receipts_api import ROUTES as RECEIPT_ROUTES
from khaacho.prepaid.records import MovementKind
from khaacho.prepaid.reports_api import ROUTES as REPORT_ROUTES
from khaacho.prepaid.terms import find_terms
from khaacho.prepaid.verifying import verify_payment
from khaacho.prepaid.webhook import hear_event

HISTORY_LIMIT_DEFAULT = 20
HISTORY_LIMIT_MAX = 100
PAGE_MAX = 100_000

AnyRequest = Request[Any, Any, Any]
KeyHeader = Annotated[str | None, HeaderParameter(name="Idempotency-Key", max_length=KEY_LENGTH_MAX)]

looking = PerUser(LOOKING)
buying = PerUser(BUYING)
proving = PerUser(PROVING)


@get(
    "/credits/balance",
    operation_id="getCreditBalance",
    summary="How many credits one has",
    guards=[requires("credits.view_own")],
)
async def balance(credit_counter: CreditCounter, actor: Actor) -> Envelope[BalanceAnswer]:
    """Raises PROFILE_NOT_FOUND for somebody who is no freelancer."""
    return ok(balance_answer(await credit_counter.look(_own_id(actor))))


@get(
    "/credits/packages",
    operation_id="listCreditPackages",
    summary="What credits cost",
    guards=[requires("credits.view_packages"), looking],
)
async def packages(database: Database) -> Envelope[PackagesAnswer]:
    """Prices as they are now."""
    async with database.reading() as tx:
        return ok(packages_answer(await find_packages(tx), await find_terms(tx)))


@get(
    "/credits/history",
    operation_id="listCreditHistory",
    summary="What happened to one's credits",
    guards=[requires("credits.view_history"), looking],
)
async def history(
    database: Database,
    actor: Actor,
    kind: Annotated[MovementKind | None, QueryParameter(name="type")] = None,
    since: Since = None,
    until: Last = None,
    page: Annotated[int, QueryParameter(ge=1, le=PAGE_MAX)] = 1,
    limit: Annotated[int, QueryParameter(ge=1, le=HISTORY_LIMIT_MAX)] = HISTORY_LIMIT_DEFAULT,
) -> Envelope[HistoryAnswer]:
    """Newest first."""
    async with database.reading() as tx:
        await require_balance(tx, _own_id(actor))
        found = await find_history(
            tx,
            _own_id(actor),
            kind=kind,
            since=asked_since(since),
            until=asked_last(until),
            limit=limit,
            offset=(page - 1) * limit,
        )
    return ok(
        HistoryAnswer(
            items=[history_item(line) for line in found.lines],
            page=page,
            limit=limit,
            total=found.total,
            pages=-(-found.total // limit),
        )
    )


@post(
    "/credits/initiate-purchase",
    operation_id="initiatePurchase",
    summary="Set out to buy credits",
    guards=[requires("credits.purchase"), buying],
)
async def initiate(
    data: PurchaseRequest,
    request: AnyRequest,
    database: Database,
    credit_counter: CreditCounter,
    actor: Actor,
    key: KeyHeader = None,
) -> Envelope[PurchaseAnswer]:
    """Ten an hour. With an Idempotency-Key the same request again answers the same order."""
    gateway = require_gateway(credit_counter.gateways, data.gateway)
    if data.package_id is None and data.credits_amount is None:
        raise ValidationFailed(field="packageId", why="name a package, or creditsAmount")
    new = NewPurchase(
        user_id=_own_id(actor),
        package_id=data.package_id,
        units=data.credits_amount,
        ip=request.client.host if request.client else None,
        user_agent=request.headers.get("user-agent"),
        idempotency_key=None if key is None else checked_key(key),
    )
    return ok(purchase_answer(await initiate_purchase(database, gateway, new)))


@post(
    "/credits/verify-payment",
    operation_id="verifyPayment",
    summary="Prove a payment made over Razorpay",
    guards=[requires("credits.purchase"), proving],
    status_code=200,
)
async def verify_razorpay(
    data: RazorpayProof, database: Database, credit_counter: CreditCounter, actor: Actor
) -> Envelope[PaymentAnswer]:
    """Doing it twice answers the same.

    Raises INVALID_SIGNATURE, ORDER_NOT_FOUND, PAYMENT_NOT_CAPTURED, PAYMENT_MISMATCH, GATEWAY_UNAVAILABLE.
    """
    gateway = require_gateway(credit_counter.gateways, GatewayName.RAZORPAY)
    given = {
        "razorpayOrderId": data.razorpay_order_id,
        "razorpayPaymentId": data.razorpay_payment_id,
        "razorpaySignature": data.razorpay_signature,
    }
    return ok(payment_answer(await verify_payment(database, gateway, actor, given)))


@post(
    "/credits/verify-esewa",
    operation_id="verifyEsewaPayment",
    summary="Prove a payment made over eSewa",
    guards=[requires("credits.purchase"), proving],
    status_code=200,
)
async def verify_esewa(
    data: EsewaProof, database: Database, credit_counter: CreditCounter, actor: Actor
) -> Envelope[PaymentAnswer]:
    """As for Razorpay, with the `data` of the success address."""
    gateway = require_gateway(credit_counter.gateways, GatewayName.ESEWA)
    return ok(payment_answer(await verify_payment(database, gateway, actor, msgspec.structs.asdict(data))))


@post(
    "/webhooks/razorpay",
    operation_id="receiveRazorpayEvent",
    summary="An event of Razorpay's",
    status_code=200,
    opt={"open": True},
)
async def receive_razorpay_event(
    request: AnyRequest, database: Database, credit_counter: CreditCounter
) -> Envelope[WebhookAnswer]:
    """Signed in X-Razorpay-Signature over the raw body. Repetitions, in any order, have no second effect."""
    gateway = credit_counter.gateways.get(GatewayName.RAZORPAY)
    if not isinstance(gateway, RazorpayGateway):
        raise GatewayNotConfigured(gateway=GatewayName.RAZORPAY.value)
    with SIGNATURE_FAILURES.labels("razorpay").count_exceptions(InvalidSignature):
        event = gateway.read_event(
            await request.body(),
            signature=request.headers.get("x-razorpay-signature", ""),
            event_id=request.headers.get("x-razorpay-event-id", ""),
        )
    return ok(WebhookAnswer(outcome=await hear_event(database, event)))


ROUTES: list[Any] = [
    balance,
    packages,
    history,
    initiate,
    verify_razorpay,
    verify_esewa,
    receive_razorpay_event,
    *ADMIN_ROUTES,
    *RECEIPT_ROUTES,
    *REPORT_ROUTES,
]


def _own_id(actor: Actor) -> UUID:
    if actor.id is None:
        raise Forbidden
    return actor.id
