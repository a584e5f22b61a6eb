"""Applying to projects [P21]: the reception beside pgbench doing the same writes, one transaction an application.

Two thousand freelancers with a thousand credits each; every application is of another pair. Each run ends with the
books checked and the acknowledged applications counted: none missing, none double.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import psycopg

import khaacho.ledger.checks
import khaacho.prepaid.checks
import khaacho.projects.checks
from bench.placing import SECONDS, run_callers, run_pgbench
from bench.recording import Figure, Recorder, percentile
from bench.world import BENCH
from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.parties.records import NewUser
from khaacho.parties.user_actions import add_users
from khaacho.platform.checks import run_checks
from khaacho.platform.database import Database
from khaacho.prepaid.actions import grant_credits
from khaacho.prepaid.desk import balance_account_id
from khaacho.prepaid.records import GrantKind
from khaacho.projects.actions import cancel_project, post_project
from khaacho.projects.applications import NewApplication
from khaacho.projects.jobs import pay_refunds
from khaacho.projects.queries import find_open_run
from khaacho.projects.reception import Reception
from khaacho.projects.records import NewProject
from khaacho.projects.refund_runs import PayRefunds

PGBENCH_SCRIPT = Path(__file__).with_name("application.pgbench.sql")
FREELANCERS = 2_000
PROJECTS = 120
CREDITS = 1_000
RATE_TARGET = 500
REFUND_RATE_TARGET = 500


async def measure(recorder: Recorder, database: Database) -> None:
    """All of it; leaves the books checked."""
    freelancers = await _people(database)
    client, projects = await _projects(database)
    _number_them(database, freelancers, projects)
    pairs = 0

    async def ours(callers: int) -> tuple[float, list[float]]:
        reception = Reception(database)

        async def submit(_: int) -> None:
            nonlocal pairs
            # Ours take the projects from the front, pgbench from the back.
            project, freelancer = divmod(pairs, FREELANCERS)
            pairs += 1
            new = NewApplication(project_id=projects[project])
            await reception.take(freelancers[freelancer], new, key=None, request_hash=b"")

        await run_callers(submit, callers=callers, seconds=0.5)
        rate, latencies, refused = await run_callers(submit, callers=callers, seconds=SECONDS)
        if refused:
            raise RuntimeError(f"{refused} applications were refused")
        return rate, latencies

    limits = {
        clients: await asyncio.to_thread(
            run_pgbench, database.dsn, clients=clients, people=FREELANCERS, seconds=SECONDS, script=PGBENCH_SCRIPT
        )
        for clients in (1, 16)
    }
    for callers in (1, 16, 64):
        rate, latencies = await ours(callers)
        recorder.record(
            Figure(
                name=f"apply to a project, {callers} caller{'s' if callers > 1 else ''}",
                value=rate,
                unit="applications/s",
                limit=limits[min(callers, 16)],
                limit_name=f"pgbench, {min(callers, 16)} client{'s' if callers > 1 else ''}",
            )
        )
        if callers == 64:
            recorder.record(
                Figure(name="apply to a project, rate", value=rate, unit="applications/s", target=RATE_TARGET)
            )
        if callers == 16:
            recorder.record(
                Figure(
                    name="apply to a project, 16 callers, p95",
                    value=percentile(latencies, 0.95),
                    unit="ms",
                    target=50,
                    more_is_better=False,
                )
            )
    await _refund(recorder, database, client, projects[0])
    await _prove(database, acknowledged=pairs)


async def _refund(recorder: Recorder, database: Database, client: Actor, project_id: UUID) -> None:
    """A project that everybody applied to falls: the first hundred at once, the others by the job."""
    started = asyncio.get_running_loop().time()
    async with database.transaction() as tx:
        await cancel_project(tx, client, project_id, reason="bench")
    first = (asyncio.get_running_loop().time() - started) * 1000
    async with database.reading() as tx:
        run = await find_open_run(tx, project_id)
    if run is None:
        raise RuntimeError("too few applications to measure refunds")
    await pay_refunds(database, PayRefunds(run_id=run.id))
    seconds = asyncio.get_running_loop().time() - started
    recorder.record(
        Figure(
            name="cancel a project of 2,000 applications, answered after",
            value=first,
            unit="ms",
            target=1_000,
            more_is_better=False,
        )
    )
    recorder.record(
        Figure(
            name="refund a project of 2,000 applications",
            value=FREELANCERS / seconds,
            unit="refunds/s",
            target=REFUND_RATE_TARGET,
        )
    )


async def _people(database: Database) -> list[Actor]:
    users = []
    for start in range(0, FREELANCERS, 500):
        new = [
            NewUser(phone=f"+97797{number:08d}", name=f"Freelancer {number}", role=ActorRole.FREELANCER)
            for number in range(start, start + 500)
        ]
        async with database.transaction() as tx:
            users += await add_users(tx, BENCH, users=new)
    for start in range(0, FREELANCERS, 100):
        async with database.transaction() as tx:
            for user in users[start : start + 100]:
                await grant_credits(
                    tx,
                    BENCH,
                    user_id=user.id,
                    units=CREDITS,
                    kind=GrantKind.ADMIN,
                    reason="for the bench",
                    key=f"bench:{user.id}",
                )
    return [user.as_actor() for user in users]


async def _projects(database: Database) -> tuple[Actor, list[UUID]]:
    async with database.transaction() as tx:
        new = NewUser(phone="+9779500000001", name="Client", role=ActorRole.VENDOR)
        client = (await add_users(tx, BENCH, users=[new]))[0].as_actor()
        deadline = clock.now() + timedelta(days=30)
        projects = [
            await post_project(tx, client, project=NewProject(title=f"Job {number}", deadline=deadline))
            for number in range(PROJECTS)
        ]
    return client, [project.id for project in projects]


def _number_them(database: Database, freelancers: list[Actor], projects: list[UUID]) -> None:
    """For pgbench, which picks by number. The application's role may not create tables; the owner does it here."""
    with psycopg.connect(database.dsn, autocommit=True) as owner:
        owner.execute("CREATE TABLE bench_freelancers (n integer PRIMARY KEY, user_id uuid, account_id uuid)")
        owner.execute("CREATE TABLE bench_projects (n integer PRIMARY KEY, id uuid)")
        owner.execute("CREATE SEQUENCE bench_pairs MINVALUE 0 START 0")
        with owner.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO bench_freelancers VALUES (%s, %s, %s)",
                [(n, one.id, balance_account_id(one.id)) for n, one in enumerate(freelancers, start=1) if one.id],
            )
            cursor.executemany("INSERT INTO bench_projects VALUES (%s, %s)", list(enumerate(reversed(projects))))
        owner.execute("ANALYZE")


async def _prove(database: Database, *, acknowledged: int) -> None:
    checks = (*khaacho.ledger.checks.CHECKS, *khaacho.prepaid.checks.CHECKS, *khaacho.projects.checks.CHECKS)
    broken = [result for result in await run_checks(database, checks) if not result.holds]
    if broken:
        raise RuntimeError(f"the books are wrong: {broken}")
    async with database.reading() as tx:
        # Ours are signed by the freelancer, pgbench's by nobody.
        found = await tx.value(
            "SELECT count(*) FROM prepaid_movements WHERE kind = 'SPEND' AND actor_name LIKE 'Freelancer %%'", {}
        )
    if found != acknowledged:
        raise RuntimeError(f"{acknowledged} applications were acknowledged, {found} are there")
