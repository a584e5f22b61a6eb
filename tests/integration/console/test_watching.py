"""The pages of those who watch over it: the audit with its filters, schedules run by hand, jobs that failed."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from uuid import UUID

import pytest
from tests.integration.console.conftest import SignedIn

from khaacho.actors import Actor, ActorRole
from khaacho.console.audit import changes_of, read_audit_filters
from khaacho.console.jobs import cadence
from khaacho.ids import new_id
from khaacho.oversight.reconciling import RECONCILIATION
from khaacho.parties.records import Retailer, Vendor
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Database
from khaacho.platform.queue import Job, JobPayload, enqueue_jobs
from khaacho.platform.scheduler import find_runs, record_run


class BreakDown(JobPayload, frozen=True, kw_only=True):
    """A job nobody can run."""

    order_id: UUID


async def fail_a_job(database: Database) -> int:
    """A job that failed for good."""
    async with database.transaction() as tx:
        await enqueue_jobs(tx, [Job(payload=BreakDown(order_id=new_id()))])
        job_id: int = await tx.value(
            "UPDATE pgqueuer SET status = 'failed', attempts = 10 WHERE entrypoint = 'BreakDown' RETURNING id"
        )
    return job_id


# --- the audit ----------------------------------------------------------------------------------------------------


async def test_the_audit_shows_who_did_what_and_what_became_of_it(
    signed_in: SignedIn, database: Database, admin: Actor, shop: Retailer
) -> None:
    """[C80] Newest first, with the shop's name, old and new values as people read them, and the reason, escaped."""
    entry = AuditEntry(
        action="CREDIT_LIMIT_CHANGED",
        subject_kind="credit_account",
        subject_id=new_id(),
        retailer_id=shop.id,
        reason="pays <well>",
        old={"limit_paisa": 100_000_00, "terms_days": 7},
        new={"limit_paisa": 150_000_00, "terms_days": 7},
    )
    async with database.transaction() as tx:
        await record_audit(tx, admin, [entry])
    guest = await signed_in()
    page = (await guest.look("/console/audit?lang=en")).text
    assert "Credit limit changed" in page
    assert "Gita &amp; Sons &lt;Kirana&gt;" in page
    assert "pays &lt;well&gt;" in page
    assert "Rs.\u00a01,00,000</del>" in page
    assert "Rs.\u00a01,50,000</ins>" in page
    assert "days to pay" not in page
    entries = page.split("audit-list")[1]
    assert entries.index("Signed in") < entries.index("Credit limit changed")


async def test_the_audit_is_narrowed_by_who_what_which_shop_and_when(
    signed_in: SignedIn, database: Database, admin: Actor, shop: Retailer
) -> None:
    """[C80] Filters work together; a shop is found by its name, and one that does not exist is said so."""
    async with database.transaction() as tx:
        for number, name in enumerate(("Hari", "Sita")):
            by = Actor(role=ActorRole.OPERATOR, name=name, request_id=f"request-{number}")
            entry = AuditEntry(action="OVERRIDE", subject_kind="order", subject_id=new_id(), reason=f"by {name}")
            of_shop = AuditEntry(action="TESTED", subject_kind="x", subject_id=new_id(), retailer_id=shop.id)
            await record_audit(tx, by, [entry, of_shop])
    guest = await signed_in()
    by_hari = (await guest.look("/console/audit?who=hari")).text
    assert ("by Hari" in by_hari, "by Sita" in by_hari) == (True, False)
    overridden = (await guest.look("/console/audit?action=OVERRIDE&lang=en")).text
    assert overridden.count("Because:") == 2
    assert "request-1" in overridden
    of_shop = (await guest.look("/console/audit?shop=Gita&who=Sita&lang=en")).text
    assert of_shop.count('class="audit-row"') == 1
    assert "No shop fits" in (await guest.look("/console/audit?shop=Nowhere&lang=en")).text
    assert "Nothing was found" in (await guest.look("/console/audit?to=2020-01-01&lang=en")).text
    nonsense = await guest.look("/console/audit?from=x&retailer=y&after=z&action=%00")
    assert nonsense.status_code == 200


async def test_the_audit_of_credit_is_read_in_words(
    signed_in: SignedIn, database: Database, admin: Actor, shop: Retailer
) -> None:
    """[C80] Amounts as amounts, states and yes or no in the reader's language, moments on the clock of the business."""
    paid = {
        "method": "CASH",
        "event_at": "2026-02-10T06:20:00+00:00",
        "allocations": [{"transaction_id": str(new_id()), "amount_paisa": 100_050}],
        "unapplied_paisa": 0,
        "reference": None,
    }
    paused = {"credit_status": "PAUSED", "automatic": True}
    async with database.transaction() as tx:
        for action, old, new in (("CREDIT_CLEARED", None, paid), ("PAUSE_CREDIT", {"credit_status": "ACTIVE"}, paused)):
            entry = AuditEntry(
                action=action, subject_kind="x", subject_id=new_id(), retailer_id=shop.id, old=old, new=new
            )
            await record_audit(tx, admin, [entry])
    guest = await signed_in()
    english, nepali = [
        re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", (await guest.look(f"/console/audit?lang={lang}")).text))
        for lang in ("en", "ne")
    ]
    for words in (
        "cleared after Rs. 1,000.50",
        "paid by after Cash",
        "happened after 2026-02-10 12:05",
        "by rule after yes",
    ):
        assert words in english, words
    assert "reference" not in english
    for words in ("चुक्ता भएको पछि Rs. 1,000.50", "तिरेको तरिका पछि नगद", "सक्रिय → पछि रोकिएको", "नियमले पछि हो"):
        assert words in nepali, words


async def test_the_audit_goes_on_where_it_stopped(signed_in: SignedIn, database: Database, admin: Actor) -> None:
    """[C80] Thirty at a time; following the link meets every entry once."""
    async with database.transaction() as tx:
        for number in range(70):
            entry = AuditEntry(action="TESTED", subject_kind="x", subject_id=new_id(), reason=f"number {number}.")
            await record_audit(tx, admin, [entry])
    guest = await signed_in()
    page = (await guest.look("/console/audit?action=TESTED")).text
    seen = page.count("number ")
    while 'hx-get="' in page:
        address = page.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
        page = (await guest.look(address, **{"HX-Request": "true"})).text
        assert "<html" not in page
        seen += page.count("number ")
    assert seen == 70


def test_filters_that_make_no_sense_are_left_out() -> None:
    """An address somebody typed is a wish, not a fault."""
    asked = read_audit_filters({"from": "yesterday", "retailer": "me", "who": " Hari\x00 ", "to": "2026-02-10"})
    assert (asked.since, asked.retailer, asked.who, str(asked.until)) == (None, None, "Hari", "2026-02-10")
    assert asked.address(who=None) == "/console/audit?to=2026-02-10"
    assert not read_audit_filters({}).narrows


@pytest.mark.parametrize(
    ("old", "new", "shown"),
    [
        (None, {"way": "code"}, [("way", None, "code")]),
        ({"status": "A", "x": 1}, {"status": "B", "x": 1}, [("status", "A", "B")]),
        ({"limit_paisa": 5_00}, {"limit_paisa": 7_50}, [("limit", "Rs.\u00a05", "Rs.\u00a07.50")]),
        ({"note": None}, {"note": ["a"]}, [("note", "–", '["a"]')]),
        (
            None,
            {
                "allocations": [
                    {"transaction_id": "7", "amount_paisa": 1_000_50},
                    {"transaction_id": "8", "amount_paisa": 5},
                ]
            },
            [("allocations", None, "Rs.\u00a01,000.50; Rs.\u00a00.05")],
        ),
        (None, {"event_at": "2026-02-10T18:20:00+00:00"}, [("event_at", None, "2026-02-11 00:05")]),
        ({"disputed": False}, {"disputed": True}, [("disputed", "False", "True")]),
        (None, {"reference": None, "allocations": []}, []),
        (None, None, []),
    ],
)
def test_values_before_and_after(old: object, new: object, shown: list[tuple[object, ...]]) -> None:
    """Only what differs, in words."""
    changes = changes_of(old, new)  # type: ignore[arg-type]
    assert [(one.name, one.old, one.new) for one in changes] == shown


# --- jobs ---------------------------------------------------------------------------------------------------------


async def test_the_jobs_page_lists_every_schedule_with_its_last_run(signed_in: SignedIn, database: Database) -> None:
    """[X20] When it runs, when it ran, what came of it; in Nepali too."""
    await record_run(database, "seal-ledger", datetime(2026, 2, 10, 4, 15, tzinfo=UTC), {"rows": 4711})
    guest = await signed_in()
    page = (await guest.look("/console/jobs?lang=en")).text
    for name in ("seal-ledger", "reconciliation", "throw-away", "sweep-messages"):
        assert f">{name}</span>" in page
    assert "every 15 min" in page
    assert "daily at 02:30" in page
    assert "4711" in page
    assert "No job has failed for good" in page
    assert "हरेक 15 मिनेट" in (await guest.look("/console/jobs?lang=ne")).text


async def test_a_dry_run_shows_what_it_would_do_and_does_nothing(signed_in: SignedIn, database: Database) -> None:
    """[X20] The figures are on the page, no run is recorded, nothing is sealed."""
    guest = await signed_in()
    await guest.look("/console/jobs?lang=en")
    answer = await guest.submit("/console/jobs/run", name="seal-ledger", dry="1")
    assert answer.status_code == 200
    assert "would do this" in answer.text
    assert "waiting" in answer.text
    async with database.reading() as tx:
        assert await find_runs(tx, ["seal-ledger"]) == []
        assert await tx.value("SELECT count(*) FROM seals") == 0


async def test_running_one_by_hand_is_recorded_and_audited(signed_in: SignedIn, database: Database) -> None:
    """[X20] Its outcome is shown and kept among the runs; the audit knows who ran it."""
    guest = await signed_in()
    await guest.look("/console/jobs")
    answer = await guest.submit("/console/jobs/run", name="throw-away")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/jobs?ran=throw-away")
    page = (await guest.look(f"{answer.headers['location']}&lang=en")).text
    assert "has run" in page
    assert "idempotency keys" in page
    async with database.reading() as tx:
        (run,) = await find_runs(tx, ["throw-away"])
        assert (run.worker_id, run.error) == (None, None)
        rows = await tx.dicts("SELECT new_values, request_id FROM audit_entries WHERE action = 'JOB_RUN'")
    assert [row["new_values"] for row in rows] == [{"job": "throw-away"}]
    assert rows[0]["request_id"]


async def test_a_failed_job_is_tried_again_or_discarded_with_a_reason(signed_in: SignedIn, database: Database) -> None:
    """[X20] Without a reason nothing happens; with one it is done and audited."""
    job_id = await fail_a_job(database)
    guest = await signed_in()
    page = (await guest.look("/console/jobs?lang=en")).text
    assert "BreakDown" in page
    refused = await guest.submit(f"/console/jobs/failed/{job_id}/retry", reason=" ")
    assert (refused.status_code, "not possible" in refused.text) == (422, True)
    again = await guest.submit(f"/console/jobs/failed/{job_id}/retry", reason="the cause is mended")
    assert again.headers["location"] == "/console/jobs?done=retry"
    async with database.transaction() as tx:
        assert await tx.value("SELECT status::text FROM pgqueuer") == "queued"
        await tx.execute("UPDATE pgqueuer SET status = 'failed'")
    await guest.look("/console/jobs")
    gone = await guest.submit(f"/console/jobs/failed/{job_id}/discard", reason="it was a test")
    assert gone.headers["location"] == "/console/jobs?done=discard"
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM pgqueuer") == 0
        reasons = await tx.values("SELECT reason FROM audit_entries WHERE subject_kind = 'job' ORDER BY id")
    assert reasons == ["the cause is mended", "it was a test"]
    await guest.look("/console/jobs")
    missing = await guest.submit(f"/console/jobs/failed/{job_id}/discard", reason="once more")
    assert missing.status_code == 404


async def test_who_may_see_and_do_it(signed_in: SignedIn, vendor: Vendor) -> None:
    """[X10] A wholesaler has neither page nor link; staff have both."""
    guest = await signed_in(vendor)
    assert (await guest.look("/console/audit")).status_code == 403
    assert (await guest.look("/console/jobs")).status_code == 403
    assert "/console/jobs" not in (await guest.look("/console/orders")).text
    staff = await signed_in(role=ActorRole.OPERATOR)
    page = (await staff.look("/console")).text
    assert 'href="/console/audit"' in page
    assert 'href="/console/jobs"' in page
    assert (await staff.client.post("/console/jobs/run", data={"name": "throw-away"})).status_code == 403


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("* * * * *", ("jobs.every_minute", {})),
        ("*/15 * * * *", ("jobs.every_minutes", {"number": "15"})),
        ("0 */6 * * *", ("jobs.every_hours", {"number": "6"})),
        ("30 2 * * *", ("jobs.daily", {"time": "02:30"})),
        ("0 4 * * 0", ("jobs.cron", {"cron": "0 4 * * 0"})),
    ],
)
def test_cron_times_in_words(cron: str, words: tuple[str, dict[str, str]]) -> None:
    """What people say instead of five stars."""
    assert cadence(cron) == words


async def test_today_tells_when_the_books_differ(signed_in: SignedIn, database: Database) -> None:
    """[C5] The newest reconciliation speaks: an alarm stands until one finds nothing."""
    guest = await signed_in()
    assert "The books differ" not in (await guest.look("/console?lang=en")).text
    found = {"differences": 2, "found": ["zero_sum: NPR: expected 0, found 5"]}
    await record_run(database, RECONCILIATION, datetime(2026, 2, 10, 20, 45, tzinfo=UTC), found)
    page = (await guest.look("/console")).text
    assert "The books differ" in page
    assert "zero_sum" in page
    await record_run(
        database, RECONCILIATION, datetime(2026, 2, 11, 20, 45, tzinfo=UTC), {"differences": 0, "found": []}
    )
    assert "The books differ" not in (await guest.look("/console")).text
