"""Calling our own people: a message to every admin and operator with a phone."""

from __future__ import annotations

from khaacho.actors import ActorRole
from khaacho.parties.queries import find_users
from khaacho.parties.records import UserStatus
from khaacho.platform.database import Transaction
from khaacho.whatsapp.contacts import ensure_contact
from khaacho.whatsapp.outbox import say
from khaacho.whatsapp.records import Purpose, Saying
from khaacho.whatsapp.wording.templates import template

STAFF_TOLD_MAX = 10


async def tell_staff(tx: Transaction, key: str, text: str) -> None:
    """Send `text` to admins and operators, once per key and person."""
    for role in (ActorRole.ADMIN, ActorRole.OPERATOR):
        for user in await find_users(tx, role=role, status=UserStatus.ACTIVE, limit=STAFF_TOLD_MAX):
            contact = await ensure_contact(tx, user.phone)
            saying = Saying(
                key=f"{key}:{user.id}",
                purpose=Purpose.ALERT,
                text=text,
                template=template("alert", "en", text),
            )
            await say(tx, contact.id, [saying])
