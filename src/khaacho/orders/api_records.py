"""What orders look like over HTTP. Amounts are rupees, quantities selling units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec

from khaacho.credit.records import Debit
from khaacho.errors import KhaachoError
from khaacho.money import rupees
from khaacho.orders.in_hand import Answer, VendorRequest
from khaacho.orders.placer import ITEMS_MAX, PlaceOrder, WantedItem
from khaacho.orders.queries import HistoryEntry
from khaacho.orders.records import (
    Basket,
    BasketState,
    Order,
    OrderLine,
    OrderStatus,
    PaymentMode,
    PaymentStatus,
)
from khaacho.orders.scoring import CandidateScore, Factor, Weights
from khaacho.orders.standing import payment_status
from khaacho.platform.http import ApiRecord, ErrorBody, LongText, Quantity, Rupees, ShortText, wire_details
from khaacho.platform.idempotency import KEY_LENGTH_MAX

BATCH_ORDERS_MAX = 200
BASIS_POINTS_PER_PERCENT = 100

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=KEY_LENGTH_MAX)]
Weight = Annotated[int, msgspec.Meta(ge=0, le=100)]


# --- in ----------------------------------------------------------------------------------------------------------


class Item(ApiRecord, frozen=True, kw_only=True):
    """A product, by SKU (a product's code or a vendor's own) or by id, and how much of it."""

    quantity: Quantity
    sku: ShortText | None = None
    product_id: UUID | None = None


class NewOrder(ApiRecord, frozen=True, kw_only=True):
    """An order. `overrideReason` places it past a guardrail and is an admin's."""

    retailer_id: UUID
    items: Annotated[list[Item], msgspec.Meta(min_length=1, max_length=ITEMS_MAX)]
    payment_mode: PaymentMode
    notes: LongText | None = None
    override_reason: ShortText | None = None


class KeyedOrder(NewOrder, frozen=True, kw_only=True):
    """An order of a batch, with the key that makes placing it twice place it once."""

    idempotency_key: Key


class OrderBatch(ApiRecord, frozen=True, kw_only=True):
    """Many orders at once."""

    orders: Annotated[list[KeyedOrder], msgspec.Meta(min_length=1, max_length=BATCH_ORDERS_MAX)]


class Arrived(ApiRecord, frozen=True, kw_only=True):
    """How many of an SKU arrived."""

    sku: ShortText
    quantity: Quantity


class DeliveryBody(ApiRecord, frozen=True, kw_only=True):
    """What arrived; an SKU that is not named did not. Without `lines` everything arrived."""

    lines: Annotated[list[Arrived], msgspec.Meta(min_length=1, max_length=ITEMS_MAX)] | None = None


class OptionalReason(ApiRecord, frozen=True, kw_only=True):
    reason: ShortText | None = None


class Reason(ApiRecord, frozen=True, kw_only=True):
    reason: ShortText


class Reroute(ApiRecord, frozen=True, kw_only=True):
    """Without `vendorId` the best vendor that was not asked yet."""

    reason: ShortText
    vendor_id: UUID | None = None


class RoutingWeights(ApiRecord, frozen=True, kw_only=True):
    """How much each factor counts; the five sum to 100."""

    availability: Weight
    price: Weight
    reliability: Weight
    proximity: Weight
    workload: Weight

    def by_factor(self) -> dict[Factor, int]:
        """The same, keyed by factor."""
        return {factor: int(getattr(self, factor.value)) for factor in Factor}


def place_order_of(body: NewOrder, key: str) -> PlaceOrder:
    """The body as the placer takes it."""
    return PlaceOrder(
        retailer_id=body.retailer_id,
        items=tuple(
            WantedItem(sku=item.sku, product_id=item.product_id, quantity=item.quantity) for item in body.items
        ),
        payment_mode=body.payment_mode,
        idempotency_key=key,
        notes=body.notes,
        override_reason=body.override_reason,
    )


# --- out ---------------------------------------------------------------------------------------------------------


class LineAnswer(ApiRecord, frozen=True, kw_only=True):
    sku: str
    product_id: UUID
    name: str
    quantity: Quantity
    delivered_quantity: Quantity | None
    unit_price: Rupees
    vat_rate: Decimal
    amount: Rupees
    tax: Rupees


class OrderAnswer(ApiRecord, frozen=True, kw_only=True):
    """A placed order. `paymentStatus` follows from what was paid; `amountDue` is what is still owed of it."""

    id: UUID
    code: str
    retailer_id: UUID
    vendor_id: UUID
    status: OrderStatus
    status_since: datetime
    payment_mode: PaymentMode
    payment_status: PaymentStatus
    lines: list[LineAnswer]
    subtotal: Rupees
    tax: Rupees
    total: Rupees
    delivered_total: Rupees | None
    amount_due: Rupees
    due_date: date | None
    hold_id: UUID | None
    credit_account_id: UUID | None
    basket_id: UUID | None
    notes: str | None
    override_reason: str | None
    failed_at: datetime | None
    failure_reason: str | None
    placed_at: datetime
    delivered_at: datetime | None


class PlacedAnswer(ApiRecord, frozen=True, kw_only=True):
    """One order per vendor, all placed together."""

    orders: list[OrderAnswer]


class BatchOutcome(ApiRecord, frozen=True, kw_only=True):
    """What came of one order of a batch: its orders, or the refusal."""

    idempotency_key: str
    success: bool
    orders: list[OrderAnswer] | None = None
    error: ErrorBody | None = None


class BatchAnswer(ApiRecord, frozen=True, kw_only=True):
    outcomes: list[BatchOutcome]


class HistoryAnswer(ApiRecord, frozen=True, kw_only=True):
    """One step; `fromStatus` equals `toStatus` where only the vendor changed."""

    from_status: OrderStatus | None
    to_status: OrderStatus
    vendor_id: UUID | None
    reason: str | None
    performed_by: str
    created_at: datetime


class CandidateAnswer(ApiRecord, frozen=True, kw_only=True):
    """A vendor that was considered, its score from 0 to 100, and what made it so."""

    vendor_id: UUID
    eligible: bool
    score: float
    factors: dict[str, float]
    dominant: bool
    open_now: bool
    reasons: list[str]


class RequestAnswer(ApiRecord, frozen=True, kw_only=True):
    """One question to a vendor, everybody who was considered for it, and what came of it."""

    vendor_id: UUID
    attempt: int
    answer: Answer
    reason: str | None
    score: float | None
    asked_at: datetime
    answer_by: datetime
    answered_at: datetime | None
    candidates: list[CandidateAnswer]


class BasketLine(ApiRecord, frozen=True, kw_only=True):
    product_id: UUID
    quantity: Quantity


class BasketAnswer(ApiRecord, frozen=True, kw_only=True):
    """A basket that was never placed. `total` is of its latest quote."""

    id: UUID
    retailer_id: UUID
    state: BasketState
    lines: list[BasketLine]
    total: Rupees | None
    source_text: str
    created_at: datetime
    updated_at: datetime
    expires_at: datetime


class ExpiredAnswer(ApiRecord, frozen=True, kw_only=True):
    expired: int


def order_answer(order: Order, lines: Sequence[OrderLine], debit: Debit | None, *, today: date) -> OrderAnswer:
    """One order as it is shown."""
    return OrderAnswer(
        id=order.id,
        code=order.code,
        retailer_id=order.retailer_id,
        vendor_id=order.vendor_id,
        status=order.status,
        status_since=order.status_since,
        payment_mode=order.payment_mode,
        payment_status=payment_status(order, debit, today=today),
        lines=[_line_answer(line) for line in lines],
        subtotal=rupees(order.subtotal_paisa),
        tax=rupees(order.tax_paisa),
        total=rupees(order.total_paisa),
        delivered_total=None if order.delivered_total_paisa is None else rupees(order.delivered_total_paisa),
        amount_due=rupees(debit.remaining_paisa if debit else 0),
        due_date=order.due_on,
        hold_id=order.hold_id,
        credit_account_id=order.credit_account_id,
        basket_id=order.basket_id,
        notes=order.notes,
        override_reason=order.override_reason,
        failed_at=order.failed_at,
        failure_reason=order.failure_reason,
        placed_at=order.placed_at,
        delivered_at=order.delivered_at,
    )


def refused(key: str, refusal: KhaachoError) -> BatchOutcome:
    """The refusal of one order of a batch."""
    return BatchOutcome(
        idempotency_key=key,
        success=False,
        error=ErrorBody(
            code=refusal.code,
            message=str(refusal),
            details=wire_details(refusal.details) or None,
            retryable=refusal.retryable,
        ),
    )


def history_answer(entry: HistoryEntry) -> HistoryAnswer:
    """One step as it is shown."""
    return HistoryAnswer(
        from_status=entry.from_status,
        to_status=entry.to_status,
        vendor_id=entry.vendor_id,
        reason=entry.reason,
        performed_by=entry.actor_name,
        created_at=entry.created_at,
    )


def request_answer(request: VendorRequest, candidates: Sequence[CandidateScore]) -> RequestAnswer:
    """One question as it is shown, with how everybody scored then."""
    return RequestAnswer(
        vendor_id=request.vendor_id,
        attempt=request.attempt,
        answer=request.answer,
        reason=request.reason,
        score=None if request.score is None else float(request.score),
        asked_at=request.asked_at,
        answer_by=request.answer_by,
        answered_at=request.answered_at,
        candidates=[
            CandidateAnswer(
                vendor_id=one.vendor_id,
                eligible=one.eligible,
                score=one.score,
                factors=_plain(one.factors),
                dominant=one.dominant,
                open_now=one.open_now,
                reasons=list(one.reasons),
            )
            for one in candidates
        ],
    )


def basket_answer(basket: Basket) -> BasketAnswer:
    """A basket as staff see it."""
    return BasketAnswer(
        id=basket.id,
        retailer_id=basket.retailer_id,
        state=basket.state,
        lines=[BasketLine(product_id=line.product_id, quantity=line.quantity) for line in basket.lines],
        total=rupees(basket.quote.total_paisa) if basket.quote else None,
        source_text=basket.source_text,
        created_at=basket.created_at,
        updated_at=basket.updated_at,
        expires_at=basket.expires_at,
    )


def weights_answer(weights: Weights) -> RoutingWeights:
    """The weights as they are shown."""
    return RoutingWeights(**{factor.value: weights.of(factor) for factor in Factor})


def _line_answer(line: OrderLine) -> LineAnswer:
    return LineAnswer(
        sku=line.sku,
        product_id=line.product_id,
        name=line.name,
        quantity=line.quantity,
        delivered_quantity=line.delivered_quantity,
        unit_price=rupees(line.unit_price_paisa),
        vat_rate=Decimal(line.vat_basis_points) / BASIS_POINTS_PER_PERCENT,
        amount=rupees(line.amount_paisa),
        tax=rupees(line.tax_paisa),
    )


def _plain(factors: Mapping[Factor, float]) -> dict[str, Any]:
    return {factor.value: score for factor, score in factors.items()}
