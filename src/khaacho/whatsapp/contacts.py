"""One row per person, however many names a provider has for them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from khaacho import clock
from khaacho.ids import new_id
from khaacho.platform.database import Transaction
from khaacho.platform.locks import lock_rows
from khaacho.whatsapp.records import Arrival, Contact, Identity

_COLUMNS = """
    id, phone, provider_user_id, retailer_id, vendor_id, profile_name, channel, address, last_inbound_at, opted_out_at
"""


async def find_contact(tx: Transaction, contact_id: UUID) -> Contact | None:
    """The contact, or None."""
    return await tx.first(f"SELECT {_COLUMNS} FROM contacts WHERE id = %(id)s", {"id": contact_id}, into=Contact)


async def find_contact_by_phone(tx: Transaction, phone: str) -> Contact | None:
    """The contact with this phone (E.164), or None."""
    return await tx.first(f"SELECT {_COLUMNS} FROM contacts WHERE phone = %(phone)s", {"phone": phone}, into=Contact)


async def ensure_contact(tx: Transaction, phone: str) -> Contact:
    """The contact with this phone (E.164); made, reachable over the channel in force, when they never wrote."""
    return (await ensure_contacts(tx, [Identity(phone=phone)]))[0]


async def contact_of_party(
    tx: Transaction, phone: str, *, retailer_id: UUID | None = None, vendor_id: UUID | None = None
) -> Contact:
    """Whoever stands for this shop or wholesaler: the contact linked to it, otherwise the one with its phone."""
    linked = await find_linked_contact(tx, retailer_id=retailer_id, vendor_id=vendor_id)
    return linked or await ensure_contact(tx, phone)


async def find_linked_contact(
    tx: Transaction, *, retailer_id: UUID | None = None, vendor_id: UUID | None = None
) -> Contact | None:
    """The contact linked to this shop or wholesaler; of several, whoever wrote last."""
    return await tx.first(
        f"""
        SELECT {_COLUMNS}
        FROM contacts
        WHERE retailer_id = %(retailer)s OR vendor_id = %(vendor)s
        ORDER BY last_inbound_at DESC NULLS LAST
        LIMIT 1
        """,
        {"retailer": retailer_id, "vendor": vendor_id},
        into=Contact,
    )


async def ensure_contacts(tx: Transaction, identities: Sequence[Identity]) -> list[Contact]:
    """One contact per identity, in order; those nobody knew are made, two that turn out to be one person merged."""
    known = await _find_by_identities(tx, identities)
    newcomers = [identity for identity in identities if not _matching(known, identity)]
    if newcomers:
        await _insert_contacts(tx, newcomers)
        known = await _find_by_identities(tx, identities)
    found: list[Contact] = []
    for identity in identities:
        matching = _matching(known, identity)
        if len(matching) > 1:
            await _merge(tx, keep=matching[0], other=matching[1])
            known = [contact for contact in known if contact.id != matching[1].id]
        found.append(matching[0])
    return found


async def send_touch(tx: Transaction, contact_id: UUID, arrival: Arrival, at: datetime) -> None:
    """Remember where this person wrote from, which opens the window for answers, and what is new about them.

    The row stays locked until the transaction ends: messages of one contact are numbered in the order they commit.
    """
    await tx.send_only(
        """
        UPDATE contacts SET
            channel = %(channel)s,
            address = %(address)s,
            last_inbound_at = GREATEST(last_inbound_at, %(at)s),
            profile_name = COALESCE(%(profile_name)s, profile_name),
            phone = COALESCE(phone, %(phone)s),
            provider_user_id = COALESCE(%(user)s, provider_user_id)
        WHERE id = %(id)s
        """,
        {
            "id": contact_id,
            "channel": arrival.channel,
            "address": arrival.address,
            "at": at,
            "profile_name": arrival.profile_name,
            "phone": arrival.identity.phone,
            "user": arrival.identity.provider_user_id,
        },
    )


async def opt_out(tx: Transaction, contact_id: UUID) -> None:
    """From now on only direct replies go to this person."""
    await tx.execute(
        "UPDATE contacts SET opted_out_at = COALESCE(opted_out_at, %(now)s) WHERE id = %(id)s",
        {"id": contact_id, "now": clock.now()},
    )


async def opt_in(tx: Transaction, contact_id: UUID) -> None:
    """Everything goes to this person again."""
    await tx.execute("UPDATE contacts SET opted_out_at = NULL WHERE id = %(id)s", {"id": contact_id})


async def link_contact(
    tx: Transaction, contact_id: UUID, *, retailer_id: UUID | None = None, vendor_id: UUID | None = None
) -> None:
    """Say who a contact is where their phone does not say it."""
    await tx.execute(
        """
        UPDATE contacts SET
            retailer_id = COALESCE(%(retailer)s, retailer_id),
            vendor_id = COALESCE(%(vendor)s, vendor_id)
        WHERE id = %(id)s
        """,
        {"id": contact_id, "retailer": retailer_id, "vendor": vendor_id},
    )


async def change_identity(tx: Transaction, contact: Contact, new: Identity) -> None:
    """Give a contact the new phone or user id the provider vouches for; a contact that already had it is merged in."""
    for other in await _find_by_identities(tx, [new]):
        if other.id != contact.id:
            await _lock_contacts(tx, [contact.id, other.id])
            await _absorb(tx, keep=contact, other=other)
    await tx.execute(
        """
        UPDATE contacts SET
            phone = COALESCE(%(phone)s, phone),
            provider_user_id = COALESCE(%(user)s, provider_user_id),
            address = CASE WHEN address = phone THEN COALESCE(%(phone)s, address) ELSE address END
        WHERE id = %(id)s
        """,
        {"id": contact.id, "phone": new.phone, "user": new.provider_user_id},
    )


async def _find_by_identities(tx: Transaction, identities: Sequence[Identity]) -> list[Contact]:
    # Served by the unique indexes on phone and provider_user_id.
    return await tx.all(
        f"SELECT {_COLUMNS} FROM contacts WHERE phone = ANY(%(phones)s) OR provider_user_id = ANY(%(users)s)",
        {
            "phones": [identity.phone for identity in identities if identity.phone],
            "users": [identity.provider_user_id for identity in identities if identity.provider_user_id],
        },
        into=Contact,
    )


def _matching(known: Sequence[Contact], identity: Identity) -> list[Contact]:
    """The one with the phone first: a phone is a person's firmer name."""
    by_phone = [contact for contact in known if identity.phone and contact.phone == identity.phone]
    by_user = [
        contact
        for contact in known
        if identity.provider_user_id and contact.provider_user_id == identity.provider_user_id
    ]
    return by_phone + [contact for contact in by_user if contact not in by_phone]


async def _insert_contacts(tx: Transaction, identities: Sequence[Identity]) -> None:
    """Make contacts with their conversations. Whoever somebody else is making at this moment is left to them."""
    distinct = sorted(set(identities), key=lambda identity: (identity.phone or "", identity.provider_user_id or ""))
    ids = [new_id() for _ in distinct]
    await tx.send_only(
        """
        INSERT INTO contacts (id, phone, provider_user_id, created_at)
        SELECT c.id, c.phone, c.provider_user_id, %(now)s
        FROM unnest(%(ids)s::uuid[], %(phones)s::text[], %(users)s::text[]) AS c (id, phone, provider_user_id)
        ON CONFLICT DO NOTHING
        """,
        {
            "ids": ids,
            "phones": [identity.phone for identity in distinct],
            "users": [identity.provider_user_id for identity in distinct],
            "now": clock.now(),
        },
    )
    await tx.send_only("INSERT INTO conversations (id) SELECT id FROM contacts WHERE id = ANY(%(ids)s)", {"ids": ids})


async def _merge(tx: Transaction, *, keep: Contact, other: Contact) -> None:
    """Make one person of two rows. A contact with a phone of its own only gives up the user id: it is somebody else."""
    await _lock_contacts(tx, [keep.id, other.id])
    if other.phone:
        await tx.send_only(
            "UPDATE contacts SET provider_user_id = NULL WHERE id = %(other)s AND phone IS NOT NULL",
            {"other": other.id},
        )
    else:
        await _absorb(tx, keep=keep, other=other)


async def _lock_contacts(tx: Transaction, ids: Sequence[UUID]) -> None:
    await lock_rows(tx, f"SELECT {_COLUMNS} FROM contacts", ids, into=Contact)


async def _absorb(tx: Transaction, *, keep: Contact, other: Contact) -> None:
    ids = {"keep": keep.id, "other": other.id}
    for table in ("inbound_messages", "outbound_messages"):
        await tx.send_only(f"UPDATE {table} SET contact_id = %(keep)s WHERE contact_id = %(other)s", ids)
    await tx.send_only("DELETE FROM conversations WHERE id = %(other)s", ids)
    await tx.send_only(
        """
        WITH gone AS (DELETE FROM contacts WHERE id = %(other)s RETURNING *)
        UPDATE contacts c SET
            retailer_id = COALESCE(c.retailer_id, gone.retailer_id),
            vendor_id = COALESCE(c.vendor_id, gone.vendor_id),
            opted_out_at = COALESCE(c.opted_out_at, gone.opted_out_at),
            last_inbound_at = GREATEST(c.last_inbound_at, gone.last_inbound_at)
        FROM gone
        WHERE c.id = %(keep)s
        """,
        ids,
    )
