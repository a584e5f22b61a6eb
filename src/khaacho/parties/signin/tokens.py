"""Tokens: signed access tokens that say who and for how long, and random ones that are stored as hashes.

Nothing here reads the clock or a setting; both come in as arguments.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import msgspec

from khaacho.errors import TokenInvalid
from khaacho.ids import new_id
from khaacho.parties.records import User

ACCESS_TOKEN_LIFETIME = timedelta(minutes=15)
REFRESH_TOKEN_LIFETIME = timedelta(days=30)
ALGORITHM = "HS256"
ISSUER = "khaacho"
CODE_DIGITS = 6


class AccessClaims(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What an access token says. `sid` is the sign-in it came from, which may have ended since."""

    iss: str
    sub: UUID
    role: str
    name: str
    retailer_id: UUID | None = None
    vendor_id: UUID | None = None
    sid: UUID
    jti: UUID
    iat: int
    exp: int


def make_access_token(user: User, sign_in_id: UUID, *, secret: str, now: datetime) -> str:
    """A token that lets `user` in for fifteen minutes from `now`."""
    claims = AccessClaims(
        iss=ISSUER,
        sub=user.id,
        role=user.role,
        name=user.name,
        retailer_id=user.retailer_id,
        vendor_id=user.vendor_id,
        sid=sign_in_id,
        jti=new_id(),
        iat=int(now.timestamp()),
        exp=int((now + ACCESS_TOKEN_LIFETIME).timestamp()),
    )
    payload: dict[str, Any] = msgspec.to_builtins(claims)
    return jwt.encode(payload, secret, algorithm=ALGORITHM)


def read_access_token(token: str, *, secret: str, now: datetime) -> AccessClaims:
    """What the token says. Raises TokenInvalid when it is not ours, altered, or out of time."""
    try:
        # Its times are checked below against our clock, which tests and demos move.
        payload = jwt.decode(
            token,
            secret,
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            options={"verify_exp": False, "verify_iat": False, "require": ["exp", "sub", "sid"]},
        )
        claims = msgspec.convert(payload, AccessClaims)
    except (jwt.PyJWTError, msgspec.ValidationError) as error:
        raise TokenInvalid from error
    if claims.exp <= now.timestamp():
        raise TokenInvalid
    return claims


def new_random_token() -> str:
    """256 random bits, as text for a cookie or a body."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is stored of a random token; it needs no salt, being random itself."""
    return hashlib.sha256(token.encode()).digest()


def new_one_time_code() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def code_hash(phone: str, code: str, *, secret: str) -> bytes:
    """What is stored of a one-time code: six digits alone could be guessed from a plain hash."""
    return hmac.new(secret.encode(), f"one-time-code:{phone}:{code}".encode(), hashlib.sha256).digest()
