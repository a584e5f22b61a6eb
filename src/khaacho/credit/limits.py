"""A shop's limit with the platform, as one figure: what it is, and setting it with or without a line before."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from khaacho.actors import Actor
from khaacho.credit.actions import change_limit, open_credit_lines
from khaacho.credit.queries import credit_line_id
from khaacho.credit.records import NewCreditLine
from khaacho.platform.database import Transaction


class _Limit(msgspec.Struct, frozen=True, kw_only=True):
    retailer_id: UUID
    limit_paisa: int


async def find_credit_limits(tx: Transaction, retailer_ids: Sequence[UUID]) -> dict[UUID, int]:
    """The platform's limit in paisa by retailer; those without a line of it are missing."""
    # Served by the primary key: a line's id is derived from its two parties.
    found = await tx.all(
        "SELECT retailer_id, limit_paisa FROM credit_accounts WHERE id = ANY(%(ids)s)",
        {"ids": [credit_line_id(retailer_id) for retailer_id in retailer_ids]},
        into=_Limit,
    )
    return {limit.retailer_id: limit.limit_paisa for limit in found}


async def agree_credit_limit(
    tx: Transaction, actor: Actor, retailer_id: UUID, limit_paisa: int, reason: str | None
) -> None:
    """Set the platform's limit; a first one opens the line, the same one again changes nothing.

    Raises RetailerNotFound, ValidationFailed, and LimitBelowUse for one below what is used.
    """
    known = (await find_credit_limits(tx, [retailer_id])).get(retailer_id)
    if known is None:
        await open_credit_lines(tx, actor, [NewCreditLine(retailer_id=retailer_id, limit_paisa=limit_paisa)])
    elif known != limit_paisa:
        await change_limit(tx, actor, credit_line_id(retailer_id), limit_paisa=limit_paisa, reason=reason)
