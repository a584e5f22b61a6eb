"""Changing users: the people who can sign in, whatever they stand for."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec
from msgspec.structs import replace

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.errors import NotFound
from khaacho.ids import new_id
from khaacho.parties.events import FreelancerApproved
from khaacho.parties.records import NewUser, Retailer, User, UserStatus, Vendor
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.columns import columns_of
from khaacho.platform.database import Transaction
from khaacho.platform.events import publish
from khaacho.platform.locks import lock_rows


class UserRow(msgspec.Struct, frozen=True, kw_only=True):
    """What of a user can change."""

    id: UUID
    name: str
    role: ActorRole
    status: UserStatus


async def add_users(tx: Transaction, actor: Actor, *, users: Sequence[NewUser]) -> list[User]:
    """Add people who can sign in. Raises AlreadyExists when a phone already has that role."""
    now = clock.now()
    added = [
        User(
            id=new_id(),
            phone=user.phone,
            name=user.name,
            role=user.role,
            status=user.status,
            locale=user.locale,
            created_at=now,
        )
        for user in users
    ]
    await tx.send_only(
        """
        INSERT INTO users (id, phone, name, role, password_hash, status, locale, created_at)
        SELECT u.id, u.phone, u.name, u.role, u.password_hash, u.status, u.locale, %(now)s
        FROM unnest(%(id)s::uuid[], %(phone)s::text[], %(name)s::text[], %(role)s::text[], %(password_hash)s::text[],
            %(status)s::text[], %(locale)s::text[]) AS u (id, phone, name, role, password_hash, status, locale)
        """,
        {
            **columns_of(added, ("id", "phone", "name", "role", "status", "locale")),
            "password_hash": [user.password_hash for user in users],
            "now": now,
        },
    )
    await record_audit(
        tx,
        actor,
        [
            AuditEntry(
                action="USER_ADDED",
                subject_kind="user",
                subject_id=user.id,
                new={"role": user.role, "name": user.name, "status": user.status},
            )
            for user in added
        ],
    )
    await _announce_freelancers(tx, added)
    return added


async def set_user_status(
    tx: Transaction, actor: Actor, *, user_id: UUID, status: UserStatus, reason: str | None = None
) -> None:
    """Let a user in or keep them out. Raises NotFound."""
    locked = await lock_rows(tx, "SELECT id, name, role, status FROM users", [user_id], into=UserRow)
    if not locked:
        raise NotFound(what="user")
    if locked[0].status is status:
        return
    await tx.send_only("UPDATE users SET status = %(status)s WHERE id = %(id)s", {"status": status, "id": user_id})
    entry = AuditEntry(
        action="USER_CHANGED",
        subject_kind="user",
        subject_id=user_id,
        reason=reason,
        old={"status": locked[0].status},
        new={"status": status},
    )
    await record_audit(tx, actor, [entry])
    if status is UserStatus.ACTIVE:
        await _announce_freelancers(tx, [replace(locked[0], status=status)])


async def set_password_hash(tx: Transaction, actor: Actor, *, user_id: UUID, password_hash: str) -> None:
    """A new password; that it changed is audited, what it is is not. Raises NotFound."""
    changed = await tx.execute(
        "UPDATE users SET password_hash = %(hash)s WHERE id = %(id)s", {"hash": password_hash, "id": user_id}
    )
    if not changed:
        raise NotFound(what="user")
    await record_audit(tx, actor, [AuditEntry(action="PASSWORD_CHANGED", subject_kind="user", subject_id=user_id)])


async def follow_with_users(tx: Transaction, parties: Sequence[Retailer] | Sequence[Vendor]) -> None:
    """Make phone, name, language and state of each party's user those of the party."""
    await tx.send_only(
        """
        UPDATE users SET phone = n.phone, name = n.name, locale = n.locale, status = n.status
        FROM unnest(%(id)s::uuid[], %(phone)s::text[], %(name)s::text[], %(locale)s::text[], %(status)s::text[])
            AS n (id, phone, name, locale, status)
        WHERE users.id = n.id
        """,
        {
            "id": [party.user_id for party in parties],
            "phone": [party.phone for party in parties],
            "name": [party.owner_name for party in parties],
            "locale": [party.locale for party in parties],
            "status": [party.status.of_user for party in parties],
        },
    )


async def _announce_freelancers(tx: Transaction, users: Sequence[User | UserRow]) -> None:
    approved = [
        FreelancerApproved(user_id=user.id)
        for user in users
        if user.role is ActorRole.FREELANCER and user.status is UserStatus.ACTIVE
    ]
    if approved:
        await publish(tx, approved)
