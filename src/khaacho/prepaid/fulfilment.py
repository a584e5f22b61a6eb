"""What a payment does, in one place: verify, webhook and reconciliation all come through here [P13].

A payment is known by the gateway's name for it. Whoever is first credits it; everybody else is answered the same.
Money that was taken is always credited, even beyond the largest balance; what goes beyond it is recorded.
"""

from __future__ import annotations

from enum import StrEnum
from uuid import UUID, uuid5

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credits_errors import PaymentMismatch, PaymentNotCaptured
from khaacho.errors import OrderNotFound
from khaacho.ledger.actions import NewAccount, open_accounts
from khaacho.ledger.chart import NAMESPACE, AccountKind, TransferCode, Unit
from khaacho.ledger.records import Source
from khaacho.platform.database import Transaction
from khaacho.platform.events import publish
from khaacho.prepaid.desk import BalanceDesk, Change, open_desk
from khaacho.prepaid.events import CreditsBought
from khaacho.prepaid.gateways.port import GatewayName, GatewayPayment
from khaacho.prepaid.orders import PurchaseOrder, find_order, note_paid
from khaacho.prepaid.records import LotKind, Movement, MovementKind


class LearnedBy(StrEnum):
    VERIFY = "VERIFY"
    WEBHOOK = "WEBHOOK"
    RECONCILIATION = "RECONCILIATION"


class Fulfilment(msgspec.Struct, frozen=True, kw_only=True):
    """What a payment brought; the same for everybody who asks. `is_new` for the one who brought it."""

    movement_id: UUID
    order_id: UUID
    user_id: UUID
    units: int
    balance_after: int
    overflow_units: int
    is_new: bool


class CreditedPayment(msgspec.Struct, frozen=True, kw_only=True):
    """A payment that was credited before."""

    gateway: GatewayName
    gateway_payment_id: str
    order_id: UUID
    user_id: UUID
    amount_paisa: int
    currency: str
    units: int
    overflow_units: int
    movement_id: UUID
    balance_after: int


async def find_credited(tx: Transaction, gateway: GatewayName, gateway_payment_id: str) -> CreditedPayment | None:
    """The payment, if it was credited. Lock the owner's balance before acting on it."""
    return await tx.first(
        """
        SELECT payment.gateway, payment.gateway_payment_id, payment.order_id, payment.user_id, payment.amount_paisa,
            payment.currency, payment.units, payment.overflow_units, payment.movement_id, movement.balance_after
        FROM prepaid_payments AS payment
        JOIN prepaid_movements AS movement ON movement.id = payment.movement_id
        WHERE payment.gateway = %(gateway)s AND payment.gateway_payment_id = %(id)s
        """,
        {"gateway": gateway.value, "id": gateway_payment_id},
        into=CreditedPayment,
    )


async def fulfil(tx: Transaction, actor: Actor, payment: GatewayPayment, *, learned_by: LearnedBy) -> Fulfilment:
    """Credit a payment that was taken, once.

    Raises OrderNotFound for an order that is not ours, PaymentNotCaptured, also for money that was given back before
    we asked about it, and PaymentMismatch when amount, currency or order are not what was ordered; then nothing
    changed.
    """
    order = await find_order(tx, payment.gateway, payment.gateway_order_id)
    if order is None:
        raise OrderNotFound
    desk = await open_desk(tx, [order.user_id])
    known = await find_credited(tx, payment.gateway, payment.id)
    require_match(order, payment, known)
    if known is not None:
        return as_fulfilment(known, is_new=False)
    # An event that tells of a refund takes the credits back at once; nobody else would.
    if learned_by is not LearnedBy.WEBHOOK and not payment.is_kept:
        raise PaymentNotCaptured(payment_status=payment.status.value)
    overflow_units = max(0, desk.units_of(order.user_id) + order.units - desk.terms.balance_units_max)
    movement = desk.bring_in(
        Change(
            actor=actor,
            user_id=order.user_id,
            kind=MovementKind.PURCHASE,
            units=order.units,
            source=Source(kind="purchase", id=order.id),
            key=f"purchase:{payment.gateway}:{payment.id}",
            order_id=order.id,
            event_at=payment.paid_at,
        ),
        LotKind.PURCHASE,
    )
    await _post_money(tx, actor, desk, order, payment)
    await desk.write(tx)
    await _insert_payment(tx, order, payment, movement, overflow_units, learned_by)
    await note_paid(tx, order.id, payment.paid_at)
    await publish(
        tx,
        [
            CreditsBought(
                user_id=order.user_id,
                movement_id=movement.id,
                order_id=order.id,
                units=order.units,
                balance_after=movement.balance_after,
            )
        ],
    )
    return Fulfilment(
        movement_id=movement.id,
        order_id=order.id,
        user_id=order.user_id,
        units=order.units,
        balance_after=movement.balance_after,
        overflow_units=overflow_units,
        is_new=True,
    )


def require_match(order: PurchaseOrder, payment: GatewayPayment, known: CreditedPayment | None = None) -> None:
    """Is this payment the one for this order? Raises PaymentMismatch, PaymentNotCaptured."""
    expected = (
        ("order", payment.gateway_order_id, order.gateway_order_id),
        ("order", known.order_id if known else order.id, order.id),
        ("amount", payment.amount_paisa, order.amount_paisa),
        ("currency", payment.currency, order.currency.value),
    )
    for what, given, wanted in expected:
        if given != wanted:
            raise PaymentMismatch(what=what)
    if not payment.was_taken:
        raise PaymentNotCaptured(payment_status=payment.status.value)


def as_fulfilment(known: CreditedPayment, *, is_new: bool) -> Fulfilment:
    """What a payment that was credited before brought."""
    return Fulfilment(
        movement_id=known.movement_id,
        order_id=known.order_id,
        user_id=known.user_id,
        units=known.units,
        balance_after=known.balance_after,
        overflow_units=known.overflow_units,
        is_new=is_new,
    )


async def _post_money(
    tx: Transaction, actor: Actor, desk: BalanceDesk, order: PurchaseOrder, payment: GatewayPayment
) -> None:
    await open_money_accounts(tx, payment.gateway, order.currency.value)
    desk.book.post(
        actor,
        debit_account_id=clearing_account(payment.gateway, order.currency.value).account_id,
        credit_account_id=revenue_account(order.currency.value).account_id,
        amount=payment.amount_paisa,
        code=TransferCode.GATEWAY_PAYMENT,
        source=Source(kind="purchase", id=order.id),
        key=f"gateway-payment:{payment.gateway}:{payment.id}",
        event_at=payment.paid_at,
        unit=Unit(order.currency.value),
    )


async def open_money_accounts(tx: Transaction, gateway: GatewayName, currency: str) -> None:
    """The accounts money of this gateway moves between."""
    await open_accounts(tx, [clearing_account(gateway, currency), revenue_account(currency)])


def clearing_account(gateway: GatewayName, currency: str) -> NewAccount:
    """What this gateway has taken for us and not yet paid out."""
    owner = uuid5(NAMESPACE, f"gateway:{gateway}")
    return NewAccount(kind=AccountKind.GATEWAY_CLEARING, owner_id=owner, unit=Unit(currency))


def revenue_account(currency: str) -> NewAccount:
    """What was paid for credits in this currency."""
    return NewAccount(kind=AccountKind.PREPAID_REVENUE, unit=Unit(currency))


async def _insert_payment(
    tx: Transaction,
    order: PurchaseOrder,
    payment: GatewayPayment,
    movement: Movement,
    overflow_units: int,
    learned_by: LearnedBy,
) -> None:
    await tx.execute(
        """
        INSERT INTO prepaid_payments (gateway, gateway_payment_id, order_id, user_id, amount_paisa, currency, units,
            overflow_units, movement_id, learned_by, paid_at, created_at)
        VALUES (%(gateway)s, %(id)s, %(order)s, %(user)s, %(amount)s, %(currency)s, %(units)s, %(overflow)s,
            %(movement)s, %(learned_by)s, %(paid_at)s, %(now)s)
        """,
        {
            "gateway": payment.gateway.value,
            "id": payment.id,
            "order": order.id,
            "user": order.user_id,
            "amount": payment.amount_paisa,
            "currency": payment.currency,
            "units": order.units,
            "overflow": overflow_units,
            "movement": movement.id,
            "learned_by": learned_by.value,
            "paid_at": payment.paid_at,
            "now": clock.now(),
        },
    )
