"""What about credit waits for a person: stopped shops, broken promises, cheques at the bank, claims of having paid."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.platform.database import Transaction


class AttentionFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Counts as of now; `broken` promises since a moment."""

    paused: int
    blocked: int
    broken: int
    cheques: int
    cheques_paisa: int
    claims: int


class PendingCheque(msgspec.Struct, frozen=True, kw_only=True):
    """A cheque the bank has neither paid nor refused."""

    id: UUID
    retailer_id: UUID
    amount_paisa: int
    reference: str | None
    event_at: datetime


async def find_attention_figures(tx: Transaction, *, broken_since: datetime) -> AttentionFigures:
    """One statement; the parts but the first are small indexes of their own."""
    # credit_promises_broken_idx, credit_payments_pending_idx and payment_claims_open_idx; shops are counted whole.
    return await tx.one(
        """
        SELECT
            (SELECT count(*) FROM credit_shops WHERE credit_status = 'PAUSED') AS paused,
            (SELECT count(*) FROM credit_shops WHERE credit_status = 'BLOCKED') AS blocked,
            (SELECT count(*) FROM credit_promises WHERE state = 'BROKEN' AND ended_at >= %(since)s) AS broken,
            (SELECT count(*) FROM credit_payments WHERE state = 'PENDING') AS cheques,
            (SELECT COALESCE(SUM(amount_paisa), 0)::bigint FROM credit_payments WHERE state = 'PENDING')
                AS cheques_paisa,
            (SELECT count(*) FROM payment_claims WHERE state = 'OPEN') AS claims
        """,
        {"since": broken_since},
        into=AttentionFigures,
    )


async def find_pending_cheques(tx: Transaction, *, limit: int) -> list[PendingCheque]:
    """Those that wait longest first; credit_payments_pending_idx serves this. None lies in the future."""
    return await tx.all(
        """
        SELECT id, retailer_id, amount_paisa, reference, event_at
        FROM credit_payments
        WHERE state = 'PENDING' AND event_at <= %(now)s
        ORDER BY event_at, id
        LIMIT %(limit)s
        """,
        {"now": clock.now(), "limit": limit},
        into=PendingCheque,
    )
