"""Trying a failed order again, as if it were new [O36]: vendor, price, stock and credit are all looked at afresh."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.catalog.actions import lock_stock, reserve
from khaacho.credit.lock import Acquired, CreditRequest, acquire
from khaacho.errors import InsufficientStock, NoVendorAvailable, PriceChanged
from khaacho.ids import new_id
from khaacho.money import line_paisa, tax_paisa
from khaacho.orders.asking import find_sibling_vendors, request_jobs
from khaacho.orders.in_hand import (
    Answer,
    OrderInHand,
    VendorRequest,
    insert_request,
    record_step,
    take_in_hand,
)
from khaacho.orders.quote import require_as_wanted
from khaacho.orders.records import Order, OrderLine, OrderStatus, PaymentMode, WantedLine
from khaacho.orders.routing import plan_routes
from khaacho.orders.splitting import VendorPart
from khaacho.orders.states import decide_transition
from khaacho.platform.database import Transaction
from khaacho.platform.queue import enqueue_jobs


async def retry_order(tx: Transaction, actor: Actor, order_id: UUID) -> Order:
    """Make a FAILED order PENDING again, with a vendor asked, stock reserved and credit held anew.

    Prices may have fallen since, then the order becomes cheaper; when one has risen, PriceChanged. A vendor that
    declined the order is not asked again. Raises whatever would refuse a new order, and then nothing changes.
    """
    hand = await take_in_hand(tx, order_id)
    decision = decide_transition(
        hand.order.status, OrderStatus.PENDING, role=actor.role, owns_order=hand.owned_by(actor)
    )
    if decision.refusal is not None:
        raise decision.refusal
    if not decision.changes:
        return hand.order
    part = await _plan_again(tx, hand)
    lines = _priced_again(hand.lines, part)
    acquired = await _hold_again(
        tx, actor, hand, part.vendor_id, sum(line.amount_paisa + line.tax_paisa for line in lines)
    )
    await _reserve_again(tx, lines)
    order = _order_again(hand.order, part.vendor_id, lines, acquired)
    request = _question(hand, part)
    async with tx.pipeline():
        await _write_lines(tx, lines)
        await insert_request(tx, request, part.candidates)
        await record_step(tx, actor, hand.order, order, also_audit=("ORDER_RETRY",))
        await enqueue_jobs(tx, request_jobs(request))
    return order


async def _plan_again(tx: Transaction, hand: OrderInHand) -> VendorPart:
    declined = {request.vendor_id for request in hand.requests if request.answer is Answer.DECLINED}
    plan = await plan_routes(
        tx,
        hand.order.retailer_id,
        [WantedLine(product_id=line.product_id, quantity=line.quantity) for line in hand.lines],
        exclude_vendor_ids={*declined, *await find_sibling_vendors(tx, hand.order)},
    )
    require_as_wanted(plan)
    if len(plan.parts) != 1:
        raise NoVendorAvailable(products=", ".join(line.sku for line in hand.lines))
    return plan.parts[0]


def _priced_again(lines: Sequence[OrderLine], part: VendorPart) -> list[OrderLine]:
    planned = {line.product_id: line for line in part.lines}
    priced: list[OrderLine] = []
    for line in lines:
        now = planned[line.product_id]
        if now.unit_price_paisa > line.unit_price_paisa:
            raise PriceChanged(sku=now.code, old_price_paisa=line.unit_price_paisa, price_paisa=now.unit_price_paisa)
        amount = line_paisa(line.quantity, now.unit_price_paisa)
        priced.append(
            msgspec.structs.replace(
                line,
                offer_id=now.offer_id,
                sku=now.code,
                unit_price_paisa=now.unit_price_paisa,
                vat_basis_points=now.vat_basis_points,
                amount_paisa=amount,
                tax_paisa=tax_paisa(amount, now.vat_basis_points),
            )
        )
    return priced


async def _hold_again(tx: Transaction, actor: Actor, hand: OrderInHand, vendor_id: UUID, amount_paisa: int) -> Acquired:
    earlier = await tx.value(
        "SELECT count(*) FROM order_history WHERE order_id = %(order)s AND to_status = 'FAILED'",
        {"order": hand.order.id},
    )
    return await acquire(
        tx,
        CreditRequest(
            order_id=hand.order.id,
            retailer_id=hand.order.retailer_id,
            vendor_id=vendor_id,
            amount_paisa=amount_paisa,
            on_credit=hand.order.payment_mode is PaymentMode.CREDIT,
            actor=actor,
            attempt=int(earlier) + 1,
        ),
    )


async def _reserve_again(tx: Transaction, lines: Sequence[OrderLine]) -> None:
    levels = await (await lock_stock(tx, sorted({line.offer_id for line in lines}))).all()
    available = {level.id: level.available for level in levels}
    for line in lines:
        left = available.get(line.offer_id, Decimal(0))
        if line.quantity > left:
            raise InsufficientStock(sku=line.sku, available=left, wanted=line.quantity)
    await reserve(tx, [(line.offer_id, line.quantity) for line in lines])


def _order_again(order: Order, vendor_id: UUID, lines: Sequence[OrderLine], acquired: Acquired) -> Order:
    subtotal = sum(line.amount_paisa for line in lines)
    tax = sum(line.tax_paisa for line in lines)
    return msgspec.structs.replace(
        order,
        vendor_id=vendor_id,
        status=OrderStatus.PENDING,
        status_since=clock.now(),
        credit_account_id=acquired.hold.account_id if acquired.hold else None,
        hold_id=acquired.hold.id if acquired.hold else None,
        subtotal_paisa=subtotal,
        tax_paisa=tax,
        total_paisa=subtotal + tax,
        override_reason=None,
        failed_at=None,
        failure_reason=None,
    )


def _question(hand: OrderInHand, part: VendorPart) -> VendorRequest:
    return VendorRequest(
        id=new_id(),
        order_id=hand.order.id,
        vendor_id=part.vendor_id,
        attempt=max((one.attempt for one in hand.requests), default=0) + 1,
        answer=Answer.WAITING,
        reason=None,
        score=Decimal(str(part.score)),
        asked_at=part.asked_at,
        answer_by=part.answer_by,
        answered_at=None,
    )


async def _write_lines(tx: Transaction, lines: Sequence[OrderLine]) -> None:
    await tx.send_only(
        """
        UPDATE order_lines AS line
        SET offer_id = new.offer_id, sku = new.sku, unit_price_paisa = new.price, vat_basis_points = new.rate,
            amount_paisa = new.amount, tax_paisa = new.tax
        FROM unnest(%(positions)s::integer[], %(offers)s::uuid[], %(skus)s::text[], %(prices)s::bigint[],
            %(rates)s::integer[], %(amounts)s::bigint[], %(taxes)s::bigint[])
            AS new (position, offer_id, sku, price, rate, amount, tax)
        WHERE line.order_id = %(order)s AND line.position = new.position
        """,
        {
            "order": lines[0].order_id,
            "positions": [line.position for line in lines],
            "offers": [line.offer_id for line in lines],
            "skus": [line.sku for line in lines],
            "prices": [line.unit_price_paisa for line in lines],
            "rates": [line.vat_basis_points for line in lines],
            "amounts": [line.amount_paisa for line in lines],
            "taxes": [line.tax_paisa for line in lines],
        },
    )
