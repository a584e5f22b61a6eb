"""Signing up on the pages: whoever shows that they hold a phone becomes a freelancer, and waits to be let in."""

from __future__ import annotations

import msgspec

from khaacho.actors import SYSTEM, ActorRole
from khaacho.errors import WrongCredentials
from khaacho.parties.events import OneTimeCodeIssued
from khaacho.parties.records import Locale, NewUser, User, UserStatus
from khaacho.parties.signin.attempts import forgive_failures, one_attempt_at_a_time, record_failure, refuse_locked
from khaacho.parties.signin.codes import use_code, write_code
from khaacho.parties.signin.passwords import hash_password
from khaacho.parties.user_actions import add_users
from khaacho.platform.database import Database
from khaacho.platform.events import publish


async def issue_sign_up_code(database: Database, *, secret: str, phone: str, locale: Locale) -> None:
    """Send a code to the phone, known to us or not: nobody learns from it who is here.

    Raises TooManyRequests after five codes for one phone in fifteen minutes.
    """
    async with database.transaction() as tx:
        code = await write_code(tx, phone, secret=secret)
        await publish(tx, [OneTimeCodeIssued(phone=phone, code=code, locale=locale)])


async def sign_up_freelancer(
    database: Database,
    *,
    secret: str,
    phone: str,
    code: str,
    name: str,
    password: str,
    locale: Locale,
    request_id: str | None = None,
) -> User:
    """Register whoever has the newest code sent to the phone; somebody of the team lets them in.

    Raises ValidationFailed for a password that is too short or too long, WrongCredentials for another code,
    SignInLocked, and AlreadyExists when the phone is a freelancer's already.
    """
    password_hash = await hash_password(password)
    new = NewUser(
        role=ActorRole.FREELANCER,
        name=name,
        phone=phone,
        password_hash=password_hash,
        status=UserStatus.PENDING,
        locale=locale,
    )
    async with one_attempt_at_a_time(phone):
        async with database.transaction() as tx:
            await refuse_locked(tx, phone)
            if await use_code(tx, phone, code, secret=secret):
                await forgive_failures(tx, phone)
                actor = msgspec.structs.replace(SYSTEM, request_id=request_id)
                (user,) = await add_users(tx, actor, users=[new])
                return user
        await record_failure(database, phone)
        raise WrongCredentials
