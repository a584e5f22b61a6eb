"""Audit and jobs over HTTP, and the nightly proof, with what it tells whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from tests.fixtures.people import BearerOf, MakeRetailer, MakeUser
from tests.fixtures.processes import Settle, Working

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.duties import CHECKS
from khaacho.ids import new_id
from khaacho.ledger.sealing import SEALED_TABLES
from khaacho.oversight import running
from khaacho.oversight.reconciling import NIGHTS, RECONCILIATION, find_alarm, reconcile, seals_of_the_night
from khaacho.parties.records import Retailer
from khaacho.parties.signin.passwords import hash_password
from khaacho.platform import audit_reports
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Database
from khaacho.platform.metrics import RECONCILIATION_DIFFERENCES
from khaacho.platform.queue import Job, JobPayload, Schedule, enqueue_jobs
from khaacho.platform.scheduler import find_runs, hand_over, next_slot, run_by_hand
from khaacho.platform.sealing import seal_everything

BASE = "/api/v1/admin"


async def tell(database: Database, actor: Actor, retailer_id: UUID | None, **given: Any) -> None:
    """Write one entry into the audit."""
    known = {"action": "TESTED", "subject_kind": "x", "subject_id": new_id(), "retailer_id": retailer_id}
    async with database.transaction() as tx:
        await record_audit(tx, actor, [AuditEntry(**known | given)])


async def pages(client: httpx.AsyncClient, headers: dict[str, str], address: str) -> list[dict[str, Any]]:
    """Every entry, page after page."""
    items: list[dict[str, Any]] = []
    cursor = ""
    joint = "&" if "?" in address else "?"
    while True:
        answer = await client.get(f"{BASE}{address}{joint}limit=3{cursor}", headers=headers)
        assert answer.status_code == 200, answer.text
        page = answer.json()["data"]
        items += page["items"]
        if page["nextCursor"] is None:
            return items
        cursor = f"&cursor={page['nextCursor']}"


# --- audit --------------------------------------------------------------------------------------------------------


async def test_a_retailers_audit(
    client: httpx.AsyncClient,
    as_admin: dict[str, str],
    database: Database,
    admin: Actor,
    make_retailer: MakeRetailer,
) -> None:
    """[C80] Newest first and only theirs: action, reference, old and new values in rupees, who, why, when, request."""
    shop, other = await make_retailer(), await make_retailer()
    by = Actor(role=ActorRole.OPERATOR, name="Hari", id=new_id(), request_id="request-of-hari")
    subject = new_id()
    await tell(database, admin, other.id)
    await tell(
        database,
        by,
        shop.id,
        action="CREDIT_LIMIT_CHANGED",
        subject_kind="credit_account",
        subject_id=subject,
        reason="pays well",
        old={"limit_paisa": 1_000_05, "lines": [{"amount_paisa": 5}]},
        new={"limit_paisa": 2_000_00, "lines": []},
    )
    items = await pages(client, as_admin, f"/audit/{shop.id}")
    assert [item["action"] for item in items] == ["CREDIT_LIMIT_CHANGED", "RETAILER_REGISTERED"]
    newest = items[0]
    created_at = datetime.fromisoformat(newest.pop("createdAt"))
    assert abs(created_at - clock.now()) < timedelta(minutes=1)
    UUID(newest.pop("id"))
    assert newest == {
        "action": "CREDIT_LIMIT_CHANGED",
        "reference": {"kind": "credit_account", "id": str(subject)},
        "retailerId": str(shop.id),
        "oldValues": {"limit": 1000.05, "lines": [{"amount": 0.05}]},
        "newValues": {"limit": 2000, "lines": []},
        "performedBy": "Hari",
        "performedById": str(by.id),
        "reason": "pays well",
        "requestId": "request-of-hari",
    }
    missing = await client.get(f"{BASE}/audit/{new_id()}", headers=as_admin)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "RETAILER_NOT_FOUND")


async def test_everything_that_was_done_by_action_person_and_time(
    client: httpx.AsyncClient, as_admin: dict[str, str], database: Database
) -> None:
    """[C80] Filters work together, and following the cursor meets every entry once, newest first."""
    start = datetime(2026, 2, 10, tzinfo=UTC)
    for number in range(10):
        by = Actor(role=ActorRole.OPERATOR, name="Hari" if number % 2 else "Sita_%", id=None)
        action = "OVERRIDE" if number < 5 else "ORDER_CREATED"
        with clock.travelled_to(start + timedelta(hours=number)):
            await tell(database, by, None, action=action, reason=str(number))
    times = "from=2026-02-10T05:45:00%2B05:45&to=2026-02-10T15:45:00%2B05:45"

    async def found(query: str) -> list[int]:
        return [int(item["reason"]) for item in await pages(client, as_admin, f"/audit/credit/all?{query}")]

    assert await found(times) == [*range(9, -1, -1)]
    assert await found(f"{times}&action=OVERRIDE") == [4, 3, 2, 1, 0]
    assert await found(f"{times}&action=ORDER_CREATED&performedBy=hari") == [9, 7, 5]
    assert await found("performedBy=Sita_%25&action=OVERRIDE") == [4, 2, 0]
    assert await found("to=2026-02-10T05:46:00%2B05:45&from=2026-02-10T05:45:00%2B05:45") == [0]
    assert await found("action=NOTHING_OF_THE_KIND") == []


async def test_a_search_without_an_index_is_cut_and_can_go_on(
    client: httpx.AsyncClient,
    as_admin: dict[str, str],
    database: Database,
    admin: Actor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """[C80] A page may end before it is full, but the cursor leads to everything, once."""
    monkeypatch.setattr(audit_reports, "SCANNED_MAX", 4)
    for number in range(12):
        by = Actor(role=ActorRole.OPERATOR, name="Rare") if number in (0, 7) else admin
        await tell(database, by, None, reason=str(number))
    answer = (await client.get(f"{BASE}/audit/credit/all?performedBy=rare", headers=as_admin)).json()["data"]
    assert (answer["items"], answer["nextCursor"] is None) == ([], False)
    items = await pages(client, as_admin, "/audit/credit/all?performedBy=rare")
    assert [item["reason"] for item in items] == ["7", "0"]


async def test_what_the_audit_refuses(
    client: httpx.AsyncClient, as_admin: dict[str, str], make_user: MakeUser, bearer_of: BearerOf, shop: Retailer
) -> None:
    """[X3] [X10] A time without offset, a cursor of another list, a limit out of bounds; and whoever may not see it."""
    for query in ("from=2026-02-10T00:00:00", "cursor=nonsense", "limit=0", "limit=201", "from=yesterday"):
        answer = await client.get(f"{BASE}/audit/credit/all?{query}", headers=as_admin)
        assert answer.status_code in (400, 422), query
    own = await bearer_of(shop)
    assert (await client.get(f"{BASE}/audit/{shop.id}", headers=own)).status_code == 403
    assert (await client.get(f"{BASE}/audit/credit/all", headers=own)).status_code == 403
    assert (await client.get(f"{BASE}/jobs", headers=own)).status_code == 403
    assert (await client.get(f"{BASE}/jobs")).status_code == 401


@pytest.fixture
async def shop(make_retailer: MakeRetailer) -> Retailer:
    return await make_retailer()


async def test_signing_in_is_audited_with_the_request(client: httpx.AsyncClient, make_user: MakeUser) -> None:
    """[C80] LOGIN, with the id of the request that the answer names too."""
    user = await make_user(password_hash=await hash_password("namaste-surkhet"))
    answer = await client.post(
        "/api/v1/auth/login",
        json={"phoneNumber": user.phone, "password": "namaste-surkhet"},
        headers={"X-Request-ID": "login-of-today"},
    )
    token = {"Authorization": f"Bearer {answer.json()['data']['accessToken']}"}
    (login,) = await pages(client, token, "/audit/credit/all?action=LOGIN")
    assert (login["requestId"], login["performedById"], login["newValues"]) == (
        "login-of-today",
        str(user.id),
        {"way": "password"},
    )


# --- jobs ---------------------------------------------------------------------------------------------------------


class BreakDown(JobPayload, frozen=True, kw_only=True):
    """A job nobody can run."""

    order_id: UUID
    phone: str


async def test_jobs_with_their_runs_and_the_queue(
    client: httpx.AsyncClient, as_admin: dict[str, str], database: Database
) -> None:
    """[X20] Each schedule with its next time and its last run; failed and waiting jobs by the ids they were told."""
    order_id = new_id()
    async with database.transaction() as tx:
        await enqueue_jobs(tx, [Job(payload=BreakDown(order_id=order_id, phone="+9779800000001"))])
    before = clock.now()
    answer = (await client.get(f"{BASE}/jobs", headers=as_admin)).json()["data"]
    by_name = {one["name"]: one for one in answer["schedules"]}
    assert {"seal-ledger", "reconciliation", "reminders"} - set(by_name) == set()
    sealing = by_name["seal-ledger"]
    assert (sealing["cron"], sealing["lastRun"]) == ("*/15 * * * *", None)
    assert datetime.fromisoformat(sealing["nextRunAt"]) == next_slot("*/15 * * * *", before)
    assert answer["queue"]["queued"] == 1
    (job,) = answer["jobs"]
    assert (job["name"], job["state"], job["about"]) == ("BreakDown", "queued", {"order_id": str(order_id)})
    failed = (await client.get(f"{BASE}/jobs?state=failed", headers=as_admin)).json()["data"]
    assert failed["jobs"] == []
    assert (await client.get(f"{BASE}/jobs?state=lost", headers=as_admin)).status_code in (400, 422)


async def test_running_one_over_http(client: httpx.AsyncClient, as_admin: dict[str, str], database: Database) -> None:
    """[X20] A dry run tells and does nothing; a run answers its outcome, and is among the runs afterwards."""
    dry = (await client.post(f"{BASE}/jobs/seal-ledger/run", json={"dryRun": True}, headers=as_admin)).json()["data"]
    assert (dry["name"], dry["state"], list(dry["outcome"])) == ("seal-ledger", "WOULD_DO", ["waiting"])
    assert dry["outcome"]["waiting"] > 0
    async with database.reading() as tx:
        assert await find_runs(tx, ["seal-ledger"]) == []
    done = (await client.post(f"{BASE}/jobs/seal-ledger/run", headers=as_admin)).json()["data"]
    assert done["state"] == "DONE"
    assert set(done["outcome"]) == {"seals", "rows", "number", "hash"}
    listed = (await client.get(f"{BASE}/jobs", headers=as_admin)).json()["data"]["schedules"]
    (last,) = [one["lastRun"] for one in listed if one["name"] == "seal-ledger"]
    assert (last["outcome"], last["error"]) == (done["outcome"], None)
    missing = await client.post(f"{BASE}/jobs/no-such-work/run", headers=as_admin)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "JOB_NOT_FOUND")


async def test_a_run_that_takes_too_long_goes_on_in_a_worker(
    database: Database, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """[X20] The request answers in time; the run stays behind as one of nobody, which the next worker takes over."""
    never = asyncio.Event()

    async def work(_database: Database, _slot: datetime, _dry_run: bool) -> Mapping[str, Any]:
        await never.wait()
        return {}

    monkeypatch.setattr(running, "RUN_SECONDS_MAX", 0.05)
    slow = Schedule(name="slow", cron="0 0 * * *", run=work)
    run = await running.run_duty(database, admin, slow, dry_run=False)
    assert (run.state, run.outcome) == (running.RunState.HANDED_OVER, {})
    async with database.reading() as tx:
        (left,) = await find_runs(tx, ["slow"])
    assert (left.worker_id, left.finished_at, left.attempts) == (None, None, 0)


async def test_a_run_that_was_handed_over_is_finished_by_a_worker(
    database: Database, working: Working, client: httpx.AsyncClient, as_admin: dict[str, str]
) -> None:
    """[X20] Whatever was left behind is done once, with its outcome among the runs."""
    moment = clock.now()
    await hand_over(database, "seal-ledger", moment)
    async with working():
        async with asyncio.timeout(30):
            while True:
                async with database.reading() as tx:
                    runs = [run for run in await find_runs(tx, ["seal-ledger"]) if run.slot == moment]
                if runs[0].finished_at is not None:
                    break
                await asyncio.sleep(0.05)
    assert (runs[0].attempts, runs[0].error) == (1, None)


async def test_failed_jobs_over_http(client: httpx.AsyncClient, as_admin: dict[str, str], database: Database) -> None:
    """[X20] Tried again or discarded, with a reason that the audit keeps where one is given; nothing else is."""
    async with database.transaction() as tx:
        await enqueue_jobs(tx, [Job(payload=BreakDown(order_id=new_id(), phone="x"))])
        job_id = await tx.value("UPDATE pgqueuer SET status = 'failed', attempts = 10 RETURNING id")
    again = await client.post(f"{BASE}/jobs/{job_id}/retry", headers=as_admin)
    assert again.json()["data"] == {"id": job_id, "state": "queued"}
    not_failed = await client.post(f"{BASE}/jobs/{job_id}/discard", json={"reason": "x"}, headers=as_admin)
    assert not_failed.status_code == 404
    async with database.transaction() as tx:
        await tx.execute("UPDATE pgqueuer SET status = 'failed'")
    gone = await client.post(f"{BASE}/jobs/{job_id}/discard", json={"reason": "a test"}, headers=as_admin)
    assert gone.json()["data"] == {"id": job_id, "state": "discarded"}
    entries = await pages(client, as_admin, "/audit/credit/all?action=JOB_DISCARDED")
    assert [(one["reason"], one["requestId"] is None) for one in entries] == [("a test", False)]


# --- the nightly proof --------------------------------------------------------------------------------------------


@pytest.fixture
async def vandal(dsn: str) -> AsyncIterator[psycopg.AsyncConnection[Any]]:
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute("SET session_replication_role = replica")
        yield connection


async def test_a_sound_night(database: Database, shop: Retailer) -> None:
    """[C5] [C6] All invariants, the chain, no alarm; a dry run says the same."""
    await seal_everything(database, SEALED_TABLES)
    outcome = await reconcile(database, CHECKS, clock.now(), False)
    assert (outcome["checks"], outcome["differences"], outcome["found"]) == (len(CHECKS), 0, [])
    assert outcome["rows_compared"] > 0
    assert await reconcile(database, CHECKS, clock.now(), True) == outcome
    assert RECONCILIATION_DIFFERENCES._value.get() == 0
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM pgqueuer WHERE entrypoint = 'DeliverEvent'") == 0


async def test_a_night_on_which_something_differs_calls_the_staff(
    database: Database,
    shop: Retailer,
    make_user: MakeUser,
    vandal: psycopg.AsyncConnection[Any],
    working: Working,
    settle: Settle,
) -> None:
    """[C5] [X31] An edit past all guards: a figure, the alarm on the first page, one message to every admin."""
    asha = await make_user(ActorRole.ADMIN)
    await seal_everything(database, SEALED_TABLES)
    await vandal.execute("UPDATE audit_entries SET actor_name = 'Nobody' WHERE retailer_id = %s", [shop.id])
    schedule = Schedule(name=RECONCILIATION, cron="30 2 * * *", run=_reconcile)
    outcome = await run_by_hand(database, schedule, clock.now(), dry_run=False)
    assert outcome["differences"] == 1
    assert "audit_entries" in outcome["found"][0]
    assert "changed" in outcome["found"][0]
    assert RECONCILIATION_DIFFERENCES._value.get() == 1
    async with database.reading() as tx:
        alarm = await find_alarm(tx)
    assert alarm is not None
    assert (alarm.differences, alarm.summary) == (1, outcome["found"][0])
    async with working():
        await settle()
    async with database.reading() as tx:
        told = await tx.values(
            """
            SELECT body FROM outbound_messages JOIN contacts ON contacts.id = contact_id
            WHERE phone = %(phone)s AND dedupe_key LIKE 'reconciliation:%%'
            """,
            {"phone": asha.phone},
        )
    assert len(told) >= 1
    assert "The books differ (1)" in told[0]


async def _reconcile(database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
    return await reconcile(database, CHECKS, slot, dry_run)


def test_every_seal_is_looked_into_once_in_four_weeks() -> None:
    """[C6] The last day's every night, each older one on one night of twenty-eight."""
    start = datetime(2026, 2, 10, 20, 45, tzinfo=UTC)
    nights = [seals_of_the_night(start + timedelta(days=day)) for day in range(NIGHTS)]
    newest = 5_000
    for number in range(1, newest - 96):
        assert sum(chosen(number, newest) for chosen in nights) == 1
    assert all(chosen(number, newest) for chosen in nights for number in range(newest - 95, newest + 1))
