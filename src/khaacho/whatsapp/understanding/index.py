"""The catalogue as the matcher needs it: words, sounds, sizes and codes, built once and shared.

`build_index` reads the products once; the index is never changed afterwards, so any number of readers may
share it. It holds no threshold and takes no decision.
"""

import gc
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise
from math import log
from types import MappingProxyType

from msgspec import Struct

from .fillers import is_noise
from .glossary import concept_of, phrase_concept_of
from .numbers import NUMBER_WORDS
from .records import Alias, CatalogItem
from .sound import is_devanagari, skeleton_of, sound_of
from .text import clean
from .units import MEASURES, UNIT_WORDS, base_size

# How much a word tells when it is found in this part of a product: its name, in brackets after the name,
# its Nepali name, its code, its category.
# `IN_BRAND` is for a brand the name does not repeat: "coke" is Coca-Cola before it is its maker's other drinks.
IN_NAME, IN_BRACKETS, IN_NEPALI, IN_CODE, IN_CATEGORY, IN_BRAND = 1.0, 0.985, 0.99, 0.95, 0.85, 0.96

_WORD = re.compile(r"[a-z0-9\u0900-\u097f]+(?:[.](?=\d)\d+)?(?:'(?:s\b)?[a-z]*)?")
_NUMBER_AND_LETTERS = re.compile(r"(\d+(?:\.\d+)?)([a-z\u0900-\u097f]+)")
_BRACKETS = re.compile(r"\(([^)]*)\)?")
_CODE_PARTS = re.compile(r"[a-z]+|\d+(?:\.\d+)?")
_JOINABLE_LETTERS, _JOINED_STARTS = 4, 4
_SHORT_SOUND, _LONG_SOUND = 3, 8
_SMALL = "the and with for of a an in by to ko ka ki n no or plus pack family pcs pc"
_SMALL_WORDS = frozenset(_SMALL.split())
_SIZE_LETTERS = {"s": "=small", "m": "=medium", "l": "=big"}
_ROMAN = {"ii": "2", "iii": "3", "iv": "4"}


class Product(Struct, frozen=True, kw_only=True):
    """One product, taken apart. Words are vocabulary ids.

    `core` are the words of the name without its pack size, each its id and those that mean the same;
    `brand` and `category` the ids of the brand's and the category's words.
    """

    item: CatalogItem
    words: dict[int, float]
    core: tuple[tuple[int, frozenset[int]], ...]
    brand: frozenset[int]
    category: frozenset[int]
    size: tuple[str, Decimal] | None
    numbers: frozenset[str]
    selling_unit: str

    @property
    def is_loose(self) -> bool:
        """Is it sold by measure ("kg") and not by the pack?"""
        return self.selling_unit in MEASURES


class CatalogIndex(Struct, frozen=True, kw_only=True):
    """Everything `find_*` needs. Mappings are read-only by convention and by proxy."""

    products: tuple[Product, ...]
    by_sku: MappingProxyType[str, int]
    by_code: MappingProxyType[str, int]
    word_ids: MappingProxyType[str, int]
    words: tuple[str, ...]
    postings: tuple[tuple[int, ...], ...]
    weights: tuple[float, ...]
    by_sound: MappingProxyType[str, tuple[int, ...]]
    by_skeleton: MappingProxyType[str, tuple[int, ...]]
    by_slip: MappingProxyType[str, tuple[int, ...]]
    sorted_words: tuple[str, ...]
    sorted_skeletons: tuple[str, ...]
    joined: MappingProxyType[str, tuple[frozenset[int], ...]]
    pairs: frozenset[tuple[str, str]]
    linked: frozenset[tuple[str, str]]
    brand_words: frozenset[int]
    aliases: MappingProxyType[tuple[str, ...], str]

    def find_product(self, sku: str) -> Product | None:
        """The product with this code, or None."""
        position = self.by_sku.get(sku)
        return None if position is None else self.products[position]

    def knows(self, word: str) -> bool:
        """Is the word, as spelled, part of the catalogue's language?"""
        return word in self.word_ids


def split_words(text: str) -> list[str]:
    """Lower-case words of a name, Devanagari and Latin, numbers apart from their measure: "75g" is "75", "g"."""
    words: list[str] = []
    for word in _WORD.findall(text):
        word = word.replace("'", "")
        match = _NUMBER_AND_LETTERS.fullmatch(word)
        if match and (UNIT_WORDS.get(match[2]) in MEASURES or match[2] == "w"):
            words += [match[1], match[2]]
        else:
            words.append(_ROMAN.get(word, word))
    return words


def code_key(code: str) -> str:
    """A product code without its punctuation: how codes are compared."""
    return re.sub(r"[^a-z0-9.]", "", code.lower())


def phrase_key(words: Iterable[str]) -> tuple[str, ...]:
    """How an alias phrase is compared: by sound, in order, without the small words between ("gahun ko pitho")."""
    said = list(words)
    return tuple(sound_of(word) for word in said if not is_noise(word)) or tuple(sound_of(word) for word in said)


def alias_key(phrase: str) -> tuple[str, ...]:
    """An alias as taught, by sound, without any size said along with it."""
    words = split_words(clean(phrase).letters)
    kept: list[str] = []
    for word in words:
        if UNIT_WORDS.get(word) in MEASURES and kept and kept[-1][0].isdigit():
            kept.pop()
        else:
            kept.append(word)
    return phrase_key(kept)


def deletions(sound: str) -> set[str]:
    """The sound and everything it becomes by losing one letter (two, if long): neighbours share one."""
    once = {sound[:i] + sound[i + 1 :] for i in range(len(sound))}
    if len(sound) < _LONG_SOUND:
        return once | {sound}
    return once | {sound} | {w[:i] + w[i + 1 :] for w in once for i in range(len(w))}


class _Builder:
    """Collects the vocabulary while the products are read; thrown away when the index is made."""

    def __init__(self) -> None:
        self.word_ids: dict[str, int] = {}
        self.meanings: dict[str, frozenset[int]] = {}
        self.postings: list[list[int]] = []
        self.joined: dict[str, set[frozenset[int]]] = {}
        self.pairs: set[tuple[str, str]] = set()
        self.linked: set[tuple[str, str]] = set()
        self.brand_words: set[int] = set()

    def id_of(self, word: str) -> int:
        found = self.word_ids.get(word)
        if found is None:
            found = self.word_ids[word] = len(self.postings)
            self.postings.append([])
        return found

    def ids_of(self, words: list[str]) -> list[frozenset[int]]:
        """For each word its id and those of its meanings; a phrase's meaning goes to both its words."""
        meanings = [self.meaning_of(word) for word in words]
        for i, (first, second) in enumerate(pairwise(words)):
            concept = phrase_concept_of(first, second)
            if concept:
                shared = self.id_of(concept)
                meanings[i] |= {shared}
                meanings[i + 1] |= {shared}
        return meanings

    def meaning_of(self, word: str) -> frozenset[int]:
        """The ids of one word and of its trade meaning; none for the small words of any language."""
        known = self.meanings.get(word)
        if known is None:
            ids = set() if word in _SMALL_WORDS else {self.id_of(word)}
            concept = concept_of(word) if ids else None
            if concept:
                ids.add(self.id_of(concept))
            known = self.meanings[word] = frozenset(ids)
        return known

    def join(self, words: list[str], ids: list[frozenset[int]]) -> None:
        """Let "waiwai" find "Wai Wai" and "3in1" find "3 in 1"."""
        for i in range(min(len(words) - 1, _JOINED_STARTS)):
            self._join_run(words[i : i + 2], ids[i : i + 2])
            run = words[i : i + 3]
            if len(run) == 3 and any(word[0].isdigit() for word in run):
                self._join_run(run, ids[i : i + 3])

    def _join_run(self, run: list[str], ids: list[frozenset[int]]) -> None:
        text = "".join(run)
        if all(ids) and len(text) >= _JOINABLE_LETTERS - text[0].isdigit():
            members: frozenset[int] = frozenset().union(*ids)
            self.joined.setdefault(sound_of(text), set()).add(members)


def _size_of(item: CatalogItem) -> tuple[str, Decimal] | None:
    if item.pack_size is None or not item.pack_unit:
        return None
    return base_size(item.pack_size, item.pack_unit.lower())


def _without_size(words: list[str], size: tuple[str, Decimal] | None) -> list[str]:
    """A name's words without the pack size the product has in its own columns."""
    kept: list[str] = []
    skip = False
    for i, word in enumerate(words):
        if skip:
            skip = False
            continue
        unit = UNIT_WORDS.get(words[i + 1]) if i + 1 < len(words) else None
        unit = "pc" if unit == "piece" else unit
        if unit in MEASURES and re.fullmatch(r"\d+(\.\d+)?", word) and base_size(Decimal(word), unit) == size:
            skip = True
            continue
        kept.append(word)
    return kept


@lru_cache(maxsize=8_192)
def _words_in(text: str) -> list[str]:
    """The words of a brand or a category, which many products share; nobody changes the list."""
    return split_words(clean(text).letters)


def _take_apart(item: CatalogItem, position: int, builder: _Builder) -> Product:
    """Read one product's words into the builder and describe it."""
    size = _size_of(item)
    name = clean(item.name).letters
    brackets = split_words(" ".join(_BRACKETS.findall(name)))
    plain_name = _BRACKETS.sub(" ", name)
    main = _without_size(split_words(plain_name), size)
    nepali_name = clean(item.name_ne).letters
    nepali = [_stem(word) for word in _without_size(split_words(nepali_name), size)]
    brand = _words_in(item.brand)
    category = _words_in(item.category.split(">")[-1])
    found: dict[int, float] = {}

    def note(ids: list[frozenset[int]], strength: float) -> None:
        for each in ids:
            for word_id in each:
                if found.get(word_id, 0.0) < strength:
                    found[word_id] = strength

    main_ids, brand_ids = builder.ids_of(main), builder.ids_of(brand)
    bracket_ids, nepali_ids = builder.ids_of(brackets), builder.ids_of(nepali)
    category_ids = builder.ids_of([w for w in category if w not in _SMALL_WORDS])
    code = [part for part in _CODE_PARTS.findall(item.sku.lower()) if len(part) > 1 and not part[0].isdigit()]
    note(category_ids, IN_CATEGORY)
    note(builder.ids_of([part for part in code if part not in UNIT_WORDS]), IN_CODE)
    note(nepali_ids, IN_NEPALI)
    note(bracket_ids, IN_BRACKETS)
    note(main_ids, IN_NAME)
    note(brand_ids, IN_BRAND)
    for words, ids in ((main, main_ids), (brackets, bracket_ids), (nepali, nepali_ids), (brand, brand_ids)):
        builder.join(words, ids)
    main_ids = _with_sizes(builder, main, main_ids, found)
    main_ids = _with_joined_start(builder, main, main_ids, found)
    _note_pairs(builder, main, plain_name)
    flat_brand: frozenset[int] = frozenset().union(*brand_ids) if brand_ids else frozenset()
    builder.brand_words |= flat_brand
    core = tuple(
        (builder.id_of(word), ids)
        for word, ids in zip(main, main_ids, strict=True)
        if word not in _SMALL_WORDS and _tells(word)
    )
    for word_id in found:
        builder.postings[word_id].append(position)
    return Product(
        item=item,
        words=found,
        core=core,
        brand=flat_brand,
        category=frozenset().union(*category_ids) if category_ids else frozenset(),
        size=size,
        numbers=frozenset(w for w in main if w[0].isdigit()),
        selling_unit=_unit_code(item.selling_unit),
    )


def _with_sizes(
    builder: _Builder, main: list[str], ids: list[frozenset[int]], found: dict[int, float]
) -> list[frozenset[int]]:
    """A size letter that stands alone is the size as a word too: "Pants M" are the medium ones."""
    sized = list(ids)
    for i, word in enumerate(main):
        if word in _SIZE_LETTERS and i and not main[i - 1][0].isdigit():
            meaning = builder.id_of(_SIZE_LETTERS[word])
            found[meaning] = IN_NAME
            sized[i] |= {meaning}
    return sized


def _with_joined_start(
    builder: _Builder, main: list[str], ids: list[frozenset[int]], found: dict[int, float]
) -> list[frozenset[int]]:
    """Make the first two words one word as well ("cocacola"): brands are written together and misspelt so."""
    if len(main) < 2 or not (ids[0] and ids[1]) or main[0].isdigit():
        return ids
    joined = builder.id_of(main[0] + main[1])
    found[joined] = IN_NAME
    return [word_ids | {joined} if i < 2 else word_ids for i, word_ids in enumerate(ids)]


def _stem(word: str) -> str:
    """A Nepali word without its genitive: "तोरीको" is the mustard's."""
    return word.removesuffix("को") or word


def _tells(word: str) -> bool:
    return len(word) > 1 or word.isdigit() or is_devanagari(word)


def _unit_code(unit: str) -> str:
    unit = unit.strip().lower()
    return UNIT_WORDS.get(unit, unit)


def _note_pairs(builder: _Builder, main: list[str], name: str) -> None:
    """Remember numbers that belong to a name ("Lactogen 1", "5 Star") and words joined by "and"."""
    for first, second in pairwise(main):
        if first[0].isdigit() != second[0].isdigit() or first in NUMBER_WORDS or second in NUMBER_WORDS:
            builder.pairs.add((sound_of(first), sound_of(second)))
    for first, second in re.findall(r"([a-z0-9]+)\s*(?:&|\band\b|\bn\b|\bplus\b|\+|/)\s*([a-z0-9]+)", name):
        builder.linked.add((sound_of(first), sound_of(second)))


@contextmanager
def _uncollected() -> Iterator[None]:
    """Nothing that is built here is garbage; the collector would only walk it again and again, a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@_uncollected()
def build_index(items: Iterable[CatalogItem], aliases: Iterable[Alias] = ()) -> CatalogIndex:
    """Read the whole catalogue and the aliases that hold for everyone.

    30,000 products take about two seconds on one core; the figures are in docs/understanding.md.
    """
    builder = _Builder()
    products = tuple(_take_apart(item, position, builder) for position, item in enumerate(items))
    by_sound: dict[str, list[int]] = {}
    by_skeleton: dict[str, list[int]] = {}
    by_slip: dict[str, list[int]] = {}
    for word, word_id in builder.word_ids.items():
        if word.startswith("=") or word[0].isdigit():
            continue
        sound = sound_of(word)
        by_sound.setdefault(sound, []).append(word_id)
        by_skeleton.setdefault(skeleton_of(word), []).append(word_id)
        if len(sound) >= _SHORT_SOUND:
            for slip in deletions(sound):
                by_slip.setdefault(slip, []).append(word_id)
    total = max(len(products), 2)
    return CatalogIndex(
        products=products,
        by_sku=MappingProxyType({p.item.sku: i for i, p in enumerate(products)}),
        by_code=MappingProxyType({code_key(p.item.sku): i for i, p in enumerate(products)}),
        word_ids=MappingProxyType(builder.word_ids),
        words=tuple(builder.word_ids),
        postings=tuple(tuple(posting) for posting in builder.postings),
        weights=tuple(log(total / max(len(p), 1)) / log(total) for p in builder.postings),
        by_sound=_frozen(by_sound),
        by_skeleton=_frozen(by_skeleton),
        by_slip=_frozen(by_slip),
        sorted_words=tuple(sorted(w for w in builder.word_ids if w[0] not in "=0123456789")),
        sorted_skeletons=tuple(sorted(by_skeleton)),
        joined=MappingProxyType({k: tuple(v) for k, v in builder.joined.items()}),
        pairs=frozenset(builder.pairs),
        linked=frozenset(builder.linked),
        brand_words=frozenset(builder.brand_words),
        aliases=MappingProxyType({alias_key(a.phrase): a.sku for a in aliases}),
    )


def _frozen(lists: dict[str, list[int]]) -> MappingProxyType[str, tuple[int, ...]]:
    return MappingProxyType({key: tuple(ids) for key, ids in lists.items()})
