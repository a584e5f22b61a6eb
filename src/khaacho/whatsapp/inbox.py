"""Working what came in: per contact in order of arrival, one transaction per message, different contacts in parallel.

The conversation's row is locked while one of its messages is worked. Whoever finds it locked leaves at once, because
the holder looks again after letting go: a message stored before the visit is therefore seen by the holder at the
latest then, and no worker ever waits for another one's conversation.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import structlog

from khaacho import clock
from khaacho.errors import KhaachoError
from khaacho.platform.database import Database, Transaction
from khaacho.platform.locks import Wait, send_row_locks
from khaacho.platform.metrics import MESSAGES
from khaacho.whatsapp.consent import Consent, read_consent
from khaacho.whatsapp.contacts import opt_in, opt_out
from khaacho.whatsapp.nudges import nudge_drain
from khaacho.whatsapp.outbox import say_over
from khaacho.whatsapp.records import Channel, Contact, InboundMessage, InboundState, Kind, Purpose, Reply, Saying
from khaacho.whatsapp.unread import note_unread
from khaacho.whatsapp.wording import in_both

log = structlog.get_logger(__name__)

HANDLING_TRIES = 5
# Locks and serialization are tried again at once; what is still in the way then counts as a failed try.
BUSY_TRIES = 3
RETRY_SECONDS = (2, 5, 15, 40)
ERROR_LENGTH_MAX = 500


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """One message in its conversation. `notes` is the dialogue's own JSON about where the conversation stands."""

    contact: Contact
    message: InboundMessage
    notes: dict[str, Any]


# The dialogue: reads and acts inside the transaction of the message and answers what to say.
Respond = Callable[[Transaction, Turn], Awaitable[Reply]]


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """The oldest message waiting, with its contact and its conversation's notes."""

    contact: Contact
    message: InboundMessage
    next_attempt_at: datetime | None
    notes: dict[str, Any]


class _Locked(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID


async def drain_contact(database: Database, contact_id: UUID, respond: Respond) -> int:
    """Work everything that waits for this contact, unless somebody else is at it; answers how many were worked."""
    worked = 0
    busy_tries = 0
    while True:
        try:
            async with database.transaction() as tx:
                head, locked = await _take_oldest(tx, contact_id)
                if not locked:
                    return worked
                if head is not None:
                    await _work(tx, head, respond)
        except KhaachoError as error:
            if error.retryable and busy_tries < BUSY_TRIES - 1:
                busy_tries += 1
                continue
            if not await _note_failure(database, contact_id, error):
                return worked
        except Exception as error:
            if not await _note_failure(database, contact_id, error):
                return worked
        else:
            if head is None and not await _is_waiting(database, contact_id):
                return worked
            worked += head is not None
        busy_tries = 0


async def _take_oldest(tx: Transaction, contact_id: UUID) -> tuple[_Head | None, bool]:
    """Lock the conversation and read its oldest message, in one round trip; the flag tells whether the lock was free.

    The second statement has a snapshot of its own, taken after the lock, so it sees whatever the holder before did.
    """
    async with tx.pipeline():
        lock = await send_row_locks(tx, "SELECT id FROM conversations", [contact_id], into=_Locked, wait=Wait.SKIP)
        head = await tx.send(
            """
            SELECT to_jsonb(c) AS contact, to_jsonb(m) AS message, m.next_attempt_at, v.notes
            FROM inbound_messages m
            JOIN contacts c ON c.id = m.contact_id
            JOIN conversations v ON v.id = m.contact_id
            WHERE m.contact_id = %(contact)s AND m.state = 'RECEIVED'
            ORDER BY m.sequence
            LIMIT 1
            """,
            {"contact": contact_id},
            into=_Head,
        )
    if not await lock.all():
        return None, False
    found = await head.first()
    if found is None or (found.next_attempt_at is not None and found.next_attempt_at > clock.now()):
        return None, True
    return found, True


async def _work(tx: Transaction, head: _Head, respond: Respond) -> None:
    turn = Turn(contact=head.contact, message=head.message, notes=head.notes)
    reply = await _consent_reply(tx, turn) or await respond(tx, turn)
    await say_over(
        tx,
        turn.contact.id,
        turn.contact.channel,
        [
            Saying(
                key=f"reply:{turn.message.id}:{number}", purpose=Purpose.REPLY, text=text, reply_to_id=turn.message.id
            )
            for number, text in enumerate(reply.texts)
        ],
    )
    await tx.execute(
        """
        UPDATE inbound_messages SET
            state = 'PROCESSED', processed_at = %(now)s, intent = %(intent)s, not_understood = %(not_understood)s,
            error = NULL
        WHERE id = %(id)s
        """,
        {
            "id": turn.message.id,
            "now": clock.now(),
            "intent": reply.intent,
            "not_understood": reply.not_understood,
        },
    )
    if reply.not_understood:
        await note_unread(tx, turn.message.id, turn.contact.id, reply.unread)
    MESSAGES.labels("in", turn.message.channel, "worked").inc()


async def _consent_reply(tx: Transaction, turn: Turn) -> Reply | None:
    if turn.message.kind not in (Kind.TEXT, Kind.BUTTON):
        return None
    match read_consent(turn.message.body):
        case Consent.STOP:
            await opt_out(tx, turn.contact.id)
            return Reply(texts=(in_both(lambda words: words.opted_out),), intent="stop")
        case Consent.START if turn.contact.opted_out_at is not None:
            await opt_in(tx, turn.contact.id)
            return Reply(texts=(in_both(lambda words: words.opted_in),), intent="start")
        case _:
            return None


class _Failed(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    attempts: int
    state: InboundState
    channel: Channel | None


async def _note_failure(database: Database, contact_id: UUID, error: Exception) -> bool:
    """Count a failed try of the oldest message; answers whether the next message may go on.

    After the last try the message is FAILED, visible to people, and its sender is told kindly.
    """
    async with database.transaction() as tx:
        # Somebody else may have worked the message since; then there is nothing to count.
        if not await (
            await send_row_locks(tx, "SELECT id FROM conversations", [contact_id], into=_Locked, wait=Wait.SKIP)
        ).all():
            return False
        failed = await tx.first(
            """
            UPDATE inbound_messages m SET
                attempts = m.attempts + 1,
                error = %(error)s,
                state = CASE WHEN m.attempts + 1 >= %(tries)s THEN 'FAILED' ELSE m.state END
            FROM contacts c
            WHERE c.id = m.contact_id AND m.id = (
                SELECT id FROM inbound_messages
                WHERE contact_id = %(contact)s AND state = 'RECEIVED'
                ORDER BY sequence
                LIMIT 1
            )
            RETURNING m.id, m.attempts, m.state, c.channel
            """,
            {"contact": contact_id, "error": _in_short(error), "tries": HANDLING_TRIES},
            into=_Failed,
        )
        if failed is None:
            return False
        log.error("message_failed", message_id=str(failed.id), attempts=failed.attempts, exc_info=error)
        if failed.state is InboundState.FAILED:
            MESSAGES.labels("in", failed.channel or "none", "failed").inc()
            sorry = Saying(
                key=f"reply:{failed.id}:sorry",
                purpose=Purpose.REPLY,
                text=in_both(lambda words: words.handling_failed),
                reply_to_id=failed.id,
            )
            await say_over(tx, contact_id, failed.channel, [sorry])
            return True
        MESSAGES.labels("in", failed.channel or "none", "retried").inc()
        delay = timedelta(seconds=RETRY_SECONDS[failed.attempts - 1] * random.uniform(1, 1.2))
        await tx.execute(
            "UPDATE inbound_messages SET next_attempt_at = %(at)s WHERE id = %(id)s",
            {"id": failed.id, "at": clock.now() + delay},
        )
        await nudge_drain(tx, [contact_id], delay=delay)
        return False


async def _is_waiting(database: Database, contact_id: UUID) -> bool:
    """Is there a message that may be worked now?"""
    async with database.reading() as tx:
        due: bool | None = await tx.value(
            """
            SELECT next_attempt_at IS NULL OR next_attempt_at <= %(now)s
            FROM inbound_messages
            WHERE contact_id = %(contact)s AND state = 'RECEIVED'
            ORDER BY sequence
            LIMIT 1
            """,
            {"contact": contact_id, "now": clock.now()},
        )
        return bool(due)


def _in_short(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:ERROR_LENGTH_MAX].replace("\x00", "")
