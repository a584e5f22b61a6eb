"""What the credit domain tells others."""

from __future__ import annotations

from uuid import UUID

from khaacho.parties.standings import CreditStatus
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


class CreditStatusChanged(Event, frozen=True, kw_only=True):
    """A retailer's credit was paused, blocked, or given back. `decision_id` names this one decision.

    `late_paisa` had been open for too long at that moment, the worst of it for `open_days`
    where `allowed_days` were agreed.
    """

    decision_id: UUID
    retailer_id: UUID
    from_status: CreditStatus
    to_status: CreditStatus
    automatic: bool
    reason: str | None
    late_paisa: int
    open_days: int
    allowed_days: int
