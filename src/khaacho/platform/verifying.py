"""Proving that nothing sealed was changed since [C6]: the chain link by link, then the rows each link speaks of.

Rows and seals are read, never repaired. The first break is named by table and id, with what happened to it: changed,
deleted, or inserted where everything was sealed already. A row that says it is older than the seal before its own, by
more than clocks and transactions can differ, counts as inserted: it claims a past in which it was not there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from khaacho.platform.database import Database, Transaction
from khaacho.platform.sealing import SEAL_COLUMNS, count_unsealed, find_part, find_position, find_sealed_keys
from khaacho.platform.seals import (
    DIGEST_LENGTH,
    GENESIS,
    TRANSACTION_MAX,
    Seal,
    SealedTable,
    SealPart,
    root_of,
    seal_hash,
    split,
)

# Longer than any transaction of ours may last, and more than clocks of two machines may differ.
DATED_BACK_AFTER = timedelta(minutes=10)
BREACHES_SHOWN_MAX = 20


class What(StrEnum):
    CHANGED = "changed"
    DELETED = "deleted"
    INSERTED = "inserted"


class Breach(msgspec.Struct, frozen=True, kw_only=True):
    """One row that is not what was sealed. `now` is the row as it stands, where it does."""

    seal: int
    table: str
    key: str
    what: What
    why: str
    now: str | None = None

    def __str__(self) -> str:
        said = f"{self.table} {self.key} was {self.what}: {self.why} (seal {self.seal})"
        return said if self.now is None else f"{said}; it now says {self.now}"


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What was found. `rows` were compared with `seals`, out of `seals_made`; `unsealed` are newer than the last."""

    seals_made: int
    seals: int
    rows: int
    unsealed: int
    number: int
    hash: bytes
    sealed_at: datetime | None
    breaches: tuple[Breach, ...]

    @property
    def holds(self) -> bool:
        return not self.breaches


Chosen = Callable[[int, int], bool]


def every_seal(number: int, newest: int) -> bool:
    """Compare all rows."""
    return True


async def verify_chain(
    database: Database,
    tables: Sequence[SealedTable],
    *,
    chosen: Chosen = every_seal,
    known: Mapping[int, bytes] | None = None,
) -> Verdict:
    """Every link of the chain, and the rows of each seal for which `chosen(its number, the newest)` holds.

    `known` are hashes noted elsewhere, by number: a chain that was cut off or made anew differs from them. Stops after
    a few breaches; the first is the one to look at.
    """
    async with database.reading() as tx:
        seals = await tx.all(f"SELECT {SEAL_COLUMNS} FROM seals ORDER BY number", into=Seal)
        breaches = [*_broken_links(seals), *_unlike_known(seals, known or {})]
        breaches += await _parts_without_seal(tx)
    newest = seals[-1].number if seals else 0
    comparing = _Comparing(database, tables, restored=len({seal.cluster_id for seal in seals}) > 1)
    looked = 0
    for before, seal in zip([None, *seals], seals, strict=False):
        if len(breaches) >= BREACHES_SHOWN_MAX:
            break
        if chosen(seal.number, newest):
            breaches += await comparing.compare(seal, before)
            looked += 1
    unsealed, dated_back = await comparing.look_beyond(seals[-1] if seals else None)
    breaches += dated_back
    return Verdict(
        seals_made=len(seals),
        seals=looked,
        rows=comparing.rows,
        unsealed=unsealed,
        number=newest,
        hash=seals[-1].hash if seals else GENESIS,
        sealed_at=seals[-1].sealed_at if seals else None,
        breaches=tuple(sorted(breaches, key=lambda one: one.seal)[:BREACHES_SHOWN_MAX]),
    )


# --- links --------------------------------------------------------------------------------------------------------


def _broken_links(seals: Sequence[Seal]) -> list[Breach]:
    breaches: list[Breach] = []
    number, previous, upto, cluster = 0, GENESIS, 0, None
    for seal in seals:
        number += 1
        if seal.number != number:
            missing = str(number) if seal.number == number + 1 else f"{number} to {seal.number - 1}"
            breaches.append(_of_seal(number, missing, What.DELETED, f"seal {seal.number} follows"))
        elif seal.previous_hash != previous:
            breaches.append(_of_seal(number, str(number), What.CHANGED, "it does not follow from the one before"))
        elif seal.from_transaction != (upto if seal.cluster_id == cluster else 0):
            breaches.append(_of_seal(number, str(number), What.CHANGED, "it does not begin where the one before ends"))
        if seal_hash(seal) != seal.hash:
            breaches.append(_of_seal(seal.number, str(seal.number), What.CHANGED, "its hash is not of what it says"))
        number, previous, upto, cluster = seal.number, seal.hash, seal.to_transaction, seal.cluster_id
    return breaches


def _unlike_known(seals: Sequence[Seal], known: Mapping[int, bytes]) -> list[Breach]:
    made = {seal.number: seal.hash for seal in seals}
    breaches = []
    for number, noted in sorted(known.items()):
        if number not in made:
            breaches.append(_of_seal(number, str(number), What.DELETED, "it was noted when it was made"))
        elif made[number] != noted:
            breaches.append(_of_seal(number, str(number), What.CHANGED, f"its hash was noted as {noted.hex()}"))
    return breaches


async def _parts_without_seal(tx: Transaction) -> list[Breach]:
    numbers = await tx.values(
        """
        SELECT DISTINCT part.seal_number
        FROM seal_parts AS part
        WHERE NOT EXISTS (SELECT FROM seals WHERE seals.number = part.seal_number)
        ORDER BY part.seal_number
        """
    )
    return [_of_seal(number, str(number), What.DELETED, "its parts are still there") for number in numbers]


def _of_seal(seal: int, key: str, what: What, why: str) -> Breach:
    return _breach(seal, "seals", key, what, why)


# --- rows ---------------------------------------------------------------------------------------------------------


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    key: bytes
    digest: bytes
    text: str


class _Comparing:
    """Compares seals with the rows there are, one after the other.

    `restored`: the chain goes on from another server's, so that the range of a seal may hold rows of other seals.
    """

    def __init__(self, database: Database, tables: Sequence[SealedTable], *, restored: bool) -> None:
        self._database = database
        self._tables = tables
        self._restored = restored
        self._sealed_keys: dict[str, frozenset[bytes]] = {}
        self.rows = 0

    async def compare(self, seal: Seal, before: Seal | None) -> list[Breach]:
        """What differs between a seal and its rows."""
        async with self._database.reading() as tx:
            parts = await tx.all(
                "SELECT table_name, row_count, keys, digests FROM seal_parts WHERE seal_number = %(number)s",
                {"number": seal.number},
                into=SealPart,
            )
            if root_of(parts) != seal.root or sum(part.row_count for part in parts) != seal.row_count:
                why = "the list of its rows is not the one that was sealed"
                return [_breach(seal.number, "seal_parts", str(seal.number), What.CHANGED, why)]
            by_table = {part.table_name: part for part in parts}
            breaches: list[Breach] = []
            for one in self._tables:
                listed = _by_key(by_table.get(one.table) or _no_rows(one), one)
                breaches += await self._compare_table(tx, one, seal, listed)
                if before is not None and seal.note is None:
                    breaches += await self._dated_back(tx, one, seal, before, listed)
            self.rows += seal.row_count
            return breaches

    async def look_beyond(self, head: Seal | None) -> tuple[int, list[Breach]]:
        """How many rows are newer than the newest seal, and those among them that claim to be older."""
        async with self._database.reading() as tx:
            cluster_id, _, _ = await find_position(tx)
            if head is None or not (self._restored or head.cluster_id != cluster_id):
                unsealed = await count_unsealed(tx, self._tables, head)
                return unsealed, [] if head is None else await self._unsealed_dated_back(tx, head)
            # What came with a dump has numbers of another server: only the keys tell what is sealed.
            since = head.to_transaction if head.cluster_id == cluster_id else 0
            unsealed = 0
            for one in self._tables:
                found = _by_key(await find_part(tx, one, since, TRANSACTION_MAX), one)
                unsealed += len(found.keys() - await self._keys_of(tx, one))
            return unsealed, []

    async def _compare_table(
        self, tx: Transaction, sealed: SealedTable, seal: Seal, listed: dict[bytes, bytes]
    ) -> list[Breach]:
        there = _by_key(await find_part(tx, sealed, seal.from_transaction, seal.to_transaction), sealed)
        if there == listed:
            return []
        missing = [key for key in listed if there.get(key) != listed[key]]
        extra = [key for key in there if key not in listed and key not in await self._keys_of(tx, sealed)]
        standing = {row.key: row for row in await _find_rows(tx, sealed, [*missing, *extra])}
        breaches: list[Breach] = []
        for key in sorted([*missing, *extra]):
            row = standing.get(key)
            if key not in listed:
                what, why = What.INSERTED, "everything of its time was sealed without it"
            elif row is None:
                what, why = What.DELETED, "it was sealed and is gone"
            elif row.digest != listed[key]:
                what, why = What.CHANGED, "it does not say what it said when it was sealed"
            else:
                # It came with a dump, from a server where its transaction had another number.
                continue
            now = row.text if row else None
            breaches.append(_breach(seal.number, sealed.table, show_key(key, sealed), what, why, now))
        return breaches

    async def _dated_back(
        self, tx: Transaction, sealed: SealedTable, seal: Seal, before: Seal, listed: dict[bytes, bytes]
    ) -> list[Breach]:
        limit = before.sealed_at - DATED_BACK_AFTER
        rows = await _find_older(tx, sealed, seal.from_transaction, seal.to_transaction, limit)
        return [_claiming(seal.number, sealed, row) for row in rows if row.key in listed]

    async def _unsealed_dated_back(self, tx: Transaction, head: Seal) -> list[Breach]:
        limit = head.sealed_at - DATED_BACK_AFTER
        return [
            _claiming(head.number + 1, one, row)
            for one in self._tables
            for row in await _find_older(tx, one, head.to_transaction, TRANSACTION_MAX, limit)
        ]

    async def _keys_of(self, tx: Transaction, sealed: SealedTable) -> frozenset[bytes]:
        """Every key of a table that any seal holds: a row may lie in the range of a seal that is not its own."""
        if sealed.table not in self._sealed_keys:
            numbers = await tx.values("SELECT number FROM seals")
            self._sealed_keys[sealed.table] = await find_sealed_keys(tx, sealed, numbers)
        return self._sealed_keys[sealed.table]


async def _find_rows(tx: Transaction, sealed: SealedTable, keys: Sequence[bytes]) -> list[_Row]:
    if not keys:
        return []
    columns = [(f"%({name})s::bigint[]" if name in sealed.counted else f"%({name})s::uuid[]") for name in sealed.key]
    wanted = {name: [_key_values(key, sealed)[name] for key in keys] for name in sealed.key}
    return await tx.all(
        f"""
        SELECT {sealed.key_sql} AS key, {sealed.digest_sql} AS digest, {sealed.text_sql} AS text
        FROM {sealed.table}
        WHERE ({", ".join(sealed.key)}) IN (SELECT * FROM unnest({", ".join(columns)}))
        """,
        wanted,
        into=_Row,
    )


async def _find_older(tx: Transaction, sealed: SealedTable, since: int, upto: int, limit: datetime) -> list[_Row]:
    return await tx.all(
        f"""
        SELECT {sealed.key_sql} AS key, {sealed.digest_sql} AS digest, {sealed.text_sql} AS text
        FROM {sealed.table}
        WHERE written_in >= %(since)s AND written_in < %(upto)s AND created_at < %(limit)s
        ORDER BY 1
        """,
        {"since": since, "upto": upto, "limit": limit},
        into=_Row,
    )


def _claiming(number: int, sealed: SealedTable, row: _Row) -> Breach:
    why = "it is dated back, to before a seal that does not hold it"
    return _breach(number, sealed.table, show_key(row.key, sealed), What.INSERTED, why, row.text)


def _breach(seal: int, table: str, key: str, what: What, why: str, now: str | None = None) -> Breach:
    return Breach(seal=seal, table=table, key=key, what=what, why=why, now=now)


def _no_rows(sealed: SealedTable) -> SealPart:
    return SealPart(table_name=sealed.table, row_count=0, keys=b"", digests=b"")


def _by_key(part: SealPart, sealed: SealedTable) -> dict[bytes, bytes]:
    return dict(zip(split(part.keys, sealed.key_length), split(part.digests, DIGEST_LENGTH), strict=True))


def _key_values(key: bytes, sealed: SealedTable) -> dict[str, UUID | int]:
    values: dict[str, UUID | int] = {}
    for name in sealed.key:
        length = 8 if name in sealed.counted else 16
        taken, key = key[:length], key[length:]
        values[name] = int.from_bytes(taken, "big") if name in sealed.counted else UUID(bytes=taken)
    return values


def show_key(key: bytes, sealed: SealedTable) -> str:
    """The key as people look it up: the id, or the account and the number of its entry."""
    return " ".join(str(value) for value in _key_values(key, sealed).values())
