"""Durable keys for everything that may arrive twice: key, request hash and outcome, in the transaction of the effect.

Refusals are not stored: they changed nothing, so the same key may succeed later. Two requests with one key that race
meet on the primary key; the later one waits for the first to commit and then answers the stored outcome.

Keys are thrown away after a month (`housekeeping`). From then on one is a new request, except where what was done under
it still has its key, as orders have: those answer IDEMPOTENCY_KEY_EXPIRED rather than being placed again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import msgspec
from psycopg.types.json import Jsonb

from khaacho import clock
from khaacho.errors import IdempotencyKeyRequired, IdempotencyKeyReused, LockTimeout, RequestInProgress
from khaacho.platform.database import Database, Pending, Transaction

Outcome = TypeVar("Outcome")

KEY_LENGTH_MAX = 200
# How long a second request with the same key waits for the first before it is told to come back.
IN_PROGRESS_WAIT_MS = 2_000


class StoredOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What was answered the first time, as JSON."""

    key: str
    request_hash: bytes
    outcome: msgspec.Raw


class _Row(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    request_hash: bytes
    outcome: str


def checked_key(key: str | None) -> str:
    """The header's value. Raises IdempotencyKeyRequired when it is missing, empty or too long."""
    if not key or not key.strip() or len(key) > KEY_LENGTH_MAX:
        raise IdempotencyKeyRequired
    return key


def hash_request(*parts: bytes | str) -> bytes:
    """SHA-256 of what was asked, to tell a repetition from another request under the same key."""
    digest = hashlib.sha256()
    for part in parts:
        encoded = part.encode() if isinstance(part, str) else part
        digest.update(len(encoded).to_bytes(8, "big") + encoded)
    return digest.digest()


async def send_find_outcomes(tx: Transaction, scope: str, keys: Sequence[str]) -> Pending[_Row]:
    """Queue the look-up of stored outcomes for `keys`."""
    return await tx.send(
        """
        SELECT key, request_hash, outcome::text AS outcome
        FROM idempotency_keys
        WHERE scope = %(scope)s AND key = ANY(%(keys)s)
        """,
        {"scope": scope, "keys": list(keys)},
        into=_Row,
    )


async def read_outcomes(pending: Pending[_Row]) -> dict[str, StoredOutcome]:
    """The stored outcomes by key."""
    return {
        row.key: StoredOutcome(key=row.key, request_hash=row.request_hash, outcome=msgspec.Raw(row.outcome.encode()))
        for row in await pending.all()
    }


async def store_outcomes(tx: Transaction, scope: str, outcomes: Sequence[tuple[str, bytes, msgspec.Struct]]) -> None:
    """Write (key, request hash, outcome) for all in one statement. A key that exists fails the transaction."""
    if not outcomes:
        return
    # In the order of their keys, so that two processes with the same keys wait for each other one way only.
    outcomes = sorted(outcomes, key=lambda stored: stored[0])
    await tx.send_only(
        """
        INSERT INTO idempotency_keys (scope, key, request_hash, outcome, created_at)
        SELECT %(scope)s, o.key, o.request_hash, o.outcome, %(now)s
        FROM unnest(%(keys)s::text[], %(hashes)s::bytea[], %(outcomes)s::jsonb[]) AS o (key, request_hash, outcome)
        """,
        {
            "scope": scope,
            "keys": [key for key, _, _ in outcomes],
            "hashes": [request_hash for _, request_hash, _ in outcomes],
            "outcomes": [Jsonb(outcome) for _, _, outcome in outcomes],
            "now": clock.now(),
        },
    )


async def run_once(
    database: Database,
    *,
    scope: str,
    key: str,
    request_hash: bytes,
    into: type[Outcome],
    act: Callable[[Transaction], Awaitable[Outcome]],
) -> Outcome:
    """Run `act` in a transaction at most once per (scope, key); a repetition answers the first outcome.

    Raises IdempotencyKeyReused when the key came with another request, RequestInProgress when the first request with
    it does not finish in time, and whatever `act` raises (nothing is stored then).
    """
    async with database.transaction() as tx:
        if not await _claim(tx, scope, key, request_hash):
            return await _replay(tx, scope, key, request_hash, into)
        outcome = await act(tx)
        await tx.execute(
            "UPDATE idempotency_keys SET outcome = %(outcome)s WHERE scope = %(scope)s AND key = %(key)s",
            {"scope": scope, "key": key, "outcome": Jsonb(outcome)},
        )
        return outcome


def replayed(stored: StoredOutcome, request_hash: bytes, into: type[Outcome]) -> Outcome:
    """The first outcome again. Raises IdempotencyKeyReused when this is another request."""
    if stored.request_hash != request_hash:
        raise IdempotencyKeyReused
    return msgspec.json.decode(stored.outcome, type=into)


async def _claim(tx: Transaction, scope: str, key: str, request_hash: bytes) -> bool:
    """Take the key, waiting for whoever is at it; answers whether it was free. Raises RequestInProgress."""
    await tx.send_only(f"SET LOCAL lock_timeout = {IN_PROGRESS_WAIT_MS}")
    try:
        claimed = await tx.execute(
            """
            INSERT INTO idempotency_keys (scope, key, request_hash, outcome, created_at)
            VALUES (%(scope)s, %(key)s, %(hash)s, 'null', %(now)s)
            ON CONFLICT DO NOTHING
            """,
            {"scope": scope, "key": key, "hash": request_hash, "now": clock.now()},
        )
    except LockTimeout as error:
        # Only here: a lock that `act` waits for in vain is not the key's.
        raise RequestInProgress from error
    await tx.send_only("SET LOCAL lock_timeout = DEFAULT")
    return claimed == 1


async def _replay(tx: Transaction, scope: str, key: str, request_hash: bytes, into: type[Outcome]) -> Outcome:
    stored = await read_outcomes(await send_find_outcomes(tx, scope, [key]))
    if key not in stored:
        # Thrown away for its age between the claim and now: whoever comes again finds the key free.
        raise RequestInProgress
    return replayed(stored[key], request_hash, into)
