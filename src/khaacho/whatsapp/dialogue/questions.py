"""The open questions of a basket: how they are kept, how they are put, and what an answer makes of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec

from khaacho.whatsapp.catalog_index import Goods
from khaacho.whatsapp.understanding.records import Answer, Ask, AskReason, OpenQuestion
from khaacho.whatsapp.wording.basket_text import Asked
from khaacho.whatsapp.wording.figures import show_name

# Three fit a glance; whoever means another one writes its name.
CHOICES_MAX = 3
FURTHER_MAX = 30
QUESTIONS_MAX = 8


class KeptQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """A question as it was put, with the choices in their numbered order; `further` fit too and were not shown."""

    said: str
    choices: tuple[str, ...]
    reason: AskReason
    further: tuple[str, ...] = ()
    quantity: Decimal | None = None
    raw_quantity: Decimal | None = None
    raw_unit: str = ""


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """What answers came to: amounts of products, phrases learned, questions left.

    `refused` are the words, each with the choices offered, of which none was right.
    """

    amounts: tuple[tuple[str, Decimal], ...]
    learned: tuple[tuple[str, str], ...]
    left: tuple[KeptQuestion, ...]
    refused: tuple[tuple[str, tuple[str, ...]], ...]


def read_questions(stored: Sequence[Any]) -> tuple[KeptQuestion, ...]:
    """The questions of a basket; broken ones are forgotten."""
    try:
        return msgspec.convert(stored, tuple[KeptQuestion, ...])
    except msgspec.ValidationError:
        return ()


def keep_questions(asks: Sequence[Ask]) -> tuple[KeptQuestion, ...]:
    """Questions to put, with no more choices than are shown."""
    return tuple(
        KeptQuestion(
            said=ask.said,
            choices=ask.choices[:CHOICES_MAX],
            further=ask.choices[CHOICES_MAX : CHOICES_MAX + FURTHER_MAX],
            reason=ask.reason,
            quantity=ask.quantity,
            raw_quantity=ask.raw_quantity,
            raw_unit=ask.raw_unit,
        )
        for ask in asks
        if ask.choices
    )


def open_questions(kept: Sequence[KeptQuestion]) -> tuple[OpenQuestion, ...]:
    """The questions as the understanding wants them."""
    return tuple(
        OpenQuestion(
            said=question.said,
            choices=question.choices,
            further=question.further,
            quantity=question.quantity,
            raw_quantity=question.raw_quantity,
            raw_unit=question.raw_unit,
        )
        for question in kept
    )


def merge_questions(
    old: Sequence[KeptQuestion], new: Sequence[KeptQuestion], *, understood: Sequence[str]
) -> tuple[KeptQuestion, ...]:
    """Old and new ones without repetitions; a question whose product was named meanwhile is settled."""
    named = set(understood)
    said = {question.said.casefold() for question in new}
    still_open = [
        question
        for question in old
        if not named.intersection(question.choices) and question.said.casefold() not in said
    ]
    return (*still_open, *new)[-QUESTIONS_MAX:]


def settle_answers(kept: Sequence[KeptQuestion], answers: Sequence[Answer]) -> Settled:
    """Each answered question becomes an amount, or a question how many where no amount is known yet."""
    amounts: list[tuple[str, Decimal]] = []
    learned: list[tuple[str, str]] = []
    asked_on: list[KeptQuestion] = []
    answered = {answer.question for answer in answers if answer.question < len(kept)}
    for answer in answers:
        if answer.is_amount and answer.question < len(kept):
            amount = msgspec.structs.replace(
                kept[answer.question], raw_quantity=answer.quantity, raw_unit=answer.unit, quantity=None
            )
            asked_on.append(amount)
        if answer.sku is None or answer.question >= len(kept):
            continue
        question = kept[answer.question]
        if question.reason in (AskReason.WHICH_PRODUCT, AskReason.WHICH_SIZE) and (
            answer.sku in question.choices or answer.sku in question.further
        ):
            learned.append((question.said, answer.sku))
        if answer.quantity is not None and answer.quantity > 0:
            amounts.append((answer.sku, answer.quantity))
        else:
            asked_on.append(KeptQuestion(said=question.said, choices=(answer.sku,), reason=AskReason.HOW_MANY))
    left = [question for number, question in enumerate(kept) if number not in answered]
    return Settled(
        amounts=tuple(amounts),
        learned=tuple(learned),
        left=(*asked_on, *left),
        refused=tuple(
            (kept[answer.question].said, kept[answer.question].choices)
            for answer in answers
            if answer.sku is None and not (answer.is_dropped or answer.is_amount) and answer.question < len(kept)
        ),
    )


def put_questions(kept: Sequence[KeptQuestion], goods: Goods, locale: str) -> tuple[Asked, ...]:
    """The questions with the products' names."""
    asked: list[Asked] = []
    for question in kept:
        products = [goods.by_code[code] for code in question.choices if code in goods.by_code]
        asked.append(
            Asked(
                said=question.said,
                reason=question.reason,
                choices=tuple(show_name(product.name, product.name_ne, locale) for product in products),
                has_further=bool(question.further),
                unit=products[0].selling_unit if products else "",
            )
        )
    return tuple(asked)
