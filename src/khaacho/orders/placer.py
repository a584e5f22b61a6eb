"""Orders from callers that arrive one by one, placed together: the coalescer in front of `place_batch`.

In each process one placer plans and places whatever arrived while the batch before it committed. Orders whose credit
line is locked by somebody outside the batch leave it and queue for that line, with the bounded wait of the credit
lock, together with the other orders on it; so nobody in the batch waits for a stranger.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from uuid import UUID

import msgspec

from khaacho.actors import Actor
from khaacho.catalog.queries import find_named_products
from khaacho.errors import (
    Deadlock,
    KhaachoError,
    LockTimeout,
    MaxRetriesExceeded,
    RequestInProgress,
    ValidationFailed,
)
from khaacho.money import QUANTITY_DECIMALS_MAX, QUANTITY_MAX
from khaacho.orders.placement import SCOPE, Outcome, Placement, StockTaken, place_batch, read_replays
from khaacho.orders.quote import require_as_wanted, share_of
from khaacho.orders.records import Order, PaymentMode, WantedLine
from khaacho.orders.routing import RoutePlan, plan_many
from khaacho.platform.batching import Coalescer
from khaacho.platform.database import Database, Transaction
from khaacho.platform.idempotency import hash_request, read_outcomes, send_find_outcomes
from khaacho.platform.locks import Wait, with_bounded_wait
from khaacho.platform.metrics import ORDERS_PLACED, PLACEMENT_SECONDS

ITEMS_MAX = 200
SHOPS_WAITED_FOR_MAX = 3
# Orders of one batch are planned side by side; those that wanted the same last packet are planned again.
PLANS_MAX = 3


class WantedItem(msgspec.Struct, frozen=True, kw_only=True):
    """A product by SKU or by id, and how much of it."""

    quantity: Decimal
    sku: str | None = None
    product_id: UUID | None = None


class PlaceOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One customer's order as it was asked for."""

    retailer_id: UUID
    items: tuple[WantedItem, ...]
    payment_mode: PaymentMode
    idempotency_key: str
    notes: str | None = None
    override_reason: str | None = None


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """An order with who asked for it. `key` belongs to that person alone."""

    actor: Actor
    order: PlaceOrder

    @property
    def key(self) -> str:
        return f"{self.actor.id or self.actor.name}:{self.order.idempotency_key}"


class OrderPlacer:
    """One per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._together: Coalescer[Submission, list[Order]] = Coalescer(self._place_together)
        # One queue per shop whose line somebody else holds; it goes when its last order has its answer.
        self._queues: dict[UUID, Coalescer[Submission, list[Order]]] = {}
        self._queued: Counter[UUID] = Counter()
        # Those who wait for locks must leave connections to those who need not.
        self._patience = asyncio.Semaphore(SHOPS_WAITED_FOR_MAX)

    async def submit(self, actor: Actor, order: PlaceOrder) -> list[Order]:
        """Place one order; answers one order per vendor. Raises the refusal that concerns it."""
        _require_sane(order)
        submission = Submission(actor=actor, order=order)
        with PLACEMENT_SECONDS.time():
            orders = await self._submit_anew(submission)
        ORDERS_PLACED.labels(order.payment_mode).inc(len(orders))
        return orders

    async def drain(self) -> None:
        """Wait for what is being placed; for shutting down."""
        await self._together.drain()
        for queue in list(self._queues.values()):
            await queue.drain()

    async def _submit_anew(self, submission: Submission) -> list[Order]:
        """Plan again when the planned stock was taken before it could be locked."""
        for _ in range(PLANS_MAX - 1):
            with suppress(StockTaken):
                return await self._submit(submission)
        return await self._submit(submission)

    async def _submit(self, submission: Submission) -> list[Order]:
        order = submission.order
        if order.retailer_id in self._queues and order.payment_mode is PaymentMode.CREDIT:
            return await self._queue_up(submission)
        try:
            return await self._together.submit(submission)
        except (LockTimeout, RequestInProgress, Deadlock):
            # Another process is at this line, or stored this key, or crossed our locks a moment ago.
            return await self._queue_up(submission)

    async def _queue_up(self, submission: Submission) -> list[Order]:
        shop = submission.order.retailer_id
        queue = self._queues.setdefault(shop, Coalescer(self._place_waiting))
        self._queued[shop] += 1
        try:
            try:
                return await queue.submit(submission)
            except RequestInProgress:
                # Another process stored this key while we waited; now its outcome can be seen.
                return await queue.submit(submission)
        finally:
            self._queued[shop] -= 1
            if not self._queued[shop]:
                del self._queues[shop], self._queued[shop]

    async def _place_together(self, submissions: Sequence[Submission]) -> list[Outcome]:
        async with self._database.transaction(pipelined=True) as tx:
            return await _plan_and_place(tx, submissions, Wait.SKIP)

    async def _place_waiting(self, submissions: Sequence[Submission]) -> list[Outcome]:
        """Orders of one shop whose line somebody else holds: they wait for it together, at most about 0.7 s."""
        try:
            async with self._patience, self._database.transaction() as tx:
                return await with_bounded_wait(tx, lambda: _plan_and_place(tx, submissions, Wait.QUEUE))
        except MaxRetriesExceeded as refusal:
            return [refusal] * len(submissions)


async def _plan_and_place(tx: Transaction, submissions: Sequence[Submission], wait: Wait) -> list[Outcome]:
    """One outcome for each. The same key twice in one batch is one order, asked for twice."""
    first: dict[str, Submission] = {}
    for submission in submissions:
        first.setdefault(submission.key, submission)
    outcomes = await _place_each(tx, first, wait)
    # Another request under a key of this batch comes after it, and finds what became of the key.
    others = [submission for submission in submissions if submission.order != first[submission.key].order]
    after = iter(await _plan_and_place(tx, others, wait)) if others else iter(())
    return [
        outcomes[submission.key] if submission.order == first[submission.key].order else next(after)
        for submission in submissions
    ]


async def _place_each(tx: Transaction, submissions: Mapping[str, Submission], wait: Wait) -> dict[str, Outcome]:
    planned = await _plan(tx, submissions)
    refused = {key: one for key, one in planned.items() if isinstance(one, KhaachoError)}
    placements = [one for one in planned.values() if isinstance(one, Placement)]
    outcomes: dict[str, Outcome] = {**refused, **await _find_replays(tx, submissions, refused)}
    if placements:
        placed = await place_batch(tx, placements, wait=wait)
        outcomes |= {placement.key: outcome for placement, outcome in zip(placements, placed, strict=True)}
    return outcomes


async def _find_replays(
    tx: Transaction, submissions: Mapping[str, Submission], refused: Iterable[str]
) -> dict[str, Outcome]:
    """What was placed under these keys before: by now the goods may be gone, and still the answer is the first one."""
    asked = {key: _hash(submissions[key].order) for key in refused}
    if not asked:
        return {}
    return await read_replays(tx, asked, await read_outcomes(await send_find_outcomes(tx, SCOPE, list(asked))))


async def _plan(tx: Transaction, submissions: Mapping[str, Submission]) -> dict[str, Placement | KhaachoError]:
    items = [(key, item) for key, submission in submissions.items() for item in submission.order.items]
    named = await find_named_products(tx, [(item.sku, item.product_id) for _, item in items])
    wanted: dict[str, list[WantedLine]] = {key: [] for key in submissions}
    planned: dict[str, Placement | KhaachoError] = {}
    for (key, item), product in zip(items, named, strict=True):
        if isinstance(product, KhaachoError):
            planned.setdefault(key, product)
        else:
            wanted[key].append(WantedLine(product_id=product, quantity=item.quantity))
    plannable = [key for key in submissions if key not in planned]
    plans = await plan_many(tx, [(submissions[key].order.retailer_id, wanted[key]) for key in plannable])
    for key, plan in zip(plannable, plans, strict=True):
        planned[key] = plan if isinstance(plan, KhaachoError) else _placement(submissions[key], plan)
    return planned


def _placement(submission: Submission, plan: RoutePlan) -> Placement | KhaachoError:
    try:
        require_as_wanted(plan)
    except KhaachoError as refusal:
        return refusal
    order = submission.order
    return Placement(
        key=submission.key,
        request_hash=_hash(order),
        actor=submission.actor,
        retailer_id=order.retailer_id,
        payment_mode=order.payment_mode,
        shares=tuple(share_of(part) for part in plan.parts),
        notes=order.notes,
        override_reason=order.override_reason,
    )


def _hash(order: PlaceOrder) -> bytes:
    return hash_request(msgspec.json.encode(order))


def _require_sane(order: PlaceOrder) -> None:
    if not order.items:
        raise ValidationFailed(field="items", why="must not be empty")
    if len(order.items) > ITEMS_MAX:
        raise ValidationFailed(field="items", why=f"must be at most {ITEMS_MAX}")
    for position, item in enumerate(order.items):
        if (item.sku is None) == (item.product_id is None):
            raise ValidationFailed(field=f"items[{position}]", why="name the product by sku or by productId")
        quantity = item.quantity
        if not quantity.is_finite() or not 0 < quantity <= QUANTITY_MAX:
            raise ValidationFailed(field=f"items[{position}].quantity", why="must be above zero, at most a million")
        exponent = quantity.normalize().as_tuple().exponent
        if isinstance(exponent, int) and -exponent > QUANTITY_DECIMALS_MAX:
            raise ValidationFailed(
                field=f"items[{position}].quantity", why=f"has more than {QUANTITY_DECIMALS_MAX} decimals"
            )
