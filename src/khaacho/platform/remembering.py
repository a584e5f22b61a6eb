"""A memory of at most a second, for what every request asks and almost nobody changes.

Callers that miss at the same moment are answered by one read. A change made elsewhere is seen within a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import Generic, TypeVar

from khaacho.platform.batching import Coalescer

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

REMEMBERED_SECONDS_MAX = 1.0
ENTRIES_MAX = 20_000


class ShortMemory(Generic[Key, Value]):
    """What `read` answered for a key, for a second; None for a key it answered nothing for."""

    def __init__(self, read: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Value]]]) -> None:
        self._read = read
        self._known: dict[Key, tuple[float, Value | None]] = {}
        self._misses: Coalescer[Key, Value | None] = Coalescer(self._read_batch)

    async def find(self, key: Key) -> Value | None:
        """The value as it is now, or was at most a second ago."""
        known = self._known.get(key)
        if known is not None and known[0] > _ticks():
            return known[1]
        return await self._misses.submit(key)

    def forget(self, key: Key) -> None:
        """Read it anew the next time, because we know that it changed."""
        self._known.pop(key, None)

    async def _read_batch(self, keys: Sequence[Key]) -> Sequence[Value | Exception | None]:
        # Counted from before the read, so that no answer is ever older than promised.
        good_until = _ticks() + REMEMBERED_SECONDS_MAX
        found = await self._read(list(set(keys)))
        if len(self._known) > ENTRIES_MAX:
            self._known.clear()
        for key in keys:
            self._known[key] = (good_until, found.get(key))
        return [found.get(key) for key in keys]


def _ticks() -> float:
    """Seconds of the loop's own clock, which only measures; the time of day comes from `khaacho.clock`."""
    return asyncio.get_running_loop().time()
