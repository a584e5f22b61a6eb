"""Saying something: rows that go out once the transaction commits, each exactly once by its key.

Nothing is sent here. See `sending` for the way out and `delivery` for who may be written to when.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from psycopg.types.json import Jsonb

from khaacho import clock
from khaacho.ids import new_id
from khaacho.platform.database import Transaction
from khaacho.whatsapp.nudges import nudge_send
from khaacho.whatsapp.records import LENGTH_UNKNOWN, TEXT_LENGTH_MAX, Channel, Purpose, Saying
from khaacho.whatsapp.splitting import split_text


async def say(tx: Transaction, contact_id: UUID, sayings: Sequence[Saying]) -> list[UUID]:
    """Queue messages for one contact, in order, and have them sent after the commit; answers the ids of new rows.

    A text too long for the contact's channel becomes several messages. A key that was said before is passed over.
    """
    channel = await tx.value("SELECT channel FROM contacts WHERE id = %(id)s", {"id": contact_id})
    return await say_over(tx, contact_id, Channel(channel) if channel else None, sayings)


async def say_over(tx: Transaction, contact_id: UUID, channel: Channel | None, sayings: Sequence[Saying]) -> list[UUID]:
    """As `say`, for callers who know the contact's channel."""
    length_max = TEXT_LENGTH_MAX[channel] if channel else LENGTH_UNKNOWN
    parts = [
        (saying, number, text)
        for saying in sayings
        for number, text in enumerate(split_text(saying.text, length_max), start=1)
    ]
    if not parts:
        return []
    # Numbered in the order of the arrays: the identity column is filled row by row after the sort.
    said = await tx.send_values(
        """
        INSERT INTO outbound_messages
            (id, contact_id, reply_to_id, dedupe_key, purpose, body, template, template_values,
             next_attempt_at, created_at)
        SELECT m.id, %(contact)s, m.reply_to_id, m.dedupe_key, m.purpose, m.body, m.template, m.template_values,
            %(now)s, %(now)s
        FROM unnest(%(ids)s::uuid[], %(replies)s::uuid[], %(keys)s::text[], %(purposes)s::text[], %(bodies)s::text[],
            %(templates)s::text[], %(values)s::jsonb[])
            WITH ORDINALITY
            AS m (id, reply_to_id, dedupe_key, purpose, body, template, template_values, position)
        ORDER BY m.position
        ON CONFLICT ON CONSTRAINT outbound_messages_dedupe_key DO NOTHING
        RETURNING id
        """,
        {
            "contact": contact_id,
            "ids": [new_id() for _ in parts],
            "replies": [saying.reply_to_id for saying, _, _ in parts],
            "keys": [saying.key if number == 1 else f"{saying.key}#{number}" for saying, number, _ in parts],
            "purposes": [str(saying.purpose) for saying, _, _ in parts],
            "bodies": [text for _, _, text in parts],
            # A template says the whole in few words, so it stands in for the first part and the others are dropped.
            "templates": [saying.template.name if saying.template else None for saying, _, _ in parts],
            "values": [
                Jsonb({"language": saying.template.language, "values": saying.template.values, "part": number})
                if saying.template
                else None
                for saying, number, _ in parts
            ],
            "now": clock.now(),
        },
    )
    await nudge_send(tx, [contact_id])
    ids: list[UUID] = await said.all()
    return ids


async def withdraw(tx: Transaction, contact_id: UUID, purpose: Purpose, reason: str) -> int:
    """Give up what still waits for this contact with this purpose, visibly, because `reason` made it untrue."""
    return await tx.execute(
        """
        UPDATE outbound_messages SET state = 'FAILED', error = %(reason)s
        WHERE contact_id = %(contact)s AND purpose = %(purpose)s AND state = 'QUEUED'
        """,
        {"contact": contact_id, "purpose": purpose.value, "reason": reason},
    )
