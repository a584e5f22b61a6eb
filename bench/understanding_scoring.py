"""How well predictions of messages agree with their gold labels: plain counting, no model.

A message is *handled right* when its intent is right and every gold line is either taken exactly or asked
about with the right product among the choices, every gold question is a question offering one of the gold
choices, every unknown thing is listed back, and nothing else was taken.
"""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from msgspec import Struct

SHOWN_CHOICES = 3


class Score(Struct, kw_only=True):
    """Counts over a set of messages."""

    messages: int = 0
    intents: int = 0
    handled: int = 0
    exact: int = 0
    gold_lines: int = 0
    said_lines: int = 0
    right_lines: int = 0
    wrong_lines: int = 0
    asks: int = 0
    asks_shown: int = 0

    @property
    def f1(self) -> float:
        return 2 * self.right_lines / max(self.gold_lines + self.said_lines, 1)

    def add(self, other: "Score") -> None:
        for field in self.__struct_fields__:
            setattr(self, field, getattr(self, field) + getattr(other, field))


def _lines(of: Iterable[dict[str, Any]] | None) -> Counter[tuple[str, Decimal]]:
    return Counter((line["sku"], Decimal(str(line["quantity"]))) for line in of or ())


def _match_asks(gold: dict[str, Any], said: dict[str, Any]) -> tuple[bool, int, int]:
    """Does every gold question have its question? How many have, how many with a right choice shown."""
    left = list(said.get("ask") or ())
    met = shown = 0
    for ask in gold.get("ask") or ():
        choices = set(ask["choices"])
        found = next((a for a in left if choices & set(a["choices"])), None)
        if found is not None:
            left.remove(found)
            met += 1
            shown += bool(choices & set(found["choices"][:SHOWN_CHOICES]))
    return met == len(gold.get("ask") or ()), met, shown


def score_message(gold: dict[str, Any], said: dict[str, Any]) -> Score:
    """One message's counts."""
    score = Score(messages=1, intents=int(gold["intent"] == said["intent"]))
    gold_lines = _lines(gold.get("result") if "result" in gold else gold.get("lines"))
    said_lines = _lines(said.get("result") if said.get("result") is not None else said.get("lines"))
    right = gold_lines & said_lines
    score.gold_lines, score.said_lines = gold_lines.total(), said_lines.total()
    score.right_lines = right.total()
    wrong, missed = said_lines - gold_lines, gold_lines - said_lines
    score.wrong_lines = wrong.total()
    asks_met, met, shown = _match_asks(gold, said)
    score.asks, score.asks_shown = met, shown
    choices = [set(a["choices"]) for a in said.get("ask") or ()]
    asked_instead = sum(1 for sku, _ in missed if any(sku in c for c in choices))
    unknown_met = _unknown_met(gold, said)
    extra_asks = len(choices) - met - asked_instead
    calm = not wrong and extra_asks <= 0 and unknown_met
    score.handled = int(bool(score.intents) and calm and asks_met and asked_instead == missed.total())
    score.exact = int(bool(score.handled) and not missed)
    return score


def _unknown_met(gold: dict[str, Any], said: dict[str, Any]) -> bool:
    left = [u.lower() for u in said.get("unknown") or ()]
    for unknown in gold.get("unknown") or ():
        found = next((u for u in left if unknown.lower() in u or (u and u in unknown.lower())), None)
        if found is None:
            return False
        left.remove(found)
    return not left


def score_all(pairs: Iterable[tuple[dict[str, Any], dict[str, Any]]]) -> Score:
    """The sum over many messages."""
    total = Score()
    for gold, said in pairs:
        total.add(score_message(gold, said))
    return total
