"""Which units are spent, and where units that come back go. Pure: lots in, parts out [P4]."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from khaacho.prepaid.records import Lot, LotUse

Part = tuple[UUID, int]


def take(lots: Iterable[Lot], units: int) -> list[Part]:
    """Parts of lots that make up `units`: free ones first, then bought ones, each the oldest first.

    Answers fewer units than asked for when there are not enough; the caller compares first.
    """
    return _fill(((lot.id, lot.left_units) for lot in sorted(lots, key=_spending_order)), units)


def give_back(uses: Iterable[LotUse], lots: Iterable[Lot], units: int) -> list[Part]:
    """Parts of what was taken that return to the lots they came from: what was taken last returns first.

    So bought units come back before free ones, which is to the owner's advantage.
    """
    order = {lot.id: _spending_order(lot) for lot in lots}
    latest_first = sorted(uses, key=lambda use: order[use.lot_id], reverse=True)
    return _fill(((use.lot_id, use.open_units) for use in latest_first), units)


def _spending_order(lot: Lot) -> tuple[bool, UUID]:
    # Ids are ordered by time.
    return not lot.kind.is_free, lot.id


def _fill(offers: Iterable[Part], units: int) -> list[Part]:
    parts: list[Part] = []
    for lot_id, offered in offers:
        part = min(offered, units)
        if part:
            parts.append((lot_id, part))
            units -= part
    return parts
