"""Orders made of a catalogue's own names, as people write them: words left out, letters slipped, sizes said or not.

A seeded game of chance, so that every run asks the same. What may be taken: the product itself, or one whose name
bears every word that was written, in the size that was said. Anything else taken is a wrong line.
"""

from __future__ import annotations

import random
import re
from decimal import Decimal

from msgspec import Struct

from khaacho.whatsapp.understanding.index import CatalogIndex
from khaacho.whatsapp.understanding.records import CatalogItem, Intent, Thresholds
from khaacho.whatsapp.understanding.understand import understand

SEED = 20260210
SHOWN_CHOICES = 3
_SHARE_CUT, _SHARE_SLIPPED, _SHARE_SIZED = 0.4, 0.25, 0.75
_SLIP_LETTERS = 5


class Spoken(Struct, frozen=True, kw_only=True):
    """One wish as it was written, and what it was made from."""

    item: CatalogItem
    words: frozenset[str]
    quantity: Decimal
    has_size: bool


class SpokenScore(Struct, kw_only=True):
    """Counts over many wishes; `asked` are questions that show the product among the first three."""

    wishes: int = 0
    taken: int = 0
    asked: int = 0
    said: int = 0
    wrong: int = 0

    @property
    def handled(self) -> float:
        return (self.taken + self.asked) / max(self.wishes, 1)

    @property
    def wrong_share(self) -> float:
        return self.wrong / max(self.said, 1)


def make_orders(items: list[CatalogItem], how_many: int) -> list[tuple[str, list[Spoken]]]:
    """Messages of one to four wishes each, with what each wish was made from."""
    chance = random.Random(SEED)
    named = [item for item in items if item.active]
    return [_make_order(chance, chance.sample(named, chance.choice((1, 2, 2, 3, 4)))) for _ in range(how_many)]


def _make_order(chance: random.Random, items: list[CatalogItem]) -> tuple[str, list[Spoken]]:
    leads = chance.random() < 0.5
    texts: list[str] = []
    spoken: list[Spoken] = []
    for item in items:
        words = _written(chance, item)
        size = f"{item.pack_size.normalize():f}{item.pack_unit}" if item.pack_size and item.pack_unit != "pcs" else ""
        has_size = bool(size) and chance.random() < _SHARE_SIZED
        name = " ".join([*words, size] if has_size else words)
        value = chance.randint(2, 24)
        in_cartons = item.units_per_carton is not None and chance.random() < 0.5
        amount = f"{value} {'carton' if in_cartons else ''}".strip()
        texts.append(f"{amount} {name}" if leads else f"{name} {amount}")
        quantity = Decimal(value * (item.units_per_carton or 1) if in_cartons else value)
        spoken.append(Spoken(item=item, words=frozenset(words), quantity=quantity, has_size=has_size))
    return ", ".join(texts), spoken


def _written(chance: random.Random, item: CatalogItem) -> list[str]:
    words = re.findall(r"[a-z0-9']+", _without_size(item).lower()) or [item.name.lower()]
    if len(words) > 3 and chance.random() < _SHARE_CUT:
        del words[chance.randrange(1, len(words))]
    if chance.random() < _SHARE_SLIPPED:
        which = chance.randrange(len(words))
        words[which] = _slipped(chance, words[which])
    return words


def _without_size(item: CatalogItem) -> str:
    if item.pack_size is None:
        return item.name
    return re.sub(rf"\b{item.pack_size.normalize():f}\s*{re.escape(item.pack_unit)}\b", " ", item.name)


def _slipped(chance: random.Random, word: str) -> str:
    """One letter lost, doubled, swapped with its neighbour or replaced; short words and figures as they are."""
    if len(word) < _SLIP_LETTERS or not word.isalpha():
        return word
    at = chance.randrange(1, len(word) - 1)
    return chance.choice(
        (
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + chance.choice("aeiourstn") + word[at + 1 :],
        )
    )


def score_orders(orders: list[tuple[str, list[Spoken]]], index: CatalogIndex, thresholds: Thresholds) -> SpokenScore:
    """What became of every wish."""
    score = SpokenScore()
    for text, spoken in orders:
        meaning = understand(text, index, thresholds=thresholds)
        lines = {line.sku: line.quantity for line in meaning.lines} if meaning.intent is Intent.ORDER else {}
        score.wishes += len(spoken)
        score.said += len(lines)
        for wish in spoken:
            sku = wish.item.sku
            score.taken += lines.get(sku) == wish.quantity
            score.asked += sku not in lines and any(sku in ask.choices[:SHOWN_CHOICES] for ask in meaning.ask)
        score.wrong += sum(not _may_be_meant(sku, quantity, spoken, index) for sku, quantity in lines.items())
    return score


def _may_be_meant(sku: str, quantity: Decimal, spoken: list[Spoken], index: CatalogIndex) -> bool:
    product = index.find_product(sku)
    if product is None:
        return False
    borne = frozenset(re.findall(r"[a-z0-9']+", product.item.name.lower()))
    return any(
        (wish.item.sku == sku and wish.quantity == quantity)
        or (wish.words <= borne and (not wish.has_size or _size(wish.item) == _size(product.item)))
        for wish in spoken
    )


def _size(item: CatalogItem) -> tuple[Decimal | None, str]:
    return item.pack_size, item.pack_unit
