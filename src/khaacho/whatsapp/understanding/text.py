"""A message made plain: one letter for look-alikes, ASCII digits, no invisible marks, lower case.

Every letter of the clean text remembers the place it came from, so that what is shown back ("said") is what
the person wrote.
"""

import unicodedata
from collections.abc import Sequence

from msgspec import Struct

# WhatsApp allows 4,096 characters; what is beyond is not read.
MAX_LETTERS = 4096

_LOOK_ALIKES = str.maketrans(
    {
        "а": "a", "е": "e", "о": "o", "р": "p", "с": "c", "х": "x", "у": "y", "к": "k", "м": "m", "т": "t",
        "в": "b", "н": "h", "і": "i", "ѕ": "s", "ј": "j", "α": "a", "ο": "o", "ρ": "p", "ν": "v", "ι": "i",
        "κ": "k", "τ": "t", "ɡ": "g", "ı": "i", "×": "x", "✕": "x", "✖": "x", "✗": "x", "–": "-", "—": "-",
        "−": "-", "‐": "-", "‑": "-", "‒": "-", "―": "-", "•": "\n", "●": "\n", "▪": "\n", "◦": "\n",
        "‣": "\n", "·": "\n", "’": "'", "‘": "'", "`": "'", "´": "'", "“": '"', "”": '"', "।": "\n",
        "॥": "\n", "|": "\n", "⁄": "/", "÷": "/", "₹": " rs ", "\t": " ", "\r": "\n",
        "\u00a0": " ", "،": ",", "؛": ";", "＠": "@",
    }
)  # fmt: skip


class CleanText(Struct, frozen=True, kw_only=True):
    """`letters` to read, and for each of them its position in the `original`."""

    letters: str
    origins: Sequence[int]
    original: str

    def said(self, start: int, end: int) -> str:
        """The original words behind letters `start` to `end`."""
        if start >= end:
            return ""
        return self.original[self.origins[start] : self.origins[end - 1] + 1].strip()


def _plain_letters(char: str) -> str:
    """What a single character reads as: nothing for invisible marks, a line break for pictures."""
    if char.isascii():
        return "\n" if char == "\r" else (" " if char == "\t" else char.lower())
    if char == "\u20e3":
        return ")"
    digit = unicodedata.digit(char, None)
    if digit is not None and not "\u2460" <= char <= "\u24ff":
        return str(digit)
    kind = unicodedata.category(char)
    if kind in ("Cf", "Cc", "Cs", "Co", "Cn") or "\ufe00" <= char <= "\ufe0f":
        return ""
    char = char.translate(_LOOK_ALIKES)
    composed = unicodedata.normalize("NFKC", char)
    if kind.startswith("No") and composed != char:
        composed = f" {composed} "
    if kind in ("So", "Sk") and composed == char:
        return "\n"
    composed = composed.translate(_LOOK_ALIKES).lower()
    if len(composed) == 1 and kind.startswith("L") and not "\u0900" <= composed <= "\u097f":
        composed = "".join(c for c in unicodedata.normalize("NFKD", composed) if not unicodedata.combining(c))
    return composed


def clean(text: str) -> CleanText:
    """Read the text letter by letter. Never raises; takes at most `MAX_LETTERS` characters."""
    text = text[:MAX_LETTERS]
    if text.isascii() and text.isprintable():
        return CleanText(letters=text.lower(), origins=range(len(text)), original=text)
    letters: list[str] = []
    origins: list[int] = []
    for position, char in enumerate(text):
        for letter in _plain_letters(char):
            letters.append(letter)
            origins.append(position)
    return CleanText(letters="".join(letters), origins=tuple(origins), original=text)
