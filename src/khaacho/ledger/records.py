"""The ledger's rows, frozen. Amounts are whole units of the account: paisa for NPR and INR, credits for CREDITS."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from khaacho.ledger.chart import AccountKind, TransferCode, Unit


class LedgerAccount(msgspec.Struct, frozen=True, kw_only=True):
    """`posted` is debits minus credits; `held` is debits reserved; posted + held never passes `ceiling`."""

    id: UUID
    kind: AccountKind
    unit: Unit
    owner_id: UUID | None
    keeps_balance: bool
    posted: int
    held: int
    ceiling: int | None
    floor: int | None
    version: int

    @property
    def used(self) -> int:
        return self.posted + self.held


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """What a movement is about: ('order', id), ('payment', id) …"""

    kind: str
    id: UUID


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """An amount reserved on an account until it is settled or released."""

    id: UUID
    account_id: UUID
    amount: int
    source_kind: str
    source_id: UUID
    idempotency_key: str
    expires_at: datetime | None = None
    created_at: datetime
    actor_id: UUID | None
    actor_name: str


class EndingKind(StrEnum):
    SETTLED = "SETTLED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"


class HoldEnding(msgspec.Struct, frozen=True, kw_only=True):
    """How a hold ended, once."""

    hold_id: UUID
    kind: EndingKind
    settled_amount: int
    released_amount: int
    actor_id: UUID | None
    actor_name: str


class HeldAmount(msgspec.Struct, frozen=True, kw_only=True):
    """A hold together with its ending, if it has one."""

    hold: Hold
    ending: HoldEnding | None


class Transfer(msgspec.Struct, frozen=True, kw_only=True):
    """An amount moved from a credit account to a debit account."""

    id: UUID
    debit_account_id: UUID
    credit_account_id: UUID
    unit: Unit
    amount: int
    code: TransferCode
    source_kind: str
    source_id: UUID
    idempotency_key: str
    event_at: datetime
    created_at: datetime
    actor_id: UUID | None
    actor_name: str
    hold_id: UUID | None = None
    reverses_id: UUID | None = None


class EntryKind(StrEnum):
    POST = "POST"
    HOLD = "HOLD"
    SETTLE = "SETTLE"
    RELEASE = "RELEASE"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One change of an account that keeps a balance: figures before and after, numbered without gaps."""

    account_id: UUID
    version: int
    kind: EntryKind
    transfer_id: UUID | None
    hold_id: UUID | None
    posted_change: int
    held_change: int
    posted_before: int
    posted_after: int
    held_before: int
    held_after: int
    event_at: datetime
    created_at: datetime
