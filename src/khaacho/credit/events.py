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


class OrdersPaidElsewhere(Event, frozen=True, kw_only=True):
    """Payments taken over from another book paid these orders in full. Nobody is thanked for what is long ago."""

    retailer_id: UUID
    cleared_order_ids: tuple[UUID, ...]


class PaymentUndone(Event, frozen=True, kw_only=True):
    """A payment was reversed: what it cleared is owed again.

    Orders are owed again, or (rarely, by what was paid ahead and could now be spent) no more.
    """

    payment_id: UUID
    retailer_id: UUID
    amount_paisa: int
    reason: str
    reopened_order_ids: tuple[UUID, ...]
    cleared_order_ids: tuple[UUID, ...]


class ChequeBounced(Event, frozen=True, kw_only=True):
    """A cheque that never was money; what it was meant for stays owed."""

    payment_id: UUID
    retailer_id: UUID
    amount_paisa: int
    reason: str | None


class AdjustmentRecorded(Event, frozen=True, kw_only=True):
    """What is owed was changed by neither goods nor money: by more than nothing it rose, by less it fell."""

    adjustment_id: UUID
    retailer_id: UUID
    change_paisa: int
    cleared_order_ids: tuple[UUID, ...]


class AdjustmentUndone(Event, frozen=True, kw_only=True):
    """An adjustment was reversed."""

    adjustment_id: UUID
    retailer_id: UUID
    reason: str | None
    reopened_order_ids: tuple[UUID, ...]
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
