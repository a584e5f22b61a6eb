"""Days and moments in queries: a business day is meant whole, and at the ends of the calendar there is an answer or a
coded refusal [X1].
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.fixtures.owing import Owe
from tests.fixtures.people import BearerOf, MakeUser
from tests.fixtures.trade import OpenShops

from khaacho import clock
from khaacho.actors import ActorRole
from khaacho.errors import ValidationFailed
from khaacho.platform.asked_times import asked_last, asked_since, asked_until

FAR = (
    "0001-01-01T00:00:00+14:00",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59-14:00",
    "9999-12-31T23:59:59Z",
    "0001-01-01",
    "1900-01-01",
    "2199-12-31",
    "9999-12-31",
)
ASKED = {
    "/ledger/accounts/{line}/statement": ("asOf", "from", "to"),
    "/admin/credit/retailer/{shop}/statement": ("from", "to"),
    "/admin/credit/retailer/{shop}/statement?format=csv": ("from", "to"),
    "/admin/credit/retailer/{shop}/statement?format=pdf": ("from", "to"),
    "/orders": ("from", "to"),
    "/admin/credits/transactions": ("from", "to"),
    "/admin/credits/analytics": ("from", "to"),
    "/admin/credits/export": ("from", "to"),
    "/admin/audit/{shop}": ("from", "to"),
    "/admin/audit/credit/all": ("from", "to"),
}
TOLD: dict[str, tuple[str, dict[str, Any]]] = {
    "/admin/payment/record": ("eventAt", {"retailerId": "{shop}", "amountPaid": 5, "method": "CASH"}),
    "/admin/adjustment/create": ("eventAt", {"retailerId": "{shop}", "adjustmentAmount": 5, "reason": "dispute"}),
    "/admin/promise": ("date", {"retailerId": "{shop}"}),
    "/projects": ("deadline", {"title": "A shelf"}),
    "/admin/api-keys": ("expiresAt", {"name": "far", "scopes": ["retailers.read"]}),
}
# Whoever looks afterwards must see all of it.
LISTS = (
    "/admin/credit/risk-dashboard",
    "/admin/credit/retailer/{shop}",
    "/admin/credit/retailer/{shop}/statement",
    "/projects",
    "/admin/api-keys",
    "/admin/credits/settings",
    "/admin/audit/credit/all",
)


@pytest.fixture
async def names(open_shops: OpenShops, owe: Owe) -> dict[str, str]:
    """A shop that owes something, and its line."""
    (shop,) = await open_shops(1)
    debit = await owe(shop, 500)
    return {"{shop}": str(shop), "{line}": str(debit.account_id)}


def filled(words: str, names: dict[str, str]) -> str:
    for name, value in names.items():
        words = words.replace(name, value)
    return f"/api/v1{words}" if words.startswith("/") else words


def sound(answer: httpx.Response, told: str) -> None:
    assert answer.status_code < 500, f"{told}: {answer.status_code} {answer.text[:300]}"
    if not answer.is_success:
        assert answer.json()["error"]["code"] == "VALIDATION_ERROR", f"{told}: {answer.text[:300]}"


def questions() -> Iterator[tuple[str, dict[str, str]]]:
    for path, parameters in ASKED.items():
        bare, _, query = path.partition("?")
        given = dict([query.split("=")]) if query else {}
        yield from ((bare, given | {name: day}) for name in parameters for day in FAR)


async def test_asking_about_the_ends_of_time(
    client: httpx.AsyncClient, as_admin: dict[str, str], names: dict[str, str]
) -> None:
    """[X1] Lists, statements, analytics and files."""
    for path, query in questions():
        sound(await client.get(filled(path, names), params=query, headers=as_admin), f"{path} {query}")


async def test_a_freelancer_asks_about_the_ends_of_time(
    client: httpx.AsyncClient, make_user: MakeUser, bearer_of: BearerOf
) -> None:
    """[X1] Their own history."""
    headers = await bearer_of(await make_user(ActorRole.FREELANCER))
    for name in ("from", "to"):
        for day in FAR:
            answer = await client.get("/api/v1/credits/history", params={name: day}, headers=headers)
            sound(answer, f"{name} {day}")


async def test_telling_of_the_ends_of_time(
    client: httpx.AsyncClient, as_admin: dict[str, str], names: dict[str, str]
) -> None:
    """[X1] Payments, adjustments, promises, projects, keys and prices; every list can be read afterwards."""
    for path, (field, body) in TOLD.items():
        for number, day in enumerate(FAR):
            given = {name: filled(value, names) if isinstance(value, str) else value for name, value in body.items()}
            headers = {**as_admin, "Idempotency-Key": f"far-{field}-{number}"}
            answer = await client.post(filled(path, names), json={**given, field: day}, headers=headers)
            sound(answer, f"{path} {field} {day}")
    for day in FAR:
        given = {"basePrice": 60, "effectiveAt": day}
        sound(await client.put("/api/v1/admin/credits/settings", json=given, headers=as_admin), f"prices from {day}")
    for path in LISTS:
        assert (await client.get(filled(path, names), headers=as_admin)).status_code == 200, path


async def test_a_business_day_is_meant_whole(
    client: httpx.AsyncClient, as_admin: dict[str, str], names: dict[str, str]
) -> None:
    """[X3] From a day is from its first moment, to a day is through its last: in Kathmandu, not in London."""

    async def found(path: str, **query: str) -> int:
        answer = await client.get(filled(path, names), params=query, headers=as_admin)
        assert answer.status_code == 200, answer.text
        data = answer.json()["data"]
        return len(data.get("items", data.get("movements")))

    today = clock.business_day()
    before, after = (today + timedelta(days=days) for days in (-1, 1))
    for path in ("/admin/audit/{shop}", "/admin/audit/credit/all", "/ledger/accounts/{line}/statement"):
        everything = await found(path)
        assert everything > 0
        assert await found(path, **{"from": f"{today}", "to": f"{today}"}) == everything
        assert await found(path, **{"from": f"{after}"}) == 0
        assert await found(path, to=f"{before}") == 0


@pytest.mark.parametrize(
    ("read", "given", "moment"),
    [
        (asked_since, "2026-02-10", "2026-02-09T18:15:00+00:00"),
        (asked_until, "2026-02-10", "2026-02-10T18:15:00+00:00"),
        (asked_last, "2026-02-10", "2026-02-10T18:14:59.999999+00:00"),
        (asked_last, "2026-02-10T10:00:00+05:45", "2026-02-10T10:00:00+05:45"),
        (asked_since, "2026-02-10T10:00:00Z", "2026-02-10T10:00:00+00:00"),
    ],
)
def test_bounds(read: Callable[[str], datetime | None], given: str, moment: str) -> None:
    """[X3] A moment stays as it is."""
    assert read(given) == datetime.fromisoformat(moment)


@pytest.mark.parametrize("given", ["2026-02-10T10:00:00", "2026-02-30", "yesterday", "20260210", "10/02/2026"])
def test_neither_a_day_nor_a_moment(given: str) -> None:
    """[X1] Nothing is guessed."""
    for read in (asked_since, asked_until, asked_last):
        with pytest.raises(ValidationFailed):
            read(given)
