"""[P20-P22] Whatever clients, freelancers and admins do, in whatever order and at whatever age: every credit is right.

A stateful test over the real database. After each step every invariant is proved, and every state and balance is
compared with a notebook that thinks the rules out a second time. What is refused leaves every row as it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from tests.fixtures.people import MakeUser
from tests.fixtures.projects import MakeFreelancer
from tests.fixtures.trade import ALL_CHECKS, contents_of, outcome_of
from tests.scenarios.jobs_book import App, Job, JobsBook
from tests.scenarios.test_any_history import copy_of

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.errors import KhaachoError
from khaacho.platform.checks import run_checks
from khaacho.platform.database import Database
from khaacho.prepaid.balances import find_balances
from khaacho.prepaid.terms import change_terms
from khaacho.projects.actions import (
    assign_project,
    cancel_project,
    close_project,
    complete_project,
    post_project,
)
from khaacho.projects.applications import (
    NewApplication,
    apply_to_project,
    reject_application,
    withdraw_application,
)
from khaacho.projects.jobs import expire_projects
from khaacho.projects.queries import find_applications, find_projects, find_refunds_by_application
from khaacho.projects.records import NewProject
from khaacho.projects.refund_policy import RefundCause
from khaacho.projects.refund_runs import refund_project
from khaacho.projects.refunds import find_refund_view, refund_application

Result = TypeVar("Result")
ADMIN = Actor(role=ActorRole.ADMIN, name="Asha Admin")
CREDITS = [4, 9, 20]

PERSON, CLIENT, WHICH = st.integers(0, 2), st.integers(0, 1), st.integers(0, 40)
# The owner mostly, now and then somebody else, now and then an admin.
HAND = st.sampled_from(["owner", "owner", "owner", "admin", "other"])


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """The database every history starts from, and who is in it."""

    dsn: str
    freelancers: list[Actor]
    clients: list[Actor]


@pytest.fixture
async def market(dsn: str, database: Database, make_freelancer: MakeFreelancer, make_user: MakeUser) -> Market:
    freelancers = [await make_freelancer(credits=credits) for credits in CREDITS]
    clients = [(await make_user(role=role)).as_actor() for role in (ActorRole.VENDOR, ActorRole.RETAILER)]
    await database.close()
    return Market(dsn=dsn, freelancers=freelancers, clients=clients)


class AnyProject(RuleBasedStateMachine):
    """One history on a database of its own."""

    market: Market

    @initialize()
    def open(self) -> None:
        self.runner = asyncio.Runner()
        self.copy = copy_of(self.market.dsn)
        self.shift = timedelta(0)
        self.database = self.wait(Database.open(self.copy.__enter__(), connections_max=2))
        self.book = JobsBook(list(CREDITS))
        self.contents = self.wait(contents_of(self.database))

    def teardown(self) -> None:
        if not hasattr(self, "runner"):
            return
        clock.shift_by(timedelta(0))
        self.wait(self.database.close())
        self.runner.close()
        self.copy.__exit__(None, None, None)

    def wait(self, doing: Awaitable[Result]) -> Result:
        async def run() -> Result:
            return await doing

        return self.runner.run(run())

    def act(self, doing: Callable[[Any], Awaitable[Result]], expected: str) -> Result | None:
        """Do it in one transaction; it must come out as the notebook expects, and a refusal must change nothing."""

        async def run() -> Result:
            async with self.database.transaction() as tx:
                return await doing(tx)

        outcome = self.wait(outcome_of(run()))
        if isinstance(outcome, KhaachoError):
            assert outcome.code == expected
            now = self.wait(contents_of(self.database))
            assert [table for table in now if now[table] != self.contents[table]] == []
            return None
        assert expected == "OK"
        return outcome

    # --- what people do ----------------------------------------------------------------------------------------------

    @rule(client=CLIENT, hours=st.sampled_from([1, 26, 100]))
    def post(self, client: int, hours: int) -> None:
        new = NewProject(title="A job", deadline=clock.now() + timedelta(hours=hours))
        posted = self.act(lambda tx: post_project(tx, self.market.clients[client], project=new), "OK")
        assert posted is not None
        self.book.jobs.append(Job(id=posted.id, client=client, deadline=new.deadline, apps=[]))

    @precondition(lambda self: self.book.jobs)
    @rule(person=PERSON, which=WHICH)
    def apply(self, person: int, which: int) -> None:
        job = self._newest_mostly(which)
        sent = self.act(
            lambda tx: apply_to_project(tx, self.market.freelancers[person], new=NewApplication(project_id=job.id)),
            self.book.apply(person, job, clock.now()),
        )
        if sent is not None:
            self.book.applied(person, job, sent.application.id, sent.application.created_at)

    @precondition(lambda self: any(job.apps for job in self.book.jobs))
    @rule(which=WHICH, by_another=st.sampled_from([False, False, False, True]))
    def withdraw(self, which: int, by_another: bool) -> None:
        """[P22] And what was quoted the moment before is what is paid."""
        job, app = self._app(which)
        person = (app.person + by_another) % 3
        quoted = self.wait(self._quote(app))
        before = app.refund
        expected = self.book.withdraw(person, job, app, clock.now())
        self.act(lambda tx: withdraw_application(tx, self.market.freelancers[person], app.id), expected)
        if expected == "OK" and not before:
            assert app.refund == quoted

    @precondition(lambda self: any(job.apps for job in self.book.jobs))
    @rule(which=WHICH, hand=HAND)
    def reject(self, which: int, hand: str) -> None:
        job, app = self._app(which)
        expected = self.book.reject(self._number(hand, job), job, app, clock.now())
        self.act(lambda tx: reject_application(tx, self._actor(hand, job), app.id), expected)

    @precondition(lambda self: any(job.apps for job in self.book.jobs))
    @rule(which=WHICH, hand=HAND)
    def assign(self, which: int, hand: str) -> None:
        job, app = self._app(which)
        expected = self.book.assign(self._number(hand, job), job, app, clock.now())
        self.act(lambda tx: assign_project(tx, self._actor(hand, job), job.id, application_id=app.id), expected)

    @precondition(lambda self: self.book.jobs)
    @rule(which=WHICH, hand=HAND, how=st.sampled_from(["COMPLETED", "COMPLETED", "CLOSED", "CANCELLED"]))
    def end(self, which: int, hand: str, how: str) -> None:
        job = self._newest_mostly(which)
        by = self._actor(hand, job)
        doing: dict[str, Callable[[Any], Awaitable[object]]] = {
            "COMPLETED": lambda tx: complete_project(tx, by, job.id),
            "CLOSED": lambda tx: close_project(tx, by, job.id),
            "CANCELLED": lambda tx: cancel_project(tx, by, job.id, reason="no money"),
        }
        self.act(doing[how], self.book.end(self._number(hand, job), job, how, clock.now()))

    @rule(minutes=st.sampled_from([5, 29, 45, 300, 1_500]))
    def time_passes(self, minutes: int) -> None:
        self.shift += timedelta(minutes=minutes)
        clock.shift_by(self.shift)

    @rule()
    def the_expiry_job_comes_by(self) -> None:
        due = self.book.expire_all(clock.now())
        outcome = self.wait(expire_projects(self.database, clock.now(), False))
        assert outcome == {"overdue": due, "expired": due, "refused": 0}

    @rule(cost=st.sampled_from([1, 1, 2, 3]))
    def the_price_changes(self, cost: int) -> None:
        self.act(lambda tx: change_terms(tx, ADMIN, changes={"application_units": cost}), "OK")
        self.book.cost = cost

    @precondition(lambda self: self.book.jobs)
    @rule(which=WHICH)
    def an_admin_refunds_a_project(self, which: int) -> None:
        job = self.book.jobs[which % len(self.book.jobs)]
        self.act(lambda tx: refund_project(tx, ADMIN, job.id), self.book.refund_job(job))

    @precondition(lambda self: any(job.apps for job in self.book.jobs))
    @rule(which=WHICH, really=st.sampled_from([True, False, False]))
    def an_admin_refunds_an_application(self, which: int, really: bool) -> None:
        if really:
            job, app = self._app(which)
            expected = self.book.refund_app(job, app)
            cause, reason = RefundCause.TECHNICAL_ERROR, "the page was down"
            self.act(lambda tx: refund_application(tx, ADMIN, app.id, cause=cause, reason=reason), expected)

    # --- what must hold ----------------------------------------------------------------------------------------------

    @invariant()
    def everything_is_as_noted(self) -> None:
        if not hasattr(self, "book"):
            return
        self.contents = self.wait(contents_of(self.database))
        self.wait(self._compare())
        broken = [result for result in self.wait(run_checks(self.database, ALL_CHECKS)) if not result.holds]
        assert broken == []

    async def _compare(self) -> None:
        async with self.database.reading() as tx:
            ids = [one.id for one in self.market.freelancers if one.id]
            balances = await find_balances(tx, ids)
            assert [balance.units for one in ids if (balance := balances[one])] == self.book.credits
            projects = await find_projects(tx, moment=clock.now(), limit=1_000)
            assert {one.id: (one.status, one.assigned_application_id) for one in projects} == {
                job.id: (job.status, job.hired) for job in self.book.jobs
            }
            applications = await find_applications(tx, limit=1_000)
            refunds = await find_refunds_by_application(tx, [one.id for one in applications])
        assert {
            one.id: (one.status, one.spent_units, refunds[one.id].units if one.id in refunds else 0)
            for one in applications
        } == {app.id: (app.status, app.cost, app.refund) for job in self.book.jobs for app in job.apps}

    # --- choosing ----------------------------------------------------------------------------------------------------

    def _newest_mostly(self, which: int) -> Job:
        # Old projects are over; most of what people do is about the last few.
        recent = self.book.jobs[-3:] if which % 4 else self.book.jobs
        return recent[which % len(recent)]

    def _app(self, which: int) -> tuple[Job, App]:
        found = [(job, app) for job in self.book.jobs for app in job.apps]
        recent = found[-4:] if which % 4 else found
        return recent[which % len(recent)]

    def _number(self, hand: str, job: Job) -> int | None:
        return {"owner": job.client, "other": 1 - job.client, "admin": None}[hand]

    def _actor(self, hand: str, job: Job) -> Actor:
        number = self._number(hand, job)
        return ADMIN if number is None else self.market.clients[number]

    async def _quote(self, app: App) -> int:
        async with self.database.reading() as tx:
            view = await find_refund_view(tx, app.id)
        return view.quote.units


def test_any_project_adds_up(market: Market) -> None:
    """[P20-P22] Twelve histories of up to forty steps, the same ones in every run."""
    history = type("AnyProject", (AnyProject,), {"market": market})
    run_state_machine_as_test(
        history,
        settings=settings(
            max_examples=12,
            stateful_step_count=40,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
