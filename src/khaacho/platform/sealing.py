"""Tamper evidence [C6]: rows that never change are sealed into a chain of SHA-256 hashes, in batches, after the fact.

Which rows are new? Ids and times of day cannot say: transactions that run side by side become visible in any order. So
each sealed table notes in `written_in` the transaction that wrote a row, and a seal takes the rows of all transactions
from where the seal before ended up to the oldest one that still runs. All of those have ended, so nothing can appear
among them any more. A long transaction holds the next seal back and is never overlooked; a reader holds back nothing.

A seal is one transaction of its own: killed in the middle, it is not there, and the next run takes the same rows. Two
that seal at once take turns by a lock, and see what the other has done. The tables themselves are only read.

What exactly is hashed is written in docs/decisions/0012-a-chain-of-seals.md, so that anybody can do it again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from time import monotonic

import msgspec
import structlog

from khaacho import clock
from khaacho.platform.database import Database, Transaction
from khaacho.platform.seals import (
    DIGEST_LENGTH,
    FORM,
    GENESIS,
    TRANSACTION_MAX,
    Seal,
    SealedTable,
    SealPart,
    root_of,
    seal_hash,
    split,
)

log = structlog.get_logger(__name__)

# Any constant that all who seal agree on; it guards nothing else.
SEAL_LOCK = 6_181_900_457
# Rows one seal aims at: about 1 MB of keys and digests, some tenths of a second.
ROWS_WANTED = 20_000
TRANSACTIONS_FIRST = 10_000
# No transaction of ours lasts longer.
WAIT_SECONDS_MAX = 60.0
WAIT_POLL_SECONDS = 0.05


class SealRun(msgspec.Struct, frozen=True, kw_only=True):
    """What one run of sealing did, and where the chain ends now."""

    seals: int
    rows: int
    number: int
    hash: bytes


class _Position(msgspec.Struct, frozen=True, kw_only=True):
    cluster_id: int
    horizon: int
    at: datetime


class _Step(msgspec.Struct, frozen=True, kw_only=True):
    """`upto` is the transaction up to which all is sealed, after taking `span`; `seal` is None without rows."""

    upto: int
    span: int
    horizon: int
    seal: Seal | None
    head: Seal | None


SEAL_COLUMNS = (
    "number, form, cluster_id, from_transaction, to_transaction, row_count, note, sealed_at, root, previous_hash, hash"
)


async def seal_rows(database: Database, tables: Sequence[SealedTable], *, note: str | None = None) -> SealRun:
    """Seal everything that transactions which have ended wrote, in seals of a bounded size, each committed by itself.

    `note` says in the seal why its rows may be dated back; see `declared`.
    """
    seals = rows = upto = 0
    span = TRANSACTIONS_FIRST
    while True:
        async with database.transaction() as tx:
            step = await _seal_next(tx, tables, after=upto, span=span, note=note)
        upto = step.upto
        made = step.seal
        if made is not None:
            seals, rows = seals + 1, rows + made.row_count
            # The log is kept elsewhere: whoever rewrites the chain from some seal on differs from what it says here.
            log.info("seal_made", number=made.number, rows=made.row_count, hash=made.hash.hex())
        if upto >= step.horizon:
            head = step.head
            return SealRun(
                seals=seals, rows=rows, number=head.number if head else 0, hash=head.hash if head else GENESIS
            )
        span = step.span if made and made.row_count >= ROWS_WANTED // 2 else step.span * 2


async def seal_everything(database: Database, tables: Sequence[SealedTable], *, note: str | None = None) -> SealRun:
    """As `seal_rows`, and waits for the transactions that run now, of any database of the server, for a while."""
    async with database.reading() as tx:
        target = int(await tx.value("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"))
    give_up_at = monotonic() + WAIT_SECONDS_MAX
    seals = rows = 0
    while True:
        async with database.reading() as tx:
            _, horizon, _ = await find_position(tx)
        run = await seal_rows(database, tables, note=note)
        seals, rows = seals + run.seals, rows + run.rows
        if horizon >= target or monotonic() >= give_up_at:
            return msgspec.structs.replace(run, seals=seals, rows=rows)
        await asyncio.sleep(WAIT_POLL_SECONDS)


@asynccontextmanager
async def declared(database: Database, tables: Sequence[SealedTable], note: str) -> AsyncIterator[None]:
    """Rows written in the block may be dated back: they are sealed apart, with a note that says so.

    For work on a clock that was moved. What was there before is sealed first, without the note.
    """
    await seal_everything(database, tables)
    try:
        yield
    finally:
        await seal_everything(database, tables, note=note)


async def find_head(tx: Transaction) -> Seal | None:
    """The newest seal."""
    return await tx.first(f"SELECT {SEAL_COLUMNS} FROM seals ORDER BY number DESC LIMIT 1", into=Seal)


async def count_unsealed(tx: Transaction, tables: Sequence[SealedTable], head: Seal | None) -> int:
    """How many rows are newer than the newest seal."""
    return await _count(tx, tables, head.to_transaction if head else 0, TRANSACTION_MAX)


async def find_position(tx: Transaction) -> tuple[int, int, datetime]:
    """Which server this is, the oldest transaction that still runs on it, and its time."""
    position = await tx.one(
        """
        SELECT system_identifier AS cluster_id, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon,
            now() AS at
        FROM pg_control_system()
        """,
        into=_Position,
    )
    return position.cluster_id, position.horizon, position.at


async def _seal_next(
    tx: Transaction, tables: Sequence[SealedTable], *, after: int, span: int, note: str | None
) -> _Step:
    await tx.execute("SELECT pg_advisory_xact_lock(%(lock)s)", {"lock": SEAL_LOCK})
    head = await find_head(tx)
    # Read before the rows: whatever ended before this statement is visible to all that follow.
    cluster_id, horizon, at = await find_position(tx)
    moved_here = head is not None and head.cluster_id != cluster_id
    if moved_here:
        since, upto = 0, horizon
        parts = await _parts_never_sealed(tx, tables)
    else:
        since = head.to_transaction if head else 0
        start = max(since, after)
        span = await _fitting_span(tx, tables, start, min(span, max(horizon - start, 0)))
        upto = start + span
        parts = await _parts(tx, tables, since, upto)
    if not parts and not moved_here:
        return _Step(upto=upto, span=max(span, 1), horizon=horizon, seal=None, head=head)
    seal = Seal(
        number=head.number + 1 if head else 1,
        form=FORM,
        cluster_id=cluster_id,
        from_transaction=since,
        to_transaction=upto,
        row_count=sum(part.row_count for part in parts),
        note=note,
        # A clock that was moved forwards must not make honest rows look dated back afterwards.
        sealed_at=min(clock.now(), at),
        root=root_of(parts),
        previous_hash=head.hash if head else GENESIS,
    )
    seal = msgspec.structs.replace(seal, hash=seal_hash(seal))
    await _insert(tx, seal, parts)
    return _Step(upto=upto, span=max(span, 1), horizon=horizon, seal=seal, head=seal)


async def _fitting_span(tx: Transaction, tables: Sequence[SealedTable], start: int, span: int) -> int:
    """Fewer transactions where they wrote far more rows than one seal aims at; counting is cheap, hashing is not."""
    while span > 1:
        rows = await _count(tx, tables, start, start + span)
        if rows <= ROWS_WANTED * 2:
            break
        span = max(1, span * ROWS_WANTED // rows)
    return span


async def _count(tx: Transaction, tables: Sequence[SealedTable], since: int, upto: int) -> int:
    within = "written_in >= %(since)s AND written_in < %(upto)s"
    counts = " + ".join(f"(SELECT count(*) FROM {one.table} WHERE {within})" for one in tables)
    return int(await tx.value(f"SELECT {counts}", {"since": since, "upto": upto}))


async def _parts(tx: Transaction, tables: Sequence[SealedTable], since: int, upto: int) -> list[SealPart]:
    if upto <= since:
        return []
    found = [await find_part(tx, one, since, upto) for one in tables]
    parts = [part for part in found if part.row_count]
    return await _without_foreign(tx, tables, parts, since, upto) if parts else []


async def find_part(tx: Transaction, sealed: SealedTable, since: int, upto: int) -> SealPart:
    """The rows that transactions from `since` up to, not including, `upto` wrote; the block range index serves this."""
    return await tx.one(
        f"""
        SELECT '{sealed.table}' AS table_name, count(*) AS row_count,
            coalesce(string_agg(row.key, ''::bytea ORDER BY row.key), '') AS keys,
            coalesce(string_agg(row.digest, ''::bytea ORDER BY row.key), '') AS digests
        FROM (
            SELECT {sealed.key_sql} AS key, {sealed.digest_sql} AS digest
            FROM {sealed.table}
            WHERE written_in >= %(since)s AND written_in < %(upto)s
        ) AS row
        """,
        {"since": since, "upto": upto},
        into=SealPart,
    )


async def _insert(tx: Transaction, seal: Seal, parts: Sequence[SealPart]) -> None:
    await tx.execute(
        f"""
        INSERT INTO seals ({SEAL_COLUMNS})
        VALUES (%(number)s, %(form)s, %(cluster_id)s, %(from_transaction)s, %(to_transaction)s, %(row_count)s, %(note)s,
            %(sealed_at)s, %(root)s, %(previous_hash)s, %(hash)s)
        """,
        msgspec.structs.asdict(seal),
    )
    for part in parts:
        await tx.execute(
            """
            INSERT INTO seal_parts (seal_number, table_name, row_count, keys, digests)
            VALUES (%(number)s, %(table_name)s, %(row_count)s, %(keys)s, %(digests)s)
            """,
            msgspec.structs.asdict(part) | {"number": seal.number},
        )


# --- after a dump was restored on another server ------------------------------------------------------------------
#
# Its transactions have other numbers, so rows that came with the dump may carry numbers that are yet to come here. The
# first seal on the new server takes every row that no seal holds; later ones leave out what older seals hold.


async def _without_foreign(
    tx: Transaction, tables: Sequence[SealedTable], parts: list[SealPart], since: int, upto: int
) -> list[SealPart]:
    numbers = await tx.values(
        """
        SELECT seal.number
        FROM seals AS seal
        LEFT JOIN seals AS before ON before.number = seal.number - 1
        WHERE seal.cluster_id <> (SELECT cluster_id FROM seals ORDER BY number DESC LIMIT 1)
                AND seal.from_transaction < %(upto)s AND seal.to_transaction > %(since)s
            OR before.cluster_id <> seal.cluster_id
        """,
        {"since": since, "upto": upto},
    )
    if not numbers:
        return parts
    held = {one.table: await find_sealed_keys(tx, one, numbers) for one in tables}
    return [kept for part in parts if (kept := _without(part, held[part.table_name])).row_count]


async def _parts_never_sealed(tx: Transaction, tables: Sequence[SealedTable]) -> list[SealPart]:
    numbers = await tx.values("SELECT number FROM seals")
    parts = []
    for one in tables:
        everything = await find_part(tx, one, 0, TRANSACTION_MAX)
        parts.append(_without(everything, await find_sealed_keys(tx, one, numbers)))
    return [part for part in parts if part.row_count]


async def find_sealed_keys(tx: Transaction, sealed: SealedTable, numbers: Sequence[int]) -> frozenset[bytes]:
    """The keys of one table that these seals hold."""
    keys = await tx.values(
        "SELECT keys FROM seal_parts WHERE table_name = %(table)s AND seal_number = ANY(%(numbers)s)",
        {"table": sealed.table, "numbers": list(numbers)},
    )
    return frozenset(key for one in keys for key in split(one, sealed.key_length))


def _without(part: SealPart, held: frozenset[bytes]) -> SealPart:
    length = len(part.keys) // part.row_count if part.row_count else 1
    kept = [
        (key, digest)
        for key, digest in zip(split(part.keys, length), split(part.digests, DIGEST_LENGTH), strict=True)
        if key not in held
    ]
    return SealPart(
        table_name=part.table_name,
        row_count=len(kept),
        keys=b"".join(key for key, _ in kept),
        digests=b"".join(digest for _, digest in kept),
    )
