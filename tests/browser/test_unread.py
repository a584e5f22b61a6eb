"""What nobody could read, in a browser: found by a thumb, taught with the search box, on a small page and a large."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import DESK_WIDTH, PHONE_WIDTH, OpenPage
from tests.browser.test_console import BEYOND_THE_EDGE, CONTRAST, NAMES
from tests.fixtures.people import MakeUser
from tests.fixtures.town import Town
from tests.integration.console.conftest import PASSWORD

from khaacho.actors import ActorRole
from khaacho.parties.records import User
from khaacho.parties.signin.passwords import hash_password

pytestmark = pytest.mark.browser


@pytest.fixture
async def chief(make_user: MakeUser) -> User:
    """An admin who can sign in."""
    return await make_user(ActorRole.ADMIN, name="Asha Admin", password_hash=await hash_password(PASSWORD))


@pytest.fixture
async def talk(town: Town, working: Any) -> AsyncIterator[Town]:
    """The town with a worker, and three messages nobody could read in whole."""
    async with working():
        await town.says(town.shop, "namaste dai, wai wai chicken 75g 2 carton ra zilky paste 4 packet pathaidinu")
        await town.says(town.shop, "CONFIRM COD")
        await town.says(town.shop, "qwrtp zzkrt blonk, " * 6)
        await town.says(town.shop, "brugal rum 12 bottle chahiyo, chito")
        yield town


async def faults(page: Page) -> list[str]:
    """Everything on the page that a person with weak eyes, a keyboard or a small telephone would stumble over."""
    found: list[str] = []
    for look in (CONTRAST, NAMES, BEYOND_THE_EDGE):
        found += await page.evaluate(look)
    return found + page.complaints  # type: ignore[attr-defined]


async def test_words_are_taught_with_the_search_box(open_page: OpenPage, chief: User, talk: Town) -> None:
    """[O14] From the list to the message, search while typing, choose, teach; the shop's next order is understood."""
    page = await open_page(width=PHONE_WIDTH, user=chief)
    await page.goto("/console/unread")
    await page.get_by_role("link", name="brugal rum").click()
    await expect(page.get_by_role("heading", name="“brugal rum”")).to_be_visible()
    await page.get_by_label("mean this product").press_sequentially("tori", delay=15)
    await expect(page.get_by_text("Choose one")).to_be_visible()
    await page.get_by_label("mean this product").fill("wai wai veg")
    await page.get_by_label("Wai Wai Veg Masala Noodles 75 g").check()
    await page.get_by_role("button", name="Teach for this shop").click()
    await expect(page.get_by_role("status")).to_contain_text("Learnt")
    await expect(page.get_by_role("link", name="brugal rum")).to_have_count(0)
    assert "Wai Wai Veg Masala Noodles" in await talk.says(talk.shop, "brugal rum 12 packet")
    await page.goto("/console/unread/words")
    await page.get_by_role("button", name="Forget: brugal rum").click()
    await expect(page.get_by_role("status")).to_contain_text("Forgotten")
    await expect(page.get_by_text("No words have been taught")).to_be_visible()
    assert page.complaints == []  # type: ignore[attr-defined]


async def test_the_words_typed_are_the_words_taught(open_page: OpenPage, chief: User, talk: Town) -> None:
    """Of a message of which nothing was understood, a person says which words mean the product."""
    page = await open_page(user=chief)
    await page.goto("/console/unread")
    await page.get_by_role("link", name="qwrtp").click()
    await page.get_by_label("These words").fill("qwrtp")
    await page.get_by_label("mean this product").fill("wai wai veg")
    await page.get_by_label("Wai Wai Veg Masala Noodles 75 g").check()
    await page.get_by_role("button", name="Teach for everyone").click()
    await expect(page.get_by_role("status")).to_contain_text("Learnt")
    assert "Wai Wai Veg Masala Noodles" in await talk.says(talk.shop, "qwrtp 12 packet")


@pytest.mark.parametrize("width", [PHONE_WIDTH, DESK_WIDTH])
async def test_the_pages_stand_on_any_screen(open_page: OpenPage, chief: User, talk: Town, width: int) -> None:
    """Nothing runs over the edge, every field has a name, and every word can be read, in light and in the dark."""
    page = await open_page(width=width, user=chief)
    await page.goto("/console/unread")
    item = await page.get_by_role("link", name="zilky paste").get_attribute("href")
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        for address in (
            "/console/unread",
            f"{item}?q=wai+wai",
            "/console/unread/words",
            "/console/unread?show=settled",
        ):
            await page.goto(address)
            assert await faults(page) == [], (address, scheme)
