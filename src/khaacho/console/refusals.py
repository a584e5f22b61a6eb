"""Refusals in the visitor's words, where there are such."""

from __future__ import annotations

from khaacho.console.visitor import AnyRequest, Visitor, choose_locale
from khaacho.console.wording import words_of
from khaacho.errors import KhaachoError


def say(request: AnyRequest, visitor: Visitor, refusal: KhaachoError) -> str:
    """One sentence, with its figures. Raises the refusal itself when it is a fault of ours, which is no answer."""
    if refusal.status >= 500 and not refusal.retryable:
        raise refusal
    words = words_of(choose_locale(request, visitor.user))
    text = words(f"why.{refusal.code}", fallback="")
    try:
        return text.format(**refusal.details) if text else str(refusal)
    except KeyError:
        # Two refusals share a code here and there, with other figures.
        return str(refusal)
