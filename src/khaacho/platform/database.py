"""The pool and `transaction()`, the only place that commits.

Connections are in autocommit and every transaction is opened explicitly, so nothing is ever left open by accident.
A transaction can be pipelined: statements are queued by `send` and travel together; the first answer that is awaited
brings back all of them in one round trip. SQL is plain, with named parameters; rows become the record asked for.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Generic, LiteralString, TypeVar, cast

import msgspec
import psycopg
from psycopg import AsyncConnection, AsyncCursor, AsyncRawCursor
from psycopg.rows import BaseRowFactory, dict_row, scalar_row, tuple_row
from psycopg.types.array import ListBinaryDumper
from psycopg.types.json import set_json_dumps, set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from khaacho.errors import DatabaseUnavailable
from khaacho.platform.constraints import translated

Row = TypeVar("Row")
Params = Mapping[str, Any]

POOL_WAIT_SECONDS = 10.0
# No statement of a request or a message may hold a lock longer than this; reports that need more say so themselves.
STATEMENT_TIMEOUT_MS = 15_000
IDLE_TRANSACTION_TIMEOUT_MS = 30_000
# Rows that come at once when a long table is read in portions.
STREAM_ROWS = 1_000
APP_ROLE = "khaacho_app"

set_json_dumps(lambda value: msgspec.json.encode(value).decode())
set_json_loads(msgspec.json.decode)
# Batches travel as arrays. Measured on eleven arrays of 64 rows, there and back: text 2.7 ms, binary 1.4 ms.
psycopg.adapters.register_dumper(list, ListBinaryDumper)


def record_row(into: type[Row]) -> BaseRowFactory[Row]:
    """A row factory that builds `into`, converting text to enums and JSON to nested records on the way."""

    def factory(cursor: AsyncCursor[Any]) -> Any:
        names = [column.name for column in cursor.description or ()]

        def build(values: Sequence[Any]) -> Row:
            return msgspec.convert(dict(zip(names, values, strict=True)), into)

        return build

    return cast("BaseRowFactory[Row]", factory)


class Pending(Generic[Row]):
    """An answer on its way. Awaiting any of its verbs flushes everything queued before it."""

    def __init__(self, cursor: AsyncCursor[Row]) -> None:
        self._cursor = cursor

    async def all(self) -> list[Row]:
        """Every row."""
        with translated():
            return await self._cursor.fetchall()

    async def first(self) -> Row | None:
        """The first row, or None."""
        with translated():
            return await self._cursor.fetchone()


class Transaction:
    """What domain code is handed to talk to the database. It cannot commit."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def send(self, sql: str, params: Params | None = None, *, into: type[Row]) -> Pending[Row]:
        """Queue one statement; in a pipelined transaction it does not wait for the answer."""
        return Pending(await self._run(sql, params, record_row(into)))

    async def send_values(self, sql: str, params: Params | None = None) -> Pending[Any]:
        """As `send`, for statements that answer one column."""
        return Pending(await self._run(sql, params, cast("BaseRowFactory[Any]", scalar_row)))

    async def send_only(self, sql: str, params: Params | None = None) -> None:
        """Queue one statement whose answer nobody reads; a failure surfaces at the next flush."""
        await self._run(sql, params, cast("BaseRowFactory[Any]", tuple_row))

    async def send_positional(self, sql: str, arguments: Sequence[Any]) -> None:
        """As `send_only`, for SQL that numbers its parameters ($1)."""
        with translated():
            await AsyncRawCursor(self._connection).execute(sql.encode(), arguments)

    async def all(self, sql: str, params: Params | None = None, *, into: type[Row]) -> list[Row]:
        """Every row, as `into`."""
        return await (await self.send(sql, params, into=into)).all()

    async def first(self, sql: str, params: Params | None = None, *, into: type[Row]) -> Row | None:
        """The first row as `into`, or None."""
        return await (await self.send(sql, params, into=into)).first()

    async def one(self, sql: str, params: Params | None = None, *, into: type[Row]) -> Row:
        """The one row that must be there; its absence is a fault of ours."""
        row = await self.first(sql, params, into=into)
        if row is None:
            raise LookupError("a statement that must answer one row answered none")
        return row

    async def value(self, sql: str, params: Params | None = None) -> Any:
        """The first column of the first row, or None."""
        return await (await self.send_values(sql, params)).first()

    async def values(self, sql: str, params: Params | None = None) -> list[Any]:
        """The first column of every row."""
        return await (await self.send_values(sql, params)).all()

    async def dicts(self, sql: str, params: Params | None = None) -> list[dict[str, Any]]:
        """Every row as a dictionary, for reports whose columns are the answer."""
        return await Pending(await self._run(sql, params, cast("BaseRowFactory[Any]", dict_row))).all()

    async def stream(
        self, sql: str, params: Params | None = None, *, into: type[Row]
    ) -> AsyncGenerator[list[Row], None]:
        """Every row in portions, all of one snapshot, through a cursor of the server; one at a time, in a transaction.

        For tables too long to hold: what is in memory is one portion.
        """
        with translated():
            cursor = self._connection.cursor(name="stream", row_factory=cast("Any", record_row(into)))
            async with cursor:
                await cursor.execute(sql, params)
                while portion := await cursor.fetchmany(STREAM_ROWS):
                    yield portion

    async def execute(self, sql: str, params: Params | None = None) -> int:
        """Run one statement and wait for it; answers the number of rows it touched."""
        with translated():
            cursor = await self._run(sql, params, cast("BaseRowFactory[Any]", tuple_row))
            if self._connection.pgconn.pipeline_status:
                await self._flush()
            return cursor.rowcount

    async def _flush(self) -> None:
        async with self._connection.pipeline() as pipeline:
            await pipeline.sync()

    async def _run(self, sql: str, params: Params | None, factory: BaseRowFactory[Any]) -> AsyncCursor[Any]:
        cursor: AsyncCursor[Any] = self._connection.cursor(row_factory=cast("Any", factory))
        with translated():
            await cursor.execute(sql, params)
        return cursor

    @asynccontextmanager
    async def pipeline(self) -> AsyncIterator[None]:
        """Statements sent in the block travel together; whatever is still on its way arrives when the block ends."""
        with translated():
            async with self._connection.pipeline():
                yield

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """Undo only what happens inside the block when it raises."""
        with translated():
            async with self._connection.transaction():
                yield


class Database:
    """One process's way to PostgreSQL."""

    def __init__(self, pool: AsyncConnectionPool[AsyncConnection[Any]], dsn: str) -> None:
        self._pool = pool
        self.dsn = dsn

    @classmethod
    async def open(cls, dsn: str, *, connections_max: int = 8, as_app_role: bool = True) -> Database:
        """Connect, keeping at most `connections_max` connections. Raises DatabaseUnavailable."""

        async def prepare(connection: AsyncConnection[Any]) -> None:
            await connection.execute(
                f"SET statement_timeout = {STATEMENT_TIMEOUT_MS};"
                f"SET idle_in_transaction_session_timeout = {IDLE_TRANSACTION_TIMEOUT_MS};"
                "SET timezone = 'UTC'"
            )
            if as_app_role:
                await connection.execute(_TAKE_APP_ROLE)

        pool: AsyncConnectionPool[AsyncConnection[Any]] = AsyncConnectionPool(
            dsn,
            min_size=1,
            max_size=connections_max,
            open=False,
            timeout=POOL_WAIT_SECONDS,
            kwargs={"autocommit": True, "application_name": "khaacho"},
            configure=prepare,
        )
        try:
            await pool.open(wait=True, timeout=POOL_WAIT_SECONDS)
        except PoolTimeout as error:
            await pool.close()
            raise DatabaseUnavailable from error
        return cls(pool, dsn)

    async def close(self) -> None:
        """Give every connection back and close it."""
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self, *, pipelined: bool = False) -> AsyncIterator[Transaction]:
        """One transaction: committed when the block ends, undone when it raises. The only commit there is."""
        async with self._connection() as connection:
            if pipelined:
                async with connection.pipeline(), connection.transaction():
                    yield Transaction(connection)
            else:
                async with connection.transaction():
                    yield Transaction(connection)

    @asynccontextmanager
    async def one_moment(self) -> AsyncIterator[Transaction]:
        """A transaction that only reads, and sees everything as it was at one moment: sums and rows agree."""
        async with self.transaction() as tx:
            await tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            yield tx

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """Statements that only read, each on its own snapshot, without the cost of a transaction around them."""
        async with self._connection() as connection:
            yield Transaction(connection)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection[Any]]:
        try:
            with translated():
                async with self._pool.connection() as connection:
                    yield connection
        except PoolTimeout as error:
            raise DatabaseUnavailable from error


# The role exists only where the migrating user was allowed to create it; without it the triggers still guard.
_TAKE_APP_ROLE: LiteralString = """
    SELECT set_config('role', rolname, false)
    FROM pg_roles
    WHERE rolname = 'khaacho_app' AND pg_has_role(current_user, oid, 'MEMBER')
"""

__all__ = ["APP_ROLE", "Database", "Params", "Pending", "Transaction", "psycopg", "record_row"]
