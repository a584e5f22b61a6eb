"""A shop says it has paid: a task for a person who looks. It is never a payment, and changes no figure [C41].

One open claim a retailer: what is said again before anybody looked is added to it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.errors import NotFound
from khaacho.ids import new_id
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction
from khaacho.platform.locks import lock_rows

SAID_LENGTH_MAX = 2_000


class ClaimState(StrEnum):
    OPEN = "OPEN"
    DONE = "DONE"


class PaymentClaim(msgspec.Struct, frozen=True, kw_only=True):
    """What was said, how often, and who looked. `said` holds one message a line."""

    id: UUID
    retailer_id: UUID
    said: str
    times: int
    state: ClaimState
    created_at: datetime
    last_said_at: datetime
    closed_at: datetime | None
    closed_by_name: str | None
    note: str | None


_COLUMNS = """
    id, retailer_id, said, times, state, created_at, last_said_at, closed_at, closed_by_name, note
"""


async def open_claim(tx: Transaction, retailer_id: UUID, *, said: str) -> PaymentClaim:
    """Note that a retailer says to have paid; added to the open claim where there is one."""
    return await tx.one(
        f"""
        INSERT INTO payment_claims AS claim (id, retailer_id, said, created_at, last_said_at)
        VALUES (%(id)s, %(retailer)s, %(said)s, %(now)s, %(now)s)
        ON CONFLICT (retailer_id) WHERE state = 'OPEN' DO UPDATE SET
            said = left(claim.said || chr(10) || excluded.said, %(length)s),
            times = claim.times + 1,
            last_said_at = excluded.last_said_at
        RETURNING {_COLUMNS}
        """,
        {
            "id": new_id(),
            "retailer": retailer_id,
            "said": said[:SAID_LENGTH_MAX],
            "now": clock.now(),
            "length": SAID_LENGTH_MAX,
        },
        into=PaymentClaim,
    )


async def close_claim(tx: Transaction, actor: Actor, claim_id: UUID, *, note: str | None) -> PaymentClaim:
    """A person looked. One that is done already stays as it is. Raises NotFound."""
    locked = await lock_rows(tx, f"SELECT {_COLUMNS} FROM payment_claims", [claim_id], into=PaymentClaim)
    if not locked:
        raise NotFound(what="payment claim")
    (claim,) = locked
    if claim.state is ClaimState.DONE:
        return claim
    now = clock.now()
    await tx.execute(
        """
        UPDATE payment_claims
        SET state = 'DONE', closed_at = %(now)s, closed_by_id = %(actor)s, closed_by_name = %(actor_name)s,
            note = %(note)s
        WHERE id = %(id)s
        """,
        {"id": claim_id, "now": now, "actor": actor.id, "actor_name": actor.name, "note": note},
    )
    await record_audit(
        tx,
        actor,
        [
            AuditEntry(
                action="PAYMENT_CLAIM_CLOSED",
                subject_kind="payment_claim",
                subject_id=claim_id,
                retailer_id=claim.retailer_id,
                reason=note,
                old={"state": ClaimState.OPEN.value, "said": claim.said},
                new={"state": ClaimState.DONE.value},
            )
        ],
    )
    return msgspec.structs.replace(claim, state=ClaimState.DONE, closed_at=now, closed_by_name=actor.name, note=note)


async def find_open_claims(tx: Transaction, *, after: UUID | None = None, limit: int) -> list[PaymentClaim]:
    """Claims nobody has looked at, the oldest first; payment_claims_open_idx serves this."""
    return await tx.all(
        f"""
        SELECT {_COLUMNS} FROM payment_claims
        WHERE state = 'OPEN' AND (%(after)s::uuid IS NULL OR id > %(after)s)
        ORDER BY id
        LIMIT %(limit)s
        """,
        {"after": after, "limit": limit},
        into=PaymentClaim,
    )


async def find_open_claim(tx: Transaction, retailer_id: UUID) -> PaymentClaim | None:
    """What this retailer says to have paid, as long as nobody has looked."""
    return await tx.first(
        f"SELECT {_COLUMNS} FROM payment_claims WHERE retailer_id = %(retailer)s AND state = 'OPEN'",
        {"retailer": retailer_id},
        into=PaymentClaim,
    )
