"""Applications from callers that arrive one by one, taken together: the coalescer in front of `apply_for_all`.

In each process one reception takes whatever arrived while the batch before it committed. The same Idempotency-Key
twice is one application with one answer.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from khaacho.actors import Actor
from khaacho.errors import KhaachoError, RequestInProgress
from khaacho.platform.batching import Coalescer
from khaacho.platform.database import Database, Transaction
from khaacho.platform.idempotency import StoredOutcome, read_outcomes, replayed, send_find_outcomes, store_outcomes
from khaacho.projects.applications import Applied, ApplyRequest, NewApplication, Outcome, apply_for_all

SCOPE = "applications"
# How long a batch waits for rows that somebody else holds; then its applications go on one by one.
WAIT_MS = 2_000


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """An application as it was handed in. `key` belongs to that person alone; None when they sent none."""

    request: ApplyRequest
    key: str | None
    request_hash: bytes


class Reception:
    """One per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._together: Coalescer[Handed, Applied] = Coalescer(self._take_together)

    async def take(self, actor: Actor, new: NewApplication, *, key: str | None, request_hash: bytes) -> Applied:
        """Apply, at most once per (person, key) where there is a key. Raises what `apply_to_project` raises."""
        return await self._together.submit(
            Handed(
                request=ApplyRequest(actor=actor, new=new),
                key=None if key is None else f"{actor.id or actor.name}:{key}",
                request_hash=request_hash,
            )
        )

    async def drain(self) -> None:
        """Wait for what is being taken; for shutting down."""
        await self._together.drain()

    async def _take_together(self, handed: Sequence[Handed]) -> list[Outcome]:
        """One outcome for each. A key that is twice in one batch is decided once; the other asks again."""
        try:
            async with self._database.transaction() as tx:
                outcomes = await self._take(tx, handed)
                if all(isinstance(outcome, KhaachoError) for outcome in outcomes):
                    # Not even a balance that was opened to look into it is left behind.
                    raise _AllRefused(outcomes)
        except _AllRefused as refused:
            return refused.outcomes
        return outcomes

    async def _take(self, tx: Transaction, handed: Sequence[Handed]) -> list[Outcome]:
        await tx.send_only(f"SET LOCAL lock_timeout = {WAIT_MS}")
        keys = [one.key for one in handed if one.key is not None]
        known = await read_outcomes(await send_find_outcomes(tx, SCOPE, keys)) if keys else {}
        first: dict[str, int] = {}
        for number, one in enumerate(handed):
            if one.key is not None:
                first.setdefault(one.key, number)
        fresh = [
            number
            for number, one in enumerate(handed)
            if one.key is None or (one.key not in known and first[one.key] == number)
        ]
        done = dict(zip(fresh, await apply_for_all(tx, [handed[number].request for number in fresh]), strict=True))
        await store_outcomes(
            tx,
            SCOPE,
            [
                (key, handed[number].request_hash, outcome)
                for number, outcome in done.items()
                if (key := handed[number].key) is not None and isinstance(outcome, Applied)
            ],
        )
        return [done[number] if number in done else _replay(one, known) for number, one in enumerate(handed)]


class _AllRefused(Exception):
    def __init__(self, outcomes: list[Outcome]) -> None:
        super().__init__()
        self.outcomes = outcomes


def _replay(one: Handed, known: dict[str, StoredOutcome]) -> Outcome:
    if one.key not in known:
        return RequestInProgress()
    try:
        return replayed(known[one.key], one.request_hash, Applied)
    except KhaachoError as refusal:
        return refusal
