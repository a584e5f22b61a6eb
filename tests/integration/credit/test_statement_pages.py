"""Statements in parts: every movement once, in order, with balances that go on where the part before ended."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.fixtures.debtors import MakeDebtor, Owes
from tests.fixtures.owing import Pay
from tests.fixtures.people import BearerOf
from tests.fixtures.trade import line_of

from khaacho import clock
from khaacho.ids import new_id
from khaacho.parties.records import Retailer
from khaacho.platform.database import Database

NOON = datetime(2026, 2, 10, 6, 15, tzinfo=UTC)
ITEMS = 7


def cursor_of(**place: str) -> str:
    """A place that nobody was told: its moment has no offset, whatever else it holds."""
    names = {"transferId": str(new_id()), "transfer_id": str(new_id()), "source_id": str(new_id())}
    return base64.urlsafe_b64encode(json.dumps(place | names | {"reversal": False}).encode()).decode().rstrip("=")


@pytest.fixture
async def shop(make_debtor: MakeDebtor, owes: Owes) -> Retailer:
    """Seven items, two of them at the same moment."""
    debtor = await make_debtor()
    for days in (20, 15, 10, 10, 5, 3, 1):
        with clock.travelled_to(NOON - timedelta(days=days)):
            await owes(debtor, 100 * days, opened_at=clock.now())
    return debtor


async def read_parts(client: httpx.AsyncClient, headers: dict[str, str], path: str, **query: Any) -> list[Any]:
    """The answers, part by part, until there is no more."""
    parts: list[Any] = []
    cursor = None
    while not parts or cursor:
        params = query | ({"cursor": cursor} if cursor else {})
        with clock.travelled_to(NOON):
            answer = await client.get(f"/api/v1{path}", params=params, headers=headers)
        assert answer.status_code == 200, answer.text
        parts.append(answer.json()["data"])
        cursor = parts[-1]["nextCursor"]
    return parts


async def test_a_ledger_account_is_read_in_parts(
    client: httpx.AsyncClient, database: Database, shop: Retailer, bearer_of: BearerOf
) -> None:
    """[C7] By the shop itself: parts of two are the whole, opening and closing are those of the time asked for."""
    headers = await bearer_of(shop)
    path = f"/ledger/accounts/{(await line_of(database, shop.id)).id}/statement"
    (whole,) = await read_parts(client, headers, path)
    assert len(whole["movements"]) == ITEMS
    balances = [one["balance"] for one in whole["movements"]]
    assert balances == [2000, 3500, 4500, 5500, 6000, 6300, 6400]
    parts = await read_parts(client, headers, path, limit=2)
    assert [len(part["movements"]) for part in parts] == [2, 2, 2, 1]
    assert [one for part in parts for one in part["movements"]] == whole["movements"]
    assert {(part["opening"], part["closing"]) for part in parts} == {(0, 6400)}
    period = {"from": (NOON - timedelta(days=12)).isoformat(), "asOf": (NOON - timedelta(days=2)).isoformat()}
    recent = await read_parts(client, headers, path, limit=3, **period)
    assert [[one["balance"] for one in part["movements"]] for part in recent] == [[4500, 5500, 6000], [6300]]
    assert {(part["opening"], part["closing"]) for part in recent} == {(3500, 6300)}


async def test_what_is_dated_back_while_somebody_reads_is_in_the_balances_that_follow(
    client: httpx.AsyncClient, database: Database, shop: Retailer, bearer_of: BearerOf, owes: Owes
) -> None:
    """[C7] A bill told late, of a time already read, is not shown again, and the next part starts with it counted."""
    headers = await bearer_of(shop)
    path = f"/api/v1/ledger/accounts/{(await line_of(database, shop.id)).id}/statement"
    first = (await client.get(path, params={"limit": 2}, headers=headers)).json()["data"]
    await owes(shop, 50, opened_at=NOON - timedelta(days=18))
    query = {"limit": 2, "cursor": first["nextCursor"]}
    second = (await client.get(path, params=query, headers=headers)).json()["data"]
    assert [one["balance"] for one in second["movements"]] == [4550, 5550]


@pytest.mark.parametrize(
    "query",
    [{"cursor": "nonsense"}, {"cursor": cursor_of(at="2026-01-01T00:00:00")}, {"limit": 0}, {"limit": 201}],
)
async def test_a_place_that_is_none_is_refused(
    client: httpx.AsyncClient, database: Database, shop: Retailer, as_admin: dict[str, str], query: dict[str, Any]
) -> None:
    """VALIDATION_ERROR, of both statements."""
    line = (await line_of(database, shop.id)).id
    for path in (f"ledger/accounts/{line}/statement", f"admin/credit/retailer/{shop.id}/statement"):
        answer = await client.get(f"/api/v1/{path}", params=query, headers=as_admin)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "VALIDATION_ERROR"), path


async def test_a_shops_statement_is_read_in_parts(
    client: httpx.AsyncClient, shop: Retailer, bearer_of: BearerOf, make_user: Any, pay: Pay
) -> None:
    """[C7] Parts of three are the whole; the totals are of the whole time on every part; a file has every entry."""
    with clock.travelled_to(NOON):
        headers = await bearer_of(await make_user())
        await pay(shop.id, 6_400)
    path = f"/admin/credit/retailer/{shop.id}/statement"
    (whole,) = await read_parts(client, headers, path)
    parts = await read_parts(client, headers, path, limit=3)
    assert [len(part["entries"]) for part in parts] == [3, 3, 2]
    assert [one for part in parts for one in part["entries"]] == whole["entries"]
    assert {(part["debits"], part["credits"], part["closing"]) for part in parts} == {(6400, 6400, 0)}
    with clock.travelled_to(NOON):
        query = {"format": "csv", "limit": 3}
        file = await client.get(f"/api/v1{path}", params=query, headers=headers)
    assert file.text.count("\r\n") == ITEMS + 4
