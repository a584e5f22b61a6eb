"""Order lines into the basket, and the basket back to its retailer [O20, O21]."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import msgspec

from khaacho.catalog.product_actions import add_aliases
from khaacho.catalog.records import NewAlias
from khaacho.money import QUANTITY_MAX
from khaacho.orders.basket import choose_payment, find_open_basket, put_basket
from khaacho.orders.records import Basket, WantedLine
from khaacho.whatsapp.dialogue.commands import read_payment
from khaacho.whatsapp.dialogue.questions import (
    KeptQuestion,
    keep_questions,
    merge_questions,
    put_questions,
    read_questions,
    settle_answers,
)
from khaacho.whatsapp.dialogue.talk import Talk, reply
from khaacho.whatsapp.records import Reply, UnreadWords
from khaacho.whatsapp.understanding.records import BasketLine, Intent, Understanding, Unknown
from khaacho.whatsapp.wording.basket_text import BasketText, lay_out_basket

ALIAS_LENGTH_MAX = 60

Amounts = dict[UUID, Decimal]


async def take_order(talk: Talk, meaning: Understanding) -> Reply:
    """New lines: those of the basket stay, a product named again gets its new amount."""
    wanted = _amounts_in(talk.basket)
    too_much = _take(talk, wanted, [(line.sku, line.quantity) for line in meaning.lines])
    return await _put(talk, meaning, wanted, understood=[line.sku for line in meaning.lines], unknown=too_much)


async def take_edit(talk: Talk, meaning: Understanding) -> Reply:
    """The whole basket as it is after the change."""
    wanted: Amounts = {}
    too_much = _take(talk, wanted, _pairs(meaning.result or ()))
    return await _put(talk, meaning, wanted, understood=[line.sku for line in meaning.result or ()], unknown=too_much)


async def take_repeat(talk: Talk, meaning: Understanding) -> Reply:
    """What was ordered last, changed as said, into the basket."""
    if not meaning.result and not meaning.ask:
        return reply(talk.words.no_last_order, intent=meaning.intent)
    wanted = _amounts_in(talk.basket)
    too_much = _take(talk, wanted, _pairs(meaning.result or ()))
    return await _put(talk, meaning, wanted, understood=[line.sku for line in meaning.result or ()], unknown=too_much)


async def take_answers(talk: Talk, meaning: Understanding) -> Reply:
    """Answers to open questions; what a phrase turned out to mean is remembered as this retailer's word for it."""
    basket = talk.basket
    if basket is None:
        return reply(talk.words.not_understood, intent=meaning.intent, not_understood=True)
    settled = settle_answers(read_questions(basket.open_questions), meaning.answers)
    wanted = _amounts_in(basket)
    for code, quantity in settled.amounts:
        product = talk.goods.by_code.get(code)
        if product is not None:
            wanted[product.id] = min(wanted.get(product.id, Decimal(0)) + quantity, QUANTITY_MAX)
    await _learn(talk, settled.learned)
    fresh = await _write(talk, wanted, settled.left)
    texts = [talk.words.none_of_these] if settled.refused else []
    unread = [UnreadWords(words=said, suggestions=choices) for said, choices in settled.refused]
    return reply(*texts, *show_basket(talk, fresh), intent=Intent.ANSWER, unread=unread)


def show_basket(talk: Talk, basket: Basket, *, unknown: Sequence[Unknown] = ()) -> list[str]:
    """The summary of a basket, with its questions; says so when there is nothing in it."""
    if basket.quote is None:
        return []
    questions = read_questions(basket.open_questions)
    suggested = {
        code: talk.goods.by_code[code].name for one in unknown for code in one.suggestions if code in talk.goods.by_code
    }
    text = lay_out_basket(
        talk.words,
        BasketText(
            quote=basket.quote,
            locale=talk.locale,
            unknown=unknown,
            suggested=suggested,
            asked=put_questions(questions, talk.goods, talk.locale),
        ),
    )
    if not basket.lines and not questions and not unknown:
        return [text, talk.words.basket_is_empty] if text else [talk.words.basket_is_empty]
    if basket.lines and not basket.quote.lines and not questions:
        return [f"{text}\n\n{talk.words.nothing_deliverable}"]
    return [text] if text else []


async def requote(talk: Talk, basket: Basket) -> Basket:
    """The same basket with today's prices and stock."""
    return await put_basket(talk.tx, talk.buyer, talk.retailer.id, basket.lines, open_questions=basket.open_questions)


async def refreshed(talk: Talk) -> Basket | None:
    """The open basket as it is stored now."""
    return await find_open_basket(talk.tx, talk.retailer.id)


async def _put(
    talk: Talk, meaning: Understanding, wanted: Amounts, *, understood: Sequence[str], unknown: Sequence[Unknown]
) -> Reply:
    not_taken = (*meaning.unknown, *unknown)
    old = read_questions(talk.basket.open_questions) if talk.basket else ()
    questions = merge_questions(old, keep_questions(meaning.ask), understood=understood)
    if not wanted and not questions and talk.basket is None:
        return _nothing_taken(talk, meaning, not_taken)
    basket = await _write(talk, wanted, questions)
    mode = read_payment(talk.text)
    if mode is not None:
        await choose_payment(talk.tx, basket.id, mode)
    return reply(*show_basket(talk, basket, unknown=not_taken), intent=meaning.intent, unread=_unread(not_taken))


async def _write(talk: Talk, wanted: Amounts, questions: Sequence[KeptQuestion]) -> Basket:
    return await put_basket(
        talk.tx,
        talk.buyer,
        talk.retailer.id,
        [WantedLine(product_id=product_id, quantity=quantity) for product_id, quantity in wanted.items()],
        open_questions=msgspec.to_builtins(questions),
        source_text=talk.text,
    )


def _nothing_taken(talk: Talk, meaning: Understanding, unknown: Sequence[Unknown]) -> Reply:
    lines = [talk.words.unknown_head] if unknown else [talk.words.not_understood]
    for one in unknown:
        names = [talk.goods.by_code[code].name for code in one.suggestions if code in talk.goods.by_code]
        hint = f" ({talk.words.did_you_mean.format(names=' / '.join(names))})" if names else ""
        lines.append(f"• {one.said}{hint}")
    return reply("\n".join(lines), intent=meaning.intent, not_understood=True, unread=_unread(unknown))


def _unread(unknown: Sequence[Unknown]) -> list[UnreadWords]:
    return [UnreadWords(words=one.said, suggestions=one.suggestions) for one in unknown]


def _amounts_in(basket: Basket | None) -> Amounts:
    return {line.product_id: line.quantity for line in basket.lines} if basket else {}


def _pairs(lines: Sequence[BasketLine]) -> list[tuple[str, Decimal]]:
    return [(line.sku, line.quantity) for line in lines]


def _take(talk: Talk, wanted: Amounts, lines: Sequence[tuple[str, Decimal]]) -> list[Unknown]:
    """Put lines into `wanted`; amounts nobody can mean are given back as not understood."""
    refused: list[Unknown] = []
    for code, quantity in lines:
        product = talk.goods.by_code.get(code)
        if product is None:
            refused.append(Unknown(said=code))
        elif not 0 < quantity <= QUANTITY_MAX:
            refused.append(Unknown(said=f"{product.name}: {quantity}", suggestions=(code,)))
        else:
            wanted[product.id] = quantity
    return refused


async def _learn(talk: Talk, learned: Sequence[tuple[str, str]]) -> None:
    aliases = [
        NewAlias(product_id=talk.goods.by_code[code].id, phrase=phrase.strip(), retailer_id=talk.retailer.id)
        for phrase, code in learned
        if code in talk.goods.by_code and 0 < len(phrase.strip()) <= ALIAS_LENGTH_MAX
    ]
    if aliases:
        await add_aliases(talk.tx, talk.buyer, aliases=aliases)
