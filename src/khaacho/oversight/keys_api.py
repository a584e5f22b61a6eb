"""Keys for machines over HTTP [X12], for admins."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath

from khaacho.actors import Actor
from khaacho.errors import ValidationFailed
from khaacho.parties.access import doorkeeper_of, requires
from khaacho.parties.api_keys import ApiKey, find_api_keys, make_api_key, revoke_api_key
from khaacho.platform.database import Database
from khaacho.platform.http import ApiRecord, Envelope, ShortText, ok

Scopes = Annotated[list[ShortText], msgspec.Meta(min_length=1, max_length=100, examples=[["orders.read"]])]


class ApiKeyRequest(ApiRecord, frozen=True, kw_only=True):
    """`scopes` are permissions that you have yourself; a key ends within a year."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80, examples=["bookkeeping"])]
    scopes: Scopes
    expires_at: datetime


class RevokeRequest(ApiRecord, frozen=True, kw_only=True):
    reason: ShortText


class ApiKeyAnswer(ApiRecord, frozen=True, kw_only=True):
    """A key by its name and its last characters."""

    id: UUID
    user_id: UUID
    name: str
    ends_with: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


class NewApiKeyAnswer(ApiKeyAnswer, frozen=True, kw_only=True):
    """`key` is seen here and never again. Send it as `Authorization: Bearer khk_…`."""

    key: str


@post(
    "/admin/api-keys",
    operation_id="makeApiKey",
    summary="Make a key for a machine; it is shown once",
    guards=[requires("api_keys.write")],
)
async def make_key(
    data: ApiKeyRequest, database: Database, actor: Actor, request: Request[Any, Any, Any]
) -> Envelope[NewApiKeyAnswer]:
    """Raises ValidationFailed for scopes you have not, or an end that is not within the coming year."""
    if data.expires_at.tzinfo is None:
        raise ValidationFailed(field="expiresAt", why="needs an offset, such as 2026-12-31T00:00:00+05:45")
    allowed = await doorkeeper_of(request).permissions_of(actor.role)
    async with database.transaction() as tx:
        key, secret = await make_api_key(
            tx, actor, name=data.name.strip(), scopes=data.scopes, expires_at=data.expires_at, allowed=allowed
        )
    return ok(NewApiKeyAnswer(key=secret, **_facts(key)))


@get(
    "/admin/api-keys",
    operation_id="listApiKeys",
    summary="Keys of machines, newest first",
    guards=[requires("api_keys.write")],
)
async def list_keys(database: Database) -> Envelope[list[ApiKeyAnswer]]:
    """With when each was last used, to the minute."""
    async with database.reading() as tx:
        return ok([ApiKeyAnswer(**_facts(key)) for key in await find_api_keys(tx)])


@post(
    "/admin/api-keys/{key_id:uuid}/revoke",
    operation_id="revokeApiKey",
    summary="End a key for good",
    status_code=200,
    guards=[requires("api_keys.write")],
)
async def revoke_key(
    key_id: FromPath[UUID], data: RevokeRequest, database: Database, actor: Actor
) -> Envelope[ApiKeyAnswer]:
    """Every process refuses it within a second. Raises NotFound."""
    async with database.transaction() as tx:
        return ok(ApiKeyAnswer(**_facts(await revoke_api_key(tx, actor, key_id=key_id, reason=data.reason))))


def _facts(key: ApiKey) -> dict[str, Any]:
    return msgspec.structs.asdict(key) | {"scopes": list(key.scopes)}


ROUTES: list[Any] = [make_key, list_keys, revoke_key]
