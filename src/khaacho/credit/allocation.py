"""Which open items a payment clears: the one it names, then the oldest on the same line, then the oldest elsewhere.

Without a name it is the oldest first, over all lines. Pure: no database, no clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

import msgspec

from khaacho.credit.records import Allocation, Debit


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """(item, amount) in the order they are cleared, and what is left over."""

    parts: tuple[tuple[Debit, int], ...]
    unapplied_paisa: int


def allocate(
    amount_paisa: int, open_debits: Sequence[Debit], *, first: UUID | None = None, first_line: UUID | None = None
) -> Plan:
    """Spread `amount_paisa` over `open_debits`. An item is never cleared beyond what remains of it.

    `first` is the item named, `first_line` the line whose items come next; without it, that of the item named.
    """
    if first_line is None:
        first_line = next((debit.account_id for debit in open_debits if debit.id == first), None)

    def turn(debit: Debit) -> tuple[object, ...]:
        elsewhere = first_line is not None and debit.account_id != first_line
        return debit.id != first, elsewhere, debit.opened_at, debit.id

    parts: list[tuple[Debit, int]] = []
    left = amount_paisa
    for debit in sorted(open_debits, key=turn):
        cleared = min(left, debit.remaining_paisa)
        if cleared > 0:
            parts.append((debit, cleared))
            left -= cleared
    return Plan(parts=tuple(parts), unapplied_paisa=left)


def audited_parts(parts: Iterable[Allocation]) -> list[dict[str, Any]]:
    """How much of which item, as the audit keeps it: named like every other amount there, so that it is read as one."""
    return [{"transaction_id": str(part.debit_id), "amount_paisa": part.amount_paisa} for part in parts]
