"""A shop's page: what it shows, and its forms, each done once, refused clearly, and only by those who may."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.fixtures.debtors import BOOK_CHECKS, MakeDebtor, Owes
from tests.fixtures.owing import at_wall
from tests.fixtures.people import MakeRetailer
from tests.fixtures.trade import assert_books_hold, paisa
from tests.integration.console.conftest import Guest, SignedIn

from khaacho import clock
from khaacho.actors import ActorRole
from khaacho.credit.lateness.claims import open_claim
from khaacho.credit.queries import find_credit_overview
from khaacho.credit.records import CreditOverview, Debit
from khaacho.parties.phones import unreachable_phone
from khaacho.parties.records import Retailer, Vendor
from khaacho.platform.database import Database

YESTERDAY = timedelta(days=1)


@pytest.fixture
async def debt(owes: Owes, shop: Retailer) -> Debit:
    """Rs 5,000 owed since twelve days ago, five of them too late."""
    return await owes(shop, 5_000, opened_at=clock.now() - timedelta(days=12))


def address(shop: Retailer) -> str:
    return f"/console/retailers/{shop.id}"


def key_of(guest: Guest, act: str) -> str:
    """The key of the first form of this kind on the page."""
    found = re.search(rf'action="[^"]*/{act}#said".*?name="key" value="([^"]+)"', guest.page, re.S)
    assert found, f"no form for {act}"
    return found[1]


async def send(guest: Guest, shop: Retailer, act: str, **fields: Any) -> httpx.Response:
    """Open the shop's page and send one of its forms."""
    await guest.look(address(shop))
    return await guest.submit(f"{address(shop)}/{act}", key=key_of(guest, act), **fields)


async def overview(database: Database, shop: Retailer) -> CreditOverview:
    async with database.reading() as tx:
        return await find_credit_overview(tx, shop.id)


async def everything(database: Database, shop: Retailer) -> list[Any]:
    """Whatever a form could have changed: figures, payments, adjustments, promises, disputes, audit and keys."""
    tables = ("credit_payments", "credit_adjustments", "credit_promises", "credit_disputes", "credit_allocations")
    tables += ("audit_entries", "idempotency_keys", "ledger_transfers", "payment_claims")
    async with database.reading() as tx:
        counts = [await tx.value(f"SELECT count(*) FROM {table}") for table in tables]
    return [*counts, await overview(database, shop)]


def plain(page: str) -> str:
    return page.replace("\xa0", " ")


async def test_the_page_tells_where_a_shop_stands(
    signed_in: SignedIn, shop: Retailer, debt: Debit, database: Database
) -> None:
    """[C31] Figures, age, what was paid of an item from which payment, and the way to statement, orders and chat."""
    guest = await signed_in()
    await send(guest, shop, "payment", amount="1,500", method="CASH", reference="<b>book 7</b>", on="", item="")
    page = plain((await guest.look(address(shop))).text)
    for words in (
        "Gita &amp; Sons &lt;Kirana&gt;",
        "Rs. 3,500",
        "Rs. 5,000",
        "−Rs. 1,500",
        "&lt;b&gt;book 7&lt;/b&gt;",
        "5 days late",
        f"{address(shop)}/statement",
        f"/console/orders?retailer={shop.id}",
        "Paid",
    ):
        assert words in page, words
    nepali = (await guest.look(f"{address(shop)}?lang=ne")).text
    for words in ("भुक्तानी लेख्ने", "तिर्न बाँकी", "5 दिन ढिला"):
        assert words in nepali, words


async def test_a_payment_is_recorded_once_however_often_its_form_is_sent(
    signed_in: SignedIn, shop: Retailer, debt: Debit, database: Database
) -> None:
    """[C60] The same form again is the same payment; another amount under its key is refused and changes nothing."""
    guest = await signed_in()
    await guest.look(address(shop))
    form = {"key": key_of(guest, "payment"), "amount": "2000", "method": "CASH", "item": str(debt.id)}
    token = guest.token()
    for _ in range(2):
        answer = await guest.client.post(f"{address(shop)}/payment", data={"csrf": token, **form})
        assert (answer.status_code, answer.headers["location"]) == (303, f"{address(shop)}?done=payment")
    assert (await overview(database, shop)).used_paisa == paisa(3_000)
    before = await everything(database, shop)
    changed = await guest.client.post(f"{address(shop)}/payment", data={"csrf": token, **form, "amount": "900"})
    assert changed.status_code == 409
    assert "IDEMPOTENCY_KEY_REUSED" in changed.text
    assert await everything(database, shop) == before
    await assert_books_hold(database, BOOK_CHECKS)


@pytest.mark.parametrize(
    ("act", "fields", "status"),
    [
        ("payment", {"amount": "0", "method": "CASH"}, 422),
        ("payment", {"amount": "-5", "method": "CASH"}, 422),
        ("payment", {"amount": "1.005", "method": "CASH"}, 422),
        ("payment", {"amount": "a lot", "method": "CASH"}, 422),
        ("payment", {"amount": "५००", "method": "CASH"}, 422),
        ("payment", {"amount": "", "method": "CASH"}, 422),
        ("payment", {"amount": "5", "method": "GOLD"}, 422),
        ("payment", {"amount": "5", "method": "CASH", "on": "2999-01-01"}, 422),
        ("payment", {"amount": "5", "method": "CASH", "item": "nonsense"}, 422),
        ("adjustment", {"amount": "5", "direction": "less", "why": "RETURN", "note": " "}, 422),
        ("adjustment", {"amount": "-5", "direction": "less", "why": "RETURN", "note": "x"}, 422),
        ("adjustment", {"amount": "5", "direction": "up", "why": "RETURN", "note": "x"}, 422),
        ("adjustment", {"amount": "90", "direction": "more", "why": "WRITE_OFF", "note": "x"}, 422),
        ("promise", {"day": "2020-01-01"}, 422),
        ("promise", {"day": "some day"}, 422),
        ("pause", {"reason": "  "}, 422),
        ("block", {"reason": ""}, 422),
        ("dispute", {"item": "nonsense", "reason": "torn bags"}, 422),
    ],
)
async def test_what_cannot_be_meant_is_refused_and_nothing_changes(
    signed_in: SignedIn, shop: Retailer, debt: Debit, database: Database, act: str, fields: dict[str, str], status: int
) -> None:
    """[C60, C62] Said in words on the page, which keeps what was typed."""
    guest = await signed_in()
    before = await everything(database, shop)
    answer = await send(guest, shop, act, **fields)
    assert answer.status_code == status, answer.text
    assert "Nothing was changed." in answer.text
    assert 'role="alert"' in answer.text
    assert await everything(database, shop) == before


async def test_other_shops_things_are_not_touched_from_here(
    signed_in: SignedIn, shop: Retailer, debt: Debit, database: Database, make_debtor: MakeDebtor, owes: Owes
) -> None:
    """An id of another shop in a form is as if there were no such thing, and nothing changes in either."""
    other = await make_debtor()
    theirs = await owes(other, 2_000)
    guest = await signed_in()
    await send(guest, other, "payment", amount="100", method="CHEQUE", item="", on="")
    await send(guest, other, "adjustment", amount="50", direction="less", why="RETURN", note="one bag")
    async with database.transaction() as tx:
        claim = await open_claim(tx, other.id, said="tire")
        cheque = await tx.value("SELECT id FROM credit_payments WHERE retailer_id = %(shop)s", {"shop": other.id})
        adjustment = await tx.value("SELECT id FROM credit_adjustments WHERE retailer_id = %(s)s", {"s": other.id})
    line = (await overview(database, other)).lines[0]
    before = await everything(database, shop), await overview(database, other)
    terms = {"limit": "1", "max_order": "1", "terms": "1", "max_days": "1", "de_minimis": "1", "reason": "x"}
    await guest.look(address(shop))
    token, key = guest.token(), key_of(guest, "payment")
    for act, fields in (
        ("payment", {"amount": "5", "method": "CASH", "item": theirs.id}),
        ("payment", {"amount": "5", "method": "CASH", "claim": claim.id}),
        ("dispute", {"item": theirs.id, "reason": "x"}),
        ("resolve", {"item": theirs.id}),
        ("clear", {"payment": cheque}),
        ("bounce", {"payment": cheque, "reason": "x"}),
        ("reverse-payment", {"payment": cheque, "reason": "x"}),
        ("reverse-adjustment", {"adjustment": adjustment, "reason": "x"}),
        ("close-claim", {"claim": claim.id, "note": "x"}),
        ("terms", {"line": line.id, **terms}),
        ("adjustment", {"amount": "5", "direction": "less", "why": "RETURN", "note": "x", "item": theirs.id}),
    ):
        answer = await guest.client.post(
            f"{address(shop)}/{act}", data={"csrf": token, "key": f"{key}-{act}", **fields}
        )
        assert answer.status_code in (404, 422), (act, answer.status_code)
    assert (await everything(database, shop), await overview(database, other)) == before


async def test_limit_below_use_asks_for_a_tick(
    signed_in: SignedIn, shop: Retailer, debt: Debit, database: Database
) -> None:
    """[C20] Refused with both figures; with the tick it is set, and the page says how far the shop is past it."""
    guest = await signed_in()
    line = (await overview(database, shop)).lines[0]
    terms = {"line": line.id, "max_order": "50,000", "terms": "10", "max_days": "45", "de_minimis": "100"}
    before = await everything(database, shop)
    refused = await send(guest, shop, "terms", limit="4000", reason="a bad year", **terms)
    assert refused.status_code == 409
    assert "Tick the box" in refused.text
    assert await everything(database, shop) == before
    done = await send(guest, shop, "terms", limit="4000", reason="a bad year", below_use="on", **terms)
    assert done.headers["location"] == f"{address(shop)}?done=terms"
    assert "Rs. 1,000 past its limit" in plain((await guest.look(address(shop))).text)
    changed = (await overview(database, shop)).lines[0]
    assert (changed.limit_paisa, changed.terms_days, changed.max_outstanding_days) == (paisa(4_000), 10, 45)
    await assert_books_hold(database, BOOK_CHECKS)


async def test_a_form_of_what_is_so_already_says_so(
    signed_in: SignedIn, shop: Retailer, debt: Debit, database: Database
) -> None:
    """[C50] Pausing twice from two open pages: one pause, one audit entry, and the second is told."""
    first, second = await signed_in(), await signed_in()
    await first.look(address(shop))
    await second.look(address(shop))
    locations = []
    for guest in (first, second):
        form = {"key": key_of(guest, "pause"), "reason": "no answer for a week"}
        answer = await guest.submit(f"{address(shop)}/pause", **form)
        locations.append(answer.headers["location"].split("=")[-1])
    assert locations == ["pause", "unchanged"]
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM audit_entries WHERE action = 'PAUSE_CREDIT'") == 1


async def test_who_may_not_sees_no_form_and_is_refused(
    signed_in: SignedIn, shop: Retailer, debt: Debit, database: Database, vendor: Vendor
) -> None:
    """An operator without the rights sees no form; a forged one is refused and nothing changes."""
    async with database.transaction() as tx:
        await tx.execute(
            """
            DELETE FROM role_permissions
            WHERE role = 'OPERATOR' AND permission = ANY(%(gone)s)
            """,
            {"gone": ["payments.write", "adjustments.write", "credit.write", "guardrails.write"]},
        )
    operator = await signed_in(role=ActorRole.OPERATOR)
    page = (await operator.look(address(shop))).text
    assert "/payment#said" not in page
    assert "You may look, but not change anything here." in page
    wholesaler = await signed_in(vendor)
    await wholesaler.look("/console/orders")
    before = await everything(database, shop)
    # The token of any form there is, with a key of our own making.
    for act in ("payment", "adjustment", "pause", "block", "terms", "promise", "dispute", "open-line", "clear"):
        answer = await operator.client.post(
            f"{address(shop)}/{act}",
            data={"csrf": operator.token(), "key": "forged", "amount": "5", "method": "CASH", "reason": "x"},
        )
        assert answer.status_code == 403, act
    assert (await operator.submit("/console/reminders/run")).status_code == 403
    assert (await wholesaler.submit(f"{address(shop)}/payment", key="x", amount="5", method="CASH")).status_code == 403
    assert (await wholesaler.look(address(shop))).status_code == 403
    assert await everything(database, shop) == before
    admin = await signed_in()
    without_token = await admin.client.post(f"{address(shop)}/payment", data={"key": "x", "amount": "5"})
    assert without_token.status_code == 403
    assert (await everything(database, shop))[:5] == before[:5]
    assert await overview(database, shop) == before[-1]


async def test_a_shop_without_a_line_is_given_one(
    signed_in: SignedIn, make_retailer: MakeRetailer, database: Database
) -> None:
    """[C20] Its page says that it pays at the door, and opens a line with a limit and days to pay."""
    retailer = await make_retailer()
    guest = await signed_in()
    assert "No credit line yet" in (await guest.look(address(retailer))).text
    answer = await send(guest, retailer, "open-line", limit="25,000", terms="14")
    assert answer.headers["location"].endswith("done=open-line")
    (line,) = (await overview(database, retailer)).lines
    assert (line.limit_paisa, line.terms_days) == (paisa(25_000), 14)


async def test_what_happened_goes_on_page_by_page(
    signed_in: SignedIn, shop: Retailer, debt: Debit, database: Database
) -> None:
    """Forty promises one after the other: every one is told exactly once over the pages, the newest first."""
    guest = await signed_in()
    for rupees in range(1, 41):
        answer = await send(guest, shop, "promise", day=str(clock.business_day() + YESTERDAY), amount=str(rupees))
        assert answer.status_code == 303
    page = (await guest.look(address(shop))).text
    told: list[str] = []
    while True:
        told += re.findall(r"Promise to pay</strong> <span class=\"number\">Rs.\xa0(\d+)</span>", page)
        following = re.search(r'href="([^"]+/timeline\?before=[^"]+)"', page)
        if following is None:
            break
        page = (await guest.look(following[1], **{"HX-Request": "true"})).text
    assert told == [str(rupees) for rupees in range(40, 0, -1)]


async def test_nobody_is_reminded_at_night(signed_in: SignedIn, shop: Retailer, owes: Owes, database: Database) -> None:
    """[C40] Sending by hand at night is refused in words; in the day each is sent once, however often it is pressed."""
    today = clock.business_day()
    await owes(shop, 900, opened_at=at_wall(today - timedelta(days=6), 12))

    async def press(guest: Guest, **fields: str) -> httpx.Response:
        return await guest.client.post("/console/reminders/run", data={"csrf": guest.token(), **fields})

    with clock.travelled_to(at_wall(today, 21)):
        guest = await signed_in()
        await guest.look("/console/reminders?day=today")
        assert "Rs.900" in guest.page
        refused = await press(guest)
        assert (refused.status_code, "Nobody is reminded of money" in refused.text) == (409, True)
    with clock.travelled_to(at_wall(today, 12)):
        guest = await signed_in()
        await guest.look("/console/reminders?day=today")
        looked = await press(guest, dry="1")
        assert (looked.status_code, "Nothing was sent" in looked.text) == (200, True)
        async with database.reading() as tx:
            assert await tx.value("SELECT count(*) FROM credit_reminders") == 0
        locations = [(await press(guest)).headers["location"] for _ in range(2)]
        assert locations == [f"/console/reminders?day=today&ran={sent}&handed=0" for sent in (1, 0)]
        assert "Reminded already" in (await guest.look("/console/reminders?day=today")).text
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM credit_reminders") == 1


async def test_a_cheque_is_said_to_be_no_money_yet(
    signed_in: SignedIn, shop: Retailer, debt: Debit, database: Database
) -> None:
    """[C61] Whoever writes one down is not told that it was paid; nothing is freed."""
    guest = await signed_in()
    kept = await send(guest, shop, "payment", amount="500", method="CHEQUE", item="", on="")
    page = (await guest.look(kept.headers["location"])).text
    assert "The cheque is recorded. It counts once the bank has paid it." in page
    assert (await overview(database, shop)).used_paisa == paisa(5_000)


async def test_the_page_says_whether_the_shop_is_told(
    signed_in: SignedIn, shop: Retailer, make_debtor: MakeDebtor
) -> None:
    """[C50] A shop without a telephone is paused all the same, and nobody is led to believe that it knows."""
    mute = await make_debtor(phone=unreachable_phone(9))
    guest = await signed_in()
    for one, words in ((shop, "The shop is told."), (mute, "The shop cannot be told: it has no telephone")):
        for act in ("pause", "unpause"):
            done = await send(guest, one, act, reason="a quarrel")
            assert words in (await guest.look(done.headers["location"])).text, act
