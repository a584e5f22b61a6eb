"""Server sessions of the console: a random cookie, of which only the hash is stored, and a CSRF token beside it."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.errors import Forbidden
from khaacho.parties.queries import find_users_by_id
from khaacho.parties.records import User, UserStatus
from khaacho.parties.signin.tokens import new_random_token, token_hash
from khaacho.platform.database import Transaction

SESSION_LIFETIME = timedelta(hours=12)
COOKIE_LENGTH_MAX = 100


class StartedSession(msgspec.Struct, frozen=True, kw_only=True):
    """A new session. `cookie` is seen here only; set it HttpOnly, SameSite=Lax, and Secure behind HTTPS."""

    cookie: str
    csrf_token: str
    expires_at: datetime


class ConsoleSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session that holds: who it is (`user.as_actor(request_id)` does things), and the token its forms carry."""

    user: User
    csrf_token: str

    def check_csrf(self, given: str | None) -> None:
        """Raises Forbidden unless the form carried this session's token."""
        if not hmac.compare_digest((given or "").encode(), self.csrf_token.encode()):
            raise Forbidden


async def start_session(tx: Transaction, *, user_id: UUID) -> StartedSession:
    """Begin a session for a user who has just proved who they are."""
    now = clock.now()
    started = StartedSession(
        cookie=new_random_token(), csrf_token=new_random_token(), expires_at=now + SESSION_LIFETIME
    )
    await tx.send_only(
        """
        INSERT INTO console_sessions (id_hash, user_id, csrf_token, created_at, expires_at)
        VALUES (%(hash)s, %(user)s, %(csrf)s, %(now)s, %(expires)s)
        """,
        {
            "hash": token_hash(started.cookie),
            "user": user_id,
            "csrf": started.csrf_token,
            "now": now,
            "expires": started.expires_at,
        },
    )
    return started


async def find_session(tx: Transaction, cookie: str | None) -> ConsoleSession | None:
    """The session of this cookie, while it lasts and its user is active."""
    if not cookie or len(cookie) > COOKIE_LENGTH_MAX:
        return None
    rows = await tx.dicts(
        "SELECT user_id, csrf_token FROM console_sessions WHERE id_hash = %(hash)s AND expires_at > %(now)s",
        {"hash": token_hash(cookie), "now": clock.now()},
    )
    users = await find_users_by_id(tx, [row["user_id"] for row in rows]) if rows else []
    if not users or users[0].status is not UserStatus.ACTIVE:
        return None
    return ConsoleSession(user=users[0], csrf_token=rows[0]["csrf_token"])


async def end_session(tx: Transaction, cookie: str) -> None:
    """Sign out of the console. Doing it twice is fine."""
    await tx.execute("DELETE FROM console_sessions WHERE id_hash = %(hash)s", {"hash": token_hash(cookie)})
