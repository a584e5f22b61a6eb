"""Yes and no to a basket: how it is paid, what CONFIRM comes to, and every way it can be refused [O21, O22]."""

from __future__ import annotations

from khaacho.errors import BasketClosed, BasketEmpty, KhaachoError, PriceChanged
from khaacho.money import format_rupees
from khaacho.orders.basket import cancel_basket, choose_payment, confirm_basket, reopen_basket
from khaacho.orders.queries import find_baskets, find_order_lines
from khaacho.orders.records import Basket, BasketState, PaymentMode
from khaacho.whatsapp.dialogue.baskets import refreshed, requote, show_basket
from khaacho.whatsapp.dialogue.notes import AskedPayment
from khaacho.whatsapp.dialogue.talk import Talk, reply
from khaacho.whatsapp.records import Reply
from khaacho.whatsapp.understanding.records import Intent
from khaacho.whatsapp.wording.basket_text import refusal_sentence
from khaacho.whatsapp.wording.order_text import lay_out_confirmed

_CREDIT_REFUSALS = frozenset(
    {
        "NO_CREDIT_ACCOUNT",
        "CREDIT_PAUSED",
        "CREDIT_BLOCKED",
        "MAX_ORDER_VALUE_EXCEEDED",
        "OVERDUE_CREDIT",
        "INSUFFICIENT_CREDIT",
        "BALANCE_OUT_OF_BOUNDS",
    }
)
_RETAILER_REFUSALS = frozenset({"RETAILER_NOT_ACTIVE", "RETAILER_BLOCKED", "RETAILER_NOT_FOUND"})


async def confirm(talk: Talk, mode: PaymentMode | None) -> Reply:
    """Place the basket, in the way to pay that was named now or before; ask once when credit is there and none was."""
    basket = talk.basket
    if basket is None or not basket.lines or basket.quote is None:
        return await _nothing_open(talk)
    chosen = mode or basket.payment_mode
    if chosen is None and basket.quote.credit.allowed:
        if not _was_asked(talk, basket):
            return await _ask_payment(talk, basket)
        # Asked and still not said: the way that makes no debt.
        chosen = PaymentMode.COD
    return await _place(talk, basket, chosen or PaymentMode.COD)


async def cancel_open_basket(talk: Talk, basket: Basket) -> Reply:
    """Drop the basket."""
    await cancel_basket(talk.tx, talk.buyer, basket.id)
    return reply(talk.words.basket_dropped, intent=Intent.CANCEL)


async def _place(talk: Talk, basket: Basket, mode: PaymentMode) -> Reply:
    try:
        orders = await confirm_basket(talk.tx, talk.buyer, basket.id, mode)
    except PriceChanged:
        await choose_payment(talk.tx, basket.id, mode)
        return await _show_again(talk, talk.words.price_changed)
    except BasketEmpty:
        return await _show_again(talk, talk.words.price_changed)
    except BasketClosed:
        return reply(talk.words.nothing_to_confirm, intent=Intent.CONFIRM)
    except KhaachoError as refusal:
        if refusal.retryable:
            raise
        return await _refused(talk, basket, refusal)
    lines = await find_order_lines(talk.tx, [order.id for order in orders])
    terms_days = basket.quote.credit.terms_days if basket.quote else None
    placed = [(order, len(lines.get(order.id, []))) for order in orders]
    return reply(lay_out_confirmed(talk.words, placed, terms_days=terms_days), intent=Intent.CONFIRM)


async def _refused(talk: Talk, basket: Basket, refusal: KhaachoError) -> Reply:
    """Nothing was placed: credit is one sentence, stock and vendors a fresh summary, the person's own state its own."""
    if refusal.code in _CREDIT_REFUSALS:
        await choose_payment(talk.tx, basket.id, None)
        sentence = refusal_sentence(talk.words, refusal.code, refusal.details)
        return reply(f"{sentence}\n\n{talk.words.pay_cod_instead}", intent=Intent.CONFIRM)
    if refusal.code in _RETAILER_REFUSALS:
        return reply(talk.words.may_not_order, intent=Intent.CONFIRM)
    fresh = await requote(talk, basket)
    return reply("\n\n".join([talk.words.price_changed, *show_basket(talk, fresh)]), intent=Intent.CONFIRM)


async def _show_again(talk: Talk, first: str) -> Reply:
    basket = await refreshed(talk)
    texts = show_basket(talk, basket) if basket else [talk.words.nothing_to_confirm]
    return reply("\n\n".join([first, *texts]), intent=Intent.CONFIRM)


async def _ask_payment(talk: Talk, basket: Basket) -> Reply:
    if basket.quote is None:
        return await _nothing_open(talk)
    await talk.remember(AskedPayment(basket_id=basket.id))
    asked = talk.words.ask_payment.format(
        total=format_rupees(basket.quote.total_paisa),
        available=format_rupees(basket.quote.credit.available_paisa or 0),
    )
    return reply(asked, intent=Intent.CONFIRM)


def _was_asked(talk: Talk, basket: Basket) -> bool:
    return isinstance(talk.notes.asked, AskedPayment) and talk.notes.asked.basket_id == basket.id


async def _nothing_open(talk: Talk) -> Reply:
    """No basket waits. One that expired is brought back with today's prices, for somebody who only comes now."""
    if talk.basket is None:
        latest = await find_baskets(
            talk.tx,
            retailer_id=talk.retailer.id,
            states=[BasketState.EXPIRED, BasketState.CONFIRMED, BasketState.RECOVERED, BasketState.CANCELLED],
            limit=1,
        )
        if latest and latest[0].state is BasketState.EXPIRED and latest[0].lines:
            basket = await reopen_basket(talk.tx, talk.buyer, latest[0].id)
            return reply("\n\n".join(show_basket(talk, basket)), intent=Intent.CONFIRM)
    return reply(talk.words.nothing_to_confirm, intent=Intent.CONFIRM)
