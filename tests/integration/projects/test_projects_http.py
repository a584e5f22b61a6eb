"""[P20-P22] Projects, applications and refunds over HTTP: what outside clients send and get."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest
from tests.fixtures.people import BearerOf, MakeUser
from tests.fixtures.projects import MakeFreelancer, MakeProject, credits_of
from tests.fixtures.purchases import Buy
from tests.fixtures.trade import assert_books_hold, contents_of

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.ids import new_id
from khaacho.parties.queries import require_user
from khaacho.platform.database import Database

POST = {"title": "Photos of forty products", "category": "PHOTOGRAPHY", "city": "Birendranagar", "budget": 5000.5}


class Person:
    """Somebody with a sign-in of their own."""

    def __init__(self, client: httpx.AsyncClient, headers: dict[str, str]) -> None:
        self._client, self._headers = client, headers

    async def get(self, path: str, **query: Any) -> httpx.Response:
        return await self._client.get(f"/api/v1{path}", headers=self._headers, params=query)

    async def post(self, path: str, body: Any = None, key: str | None = None) -> httpx.Response:
        headers = self._headers if key is None else self._headers | {"Idempotency-Key": key}
        return await self._client.post(f"/api/v1{path}", headers=headers, json=body)


@pytest.fixture
def sign_in(client: httpx.AsyncClient, database: Database, bearer_of: BearerOf, make_user: MakeUser) -> Any:
    """`await sign_in(ActorRole.VENDOR)` or of an actor that exists."""

    async def do(who: ActorRole | Actor) -> Person:
        if isinstance(who, Actor):
            assert who.id is not None
            async with database.reading() as tx:
                user = await require_user(tx, who.id)
        else:
            user = await make_user(role=who)
        return Person(client, await bearer_of(user))

    return do


def data(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()["data"]


def refusal(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


async def test_a_project_from_posting_to_done(
    database: Database, sign_in: Any, make_freelancer: MakeFreelancer
) -> None:
    """[P20, P21] Post, apply, assign, complete: every answer as clients read it."""
    sita = await make_freelancer(credits=2)
    client, freelancer = await sign_in(ActorRole.VENDOR), await sign_in(sita)
    project = data(await client.post("/projects", POST), 201)
    assert (project["status"], project["budget"], project["applications"]) == ("OPEN", 5000.5, 0)
    assert [one["id"] for one in data(await freelancer.get("/projects"))["items"]] == [project["id"]]

    body = {"projectId": project["id"], "message": "I have a camera", "bidAmount": "4500.00"}
    application = data(await freelancer.post("/applications", body), 201)
    assert (application["status"], application["creditsSpent"], application["creditsBalance"]) == ("PENDING", 1, 1)
    assert (application["bidAmount"], application["projectTitle"]) == (4500.0, POST["title"])
    assert refusal(await freelancer.post("/applications", body)) == (409, "ALREADY_APPLIED")
    assert data(await client.get(f"/projects/{project['id']}"))["applications"] == 1
    listed = data(await client.get(f"/projects/{project['id']}/applications"))["items"]
    assert [one["message"] for one in listed] == ["I have a camera"]

    path = f"/projects/{project['id']}"
    assigned = data(await client.post(f"{path}/assign", {"applicationId": application["id"]}))
    assert (assigned["status"], assigned["assignedApplicationId"]) == ("ASSIGNED", application["id"])
    assert data(await client.post(f"{path}/complete"))["status"] == "COMPLETED"
    (mine,) = data(await freelancer.get("/applications/mine"))["items"]
    assert (mine["status"], mine["projectStatus"], mine["refund"]) == ("COMPLETED", "COMPLETED", None)
    assert data(await freelancer.get("/projects"))["items"] == []
    assert data(await freelancer.get(path))["status"] == "COMPLETED"
    await assert_books_hold(database)


async def test_cancelling_is_seen_by_those_it_pays(
    database: Database, sign_in: Any, make_freelancer: MakeFreelancer
) -> None:
    """[P22] Eligibility before, the refund after, and nothing more to come."""
    sita = await make_freelancer(credits=1)
    client, freelancer = await sign_in(ActorRole.RETAILER), await sign_in(sita)
    project = data(await client.post("/projects", POST), 201)
    application = data(await freelancer.post("/applications", {"projectId": project["id"]}), 201)
    eligibility = f"/credits/refund-eligibility/{application['id']}"
    assert data(await freelancer.get(eligibility)) == {
        "applicationId": application["id"],
        "eligible": True,
        "originalCredits": 1,
        "refundPercent": 100,
        "refundAmount": 1,
        "reason": "WITHDRAWN",
    }
    assert refusal(await client.post(f"/projects/{project['id']}/cancel")) == (400, "MALFORMED_REQUEST")
    cancelled = data(await client.post(f"/projects/{project['id']}/cancel", {"reason": "the shop burnt down"}))
    assert (cancelled["status"], cancelled["statusReason"]) == ("CANCELLED", "the shop burnt down")
    after = data(await freelancer.get(eligibility))
    assert (after["eligible"], after["refundAmount"], after["reason"]) == (False, 0, "ALREADY_REFUNDED")
    (refund,) = data(await freelancer.get("/credits/refunds"))["items"]
    assert (refund["applicationId"], refund["reason"], refund["refundAmount"]) == (
        application["id"],
        "PROJECT_CANCELLED",
        1,
    )
    (mine,) = data(await freelancer.get("/applications/mine"))["items"]
    assert mine["refund"] == refund
    assert await credits_of(database, sita) == 1
    again = await freelancer.post(f"/applications/{application['id']}/withdraw")
    assert refusal(again) == (409, "INVALID_TRANSITION")


async def test_withdrawing_and_rejecting(database: Database, sign_in: Any, make_freelancer: MakeFreelancer) -> None:
    """[P21, P22] The answer to withdrawing carries the refund; rejecting takes a reason or none."""
    sita, hari = await make_freelancer(credits=1), await make_freelancer(credits=1)
    client, as_sita, as_hari = await sign_in(ActorRole.VENDOR), await sign_in(sita), await sign_in(hari)
    project = data(await client.post("/projects", POST), 201)
    first = data(await as_sita.post("/applications", {"projectId": project["id"]}), 201)
    second = data(await as_hari.post("/applications", {"projectId": project["id"]}), 201)
    withdrawn = data(await as_sita.post(f"/applications/{first['id']}/withdraw"))
    assert (withdrawn["status"], withdrawn["refund"]["refundAmount"]) == ("WITHDRAWN", 1)
    assert data(await as_sita.post(f"/applications/{first['id']}/withdraw")) == withdrawn
    rejected = data(await client.post(f"/applications/{second['id']}/reject", {"reason": "too dear"}))
    assert (rejected["status"], rejected["statusReason"], rejected["refund"]) == ("REJECTED", "too dear", None)
    assert data(await client.get(f"/projects/{project['id']}"))["applications"] == 1
    statuses = {"WITHDRAWN": [first["id"]], "PENDING": []}
    for status, expected in statuses.items():
        assert [one["id"] for one in data(await as_sita.get("/applications/mine", status=status))["items"]] == expected


async def test_applying_again_under_a_key(database: Database, sign_in: Any, make_freelancer: MakeFreelancer) -> None:
    """[P21, X3] The same answer, word for word; other words under the key, and another key, are refused for nothing."""
    client, freelancer = await sign_in(ActorRole.VENDOR), await sign_in(await make_freelancer(credits=3))
    project = data(await client.post("/projects", POST), 201)
    body = {"projectId": project["id"], "message": "I live near by."}
    first = await freelancer.post("/applications", body, key="once")
    assert data(first, 201)["creditsBalance"] == 2
    before = await kept(database)
    assert data(await freelancer.post("/applications", body, key="once"), 201) == data(first, 201)
    other = body | {"message": "I live far away."}
    assert refusal(await freelancer.post("/applications", other, key="once")) == (409, "IDEMPOTENCY_KEY_REUSED")
    assert refusal(await freelancer.post("/applications", body, key="twice")) == (409, "ALREADY_APPLIED")
    assert refusal(await freelancer.post("/applications", body)) == (409, "ALREADY_APPLIED")
    assert refusal(await freelancer.post("/applications", body, key="")) == (400, "IDEMPOTENCY_KEY_REQUIRED")
    assert await kept(database) == before


async def test_a_line_says_which_purchase_paid(
    client: httpx.AsyncClient,
    database: Database,
    sign_in: Any,
    make_freelancer: MakeFreelancer,
    make_project: MakeProject,
    buy: Buy,
    bearer_of: BearerOf,
    make_user: MakeUser,
) -> None:
    """[P4] The given credit goes first, then one that was bought; each line of spending names what paid for it, and
    what came back of that; for the freelancer, for the team, and in the file.
    """
    sita = await make_freelancer(credits=1)
    bought = await buy(sita, units=25, amount_paisa=112_500, package_name="Basic")
    freelancer = await sign_in(sita)
    sent = [
        data(await freelancer.post("/applications", {"projectId": str((await make_project()).id)}), 201)
        for _ in range(2)
    ]
    data(await freelancer.post(f"/applications/{sent[1]['id']}/withdraw"))
    lines = data(await freelancer.get("/credits/history"))["items"]
    assert [line["type"] for line in lines] == ["REFUND", "SPEND", "SPEND", "PURCHASE", "ADJUSTMENT"]
    given = {"type": "ADMIN", "credits": 1, "returnedCredits": 0, "packageName": None}
    of_purchase = {"type": "PURCHASE", "credits": 1, "returnedCredits": 1, "packageName": "Basic"}
    assert [line["paidBy"] for line in lines] == [
        [],
        [of_purchase | {"transactionId": str(bought.movement_id)}],
        [given | {"transactionId": lines[4]["transactionId"]}],
        [],
        [],
    ]
    assert [line["sourceId"] for line in lines[1:3]] == [sent[1]["id"], sent[0]["id"]]
    as_admin = await bearer_of(await make_user())
    listed = await client.get("/api/v1/admin/credits/transactions", headers=as_admin, params={"type": "SPEND"})
    assert [one["transaction"]["paidBy"] for one in data(listed)["items"]] == [lines[1]["paidBy"], lines[2]["paidBy"]]
    file = await client.get("/api/v1/admin/credits/export", headers=as_admin, params={"type": "SPEND"})
    assert f"1 of {bought.movement_id}" in file.text


async def test_insufficient_credits_says_how_many(sign_in: Any, make_freelancer: MakeFreelancer) -> None:
    """[P21] 402 with what it takes and what is there."""
    client, freelancer = await sign_in(ActorRole.VENDOR), await sign_in(await make_freelancer())
    project = data(await client.post("/projects", POST), 201)
    answer = await freelancer.post("/applications", {"projectId": project["id"]})
    assert refusal(answer) == (402, "INSUFFICIENT_CREDITS")
    assert answer.json()["error"]["details"] == {"required": 1, "available": 0}


async def test_ownership_of_every_id(database: Database, sign_in: Any, make_freelancer: MakeFreelancer) -> None:
    """[X10] A stranger of the right role is refused on every path that holds an id, and changes nothing."""
    sita, hari = await make_freelancer(credits=1), await make_freelancer(credits=1)
    client, other_client = await sign_in(ActorRole.VENDOR), await sign_in(ActorRole.RETAILER)
    as_sita, as_hari, operator = await sign_in(sita), await sign_in(hari), await sign_in(ActorRole.OPERATOR)
    project = data(await client.post("/projects", POST), 201)
    application = data(await as_sita.post("/applications", {"projectId": project["id"]}), 201)
    of_project, of_application = f"/projects/{project['id']}", f"/applications/{application['id']}"
    before = await kept(database)

    forbidden = (403, "FORBIDDEN")
    for stranger in (other_client, as_hari, operator):
        assert refusal(await stranger.post(f"{of_project}/assign", {"applicationId": application["id"]})) == forbidden
        assert refusal(await stranger.post(f"{of_project}/complete")) == forbidden
        assert refusal(await stranger.post(f"{of_project}/close")) == forbidden
        assert refusal(await stranger.post(f"{of_project}/cancel", {"reason": "mine"})) == forbidden
        assert refusal(await stranger.post(f"{of_application}/reject")) == forbidden
        assert refusal(await stranger.post(f"{of_application}/withdraw")) == forbidden
    for stranger in (other_client, as_sita, as_hari):
        assert refusal(await stranger.get(f"{of_project}/applications")) == forbidden
    assert refusal(await other_client.get(of_project)) == forbidden
    assert refusal(await as_hari.get(f"/credits/refund-eligibility/{application['id']}")) == forbidden
    assert data(await as_hari.get("/credits/refunds"))["items"] == []
    assert data(await as_hari.get("/applications/mine"))["items"] == []
    assert data(await other_client.get("/projects"))["items"] == []
    for somebody in (client, as_sita, operator):
        assert refusal(await somebody.post(f"/admin/credits/refund-project/{project['id']}")) == forbidden
    # Applications of others are nobody's business; the project is, while it is open.
    assert data(await as_hari.get(of_project))["id"] == project["id"]
    assert data(await operator.get(of_project))["id"] == project["id"]

    missing = new_id()
    assert refusal(await client.get(f"/projects/{missing}")) == (404, "PROJECT_NOT_FOUND")
    assert refusal(await client.post(f"/projects/{missing}/close")) == (404, "PROJECT_NOT_FOUND")
    assert refusal(await as_sita.post("/applications", {"projectId": str(missing)})) == (404, "PROJECT_NOT_FOUND")
    assert refusal(await as_sita.post(f"/applications/{missing}/withdraw")) == (404, "APPLICATION_NOT_FOUND")
    assert refusal(await as_sita.get(f"/credits/refund-eligibility/{missing}")) == (404, "APPLICATION_NOT_FOUND")
    assert await kept(database) == before


async def kept(database: Database) -> dict[str, str]:
    """Every table but the counting of requests, which looking itself moves."""
    return {table: rows for table, rows in (await contents_of(database)).items() if table != "rate_limits"}


async def test_who_may_not_even_try(client: httpx.AsyncClient, sign_in: Any, make_freelancer: MakeFreelancer) -> None:
    """[P30, X10] Freelancers post nothing, clients apply for nothing, and nobody does anything unsigned."""
    freelancer, vendor = await sign_in(await make_freelancer(credits=1)), await sign_in(ActorRole.VENDOR)
    assert refusal(await freelancer.post("/projects", POST)) == (403, "FORBIDDEN")
    assert refusal(await vendor.post("/applications", {"projectId": str(new_id())})) == (403, "FORBIDDEN")
    assert refusal(await vendor.get("/applications/mine")) == (403, "FORBIDDEN")
    assert refusal(await freelancer.get("/projects", status="CLOSED")) == (403, "FORBIDDEN")
    for path in ("/projects", "/applications/mine", "/credits/refunds", f"/credits/refund-eligibility/{new_id()}"):
        assert refusal(await client.get(f"/api/v1{path}")) == (401, "UNAUTHENTICATED")


async def test_bodies_that_cannot_be(sign_in: Any) -> None:
    """[X1] Nothing unknown, no deadline that is past, too far or without its zone, no amount that is none.

    A deadline in a year that cannot be shown would spoil the list for everyone who looks.
    """
    client = await sign_in(ActorRole.VENDOR)
    yesterday = (clock.now() - timedelta(days=1)).isoformat()
    for wrong in (
        {**POST, "title": ""},
        {**POST, "status": "COMPLETED"},
        {**POST, "ownerId": str(new_id())},
        {**POST, "budget": 0},
        {**POST, "budget": 10.001},
        {**POST, "category": "WEDDINGS"},
        {**POST, "deadline": yesterday},
        {**POST, "deadline": "2099-01-01T00:00:00"},
        {**POST, "deadline": (clock.now() + timedelta(days=36_526)).isoformat()},
        {**POST, "deadline": "9999-12-31T23:59:59+00:00"},
        {**POST, "deadline": "9999-12-31T23:59:59-14:00"},
        {"title": "x" * 201},
    ):
        assert refusal(await client.post("/projects", wrong)) == (422, "VALIDATION_ERROR"), wrong
    assert data(await client.get("/projects"))["items"] == []


async def test_lists_come_in_pages(sign_in: Any) -> None:
    """[X3] Newest first, each exactly once, and filters hold across pages."""
    client, admin = await sign_in(ActorRole.VENDOR), await sign_in(ActorRole.ADMIN)
    posted = [data(await client.post("/projects", {**POST, "title": f"Job {n}"}), 201)["id"] for n in range(5)]
    data(await admin.post("/projects", {**POST, "category": "DESIGN"}), 201)
    seen, cursor = [], None
    while True:
        query = {"limit": 2, "category": "PHOTOGRAPHY"} | ({"cursor": cursor} if cursor else {})
        page = data(await admin.get("/projects", **query))
        seen += [one["id"] for one in page["items"]]
        if (cursor := page["nextCursor"]) is None:
            break
    assert seen == posted[::-1]
    assert len(data(await admin.get("/projects"))["items"]) == 6
    assert len(data(await admin.get("/projects", mine=True))["items"]) == 1
    assert len(data(await client.get("/projects"))["items"]) == 5


async def test_the_admins_refund(database: Database, sign_in: Any, make_freelancer: MakeFreelancer) -> None:
    """[P22] Figures of what was paid and how many there are; again, it pays nobody; one by hand, once."""
    sita, hari = await make_freelancer(credits=1), await make_freelancer(credits=1)
    client, admin = await sign_in(ActorRole.VENDOR), await sign_in(ActorRole.ADMIN)
    project = data(await client.post("/projects", POST), 201)
    for person in (sita, hari):
        data(await (await sign_in(person)).post("/applications", {"projectId": project["id"]}), 201)
    path = f"/admin/credits/refund-project/{project['id']}"
    assert refusal(await admin.post(path)) == (409, "REFUND_NOT_ELIGIBLE")
    data(await client.post(f"/projects/{project['id']}/close"))
    answer = data(await admin.post(path))
    figures = ("refundsProcessed", "creditsRefunded", "totalApplications", "alreadyRefunded", "finished")
    assert [answer[name] for name in figures] == [2, 2, 2, 2, True]
    again = data(await admin.post(path))
    assert [again[name] for name in figures] == [0, 0, 2, 2, True]
    assert [await credits_of(database, one) for one in (sita, hari)] == [1, 1]

    project = data(await client.post("/projects", POST), 201)
    application = data(await (await sign_in(sita)).post("/applications", {"projectId": project["id"]}), 201)
    path = f"/admin/credits/refund-application/{application['id']}"
    assert refusal(await admin.post(path, {"reason": "short"})) == (422, "VALIDATION_ERROR")
    body = {"cause": "DUPLICATE", "reason": "was sent twice by a fault"}
    assert data(await admin.post(path, body))["reason"] == "DUPLICATE"
    assert refusal(await admin.post(path, body)) == (409, "ALREADY_REFUNDED")
    await assert_books_hold(database)
