"""Which open items a payment clears: the one it names, then the oldest, and what is over stays with the shop."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from khaacho.credit.allocation import allocate
from khaacho.credit.records import Debit

FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)


def debit(number: int, amount: int, *, cleared: int = 0, day: int = 0, line: int = 0) -> Debit:
    return Debit(
        id=UUID(int=number),
        account_id=UUID(int=line),
        retailer_id=UUID(int=0),
        source_kind="order",
        source_id=UUID(int=number),
        amount_paisa=amount,
        cleared_paisa=cleared,
        written_off=False,
        opened_at=FIRST_DAY + timedelta(days=day),
        due_on=date(2026, 1, 8),
        cleared_at=None,
    )


def cleared_by(amount: int, *debits: Debit, first: int | None = None) -> tuple[list[tuple[int, int]], int]:
    plan = allocate(amount, debits, first=UUID(int=first) if first is not None else None)
    return [(one.id.int, part) for one, part in plan.parts], plan.unapplied_paisa


def test_the_oldest_first_then_the_next() -> None:
    """[C60] In order of their opening, whatever order they come in; the last one in part."""
    assert cleared_by(250, debit(3, 100, day=3), debit(1, 100, day=1), debit(2, 100, day=2)) == (
        [(1, 100), (2, 100), (3, 50)],
        0,
    )


def test_the_one_named_comes_before_older_ones() -> None:
    """[C60] What is over goes on to the oldest."""
    debits = (debit(1, 100, day=1), debit(2, 100, day=2), debit(3, 100, day=3))
    assert cleared_by(150, *debits, first=3) == ([(3, 100), (1, 50)], 0)


def test_the_line_of_the_one_named_comes_before_other_lines() -> None:
    """[C60] First the item named, then what is oldest on its line, then what is oldest elsewhere; without a name lines
    count for nothing. Of an item that is cleared by now only its line is left to go by.
    """
    debits = (debit(1, 100, day=1, line=7), debit(2, 100, day=2, line=8), debit(3, 100, day=3, line=8))
    assert cleared_by(400, *debits, first=3) == ([(3, 100), (2, 100), (1, 100)], 100)
    assert cleared_by(300, *debits) == ([(1, 100), (2, 100), (3, 100)], 0)
    plan = allocate(150, debits, first=UUID(int=9), first_line=UUID(int=8))
    assert [(one.id.int, part) for one, part in plan.parts] == [(2, 100), (3, 50)]


def test_only_what_remains_is_cleared_and_the_rest_is_kept() -> None:
    """[C60] An item is never cleared beyond its amount; what nobody owes is unapplied."""
    assert cleared_by(500, debit(1, 100, cleared=60), debit(2, 100, cleared=100)) == ([(1, 40)], 460)
    assert cleared_by(500) == ([], 500)


@given(
    st.integers(1, 3_000),
    st.lists(st.tuples(st.integers(1, 900), st.integers(0, 100), st.integers(0, 5)), max_size=8),
    st.integers(0, 8),
)
def test_every_paisa_goes_somewhere_once(amount: int, items: list[tuple[int, int, int]], first: int) -> None:
    """Parts and rest are the payment; nothing is over while anything is owed; older items are cleared before newer."""
    debits = [
        debit(number, owed, cleared=owed * percent // 100, day=day) for number, (owed, percent, day) in enumerate(items)
    ]
    plan = allocate(amount, debits, first=UUID(int=first))
    assert sum(part for _, part in plan.parts) + plan.unapplied_paisa == amount
    assert all(0 < part <= one.remaining_paisa for one, part in plan.parts)
    owed = sum(one.remaining_paisa for one in debits)
    assert plan.unapplied_paisa == max(0, amount - owed)
    cleared = {one.id for one, _ in plan.parts}
    assert len(cleared) == len(plan.parts)
    # Only the last one of the plan may be cleared in part.
    assert all(part == one.remaining_paisa for one, part in plan.parts[:-1])
    untouched = [one for one in debits if one.remaining_paisa and one.id not in cleared]
    for one, _ in plan.parts:
        if one.id != UUID(int=first):
            assert all((one.opened_at, one.id) < (later.opened_at, later.id) for later in untouched)
