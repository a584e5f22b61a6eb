"""Whether anything can be said to a shop at all. To one that cannot be reached nothing is said, so that nothing fails.

A shop taken over from another book has no telephone; a person linked to it by hand stands in for one.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from khaacho.credit.lateness.left_out import Why
from khaacho.parties.phones import UNREACHABLE_PREFIX, is_reachable
from khaacho.parties.records import Retailer
from khaacho.platform.database import Transaction
from khaacho.whatsapp.contacts import contact_of_party, find_linked_contact
from khaacho.whatsapp.records import Contact


class _Standing(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    opted_out: bool | None


async def find_contact_of_shop(tx: Transaction, retailer: Retailer) -> Contact | None:
    """Whoever stands for the shop, made where it is new; None when there is no telephone and nobody linked."""
    if is_reachable(retailer.phone):
        return await contact_of_party(tx, retailer.phone, retailer_id=retailer.id)
    return await find_linked_contact(tx, retailer_id=retailer.id)


async def find_unreachable(tx: Transaction, retailer_ids: Sequence[UUID]) -> dict[UUID, Why]:
    """Which of these shops nobody can remind of anything, and why: NO_PHONE, or OPTED_OUT."""
    # As `contact_of_party` chooses: the contact linked last written from, otherwise the one with the shop's phone.
    # Served by contacts_retailer_idx and contacts_phone_key.
    standings = await tx.all(
        """
        SELECT retailer.id, COALESCE(linked.opted_out, named.opted_out_at IS NOT NULL) AS opted_out
        FROM retailers AS retailer
        LEFT JOIN LATERAL (
            SELECT contact.opted_out_at IS NOT NULL AS opted_out
            FROM contacts AS contact
            WHERE contact.retailer_id = retailer.id
            ORDER BY contact.last_inbound_at DESC NULLS LAST
            LIMIT 1
        ) AS linked ON true
        LEFT JOIN contacts AS named ON named.phone = retailer.phone
        WHERE retailer.id = ANY(%(ids)s::uuid[])
            AND (
                linked.opted_out
                OR (linked.opted_out IS NULL AND (named.opted_out_at IS NOT NULL OR retailer.phone LIKE %(none)s))
            )
        """,
        {"ids": list(retailer_ids), "none": UNREACHABLE_PREFIX + "%"},
        into=_Standing,
    )
    return {one.id: Why.OPTED_OUT if one.opted_out else Why.NO_PHONE for one in standings}
