"""What a gateway's refund does: the money goes back, so the credits it bought go, as far as they are still there."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from khaacho import clock
from khaacho.actors import Actor
from khaacho.errors import OrderNotFound
from khaacho.ledger.chart import TransferCode, Unit
from khaacho.ledger.records import Source
from khaacho.platform.database import Transaction
from khaacho.prepaid.desk import BalanceDesk, Change, open_desk
from khaacho.prepaid.fulfilment import (
    CreditedPayment,
    clearing_account,
    find_credited,
    open_money_accounts,
    revenue_account,
)
from khaacho.prepaid.gateways.port import GatewayName, GatewayRefund
from khaacho.prepaid.lots import Part, take
from khaacho.prepaid.records import MovementKind
from khaacho.prepaid.shortages import MONEY_WENT_BACK


async def take_back(tx: Transaction, actor: Actor, refund: GatewayRefund, gateway: GatewayName) -> int:
    """The gateway gave money back, so the credits it bought go, once; answers how many went.

    Of a part of the money that share of the credits goes, and what was spent already cannot: it is recorded as short,
    and goes when it comes back (`shortages`).
    The credits of that purchase go first, then whatever would be spent next. Raises OrderNotFound for a payment that
    never was credited.
    """
    paid = await find_credited(tx, gateway, refund.gateway_payment_id)
    if paid is None:
        raise OrderNotFound
    # A payment that was credited never changes, so it may be read before the lock.
    desk = await open_desk(tx, [paid.user_id])
    if await _is_known_refund(tx, gateway, refund.id):
        return 0
    due_units = await _units_due(tx, paid, refund)
    parts = _parts_to_take(desk, paid, due_units)
    taken_units = sum(units for _, units in parts)
    await open_money_accounts(tx, gateway, paid.currency)
    movement_id = None
    source = Source(kind="purchase", id=paid.order_id)
    if taken_units:
        change = Change(
            actor=actor,
            user_id=paid.user_id,
            kind=MovementKind.TAKEN_BACK,
            units=-taken_units,
            source=source,
            key=f"taken-back:{gateway}:{refund.id}",
            order_id=paid.order_id,
            reason=MONEY_WENT_BACK,
        )
        movement, _ = desk.take_out(change, parts)
        movement_id = movement.id
    desk.book.post(
        actor,
        debit_account_id=revenue_account(paid.currency).account_id,
        credit_account_id=clearing_account(gateway, paid.currency).account_id,
        amount=refund.amount_paisa,
        code=TransferCode.GATEWAY_REFUND,
        source=source,
        key=f"gateway-refund:{gateway}:{refund.id}",
        event_at=clock.now(),
        unit=Unit(paid.currency),
    )
    await desk.write(tx)
    await _insert_refund(tx, gateway, refund, taken_units, due_units - taken_units, movement_id)
    return taken_units


async def find_missed_refunds(
    tx: Transaction, gateway: GatewayName, refunds: Sequence[GatewayRefund]
) -> list[GatewayRefund]:
    """Those of payments that were credited, of which we have not heard yet."""
    rows = await tx.values(
        """
        SELECT told.id
        FROM unnest(%(ids)s::text[], %(payments)s::text[]) AS told (id, payment_id)
        JOIN prepaid_payments AS paid ON paid.gateway = %(gateway)s AND paid.gateway_payment_id = told.payment_id
        WHERE NOT EXISTS (
            SELECT FROM prepaid_gateway_refunds AS known
            WHERE known.gateway = %(gateway)s AND known.gateway_refund_id = told.id
        )
        """,
        {
            "gateway": gateway.value,
            "ids": [refund.id for refund in refunds],
            "payments": [refund.gateway_payment_id for refund in refunds],
        },
    )
    missed = set(rows)
    return list({refund.id: refund for refund in refunds if refund.id in missed}.values())


async def _is_known_refund(tx: Transaction, gateway: GatewayName, refund_id: str) -> bool:
    known = await tx.value(
        "SELECT count(*) FROM prepaid_gateway_refunds WHERE gateway = %(gateway)s AND gateway_refund_id = %(id)s",
        {"gateway": gateway.value, "id": refund_id},
    )
    return bool(known)


async def _units_due(tx: Transaction, paid: CreditedPayment, refund: GatewayRefund) -> int:
    """The share of the credits for everything given back so far, less what went before; whole units, rounded down."""
    before = await tx.dicts(
        """
        SELECT COALESCE(SUM(amount_paisa), 0)::bigint AS paisa,
            COALESCE(SUM(units_taken + units_short), 0)::int AS units
        FROM prepaid_gateway_refunds
        WHERE gateway = %(gateway)s AND gateway_payment_id = %(id)s
        """,
        {"gateway": paid.gateway.value, "id": paid.gateway_payment_id},
    )
    given_back_paisa = min(int(before[0]["paisa"]) + refund.amount_paisa, paid.amount_paisa)
    return paid.units * given_back_paisa // paid.amount_paisa - int(before[0]["units"])


def _parts_to_take(desk: BalanceDesk, paid: CreditedPayment, due_units: int) -> list[Part]:
    lots = desk.lots_of(paid.user_id)
    own = [lot for lot in lots if lot.id == paid.movement_id]
    others = [lot for lot in lots if lot.id != paid.movement_id]
    parts = take(own, due_units)
    return parts + take(others, due_units - sum(units for _, units in parts))


async def _insert_refund(
    tx: Transaction,
    gateway: GatewayName,
    refund: GatewayRefund,
    units_taken: int,
    units_short: int,
    movement_id: UUID | None,
) -> None:
    await tx.execute(
        """
        INSERT INTO prepaid_gateway_refunds (gateway, gateway_refund_id, gateway_payment_id, amount_paisa, units_taken,
            units_short, movement_id, created_at)
        VALUES (%(gateway)s, %(id)s, %(payment)s, %(amount)s, %(taken)s, %(short)s, %(movement)s, %(now)s)
        """,
        {
            "gateway": gateway.value,
            "id": refund.id,
            "payment": refund.gateway_payment_id,
            "amount": refund.amount_paisa,
            "taken": units_taken,
            "short": units_short,
            "movement": movement_id,
            "now": clock.now(),
        },
    )
