"""The ledger as people look at it: everything one order or payment did to the accounts."""

from __future__ import annotations

from uuid import UUID

from khaacho.ledger.records import Entry
from khaacho.platform.database import Transaction


async def find_entries_about(tx: Transaction, source_id: UUID) -> list[Entry]:
    """Every entry that a hold or transfer about this source made, in the order it happened."""
    # Both halves begin at the source index of holds or transfers, so cost follows the source's own few movements.
    return await tx.all(
        """
        SELECT entry.*
        FROM ledger_entries AS entry
        WHERE entry.transfer_id IN (SELECT id FROM ledger_transfers WHERE source_id = %(source)s)
        UNION
        SELECT entry.*
        FROM ledger_entries AS entry
        WHERE entry.hold_id IN (SELECT id FROM ledger_holds WHERE source_id = %(source)s)
        ORDER BY created_at, account_id, version
        """,
        {"source": source_id},
        into=Entry,
    )
