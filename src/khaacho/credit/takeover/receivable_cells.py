"""Amounts and names as other people's tables write them, and never a guess what a point or a comma means. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from khaacho.errors import InvalidAmount
from khaacho.money import paisa_from_rupees

NAME_LENGTH_MAX = 200
SHOWN_LENGTH_MAX = 40

_AMOUNT = re.compile(r"(?P<sign>[-+]?)\s*(?P<digits>\d+|\d{1,3}(?:,\d{2,3})*,\d{3})(?P<part>\.\d*)?")
_IN_BRACKETS = re.compile(r"\((?P<inner>[^()]+)\)")
# 1.500: in some countries one and a half, in others fifteen hundred.
_POINT_OR_THOUSANDS = re.compile(r"[1-9]\d{0,2}\.\d{3}")
_SCIENTIFIC = re.compile(r"[-+]?\d+(?:\.\d*)?[eE][-+]?\d+")
# Letters that join or part their neighbours: nothing to see by themselves, and part of many Nepali names.
_JOINERS = "\u200c\u200d"


class UnclearCell(ValueError):
    """Why a cell is not taken; the message is for the person who reads the report."""


def currency_pattern(currency: str) -> re.Pattern[str]:
    """What may stand beside an amount: the word or sign named, and those of this country."""
    named = rf"{re.escape(currency)}\.?|" if currency else ""
    return re.compile(rf"(?i)(?:{named}NPR|Rs\.?|रु\.?|₹)")


def shows_decimal_point(text: str, currency: re.Pattern[str]) -> bool:
    """Does this amount prove that a point parts rupees from paisa?"""
    bare = _bare(text, currency)
    match = _AMOUNT.fullmatch(bare)
    return match is not None and match["part"] is not None and not _POINT_OR_THOUSANDS.fullmatch(bare.lstrip("-+ "))


def parse_amount(text: str, currency: re.Pattern[str], *, point_is_decimal: bool) -> int:
    """Paisa, below zero with a minus or in brackets. Raises UnclearCell.

    Without `point_is_decimal` nothing has yet said what 1.500 means, and it is refused.
    """
    bare = _bare(text, currency)
    bracketed = _IN_BRACKETS.fullmatch(bare)
    bare = bracketed["inner"].strip() if bracketed else bare
    match = _AMOUNT.fullmatch(bare)
    shown = repr(text[:SHOWN_LENGTH_MAX])
    if match is None:
        reason = ": its last digits may have been lost, write them out" if _SCIENTIFIC.fullmatch(bare) else ""
        raise UnclearCell(f"{shown} is not an amount{reason}")
    if not point_is_decimal and _POINT_OR_THOUSANDS.fullmatch(bare.lstrip("-+ ")):
        raise UnclearCell(f"{shown} may have paisa or thousands behind its point; write two decimals")
    try:
        paisa = paisa_from_rupees(match["digits"].replace(",", "") + (match["part"] or ""))
    except InvalidAmount as error:
        raise UnclearCell(f"{shown} is not an amount: {error.details['why']}") from error
    return -paisa if bracketed or match["sign"] == "-" else paisa


def _bare(text: str, currency: re.Pattern[str]) -> str:
    """Without the currency and the stroke that people put behind whole rupees: Rs. 500/- is 500."""
    return currency.sub("", text).strip().removesuffix("/-").rstrip()


def parse_name(text: str) -> str:
    """The name as it stands; line breaks and unbreakable spaces count as plain spaces. Raises UnclearCell."""
    name = "".join(" " if letter.isspace() else letter for letter in text.replace("\r\n", "\n"))
    if len(name) > NAME_LENGTH_MAX:
        raise UnclearCell(f"is longer than {NAME_LENGTH_MAX} characters")
    for letter in name:
        if not letter.isprintable() and letter not in _JOINERS:
            if unicodedata.category(letter) == "Cs":
                raise UnclearCell("holds letters in another encoding; say which with --encoding, for example cp1252")
            raise UnclearCell(f"holds a character that cannot be printed, U+{ord(letter):04X}")
    return name


def find_alike(names: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    """Names that differ in nothing but case, spaces, joiners or how the same letter is written, in the order given."""
    groups: dict[str, list[str]] = defaultdict(list)
    for name in dict.fromkeys(names):
        bare = "".join(letter for letter in name if not letter.isspace() and letter not in _JOINERS)
        groups[unicodedata.normalize("NFKC", bare).casefold()].append(name)
    return tuple(tuple(group) for group in groups.values() if len(group) > 1)
