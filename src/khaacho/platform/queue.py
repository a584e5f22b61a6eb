"""Jobs live in PostgreSQL and are enqueued inside the transaction that makes them necessary.

A job is a nudge: the tables it works on are the truth, so a job that runs twice does nothing the second time.
Payloads are records; the name of a job is the name of its payload's class, so the two cannot drift apart.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from functools import cache
from typing import Any, Literal

import msgspec
from pgqueuer.adapters.persistence.qb import QueryQueueBuilder

from khaacho.platform.database import Database, Transaction


class Priority(IntEnum):
    """Messages go before analytics."""

    LOW = 0
    NORMAL = 10
    HIGH = 20


class JobPayload(msgspec.Struct, frozen=True, kw_only=True):
    """What a job is told. Subclass per job; keep to ids, the handler reads the rest."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One job to enqueue. A second one with the same `dedupe_key` is skipped while the first waits.

    The first is not picked before the second's transaction ends, so it sees what the second was to point at; once it
    is picked, the next one with the key becomes a job of its own. No nudge is lost.
    """

    payload: JobPayload
    delay: timedelta = timedelta(0)
    dedupe_key: str | None = None
    priority: Priority = Priority.NORMAL


def job_name(payload: type[JobPayload]) -> str:
    """The queue's name for jobs with this payload."""
    return payload.__name__


# What runs a job. It opens its own transactions; it may be called twice with the same payload.
JobHandler = Callable[[Database, Any], Awaitable[None]]
JobHandlers = Mapping[type[JobPayload], JobHandler]


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """Work that runs at a cron time of the business zone, once per slot however many workers there are.

    `run(database, slot, dry_run)` answers what it did (or would do) as figures for people and for `scheduled_runs`.
    """

    name: str
    cron: str
    run: Callable[[Database, datetime, bool], Awaitable[Mapping[str, Any]]]


async def enqueue_jobs(tx: Transaction, jobs: Sequence[Job]) -> None:
    """Queue all, in one statement (two where some have dedupe keys); they exist once the transaction commits."""
    plain = [job for job in jobs if job.dedupe_key is None]
    if plain:
        await _send_jobs(tx, _enqueue_sql("skip"), plain)
    # In the order of their keys, so that two transactions that share keys wait for each other one way only.
    keyed = {job.dedupe_key: job for job in reversed(jobs) if job.dedupe_key is not None}
    if keyed:
        # Touching the waiting job's row keeps it from being picked until this transaction ends.
        await _send_jobs(tx, _enqueue_sql("update_priority"), [keyed[key] for key in sorted(keyed)])


async def _send_jobs(tx: Transaction, sql: str, jobs: Sequence[Job]) -> None:
    await tx.send_positional(
        sql,
        [
            [int(job.priority) for job in jobs],
            [job_name(type(job.payload)) for job in jobs],
            [msgspec.json.encode(job.payload) for job in jobs],
            [job.delay for job in jobs],
            [job.dedupe_key for job in jobs],
            [None for _ in jobs],
        ],
    )


def read_payload(kind: type[Any], payload: bytes | None) -> Any:
    """The record a job was enqueued with."""
    return msgspec.json.decode(payload or b"{}", type=kind)


@cache
def _enqueue_sql(on_conflict: Literal["skip", "update_priority"]) -> str:
    return QueryQueueBuilder().build_enqueue_query(on_conflict)
