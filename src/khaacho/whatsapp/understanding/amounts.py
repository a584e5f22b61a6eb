"""Numbers and units put together: which are amounts, and which are names, dates, prices or verbs.

The catalogue has one say: a number that stands in a product's name beside the same word ("Lactogen 1") is a
word. Nothing here looks at whole wishes; tokens come in and tokens go out.
"""

from decimal import Decimal

from msgspec import structs

from .fillers import DATE_WORDS, MONEY_WORDS, MONTHS, WALA_WORDS
from .index import CatalogIndex
from .numbers import LEANING_WORDS, MULTIPLIER_WORDS, WEAK
from .sound import plain_of, sound_of
from .tokens import Kind, Token
from .units import AFTER_DIGIT_ONLY, MEASURES, SPEC_UNITS, UNIT_WORDS

# "carton uti nai 2": what may stand between a leading unit and its number.
_SKIPPED_AFTER_UNIT = frozenset({"uti", "utinai", "nai", "matra", "uttikai"})
_HALF = Decimal("0.5")
_LARGEST_AMOUNT = Decimal(9999)
# A number this large without a unit is money or a code.
_LARGEST_BARE = Decimal(1000)
_HINDI_STEMS = frozenset(
    [
        "bhej",
        "kar",
        "de",
        "di",
        "rehne",
        "rahne",
        "hata",
        "likh",
        "rakh",
        "bana",
        "daal",
        "dal",
        "laga",
        "nikal",
        "chhod",
        "chod",
        "badha",
        "ghata",
        "jod",
        "kam",
        "hatwa",
        "bhijwa",
        "karwa",
        "mangwa",
        "pahuncha",
        "pathai",
    ]
)
# What may stand between a number and its unit: "half a dozen", "one more carton".
_BETWEEN = frozenset(["a", "an", "more", "aru", "extra", "full", "pura", "thap", "थप", "अरू", "अरु"])
# "Can I get", not a can.
_ASKERS = frozenset({"i", "you", "u", "we", "someone"})
_OR_NOT = frozenset(["nai", "nahi", "nahin", "chaina", "haina", "hoina", "छैन", "नाइ", "होइन"])
_ONE_OF = frozenset(["a", "an", "full", "whole", "pura", "single", "another"])
# Counted, but no goods: "twice", "three days", "for four people".
_NO_GOODS = frozenset(
    [
        "choti",
        "patak",
        "palta",
        "times",
        "time",
        "din",
        "days",
        "day",
        "hapta",
        "week",
        "weeks",
        "mahina",
        "months",
        "ghanta",
        "hours",
        "minute",
        "minutes",
        "min",
        "jana",
        "people",
        "friend",
        "friends",
        "sathi",
        "groups",
        "contacts",
        "persons",
        "members",
        "barsa",
        "years",
        "percent",
        "order",
        "orders",
    ]
)
# "change A to B", "replace A with B".
_INTO = frozenset({"to", "with", "into", "by"})
_CHANGES = ("chang", "replac", "swap", "badal")
_WATER_OR_ALSO = frozenset({"pani", "paani", "पानी", "पनि", "chai", "chaye"})
_TIME_WORDS = frozenset(["am", "pm", "baje", "bajey", "baji"])


def put_amounts_together(tokens: list[Token], index: CatalogIndex) -> list[Token]:
    """Settle what every number is, then join numbers with their units."""
    return _amounts(_settle_numbers(tokens, index), index)


def _settle_numbers(tokens: list[Token], index: CatalogIndex) -> list[Token]:
    """Decide for weak number words whether they are numbers; put fractions and multipliers together."""
    out: list[Token] = []
    changes = False
    for i, token in enumerate(tokens):
        following = tokens[i + 1] if i + 1 < len(tokens) else None
        before = out[-1] if out else None
        changes = changes or plain_of(token.text).startswith(_CHANGES)
        token = _in_place(token, before, following, index, changes=changes)
        if before is not None and token.kind is Kind.NOISE and _is_verb_before_do(before, token):
            out[-1] = structs.replace(before, kind=Kind.NOISE)
        if before is not None and token.value is not None and _is_number(before) and token.kind is Kind.NUMBER:
            merged = _merged(before, token)
            if merged:
                out[-1] = merged
                continue
        out.append(token)
    return [t for t in out if not (t.kind is Kind.NUMBER and t.value is None)]


def _in_place(
    token: Token, before: Token | None, following: Token | None, index: CatalogIndex, *, changes: bool
) -> Token:
    """What a token of two readings is here: number or word, water or "also", "to" as in "change A to B"."""
    if token.kind is Kind.NUMBER:
        token = _settled(token, before, following, index)
        lean = LEANING_WORDS.get(token.text)
        leans_on_unit = lean is not None and following is not None and following.kind is Kind.UNIT
        if token.kind is Kind.NUMBER and lean is not None and leans_on_unit and lean != _HALF:
            return structs.replace(token, value=1 + lean)
        return token
    if token.text == "s" and before is not None and _is_number(before) and token.start - before.end <= 1:
        # "Tea bags 80s", "pads 10's": so many in a pack.
        return structs.replace(token, kind=Kind.UNIT, unit="piece")
    if token.text in _OR_NOT and before is not None and before.text == "ki":
        # "Cha ki nai?" asks; it takes nothing away.
        return structs.replace(token, kind=Kind.DROP, text="or not")
    if changes and token.text in _INTO:
        return structs.replace(token, kind=Kind.INSTEAD)
    if token.text in _WATER_OR_ALSO and _is_number(following) and following is not None and following.text not in WEAK:
        begins = before is None or before.kind in (Kind.BREAK, Kind.AND, Kind.NOISE)
        return structs.replace(token, kind=Kind.WORD) if begins else token
    if token.kind is Kind.UNIT and token.text in AFTER_DIGIT_ONLY and not _is_number(before):
        if token.text == "can" and following is not None and following.text in _ASKERS:
            return structs.replace(token, kind=Kind.NOISE)
        return structs.replace(token, kind=Kind.AND if token.text == "n" else Kind.WORD)
    return token


def _is_verb_before_do(before: Token, token: Token) -> bool:
    """ "daal do", "bhej do": the stem before Hindi's "do" is a verb, also where the catalogue sells "daal"."""
    return token.text == "do" and before.kind is Kind.WORD and plain_of(before.text) in _HINDI_STEMS


def _is_number(token: Token | None) -> bool:
    return token is not None and token.kind is Kind.NUMBER


def _settled(token: Token, before: Token | None, following: Token | None, index: CatalogIndex) -> Token:
    """A number word in its place: a number, a verb's tail ("bhej do") or an ordinary word."""
    word = token.text
    if word[0].isdigit():
        return token
    after_number = before is not None and (
        (_is_number(before) and before.text not in LEANING_WORDS) or before.kind is Kind.TIMES
    )
    if word in UNIT_WORDS and after_number:
        return structs.replace(token, kind=Kind.UNIT, unit=UNIT_WORDS[word], value=None)
    leads = following is not None and (
        following.kind is Kind.UNIT or following.text in MULTIPLIER_WORDS or following.text in UNIT_WORDS
    )
    if word in WEAK and not leads:
        is_verb_tail = before is not None and plain_of(before.text) in _HINDI_STEMS
        names = following is not None and following.kind is Kind.WORD and before is not None
        if word in ("do", "cha", "chha", "छ", "chhe"):
            if word == "do" and names and not is_verb_tail and before and before.kind is not Kind.NOISE:
                return token
            return structs.replace(token, kind=Kind.NOISE, value=None)
        if word in UNIT_WORDS and (not names or _is_number(following)):
            return structs.replace(token, kind=Kind.UNIT, unit=UNIT_WORDS[word], value=None)
    if word == "do" and before is not None and plain_of(before.text) in _HINDI_STEMS:
        return structs.replace(token, kind=Kind.NOISE, value=None)
    if index.knows(word) and not leads and _is_in_pair(word, before, following, index):
        return structs.replace(token, kind=Kind.WORD, value=None)
    return token


def _is_in_pair(word: str, before: Token | None, following: Token | None, index: CatalogIndex) -> bool:
    """Does a name of the catalogue hold this number word beside its neighbour ("Best One", "Seven Seas")?"""
    sound = sound_of(word)
    return (following is not None and (sound, sound_of(following.text)) in index.pairs) or (
        before is not None and before.kind is Kind.WORD and (sound_of(before.text), sound) in index.pairs
    )


def _merged(before: Token, token: Token) -> Token | None:
    """ "sadhe tin" 3.5, "twenty five" 25, "do sau" 200, "1 1/2" is lexed already; else None."""
    value = token.value
    if value is None:
        return None
    lean = LEANING_WORDS.get(before.text)
    if lean is not None:
        return structs.replace(before, text=token.text, end=token.end, value=value + lean)
    if before.value is None:
        return None
    times = MULTIPLIER_WORDS.get(token.text)
    if times is not None and not before.text.endswith(token.text):
        return structs.replace(before, text=token.text, end=token.end, value=before.value * times)
    is_tens_and_ones = before.value in (20, 30, 40, 50, 60, 70, 80, 90) and 0 < value < 10
    if is_tens_and_ones and not before.text[0].isdigit() and not token.text[0].isdigit():
        return structs.replace(before, text=token.text, end=token.end, value=before.value + value)
    return None


def _amounts(tokens: list[Token], index: CatalogIndex) -> list[Token]:
    """Numbers joined with their units; numbers that are names, prices or dates set right."""
    out: list[Token] = []
    i = 0
    while i < len(tokens):
        token = tokens[i]
        if token.kind is Kind.NUMBER and token.value is not None:
            used, replacement = _amount_at(tokens, i, out, index)
            if out and replacement[0].text == "date" and plain_of(out[-1].text) in MONTHS:
                out[-1] = structs.replace(out[-1], kind=Kind.DROP)
            out += replacement
            i += used
            continue
        if token.kind is Kind.UNIT:
            used, replacement = _unit_at(tokens, i, out)
            out += replacement
            i += used
            continue
        if token.kind is Kind.WORD and token.text == "x" and _near_number(tokens, i):
            token = structs.replace(token, kind=Kind.TIMES)
        out.append(token)
        i += 1
    return out


def _near_number(tokens: list[Token], i: int) -> bool:
    near = tokens[max(i - 1, 0) : i] + tokens[i + 1 : i + 2]
    return any(t.kind in (Kind.NUMBER, Kind.CODE) for t in near)


def _amount_at(tokens: list[Token], i: int, out: list[Token], index: CatalogIndex) -> tuple[int, list[Token]]:
    """The number at `i`: how many tokens it takes, and what they become."""
    token = tokens[i]
    value = token.value or Decimal(0)
    following = tokens[i + 1] if i + 1 < len(tokens) else None
    if _is_said_twice(tokens, i):
        # "10 10 kilo", "dui dui peti": so much of each.
        taken, replacement = _amount_at(tokens, i + 1, out, index)
        return taken + 1, [structs.replace(t, is_each=True) if t.kind is Kind.AMOUNT else t for t in replacement]
    before = out[-1] if out else None
    next_text = following.text if following else ""
    if _is_date(token, before, following, index):
        return (2 if next_text in DATE_WORDS or next_text in MONTHS else 1), [
            structs.replace(token, kind=Kind.DROP, text="date")
        ]
    if next_text == "%" or plain_of(next_text) in _NO_GOODS:
        return 2, [structs.replace(token, kind=Kind.DROP, text="times")]
    if plain_of(next_text) in MONEY_WORDS:
        return 2, [structs.replace(token, kind=Kind.DROP, text="price")]
    if following is not None and plain_of(next_text) in WALA_WORDS and following.kind is not Kind.UNIT:
        return 2, [structs.replace(token, kind=Kind.AMOUNT, is_wala=True, end=following.end)]
    after = tokens[i + 2] if i + 2 < len(tokens) else None
    if next_text in _BETWEEN and after is not None and after.kind is Kind.UNIT:
        return 3, [structs.replace(token, kind=Kind.AMOUNT, text=next_text, unit=after.unit, end=after.end)]
    if following is not None and following.kind is Kind.UNIT and before is not None:
        sounds = sound_of(before.text), sound_of(token.text), sound_of(following.text)
        if sounds[:2] in index.pairs and sounds[1:] in index.pairs:
            return 2, [structs.replace(t, kind=Kind.WORD) for t in (token, following)]
    if following is not None and following.kind is Kind.UNIT:
        amount = structs.replace(token, kind=Kind.AMOUNT, unit=following.unit, end=following.end)
        is_wala = after is not None and plain_of(after.text) in WALA_WORDS and following.unit not in MEASURES
        return (3 if is_wala else 2), [structs.replace(amount, is_wala=is_wala)]
    if following is not None and following.text in SPEC_UNITS and following.text not in ("x", "rs"):
        words = [structs.replace(t, kind=Kind.WORD) for t in (token, following)]
        return 2, words
    if _is_name_number(token, before, following, index):
        return 1, [structs.replace(token, kind=Kind.WORD)]
    if value >= _LARGEST_BARE:
        return 1, [structs.replace(token, kind=Kind.DROP, text="price")]
    over, _, under = token.text.partition("/")
    is_each = bool(under) and over == under
    return 1, [structs.replace(token, kind=Kind.AMOUNT, is_each=is_each)]


def _is_said_twice(tokens: list[Token], i: int) -> bool:
    """Is the number at `i` the first of exactly two alike?"""
    alike = [j for j in range(max(i - 1, 0), min(i + 3, len(tokens))) if _is_same_number(tokens[i], tokens[j])]
    return alike == [i, i + 1]


def _is_same_number(one: Token, other: Token) -> bool:
    return other.kind is Kind.NUMBER and other.text == one.text


def _is_date(token: Token, before: Token | None, following: Token | None, index: CatalogIndex) -> bool:
    if following is not None:
        if following.text in MONTHS or plain_of(following.text) in MONTHS:
            return True
        if plain_of(following.text) in DATE_WORDS and not (
            following.text in _TIME_WORDS and index.knows(token.text + following.text)
        ):
            return True
    if before is None or before.kind is Kind.BREAK:
        return False
    return before.text in MONTHS or plain_of(before.text) in MONTHS


def _is_name_number(token: Token, before: Token | None, following: Token | None, index: CatalogIndex) -> bool:
    """Does the catalogue have a name in which this number stands beside this word? "Lactogen 1", "5 Star"."""
    number = sound_of(token.text)
    is_word_next = following is not None and following.kind in (Kind.WORD, Kind.NOISE)
    if following is not None and is_word_next and (number, sound_of(following.text)) in index.pairs:
        return True
    if before is not None and before.kind is Kind.WORD:
        return (sound_of(before.text), number) in index.pairs
    return False


def _unit_at(tokens: list[Token], i: int, out: list[Token]) -> tuple[int, list[Token]]:
    """A unit that follows no number: "carton 2 wai wai" and "a carton" are amounts, "oil jar" is a word."""
    token = tokens[i]
    following = tokens[i + 1] if i + 1 < len(tokens) else None
    after = tokens[i + 2] if i + 2 < len(tokens) else None
    before = tokens[i - 1] if i else None
    skipped = 0
    while following is not None and following.text in _SKIPPED_AFTER_UNIT and skipped < 2:
        skipped += 1
        following = after
        after = tokens[i + 2 + skipped] if i + 2 + skipped < len(tokens) else None
    if following is not None and following.kind is Kind.NUMBER and following.value is not None:
        number_has_unit = after is not None and (after.kind is Kind.UNIT or after.text in SPEC_UNITS)
        if not number_has_unit and token.unit not in MEASURES and _LARGEST_AMOUNT >= following.value > 0:
            amount = structs.replace(following, kind=Kind.AMOUNT, start=token.start, unit=token.unit)
            return 2 + skipped, [amount]
    if token.unit == "pau":
        # "Pau kilo" and "ek pau" are both a quarter of a kilo.
        taken = 2 if following is not None and following.unit == "kg" else 1
        return taken, [structs.replace(token, kind=Kind.AMOUNT, value=Decimal(1))]
    if before is not None and before.text in _ONE_OF:
        return 1, [structs.replace(token, kind=Kind.AMOUNT, value=Decimal(1))]
    return 1, [structs.replace(token, kind=Kind.WORD)]
