"""Adjustments as people look at them: what was changed, why, by whom, and whether it was taken back."""

from __future__ import annotations

from uuid import UUID

from khaacho.credit.records import Adjustment
from khaacho.platform.database import Transaction


class AdjustmentRow(Adjustment, frozen=True, kw_only=True):
    """`end_reason` says why it was taken back."""

    actor_name: str
    end_reason: str | None


async def find_adjustments(tx: Transaction, retailer_id: UUID, *, limit: int) -> list[AdjustmentRow]:
    """The newest adjustments of a retailer, newest first; credit_adjustments_retailer_idx serves this."""
    return await tx.all(
        """
        SELECT id, retailer_id, account_id, debit_id, kind, amount_paisa, unapplied_paisa, reason, note, state,
            event_at, actor_name, end_reason
        FROM credit_adjustments
        WHERE retailer_id = %(retailer)s
        ORDER BY event_at DESC, id DESC
        LIMIT %(limit)s
        """,
        {"retailer": retailer_id, "limit": limit},
        into=AdjustmentRow,
    )
