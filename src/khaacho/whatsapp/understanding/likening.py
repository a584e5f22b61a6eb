"""What a message is most like among the phrases of the phrasebook: a second opinion beside the cues.

Words, neighbouring words and parts of words are compared by sound, rare ones weighing more; the nearest few phrases
vote. Pure; the phrasebook is read once.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from functools import lru_cache
from math import log, sqrt

from msgspec import Struct

from .phrases import PHRASES
from .records import Intent
from .sound import sound_of

_WORD, _NEIGHBOURS, _PART, _IDEA = 1.0, 0.7, 0.5, 1.0
_PART_LETTERS = 3
_NEAREST = 7
# A message less like its nearest phrase than this, or a vote less clear, says nothing; from the second pair on it
# outweighs the cues. Both chosen by leaving out one phrase of the book after the other (docs/understanding.md).
_LEAST_ALIKE, _LEAST_SHARE = 0.3, 0.4
_SURE_ALIKE, _SURE_SHARE = 0.45, 0.6
# What a word cannot take back asks for more.
_GRAVE = frozenset({Intent.CANCEL, Intent.CONFIRM, Intent.ACCEPT, Intent.DECLINE})
# One word is like too many; two outweigh nothing.
_WORDS_MIN, _SURE_WORDS_MIN, _WORDS_MAX = 2, 3, 24

Ideas = Callable[[str], frozenset[str]]
PlainText = Callable[[str], str]


class _Book(Struct, frozen=True):
    """The phrases as vectors of length one: for each feature the phrases that have it and how much."""

    intents: tuple[Intent, ...]
    rarity: dict[str, float]
    having: dict[str, tuple[tuple[int, float], ...]]


class Likeness(Struct, frozen=True):
    """The intent of the phrases a text is most like; `is_sure` where it is very like them and they agree."""

    intent: Intent
    is_sure: bool


def find_likeness(plain: str, ideas: Ideas, plain_text: PlainText, allowed: frozenset[Intent]) -> Likeness | None:
    """The allowed intent of the phrases most like `plain`, or None where they are too unlike or disagree."""
    plain = " ".join(word for word in plain.split() if not word.isdigit())
    length = len(plain.split())
    if not _WORDS_MIN <= length <= _WORDS_MAX:
        return None
    book = _book(ideas, plain_text)
    vector = _unit(_features(plain, ideas(plain)), book.rarity)
    likeness: dict[int, float] = defaultdict(float)
    for feature, weight in vector.items():
        for phrase, other in book.having[feature]:
            likeness[phrase] += weight * other
    nearest = sorted(((s, p) for p, s in likeness.items() if book.intents[p] in allowed), reverse=True)[:_NEAREST]
    if not nearest:
        return None
    votes: dict[Intent, float] = defaultdict(float)
    for alike, phrase in nearest:
        votes[book.intents[phrase]] += alike * alike
    intent, most = max(votes.items(), key=lambda vote: vote[1])
    alike, share = nearest[0][0], most / sum(votes.values())
    is_sure = length >= _SURE_WORDS_MIN and alike >= _SURE_ALIKE and share >= _SURE_SHARE
    if alike < _LEAST_ALIKE or share < _LEAST_SHARE or (intent in _GRAVE and not is_sure):
        return None
    return Likeness(intent, is_sure)


@lru_cache(maxsize=1)
def _book(ideas: Ideas, plain_text: PlainText) -> _Book:
    phrases = [(intent, plain_text(text.lower())) for intent, lines in PHRASES.items() for text in _split(lines)]
    features = [_features(plain, ideas(plain)) for _, plain in phrases]
    common = Counter(feature for one in features for feature in one)
    rarity = {feature: log((len(phrases) + 1) / (count + 0.5)) for feature, count in common.items()}
    having: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for number, one in enumerate(features):
        for feature, weight in _unit(one, rarity).items():
            having[feature].append((number, weight))
    return _Book(
        intents=tuple(intent for intent, _ in phrases),
        rarity=rarity,
        having={feature: tuple(those) for feature, those in having.items()},
    )


def _split(lines: str) -> Iterable[str]:
    return (phrase.strip() for phrase in lines.replace("\n", " | ").split("|") if phrase.strip())


def _features(plain: str, ideas: frozenset[str]) -> dict[str, float]:
    """What a text is made of: each feature with how much it counts."""
    sounds = [sound_of(word) if word != "?" else word for word in plain.split()]
    found: dict[str, float] = defaultdict(float)
    for sound in sounds:
        found[sound] += _WORD
        edged = f"^{sound}$"
        for i in range(len(edged) - _PART_LETTERS + 1):
            found[f"~{edged[i : i + _PART_LETTERS]}"] += _PART
    for first, second in zip(["^", *sounds], [*sounds, "$"], strict=True):
        found[f"{first} {second}"] += _NEIGHBOURS
    for idea in ideas:
        found[f"={idea}"] += _IDEA
    return found


def _unit(features: dict[str, float], rarity: dict[str, float]) -> dict[str, float]:
    """The known features weighted by rarity, scaled to length one; features no phrase has count for nothing."""
    weighted = {name: count * rarity[name] for name, count in features.items() if name in rarity}
    length = sqrt(sum(weight * weight for weight in weighted.values())) or 1.0
    return {name: weight / length for name, weight in weighted.items()}
