"""Payments from callers that arrive one by one, recorded together: the coalescer in front of `record_payments`.

In each process one cashier records whatever arrived while the batch before it committed. A payment whose lines
somebody outside the batch holds leaves it and waits alone, so that nobody in the batch waits for a stranger. It waits
longer than an order would: it asks for nothing that could be refused. The same key twice is one payment with one
answer, wherever the two meet.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from khaacho.actors import Actor
from khaacho.credit.paying.payments import Outcome, PaymentRequest, record_payments
from khaacho.credit.records import NewPayment, PaymentOutcome
from khaacho.errors import Deadlock, KhaachoError, LockTimeout, RequestInProgress
from khaacho.platform.batching import Coalescer
from khaacho.platform.database import Database
from khaacho.platform.idempotency import (
    StoredOutcome,
    read_outcomes,
    replayed,
    send_find_outcomes,
    store_outcomes,
)
from khaacho.platform.locks import Wait

SCOPE = "payments"
# How long a payment waits for lines that somebody else holds. A transaction of ours holds them for milliseconds.
WAIT_MS = 2_000
# Those who wait for locks must leave connections to those who need not.
WAITING_MAX = 3


class Handed(msgspec.Struct, frozen=True, kw_only=True):
    """A payment as it was handed in. `key` belongs to that person alone."""

    actor: Actor
    new: NewPayment
    key: str
    request_hash: bytes


class Cashier:
    """One per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._together: Coalescer[Handed, PaymentOutcome] = Coalescer(self._record_together)
        self._patience = asyncio.Semaphore(WAITING_MAX)

    async def take(self, actor: Actor, new: NewPayment, *, key: str, request_hash: bytes) -> PaymentOutcome:
        """Record one payment at most once per (person, key). Raises the refusal that concerns it.

        LockTimeout when somebody else keeps the retailer's lines for too long; then nothing is recorded.
        """
        handed = Handed(actor=actor, new=new, key=f"{actor.id or actor.name}:{key}", request_hash=request_hash)
        try:
            return await self._together.submit(handed)
        except (LockTimeout, RequestInProgress, Deadlock):
            # Another process is at these lines, or stored this key, or crossed our locks a moment ago.
            return await self._record_alone(handed)

    async def drain(self) -> None:
        """Wait for what is being recorded; for shutting down."""
        await self._together.drain()

    async def _record_together(self, handed: Sequence[Handed]) -> list[Outcome]:
        return await self._record(handed, Wait.SKIP)

    async def _record_alone(self, handed: Handed) -> PaymentOutcome:
        async with self._patience:
            try:
                (outcome,) = await self._record([handed], Wait.QUEUE)
            except RequestInProgress:
                # Another process stored this key while we waited; now its outcome can be seen.
                (outcome,) = await self._record([handed], Wait.QUEUE)
        if isinstance(outcome, KhaachoError):
            raise outcome
        return outcome

    async def _record(self, handed: Sequence[Handed], wait: Wait) -> list[Outcome]:
        """One outcome for each. The same key twice in one batch is one payment, asked for twice.

        Lines are taken first and keys last, by everybody: who took a key and then wanted a line would wait for whoever
        holds that line and stores this key.
        """
        first: dict[str, Handed] = {}
        for one in handed:
            first.setdefault(one.key, one)
        async with self._database.transaction(pipelined=True) as tx:
            if wait is Wait.QUEUE:
                await tx.send_only(f"SET LOCAL lock_timeout = {WAIT_MS}")
            known = await read_outcomes(await send_find_outcomes(tx, SCOPE, list(first)))
            fresh = [one for key, one in first.items() if key not in known]
            requests = [PaymentRequest(actor=one.actor, new=one.new) for one in fresh]
            outcomes = await record_payments(tx, requests, wait=wait) if requests else []
            done = {one.key: outcome for one, outcome in zip(fresh, outcomes, strict=True)}
            stored = [
                (one.key, one.request_hash, outcome)
                for one, outcome in zip(fresh, outcomes, strict=True)
                if not isinstance(outcome, KhaachoError)
            ]
            await store_outcomes(tx, SCOPE, stored)
        return [_answer(one, known, first, done) for one in handed]


def _answer(
    one: Handed, known: dict[str, StoredOutcome], first: dict[str, Handed], done: dict[str, Outcome]
) -> Outcome:
    try:
        if one.key in known:
            return replayed(known[one.key], one.request_hash, PaymentOutcome)
    except KhaachoError as refusal:
        return refusal
    if one.request_hash != first[one.key].request_hash:
        # Both came at once under one key; this one is decided when the other has its answer.
        return RequestInProgress()
    return done[one.key]
