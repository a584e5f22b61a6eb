"""Which order a vendor's word is about when its last digits fit several."""

from __future__ import annotations

from datetime import UTC, datetime

from khaacho.ids import new_id
from khaacho.orders.records import Order, OrderStatus, PaymentMode
from khaacho.whatsapp.dialogue.commands import Word
from khaacho.whatsapp.dialogue.selling import likeliest


def _order(code: str, status: OrderStatus) -> Order:
    at = datetime(2026, 11, 20, tzinfo=UTC)
    return Order(
        id=new_id(),
        code=code,
        placement_key=code,
        basket_id=None,
        retailer_id=new_id(),
        vendor_id=new_id(),
        status=status,
        payment_mode=PaymentMode.COD,
        credit_account_id=None,
        hold_id=None,
        subtotal_paisa=100,
        tax_paisa=0,
        total_paisa=100,
        delivered_total_paisa=None,
        due_on=None,
        notes=None,
        override_reason=None,
        failed_at=None,
        failure_reason=None,
        placed_at=at,
        status_since=at,
        delivered_at=None,
    )


def test_the_order_that_still_waits_is_meant() -> None:
    """[O42] ACCEPT 0016 is about today's order that waits, not about last week's with the same last digits."""
    old = _order("ORD261113-0016", OrderStatus.COMPLETED)
    today = _order("ORD261120-0016", OrderStatus.PENDING)
    assert likeliest(Word.ACCEPT, [today, old]) == [today]
    assert (
        likeliest(Word.DELIVERED, [_order("ORD261119-0016", OrderStatus.DISPATCHED), old])[0].code == "ORD261119-0016"
    )


def test_where_none_can_be_moved_all_are_offered() -> None:
    """[O43] Then a person has to say which one."""
    orders = [_order("ORD261113-0016", OrderStatus.COMPLETED), _order("ORD261114-0016", OrderStatus.CANCELLED)]
    assert likeliest(Word.ACCEPT, orders) == orders
