"""Which products a few words may mean, with how much of what was said each of them explains.

Every word is looked up by spelling, meaning, sound, slip of a finger and abbreviation; a product's score is
the weighted share of the said words it bears. Rare words weigh more than common ones, a word nobody knows
weighs like a rare one. No decision is taken here.
"""

from bisect import bisect_left
from collections.abc import Iterable
from itertools import islice

from msgspec import Struct
from rapidfuzz import process
from rapidfuzz.distance import OSA

from .fillers import is_optional
from .glossary import concept_of, phrase_concept_of
from .index import CatalogIndex, deletions
from .sound import plain_of, skeleton_of, sound_of
from .units import SPEC_UNITS, UNIT_WORDS

# How sure a word is that was found in this way.
BY_MEANING, BY_SOUND, BY_JOINING, BY_SKELETON, BY_PREFIX, BY_LETTERS = 0.985, 0.98, 0.98, 0.79, 0.79, 0.74
BY_MISSPELLING = 0.78
SLIP_COSTS = (0.0, 0.13, 0.22)

_SOUND_LETTERS = 3
_SOUND_SPELLING, _SOUND_SPELLING_SHORT = 0.5, 0.75
# Words of three letters are sizes and codes ("XL", "AAA"); a slip makes another one.
_SLIP_LETTERS = 4
_SLIP_SOUND, _SLIP_SOUND_LONG = 3, 8
_SLIP_SPELLING, _SLIP_SPELLING_SHORT = 0.68, 0.75
_PREFIX_LETTERS = 3
_PREFIX_WORDS_MAX = 12
_RAREST, _COMMONEST = 1.0, 0.3
UNKNOWN_WEIGHT = 0.9
_DETAIL_WEIGHT = 0.1
_HINT_WEIGHT = 0.15
# Fuzzy look-ups cost the most; a message of five hundred strange words gets this many of them.
_FUZZY_LOOKUPS_MAX = 120
# Comparing with every word of a letter costs most of all; a few words of a message may.
_MISSPELT_MAX, _MISSPELT_LETTERS, _MISSPELT_SPELLING = 8, 5, 0.77
# Products that fit equally well are all weighed; five hundred lines of "oil" get fewer each.
_EQUALS_MAX, _EQUALS_MIN, _EQUALS_BUDGET = 1000, 20, 2500
# No name is as long; four thousand letters without an end are read no further.
_WORDS_READ_MAX = 32
# Products scored for one message; beyond, only those with the rarest word are.
_SCORED_BUDGET, _SCORED_MIN = 40_000, 100


class Term(Struct, frozen=True, kw_only=True):
    """One said word: the vocabulary ids it may be, how surely, and what it weighs.

    `bundles` are sets of ids that stand for the word only together ("waiwai" = wai + wai).
    """

    text: str
    ids: dict[int, float]
    bundles: tuple[frozenset[int], ...]
    weight: float
    is_extra: bool = False


class Candidate(Struct, frozen=True, kw_only=True):
    """A product and the share of the said words it explains (0 to 1, a little more for lucky extras)."""

    position: int
    score: float


class Matches(Struct, frozen=True, kw_only=True):
    """Candidates best first, and the terms they were found by."""

    candidates: tuple[Candidate, ...]
    terms: tuple[Term, ...]

    @property
    def best(self) -> float:
        """The best score, 0 if nothing was found."""
        return self.candidates[0].score if self.candidates else 0.0


class WordFinder:
    """Looks words up in one index, remembering them for the length of one message."""

    def __init__(self, index: CatalogIndex) -> None:
        self.index = index
        self._words: dict[str, dict[int, float]] = {}
        self._matches: dict[tuple[str, ...], Matches] = {}
        self._fuzzy_left = _FUZZY_LOOKUPS_MAX
        self._misspelt_left = _MISSPELT_MAX
        self._equals_left = _EQUALS_BUDGET
        self._scored_left = _SCORED_BUDGET

    def find_matches(self, words: tuple[str, ...], extras: tuple[str, ...] = ()) -> Matches:
        """The products these words may mean; `extras` may help and cannot hurt."""
        words = words[:_WORDS_READ_MAX]
        key = (*words, "", *extras)
        if key not in self._matches:
            self._matches[key] = self._match(words, extras)
        return self._matches[key]

    def take_equals(self, equals: Iterable[Candidate]) -> list[Candidate]:
        """All equals that may matter, until a message has asked for too many of them."""
        taken = list(islice(equals, min(_EQUALS_MAX, max(_EQUALS_MIN, self._equals_left))))
        self._equals_left -= len(taken)
        return taken

    def knows(self, word: str) -> bool:
        """Is the word, in whatever spelling, part of the catalogue?"""
        return bool(self.find_word(word)) or sound_of(word) in self.index.joined

    def find_word(self, word: str) -> dict[int, float]:
        """The vocabulary ids a word may be, each with how surely."""
        found = self._words.get(word)
        if found is None:
            found = self._words[word] = self._look_up(word)
        return found

    def _look_up(self, word: str) -> dict[int, float]:
        index = self.index
        exact = index.word_ids.get(word)
        found: dict[int, float] = {}
        sound = sound_of(word)
        if not word[0].isdigit():
            if len(sound) >= _SOUND_LETTERS or (exact is None and len(word) >= _SOUND_LETTERS):
                found = {i: self._heard(word, i) for i in index.by_sound.get(sound, ())}
            concept = concept_of(word)
            if concept is not None and concept not in index.word_ids and exact is None and not found:
                return {}
            if concept is not None and concept in index.word_ids:
                found[index.word_ids[concept]] = BY_MEANING
        if exact is not None:
            found[exact] = 1.0
        for other in (word + "s", word.removesuffix("s"), word.removesuffix("es"), word + "es"):
            if len(other) > 2 and other != word and other in index.word_ids:
                found[index.word_ids[other]] = BY_SOUND
        if found or word[0].isdigit() or self._fuzzy_left <= 0 or sound in index.joined:
            return found
        self._fuzzy_left -= 1
        return self._look_up_loosely(word, sound)

    def _heard(self, word: str, word_id: int) -> float:
        """Words that sound alike are one, if they are not spelled all too differently ("Suresh", "sour")."""
        alike = OSA.normalized_similarity(plain_of(word), plain_of(self.index.words[word_id]))
        least = _SOUND_SPELLING if len(sound_of(word)) >= _SOUND_LETTERS else _SOUND_SPELLING_SHORT
        return BY_SOUND if alike >= least else 1 - SLIP_COSTS[1]

    def _look_up_loosely(self, word: str, sound: str) -> dict[int, float]:
        """A word with slips, letters left out, or cut short."""
        index = self.index
        found: dict[int, float] = {}
        if len(sound) >= _SLIP_SOUND and len(word) >= _SLIP_LETTERS:
            allowed = 2 if len(sound) >= _SLIP_SOUND_LONG else 1
            plain = plain_of(word)
            seen: set[int] = set()
            for slip in deletions(sound):
                seen.update(index.by_slip.get(slip, ()))
            for word_id in seen:
                other = index.words[word_id]
                slips = OSA.distance(sound, sound_of(other), score_cutoff=allowed)
                if slips <= allowed and other[0] != "=":
                    alike = OSA.normalized_similarity(plain, plain_of(other))
                    least = _SLIP_SPELLING if len(sound) > _SLIP_SOUND else _SLIP_SPELLING_SHORT
                    if alike >= least and (sound[0] == sound_of(other)[0] or alike >= 0.8):
                        found[word_id] = 1 - SLIP_COSTS[slips]
        skeleton = skeleton_of(word)
        if len(skeleton) >= _SOUND_LETTERS:
            for word_id in index.by_skeleton.get(skeleton, ()):
                found.setdefault(word_id, BY_SKELETON)
        if found:
            return self._with_meanings(found)
        found = self._starting_with(word) or self._misspelt(word)
        if not found and not any(c in "aeiou" for c in word) and 2 <= len(word) <= 5 and word.isascii():
            found = self._spelled_without_vowels(skeleton)
        return self._with_meanings(found)

    def _with_meanings(self, found: dict[int, float]) -> dict[int, float]:
        for word_id, sure in list(found.items()):
            concept = concept_of(self.index.words[word_id])
            if concept is not None and concept in self.index.word_ids:
                found.setdefault(self.index.word_ids[concept], sure)
        return found

    def _misspelt(self, word: str) -> dict[int, float]:
        """A long word that sounds like none, but is spelled much like one with the same first letter."""
        if len(word) < _MISSPELT_LETTERS or not word.isascii() or self._misspelt_left <= 0:
            return {}
        self._misspelt_left -= 1
        words = self.index.sorted_words
        start, end = bisect_left(words, word[0]), bisect_left(words, word[0] + "\uffff")
        near = process.extract(
            word, words[start:end], scorer=OSA.normalized_similarity, score_cutoff=_MISSPELT_SPELLING, limit=3
        )
        return {self.index.word_ids[other]: BY_MISSPELLING for other, _, _ in near}

    def _starting_with(self, word: str) -> dict[int, float]:
        if len(word) < _PREFIX_LETTERS:
            return {}
        found: dict[int, float] = {}
        words = self.index.sorted_words
        for i in range(bisect_left(words, word), len(words)):
            if not words[i].startswith(word) or len(found) >= _PREFIX_WORDS_MAX:
                break
            found[self.index.word_ids[words[i]]] = BY_PREFIX
        return found

    def _spelled_without_vowels(self, skeleton: str) -> dict[int, float]:
        found: dict[int, float] = {}
        skeletons = self.index.sorted_skeletons
        for i in range(bisect_left(skeletons, skeleton), len(skeletons)):
            if not skeletons[i].startswith(skeleton) or len(found) >= _PREFIX_WORDS_MAX * 2:
                break
            for word_id in self.index.by_skeleton[skeletons[i]]:
                found[word_id] = BY_LETTERS
        return found

    def _terms(self, words: tuple[str, ...], extras: tuple[str, ...]) -> tuple[Term, ...]:
        ids = [dict(self.find_word(word)) for word in words]
        bundles: list[tuple[frozenset[int], ...]] = [
            self.index.joined.get(sound_of(word), ()) if len(word) > 2 else () for word in words
        ]
        for i in range(len(words) - 1):
            self._note_joined(words, ids, bundles, i)
        terms = [
            Term(text=w, ids=found, bundles=b, weight=self._weight(w, found, b))
            for w, found, b in zip(words, ids, bundles, strict=True)
        ]
        known = [
            Term(text=w, ids={self.index.word_ids[w]: 1.0}, bundles=(), weight=0.0, is_extra=True)
            for w in extras
            if w in self.index.word_ids
        ]
        return (*terms, *known)

    def _note_joined(
        self,
        words: tuple[str, ...],
        ids: list[dict[int, float]],
        bundles: list[tuple[frozenset[int], ...]],
        i: int,
    ) -> None:
        """Two words the catalogue writes as one ("krack jack"), or that mean something together."""
        first, second = words[i], words[i + 1]
        together = dict.fromkeys(self.index.by_sound.get(sound_of(first + second), ()), BY_JOINING)
        concept = phrase_concept_of(first, second)
        if concept is not None and concept in self.index.word_ids:
            together[self.index.word_ids[concept]] = BY_MEANING
        for word_id, sure in together.items():
            for k in (i, i + 1):
                if ids[k].get(word_id, 0.0) < sure:
                    ids[k][word_id] = sure

    def _weight(self, word: str, ids: dict[int, float], bundles: tuple[frozenset[int], ...]) -> float:
        if word in UNIT_WORDS:
            return _HINT_WEIGHT
        if is_optional(word) or word in SPEC_UNITS:
            return _DETAIL_WEIGHT
        if not ids:
            if bundles:
                return _RAREST
            return UNKNOWN_WEIGHT
        surest = max(ids.values())
        common = min(self.index.weights[i] for i, sure in ids.items() if sure >= surest - 0.06)
        return min(max(common, _COMMONEST), _RAREST)

    def _match(self, words: tuple[str, ...], extras: tuple[str, ...]) -> Matches:
        terms = self._terms(words, extras)
        total = sum(term.weight for term in terms)
        if not total:
            return Matches(candidates=(), terms=terms)
        index = self.index
        positions = self._positions(terms, total)
        if len(positions) > max(self._scored_left, _SCORED_MIN):
            positions = set(islice(sorted(positions), _SCORED_MIN))
        self._scored_left -= len(positions)
        candidates: list[Candidate] = []
        for position in positions:
            bears = index.products[position].words
            score = 0.0
            for term in terms:
                sure = _sureness(term, bears)
                if sure:
                    score += term.weight * sure / total if not term.is_extra else 0.03 * sure
            if score:
                candidates.append(Candidate(position=position, score=score))
        candidates.sort(key=lambda c: (-c.score, len(index.products[c.position].core), c.position))
        return Matches(candidates=tuple(candidates), terms=terms)

    def _positions(self, terms: tuple[Term, ...], total: float) -> set[int]:
        """Products worth scoring: those with the weightier words. The rest cannot reach a third."""
        positions: set[int] = set()
        seen = 0.0
        for term in sorted(terms, key=lambda t: -t.weight):
            if positions and (total - seen) < total / 3:
                break
            seen += term.weight
            for word_id in term.ids:
                positions.update(self.index.postings[word_id])
            for bundle in term.bundles:
                rarest = min(bundle, key=lambda i: len(self.index.postings[i]))
                positions.update(self.index.postings[rarest])
        return positions


def _sureness(term: Term, bears: dict[int, float]) -> float:
    """How surely a product bears a said word."""
    sure = 0.0
    for word_id, how in term.ids.items():
        strength = bears.get(word_id)
        if strength is not None and strength * how > sure:
            sure = strength * how
    for bundle in term.bundles:
        if sure < BY_JOINING and all(i in bears for i in bundle):
            sure = BY_JOINING
    return sure
