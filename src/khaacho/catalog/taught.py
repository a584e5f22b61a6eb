"""The words taught to us, as people look at them: what each means, to whom, and since when."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from khaacho.platform.database import Transaction


class TaughtAlias(msgspec.Struct, frozen=True, kw_only=True):
    """A phrase and the product it means; to everyone where no shop is named."""

    id: UUID
    phrase: str
    product_id: UUID
    product_name: str
    product_code: str
    retailer_id: UUID | None
    pasal_name: str | None
    created_at: datetime


async def find_taught(
    tx: Transaction, *, q: str | None = None, retailer_id: UUID | None = None, limit: int
) -> list[TaughtAlias]:
    """Newest first; `q` is part of a phrase, of a product's or of a shop's name."""
    return await tx.all(
        """
        SELECT a.id, a.phrase, a.product_id, p.name AS product_name, p.code AS product_code, a.retailer_id,
            r.pasal_name, a.created_at
        FROM product_aliases a
        JOIN products p ON p.id = a.product_id
        LEFT JOIN retailers r ON r.id = a.retailer_id
        WHERE (%(retailer)s::uuid IS NULL OR a.retailer_id = %(retailer)s)
            AND (%(q)s::text IS NULL OR strpos(a.phrase, lower(%(q)s)) > 0 OR strpos(lower(p.name), lower(%(q)s)) > 0
                OR strpos(lower(r.pasal_name), lower(%(q)s)) > 0)
        ORDER BY a.created_at DESC, a.id
        LIMIT %(limit)s
        """,
        {"retailer": retailer_id, "q": q or None, "limit": limit},
        into=TaughtAlias,
    )
