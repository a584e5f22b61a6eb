"""Texts nobody means well: random letters, walls of text, five hundred lines. Nothing raises, nothing is slow."""

import random
import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from khaacho.whatsapp.understanding.commandline import read_catalog
from khaacho.whatsapp.understanding.index import CatalogIndex, build_index
from khaacho.whatsapp.understanding.records import BasketLine, Context, OpenQuestion, Understanding
from khaacho.whatsapp.understanding.understand import understand

from .conftest import LABELLED

INDEX = build_index(read_catalog(LABELLED / "catalog.csv"))
WORDS = st.sampled_from(
    [
        *("yeti", "veg", "chini", "chamal", "तेल", "2", "5kg", "१०", "carton", "peti", "hoina", "hatau", "thap"),
        *("sabai", "1/0", "1/2", "-", "/", ",", "\n", "(", ")", "rs", "@", "ko", "ra", "and", "99999999999"),
        *("ORD260210-0001", "item", "not", "instead", "tin", "tin", "do", "do", "sadhe", "paune", "x", "0", "0.0"),
        *("-5", ".", "3.3.3", "each", "wala", "no", "same", "last"),
    ]
)
BUSY = Context(
    basket=(BasketLine(sku="N302", quantity=Decimal(30)),),
    last_order=(BasketLine(sku="GONE", quantity=Decimal(1)),),
    open_questions=(OpenQuestion(said="x", choices=("N301", "GONE"), quantity=None),),
)


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=200))
def test_no_text_raises(text: str) -> None:
    """Any Unicode, with and without a basket and questions, gives a meaning."""
    assert isinstance(understand(text, INDEX), Understanding)
    assert isinstance(understand(text, INDEX, BUSY), Understanding)


@settings(max_examples=300, deadline=None)
@given(st.lists(WORDS, max_size=25))
def test_no_mixture_of_our_own_words_raises(words: list[str]) -> None:
    """Numbers, units and operations in any order, also a basket line whose product is gone."""
    for context in (Context(), BUSY):
        meaning = understand(" ".join(words), INDEX, context)
        assert all(line.quantity > 0 for line in meaning.lines)
        assert all(line.quantity > 0 for line in meaning.result or ())


def _walls() -> list[str]:
    chance = random.Random(20260210)
    return [
        "".join(chr(chance.randint(1, 0x2FFF)) for _ in range(4096)),
        "\n".join(f"{i} {chance.choice(['yeti veg', 'chini', 'tel', 'momo machine'])} {i} kg" for i in range(500)),
        " ".join(f"zxq{chance.randint(0, 10**6)}" for _ in range(600)),
        "1 " * 2048,
        "to " * 1365,
        "hoina " * 680,
        "ा" * 4096,
        "oil, " * 800,
        "a" * 4096,
        "-" * 4096,
        "1/2 " * 1024,
        "change " + "to rice " * 500,
    ]


@pytest.mark.parametrize("number", range(12))
def test_no_wall_of_text_explodes(index: CatalogIndex, number: int) -> None:
    """4,096 letters of anything are read with about the work their length deserves: twice the text is far from a
    hundred times the work. Counted in this process's own processor time; bench/ has the seconds."""
    text = _walls()[number]
    assert _least_work(text, index) <= 10 * _least_work(text[: len(text) // 2], index) + 0.02


def _least_work(text: str, index: CatalogIndex) -> float:
    took: list[float] = []
    for _ in range(3):
        began = time.process_time()
        understand(text, index)
        took.append(time.process_time() - began)
    return min(took)
