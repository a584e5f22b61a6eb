"""Asking vendors to take an order, one after the other, until one accepts [O42].

The retailer never pays more than was confirmed, so only vendors whose price is not above the agreed one on any line
are asked next, and the amounts stay as they are. The stock promised to the order moves with the question.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import SYSTEM, Actor
from khaacho.catalog.actions import lock_stock, release, reserve
from khaacho.catalog.quantities import is_valid
from khaacho.credit.queries import require_credit_line
from khaacho.errors import Conflict, Forbidden, InvalidTransition, NoVendorAvailable
from khaacho.ids import new_id
from khaacho.orders.candidates import find_market
from khaacho.orders.events import OrderUnroutable, VendorAsked
from khaacho.orders.in_hand import (
    Answer,
    OrderInHand,
    VendorRequest,
    close_request,
    insert_request,
    record_step,
    take_in_hand,
)
from khaacho.orders.records import Order, OrderLine, OrderStatus, WantedLine
from khaacho.orders.requests import VendorRequestTimeout
from khaacho.orders.scoring import CandidateScore
from khaacho.orders.splitting import Market, RoutedOffer, answer_times, score_vendors
from khaacho.orders.states import statuses_allowed
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction
from khaacho.platform.events import event_job, publish
from khaacho.platform.queue import Job, enqueue_jobs

ATTEMPTS_MAX = 3
# How many of the best vendors' stock is locked at once to see who still has the goods.
VENDORS_LOCKED_MAX = 3

TIMED_OUT_REASON = "no answer in time"
ATTEMPTS_USED = f"{ATTEMPTS_MAX} vendors were asked"
NOBODY_LEFT = "no other vendor has everything at the agreed price"
ON_VENDORS_CREDIT = "it is bought on credit that its vendor gives"


class NextVendor(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asked next, with the offer for each line, and everybody who was considered."""

    market: Market
    score: CandidateScore
    offers: tuple[RoutedOffer, ...]
    candidates: tuple[CandidateScore, ...]


async def ask_next_vendor(tx: Transaction, actor: Actor, order_id: UUID, why: str) -> Order:
    """Ask the best vendor that was not asked yet; a question that still waits is withdrawn first.

    After three questions, or when nobody is left, the order stays PENDING without one, and OrderUnroutable is
    published. An order that is not PENDING is left alone.
    """
    hand = await take_in_hand(tx, order_id)
    if hand.order.status is not OrderStatus.PENDING:
        return hand.order
    return await move_on(tx, actor, hand, Answer.WITHDRAWN, why)


async def time_out_request(tx: Transaction, request_id: UUID) -> bool:
    """If this question still waits past its time, close it and ask the next vendor; answers whether it did."""
    order_id = await tx.value("SELECT order_id FROM vendor_requests WHERE id = %(id)s", {"id": request_id})
    if order_id is None:
        return False
    hand = await take_in_hand(tx, order_id)
    waiting = hand.waiting
    if waiting is None or waiting.id != request_id or waiting.answer_by > clock.now():
        return False
    await move_on(tx, SYSTEM, hand, Answer.TIMED_OUT, TIMED_OUT_REASON)
    return True


async def move_on(tx: Transaction, actor: Actor, hand: OrderInHand, answer: Answer, why: str | None) -> Order:
    """Close the open question of a PENDING order with `answer` and ask the next vendor, or tell that nobody is left."""
    if hand.waiting is not None:
        await close_request(tx, hand.waiting, answer, reason=why)
    if len(_questions_of_this_stay(hand)) >= ATTEMPTS_MAX:
        return await _give_up(tx, actor, hand, ATTEMPTS_USED)
    if await _is_on_vendors_credit(tx, hand.order):
        return await _give_up(tx, actor, hand, ON_VENDORS_CREDIT)
    chosen = await _choose_next(tx, hand, exclude={request.vendor_id for request in hand.requests})
    if chosen is None:
        return await _give_up(tx, actor, hand, NOBODY_LEFT)
    return await _ask(tx, actor, hand, chosen, why)


async def reroute_order(
    tx: Transaction, actor: Actor, order_id: UUID, *, vendor_id: UUID | None = None, reason: str
) -> Order:
    """Staff give a PENDING order to another vendor: the one named, or the best that was not asked yet.

    Any number of times, also after nobody was left; but never to a vendor that declined it. Raises Forbidden,
    InvalidTransition, Conflict (declined before, is asked now, or the credit is the vendor's own) and
    NoVendorAvailable when the goods are not to be had there at the agreed price.
    """
    if not actor.is_staff:
        raise Forbidden
    hand = await take_in_hand(tx, order_id)
    _require_reroutable(hand, actor, vendor_id)
    if await _is_on_vendors_credit(tx, hand.order):
        raise Conflict(why=f"The order stays with its vendor: {ON_VENDORS_CREDIT}.")
    refused = {request.vendor_id for request in hand.requests if request.answer is Answer.DECLINED}
    asked = {request.vendor_id for request in hand.requests}
    chosen = await _choose_next(tx, hand, exclude=refused if vendor_id else asked, required_vendor_id=vendor_id)
    if chosen is None:
        raise NoVendorAvailable(products=", ".join(line.sku for line in hand.lines))
    if hand.waiting is not None:
        await close_request(tx, hand.waiting, Answer.WITHDRAWN, reason=reason)
    return await _ask(tx, actor, hand, chosen, reason)


async def find_overdue_requests(tx: Transaction, *, limit: int) -> list[UUID]:
    """Questions that wait past their time, oldest first; vendor_requests_deadline_idx serves this."""
    return await tx.values(
        """
        SELECT id FROM vendor_requests
        WHERE answer = 'WAITING' AND answer_by <= %(now)s
        ORDER BY answer_by
        LIMIT %(limit)s
        """,
        {"now": clock.now(), "limit": limit},
    )


def _require_reroutable(hand: OrderInHand, actor: Actor, vendor_id: UUID | None) -> None:
    if hand.order.status is not OrderStatus.PENDING:
        raise InvalidTransition(
            from_status=hand.order.status,
            to_status="REROUTED",
            allowed=[*statuses_allowed(hand.order.status, actor.role)],
        )
    if vendor_id is None:
        return
    if hand.waiting is not None and hand.waiting.vendor_id == vendor_id:
        raise Conflict(why="This vendor is being asked already.")
    if any(one.vendor_id == vendor_id and one.answer is Answer.DECLINED for one in hand.requests):
        raise Conflict(why="This vendor declined the order.")


def _questions_of_this_stay(hand: OrderInHand) -> list[VendorRequest]:
    """Without those from before the order failed and was tried again."""
    since = hand.order.status_since
    return [one for one in hand.requests if one.answered_at is None or one.answered_at >= since]


async def _is_on_vendors_credit(tx: Transaction, order: Order) -> bool:
    """A line that a vendor opened binds only orders to that vendor, so its hold cannot follow the order elsewhere."""
    if order.credit_account_id is None:
        return False
    return (await require_credit_line(tx, order.credit_account_id)).vendor_id is not None


async def _choose_next(
    tx: Transaction, hand: OrderInHand, *, exclude: Collection[UUID], required_vendor_id: UUID | None = None
) -> NextVendor | None:
    """The best vendor that has every line, at no higher price; its stock is locked, so it has it still."""
    market = await find_market(
        tx,
        hand.order.retailer_id,
        {line.product_id for line in hand.lines},
        exclude_vendor_ids={*exclude, *await find_sibling_vendors(tx, hand.order)},
        required_vendor_id=required_vendor_id,
    )
    wanted = [WantedLine(product_id=line.product_id, quantity=line.quantity) for line in hand.lines]
    candidates = score_vendors(market, wanted, local_now=clock.business_time(clock.now()))
    possible: list[tuple[CandidateScore, tuple[RoutedOffer, ...]]] = []
    for candidate in candidates:
        offers = _matching_offers(market, candidate.vendor_id, hand.lines)
        # A vendor that staff named is asked even when it is far away or at its ceiling.
        if offers is not None and (candidate.eligible or required_vendor_id is not None):
            possible.append((candidate, offers))
    possible = possible[:VENDORS_LOCKED_MAX]
    offer_ids = {line.offer_id for line in hand.lines} | {offer.offer_id for _, offers in possible for offer in offers}
    levels = {level.id: level for level in await (await lock_stock(tx, sorted(offer_ids))).all()}
    for candidate, offers in possible:
        own = {line.offer_id: line.quantity for line in hand.lines}
        if all(
            levels[offer.offer_id].available + own.get(offer.offer_id, 0) >= line.quantity
            for offer, line in zip(offers, hand.lines, strict=True)
        ):
            return NextVendor(market=market, score=candidate, offers=offers, candidates=tuple(candidates))
    return None


async def find_sibling_vendors(tx: Transaction, order: Order) -> list[UUID]:
    """Who has the other orders of the same basket; had one of them this one's goods too, it would have got both."""
    return await tx.values(
        "SELECT vendor_id FROM orders WHERE placement_key = %(key)s AND id <> %(id)s",
        {"key": order.placement_key, "id": order.id},
    )


def _matching_offers(market: Market, vendor_id: UUID, lines: Sequence[OrderLine]) -> tuple[RoutedOffer, ...] | None:
    """The vendor's offer for each line, if it may sell each in just this quantity and none is dearer than agreed."""
    by_product = {offer.product_id: offer for offer in market.offers if offer.vendor_id == vendor_id}
    offers: list[RoutedOffer] = []
    for line in lines:
        offer = by_product.get(line.product_id)
        if offer is None or offer.price_paisa > line.unit_price_paisa or not is_valid(line.quantity, offer.rules):
            return None
        offers.append(offer)
    return tuple(offers)


async def _ask(tx: Transaction, actor: Actor, hand: OrderInHand, chosen: NextVendor, why: str | None) -> Order:
    now = clock.now()
    asked_at, answer_by = answer_times(chosen.market.vendors[chosen.score.vendor_id], clock.business_time(now))
    request = VendorRequest(
        id=new_id(),
        order_id=hand.order.id,
        vendor_id=chosen.score.vendor_id,
        attempt=max((one.attempt for one in hand.requests), default=0) + 1,
        answer=Answer.WAITING,
        reason=None,
        score=Decimal(str(chosen.score.score)),
        asked_at=asked_at,
        answer_by=answer_by,
        answered_at=None,
    )
    order = msgspec.structs.replace(hand.order, vendor_id=request.vendor_id)
    async with tx.pipeline():
        await release(tx, hand.reserved)
        await reserve(
            tx, [(offer.offer_id, line.quantity) for offer, line in zip(chosen.offers, hand.lines, strict=True)]
        )
        await _write_offers(tx, hand.order.id, hand.lines, chosen.offers)
        await insert_request(tx, request, chosen.candidates)
        await record_step(tx, actor, hand.order, order, reason=why, also_audit=("ORDER_REROUTED",))
        await enqueue_jobs(tx, request_jobs(request))
    return order


def request_jobs(request: VendorRequest) -> list[Job]:
    """What a new question needs: telling the vendor, now or when it opens, and the nudge when time is up."""
    now = clock.now()
    asked = VendorAsked(
        order_id=request.order_id, vendor_id=request.vendor_id, request_id=request.id, attempt=request.attempt
    )
    return [
        event_job(asked, delay=max(request.asked_at - now, timedelta(0))),
        Job(
            payload=VendorRequestTimeout(request_id=request.id),
            delay=max(request.answer_by - now, timedelta(0)),
        ),
    ]


async def _write_offers(
    tx: Transaction, order_id: UUID, lines: Sequence[OrderLine], offers: Sequence[RoutedOffer]
) -> None:
    await tx.send_only(
        """
        UPDATE order_lines AS line
        SET offer_id = new.offer_id, sku = new.sku
        FROM unnest(%(positions)s::integer[], %(offers)s::uuid[], %(skus)s::text[]) AS new (position, offer_id, sku)
        WHERE line.order_id = %(order)s AND line.position = new.position
        """,
        {
            "order": order_id,
            "positions": [line.position for line in lines],
            "offers": [offer.offer_id for offer in offers],
            "skus": [offer.sku for offer in offers],
        },
    )


async def _give_up(tx: Transaction, actor: Actor, hand: OrderInHand, why: str) -> Order:
    if hand.waiting is None:
        # It was told when the last question was closed.
        return hand.order
    async with tx.pipeline():
        await record_audit(
            tx,
            actor,
            [
                AuditEntry(
                    action="ORDER_UNROUTABLE",
                    subject_kind="order",
                    subject_id=hand.order.id,
                    retailer_id=hand.order.retailer_id,
                    reason=why,
                )
            ],
        )
        await publish(tx, [OrderUnroutable(order_id=hand.order.id, reason=why)])
    return hand.order
