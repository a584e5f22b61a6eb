"""What the credit domain tells others."""

from __future__ import annotations

from uuid import UUID

from khaacho.platform.events import Event


class PaymentRecorded(Event, frozen=True, kw_only=True):
    """Money came in and was spread over open items. `cleared_order_ids` are the orders it paid in full."""

    payment_id: UUID
    retailer_id: UUID
    amount_paisa: int
    cleared_order_ids: tuple[UUID, ...]


class CreditLimitChanged(Event, frozen=True, kw_only=True):
    retailer_id: UUID
    account_id: UUID
    old_limit_paisa: int
    new_limit_paisa: int
