"""The coalescer: callers that arrive while a batch commits form the next batch.

No timer: the first caller goes at once, so a lone caller waits for nobody. At most `in_flight_max` batches run at a
time, and never two with items of the same key: those would only wait for each other's locks, and together they are
one batch. If a batch fails as a whole its items run one by one, so that one bad item cannot spoil its neighbours.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import partial
from typing import Generic, TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")

BATCH_SIZE_MAX = 64
IN_FLIGHT_MAX = 2


class Coalescer(Generic[Item, Outcome]):
    """Turns many concurrent single calls into few batch calls.

    `run_batch` answers one outcome per item, in order; an outcome that is an exception is raised to its caller only.
    """

    def __init__(
        self,
        run_batch: Callable[[Sequence[Item]], Awaitable[Sequence[Outcome | Exception]]],
        *,
        key_of: Callable[[Item], Hashable] = id,
        size_max: int = BATCH_SIZE_MAX,
        in_flight_max: int = IN_FLIGHT_MAX,
    ) -> None:
        self._run_batch = run_batch
        self._key_of = key_of
        self._busy_keys: set[Hashable] = set()
        self._size_max = size_max
        self._in_flight_max = in_flight_max
        self._waiting: deque[tuple[Item, asyncio.Future[Outcome]]] = deque()
        self._in_flight: set[asyncio.Task[None]] = set()

    async def submit(self, item: Item) -> Outcome:
        """The outcome of this item. A caller that is cancelled does not take its batch with it."""
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._start_batches()
        return await future

    async def drain(self) -> None:
        """Wait until nothing is in flight; for shutting down."""
        while self._in_flight:
            await asyncio.wait(self._in_flight)

    def _start_batches(self) -> None:
        while len(self._in_flight) < self._in_flight_max:
            batch = self._take_batch()
            if not batch:
                return
            keys = {self._key_of(item) for item, _ in batch}
            self._busy_keys |= keys
            task = asyncio.create_task(self._run(batch))
            self._in_flight.add(task)
            task.add_done_callback(partial(self._finished, keys))

    def _take_batch(self) -> list[tuple[Item, asyncio.Future[Outcome]]]:
        """The first waiting items whose keys no batch in flight has; the others keep their places."""
        batch: list[tuple[Item, asyncio.Future[Outcome]]] = []
        passed: list[tuple[Item, asyncio.Future[Outcome]]] = []
        while self._waiting and len(batch) < self._size_max:
            waiting = self._waiting.popleft()
            (passed if self._key_of(waiting[0]) in self._busy_keys else batch).append(waiting)
        self._waiting.extendleft(reversed(passed))
        return batch

    def _finished(self, keys: set[Hashable], task: asyncio.Task[None]) -> None:
        self._in_flight.discard(task)
        self._busy_keys -= keys
        self._start_batches()

    async def _run(self, batch: Sequence[tuple[Item, asyncio.Future[Outcome]]]) -> None:
        try:
            outcomes = await self._run_batch([item for item, _ in batch])
            settled = list(zip(batch, outcomes, strict=True))
        except Exception as failure:
            if len(batch) == 1:
                _settle(batch[0][1], failure)
                return
            for one in batch:
                await self._run([one])
            return
        for (_, future), outcome in settled:
            _settle(future, outcome)


def _settle(future: asyncio.Future[Outcome], outcome: Outcome | Exception) -> None:
    if future.done():
        return
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)
