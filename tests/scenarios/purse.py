"""What one shop owes and has paid, in plain sums: items, what cleared them, and what is left of each payment.

No ledger, no SQL, and no code of the product. A part is (fund, item, amount): whatever happens only adds parts or
strikes them out, and every figure is a sum over those that are left.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID


@dataclass
class Item:
    """Something owed on a line; `at` says which of two is older."""

    id: UUID
    line: UUID
    amount: int
    at: Any
    due_on: date | None = None
    withdrawn: bool = False
    written_off: bool = False


@dataclass
class Fund:
    """A payment or a credit; what nobody owed is left on its line."""

    id: UUID
    line: UUID
    amount: int
    at: Any
    undone: bool = False


@dataclass
class Purse:
    """The platform's line comes first."""

    lines: list[UUID]
    items: dict[UUID, Item] = field(default_factory=dict)
    funds: dict[UUID, Fund] = field(default_factory=dict)
    parts: list[tuple[UUID, UUID, int]] = field(default_factory=list)

    def cleared(self, item: UUID) -> int:
        if self.items[item].withdrawn:
            return self.items[item].amount
        return sum(amount for _, of, amount in self.parts if of == item)

    def remaining(self, item: UUID) -> int:
        return self.items[item].amount - self.cleared(item)

    def left(self, fund: UUID) -> int:
        if self.funds[fund].undone:
            return 0
        return self.funds[fund].amount - sum(amount for by, _, amount in self.parts if by == fund)

    def owed(self, line: UUID) -> int:
        return sum(self.remaining(item.id) for item in self.items.values() if item.line == line)

    def ahead(self, line: UUID) -> int:
        return sum(self.left(fund.id) for fund in self.funds.values() if fund.line == line)

    def open_items(self, lines: Collection[UUID]) -> list[Item]:
        found = [item for item in self.items.values() if item.line in lines and self.remaining(item.id)]
        return sorted(found, key=lambda item: (item.at, item.id))

    # --- what happens ---------------------------------------------------------------------------------------------

    def opens(self, item: Item) -> None:
        """What was paid ahead on its line clears it at once."""
        self.items[item.id] = item
        self.spend(item.line)

    def comes_in(
        self,
        fund: UUID,
        amount: int,
        *,
        at: Any,
        first: UUID | None = None,
        only: UUID | None = None,
        writes_off: bool = False,
    ) -> tuple[dict[UUID, int], int]:
        """Money or a credit: what it clears of which item, and what is left over."""
        named = self.items[first].line if first else only
        turn = [item for item in self.open_items([only] if only else self.lines) if item.id == first]
        rest = [item for item in self.open_items([only] if only else self.lines) if item.id != first]
        turn += [item for item in rest if named is None or item.line == named]
        turn += [item for item in rest if item not in turn]
        home = named or (turn[0].line if turn else self.lines[0])
        self.funds[fund] = Fund(id=fund, line=home, amount=amount, at=at)
        cleared: dict[UUID, int] = {}
        for item in turn:
            part = min(self.left(fund), self.remaining(item.id))
            if part:
                self.parts.append((fund, item.id, part))
                cleared[item.id] = part
                if writes_off and not self.remaining(item.id):
                    item.written_off = True
        return cleared, self.left(fund)

    def spend(self, line: UUID) -> None:
        """Nothing stays owed on a line while something is ahead there: oldest item, oldest fund."""
        funds = sorted((one for one in self.funds.values() if one.line == line), key=lambda one: (one.at, one.id))
        for item in self.open_items([line]):
            for fund in funds:
                part = min(self.left(fund.id), self.remaining(item.id))
                if part:
                    self.parts.append((fund.id, item.id, part))

    def taken_back(self, fund: UUID) -> dict[UUID, int]:
        """A payment or credit never was: what it cleared is owed again, and others' money ahead goes there."""
        undone: dict[UUID, int] = {}
        for by, item, amount in self.parts:
            if by == fund:
                undone[item] = undone.get(item, 0) + amount
        self.parts = [part for part in self.parts if part[0] != fund]
        self.funds[fund].undone = True
        for item in undone:
            self.items[item].written_off = False
        for line in self.lines:
            self.spend(line)
        return undone

    def withdrawn(self, item: UUID) -> None:
        """An item never was: what cleared it is left over again."""
        self.parts = [part for part in self.parts if part[1] != item]
        self.items[item].withdrawn = True
        self.items[item].written_off = False
        for line in self.lines:
            self.spend(line)
