"""The append-only account of who changed what: credit, prices, limits, states, settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from khaacho import clock
from khaacho.actors import Actor
from khaacho.ids import new_id
from khaacho.platform.database import Transaction
from khaacho.platform.seals import SealedTable


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One change. `action` is an upper-case verb such as ORDER_CREATED; old and new hold what changed.

    `actor` is for batches in which entries are by different people; otherwise the one given for all counts.
    """

    action: str
    subject_kind: str
    subject_id: UUID
    retailer_id: UUID | None = None
    reason: str | None = None
    actor: Actor | None = None
    old: Mapping[str, Any] | None = None
    new: Mapping[str, Any] | None = None


async def record_audit(tx: Transaction, actor: Actor, entries: Sequence[AuditEntry]) -> None:
    """Write all entries in one statement, with the actor's name and request id."""
    if not entries:
        return
    actors = [entry.actor or actor for entry in entries]
    await tx.send_only(
        """
        INSERT INTO audit_entries
            (id, action, subject_kind, subject_id, retailer_id, actor_id, actor_name, reason, old_values, new_values,
             request_id, created_at)
        SELECT e.id, e.action, e.subject_kind, e.subject_id, e.retailer_id, e.actor_id, e.actor_name, e.reason,
            e.old_values, e.new_values, e.request_id, %(now)s
        FROM unnest(%(ids)s::uuid[], %(actions)s::text[], %(kinds)s::text[], %(subjects)s::uuid[],
            %(retailers)s::uuid[], %(reasons)s::text[], %(old)s::jsonb[], %(new)s::jsonb[],
            %(actors)s::uuid[], %(actor_names)s::text[], %(request_ids)s::text[])
            AS e (id, action, subject_kind, subject_id, retailer_id, reason, old_values, new_values,
                actor_id, actor_name, request_id)
        """,
        {
            "ids": [new_id() for _ in entries],
            "actions": [entry.action for entry in entries],
            "kinds": [entry.subject_kind for entry in entries],
            "subjects": [entry.subject_id for entry in entries],
            "retailers": [entry.retailer_id for entry in entries],
            "reasons": [entry.reason for entry in entries],
            "old": [_json(entry.old) for entry in entries],
            "new": [_json(entry.new) for entry in entries],
            "actors": [by.id for by in actors],
            "actor_names": [by.name for by in actors],
            "request_ids": [by.request_id for by in actors],
            "now": clock.now(),
        },
    )


def _json(values: Mapping[str, Any] | None) -> Jsonb | None:
    return None if values is None else Jsonb(values)


AUDIT_SEALED = SealedTable(
    table="audit_entries",
    columns=(
        "id",
        "action",
        "subject_kind",
        "subject_id",
        "retailer_id",
        "actor_id",
        "actor_name",
        "reason",
        "old_values",
        "new_values",
        "request_id",
        "created_at",
        "written_in",
    ),
    moments=frozenset({"created_at"}),
)
