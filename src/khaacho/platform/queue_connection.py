"""The queue's two connections: one that works, one that only listens.

On a single connection every statement would wait for the listening to pause, up to a second at a time. Listening is
a convenience: when its connection is lost (or a pooler between us and the database swallows notifications) it is
made anew, and until then the queue is found by polling.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

import psycopg
import structlog
from pgqueuer.core.tm import TaskManager
from pgqueuer.ports.driver import Driver, NotifyCallback
from psycopg import AsyncConnection, AsyncRawCursor, sql
from psycopg.rows import DictRow, dict_row

log = structlog.get_logger(__name__)

RELISTEN_SECONDS = 2.0
# Seconds of silence before the other end is asked, between two askings, and how many may stay unanswered.
KEEP_ALIVE: dict[str, Any] = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}


async def connect_for_queue(dsn: str) -> AsyncConnection[Any]:
    """A connection in autocommit whose loss is noticed within half a minute even when nothing is sent."""
    return await AsyncConnection.connect(dsn, autocommit=True, application_name="khaacho queue", **KEEP_ALIVE)


class QueueConnection(Driver):
    """What the queue library talks through. The caller opens and closes `connection`; the listener is our own."""

    def __init__(self, connection: AsyncConnection[Any], dsn: str) -> None:
        self._connection = connection
        self._dsn = dsn
        self._shutdown = asyncio.Event()
        self._tasks = TaskManager()

    @property
    def shutdown(self) -> asyncio.Event:
        return self._shutdown

    @property
    def tm(self) -> TaskManager:
        return self._tasks

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        cursor: AsyncRawCursor[DictRow] = AsyncRawCursor(self._connection, row_factory=dict_row)
        await cursor.execute(query.encode(), args or None)
        return cast("list[dict[str, object]]", await cursor.fetchall())

    async def execute(self, query: str, *args: object) -> str:
        cursor = AsyncRawCursor(self._connection)
        await cursor.execute(query.encode(), args or None)
        return cursor.statusmessage or ""

    async def notify(self, channel: str, payload: str) -> None:
        await self.execute("SELECT pg_notify($1, $2)", channel, payload)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        self._tasks.add(asyncio.create_task(self._listen(channel, callback)))

    async def __aenter__(self) -> QueueConnection:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._shutdown.set()
        for task in list(self._tasks.tasks):
            task.cancel()
        await self._tasks.gather_tasks()

    async def _listen(self, channel: str, callback: NotifyCallback) -> None:
        while not self._shutdown.is_set():
            try:
                async with await connect_for_queue(self._dsn) as connection:
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                    async for notification in connection.notifies():
                        callback(notification.payload)
            except (psycopg.Error, OSError) as error:
                log.warning("queue_listener_lost", why=type(error).__name__, again_in_seconds=RELISTEN_SECONDS)
                await asyncio.sleep(RELISTEN_SECONDS)
