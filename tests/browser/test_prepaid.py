"""A freelancer buys, applies, withdraws and is paid back, and a client posts and cancels, in a real browser."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from tests.browser.conftest import DESK_WIDTH, PHONE_WIDTH, sign_in
from tests.browser.test_console import BEYOND_THE_EDGE, CONTRAST, NAMES
from tests.fixtures.credits import KEY_ID, KEY_SECRET, WEBHOOK_SECRET, bought_by
from tests.fixtures.people import MakeUser
from tests.fixtures.processes import MakeSettings, Serve, Working
from tests.fixtures.projects import Apply, MakeProject, credits_of
from tests.fixtures.purchases import Buy
from tests.integration.console.conftest import PASSWORD

from khaacho import clock
from khaacho.actors import ActorRole
from khaacho.duties import CHECKS
from khaacho.parties.records import User
from khaacho.parties.signin.passwords import hash_password
from khaacho.platform.checks import run_checks
from khaacho.platform.database import Database
from khaacho.prepaid.gateways.registry import open_gateways
from khaacho.prepaid.packages import find_packages
from khaacho.prepaid.reconciliation import reconcile_purchases
from khaacho.prepaid.terms import find_terms

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


async def test_a_closed_tab_an_application_withdrawn_and_a_cancelled_project(
    database: Database,
    somebody: SignedIn,
    sita: User,
    boss: User,
    working: Working,
    worker_settings: dict[str, Any],
) -> None:
    """[P14, P21, P22] Nobody comes back from the checkout, and the credits come; what is withdrawn in time and what a
    client cancels comes back too; the books hold at every step.
    """
    async with working(**worker_settings):
        page, desk = await somebody(sita), await somebody(boss, width=DESK_WIDTH)
        for title in ("Photos of forty products", "Carry rice to Chhinchu"):
            await post_in(desk, title)
        await assert_checks_are_clean(database)

        await buy_basic(page)
        await page.get_by_role("button", name="Pay ₹1125.00").click()
        await expect(page.get_by_role("status")).to_contain_text("The payment was taken")
        context = page.context
        await page.close()
        page = await context.new_page()
        await page.goto("/console/work/history?lang=en")
        await shown_after_reloads(page, page.locator("#lines").get_by_text("Bought"))
        await shown_after_reloads(page, page.locator("#lines").get_by_text("Welcome"))
        assert await bought_by(database, sita) == 25
        await assert_checks_are_clean(database)
        before = await credits_of(database, sita.id)

        await apply_in(page, "Photos of forty products")
        assert await credits_of(database, sita.id) == before - 1
        await page.get_by_label("Withdraw: Photos of forty products").click()
        await expect(page.get_by_text("Withdrawing now gives back 1 of 1 (100 %).")).to_be_visible()
        await page.get_by_role("button", name="Withdraw now").click()
        await expect(page.get_by_role("status")).to_contain_text("the credits are back")
        assert await credits_of(database, sita.id) == before
        await assert_checks_are_clean(database)

        await apply_in(page, "Carry rice to Chhinchu")
        assert await credits_of(database, sita.id) == before - 1
        await cancel_in(desk, "Carry rice to Chhinchu", units=1)
        await page.reload()
        await expect(page.get_by_text("Came back: 1 (the project was cancelled)")).to_be_visible()
        assert await credits_of(database, sita.id) == before
        await page.goto("/console/work/history?type=REFUND")
        await expect(page.locator("#lines li")).to_have_count(2)
    await assert_checks_are_clean(database)
    assert desk.complaints == []  # type: ignore[attr-defined]


async def test_a_lost_event_is_made_up_for(
    database: Database,
    somebody: SignedIn,
    sita: User,
    make_settings: MakeSettings,
    worker_settings: dict[str, Any],
) -> None:
    """[P14] The tab is closed, and no event is ever sent: the purchase stays pending until it is asked about."""
    page = await somebody(sita)
    await page.get_by_label("Or a number of your own").fill("7")
    await page.get_by_role("button", name="Buy", exact=True).click()
    await page.get_by_label("Pays; no event is ever sent").check()
    await page.get_by_role("button", name="Pay ₹350.00").click()
    await expect(page.get_by_role("status")).to_be_visible()
    await page.goto("/console/work/history?lang=en")
    pending = page.locator(".rows").first
    await expect(pending).to_contain_text("Waiting for payment")
    await pending.get_by_role("link").click()
    await expect(page.get_by_role("status")).to_contain_text("We wait for your payment")
    gateways = open_gateways(make_settings(**worker_settings))
    with clock.travelled_to(clock.now() + timedelta(minutes=16)):
        await reconcile_purchases(database, gateways, False)
    # The page asks for itself.
    await expect(page.get_by_role("status")).to_contain_text("7 credits are yours")
    assert await credits_of(database, sita.id) == 7
    await assert_checks_are_clean(database)
    assert page.complaints == []  # type: ignore[attr-defined]


async def test_what_is_refused_is_said_and_changes_nothing(
    database: Database, somebody: SignedIn, sita: User, boss: User, make_project: MakeProject
) -> None:
    """[P3, P32] Too many credits, too few to apply, a declined card, a forged proof, pages of the team: each with a
    word, and the balance stays.
    """
    page = await somebody(sita)
    await page.locator("#units").evaluate("one => one.removeAttribute('max')")
    await page.get_by_label("Or a number of your own").fill("900")
    await page.get_by_role("button", name="Buy", exact=True).click()
    await expect(page.get_by_role("alert")).to_contain_text("between 1 and 200 credits")
    await buy_basic(page)
    await page.get_by_label("Declined").check()
    await page.get_by_role("button", name="Pay ₹1125.00").click()
    await expect(page.get_by_role("alert")).to_contain_text("Nothing was taken")
    forged = "razorpay_order_id=order_x&razorpay_payment_id=pay_x&razorpay_signature=00"
    await page.goto(f"/console/work/paid?{forged}")
    await expect(page.get_by_role("alert")).to_contain_text("signature does not fit")
    project = await make_project()
    await page.goto(f"/console/work/projects/{project.id}")
    await expect(page.get_by_text("Applying takes 1, and you have 0.")).to_be_visible()
    for address in ("/console/orders", "/console/credits", "/console/projects", f"/console/projects/{project.id}"):
        answer = await page.goto(address)
        assert answer is not None
        assert answer.status == 403, address
    home = await page.goto("/console")
    assert home is not None
    assert home.url.endswith("/console/work")
    assert await credits_of(database, sita.id) == 0
    desk = await somebody(boss)
    answer = await desk.goto("/console/work")
    assert answer is not None
    assert answer.status == 403
    await assert_checks_are_clean(database)


async def test_an_admin_sets_prices_and_adjusts_a_ledger(
    database: Database, somebody: SignedIn, sita: User, boss: User
) -> None:
    """[P1, P2, P30] A reason of ten characters, packages whose prices make sense, a price from tomorrow on."""
    page = await somebody(boss, width=DESK_WIDTH)
    await page.goto("/console/credits/people?q=sita&lang=en")
    await page.get_by_role("link", name="Sita Rana").click()
    await page.locator("summary", has_text="Give or take credits").click()
    await page.get_by_label("How many").fill("12")
    await page.get_by_label("Why (at least 10").fill("short")
    await page.get_by_label("Why (at least 10").evaluate("one => one.removeAttribute('minlength')")
    await page.get_by_role("button", name="Adjust").click()
    await expect(page.get_by_role("alert")).to_contain_text("at least 10 characters")
    assert await credits_of(database, sita.id) == 0
    await page.get_by_label("Why (at least 10").fill("for the lost parcel in Chhinchu")
    await page.get_by_role("button", name="Adjust").click()
    await expect(page.get_by_role("status")).to_contain_text("The balance is 12")
    await expect(page.get_by_text("for the lost parcel")).to_be_visible()

    await page.goto("/console/credits/settings")
    largest = page.locator(".package-row", has_text="Enterprise")
    await largest.get_by_label("Discount %").fill("5")
    await page.get_by_role("button", name="Save packages").click()
    await expect(page.get_by_role("alert")).to_contain_text("would cost more each than those of 'Pro'")
    await page.locator("[name=discount-3]").fill("35")
    await page.locator("[name=active-0]").uncheck()
    await page.get_by_role("button", name="Save packages").click()
    await expect(page.get_by_role("status")).to_contain_text("packages are saved")
    async with database.reading() as tx:
        assert [(one.name, one.discount_basis_points) for one in await find_packages(tx)] == [
            ("Basic", 1000),
            ("Pro", 2000),
            ("Enterprise", 3500),
        ]
    await page.get_by_label("Price of one credit (₹)").fill("60")
    tomorrow = clock.business_day() + timedelta(days=1)
    await page.get_by_label("From when").fill(f"{tomorrow.isoformat()}T06:00")
    await page.get_by_role("button", name="Save prices").click()
    await expect(page.get_by_text("to come")).to_be_visible()
    async with database.reading() as tx:
        assert (await find_terms(tx)).base_price_paisa == 5_000
    await page.goto("/console/credits")
    await expect(page.get_by_role("heading", name="Revenue")).to_be_visible()
    file = await page.request.get(await page.get_by_role("link", name="CSV").get_attribute("href") or "")
    assert "for the lost parcel in Chhinchu" in await file.text()
    await assert_checks_are_clean(database)


@pytest.mark.parametrize("width", [PHONE_WIDTH, DESK_WIDTH])
@pytest.mark.parametrize("language", ["en", "ne"])
async def test_nothing_runs_over_the_edge_and_everything_can_be_read(
    database: Database,
    somebody: SignedIn,
    sita: User,
    boss: User,
    make_project: MakeProject,
    apply: Apply,
    buy: Buy,
    width: int,
    language: str,
) -> None:
    """[WCAG 2.1 AA] All pages of credits and projects: contrast, names, no sideways scrolling, also when unfolded."""
    bought = await buy(sita.as_actor(), units=25, amount_paisa=112_500, package_name="Basic")
    project = await make_project(
        description="On the roof of the store, in the morning.\nBring a tripod.", city="Birendranagar"
    )
    await apply(sita.as_actor(), project)
    other = await make_project(title="Carry forty sacks of rice and twelve cartons of oil from the depot to Chhinchu")
    freelancer, admin = await somebody(sita, width=width), await somebody(boss, width=width)
    await freelancer.get_by_role("button", name="Buy 50").click()
    pages = [
        *(
            (freelancer, f"/console/work{rest}")
            for rest in (
                "",
                "/history",
                "/history?type=BONUS",
                "/projects",
                "/projects?q=nothing",
                f"/projects/{project.id}",
                f"/projects/{other.id}",
                "/applications",
                "/applications?status=REJECTED",
                f"/purchases/{bought.order_id}",
            )
        ),
        *(
            (admin, f"/console/{rest}")
            for rest in (
                "projects",
                "projects/new",
                f"projects/{project.id}",
                f"projects/{other.id}",
                "credits",
                "credits?days=365",
                "credits/people",
                f"credits/people/{sita.id}",
                "credits/settings",
            )
        ),
    ]
    for page, address in pages:
        await page.goto(f"{address}{'&' if '?' in address else '?'}lang={language}")
        await page.evaluate("() => document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert await page.evaluate(CONTRAST) == [], address
        assert await page.evaluate(NAMES) == [], address
        assert await page.evaluate(BEYOND_THE_EDGE) == [], address
    assert freelancer.complaints == admin.complaints == []  # type: ignore[attr-defined]


async def post_in(page: Page, title: str) -> None:
    """Post a project through the form."""
    await page.goto("/console/projects/new?lang=en")
    await page.get_by_label("What is to be done").fill(title)
    await page.get_by_label("Budget").fill("1,500")
    await page.get_by_role("button", name="Post it").click()
    await expect(page.get_by_role("status")).to_contain_text("The project is posted")


async def apply_in(page: Page, title: str) -> None:
    """Find a project in the list and apply."""
    await page.goto("/console/work/projects?lang=en")
    await page.get_by_role("link", name=title).click()
    await page.get_by_label("Why you?").fill("I live next door")
    await page.get_by_role("button", name="Apply (takes 1)").click()
    await expect(page.get_by_role("status")).to_contain_text("You have applied")


async def cancel_in(page: Page, title: str, *, units: int) -> None:
    """Cancel a project, having read what it pays back."""
    await page.goto("/console/projects?lang=en")
    await page.get_by_role("link", name=title).click()
    await page.locator("summary", has_text="Cancel").click()
    await expect(
        page.get_by_text(f"Credits paid back to those who applied: {units} (applications: 1).")
    ).to_be_visible()
    await page.locator("#cancel-reason").fill("the bridge is closed")
    await page.get_by_role("button", name="Cancel the project").click()
    await expect(page.get_by_role("status")).to_contain_text("the credits are paid back")


async def shown_after_reloads(page: Page, what: Locator, tries: int = 40) -> None:
    """Look again until it is there."""
    for _ in range(tries):
        if await what.count():
            return
        await page.wait_for_timeout(250)
        await page.reload()
    await expect(what).to_be_visible()
