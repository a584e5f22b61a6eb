"""Who is behind a phone number, for lists of messages and conversations."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID

import msgspec

from khaacho.platform.database import Transaction


class PartyKind(StrEnum):
    RETAILER = "RETAILER"
    VENDOR = "VENDOR"


class NamedParty(msgspec.Struct, frozen=True, kw_only=True):
    """A shop or a wholesaler by its phone."""

    kind: PartyKind
    id: UUID
    phone: str
    name: str
    city: str


async def find_parties_by_phone(tx: Transaction, phones: Sequence[str]) -> dict[str, list[NamedParty]]:
    """Whoever has these E.164 numbers: nobody, a shop, a wholesaler, or one that is both (the shop first)."""
    # retailers_phone_key and vendors_phone_key serve the two halves.
    found = await tx.all(
        """
        SELECT 'RETAILER' AS kind, id, phone, pasal_name AS name, city
        FROM retailers
        WHERE phone = ANY(%(phones)s)
        UNION ALL
        SELECT 'VENDOR', id, phone, name, city
        FROM vendors
        WHERE phone = ANY(%(phones)s)
        """,
        {"phones": list(phones)},
        into=NamedParty,
    )
    by_phone: dict[str, list[NamedParty]] = {}
    for party in found:
        by_phone.setdefault(party.phone, []).append(party)
    return by_phone
