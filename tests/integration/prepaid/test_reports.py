"""Prepaid credits as those who run them see them: lists, one person, figures, and all of it for spreadsheets."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.fixtures.people import BearerOf, MakeUser
from tests.fixtures.projects import Apply, MakeFreelancer, MakeProject
from tests.fixtures.purchases import Buy

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.ids import new_id
from khaacho.platform.database import STREAM_ROWS, Database
from khaacho.prepaid.actions import adjust_credits
from khaacho.prepaid.exports import HEADING
from khaacho.prepaid.gateways.port import Currency, GatewayName
from khaacho.projects.applications import withdraw_application

TRANSACTIONS = "/api/v1/admin/credits/transactions"
ANALYTICS = "/api/v1/admin/credits/analytics"
EXPORT = "/api/v1/admin/credits/export"


def data(answer: httpx.Response) -> Any:
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


@pytest.fixture
async def sita(
    database: Database,
    admin: Actor,
    make_freelancer: MakeFreelancer,
    buy: Buy,
    make_project: MakeProject,
    apply: Apply,
) -> Actor:
    """Sita: bought a Basic package, was given 5, lost 2, applied twice and withdrew once; six movements."""
    sita = await make_freelancer(name="Sita, =cmd")
    await buy(sita, units=25, amount_paisa=112_500, price_inr_paisa=112_500, package_name="Basic")
    assert sita.id is not None
    for units, reason in ((5, "=HYPERLINK(1) for a test"), (-2, 'said "oops", twice')):
        async with database.transaction() as tx:
            await adjust_credits(tx, admin, user_id=sita.id, units=units, reason=reason, key=f"test:{new_id()}")
    await apply(sita, await make_project())
    application = await apply(sita, await make_project())
    async with database.transaction() as tx:
        await withdraw_application(tx, sita, application.id)
    return sita


async def test_every_movement_with_its_purchase(
    client: httpx.AsyncClient, as_admin: dict[str, str], sita: Actor
) -> None:
    """[P33] Newest first; the purchase's line carries gateway, ids, amount, package, price, ip and browser."""
    listed = data(await client.get(TRANSACTIONS, headers=as_admin))
    assert (listed["total"], listed["pages"]) == (6, 1)
    lines = [one["transaction"] for one in listed["items"]]
    assert [(one["type"], one["credits"], one["balanceAfter"]) for one in lines] == [
        ("REFUND", 1, 27),
        ("SPEND", -1, 26),
        ("SPEND", -1, 27),
        ("ADJUSTMENT", -2, 28),
        ("ADJUSTMENT", 5, 30),
        ("PURCHASE", 25, 25),
    ]
    bought = listed["items"][-1]
    assert (bought["userId"], bought["userName"]) == (str(sita.id), "Sita, =cmd")
    assert (bought["ip"], bought["userAgent"]) == ("203.0.113.7", "Phone")
    purchase = bought["transaction"]["purchase"]
    assert (purchase["gateway"], purchase["amount"], purchase["packageName"]) == ("RAZORPAY", 1125.0, "Basic")
    assert (purchase["basePrice"], purchase["currency"]) == (50.0, "INR")
    assert purchase["orderId"].startswith("order_")
    assert purchase["paymentId"].startswith("pay_")


async def test_filters_sorting_and_pages(
    client: httpx.AsyncClient, as_admin: dict[str, str], sita: Actor, make_freelancer: MakeFreelancer
) -> None:
    """[X3] Each filter alone and together; only the sorts there are; each line on exactly one page."""
    hari = await make_freelancer(credits=3)

    async def credits(**query: Any) -> list[int]:
        answer = await client.get(TRANSACTIONS, headers=as_admin, params=query)
        return [one["transaction"]["credits"] for one in data(answer)["items"]]

    assert await credits(userId=str(hari.id)) == [3]
    assert await credits(type="SPEND") == [-1, -1]
    assert await credits(type="SPEND", userId=str(hari.id)) == []
    assert await credits(sort="credits", order="asc") == [-2, -1, -1, 1, 3, 5, 25]
    assert await credits(sort="balanceAfter", limit=2) == [5, -2]
    tomorrow = (clock.now() + timedelta(days=1)).isoformat()
    assert await credits(**{"from": tomorrow}) == []
    assert len(await credits(to=tomorrow)) == 7
    paged = [units for page in (1, 2, 3, 4) for units in await credits(page=page, limit=2)]
    assert paged == await credits()
    for wrong in ({"sort": "phone"}, {"order": "down"}, {"limit": 101}, {"page": 0}, {"type": "GIFT"}, {"userId": "7"}):
        answer = await client.get(TRANSACTIONS, headers=as_admin, params=wrong)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "VALIDATION_ERROR"), wrong
    naive = await client.get(TRANSACTIONS, headers=as_admin, params={"from": "2026-01-01T00:00:00"})
    assert naive.status_code == 422


async def test_one_freelancer(
    client: httpx.AsyncClient, as_admin: dict[str, str], sita: Actor, make_user: MakeUser
) -> None:
    """What there is, free and bought; what happened by type; who is none has no credits."""
    found = data(await client.get(f"/api/v1/admin/credits/user/{sita.id}", headers=as_admin))
    # The two taken away and the one application that stands were paid with what was given: 5 − 2 − 1.
    assert found["balance"] == {"balance": 27, "freeCredits": 2, "boughtCredits": 25}
    assert {one["type"]: (one["transactions"], one["credits"]) for one in found["totals"]} == {
        "PURCHASE": (1, 25),
        "ADJUSTMENT": (2, 3),
        "SPEND": (2, -2),
        "REFUND": (1, 1),
    }
    assert len(found["recentTransactions"]) == 6
    for user_id, code in ((new_id(), "USER_NOT_FOUND"), ((await make_user()).id, "PROFILE_NOT_FOUND")):
        answer = await client.get(f"/api/v1/admin/credits/user/{user_id}", headers=as_admin)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, code)


async def test_analytics_to_the_credit_and_the_paisa(
    database: Database,
    client: httpx.AsyncClient,
    as_admin: dict[str, str],
    sita: Actor,
    make_freelancer: MakeFreelancer,
    buy: Buy,
) -> None:
    """Circulation, revenue by currency, types, days, the best customers, packages; nothing idle yet."""
    hari = await make_freelancer(name="Hari")
    npr = {"gateway": GatewayName.ESEWA, "currency": Currency.NPR}
    await buy(hari, units=3, amount_paisa=24_000, price_inr_paisa=15_000, **npr)
    found = data(await client.get(ANALYTICS, headers=as_admin))
    assert found["circulation"] == {"credits": 30, "freeCredits": 2, "boughtCredits": 28, "balanceHolders": 2}
    money = {one["currency"]: (one["payments"], one["credits"], one["amount"], one["net"]) for one in found["revenue"]}
    assert money == {"INR": (1, 25, 1125.0, 1125.0), "NPR": (1, 3, 240.0, 240.0)}
    assert {one["type"]: one["credits"] for one in found["byType"]} == {
        "PURCHASE": 28,
        "ADJUSTMENT": 3,
        "SPEND": -2,
        "REFUND": 1,
    }
    day = {"date": clock.business_day().isoformat(), "transactions": 7}
    assert found["daily"] == [{**day, "bought": 28, "given": 5, "spent": 2, "refunded": 1}]
    top = [(one["name"], one["creditsBought"], one["creditsSpent"]) for one in found["topUsers"]]
    assert top == [("Sita, =cmd", 25, 2), ("Hari", 3, 0)]
    sold = [(one["packageName"], one["currency"], one["credits"], one["amount"]) for one in found["packages"]]
    assert sold == [("Basic", "INR", 25, 1125.0), (None, "NPR", 3, 240.0)]
    assert [one["credits"] for one in found["breakage"]] == [0, 0]

    past = {"to": (clock.now() - timedelta(days=1)).isoformat()}
    earlier = data(await client.get(ANALYTICS, headers=as_admin, params=past))
    assert (earlier["revenue"], earlier["daily"], earlier["topUsers"], earlier["packages"]) == ([], [], [], [])
    assert earlier["circulation"]["credits"] == 30
    wrong = {"from": clock.now().isoformat(), "to": (clock.now() - timedelta(days=1)).isoformat()}
    for span in (wrong, {"to": "0001-01-02T00:00:00+05:45"}):
        assert (await client.get(ANALYTICS, headers=as_admin, params=span)).status_code == 422


async def test_breakage_is_what_nobody_touches(
    database: Database,
    client: httpx.AsyncClient,
    make_user: MakeUser,
    bearer_of: BearerOf,
    sita: Actor,
    make_freelancer: MakeFreelancer,
    buy: Buy,
) -> None:
    """Bought credits of those who have done nothing for ninety days, worth what was paid for them; given ones never."""
    moment = clock.now() + timedelta(days=91)
    with clock.travelled_to(moment - timedelta(days=1)):
        hari = await make_freelancer()
        await buy(hari, units=75, amount_paisa=300_000, price_inr_paisa=300_000)
    with clock.travelled_to(moment):
        headers = await bearer_of(await make_user(role=ActorRole.OPERATOR))
        (found,) = data(await client.get(ANALYTICS, headers=headers))["breakage"]
    assert found == {
        "afterDays": 90,
        "currency": "INR",
        "credits": 25,
        "amount": 1125.0,
        "users": 1,
        "share": 0.25,
    }


async def test_the_export_holds_every_row_and_runs_nothing(
    database: Database, client: httpx.AsyncClient, as_admin: dict[str, str], sita: Actor
) -> None:
    """RFC 4180, all rows over several portions, oldest first; formulas are text; who took it is audited."""
    await lengthen(database, sita, STREAM_ROWS + 7)
    answer = await client.get(EXPORT, headers=as_admin)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="credits-')
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"), newline=""), strict=True))
    assert tuple(rows[0]) == HEADING
    assert len(rows) == 1 + 6 + STREAM_ROWS + 7
    assert len({row[0] for row in rows}) == len(rows)
    by_name = [dict(zip(HEADING, row, strict=True)) for row in rows[1:7]]
    assert [row["Credits"] for row in by_name] == ["25", "5", "-2", "-1", "-1", "1"]
    assert {row["Name"] for row in by_name} == {"Sita, =cmd"}
    assert [row["Reason"] for row in by_name[1:3]] == ["'=HYPERLINK(1) for a test", 'said "oops", twice']
    assert (by_name[0]["Amount"], by_name[0]["Currency"], by_name[0]["Package"]) == ("1125.00", "INR", "Basic")

    only = await client.get(EXPORT, headers=as_admin, params={"type": "REFUND", "userId": str(sita.id)})
    assert len(only.text.splitlines()) == 2
    async with database.reading() as tx:
        audited = await tx.dicts("SELECT actor_name, new_values FROM audit_entries WHERE action = 'EXPORT' ORDER BY id")
    assert [(one["actor_name"], one["new_values"]["type"]) for one in audited] == [
        ("Admin User", None),
        ("Admin User", "REFUND"),
    ]


async def test_the_export_as_a_workbook(client: httpx.AsyncClient, as_admin: dict[str, str], sita: Actor) -> None:
    """XLSX: the same rows, text as text."""
    answer = await client.get(EXPORT, headers=as_admin, params={"format": "xlsx"})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    assert answer.headers["content-disposition"].endswith('.xlsx"')
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        sheet = archive.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == 1 + 6
    assert "=HYPERLINK(1) for a test</t>" in sheet
    assert "<f>" not in sheet


async def test_who_may_see_what(
    client: httpx.AsyncClient, make_user: MakeUser, bearer_of: BearerOf, sita: Actor
) -> None:
    """[P30] Operators see and export, they do not refund or adjust; nobody else even looks."""
    paths = (TRANSACTIONS, ANALYTICS, EXPORT, f"/api/v1/admin/credits/user/{sita.id}")
    for role in (ActorRole.FREELANCER, ActorRole.VENDOR, ActorRole.RETAILER):
        headers = await bearer_of(await make_user(role=role))
        for path in paths:
            assert (await client.get(path, headers=headers)).status_code == 403
    operator = await bearer_of(await make_user(role=ActorRole.OPERATOR))
    for path in paths:
        assert (await client.get(path, headers=operator)).status_code == 200
    for path in paths:
        assert (await client.get(path)).status_code == 401


async def lengthen(database: Database, freelancer: Actor, number: int) -> None:
    """Rows of nothing but length, later than all others, so that the table needs more than one portion."""
    assert freelancer.id is not None
    async with database.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO prepaid_movements (id, user_id, kind, units, balance_before, balance_after, source_kind,
                source_id, idempotency_key, transfer_id, created_at, actor_name)
            SELECT ('ffffffff-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, user_id, 'ADJUSTMENT', 1, 0, 1, 'user',
                user_id, 'many:' || n, transfer_id, created_at, 'SYSTEM'
            FROM (SELECT * FROM prepaid_movements WHERE user_id = %(user)s LIMIT 1) AS one,
                generate_series(1, %(number)s) AS n
            """,
            {"user": freelancer.id, "number": number},
        )
