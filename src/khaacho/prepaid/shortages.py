"""Credits whose money went back while they were spent: when they come back to their purchase, they go [P12].

A gateway's refund takes what is there and records the rest as short. Without this, whoever had spent them would get
credits for nothing as soon as an application is withdrawn or its project falls.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec

from khaacho.actors import SYSTEM
from khaacho.ledger.records import Source
from khaacho.platform.database import Transaction
from khaacho.prepaid.desk import BalanceDesk, Change
from khaacho.prepaid.lots import Part
from khaacho.prepaid.records import Movement, MovementKind

MONEY_WENT_BACK = "The payment gateway gave the money back."


class Shortage(msgspec.Struct, frozen=True, kw_only=True):
    """So many units of the purchase that became this lot are still to be taken."""

    lot_id: UUID
    order_id: UUID
    units: int


Shortages = dict[UUID, Shortage]


async def find_shortages(tx: Transaction, lot_ids: Sequence[UUID]) -> Shortages:
    """What refunds of the gateways could not take of these lots and nothing took since, by lot.

    Lock the balances before acting on it.
    """
    # Served by prepaid_payments_movement_idx, prepaid_gateway_refunds_payment_idx and prepaid_lot_uses_lot_idx.
    short = await tx.all(
        """
        SELECT payment.movement_id AS lot_id, payment.order_id,
            (SUM(refund.units_short) - COALESCE((
                SELECT SUM(used.units)
                FROM prepaid_lot_uses AS used
                JOIN prepaid_movements AS taken ON taken.id = used.movement_id AND taken.kind = 'TAKEN_BACK'
                WHERE used.lot_id = payment.movement_id
                    AND NOT EXISTS (SELECT FROM prepaid_gateway_refunds AS known WHERE known.movement_id = taken.id)
            ), 0))::int AS units
        FROM prepaid_payments AS payment
        JOIN prepaid_gateway_refunds AS refund USING (gateway, gateway_payment_id)
        WHERE payment.movement_id = ANY(%(lots)s) AND refund.units_short > 0
        GROUP BY payment.gateway, payment.gateway_payment_id
        """,
        {"lots": list(lot_ids)},
        into=Shortage,
    )
    return {one.lot_id: one for one in short}


def take_what_was_short(desk: BalanceDesk, came_back: Movement, parts: Iterable[Part], shortages: Shortages) -> None:
    """Of units that came back to their lots take those whose money is gone; `shortages` then says what is left."""
    for lot_id, units in parts:
        shortage = shortages.get(lot_id)
        due = min(units, shortage.units) if shortage else 0
        if shortage is None or due == 0:
            continue
        change = Change(
            actor=SYSTEM,
            user_id=came_back.user_id,
            kind=MovementKind.TAKEN_BACK,
            units=-due,
            source=Source(kind="purchase", id=shortage.order_id),
            key=f"taken-back:{came_back.id}:{lot_id}",
            order_id=shortage.order_id,
            reason=MONEY_WENT_BACK,
        )
        desk.take_out(change, [(lot_id, due)])
        shortages[lot_id] = msgspec.structs.replace(shortage, units=shortage.units - due)
