"""The prepaid rows, frozen. Units are whole credits; paisa are those of the currency beside them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from khaacho.actors import Actor
from khaacho.ledger.records import Source


class LotKind(StrEnum):
    """How units came in. Bonus and admin units cost nothing and are spent first [P4]."""

    PURCHASE = "PURCHASE"
    BONUS = "BONUS"
    ADMIN = "ADMIN"

    @property
    def is_free(self) -> bool:
        return self is not LotKind.PURCHASE


class MovementKind(StrEnum):
    """Why a balance changed. TAKEN_BACK: the gateway gave the money back, so the credits went."""

    PURCHASE = "PURCHASE"
    BONUS = "BONUS"
    ADJUSTMENT = "ADJUSTMENT"
    SPEND = "SPEND"
    REFUND = "REFUND"
    TAKEN_BACK = "TAKEN_BACK"


class GrantKind(StrEnum):
    BONUS = "BONUS"
    ADMIN = "ADMIN"


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """What holds from `effective_at` on: the price of one credit in Indian paisa, and the bounds."""

    id: UUID
    effective_at: datetime
    base_price_paisa: int
    application_units: int
    signup_bonus_units: int
    order_units_max: int
    balance_units_max: int
    npr_per_inr_basis_points: int
    created_at: datetime
    actor_name: str


class Package(msgspec.Struct, frozen=True, kw_only=True):
    """Credits sold together, cheaper by a share of the base price or at a price of its own."""

    id: UUID
    name: str
    units: int
    discount_basis_points: int
    fixed_price_paisa: int | None
    popular: bool
    active: bool


class Lot(msgspec.Struct, frozen=True, kw_only=True):
    """Units that came in together, and how many of them are unspent. Its id is that of the movement."""

    id: UUID
    user_id: UUID
    kind: LotKind
    units: int
    left_units: int


class LotUse(msgspec.Struct, frozen=True, kw_only=True):
    """What a movement took from a lot, and how much of that came back."""

    movement_id: UUID
    lot_id: UUID
    units: int
    returned_units: int = 0

    @property
    def open_units(self) -> int:
        return self.units - self.returned_units


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """One change of one balance; `units` is signed."""

    id: UUID
    user_id: UUID
    kind: MovementKind
    units: int
    balance_before: int
    balance_after: int
    source_kind: str
    source_id: UUID
    order_id: UUID | None
    refunds_id: UUID | None
    reason: str | None
    idempotency_key: str
    transfer_id: UUID
    created_at: datetime
    actor_id: UUID | None
    actor_name: str


class Balance(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody has: `units` in all, of which `free_units` were given and `bought_units` paid for."""

    user_id: UUID
    units: int
    free_units: int
    bought_units: int


class NewSpend(msgspec.Struct, frozen=True, kw_only=True):
    """Units to take for something; `key` makes asking twice take once."""

    actor: Actor
    user_id: UUID
    units: int
    source: Source
    key: str


class Spend(msgspec.Struct, frozen=True, kw_only=True):
    """Units that were taken. `uses` says which lots paid, so which purchase paid for which application [P4]."""

    id: UUID
    user_id: UUID
    units: int
    source: Source
    balance_after: int
    uses: tuple[LotUse, ...] = ()


class NewRefund(msgspec.Struct, frozen=True, kw_only=True):
    """Units of a spend to give back; `key` makes asking twice give once."""

    actor: Actor
    spend_id: UUID
    units: int
    reason: str
    key: str


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """Units that were given back."""

    id: UUID
    user_id: UUID
    spend_id: UUID
    units: int
    balance_after: int


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """Units that were given for nothing, or taken away: `units` is signed."""

    id: UUID
    user_id: UUID
    units: int
    balance_before: int
    balance_after: int
