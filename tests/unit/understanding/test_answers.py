"""Answers to open questions [O14]: by number, by word, by description; and what is no answer."""

from decimal import Decimal

import pytest

from khaacho.whatsapp.understanding.index import CatalogIndex
from khaacho.whatsapp.understanding.records import Answer, Context, Intent, OpenQuestion
from khaacho.whatsapp.understanding.understand import understand

COLA = OpenQuestion(
    said="fizzo cola",
    choices=("D504", "D505", "D506"),
    quantity=None,
    raw_quantity=Decimal(2),
    raw_unit="carton",
)
POTATO = OpenQuestion(said="alu", choices=("V101", "V102"), quantity=Decimal(40))
COFFEE = OpenQuestion(said="gulmi coffee", choices=("T603",), quantity=None)


@pytest.mark.parametrize(
    ("text", "questions", "answers"),
    [
        ("1", (POTATO,), ((0, "V101", 40),)),
        ("2 ko", (POTATO,), ((0, "V102", 40),)),
        ("pahilo", (POTATO,), ((0, "V101", 40),)),
        ("दोस्रो", (POTATO,), ((0, "V102", 40),)),
        ("२", (POTATO,), ((0, "V102", 40),)),
        ("teesro", (COLA,), ((0, "D506", 24),)),
        ("1 2", (COLA, POTATO), ((0, "D504", 48), (1, "V102", 40))),
        ("1, 2", (COLA, POTATO), ((0, "D504", 48), (1, "V102", 40))),
        ("500 ml wala", (COLA,), ((0, "D505", 48),)),
        ("rato", (POTATO,), ((0, "V101", 40),)),
        ("seto wala dinus", (POTATO,), ((0, "V102", 40),)),
        ("5", (COFFEE,), ((0, "T603", 5),)),
        ("2 carton", (COFFEE,), ((0, "T603", 48),)),
        ("6 ota pathaunus", (COFFEE,), ((0, "T603", 6),)),
        ("yo hoina", (POTATO,), ((0, None, None),)),
        ("none of these", (POTATO,), ((0, None, None),)),
    ],
)
def test_an_answer_picks_a_choice_and_its_quantity_in_selling_units(
    index: CatalogIndex, text: str, questions: tuple[OpenQuestion, ...], answers: tuple[tuple[int, str, int], ...]
) -> None:
    """Numbers, ordinals, a size or a colour answer the open questions in order; a said carton becomes its pieces."""
    meaning = understand(text, index, Context(open_questions=questions))
    assert meaning.intent is Intent.ANSWER
    assert meaning.answers == tuple(
        Answer(question=question, sku=sku, quantity=None if quantity is None else Decimal(quantity))
        for question, sku, quantity in answers
    )


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("9", Intent.OTHER),
        ("lasun 5 kg", Intent.ORDER),
        ("cancel", Intent.CANCEL),
        ("alu ko bhau kati ho?", Intent.CATALOG),
    ],
)
def test_what_is_no_answer_is_read_as_any_message(index: CatalogIndex, text: str, intent: Intent) -> None:
    """A number beyond the choices, an order, a cancellation: open questions swallow none of them."""
    meaning = understand(text, index, Context(open_questions=(POTATO,)))
    assert (meaning.intent, meaning.answers) == (intent, ())


def test_without_open_questions_a_number_answers_nothing(index: CatalogIndex) -> None:
    """A lone "1" is chit-chat to us when nothing was asked."""
    assert understand("1", index).intent is Intent.OTHER
