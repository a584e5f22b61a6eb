"""Where a retailer stands: may they order at all, and what was decided about their credit as a whole."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

import msgspec

from khaacho.platform.database import Pending, Transaction
from khaacho.platform.locks import Wait, send_row_locks


class CreditStatus(StrEnum):
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    BLOCKED = "BLOCKED"


class RetailerStanding(msgspec.Struct, frozen=True, kw_only=True):
    """`credit_status` holds over all of the retailer's lines; automatic ones were set by a job, not a person."""

    id: UUID
    status: str
    credit_status: CreditStatus
    credit_status_reason: str | None = None
    credit_status_automatic: bool = False


async def send_find_standings(tx: Transaction, retailer_ids: Sequence[UUID]) -> Pending[RetailerStanding]:
    """Queue the look-up of these retailers' standings."""
    return await tx.send(
        """
        SELECT id, status, credit_status, credit_status_reason, credit_status_automatic
        FROM retailers
        WHERE id = ANY(%(ids)s)
        """,
        {"ids": list(retailer_ids)},
        into=RetailerStanding,
    )


async def find_standing(tx: Transaction, retailer_id: UUID) -> RetailerStanding | None:
    """One retailer's standing, or None for nobody."""
    return await (await send_find_standings(tx, [retailer_id])).first()


async def send_lock_standings(
    tx: Transaction, retailer_ids: Sequence[UUID], *, wait: Wait = Wait.QUEUE
) -> Pending[RetailerStanding]:
    """Queue the locking of these retailers' rows, in id order, until the transaction ends.

    Whoever needs credit lines too locks those first: lines before the retailers they belong to, always.
    """
    return await send_row_locks(
        tx,
        "SELECT id, status, credit_status, credit_status_reason, credit_status_automatic FROM retailers",
        sorted(set(retailer_ids)),
        into=RetailerStanding,
        wait=wait,
    )


async def lock_standing(tx: Transaction, retailer_id: UUID) -> RetailerStanding | None:
    """As `send_lock_standings` for one retailer, waiting for the answer; None for nobody."""
    return await (await send_lock_standings(tx, [retailer_id])).first()


async def set_credit_status(
    tx: Transaction, retailer_id: UUID, status: CreditStatus, *, reason: str | None, automatic: bool
) -> None:
    """Write a decision about the retailer's credit; deciding and auditing it is the credit domain's."""
    await tx.execute(
        """
        UPDATE retailers
        SET credit_status = %(status)s, credit_status_reason = %(reason)s, credit_status_automatic = %(automatic)s
        WHERE id = %(id)s
        """,
        {"id": retailer_id, "status": status.value, "reason": reason, "automatic": automatic},
    )
