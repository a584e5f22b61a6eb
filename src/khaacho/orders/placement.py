"""Placing orders: a function over a batch. One order is a batch of one; there is no second path [O30].

Round trip one locks the credit accounts and the stock rows of the whole batch in id order and reads what the
decisions need. The pure decisions then run order by order on the running figures. Round trip two writes everything,
one statement per table, and commits. A refused order writes nothing and disturbs nobody; the parts of an order that
was split between vendors are placed together or not at all.

Measured: placing the order rows before the account update costs two thirds of the rate on a hot account, because the
foreign key's share lock has to be upgraded. So accounts come first.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.catalog.actions import lock_stock, reserve
from khaacho.credit.lock import Acquired, CreditDesk, CreditRequest, send_lock_credit
from khaacho.errors import IdempotencyKeyExpired, InsufficientStock, KhaachoError, ValidationFailed
from khaacho.ids import new_id
from khaacho.money import AMOUNT_PAISA_MAX
from khaacho.orders.events import OrderPlaced, VendorAsked
from khaacho.orders.placing_rows import OrderDraft, insert_orders
from khaacho.orders.queries import ORDER_COLUMNS
from khaacho.orders.records import Order, OrderStatus, PaymentMode, QuoteLine
from khaacho.orders.requests import VendorRequestTimeout
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Pending, Transaction
from khaacho.platform.events import event_job
from khaacho.platform.idempotency import (
    StoredOutcome,
    read_outcomes,
    replayed,
    send_find_outcomes,
    store_outcomes,
)
from khaacho.platform.locks import Wait
from khaacho.platform.queue import Job, enqueue_jobs

SCOPE = "orders"


class VendorShare(msgspec.Struct, frozen=True, kw_only=True):
    """What one vendor is to deliver, and how it came to be chosen."""

    vendor_id: UUID
    lines: tuple[QuoteLine, ...]
    score: float
    candidates: Any
    asked_at: datetime
    answer_by: datetime


class Placement(msgspec.Struct, frozen=True, kw_only=True):
    """One customer's order, divided among vendors. `key` makes placing it twice place it once."""

    key: str
    request_hash: bytes
    actor: Actor
    retailer_id: UUID
    payment_mode: PaymentMode
    shares: tuple[VendorShare, ...]
    basket_id: UUID | None = None
    notes: str | None = None
    override_reason: str | None = None


class StockTaken(InsufficientStock):
    """What was planned on was taken by another order first; a new plan may find it elsewhere."""


class PlacedOrders(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome that is stored under the key."""

    order_ids: tuple[UUID, ...]


Outcome = list[Order] | KhaachoError


class _Locked(msgspec.Struct, frozen=True, kw_only=True):
    """What round trip one brought. `placed_before`: the keys under which there are orders."""

    placed_before: frozenset[str]
    stored: dict[str, StoredOutcome]
    desk: CreditDesk
    available: dict[UUID, Decimal]
    numbers: list[int]
    first_number: int | None
    today: date


async def place_batch(tx: Transaction, placements: Sequence[Placement], *, wait: Wait = Wait.QUEUE) -> list[Outcome]:
    """Place them all; answers each one's orders or its refusal, in order.

    With `Wait.SKIP` an order whose credit line somebody else has locked is refused with LockTimeout instead of
    waited for; its caller tries again alone. Keys in one batch must differ.
    """
    drafted = [_draft(placement) for placement in placements]
    locked = await _lock_and_read(tx, placements, drafted, wait)
    outcomes = await read_replays(tx, {one.key: one.request_hash for one in placements}, locked.stored)
    decided: dict[str, list[OrderDraft]] = {}
    for placement, drafts in zip(placements, drafted, strict=True):
        if placement.key in outcomes:
            continue
        if placement.key in locked.placed_before:
            outcomes[placement.key] = IdempotencyKeyExpired()
            continue
        try:
            decided[placement.key] = _decide(placement, drafts, locked)
        except KhaachoError as refusal:
            outcomes[placement.key] = refusal
    if decided:
        numbered = await _number(tx, decided, locked)
        await _write(tx, [(one, numbered[one.key]) for one in placements if one.key in numbered], locked.desk)
        outcomes |= {key: [draft.order for draft in drafts] for key, drafts in numbered.items()}
    return [outcomes[placement.key] for placement in placements]


def _draft(placement: Placement) -> list[OrderDraft]:
    now = clock.now()
    drafts: list[OrderDraft] = []
    for share in placement.shares:
        subtotal = sum(line.amount_paisa for line in share.lines)
        tax = sum(line.tax_paisa for line in share.lines)
        order = Order(
            id=new_id(),
            code="",
            placement_key=placement.key,
            basket_id=placement.basket_id,
            retailer_id=placement.retailer_id,
            vendor_id=share.vendor_id,
            status=OrderStatus.PENDING,
            payment_mode=placement.payment_mode,
            credit_account_id=None,
            hold_id=None,
            subtotal_paisa=subtotal,
            tax_paisa=tax,
            total_paisa=subtotal + tax,
            delivered_total_paisa=None,
            due_on=None,
            notes=placement.notes,
            override_reason=None,
            failed_at=None,
            failure_reason=None,
            placed_at=now,
            status_since=now,
            delivered_at=None,
        )
        drafts.append(
            OrderDraft(
                order=order,
                actor=placement.actor,
                lines=share.lines,
                request_id=new_id(),
                score=share.score,
                candidates=share.candidates,
                asked_at=share.asked_at,
                answer_by=share.answer_by,
            )
        )
    return drafts


def _credit_request(placement: Placement, draft: OrderDraft) -> CreditRequest:
    return CreditRequest(
        order_id=draft.order.id,
        retailer_id=placement.retailer_id,
        vendor_id=draft.order.vendor_id,
        amount_paisa=draft.order.total_paisa,
        on_credit=placement.payment_mode is PaymentMode.CREDIT,
        actor=placement.actor,
        override_reason=placement.override_reason,
    )


async def _lock_and_read(
    tx: Transaction, placements: Sequence[Placement], drafted: Sequence[list[OrderDraft]], wait: Wait
) -> _Locked:
    today = clock.business_day()
    flat = [(placement, draft) for placement, drafts in zip(placements, drafted, strict=True) for draft in drafts]
    offer_ids = {line.offer_id for _, draft in flat for line in draft.lines}
    async with tx.pipeline():
        desk = await send_lock_credit(tx, [_credit_request(placement, draft) for placement, draft in flat], wait=wait)
        stock = await lock_stock(tx, sorted(offer_ids))
        # Before the stored outcomes: whoever is seen here has an outcome there, unless that was thrown away.
        placed: Pending[str] = await tx.send_values(
            "SELECT placement_key FROM orders WHERE placement_key = ANY(%(keys)s)",
            {"keys": [placement.key for placement in placements]},
        )
        stored = await send_find_outcomes(tx, SCOPE, [placement.key for placement in placements])
        numbers = await _send_draw_numbers(tx, len(flat))
        first: Pending[int] = await tx.send_values(
            "SELECT first_number FROM order_days WHERE day = %(day)s", {"day": today}
        )
    opened_desk = await desk.desk()
    levels = await stock.all()
    return _Locked(
        placed_before=frozenset(await placed.all()),
        stored=await read_outcomes(stored),
        desk=opened_desk,
        available={level.id: level.physical - level.reserved for level in levels},
        numbers=await numbers.all(),
        first_number=await first.first(),
        today=today,
    )


async def _send_draw_numbers(tx: Transaction, count: int) -> Pending[int]:
    return await tx.send_values("SELECT nextval('order_numbers') FROM generate_series(1, %(count)s)", {"count": count})


async def _number(
    tx: Transaction, decided: Mapping[str, Sequence[OrderDraft]], locked: _Locked
) -> dict[str, list[OrderDraft]]:
    """Give every accepted order its code, in their order. Only accepted orders open a day."""
    count = sum(len(drafts) for drafts in decided.values())
    first_number, drawn = locked.first_number, locked.numbers
    if first_number is None:
        first_number = await _open_day(tx, locked.today)
    if drawn[0] <= first_number:
        # Drawn before somebody opened the day: they would count from below its start.
        drawn = await (await _send_draw_numbers(tx, count)).all()
    codes = (f"ORD{locked.today:%y%m%d}-{number - first_number:04d}" for number in drawn)
    return {key: [_with_code(draft, next(codes)) for draft in drafts] for key, drafts in decided.items()}


def _with_code(draft: OrderDraft, code: str) -> OrderDraft:
    return msgspec.structs.replace(draft, order=msgspec.structs.replace(draft.order, code=code))


async def _open_day(tx: Transaction, today: date) -> int:
    """Fix where the day's numbers start: whoever is first writes it, everybody else reads it."""
    await tx.execute(
        """
        INSERT INTO order_days (day, first_number) VALUES (%(day)s, nextval('order_numbers'))
        ON CONFLICT DO NOTHING
        """,
        {"day": today},
    )
    first_number: int = await tx.value("SELECT first_number FROM order_days WHERE day = %(day)s", {"day": today})
    return first_number


async def read_replays(
    tx: Transaction, asked: Mapping[str, bytes], stored: Mapping[str, StoredOutcome]
) -> dict[str, Outcome]:
    """What was answered before to those of `asked` (key → request hash) that are stored, by key."""
    replays: dict[str, Outcome] = {}
    for key in asked.keys() & stored.keys():
        try:
            placed = replayed(stored[key], asked[key], PlacedOrders)
        except KhaachoError as refusal:
            replays[key] = refusal
        else:
            replays[key] = await tx.all(
                f"SELECT {ORDER_COLUMNS} FROM orders WHERE id = ANY(%(ids)s) ORDER BY id",
                {"ids": list(placed.order_ids)},
                into=Order,
            )
    return replays


def _decide(placement: Placement, drafts: Sequence[OrderDraft], locked: _Locked) -> list[OrderDraft]:
    """All parts of one placement, with their holds; raises the first refusal, leaving the figures untouched."""
    if not all(draft.order.total_paisa for draft in drafts):
        raise ValidationFailed(field="items", why="cost less than one paisa")
    # Few orders beyond it would make sums over all orders larger than can be counted, for everybody.
    if any(draft.order.total_paisa > AMOUNT_PAISA_MAX for draft in drafts):
        raise ValidationFailed(field="items", why="cost more than a trillion rupees")
    taken = _stock_taken(drafts, locked.available)
    with locked.desk.book.all_or_nothing():
        acquired = [locked.desk.acquire(_credit_request(placement, draft)) for draft in drafts]
    for offer_id, quantity in taken.items():
        locked.available[offer_id] -= quantity
    return [_completed(draft, outcome, placement) for draft, outcome in zip(drafts, acquired, strict=True)]


def _stock_taken(drafts: Sequence[OrderDraft], available: dict[UUID, Decimal]) -> dict[UUID, Decimal]:
    taken: dict[UUID, Decimal] = {}
    for draft in drafts:
        for line in draft.lines:
            taken[line.offer_id] = taken.get(line.offer_id, Decimal(0)) + line.quantity
            left = available.get(line.offer_id, Decimal(0))
            if taken[line.offer_id] > left:
                raise StockTaken(sku=line.code, available=str(left), wanted=str(taken[line.offer_id]))
    return taken


def _completed(draft: OrderDraft, acquired: Acquired, placement: Placement) -> OrderDraft:
    order = msgspec.structs.replace(
        draft.order,
        credit_account_id=acquired.hold.account_id if acquired.hold else None,
        hold_id=acquired.hold.id if acquired.hold else None,
        override_reason=placement.override_reason if acquired.overridden else None,
    )
    return msgspec.structs.replace(draft, order=order, overridden=acquired.overridden)


async def _write(tx: Transaction, accepted: Sequence[tuple[Placement, list[OrderDraft]]], desk: CreditDesk) -> None:
    drafts = [draft for _, decided in accepted for draft in decided]
    async with tx.pipeline():
        await desk.write(tx)
        await reserve(tx, [(line.offer_id, line.quantity) for draft in drafts for line in draft.lines])
        await insert_orders(tx, drafts)
        await record_audit(tx, drafts[0].actor, list(_audit_entries(drafts)))
        await store_outcomes(
            tx,
            SCOPE,
            [
                (
                    placement.key,
                    placement.request_hash,
                    PlacedOrders(order_ids=tuple(draft.order.id for draft in decided)),
                )
                for placement, decided in accepted
            ],
        )
        await enqueue_jobs(tx, list(_jobs(drafts)))


def _audit_entries(drafts: Iterable[OrderDraft]) -> Iterable[AuditEntry]:
    for draft in drafts:
        order = draft.order
        yield AuditEntry(
            action="ORDER_CREATED",
            subject_kind="order",
            subject_id=order.id,
            retailer_id=order.retailer_id,
            actor=draft.actor,
            new={
                "code": order.code,
                "vendor_id": order.vendor_id,
                "total_paisa": order.total_paisa,
                "payment_mode": order.payment_mode.value,
            },
        )
        if draft.overridden:
            yield AuditEntry(
                action="OVERRIDE",
                subject_kind="order",
                subject_id=order.id,
                retailer_id=order.retailer_id,
                actor=draft.actor,
                reason=order.override_reason,
                new={"guardrail": draft.overridden, "total_paisa": order.total_paisa},
            )


def _jobs(drafts: Iterable[OrderDraft]) -> Iterable[Job]:
    for draft in drafts:
        order = draft.order
        yield event_job(OrderPlaced(order_id=order.id, from_basket=order.basket_id is not None))
        yield event_job(
            VendorAsked(order_id=order.id, vendor_id=order.vendor_id, request_id=draft.request_id, attempt=1),
            delay=max(draft.asked_at - clock.now(), timedelta(0)),
        )
        yield Job(
            payload=VendorRequestTimeout(request_id=draft.request_id),
            delay=max(draft.answer_by - clock.now(), timedelta(0)),
        )
