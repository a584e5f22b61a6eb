"""From a clean text to tokens: words, amounts, separators, and what is neither.

The catalogue has one say here: a token it knows as a word ("7up", "50-50", "ok") is a word. Prices, dates,
phone numbers and order codes are recognised as what they are and become DROP, so that they are never amounts.
"""

import re
from decimal import Decimal
from enum import Enum

from msgspec import Struct, structs
from rapidfuzz import process
from rapidfuzz.distance import OSA

from .fillers import (
    CONNECTORS,
    DATE_WORDS,
    EACH_WORDS,
    MONEY_WORDS,
    MONTHS,
    PHONE_WORDS,
    WALA_WORDS,
    is_listed_noise,
    is_noise,
    plain_of,
)
from .index import CatalogIndex, code_key
from .numbers import LEANING_WORDS, MULTIPLIER_WORDS, NUMBER_WORDS, WEAK, number_of
from .sound import sound_of
from .text import CleanText
from .units import AFTER_DIGIT_ONLY, MEASURES, SPEC_UNITS, UNIT_WORDS, misspelt_unit_of, unit_of


class Kind(Enum):
    """What a token is."""

    WORD = "word"
    NOISE = "noise"
    NUMBER = "number"
    UNIT = "unit"
    AMOUNT = "amount"
    CODE = "code"
    BREAK = "break"
    AND = "and"
    COLON = "colon"
    TIMES = "times"
    EACH = "each"
    INSTEAD = "instead"
    RATHER = "rather"
    DROP = "drop"


class Token(Struct, frozen=True, kw_only=True):
    """A stretch of the clean text. AMOUNT has a value and, if said, a unit; CODE the product's sku in `text`.

    `is_wala` marks an amount that describes ("the 20 one"), `is_each` one said for every item; `is_known` a NOISE
    word that some product's name holds.
    """

    kind: Kind
    text: str
    start: int
    end: int
    value: Decimal | None = None
    unit: str = ""
    is_wala: bool = False
    is_each: bool = False
    is_known: bool = False


ORDER_CODE = re.compile(
    r"\bord(?:er)?s?\s*(?:no|number|id|code)?\s*[-#.:]*\s*(\d{6})\s*-?\s*(\d{4,})\b"
    r"|\bord\s*[-#]?\s*(\d{3,})\b|\border\s*(?:no\.?|number|id|code)?\s*[#:.-]*\s*(\d{4,})\b|#\s*(\d{3,})\b"
)
_NEVER_AMOUNTS = re.compile(
    r"(?P<phone>\+?\d[\d -]{6,}\d(?![\d.]*\s*(?:kg|g|gm|l|ml|pkt|pcs)\b))"
    r"|(?P<date>\b\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b|\b\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}\b)"
    r"|(?P<clock>\b\d{1,2}:\d{2}\b)"
    r"|(?P<price>@\s*(?:rs\.?\s*)?\d[\d,.]*|\(\s*(?:rs\.?|npr)?\s*\d[\d,.]*\s*(?:rs|/-|wala|wali)?\s*\)|\d[\d,.]*\s*/-"
    r"|\b(?:rs|npr|nrs|रु)\.?\s*\d[\d,.]*|\b\d{1,3}(?:,\d{2,3})+\b)"
    r"|(?P<entry>(?:(?<=\n)|^)[^\S\n]*[(]?\d{1,2}[^\S\n]*[.)](?!\d))"
    r"|(?P<link>https?://\S+|www\.\S+|\S+@\S+\.\w+)"
)
_TOKEN = re.compile(
    r"(?P<break>[\n;!?]+|\.{2,}|,|\.(?=\s|$)|\s[-]\s(?=\D*$)|[+])"
    r"|(?P<number>\d+\s+\d+/\d+|\d+/\d+|\d+(?:\.\d+)?)"
    r"|(?P<word>[a-z\u0900-\u097f]+(?:'[a-z]+)*)"
    r"|(?P<slash>/)|(?P<colon>[:=]|-)|(?P<times>[*])|(?P<open>[(\[])|(?P<close>[)\]])|(?P<and>&)"
)
_RUN = re.compile(r"[a-z0-9\u0900-\u097f]+(?:[-.&'][a-z0-9\u0900-\u097f]+)*")
_CODE_LIKE = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9.]+)+|[a-z]+\d[a-z0-9.]*")
# After these the next words take the place of those before; after the second kind it is the other way round.
_INSTEAD = frozenset(
    plain_of(word)
    for word in "hoina haina hoena hoin haina sorry wait nahi nahin satta sattama sato thau thauma thaum jagah badla badala".split()
)
_RATHER_THAN = frozenset({"not", "instead"})
_CODE_MIN_LETTERS = 6
_CODE_MIN_LIKENESS = 0.84
# "carton uti nai 2": what may stand between a leading unit and its number.
_SKIPPED_AFTER_UNIT = frozenset({"uti", "utinai", "nai", "matra", "uttikai"})
_LARGEST_AMOUNT = Decimal(9999)
# A number this large without a unit is money or a code.
_LARGEST_BARE = Decimal(1000)
_HINDI_STEMS = frozenset(
    "bhej kar de di rehne rahne hata likh rakh bana daal dal laga nikal chhod chod badha ghata jod kam hatwa bhijwa karwa "
    "mangwa pahuncha pathai".split()
)
# What may stand between a number and its unit: "half a dozen", "one more carton".
_BETWEEN = frozenset("a an more aru extra full pura thap थप अरू अरु".split())
_ENDINGS = ("haru", "lai", "ko", "ka", "ki", "ma", "le", "को", "लाई", "का", "की", "मा", "हरू", "हरु", "ले")
# Counted, but no goods: "twice", "three days", "for four people".
_NO_GOODS = frozenset(
    "choti patak palta times time din days day hapta week weeks mahina months ghanta hours minute minutes min jana people "
    "barsa years percent order orders".split()
)
# "change A to B", "replace A with B".
_INTO = frozenset({"to", "with", "into", "by"})
_CHANGES = ("chang", "replac", "swap", "badal")
_WATER_OR_ALSO = frozenset({"pani", "paani", "पानी", "पनि", "chai", "chaye"})
_TIME_WORDS = frozenset("am pm baje bajey baji".split())


def read_tokens(text: CleanText, index: CatalogIndex) -> list[Token]:
    """All tokens of the message in order; noise included, blanks left out."""
    tokens: list[Token] = []
    position = 0
    letters = text.letters
    for match in _special_spans(letters, index):
        tokens += _plain_tokens(letters, position, match.start, index)
        tokens.append(match)
        position = match.end
    tokens += _plain_tokens(letters, position, len(letters), index)
    return _amounts(_settle_numbers(tokens, index), index)


def _special_spans(letters: str, index: CatalogIndex) -> list[Token]:
    """Codes of products and of orders, and everything that is digits but no amount; without overlaps."""
    found: list[Token] = []
    for match in ORDER_CODE.finditer(letters):
        found.append(Token(kind=Kind.DROP, text="order", start=match.start(), end=match.end()))
    for match in _CODE_LIKE.finditer(letters):
        sku = _sku_of(match[0], index)
        if sku:
            found.append(Token(kind=Kind.CODE, text=sku, start=match.start(), end=match.end()))
    for match in _NEVER_AMOUNTS.finditer(letters):
        kind = match.lastgroup or ""
        if kind != "phone" or _is_phone(match[0]):
            found.append(Token(kind=Kind.DROP, text=kind, start=match.start(), end=match.end()))
    found.sort(key=lambda token: (token.start, -token.end))
    apart: list[Token] = []
    for token in found:
        if not apart or token.start >= apart[-1].end:
            apart.append(token)
    return apart


def _is_phone(run: str) -> bool:
    """Seven or more digits that belong together: no part short enough to be an amount of its own."""
    parts = re.findall(r"\d+", run)
    return sum(map(len, parts)) >= 7 and (len(parts) == 1 or min(map(len, parts)) >= 3)


def _sku_of(run: str, index: CatalogIndex) -> str | None:
    """The product a code names, exactly or with a slip in its letters; digits must agree."""
    key = code_key(run)
    exact = index.by_code.get(key)
    if exact is not None:
        return index.products[exact].item.sku
    if len(key) < _CODE_MIN_LETTERS or run.count("-") + run.count("_") < 1 or not any(c.isdigit() for c in run):
        return None
    match = process.extractOne(
        key, index.by_code.keys(), scorer=OSA.normalized_similarity, score_cutoff=_CODE_MIN_LIKENESS
    )
    if match is None or re.findall(r"\d+", match[0]) != re.findall(r"\d+", key):
        return None
    return index.products[index.by_code[match[0]]].item.sku


def _plain_tokens(letters: str, start: int, end: int, index: CatalogIndex) -> list[Token]:
    tokens: list[Token] = []
    position = start
    while position < end:
        run = _RUN.match(letters, position, end)
        if run and (known := _known_run(run[0], index)):
            tokens.append(Token(kind=Kind.WORD, text=known, start=position, end=run.end()))
            position = run.end()
            continue
        match = _TOKEN.match(letters, position, end)
        if match is None:
            position += 1
            continue
        position = match.end()
        tokens += _token_of(match, index)
    return tokens


def _known_run(run: str, index: CatalogIndex) -> str | None:
    """A run with digits that the catalogue knows as one word: "7up", "3in1", "50-50", "2pm"."""
    if not any(c.isdigit() for c in run) or run.replace(".", "").isdigit():
        return None
    plain = run.replace("-", "").replace(".", "")
    if re.fullmatch(r"\d+(?:\.\d+)?([a-z]+)", run) and re.sub(r"[\d.]", "", run) in UNIT_WORDS:
        return None
    if plain in index.word_ids or (not plain.isdigit() and sound_of(plain) in index.joined):
        return plain
    if re.fullmatch(r"(\d+)-(\d+)", run) and sound_of(plain) in index.joined:
        return plain
    return None


def _token_of(match: re.Match[str], index: CatalogIndex) -> list[Token]:
    kind, text = match.lastgroup, match[0]
    start, end = match.span()
    if kind == "number":
        return [Token(kind=Kind.NUMBER, text=text, start=start, end=end, value=_value_of(text))]
    if kind == "word":
        return _word_tokens(text, start, index)
    if kind == "break":
        return [Token(kind=Kind.BREAK, text=text.strip() or text, start=start, end=end)]
    kinds = {"slash": Kind.BREAK, "colon": Kind.COLON, "times": Kind.TIMES, "and": Kind.AND}
    if kind in kinds:
        return [Token(kind=kinds[kind], text=text, start=start, end=end)]
    return []


def _value_of(text: str) -> Decimal:
    whole, _, fraction = text.rpartition(" ")
    value = Decimal(whole) if whole else Decimal(0)
    over, slash, under = fraction.partition("/")
    if slash:
        return value + (Decimal(over) / Decimal(under) if Decimal(under) else Decimal(over))
    return value + Decimal(fraction[:12])


def _word_tokens(word: str, start: int, index: CatalogIndex) -> list[Token]:
    """One word as what it most surely is; "ctnwaiwai" is a unit and a word."""
    end = start + len(word)
    word = word.replace("'", "")
    plain = plain_of(word)

    def token(kind: Kind, **more: object) -> list[Token]:
        return [structs.replace(Token(kind=kind, text=word, start=start, end=end), **more)]

    if word == "zero":
        return token(Kind.WORD)
    if word in NUMBER_WORDS or word in LEANING_WORDS or word in MULTIPLIER_WORDS:
        return token(Kind.NUMBER, value=NUMBER_WORDS.get(word))
    if word in CONNECTORS:
        return token(Kind.AND)
    if plain in EACH_WORDS:
        return token(Kind.EACH)
    if plain in _INSTEAD:
        return token(Kind.INSTEAD)
    if plain in _RATHER_THAN:
        return token(Kind.RATHER)
    if word in UNIT_WORDS:
        return token(Kind.UNIT, unit=UNIT_WORDS[word])
    if is_listed_noise(word):
        return token(Kind.NOISE, is_known=index.knows(word))
    if index.knows(word):
        return token(Kind.WORD)
    if is_noise(word):
        return token(Kind.NOISE)
    value = number_of(word)
    if value is not None:
        return token(Kind.NUMBER, value=value)
    return _unknown_word(word, start, end, index)


def _unknown_word(word: str, start: int, end: int, index: CatalogIndex) -> list[Token]:
    """A word neither the lists nor the catalogue know as spelled."""
    if sound_of(word) not in index.by_sound:
        unit = unit_of(word) or misspelt_unit_of(word)
        if unit:
            return [Token(kind=Kind.UNIT, text=word, start=start, end=end, unit=unit)]
        for ending in _ENDINGS:
            stem = word.removesuffix(ending)
            if stem != word and len(stem) > 1 and _is_listed(stem, index):
                return _word_tokens(stem, start, index)
        for cut in range(len(word) - 2, 1, -1):
            head, tail = word[:cut], word[cut:]
            if head in UNIT_WORDS and _is_catalog_word(tail, index):
                return [
                    Token(kind=Kind.UNIT, text=head, start=start, end=start + cut, unit=UNIT_WORDS[head]),
                    Token(kind=Kind.WORD, text=tail, start=start + cut, end=end),
                ]
    return [Token(kind=Kind.WORD, text=word, start=start, end=end)]


def _is_listed(stem: str, index: CatalogIndex) -> bool:
    return is_noise(stem) or stem in UNIT_WORDS or stem in NUMBER_WORDS or _is_catalog_word(stem, index)


def _is_catalog_word(word: str, index: CatalogIndex) -> bool:
    return index.knows(word) or sound_of(word) in index.by_sound or sound_of(word) in index.joined


def _settle_numbers(tokens: list[Token], index: CatalogIndex) -> list[Token]:
    """Decide for weak number words whether they are numbers; put fractions and multipliers together."""
    out: list[Token] = []
    i = 0
    while i < len(tokens):
        token = tokens[i]
        following = tokens[i + 1] if i + 1 < len(tokens) else None
        before = out[-1] if out else None
        if token.kind is Kind.NUMBER:
            token = _settled(token, before, following, index)
        elif token.text in _INTO and any(plain_of(t.text).startswith(_CHANGES) for t in out):
            token = structs.replace(token, kind=Kind.INSTEAD)
        elif token.text in _WATER_OR_ALSO and following is not None and following.kind is Kind.NUMBER:
            if before is None or before.kind in (Kind.BREAK, Kind.AND, Kind.NOISE):
                token = structs.replace(token, kind=Kind.WORD)
        elif token.kind is Kind.UNIT and token.text in AFTER_DIGIT_ONLY and not _is_number(before):
            token = structs.replace(token, kind=Kind.AND if token.text == "n" else Kind.WORD)
        if token.kind is Kind.NOISE and token.text == "do" and before and before.kind is Kind.WORD:
            if plain_of(before.text) in _HINDI_STEMS:
                out[-1] = structs.replace(before, kind=Kind.NOISE)
        if token.kind is Kind.NUMBER and token.value is None and token.text in LEANING_WORDS:
            if following is not None and following.kind is Kind.UNIT and LEANING_WORDS[token.text] != Decimal("0.5"):
                token = structs.replace(token, value=1 + LEANING_WORDS[token.text])
        if token.kind is Kind.NUMBER and token.value is not None and _is_number(before):
            merged = _merged(before, token) if before else None
            if merged:
                out[-1] = merged
                i += 1
                continue
        out.append(token)
        i += 1
    return [t for t in out if not (t.kind is Kind.NUMBER and t.value is None)]


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
    if index.knows(word) and following is not None and (sound_of(word), sound_of(following.text)) in index.pairs:
        return structs.replace(token, kind=Kind.WORD, value=None)
    return token


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
    if following is not None and following.kind in (Kind.WORD, Kind.NOISE):
        if (number, sound_of(following.text)) in index.pairs:
            return True
    if following is not None and following.kind is Kind.TIMES and following.text == "*":
        return False
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
    if before is not None and before.text in ("a", "an", "per") and before.text != "per":
        return 1, [structs.replace(token, kind=Kind.AMOUNT, value=Decimal(1))]
    return 1, [structs.replace(token, kind=Kind.WORD)]
