"""Access tokens: what they say, and that nobody else can make or alter one. [X11]"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import jwt
import pytest

from khaacho.actors import ActorRole
from khaacho.errors import TokenInvalid
from khaacho.ids import new_id
from khaacho.parties.records import Locale, User, UserStatus
from khaacho.parties.signin.tokens import code_hash, make_access_token, new_one_time_code, read_access_token

NOW = datetime(2026, 2, 10, 6, 0, tzinfo=UTC)
SECRET = "one-secret-of-thirty-two-characters"
GITA = User(
    id=new_id(),
    phone="+9779841234567",
    name="Gita",
    role=ActorRole.RETAILER,
    status=UserStatus.ACTIVE,
    locale=Locale.NE,
    retailer_id=new_id(),
    created_at=NOW,
)


def test_a_token_says_who_for_fifteen_minutes() -> None:
    """[X11] It names user, role, shop and sign-in, and nobody is let in at the sixteenth minute."""
    sign_in_id = new_id()
    token = make_access_token(GITA, sign_in_id, secret=SECRET, now=NOW)
    claims = read_access_token(token, secret=SECRET, now=NOW + timedelta(minutes=14, seconds=59))
    assert (claims.sub, claims.role, claims.name, claims.retailer_id, claims.vendor_id, claims.sid) == (
        GITA.id,
        "RETAILER",
        "Gita",
        GITA.retailer_id,
        None,
        sign_in_id,
    )
    with pytest.raises(TokenInvalid):
        read_access_token(token, secret=SECRET, now=NOW + timedelta(minutes=15))


def test_no_phone_number_travels_in_a_token() -> None:
    """[X30] What is in a token ends up in logs and browsers."""
    token = make_access_token(GITA, new_id(), secret=SECRET, now=NOW)
    assert set(jwt.decode(token, options={"verify_signature": False})) == {
        "iss", "sub", "role", "name", "retailerId", "sid", "jti", "iat", "exp"
    }  # fmt: skip


def test_forged_tokens_are_refused() -> None:
    """[X11] Another secret, no signature, another algorithm, another issuer, or missing claims."""
    good = make_access_token(GITA, new_id(), secret=SECRET, now=NOW)
    claims = jwt.decode(good, options={"verify_signature": False})
    forged = [
        jwt.encode(claims, "another-secret-of-thirty-two-characters", algorithm="HS256"),
        jwt.encode(claims, "", algorithm="none"),
        jwt.encode(claims, SECRET * 2, algorithm="HS512"),
        jwt.encode({**claims, "iss": "someone"}, SECRET, algorithm="HS256"),
        jwt.encode({name: claims[name] for name in claims if name != "sid"}, SECRET, algorithm="HS256"),
        jwt.encode({**claims, "sub": "admin"}, SECRET, algorithm="HS256"),
        good[:-2],
        "",
        "a.b.c",
    ]
    for token in forged:
        with pytest.raises(TokenInvalid):
            read_access_token(token, secret=SECRET, now=NOW)


def test_codes_are_six_digits_bound_to_phone_and_secret() -> None:
    """[X11] A stored code is worth nothing without the secret, and nothing for another phone."""
    code = new_one_time_code()
    assert len(code) == 6
    assert code.isdigit()
    hashes = {
        code_hash("+9779841234567", code, secret=SECRET),
        code_hash("+9779841234568", code, secret=SECRET),
        code_hash("+9779841234567", code, secret="another"),
    }
    assert len(hashes) == 3
