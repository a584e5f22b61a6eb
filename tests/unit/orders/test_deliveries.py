"""What a delivery comes to, to the paisa; and whether an order is paid."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from khaacho.credit.records import Debit
from khaacho.errors import DeliveryMismatch
from khaacho.money import line_paisa, tax_paisa
from khaacho.orders.deliveries import DeliveredLine, decide_delivery
from khaacho.orders.records import Order, OrderLine, OrderStatus, PaymentMode, PaymentStatus
from khaacho.orders.standing import payment_status

ID = UUID(int=1)
MOMENT = datetime(2026, 2, 10, tzinfo=UTC)
TODAY = date(2026, 2, 10)


def line(position: int, quantity: Decimal, unit_price_paisa: int, vat: int = 1300) -> OrderLine:
    amount = line_paisa(quantity, unit_price_paisa)
    return OrderLine(
        order_id=ID,
        position=position,
        product_id=ID,
        offer_id=ID,
        sku=f"SKU-{position}",
        name="Rice",
        quantity=quantity,
        delivered_quantity=None,
        unit_price_paisa=unit_price_paisa,
        vat_basis_points=vat,
        amount_paisa=amount,
        tax_paisa=tax_paisa(amount, vat),
    )


def test_everything_arrived_comes_to_the_order_total() -> None:
    """[O34] Delivering all of it owes exactly what was ordered."""
    lines = [line(1, Decimal("2.5"), 19_999), line(2, Decimal(10), 2_550)]
    delivery = decide_delivery(lines, None)
    assert delivery.total_paisa == 49_998 + 6_500 + 25_500 + 3_315
    assert [one.delivered_quantity for one in delivery.lines] == [Decimal("2.5"), 10]


def test_a_part_is_worked_out_line_by_line() -> None:
    """[O34] 3 × 33.33 = 99.99, 13 % of it 12.9987 → 13.00; what is not named did not arrive."""
    delivery = decide_delivery(
        [line(1, Decimal(7), 3_333), line(2, Decimal(1), 100)], [DeliveredLine(sku=" sku-1 ", quantity=Decimal(3))]
    )
    assert delivery.total_paisa == 9_999 + 1_300
    assert [one.delivered_quantity for one in delivery.lines] == [3, 0]


def test_an_sku_named_twice_adds_up() -> None:
    """Two heaps of one product are one quantity, and their sum is what may not pass the order."""
    heaps = [DeliveredLine(sku="SKU-1", quantity=Decimal(2)), DeliveredLine(sku="SKU-1", quantity=Decimal(3))]
    assert decide_delivery([line(1, Decimal(5), 100, vat=0)], heaps).total_paisa == 500
    with pytest.raises(DeliveryMismatch):
        decide_delivery([line(1, Decimal(4), 100)], heaps)


@pytest.mark.parametrize(("sku", "quantity"), [("SKU-1", "5.001"), ("SKU-1", "-1"), ("SKU-1", "0"), ("SKU-9", "1")])
def test_what_does_not_fit_is_refused(sku: str, quantity: str) -> None:
    """[O34] More than ordered, less than nothing, nothing at all, something else."""
    with pytest.raises(DeliveryMismatch):
        decide_delivery([line(1, Decimal(5), 100)], [DeliveredLine(sku=sku, quantity=Decimal(quantity))])


@given(
    st.lists(
        st.tuples(
            st.decimals("0.001", "1000", places=3),
            st.integers(100, 10_000_000),
            st.sampled_from([0, 500, 1300]),
            st.floats(0, 1),
        ),
        min_size=1,
        max_size=6,
    )
)
def test_a_part_never_costs_more_than_the_whole(rows: list[tuple[Decimal, int, int, float]]) -> None:
    """[O34] Whatever part arrives, the debit is at most what was held for the order."""
    lines = [line(position, quantity, price, vat) for position, (quantity, price, vat, _) in enumerate(rows, start=1)]
    delivered = [
        DeliveredLine(sku=f"SKU-{position}", quantity=(quantity * Decimal(str(share))).quantize(Decimal("0.001")))
        for position, (quantity, _, _, share) in enumerate(rows, start=1)
    ]
    total = sum(one.amount_paisa + one.tax_paisa for one in lines)
    try:
        assert 0 < decide_delivery(lines, delivered).total_paisa <= total
    except DeliveryMismatch:
        assert all(
            line_paisa(one.quantity, part.unit_price_paisa) == 0 for one, part in zip(delivered, lines, strict=True)
        )


def order(status: OrderStatus, mode: PaymentMode = PaymentMode.CREDIT) -> Order:
    return Order(
        id=ID,
        code="ORD260210-0001",
        placement_key="k",
        basket_id=None,
        retailer_id=ID,
        vendor_id=ID,
        status=status,
        payment_mode=mode,
        credit_account_id=ID,
        hold_id=ID,
        subtotal_paisa=100,
        tax_paisa=0,
        total_paisa=100,
        delivered_total_paisa=None,
        due_on=None,
        notes=None,
        override_reason=None,
        failed_at=None,
        failure_reason=None,
        placed_at=MOMENT,
        status_since=MOMENT,
        delivered_at=None,
    )


def debit(cleared_paisa: int, due_on: date) -> Debit:
    return Debit(
        id=ID,
        account_id=ID,
        retailer_id=ID,
        source_kind="order",
        source_id=ID,
        amount_paisa=100,
        cleared_paisa=cleared_paisa,
        written_off=False,
        opened_at=MOMENT,
        due_on=due_on,
        cleared_at=None,
    )


@pytest.mark.parametrize(
    ("cleared", "due_in_days", "expected"),
    [
        (0, 0, PaymentStatus.UNPAID),
        (40, 0, PaymentStatus.PARTIAL),
        (100, 0, PaymentStatus.PAID),
        (0, -1, PaymentStatus.OVERDUE),
        (40, -1, PaymentStatus.OVERDUE),
        (100, -1, PaymentStatus.PAID),
    ],
)
def test_payment_follows_from_the_debit(cleared: int, due_in_days: int, expected: PaymentStatus) -> None:
    """[O35] Paid on the due day is in time; one day later what remains is overdue."""
    due_on = date(2026, 2, 10 + due_in_days)
    assert payment_status(order(OrderStatus.DELIVERED), debit(cleared, due_on), today=TODAY) is expected


def test_nothing_is_paid_before_delivery_and_cash_is_paid_at_the_door() -> None:
    """[O35] Without a debit nothing is owed yet; COD is paid when it is delivered."""
    assert payment_status(order(OrderStatus.ACCEPTED), None, today=TODAY) is PaymentStatus.UNPAID
    cash = PaymentMode.COD
    assert payment_status(order(OrderStatus.DISPATCHED, cash), None, today=TODAY) is PaymentStatus.UNPAID
    assert payment_status(order(OrderStatus.COMPLETED, cash), None, today=TODAY) is PaymentStatus.PAID
