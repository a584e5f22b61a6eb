"""Messages as people look at them: the figures of a day, and what was said about an order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from khaacho.platform.database import Transaction
from khaacho.whatsapp.messages import MessageRow

_NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class MessageFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What came in and went out in a span of time."""

    received: int
    not_understood: int
    sent: int
    failed: int


async def find_message_figures(tx: Transaction, *, since: datetime, until: datetime) -> MessageFigures:
    """Counts between two moments; `failed` counts both directions."""
    # inbound_messages_received_at_idx and outbound_messages_created_at_idx serve the two halves.
    return await tx.one(
        """
        WITH inbound AS (
            SELECT count(*) AS received, count(*) FILTER (WHERE not_understood) AS not_understood,
                count(*) FILTER (WHERE state = 'FAILED') AS failed
            FROM inbound_messages
            WHERE received_at >= %(since)s AND received_at < %(until)s
        ), outbound AS (
            SELECT count(*) FILTER (WHERE state IN ('SENT', 'DELIVERED', 'READ')) AS sent,
                count(*) FILTER (WHERE state = 'FAILED') AS failed
            FROM outbound_messages
            WHERE created_at >= %(since)s AND created_at < %(until)s
        )
        SELECT received, not_understood, sent, inbound.failed + outbound.failed AS failed
        FROM inbound, outbound
        """,
        {"since": since, "until": until},
        into=MessageFigures,
    )


async def find_messages_about(
    tx: Transaction, order_code: str, phones: Sequence[str], *, since: datetime, limit: int
) -> list[MessageRow]:
    """Messages with these people that name the order, oldest first."""
    # The contact indexes bound this to what was said with these few people.
    return await tx.all(
        """
        SELECT m.*, c.phone, c.provider_user_id
        FROM contacts AS c
        CROSS JOIN LATERAL (
            SELECT i.id, 'INBOUND' AS direction, i.contact_id, i.channel, i.state AS status, i.body AS text,
                COALESCE(i.intent, i.kind) AS about, i.attempts, i.error, NULL::uuid AS reply_to_id,
                i.provider_message_id, i.received_at AS created_at
            FROM inbound_messages AS i
            WHERE i.contact_id = c.id AND i.received_at >= %(since)s AND strpos(i.body, %(code)s) > 0
            UNION ALL
            SELECT o.id, 'OUTBOUND', o.contact_id, o.channel, o.state, o.body, o.purpose, o.attempts, o.error,
                o.reply_to_id, o.provider_message_id, o.created_at
            FROM outbound_messages AS o
            WHERE o.contact_id = c.id AND o.created_at >= %(since)s AND strpos(o.body, %(code)s) > 0
        ) AS m
        WHERE c.phone = ANY(%(phones)s)
        ORDER BY m.created_at, m.id
        LIMIT %(limit)s
        """,
        {"phones": list(phones), "code": order_code, "since": since, "limit": limit},
        into=MessageRow,
    )


async def find_conversation(
    tx: Transaction, phone: str, *, before: datetime | None = None, limit: int
) -> list[MessageRow]:
    """The latest messages from and to one person, or the latest before a moment, newest first."""
    # Each half is the end of its (contact, sequence) index, however long the conversation and however many others.
    return await tx.all(
        """
        WITH contact AS (SELECT id, phone, provider_user_id FROM contacts WHERE phone = %(phone)s), said AS (
            (SELECT i.id, 'INBOUND' AS direction, i.contact_id, i.channel, i.state AS status, i.body AS text,
                COALESCE(i.intent, i.kind) AS about, i.attempts, i.error, NULL::uuid AS reply_to_id,
                i.provider_message_id, i.received_at AS created_at
            FROM inbound_messages AS i
            WHERE i.contact_id = (SELECT id FROM contact) AND i.received_at < %(before)s
            ORDER BY i.contact_id DESC, i.sequence DESC
            LIMIT %(limit)s)
            UNION ALL
            (SELECT o.id, 'OUTBOUND', o.contact_id, o.channel, o.state, o.body, o.purpose, o.attempts, o.error,
                o.reply_to_id, o.provider_message_id, o.created_at
            FROM outbound_messages AS o
            WHERE o.contact_id = (SELECT id FROM contact) AND o.created_at < %(before)s
            ORDER BY o.contact_id DESC, o.sequence DESC
            LIMIT %(limit)s)
        )
        SELECT said.*, contact.phone, contact.provider_user_id
        FROM said, contact
        ORDER BY said.created_at DESC, said.id DESC
        LIMIT %(limit)s
        """,
        {"phone": phone, "before": before or _NEVER, "limit": limit},
        into=MessageRow,
    )


async def find_last_heard(tx: Transaction, phones: Sequence[str]) -> dict[str, datetime]:
    """When each of these people last wrote; those who never did are missing."""
    rows = await tx.dicts(
        "SELECT phone, last_inbound_at FROM contacts WHERE phone = ANY(%(phones)s) AND last_inbound_at IS NOT NULL",
        {"phones": list(phones)},
    )
    return {row["phone"]: row["last_inbound_at"] for row in rows}
