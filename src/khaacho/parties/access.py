"""Who is at the door, what their role may do, and which rows are theirs.

The composition root makes one `Doorkeeper` per process and keeps it as `app.state.doorkeeper`. Routes name the
permission they need (`guards=[requires("orders.place")]`) and take `actor: Actor` from `provide_actor`; whoever
handles an id from a path or a body asks `ensure_retailer_access` or `ensure_vendor_access` besides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.errors import AccountNotActive, Forbidden, NotSignedIn, TokenInvalid
from khaacho.parties.api_keys import KEY_PREFIX, KeyHolder, find_key_holders
from khaacho.parties.permissions import Permission
from khaacho.parties.queries import find_role_permissions, find_signed_in_users
from khaacho.parties.records import User, UserStatus
from khaacho.parties.signin.tokens import AccessClaims, read_access_token, token_hash
from khaacho.platform.database import Database
from khaacho.platform.http import API_BASE, request_id_of
from khaacho.platform.remembering import ShortMemory

Connection = ASGIConnection[Any, Any, Any, Any]

BEARER = "bearer"
FOR_PEOPLE = (f"{API_BASE}/auth/", f"{API_BASE}/admin/api-keys")
_ALL_ROLES = "roles"
# More distinct tokens than this within their lifetimes start afresh, rather than filling the memory of the process.
TOKENS_KNOWN_MAX = 20_000


class Doorkeeper:
    """Lets people in by their access token. A state or permission that changed is seen within a second."""

    def __init__(self, database: Database, secret: str) -> None:
        self._database = database
        self._secret = secret
        self._known_tokens: dict[str, AccessClaims] = {}
        self._signed_in: ShortMemory[UUID, User] = ShortMemory(self._read_signed_in)
        self._keys: ShortMemory[bytes, KeyHolder] = ShortMemory(self._read_keys)
        self._permissions: ShortMemory[str, dict[str, frozenset[str]]] = ShortMemory(self._read_permissions)

    async def admit(self, token: str) -> tuple[User, UUID]:
        """The user an access token stands for, as they are now, and their sign-in.

        Raises TokenInvalid (also when that sign-in has ended), AccountNotActive.
        """
        claims = self._read_token(token)
        user = await self._signed_in.find(claims.sid)
        if user is None or user.id != claims.sub:
            raise TokenInvalid
        if user.status is not UserStatus.ACTIVE:
            raise AccountNotActive(account_status=user.status.lower())
        return user, claims.sid

    def _read_token(self, token: str) -> AccessClaims:
        """What the token says. The signature of one we have seen is not checked again, its end always is.

        Measured: checking a signature took a fifth of answering a question about credit.
        """
        now = clock.now()
        known = self._known_tokens.get(token)
        if known is not None and known.exp > now.timestamp():
            return known
        claims = read_access_token(token, secret=self._secret, now=now)
        if len(self._known_tokens) >= TOKENS_KNOWN_MAX:
            self._known_tokens.clear()
        self._known_tokens[token] = claims
        return claims

    async def admit_machine(self, key: str, request_id: str) -> Actor:
        """Whoever a key belongs to, narrowed to the key's scopes. Raises TokenInvalid, AccountNotActive."""
        holder = await self._keys.find(token_hash(key))
        if holder is None or holder.expires_at <= clock.now():
            raise TokenInvalid
        if holder.user.status is not UserStatus.ACTIVE:
            raise AccountNotActive(account_status=holder.user.status.lower())
        return holder.as_actor(request_id)

    def forget(self, sign_in_ids: Sequence[UUID]) -> None:
        """These sign-ins have just changed; do not remember them."""
        for sign_in_id in sign_in_ids:
            self._signed_in.forget(sign_in_id)

    async def permissions_of(self, role: ActorRole) -> frozenset[str]:
        """Everything a role may do."""
        roles = await self._permissions.find(_ALL_ROLES) or {}
        return roles.get(role, frozenset())

    async def ensure_may(self, actor: Actor, permission: Permission) -> None:
        """Raises Forbidden unless the actor's role, and a machine's key, allow it. The system may do everything."""
        if actor.scopes is not None and permission not in actor.scopes:
            raise Forbidden(permission=permission)
        if actor.role is not ActorRole.SYSTEM and permission not in await self.permissions_of(actor.role):
            raise Forbidden(permission=permission)

    async def _read_signed_in(self, sign_in_ids: Sequence[UUID]) -> Mapping[UUID, User]:
        async with self._database.reading() as tx:
            return await find_signed_in_users(tx, sign_in_ids)

    async def _read_keys(self, hashes: Sequence[bytes]) -> Mapping[bytes, KeyHolder]:
        async with self._database.transaction() as tx:
            return await find_key_holders(tx, hashes)

    async def _read_permissions(self, _: Sequence[str]) -> Mapping[str, dict[str, frozenset[str]]]:
        async with self._database.reading() as tx:
            return {_ALL_ROLES: await find_role_permissions(tx)}


class Requires:
    """A guard: the caller is signed in and their role has `permission`."""

    def __init__(self, permission: Permission) -> None:
        self.permission: Permission = permission

    async def __call__(self, connection: Connection, _: BaseRouteHandler) -> None:
        actor = await find_actor(connection)
        if actor is None:
            raise NotSignedIn
        await doorkeeper_of(connection).ensure_may(actor, self.permission)


def requires(permission: Permission) -> Requires:
    """The guard for routes that need `permission`."""
    return Requires(permission)


async def provide_actor(request: Request[Any, Any, Any]) -> Actor:
    """The dependency `actor`: who sent the request. Raises NotSignedIn, TokenInvalid, AccountNotActive."""
    actor = await find_actor(request)
    if actor is None:
        raise NotSignedIn
    return actor


async def find_actor(connection: Connection) -> Actor | None:
    """Who sent the request, None when it carries no sign-in. Asked once per request and kept with it."""
    state = connection.scope["state"]
    if "actor" not in state:
        token = _bearer_token(connection)
        if token is None:
            return None
        if token.startswith(KEY_PREFIX):
            return await _find_machine(connection, token)
        user, sign_in_id = await doorkeeper_of(connection).admit(token)
        state["sign_in_id"] = sign_in_id
        state["actor"] = user.as_actor(request_id_of(connection.scope))
    actor: Actor = state["actor"]
    return actor


async def _find_machine(connection: Connection, key: str) -> Actor:
    """Machines have their key; signing in and out, and keys for others, are for people."""
    if connection.scope["path"].startswith(FOR_PEOPLE):
        raise Forbidden
    actor = await doorkeeper_of(connection).admit_machine(key, request_id_of(connection.scope))
    connection.scope["state"]["actor"] = actor
    return actor


def doorkeeper_of(connection: Connection) -> Doorkeeper:
    """The process's one doorkeeper."""
    doorkeeper: Doorkeeper = connection.app.state.doorkeeper
    return doorkeeper


def ensure_retailer_access(actor: Actor, retailer_id: UUID) -> None:
    """Staff may touch every retailer, a retailer itself. Raises Forbidden, whether that id exists or not."""
    if not actor.is_staff and (actor.role is not ActorRole.RETAILER or actor.retailer_id != retailer_id):
        raise Forbidden


def ensure_vendor_access(actor: Actor, vendor_id: UUID) -> None:
    """Staff may touch every vendor, a vendor itself. Raises Forbidden, whether that id exists or not."""
    if not actor.is_staff and (actor.role is not ActorRole.VENDOR or actor.vendor_id != vendor_id):
        raise Forbidden


def _bearer_token(connection: Connection) -> str | None:
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == BEARER and token.strip() else None
