"""A real Chromium on the real pages; the tests are skipped with a word where there is none."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Browser, Page, async_playwright
from tests.integration.console.conftest import PASSWORD, offer, place_order, shop, vendor

from khaacho.parties.records import User

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), None
)
# Nothing of its own over the network, and no sandbox, which root cannot have.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PHONE_WIDTH, DESK_WIDTH = 360, 1280

OpenPage = Callable[..., Awaitable[Page]]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """A browser with an empty profile."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine; Debian's package `chromium` is enough")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        await started.close()


@pytest.fixture
async def open_page(browser: Browser, web_url: str) -> OpenPage:
    """`await open_page(width=360)`: a page of the application. What its console complains of fails the test."""

    async def make(*, width: int = DESK_WIDTH, user: User | None = None, **options: Any) -> Page:
        context = await browser.new_context(
            base_url=web_url, viewport={"width": width, "height": 800}, locale="en-GB", **options
        )
        context.set_default_timeout(10_000)
        page = await context.new_page()
        page.complaints = []  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.complaints.append(str(error)))  # type: ignore[attr-defined]
        page.on(
            "console",
            lambda said: said.type == "error" and page.complaints.append(said.text),  # type: ignore[attr-defined]
        )
        if user is not None:
            await sign_in(page, user.phone)
        return page

    return make


async def sign_in(page: Page, phone: str, password: str = PASSWORD) -> None:
    """Through the form, as people do."""
    await page.goto("/console/sign-in?lang=en")
    await page.get_by_label("Phone number").fill(phone)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("button", name="Sign in").click()


__all__ = ["offer", "place_order", "shop", "vendor"]
