"""A freelancer buys, applies, withdraws and is paid back, and a client posts and cancels, in a real browser."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect
from tests.browser.conftest import DESK_WIDTH, PHONE_WIDTH, sign_in
from tests.browser.test_console import BEYOND_THE_EDGE, CONTRAST, NAMES
from tests.fixtures.credits import KEY_ID, KEY_SECRET, WEBHOOK_SECRET
from tests.fixtures.people import MakeUser
from tests.fixtures.processes import Serve, Working
from tests.fixtures.projects import MakeProject, credits_of
from tests.integration.console.conftest import PASSWORD

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.duties import CHECKS
from khaacho.ids import new_id
from khaacho.parties.records import User
from khaacho.parties.signin.passwords import hash_password
from khaacho.platform.checks import run_checks
from khaacho.platform.database import Database
from khaacho.prepaid.actions import adjust_credits

pytestmark = pytest.mark.browser

SANDBOX = {
    "KHAACHO_PAYMENT_SANDBOX": "on",
    "RAZORPAY_KEY_ID": KEY_ID,
    "RAZORPAY_KEY_SECRET": KEY_SECRET,
    "RAZORPAY_WEBHOOK_SECRET": WEBHOOK_SECRET,
    "RAZORPAY_BASE_URL": "http://127.0.0.1:{port}/sandbox/razorpay",
}
SignedIn = Callable[..., Awaitable[Page]]


@pytest.fixture
def shop_url(serve: Serve) -> Iterator[str]:
    """The application with its own sandbox for a gateway, as the demo runs it."""
    with serve(**SANDBOX) as url:
        yield url


@pytest.fixture
def worker_settings(shop_url: str) -> dict[str, Any]:
    """What the worker beside it must know."""
    port = shop_url.rsplit(":", 1)[1]
    return {name: value.replace("{port}", port) for name, value in SANDBOX.items()} | {"KHAACHO_HTTP_PORT": port}


@pytest.fixture
async def somebody(browser: Browser, shop_url: str) -> SignedIn:
    """`await somebody(user)`: a page of a browser of their own, signed in. Complaints of its console are collected."""

    async def enter(user: User, *, width: int = PHONE_WIDTH, **options: Any) -> Page:
        context = await browser.new_context(
            base_url=shop_url, viewport={"width": width, "height": 800}, locale="en-GB", **options
        )
        context.set_default_timeout(10_000)
        page = await context.new_page()
        page.complaints = []  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.complaints.append(str(error)))  # type: ignore[attr-defined]
        page.on(
            "console",
            lambda said: said.type == "error" and page.complaints.append(said.text),  # type: ignore[attr-defined]
        )
        await sign_in(page, user.phone)
        return page

    return enter


@pytest.fixture
async def sita(make_user: MakeUser) -> User:
    """A freelancer, for whom no welcome is waiting."""
    return await make_user(ActorRole.FREELANCER, name="Sita Rana", password_hash=await hash_password(PASSWORD))


@pytest.fixture
async def boss(make_user: MakeUser) -> User:
    """An admin who can sign in."""
    return await make_user(ActorRole.ADMIN, name="Asha Gurung", password_hash=await hash_password(PASSWORD))


async def assert_checks_are_clean(database: Database) -> None:
    """What `khaacho ledger check` would say."""
    assert [result for result in await run_checks(database, CHECKS) if not result.holds] == []


async def buy_basic(page: Page) -> None:
    """Choose the package of 25 and land on the sandbox's page."""
    await page.get_by_role("button", name="Buy 25").click()
    await expect(page.get_by_role("heading", name="Pay ₹1125.00")).to_be_visible()


async def test_buying_and_coming_back(database: Database, somebody: SignedIn, sita: User) -> None:
    """[P11] 25 credits through the sandbox's checkout and back: they are there, with a receipt; once."""
    page = await somebody(sita)
    await expect(page.get_by_role("heading", name="Your credits")).to_be_visible()
    await buy_basic(page)
    await page.get_by_role("button", name="Pay ₹1125.00").click()
    await page.get_by_role("button", name="Go back to the shop").click()
    await expect(page.get_by_role("status")).to_contain_text("25 credits are yours")
    await page.reload()
    assert await credits_of(database, sita.id) == 25
    await page.get_by_role("link", name="Credits", exact=True).click()
    await expect(page.locator("#balance")).to_have_text("25")
    receipt = await page.request.get(await page.get_by_role("link", name="Receipt").get_attribute("href") or "")
    assert (await receipt.body())[:5] == b"%PDF-"
    assert page.complaints == []  # type: ignore[attr-defined]
    await assert_checks_are_clean(database)
