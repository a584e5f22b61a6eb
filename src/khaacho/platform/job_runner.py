"""Runs the queue's jobs: sixteen at a time, urgent ones first, again after a failure, and aside after too many.

A job whose worker died is run again by another once its heartbeat is old; a job that keeps failing stays in the queue
as failed, for a person to look at, retry or discard. So a handler may be called twice and must not mind.
"""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta
from time import perf_counter

import msgspec
import psycopg
import structlog
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.executors import AbstractEntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import RetryRequested
from pgqueuer.domain.models import Context
from pgqueuer.domain.models import Job as QueuedJob

from khaacho.errors import KhaachoError
from khaacho.platform.database import Database
from khaacho.platform.metrics import JOB_SECONDS, JOBS
from khaacho.platform.queue import JobHandler, JobHandlers, JobPayload, job_name, read_payload
from khaacho.platform.queue_connection import QueueConnection, connect_for_queue

log = structlog.get_logger(__name__)

CONCURRENCY = 16
# The library takes at most half of the concurrency in one go.
BATCH_SIZE = 8
# A job is given to another worker when its own has been silent this long; a killed worker's jobs run within 30 s.
HEARTBEAT_TIMEOUT = timedelta(seconds=20)
# Notifications wake us at once; this finds what they missed.
POLL_INTERVAL = timedelta(seconds=1)

# 1, 2, 4 … s, five minutes at most: the tenth try comes about twenty minutes after the first.
ATTEMPTS_MAX = 10
RETRY_SECONDS_FIRST = 1.0
RETRY_SECONDS_MAX = 300.0
RETRY_JITTER = 0.25

RECONNECT_SECONDS_FIRST = 0.2
RECONNECT_SECONDS_MAX = 5.0


def retry_delay(attempts: int, luck: float) -> timedelta:
    """How long to wait after the given number of failures before; `luck` in [-1, 1] spreads a crowd apart."""
    seconds = min(RETRY_SECONDS_FIRST * 2.0**attempts, RETRY_SECONDS_MAX)
    return timedelta(seconds=seconds * (1 + RETRY_JITTER * luck))


async def run_jobs(database: Database, handlers: JobHandlers, stopping: asyncio.Event) -> None:
    """Run jobs until `stopping`; those in work are finished first. A lost database is waited for."""
    reconnect_seconds = RECONNECT_SECONDS_FIRST
    while not stopping.is_set():
        try:
            async with await connect_for_queue(database.dsn) as connection:
                manager = QueueManager(Queries(QueueConnection(connection, database.dsn)))
                manager.shutdown = stopping
                for payload, handler in handlers.items():
                    _register(manager, database, payload, handler)
                reconnect_seconds = RECONNECT_SECONDS_FIRST
                await manager.run(
                    dequeue_timeout=POLL_INTERVAL,
                    batch_size=BATCH_SIZE,
                    max_concurrent_tasks=CONCURRENCY,
                    heartbeat_timeout=HEARTBEAT_TIMEOUT,
                )
        except (psycopg.Error, OSError) as error:
            log.warning("queue_connection_lost", why=type(error).__name__, again_in_seconds=reconnect_seconds)
            await _pause(stopping, reconnect_seconds)
            reconnect_seconds = min(reconnect_seconds * 2, RECONNECT_SECONDS_MAX)


def _register(manager: QueueManager, database: Database, payload: type[JobPayload], handler: JobHandler) -> None:
    name = job_name(payload)

    def factory(parameters: EntrypointExecutorParameters) -> AbstractEntrypointExecutor:
        return _Runner(parameters, database, payload, handler)

    async def never_called(_job: QueuedJob) -> None:
        raise AssertionError(f"{name} runs through its executor")

    manager.entrypoint(name, on_failure="hold", executor_factory=factory)(never_called)


class _Runner(AbstractEntrypointExecutor):
    def __init__(
        self,
        parameters: EntrypointExecutorParameters,
        database: Database,
        payload: type[JobPayload],
        handler: JobHandler,
    ) -> None:
        super().__init__(parameters)
        self._database = database
        self._payload = payload
        self._handler = handler

    async def execute(self, job: QueuedJob, context: Context) -> None:
        started = perf_counter()
        payload = read_payload(self._payload, job.payload)
        with structlog.contextvars.bound_contextvars(job=job.entrypoint, job_id=job.id, **_ids_in(payload)):
            try:
                await self._handler(self._database, payload)
            except Exception as failure:
                self._give_up_or_retry(job, failure)
            else:
                JOBS.labels(job.entrypoint, "done").inc()
                log.debug("job_done", milliseconds=round((perf_counter() - started) * 1000, 1))
            finally:
                JOB_SECONDS.labels(job.entrypoint).observe(perf_counter() - started)

    def _give_up_or_retry(self, job: QueuedJob, failure: Exception) -> None:
        if job.attempts + 1 >= ATTEMPTS_MAX:
            JOBS.labels(job.entrypoint, "failed").inc()
            log.error("job_failed", attempts=job.attempts + 1, exc_info=failure)
            raise failure
        delay = retry_delay(job.attempts, random.uniform(-1, 1))
        JOBS.labels(job.entrypoint, "retried").inc()
        # A refusal of ours speaks for itself; anything else is worth its traceback.
        trace = None if isinstance(failure, KhaachoError) else failure
        log.warning(
            "job_will_be_retried",
            attempts=job.attempts + 1,
            why=getattr(failure, "code", type(failure).__name__),
            seconds=round(delay.total_seconds(), 1),
            exc_info=trace,
        )
        raise RetryRequested(delay=delay, reason=type(failure).__name__) from failure


def _ids_in(payload: JobPayload) -> dict[str, str]:
    return {name: str(value) for name, value in msgspec.structs.asdict(payload).items() if name.endswith("_id")}


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), seconds)
    except TimeoutError:
        pass
