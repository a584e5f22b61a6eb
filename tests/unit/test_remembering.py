"""The memory of at most a second that permissions and sign-ins are asked through. [X10]"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from khaacho.platform.remembering import ShortMemory


class Shelf:
    """Something to read from, which counts how often it is."""

    def __init__(self) -> None:
        self.values = {"a": 1, "b": 2}
        self.reads: list[list[str]] = []
        self.broken = False

    async def read(self, keys: Sequence[str]) -> Mapping[str, int]:
        self.reads.append(sorted(keys))
        await asyncio.sleep(0)
        if self.broken:
            raise ConnectionError
        return {key: self.values[key] for key in keys if key in self.values}


async def test_many_askers_are_one_read() -> None:
    """[X10] Two hundred requests at one moment ask the database twice at most, and then not at all."""
    shelf = Shelf()
    memory = ShortMemory(shelf.read)
    first = await asyncio.gather(*(memory.find("a") for _ in range(60)))
    again = await asyncio.gather(*(memory.find("a") for _ in range(140)))
    assert set(first + again) == {1}
    assert len(shelf.reads) <= 2


async def test_nothing_is_remembered_for_longer_than_a_second() -> None:
    """[X10] A change made elsewhere is seen within a second; one we know of is seen at once."""
    shelf = Shelf()
    memory = ShortMemory(shelf.read)
    loop = asyncio.get_running_loop()
    assert (await memory.find("a"), await memory.find("gone")) == (1, None)
    shelf.values |= {"a": 10, "gone": 7}
    assert (await memory.find("a"), await memory.find("gone")) == (1, None)
    memory.forget("gone")
    assert await memory.find("gone") == 7
    read = loop.time()
    asked = read
    while await memory.find("a") == 1:
        assert asked - read <= 1.0
        await asyncio.sleep(0.01)
        asked = loop.time()
    assert await memory.find("a") == 10


async def test_a_failed_read_is_not_remembered() -> None:
    """[X23] While the database is away everybody is refused, and nobody a moment longer."""
    shelf = Shelf()
    memory = ShortMemory(shelf.read)
    shelf.broken = True
    for _ in range(2):
        with pytest.raises(ConnectionError):
            await memory.find("a")
    shelf.broken = False
    assert await memory.find("a") == 1
