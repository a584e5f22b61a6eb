"""A retailer's placed orders: where they are, calling one off, trying one again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

from khaacho import clock
from khaacho.catalog.queries import find_offers_by_id
from khaacho.credit.queries import find_debits_of_orders
from khaacho.errors import InvalidTransition, KhaachoError
from khaacho.orders.fulfilment import cancel_order
from khaacho.orders.queries import find_order_lines, find_orders, find_orders_by_id, find_orders_by_spoken_code
from khaacho.orders.records import OPEN_STATUSES, Order, OrderStatus, PaymentMode, PaymentStatus
from khaacho.orders.retrying import retry_order
from khaacho.orders.standing import payment_status
from khaacho.parties.queries import send_vendors
from khaacho.whatsapp.dialogue.commands import Word
from khaacho.whatsapp.dialogue.notes import AskedOrder
from khaacho.whatsapp.dialogue.talk import Talk, reply
from khaacho.whatsapp.records import Reply
from khaacho.whatsapp.understanding.records import Intent
from khaacho.whatsapp.wording.figures import numbered
from khaacho.whatsapp.wording.order_text import (
    OrderStanding,
    lay_out_order_briefly,
    lay_out_order_list,
    lay_out_status,
)

ORDERS_SHOWN = 5
ORDERS_LISTED = 10
CANCELLABLE = (OrderStatus.PENDING, OrderStatus.ACCEPTED, OrderStatus.PACKING, OrderStatus.FAILED)

_FULL_PAYMENT = frozenset({PaymentStatus.PAID})


async def show_status(talk: Talk, code: str | None) -> Reply:
    """One order by its code; without a code the open ones, or the latest when none is open."""
    if code is not None:
        return await _with_order(talk, Word.STATUS, code, _tell_status)
    found = await find_orders(talk.tx, retailer_id=talk.retailer.id, statuses=OPEN_STATUSES, limit=ORDERS_SHOWN)
    if not found:
        found = await find_orders(talk.tx, retailer_id=talk.retailer.id, limit=1)
    if not found:
        return reply(talk.words.no_orders, intent=Intent.STATUS)
    if len(found) == 1:
        return await _tell_status(talk, found[0])
    await talk.remember(AskedOrder(word=Word.STATUS, order_ids=tuple(order.id for order in found)))
    return reply(lay_out_order_list(talk.words, found), intent=Intent.STATUS)


async def list_orders(talk: Talk) -> Reply:
    """The latest orders in short lines; a number tells more about one."""
    found = await find_orders(talk.tx, retailer_id=talk.retailer.id, limit=ORDERS_LISTED)
    if not found:
        return reply(talk.words.no_orders, intent=Intent.RECENT_ORDERS)
    await talk.remember(AskedOrder(word=Word.STATUS, order_ids=tuple(order.id for order in found)))
    return reply(lay_out_order_list(talk.words, found), intent=Intent.RECENT_ORDERS)


async def cancel_placed(talk: Talk, code: str | None, reason: str | None) -> Reply:
    """Call a placed order off. Without a code it is asked which: nothing placed is cancelled on a mere 'no'."""
    if code is not None:
        return await _with_order(talk, Word.CANCEL, code, _cancel, rest=reason or "")
    found = await find_orders(talk.tx, retailer_id=talk.retailer.id, statuses=CANCELLABLE, limit=ORDERS_SHOWN)
    if not found:
        return reply(talk.words.nothing_to_cancel, intent=Intent.CANCEL)
    return await _ask_which(talk, Word.CANCEL, found, rest=reason or "")


async def retry_placed(talk: Talk, code: str | None) -> Reply:
    """Try a failed order again; everything is checked anew."""
    if code is not None:
        return await _with_order(talk, Word.RETRY, code, _retry)
    found = await find_orders(talk.tx, retailer_id=talk.retailer.id, statuses=[OrderStatus.FAILED], limit=ORDERS_SHOWN)
    if len(found) == 1:
        return await _retry(talk, found[0])
    if not found:
        return reply(talk.words.no_orders, intent="retry")
    return await _ask_which(talk, Word.RETRY, found)


async def act_on_chosen(talk: Talk, asked: AskedOrder, order_id: UUID) -> Reply:
    """The answer to which order was meant."""
    (order,) = await find_orders_by_id(talk.tx, [order_id])
    match asked.word:
        case Word.CANCEL:
            return await _cancel(talk, order, asked.rest)
        case Word.RETRY:
            return await _retry(talk, order)
        case _:
            return await _tell_status(talk, order)


async def _with_order(
    talk: Talk, word: Word, code: str, act: Callable[..., Awaitable[Reply]], *, rest: str = ""
) -> Reply:
    found = await find_orders_by_spoken_code(talk.tx, code, retailer_id=talk.retailer.id)
    if not found:
        return reply(talk.words.order_not_found.format(code=code.upper()), intent=word)
    if len(found) > 1:
        return await _ask_which(talk, word, found, rest=rest)
    return await (act(talk, found[0], rest) if rest else act(talk, found[0]))


async def _ask_which(talk: Talk, word: Word, orders: Sequence[Order], *, rest: str = "") -> Reply:
    await talk.remember(AskedOrder(word=word, order_ids=tuple(order.id for order in orders), rest=rest))
    lines = numbered([lay_out_order_briefly(talk.words, order) for order in orders])
    return reply("\n".join([talk.words.which_order, *lines, talk.words.answer_hint]), intent=word)


async def _tell_status(talk: Talk, order: Order) -> Reply:
    return reply(lay_out_status(talk.words, await find_standing_of(talk, order)), intent=Intent.STATUS)


async def find_standing_of(talk: Talk, order: Order) -> OrderStanding:
    """The order with its lines, its vendor, what is paid and due, and when it may be expected."""
    lines = (await find_order_lines(talk.tx, [order.id])).get(order.id, [])
    debit = (await find_debits_of_orders(talk.tx, [order.id])).get(order.id)
    vendors = await (await send_vendors(talk.tx, [order.vendor_id])).all()
    payment = payment_status(order, debit, today=clock.business_day())
    owed = order.total_paisa if order.delivered_total_paisa is None else order.delivered_total_paisa
    if order.payment_mode is PaymentMode.COD or debit is None:
        paid = owed if payment in _FULL_PAYMENT else 0
        due = 0 if order.status in (OrderStatus.CANCELLED, OrderStatus.FAILED) else owed - paid
    else:
        paid, due = debit.cleared_paisa, debit.remaining_paisa
    expected = None
    if order.status in OPEN_STATUSES:
        offers = await find_offers_by_id(talk.tx, [line.offer_id for line in lines])
        expected = order.placed_at + timedelta(days=max((offer.lead_time_days for offer in offers), default=1))
    return OrderStanding(
        order=order,
        lines=lines,
        vendor_name=vendors[0].name if vendors else "",
        payment=payment,
        paid_paisa=paid,
        due_paisa=due,
        expected_at=expected,
    )


async def _cancel(talk: Talk, order: Order, reason: str = "") -> Reply:
    try:
        async with talk.tx.savepoint():
            await cancel_order(talk.tx, talk.buyer, order.id, reason=reason or "the retailer cancelled it")
    except InvalidTransition:
        told = talk.words.cannot_cancel.format(code=order.code, status=talk.words.statuses[order.status])
        return reply(told, intent=Intent.CANCEL)
    return reply(talk.words.cancelled.format(code=order.code), intent=Intent.CANCEL)


async def _retry(talk: Talk, order: Order) -> Reply:
    try:
        async with talk.tx.savepoint():
            await retry_order(talk.tx, talk.buyer, order.id)
    except KhaachoError as refusal:
        if refusal.retryable:
            raise
        told = talk.words.cannot_retry.format(code=order.code, status=talk.words.statuses[order.status])
        return reply(f"{told} {refusal}", intent="retry")
    return reply(talk.words.retried.format(code=order.code), intent="retry")
