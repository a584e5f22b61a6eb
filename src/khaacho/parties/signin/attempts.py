"""Wrong attempts to prove who one is, counted by phone: too many lock it for a while."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from weakref import WeakValueDictionary

from khaacho import clock
from khaacho.errors import SignInLocked
from khaacho.parties.signin.lockout import FORGIVEN_AFTER, locked_until
from khaacho.platform.database import Database, Transaction

_attempts: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


@asynccontextmanager
async def one_attempt_at_a_time(phone: str) -> AsyncIterator[None]:
    """Attempts on one phone queue up, so that a volley of guesses meets the lock that its fifth sets.

    Each process has its own queue: with n of them a volley may have n − 1 guesses more.
    """
    lock = _attempts.setdefault(phone, asyncio.Lock())
    async with lock:
        yield


async def refuse_locked(tx: Transaction, phone: str) -> None:
    """Raises SignInLocked while the phone is locked."""
    until: datetime | None = await tx.value(
        "SELECT locked_until FROM sign_in_failures WHERE phone = %(phone)s", {"phone": phone}
    )
    if until is not None and until > clock.now():
        raise SignInLocked(retry_after_seconds=math.ceil((until - clock.now()).total_seconds()))


async def record_failure(database: Database, phone: str) -> None:
    """Count a wrong attempt, in a transaction of its own: the request itself is refused."""
    now = clock.now()
    async with database.transaction() as tx:
        failures: int = await tx.value(
            """
            INSERT INTO sign_in_failures AS f (phone, failures, last_failed_at)
            VALUES (%(phone)s, 1, %(now)s)
            ON CONFLICT (phone) DO UPDATE SET
                failures = CASE WHEN f.last_failed_at < %(forgiven)s THEN 1 ELSE f.failures + 1 END,
                last_failed_at = %(now)s
            RETURNING failures
            """,
            {"phone": phone, "now": now, "forgiven": now - FORGIVEN_AFTER},
        )
        await tx.execute(
            "UPDATE sign_in_failures SET locked_until = %(until)s WHERE phone = %(phone)s",
            {"phone": phone, "until": locked_until(failures, now)},
        )


async def forgive_failures(tx: Transaction, phone: str) -> None:
    """The right one came; the count starts anew."""
    await tx.execute("DELETE FROM sign_in_failures WHERE phone = %(phone)s", {"phone": phone})
