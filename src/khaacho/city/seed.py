"""Filling an empty database with the city and a month of its life: the demo's data, and a newcomer's.

Nothing here writes a table: goods, people, orders, deliveries and payments come about by the product's own actions,
on a clock that travels through the month. What it leaves behind is what a month of use would have left.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from enum import Enum
from functools import partial
from time import perf_counter

import msgspec

from khaacho import clock
from khaacho.actors import ActorRole
from khaacho.city.freelancers import FREELANCERS, plan_work
from khaacho.city.history import (
    Visit,
    choose_shops,
    joined_on,
    plan_basket,
    plan_unfinished,
    plan_visits,
)
from khaacho.city.living import CityLife, Message
from khaacho.city.people import add_admin, fill_shelves, open_vendors, stock_goods
from khaacho.city.reading import read_messages
from khaacho.city.records import CityProduct, CityRetailer, Habit, read_products, read_retailers, read_vendors
from khaacho.city.troubles import plan_troubles
from khaacho.errors import Conflict
from khaacho.ledger.sealing import SEALED_TABLES
from khaacho.parties.queries import find_retailers, find_users_by_phone
from khaacho.parties.signin.passwords import hash_password
from khaacho.platform.database import Database
from khaacho.platform.filling import gather_statistics
from khaacho.platform.sealing import declared
from khaacho.settings import Settings

ADMIN_PHONE = "+9779800000000"
# Known to everybody who reads this line, which is why production is never seeded.
PASSWORD = "surkhet-2026"
SEED = 20261120
DAYS = 30
OPENS_AT = time(6)
NIGHT_AT = time(3)
FIRST_DAY_OVER = time(20)
MESSAGES_PER_DAY = 5
CONFIRMED_PERCENT = 75
OPEN_BASKETS = 4
WAITING_ORDERS = 3
# The last planned order lies this far back, so that every vendor had time to answer.
QUIET = timedelta(minutes=45)


class CityState(Enum):
    """What `seed_city` would find."""

    EMPTY = "empty"
    SEEDED = "seeded"
    OTHERS = "others"


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody of the demo who can sign in with `PASSWORD`."""

    role: ActorRole
    phone: str
    name: str


class SeedReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the city has become."""

    products: int
    vendors: int
    offers: int
    retailers: int
    orders: Mapping[str, int]
    payments: int
    baskets: int
    refusals: int
    seconds: float


def find_sign_ins() -> tuple[SignIn, ...]:
    """Who can sign in to a seeded city: its admin, its first wholesaler, its first shop and its first freelancer."""
    vendor, shop, freelancer = read_vendors()[0], read_retailers()[0], FREELANCERS[0]
    return (
        SignIn(role=ActorRole.ADMIN, phone=ADMIN_PHONE, name="Khaacho"),
        SignIn(role=ActorRole.VENDOR, phone=vendor.phone, name=vendor.name),
        SignIn(role=ActorRole.RETAILER, phone=shop.phone, name=shop.pasal_name),
        SignIn(role=ActorRole.FREELANCER, phone=freelancer.phone, name=freelancer.name),
    )


async def look_at_city(database: Database) -> CityState:
    """Is there nobody yet, the whole city, or somebody else (or a city whose seeding was cut off)?"""
    async with database.reading() as tx:
        if not await find_retailers(tx, limit=1):
            return CityState.EMPTY
        # The admin comes last, when everything else is in place.
        users = await find_users_by_phone(tx, ADMIN_PHONE)
    return CityState.SEEDED if any(user.role is ActorRole.ADMIN for user in users) else CityState.OTHERS


async def seed_city(
    database: Database, settings: Settings, *, days: int = DAYS, retailers: int | None = None, seed: int = SEED
) -> SeedReport:
    """Let the city live through the last `days` days, with its first `retailers` shops (None: all).

    No worker may run meanwhile: the jobs of the past are discarded as it passes. Raises Conflict in production and
    when there are shops already; then nothing changed.
    """
    if settings.in_production:
        raise Conflict(why="The city's passwords are known to everybody, so it is not for production.")
    if await look_at_city(database) is not CityState.EMPTY:
        raise Conflict(why="There are shops in this database already; the city needs an empty one.")
    began = perf_counter()
    hashes = {one.phone: await hash_password(PASSWORD) for one in find_sign_ins()}
    plan = _Plan(
        today=clock.business_day(),
        days=days,
        seed=seed,
        goods=read_products(),
        shops=tuple(choose_shops(read_retailers(), retailers)),
        hashes=hashes,
    )
    async with declared(database, SEALED_TABLES, "a made-up history, written afterwards"):
        life, offers = await _found(database, plan)
        messages = read_messages(life.products.values())
        _plan_shops(life, plan)
        _plan_days(life, plan, messages)
        _plan_unfinished(life, plan)
        plan_work(life, database, plan.hashes, days=plan.days)
        plan_troubles(life, database, plan.shops, first=_moment(plan.first_day, FIRST_DAY_OVER))
        await life.live_until(clock.now() - timedelta(seconds=1))
        await _arrive_at_now(database, life, plan, messages)
    return SeedReport(
        products=len(life.products),
        vendors=len(life.vendors),
        offers=offers,
        retailers=len(life.shops),
        orders=dict(Counter(order.status.value for order in life.orders.values()).most_common()),
        payments=life.counts["payments"],
        baskets=life.counts["baskets"],
        refusals=life.counts["refused"] + life.counts["refused on credit"],
        seconds=perf_counter() - began,
    )


class _Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a seeding was asked for, with the rows it draws on; password hashes are by phone."""

    today: date
    days: int
    seed: int
    goods: tuple[CityProduct, ...]
    shops: tuple[CityRetailer, ...]
    hashes: Mapping[str, str]

    @property
    def first_day(self) -> date:
        return self.today - timedelta(days=self.days)


async def _found(database: Database, plan: _Plan) -> tuple[CityLife, int]:
    """Goods and wholesalers, as of the morning the history begins; also answers the number of offers."""
    vendors = read_vendors()
    with clock.travelled_to(_moment(plan.first_day, OPENS_AT)):
        async with database.transaction() as tx:
            products = await stock_goods(tx, plan.goods)
            actors = await open_vendors(tx, vendors, plan.hashes)
            offers = await fill_shelves(tx, vendors, list(actors), products, seed=plan.seed)
    return CityLife(database, products=products, vendors=actors, seed=plan.seed), offers


def _plan_shops(life: CityLife, plan: _Plan) -> None:
    """Every shop joins on its day and orders by its habit."""
    joining: defaultdict[date, list[CityRetailer]] = defaultdict(list)
    together: defaultdict[datetime, list[Visit]] = defaultdict(list)
    for shop in plan.shops:
        joining[joined_on(shop, today=plan.today, days=plan.days, seed=plan.seed)].append(shop)
        for visit in plan_visits(shop, plan.goods, today=plan.today, days=plan.days, zone=clock.zone(), seed=plan.seed):
            if visit.at < clock.now() - QUIET:
                together[visit.at].append(visit)
    for at, visits in together.items():
        life.agenda.put(at, partial(life.visit, visits))
    for day, shops in joining.items():
        life.agenda.put(_moment(day, OPENS_AT), partial(life.welcome, shops, plan.hashes))


def _plan_days(life: CityLife, plan: _Plan, messages: Sequence[Message]) -> None:
    """Each day some shops write instead of calling; each night the schedules run."""
    dice = random.Random(f"{plan.seed}:messages")
    writers = [shop for shop in plan.shops if shop.habit in (Habit.STEADY, Habit.WEEKLY, Habit.BIG)]
    for number in range(1, plan.days + 1):
        day = plan.first_day + timedelta(days=number)
        life.agenda.put(_moment(day, NIGHT_AT), life.night)
        for shop in dice.sample(writers, min(MESSAGES_PER_DAY, len(writers))):
            at = _moment(day, time(dice.randint(7, 18)))
            confirms = dice.randrange(100) < CONFIRMED_PERCENT
            if at < clock.now() - QUIET:
                life.agenda.put(at, partial(life.write, shop.code, dice.choice(messages), confirms=confirms))


def _plan_unfinished(life: CityLife, plan: _Plan) -> None:
    """Orders in every state, whatever the hour it is."""
    buyers = [shop for shop in plan.shops if shop.habit in (Habit.STEADY, Habit.WEEKLY)]
    for number, (placed_at, steps) in enumerate(plan_unfinished(clock.now())):
        shop = buyers[number % len(buyers)]
        visit = _visit_today(shop, plan, f"{shop.code}-open-{number}", placed_at)
        life.agenda.put(placed_at, partial(life.visit, [visit], steps=steps))


async def _arrive_at_now(database: Database, life: CityLife, plan: _Plan, messages: Sequence[Message]) -> None:
    """Forget the jobs of the past; then the first orders of the present, whose vendors the worker will ask."""
    await life.arrive()
    writers = [shop for shop in plan.shops if shop.habit is Habit.STEADY][1 : 1 + OPEN_BASKETS]
    for shop, message in zip(writers, messages, strict=False):
        await life.write(shop.code, message, confirms=False)
    buyers = [shop for shop in plan.shops if shop.habit is Habit.WEEKLY][:WAITING_ORDERS]
    await life.visit([_visit_today(shop, plan, f"{shop.code}-now", clock.now()) for shop in buyers], steps=())
    async with database.transaction() as tx:
        await add_admin(tx, ADMIN_PHONE, plan.hashes[ADMIN_PHONE])
    async with database.transaction() as tx:
        await gather_statistics(tx)


def _visit_today(shop: CityRetailer, plan: _Plan, key: str, at: datetime) -> Visit:
    items = plan_basket(shop, plan.goods, key=key, seed=plan.seed)
    return Visit(key=key, at=at, shop=shop.code, items=items, on_credit=True)


def _moment(day: date, at: time) -> datetime:
    return datetime.combine(day, at, tzinfo=clock.zone())
