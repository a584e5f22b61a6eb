"""Signing up as a freelancer in a real browser, up to the first credits; and coming back without the password."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from playwright.async_api import expect
from tests.browser.conftest import DESK_WIDTH, PHONE_WIDTH, OpenPage, sign_in
from tests.browser.test_console import BEYOND_THE_EDGE, CONTRAST, NAMES
from tests.fixtures.people import MakeUser, new_phone
from tests.fixtures.processes import Working
from tests.integration.console.conftest import PASSWORD
from tests.integration.console.test_sign_up import codes_of

from khaacho.actors import ActorRole
from khaacho.parties.signin.passwords import hash_password
from khaacho.platform.database import Database

pytestmark = pytest.mark.browser


async def test_a_freelancer_signs_up_is_let_in_and_has_the_welcome(
    database: Database,
    open_page: OpenPage,
    make_user: MakeUser,
    working: Working,
    settle: Callable[[], Awaitable[None]],
) -> None:
    """[P1] Phone, code, name, password; the team lets them in on the page of their ledger; five credits are there."""
    phone = new_phone()
    boss = await make_user(name="Asha Gurung", password_hash=await hash_password(PASSWORD))
    page = await open_page(width=PHONE_WIDTH)
    await page.goto("/console/sign-in?lang=en")
    await page.get_by_role("link", name="Sign up").click()
    await page.get_by_label("Your phone number, with WhatsApp").fill(phone.removeprefix("+977"))
    await page.get_by_role("button", name="Send me a code").click()
    await expect(page.get_by_role("status")).to_contain_text("A code is on its way")
    await page.get_by_label("Code").fill((await codes_of(database, phone))[-1])
    await page.get_by_label("Your name").fill("Sita Rana")
    await page.get_by_label("A password").fill(PASSWORD)
    await page.get_by_role("button", name="Sign up").click()
    await expect(page.get_by_role("heading", name="You are signed up")).to_be_visible()
    await expect(page.get_by_text("A welcome of 5 credits")).to_be_visible()
    async with working():
        desk = await open_page(width=DESK_WIDTH, user=boss)
        await desk.goto("/console/credits/people?lang=en")
        await desk.get_by_role("link", name="not let in yet").first.click()
        await desk.get_by_role("link", name="Sita Rana").click()
        await desk.get_by_role("button", name="Let them in").click()
        await expect(desk.get_by_role("status")).to_contain_text("They are let in.")
        await settle()
    await page.get_by_role("link", name="Sign in").click()
    await sign_in(page, phone)
    await expect(page.locator("#balance")).to_have_text("5")
    assert page.complaints == desk.complaints == []  # type: ignore[attr-defined]


async def test_a_freelancer_who_forgot_the_password_comes_back_by_a_code(
    database: Database, open_page: OpenPage, make_user: MakeUser
) -> None:
    """[X11] With scripts off: the number, the code that arrives, and they are where they wanted to be; a wrong code on
    the way is said kindly.
    """
    who = await make_user(ActorRole.FREELANCER, name="Sita Rana", password_hash=await hash_password(PASSWORD))
    page = await open_page(width=PHONE_WIDTH, java_script_enabled=False)
    await page.goto("/console/work/history?lang=en")
    await page.get_by_label("Phone number").fill(who.phone.removeprefix("+977"))
    await page.get_by_role("button", name="Send me a code instead").click()
    await expect(page.get_by_role("status")).to_contain_text("a code is on its way")
    await page.get_by_label("Code").fill("000")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_contain_text("not the newest code")
    await page.get_by_role("button", name="Send another code").click()
    await page.get_by_label("Code").fill((await codes_of(database, who.phone))[-1])
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("What happened to your credits")
    assert "/console/work/history" in page.url


@pytest.mark.parametrize("width", [PHONE_WIDTH, DESK_WIDTH])
@pytest.mark.parametrize(
    ("language", "send", "instead"),
    [("en", "Send me a code", "Send me a code instead"), ("ne", "कोड पठाउनुहोस्", "बरु कोड पठाउनुहोस्")],
)
async def test_each_step_fits_and_can_be_read(
    open_page: OpenPage, width: int, language: str, send: str, instead: str
) -> None:
    """[WCAG 2.1 AA] Also with a refusal on it, and the language may be changed on the way."""
    page = await open_page(width=width)
    steps = []

    async def look(step: str) -> None:
        steps.append(step)
        assert await page.evaluate("() => document.documentElement.lang") == language, step
        for probe in (CONTRAST, NAMES, BEYOND_THE_EDGE):
            assert await page.evaluate(probe) == [], step

    await page.goto(f"/console/sign-up?lang={language}")
    await look("phone")
    await page.locator("#phone").fill("12")
    await page.get_by_role("button", name=send).click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await look("a wrong phone")
    await page.locator("#phone").fill(new_phone())
    await page.get_by_role("button", name=send).click()
    await expect(page.get_by_role("status")).to_be_visible()
    await look("code")
    await page.locator("#code").fill("000")
    await page.locator("#name").fill("Sita Rana")
    await page.locator("#password").fill(PASSWORD)
    await page.locator("form.stacked button").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await look("a wrong code")
    await page.goto("/console/sign-up/done")
    await look("done")
    await page.goto("/console/sign-in")
    await look("sign-in")
    await page.locator("#phone").fill(new_phone())
    await page.get_by_role("button", name=instead).click()
    await expect(page.get_by_role("status")).to_be_visible()
    await look("sign-in, code")
    await page.locator("#code").fill("000")
    await page.locator("form.stacked button").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await look("sign-in, a wrong code")
    assert len(steps) == 8
