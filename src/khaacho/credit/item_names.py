"""What people call an open item: the code of its order, the number of its invoice, the reason of its adjustment."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from khaacho.credit.records import AdjustmentReason, Debit
from khaacho.platform.database import Transaction


class ItemName(msgspec.Struct, frozen=True, kw_only=True):
    """`code` is an order's or an invoice's; an adjustment has its reason, and a note where somebody wrote one."""

    source_id: UUID
    order_code: str | None = None
    invoice: str | None = None
    reason: AdjustmentReason | None = None
    note: str | None = None


async def find_item_names(tx: Transaction, debits: Sequence[Debit]) -> dict[UUID, ItemName]:
    """The names of these items, by item; one statement, each half by a primary key."""
    found = await tx.all(
        """
        SELECT order_id AS source_id, code AS order_code, NULL AS invoice, NULL AS reason, NULL AS note
        FROM credit_orders WHERE order_id = ANY(%(ids)s)
        UNION ALL
        SELECT id, NULL, invoice, NULL, NULL FROM receivable_invoices WHERE id = ANY(%(ids)s)
        UNION ALL
        SELECT id, NULL, NULL, reason, note FROM credit_adjustments WHERE id = ANY(%(ids)s)
        """,
        {"ids": list({debit.source_id for debit in debits})},
        into=ItemName,
    )
    by_source = {name.source_id: name for name in found}
    return {debit.id: by_source.get(debit.source_id, ItemName(source_id=debit.source_id)) for debit in debits}
