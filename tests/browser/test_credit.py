"""Credit in a real browser: money comes in and the balance falls, credit is paused and given back, a promise is kept
in mind, and everything can be read and used on a phone, in both languages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect
from tests.browser.conftest import DESK_WIDTH, PHONE_WIDTH, OpenPage
from tests.browser.test_console import BEYOND_THE_EDGE, CONTRAST, NAMES
from tests.fixtures.debtors import BOOK_CHECKS, MakeDebtor, Owes
from tests.fixtures.owing import at_wall
from tests.fixtures.people import MakeUser
from tests.fixtures.trade import assert_books_hold
from tests.integration.console.conftest import PASSWORD, PlaceOrderOf

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.credit.lateness.claims import open_claim
from khaacho.credit.lateness.disputes import dispute_debit
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.records import NewPayment, PaymentMethod
from khaacho.parties.records import Locale, Retailer, User
from khaacho.parties.signin.passwords import hash_password
from khaacho.platform.database import Database

pytestmark = pytest.mark.browser

# Where two columns just fit, and just do not.
BETWEEN = (768, 960)
# Cards cut off what is wider than they are, so the page itself never scrolls: what they cut off is found here.
CUT_OFF = """
() => [...document.querySelectorAll("main .card")].filter(one => one.scrollWidth > one.clientWidth + 1)
    .map(one => one.innerText.slice(0, 60))
"""


@pytest.fixture
async def operator(make_user: MakeUser) -> User:
    """Somebody of the team who can sign in."""
    return await make_user(ActorRole.OPERATOR, name="Asha Gurung", password_hash=await hash_password(PASSWORD))


@pytest.fixture
async def debtor(make_debtor: MakeDebtor, owes: Owes) -> Retailer:
    """A shop with a long name that owes Rs 8,000: 5,000 since twelve days, 3,000 due tomorrow."""
    shop = await make_debtor(
        limit_rupees=20_000, pasal_name="Shree Bageshwori Kirana tatha Khadya Bhandar Stores", locale=Locale.NE
    )
    await owes(shop, 5_000, opened_at=clock.now() - timedelta(days=12))
    await owes(shop, 3_000, opened_at=at_wall(clock.business_day() - timedelta(days=6), 12))
    return shop


@pytest.fixture
async def busy(
    database: Database, admin: Actor, debtor: Retailer, owes: Owes, shop: Retailer, place_order: PlaceOrderOf
) -> Retailer:
    """The debtor with a cheque, a dispute, a claim of having paid and an old debt, and an order of another shop."""
    old = await owes(debtor, 4_000, opened_at=clock.now() - timedelta(days=40))
    async with database.transaction() as tx:
        cheque = NewPayment(
            amount_paisa=100_000, method=PaymentMethod.CHEQUE, retailer_id=debtor.id, reference="NIC Asia 0045171"
        )
        await record_payment(tx, admin, cheque)
        await record_payment(
            tx, admin, NewPayment(amount_paisa=50_000, method=PaymentMethod.CASH, retailer_id=debtor.id)
        )
        await dispute_debit(tx, admin, old.id, reason="two bags of rice arrived torn and wet")
        await open_claim(tx, debtor.id, said="maile hijo esewa bata tirisake hai dai")
    await place_order(3)
    return debtor


def act(page: Page, name: str) -> Locator:
    """The unfolding form of this name beside the figures."""
    return page.locator("section.acts details.act").filter(has=page.locator("summary", has_text=name))


async def unfold(page: Page, name: str) -> Locator:
    form = act(page, name)
    await form.locator("summary").press("Enter")
    return form


async def test_a_payment_recorded_lowers_what_is_owed(
    open_page: OpenPage, operator: User, debtor: Retailer, database: Database
) -> None:
    """[C60] From the dashboard to the shop, with the keyboard; the oldest item shows what it was paid from."""
    page = await open_page(user=operator)
    await page.goto("/console/credit?lang=en")
    await page.get_by_role("link", name=debtor.pasal_name).press("Enter")
    owed = page.locator(".grand strong")
    await expect(owed).to_have_text("Rs. 8,000.00")
    form = await unfold(page, "Record a payment")
    await form.get_by_label("Amount in rupees").fill("1,500")
    await form.get_by_label("How").select_option("MOBILE_MONEY")
    await form.get_by_label("Receipt or cheque number").fill("eSewa 9F3K")
    await form.get_by_role("button", name="Record payment").press("Enter")
    await expect(page.get_by_role("status")).to_have_text("The payment is recorded.")
    await expect(owed).to_have_text("Rs. 6,500.00")
    await expect(page.locator(".items tbody").first).to_contain_text("eSewa 9F3K")
    await page.reload()
    await expect(owed).to_have_text("Rs. 6,500.00")
    assert page.complaints == []  # type: ignore[attr-defined]
    await assert_books_hold(database, BOOK_CHECKS)


async def test_a_refused_payment_keeps_what_was_typed(open_page: OpenPage, operator: User, debtor: Retailer) -> None:
    """[C60] The refusal says what is wrong and that nothing changed; the form is open with its words."""
    page = await open_page(width=PHONE_WIDTH, user=operator)
    await page.goto(f"/console/retailers/{debtor.id}?lang=en")
    form = await unfold(page, "Record a payment")
    await form.get_by_label("Amount in rupees").fill("12.345")
    await form.get_by_label("Receipt or cheque number").fill("book 7")
    await form.get_by_role("button", name="Record payment").click()
    await expect(page.get_by_role("alert")).to_contain_text("At most two decimals")
    await expect(page.get_by_role("alert")).to_contain_text("Nothing was changed.")
    await expect(act(page, "Record a payment").get_by_label("Amount in rupees")).to_have_value("12.345")
    await expect(act(page, "Record a payment").get_by_label("Receipt or cheque number")).to_have_value("book 7")
    await expect(page.locator(".grand strong")).to_have_text("Rs. 8,000.00")


async def test_goods_that_came_back_are_adjusted_and_taken_back(
    open_page: OpenPage, operator: User, debtor: Retailer, database: Database
) -> None:
    """[C62, C63] What is owed falls by the return, and is as before when the adjustment is taken back."""
    page = await open_page(user=operator)
    await page.goto(f"/console/retailers/{debtor.id}?lang=en")
    form = await unfold(page, "Adjust what is owed")
    await form.get_by_label("Amount in rupees").fill("700")
    await form.get_by_label("Kind").select_option("RETURN")
    await form.get_by_label("Why?").fill("one carton came back wet")
    await form.get_by_role("button", name="Adjust").click()
    await expect(page.get_by_role("status")).to_contain_text("adjustment is recorded")
    await expect(page.locator(".grand strong")).to_have_text("Rs. 7,300.00")
    row = page.locator(".money-list li").filter(has_text="one carton came back wet")
    await row.locator("summary").click()
    await row.get_by_label("Why?").fill("it was another shop's")
    await row.get_by_role("button", name="Take it back").click()
    await expect(page.get_by_role("status")).to_contain_text("taken back")
    await expect(page.locator(".grand strong")).to_have_text("Rs. 8,000.00")
    await assert_books_hold(database, BOOK_CHECKS)


async def test_credit_is_paused_and_given_back(open_page: OpenPage, operator: User, debtor: Retailer) -> None:
    """[C50] The reason stands on the page and on the dashboard; giving back takes both away."""
    page = await open_page(width=PHONE_WIDTH, user=operator)
    await page.goto(f"/console/retailers/{debtor.id}?lang=en")
    form = await unfold(page, "Pause credit")
    await form.get_by_label("Why? The shop reads this.").fill("the owner is away until Dashain")
    await form.get_by_role("button", name="Pause").click()
    await expect(page.get_by_text("Stopped by a person: the owner is away until Dashain")).to_be_visible()
    await page.goto("/console/credit?standing=PAUSED")
    await expect(page.locator(".risk-table tbody tr")).to_have_count(1)
    await page.get_by_role("link", name=debtor.pasal_name).click()
    form = await unfold(page, "Give credit back")
    await form.get_by_role("button", name="Give back").click()
    await expect(page.get_by_role("status")).to_contain_text("Credit is open again")
    await expect(act(page, "Pause credit")).to_be_visible()


async def test_a_promise_holds_the_reminder_back(open_page: OpenPage, operator: User, debtor: Retailer) -> None:
    """[C40, C41] Tomorrow's text is shown in the shop's own language; with a promise it is left out, with the day."""
    page = await open_page(user=operator)
    await page.goto("/console/reminders?day=today&lang=en")
    text = page.locator(".reminder-list li").filter(has_text=debtor.pasal_name)
    await expect(text.locator(".words")).to_contain_text("तिर्न बाँकी")
    await expect(text.locator(".words")).to_contain_text("Rs.3,000")
    await text.get_by_role("link", name=debtor.pasal_name).click()
    form = await unfold(page, "Record a promise to pay")
    await form.get_by_label("They will pay by").fill((clock.business_day() + timedelta(days=3)).isoformat())
    await form.get_by_role("button", name="Record promise").click()
    await expect(page.get_by_role("status")).to_contain_text("nobody is reminded until then")
    await page.goto("/console/reminders?day=today")
    await expect(page.get_by_text("Nobody is reminded", exact=True)).to_be_visible()
    await expect(page.locator(".rows li").filter(has_text=debtor.pasal_name)).to_contain_text("Promised to pay by")


async def test_a_cheque_frees_nothing_until_the_bank_paid(
    open_page: OpenPage, operator: User, busy: Retailer, database: Database
) -> None:
    """[C61] From the dashboard's list of cheques to the shop; then what is owed falls by it."""
    page = await open_page(user=operator)
    await page.goto("/console/credit?lang=en")
    await page.get_by_role("region", name="Cheques at the bank").get_by_role("link").click()
    await expect(page.locator(".grand strong")).to_have_text("Rs. 11,500.00")
    cheque = page.locator(".money-list li").filter(has_text="NIC Asia 0045171")
    await expect(cheque).to_contain_text("Not cleared yet")
    await cheque.get_by_role("button", name="The bank paid").click()
    await expect(page.get_by_role("status")).to_have_text("The cheque is cleared.")
    await expect(page.locator(".grand strong")).to_have_text("Rs. 10,500.00")


async def test_a_claim_becomes_a_payment(open_page: OpenPage, operator: User, busy: Retailer) -> None:
    """[C41] A shop that says it paid: the dashboard leads there, recording the money closes it."""
    page = await open_page(width=PHONE_WIDTH, user=operator)
    await page.goto("/console/credit?lang=en")
    await page.get_by_role("region", name="They say they have paid").get_by_role("link").click()
    claim = page.locator("#claims")
    await expect(claim).to_contain_text("maile hijo esewa bata")
    await claim.locator("summary", has_text="The money is there").click()
    await claim.get_by_label("Amount in rupees").fill("2000")
    await claim.get_by_label("How").select_option("MOBILE_MONEY")
    await claim.get_by_role("button", name="Record it and close").click()
    await expect(page.get_by_role("status")).to_have_text("The payment is recorded.")
    await expect(page.locator("#claims")).to_have_count(0)
    await expect(page.locator(".grand strong")).to_have_text("Rs. 9,500.00")


async def test_the_dashboard_sorts_and_filters(open_page: OpenPage, operator: User, busy: Retailer) -> None:
    """[C30] By each column both ways, by age and by words; every list lives in its address."""
    page = await open_page(user=operator)
    await page.goto("/console/credit?lang=en")
    first = page.locator(".risk-table tbody tr").first
    await expect(first).to_contain_text(busy.pasal_name)
    await page.get_by_role("columnheader", name="Owed").get_by_role("link").click()
    await expect(first).to_contain_text("Gita & Sons <Kirana>")
    await expect(page.get_by_role("columnheader", name="Owed")).to_have_attribute("aria-sort", "ascending")
    await page.locator(".age-chart").get_by_role("link", name="30+ days").click()
    await expect(page.locator(".risk-table tbody tr")).to_have_count(1)
    await expect(first).to_contain_text(busy.pasal_name)
    await page.get_by_role("link", name="Owes something of 30+ days").click()
    await page.get_by_label("Search").fill("gita")
    await page.get_by_label("Search").press("Enter")
    await expect(page.locator(".risk-table tbody tr")).to_have_count(1)
    await expect(first).to_contain_text("Gita & Sons <Kirana>")


@pytest.mark.parametrize("width", [PHONE_WIDTH, DESK_WIDTH])
@pytest.mark.parametrize("language", ["en", "ne"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_runs_over_the_edge_and_everything_can_be_read(
    open_page: OpenPage,
    operator: User,
    busy: Retailer,
    shop: Retailer,
    owes: Owes,
    width: int,
    language: str,
    scheme: Any,
) -> None:
    """[WCAG 2.1 AA] Contrast, names of everything that can be used, and no sideways scrolling, also when unfolded."""
    await owes(shop, amount_paisa=78_765_43, opened_at=clock.now() - timedelta(days=9))
    page = await open_page(width=width, user=operator, color_scheme=scheme)
    for address in (
        "/console/credit",
        "/console/credit?standing=BLOCKED&q=nobody",
        f"/console/retailers/{busy.id}",
        f"/console/retailers/{shop.id}?done=payment",
        "/console/reminders",
        "/console/reminders?day=today",
    ):
        await page.set_viewport_size({"width": width, "height": 800})
        await page.goto(f"{address}{'&' if '?' in address else '?'}lang={language}")
        await page.evaluate("() => document.querySelectorAll('main details').forEach(one => { one.open = true; })")
        assert await page.evaluate(CONTRAST) == [], address
        assert await page.evaluate(NAMES) == [], address
        assert await page.evaluate(BEYOND_THE_EDGE) == [], address
        for beside in (width, *BETWEEN):
            await page.set_viewport_size({"width": beside, "height": 800})
            assert await page.evaluate(CUT_OFF) == [], (address, beside)
    assert page.complaints == []  # type: ignore[attr-defined]
