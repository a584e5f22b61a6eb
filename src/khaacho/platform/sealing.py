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

import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import msgspec
import structlog

from khaacho import clock
from khaacho.platform.database import Database, Transaction

log = structlog.get_logger(__name__)

# Any constant that all who seal agree on; it guards nothing else.
SEAL_LOCK = 6_181_900_457
# How a row is written before it is hashed. A sealed table with another column needs another form beside this one.
FORM = 1
GENESIS = bytes(32)
DIGEST_LENGTH = 32
TRANSACTION_MAX = 2**63 - 1
# Rows one seal aims at: about 1 MB of keys and digests, some tenths of a second.
ROWS_WANTED = 20_000
TRANSACTIONS_FIRST = 10_000


class SealedTable(msgspec.Struct, frozen=True, kw_only=True):
    """An append-only table with the columns `written_in` and `created_at`.

    `columns` are hashed in this order, those in `moments` as microseconds since 1970. The key is uuids, and whole
    numbers where it says so.
    """

    table: str
    columns: tuple[str, ...]
    moments: frozenset[str]
    key: tuple[str, ...] = ("id",)
    counted: frozenset[str] = frozenset()

    @property
    def key_length(self) -> int:
        return sum(8 if name in self.counted else 16 for name in self.key)

    @property
    def key_sql(self) -> str:
        """The key as bytes, in the order of the key."""
        return " || ".join(f"{'int8send' if name in self.counted else 'uuid_send'}({name})" for name in self.key)

    @property
    def text_sql(self) -> str:
        """The row as it is hashed: a JSON array."""
        written = [
            f"(extract(epoch FROM {name}) * 1000000)::bigint" if name in self.moments else name for name in self.columns
        ]
        return f"json_build_array({', '.join(written)})::text"

    @property
    def digest_sql(self) -> str:
        return f"sha256(convert_to({self.text_sql}, 'UTF8'))"


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """One link of the chain."""

    number: int
    form: int
    cluster_id: int
    from_transaction: int
    to_transaction: int
    row_count: int
    note: str | None
    sealed_at: datetime
    root: bytes
    previous_hash: bytes
    hash: bytes = b""


class SealPart(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of one table in a seal; keys and digests lie one after the other."""

    table_name: str
    row_count: int
    keys: bytes
    digests: bytes


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
    """`upto` is the transaction up to which all is sealed; `seal` what was made, None where there were no rows."""

    upto: int
    horizon: int
    seal: Seal | None
    head: Seal | None


SEAL_COLUMNS = (
    "number, form, cluster_id, from_transaction, to_transaction, row_count, note, sealed_at, root, previous_hash, hash"
)


def seal_hash(seal: Seal) -> bytes:
    """The hash of a seal: over everything it says and the hash of the one before."""
    said = [
        seal.number,
        seal.form,
        seal.cluster_id,
        seal.from_transaction,
        seal.to_transaction,
        seal.row_count,
        seal.note,
        (seal.sealed_at - datetime(1970, 1, 1, tzinfo=seal.sealed_at.tzinfo)) // timedelta(microseconds=1),
        seal.root.hex(),
        seal.previous_hash.hex(),
    ]
    return hashlib.sha256(msgspec.json.encode(said)).digest()


def root_of(parts: Sequence[SealPart]) -> bytes:
    """One hash for all rows of a seal: the parts in the order of their tables' names, each with its length."""
    whole = hashlib.sha256()
    for part in sorted(parts, key=lambda one: one.table_name):
        whole.update(part.table_name.encode() + b"\0" + part.row_count.to_bytes(8, "big"))
        whole.update(part.keys)
        whole.update(part.digests)
    return whole.digest()


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
        found = made.row_count if made else 0
        if found < ROWS_WANTED // 2:
            span *= 2
        elif found > ROWS_WANTED * 2:
            span = max(1, span // 2)


@asynccontextmanager
async def declared(database: Database, tables: Sequence[SealedTable], note: str) -> AsyncIterator[None]:
    """Rows written in the block may be dated back: they are sealed apart, with a note that says so.

    For work on a clock that was moved. What was there before is sealed first, without the note.
    """
    await seal_rows(database, tables)
    try:
        yield
    finally:
        await seal_rows(database, tables, note=note)


async def find_head(tx: Transaction) -> Seal | None:
    """The newest seal."""
    return await tx.first(f"SELECT {SEAL_COLUMNS} FROM seals ORDER BY number DESC LIMIT 1", into=Seal)


async def count_unsealed(tx: Transaction, tables: Sequence[SealedTable], head: Seal | None) -> int:
    """How many rows are newer than the newest seal."""
    upto = head.to_transaction if head else 0
    counts = " + ".join(f"(SELECT count(*) FROM {one.table} WHERE written_in >= %(upto)s)" for one in tables)
    return int(await tx.value(f"SELECT {counts}", {"upto": upto}))


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
        upto = min(max(since, after) + span, horizon)
        parts = await _parts(tx, tables, since, upto)
    if not parts and not moved_here:
        return _Step(upto=max(upto, after), horizon=horizon, seal=None, head=head)
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
    return _Step(upto=upto, horizon=horizon, seal=seal, head=seal)


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


def split(joined: bytes, length: int) -> list[bytes]:
    """What was laid one after the other, apart again."""
    return [joined[start : start + length] for start in range(0, len(joined), length)]


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
