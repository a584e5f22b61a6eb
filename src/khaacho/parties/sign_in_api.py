"""Signing in over HTTP, and registering oneself."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from litestar import Request, get, post

from khaacho.actors import SYSTEM, Actor, ActorRole
from khaacho.errors import NotSignedIn, ValidationFailed
from khaacho.parties.access import doorkeeper_of, find_actor
from khaacho.parties.actions import register_retailers, register_vendors
from khaacho.parties.api_records import Latitude, Longitude, Name, PhoneNumber
from khaacho.parties.phones import parse_phone
from khaacho.parties.queries import require_user
from khaacho.parties.records import Locale, NewRetailer, NewUser, NewVendor, User, UserStatus
from khaacho.parties.signin.actions import (
    SignedIn,
    check_password,
    end_all_sign_ins,
    end_sign_in,
    issue_one_time_code,
    refresh_sign_in,
    sign_in_with_code,
    sign_in_with_password,
)
from khaacho.parties.signin.codes import CODE_LIFETIME
from khaacho.parties.signin.passwords import hash_password
from khaacho.parties.user_actions import add_users, set_password_hash
from khaacho.platform.database import Database
from khaacho.platform.http import ApiRecord, Envelope, decode_json, ok, request_id
from khaacho.settings import Settings

Password = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
RegisteredRole = Literal["RETAILER", "VENDOR", "FREELANCER"]
# These routes are for those who are not signed in yet.
OPEN: list[dict[str, list[str]]] = [{}]


class LoginRequest(ApiRecord, frozen=True, kw_only=True):
    """`role` chooses among the roles of one phone; without it the first whose password matches is taken."""

    phone_number: PhoneNumber
    password: Password
    role: ActorRole | None = None


class CodeRequest(ApiRecord, frozen=True, kw_only=True):
    """Where a one-time code is to be sent."""

    phone_number: PhoneNumber


class CodeLoginRequest(ApiRecord, frozen=True, kw_only=True):
    """The code that arrived."""

    phone_number: PhoneNumber
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=20, examples=["314159"])]
    role: ActorRole | None = None


class RefreshRequest(ApiRecord, frozen=True, kw_only=True):
    """The refresh token of the last answer; it works once."""

    refresh_token: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class LogoutRequest(ApiRecord, frozen=True, kw_only=True):
    """Needed only when the access token has run out already."""

    refresh_token: Annotated[str, msgspec.Meta(min_length=1, max_length=200)] | None = None


class PasswordRequest(ApiRecord, frozen=True, kw_only=True):
    """A new password, and the present one to prove who asks."""

    current_password: Password
    new_password: Password


class RegisterRequest(ApiRecord, frozen=True, kw_only=True):
    """Oneself. A retailer gives pasalName and city, a vendor businessName (or name) and city, everybody a name.

    Without a password one signs in by one-time code.
    """

    role: RegisteredRole
    phone_number: PhoneNumber
    name: Name | None = None
    owner_name: Name | None = None
    pasal_name: Name | None = None
    business_name: Name | None = None
    city: Name | None = None
    latitude: Latitude | None = None
    longitude: Longitude | None = None
    locale: Locale = Locale.NE
    password: Password | None = None


class UserShown(ApiRecord, frozen=True, kw_only=True, omit_defaults=True):
    """Who signed in."""

    id: UUID
    role: ActorRole
    name: str
    retailer_id: UUID | None = None
    vendor_id: UUID | None = None


class Tokens(ApiRecord, frozen=True, kw_only=True):
    """Send `accessToken` as `Authorization: Bearer …`; `expiresIn` is its life in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    user: UserShown


class CodeSent(ApiRecord, frozen=True, kw_only=True):
    """The same whether anybody has that phone or not."""

    expires_in: int


class Me(ApiRecord, frozen=True, kw_only=True):
    """Who is signed in and what they may do."""

    id: UUID
    role: ActorRole
    name: str
    phone_number: str
    locale: Locale
    retailer_id: UUID | None
    vendor_id: UUID | None
    permissions: list[str]


class Registered(ApiRecord, frozen=True, kw_only=True):
    """Taken down, and waiting for somebody to approve it."""

    id: UUID
    role: ActorRole
    status: UserStatus
    retailer_id: UUID | None = None
    vendor_id: UUID | None = None


class Done(ApiRecord, frozen=True, kw_only=True):
    """It is done."""

    done: bool = True


# --- in ----------------------------------------------------------------------------------------------------------


@post("/auth/login", operation_id="login", summary="Sign in with a password", status_code=200, security=OPEN)
async def login(
    data: LoginRequest, database: Database, settings: Settings, request: Request[Any, Any, Any]
) -> Envelope[Tokens]:
    """Raises WrongCredentials, SignInLocked, AccountNotActive."""
    way = partial(sign_in_with_password, password=data.password)
    return await _sign_in(way, data, database, settings, request)


@post("/auth/otp", operation_id="requestCode", summary="Send a one-time code", status_code=200, security=OPEN)
async def request_code(data: CodeRequest, database: Database, settings: Settings) -> Envelope[CodeSent]:
    """Over WhatsApp, to a phone somebody active has. Raises TooManyRequests."""
    await issue_one_time_code(database, secret=settings.secret, phone=parse_phone(data.phone_number))
    return ok(CodeSent(expires_in=int(CODE_LIFETIME.total_seconds())))


@post("/auth/otp/verify", operation_id="loginWithCode", summary="Sign in with a code", status_code=200, security=OPEN)
async def login_with_code(
    data: CodeLoginRequest, database: Database, settings: Settings, request: Request[Any, Any, Any]
) -> Envelope[Tokens]:
    """Raises WrongCredentials, SignInLocked, AccountNotActive."""
    return await _sign_in(partial(sign_in_with_code, code=data.code), data, database, settings, request)


async def _sign_in(
    way: Callable[..., Awaitable[SignedIn]],
    data: LoginRequest | CodeLoginRequest,
    database: Database,
    settings: Settings,
    request: Request[Any, Any, Any],
) -> Envelope[Tokens]:
    signed_in = await way(
        database,
        secret=settings.secret,
        phone=parse_phone(data.phone_number),
        role=data.role,
        request_id=request_id(request),
    )
    return ok(_tokens(signed_in))


@post("/auth/refresh", operation_id="refreshTokens", summary="New tokens for old", status_code=200, security=OPEN)
async def refresh_tokens(data: RefreshRequest, database: Database, settings: Settings) -> Envelope[Tokens]:
    """Raises TokenInvalid, AccountNotActive, and TokenReused, which ends the whole sign-in."""
    return ok(_tokens(await refresh_sign_in(database, secret=settings.secret, refresh_token=data.refresh_token)))


@get("/auth/me", operation_id="getMe", summary="Who is signed in")
async def get_me(database: Database, actor: Actor, request: Request[Any, Any, Any]) -> Envelope[Me]:
    """With everything the role may do."""
    async with database.reading() as tx:
        user = await require_user(tx, _id_of(actor))
    return ok(
        Me(
            id=user.id,
            role=user.role,
            name=user.name,
            phone_number=user.phone,
            locale=user.locale,
            retailer_id=user.retailer_id,
            vendor_id=user.vendor_id,
            permissions=sorted(await doorkeeper_of(request).permissions_of(user.role)),
        )
    )


# --- out ---------------------------------------------------------------------------------------------------------


@post("/auth/logout", operation_id="logout", summary="Sign out", status_code=200)
async def logout(database: Database, request: Request[Any, Any, Any]) -> Envelope[Done]:
    """Ends this sign-in with all its tokens. The body is optional: `{"refreshToken": …}` signs out by that instead."""
    body = await request.body()
    refresh_token = decode_json(body, LogoutRequest).refresh_token if body.strip() else None
    if refresh_token is not None:
        await end_sign_in(database, refresh_token=refresh_token)
    elif await find_actor(request) is None:
        raise NotSignedIn
    else:
        sign_in_id = request.scope["state"]["sign_in_id"]
        await end_sign_in(database, sign_in_id=sign_in_id)
        doorkeeper_of(request).forget([sign_in_id])
    return ok(Done())


@post("/auth/logout-all", operation_id="logoutEverywhere", summary="Sign out on every device", status_code=200)
async def logout_everywhere(database: Database, actor: Actor, request: Request[Any, Any, Any]) -> Envelope[Done]:
    """Console sessions end too."""
    async with database.transaction() as tx:
        ended = await end_all_sign_ins(tx, actor, user_id=_id_of(actor))
    doorkeeper_of(request).forget(ended)
    return ok(Done())


@post("/auth/password", operation_id="changePassword", summary="Change one's password", status_code=200)
async def change_password(
    data: PasswordRequest, database: Database, actor: Actor, request: Request[Any, Any, Any]
) -> Envelope[Done]:
    """Every sign-in ends, this one too. Raises WrongCredentials, SignInLocked, ValidationFailed."""
    async with database.reading() as tx:
        user = await require_user(tx, _id_of(actor))
    await check_password(database, phone=user.phone, password=data.current_password, role=user.role)
    new_hash = await hash_password(data.new_password)
    async with database.transaction() as tx:
        await set_password_hash(tx, actor, user_id=user.id, password_hash=new_hash)
        ended = await end_all_sign_ins(tx, actor, user_id=user.id)
    doorkeeper_of(request).forget(ended)
    return ok(Done())


# --- registering -------------------------------------------------------------------------------------------------


@post("/auth/register", operation_id="register", summary="Register oneself, pending approval", security=OPEN)
async def register(data: RegisterRequest, database: Database, request: Request[Any, Any, Any]) -> Envelope[Registered]:
    """Raises AlreadyExists when the phone has that role already, ValidationFailed."""
    actor = msgspec.structs.replace(SYSTEM, request_id=request_id(request))
    phone = parse_phone(data.phone_number)
    name = _required(data.owner_name or data.name, "name")
    password_hash = None if data.password is None else await hash_password(data.password)
    async with database.transaction() as tx:
        if data.role == "RETAILER":
            shop = NewRetailer(
                pasal_name=_required(data.pasal_name, "pasalName"),
                owner_name=name,
                phone=phone,
                city=_required(data.city, "city"),
                latitude=data.latitude,
                longitude=data.longitude,
                locale=data.locale,
                password_hash=password_hash,
            )
            user_id = (await register_retailers(tx, actor, retailers=[shop]))[0].user_id
        elif data.role == "VENDOR":
            wholesaler = NewVendor(
                name=_required(data.business_name or data.name, "businessName"),
                owner_name=name,
                phone=phone,
                city=_required(data.city, "city"),
                latitude=data.latitude,
                longitude=data.longitude,
                locale=data.locale,
                password_hash=password_hash,
            )
            user_id = (await register_vendors(tx, actor, vendors=[wholesaler]))[0].user_id
        else:
            freelancer = NewUser(
                role=ActorRole.FREELANCER,
                name=name,
                phone=phone,
                password_hash=password_hash,
                status=UserStatus.PENDING,
                locale=data.locale,
            )
            user_id = (await add_users(tx, actor, users=[freelancer]))[0].id
        user = await require_user(tx, _known(user_id))
    return ok(_registered(user))


def _registered(user: User) -> Registered:
    return Registered(
        id=user.id, role=user.role, status=user.status, retailer_id=user.retailer_id, vendor_id=user.vendor_id
    )


def _tokens(signed_in: SignedIn) -> Tokens:
    user = signed_in.user
    return Tokens(
        access_token=signed_in.access_token,
        refresh_token=signed_in.refresh_token,
        expires_in=signed_in.expires_in_seconds,
        user=UserShown(
            id=user.id, role=user.role, name=user.name, retailer_id=user.retailer_id, vendor_id=user.vendor_id
        ),
    )


def _required(text: str | None, field: str) -> str:
    if text is None:
        raise ValidationFailed(field=field, why="is needed for this role")
    return text.strip()


def _id_of(actor: Actor) -> UUID:
    return _known(actor.id)


def _known(user_id: UUID | None) -> UUID:
    if user_id is None:
        raise NotSignedIn
    return user_id


ROUTES: list[Any] = [
    login,
    request_code,
    login_with_code,
    refresh_tokens,
    get_me,
    logout,
    logout_everywhere,
    change_password,
    register,
]
