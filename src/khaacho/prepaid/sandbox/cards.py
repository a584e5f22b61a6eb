"""Test cards: what each makes the gateway do. Pure."""

from __future__ import annotations

import msgspec


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """`webhook_copies` deliveries of each event, in reverse order where `reordered`; `taken_late` in the worker."""

    number: str
    title: str
    declined: bool = False
    taken_late: bool = False
    webhook_copies: int = 1
    reordered: bool = False
    silent: bool = False

    @property
    def last4(self) -> str:
        return self.number[-4:]


CARDS = (
    Card(number="4111111111111111", title="Pays"),
    Card(number="4000000000000002", title="Declined", declined=True),
    Card(number="4000000000000077", title="Promised now, taken a little later", taken_late=True),
    Card(
        number="4000000000000259",
        title="Pays; every event is sent three times, the last one first",
        webhook_copies=3,
        reordered=True,
    ),
    Card(number="4000000000000341", title="Pays; no event is ever sent", silent=True),
)
_BY_NUMBER = {card.number: card for card in CARDS}


def find_card(number: str) -> Card:
    """The card of this number; an unknown one is declined."""
    digits = "".join(character for character in number if character.isdigit())
    return _BY_NUMBER.get(digits, Card(number=digits.zfill(4), title="Unknown", declined=True))
