"""Every word that goes out, in English and Nepali: what is said (`words`, `en`, `ne`) and how it is laid out."""

from __future__ import annotations

from collections.abc import Callable

from khaacho.whatsapp.wording.en import ENGLISH
from khaacho.whatsapp.wording.ne import NEPALI
from khaacho.whatsapp.wording.words import Words


def words_for(locale: str) -> Words:
    """The words of a person who reads this language; Nepali for anything we do not know."""
    return ENGLISH if locale == "en" else NEPALI


def in_both(say: Callable[[Words], str]) -> str:
    """The same thing in both languages, for people of whom we do not know yet which they read."""
    return f"{say(NEPALI)}\n\n{say(ENGLISH)}"


__all__ = ["Words", "in_both", "words_for"]
