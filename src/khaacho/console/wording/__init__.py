"""Everything the pages say, in both languages; both hold the same keys, which a test keeps true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from khaacho.console.wording import (
    audited,
    credit,
    credits_admin,
    en,
    ne,
    operations,
    prepaid,
    projects,
    retailer,
    sign_up,
    watching,
)
from khaacho.parties.records import Locale

_PARTS = (audited, credit, credits_admin, retailer, operations, prepaid, projects, sign_up, watching)

ENGLISH = en.ENGLISH | {key: text for part in _PARTS for key, text in part.ENGLISH.items()}
NEPALI = ne.NEPALI | {key: text for part in _PARTS for key, text in part.NEPALI.items()}


class Words:
    """One language: `t("orders.title")`, with figures by name, and `fallback` for keys that may have no words."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self.months = texts["months"].split()
        self.units = texts["units"].split()

    def __call__(self, key: str, *, fallback: str | None = None, **values: Any) -> str:
        """Raises KeyError for a key nobody wrote words for, which is a fault of ours."""
        text = self._texts.get(key, fallback)
        if text is None:
            raise KeyError(key)
        return text.format(**values) if values else text


_LANGUAGES = {Locale.EN: Words(ENGLISH), Locale.NE: Words(NEPALI)}


def words_of(locale: Locale) -> Words:
    """The words of a language."""
    return _LANGUAGES[locale]
