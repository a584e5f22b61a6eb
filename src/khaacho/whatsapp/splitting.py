"""Long texts in parts a provider takes, broken between lines where that is possible. Pure."""

from __future__ import annotations

from collections.abc import Iterator


def split_text(text: str, length_max: int) -> list[str]:
    """Parts of at most `length_max` characters; joined by line breaks they are the text again, but for trimmed ends.

    A line that is too long by itself is broken at its last space, and a word that is too long wherever it must be.
    """
    parts: list[str] = []
    current = ""
    for line in _short_lines(text.strip("\n"), length_max):
        joined = f"{current}\n{line}" if current else line
        if len(joined) <= length_max:
            current = joined
        else:
            parts.append(current)
            current = line
    parts.append(current)
    return [part.strip("\n") for part in parts if part.strip()]


def _short_lines(text: str, length_max: int) -> Iterator[str]:
    for line in text.split("\n"):
        rest = line
        while len(rest) > length_max:
            cut = rest.rfind(" ", 1, length_max + 1)
            cut = cut if cut > 0 else length_max
            yield rest[:cut].rstrip()
            rest = rest[cut:].lstrip()
        yield rest
