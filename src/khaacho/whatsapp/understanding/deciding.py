"""From a draft to a line, a question or "we do not have this": the one decision of the matcher.

Pure: a draft, an index, what the retailer is used to, and two thresholds go in; one of the three comes out.
"""

from decimal import Decimal

from msgspec import Struct

from .drafts import Draft
from .glossary import QUALITIES, concept_of
from .index import CatalogIndex, Product, phrase_key
from .matching import Candidate, Matches, Term, WordFinder
from .quantities import Counted, Fit, count, said_amount
from .records import Ask, AskReason, Line, Thresholds, Unknown
from .text import CleanText
from .tokens import Kind
from .units import MEASURES

# Scores this close are equals: nothing that was said tells them apart.
EQUAL_MARGIN = 0.025
# The history prior: bought at least five times, and three times as often as any other that fits.
USUAL_TIMES_MIN, USUAL_TIMES_RATIO = 5, 3
SUGGESTIONS_MAX = 5
_ALIAS_CONFIDENCE, _CODE_CONFIDENCE = 0.99, 1.0
_SUGGESTION_SCORE = 0.3
# Above this share of the best score a product shares at least the kind of goods said; words that weigh less than
# the second only describe.
_KIND_SCORE, _TELLING_WEIGHT, _KIND_MAX = 0.8, 0.2, 400


class Habits(Struct, frozen=True, kw_only=True):
    """What this retailer buys (times per sku) and calls things (phrase key to sku)."""

    times: dict[str, int]
    aliases: dict[tuple[str, ...], str]


# Orange is a fruit, a taste and a colour.
_NO_GOODS = QUALITIES - {"=orange"}
Outcome = Line | Ask | Unknown | None


class _Reading(Struct, frozen=True, kw_only=True):
    product: Product
    score: float
    counted: Counted


def decide(draft: Draft, text: CleanText, finder: WordFinder, habits: Habits, thresholds: Thresholds) -> Outcome:
    """A line, a question, an unknown, or None for words that are no wish at all."""
    index = finder.index
    said = _said(draft, text)
    known = index.find_product(draft.sku) if draft.sku else _by_alias(draft, index, habits)
    if known is not None and not known.item.active:
        return Unknown(said=said, quantity=said_amount(known, draft.amounts).value)
    if known is not None:
        confidence = _CODE_CONFIDENCE if draft.sku else _ALIAS_CONFIDENCE
        reading = _Reading(product=known, score=confidence, counted=count(known, draft.amounts))
        # An alias was taught for one size; another size or unit said now means another product.
        if draft.sku or reading.counted.fit in (Fit.GOOD, Fit.NO_QUANTITY):
            return _decide_quantity([reading], draft, said)
    words = tuple(t.text for t in draft.words if t.kind is Kind.WORD)
    if words and all(concept_of(word) in _NO_GOODS for word in words):
        return Unknown(said=said, quantity=said_amount(None, draft.amounts).value) if draft.amounts else None
    extras = tuple(t.text for t in draft.words if t.kind is Kind.NOISE)
    matches = finder.find_matches(words, extras)
    if matches.best < thresholds.ask:
        return _unknown(draft, said, matches, index)
    equals = finder.take_equals(c for c in matches.candidates if c.score >= matches.best - EQUAL_MARGIN)
    if not any(index.products[c.position].item.active for c in equals):
        return _unknown(draft, said, matches, index)
    readings = _readings(equals, draft, index)
    return _choose(readings, draft, said, matches, habits, thresholds, finder)


def _said(draft: Draft, text: CleanText) -> str:
    words = [t for t in draft.words if t.kind is not Kind.NOISE] or list(draft.words)
    if not words:
        return text.said(draft.start, draft.end)
    return text.said(min(t.start for t in words), max(t.end for t in words))


def _by_alias(draft: Draft, index: CatalogIndex, habits: Habits) -> Product | None:
    """The product this phrase was taught to mean, the retailer's own teaching first."""
    if not habits.aliases and not index.aliases:
        return None
    key = phrase_key(t.text for t in draft.words if t.kind is Kind.WORD)
    sku = habits.aliases.get(key) or index.aliases.get(key)
    return index.find_product(sku) if sku else None


def _readings(equals: list[Candidate], draft: Draft, index: CatalogIndex) -> list[_Reading]:
    return [
        _Reading(product=p, score=c.score, counted=count(p, draft.amounts))
        for c in equals
        if (p := index.products[c.position]).item.active
    ]


def _choose(
    readings: list[_Reading],
    draft: Draft,
    said: str,
    matches: Matches,
    habits: Habits,
    thresholds: Thresholds,
    finder: WordFinder,
) -> Outcome:
    readings = _fitting(readings, draft)
    best = max(r.score for r in readings)
    if not draft.amounts and best < thresholds.accept:
        return None
    usual = _usual(readings, habits)
    if usual is not None:
        readings = [usual]
    elif len(readings) > 1:
        readings = _unmarked(readings, matches.terms) or readings
    if len(readings) == 1 and best < thresholds.accept:
        return _ask(readings, draft, said, AskReason.WHICH_PRODUCT)
    if len(readings) > 1:
        if _is_one_word(matches.terms):
            readings = [*readings, *_of_the_kind(readings, draft, matches, finder)]
        readings = _in_order(readings, matches.terms, habits, is_unit_said=any(t.unit for t in draft.amounts))
    return _decide_quantity(readings, draft, said)


def _is_one_word(terms: tuple[Term, ...]) -> bool:
    return sum(1 for term in terms if not term.is_extra and term.weight > _TELLING_WEIGHT) == 1


def _of_the_kind(readings: list[_Reading], draft: Draft, matches: Matches, finder: WordFinder) -> list[_Reading]:
    """A kind was said ("chocolate 2 jars"): its other members may be meant too, though their names lack the word."""
    known = {r.product.item.sku for r in readings}
    index = finder.index
    least = _KIND_SCORE * matches.best
    others = finder.take_equals(
        c
        for c in matches.candidates[:_KIND_MAX]
        if c.score >= least and index.products[c.position].item.sku not in known
    )
    return [r for r in _readings(others, draft, index) if r.counted.fit is Fit.GOOD and r.counted.quantity]


def _fitting(readings: list[_Reading], draft: Draft) -> list[_Reading]:
    """Those whose size, unit and way of selling agree with what was said, if any do."""

    def keep(kept: list[_Reading]) -> None:
        nonlocal readings
        if kept:
            readings = kept

    measured_only = bool(draft.amounts) and all(t.unit in MEASURES for t in draft.amounts)
    if measured_only:
        keep([r for r in readings if r.product.is_loose and r.counted.fit is Fit.GOOD])
    keep([r for r in readings if r.counted.has_size])
    keep([r for r in readings if r.counted.fit is not Fit.WRONG_SIZE])
    keep([r for r in readings if r.counted.fit is not Fit.WRONG_UNIT])
    keep([r for r in readings if r.counted.is_unit_own])
    return readings


def _usual(readings: list[_Reading], habits: Habits) -> _Reading | None:
    """The one this retailer clearly means by habit."""
    if not habits.times:
        return None
    times = sorted(((habits.times.get(r.product.item.sku, 0), i) for i, r in enumerate(readings)), reverse=True)
    first = times[0]
    second = times[1][0] if len(times) > 1 else 0
    if first[0] >= USUAL_TIMES_MIN and first[0] >= USUAL_TIMES_RATIO * second:
        return readings[first[1]]
    return None


def _said_ids(terms: tuple[Term, ...]) -> frozenset[int]:
    """Every word of the catalogue that something said may be."""
    ids = {word_id for term in terms for word_id in term.ids}
    return frozenset(ids.union(*(bundle for term in terms for bundle in term.bundles)))


def _unsaid(reading: _Reading, said: frozenset[int]) -> frozenset[int]:
    """The words of the product's name that were not said."""
    return frozenset(word for word, ids in reading.product.core if said.isdisjoint(ids))


def _unmarked(readings: list[_Reading], terms: tuple[Term, ...]) -> list[_Reading] | None:
    """The one product of which everything unsaid goes unsaid for all others too, who bear more."""
    said = _said_ids(terms)
    unsaid = [_unsaid(r, said) for r in readings]
    least = min(unsaid, key=len)
    if sum(1 for words in unsaid if words == least) > 1 or not all(least <= words for words in unsaid):
        return None
    return [readings[unsaid.index(least)]]


def _in_order(
    readings: list[_Reading], terms: tuple[Term, ...], habits: Habits, *, is_unit_said: bool
) -> list[_Reading]:
    is_kind = _is_one_word(terms)
    said = _said_ids(terms)
    return sorted(
        readings,
        key=lambda r: (
            -habits.times.get(r.product.item.sku, 0),
            is_unit_said and not r.counted.is_unit_own,
            # "Rice" is a kind of its own before it is a taste of baby food.
            is_kind and not said & r.product.category,
            -round(r.score, 2),
            len(_unsaid(r, said)),
        ),
    )


def _decide_quantity(readings: list[_Reading], draft: Draft, said: str) -> Outcome:
    counted = readings[0].counted
    if any(r.counted.fit is Fit.WRONG_SIZE for r in readings):
        return _ask(readings, draft, said, AskReason.WHICH_SIZE)
    if all(r.counted.fit is Fit.WRONG_UNIT for r in readings):
        return _ask(readings, draft, said, AskReason.WHICH_UNIT)
    if len(readings) > 1:
        same_name = len({r.product.core for r in readings}) == 1
        return _ask(readings, draft, said, AskReason.WHICH_SIZE if same_name else AskReason.WHICH_PRODUCT)
    if counted.quantity is None:
        return _ask(readings, draft, said, AskReason.HOW_MANY)
    return Line(
        sku=readings[0].product.item.sku,
        quantity=counted.quantity,
        confidence=round(min(readings[0].score, 1.0), 3),
        said=said,
    )


def _ask(readings: list[_Reading], draft: Draft, said: str, reason: AskReason) -> Ask:
    quantities = {r.counted.quantity for r in readings}
    quantity = quantities.pop() if len(quantities) == 1 else None
    amount = said_amount(None, draft.amounts)
    value, unit = amount.value, amount.unit
    if value is None and amount.measures:
        value, unit = amount.measures[-1].value, amount.measures[-1].unit
    return Ask(
        said=said,
        choices=tuple(r.product.item.sku for r in readings),
        quantity=quantity,
        raw_quantity=value,
        raw_unit=unit,
        reason=reason,
    )


def _unknown(draft: Draft, said: str, matches: Matches, index: CatalogIndex) -> Unknown | None:
    if not draft.amounts:
        return None
    suggestions = [
        index.products[c.position].item.sku
        for c in matches.candidates[: SUGGESTIONS_MAX * 3]
        if c.score >= _SUGGESTION_SCORE and index.products[c.position].item.active
    ]
    value: Decimal | None = said_amount(None, draft.amounts).value
    return Unknown(said=said, suggestions=tuple(suggestions[:SUGGESTIONS_MAX]), quantity=value)
