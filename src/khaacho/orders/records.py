"""Baskets and orders as rows, frozen. Amounts in paisa, quantities in selling units (at most three decimals)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec


class OrderStatus(StrEnum):
    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    PACKING = "PACKING"
    DISPATCHED = "DISPATCHED"
    OUT_FOR_DELIVERY = "OUT_FOR_DELIVERY"
    DELIVERED = "DELIVERED"
    COMPLETED = "COMPLETED"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"


# While an order is in one of these it keeps its stock reserved and its credit held.
OPEN_STATUSES = (
    OrderStatus.PENDING,
    OrderStatus.ACCEPTED,
    OrderStatus.PACKING,
    OrderStatus.DISPATCHED,
    OrderStatus.OUT_FOR_DELIVERY,
)


class PaymentMode(StrEnum):
    COD = "COD"
    CREDIT = "CREDIT"


class BasketState(StrEnum):
    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    CANCELLED = "CANCELLED"
    EXPIRED = "EXPIRED"
    RECOVERED = "RECOVERED"


class PaymentStatus(StrEnum):
    UNPAID = "UNPAID"
    PARTIAL = "PARTIAL"
    PAID = "PAID"
    OVERDUE = "OVERDUE"


class WantedLine(msgspec.Struct, frozen=True, kw_only=True):
    """What a retailer asked for."""

    product_id: UUID
    quantity: Decimal


class QuoteLine(msgspec.Struct, frozen=True, kw_only=True):
    """What one vendor would deliver for it, at which price. `code` is the offer's SKU."""

    product_id: UUID
    code: str
    name: str
    name_ne: str
    selling_unit: str
    vendor_id: UUID
    offer_id: UUID
    quantity: Decimal
    unit_price_paisa: int
    vat_basis_points: int
    amount_paisa: int
    tax_paisa: int


class ShortageReason(StrEnum):
    NOT_OFFERED = "NOT_OFFERED"
    OUT_OF_STOCK = "OUT_OF_STOCK"
    TOO_LITTLE_STOCK = "TOO_LITTLE_STOCK"
    QUANTITY_RULE = "QUANTITY_RULE"


class Shortage(msgspec.Struct, frozen=True, kw_only=True):
    """Why a line is not as wanted; `offered` is what the quote holds instead, zero when it is left out."""

    product_id: UUID
    code: str
    name: str
    name_ne: str
    wanted: Decimal
    offered: Decimal
    why: ShortageReason
    min: Decimal | None = None
    max: Decimal | None = None
    multiple: Decimal | None = None


class CreditOffer(msgspec.Struct, frozen=True, kw_only=True):
    """May this basket be bought on credit, and if not, why."""

    allowed: bool
    limit_paisa: int | None = None
    available_paisa: int | None = None
    terms_days: int | None = None
    refusal_code: str | None = None
    refusal_details: dict[str, Any] = {}


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """A basket with vendors and prices, as the retailer was shown it."""

    lines: tuple[QuoteLine, ...]
    shortages: tuple[Shortage, ...]
    subtotal_paisa: int
    tax_paisa: int
    total_paisa: int
    credit: CreditOffer


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """Parsed order lines awaiting the retailer's CONFIRM. `open_questions` is the dialogue's own."""

    id: UUID
    retailer_id: UUID
    state: BasketState
    lines: tuple[WantedLine, ...]
    quote: Quote | None
    payment_mode: PaymentMode | None
    open_questions: list[Any]
    source_text: str
    followed_up_at: datetime | None
    reopened_at: datetime | None
    created_at: datetime
    updated_at: datetime
    expires_at: datetime


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A placed promise to one vendor."""

    id: UUID
    code: str
    placement_key: str
    basket_id: UUID | None
    retailer_id: UUID
    vendor_id: UUID
    status: OrderStatus
    payment_mode: PaymentMode
    credit_account_id: UUID | None
    hold_id: UUID | None
    subtotal_paisa: int
    tax_paisa: int
    total_paisa: int
    delivered_total_paisa: int | None
    due_on: date | None
    notes: str | None
    override_reason: str | None
    failed_at: datetime | None
    failure_reason: str | None
    placed_at: datetime
    status_since: datetime
    delivered_at: datetime | None


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """One product of an order, at the price that was confirmed."""

    order_id: UUID
    position: int
    product_id: UUID
    offer_id: UUID
    sku: str
    name: str
    quantity: Decimal
    delivered_quantity: Decimal | None
    unit_price_paisa: int
    vat_basis_points: int
    amount_paisa: int
    tax_paisa: int
