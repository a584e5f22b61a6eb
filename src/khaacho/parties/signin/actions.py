"""Signing in and out. Wrong attempts are counted although the request is refused, so each verb here opens its own
short transactions; no transaction is open while a password is being hashed.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import SYSTEM, Actor, ActorRole
from khaacho.errors import (
    AccountNotActive,
    TokenInvalid,
    TokenReused,
    WrongCredentials,
)
from khaacho.ids import new_id
from khaacho.parties.events import OneTimeCodeIssued
from khaacho.parties.queries import find_users_by_phone, require_user
from khaacho.parties.records import User, UserStatus
from khaacho.parties.signin.attempts import forgive_failures, one_attempt_at_a_time, record_failure, refuse_locked
from khaacho.parties.signin.codes import use_code, write_code
from khaacho.parties.signin.passwords import hash_password, is_password, needs_new_hash
from khaacho.parties.signin.tokens import (
    ACCESS_TOKEN_LIFETIME,
    REFRESH_TOKEN_LIFETIME,
    make_access_token,
    new_random_token,
    token_hash,
)
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Database, Transaction
from khaacho.platform.events import publish


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
    async with one_attempt_at_a_time(phone):
        async with database.reading() as tx:
            await refuse_locked(tx, phone)
            users = [user for user in await find_users_by_phone(tx, phone) if role in (None, user.role)]
            hashes = await _find_password_hashes(tx, users)
        matching = await _first_matching(users, hashes, password)
        if matching is None:
            await record_failure(database, phone)
            raise WrongCredentials
        async with database.transaction() as tx:
            await forgive_failures(tx, phone)
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
    async with database.transaction() as tx:
        code = await write_code(tx, phone, secret=secret)
        active = [user for user in await find_users_by_phone(tx, phone) if user.status is UserStatus.ACTIVE]
        if active:
            await publish(tx, [OneTimeCodeIssued(phone=phone, code=code, locale=active[0].locale)])


async def check_code(
    database: Database, *, secret: str, phone: str, code: str, role: ActorRole | None = None
) -> list[User]:
    """Whoever is active under the phone to which this code was sent last, of `role` or every role, staff first.

    A code works once. Raises WrongCredentials, SignInLocked, AccountNotActive.
    """
    async with one_attempt_at_a_time(phone):
        async with database.transaction() as tx:
            await refuse_locked(tx, phone)
            used = await use_code(tx, phone, code, secret=secret)
            users = [user for user in await find_users_by_phone(tx, phone) if role in (None, user.role)]
            if used and users:
                await forgive_failures(tx, phone)
        if not used or not users:
            await record_failure(database, phone)
            raise WrongCredentials
    return [user for user in users if user.status is UserStatus.ACTIVE] or [_active(users[0])]


async def sign_in_with_code(
    database: Database,
    *,
    secret: str,
    phone: str,
    code: str,
    role: ActorRole | None = None,
    request_id: str | None = None,
) -> SignedIn:
    """As `check_code`, and tokens to go on with. Of several roles `role`, or the first."""
    user = (await check_code(database, secret=secret, phone=phone, code=code, role=role))[0]
    return await begin_sign_in(database, secret=secret, user=user, way="code", request_id=request_id)


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
