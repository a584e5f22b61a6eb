"""Rate limits that all processes share: so many in a window that starts at fixed times, counted in one table.

`take` counts one act exactly, for the few places where every single one matters (one-time codes, wrong passwords).
`Limiter` guards whole classes of requests: a process takes a share of the window's allowance at a time and spends it
without asking the database, so that a limit costs nothing worth measuring. It never lets more through than the
limit; what one process took and did not spend is lost to the others until the window ends (a hundredth each).
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from khaacho import clock
from khaacho.errors import TooManyRequests
from khaacho.platform.database import Database, Transaction

SHARES_PER_WINDOW = 100
# More distinct callers than this in one window start afresh, rather than filling the memory of the process.
ALLOWANCES_KEPT_MAX = 10_000


class _Allowance:
    """What one process may still let through for one caller in the window of `_start`."""

    def __init__(self) -> None:
        self._start: datetime | None = None
        self._left = 0
        self.filling = asyncio.Lock()

    def is_spent(self, start: datetime) -> bool:
        return self._start != start or self._left == 0

    def spend(self, start: datetime) -> bool:
        if self.is_spent(start):
            return False
        self._left -= 1
        return True

    def fill(self, start: datetime, granted: int) -> None:
        self._start, self._left = start, granted


async def take(tx: Transaction, bucket: str, limit: int, window_seconds: int, *, count: int = 1) -> int:
    """Count `count` acts against `limit` per window and answer how many of them are granted, at least one.

    Raises TooManyRequests when nothing is left; the transaction then undoes the count, so refusals are not counted.
    """
    start = _window_start(clock.now(), window_seconds)
    used = await tx.value(
        """
        INSERT INTO rate_limits AS known (bucket, window_start, used)
        VALUES (%(bucket)s, %(start)s, %(count)s)
        ON CONFLICT (bucket) DO UPDATE SET
            used = excluded.used + CASE WHEN known.window_start = excluded.window_start THEN known.used ELSE 0 END,
            window_start = excluded.window_start
        RETURNING used
        """,
        {"bucket": bucket, "start": start, "count": count},
    )
    granted = min(count, limit - (int(used) - count))
    if granted <= 0:
        raise TooManyRequests(retry_after_seconds=seconds_left(window_seconds))
    return granted


async def take_each(tx: Transaction, buckets: Sequence[str], limit: int, window_seconds: int) -> list[bool]:
    """Count one act per bucket, all in one statement; answers for each, in order, whether it is within the limit.

    A bucket named twice counts twice. Refused acts count too, which matters to nobody: the window ends for all of them.
    """
    start = _window_start(clock.now(), window_seconds)
    # In the order of their names, so that two processes with the same buckets wait for each other one way only.
    counts = sorted(Counter(buckets).items())
    used = await tx.dicts(
        """
        INSERT INTO rate_limits AS known (bucket, window_start, used)
        SELECT new.bucket, %(start)s, new.used
        FROM unnest(%(buckets)s::text[], %(counts)s::int[]) AS new (bucket, used)
        ON CONFLICT (bucket) DO UPDATE SET
            used = excluded.used + CASE WHEN known.window_start = excluded.window_start THEN known.used ELSE 0 END,
            window_start = excluded.window_start
        RETURNING bucket, used
        """,
        {"start": start, "buckets": [name for name, _ in counts], "counts": [count for _, count in counts]},
    )
    taken = dict(counts)
    left = {row["bucket"]: limit - (row["used"] - taken[row["bucket"]]) for row in used}
    granted: list[bool] = []
    for bucket in buckets:
        left[bucket] -= 1
        granted.append(left[bucket] >= 0)
    return granted


def seconds_left(window_seconds: int) -> int:
    """How long the window of this length that we are in still lasts, at least one second."""
    now = clock.now()
    ends = _window_start(now, window_seconds) + timedelta(seconds=window_seconds)
    return max(1, round((ends - now).total_seconds()))


class Limiter:
    """One process's share of the limits."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._allowances: dict[str, _Allowance] = {}

    async def allow(self, bucket: str, limit: int, window_seconds: int) -> None:
        """Let one request pass, or raise TooManyRequests. A limit of 0 is no limit."""
        if limit == 0:
            return
        allowance = self._allowances.get(bucket) or self._open(bucket)
        while not allowance.spend(_window_start(clock.now(), window_seconds)):
            # One at a time: fifty who find it empty together want a share, not one each.
            async with allowance.filling:
                start = _window_start(clock.now(), window_seconds)
                if allowance.is_spent(start):
                    share = max(1, limit // SHARES_PER_WINDOW)
                    async with self._database.transaction() as tx:
                        granted = await take(tx, bucket, limit, window_seconds, count=share)
                    allowance.fill(start, granted)

    def _open(self, bucket: str) -> _Allowance:
        if len(self._allowances) >= ALLOWANCES_KEPT_MAX:
            self._allowances.clear()
        return self._allowances.setdefault(bucket, _Allowance())


def _window_start(moment: datetime, window_seconds: int) -> datetime:
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % window_seconds, UTC)
