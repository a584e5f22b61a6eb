"""What a seal is, and what exactly is hashed [C6]. Pure: rows become bytes and hashes here, and nowhere else."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

# How a row is written before it is hashed. A sealed table with another column needs another form beside this one.
FORM = 1
GENESIS = bytes(32)
DIGEST_LENGTH = 32
TRANSACTION_MAX = 2**63 - 1


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


def split(joined: bytes, length: int) -> list[bytes]:
    """What was laid one after the other, apart again."""
    return [joined[start : start + length] for start in range(0, len(joined), length)]
