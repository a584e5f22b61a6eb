"""What happens inside a provider's request: store, enqueue, commit. Nothing is understood here.

One transaction and two round trips for a message from somebody we know. A message whose provider id is stored already
changes nothing at all, neither the contact nor the window, however late the provider repeats it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg.types.json import Jsonb

from khaacho import clock
from khaacho.errors import Conflict, Deadlock, LockTimeout
from khaacho.ids import new_id
from khaacho.platform.database import Database, Transaction
from khaacho.platform.metrics import MESSAGES
from khaacho.whatsapp.contacts import ensure_contacts, send_touch
from khaacho.whatsapp.nudges import nudge_drain
from khaacho.whatsapp.records import Arrival, Contact, StatusReport
from khaacho.whatsapp.statuses import send_report

STORE_TRIES = 3
# Counts for nobody: PostgreSQL cannot store it, and no shopkeeper can type it.
NUL = "\x00"


async def store_delivery(
    database: Database, *, messages: Sequence[Arrival] = (), statuses: Sequence[StatusReport] = ()
) -> int:
    """Store everything one request brought, all or nothing; answers how many messages were new.

    Two requests may meet on one new person or on a merge of two contacts; whoever loses begins again.
    """
    for tries_left in reversed(range(STORE_TRIES)):
        try:
            async with database.transaction(pipelined=True) as tx:
                for report in statuses:
                    await send_report(tx, report)
                fresh = await _store_messages(tx, messages) if messages else []
        except (Deadlock, LockTimeout, Conflict):
            if not tries_left:
                raise
        else:
            for arrival in fresh:
                MESSAGES.labels("in", arrival.channel, "stored").inc()
            return len(fresh)
    raise AssertionError("the last try raises or returns")


async def _store_messages(tx: Transaction, messages: Sequence[Arrival]) -> list[Arrival]:
    known = await tx.send_values(
        """
        SELECT provider_message_id
        FROM inbound_messages
        WHERE channel = %(channel)s AND provider_message_id = ANY(%(ids)s)
        """,
        {"channel": messages[0].channel, "ids": [message.provider_message_id for message in messages]},
    )
    contacts = await ensure_contacts(tx, [message.identity for message in messages])
    seen = set(await known.all())
    fresh: list[tuple[Contact, Arrival]] = []
    for contact, message in zip(contacts, messages, strict=True):
        if message.provider_message_id not in seen:
            seen.add(message.provider_message_id)
            fresh.append((contact, message))
    # Contacts are touched in id order, so that two deliveries for the same people cannot block each other.
    for contact, message in sorted(fresh, key=lambda pair: pair[0].id):
        await send_touch(tx, contact.id, message, clock.now())
        await _send_insert(tx, contact, message)
    await nudge_drain(tx, list(dict.fromkeys(contact.id for contact, _ in fresh)))
    return [message for _, message in fresh]


async def _send_insert(tx: Transaction, contact: Contact, message: Arrival) -> None:
    await tx.send_only(
        """
        INSERT INTO inbound_messages
            (id, channel, provider_message_id, contact_id, kind, body, raw, sent_at, received_at)
        VALUES (%(id)s, %(channel)s, %(provider_id)s, %(contact)s, %(kind)s, %(body)s, %(raw)s, %(sent_at)s, %(now)s)
        ON CONFLICT ON CONSTRAINT inbound_messages_provider_id_key DO NOTHING
        """,
        {
            "id": new_id(),
            "channel": message.channel,
            "provider_id": message.provider_message_id,
            "contact": contact.id,
            "kind": message.kind,
            "body": message.body.replace(NUL, ""),
            "raw": Jsonb(_storable(message.raw)),
            "sent_at": message.sent_at,
            "now": clock.now(),
        },
    )


def _storable(raw: Any) -> Any:
    if isinstance(raw, str):
        return raw.replace(NUL, "")
    if isinstance(raw, dict):
        return {str(name).replace(NUL, ""): _storable(value) for name, value in raw.items()}
    if isinstance(raw, list):
        return [_storable(value) for value in raw]
    return raw
