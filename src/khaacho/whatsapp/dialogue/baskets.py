"""Order lines into the basket, and the basket back to its retailer [O20, O21]."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import msgspec

from khaacho.catalog.product_actions import add_aliases, forget_alias
from khaacho.catalog.records import NewAlias
from khaacho.money import QUANTITY_MAX
from khaacho.orders.basket import choose_payment, find_open_basket, put_basket
from khaacho.orders.records import Basket, WantedLine
from khaacho.whatsapp.dialogue.commands import read_payment
from khaacho.whatsapp.dialogue.goods import show_goods
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
from khaacho.whatsapp.understanding.index import alias_key
from khaacho.whatsapp.understanding.records import Ask, BasketLine, Context, Intent, Understanding, Unknown
from khaacho.whatsapp.understanding.understand import understand
from khaacho.whatsapp.wording.basket_text import BasketText, lay_out_basket, lay_out_questions

ALIAS_LENGTH_MAX = 60

Amounts = dict[UUID, Decimal]


async def take_order(talk: Talk, meaning: Understanding) -> Reply:
    """New lines: those of the basket stay, a product named again gets its new amount."""
    wanted = _amounts_in(talk.basket)
    too_much = _take(talk, wanted, [(line.sku, line.quantity) for line in meaning.lines])
    taken = await _put(talk, meaning, wanted, understood=[line.sku for line in meaning.lines], unknown=too_much)
    if not meaning.catalog_terms:
        return taken
    # "… and do you have soda?" is answered beside the order.
    told = await show_goods(talk, meaning)
    return msgspec.structs.replace(taken, texts=(*taken.texts, *told.texts))


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


async def take_back(talk: Talk, basket: Basket, context: Context) -> Reply:
    """ "Not that one" after a summary: what a word of theirs brought in goes, the word is forgotten and asked about."""
    index = talk.goods.index
    by_habit = understand(basket.source_text, index, msgspec.structs.replace(context, basket=(), open_questions=()))
    plainly = understand(
        basket.source_text, index, msgspec.structs.replace(context, basket=(), open_questions=(), aliases=())
    )
    asked = {ask.said: ask for ask in plainly.ask}
    wrong = [line for line in by_habit.lines if line.said in asked]
    wanted = _amounts_in(basket)
    for line in wrong:
        product = talk.goods.by_code[line.sku]
        wanted.pop(product.id, None)
        for alias in context.aliases:
            if alias.sku == line.sku and alias_key(alias.phrase) == alias_key(line.said):
                await forget_alias(
                    talk.tx, talk.buyer, product_id=product.id, phrase=alias.phrase, retailer_id=talk.retailer.id
                )
    if not wrong:
        first = basket.quote.lines[0].name if basket.quote and basket.quote.lines else "…"
        return reply(talk.words.which_is_wrong.format(first=first), intent=Intent.EDIT)
    questions = keep_questions([_without_choice(asked[line.said], line.sku) for line in wrong])
    fresh = await _write(talk, wanted, (*read_questions(basket.open_questions), *questions))
    return reply(*show_basket(talk, fresh), intent=Intent.EDIT)


def _without_choice(ask: Ask, sku: str) -> Ask:
    """The question again, with what was just refused at the end."""
    return msgspec.structs.replace(ask, choices=(*(one for one in ask.choices if one != sku), sku))


def still_asked(talk: Talk) -> list[str]:
    """The questions that are open, once more, for somebody who answered with something else."""
    questions = read_questions(talk.basket.open_questions) if talk.basket else ()
    return [lay_out_questions(talk.words, put_questions(questions, talk.goods, talk.locale))] if questions else []


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
