"""What changed about retailers and vendors, as audit entries: rows before and after in, entries out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from khaacho.parties.records import PartyStatus, Retailer, Vendor
from khaacho.platform.audit import AuditEntry

Party = TypeVar("Party", Retailer, Vendor)


def entries_of_new(action: str, parties: Sequence[Party], fields: Iterable[str]) -> list[AuditEntry]:
    """One entry for each party that was registered."""
    names = list(fields)
    return [
        AuditEntry(
            action=action,
            subject_kind=type(party).__name__.lower(),
            subject_id=party.id,
            retailer_id=party.id if isinstance(party, Retailer) else None,
            new=_facts(party, names),
        )
        for party in parties
    ]


def entries_of_changes(
    action: str, before: Sequence[Party], after: Sequence[Party], reason: str | None
) -> list[AuditEntry]:
    """One entry for each party that is not what it was, with the fields that differ."""
    entries = []
    for old, new in zip(before, after, strict=True):
        changed = [name for name in old.__struct_fields__ if getattr(old, name) != getattr(new, name)]
        if changed:
            entry = AuditEntry(
                action=action,
                subject_kind=type(old).__name__.lower(),
                subject_id=old.id,
                retailer_id=old.id if isinstance(old, Retailer) else None,
                reason=reason,
                old=_facts(old, changed),
                new=_facts(new, changed),
            )
            entries.append(entry)
    return entries


def newly_approved(before: Sequence[Party], after: Sequence[Party]) -> list[UUID]:
    """Ids of those that were waiting and may now act."""
    return [
        new.id
        for old, new in zip(before, after, strict=True)
        if old.status is PartyStatus.PENDING and new.status is PartyStatus.ACTIVE
    ]


def _facts(party: msgspec.Struct, names: Iterable[str]) -> dict[str, Any]:
    """As JSON may carry them."""
    facts: dict[str, Any] = msgspec.to_builtins({name: getattr(party, name) for name in names})
    return facts
