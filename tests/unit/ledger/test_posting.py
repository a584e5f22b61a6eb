"""The book: what holds, settlements, releases and transfers do to accounts, decided in memory.

Whatever is asked in whatever order, the figures agree with a plain count, and a refused movement leaves no trace.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from khaacho.actors import SYSTEM
from khaacho.errors import AlreadyReleased, AlreadySettled, BalanceOutOfBounds, KhaachoError, LedgerBroken
from khaacho.ids import new_id
from khaacho.ledger.chart import AccountKind, TransferCode, Unit
from khaacho.ledger.posting import Book
from khaacho.ledger.records import EndingKind, EntryKind, HeldAmount, LedgerAccount, Source

MOMENT = datetime(2026, 2, 10, 6, tzinfo=UTC)
LINE, AHEAD, CASH, PAYABLE = (UUID(int=number) for number in (1, 2, 3, 4))
SOURCE = Source(kind="order", id=UUID(int=9))


def account(id: UUID, kind: AccountKind, *, ceiling: int | None = None, **fields: Any) -> LedgerAccount:
    defaults: dict[str, Any] = {
        "unit": Unit.NPR,
        "owner_id": None,
        "keeps_balance": True,
        "posted": 0,
        "held": 0,
        "floor": None,
        "version": 0,
    }
    return LedgerAccount(id=id, kind=kind, ceiling=ceiling, **(defaults | fields))


def new_book(*, limit: int = 1_000, **fields: Any) -> Book:
    return Book(
        [
            account(LINE, AccountKind.RECEIVABLE, ceiling=limit, **fields),
            account(AHEAD, AccountKind.UNAPPLIED_CREDIT, ceiling=0),
        ],
        moment=MOMENT,
    )


def hold(book: Book, amount: int) -> HeldAmount:
    return HeldAmount(hold=book.hold(SYSTEM, LINE, amount, source=SOURCE, key=str(new_id())), ending=None)


def settle(book: Book, held: HeldAmount, amount: int) -> None:
    book.settle(
        SYSTEM,
        held,
        amount,
        credit_account_id=PAYABLE,
        code=TransferCode.DELIVERY,
        source=SOURCE,
        key=str(new_id()),
        event_at=MOMENT,
    )


def post(book: Book, debit: UUID, credit: UUID, amount: int) -> None:
    book.post(
        SYSTEM,
        debit_account_id=debit,
        credit_account_id=credit,
        amount=amount,
        code=TransferCode.PAYMENT,
        source=SOURCE,
        key=str(new_id()),
        event_at=MOMENT,
    )


def snapshot(book: Book) -> Any:
    """Everything a book would write."""
    journals = (book.holds, book.endings, book.transfers, book.entries)
    return msgspec.to_builtins(([book.account(LINE), book.account(AHEAD)], *journals))


def ended(held: HeldAmount, book: Book) -> HeldAmount:
    """The hold with its ending, as it would be read back."""
    return msgspec.structs.replace(held, ending=next(one for one in book.endings if one.hold_id == held.hold.id))


def test_a_hold_settled_in_part_releases_the_rest() -> None:
    """[C2] Of 700 held, 450 are settled: 450 are posted, nothing stays held, and both are in the one ending."""
    book = new_book()
    held = hold(book, 700)
    settle(book, held, 450)
    assert (book.account(LINE).posted, book.account(LINE).held, book.account(LINE).version) == (450, 0, 2)
    (ending,) = book.endings
    assert (ending.kind, ending.settled_amount, ending.released_amount) == (EndingKind.SETTLED, 450, 250)
    assert [(entry.kind, entry.version, entry.posted_change, entry.held_change) for entry in book.entries] == [
        (EntryKind.HOLD, 1, 0, 700),
        (EntryKind.SETTLE, 2, 450, -700),
    ]
    (transfer,) = book.transfers
    assert (transfer.debit_account_id, transfer.credit_account_id, transfer.amount) == (LINE, PAYABLE, 450)


@pytest.mark.parametrize(
    ("first", "then", "refusal"),
    [
        ("release", "release", AlreadyReleased),
        ("release", "settle", AlreadyReleased),
        ("settle", "settle", AlreadySettled),
        ("settle", "release", AlreadySettled),
    ],
)
def test_a_hold_ends_once_and_says_how(first: str, then: str, refusal: type[KhaachoError]) -> None:
    """[C2] Ending a hold twice is refused with what became of it the first time, and changes nothing."""
    book = new_book()
    held = hold(book, 300)
    acts: dict[str, Callable[[HeldAmount], None]] = {
        "release": lambda one: book.release(SYSTEM, one),
        "settle": lambda one: settle(book, one, 300),
    }
    acts[first](held)
    before = snapshot(book)
    with pytest.raises(refusal):
        acts[then](ended(held, book))
    assert snapshot(book) == before


@pytest.mark.parametrize(
    ("act", "refusal"),
    [
        (lambda book: hold(book, 501), BalanceOutOfBounds),
        (lambda book: hold(book, 0), LedgerBroken),
        (lambda book: hold(book, -1), LedgerBroken),
        (lambda book: settle(book, hold(book, 100), 101), LedgerBroken),
        (lambda book: post(book, LINE, CASH, 501), BalanceOutOfBounds),
        (lambda book: post(book, LINE, LINE, 1), LedgerBroken),
        (lambda book: post(book, CASH, LINE, 0), LedgerBroken),
        (lambda book: post(book, AHEAD, LINE, 1), BalanceOutOfBounds),
        (lambda book: post(book, LINE, AHEAD, 501), BalanceOutOfBounds),
        (lambda book: book.hold(SYSTEM, UUID(int=77), 5, source=SOURCE, key="k"), LedgerBroken),
    ],
    ids=range(10),
)
def test_a_refused_movement_leaves_the_book_as_it_was(act: Callable[[Book], None], refusal: type[KhaachoError]) -> None:
    """[C5] With 500 of 1,000 used, whatever is refused leaves accounts, holds, transfers and entries untouched."""
    book = new_book(posted=300, held=200, version=4)
    before = snapshot(book)
    with pytest.raises(refusal), book.all_or_nothing():
        act(book)
    assert snapshot(book) == before


def test_a_single_refused_posting_needs_nobody_to_undo_it() -> None:
    """A posting whose second side is refused takes its first side back by itself."""
    book = Book(
        [
            account(LINE, AccountKind.RECEIVABLE, ceiling=1_000),
            account(AHEAD, AccountKind.UNAPPLIED_CREDIT, ceiling=0, floor=-50),
        ],
        moment=MOMENT,
    )
    before = snapshot(book)
    with pytest.raises(BalanceOutOfBounds):
        post(book, LINE, AHEAD, 51)
    assert snapshot(book) == before
    post(book, LINE, AHEAD, 50)
    assert (book.account(LINE).posted, book.account(AHEAD).posted) == (50, -50)


def test_all_or_nothing_undoes_all_of_a_divided_order() -> None:
    """The parts of an order that was split are held together or not at all; what was there before stays."""
    book = new_book()
    hold(book, 100)
    before = snapshot(book)

    def hold_both(one: int, other: int) -> None:
        with book.all_or_nothing():
            hold(book, one)
            hold(book, other)

    with pytest.raises(BalanceOutOfBounds):
        hold_both(400, 501)
    assert snapshot(book) == before
    hold_both(400, 500)
    assert book.account(LINE).held == 1_000


def test_units_do_not_mix() -> None:
    """Credits cannot be paid with rupees."""
    book = Book(
        [
            account(LINE, AccountKind.RECEIVABLE),
            account(AHEAD, AccountKind.UNAPPLIED_CREDIT, unit=Unit.CREDITS),
        ],
        moment=MOMENT,
    )
    with pytest.raises(LedgerBroken):
        post(book, LINE, AHEAD, 5)
    assert book.transfers == []


def test_a_bound_goes_up_for_an_override_and_comes_back() -> None:
    """[C92] Raised to what an override needs; lowered to what is agreed as soon as less is used, never below use."""
    book = new_book(posted=900)
    book.raise_ceiling(LINE, 1_400)
    book.raise_ceiling(LINE, 1_200)
    held = hold(book, 500)
    assert book.account(LINE).ceiling == 1_400
    book.lower_ceiling(LINE, 1_000)
    assert book.account(LINE).ceiling == 1_400
    post(book, CASH, LINE, 300)
    book.lower_ceiling(LINE, 1_000)
    assert book.account(LINE).ceiling == 1_100
    book.release(SYSTEM, held)
    book.lower_ceiling(LINE, 1_000)
    assert book.account(LINE).ceiling == 1_000


def test_a_line_beyond_its_bound_may_still_shrink() -> None:
    """A line whose limit was lowered below its use takes payments and releases, and nothing that adds to it."""
    book = Book([account(LINE, AccountKind.RECEIVABLE, ceiling=100, posted=500)], moment=MOMENT)
    post(book, CASH, LINE, 50)
    assert book.account(LINE).posted == 450
    with pytest.raises(BalanceOutOfBounds):
        hold(book, 1)


# --- any sequence of movements ----------------------------------------------------------------------------------------

AMOUNT = st.integers(-5, 600)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("hold"), AMOUNT),
        st.tuples(st.just("release"), st.integers(0, 9)),
        st.tuples(st.just("settle"), st.integers(0, 9), AMOUNT),
        st.tuples(st.just("pay"), AMOUNT),
        st.tuples(st.just("ahead"), AMOUNT),
        st.tuples(st.just("apply"), AMOUNT),
    ),
    max_size=30,
)


@given(STEPS)
def test_any_sequence_keeps_every_figure(steps: list[tuple[Any, ...]]) -> None:
    """[C5] After any movements: balances are the sums of entries and of transfers, what is held is the sum of active
    holds, versions have no gap, no bound is passed, and a refused movement changed nothing at all.
    """
    book = new_book()
    holds: list[HeldAmount] = []
    for step in steps:
        before = snapshot(book)
        try:
            _take(book, holds, step)
        except KhaachoError:
            assert snapshot(book) == before
        line, ahead = book.account(LINE), book.account(AHEAD)
        assert line.held >= 0
        assert line.used <= 1_000
        assert ahead.posted <= 0
        assert line.held == sum(one.hold.amount for one in holds if one.ending is None)
        for one in (line, ahead):
            entries = [entry for entry in book.entries if entry.account_id == one.id]
            assert [entry.version for entry in entries] == list(range(1, one.version + 1))
            assert sum(entry.posted_change for entry in entries) == one.posted
            assert sum(entry.held_change for entry in entries) == one.held
            moved = sum(
                transfer.amount * ((transfer.debit_account_id == one.id) - (transfer.credit_account_id == one.id))
                for transfer in book.transfers
            )
            assert moved == one.posted


def _take(book: Book, holds: list[HeldAmount], step: tuple[Any, ...]) -> None:
    match step:
        case "hold", amount:
            holds.append(hold(book, amount))
        case "pay", amount:
            post(book, CASH, LINE, amount)
        case "ahead", amount:
            post(book, CASH, AHEAD, amount)
        case "apply", amount:
            post(book, AHEAD, LINE, amount)
        case "release", place if place < len(holds):
            book.release(SYSTEM, holds[place])
            holds[place] = ended(holds[place], book)
        case "settle", place, amount if place < len(holds):
            settle(book, holds[place], amount)
            holds[place] = ended(holds[place], book)
