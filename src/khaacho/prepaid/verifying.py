"""A payer is back from the gateway and says it is paid: checked against the gateway itself, then credited [P11]."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from khaacho.actors import Actor
from khaacho.credits_errors import PaymentMismatch
from khaacho.errors import OrderNotFound
from khaacho.platform.database import Database
from khaacho.prepaid.fulfilment import Fulfilment, LearnedBy, as_fulfilment, find_credited, fulfil, require_match
from khaacho.prepaid.gateways.port import PaymentGateway
from khaacho.prepaid.orders import find_order


async def verify_payment(
    database: Database, gateway: PaymentGateway, actor: Actor, given: Mapping[str, str]
) -> Fulfilment:
    """Credit what the payer proves to have paid; the second time answers the first.

    Raises InvalidSignature, OrderNotFound (also for somebody else's order), PaymentNotCaptured, PaymentMismatch,
    GatewayUnavailable; then nothing changed.
    """
    proof = gateway.read_proof(given)
    async with database.reading() as tx:
        order = await find_order(tx, gateway.name, proof.gateway_order_id)
        if order is None or order.user_id != actor.id:
            raise OrderNotFound
        known = proof.gateway_payment_id and await find_credited(tx, gateway.name, proof.gateway_payment_id)
    if known:
        if known.order_id != order.id:
            raise PaymentMismatch(what="order")
        return as_fulfilment(known, is_new=False)
    payments = await gateway.find_payments(
        msgspec.structs.replace(order.asked, gateway_payment_id=proof.gateway_payment_id)
    )
    if not payments:
        raise PaymentMismatch(what="payment id")
    payment = next((one for one in payments if one.is_kept), payments[0])
    require_match(order, payment)
    async with database.transaction() as tx:
        return await fulfil(tx, actor, payment, learned_by=LearnedBy.VERIFY)
