"""Every word that goes out, in English and Nepali.

`English` holds a method for everything we say, `Nepali` says the same; a test sees to it that nothing is missing.
"""

from __future__ import annotations

from collections.abc import Callable

from khaacho.whatsapp.wording.en import English
from khaacho.whatsapp.wording.ne import Nepali

Words = English

_ENGLISH = English()
_NEPALI = Nepali()


def words_for(locale: str) -> Words:
    """The words of a person who reads this language; Nepali for anything we do not know."""
    return _ENGLISH if locale == "en" else _NEPALI


def in_both(say: Callable[[Words], str]) -> str:
    """The same thing in both languages, for people of whom we do not know yet which they read."""
    return f"{say(_NEPALI)}\n\n{say(_ENGLISH)}"


__all__ = ["Words", "in_both", "words_for"]
