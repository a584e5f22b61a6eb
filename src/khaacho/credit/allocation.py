"""Which open items a payment clears: the one it names first, then the oldest. Pure: no database, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from khaacho.credit.records import Debit


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """(item, amount) in the order they are cleared, and what is left over."""

    parts: tuple[tuple[Debit, int], ...]
    unapplied_paisa: int


def allocate(amount_paisa: int, open_debits: Sequence[Debit], *, first: UUID | None = None) -> Plan:
    """Spread `amount_paisa` over `open_debits`. An item is never cleared beyond what remains of it."""
    ordered = sorted(open_debits, key=lambda debit: (debit.id != first, debit.opened_at, debit.id))
    parts: list[tuple[Debit, int]] = []
    left = amount_paisa
    for debit in ordered:
        cleared = min(left, debit.remaining_paisa)
        if cleared > 0:
            parts.append((debit, cleared))
            left -= cleared
    return Plan(parts=tuple(parts), unapplied_paisa=left)
