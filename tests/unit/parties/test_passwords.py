"""Password hashes. [X11]"""

from __future__ import annotations

from time import process_time

import pytest
from argon2 import PasswordHasher

from khaacho.errors import ValidationFailed
from khaacho.parties.signin.passwords import hash_password, is_password, needs_new_hash


async def test_a_hash_belongs_to_one_password() -> None:
    """[X11] Argon2id with a salt of its own; nothing else matches, and a broken hash matches nothing."""
    first, second = await hash_password("a good password"), await hash_password("a good password")
    assert first != second
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert await is_password("a good password", first)
    for wrong in ("", "a good passworD", "a good password ", "x" * 10_000):
        assert not await is_password(wrong, first)
    assert not await is_password("a good password", "not a hash")
    assert not await is_password("nobody signs in with this", None)


@pytest.mark.parametrize("password", ["", "seven77", "x" * 201])
async def test_too_short_or_too_long(password: str) -> None:
    """[X11] 8 to 200 characters."""
    with pytest.raises(ValidationFailed):
        await hash_password(password)


async def test_no_hash_takes_as_long_as_a_wrong_one() -> None:
    """[X11] How long the answer takes does not tell whether the phone is known: the same work is done.

    Counted in this process's own processor time, so that a busy machine does not disturb it.
    """
    known = await hash_password("a good password")

    async def least_work(password_hash: str | None) -> float:
        seconds = []
        for _ in range(5):
            started = process_time()
            await is_password("wrong", password_hash)
            seconds.append(process_time() - started)
        return min(seconds)

    await is_password("wrong", None)
    assert 0.5 < await least_work(None) / await least_work(known) < 2


async def test_weaker_hashes_are_to_be_renewed() -> None:
    """[X11] A hash made with lower figures is told from one of today."""
    assert needs_new_hash(PasswordHasher(time_cost=1, memory_cost=8_192, parallelism=1).hash("x"))
    assert not needs_new_hash(await hash_password("a good password"))
