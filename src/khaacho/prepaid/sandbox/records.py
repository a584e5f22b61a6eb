"""The sandbox's rows, and how they look over its API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec


class SandboxOrder(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    receipt: str | None
    amount_paisa: int
    currency: str
    amount_paid_paisa: int
    status: str
    attempts: int
    notes: dict[str, Any]
    created_at: datetime

    def entity(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "id": self.id,
            "entity": "order",
            "amount": self.amount_paisa,
            "amount_paid": self.amount_paid_paisa,
            "amount_due": self.amount_paisa - self.amount_paid_paisa,
            "currency": self.currency,
            "receipt": self.receipt,
            "offer_id": None,
            "status": self.status,
            "attempts": self.attempts,
            "notes": self.notes,
            "created_at": int(self.created_at.timestamp()),
        }


class SandboxPayment(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    order_id: str
    amount_paisa: int
    refunded_paisa: int
    currency: str
    status: str
    card_last4: str
    error: str | None
    created_at: datetime
    captured_at: datetime | None

    def entity(self) -> dict[str, Any]:
        """As the API shows it."""
        refund_status = None
        if self.refunded_paisa:
            refund_status = "full" if self.refunded_paisa == self.amount_paisa else "partial"
        return {
            "id": self.id,
            "entity": "payment",
            "amount": self.amount_paisa,
            "currency": self.currency,
            "status": self.status,
            "order_id": self.order_id,
            "international": False,
            "method": "card",
            "amount_refunded": self.refunded_paisa,
            "refund_status": refund_status,
            "captured": self.captured_at is not None,
            "description": None,
            "card": {"entity": "card", "last4": self.card_last4, "network": "Visa", "type": "debit"},
            "bank": None,
            "wallet": None,
            "vpa": None,
            "email": "payer@example.com",
            "contact": "+910000000000",
            "notes": [],
            "fee": 0,
            "tax": 0,
            "error_code": "BAD_REQUEST_ERROR" if self.error else None,
            "error_description": self.error,
            "created_at": int(self.created_at.timestamp()),
        }


class SandboxRefund(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    payment_id: str
    amount_paisa: int
    created_at: datetime

    def entity(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "id": self.id,
            "entity": "refund",
            "amount": self.amount_paisa,
            "currency": "INR",
            "payment_id": self.payment_id,
            "notes": [],
            "receipt": None,
            "status": "processed",
            "speed_processed": "normal",
            "created_at": int(self.created_at.timestamp()),
        }
