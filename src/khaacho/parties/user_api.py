"""Users over HTTP: staff are added here, freelancers approved, anybody's sign-ins ended."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.params import FromPath, FromQuery, QueryParameter

from khaacho.actors import STAFF, Actor, ActorRole
from khaacho.errors import Conflict, Forbidden, ValidationFailed
from khaacho.parties.access import doorkeeper_of, requires
from khaacho.parties.api_records import Name, PhoneNumber, Reason, UserAnswer, user_answer
from khaacho.parties.phones import parse_phone
from khaacho.parties.queries import find_users, require_user
from khaacho.parties.records import Locale, NewUser, User, UserStatus
from khaacho.parties.signin.actions import end_all_sign_ins
from khaacho.parties.signin.passwords import hash_password
from khaacho.parties.user_actions import add_users, set_user_status
from khaacho.platform.database import Database, Transaction
from khaacho.platform.http import (
    PAGE_LIMIT_DEFAULT,
    PAGE_LIMIT_MAX,
    ApiRecord,
    Envelope,
    Page,
    decode_cursor,
    ok,
    page_of,
)


class StaffRequest(ApiRecord, frozen=True, kw_only=True):
    """An admin or operator to add. Without a password they sign in by one-time code."""

    role: ActorRole
    name: Name
    phone_number: PhoneNumber
    password: str | None = None
    locale: Locale = Locale.EN


class SuspendRequest(ApiRecord, frozen=True, kw_only=True):
    """Why somebody is kept out."""

    reason: Reason


class SignInsEnded(ApiRecord, frozen=True, kw_only=True):
    """How many sign-ins there were to end."""

    ended: Annotated[int, msgspec.Meta(ge=0)]


@post(
    "/admin/users",
    operation_id="addUser",
    summary="Add an admin or operator",
    guards=[requires("users.write")],
)
async def add_user(data: StaffRequest, database: Database, actor: Actor) -> Envelope[UserAnswer]:
    """Raises AlreadyExists, ValidationFailed; the other roles register with what they stand for."""
    if data.role not in STAFF:
        raise ValidationFailed(field="role", why="must be ADMIN or OPERATOR")
    new = NewUser(
        role=data.role,
        name=data.name.strip(),
        phone=parse_phone(data.phone_number),
        password_hash=None if data.password is None else await hash_password(data.password),
        locale=data.locale,
    )
    async with database.transaction() as tx:
        (user,) = await add_users(tx, actor, users=[new])
    return ok(user_answer(user))


@get(
    "/admin/users",
    operation_id="listUsers",
    summary="Users, newest first",
    guards=[requires("users.read")],
)
async def list_users(
    database: Database,
    role: FromQuery[ActorRole | None] = None,
    status: FromQuery[UserStatus | None] = None,
    cursor: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=PAGE_LIMIT_MAX)] = PAGE_LIMIT_DEFAULT,
) -> Envelope[Page[UserAnswer]]:
    """Newest first; narrowed by role and status."""
    async with database.reading() as tx:
        found = await find_users(tx, role=role, status=status, before=decode_cursor(cursor), limit=limit + 1)
    return ok(page_of([user_answer(user) for user in found], limit, lambda user: user.id))


@post(
    "/admin/users/{user_id:uuid}/approve",
    operation_id="approveUser",
    summary="Let a freelancer in, or back in",
    status_code=200,
    guards=[requires("users.approve")],
)
async def approve_user(user_id: FromPath[UUID], database: Database, actor: Actor) -> Envelope[UserAnswer]:
    """Approving twice is fine. Raises NotFound, Conflict for a retailer or vendor, Forbidden."""
    async with database.transaction() as tx:
        await _require_own_standing(tx, actor, user_id)
        await set_user_status(tx, actor, user_id=user_id, status=UserStatus.ACTIVE)
        return ok(user_answer(await require_user(tx, user_id)))


@post(
    "/admin/users/{user_id:uuid}/suspend",
    operation_id="suspendUser",
    summary="Keep a freelancer or colleague out",
    status_code=200,
    guards=[requires("users.approve")],
)
async def suspend_user(
    user_id: FromPath[UUID], data: SuspendRequest, database: Database, actor: Actor, request: Request[Any, Any, Any]
) -> Envelope[UserAnswer]:
    """Their sign-ins end. Raises NotFound, Conflict for a retailer, a vendor or oneself, Forbidden."""
    async with database.transaction() as tx:
        await _require_own_standing(tx, actor, user_id)
        if user_id == actor.id:
            raise Conflict(why="Nobody suspends themselves.")
        await set_user_status(tx, actor, user_id=user_id, status=UserStatus.SUSPENDED, reason=data.reason)
        ended = await end_all_sign_ins(tx, actor, user_id=user_id)
        user = await require_user(tx, user_id)
    doorkeeper_of(request).forget(ended)
    return ok(user_answer(user))


@post(
    "/admin/users/{user_id:uuid}/sign-out",
    operation_id="signUserOut",
    summary="End every sign-in of a user",
    status_code=200,
    guards=[requires("users.write")],
)
async def sign_user_out(
    user_id: FromPath[UUID], database: Database, actor: Actor, request: Request[Any, Any, Any]
) -> Envelope[SignInsEnded]:
    """For a lost phone. Raises NotFound."""
    async with database.transaction() as tx:
        await require_user(tx, user_id)
        ended = await end_all_sign_ins(tx, actor, user_id=user_id)
    doorkeeper_of(request).forget(ended)
    return ok(SignInsEnded(ended=len(ended)))


async def _require_own_standing(tx: Transaction, actor: Actor, user_id: UUID) -> User:
    """A user whose state is their own, and whom the actor may decide about: only admins decide about staff."""
    user = await require_user(tx, user_id)
    if user.retailer_id is not None or user.vendor_id is not None:
        raise Conflict(why="This user's state follows the retailer or vendor; change that one.")
    if user.role in STAFF and actor.role is not ActorRole.ADMIN:
        raise Forbidden
    return user


ROUTES: list[Any] = [add_user, list_users, approve_user, suspend_user, sign_user_out]
