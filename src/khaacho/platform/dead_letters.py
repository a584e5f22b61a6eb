"""The queue as people see it: what waits, what runs, what failed for good, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from khaacho.actors import Actor
from khaacho.errors import NotFound
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction

SHOWN_MAX = 200


class JobState(StrEnum):
    """`failed` jobs are the dead letters: tried as often as a job is tried, and left for a person."""

    QUEUED = "queued"
    PICKED = "picked"
    FAILED = "failed"

    @classmethod
    def _missing_(cls, value: object) -> JobState | None:
        # The queue's own words are small; every other state of the product is written in capitals.
        return next((state for state in cls if state.value == str(value).lower()), None)


class QueuedJob(msgspec.Struct, frozen=True, kw_only=True):
    """One job. `payload` is what it was told (ids), `error` what stopped it last."""

    id: int
    name: str
    state: JobState
    priority: int
    attempts: int
    created_at: datetime
    run_after: datetime
    payload: str
    error: str | None


async def find_jobs(tx: Transaction, state: JobState, *, limit: int = SHOWN_MAX) -> list[QueuedJob]:
    """The jobs in this state, oldest first."""
    return await tx.all(
        """
        SELECT job.id, job.entrypoint AS name, job.status::text AS state, job.priority, job.attempts,
            job.created AS created_at, job.execute_after AS run_after,
            convert_from(coalesce(job.payload, ''), 'UTF8') AS payload, last.error
        FROM pgqueuer AS job
        LEFT JOIN LATERAL (
            SELECT log.traceback ->> 'exception_message' AS error
            FROM pgqueuer_log AS log
            WHERE log.job_id = job.id AND log.traceback IS NOT NULL
            ORDER BY log.id DESC
            LIMIT 1
        ) AS last ON true
        WHERE job.status = %(state)s::pgqueuer_status
        ORDER BY job.id
        LIMIT %(limit)s
        """,
        {"state": state, "limit": limit},
        into=QueuedJob,
    )


def payload_ids(job: QueuedJob) -> dict[str, str]:
    """What a job is about: the ids it was told, and of an event its kind and ids; words and codes stay inside."""
    try:
        told = msgspec.json.decode(job.payload or "{}")
    except msgspec.DecodeError:
        return {}
    inner = told.get("body")
    about = {name: str(value) for name, value in told.items() if name.endswith("_id") or name == "kind"}
    if isinstance(inner, dict):
        about |= {name: str(value) for name, value in inner.items() if name.endswith("_id")}
    return about


async def retry_failed_jobs(tx: Transaction, actor: Actor, *, ids: Sequence[int], reason: str | None) -> None:
    """Queue failed jobs again, with all their tries. Raises NotFound unless every one is a failed job."""
    retried = await tx.all(
        """
        WITH retried AS (
            UPDATE pgqueuer
            SET status = 'queued', attempts = 0, execute_after = now(), updated = now(), queue_manager_id = NULL
            WHERE id = ANY(%(ids)s) AND status = 'failed'
            RETURNING id, entrypoint, priority
        ), logged AS (
            INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority)
            SELECT id, 'queued', entrypoint, priority FROM retried
        )
        SELECT id, entrypoint AS name FROM retried
        """,
        {"ids": list(ids)},
        into=_Touched,
    )
    await _finish(tx, actor, "JOB_RETRIED", ids, retried, reason)


async def discard_failed_jobs(tx: Transaction, actor: Actor, *, ids: Sequence[int], reason: str | None) -> None:
    """Take failed jobs out of the queue for good. Raises NotFound unless every one is a failed job."""
    discarded = await tx.all(
        """
        WITH discarded AS (
            DELETE FROM pgqueuer WHERE id = ANY(%(ids)s) AND status = 'failed' RETURNING id, entrypoint, priority
        ), logged AS (
            INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority)
            SELECT id, 'deleted', entrypoint, priority FROM discarded
        )
        SELECT id, entrypoint AS name FROM discarded
        """,
        {"ids": list(ids)},
        into=_Touched,
    )
    await _finish(tx, actor, "JOB_DISCARDED", ids, discarded, reason)


class _Touched(msgspec.Struct, frozen=True, kw_only=True):
    id: int
    name: str


async def _finish(
    tx: Transaction, actor: Actor, action: str, ids: Sequence[int], touched: Sequence[_Touched], reason: str | None
) -> None:
    if len(touched) != len(set(ids)):
        raise NotFound(what="failed job")
    await record_audit(
        tx,
        actor,
        [
            # The queue numbers its jobs; the audit's subjects are UUIDs, so the number is written as one.
            AuditEntry(
                action=action, subject_kind="job", subject_id=UUID(int=job.id), reason=reason, old={"job": job.name}
            )
            for job in touched
        ],
    )
