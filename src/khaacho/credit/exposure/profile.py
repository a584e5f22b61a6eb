"""Everything about one shop's credit, for a person who has to decide [C31]: long lists in parts, newest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.credit.exposure.aging import Aging, age_items, is_high_risk
from khaacho.credit.queries import DEBIT_COLUMNS, find_credit_overview
from khaacho.credit.records import CreditOverview, Debit, PaymentMethod, PaymentState
from khaacho.ledger.records import Hold
from khaacho.ledger.reports import Movement, find_active_holds, find_movements
from khaacho.parties.queries import require_retailer
from khaacho.parties.records import Retailer
from khaacho.parties.standings import CreditStatus
from khaacho.platform.database import Transaction


class CreditProfile(msgspec.Struct, frozen=True, kw_only=True):
    """Who the shop is, how its credit stands, what it owes by age, and what is held for orders on their way."""

    retailer: Retailer
    overview: CreditOverview
    aging: Aging
    holds: tuple[Hold, ...]

    @property
    def high_risk(self) -> bool:
        return is_high_risk(
            self.aging,
            used_paisa=self.overview.used_paisa,
            limit_paisa=self.overview.limit_paisa,
            credit_status=self.overview.status,
            any_line_stopped=any(line.status is not CreditStatus.ACTIVE for line in self.overview.lines),
        )


class PaymentPart(msgspec.Struct, frozen=True, kw_only=True):
    """`amount_paisa` of a payment clears that much of an item; what was undone is not among them."""

    payment_id: UUID
    debit_id: UUID
    amount_paisa: int


class PaymentRow(msgspec.Struct, frozen=True, kw_only=True):
    """Money that came in. Cash taken at the door has an order and no line, and clears nothing."""

    id: UUID
    account_id: UUID | None
    order_id: UUID | None
    amount_paisa: int
    unapplied_paisa: int
    method: PaymentMethod
    state: PaymentState
    reference: str | None
    event_at: datetime
    created_at: datetime
    actor_name: str
    allocations: tuple[PaymentPart, ...] = ()


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a list in the order of time goes on: moment and id of the last row seen."""

    at: datetime
    id: UUID


async def find_credit_profile(tx: Transaction, retailer_id: UUID) -> CreditProfile:
    """The shop with its figures of now. Raises RetailerNotFound."""
    retailer = await require_retailer(tx, retailer_id)
    overview = await find_credit_overview(tx, retailer_id)
    open_items = [(clock.business_day(debit.opened_at), debit.remaining_paisa) for debit in overview.open_debits]
    return CreditProfile(
        retailer=retailer,
        overview=overview,
        aging=age_items(open_items, clock.business_day()),
        holds=tuple(await find_active_holds(tx, [line.id for line in overview.lines])),
    )


async def find_open_items(tx: Transaction, retailer_id: UUID, *, after: Place | None, limit: int) -> list[Debit]:
    """What is still owed, oldest first."""
    # credit_debits_open_retailer_idx gives them in this order.
    return await tx.all(
        f"""
        SELECT {DEBIT_COLUMNS}
        FROM credit_debits
        WHERE retailer_id = %(retailer)s AND cleared_paisa < amount_paisa
            AND (%(at)s::timestamptz IS NULL OR (opened_at, id) > (%(at)s, %(id)s))
        ORDER BY opened_at, id
        LIMIT %(limit)s
        """,
        {"retailer": retailer_id, "at": after and after.at, "id": after and after.id, "limit": limit},
        into=Debit,
    )


async def find_transactions(
    tx: Transaction, overview: CreditOverview, *, after: Place | None, limit: int
) -> list[Movement]:
    """What moved on the shop's lines, newest first."""
    return await find_movements(
        tx, [line.id for line in overview.lines], before=(after.at, after.id) if after else None, limit=limit
    )


async def find_payments(tx: Transaction, retailer_id: UUID, *, after: Place | None, limit: int) -> list[PaymentRow]:
    """Money that came in with what it cleared, newest first; credit_payments_retailer_idx serves this."""
    payments = await tx.all(
        """
        SELECT id, account_id, order_id, amount_paisa, unapplied_paisa, method, state, reference, event_at, created_at,
            actor_name
        FROM credit_payments
        WHERE retailer_id = %(retailer)s
            AND (%(at)s::timestamptz IS NULL OR (event_at, id) < (%(at)s, %(id)s))
        ORDER BY event_at DESC, id DESC
        LIMIT %(limit)s
        """,
        {"retailer": retailer_id, "at": after and after.at, "id": after and after.id, "limit": limit},
        into=PaymentRow,
    )
    parts = await _parts_of(tx, [payment.id for payment in payments])
    return [msgspec.structs.replace(payment, allocations=tuple(parts[payment.id])) for payment in payments]


async def _parts_of(tx: Transaction, payment_ids: Sequence[UUID]) -> dict[UUID, list[PaymentPart]]:
    found = await tx.all(
        """
        SELECT payment_id, debit_id, amount_paisa
        FROM credit_allocations AS part
        WHERE payment_id = ANY(%(ids)s) AND undoes_id IS NULL
            AND NOT EXISTS (SELECT FROM credit_allocations AS undoing WHERE undoing.undoes_id = part.id)
        ORDER BY created_at, id
        """,
        {"ids": list(payment_ids)},
        into=PaymentPart,
    )
    parts: dict[UUID, list[PaymentPart]] = defaultdict(list)
    for part in found:
        parts[part.payment_id].append(part)
    return parts
