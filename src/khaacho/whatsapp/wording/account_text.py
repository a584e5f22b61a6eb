"""Credit, own orders and goods as their readers see them. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

import msgspec

from khaacho.credit.records import CreditOverview
from khaacho.money import format_rupees
from khaacho.orders.insights import RetailerInsight
from khaacho.parties.standings import CreditStatus
from khaacho.whatsapp.wording.figures import numbered, show_day
from khaacho.whatsapp.wording.words import Words

ITEMS_SHOWN_MAX = 10
GOODS_SHOWN_MAX = 8


class GoodsLine(msgspec.Struct, frozen=True, kw_only=True):
    """A product as a question about it is answered; no price when nobody offers it."""

    name: str
    unit: str
    price_paisa: int | None
    available: bool


def lay_out_credit(words: Words, overview: CreditOverview, *, order_codes: Mapping[UUID, str], today: date) -> str:
    """Limit, used, available, and every open item with its due day.

    What is used and not to be paid yet is held for orders on their way; it is told, so that the figures add up.
    """
    if not overview.lines:
        return words.credit_none
    held = words.credit_held.format(amount=format_rupees(overview.held_paisa)) if overview.held_paisa else ""
    blocks = [
        words.credit_head,
        words.credit_figures.format(
            limit=format_rupees(overview.limit_paisa),
            used=format_rupees(overview.used_paisa),
            held=held,
            available=format_rupees(overview.available_paisa),
        ),
    ]
    if overview.unapplied_paisa:
        blocks.append(words.credit_ahead.format(amount=format_rupees(overview.unapplied_paisa)))
    if overview.status is not CreditStatus.ACTIVE:
        blocks.append(words.credit_paused)
    if not overview.open_debits:
        blocks.append(words.credit_nothing_open)
        return "\n".join(blocks)
    items: list[str] = []
    for debit in overview.open_debits[:ITEMS_SHOWN_MAX]:
        late = (today - debit.due_on).days
        text = words.credit_item_overdue if late > 0 else words.credit_item
        told = text.format(amount=format_rupees(debit.remaining_paisa), date=show_day(debit.due_on), days=late)
        code = order_codes.get(debit.source_id)
        items.append(f"{code}: {told}" if code else told)
    remaining = sum(debit.remaining_paisa for debit in overview.open_debits)
    blocks.append("\n".join([f"{words.credit_items} {format_rupees(remaining)}", *numbered(items)]))
    more = len(overview.open_debits) - ITEMS_SHOWN_MAX
    if more > 0:
        blocks.append(f"… +{more}")
    return "\n".join(blocks)


def lay_out_insights(words: Words, insight: RetailerInsight) -> str:
    """How much was ordered of late; delivered orders count."""
    change = insight.orders_this_week - insight.orders_last_week
    return words.insights.format(
        this_week=insight.orders_this_week,
        trend="📈" if change > 0 else "📉" if change < 0 else "➡️",
        last_week=insight.orders_last_week,
        this_month=insight.orders_this_month,
        orders=insight.orders_last_days,
        days=insight.days_active,
        spent=format_rupees(insight.total_spent_paisa),
        average=format_rupees(insight.avg_order_paisa),
    )


def lay_out_goods(words: Words, terms: str, goods: Sequence[GoodsLine]) -> str:
    """What fits a question about goods: names, prices, and what is sold out."""
    if not goods:
        return words.goods_none.format(terms=terms)
    lines = [_goods_line(words, line) for line in goods[:GOODS_SHOWN_MAX]]
    blocks = [words.goods_head.format(terms=terms), *(f"• {line}" for line in lines)]
    if len(goods) > GOODS_SHOWN_MAX:
        blocks.append(words.goods_more.format(count=len(goods) - GOODS_SHOWN_MAX))
    example = next((line for line in goods if line.available), None)
    if example is not None:
        blocks.append(words.goods_hint.format(example=f"5 {example.unit} {example.name}"))
    return "\n".join(blocks)


def _goods_line(words: Words, line: GoodsLine) -> str:
    if line.price_paisa is None:
        return f"{line.name} · {words.goods_sold_out}"
    told = words.goods_line.format(name=line.name, price=format_rupees(line.price_paisa), unit=line.unit)
    return told if line.available else f"{told} · {words.goods_sold_out}"
