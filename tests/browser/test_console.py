"""The console as people use it: in a browser, with a thumb or a keyboard, on a small page and a large one."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect
from tests.browser.conftest import DESK_WIDTH, PHONE_WIDTH, OpenPage, sign_in
from tests.fixtures.people import MakeUser
from tests.fixtures.processes import Working
from tests.integration.console.conftest import PASSWORD, PlaceOrderOf

from khaacho.actors import Actor, ActorRole
from khaacho.catalog.records import Offer
from khaacho.orders.fulfilment import accept_order, fail_order
from khaacho.orders.queries import find_orders
from khaacho.orders.records import Order, OrderStatus
from khaacho.parties.records import Retailer, User, Vendor
from khaacho.parties.signin.passwords import hash_password
from khaacho.platform.database import Database

pytestmark = pytest.mark.browser

# WCAG 2.1 AA: 4.5 for text, 3 for large text.
CONTRAST = """
() => {
  const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  function rgb(colour) {
    probe.clearRect(0, 0, 1, 1); probe.fillStyle = colour; probe.fillRect(0, 0, 1, 1);
    return Array.from(probe.getImageData(0, 0, 1, 1).data);
  }
  function light(c) {
    const [r, g, b] = c.map(v => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; });
    return .2126 * r + .7152 * g + .0722 * b;
  }
  function ground(element) {
    for (let one = element; one; one = one.parentElement) {
      const style = getComputedStyle(one), c = rgb(style.backgroundColor);
      if (c[3] === 255) return c;
    }
    return rgb(getComputedStyle(document.body).backgroundColor);
  }
  const faults = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.textContent.trim(), element = walker.currentNode.parentElement;
    if (!text || !element.checkVisibility({ checkOpacity: true })) continue;
    if (element.closest(".sr, script, style, .skip")) continue;
    const style = getComputedStyle(element);
    const ink = light(rgb(style.color)), paper = light(ground(element));
    const ratio = (Math.max(ink, paper) + .05) / (Math.min(ink, paper) + .05);
    const size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.66 && +style.fontWeight >= 700);
    if (ratio < (large ? 3 : 4.5)) faults.push(`${ratio.toFixed(2)} "${text.slice(0, 30)}" ${element.className}`);
  }
  return [...new Set(faults)];
}
"""
NAMES = """
() => {
  const faults = [];
  const named = e => (e.labels && e.labels.length && e.labels[0].textContent.trim()) || e.getAttribute("aria-label");
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea"))
    if (!named(e)) faults.push("no label: " + e.outerHTML.slice(0, 80));
  for (const e of document.querySelectorAll("a[href], button, summary"))
    if (!(e.textContent.trim() || e.getAttribute("aria-label"))) faults.push("no name: " + e.outerHTML.slice(0, 80));
  for (const e of document.querySelectorAll("img")) if (!e.hasAttribute("alt")) faults.push("no alt: " + e.src);
  const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
  for (const id of ids.filter((one, at) => ids.indexOf(one) !== at)) faults.push("id twice: " + id);
  if (document.querySelectorAll("h1").length !== 1) faults.push("not one h1");
  if (document.querySelectorAll("main").length !== 1) faults.push("not one main");
  if (!document.documentElement.lang) faults.push("no language");
  if (!document.title) faults.push("no title");
  return faults;
}
"""
BEYOND_THE_EDGE = """
() => {
  const scrolls = e => {
    for (; e; e = e.parentElement) if (/auto|scroll/.test(getComputedStyle(e).overflowX)) return true;
  };
  const faults = document.documentElement.scrollWidth > innerWidth ? ["the page scrolls sideways"] : [];
  for (const e of document.querySelectorAll("main *, header *")) {
    const box = e.getBoundingClientRect();
    if (box.width && box.height && (box.right > innerWidth + 1 || box.left < -1) && !scrolls(e.parentElement)
        && !e.closest(".sr, .skip") && e.checkVisibility()) faults.push(e.tagName + "." + e.className);
  }
  return faults;
}
"""


@pytest.fixture
async def operator(make_user: MakeUser) -> User:
    """Somebody of the team who can sign in."""
    return await make_user(ActorRole.OPERATOR, name="Asha Gurung", password_hash=await hash_password(PASSWORD))


@pytest.fixture
async def orders(place_order: PlaceOrderOf, database: Database, admin: Actor) -> list[Order]:
    """One order that waits, one accepted, one failed."""
    placed = [await place_order(packets) for packets in (3, 20, 150)]
    async with database.transaction() as tx:
        await accept_order(tx, admin, placed[1].id)
        await fail_order(tx, admin, placed[2].id, reason="the road at Babai is blocked by a landslide since morning")
    return placed


def pages_of(orders: list[Order]) -> list[str]:
    """Every page there is, with something on it."""
    return [
        "/console",
        "/console/orders",
        "/console/orders?status=OPEN&q=gita&from=2026-01-01",
        "/console/orders?q=nobody",
        *(f"/console/orders/{order.code}" for order in orders),
        "/console/retailers",
        "/console/vendors",
        "/console/chat",
        "/console/nonsense",
    ]


async def test_signing_in_with_a_slip_and_out_again(open_page: OpenPage, operator: User) -> None:
    """A wrong password is said on the form, which keeps the phone; the right one opens the page of the day."""
    page = await open_page(width=PHONE_WIDTH)
    await sign_in(page, operator.phone, "wrong")
    await expect(page.get_by_role("alert")).to_contain_text("do not match")
    await expect(page.get_by_label("Phone number")).to_have_value(operator.phone)
    await expect(page.get_by_label("Password")).to_be_focused()
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", name="Today", exact=True)).to_be_visible()
    await page.get_by_label("Your account").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.goto("/console/orders")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_a_retailer_orders_in_the_chat_the_vendor_accepts_and_the_order_goes_on_by_buttons(
    open_page: OpenPage,
    operator: User,
    shop: Retailer,
    offer: Offer,
    vendor: Vendor,
    working: Working,
    database: Database,
) -> None:
    """[O7] The newcomer's first minutes: write as a shop, confirm with a tap, accept as the vendor, pack."""
    async with working():
        page = await open_page(user=operator)
        await page.goto("/console/chat?lang=en")
        left, right = page.locator(".telephone.left"), page.locator(".telephone.right")
        await expect(left.get_by_role("heading", name=shop.pasal_name)).to_be_visible()
        await left.get_by_label("Message", exact=True).fill(f"{offer.sku} x 5")
        await page.keyboard.press("Enter")
        await expect(left.locator(".bubble.own").last).to_contain_text(f"{offer.sku} x 5")
        await expect(left.get_by_label("Message", exact=True)).to_have_value("")
        await expect(left.locator(".bubble.theirs").last).to_contain_text("565")
        await left.locator(".replies").get_by_role("button", name="CONFIRM").click()
        await left.locator(".replies").get_by_role("button", name="COD").click()
        code = await left.locator(".bubble.theirs a").first.inner_text()
        await right.locator(".replies").get_by_role("button", name="ACCEPT").click()
        await expect(right.locator(".bubble.own").last).to_contain_text("ACCEPT")
        await page.goto("/console/orders")
        await page.locator(f"a[href='/console/orders/{code}']").click()
        await expect(page.get_by_role("button", name="Start packing")).to_be_visible()
        await page.get_by_role("button", name="Start packing").click()
        await expect(page.get_by_role("status")).to_contain_text(f"{code} is being packed.")
        await expect(page.locator(".stages [aria-current=step]")).to_have_text("Packing")
    async with database.reading() as tx:
        (order,) = await find_orders(tx, limit=2)
    assert (order.code, order.status, order.vendor_id) == (code, OrderStatus.PACKING, vendor.id)
    assert page.complaints == []  # type: ignore[attr-defined]


async def test_cancelling_asks_why_and_a_form_without_its_token_is_refused(
    open_page: OpenPage, operator: User, orders: list[Order], database: Database
) -> None:
    """The browser itself asks for the reason; a form that lost its token does nothing."""
    page = await open_page(width=PHONE_WIDTH, user=operator)
    await page.goto(f"/console/orders/{orders[0].code}")
    await page.locator("summary", has_text="Cancel order").click()
    await page.get_by_role("button", name="Cancel order").click()
    assert await page.locator("#reason-cancel").evaluate("box => box.validity.valueMissing")
    await page.locator("#reason-cancel").fill("the shop called")
    await page.evaluate("document.querySelectorAll('[name=csrf]').forEach(one => one.remove())")
    await page.get_by_role("button", name="Cancel order").click()
    await expect(page.get_by_role("heading", name="This is not for you to open")).to_be_visible()
    async with database.reading() as tx:
        assert OrderStatus.CANCELLED not in {order.status for order in await find_orders(tx, limit=10)}
    await page.goto(f"/console/orders/{orders[0].code}")
    await page.locator("summary", has_text="Cancel order").click()
    await page.locator("#reason-cancel").fill("the shop called")
    await page.get_by_role("button", name="Cancel order").click()
    await expect(page.get_by_role("status")).to_contain_text("is cancelled")
    await expect(page.get_by_text("the shop called").first).to_be_visible()


@pytest.mark.parametrize("language", ["en", "ne"])
@pytest.mark.parametrize("width", [PHONE_WIDTH, DESK_WIDTH])
async def test_every_page_fits_its_width(
    open_page: OpenPage, operator: User, orders: list[Order], width: int, language: str
) -> None:
    """Nothing beyond the edge and no scrolling sideways, in either language; no script and no policy complains."""
    page = await open_page(width=width, user=operator)
    await expect(page.get_by_role("heading", name="Today", exact=True)).to_be_visible()
    for address in pages_of(orders):
        await page.goto(address + ("&" if "?" in address else "?") + f"lang={language}")
        assert await page.evaluate(BEYOND_THE_EDGE) == [], address
    complaints: list[str] = page.complaints  # type: ignore[attr-defined]
    assert [one for one in complaints if "404" not in one] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_every_page_can_be_read_and_every_control_has_a_name(
    open_page: OpenPage, operator: User, orders: list[Order], scheme: str
) -> None:
    """WCAG 2.1 AA, as far as a machine can tell: contrast, labels, names, one heading, one main, a language."""
    page = await open_page(user=operator, color_scheme=scheme)
    await expect(page.get_by_role("heading", name="Today", exact=True)).to_be_visible()
    faults: dict[str, Any] = {}
    for address in pages_of(orders):
        await page.goto(address)
        await open_everything(page)
        faults[address] = await page.evaluate(NAMES) + await page.evaluate(CONTRAST)
    stranger = await open_page(color_scheme=scheme)
    await sign_in(stranger, operator.phone, "wrong")
    faults["sign-in"] = await stranger.evaluate(NAMES) + await stranger.evaluate(CONTRAST)
    assert {address: found for address, found in faults.items() if found} == {}


async def open_everything(page: Page) -> None:
    await page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")


async def test_the_keyboard_goes_everywhere(open_page: OpenPage, operator: User, orders: list[Order]) -> None:
    """The first stop leads past the pages' links to the content; what has the focus shows it; Escape closes sheets."""
    page = await open_page(user=operator)
    await page.goto("/console/orders")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"
    await page.keyboard.press("Tab")
    outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    await page.get_by_label("Your account").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("button", name="Sign out")).to_be_hidden()
    await expect(page.get_by_label("Your account")).to_be_focused()


async def test_without_scripts_everything_works(
    open_page: OpenPage, operator: User, orders: list[Order], shop: Retailer
) -> None:
    """An old telephone with scripts off: sign in, list, act on an order, write in the chat."""
    page = await open_page(width=PHONE_WIDTH, user=operator, java_script_enabled=False)
    await page.goto(f"/console/orders/{orders[0].code}")
    await page.get_by_role("button", name="Accept").click()
    await expect(page.get_by_role("status")).to_contain_text("is accepted")
    await page.goto("/console/chat")
    await page.locator(".telephone.left").get_by_label("Message", exact=True).fill("namaste")
    await page.locator(".telephone.left").get_by_role("button", name="Send").click()
    await expect(page.locator(".telephone.left .bubble.own")).to_contain_text("namaste")


async def test_the_day_refreshes_itself_without_losing_the_readers_place(
    open_page: OpenPage, operator: User, orders: list[Order], place_order: PlaceOrderOf
) -> None:
    """The live part asks for itself; a new order appears, while the reader stays where they were."""
    page = await open_page(width=PHONE_WIDTH, user=operator)
    await expect(page.get_by_role("heading", name="Today", exact=True)).to_be_visible()
    await page.evaluate("scrollTo(0, 500)")
    new = await place_order(7)
    await page.evaluate(
        "htmx.ajax('GET', document.getElementById('live').getAttribute('hx-get'), {target: '#live', swap: 'outerHTML'})"
    )
    await expect(page.locator(f"a[href='/console/orders/{new.code}']").first).to_be_visible()
    assert await page.evaluate("scrollY") == 500
