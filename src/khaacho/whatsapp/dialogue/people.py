"""Who is writing: a shop, a wholesaler, both, or somebody we do not know [O5]."""

from __future__ import annotations

import msgspec

from khaacho.actors import Actor, ActorRole
from khaacho.parties.queries import find_retailer_by_phone, find_vendor_by_phone, require_retailer, require_vendor
from khaacho.parties.records import PartyStatus, Retailer, Vendor
from khaacho.platform.database import Transaction
from khaacho.whatsapp.records import Contact
from khaacho.whatsapp.understanding.records import Role
from khaacho.whatsapp.wording import Words, words_for


class Speaker(msgspec.Struct, frozen=True, kw_only=True):
    """A contact with the shop and the wholesaler it stands for. One phone may be both."""

    contact: Contact
    retailer: Retailer | None
    vendor: Vendor | None

    @property
    def locale(self) -> str:
        """The language they read."""
        party = self.retailer or self.vendor
        return str(party.locale) if party else "ne"

    @property
    def words(self) -> Words:
        return words_for(self.locale)

    @property
    def may_buy(self) -> bool:
        return self.retailer is not None and self.retailer.status is PartyStatus.ACTIVE

    @property
    def may_sell(self) -> bool:
        return self.vendor is not None and self.vendor.status is PartyStatus.ACTIVE

    @property
    def role(self) -> Role:
        """How a message of theirs is to be read."""
        if self.may_sell:
            return Role.BOTH if self.may_buy else Role.VENDOR
        return Role.RETAILER

    @property
    def name(self) -> str:
        """How we address them."""
        if self.retailer is not None:
            return self.retailer.owner_name
        return self.vendor.owner_name if self.vendor else ""


async def find_speaker(tx: Transaction, contact: Contact) -> Speaker:
    """Known by the link of the contact where there is one, otherwise by phone."""
    retailer: Retailer | None = None
    vendor: Vendor | None = None
    if contact.retailer_id is not None:
        retailer = await require_retailer(tx, contact.retailer_id)
    elif contact.phone is not None:
        retailer = await find_retailer_by_phone(tx, contact.phone)
    if contact.vendor_id is not None:
        vendor = await require_vendor(tx, contact.vendor_id)
    elif contact.phone is not None:
        vendor = await find_vendor_by_phone(tx, contact.phone)
    return Speaker(contact=contact, retailer=retailer, vendor=vendor)


def actor_of_retailer(retailer: Retailer) -> Actor:
    """The shop as the one who does something."""
    return Actor(role=ActorRole.RETAILER, name=retailer.pasal_name, id=retailer.user_id, retailer_id=retailer.id)


def actor_of_vendor(vendor: Vendor) -> Actor:
    """The wholesaler as the one who does something."""
    return Actor(role=ActorRole.VENDOR, name=vendor.name, id=vendor.user_id, vendor_id=vendor.id)
