"""A shop's statement of account: every change once, in the order it happened, the same in each form it is taken in."""

from __future__ import annotations

import csv
import io
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pypdf
import pytest
from tests.fixtures.debtors import Owes
from tests.fixtures.people import BearerOf, MakeRetailer, MakeUser
from tests.fixtures.trade import contents_of
from tests.integration.console.conftest import PlaceOrderOf, offer, place_order, shop, vendor

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.credit.paying.adjustments import record_adjustment
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.paying.reversals import reverse_payment
from khaacho.credit.records import AdjustmentReason, NewAdjustment, NewPayment, PaymentMethod
from khaacho.orders.fulfilment import accept_order, advance_order, deliver_order
from khaacho.orders.records import OrderStatus
from khaacho.parties.records import Retailer
from khaacho.platform.database import Database

NOON = datetime(2026, 2, 10, 6, 15, tzinfo=UTC)
TODAY = date(2026, 2, 10)

__all__ = ["offer", "place_order", "shop", "vendor"]

Take = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    """Noon in Kathmandu, so that no test meets midnight by accident."""
    with clock.travelled_to(NOON):
        yield


@pytest.fixture
def take(client: httpx.AsyncClient, as_admin: dict[str, str]) -> Take:
    """`await take(shop, format="csv", **{"from": …})`: the statement, as an admin."""

    async def ask(shop: Retailer, **query: str) -> httpx.Response:
        return await client.get(f"/api/v1/admin/credit/retailer/{shop.id}/statement", params=query, headers=as_admin)

    return ask


def days_ago(days: int) -> datetime:
    return NOON - timedelta(days=days)


@pytest.fixture
async def traded(
    database: Database,
    admin: Actor,
    shop: Retailer,
    place_order: PlaceOrderOf,
    owes: Owes,
) -> Retailer:
    """Forty days: an order, a payment too large, more goods, a return, and a payment taken back."""

    async def pay(amount_paisa: int, days: int, reference: str) -> Any:
        new = NewPayment(
            amount_paisa=amount_paisa,
            method=PaymentMethod.BANK_TRANSFER,
            retailer_id=shop.id,
            reference=reference,
            event_at=days_ago(days),
        )
        async with database.transaction() as tx:
            return await record_payment(tx, admin, new)

    with clock.travelled_to(days_ago(40)):
        order = await place_order(10)
        async with database.transaction() as tx:
            await accept_order(tx, admin, order.id)
            for stage in (OrderStatus.PACKING, OrderStatus.DISPATCHED):
                await advance_order(tx, admin, order.id, stage)
            await deliver_order(tx, admin, order.id)
    await pay(133_000, 30, "=SUM(A1)")
    await owes(shop, 1_000, opened_at=days_ago(20))
    new = NewAdjustment(
        retailer_id=shop.id, amount_paisa=-5_000, reason=AdjustmentReason.RETURN, note="दुई बोरा फुटेको",
        event_at=days_ago(10),
    )  # fmt: skip
    async with database.transaction() as tx:
        await record_adjustment(tx, admin, new)
    wrong = await pay(10_000, 5, "wrong shop")
    async with database.transaction() as tx:
        await reverse_payment(tx, admin, wrong.payment_id, reason="it was another shop's")
    return shop


# What `traded` did: (kind, reversal, debit, credit, balance). What was paid ahead is no line of its own.
STORY = [
    ("ORDER", False, 1_130, 0, 1_130),
    ("PAYMENT", False, 0, 1_330, -200),
    ("ORDER", False, 1_000, 0, 800),
    ("ADJUSTMENT", False, 0, 50, 750),
    ("PAYMENT", False, 0, 100, 650),
    ("PAYMENT", True, 100, 0, 750),
]


async def test_every_change_is_one_line_with_the_balance_after_it(traded: Retailer, take: Take) -> None:
    """[C7] A payment that clears an item and leaves some ahead is one line; consuming that is none."""
    answer = (await take(traded)).json()["data"]
    told = [(one["kind"], one["reversal"], one["debit"], one["credit"], one["balance"]) for one in answer["entries"]]
    assert told == STORY
    assert (answer["opening"], answer["closing"], answer["debits"], answer["credits"]) == (0, 750, 2230, 1480)
    assert (answer["firstDay"], answer["lastDay"], answer["lastDayBs"]) == (None, "2026-02-10", "2082-10-27")
    assert (answer["owed"], answer["paidAhead"], answer["overdue"]) == (750, 0, 750)
    assert answer["aging"] == {"0-7": 0, "8-14": 0, "15-30": 750, "30+": 0}
    descriptions = [one["description"] for one in answer["entries"]]
    assert descriptions[1] == "Payment, bank transfer: =SUM(A1)"
    assert descriptions[3] == "Adjustment, goods returned: दुई बोरा फुटेको"
    assert descriptions[5] == "Taken back: Payment, bank transfer: wrong shop"
    assert descriptions[0].startswith("Goods delivered: ORD260101-")


async def test_a_part_of_the_time_begins_with_what_stood_before(traded: Retailer, take: Take) -> None:
    """[C7] Both days are included, by the business's own midnight; ages are those of the last day."""
    query = {"from": str(TODAY - timedelta(days=30)), "to": str(TODAY - timedelta(days=20))}
    answer = (await take(traded, **query)).json()["data"]
    assert [one["balance"] for one in answer["entries"]] == [-200, 800]
    assert (answer["opening"], answer["closing"], answer["owed"], answer["paidAhead"]) == (1130, 800, 800, 0)
    assert answer["aging"] == {"0-7": 800, "8-14": 0, "15-30": 0, "30+": 0}

    before = {"from": str(TODAY - timedelta(days=30)), "to": str(TODAY - timedelta(days=21))}
    ahead = (await take(traded, **before)).json()["data"]
    assert (ahead["closing"], ahead["owed"], ahead["paidAhead"]) == (-200, 0, 200)

    nothing = {"from": str(TODAY - timedelta(days=19)), "to": str(TODAY - timedelta(days=19))}
    empty = (await take(traded, **nothing)).json()["data"]
    assert (empty["entries"], empty["opening"], empty["closing"]) == ([], 800, 800)


async def test_what_was_paid_before_its_goods_came_is_ahead_until_then(
    database: Database, admin: Actor, shop: Retailer, owes: Owes, take: Take
) -> None:
    """[C7] Written down today, a payment of twenty days ago that cleared goods of ten days ago: on the days between,
    the older goods were owed in full and that much was ahead. Less than nothing was owed on no day.
    """
    older = await owes(shop, 300, opened_at=days_ago(30))
    newer = await owes(shop, 500, opened_at=days_ago(10))
    new = NewPayment(amount_paisa=40_000, method=PaymentMethod.CASH, debit_id=newer.id, event_at=days_ago(20))
    async with database.transaction() as tx:
        await record_payment(tx, admin, new)
    between = {"to": str(TODAY - timedelta(days=15))}
    answer = (await take(shop, **between)).json()["data"]
    assert (answer["closing"], answer["owed"], answer["paidAhead"]) == (-100, 300, 400)
    assert sum(answer["aging"].values()) == 300
    line = (await take(shop, accountId=str(older.account_id), **between)).json()["data"]
    assert (line["closing"], line["owed"], line["paidAhead"]) == (-100, 300, 400)
    today = (await take(shop)).json()["data"]
    assert (today["closing"], today["owed"], today["paidAhead"]) == (400, 400, 0)


async def test_the_statement_of_one_line_knows_only_that_line(
    traded: Retailer, take: Take, client: httpx.AsyncClient, as_admin: dict[str, str]
) -> None:
    """[C20] Its figures, and no ages, which are the whole shop's; the ledger's own statement tells the same."""
    (line,) = (await take(traded)).json()["data"]["accountIds"]
    answer = (await take(traded, accountId=line)).json()["data"]
    assert (answer["closing"], answer["aging"], answer["overdue"]) == (750, None, None)
    ledger = (await client.get(f"/api/v1/ledger/accounts/{line}/statement", headers=as_admin)).json()["data"]
    assert ledger["closing"] == answer["closing"]


async def test_a_spreadsheet_has_numbers_as_numbers_and_runs_no_formula(traded: Retailer, take: Take) -> None:
    """RFC 4180 in UTF-8 with its mark, one row a change between the two balances."""
    answer = await take(traded, format="csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == f'attachment; filename="statement-{traded.code}-2026-02-10.csv"'
    text = answer.content.decode("utf-8-sig")
    assert text.count("\r\n") == text.count("\n") == len(STORY) + 3
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["kind"] for row in rows] == ["OPENING", *(kind for kind, *_ in STORY), "CLOSING"]
    assert [row["balance"] for row in rows[1:-1]] == [f"{balance}.00" for *_, balance in STORY]
    assert (rows[0]["date"], rows[-1]["date"], rows[-1]["date_bs"]) == ("2026-01-01", "2026-02-10", "2082-10-27")
    assert (rows[2]["code"], rows[2]["debit"], rows[2]["credit"]) == ("'=SUM(A1)", "", "1330.00")
    assert rows[2]["balance"] == "-200.00"
    assert (rows[4]["note"], rows[4]["reason"]) == ("दुई बोरा फुटेको", "RETURN")


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ["Statement of account", "10 Feb 2026 (2082-10-27 BS)", "Goods delivered: ORD260101-", "Page 1 of 1"]),
        ("ne", ["खाता विवरण", "10 फेब्रुअरी 2026", "2082-10-27", "सामान पुगेको: ORD260101-", "नाम (रु)"]),
    ],
)
async def test_on_paper_it_says_the_same_in_both_languages(
    traded: Retailer, take: Take, lang: str, words: list[str]
) -> None:
    """Days of both calendars at the head, names in either script, every balance, and the ages at the foot."""
    answer = await take(traded, format="pdf", lang=lang)
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    (page,) = pypdf.PdfReader(io.BytesIO(answer.content)).pages
    text = "".join(one for one in page.extract_text() if one == "\n" or one >= " ")
    for expected in (*words, "Gita & Sons <Kirana>", traded.phone, "1,330.00", "-200.00", "Rs.750.00"):
        assert expected in text, expected


async def test_whoever_takes_a_file_is_in_the_audit_trail(traded: Retailer, take: Take, database: Database) -> None:
    """[C80] Format and days; reading it on the screen is no export."""
    await take(traded)
    for format in ("csv", "pdf"):
        await take(traded, format=format, **{"from": "2026-01-01"})
    async with database.reading() as tx:
        found = await tx.dicts(
            "SELECT actor_name, retailer_id, new_values FROM audit_entries WHERE action = 'EXPORT' ORDER BY id"
        )
    assert [(row["actor_name"], row["retailer_id"], row["new_values"]["format"]) for row in found] == [
        ("Admin User", traded.id, "csv"),
        ("Admin User", traded.id, "pdf"),
    ]
    assert (found[0]["new_values"]["from"], found[0]["new_values"]["to"]) == ("2026-01-01", "2026-02-10")


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"from": "2026-02-11"}, 422, "VALIDATION_ERROR"),
        ({"from": "2026-02-30"}, 422, "VALIDATION_ERROR"),
        ({"to": "9999-12-31"}, 422, "VALIDATION_ERROR"),
        ({"format": "doc"}, 422, "VALIDATION_ERROR"),
        ({"lang": "fr"}, 422, "VALIDATION_ERROR"),
        ({"accountId": "00000000-0000-7000-8000-000000000000"}, 404, "NO_CREDIT_ACCOUNT"),
    ],
)
async def test_what_cannot_be_asked_is_refused_and_leaves_no_trace(
    traded: Retailer, take: Take, database: Database, query: dict[str, str], status: int, code: str
) -> None:
    """Also of a file: nothing is audited that was not taken."""
    await take(traded)
    before = await contents_of(database)
    answer = await take(traded, **{"format": "csv", **query})
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code), answer.text
    assert await contents_of(database) == before


async def test_only_staff_may_see_it(
    traded: Retailer,
    client: httpx.AsyncClient,
    bearer_of: BearerOf,
    make_user: MakeUser,
    make_retailer: MakeRetailer,
    take: Take,
) -> None:
    """Neither the shop itself (which asks in the chat) nor anybody else; a shop without a line has no account."""
    address = f"/api/v1/admin/credit/retailer/{traded.id}/statement"
    assert (await client.get(address)).status_code == 401
    for who in (traded, await make_user(ActorRole.FREELANCER)):
        assert (await client.get(address, headers=await bearer_of(who))).status_code == 403
    operator = await bearer_of(await make_user(ActorRole.OPERATOR))
    assert (await client.get(address, headers=operator)).status_code == 200
    stranger = await take(await make_retailer())
    assert (stranger.status_code, stranger.json()["error"]["code"]) == (404, "NO_CREDIT_ACCOUNT")
