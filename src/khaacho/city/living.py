"""A month in the city, lived through the product's own actions on a moved clock.

What is planned stands in an agenda, and what happens puts there what follows from it. Everything of one slot happens
side by side; slots follow each other, because there is only one clock.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import count
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import SYSTEM, Actor
from khaacho.catalog.records import Product
from khaacho.city.history import SLOT, Deed, PlannedPayment, Step, Visit, on_grid, plan_payments, plan_story
from khaacho.city.people import Shop, open_shops
from khaacho.city.records import CityRetailer
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.queries import find_debits_of_orders
from khaacho.credit.records import NewPayment, PaymentMethod
from khaacho.errors import (
    InsufficientCredit,
    KhaachoError,
    MaxOrderValueExceeded,
    OverdueCredit,
    PriceChanged,
)
from khaacho.orders.basket import confirm_basket, expire_baskets, put_basket
from khaacho.orders.candidates import count_routing_figures
from khaacho.orders.deliveries import DeliveredLine
from khaacho.orders.fulfilment import (
    accept_order,
    advance_order,
    cancel_order,
    complete_paid_orders,
    decline_order,
    deliver_order,
    fail_order,
)
from khaacho.orders.placement import Outcome, Placement, VendorShare, place_batch
from khaacho.orders.queries import find_order_lines
from khaacho.orders.quote import require_as_wanted, share_of
from khaacho.orders.records import Order, OrderStatus, PaymentMode, WantedLine
from khaacho.orders.routing import RoutePlan, plan_many
from khaacho.platform.database import Database, Transaction
from khaacho.platform.filling import discard_all_jobs, gather_statistics
from khaacho.platform.idempotency import hash_request

# More at once only wait for each other on two cores.
AT_ONCE_MAX = 8
# A shop that cannot have credit pays at the door, as it would in life.
CREDIT_REFUSALS = (InsufficientCredit, MaxOrderValueExceeded, OverdueCredit)
STAGES: Mapping[Deed, OrderStatus] = {
    Deed.PACK: OrderStatus.PACKING,
    Deed.DISPATCH: OrderStatus.DISPATCHED,
    Deed.GO_OUT: OrderStatus.OUT_FOR_DELIVERY,
}
NOBODY_LEFT = "no other wholesaler has everything"
DECLINE_REASON = "the last sacks went this morning"
CANCEL_REASON = "ordered twice by mistake"
FAIL_REASON = "the road at Bangesimal is blocked"

# In nights. Plans that were made while the tables were empty cost two fifths of the whole seeding.
FIGURES_EVERY = 4
STATISTICS_NIGHTS = (1, 2, 8)
# A prime, so that the seconds of neighbouring slots look thrown.
UNEVEN = 7_919

Happening = Callable[[], Awaitable[None]]


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a shop wrote, and the goods that were understood."""

    text: str
    lines: tuple[tuple[str, Decimal], ...]


class Agenda:
    """What is going to happen, by slot; within a slot in the order it was put down."""

    def __init__(self) -> None:
        self._waiting: list[tuple[datetime, int, Happening]] = []
        self._numbers = count()

    def put(self, at: datetime, happening: Happening) -> None:
        heapq.heappush(self._waiting, (on_grid(at), next(self._numbers), happening))

    def take_slot(self, before: datetime) -> tuple[datetime, list[Happening]] | None:
        """The next slot that lies before a moment, with everything in it; None when there is none."""
        if not self._waiting or self._waiting[0][0] >= before:
            return None
        slot = self._waiting[0][0]
        happenings: list[Happening] = []
        while self._waiting and self._waiting[0][0] == slot:
            happenings.append(heapq.heappop(self._waiting)[2])
        return slot, happenings


class CityLife:
    """The city while its month is lived: who is there, what is planned, what came of it."""

    def __init__(
        self, database: Database, *, products: Mapping[str, Product], vendors: Mapping[UUID, Actor], seed: int
    ) -> None:
        self.products = products
        self.vendors = vendors
        self.agenda = Agenda()
        self.shops: dict[str, Shop] = {}
        self._shops_by_id: dict[UUID, Shop] = {}
        self.orders: dict[UUID, Order] = {}
        self.counts: Counter[str] = Counter()
        self._nights = 0
        self._keys: dict[UUID, str] = {}
        self._database = database
        self._seed = seed
        self._turns = asyncio.Semaphore(AT_ONCE_MAX)

    async def live_until(self, until: datetime) -> None:
        """Let everything happen that is planned before `until`, each at its moment."""
        while (slot := self.agenda.take_slot(until)) is not None:
            at, happenings = slot
            with clock.travelled_to(_moment_within(at, until)):
                async with asyncio.TaskGroup() as together:
                    for happening in happenings:
                        together.create_task(self._in_turn(happening))

    async def welcome(self, shops: Sequence[CityRetailer], password_hashes: Mapping[str, str]) -> None:
        """From now on these shops are part of the city, some with credit from its first wholesaler too."""
        async with self._quick_transaction() as tx:
            opened = await open_shops(tx, shops, password_hashes, lender_id=next(iter(self.vendors)))
        self.shops |= {shop.plan.code: shop for shop in opened}
        self._shops_by_id |= {shop.row.id: shop for shop in opened}

    @asynccontextmanager
    async def _quick_transaction(self) -> AsyncIterator[Transaction]:
        """A transaction that does not wait for the disk: 5 s of 29. The next one that does wait makes it lasting."""
        async with self._database.transaction(pipelined=True) as tx:
            await tx.send_only("SET LOCAL synchronous_commit = off")
            yield tx

    async def _in_turn(self, happening: Happening) -> None:
        async with self._turns:
            await happening()

    # --- orders --------------------------------------------------------------------------------------------------

    async def visit(self, visits: Sequence[Visit], *, steps: Sequence[Step] | None = None) -> None:
        """Shops order at the same time, by their plans; without `steps` their orders get stories of their own."""
        async with self._quick_transaction() as tx:
            outcomes = await self._placed(tx, visits, [_first_mode(visit) for visit in visits])
            refused = [visit for visit, outcome in outcomes.items() if isinstance(outcome, CREDIT_REFUSALS)]
            if refused:
                self.counts["refused on credit"] += len(refused)
                outcomes |= await self._placed(tx, refused, [PaymentMode.COD] * len(refused))
        for visit, outcome in outcomes.items():
            if isinstance(outcome, KhaachoError):
                # A shelf was empty: the shop buys something else another day.
                self.counts["refused"] += 1
            else:
                self._follow(visit.key, outcome, steps)

    async def _placed(
        self, tx: Transaction, visits: Sequence[Visit], modes: Sequence[PaymentMode]
    ) -> dict[Visit, Outcome]:
        shops = [self.shops[visit.shop] for visit in visits]
        plans = await plan_many(
            tx, [(shop.row.id, self._wanted(visit.items)) for shop, visit in zip(shops, visits, strict=True)]
        )
        outcomes: dict[Visit, Outcome] = {}
        placements: dict[Visit, Placement] = {}
        for visit, shop, mode, plan in zip(visits, shops, modes, plans, strict=True):
            try:
                shares = _shares_of(plan)
            except KhaachoError as refusal:
                outcomes[visit] = refusal
                continue
            placements[visit] = Placement(
                key=f"{visit.key}:{mode.value}",
                request_hash=hash_request(visit.key),
                actor=shop.actor,
                retailer_id=shop.row.id,
                payment_mode=mode,
                shares=shares,
            )
        if placements:
            outcomes |= zip(placements, await place_batch(tx, list(placements.values())), strict=True)
        return outcomes

    def _wanted(self, items: Sequence[tuple[str, Decimal]]) -> list[WantedLine]:
        return [WantedLine(product_id=self.products[sku].id, quantity=quantity) for sku, quantity in items]

    async def write(self, shop_code: str, message: Message, *, confirms: bool) -> None:
        """A shop sends a message that becomes its basket; it confirms one slot later, or lets the basket expire."""
        shop = self.shops[shop_code]
        async with self._quick_transaction() as tx:
            basket = await put_basket(
                tx, shop.actor, shop.row.id, self._wanted(message.lines), source_text=message.text
            )
        self.counts["baskets"] += 1
        if confirms and basket.quote is not None and basket.quote.lines:
            self.agenda.put(clock.now() + SLOT, partial(self._confirm, shop, basket.id))

    async def _confirm(self, shop: Shop, basket_id: UUID) -> None:
        for mode in (PaymentMode.CREDIT, PaymentMode.COD, PaymentMode.COD):
            try:
                async with self._quick_transaction() as tx:
                    try:
                        placed = await confirm_basket(tx, shop.actor, basket_id, mode)
                    except PriceChanged:
                        # The new prices are stored and shown; the shop agrees to them.
                        continue
            except CREDIT_REFUSALS:
                self.counts["refused on credit"] += 1
            except KhaachoError:
                self.counts["refused"] += 1
                return
            else:
                self._follow(f"{shop.plan.code}-message-{clock.business_day()}", placed, None)
                return

    def _follow(self, key: str, placed: Sequence[Order], steps: Sequence[Step] | None) -> None:
        """Remember new orders and put down what becomes of each; those of a basket confirmed twice are known."""
        for part, order in enumerate(placed):
            if order.id in self.orders:
                continue
            self.orders[order.id] = order
            self._keys[order.id] = f"{key}/{part}"
            story = steps
            if story is None:
                story = plan_story(clock.business_time(order.placed_at), key=self._keys[order.id], seed=self._seed)
            for step in story:
                self.agenda.put(step.at, partial(self._do, order.id, step.deed))

    async def _do(self, order_id: UUID, deed: Deed) -> None:
        """One step of an order's story, by whoever does such things; a story that ended early has no more steps."""
        order = self.orders[order_id]
        if order.status in (OrderStatus.FAILED, OrderStatus.CANCELLED):
            return
        async with self._quick_transaction() as tx:
            self.orders[order_id] = await self._done(tx, order, self.vendors[order.vendor_id], deed)
        if deed in (Deed.DELIVER, Deed.DELIVER_PARTLY):
            self._plan_payments(self.orders[order_id])

    async def _done(self, tx: Transaction, order: Order, vendor: Actor, deed: Deed) -> Order:
        match deed:
            case Deed.ACCEPT:
                return await accept_order(tx, vendor, order.id)
            case Deed.DECLINE:
                declined = await decline_order(tx, vendor, order.id, reason=DECLINE_REASON)
                if declined.vendor_id == order.vendor_id:
                    return await fail_order(tx, SYSTEM, order.id, reason=NOBODY_LEFT)
                return declined
            case Deed.PACK | Deed.DISPATCH | Deed.GO_OUT:
                return await advance_order(tx, vendor, order.id, STAGES[deed])
            case Deed.DELIVER:
                return await deliver_order(tx, vendor, order.id)
            case Deed.DELIVER_PARTLY:
                return await deliver_order(tx, vendor, order.id, delivered=await _most_of(tx, order))
            case Deed.CANCEL:
                return await cancel_order(tx, self._shop_of(order).actor, order.id, reason=CANCEL_REASON)
            case Deed.FAIL:
                return await fail_order(tx, vendor, order.id, reason=FAIL_REASON)

    # --- money ---------------------------------------------------------------------------------------------------

    def _plan_payments(self, order: Order) -> None:
        if order.due_on is None or order.status is OrderStatus.COMPLETED:
            return
        habit = self._shop_of(order).plan.habit
        plan = plan_payments(habit, order.due_on, zone=clock.zone(), key=self._keys[order.id], seed=self._seed)
        for payment in plan:
            self.agenda.put(max(payment.at, clock.now() + SLOT), partial(self._pay, order.id, payment))

    async def _pay(self, order_id: UUID, payment: PlannedPayment) -> None:
        order = self.orders[order_id]
        async with self._quick_transaction() as tx:
            debit = (await find_debits_of_orders(tx, [order_id]))[order_id]
            amount = debit.remaining_paisa * payment.percent // 100
            if amount == 0:
                return
            new = NewPayment(
                retailer_id=order.retailer_id,
                debit_id=debit.id,
                amount_paisa=amount,
                method=payment.method,
                reference=None if payment.method is PaymentMethod.CASH else f"{order.code} {payment.percent}%",
            )
            await record_payment(tx, SYSTEM, new)
        self.counts["payments"] += 1
        if amount == debit.remaining_paisa:
            # What the worker does when it hears of the payment.
            async with self._quick_transaction() as tx:
                await complete_paid_orders(tx, [order_id])
            self.orders[order_id] = msgspec.structs.replace(order, status=OrderStatus.COMPLETED)

    # --- the house -----------------------------------------------------------------------------------------------

    async def night(self) -> None:
        """What schedules do when nobody is looking; and nobody shall hear tomorrow of what happened long ago."""
        async with self._quick_transaction() as tx:
            await expire_baskets(tx, SYSTEM)
            await discard_all_jobs(tx)
            self._nights += 1
            if self._nights % FIGURES_EVERY == 1:
                await count_routing_figures(tx)
            if self._nights in STATISTICS_NIGHTS:
                await gather_statistics(tx)

    async def arrive(self) -> None:
        """The present begins: its figures are counted, and nothing of the past waits to be told."""
        async with self._quick_transaction() as tx:
            await expire_baskets(tx, SYSTEM)
            await count_routing_figures(tx)
            await discard_all_jobs(tx)

    def _shop_of(self, order: Order) -> Shop:
        return self._shops_by_id[order.retailer_id]


def _first_mode(visit: Visit) -> PaymentMode:
    return PaymentMode.CREDIT if visit.on_credit else PaymentMode.COD


def _shares_of(plan: RoutePlan | KhaachoError) -> tuple[VendorShare, ...]:
    """Who delivers what, or the refusal: a shop by its plan takes nothing else than it wanted."""
    if isinstance(plan, KhaachoError):
        raise plan
    require_as_wanted(plan)
    return tuple(share_of(part) for part in plan.parts)


def _moment_within(slot: datetime, until: datetime) -> datetime:
    """A moment of the slot, always the same, for people do not act on the quarter of an hour; never after `until`."""
    seconds = int(slot.timestamp()) // SLOT.seconds * UNEVEN % (SLOT.seconds - 60)
    return min(slot + timedelta(seconds=seconds), until)


async def _most_of(tx: Transaction, order: Order) -> list[DeliveredLine]:
    """Everything but half of the first line, or half of the only one; a single piece arrives whole."""
    lines = (await find_order_lines(tx, [order.id]))[order.id]
    return [
        DeliveredLine(sku=line.sku, quantity=(line.quantity + 1) // 2 if place == 0 else line.quantity)
        for place, line in enumerate(lines)
    ]
