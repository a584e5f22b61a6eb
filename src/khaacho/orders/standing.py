"""Whether an order is paid: derived from its debit, never set by hand [O35]. Pure."""

from __future__ import annotations

from datetime import date

from khaacho.credit.records import Debit
from khaacho.orders.records import Order, OrderStatus, PaymentMode, PaymentStatus

_AFTER_DELIVERY = frozenset({OrderStatus.DELIVERED, OrderStatus.COMPLETED})


def payment_status(order: Order, debit: Debit | None, *, today: date) -> PaymentStatus:
    """PAID in full, PARTIAL, OVERDUE past the due day with something remaining, otherwise UNPAID.

    COD is paid at the door. Before delivery nothing is owed, so nothing is paid.
    """
    if order.payment_mode is PaymentMode.COD:
        return PaymentStatus.PAID if order.status in _AFTER_DELIVERY else PaymentStatus.UNPAID
    if debit is None:
        return PaymentStatus.UNPAID
    if debit.remaining_paisa == 0:
        return PaymentStatus.PAID
    if debit.due_on < today:
        return PaymentStatus.OVERDUE
    return PaymentStatus.PARTIAL if debit.cleared_paisa else PaymentStatus.UNPAID
