"""Adjustments as people look at them: what was changed, why, by whom, and whether it was taken back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from khaacho.credit.records import AdjustmentKind, AdjustmentReason, AdjustmentState
from khaacho.platform.database import Transaction


class AdjustmentRow(msgspec.Struct, frozen=True, kw_only=True):
    """The amount is above zero whatever the kind; `end_reason` says why it was taken back."""

    id: UUID
    account_id: UUID
    debit_id: UUID | None
    kind: AdjustmentKind
    amount_paisa: int
    unapplied_paisa: int
    reason: AdjustmentReason
    note: str | None
    state: AdjustmentState
    event_at: datetime
    actor_name: str
    end_reason: str | None


async def find_adjustments(tx: Transaction, retailer_id: UUID, *, limit: int) -> list[AdjustmentRow]:
    """The newest adjustments of a retailer, newest first; credit_adjustments_retailer_idx serves this."""
    return await tx.all(
        """
        SELECT id, account_id, debit_id, kind, amount_paisa, unapplied_paisa, reason, note, state, event_at, actor_name,
            end_reason
        FROM credit_adjustments
        WHERE retailer_id = %(retailer)s
        ORDER BY event_at DESC, id DESC
        LIMIT %(limit)s
        """,
        {"retailer": retailer_id, "limit": limit},
        into=AdjustmentRow,
    )
