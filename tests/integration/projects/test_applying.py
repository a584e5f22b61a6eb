"""[P21] Applying: one live application, one credit, both or neither; and the ways out of it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.fixtures.people import MakeUser
from tests.fixtures.projects import Apply, MakeFreelancer, MakeProject, credits_of
from tests.fixtures.trade import Contenders, all_at_once, assert_books_hold, codes_of, contents_of

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.credits_errors import InsufficientCredits
from khaacho.errors import AlreadyApplied, Forbidden, InvalidApplicationStep, OwnProject, ProjectNotOpen
from khaacho.ids import new_id
from khaacho.platform.database import Database
from khaacho.prepaid.terms import change_terms
from khaacho.projects.actions import assign_project, cancel_project, close_project
from khaacho.projects.applications import (
    Applied,
    ApplyRequest,
    NewApplication,
    apply_for_all,
    apply_to_project,
    reject_application,
    withdraw_application,
)
from khaacho.projects.queries import find_applications, find_refunds_by_application, require_application
from khaacho.projects.records import Application, ApplicationStatus, Project


async def test_applying_takes_a_credit(
    database: Database, make_freelancer: MakeFreelancer, make_project: MakeProject
) -> None:
    """[P21] The application says what it cost, and the balance is lower by exactly that."""
    sita, project = await make_freelancer(credits=3), await make_project()
    async with database.transaction() as tx:
        applied = await apply_to_project(
            tx, sita, new=NewApplication(project_id=project.id, message="I have a camera", bid_paisa=500_000)
        )
    assert (applied.spend.units, applied.spend.balance_after) == (1, 2)
    async with database.reading() as tx:
        stored = await require_application(tx, applied.application.id)
    assert (stored.status, stored.spent_units, stored.bid_paisa) == (ApplicationStatus.PENDING, 1, 500_000)
    assert await credits_of(database, sita) == 2
    await assert_books_hold(database)


async def test_what_applying_costs_is_a_setting(
    database: Database, admin: Actor, make_freelancer: MakeFreelancer, make_project: MakeProject, apply: Apply
) -> None:
    """[P1, P22] And what is given back is of what was spent then, not of what it costs now."""
    sita, project = await make_freelancer(credits=5), await make_project()
    async with database.transaction() as tx:
        await change_terms(tx, admin, changes={"application_units": 3})
    application = await apply(sita, project)
    assert await credits_of(database, sita) == 2
    async with database.transaction() as tx:
        await change_terms(tx, admin, changes={"application_units": 1})
    with clock.travelled_to(application.created_at + timedelta(hours=2)):
        async with database.transaction() as tx:
            withdrawn = await withdraw_application(tx, sita, application.id)
    assert withdrawn.refund is not None
    assert (withdrawn.refund.percent, withdrawn.refund.units) == (50, 2)
    assert await credits_of(database, sita) == 4
    await assert_books_hold(database)


async def test_without_credits_nothing_happens(
    database: Database, make_freelancer: MakeFreelancer, make_project: MakeProject, apply: Apply
) -> None:
    """[P21] 402 with what it takes and what is there; no row of any table is another."""
    sita, project = await make_freelancer(), await make_project()
    before = await contents_of(database)
    with pytest.raises(InsufficientCredits) as refused:
        await apply(sita, project)
    assert refused.value.details == {"required": 1, "available": 0}
    assert await contents_of(database) == before


async def test_who_asks_twice_without_credits_hears_why_twice(
    database: Database, make_freelancer: MakeFreelancer, make_project: MakeProject
) -> None:
    """[P21] Both in one batch: neither stands, and nobody is told of an application that there is not."""
    sita, gita, project = await make_freelancer(), await make_freelancer(credits=1), await make_project()
    new = NewApplication(project_id=project.id)
    async with database.transaction() as tx:
        outcomes = await apply_for_all(tx, [ApplyRequest(actor=one, new=new) for one in (sita, gita, sita, gita)])
    assert [type(outcome) for outcome in outcomes] == [
        InsufficientCredits,
        Applied,
        InsufficientCredits,
        AlreadyApplied,
    ]
    async with database.reading() as tx:
        assert [one.freelancer_id for one in await find_applications(tx, project_id=project.id, limit=9)] == [gita.id]
    await assert_books_hold(database)


@pytest.mark.parametrize("why", ["past", "closed", "cancelled", "own", "own phone", "twice", "no freelancer"])
async def test_refused_applications_change_nothing(
    why: str,
    database: Database,
    owner: Actor,
    make_user: MakeUser,
    make_freelancer: MakeFreelancer,
    make_project: MakeProject,
    apply: Apply,
) -> None:
    """[P21] Past the deadline also before the job marks it; one's own also under another role of the same phone."""
    sita, project = await make_freelancer(credits=3), await make_project()
    moment, expected = clock.now(), ProjectNotOpen
    if why == "past":
        moment = project.deadline
    elif why == "closed":
        async with database.transaction() as tx:
            await close_project(tx, owner, project.id)
    elif why == "cancelled":
        async with database.transaction() as tx:
            await cancel_project(tx, owner, project.id, reason="no money")
    elif why == "own phone":
        shop = await make_user(role=ActorRole.RETAILER)
        project, expected = await make_project(by=shop.as_actor()), OwnProject
        sita = await make_freelancer(credits=3, phone=shop.phone)
    elif why == "own":
        # Nobody posts as a freelancer over the API; the action refuses it all the same.
        project, expected = await make_project(by=sita), OwnProject
    elif why == "twice":
        await apply(sita, project)
        expected = AlreadyApplied
    else:
        sita, expected = owner, Forbidden
    before = await contents_of(database)
    with clock.travelled_to(moment), pytest.raises(expected):
        await apply(sita, project)
    assert await contents_of(database) == before


async def test_six_at_once_are_one(
    database: Database, contenders: Contenders, make_freelancer: MakeFreelancer, make_project: MakeProject
) -> None:
    """[P21] Six parallel applications of one freelancer: one application, one credit, five times ALREADY_APPLIED.

    Also when there is only the one credit: the others are not told to buy more for what they have already.
    """
    for credits in (6, 1):
        sita, project = await make_freelancer(credits=credits), await make_project()

        def once(contender: Database, sita: Actor = sita, project: Project = project) -> object:
            async def run() -> Application:
                async with contender.transaction() as tx:
                    new = NewApplication(project_id=project.id)
                    return (await apply_to_project(tx, sita, new=new)).application

            return run

        async with contenders(6) as databases:
            outcomes = await all_at_once([once(contender) for contender in databases])
        assert codes_of(outcomes) == ["ALREADY_APPLIED"] * 5 + ["OK"]
        assert await credits_of(database, sita) == credits - 1
        async with database.reading() as tx:
            assert len(await find_applications(tx, project_id=project.id, limit=10)) == 1
    await assert_books_hold(database)


async def test_one_credit_buys_one_of_six_projects(
    database: Database, contenders: Contenders, make_freelancer: MakeFreelancer, make_project: MakeProject
) -> None:
    """[P1, P21] Six applications to six projects at once with two credits: two are sent, four lack a credit."""
    sita = await make_freelancer(credits=2)
    projects = [await make_project() for _ in range(6)]

    def once(contender: Database, project: Project) -> object:
        async def run() -> object:
            async with contender.transaction() as tx:
                return await apply_to_project(tx, sita, new=NewApplication(project_id=project.id))

        return run

    async with contenders(6) as databases:
        outcomes = await all_at_once([once(*pair) for pair in zip(databases, projects, strict=True)])
    assert codes_of(outcomes) == ["INSUFFICIENT_CREDITS"] * 4 + ["OK"] * 2
    assert await credits_of(database, sita) == 0
    await assert_books_hold(database)


@pytest.mark.parametrize(
    ("age", "percent", "units"),
    [
        (timedelta(minutes=30), 100, 1),
        (timedelta(minutes=31), 50, 1),
        (timedelta(hours=23, minutes=59), 50, 1),
        (timedelta(hours=24, seconds=1), 0, 0),
    ],
)
async def test_withdrawing_pays_what_the_time_leaves(
    age: timedelta,
    percent: int,
    units: int,
    database: Database,
    make_freelancer: MakeFreelancer,
    make_project: MakeProject,
    apply: Apply,
) -> None:
    """[P22] In the transaction that withdraws, once: a second time is a quiet success that pays nothing."""
    sita, project = await make_freelancer(credits=1), await make_project()
    application = await apply(sita, project)
    with clock.travelled_to(application.created_at + age - timedelta(seconds=1) * (percent != 0)):
        for _ in range(2):
            async with database.transaction() as tx:
                withdrawn = await withdraw_application(tx, sita, application.id)
            assert withdrawn.application.status is ApplicationStatus.WITHDRAWN
    assert await credits_of(database, sita) == units
    async with database.reading() as tx:
        refund = (await find_refunds_by_application(tx, [application.id])).get(application.id)
    assert (refund.percent if refund else 0, refund.units if refund else 0) == (percent, units)
    await assert_books_hold(database)


async def test_after_withdrawing_one_may_apply_again(
    database: Database, make_freelancer: MakeFreelancer, make_project: MakeProject, apply: Apply
) -> None:
    """[P21] Only live applications exclude each other; the second is paid for like the first."""
    sita, project = await make_freelancer(credits=2), await make_project()
    first = await apply(sita, project)
    with clock.travelled_to(first.created_at + timedelta(hours=30)):
        async with database.transaction() as tx:
            await withdraw_application(tx, sita, first.id)
        await apply(sita, project)
    assert await credits_of(database, sita) == 0
    await assert_books_hold(database)


async def test_six_withdrawals_at_once_pay_once(
    database: Database,
    contenders: Contenders,
    make_freelancer: MakeFreelancer,
    make_project: MakeProject,
    apply: Apply,
) -> None:
    """[P22] Whoever comes first is paid; the others find it done."""
    sita, project = await make_freelancer(credits=1), await make_project()
    application = await apply(sita, project)

    def once(contender: Database) -> object:
        async def run() -> object:
            async with contender.transaction() as tx:
                return await withdraw_application(tx, sita, application.id)

        return run

    async with contenders(6) as databases:
        assert codes_of(await all_at_once([once(contender) for contender in databases])) == ["OK"] * 6
    assert await credits_of(database, sita) == 1
    await assert_books_hold(database)


async def test_only_the_freelancer_withdraws_and_only_the_owner_rejects(
    database: Database,
    owner: Actor,
    make_user: MakeUser,
    make_freelancer: MakeFreelancer,
    make_project: MakeProject,
    apply: Apply,
) -> None:
    """[P20, P21] Each is refused the other's part, and so is everyone else; nothing changes."""
    sita, hari = await make_freelancer(credits=1), await make_freelancer(credits=1)
    stranger = (await make_user(role=ActorRole.RETAILER)).as_actor()
    operator = (await make_user(role=ActorRole.OPERATOR)).as_actor()
    application = await apply(sita, await make_project())
    before = await contents_of(database)
    for actor in (hari, owner, stranger, operator):
        with pytest.raises(Forbidden):
            async with database.transaction() as tx:
                await withdraw_application(tx, actor, application.id)
    for actor in (sita, hari, stranger, operator):
        with pytest.raises(Forbidden):
            async with database.transaction() as tx:
                await reject_application(tx, actor, application.id)
    assert await contents_of(database) == before


async def test_rejected_is_not_paid_back_and_over(
    database: Database,
    owner: Actor,
    make_freelancer: MakeFreelancer,
    make_project: MakeProject,
    apply: Apply,
) -> None:
    """[P22] Nothing is given back, rejecting again is quiet, and a rejected application cannot be withdrawn."""
    sita, project = await make_freelancer(credits=1), await make_project()
    application = await apply(sita, project)
    for _ in range(2):
        async with database.transaction() as tx:
            rejected = await reject_application(tx, owner, application.id, reason="too dear")
        assert (rejected.status, rejected.status_reason) == (ApplicationStatus.REJECTED, "too dear")
    with pytest.raises(InvalidApplicationStep):
        async with database.transaction() as tx:
            await withdraw_application(tx, sita, application.id)
    assert await credits_of(database, sita) == 0
    await assert_books_hold(database)


async def test_who_was_hired_cannot_withdraw(
    database: Database,
    owner: Actor,
    make_freelancer: MakeFreelancer,
    make_project: MakeProject,
    apply: Apply,
) -> None:
    """[P21] APPROVED leads to COMPLETED only; who was passed over may still withdraw."""
    sita, hari, project = await make_freelancer(credits=1), await make_freelancer(credits=1), await make_project()
    hired, waiting = await apply(sita, project), await apply(hari, project)
    async with database.transaction() as tx:
        await assign_project(tx, owner, project.id, application_id=hired.id)
    with pytest.raises(InvalidApplicationStep):
        async with database.transaction() as tx:
            await withdraw_application(tx, sita, hired.id)
    async with database.transaction() as tx:
        await withdraw_application(tx, hari, waiting.id)
    assert [await credits_of(database, one) for one in (sita, hari)] == [0, 1]
    await assert_books_hold(database)


async def test_applying_never_slips_into_a_project_that_ends(
    database: Database,
    contenders: Contenders,
    owner: Actor,
    make_freelancer: MakeFreelancer,
    make_project: MakeProject,
) -> None:
    """[P21, P22] Twelve apply while it is cancelled: who got in is paid back, who did not paid nothing."""
    freelancers = [await make_freelancer(credits=1) for _ in range(12)]
    project = await make_project()

    def send(contender: Database, freelancer: Actor) -> object:
        async def run() -> object:
            async with contender.transaction() as tx:
                return await apply_to_project(tx, freelancer, new=NewApplication(project_id=project.id))

        return run

    def cancel(contender: Database) -> object:
        async def run() -> object:
            async with contender.transaction() as tx:
                return await cancel_project(tx, owner, project.id, reason=str(new_id()))

        return run

    async with contenders(13) as databases:
        doings = [send(*pair) for pair in zip(databases, freelancers, strict=False)]
        outcomes = await all_at_once([*doings[:6], cancel(databases[-1]), *doings[6:]])
    assert set(codes_of(outcomes)) <= {"OK", "PROJECT_NOT_OPEN"}
    assert [await credits_of(database, freelancer) for freelancer in freelancers] == [1] * 12
    await assert_books_hold(database)
