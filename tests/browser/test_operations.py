"""Audit and jobs in a real browser: readable on a phone, named for a screen reader, done with a keyboard."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import expect
from tests.browser.conftest import DESK_WIDTH, PHONE_WIDTH, OpenPage
from tests.browser.test_console import BEYOND_THE_EDGE, CONTRAST, NAMES
from tests.fixtures.people import MakeUser
from tests.integration.console.conftest import PASSWORD, PlaceOrderOf
from tests.integration.console.test_watching import fail_a_job

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.duties import CHECKS
from khaacho.ids import new_id
from khaacho.ledger.sealing import SCHEDULES
from khaacho.orders.fulfilment import accept_order, fail_order
from khaacho.oversight.reconciling import reconciliation
from khaacho.parties.records import Retailer, User
from khaacho.parties.signin.passwords import hash_password
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Database
from khaacho.platform.scheduler import run_by_hand

pytestmark = pytest.mark.browser

PAGES = (
    "/console/audit",
    "/console/audit?shop=Gita&action=ORDER_CREATED&from=2026-01-01",
    "/console/audit?shop=nobody",
    "/console/jobs",
    "/console/jobs?history=seal-ledger&ran=seal-ledger",
)


@pytest.fixture
async def operator(make_user: MakeUser) -> User:
    """Somebody of the team who can sign in."""
    return await make_user(ActorRole.OPERATOR, name="Asha Gurung", password_hash=await hash_password(PASSWORD))


@pytest.fixture
async def busy(database: Database, admin: Actor, place_order: PlaceOrderOf, shop: Retailer) -> int:
    """Orders, a changed limit, runs, and a job that failed for good; answers the job's number."""
    first, second = [await place_order(packets) for packets in (3, 20)]
    async with database.transaction() as tx:
        await accept_order(tx, admin, first.id)
        await fail_order(tx, admin, second.id, reason="the road at Babai is blocked by a landslide since morning")
        await record_audit(
            tx,
            admin,
            [
                AuditEntry(
                    action="CREDIT_LIMIT_CHANGED",
                    subject_kind="credit_account",
                    subject_id=new_id(),
                    retailer_id=shop.id,
                    reason="a good year",
                    old={"limit_paisa": 100_000_00},
                    new={"limit_paisa": 150_000_00},
                )
            ],
        )
    for schedule in (*SCHEDULES, reconciliation(CHECKS)):
        await run_by_hand(database, schedule, clock.now(), dry_run=False)
    return await fail_a_job(database)


@pytest.mark.parametrize("width", [PHONE_WIDTH, DESK_WIDTH])
@pytest.mark.parametrize("language", ["en", "ne"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_runs_over_the_edge_and_everything_can_be_read(
    open_page: OpenPage, operator: User, busy: int, width: int, language: str, scheme: Any
) -> None:
    """[WCAG 2.1 AA] Contrast, names of everything that can be used, and no sideways scrolling, also when unfolded."""
    page = await open_page(width=width, user=operator, color_scheme=scheme)
    for address in PAGES:
        await page.goto(f"{address}{'&' if '?' in address else '?'}lang={language}")
        await page.evaluate("() => document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert await page.evaluate(CONTRAST) == [], address
        assert await page.evaluate(NAMES) == [], address
        assert await page.evaluate(BEYOND_THE_EDGE) == [], address
    assert page.complaints == []  # type: ignore[attr-defined]


async def test_the_way_there_and_narrowing_the_audit(open_page: OpenPage, operator: User, busy: int) -> None:
    """[C80] On a phone through the account's sheet; a filter by action, then by the shop of an entry."""
    page = await open_page(width=PHONE_WIDTH, user=operator)
    await page.get_by_label("Your account").click()
    await page.get_by_role("link", name="Audit").click()
    await expect(page.get_by_role("heading", name="Audit")).to_be_visible()
    await page.get_by_label("What", exact=True).select_option("CREDIT_LIMIT_CHANGED")
    await page.get_by_role("button", name="Show", exact=True).click()
    await expect(page.locator(".audit-row").filter(has_text="Order placed")).to_have_count(0)
    entry = page.locator(".audit-row").filter(has_text="a good year")
    await expect(entry).to_contain_text("Rs. 1,50,000")
    await entry.get_by_role("link", name="Gita & Sons <Kirana>").click()
    await expect(page.locator(".chosen")).to_contain_text("Gita & Sons")
    assert "action=CREDIT_LIMIT_CHANGED" in page.url


async def test_a_dry_run_and_a_run_by_keyboard(open_page: OpenPage, operator: User, busy: int) -> None:
    """[X20] What it would do, then doing it, and its run in the history."""
    page = await open_page(user=operator)
    await page.goto("/console/jobs?lang=en")
    by_hand = page.get_by_label("Run “Throw away what is old” by hand")
    await by_hand.press("Enter")
    await page.get_by_role("button", name="What would it do?").press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("Nothing was changed")
    await by_hand.press("Enter")
    await page.get_by_role("button", name="Run now").press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("has run")
    await page.get_by_role("link", name="Its runs: Throw away what is old").press("Enter")
    await expect(page.get_by_role("heading", name="Runs: Throw away what is old")).to_be_visible()
    await expect(page.locator("tbody tr")).to_have_count(1)
    assert page.complaints == []  # type: ignore[attr-defined]


async def test_discarding_a_failed_job_asks_why(open_page: OpenPage, operator: User, busy: int) -> None:
    """[X20] The reason is needed; with it the job is gone and its place says that none failed."""
    page = await open_page(width=PHONE_WIDTH, user=operator)
    await page.goto("/console/jobs?lang=en")
    await page.get_by_label(f"Discard: BreakDown {busy}").click()
    why = page.get_by_role("textbox", name="Why?")
    await page.get_by_role("button", name="Discard").click()
    await expect(why).to_be_focused()
    await why.fill("it was a test")
    await page.get_by_role("button", name="Discard").click()
    await expect(page.get_by_role("status")).to_contain_text("The job is gone")
    await expect(page.get_by_text("No job has failed for good")).to_be_visible()
