"""Keys for machines [X12]: shown once, kept as hashes, narrowed to scopes, with an end, and revocable.

A key acts for the user who made it, never beyond what that user's role may do, and ends with that user.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.errors import NotFound, NotSignedIn, ValidationFailed
from khaacho.ids import new_id
from khaacho.parties.queries import find_users_by_id
from khaacho.parties.records import User
from khaacho.parties.signin.tokens import new_random_token, token_hash
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction

KEY_PREFIX = "khk_"
LIFETIME_MAX = timedelta(days=366)
ENDING_SHOWN = 4
# Written at most this often, so that a busy machine does not write a row with every request.
USE_NOTED_EVERY = timedelta(minutes=1)
KEY_COLUMNS = "id, user_id, name, ends_with, scopes, created_at, expires_at, last_used_at, revoked_at"


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is known afterwards: by its name and its last characters."""

    id: UUID
    user_id: UUID
    name: str
    ends_with: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


class KeyHolder(msgspec.Struct, frozen=True, kw_only=True):
    """Who comes with a key that was not revoked."""

    user: User
    name: str
    scopes: frozenset[str]
    expires_at: datetime

    def as_actor(self, request_id: str) -> Actor:
        """The user, by the key's name too, and no further than its scopes."""
        actor = self.user.as_actor(request_id)
        return msgspec.structs.replace(actor, name=f"{actor.name} ({self.name})", scopes=self.scopes)


async def make_api_key(
    tx: Transaction, actor: Actor, *, name: str, scopes: Sequence[str], expires_at: datetime, allowed: frozenset[str]
) -> tuple[ApiKey, str]:
    """A new key and the secret itself, which nobody sees again. `allowed` is what the actor's role may do.

    Raises ValidationFailed for scopes the actor has not, and for an end that is past or more than a year away.
    """
    if actor.id is None:
        raise NotSignedIn
    beyond = sorted(set(scopes) - allowed)
    if beyond or not scopes:
        raise ValidationFailed(
            field="scopes", why=f"name what you may not do: {', '.join(beyond)}" if beyond else "are none"
        )
    now = clock.now()
    if not now < expires_at <= now + LIFETIME_MAX:
        raise ValidationFailed(field="expiresAt", why="is not within the coming year")
    secret = KEY_PREFIX + new_random_token()
    key = ApiKey(
        id=new_id(),
        user_id=actor.id,
        name=name,
        ends_with=secret[-ENDING_SHOWN:],
        scopes=tuple(sorted(set(scopes))),
        created_at=now,
        expires_at=expires_at,
    )
    await tx.execute(
        """
        INSERT INTO api_keys (id, user_id, name, key_hash, ends_with, scopes, created_at, expires_at)
        VALUES (%(id)s, %(user_id)s, %(name)s, %(hash)s, %(ends_with)s, %(scopes)s, %(created_at)s, %(expires_at)s)
        """,
        msgspec.structs.asdict(key) | {"hash": token_hash(secret), "scopes": list(key.scopes)},
    )
    told = {"name": name, "scopes": list(key.scopes), "expires_at": expires_at.isoformat()}
    await _record(tx, actor, "API_KEY_MADE", key.id, new=told)
    return key, secret


async def find_api_keys(tx: Transaction) -> list[ApiKey]:
    """All of them, newest first."""
    return await tx.all(f"SELECT {KEY_COLUMNS} FROM api_keys ORDER BY id DESC", into=ApiKey)


async def revoke_api_key(tx: Transaction, actor: Actor, *, key_id: UUID, reason: str) -> ApiKey:
    """It opens nothing from now on, everywhere within a second. Doing it twice is fine. Raises NotFound."""
    revoked = await tx.execute(
        "UPDATE api_keys SET revoked_at = %(now)s WHERE id = %(id)s AND revoked_at IS NULL",
        {"id": key_id, "now": clock.now()},
    )
    key = await tx.first(f"SELECT {KEY_COLUMNS} FROM api_keys WHERE id = %(id)s", {"id": key_id}, into=ApiKey)
    if key is None:
        raise NotFound(what="API key")
    if revoked:
        await _record(tx, actor, "API_KEY_REVOKED", key_id, reason=reason)
    return key


async def find_key_holders(tx: Transaction, hashes: Sequence[bytes]) -> dict[bytes, KeyHolder]:
    """By the hash of their key, whoever comes with one that was not revoked; notes that it was used."""
    rows = await tx.dicts(
        """
        WITH used AS (
            UPDATE api_keys SET last_used_at = %(now)s
            WHERE key_hash = ANY(%(hashes)s) AND revoked_at IS NULL AND expires_at > %(now)s
                AND (last_used_at IS NULL OR last_used_at < %(noted_before)s)
        )
        SELECT key_hash, user_id, name, scopes, expires_at
        FROM api_keys
        WHERE key_hash = ANY(%(hashes)s) AND revoked_at IS NULL
        """,
        {"hashes": list(hashes), "now": clock.now(), "noted_before": clock.now() - USE_NOTED_EVERY},
    )
    users = {user.id: user for user in await find_users_by_id(tx, [row["user_id"] for row in rows])}
    return {
        row["key_hash"]: KeyHolder(
            user=users[row["user_id"]], name=row["name"], scopes=frozenset(row["scopes"]), expires_at=row["expires_at"]
        )
        for row in rows
    }


async def _record(
    tx: Transaction,
    actor: Actor,
    action: str,
    key_id: UUID,
    *,
    reason: str | None = None,
    new: Mapping[str, object] | None = None,
) -> None:
    entry = AuditEntry(action=action, subject_kind="api_key", subject_id=key_id, reason=reason, new=new)
    await record_audit(tx, actor, [entry])
