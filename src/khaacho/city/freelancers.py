"""The city's freelancers: let in, buying credits at the sandbox, and applying to what shops and wholesalers post.

Everything comes about by the product's own actions on the clock of the month. Only the gateway is asked without a
network: its books are in the same database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import SYSTEM, Actor, ActorRole
from khaacho.city.living import CityLife
from khaacho.parties.records import Locale, NewUser
from khaacho.parties.user_actions import add_users
from khaacho.platform.database import Database
from khaacho.prepaid.bonus import give_signup_bonus
from khaacho.prepaid.fulfilment import LearnedBy, fulfil
from khaacho.prepaid.gateways.port import (
    Checkout,
    Currency,
    GatewayName,
    GatewayPayment,
    OrderAsked,
    OrderToOpen,
    PaymentStatus,
)
from khaacho.prepaid.packages import find_packages
from khaacho.prepaid.purchase import NewPurchase, initiate_purchase
from khaacho.prepaid.sandbox import books
from khaacho.prepaid.sandbox.cards import find_card
from khaacho.projects.actions import assign_project, cancel_project, complete_project, post_project
from khaacho.projects.applications import NewApplication, apply_to_project
from khaacho.projects.records import Category, NewProject

# Pays without sending an event: in the past nobody listens.
SILENT_CARD = find_card("4000000000000341")
STEP = timedelta(minutes=30)
DEADLINE_AFTER = timedelta(days=21)


class Freelancer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who looks for work; `package` is what they bought, if anything."""

    phone: str
    name: str
    locale: Locale = Locale.NE
    package: str | None = None


class Posted(msgspec.Struct, frozen=True, kw_only=True):
    """A project as it was posted `days_ago`, who applied (by place in FREELANCERS) and how it ended."""

    title: str
    description: str
    category: Category
    city: str
    budget_paisa: int
    days_ago: int
    applicants: tuple[int, ...] = ()
    ending: str = ""


FREELANCERS = (
    Freelancer(phone="+9779800000101", name="Sita Rana", locale=Locale.EN, package="Starter"),
    Freelancer(phone="+9779800000102", name="Bikash Thapa", package="Basic"),
    Freelancer(phone="+9779800000103", name="Maya Chaudhary", package="Pro"),
    Freelancer(phone="+9779800000104", name="Dipesh B.K."),
)
PROJECTS = (
    Posted(
        title="Photos of sixty products for the price list",
        description="White background, at the store in Birendranagar. Two mornings are enough.",
        category=Category.PHOTOGRAPHY,
        city="Birendranagar",
        budget_paisa=6_000_00,
        days_ago=9,
        applicants=(1, 2),
        ending="completed",
    ),
    Posted(
        title="Carry thirty sacks of rice to Chhinchu",
        description="With your own pick-up. The road is open until noon.",
        category=Category.DELIVERY,
        city="Chhinchu",
        budget_paisa=2_500_00,
        days_ago=6,
        applicants=(0, 1),
        ending="cancelled",
    ),
    Posted(
        title="Sign board and price tags in Nepali",
        description="A board of two metres, and tags for a hundred products. Drafts first.",
        category=Category.DESIGN,
        city="Birendranagar",
        budget_paisa=4_500_00,
        days_ago=3,
        applicants=(2,),
    ),
    Posted(
        title="Set up shelves in a new shop",
        description="Six shelves are there in parts. Bring your own tools.",
        category=Category.SHOP_SETUP,
        city="Mehelkuna",
        budget_paisa=3_000_00,
        days_ago=2,
    ),
    Posted(
        title="Deliver to five shops every Saturday",
        description="By motorbike, at most forty kilograms each. From eight in the morning.",
        category=Category.DELIVERY,
        city="Birendranagar",
        budget_paisa=1_200_00,
        days_ago=1,
        applicants=(3,),
    ),
)
JOINED_DAYS_AGO = 11


class _Till:
    """The sandbox's till, asked directly instead of over HTTP."""

    name = GatewayName.RAZORPAY
    currency = Currency.INR

    def __init__(self, database: Database) -> None:
        self._database = database

    def checkout(self, order: OrderAsked) -> Checkout:
        return Checkout()

    async def open_order(self, order: OrderToOpen) -> str:
        async with self._database.transaction() as tx:
            opened = await books.open_order(
                tx, amount_paisa=order.amount_paisa, currency=order.currency.value, receipt=order.receipt, notes={}
            )
        return opened.id


class WorkingLife:
    """The freelancers of a city while its month is lived."""

    def __init__(self, database: Database, clients: Sequence[Actor], password_hashes: Mapping[str, str]) -> None:
        self._database = database
        self._clients = clients
        self._hashes = password_hashes
        self._people: list[Actor] = []

    async def let_in(self) -> None:
        """They sign up, are let in, and get their welcome."""
        new = [
            NewUser(
                phone=one.phone,
                name=one.name,
                role=ActorRole.FREELANCER,
                locale=one.locale,
                password_hash=self._hashes.get(one.phone),
            )
            for one in FREELANCERS
        ]
        async with self._database.transaction() as tx:
            users = await add_users(tx, SYSTEM, users=new)
            for user in users:
                await give_signup_bonus(tx, user.id)
        self._people = [user.as_actor() for user in users]

    async def buy(self, number: int, package: str) -> None:
        """One buys a package at the sandbox, as at its checkout page."""
        user_id = _id_of(self._people[number])
        async with self._database.reading() as tx:
            package_id = next(one.id for one in await find_packages(tx) if one.name == package)
        new = NewPurchase(user_id=user_id, package_id=package_id)
        order = (await initiate_purchase(self._database, _Till(self._database), new)).order
        async with self._database.transaction() as tx:
            paid = await books.pay(tx, order.gateway_order_id or "", SILENT_CARD)
            payment = GatewayPayment(
                gateway=GatewayName.RAZORPAY,
                id=paid.id,
                gateway_order_id=paid.order_id,
                amount_paisa=paid.amount_paisa,
                currency=paid.currency,
                status=PaymentStatus.CAPTURED,
                was_taken=True,
                paid_at=clock.now(),
            )
            await fulfil(tx, SYSTEM, payment, learned_by=LearnedBy.WEBHOOK)

    async def post(self, number: int) -> None:
        """A client posts a project, freelancers apply, and it ends if it is one that has ended."""
        plan, client = PROJECTS[number], self._clients[number % len(self._clients)]
        new = NewProject(
            title=plan.title,
            description=plan.description,
            category=plan.category,
            city=plan.city,
            budget_paisa=plan.budget_paisa,
            deadline=clock.now() + DEADLINE_AFTER,
        )
        applied: list[UUID] = []
        async with self._database.transaction() as tx:
            project = await post_project(tx, client, project=new)
        for place in plan.applicants:
            wanted = NewApplication(project_id=project.id, message="I live near by and can begin tomorrow.")
            async with self._database.transaction() as tx:
                applied.append((await apply_to_project(tx, self._people[place], new=wanted)).application.id)
        async with self._database.transaction() as tx:
            if plan.ending == "completed":
                await assign_project(tx, client, project.id, application_id=applied[0])
                await complete_project(tx, client, project.id)
            elif plan.ending == "cancelled":
                await cancel_project(tx, client, project.id, reason="the sacks went with another truck")


def plan_work(life: CityLife, database: Database, password_hashes: Mapping[str, str], *, days: int) -> None:
    """Put all of it into the city's agenda, one thing after the other; a short past moves it together."""
    working = WorkingLife(database, list(life.vendors.values())[:3], password_hashes)
    begins = clock.now() - timedelta(days=min(JOINED_DAYS_AGO, days)) + STEP
    life.agenda.put(begins, working.let_in)
    buyers = [(number, one.package) for number, one in enumerate(FREELANCERS) if one.package]
    for place, (number, package) in enumerate(buyers, start=1):
        life.agenda.put(begins + place * STEP, partial(working.buy, number, package))
    earliest = begins + (len(buyers) + 1) * STEP
    for number, plan in enumerate(PROJECTS):
        at: datetime = clock.now() - timedelta(days=plan.days_ago)
        life.agenda.put(max(at, earliest + number * STEP), partial(working.post, number))


def _id_of(actor: Actor) -> UUID:
    if actor.id is None:
        raise LookupError("a freelancer is always a user")
    return actor.id
