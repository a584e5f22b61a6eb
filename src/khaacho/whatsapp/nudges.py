"""The two jobs of the channel. They only nudge: the inbox and the outbox are the truth."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from khaacho.platform.database import Transaction
from khaacho.platform.queue import Job, JobPayload, Priority, enqueue_jobs


class DrainContact(JobPayload, frozen=True, kw_only=True):
    """Work what this contact wrote, in order.

    Enqueued once per message and never deduplicated: a nudge skipped because an equal one is just finishing would be
    a nudge lost, while one too many finds nothing to do.
    """

    contact_id: UUID


class SendMessages(JobPayload, frozen=True, kw_only=True):
    """Send what waits for this contact, in order."""

    contact_id: UUID


async def nudge_drain(tx: Transaction, contact_ids: Sequence[UUID], *, delay: timedelta = timedelta(0)) -> None:
    """Have the messages of these contacts worked."""
    await enqueue_jobs(
        tx, [Job(payload=DrainContact(contact_id=one), delay=delay, priority=Priority.HIGH) for one in contact_ids]
    )


async def nudge_send(tx: Transaction, contact_ids: Sequence[UUID], *, delay: timedelta = timedelta(0)) -> None:
    """Have the messages waiting for these contacts sent."""
    await enqueue_jobs(
        tx, [Job(payload=SendMessages(contact_id=one), delay=delay, priority=Priority.HIGH) for one in contact_ids]
    )
