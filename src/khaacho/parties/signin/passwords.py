"""Passwords as Argon2id hashes, computed in threads so that nobody else's request waits for them."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from khaacho.errors import ValidationFailed

PASSWORD_LENGTH_MIN = 8
PASSWORD_LENGTH_MAX = 200
# OWASP's floor for Argon2id: 19 MiB, two passes, one lane; about 25 ms of one core.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Two at a time keep a rush of sign-ins to 38 MiB and leave the loop its share of two cores.
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="argon2")


async def hash_password(password: str) -> str:
    """A salted hash to store. Raises ValidationFailed for a password that is too short or too long."""
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        why = f"must have {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters"
        raise ValidationFailed(field="password", why=why)
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, password)


async def is_password(password: str, password_hash: str | None) -> bool:
    """Does the password belong to the hash? Where there is no hash, No, after the same amount of work."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _verify, password, password_hash)


def needs_new_hash(password_hash: str) -> bool:
    """Was it made with weaker figures than those of today?"""
    return _hasher.check_needs_rehash(password_hash)


def _verify(password: str, password_hash: str | None) -> bool:
    try:
        matches = _hasher.verify(password_hash or _hash_of_nobody(), password[: PASSWORD_LENGTH_MAX + 1])
    except (VerificationError, InvalidHashError):
        return False
    return matches and password_hash is not None


@cache
def _hash_of_nobody() -> str:
    return _hasher.hash("nobody signs in with this")
