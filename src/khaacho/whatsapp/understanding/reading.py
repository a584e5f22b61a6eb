"""From a clean text to tokens: words, amounts, separators, and what is neither.

The catalogue has one say here: a token it knows as a word ("7up", "50-50", "ok") is a word. Prices, dates,
phone numbers and order codes are recognised as what they are and become DROP, so that they are never amounts.
"""

import re
from decimal import Decimal

from msgspec import structs
from rapidfuzz import process
from rapidfuzz.distance import OSA

from .amounts import put_amounts_together
from .fillers import CONNECTORS, EACH_WORDS, is_listed_noise, is_noise
from .index import CatalogIndex, code_key
from .numbers import LEANING_WORDS, MULTIPLIER_WORDS, NUMBER_WORDS, number_of
from .sound import plain_of, sound_of
from .text import CleanText
from .tokens import Kind, Token
from .units import UNIT_WORDS, misspelt_unit_of, unit_of

ORDER_CODE = re.compile(
    r"\bord(?:er)?s?\s*(?:no|number|id|code)?\s*[-#.:]*\s*(\d{6})\s*-?\s*(\d{4,})\b"
    r"|\bord\s*[-#]?\s*(\d{3,})\b|\border\s*(?:no\.?|number|id|code)?\s*[#:.-]*\s*(\d{4,})\b|#\s*(\d{3,})\b"
)
_NEVER_AMOUNTS = re.compile(
    r"(?P<phone>\+?\d[\d -]{6,}\d(?![\d.]*\s*(?:kg|g|gm|l|ml|pkt|pcs)\b))"
    r"|(?P<date>\b\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\b|\b\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}\b)"
    r"|(?P<clock>\b\d{1,2}:\d{2}\b)"
    r"|(?P<price>@\s*(?:rs\.?\s*)?\d[\d,.]*|\(\s*(?:rs\.?|npr)?\s*\d[\d,.]*\s*(?:rs|/-|wala|"
    r"wali)?\s*\)|\d[\d,.]*\s*/-"
    r"|\b(?:rs|npr|nrs|रु)\.?\s*\d[\d,.]*|\b\d{1,3}(?:,\d{2,3})+\b)"
    r"|(?P<point>(?<=[\s:])(?:\d{1,2}|[a-h])[)](?=[^\S\n]*[^\W_]))"
    r"|(?P<entry>(?:(?<=\n)|^)[^\S\n]*[(]?\d{1,2}[^\S\n]*[.)](?!\d))"
    r"|(?P<code>(?<![\d.,/-])0\d{2,5}(?![\d.,/-]))"
    r"|(?P<link>https?://\S+|www\.\S+|\S+@\S+\.\w+)"
)
# A place with its ward: "birendranagar-6".
_WARD = re.compile(r"\b([a-z\u0900-\u097f]{4,})-\d{1,2}\b(?![\d.]*[^\S\n]*[a-z\u0900-\u097f])")
_TOKEN = re.compile(
    r"(?P<break>[\n;!?]+|\.{2,}|,|\.(?=\s|$)|\s[-]\s(?=\D*$)|[+])"
    r"|(?P<number>\d+\s+\d+/\d+|\d+/\d+|\d+(?:\.\d+)?)"
    r"|(?P<word>[a-z\u0900-\u097f]+(?:'[a-z]+)*)"
    r"|(?P<slash>/)|(?P<colon>[:=]|-)|(?P<times>[*])|(?P<open>[(\[])|(?P<close>[)\]])|(?P<and>&)"
)
_RUN = re.compile(r"[a-z0-9\u0900-\u097f]+(?:[-.&'][a-z0-9\u0900-\u097f]+)*")
_CODE_LIKE = re.compile(r"(?<![a-z0-9])(?:[a-z0-9]{1,24}(?:[-_][a-z0-9.]{1,24}){1,8}|[a-z]{1,24}\d[a-z0-9.]{0,24})")
# After these the next words take the place of those before; after the second kind it is the other way round.
_INSTEAD = frozenset(
    plain_of(word)
    for word in [
        "hoina",
        "haina",
        "hoena",
        "hoin",
        "haina",
        "sorry",
        "mean",
        "matlab",
        "wait",
        "nahi",
        "nahin",
        "satta",
        "sattama",
        "sato",
        "thau",
        "thauma",
        "thaum",
        "jagah",
        "badla",
        "badala",
    ]
)
_RATHER_THAN = frozenset({"not", "instead"})
_LETTERS_BEFORE, _LETTERS_AFTER = re.compile(r"([a-z]+)-$"), re.compile(r"-([a-z]+)")
_HYPHEN_REACH = 24
_CODE_MIN_LETTERS = 6
_CODE_MIN_LIKENESS = 0.84
_ENDINGS = ("haru", "lai", "ko", "ka", "ki", "ma", "le", "को", "लाई", "का", "की", "मा", "हरू", "हरु", "ले")


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
    return put_amounts_together(tokens, index)


def _special_spans(letters: str, index: CatalogIndex) -> list[Token]:
    """Codes of products and of orders, and everything that is digits but no amount; without overlaps."""
    found: list[Token] = []
    for match in ORDER_CODE.finditer(letters):
        found.append(Token(kind=Kind.DROP, text="order", start=match.start(), end=match.end()))
    for match in _CODE_LIKE.finditer(letters):
        sku = _sku_of(match[0], index)
        if sku:
            found.append(Token(kind=Kind.CODE, text=sku, start=match.start(), end=match.end()))
    for match in _WARD.finditer(letters):
        if not _is_catalog_word(match[1], index):
            found.append(Token(kind=Kind.DROP, text="place", start=match.start(), end=match.end()))
    for match in _NEVER_AMOUNTS.finditer(letters):
        kind = match.lastgroup or ""
        if kind != "phone" or _is_phone(match[0]):
            # "… b) 10 packets": a lettered point begins the next wish.
            what = Kind.BREAK if kind == "point" else Kind.DROP
            found.append(Token(kind=what, text=kind, start=match.start(), end=match.end()))
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
        tokens += _hyphenated(match, letters) or _token_of(match, index)
    return tokens


def _hyphenated(match: re.Match[str], letters: str) -> list[Token]:
    """The "one" of "all-in-one" is no number; the "do" of "do-tin bora" (two or three sacks) is."""
    word, start, end = match[0], *match.span()
    if match.lastgroup != "word" or word not in NUMBER_WORDS:
        return []
    before = _LETTERS_BEFORE.search(letters[max(start - _HYPHEN_REACH, 0) : start])
    after = _LETTERS_AFTER.match(letters, end)
    beside = [found[1] for found in (before, after) if found]
    if not beside or any(other in NUMBER_WORDS or other in UNIT_WORDS for other in beside):
        return []
    return [Token(kind=Kind.WORD, text=word, start=start, end=end)]


def _known_run(run: str, index: CatalogIndex) -> str | None:
    """A run with digits that the catalogue knows as one word: "7up", "3in1", "50-50", "2pm"."""
    if not any(c.isdigit() for c in run):
        joined = run.replace("-", "")
        return joined if "-" in run and (joined in index.word_ids or sound_of(joined) in index.joined) else None
    if run.replace(".", "").isdigit():
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
