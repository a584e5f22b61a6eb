"""One process's counter for credits: who may ask how often, and balances read for many callers at once [P31].

Callers that arrive while a statement runs are served by the next one together, so asking for a balance costs a share of
a statement. Counts are kept in the database: processes share them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from khaacho.errors import TooManyRequests
from khaacho.parties.access import find_actor
from khaacho.platform.batching import Coalescer
from khaacho.platform.database import Database
from khaacho.platform.limits import seconds_left, take_each
from khaacho.prepaid.balances import by_user, send_find_balances, the_balance
from khaacho.prepaid.gateways.port import Gateways
from khaacho.prepaid.records import Balance

ACTS_PER_MINUTE = 100
MINUTE_SECONDS = 60
# Looking never uses up what buying, proving a payment or spending needs.
LOOKING = "credits"
BUYING = "credits-buying"
PROVING = "credits-proof"
SPENDING = "credits-spending"


class CreditCounter:
    """Collaborators of the credit routes in one web process."""

    def __init__(self, database: Database, gateways: Gateways) -> None:
        self._database = database
        self.gateways = gateways
        self._acts: Coalescer[str, bool] = Coalescer(self._count)
        self._looks: Coalescer[UUID, Balance] = Coalescer(self._look)

    async def allow(self, bucket: str) -> None:
        """Let one act pass. Raises TooManyRequests."""
        if not await self._acts.submit(bucket):
            raise _refusal()

    async def look(self, user_id: UUID) -> Balance:
        """What somebody has now, counted as a look. Raises TooManyRequests, UserNotFound, ProfileNotFound."""
        return await self._looks.submit(user_id)

    async def _count(self, buckets: Sequence[str]) -> Sequence[bool | Exception]:
        async with self._database.transaction(pipelined=True) as tx:
            await tx.send_only(_FORGETFUL)
            return await take_each(tx, buckets, ACTS_PER_MINUTE, MINUTE_SECONDS)

    async def _look(self, user_ids: Sequence[UUID]) -> Sequence[Balance | Exception]:
        async with self._database.transaction(pipelined=True) as tx:
            await tx.send_only(_FORGETFUL)
            balances = await send_find_balances(tx, list(set(user_ids)))
            buckets = [f"{LOOKING}:{user_id}" for user_id in user_ids]
            granted = await take_each(tx, buckets, ACTS_PER_MINUTE, MINUTE_SECONDS)
            found = by_user(await balances.all())
        return [
            _or_refusal(partial(the_balance, found, user_id)) if is_granted else _refusal()
            for user_id, is_granted in zip(user_ids, granted, strict=True)
        ]


class PerUser:
    """A guard: the caller has not used up the bucket of this name."""

    def __init__(self, bucket: str) -> None:
        self._bucket = bucket

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        actor = await find_actor(connection)
        if actor is not None:
            counter: CreditCounter = connection.app.state.credit_counter
            await counter.allow(f"{self._bucket}:{actor.id}")


# A crash may forget the looks of the last moment; waiting for the disk for each batch of them would cost every caller.
_FORGETFUL = "SET LOCAL synchronous_commit = off"


def _refusal() -> TooManyRequests:
    return TooManyRequests(retry_after_seconds=seconds_left(MINUTE_SECONDS))


def _or_refusal(read: partial[Balance]) -> Balance | Exception:
    try:
        return read()
    except Exception as refusal:
        return refusal
