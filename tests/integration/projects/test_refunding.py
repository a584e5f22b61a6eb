"""[P22] Paying back a crowd: in steps, by whoever comes by, killed in between, and each application exactly once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest
from tests.fixtures.embedded import PYTHON_PATH
from tests.fixtures.people import new_phone
from tests.fixtures.processes import Settle, Working
from tests.fixtures.projects import Apply, MakeFreelancer, MakeProject, credits_of, let_in
from tests.fixtures.trade import Contenders, all_at_once, assert_books_hold, codes_of, contents_of

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.errors import AlreadyRefunded, RefundNotEligible, ValidationFailed
from khaacho.ids import new_id
from khaacho.ledger.actions import lock_accounts
from khaacho.parties.records import NewUser, UserStatus
from khaacho.parties.user_actions import add_users
from khaacho.platform.database import Database
from khaacho.prepaid.actions import grant_credits
from khaacho.prepaid.balances import balance_account_id, find_balances
from khaacho.prepaid.records import GrantKind
from khaacho.projects.actions import assign_project, cancel_project, close_project, complete_project
from khaacho.projects.applications import NewApplication, apply_to_project, reject_application
from khaacho.projects.jobs import finish_refunds, pay_refunds
from khaacho.projects.queries import find_open_run, find_refunds_by_application, require_application
from khaacho.projects.records import ApplicationStatus, Project
from khaacho.projects.refund_policy import RefundCause
from khaacho.projects.refund_runs import STEP_APPLICATIONS_MAX, PayRefunds, continue_refunds, refund_project
from khaacho.projects.refunds import find_refund_view, refund_application

CROWD = 2 * STEP_APPLICATIONS_MAX + 30

# A worker's hands alone: it pays until it is done or killed.
PAYING_PROGRAM = """
import asyncio, sys
from uuid import UUID
from khaacho.platform.database import Database
from khaacho.projects.jobs import pay_refunds
from khaacho.projects.refund_runs import PayRefunds
async def main():
    database = await Database.open(sys.argv[1])
    await pay_refunds(database, PayRefunds(run_id=UUID(sys.argv[2])))
    await database.close()
asyncio.run(main())
"""


async def crowd_at(database: Database, admin: Actor, project: Project, number: int) -> list[UUID]:
    """That many freelancers with one credit each, who all applied, in the order they did."""
    fields = {"name": "Freelancer", "role": ActorRole.FREELANCER, "status": UserStatus.PENDING}
    new = [NewUser(phone=new_phone(), **fields) for _ in range(number)]
    async with database.transaction() as tx:
        users = await add_users(tx, admin, users=new)
        await let_in(tx, [user.id for user in users])
        for user in users:
            key = f"test:{user.id}"
            await grant_credits(tx, admin, user_id=user.id, units=1, kind=GrantKind.ADMIN, reason="for a test", key=key)
            await apply_to_project(tx, user.as_actor(), new=NewApplication(project_id=project.id))
    return [user.id for user in users]


async def balances(database: Database, crowd: Sequence[UUID]) -> list[int]:
    async with database.reading() as tx:
        found = await find_balances(tx, crowd)
    return [balance.units if (balance := found[one]) else -1 for one in crowd]


async def run_of(database: Database, project: Project) -> UUID:
    async with database.reading() as tx:
        run = await find_open_run(tx, project.id)
    assert run is not None
    return run.id


async def test_a_crowd_is_paid_in_steps(
    database: Database, admin: Actor, owner: Actor, make_project: MakeProject, working: Working, settle: Settle
) -> None:
    """[P22] The first hundred with the cancellation, the others by the job it leaves behind; nobody twice."""
    project = await make_project()
    crowd = await crowd_at(database, admin, project, CROWD)
    async with database.transaction() as tx:
        await cancel_project(tx, owner, project.id, reason="no money")
    assert await balances(database, crowd) == [1] * STEP_APPLICATIONS_MAX + [0] * (CROWD - STEP_APPLICATIONS_MAX)
    await assert_books_hold(database)
    async with working():
        await settle()
    assert await balances(database, crowd) == [1] * CROWD
    async with database.reading() as tx:
        assert await find_open_run(tx, project.id) is None
    await assert_books_hold(database)


async def test_killed_in_the_middle_it_goes_on_where_it_was(
    database: Database, admin: Actor, owner: Actor, make_project: MakeProject
) -> None:
    """[P22, X21] SIGKILL while a step is half written leaves nothing of that step; the next one pays the rest, once.

    The process is caught in its second step by holding the balance of one whom that step pays.
    """
    project = await make_project()
    crowd = await crowd_at(database, admin, project, CROWD)
    async with database.transaction() as tx:
        await cancel_project(tx, owner, project.id, reason="no money")
    run_id = await run_of(database, project)
    async with database.transaction() as tx:
        await lock_accounts(tx, [balance_account_id(crowd[STEP_APPLICATIONS_MAX + 50])])
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            PAYING_PROGRAM,
            database.dsn,
            str(run_id),
            env={"PATH": os.environ["PATH"], "PYTHONPATH": PYTHON_PATH},
        )
        try:
            await _until_somebody_waits(database)
        finally:
            process.send_signal(signal.SIGKILL)
            await process.wait()
    assert await balances(database, crowd) == [1] * STEP_APPLICATIONS_MAX + [0] * (CROWD - STEP_APPLICATIONS_MAX)
    await assert_books_hold(database)
    assert await finish_refunds(database, clock.now(), False) == {"unfinished": 0}
    with clock.travelled_to(clock.now() + timedelta(minutes=6)):
        assert await finish_refunds(database, clock.now(), True) == {"unfinished": 1}
        assert await finish_refunds(database, clock.now(), False) == {"unfinished": 1}
        assert await finish_refunds(database, clock.now(), False) == {"unfinished": 0}
    assert await balances(database, crowd) == [1] * CROWD
    await assert_books_hold(database)


async def _until_somebody_waits(database: Database) -> None:
    async with asyncio.timeout(20):
        waiting = 0
        while not waiting:
            async with database.reading() as tx:
                waiting = await tx.value("SELECT count(*) FROM pg_locks WHERE NOT granted AND locktype <> 'relation'")
            await asyncio.sleep(0.02)


async def test_six_hands_at_once_pay_once(
    database: Database, contenders: Contenders, admin: Actor, owner: Actor, make_project: MakeProject
) -> None:
    """[P22] The job run twice, the sweep and an admin's button, all at the same moment."""
    project = await make_project()
    crowd = await crowd_at(database, admin, project, CROWD)
    async with database.transaction() as tx:
        await cancel_project(tx, owner, project.id, reason="no money")
    job = PayRefunds(run_id=await run_of(database, project))

    def press(contender: Database) -> object:
        async def run() -> object:
            async with contender.transaction() as tx:
                return await refund_project(tx, admin, project.id)

        return run

    async with contenders(6) as databases:
        doings = [lambda one=one: pay_refunds(one, job) for one in databases[:3]]
        outcomes = await all_at_once([*doings, *[press(one) for one in databases[3:]]])
    assert codes_of(outcomes) == ["OK"] * 6
    assert await balances(database, crowd) == [1] * CROWD
    await assert_books_hold(database)


async def test_the_admins_button(
    database: Database,
    admin: Actor,
    owner: Actor,
    make_freelancer: MakeFreelancer,
    make_project: MakeProject,
    apply: Apply,
) -> None:
    """[P22] Of a closed project: who was left without an answer is paid, who was rejected before is not. Once."""
    sita, hari = await make_freelancer(credits=1), await make_freelancer(credits=1)
    project = await make_project()
    rejected, _ = await apply(sita, project), await apply(hari, project)
    async with database.transaction() as tx:
        await reject_application(tx, owner, rejected.id)
    before = await contents_of(database)
    with pytest.raises(RefundNotEligible):
        async with database.transaction() as tx:
            await refund_project(tx, admin, project.id)
    assert await contents_of(database) == before
    async with database.transaction() as tx:
        await close_project(tx, owner, project.id)
    for paid in (1, 0):
        async with database.transaction() as tx:
            view = await refund_project(tx, admin, project.id)
        assert (view.run.cause, view.run.applications, view.run.refunded_units) == (RefundCause.ADMIN, paid, paid)
        assert view.run.finished_at is not None
    assert [await credits_of(database, one) for one in (sita, hari)] == [0, 1]
    await assert_books_hold(database)


@pytest.mark.parametrize("end", ["assigned", "completed"])
async def test_work_that_went_on_is_not_refunded(
    end: str,
    database: Database,
    admin: Actor,
    owner: Actor,
    make_freelancer: MakeFreelancer,
    make_project: MakeProject,
    apply: Apply,
) -> None:
    """[P22] Neither the whole project nor the one application."""
    project = await make_project()
    application = await apply(await make_freelancer(credits=1), project)
    async with database.transaction() as tx:
        await assign_project(tx, owner, project.id, application_id=application.id)
        if end == "completed":
            await complete_project(tx, owner, project.id)
    before = await contents_of(database)
    with pytest.raises(RefundNotEligible):
        async with database.transaction() as tx:
            await refund_project(tx, admin, project.id)
    with pytest.raises(RefundNotEligible):
        async with database.transaction() as tx:
            await refund_application(
                tx, admin, application.id, cause=RefundCause.TECHNICAL_ERROR, reason="the photo was lost"
            )
    assert await contents_of(database) == before


@pytest.mark.parametrize("cause", [RefundCause.ADMIN, RefundCause.TECHNICAL_ERROR, RefundCause.DUPLICATE])
async def test_one_application_by_hand(
    cause: RefundCause,
    database: Database,
    admin: Actor,
    make_freelancer: MakeFreelancer,
    make_project: MakeProject,
    apply: Apply,
) -> None:
    """[P22] Given back whole at any age, and ended with it: nobody applies for nothing. A second time is refused."""
    sita, project = await make_freelancer(credits=1), await make_project()
    application = await apply(sita, project)
    with clock.travelled_to(application.created_at + timedelta(days=3)):
        async with database.transaction() as tx:
            await refund_application(tx, admin, application.id, cause=cause, reason="sent twice by a fault")
        before = await contents_of(database)
        with pytest.raises(AlreadyRefunded):
            async with database.transaction() as tx:
                await refund_application(tx, admin, application.id, cause=cause, reason="sent twice by a fault")
        assert await contents_of(database) == before
    async with database.reading() as tx:
        ended = await require_application(tx, application.id)
        refund = (await find_refunds_by_application(tx, [application.id]))[application.id]
    assert (ended.status, ended.status_reason) == (ApplicationStatus.REJECTED, "sent twice by a fault")
    assert (refund.cause, refund.percent, refund.units) == (cause, 100, 1)
    assert await credits_of(database, sita) == 1
    await assert_books_hold(database)


async def test_a_cause_must_be_one_for_hands(
    database: Database, admin: Actor, make_freelancer: MakeFreelancer, make_project: MakeProject, apply: Apply
) -> None:
    """[P22] Nobody says by hand that a project was cancelled; it is cancelled."""
    application = await apply(await make_freelancer(credits=1), await make_project())
    with pytest.raises(ValidationFailed):
        async with database.transaction() as tx:
            await refund_application(
                tx, admin, application.id, cause=RefundCause.PROJECT_CANCELLED, reason="it was cancelled"
            )


async def test_an_unknown_run_is_nothing_to_do(database: Database) -> None:
    """A job whose run is gone, or done, ends quietly."""
    async with database.transaction() as tx:
        assert await continue_refunds(tx, new_id()) is None


async def test_the_quote_is_what_is_paid(
    database: Database, owner: Actor, make_freelancer: MakeFreelancer, make_project: MakeProject, apply: Apply
) -> None:
    """[P22] Asked the moment before a project falls it is the withdrawal's, the moment after nothing more is due."""
    sita, project = await make_freelancer(credits=1), await make_project()
    application = await apply(sita, project)
    with clock.travelled_to(application.created_at + timedelta(hours=25)):
        async with database.reading() as tx:
            quote = (await find_refund_view(tx, application.id)).quote
        assert (quote.cause, quote.units) == (RefundCause.WITHDRAWN, 0)
    with clock.travelled_to(project.deadline):
        async with database.reading() as tx:
            quote = (await find_refund_view(tx, application.id)).quote
        # The job has not come by yet; this is what it will pay.
        assert (quote.cause, quote.units) == (RefundCause.PROJECT_EXPIRED, 1)
    async with database.transaction() as tx:
        await cancel_project(tx, owner, project.id, reason="no money")
    async with database.reading() as tx:
        view = await find_refund_view(tx, application.id)
    assert view.refund is not None
    assert view.refund.units == 1
