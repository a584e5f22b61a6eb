"""Placed orders as retailers and vendors read them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from khaacho.money import format_rupees
from khaacho.orders.records import Order, OrderLine, OrderStatus, PaymentMode, PaymentStatus
from khaacho.whatsapp.wording.figures import digits_of, numbered, show_day, show_quantity, show_reason, show_time
from khaacho.whatsapp.wording.words import Words

CONFIRMED = "✅ Order Confirmed!"


class OrderStanding(msgspec.Struct, frozen=True, kw_only=True):
    """An order with everything a status reply tells. Amounts in paisa; `expected_at` when it is known."""

    order: Order
    lines: Sequence[OrderLine]
    vendor_name: str
    payment: PaymentStatus
    paid_paisa: int
    due_paisa: int
    expected_at: datetime | None = None


def lay_out_confirmed(words: Words, orders: Sequence[tuple[Order, int]], *, terms_days: int | None) -> str:
    """The answer to CONFIRM: every order with its number of items, and how to follow it."""
    blocks = [CONFIRMED]
    if len(orders) > 1:
        blocks.append(words.confirmed_many.format(count=len(orders)))
    for order, items in orders:
        blocks.append(
            f"Order #{order.code}\nStatus: {order.status}\nTotal: {format_rupees(order.total_paisa)}\n"
            f"Items: {items}\nTrack: STATUS {order.code}"
        )
    if orders[0][0].payment_mode is PaymentMode.CREDIT:
        blocks.append(words.confirmed_on_credit.format(days=terms_days or 0))
    else:
        blocks.append(words.confirmed_cod)
    return "\n\n".join(blocks)


def lay_out_status(words: Words, standing: OrderStanding) -> str:
    """The answer to STATUS: code, state, vendor, items, total, paid, due, expected delivery."""
    order = standing.order
    lines = [
        f"📦 Order #{order.code}",
        f"Status: {order.status} ({words.statuses[order.status]})",
        f"Vendor: {standing.vendor_name}",
        f"Items: {len(standing.lines)}",
        *numbered([_line(line) for line in standing.lines]),
        f"Total: {format_rupees(_owed(order))} ({order.payment_mode}, {words.payment_statuses[standing.payment]})",
        f"Paid: {format_rupees(standing.paid_paisa)}",
        f"Due: {format_rupees(standing.due_paisa)}" + (f", {show_day(order.due_on)}" if order.due_on else ""),
    ]
    if standing.expected_at is not None:
        lines.append(f"Expected: {show_time(standing.expected_at)}")
    if order.failure_reason and order.status is OrderStatus.FAILED:
        lines.append(words.news_failed.format(code=order.code, reason=show_reason(order.failure_reason)))
    return "\n".join(lines)


def lay_out_order_list(words: Words, orders: Sequence[Order]) -> str:
    """Short lines, newest first."""
    return "\n".join([words.orders_head, *numbered([lay_out_order_briefly(words, order) for order in orders])])


def lay_out_order_briefly(words: Words, order: Order) -> str:
    """'ORD260210-0001 · 2026-02-10 · Rs.2,373.00 · accepted'."""
    parts = (order.code, show_time(order.placed_at), format_rupees(_owed(order)), words.statuses[order.status])
    return " · ".join(parts)


def lay_out_request(
    words: Words, order: Order, lines: Sequence[OrderLine], *, shop: str, address: str, phone: str, answer_by: datetime
) -> str:
    """The question to a vendor: the whole order, where it goes, how it is paid, and until when to answer."""
    return "\n\n".join(
        [
            words.request_head.format(code=order.code),
            lay_out_for_vendor(words, order, lines, shop=shop, address=address, phone=phone),
            words.request_hint.format(digits=digits_of(order.code), time=show_time(answer_by)),
        ]
    )


def lay_out_for_vendor(
    words: Words, order: Order, lines: Sequence[OrderLine], *, shop: str, address: str, phone: str
) -> str:
    """An order as its vendor needs it."""
    return "\n".join(
        [
            f"🏪 {shop}, {address}\n📞 {phone}",
            *numbered([_line(line) for line in lines]),
            f"Subtotal: {format_rupees(order.subtotal_paisa)}\nTax: {format_rupees(order.tax_paisa)}\n"
            f"*Total: {format_rupees(order.total_paisa)}* · {order.payment_mode}",
            *([f"📝 {order.notes}"] if order.notes else []),
        ]
    )


def lay_out_news(words: Words, order: Order, *, vendor_name: str, reason: str | None) -> str | None:
    """What a retailer is told when an order moved on; None for moves that tell them nothing."""
    figures = {"code": order.code, "vendor": vendor_name, "total": format_rupees(_owed(order))}
    if order.status is OrderStatus.FAILED:
        return words.news_failed.format(**figures, reason=show_reason(reason))
    if order.status is OrderStatus.CANCELLED:
        return words.news_cancelled.format(**figures, reason=show_reason(reason))
    news = words.news.get(order.status)
    if news is None:
        return None
    told = news.format(**figures)
    if order.status is OrderStatus.DELIVERED and order.due_on is not None:
        told = f"{told} {words.news_due.format(date=show_day(order.due_on))}"
    return told


def _owed(order: Order) -> int:
    return order.total_paisa if order.delivered_total_paisa is None else order.delivered_total_paisa


def _line(line: OrderLine) -> str:
    arrived = ""
    if line.delivered_quantity is not None and line.delivered_quantity != line.quantity:
        arrived = f" (🏁 {show_quantity(line.delivered_quantity)})"
    return (
        f"{line.name} ({line.sku}) {show_quantity(line.quantity)}{arrived} × {format_rupees(line.unit_price_paisa)}"
        f" = {format_rupees(line.amount_paisa)}"
    )
