"""The words that do something to a basket: add, set, take away, remove, keep only; by name or by number.

In Nepali and Hindi the verb follows its object ("chini hatau"), in English it leads ("remove sugar").
"""

from enum import Enum

from .sound import plain_of, plain_pattern
from .tokens import Kind, Token


class Operation(Enum):
    """What is to be done with a named line."""

    ADD = "add"
    SET = "set"
    TAKE = "take"
    REMOVE = "remove"
    KEEP = "keep"


LEADING = {
    Operation.REMOVE: plain_pattern(r"remov\w*|delet\w*|drop|dont|no|not|without|except|minus|exclud\w*|cancel|take"),
    Operation.ADD: plain_pattern(r"add|includ\w*|plus|more|extra|also"),
    Operation.TAKE: plain_pattern(r"reduc\w*"),
    Operation.SET: plain_pattern(r"increas\w*|decreas\w*|rais\w*|make|chang\w*|updat\w*"),
    Operation.KEEP: plain_pattern(r"keep|only"),
}
TRAILING = {
    Operation.REMOVE: plain_pattern(
        r"bahek|ch?hodera|chodera|alawa|mat|hata\w*|nikal\w*|napatha\w*|nachahi\w*|chod\w*|rehne?|rahne|chahidaina|"
        r"chahiyena|chaidaina|"
        r"remov\w*|delet\w*|cancel\w*|kyansal\w*|rad\w*|pardaina|out|nahi|nai"
    ),
    Operation.TAKE: plain_pattern(r"ghata\w*|kam|reduc\w*|less"),
    Operation.ADD: plain_pattern(r"thap\w*|jod\w*|add|badha\w*|extra|more|aru|arko|hal\w*"),
    Operation.KEEP: plain_pattern(r"rakh\w*"),
    Operation.SET: plain_pattern(r"gar\w*|bana\w*|kar|karo|kardo|set"),
}
KEEP_ONLY = plain_pattern(
    r"\b(?:matra|only|just|sirf|bas)\b.{0,15}\brakh\w*|\b(?:keep|only keep|just keep)\b|"
    r"\b(?:aru|baki|bakee|others?|rest|everything else)\b.{0,12}\b(?:sab\w*|all)?\b.{0,4}\b(?:hata\w*|"
    r"remov\w*|cancel\w*|nikal\w*|delet\w*)|^only\b"
)
# "Only A and B": without an amount the others go.
SEND_ONLY = plain_pattern(r"\b(?:matra|matrai|only|just|sirf|bas)\b.{0,4}\b(?:patha|din|bhej|send|chahi|leu|lin)\w*")
TIMES_ALL = plain_pattern(
    r"\b(?:sab\w*|all|every\w*|pura|purai|jammai)\b.{0,20}\b(double|dobbar|dobar|doubl\w*|duguna|"
    r"dugna|triple|tebbar|aadha|adha|half)\b"
    r"|\b(double|dobbar|triple|half|halve|aadha)\b.{0,12}\b(?:sab\w*|all|every\w*|pura|order)\b"
)
POSITION = plain_pattern(
    r"\b(\d{1,2})(?:st|nd|rd|th)\b|\b(\d{1,2}) (?:number|nambar|no|num|st|nd|rd|th|aun)\b|\b(?:item|line|number|no|"
    r"nambar|"
    r"serial) (?:no )?(\d{1,2})\b"
)
ORDINALS = {
    "first": 1, "pahilo": 1, "pahila": 1, "pehla": 1, "second": 2, "dosro": 2, "dusra": 2, "dosra": 2, "third": 3,
    "tesro": 3, "tisro": 3, "tisra": 3, "fourth": 4, "chautho": 4, "chautha": 4, "fifth": 5, "panchau": 5,
    "last": -1, "antim": -1, "akhiri": -1,
}  # fmt: skip

_ORDINAL = plain_pattern(rf"\b(?:{'|'.join(ORDINALS)})\b")


def count_operations(tokens: list[Token], plain: str) -> int:
    """How many words of the message are operations on a basket."""
    whole = TIMES_ALL.search(plain) or KEEP_ONLY.search(plain) or POSITION.search(plain)
    return (
        bool(whole)
        + sets_all(tokens)
        + sum(
            1
            for t in tokens
            if t.kind is Kind.INSTEAD
            or (t.kind is not Kind.WORD and (find_trailing(t) or find_leading(t)) is not None and _is_strong(t))
        )
    )


def sets_all(tokens: list[Token]) -> bool:
    """ "Sabai 2 carton garnu": one amount for every line, and nothing named."""
    kinds = {t.kind for t in tokens}
    is_all = Kind.EACH in kinds or any(t.text in ("all", "everything") for t in tokens)
    return is_all and Kind.AMOUNT in kinds and not kinds & {Kind.WORD, Kind.CODE}


def names_lines(plain: str) -> bool:
    """Does the message speak of the basket's lines without naming goods ("all of it double", "item 2")?"""
    return bool(TIMES_ALL.search(plain) or POSITION.search(plain) or _ORDINAL.search(plain))


def _is_strong(token: Token) -> bool:
    operation = find_trailing(token) or find_leading(token)
    return operation in (Operation.REMOVE, Operation.TAKE, Operation.ADD) or token.kind is Kind.INSTEAD


def find_trailing(token: Token) -> Operation | None:
    """The operation a word names after its object, or None."""
    plain = plain_of(token.text)
    return next((op for op, words in TRAILING.items() if words.fullmatch(plain)), None)


def find_leading(token: Token) -> Operation | None:
    """The operation a word names before its object, or None."""
    plain = plain_of(token.text)
    return next((op for op, words in LEADING.items() if words.fullmatch(plain)), None)
