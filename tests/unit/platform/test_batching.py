"""The coalescer: many callers, few batches, and nobody pays for a neighbour."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from khaacho.platform.batching import Coalescer


class Batches:
    """Runs batches of numbers: answers the double, refuses what it is told to, waits while its gate is closed."""

    def __init__(self, *, refused: frozenset[int] = frozenset(), poison: int | None = None) -> None:
        self.ran: list[list[int]] = []
        self.at_once_max = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self._running = 0
        self._refused = refused
        self._poison = poison

    async def run(self, items: Sequence[int]) -> list[int | Exception]:
        self._running += 1
        self.at_once_max = max(self.at_once_max, self._running)
        self.ran.append(list(items))
        try:
            await self.gate.wait()
            if self._poison in items:
                raise ArithmeticError(self._poison)
            return [ValueError(item) if item in self._refused else item * 2 for item in items]
        finally:
            self._running -= 1


async def submitted(coalescer: Coalescer[int, int], items: Sequence[int]) -> list[asyncio.Task[int]]:
    """One task per item, each already waiting for its outcome; the first item's batch runs before the others come."""
    tasks = [asyncio.create_task(coalescer.submit(items[0]))]
    # One turn of the loop for the caller, one for the batch it started.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    tasks += [asyncio.create_task(coalescer.submit(item)) for item in items[1:]]
    await asyncio.sleep(0)
    return tasks


async def test_a_lone_caller_waits_for_nobody() -> None:
    """The first one goes at once, alone."""
    batches = Batches()
    assert await Coalescer(batches.run).submit(21) == 42
    assert batches.ran == [[21]]


async def test_those_who_come_meanwhile_go_together() -> None:
    """While a batch runs, everybody else gathers and goes next, in order, at most as many as fit."""
    batches = Batches()
    batches.gate.clear()
    tasks = await submitted(Coalescer(batches.run, size_max=4), range(8))
    batches.gate.set()
    assert await asyncio.gather(*tasks) == [item * 2 for item in range(8)]
    assert batches.ran == [[0], [1, 2, 3, 4], [5, 6, 7]]
    assert batches.at_once_max == 1


async def test_an_outcome_that_is_a_refusal_is_raised_to_its_caller_alone() -> None:
    """Neighbours of a refused item have their outcomes, and nothing is run again."""
    batches = Batches(refused=frozenset({3}))
    batches.gate.clear()
    tasks = await submitted(Coalescer(batches.run), range(6))
    batches.gate.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [outcome for outcome in outcomes if not isinstance(outcome, BaseException)] == [0, 2, 4, 8, 10]
    assert isinstance(outcomes[3], ValueError)
    assert batches.ran == [[0], [1, 2, 3, 4, 5]]


async def test_one_bad_item_cannot_spoil_its_neighbours() -> None:
    """[O30] A batch that fails as a whole is run again item by item; only the bad one's caller hears of it."""
    batches = Batches(poison=4)
    batches.gate.clear()
    tasks = await submitted(Coalescer(batches.run), range(6))
    batches.gate.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [outcome for outcome in outcomes if not isinstance(outcome, BaseException)] == [0, 2, 4, 6, 10]
    assert isinstance(outcomes[4], ArithmeticError)
    assert batches.ran == [[0], [1, 2, 3, 4, 5], [1], [2], [3], [4], [5]]


async def test_a_batch_that_answers_too_little_fails_instead_of_leaving_callers_waiting() -> None:
    """One outcome per item is the contract; a batch that breaks it is run item by item like any failed one."""

    async def forgetful(items: Sequence[int]) -> list[int | Exception]:
        return [item * 2 for item in items][:1]

    tasks = await submitted(Coalescer(forgetful), range(6))
    assert await asyncio.wait_for(asyncio.gather(*tasks), timeout=20) == [item * 2 for item in range(6)]

    async def silent(items: Sequence[int]) -> list[int | Exception]:
        return []

    with pytest.raises(ValueError):
        await asyncio.wait_for(Coalescer(silent).submit(1), timeout=20)


async def test_a_caller_who_leaves_takes_nobody_along() -> None:
    """A cancelled caller's item still runs with its batch, and its neighbours have their outcomes."""
    batches = Batches()
    batches.gate.clear()
    tasks = await submitted(Coalescer(batches.run), range(5))
    tasks[0].cancel()
    tasks[3].cancel()
    await asyncio.sleep(0)
    batches.gate.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [outcome for outcome in outcomes if not isinstance(outcome, BaseException)] == [2, 4, 8]
    assert batches.ran == [[0], [1, 2, 3, 4]]


async def test_draining_waits_for_everybody() -> None:
    """Shutting down waits for what runs and for what still waits to run."""
    batches = Batches()
    batches.gate.clear()
    coalescer: Coalescer[int, int] = Coalescer(batches.run, size_max=1)
    tasks = await submitted(coalescer, range(5))
    draining = asyncio.create_task(coalescer.drain())
    await asyncio.sleep(0)
    assert not draining.done()
    batches.gate.set()
    await draining
    assert [task.done() for task in tasks] == [True] * 5
    await coalescer.drain()


async def test_what_is_refused_to_one_may_be_refused_to_all() -> None:
    """A batch may answer the same refusal to every one of its items."""
    refusal = ValueError("the line is busy")

    async def run(items: Sequence[Any]) -> list[int | Exception]:
        return [refusal] * len(items)

    outcomes = await asyncio.gather(*await submitted(Coalescer(run), range(4)), return_exceptions=True)
    assert outcomes == [refusal] * 4
