"""What one may well answer to a message, to be tapped instead of typed. Pure.

The messages themselves say what to write: a numbered choice, or words in capitals such as CONFIRM or ACCEPT 0015.
"""

from __future__ import annotations

import re

import msgspec

CHOICES_MAX = 5
LABEL_LENGTH_MAX = 34

_COMMAND = re.compile(
    r"\b(?:(?:ACCEPT|DECLINE|PACKED|DISPATCHED|DELIVERED|STATUS)(?: (?:ORD\d{6}-\d{4,}|\d{3,}))?|CONFIRM|CANCEL|HELP)\b"
)
_CHOICE = re.compile(r"^\s*(\d)[.)]\s+(.+)$", re.MULTILINE)


class QuickReply(msgspec.Struct, frozen=True, kw_only=True):
    """What the button says and what it sends."""

    label: str
    text: str


def quick_replies(message: str) -> list[QuickReply]:
    """The answers this message asks for, in the order it names them; none for one that asks for nothing."""
    choices = list(_CHOICE.finditer(message))
    # The numbered lines of a summary or of an order are goods; those that follow a question are its answers.
    if choices and "?" in message[: choices[0].start()] and _counts_up([one[1] for one in choices]):
        return [QuickReply(label=_label(one[1], one[2]), text=one[1]) for one in choices[:CHOICES_MAX]]
    commands = dict.fromkeys(_COMMAND.findall(message))
    return [QuickReply(label=command, text=command) for command in commands][:CHOICES_MAX]


def _counts_up(numbers: list[str]) -> bool:
    return numbers == [str(number) for number in range(1, len(numbers) + 1)]


def _label(number: str, text: str) -> str:
    plain = re.sub(r"[*_~]", "", text).strip()
    label = f"{number}. {plain}"
    return label if len(label) <= LABEL_LENGTH_MAX else label[: LABEL_LENGTH_MAX - 1].rstrip() + "…"
