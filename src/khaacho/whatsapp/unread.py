"""What nobody could read: kept with its message until a person teaches the words, answers, or lets them be.

A row is settled once. Teaching settles every open row with the same words, of that shop or, taught to everyone, of
all. Who did what is in the audit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.catalog.product_actions import add_aliases
from khaacho.catalog.records import NewAlias
from khaacho.errors import Conflict, NotFound, ValidationFailed
from khaacho.ids import new_id
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction
from khaacho.whatsapp.messages import MessageRow, find_messages
from khaacho.whatsapp.outbox import say
from khaacho.whatsapp.records import Purpose, Saying, UnreadWords

WORDS_LENGTH_MAX = 200
# A list of five hundred strange names is one person's evening; the first of them show what is missing.
WORDS_PER_MESSAGE_MAX = 20
ANSWER_LENGTH_MAX = 4_096
AROUND_BEFORE, AROUND_AFTER = 3, 4


class UnreadState(StrEnum):
    """Open until a person maps the words to a product, replies, or dismisses."""

    OPEN = "OPEN"
    MAPPED = "MAPPED"
    REPLIED = "REPLIED"
    DISMISSED = "DISMISSED"


class Unread(msgspec.Struct, frozen=True, kw_only=True):
    """Words nobody could read, in their message. `words` is empty where nothing of the message was understood."""

    id: UUID
    message_id: UUID
    contact_id: UUID
    retailer_id: UUID | None
    words: str
    suggestions: list[str]
    state: UnreadState
    product_id: UUID | None
    product_name: str | None
    settled_by: str | None
    settled_at: datetime | None
    body: str
    phone: str | None
    received_at: datetime


_UNREAD = """
    SELECT u.id, u.message_id, u.contact_id, u.retailer_id, u.words, u.suggestions, u.state, u.product_id,
        p.name AS product_name, u.settled_by, u.settled_at, m.body, c.phone, m.received_at
    FROM unread_words u
    JOIN inbound_messages m ON m.id = u.message_id
    JOIN contacts c ON c.id = u.contact_id
    LEFT JOIN products p ON p.id = u.product_id
"""


async def note_unread(tx: Transaction, message_id: UUID, contact_id: UUID, unread: Sequence[UnreadWords]) -> None:
    """Keep what was not understood of a message; without words, the whole of it. Noting twice is noting once."""
    kept = {one.words.strip()[:WORDS_LENGTH_MAX]: one for one in unread[:WORDS_PER_MESSAGE_MAX]} or {"": UnreadWords()}
    for words, one in kept.items():
        await tx.send_only(
            """
            INSERT INTO unread_words (id, message_id, contact_id, retailer_id, words, suggestions, created_at)
            SELECT %(id)s, %(message)s, c.id, COALESCE(c.retailer_id, r.id), %(words)s, %(suggestions)s, %(now)s
            FROM contacts c
            LEFT JOIN retailers r ON r.phone = c.phone
            WHERE c.id = %(contact)s
            ON CONFLICT ON CONSTRAINT unread_words_message_key DO NOTHING
            """,
            {
                "id": new_id(),
                "message": message_id,
                "contact": contact_id,
                "words": words,
                "suggestions": list(one.suggestions),
                "now": clock.now(),
            },
        )


async def find_unread(tx: Transaction, *, is_open: bool, before: UUID | None = None, limit: int) -> list[Unread]:
    """Newest first, those before the row `before`; open ones, or those that were settled."""
    return await tx.all(
        f"""
        {_UNREAD}
        WHERE (u.state = 'OPEN') = %(open)s AND (%(before)s::uuid IS NULL OR u.id < %(before)s)
        ORDER BY u.id DESC
        LIMIT %(limit)s
        """,
        {"open": is_open, "before": before, "limit": limit},
        into=Unread,
    )


async def count_unread(tx: Transaction) -> int:
    """How many wait for a person."""
    count: int = await tx.value("SELECT count(*) FROM unread_words WHERE state = 'OPEN'")
    return count


async def require_unread(tx: Transaction, unread_id: UUID) -> Unread:
    """Raises NotFound."""
    found = await tx.first(f"{_UNREAD} WHERE u.id = %(id)s", {"id": unread_id}, into=Unread)
    if found is None:
        raise NotFound(what="unread")
    return found


async def find_around(tx: Transaction, unread: Unread) -> list[MessageRow]:
    """The message in its conversation: a few messages before and after it, oldest first."""
    after = await tx.values(
        """
        SELECT id FROM (
            SELECT id FROM inbound_messages WHERE contact_id = %(contact)s AND id > %(message)s
            UNION ALL
            SELECT id FROM outbound_messages WHERE contact_id = %(contact)s AND id > %(message)s
        ) AS later
        ORDER BY id
        LIMIT %(limit)s
        """,
        {"contact": unread.contact_id, "message": unread.message_id, "limit": AROUND_AFTER + 1},
    )
    rows = await find_messages(
        tx,
        contact_id=unread.contact_id,
        before=after[-1] if len(after) > AROUND_AFTER else None,
        limit=AROUND_BEFORE + 1 + min(len(after), AROUND_AFTER),
    )
    return list(reversed(rows))


async def map_unread(
    tx: Transaction, actor: Actor, unread_id: UUID, *, product_id: UUID, words: str, for_everyone: bool
) -> int:
    """Teach that `words` mean a product, to this shop or to everyone; answers how many open rows that settled.

    Raises NotFound, Conflict where the row is settled already, ProductNotFound, and ValidationFailed for words that
    cannot be learnt, or for a person who is no shop and whose words can only be taught to everyone.
    """
    unread = await require_unread(tx, unread_id)
    if not for_everyone and unread.retailer_id is None:
        raise ValidationFailed(field="words", why="were written by nobody we know as a shop; teach them to everyone")
    retailer_id = None if for_everyone else unread.retailer_id
    (alias,) = await add_aliases(
        tx, actor, aliases=[NewAlias(product_id=product_id, phrase=words, retailer_id=retailer_id)]
    )
    await _settle(tx, actor, unread, UnreadState.MAPPED, product_id=product_id, new={"words": alias.phrase})
    others = await tx.execute(
        """
        UPDATE unread_words SET state = 'MAPPED', product_id = %(product)s, settled_by = %(by)s, settled_at = %(now)s
        WHERE state = 'OPEN' AND words <> '' AND lower(words) = %(words)s
            AND (%(everyone)s OR retailer_id = %(retailer)s)
        """,
        {
            "product": product_id,
            "by": actor.name,
            "now": clock.now(),
            "words": alias.phrase,
            "everyone": for_everyone,
            "retailer": unread.retailer_id,
        },
    )
    return 1 + others


async def reply_to_unread(tx: Transaction, actor: Actor, unread_id: UUID, text: str) -> None:
    """Write to the person in the message's conversation, which settles whatever of that message is still open.

    Raises NotFound, Conflict where the row is settled already, ValidationFailed without words.
    """
    text = text.strip()
    if not 0 < len(text) <= ANSWER_LENGTH_MAX:
        raise ValidationFailed(field="text", why=f"must have 1 to {ANSWER_LENGTH_MAX} characters")
    unread = await require_unread(tx, unread_id)
    await _settle(tx, actor, unread, UnreadState.REPLIED, new={"text": text})
    saying = Saying(key=f"unread:{unread.id}", purpose=Purpose.NOTICE, text=text, reply_to_id=unread.message_id)
    await say(tx, unread.contact_id, [saying])
    await tx.send_only(
        """
        UPDATE unread_words SET state = 'REPLIED', settled_by = %(by)s, settled_at = %(now)s
        WHERE message_id = %(message)s AND state = 'OPEN'
        """,
        {"message": unread.message_id, "by": actor.name, "now": clock.now()},
    )


async def dismiss_unread(tx: Transaction, actor: Actor, unread_id: UUID) -> None:
    """Let it be: chit-chat, or something nobody sells. Raises NotFound, Conflict where it is settled already."""
    await _settle(tx, actor, await require_unread(tx, unread_id), UnreadState.DISMISSED)


async def _settle(
    tx: Transaction,
    actor: Actor,
    unread: Unread,
    state: UnreadState,
    *,
    product_id: UUID | None = None,
    new: dict[str, str] | None = None,
) -> None:
    settled = await tx.execute(
        """
        UPDATE unread_words
        SET state = %(state)s, product_id = %(product)s, settled_by = %(by)s, settled_at = %(now)s
        WHERE id = %(id)s AND state = 'OPEN'
        """,
        {"id": unread.id, "state": state.value, "product": product_id, "by": actor.name, "now": clock.now()},
    )
    if not settled:
        raise Conflict(why="Somebody has settled this already.")
    entry = AuditEntry(
        action=f"UNREAD_{state}",
        subject_kind="message",
        subject_id=unread.message_id,
        retailer_id=unread.retailer_id,
        old={"words": unread.words or unread.body[:WORDS_LENGTH_MAX]},
        new=new,
    )
    await record_audit(tx, actor, [entry])
