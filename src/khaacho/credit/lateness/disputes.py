"""Disputed items: still owed and still ageing, but nobody is reminded of them until the dispute is resolved [C40]."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.queries import require_debit
from khaacho.credit.records import Debit
from khaacho.errors import DebitCleared, NotFound
from khaacho.ids import new_id
from khaacho.parties.standings import lock_standing
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction

_COLUMNS = """
    id, debit_id, retailer_id, reason, opened_at, opened_by_name, resolved_at, resolved_by_name, note
"""


class Dispute(msgspec.Struct, frozen=True, kw_only=True):
    """What is disputed about an open item, since when, and how it ended."""

    id: UUID
    debit_id: UUID
    retailer_id: UUID
    reason: str
    opened_at: datetime
    opened_by_name: str
    resolved_at: datetime | None
    resolved_by_name: str | None
    note: str | None


async def dispute_debit(tx: Transaction, actor: Actor, debit_id: UUID, *, reason: str) -> Dispute:
    """Mark an open item as disputed. One that is disputed already stays as it is, and its dispute is the answer.

    Raises DebitNotFound, DebitCleared.
    """
    debit = await _locked(tx, debit_id)
    standing = await _find_open(tx, debit_id)
    if standing is not None:
        return standing
    if debit.remaining_paisa == 0:
        raise DebitCleared(transaction_id=debit_id)
    dispute = Dispute(
        id=new_id(),
        debit_id=debit_id,
        retailer_id=debit.retailer_id,
        reason=reason,
        opened_at=clock.now(),
        opened_by_name=actor.name,
        resolved_at=None,
        resolved_by_name=None,
        note=None,
    )
    await tx.execute(
        """
        INSERT INTO credit_disputes (id, debit_id, retailer_id, reason, opened_at, opened_by_id, opened_by_name)
        VALUES (%(id)s, %(debit)s, %(retailer)s, %(reason)s, %(now)s, %(actor)s, %(actor_name)s)
        """,
        {
            "id": dispute.id,
            "debit": debit_id,
            "retailer": debit.retailer_id,
            "reason": reason,
            "now": dispute.opened_at,
            "actor": actor.id,
            "actor_name": actor.name,
        },
    )
    await record_audit(tx, actor, [_audit_of("DISPUTE_OPENED", debit, reason, disputed=True)])
    return dispute


async def resolve_dispute(tx: Transaction, actor: Actor, debit_id: UUID, *, note: str | None) -> Dispute:
    """End the dispute about an item. Ended already: its last dispute is the answer. Raises DebitNotFound, NotFound."""
    debit = await _locked(tx, debit_id)
    standing = await _find_open(tx, debit_id)
    if standing is None:
        ended = await find_disputes(tx, [debit_id])
        if not ended:
            raise NotFound(what="disputed item")
        return ended[0]
    now = clock.now()
    await tx.execute(
        """
        UPDATE credit_disputes
        SET resolved_at = %(now)s, resolved_by_id = %(actor)s, resolved_by_name = %(actor_name)s, note = %(note)s
        WHERE id = %(id)s
        """,
        {"id": standing.id, "now": now, "actor": actor.id, "actor_name": actor.name, "note": note},
    )
    await record_audit(tx, actor, [_audit_of("DISPUTE_RESOLVED", debit, note, disputed=False)])
    return msgspec.structs.replace(standing, resolved_at=now, resolved_by_name=actor.name, note=note)


async def find_disputes(tx: Transaction, debit_ids: list[UUID]) -> list[Dispute]:
    """Every dispute about these items, newest first."""
    return await tx.all(
        f"SELECT {_COLUMNS} FROM credit_disputes WHERE debit_id = ANY(%(ids)s) ORDER BY opened_at DESC, id DESC",
        {"ids": debit_ids},
        into=Dispute,
    )


async def find_open_disputes(tx: Transaction, retailer_id: UUID) -> dict[UUID, Dispute]:
    """What a retailer disputes now, by open item."""
    found = await tx.all(
        f"SELECT {_COLUMNS} FROM credit_disputes WHERE retailer_id = %(retailer)s AND resolved_at IS NULL",
        {"retailer": retailer_id},
        into=Dispute,
    )
    return {dispute.debit_id: dispute for dispute in found}


async def _locked(tx: Transaction, debit_id: UUID) -> Debit:
    """The item, with its retailer's row locked, as reminders do before they look at disputes."""
    debit = await require_debit(tx, debit_id)
    await lock_standing(tx, debit.retailer_id)
    return await require_debit(tx, debit_id)


async def _find_open(tx: Transaction, debit_id: UUID) -> Dispute | None:
    return await tx.first(
        f"SELECT {_COLUMNS} FROM credit_disputes WHERE debit_id = %(debit)s AND resolved_at IS NULL",
        {"debit": debit_id},
        into=Dispute,
    )


def _audit_of(action: str, debit: Debit, reason: str | None, *, disputed: bool) -> AuditEntry:
    return AuditEntry(
        action=action,
        subject_kind="debit",
        subject_id=debit.id,
        retailer_id=debit.retailer_id,
        reason=reason,
        old={"disputed": not disputed},
        new={"disputed": disputed, "remaining_paisa": debit.remaining_paisa},
    )
