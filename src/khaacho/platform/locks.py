"""The only FOR UPDATE. Rows are always locked in id order, and no wait is unbounded.

FOR NO KEY UPDATE is enough for every balance and quantity, and lets foreign keys of other transactions pass.
READ COMMITTED with a row lock gives serial order per row; docs/decisions explains why not SERIALIZABLE.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from enum import Enum
from typing import TypeVar
from uuid import UUID

from khaacho.errors import Deadlock, LockTimeout, MaxRetriesExceeded
from khaacho.platform.database import Pending, Transaction

Row = TypeVar("Row")
Result = TypeVar("Result")

# [C11]: the waits of the three tries; measured, a waiting lock refuses none of ten valid simultaneous orders.
LOCK_WAITS_MS = (100, 200, 400)
RETRY_JITTER_MS_MAX = 15


class Wait(Enum):
    """What to do about a row that somebody else has locked."""

    QUEUE = ""
    SKIP = "SKIP LOCKED"
    REFUSE = "NOWAIT"


async def send_row_locks(
    tx: Transaction, select: str, ids: Sequence[UUID], *, into: type[Row], wait: Wait = Wait.QUEUE
) -> Pending[Row]:
    """Lock the rows of `select` ('SELECT … FROM one_table') whose id is in `ids`, in id order; answers their values.

    The values are those after the wait, so they may be decided upon. Skipped rows are simply missing.
    """
    return await tx.send(
        f"{select} WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE {wait.value}",
        {"ids": list(ids)},
        into=into,
    )


async def lock_rows(
    tx: Transaction, select: str, ids: Sequence[UUID], *, into: type[Row], wait: Wait = Wait.QUEUE
) -> list[Row]:
    """As `send_row_locks`, waiting for the answer."""
    return await (await send_row_locks(tx, select, ids, into=into, wait=wait)).all()


async def send_shared_rows(tx: Transaction, select: str, ids: Sequence[UUID], *, into: type[Row]) -> Pending[Row]:
    """Queue the reading of rows that must not change until the transaction ends, while others do the same.

    As `send_row_locks`, but only whoever would change one of the rows waits. Never lock a row that was shared before.
    """
    return await tx.send(f"{select} WHERE id = ANY(%(ids)s) ORDER BY id FOR SHARE", {"ids": list(ids)}, into=into)


async def with_bounded_wait(tx: Transaction, attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Run `attempt` in a savepoint with a growing lock wait, up to three times.

    Only lock waits, deadlocks and serialization failures are tried again; every other error leaves at once.
    Raises MaxRetriesExceeded after about 0.7 s of waiting, with nothing of the attempt left behind.
    """
    for wait_ms in LOCK_WAITS_MS:
        try:
            async with tx.savepoint():
                await tx.send_only(f"SET LOCAL lock_timeout = {wait_ms}")
                result = await attempt()
                await tx.send_only("SET LOCAL lock_timeout = DEFAULT")
                return result
        except (LockTimeout, Deadlock):
            await asyncio.sleep(random.uniform(0, RETRY_JITTER_MS_MAX) / 1000)
    raise MaxRetriesExceeded(tries=len(LOCK_WAITS_MS))
