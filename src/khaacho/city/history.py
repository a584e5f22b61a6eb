"""What happens in the city, before it happens: who orders when, what becomes of the order, when it is paid.

Pure: the same seed gives the same month. Each plan draws from a generator of its own, named after what it is about,
so that whatever is done in between, or side by side, changes no other plan.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import Enum

import msgspec

from khaacho.city.habits import DEMAND, DEMAND_OTHERWISE, LAPSED_AFTER_PERCENT, NEW_SINCE_DAYS, WAYS, Ways
from khaacho.city.records import CityProduct, CityRetailer, Habit
from khaacho.credit.records import PaymentMethod

# Everything happens on this grid, so that what happens at the same time can be done together.
SLOT = timedelta(minutes=15)
# Whole hours of the business day with their share of the orders: busy after opening and before the evening.
VISIT_HOURS = {7: 6, 8: 12, 9: 14, 10: 12, 11: 8, 12: 6, 13: 6, 14: 7, 15: 8, 16: 10, 17: 8, 18: 3}
SATURDAY = 5
SATURDAY_STAYS_HOME_PERCENT = 60
FAVOURITES = 18
# Nearly every second visit is for one or two kinds of goods only; those go to the wholesalers known for them.
FOCUSED_PERCENT = 45
FOCUSED_KINDS = 2
# Above this many pieces people buy by the dozen; loose goods they buy by five kilograms.
DOZEN = 12
LOOSE_STEP = 5
# What arrives on the road after this hour is delivered the next morning.
LAST_DEPARTURE = time(15, 30)
METHODS = (PaymentMethod.CASH, PaymentMethod.CASH, PaymentMethod.MOBILE_MONEY, PaymentMethod.BANK_TRANSFER)


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One order a shop is going to give: what, when, and how it means to pay. `key` is its name in the plans."""

    key: str
    at: datetime
    shop: str
    items: tuple[tuple[str, Decimal], ...]
    on_credit: bool


class Deed(Enum):
    """What is done to an order."""

    ACCEPT = "accept"
    DECLINE = "decline"
    PACK = "pack"
    DISPATCH = "dispatch"
    GO_OUT = "go out"
    DELIVER = "deliver"
    DELIVER_PARTLY = "deliver partly"
    CANCEL = "cancel"
    FAIL = "fail"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A deed and its moment."""

    at: datetime
    deed: Deed


class PlannedPayment(msgspec.Struct, frozen=True, kw_only=True):
    """When and how a debt is paid, and how much of what is left of it then."""

    at: datetime
    percent: int
    method: PaymentMethod


Story = Sequence[tuple[Deed, timedelta]]
_HANDLED: Story = ((Deed.ACCEPT, timedelta(minutes=15)), (Deed.PACK, timedelta(minutes=45)))
# What must be seen in the city's first minute: the state an order shall be in, by what was done to it how long ago.
UNFINISHED: Sequence[tuple[timedelta, Story]] = (
    *(((timedelta(minutes=60), _HANDLED[:1]),) * 3),
    *(((timedelta(minutes=120), _HANDLED),) * 3),
    *(((timedelta(hours=4), (*_HANDLED, (Deed.DISPATCH, timedelta(minutes=120)))),) * 3),
    *(
        (
            (
                timedelta(hours=5),
                (*_HANDLED, (Deed.DISPATCH, timedelta(minutes=120)), (Deed.GO_OUT, timedelta(minutes=240))),
            ),
        )
        * 2
    ),
    (timedelta(hours=6), (*_HANDLED, (Deed.FAIL, timedelta(minutes=150)))),
    (timedelta(hours=3), ((Deed.ACCEPT, timedelta(minutes=15)), (Deed.FAIL, timedelta(minutes=90)))),
    (timedelta(hours=3), ((Deed.CANCEL, timedelta(minutes=30)),)),
)


def choose_shops(shops: Sequence[CityRetailer], count: int | None) -> list[CityRetailer]:
    """The first `count` shops, dealt one habit after the other so that few shops still show every habit."""
    if count is None:
        return list(shops)
    by_habit = [[shop for shop in shops if shop.habit is habit] for habit in Habit]
    rounds = max(len(group) for group in by_habit)
    dealt = [group[place] for place in range(rounds) for group in by_habit if place < len(group)]
    return dealt[:count]


def joined_on(shop: CityRetailer, *, today: date, days: int, seed: int) -> date:
    """The day a shop joined: the first of the history, or lately for a new one."""
    if shop.habit is not Habit.NEW:
        return today - timedelta(days=days)
    ago = _dice(seed, "joined", shop.code).randint(3, NEW_SINCE_DAYS)
    return today - timedelta(days=min(ago, days))


def plan_visits(
    shop: CityRetailer, goods: Sequence[CityProduct], *, today: date, days: int, zone: tzinfo, seed: int
) -> Iterator[Visit]:
    """Every order of one shop from the day it joined until today, in order."""
    dice = _dice(seed, "visits", shop.code)
    ways = WAYS[shop.habit]
    favourites = _favourites(shop, goods, dice)
    day = joined_on(shop, today=today, days=days, seed=seed)
    last = today if shop.habit is not Habit.LAPSED else day + timedelta(days=days * LAPSED_AFTER_PERCENT // 100)
    day += timedelta(days=dice.randint(0, ways.gap_days[1] - 1))
    number = 0
    while day <= last:
        if day.weekday() != SATURDAY or dice.randrange(100) >= SATURDAY_STAYS_HOME_PERCENT:
            number += 1
            (hour,) = dice.choices(list(VISIT_HOURS), weights=list(VISIT_HOURS.values()))
            # One quarter of each hour is when the city orders, so that its orders can be placed together.
            at = datetime.combine(day, time(hour), tzinfo=zone) + (day.day + hour) % 4 * SLOT
            yield Visit(
                key=f"{shop.code}-{number}",
                at=at,
                shop=shop.code,
                items=_items(shop, ways, favourites, dice),
                on_credit=dice.randrange(100) >= ways.cod_percent,
            )
        day += timedelta(days=dice.randint(*ways.gap_days))


def plan_basket(
    shop: CityRetailer, goods: Sequence[CityProduct], *, key: str, seed: int
) -> tuple[tuple[str, Decimal], ...]:
    """One order's goods of a shop, outside its rhythm."""
    dice = _dice(seed, "basket", key)
    return _items(shop, WAYS[shop.habit], _favourites(shop, goods, _dice(seed, "visits", shop.code)), dice)


def plan_story(placed_at: datetime, *, key: str, seed: int) -> list[Step]:
    """What becomes of an order that was placed at `placed_at` (wall clock): nine in ten arrive, as in life."""
    dice = _dice(seed, "story", key)
    fate = dice.randrange(1000)
    if fate < 15:
        return [Step(at=placed_at + dice.randint(1, 2) * SLOT, deed=Deed.CANCEL)]
    steps: list[Step] = []
    at = placed_at
    if fate < 50:
        at += SLOT
        steps.append(Step(at=at, deed=Deed.DECLINE))
    at += SLOT
    steps.append(Step(at=at, deed=Deed.ACCEPT))
    if 60 <= fate < 75:
        return [*steps, Step(at=at + 2 * SLOT, deed=Deed.CANCEL)]
    at += dice.randint(2, 6) * SLOT
    steps.append(Step(at=at, deed=Deed.PACK))
    if 75 <= fate < 90:
        return [*steps, Step(at=at + 3 * SLOT, deed=Deed.FAIL)]
    at += dice.randint(2, 9) * SLOT
    steps.append(Step(at=at, deed=Deed.DISPATCH))
    if at.time() > LAST_DEPARTURE:
        at = datetime.combine(at.date() + timedelta(days=1), time(7, 30), tzinfo=at.tzinfo)
    at += dice.randint(2, 12) * SLOT
    if fate >= 800:
        steps.append(Step(at=at, deed=Deed.GO_OUT))
        at += dice.randint(1, 3) * SLOT
    steps.append(Step(at=at, deed=Deed.DELIVER_PARTLY if 90 <= fate < 140 else Deed.DELIVER))
    return steps


def plan_unfinished(now: datetime) -> Iterator[tuple[datetime, list[Step]]]:
    """When the orders were placed that are open now (or went wrong today), and what was done to each since."""
    for ago, story in UNFINISHED:
        placed_at = now - ago
        yield placed_at, [Step(at=placed_at + after, deed=deed) for deed, after in story]


def plan_payments(habit: Habit, due_on: date, *, zone: tzinfo, key: str, seed: int) -> list[PlannedPayment]:
    """How a shop pays what is due on `due_on`: at once, by halves, or not within the month."""
    dice = _dice(seed, "payment", key)
    ways = WAYS[habit]
    fate = dice.randrange(100)
    if fate < ways.unpaid_percent:
        return []
    day = due_on + timedelta(days=dice.randint(*ways.settled_days))
    at = datetime.combine(day, time(dice.randint(9, 17)), tzinfo=zone) + dice.randrange(4) * SLOT
    method = PaymentMethod.BANK_TRANSFER if habit is Habit.BIG else dice.choice(METHODS)
    if fate < ways.unpaid_percent + ways.half_percent:
        rest = timedelta(days=dice.randint(4, 12))
        return [
            PlannedPayment(at=at, percent=50, method=method),
            PlannedPayment(at=at + rest, percent=100, method=method),
        ]
    return [PlannedPayment(at=at, percent=100, method=method)]


def on_grid(moment: datetime) -> datetime:
    """The beginning of the slot a moment falls into."""
    return moment - timedelta(
        minutes=moment.minute % (SLOT.seconds // 60), seconds=moment.second, microseconds=moment.microsecond
    )


def _dice(seed: int, *names: str) -> random.Random:
    return random.Random(":".join((str(seed), *names)))


def _favourites(shop: CityRetailer, goods: Sequence[CityProduct], dice: random.Random) -> list[CityProduct]:
    """What the shop sells: nothing whose smallest amount is beyond it, staples more often than the rest."""
    affordable = [product for product in goods if product.active and product.price_paisa * 20 < shop.credit_limit_paisa]
    weights: Mapping[str, int] = DEMAND
    drawn: dict[str, CityProduct] = {}
    while len(drawn) < min(FAVOURITES, len(affordable)):
        (product,) = dice.choices(
            affordable, weights=[weights.get(product.category, DEMAND_OTHERWISE) for product in affordable]
        )
        drawn[product.sku] = product
    return list(drawn.values())


def _items(
    shop: CityRetailer, ways: Ways, favourites: Sequence[CityProduct], dice: random.Random
) -> tuple[tuple[str, Decimal], ...]:
    if dice.randrange(100) < FOCUSED_PERCENT:
        kinds = dice.sample(sorted({product.category for product in favourites}), FOCUSED_KINDS)
        favourites = [product for product in favourites if product.category in kinds]
    chosen = dice.sample(favourites, min(dice.randint(*ways.lines), len(favourites)))
    value_paisa = shop.credit_limit_paisa * dice.randint(*ways.percent_of_limit) // 100
    shares = [dice.randint(5, 15) for _ in chosen]
    return tuple(
        (product.sku, _quantity(product, value_paisa * share // sum(shares)))
        for product, share in zip(chosen, shares, strict=True)
    )


def _quantity(product: CityProduct, value_paisa: int) -> Decimal:
    """About as much as the money buys, in the amounts people say."""
    pieces = max(1, value_paisa // product.price_paisa)
    step = LOOSE_STEP if product.selling_unit == "kg" else DOZEN
    return Decimal(pieces if pieces < 2 * step else pieces // step * step)
