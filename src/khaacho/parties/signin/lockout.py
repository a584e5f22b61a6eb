"""How long a phone is locked after wrong attempts. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

FAILURES_FREE = 4
FIRST_LOCK = timedelta(seconds=30)
LONGEST_LOCK = timedelta(hours=1)
# Old slips are forgiven: a day without a wrong attempt starts the count anew.
FORGIVEN_AFTER = timedelta(days=1)


def locked_until(failures: int, now: datetime) -> datetime | None:
    """The fifth wrong attempt locks for 30 seconds, each further one for twice as long, at most an hour."""
    if failures <= FAILURES_FREE:
        return None
    doublings: int = min(failures - FAILURES_FREE - 1, 10)
    return now + min(FIRST_LOCK * int(2**doublings), LONGEST_LOCK)
