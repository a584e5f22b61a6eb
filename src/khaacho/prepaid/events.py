"""What the prepaid domain tells others."""

from __future__ import annotations

from uuid import UUID

from khaacho.platform.events import Event


class CreditsRunLow(Event, frozen=True, kw_only=True):
    """Spending brought a balance down to where somebody may want to buy; once per fall, not once per spend."""

    user_id: UUID
    movement_id: UUID
    balance_after: int


class CreditsBought(Event, frozen=True, kw_only=True):
    """A payment was taken and its credits are there. `movement_id` names the purchase, for its receipt."""

    user_id: UUID
    movement_id: UUID
    order_id: UUID
    units: int
    balance_after: int
