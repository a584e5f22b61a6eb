"""Signing in and out. Wrong attempts are counted although the request is refused, so each verb here opens its own
short transactions; no transaction is open while a password is being hashed.
"""

from __future__ import annotations

import asyncio
import hmac
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import UUID
from weakref import WeakValueDictionary

import msgspec

from khaacho import clock
from khaacho.actors import SYSTEM, Actor, ActorRole
from khaacho.errors import (
    AccountNotActive,
    SignInLocked,
    TokenInvalid,
    TokenReused,
    TooManyRequests,
    WrongCredentials,
)
from khaacho.ids import new_id
from khaacho.parties.events import OneTimeCodeIssued
from khaacho.parties.queries import find_users_by_phone, require_user
from khaacho.parties.records import User, UserStatus
from khaacho.parties.signin.lockout import FORGIVEN_AFTER, locked_until
from khaacho.parties.signin.passwords import hash_password, is_password, needs_new_hash
from khaacho.parties.signin.tokens import (
    ACCESS_TOKEN_LIFETIME,
    REFRESH_TOKEN_LIFETIME,
    code_hash,
    make_access_token,
    new_one_time_code,
    new_random_token,
    token_hash,
)
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Database, Transaction
from khaacho.platform.events import publish

CODE_LIFETIME = timedelta(minutes=5)
CODE_ATTEMPTS_MAX = 5
CODES_PER_PHONE_MAX = 5
CODES_COUNTED_OVER = timedelta(minutes=15)


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """A sign-in that succeeded."""

    user: User
    sign_in_id: UUID
    access_token: str
    refresh_token: str
    expires_in_seconds: int = int(ACCESS_TOKEN_LIFETIME.total_seconds())


# --- by password -------------------------------------------------------------------------------------------------


async def check_password(database: Database, *, phone: str, password: str, role: ActorRole | None = None) -> User:
    """The active user with this phone and password: of `role`, or the first role whose password matches.

    Raises WrongCredentials (equally slowly for a phone we do not know), SignInLocked, AccountNotActive.
    """
    async with _one_attempt_at_a_time(phone):
        async with database.reading() as tx:
            await _refuse_locked(tx, phone)
            users = [user for user in await find_users_by_phone(tx, phone) if role in (None, user.role)]
            hashes = await _find_password_hashes(tx, users)
        matching = await _first_matching(users, hashes, password)
        if matching is None:
            await _record_failure(database, phone)
            raise WrongCredentials
        async with database.transaction() as tx:
            await _forgive_failures(tx, phone)
    if needs_new_hash(hashes[matching.id]):
        await _renew_hash(database, matching.id, hashes[matching.id], await hash_password(password))
    return _active(matching)


async def sign_in_with_password(
    database: Database,
    *,
    secret: str,
    phone: str,
    password: str,
    role: ActorRole | None = None,
    request_id: str | None = None,
) -> SignedIn:
    """As `check_password`, and tokens to go on with."""
    user = await check_password(database, phone=phone, password=password, role=role)
    return await begin_sign_in(database, secret=secret, user=user, request_id=request_id)


async def _find_password_hashes(tx: Transaction, users: list[User]) -> dict[UUID, str]:
    rows = await tx.dicts(
        "SELECT id, password_hash FROM users WHERE id = ANY(%(ids)s) AND password_hash IS NOT NULL",
        {"ids": [user.id for user in users]},
    )
    return {row["id"]: row["password_hash"] for row in rows}


async def _first_matching(users: list[User], hashes: dict[UUID, str], password: str) -> User | None:
    with_password = sorted((user for user in users if user.id in hashes), key=lambda user: user.status != "ACTIVE")
    for user in with_password:
        if await is_password(password, hashes[user.id]):
            return user
    if not with_password:
        await is_password(password, None)
    return None


async def _renew_hash(database: Database, user_id: UUID, old: str, new: str) -> None:
    async with database.transaction() as tx:
        await tx.execute(
            "UPDATE users SET password_hash = %(new)s WHERE id = %(id)s AND password_hash = %(old)s",
            {"id": user_id, "old": old, "new": new},
        )


# --- by one-time code --------------------------------------------------------------------------------------------


async def issue_one_time_code(database: Database, *, secret: str, phone: str) -> None:
    """Send a code to the phone, if somebody active has it; the caller cannot tell whether anybody has.

    Raises TooManyRequests after five codes for one phone in fifteen minutes.
    """
    now = clock.now()
    code = new_one_time_code()
    async with database.transaction() as tx:
        recent: int = await tx.value(
            "SELECT count(*) FROM one_time_codes WHERE phone = %(phone)s AND created_at > %(since)s",
            {"phone": phone, "since": now - CODES_COUNTED_OVER},
        )
        if recent >= CODES_PER_PHONE_MAX:
            raise TooManyRequests(retry_after_seconds=int(CODES_COUNTED_OVER.total_seconds()))
        await tx.send_only(
            """
            INSERT INTO one_time_codes (id, phone, code_hash, created_at, expires_at)
            VALUES (%(id)s, %(phone)s, %(hash)s, %(now)s, %(expires)s)
            """,
            {
                "id": new_id(),
                "phone": phone,
                "hash": code_hash(phone, code, secret=secret),
                "now": now,
                "expires": now + CODE_LIFETIME,
            },
        )
        active = [user for user in await find_users_by_phone(tx, phone) if user.status is UserStatus.ACTIVE]
        if active:
            await publish(tx, [OneTimeCodeIssued(phone=phone, code=code, locale=active[0].locale)])


async def sign_in_with_code(
    database: Database,
    *,
    secret: str,
    phone: str,
    code: str,
    role: ActorRole | None = None,
    request_id: str | None = None,
) -> SignedIn:
    """Sign in with the newest code sent to the phone; it works once. Of several roles `role`, or the first.

    Raises WrongCredentials, SignInLocked, AccountNotActive.
    """
    async with _one_attempt_at_a_time(phone):
        async with database.transaction() as tx:
            await _refuse_locked(tx, phone)
            used = await _use_code(tx, phone, code_hash(phone, code.strip(), secret=secret))
            users = [user for user in await find_users_by_phone(tx, phone) if role in (None, user.role)]
            if used and users:
                await _forgive_failures(tx, phone)
        if not used or not users:
            await _record_failure(database, phone)
            raise WrongCredentials
    user = _active(min(users, key=lambda user: user.status != "ACTIVE"))
    return await begin_sign_in(database, secret=secret, user=user, way="code", request_id=request_id)


async def _use_code(tx: Transaction, phone: str, given_hash: bytes) -> bool:
    """Count the attempt and use the code up if it is right. Its row stays locked until the attempt is counted."""
    # one_time_codes_phone_idx serves this.
    attempt = await tx.dicts(
        """
        UPDATE one_time_codes
        SET attempts = attempts + 1
        WHERE id = (
            SELECT id FROM one_time_codes WHERE phone = %(phone)s ORDER BY created_at DESC, id DESC LIMIT 1
        )
            AND used_at IS NULL AND expires_at > %(now)s AND attempts < %(attempts_max)s
        RETURNING id, code_hash
        """,
        {"phone": phone, "now": clock.now(), "attempts_max": CODE_ATTEMPTS_MAX},
    )
    if not attempt or not hmac.compare_digest(attempt[0]["code_hash"], given_hash):
        return False
    await tx.send_only(
        "UPDATE one_time_codes SET used_at = %(now)s WHERE id = %(id)s", {"now": clock.now(), "id": attempt[0]["id"]}
    )
    return True


# --- going on and ending -----------------------------------------------------------------------------------------


async def begin_sign_in(
    database: Database, *, secret: str, user: User, way: str = "password", request_id: str | None = None
) -> SignedIn:
    """A new sign-in of a user who has just proved who they are, in this way."""
    now = clock.now()
    sign_in_id = new_id()
    async with database.transaction() as tx:
        await tx.send_only(
            "INSERT INTO sign_ins (id, user_id, started_at) VALUES (%(id)s, %(user)s, %(now)s)",
            {"id": sign_in_id, "user": user.id, "now": now},
        )
        await record_login(tx, user, way=way, request_id=request_id)
        return await _issue_tokens(tx, user, sign_in_id, secret, now)


async def record_login(tx: Transaction, user: User, *, way: str, request_id: str | None) -> None:
    """Write into the audit that somebody came in, and how."""
    entry = AuditEntry(
        action="LOGIN", subject_kind="user", subject_id=user.id, retailer_id=user.retailer_id, new={"way": way}
    )
    await record_audit(tx, user.as_actor(request_id), [entry])


async def refresh_sign_in(database: Database, *, secret: str, refresh_token: str) -> SignedIn:
    """New tokens for an old refresh token, which is used up by this.

    A token that was used before is in two hands: its whole sign-in ends. Raises TokenReused, TokenInvalid,
    AccountNotActive.
    """
    now = clock.now()
    async with database.transaction() as tx:
        used = await tx.dicts(
            """
            UPDATE refresh_tokens AS t
            SET used_at = %(now)s
            FROM sign_ins AS s
            WHERE t.token_hash = %(hash)s AND s.id = t.sign_in_id
                AND t.used_at IS NULL AND t.expires_at > %(now)s AND s.ended_at IS NULL
            RETURNING s.id AS sign_in_id, s.user_id
            """,
            {"hash": token_hash(refresh_token), "now": now},
        )
        if used:
            user = _active(await require_user(tx, used[0]["user_id"]))
            return await _issue_tokens(tx, user, used[0]["sign_in_id"], secret, now)
        reused = await _end_reused(tx, token_hash(refresh_token))
    raise TokenReused if reused else TokenInvalid


async def end_sign_in(database: Database, *, refresh_token: str | None = None, sign_in_id: UUID | None = None) -> None:
    """Sign out: the sign-in of this refresh token, or this one, ends with all its tokens. Doing it twice is fine."""
    async with database.transaction() as tx:
        await tx.execute(
            """
            UPDATE sign_ins
            SET ended_at = %(now)s, end_reason = 'SIGNED_OUT'
            WHERE ended_at IS NULL
                AND (id = %(id)s
                    OR id = (SELECT sign_in_id FROM refresh_tokens WHERE token_hash = %(hash)s))
            """,
            {"now": clock.now(), "id": sign_in_id, "hash": token_hash(refresh_token or "")},
        )


async def end_all_sign_ins(tx: Transaction, actor: Actor, *, user_id: UUID) -> list[UUID]:
    """End everything this user has open on any device, console sessions too; answers the sign-ins that ended."""
    ended = await tx.values(
        """
        UPDATE sign_ins SET ended_at = %(now)s, end_reason = 'REVOKED'
        WHERE user_id = %(user)s AND ended_at IS NULL
        RETURNING id
        """,
        {"now": clock.now(), "user": user_id},
    )
    await tx.execute("DELETE FROM console_sessions WHERE user_id = %(user)s", {"user": user_id})
    entry = AuditEntry(
        action="SIGN_INS_REVOKED", subject_kind="user", subject_id=user_id, new={"sign_ins_ended": len(ended)}
    )
    await record_audit(tx, actor, [entry])
    return ended


async def _issue_tokens(tx: Transaction, user: User, sign_in_id: UUID, secret: str, now: datetime) -> SignedIn:
    refresh_token = new_random_token()
    await tx.execute(
        """
        INSERT INTO refresh_tokens (id, sign_in_id, token_hash, issued_at, expires_at)
        VALUES (%(id)s, %(sign_in)s, %(hash)s, %(now)s, %(expires)s)
        """,
        {
            "id": new_id(),
            "sign_in": sign_in_id,
            "hash": token_hash(refresh_token),
            "now": now,
            "expires": now + REFRESH_TOKEN_LIFETIME,
        },
    )
    access_token = make_access_token(user, sign_in_id, secret=secret, now=now)
    return SignedIn(user=user, sign_in_id=sign_in_id, access_token=access_token, refresh_token=refresh_token)


async def _end_reused(tx: Transaction, hashed: bytes) -> bool:
    """End the sign-in of a refresh token that was used before; answers whether it was."""
    reused = await tx.dicts(
        """
        UPDATE sign_ins AS s
        SET ended_at = coalesce(s.ended_at, %(now)s), end_reason = coalesce(s.end_reason, 'TOKEN_REUSED')
        FROM refresh_tokens AS t
        WHERE t.token_hash = %(hash)s AND t.sign_in_id = s.id AND t.used_at IS NOT NULL
        RETURNING s.user_id, s.id AS sign_in_id
        """,
        {"now": clock.now(), "hash": hashed},
    )
    if not reused:
        return False
    entry = AuditEntry(
        action="REFRESH_TOKEN_REUSED",
        subject_kind="user",
        subject_id=reused[0]["user_id"],
        new={"sign_in_id": str(reused[0]["sign_in_id"])},
    )
    await record_audit(tx, SYSTEM, [entry])
    return True


def _active(user: User) -> User:
    if user.status is not UserStatus.ACTIVE:
        raise AccountNotActive(account_status=user.status.lower())
    return user


# --- wrong attempts ----------------------------------------------------------------------------------------------

_attempts: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()


@asynccontextmanager
async def _one_attempt_at_a_time(phone: str) -> AsyncIterator[None]:
    """Attempts on one phone queue up, so that a volley of guesses meets the lock that its fifth sets.

    Each process has its own queue: with n of them a volley may have n − 1 guesses more.
    """
    lock = _attempts.setdefault(phone, asyncio.Lock())
    async with lock:
        yield


async def _refuse_locked(tx: Transaction, phone: str) -> None:
    until: datetime | None = await tx.value(
        "SELECT locked_until FROM sign_in_failures WHERE phone = %(phone)s", {"phone": phone}
    )
    if until is not None and until > clock.now():
        raise SignInLocked(retry_after_seconds=math.ceil((until - clock.now()).total_seconds()))


async def _record_failure(database: Database, phone: str) -> None:
    now = clock.now()
    async with database.transaction() as tx:
        failures: int = await tx.value(
            """
            INSERT INTO sign_in_failures AS f (phone, failures, last_failed_at)
            VALUES (%(phone)s, 1, %(now)s)
            ON CONFLICT (phone) DO UPDATE SET
                failures = CASE WHEN f.last_failed_at < %(forgiven)s THEN 1 ELSE f.failures + 1 END,
                last_failed_at = %(now)s
            RETURNING failures
            """,
            {"phone": phone, "now": now, "forgiven": now - FORGIVEN_AFTER},
        )
        await tx.execute(
            "UPDATE sign_in_failures SET locked_until = %(until)s WHERE phone = %(phone)s",
            {"phone": phone, "until": locked_until(failures, now)},
        )


async def _forgive_failures(tx: Transaction, phone: str) -> None:
    await tx.execute("DELETE FROM sign_in_failures WHERE phone = %(phone)s", {"phone": phone})
