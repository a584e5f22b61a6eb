"""Orders from callers that arrive one by one, placed together: the coalescer in front of `place_batch`.

In each process one placer plans and places whatever arrived while the batch before it committed. Orders whose credit
line is locked by somebody outside the batch leave it and wait, with the bounded wait of the credit lock, together
with the other orders on that line; so nobody in the batch waits for a stranger.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
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
from khaacho.orders.placement import Outcome, Placement, place_batch
from khaacho.orders.quote import require_as_wanted, share_of
from khaacho.orders.records import Order, PaymentMode, WantedLine
from khaacho.orders.routing import RoutePlan, plan_many
from khaacho.platform.batching import Coalescer
from khaacho.platform.database import Database, Transaction
from khaacho.platform.idempotency import hash_request
from khaacho.platform.locks import Wait, with_bounded_wait

ITEMS_MAX = 200


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
        self._coalescer: Coalescer[Submission, list[Order]] = Coalescer(
            self._place_together, key_of=lambda submission: submission.order.retailer_id
        )

    async def submit(self, actor: Actor, order: PlaceOrder) -> list[Order]:
        """Place one order; answers one order per vendor. Raises the refusal that concerns it."""
        _require_sane(order)
        submission = Submission(actor=actor, order=order)
        try:
            return await self._coalescer.submit(submission)
        except (RequestInProgress, Deadlock):
            # Another process stored this key, or crossed our locks, a moment ago; now its outcome can be seen.
            return await self._coalescer.submit(submission)

    async def drain(self) -> None:
        """Wait for what is being placed; for shutting down."""
        await self._coalescer.drain()

    async def _place_together(self, submissions: Sequence[Submission]) -> list[Outcome]:
        together = _first_of_each_key(submissions)
        async with self._database.transaction(pipelined=True) as tx:
            outcomes = await _plan_and_place(tx, together, Wait.SKIP)
        waiting: dict[UUID, dict[int, Submission]] = {}
        for index, outcome in outcomes.items():
            if isinstance(outcome, LockTimeout):
                waiting.setdefault(submissions[index].order.retailer_id, {})[index] = submissions[index]
        for placed in await asyncio.gather(*(self._place_waiting(group) for group in waiting.values())):
            outcomes.update(placed)
        for index, submission in enumerate(submissions):
            if index not in outcomes:
                outcomes[index] = (await self._place_together([submission]))[0]
        return [outcomes[index] for index in range(len(submissions))]

    async def _place_waiting(self, submissions: dict[int, Submission]) -> dict[int, Outcome]:
        """Orders on one line that somebody else holds: they wait for it together, at most about 0.7 s."""
        try:
            async with self._database.transaction() as tx:
                return await with_bounded_wait(tx, lambda: _plan_and_place(tx, submissions, Wait.QUEUE))
        except KhaachoError as refusal:
            if len(submissions) == 1 or isinstance(refusal, MaxRetriesExceeded):
                return dict.fromkeys(submissions, refusal)
        placed: dict[int, Outcome] = {}
        for index, submission in submissions.items():
            placed |= await self._place_waiting({index: submission})
        return placed


def _first_of_each_key(submissions: Sequence[Submission]) -> dict[int, Submission]:
    """The same key twice in one batch: the second one comes after, and finds the outcome of the first."""
    first: dict[str, int] = {}
    for index, submission in enumerate(submissions):
        first.setdefault(submission.key, index)
    return {index: submissions[index] for index in first.values()}


async def _plan_and_place(tx: Transaction, submissions: dict[int, Submission], wait: Wait) -> dict[int, Outcome]:
    planned = await _plan(tx, submissions)
    outcomes: dict[int, Outcome] = {
        index: refusal for index, refusal in planned.items() if isinstance(refusal, KhaachoError)
    }
    placements = {index: one for index, one in planned.items() if isinstance(one, Placement)}
    if placements:
        placed = await place_batch(tx, list(placements.values()), wait=wait)
        outcomes.update(zip(placements, placed, strict=True))
    return outcomes


async def _plan(tx: Transaction, submissions: dict[int, Submission]) -> dict[int, Placement | KhaachoError]:
    items = [(index, item) for index, submission in submissions.items() for item in submission.order.items]
    named = await find_named_products(tx, [(item.sku, item.product_id) for _, item in items])
    wanted: dict[int, list[WantedLine]] = {index: [] for index in submissions}
    planned: dict[int, Placement | KhaachoError] = {}
    for (index, item), product in zip(items, named, strict=True):
        if isinstance(product, KhaachoError):
            planned.setdefault(index, product)
        else:
            wanted[index].append(WantedLine(product_id=product, quantity=item.quantity))
    plannable = [index for index in submissions if index not in planned]
    plans = await plan_many(tx, [(submissions[index].order.retailer_id, wanted[index]) for index in plannable])
    for index, plan in zip(plannable, plans, strict=True):
        planned[index] = plan if isinstance(plan, KhaachoError) else _placement(submissions[index], plan)
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
