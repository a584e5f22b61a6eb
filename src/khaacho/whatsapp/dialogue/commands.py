"""The words our own messages tell people to write: ACCEPT 0001, CONFIRM CREDIT, STATUS ORD…, 2. Pure.

They are read literally, before anything is understood, so that what we ask for always works.
"""

from __future__ import annotations

import re
from enum import StrEnum

import msgspec

from khaacho.orders.records import PaymentMode


class Word(StrEnum):
    """A command word."""

    CONFIRM = "confirm"
    CANCEL = "cancel"
    STATUS = "status"
    RETRY = "retry"
    ACCEPT = "accept"
    DECLINE = "decline"
    PACKED = "packed"
    DISPATCHED = "dispatched"
    OUT_FOR_DELIVERY = "out for delivery"
    DELIVERED = "delivered"
    MY_ORDERS = "my orders"
    ENGLISH = "english"
    NEPALI = "nepali"
    SUPPORT = "support"


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A command word, the order it names (a code or its last digits), and what else was said."""

    word: Word
    code: str | None = None
    rest: str = ""


_SPELLINGS: dict[Word, tuple[str, ...]] = {
    Word.CONFIRM: ("confirm order", "confirm"),
    Word.CANCEL: ("cancel order", "cancel"),
    Word.STATUS: ("status", "track"),
    Word.RETRY: ("retry",),
    Word.ACCEPT: ("accept",),
    Word.DECLINE: ("decline", "reject"),
    Word.PACKED: ("packed", "packing", "pack"),
    Word.DISPATCHED: ("dispatched", "dispatch"),
    Word.OUT_FOR_DELIVERY: ("out for delivery", "out-for-delivery"),
    Word.DELIVERED: ("delivered", "deliver"),
    Word.MY_ORDERS: ("my orders", "myorders"),
    Word.ENGLISH: ("english", "angreji", "अंग्रेजी"),
    Word.NEPALI: ("nepali", "नेपाली"),
    Word.SUPPORT: ("support",),
}
_COMMANDS = re.compile(
    r"^\s*(?P<said>"
    + "|".join(
        re.escape(spelling)
        for spelling in sorted((one for several in _SPELLINGS.values() for one in several), key=len, reverse=True)
    )
    + r")(?![\w\u0900-\u097f])[\s:#,.!-]*(?P<after>.*)$",
    re.IGNORECASE | re.DOTALL,
)
_CODE = re.compile(
    r"(?<![\w.])(?:order\s*#?\s*)?(ORD[-\s]?\d{6}[-\s]?\d{4,}|ORD-?\d{3,6}|\d{3,6})(?![\w.]*\d)", re.IGNORECASE
)
_ANYWHERE = re.compile(r"\bORD[-\s]?\d{6}[-\s]?\d{4,}\b", re.IGNORECASE)
_ORDER_AND_DIGITS = re.compile(r"\border\s*(?:no\.?|number)?\s*#?\s*(\d{3,6})\b", re.IGNORECASE)
_LONE_DIGITS = re.compile(r"(?<!\d)(\d{4})(?!\d)")
_WORDS_OF = {spelling: word for word, spellings in _SPELLINGS.items() for spelling in spellings}
_WORDS_WITH_CODE = frozenset(
    {
        Word.CANCEL,
        Word.STATUS,
        Word.RETRY,
        Word.ACCEPT,
        Word.DECLINE,
        Word.PACKED,
        Word.DISPATCHED,
        Word.OUT_FOR_DELIVERY,
        Word.DELIVERED,
    }
)
_ALONE = frozenset({Word.ENGLISH, Word.NEPALI, Word.SUPPORT, Word.MY_ORDERS})

_NUMBER = re.compile(r"^[\s(]*([1-9])[\s).।]*$")
_DEVANAGARI_DIGITS = str.maketrans("०१२३४५६७८९", "0123456789")

_CREDIT = re.compile(
    r"\b(?:credit|udharo|udhaaro|udhar|udhaar|udhari|khata\s?ma|baki\s?ma)\b|उधारो|उधार|क्रेडिट", re.IGNORECASE
)
_COD = re.compile(r"\b(?:cod|cash|nagad|nagat|c\.o\.d|pay at the door|cash on delivery)\b|नगद|क्यास", re.IGNORECASE)
_ONLY_PAYMENT = re.compile(
    r"^\W*(?:(?:ok|okay|yes|ho|hunchha|huncha|hunxa|la|dai|hajur|please|pls|on|by|in|ma|मा|mai|mein|me|sabai|all|"
    r"pathau\w*|pathai\w*|garn\w*|gari?d\w*|rakh\w*|haln\w*|hald\w*|lekh\w*|likh\w*|dinu\w*|de|do|bhej\w*|kar\w{0,3}|"
    r"हुन्छ|ठीक|छ|confirm|पठाइदिनुस्|गर्नुस्|लेखिदिनुस्|लेख्नुस्|"
    r"credit|udharo|udhaaro|udhar|udhaar|udhari|khata|baki|उधारो|उधार|क्रेडिट|"
    r"cod|cash|nagad|nagat|delivery|नगद|क्यास)\W*)+$",
    re.IGNORECASE,
)
_TOTAL = re.compile(r"\b(?:total|jamma|sabai ko kati)\b|जम्मा", re.IGNORECASE)


def read_command(text: str) -> Command | None:
    """The command a message begins with, or None."""
    found = _COMMANDS.match(latin_digits(text))
    if found is None:
        return None
    word = _WORDS_OF[found["said"].lower()]
    after = found["after"].strip()
    if word in _ALONE:
        return Command(word=word, rest=after) if not after or word is Word.SUPPORT else None
    if word not in _WORDS_WITH_CODE:
        return Command(word=word, rest=after)
    code = _CODE.match(after)
    if code is None:
        return Command(word=word, rest=after)
    return Command(word=word, code=code[1], rest=after[code.end() :].strip(" \t\n:,.-#"))


def read_code(text: str) -> str | None:
    """The order a message speaks of anywhere in it: a full code, 'order 1043', or four digits standing alone."""
    plain = latin_digits(text)
    full = _ANYWHERE.search(plain)
    if full:
        return full[0]
    digits = _ORDER_AND_DIGITS.search(plain) or _LONE_DIGITS.search(plain)
    return digits[1] if digits else None


def read_choice(text: str) -> int | None:
    """The number of a choice, when the message is nothing else: '2', '२)', ' 2. '."""
    found = _NUMBER.match(latin_digits(text))
    return int(found[1]) if found else None


def read_payment(text: str) -> PaymentMode | None:
    """The way to pay a message names, wherever it names it; None when it names none or both."""
    credit, cod = _CREDIT.search(text) is not None, _COD.search(text) is not None
    if credit == cod:
        return None
    return PaymentMode.CREDIT if credit else PaymentMode.COD


def is_only_payment(text: str) -> bool:
    """Does the message say how to pay and nothing else: 'udharo ma', 'ok cash', 'credit ma pathaidinu'?"""
    return read_payment(text) is not None and _ONLY_PAYMENT.match(text) is not None


def asks_total(text: str) -> bool:
    """Does the message ask what the basket comes to ("total kati bhayo")?"""
    return _TOTAL.search(text) is not None and read_payment(text) is None


def latin_digits(text: str) -> str:
    """Devanagari digits as Latin ones."""
    return text.translate(_DEVANAGARI_DIGITS)
