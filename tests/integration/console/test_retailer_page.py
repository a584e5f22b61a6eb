"""A shop's page: what it shows, and its forms, each done once, refused clearly, and only by those who may."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.fixtures.debtors import BOOK_CHECKS, Owes
from tests.fixtures.people import MakeRetailer
from tests.fixtures.trade import assert_books_hold, paisa
from tests.integration.console.conftest import Guest, SignedIn

from khaacho import clock
from khaacho.actors import ActorRole
from khaacho.credit.claims import find_open_claim, open_claim
from khaacho.credit.queries import find_credit_overview
from khaacho.credit.records import CreditOverview, Debit
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
        ("adjustment", {"amount": "9000", "direction": "less", "why": "WRITE_OFF", "note": "x"}, 422),
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
    if fields.get("reference"):
        assert fields["reference"] in answer.text
    assert await everything(database, shop) == before
