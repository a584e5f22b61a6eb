"""The project's own labelled messages [O17]: what understanding must get right before anything else is said of it."""

from typing import Any

import pytest
from bench.understanding_scoring import score_all

from khaacho.whatsapp.understanding.commandline import read_context, to_prediction
from khaacho.whatsapp.understanding.index import CatalogIndex
from khaacho.whatsapp.understanding.understand import understand

Pairs = list[tuple[dict[str, Any], dict[str, Any]]]


@pytest.fixture(scope="module")
def pairs(index: CatalogIndex, messages: list[dict[str, Any]]) -> Pairs:
    return [
        (m, to_prediction(m["id"], understand(m["text"], index, read_context(m.get("context") or {}))))
        for m in messages
    ]


def test_the_set_is_large_and_mixed(messages: list[dict[str, Any]]) -> None:
    """At least 150 messages, every intent of a retailer and a vendor, four languages and their mixture."""
    assert len(messages) >= 150
    assert len({m["intent"] for m in messages}) == 22
    assert {m["lang"] for m in messages} == {"ne-Latn", "ne", "en", "hi-Latn", "mixed"}


def test_intents_are_told_apart(pairs: Pairs) -> None:
    """[O10] 98 % of the intents or better."""
    score = score_all(pairs)
    assert score.intents / score.messages >= 0.98


def test_messages_are_handled_right(pairs: Pairs) -> None:
    """[O17] 97 % fully right, or a question that offers the right product; line F1 96 % or better."""
    score = score_all(pairs)
    assert score.handled / score.messages >= 0.97
    assert score.f1 >= 0.96


def test_nothing_is_guessed_silently(pairs: Pairs) -> None:
    """[O14] At most one line in a hundred is taken wrongly without a question."""
    score = score_all(pairs)
    assert score.wrong_lines / score.said_lines <= 0.01
