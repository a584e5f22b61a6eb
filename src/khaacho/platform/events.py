"""Upward talk: a domain publishes what happened inside its transaction and learns nothing of who listens.

The worker hands each event to its subscribers, each in a transaction of its own together with a mark that it was
handed over, so every subscriber's effect happens exactly once however often the job is run.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.ids import new_id
from khaacho.platform.database import Database, Transaction
from khaacho.platform.queue import Job, JobPayload, Priority, enqueue_jobs


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened. Subclasses carry ids and figures, never whole rows."""


E = TypeVar("E", bound=Event)
Subscriber = Callable[[Transaction, Any], Awaitable[None]]
Subscribers = Mapping[type[Event], Sequence[Subscriber]]


class DeliverEvent(JobPayload, frozen=True, kw_only=True):
    """Hand one event to everyone who subscribed to its kind."""

    event_id: UUID
    kind: str
    body: msgspec.Raw


def event_job(event: Event, *, delay: timedelta = timedelta(0)) -> Job:
    """The job that delivers `event`, for those who enqueue several jobs in one statement."""
    payload = DeliverEvent(event_id=new_id(), kind=type(event).__name__, body=msgspec.Raw(msgspec.json.encode(event)))
    return Job(payload=payload, delay=delay, priority=Priority.HIGH)


async def publish(tx: Transaction, events: Sequence[Event]) -> None:
    """Publish with the transaction: delivered if and only if it commits."""
    await enqueue_jobs(tx, [event_job(event) for event in events])


async def deliver(database: Database, subscribers: Subscribers, delivery: DeliverEvent) -> None:
    """Run every subscriber that has not had this event yet. Raises the first failure, after trying all."""
    kind = next((kind for kind in subscribers if kind.__name__ == delivery.kind), None)
    if kind is None:
        return
    event = msgspec.json.decode(delivery.body, type=kind)
    failures: list[Exception] = []
    for subscriber in subscribers[kind]:
        try:
            async with database.transaction() as tx:
                if await _claim(tx, delivery.event_id, subscriber):
                    await subscriber(tx, event)
        except Exception as failure:
            failures.append(failure)
    if failures:
        raise failures[0]


async def _claim(tx: Transaction, event_id: UUID, subscriber: Subscriber) -> bool:
    name = f"{subscriber.__module__}.{getattr(subscriber, '__qualname__', type(subscriber).__name__)}"
    claimed = await tx.execute(
        """
        INSERT INTO event_deliveries (event_id, subscriber, delivered_at)
        VALUES (%(event)s, %(name)s, %(now)s)
        ON CONFLICT DO NOTHING
        """,
        {"event": event_id, "name": name, "now": clock.now()},
    )
    return claimed == 1
