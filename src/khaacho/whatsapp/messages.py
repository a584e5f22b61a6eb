"""Looking at messages, and giving a failed one another go."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.errors import MessageNotRetryable, NotFound
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction
from khaacho.whatsapp.nudges import nudge_drain, nudge_send
from khaacho.whatsapp.records import Channel, Purpose


class Direction(StrEnum):
    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


class MessageRow(msgspec.Struct, frozen=True, kw_only=True):
    """A message of either direction, as staff see it."""

    id: UUID
    direction: Direction
    contact_id: UUID
    phone: str | None
    provider_user_id: str | None
    channel: Channel | None
    status: str
    text: str
    about: str
    attempts: int
    error: str | None
    reply_to_id: UUID | None
    provider_message_id: str | None
    created_at: datetime


_INBOUND = """
    SELECT m.id, 'INBOUND' AS direction, m.contact_id, m.channel, m.state AS status, m.body AS text,
        COALESCE(m.intent, m.kind) AS about, m.attempts, m.error, NULL::uuid AS reply_to_id, m.provider_message_id,
        m.received_at AS created_at
    FROM inbound_messages m
"""
# A code to sign in with is for its receiver only: staff who read along must not be able to use it.
_OUTBOUND = """
    SELECT m.id, 'OUTBOUND' AS direction, m.contact_id, m.channel, m.state AS status,
        CASE WHEN m.purpose = 'ONE_TIME_CODE' THEN '••••••' ELSE m.body END AS text,
        m.purpose AS about, m.attempts, m.error, m.reply_to_id, m.provider_message_id, m.created_at
    FROM outbound_messages m
"""


async def find_messages(
    tx: Transaction,
    *,
    contact_id: UUID | None = None,
    phone: str | None = None,
    direction: Direction | None = None,
    status: str | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[MessageRow]:
    """Messages of both directions, newest first, continuing after the message `before`."""
    filters = """
        WHERE (%(before)s::uuid IS NULL OR m.id < %(before)s)
            AND (%(contact)s::uuid IS NULL OR m.contact_id = %(contact)s)
            AND (%(phone)s::text IS NULL OR m.contact_id = (SELECT id FROM contacts WHERE phone = %(phone)s))
            AND (%(status)s::text IS NULL OR m.state = %(status)s)
        ORDER BY m.id DESC
        LIMIT %(limit)s
    """
    sides = [
        f"({side} {filters})"
        for side, wanted in ((_INBOUND, Direction.INBOUND), (_OUTBOUND, Direction.OUTBOUND))
        if direction is None or direction is wanted
    ]
    return await tx.all(
        f"""
        SELECT m.*, c.phone, c.provider_user_id
        FROM ({" UNION ALL ".join(sides)}) AS m
        JOIN contacts c ON c.id = m.contact_id
        ORDER BY m.id DESC
        LIMIT %(limit)s
        """,
        {"before": before, "contact": contact_id, "phone": phone, "status": status, "limit": limit},
        into=MessageRow,
    )


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """A message the simulator's chat shows."""

    id: UUID
    text: str
    status: str
    purpose: Purpose
    reply_to_id: UUID | None
    created_at: datetime


async def find_spoken(
    tx: Transaction,
    phone: str,
    *,
    after: UUID | None = None,
    after_writing: str | None = None,
    since: datetime | None = None,
    limit: int,
) -> list[Spoken]:
    """What went out to this phone over the simulator, in the order it was said.

    After the message `after`, after somebody wrote the one the provider calls `after_writing`, or since a moment.
    """
    return await tx.all(
        """
        SELECT m.id, m.body AS text, m.state AS status, m.purpose, m.reply_to_id, m.created_at
        FROM outbound_messages m
        JOIN contacts c ON c.id = m.contact_id
        WHERE c.phone = %(phone)s AND m.channel = 'simulator' AND m.state IN ('SENT', 'DELIVERED', 'READ')
            AND (%(after)s::uuid IS NULL
                OR m.sequence > (SELECT sequence FROM outbound_messages WHERE id = %(after)s))
            AND (%(writing)s::text IS NULL
                OR m.created_at >= (
                    SELECT received_at FROM inbound_messages
                    WHERE channel = 'simulator' AND provider_message_id = %(writing)s
                ))
            AND (%(since)s::timestamptz IS NULL OR m.created_at >= %(since)s)
        ORDER BY m.sequence
        LIMIT %(limit)s
        """,
        {"phone": phone, "after": after, "writing": after_writing, "since": since, "limit": limit},
        into=Spoken,
    )


async def retry_message(tx: Transaction, actor: Actor, *, message_id: UUID, reason: str | None = None) -> Direction:
    """Send, or work, a FAILED message again from its first try. Raises NotFound, MessageNotRetryable."""
    now = {"id": message_id, "now": clock.now()}
    contact_id = await tx.value(
        """
        UPDATE outbound_messages SET state = 'QUEUED', attempts = 0, next_attempt_at = %(now)s
        WHERE id = %(id)s AND state = 'FAILED'
        RETURNING contact_id
        """,
        now,
    )
    direction = Direction.OUTBOUND
    if contact_id is not None:
        await nudge_send(tx, [contact_id])
    else:
        direction = Direction.INBOUND
        contact_id = await tx.value(
            """
            UPDATE inbound_messages SET state = 'RECEIVED', attempts = 0, next_attempt_at = NULL
            WHERE id = %(id)s AND state = 'FAILED'
            RETURNING contact_id
            """,
            now,
        )
        if contact_id is None:
            raise await _why_not(tx, message_id)
        await nudge_drain(tx, [contact_id])
    retried = AuditEntry(
        action="MESSAGE_RETRIED", subject_kind=f"{direction.lower()}_message", subject_id=message_id, reason=reason
    )
    await record_audit(tx, actor, [retried])
    return direction


async def _why_not(tx: Transaction, message_id: UUID) -> NotFound | MessageNotRetryable:
    known = await tx.value(
        """
        SELECT EXISTS (SELECT FROM inbound_messages WHERE id = %(id)s)
            OR EXISTS (SELECT FROM outbound_messages WHERE id = %(id)s)
        """,
        {"id": message_id},
    )
    return MessageNotRetryable() if known else NotFound(what="message")
