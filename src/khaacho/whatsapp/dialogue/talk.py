"""What every answer needs at hand: the transaction, who speaks, the goods, the notes, the message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from khaacho.actors import Actor
from khaacho.orders.records import Basket
from khaacho.parties.records import Retailer, Vendor
from khaacho.platform.database import Transaction
from khaacho.whatsapp.catalog_index import Goods
from khaacho.whatsapp.dialogue.notes import Notes, write_notes
from khaacho.whatsapp.dialogue.people import Speaker, actor_of_retailer, actor_of_vendor
from khaacho.whatsapp.records import InboundMessage, Reply, UnreadWords
from khaacho.whatsapp.wording import Words


class Talk(msgspec.Struct, frozen=True, kw_only=True):
    """One message of one person, in the transaction that answers it."""

    tx: Transaction
    speaker: Speaker
    message: InboundMessage
    text: str
    goods: Goods
    notes: Notes
    basket: Basket | None = None

    @property
    def words(self) -> Words:
        return self.speaker.words

    @property
    def locale(self) -> str:
        return self.speaker.locale

    @property
    def retailer(self) -> Retailer:
        """The shop that speaks; only asked for where `speaker.may_buy`."""
        if self.speaker.retailer is None:
            raise LookupError("the speaker is no retailer")
        return self.speaker.retailer

    @property
    def vendor(self) -> Vendor:
        """The wholesaler that speaks; only asked for where `speaker.may_sell`."""
        if self.speaker.vendor is None:
            raise LookupError("the speaker is no vendor")
        return self.speaker.vendor

    @property
    def buyer(self) -> Actor:
        return actor_of_retailer(self.retailer)

    @property
    def seller(self) -> Actor:
        return actor_of_vendor(self.vendor)

    async def remember(self, asked: Any) -> None:
        """Keep what was asked for the next message."""
        await write_notes(self.tx, self.message.contact_id, msgspec.structs.replace(self.notes, asked=asked))


def reply(*texts: str, intent: str, not_understood: bool = False, unread: Sequence[UnreadWords] = ()) -> Reply:
    """An answer of these texts; what was left unread makes the message one not understood."""
    return Reply(texts=texts, intent=intent, not_understood=not_understood or bool(unread), unread=unread)
