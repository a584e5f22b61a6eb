"""What a vendor does with orders by writing: take, decline, pack, send, deliver [O42, O43].

A vendor who skips a step meant it: DELIVERED for an order that is only accepted goes through the steps between, each
recorded. A code may be left out where only one order fits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from khaacho.errors import DeliveryMismatch, Forbidden, InvalidTransition, KhaachoError, NotYourTurn
from khaacho.money import format_rupees
from khaacho.orders.deliveries import DeliveredLine
from khaacho.orders.fulfilment import accept_order, advance_order, decline_order, deliver_order
from khaacho.orders.queries import find_order_lines, find_orders, find_orders_by_id, find_orders_by_spoken_code
from khaacho.orders.records import OPEN_STATUSES, Order, OrderLine, OrderStatus
from khaacho.parties.queries import require_retailer
from khaacho.whatsapp.catalog_index import catalog_item
from khaacho.whatsapp.dialogue.commands import Word, latin_digits
from khaacho.whatsapp.dialogue.notes import AskedOrder
from khaacho.whatsapp.dialogue.talk import Talk, reply
from khaacho.whatsapp.records import Reply
from khaacho.whatsapp.understanding.index import build_index
from khaacho.whatsapp.understanding.records import Intent
from khaacho.whatsapp.understanding.understand import understand
from khaacho.whatsapp.wording.figures import digits_of, numbered, show_quantity
from khaacho.whatsapp.wording.order_text import lay_out_for_vendor, lay_out_order_briefly

ORDERS_SHOWN = 10
_PLAIN_NUMBER = re.compile(r"^\s*\d{1,6}(?:\.\d{1,3})?\s*$")
_NOTHING = Decimal(0)

_WAY = (
    OrderStatus.PENDING,
    OrderStatus.ACCEPTED,
    OrderStatus.PACKING,
    OrderStatus.DISPATCHED,
    OrderStatus.OUT_FOR_DELIVERY,
    OrderStatus.DELIVERED,
)
_GOALS = {
    Word.ACCEPT: OrderStatus.ACCEPTED,
    Word.PACKED: OrderStatus.PACKING,
    Word.DISPATCHED: OrderStatus.DISPATCHED,
    Word.OUT_FOR_DELIVERY: OrderStatus.OUT_FOR_DELIVERY,
    Word.DELIVERED: OrderStatus.DELIVERED,
}
# Which orders a word without a code can be about: those nearest before its goal come first.
_FITTING: dict[Word, tuple[tuple[OrderStatus, ...], ...]] = {
    Word.ACCEPT: ((OrderStatus.PENDING,),),
    Word.DECLINE: ((OrderStatus.PENDING,),),
    Word.PACKED: ((OrderStatus.ACCEPTED,), (OrderStatus.PENDING,)),
    Word.DISPATCHED: ((OrderStatus.PACKING,), (OrderStatus.ACCEPTED,), (OrderStatus.PENDING,)),
    Word.OUT_FOR_DELIVERY: ((OrderStatus.DISPATCHED,), (OrderStatus.PACKING, OrderStatus.ACCEPTED)),
    Word.DELIVERED: (
        (OrderStatus.OUT_FOR_DELIVERY, OrderStatus.DISPATCHED),
        (OrderStatus.PACKING, OrderStatus.ACCEPTED),
    ),
}


async def handle_vendor_word(talk: Talk, word: Word, code: str | None, rest: str) -> Reply:
    """ACCEPT, DECLINE, PACKED, DISPATCHED … DELIVERED, with a code or for the one order that fits."""
    if code is not None:
        found = await find_orders_by_spoken_code(talk.tx, code, vendor_id=talk.vendor.id)
        if not found:
            return reply(talk.words.order_not_found.format(code=code.upper()), intent=_intent(word))
        found = likeliest(word, found)
    else:
        found = await _fitting(talk, word)
        if not found:
            return reply(talk.words.vendor_nothing_open, intent=_intent(word))
    if len(found) > 1:
        return await _ask_which(talk, word, found, rest)
    return await act_on(talk, word, found[0], rest)


def likeliest(word: Word, orders: list[Order]) -> list[Order]:
    """Last digits come again every day; of several orders those are meant that the word can still move."""
    for statuses in _FITTING.get(word, ()):
        fitting = [order for order in orders if order.status in statuses]
        if fitting:
            return fitting
    return orders


async def act_on_chosen(talk: Talk, asked: AskedOrder, order_id: UUID) -> Reply:
    """The answer to which order was meant."""
    (order,) = await find_orders_by_id(talk.tx, [order_id])
    return await act_on(talk, asked.word, order, asked.rest)


async def act_on(talk: Talk, word: Word, order: Order, rest: str) -> Reply:
    """Do it, or say in a sentence why it cannot be done."""
    try:
        async with talk.tx.savepoint():
            return await _do(talk, word, order, rest)
    except (NotYourTurn, Forbidden):
        return reply(talk.words.vendor_not_yours.format(code=order.code), intent=_intent(word))
    except InvalidTransition:
        status = talk.words.statuses[order.status]
        return reply(talk.words.vendor_cannot.format(code=order.code, status=status), intent=_intent(word))
    except DeliveryMismatch as refusal:
        return await _wrong_delivery(talk, order, str(refusal))
    except KhaachoError as refusal:
        if refusal.retryable:
            raise
        return reply(f"{order.code}: {refusal}", intent=_intent(word))


async def show_vendor_orders(talk: Talk) -> Reply:
    """Every open order with its code and state; the details of those that wait for an answer."""
    found = await find_orders(talk.tx, vendor_id=talk.vendor.id, statuses=OPEN_STATUSES, limit=ORDERS_SHOWN)
    if not found:
        return reply(talk.words.vendor_nothing_open, intent=Intent.MY_ORDERS)
    listed = numbered([lay_out_order_briefly(talk.words, order) for order in found])
    texts = ["\n".join([talk.words.vendor_orders_head, *listed])]
    texts.extend([await describe(talk, order) for order in found if order.status is OrderStatus.PENDING])
    return reply(*texts, intent=Intent.MY_ORDERS)


async def describe(talk: Talk, order: Order) -> str:
    """An order as its vendor needs it, with what to write next."""
    lines = (await find_order_lines(talk.tx, [order.id])).get(order.id, [])
    retailer = await require_retailer(talk.tx, order.retailer_id)
    text = lay_out_for_vendor(
        talk.words, order, lines, shop=retailer.pasal_name, address=retailer.city, phone=retailer.phone
    )
    digits = digits_of(order.code)
    if order.status is OrderStatus.PENDING:
        following = f"ACCEPT {digits} / DECLINE {digits}"
    else:
        following = _next(talk, order.status, digits)
    return f"*{order.code}* · {talk.words.statuses[order.status]}\n{text}\n{following}".rstrip()


async def show_vendor_order(talk: Talk, code: str) -> Reply:
    """One order of this vendor's, by its code."""
    found = await find_orders_by_spoken_code(talk.tx, code, vendor_id=talk.vendor.id)
    if not found:
        return reply(talk.words.order_not_found.format(code=code.upper()), intent=Intent.STATUS)
    if len(found) > 1:
        return await _ask_which(talk, Word.STATUS, found, "")
    return reply(await describe(talk, found[0]), intent=Intent.STATUS)


async def _do(talk: Talk, word: Word, order: Order, rest: str) -> Reply:
    digits = digits_of(order.code)
    match word:
        case Word.STATUS:
            return reply(await describe(talk, order), intent=Intent.STATUS)
        case Word.ACCEPT:
            await accept_order(talk.tx, talk.seller, order.id)
            return reply(talk.words.vendor_accepted.format(code=order.code, digits=digits), intent=Intent.ACCEPT)
        case Word.DECLINE:
            await decline_order(talk.tx, talk.seller, order.id, reason=rest or None)
            return reply(talk.words.vendor_declined.format(code=order.code), intent=Intent.DECLINE)
        case Word.DELIVERED:
            delivered = await _read_delivered(talk, order, rest)
            await _walk_to(talk, order, OrderStatus.DISPATCHED)
            done = await deliver_order(talk.tx, talk.seller, order.id, delivered=delivered)
            return reply(await _tell_delivered(talk, done), intent=Intent.DELIVERED)
        case _:
            goal = _GOALS[word]
            await _walk_to(talk, order, goal)
            told = talk.words.vendor_moved.format(
                code=order.code, status=talk.words.statuses[goal], next=_next(talk, goal, digits)
            )
            return reply(told, intent=_intent(word))


async def _tell_delivered(talk: Talk, order: Order) -> str:
    """What arrived and what is owed for it, so that a slip is seen at once."""
    lines = (await find_order_lines(talk.tx, [order.id])).get(order.id, [])
    total = format_rupees(order.total_paisa if order.delivered_total_paisa is None else order.delivered_total_paisa)
    told = talk.words.vendor_delivered.format(code=order.code, total=total)
    arrived = [f"{line.name}: {show_quantity(line.delivered_quantity or _NOTHING)}" for line in lines]
    return "\n".join([told, *arrived])


async def _walk_to(talk: Talk, order: Order, goal: OrderStatus) -> None:
    """Through every step between; going back, or on from an end, is refused by the steps themselves."""
    if order.status not in _WAY:
        await advance_order(talk.tx, talk.seller, order.id, goal)
        return
    if goal is OrderStatus.DISPATCHED and order.status is OrderStatus.OUT_FOR_DELIVERY:
        return
    behind = _WAY.index(order.status) >= _WAY.index(goal)
    steps = (goal,) if behind else _WAY[_WAY.index(order.status) + 1 : _WAY.index(goal) + 1]
    for step in steps:
        if step is OrderStatus.ACCEPTED:
            await accept_order(talk.tx, talk.seller, order.id)
        else:
            await advance_order(talk.tx, talk.seller, order.id, step)


async def _read_delivered(talk: Talk, order: Order, rest: str) -> Sequence[DeliveredLine] | None:
    """The amounts named after DELIVERED, read against this order's goods only; None, everything, when none is named.

    Once some are named, what is not named did not arrive: nobody is ever charged for goods that were not spoken of.
    """
    if not rest:
        return None
    lines = (await find_order_lines(talk.tx, [order.id])).get(order.id, [])
    by_code: dict[str, OrderLine] = {}
    items = []
    for line in lines:
        product = talk.goods.by_id.get(line.product_id)
        if product is not None:
            by_code[product.code] = line
            items.append(catalog_item(product))
    if len(by_code) == 1 and _PLAIN_NUMBER.match(latin_digits(rest)):
        return [DeliveredLine(sku=line.sku, quantity=Decimal(latin_digits(rest).strip())) for line in by_code.values()]
    meaning = understand(rest, build_index(items))
    named = {line.sku: line.quantity for line in meaning.lines if line.sku in by_code}
    if not named:
        if any(ask.quantity or ask.raw_quantity for ask in meaning.ask) or any(one.quantity for one in meaning.unknown):
            raise DeliveryMismatch(sku=rest[:60], quantity="?", ordered="?")
        return None
    return [DeliveredLine(sku=by_code[code].sku, quantity=quantity) for code, quantity in named.items()]


async def _wrong_delivery(talk: Talk, order: Order, why: str) -> Reply:
    lines = (await find_order_lines(talk.tx, [order.id])).get(order.id, [])
    example = " ".join([*lines[0].name.split()[:2], "40"]) if lines else "wai wai 40"
    told = talk.words.vendor_delivery_wrong.format(
        code=order.code, why=why, digits=digits_of(order.code), example=example
    )
    return reply(told, intent=Intent.DELIVERED)


async def _fitting(talk: Talk, word: Word) -> list[Order]:
    for statuses in _FITTING[word]:
        found = await find_orders(talk.tx, vendor_id=talk.vendor.id, statuses=statuses, limit=ORDERS_SHOWN)
        if found:
            return found
    return []


async def _ask_which(talk: Talk, word: Word, orders: Sequence[Order], rest: str) -> Reply:
    await talk.remember(AskedOrder(word=word, order_ids=tuple(order.id for order in orders), rest=rest))
    lines = numbered([lay_out_order_briefly(talk.words, order) for order in orders])
    return reply("\n".join([talk.words.which_order, *lines, talk.words.answer_hint]), intent=_intent(word))


def _next(talk: Talk, status: OrderStatus, digits: str) -> str:
    return talk.words.vendor_next.get(status, "").format(digits=digits)


def _intent(word: Word) -> str:
    return str(word)
