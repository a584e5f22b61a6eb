"""What a retailer asks about money and habits: credit, paying, their own figures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, timedelta

from khaacho import clock
from khaacho.credit.queries import find_credit_overview
from khaacho.money import format_rupees
from khaacho.orders.queries import find_orders, find_orders_by_id
from khaacho.orders.records import Order, OrderStatus
from khaacho.whatsapp.dialogue.staff import tell_staff
from khaacho.whatsapp.dialogue.talk import Talk, reply
from khaacho.whatsapp.records import Reply
from khaacho.whatsapp.understanding.records import Intent
from khaacho.whatsapp.wording.account_text import lay_out_credit

# A shop that orders more often than this in a month is summed up to here.
ORDERS_COUNTED_MAX = 2_000
SUNDAY = 6

_SAYS_PAID = re.compile(
    r"\b(?:paid|transferred|deposited|sent|gare|gardiye|gardie|pathaideko|pathaye|pathaideye|halideko|haldiye|halye|"
    r"tire|tiriye|tirisake|tiriyo|jamma|kar diya|kardiya|bhej diya|de diya|voucher|receipt|slip)\b"
    r"|तिरें|तिरिसकें|तिरेको|पठाएको|पठाइदिएको|जम्मा ग|हालिदिएको|हालें",
    re.IGNORECASE,
)


async def show_credit(talk: Talk) -> Reply:
    """Limit, used, available, and what is open with its due days."""
    overview = await find_credit_overview(talk.tx, talk.retailer.id)
    sources = [debit.source_id for debit in overview.open_debits if debit.source_kind == "order"]
    codes = {order.id: order.code for order in await find_orders_by_id(talk.tx, sources)} if sources else {}
    text = lay_out_credit(talk.words, overview, order_codes=codes, today=clock.business_day())
    return reply(text, intent=Intent.CREDIT)


async def explain_paying(talk: Talk) -> Reply:
    """How to pay. Saying that one has paid records nothing; it calls a person who looks."""
    if not _SAYS_PAID.search(talk.text):
        return reply(talk.words.how_to_pay_us, intent=Intent.PAY)
    shop = talk.retailer
    note = f"💰 {shop.pasal_name} ({shop.code}, {shop.phone}) says a payment was made: {talk.text[:300]}"
    await tell_staff(talk.tx, f"paid-said:{talk.message.id}", note)
    return reply(talk.words.payment_not_recorded, intent=Intent.PAY)


async def show_insights(talk: Talk) -> Reply:
    """Orders and spending of this week (from Sunday) and this month; delivered orders count for spending."""
    today = clock.business_day()
    week_start = today - timedelta(days=(today.weekday() - SUNDAY) % 7)
    month_start = today.replace(day=1)
    orders = await find_orders(
        talk.tx,
        retailer_id=talk.retailer.id,
        since=clock.start_of_business_day(min(week_start, month_start)),
        limit=ORDERS_COUNTED_MAX,
    )
    week, month = _since(orders, week_start), _since(orders, month_start)
    spent = _spent_paisa(month)
    counted = len([order for order in month if _counts(order)])
    text = talk.words.insights.format(
        week_orders=len(week),
        week_spend=format_rupees(_spent_paisa(week)),
        month_orders=len(month),
        month_spend=format_rupees(spent),
        average=format_rupees(spent // counted if counted else 0),
    )
    return reply(text, intent=Intent.INSIGHTS)


def _since(orders: Sequence[Order], day: date) -> list[Order]:
    return [
        order
        for order in orders
        if clock.business_day(order.placed_at) >= day
        and order.status not in (OrderStatus.CANCELLED, OrderStatus.FAILED)
    ]


def _counts(order: Order) -> bool:
    return order.status in (OrderStatus.DELIVERED, OrderStatus.COMPLETED)


def _spent_paisa(orders: Sequence[Order]) -> int:
    return sum(order.delivered_total_paisa or 0 for order in orders if _counts(order))
