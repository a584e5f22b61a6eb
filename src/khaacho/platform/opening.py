"""How a process comes to its database: the one of DATABASE_URL, or the embedded one where that is empty."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from psycopg import AsyncConnection

from khaacho.platform.constraints import translated
from khaacho.platform.database import Database
from khaacho.platform.embedded import start_embedded, stop_embedded
from khaacho.platform.migrate import migrate
from khaacho.settings import Settings

CONNECT_SECONDS_MAX = 5


@contextmanager
def reachable_database(settings: Settings, *, migrated: bool = True) -> Iterator[str]:
    """The address of the database for as long as the block runs.

    The embedded one is ours alone, so it is brought up to date as it is opened; one that is given is changed only by
    `khaacho migrate`, because others may be running on it.
    """
    if settings.database_url:
        yield settings.database_url
        return
    dsn = start_embedded(settings.data_dir).dsn
    try:
        if migrated:
            migrate(dsn)
        yield dsn
    finally:
        stop_embedded(settings.data_dir)


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncIterator[Database]:
    """An open `Database` for as long as the block runs. Raises DatabaseUnavailable, EmbeddedServerError."""
    # Starting a server takes most of a second, in which the event loop has better things to do.
    reachable = reachable_database(settings)
    dsn = await asyncio.to_thread(reachable.__enter__)
    try:
        database = await Database.open(dsn, connections_max=settings.database_connections)
        try:
            yield database
        finally:
            await database.close()
    finally:
        await asyncio.to_thread(reachable.__exit__, None, None, None)


async def require_database(dsn: str) -> None:
    """Raises DatabaseUnavailable when nobody answers at this address."""
    with translated():
        connection = await AsyncConnection.connect(dsn, connect_timeout=CONNECT_SECONDS_MAX)
        await connection.close()
