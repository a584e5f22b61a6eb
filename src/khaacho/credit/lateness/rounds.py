"""Doing one thing for many retailers, each in a transaction of its own.

What one of them brings up disturbs no other: it is logged and counted, and tried once more at the end, when whoever
held its row may be gone. Whatever was done stays done when the process dies; the next round finds only the rest,
because each act looks anew whether there is anything to do.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

import msgspec
import structlog

from khaacho.errors import DatabaseUnavailable
from khaacho.platform.database import Database, Transaction

log = structlog.get_logger(__name__)

Act = Callable[[Transaction, UUID], Awaitable[bool]]


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How many were looked at, for how many something was done, and how many failed twice."""

    looked_at: int
    done: int
    failed: int


async def work_each(database: Database, retailer_ids: Sequence[UUID], act: Act, *, what: str) -> Tally:
    """Run `act` for every retailer; it answers whether it did something. Raises only when the database is gone."""
    done, failed = await _pass(database, retailer_ids, act, what)
    again, failed = await _pass(database, failed, act, what)
    return Tally(looked_at=len(retailer_ids), done=done + again, failed=len(failed))


async def _pass(database: Database, retailer_ids: Sequence[UUID], act: Act, what: str) -> tuple[int, list[UUID]]:
    done = 0
    failed: list[UUID] = []
    for retailer_id in retailer_ids:
        try:
            async with database.transaction() as tx:
                done += await act(tx, retailer_id)
        except DatabaseUnavailable:
            # Not this retailer's fault, and the next would meet it too: the run is tried again as a whole.
            raise
        except Exception as failure:
            failed.append(retailer_id)
            log.error("retailer_failed", what=what, retailer_id=str(retailer_id), exc_info=failure)
    return done, failed
