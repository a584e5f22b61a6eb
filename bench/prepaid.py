"""Prepaid credits: balances asked for over HTTP, beside a bare answer of the same server, and credits being spent."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from uuid import UUID

from bench.placing import SECONDS
from bench.recording import Figure, Recorder
from bench.serving import IN_FLIGHT, PROCESSES, _free_port, _require, _running, _wait_until_up
from bench.wire import http_request, send_load
from bench.world import BENCH
from khaacho import clock
from khaacho.actors import ActorRole
from khaacho.ids import new_id
from khaacho.ledger.records import Source
from khaacho.parties.records import NewUser, User
from khaacho.parties.signin.actions import begin_sign_in
from khaacho.parties.user_actions import add_users
from khaacho.platform.database import Database
from khaacho.prepaid.actions import spend_credits, spend_for_all
from khaacho.prepaid.desk import Change, open_desk
from khaacho.prepaid.records import LotKind, MovementKind, NewSpend

# Nobody may look more often than a hundred times a minute, so many look.
RIDERS = 2_000
UNITS = 1_000
CALLERS = 16
BATCH = 64
SECRET = "a-bench-secret-that-is-long-enough-0000"
LOOK_TARGET_MS = 20
SPEND_TARGET = 500


async def measure(recorder: Recorder, database: Database, folder: Path) -> None:
    """Freelancers with credits, the real server, and loads on both."""
    riders = await _add_riders(database)
    await _measure_looking(recorder, database, folder, riders)
    await _measure_spending(recorder, database, [rider.id for rider in riders])


async def _add_riders(database: Database) -> list[User]:
    new = [
        NewUser(phone=f"+97796{number:08d}", name=f"Rider {number}", role=ActorRole.FREELANCER)
        for number in range(RIDERS)
    ]
    async with database.transaction() as tx:
        riders = await add_users(tx, BENCH, users=new)
        desk = await open_desk(tx, [rider.id for rider in riders])
        for rider in riders:
            change = Change(
                actor=BENCH,
                user_id=rider.id,
                kind=MovementKind.ADJUSTMENT,
                units=UNITS,
                source=Source(kind="user", id=rider.id),
                key=f"bench:{rider.id}",
            )
            desk.bring_in(change, LotKind.ADMIN)
        await desk.write(tx)
    return riders


async def _measure_looking(recorder: Recorder, database: Database, folder: Path, riders: list[User]) -> None:
    port = _free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": database.dsn,
        "KHAACHO_DATA_DIR": str(folder),
        "KHAACHO_SECRET_KEY": SECRET,
        "KHAACHO_LOG_LEVEL": "ERROR",
        "KHAACHO_REQUESTS_PER_MINUTE": "100000000",
    }
    tokens = [(await begin_sign_in(database, secret=SECRET, user=rider)).access_token for rider in riders]

    # Written before, so that the client does nothing but send.
    requests = [
        http_request("GET", "/api/v1/credits/balance", b"", {"Authorization": f"Bearer {token}"}) for token in tokens
    ]

    def look(number: int) -> bytes:
        return requests[number * 7919 % RIDERS]

    async with _running(["web", "--port", str(port), "--processes", str(PROCESSES)], environment):
        await _wait_until_up(port)
        bare = await send_load(
            port, lambda _: http_request("GET", "/health", b"", {}), in_flight=IN_FLIGHT, seconds=SECONDS / 2
        )
        await send_load(port, look, in_flight=IN_FLIGHT, seconds=1)
        looked = await send_load(port, look, in_flight=IN_FLIGHT, seconds=SECONDS)
    _require(looked, 200)
    recorder.record(
        Figure(
            name="GET /credits/balance, 50 in flight, p95",
            value=looked.p(0.95),
            unit="ms",
            target=LOOK_TARGET_MS,
            more_is_better=False,
        )
    )
    recorder.record(
        Figure(
            name="GET /credits/balance, 50 in flight",
            value=looked.rate,
            unit="answers/s",
            limit=bare.rate,
            limit_name="GET /health, same server",
        )
    )


async def _measure_spending(recorder: Recorder, database: Database, riders: list[UUID]) -> None:
    spent = 0
    until = asyncio.get_running_loop().time() + SECONDS

    async def spend(caller: int) -> None:
        nonlocal spent
        number = caller
        while asyncio.get_running_loop().time() < until:
            number += CALLERS
            async with database.transaction() as tx:
                await spend_credits(
                    tx,
                    BENCH,
                    user_id=riders[number % RIDERS],
                    units=1,
                    source=Source(kind="application", id=new_id()),
                    key=f"bench:{new_id()}",
                )
            spent += 1

    started = clock.now()
    await asyncio.gather(*(spend(caller) for caller in range(CALLERS)))
    recorder.record(
        Figure(
            name="credits spent one by one, 16 callers",
            value=spent / (clock.now() - started).total_seconds(),
            unit="spends/s",
            target=SPEND_TARGET,
        )
    )
    spent, started = 0, clock.now()
    while (clock.now() - started).total_seconds() < SECONDS / 2:
        batch = [
            NewSpend(
                actor=BENCH,
                user_id=riders[(spent + place) % RIDERS],
                units=1,
                source=Source(kind="application", id=new_id()),
                key=f"bench:{new_id()}",
            )
            for place in range(BATCH)
        ]
        async with database.transaction() as tx:
            await spend_for_all(tx, batch)
        spent += BATCH
    recorder.record(
        Figure(
            name="credits spent in batches of 64",
            value=spent / (clock.now() - started).total_seconds(),
            unit="spends/s",
            target=SPEND_TARGET,
        )
    )
