"""One customer's history, lived through in the order it happened. Pure: no database, no clock.

Each invoice opens an item; each payment clears its own invoice first, then the oldest other items, and what is left
is paid ahead and consumed by the next item that opens [C60]. Money that came before its invoice was written waits for
that invoice and is not spent on another. Invoices of a moment come before the payments of that moment.

It keeps its own account of what is open instead of a `Tab`, so that a customer with a hundred thousand lines takes
seconds; what it asks to be posted is what a tab would post.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from enum import Enum
from uuid import UUID

import msgspec

from khaacho.credit.allocation import allocate
from khaacho.credit.records import Debit
from khaacho.ids import new_id


class Billed(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice to open as the item `debit_id`."""

    invoice_id: UUID
    debit_id: UUID
    invoice: str
    amount_paisa: int
    issued_at: datetime
    due_on: date


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    """A payment meant for the item `debit_id`."""

    payment_id: UUID
    debit_id: UUID
    invoice_id: UUID
    invoice: str
    amount_paisa: int
    paid_at: datetime
    occurrence: int


class PaidAhead(msgspec.Struct, frozen=True, kw_only=True):
    """What a payment or adjustment of before has left to spend."""

    source_id: UUID
    unapplied_paisa: int
    is_adjustment: bool = False


class Cleared(msgspec.Struct, frozen=True, kw_only=True):
    """`amount_paisa` of an item, cleared by a payment (or by an adjustment of before) at a moment."""

    id: UUID
    source_id: UUID
    is_adjustment: bool
    debit_id: UUID
    amount_paisa: int
    at: datetime


class Movement(Enum):
    """What is posted for a part of the history."""

    BILL = "bill"
    APPLY = "apply"
    PAYMENT = "payment"
    UNAPPLIED = "unapplied"


class Posting(msgspec.Struct, frozen=True, kw_only=True):
    """One transfer to be made, about an invoice (BILL), or about a payment or adjustment. `key` makes it unique."""

    movement: Movement
    source_id: UUID
    key: UUID
    is_adjustment: bool = False
    amount_paisa: int
    at: datetime


class Life(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a history: the items it changed, what payments have left, what was cleared and posted, in order."""

    items: dict[UUID, Debit]
    unapplied: dict[UUID, int]
    cleared: list[Cleared]
    postings: list[Posting]
    peak_paisa: int


class _Ahead:
    """A mutable purse: what is left of one payment, and the one item it waits for (None: whichever comes next)."""

    __slots__ = ("is_adjustment", "left", "meant_for", "source_id")

    def __init__(self, source_id: UUID, left: int, *, meant_for: UUID | None, is_adjustment: bool = False) -> None:
        self.source_id = source_id
        self.left = left
        self.meant_for = meant_for
        self.is_adjustment = is_adjustment


def live_through(
    account_id: UUID,
    retailer_id: UUID,
    *,
    open_items: Iterable[Debit],
    paid_ahead: Iterable[PaidAhead],
    billed: Iterable[Billed],
    paid: Iterable[Paid],
) -> Life:
    """Play the history of one credit line on what was open and paid ahead before; answers what changed."""
    return _History(account_id, retailer_id, open_items, paid_ahead).play(billed, paid)


class _History:
    def __init__(
        self, account_id: UUID, retailer_id: UUID, open_items: Iterable[Debit], paid_ahead: Iterable[PaidAhead]
    ) -> None:
        self._account_id = account_id
        self._retailer_id = retailer_id
        self._open = {item.id: item for item in open_items}
        self._purses = [
            _Ahead(one.source_id, one.unapplied_paisa, meant_for=None, is_adjustment=one.is_adjustment)
            for one in paid_ahead
        ]
        self._left: dict[UUID, int] = {}
        self._changed: dict[UUID, Debit] = {}
        self._cleared: list[Cleared] = []
        self._postings: list[Posting] = []
        self._owed = sum(item.remaining_paisa for item in self._open.values())
        self._peak = self._owed

    def play(self, billed: Iterable[Billed], paid: Iterable[Paid]) -> Life:
        coming = {one.debit_id: one for one in billed}
        events: list[tuple[datetime, int, Billed | Paid]] = [(one.issued_at, 0, one) for one in coming.values()]
        events.extend((one.paid_at, 1, one) for one in paid)
        # Stable: events of one moment and kind stay in the order of the file.
        events.sort(key=lambda event: event[:2])
        for at, _, event in events:
            if isinstance(event, Billed):
                del coming[event.debit_id]
                self._bill(event)
            else:
                self._pay(event, at, early=event.debit_id in coming)
        return Life(
            items=self._changed,
            unapplied=self._left,
            cleared=self._cleared,
            postings=self._postings,
            peak_paisa=self._peak,
        )

    def _bill(self, event: Billed) -> None:
        item = Debit(
            id=event.debit_id,
            account_id=self._account_id,
            retailer_id=self._retailer_id,
            source_kind="receivable",
            source_id=event.invoice_id,
            amount_paisa=event.amount_paisa,
            cleared_paisa=0,
            written_off=False,
            opened_at=event.issued_at,
            due_on=event.due_on,
            cleared_at=None,
        )
        self._open[item.id] = self._changed[item.id] = item
        self._post(Movement.BILL, item.source_id, item.amount_paisa, event.issued_at)
        self._owed += item.amount_paisa
        self._peak = max(self._peak, self._owed)
        if self._purses:
            self._spend_ahead(item.id, event.issued_at)

    def _spend_ahead(self, debit_id: UUID, at: datetime) -> None:
        """What waits for this item, then what waits for any, each oldest first; what its own invoice leaves goes on."""
        own = [purse for purse in self._purses if purse.meant_for == debit_id]
        for purse in own:
            purse.meant_for = None
            self._apply(purse, debit_id, at)
            for item, _ in allocate(purse.left, list(self._open.values())).parts if purse.left else ():
                self._apply(purse, item.id, at)
        for purse in self._purses:
            if purse.meant_for is None:
                self._apply(purse, debit_id, at)
        self._purses = [purse for purse in self._purses if purse.left]

    def _apply(self, purse: _Ahead, debit_id: UUID, at: datetime) -> None:
        item = self._open.get(debit_id)
        if item is None or not purse.left:
            return
        cleared = self._clear(purse, item, min(purse.left, item.remaining_paisa), at)
        self._postings.append(
            Posting(
                movement=Movement.APPLY,
                source_id=purse.source_id,
                is_adjustment=purse.is_adjustment,
                key=cleared.id,
                amount_paisa=cleared.amount_paisa,
                at=at,
            )
        )

    def _pay(self, event: Paid, at: datetime, *, early: bool) -> None:
        purse = _Ahead(event.payment_id, event.amount_paisa, meant_for=event.debit_id if early else None)
        self._left[purse.source_id] = purse.left
        own = None if early else self._open.get(event.debit_id)
        if own is not None:
            self._clear(purse, own, min(purse.left, own.remaining_paisa), at)
        if purse.left and self._open and not early:
            for item, amount in allocate(purse.left, list(self._open.values())).parts:
                self._clear(purse, item, amount, at)
        if purse.left:
            self._purses.append(purse)
        self._post(Movement.PAYMENT, event.payment_id, event.amount_paisa - purse.left, at)
        self._post(Movement.UNAPPLIED, event.payment_id, purse.left, at)

    def _clear(self, purse: _Ahead, before: Debit, amount_paisa: int, at: datetime) -> Cleared:
        cleared_paisa = before.cleared_paisa + amount_paisa
        after = msgspec.structs.replace(
            before, cleared_paisa=cleared_paisa, cleared_at=at if cleared_paisa == before.amount_paisa else None
        )
        self._changed[after.id] = after
        if after.remaining_paisa:
            self._open[after.id] = after
        else:
            del self._open[after.id]
        purse.left -= amount_paisa
        self._left[purse.source_id] = purse.left
        self._owed -= amount_paisa
        cleared = Cleared(
            id=new_id(),
            source_id=purse.source_id,
            is_adjustment=purse.is_adjustment,
            debit_id=after.id,
            amount_paisa=amount_paisa,
            at=at,
        )
        self._cleared.append(cleared)
        return cleared

    def _post(self, movement: Movement, source_id: UUID, amount_paisa: int, at: datetime) -> None:
        if amount_paisa:
            self._postings.append(
                Posting(movement=movement, source_id=source_id, key=source_id, amount_paisa=amount_paisa, at=at)
            )
