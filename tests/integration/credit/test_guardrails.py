"""Guardrails over HTTP: asked and obeyed alike, changed with a trace, watched every night, and passed with a reason."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.fixtures.debtors import BOOK_CHECKS, Holds, MakeDebtor, Owes
from tests.fixtures.people import BearerOf, MakeRetailer, MakeUser, MakeVendor
from tests.fixtures.trade import assert_books_hold, contents_of, line_of, order_for, outcome_of, paisa

from khaacho import clock
from khaacho.actors import SYSTEM, Actor, ActorRole
from khaacho.catalog.records import Offer
from khaacho.credit.actions import open_credit_lines, release_holds
from khaacho.credit.exposure.aging import Severity, overdue_severity, usage_severity
from khaacho.credit.exposure.at_risk import Danger, Evaluation, LineAtRisk, evaluate_all, find_at_risk
from khaacho.credit.lateness.pausing import evaluate_pause
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.records import NewCreditLine, NewPayment, PaymentMethod
from khaacho.errors import KhaachoError
from khaacho.ids import new_id
from khaacho.ledger.queries import find_accounts
from khaacho.orders.placer import OrderPlacer
from khaacho.parties.actions import update_retailers
from khaacho.parties.records import PartyStatus, Retailer
from khaacho.parties.standings import CreditStatus, set_credit_status
from khaacho.platform.database import Database

NOON = datetime(2026, 2, 10, 6, 15, tzinfo=UTC)
TODAY = date(2026, 2, 10)
GUARDRAILS = "/api/v1/admin/guardrails"

Ask = Callable[..., Awaitable[dict[str, Any]]]


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    """Noon in Kathmandu, so that no test meets midnight by accident."""
    with clock.travelled_to(NOON):
        yield


def midnight(days_ago: int) -> datetime:
    return clock.start_of_business_day(TODAY - timedelta(days=days_ago))


# --- asking -------------------------------------------------------------------------------------------------------


@pytest.fixture
def ask(client: httpx.AsyncClient, as_admin: dict[str, str]) -> Ask:
    """`await ask(shop_id, 500)`: what validate-order says of that many rupees."""

    async def question(shop: UUID, rupees: float | str, mode: str = "CREDIT", **more: Any) -> dict[str, Any]:
        body = {"retailerId": str(shop), "orderAmount": rupees, "paymentMode": mode, **more}
        answer = await client.post(f"{GUARDRAILS}/validate-order", json=body, headers=as_admin)
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["data"])

    return question


async def make_states(
    database: Database, admin: Actor, make_debtor: MakeDebtor, make_retailer: MakeRetailer, owes: Owes
) -> dict[str, UUID]:
    """A shop for each thing a guardrail may say of an order of Rs 500."""

    async def stand(shop: Retailer, status: CreditStatus) -> None:
        async with database.transaction() as tx:
            await set_credit_status(tx, shop.id, status, reason="late again", automatic=False)

    async def become(shop: Retailer, status: PartyStatus) -> None:
        async with database.transaction() as tx:
            await update_retailers(tx, admin, changes={shop.id: {"status": status}})

    fine, full, late, small = [await make_debtor(limit_rupees=1_000) for _ in range(4)]
    await owes(full, amount_paisa=paisa(500) + 1)
    await owes(late, 100, opened_at=midnight(8))
    capped = await make_debtor(limit_rupees=1_000, terms={"max_order_paisa": paisa(500) - 1})
    exact = await make_debtor(limit_rupees=1_000, terms={"max_order_paisa": paisa(500)})
    await owes(exact, 500)
    await owes(small, amount_paisa=9_999, opened_at=midnight(30))
    paused, blocked, gone, waiting = [await make_debtor() for _ in range(4)]
    await stand(paused, CreditStatus.PAUSED)
    await stand(blocked, CreditStatus.BLOCKED)
    await become(gone, PartyStatus.BLOCKED)
    await become(waiting, PartyStatus.SUSPENDED)
    bare = await make_retailer()
    return {
        "OK": fine.id,
        "OK at the limit and the largest order": exact.id,
        "OK with a small remainder overdue": small.id,
        "INSUFFICIENT_CREDIT": full.id,
        "OVERDUE_CREDIT": late.id,
        "MAX_ORDER_VALUE_EXCEEDED": capped.id,
        "CREDIT_PAUSED": paused.id,
        "CREDIT_BLOCKED": blocked.id,
        "RETAILER_BLOCKED": gone.id,
        "RETAILER_NOT_ACTIVE": waiting.id,
        "NO_CREDIT_ACCOUNT": bare.id,
        "RETAILER_NOT_FOUND": new_id(),
    }


async def test_what_is_asked_is_what_is_obeyed(
    database: Database,
    admin: Actor,
    ask: Ask,
    make_debtor: MakeDebtor,
    make_retailer: MakeRetailer,
    owes: Owes,
    one_rupee: Offer,
) -> None:
    """[C90] For every state a shop may be in, on credit and with cash: the question is answered with the very code
    that placing the order then ends with. Asking many at once answers each as if it had been alone, and asking
    changes nothing.
    """
    states = await make_states(database, admin, make_debtor, make_retailer, owes)
    before = await contents_of(database)
    cases = [(name, shop, mode) for name, shop in states.items() for mode in ("CREDIT", "COD")]
    answers = await asyncio.gather(*(ask(shop, 500, mode) for _, shop, mode in cases))
    after = await contents_of(database)
    assert {table for table in after if after[table] != before[table]} <= {"rate_limits"}
    placer = OrderPlacer(database)
    for (name, shop, mode), answer in zip(cases, answers, strict=True):
        order = order_for(shop, one_rupee, 500, on_credit=mode == "CREDIT")
        placed = await outcome_of(placer.submit(SYSTEM, order))
        code = placed.code if isinstance(placed, KhaachoError) else "OK"
        assert answer["reason"] == code, (name, mode)
        assert answer["allowed"] is (code == "OK")
        if mode == "CREDIT":
            assert code == name.split(" ")[0]
        else:
            assert code == (name if name.startswith("RETAILER") else "OK")


async def test_figures_are_told(ask: Ask, make_debtor: MakeDebtor, owes: Owes) -> None:
    """[C12] The refusal carries the figures it was decided on, the permission those after the order."""
    shop = await make_debtor(limit_rupees=1_000)
    await owes(shop, 600)
    refused = await ask(shop.id, "400.01")
    assert refused["reason"] == "INSUFFICIENT_CREDIT"
    assert refused["details"] == {
        "currentBalance": 600.00,
        "creditLimit": 1_000.00,
        "orderAmount": 400.01,
        "availableCredit": 400.00,
        "projectedBalance": 1_000.01,
    }
    allowed = await ask(shop.id, 400)
    assert allowed["details"] == {"creditLimit": 1_000.00, "projectedBalance": 1_000.00, "availableCredit": 400.00}
    # Two questions about one shop at once: the first does not use up what the second asks about.
    assert [one["reason"] for one in await asyncio.gather(*(ask(shop.id, 400) for _ in range(8)))] == ["OK"] * 8


async def test_an_amount_that_is_none_is_refused(
    client: httpx.AsyncClient, as_admin: dict[str, str], make_debtor: MakeDebtor
) -> None:
    """[X1] Nothing, less than nothing, parts of a paisa, words, and unknown fields."""
    shop = await make_debtor()
    good = {"retailerId": str(shop.id), "orderAmount": 1, "paymentMode": "CREDIT"}
    for wrong in (
        {"orderAmount": 0},
        {"orderAmount": -5},
        {"orderAmount": "0.001"},
        {"orderAmount": "NaN"},
        {"orderAmount": "many"},
        {"paymentMode": "BARTER"},
        {"retailerId": "nobody"},
        {"extra": 1},
    ):
        answer = await client.post(f"{GUARDRAILS}/validate-order", json={**good, **wrong}, headers=as_admin)
        assert answer.status_code == 422, (wrong, answer.text)


# --- changing -----------------------------------------------------------------------------------------------------


async def audits_of(database: Database, shop: UUID) -> list[dict[str, Any]]:
    async with database.reading() as tx:
        return await tx.dicts(
            """
            SELECT action, reason, actor_name, old_values, new_values
            FROM audit_entries WHERE retailer_id = %(shop)s AND subject_kind = 'credit_account'
            ORDER BY id OFFSET 1
            """,
            {"shop": shop},
        )


async def test_guardrails_are_changed_one_by_one(
    database: Database, client: httpx.AsyncClient, as_admin: dict[str, str], make_debtor: MakeDebtor
) -> None:
    """[C91] What is named changes, the rest stays; each change is audited with old and new, what was so already is
    not; the limit has its own action.
    """
    shop = await make_debtor(limit_rupees=1_000)
    path = f"{GUARDRAILS}/{shop.id}"
    was = (await client.get(path, headers=as_admin)).json()["data"]
    assert {name: was[name] for name in ("creditLimit", "maxOrderValue", "deMinimis")} == {
        "creditLimit": 1_000.00, "maxOrderValue": 10_000_000.00, "deMinimis": 100.00,
    }  # fmt: skip
    assert (was["maxOutstandingDays"], was["termsDays"], was["belowUse"]) == (30, 7, False)
    assert was["lines"] == [{name: was[name] for name in was["lines"][0]}]

    async def put(**body: Any) -> dict[str, Any]:
        answer = await client.put(path, json=body, headers=as_admin)
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["data"])

    now = await put(maxOutstandingDays=45, reason="harvest is late")
    assert now == {**was, "maxOutstandingDays": 45, "lines": [{**was["lines"][0], "maxOutstandingDays": 45}]}
    now = await put(maxOrderValue="250.50", termsDays=0, deMinimis=0, maxOutstandingDays=45)
    assert (now["maxOrderValue"], now["termsDays"], now["deMinimis"]) == (250.50, 0, 0.00)
    now = await put(creditLimit=2_000)
    assert now["creditLimit"] == 2_000.00
    await put(creditLimit=2_000)
    audits = await audits_of(database, shop.id)
    assert [(one["action"], one["reason"], one["old_values"], one["new_values"]) for one in audits] == [
        ("SETTING_CHANGED", "harvest is late", {"max_outstanding_days": 30}, {"max_outstanding_days": 45}),
        (
            "SETTING_CHANGED",
            None,
            {"max_order_paisa": 1_000_000_000, "terms_days": 7, "de_minimis_paisa": 10_000},
            {"max_order_paisa": 25_050, "terms_days": 0, "de_minimis_paisa": 0},
        ),
        ("CREDIT_LIMIT_CHANGED", None, {"limit_paisa": 100_000}, {"limit_paisa": 200_000}),
    ]


async def test_a_limit_below_use_is_said(
    database: Database, client: httpx.AsyncClient, as_admin: dict[str, str], make_debtor: MakeDebtor, owes: Owes
) -> None:
    """[C20] Refused with both figures and without a trace; with the flag it is set, and the answer says where it is."""
    shop = await make_debtor(limit_rupees=1_000)
    await owes(shop, 600)
    path = f"{GUARDRAILS}/{shop.id}"
    await client.get(path, headers=as_admin)
    before = await contents_of(database)
    refused = await client.put(path, json={"creditLimit": 500, "maxOutstandingDays": 10}, headers=as_admin)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "LIMIT_BELOW_USE")
    assert refused.json()["error"]["details"] == {"newLimit": 500.00, "usedCredit": 600.00}
    assert await contents_of(database) == before
    accepted = await client.put(path, json={"creditLimit": 500, "belowUse": True}, headers=as_admin)
    assert accepted.json()["data"]["belowUse"] is True
    assert accepted.json()["data"]["availableCredit"] == 0.00
    async with database.transaction() as tx:
        await record_payment(
            tx, SYSTEM, NewPayment(amount_paisa=paisa(100), method=PaymentMethod.CASH, retailer_id=shop.id)
        )
    assert (await client.get(path, headers=as_admin)).json()["data"]["belowUse"] is False
    line = await line_of(database, shop.id)
    async with database.reading() as tx:
        assert (await find_accounts(tx, [line.id]))[line.id].ceiling == paisa(500)
    await assert_books_hold(database, BOOK_CHECKS)


async def test_each_line_has_its_own(
    database: Database,
    client: httpx.AsyncClient,
    as_admin: dict[str, str],
    admin: Actor,
    make_debtor: MakeDebtor,
    make_vendor: MakeVendor,
) -> None:
    """[C20] `accountId` names a vendor's line; without it the platform's is meant; a stranger's line is nobody's."""
    shop, other, lender = await make_debtor(), await make_debtor(), await make_vendor()
    async with database.transaction() as tx:
        (lent,) = await open_credit_lines(
            tx, admin, [NewCreditLine(retailer_id=shop.id, vendor_id=lender.id, limit_paisa=paisa(50))]
        )
    path = f"{GUARDRAILS}/{shop.id}"
    body = {"accountId": str(lent.id), "creditLimit": 75}
    now = (await client.put(path, json=body, headers=as_admin)).json()["data"]
    assert [(line["vendorId"], line["creditLimit"]) for line in now["lines"]] == [
        (None, 100_000.00),
        (str(lender.id), 75.00),
    ]
    stranger = (await line_of(database, other.id)).id
    before = await contents_of(database)
    refused = await client.put(path, json={"accountId": str(stranger), "creditLimit": 1}, headers=as_admin)
    assert (refused.status_code, refused.json()["error"]["code"]) == (404, "NO_CREDIT_ACCOUNT")
    assert await contents_of(database) == before


async def test_terms_nobody_means_are_refused(
    database: Database,
    client: httpx.AsyncClient,
    as_admin: dict[str, str],
    make_debtor: MakeDebtor,
    make_retailer: MakeRetailer,
) -> None:
    """[C91] Each is checked; one that is wrong leaves the others unchanged too. Nobody, and a shop without a line."""
    shop = await make_debtor()
    path = f"{GUARDRAILS}/{shop.id}"
    await client.get(path, headers=as_admin)
    before = await contents_of(database)
    for wrong in (
        {},
        {"reason": "only words"},
        {"creditLimit": -1},
        {"creditLimit": "1e20"},
        {"creditLimit": "1.005"},
        {"maxOrderValue": -1},
        {"deMinimis": "-0.01"},
        {"maxOutstandingDays": 0},
        {"maxOutstandingDays": 3_651},
        {"termsDays": -1},
        {"termsDays": 366},
        {"creditLimit": 5, "termsDays": 1_000},
        {"limit": 5},
    ):
        answer = await client.put(path, json=wrong, headers=as_admin)
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "VALIDATION_ERROR"), wrong
    assert await contents_of(database) == before
    bare = await make_retailer()
    for unknown, code in ((bare.id, "NO_CREDIT_ACCOUNT"), (new_id(), "RETAILER_NOT_FOUND")):
        for answer in (
            await client.get(f"{GUARDRAILS}/{unknown}", headers=as_admin),
            await client.put(f"{GUARDRAILS}/{unknown}", json={"creditLimit": 5}, headers=as_admin),
        ):
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, code)


async def test_guardrails_are_for_staff(
    client: httpx.AsyncClient,
    make_debtor: MakeDebtor,
    make_vendor: MakeVendor,
    make_user: MakeUser,
    bearer_of: BearerOf,
) -> None:
    """[X10] Every route: 401 without a sign-in, 403 for shops, vendors and freelancers, open to operators."""
    shop = await make_debtor()
    question = {"retailerId": str(shop.id), "orderAmount": 1, "paymentMode": "COD"}
    routes = [
        ("POST", f"{GUARDRAILS}/validate-order", question),
        ("GET", f"{GUARDRAILS}/{shop.id}", None),
        ("PUT", f"{GUARDRAILS}/{shop.id}", {"termsDays": 8}),
        ("POST", f"{GUARDRAILS}/evaluate-all", None),
        ("GET", f"{GUARDRAILS}/at-risk", None),
        ("GET", f"{GUARDRAILS}/overrides", None),
    ]
    strangers = [
        await bearer_of(shop),
        await bearer_of(await make_vendor()),
        await bearer_of(await make_user(role=ActorRole.FREELANCER)),
    ]
    operator = await bearer_of(await make_user(role=ActorRole.OPERATOR))
    for method, path, body in routes:
        assert (await client.request(method, path, json=body)).status_code == 401
        for headers in strangers:
            assert (await client.request(method, path, json=body, headers=headers)).status_code == 403, path
        assert (await client.request(method, path, json=body, headers=operator)).status_code == 200, path


# --- watching -----------------------------------------------------------------------------------------------------


async def at_risk(database: Database) -> list[LineAtRisk]:
    async with database.reading() as tx:
        return await find_at_risk(tx, limit=100)


@pytest.mark.parametrize(
    ("used", "limit", "severity"),
    [
        (0, 0, None),
        (1, 0, Severity.CRITICAL),
        (800, 1_000, None),
        (8_001, 10_000, Severity.HIGH),
        (950, 1_000, Severity.HIGH),
        (9_501, 10_000, Severity.CRITICAL),
        (2_000, 1_000, Severity.CRITICAL),
    ],
)
async def test_near_the_limit(
    database: Database, make_debtor: MakeDebtor, holds: Holds, used: int, limit: int, severity: Severity | None
) -> None:
    """[C91] Exactly 80 % is none, a paisa more is HIGH; exactly 95 % is HIGH still, a paisa more CRITICAL."""
    shop = await make_debtor(limit_rupees=0, terms={"limit_paisa": limit})
    if used:
        await holds(shop, used)
    assert usage_severity(used, limit) is severity
    found = await at_risk(database)
    assert [(one.kind, one.severity, one.amount_paisa) for one in found] == (
        [(Danger.HIGH_CREDIT_USAGE, severity, used)] if severity else []
    )


@pytest.mark.parametrize(
    ("days", "severity"),
    [
        (0, None),
        (30, None),
        (31, Severity.HIGH),
        (37, Severity.HIGH),
        (38, Severity.CRITICAL),
        (400, Severity.CRITICAL),
    ],
)
async def test_open_for_too_long(
    database: Database, make_debtor: MakeDebtor, owes: Owes, days: int, severity: Severity | None
) -> None:
    """[C91] One to seven days beyond what the line allows are HIGH, more are CRITICAL, by midnights in Kathmandu; the
    same items are the cause to pause, no others.
    """
    shop = await make_debtor()
    await owes(shop, 500, opened_at=midnight(days))
    assert overdue_severity(days, 30) is severity
    found = await at_risk(database)
    assert [(one.kind, one.severity, one.open_days, one.amount_paisa) for one in found] == (
        [(Danger.OVERDUE_CREDIT, severity, days, paisa(500))] if severity else []
    )
    async with database.reading() as tx:
        assert (await evaluate_pause(tx, shop.id)).should_pause is (severity is not None)
    with clock.travelled_to(midnight(-1) - timedelta(seconds=30)):
        assert [one.severity for one in await at_risk(database)] == ([severity] if severity else [])
    with clock.travelled_to(midnight(-1)):
        tomorrow = overdue_severity(days + 1, 30)
        assert [one.severity for one in await at_risk(database)] == ([tomorrow] if tomorrow else [])


async def test_the_worst_first(
    database: Database, client: httpx.AsyncClient, as_admin: dict[str, str], make_debtor: MakeDebtor, owes: Owes
) -> None:
    """[C91] CRITICAL before HIGH, then the larger amount; a line may be in both dangers; small remainders and what its
    own line allows are none; the words and figures are those people read.
    """
    used = await make_debtor(pasal_name="Nearly full", limit_rupees=1_000)
    await owes(used, 870)
    late = await make_debtor(pasal_name="Late", limit_rupees=100_000)
    await owes(late, 450, opened_at=midnight(42))
    await owes(late, 50, opened_at=midnight(42))
    await owes(late, 1_000, opened_at=midnight(10))
    both = await make_debtor(pasal_name="Both", limit_rupees=500)
    await owes(both, 490, opened_at=midnight(33))
    patient = await make_debtor(terms={"max_outstanding_days": 60})
    await owes(patient, 5_000, opened_at=midnight(60))
    answer = await client.get(f"{GUARDRAILS}/at-risk", headers=as_admin)
    told = [
        (one["pasalName"], one["riskType"], one["severity"], one["amount"], one["detail"])
        for one in answer.json()["data"]
    ]
    assert told == [
        ("Both", "HIGH_CREDIT_USAGE", "CRITICAL", 490.00, "98% of credit limit used"),
        ("Late", "OVERDUE_CREDIT", "CRITICAL", 450.00, "42 days outstanding (12 days overdue)"),
        ("Nearly full", "HIGH_CREDIT_USAGE", "HIGH", 870.00, "87% of credit limit used"),
        ("Both", "OVERDUE_CREDIT", "HIGH", 490.00, "33 days outstanding (3 days overdue)"),
    ]
    one_by_one = [
        (await client.get(f"{GUARDRAILS}/at-risk", params={"page": page, "limit": 1}, headers=as_admin)).json()["data"]
        for page in (1, 2, 3, 4, 5)
    ]
    assert [one for page in one_by_one for one in page] == answer.json()["data"]
    for wrong in ({"page": 0}, {"limit": 0}, {"limit": 201}):
        refused = await client.get(f"{GUARDRAILS}/at-risk", params=wrong, headers=as_admin)
        assert refused.status_code == 422


async def test_evaluating_twice_changes_nothing(
    database: Database,
    client: httpx.AsyncClient,
    as_admin: dict[str, str],
    make_debtor: MakeDebtor,
    holds: Holds,
) -> None:
    """[C91] A flag is raised when a line comes into danger, follows it, and ends when it is out; a dry run tells and
    writes nothing; the second of two runs finds nothing to do; nobody's credit is touched.
    """
    shop = await make_debtor(limit_rupees=1_000)
    hold_id = await holds(shop, paisa(900))

    async def run(*, dry_run: bool = False) -> Evaluation:
        async with database.transaction() as tx:
            return await evaluate_all(tx, dry_run=dry_run)

    before = await contents_of(database)
    assert await run(dry_run=True) == Evaluation(at_risk=1, critical=0, raised=1, changed=0, ended=0)
    assert await contents_of(database) == before
    assert await run() == Evaluation(at_risk=1, critical=0, raised=1, changed=0, ended=0)
    raised = await contents_of(database)
    assert {table for table in raised if raised[table] != before[table]} == {"credit_risk_flags"}
    with clock.travelled_to(NOON + timedelta(minutes=5)):
        assert await run() == Evaluation(at_risk=1, critical=0, raised=0, changed=0, ended=0)
        assert await contents_of(database) == raised
        await holds(shop, paisa(60))
        assert await run() == Evaluation(at_risk=1, critical=1, raised=0, changed=1, ended=0)
        (flagged,) = await at_risk(database)
        assert flagged.severity is Severity.CRITICAL
        assert flagged.flagged_since is not None
        assert flagged.flagged_since < NOON + timedelta(minutes=1)
        async with database.transaction() as tx:
            await release_holds(tx, SYSTEM, [hold_id])
        answer = await client.post(f"{GUARDRAILS}/evaluate-all", params={"dryRun": "true"}, headers=as_admin)
        assert answer.json()["data"] == {
            "dryRun": True, "atRisk": 0, "critical": 0, "raised": 0, "changed": 0, "ended": 1,
        }  # fmt: skip
        answer = await client.post(f"{GUARDRAILS}/evaluate-all", headers=as_admin)
        assert answer.json()["data"]["ended"] == 1
        assert await at_risk(database) == []
        await holds(shop, paisa(900))
        assert (await run()).raised == 1
    async with database.reading() as tx:
        flags = await tx.dicts("SELECT amount_paisa, cleared_at IS NULL AS open FROM credit_risk_flags ORDER BY id")
        runs = await tx.value("SELECT count(*) FROM scheduled_runs WHERE job = 'guardrails'")
    assert flags == [{"amount_paisa": paisa(960), "open": False}, {"amount_paisa": paisa(960), "open": True}]
    assert runs == 1


async def test_runs_at_once_raise_one_flag(database: Database, make_debtor: MakeDebtor, holds: Holds) -> None:
    """[C91] Five runs at the same moment leave one open flag a line and danger."""
    shops = [await make_debtor(limit_rupees=100) for _ in range(3)]
    for shop in shops:
        await holds(shop, paisa(99))

    async def run() -> Evaluation:
        async with database.transaction() as tx:
            return await evaluate_all(tx)

    await asyncio.gather(*(run() for _ in range(5)))
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM credit_risk_flags WHERE cleared_at IS NULL") == 3
        assert await tx.value("SELECT count(*) FROM credit_risk_flags") == 3


# --- passing ------------------------------------------------------------------------------------------------------


async def test_an_admin_may_let_one_order_past(
    database: Database,
    client: httpx.AsyncClient,
    as_admin: dict[str, str],
    make_debtor: MakeDebtor,
    make_user: MakeUser,
    bearer_of: BearerOf,
    one_rupee: Offer,
) -> None:
    """[C92] With a written reason, by an admin: the order stands and carries the reason, the audit names the guardrail
    and who let it pass, and the list of overrides shows it. The next order is refused as before. Operators and the
    shop itself may not, blanks are no reason, and an order nothing was in the way of carries none.
    """
    shop = await make_debtor(limit_rupees=100)
    operator = await bearer_of(await make_user(role=ActorRole.OPERATOR))
    owner = await bearer_of(shop)

    async def place(headers: dict[str, str], rupees: int, **more: Any) -> httpx.Response:
        body = {
            "retailerId": str(shop.id),
            "items": [{"productId": str(one_rupee.product_id), "quantity": rupees}],
            "paymentMode": "CREDIT",
            **more,
        }
        return await client.post("/api/v1/orders", json=body, headers={**headers, "Idempotency-Key": str(new_id())})

    for headers in (operator, owner):
        refused = await place(headers, 500, overrideReason="we know the family")
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "FORBIDDEN")
    for blank in ("", "   "):
        assert (await place(as_admin, 500, overrideReason=blank)).status_code == 422
    assert (await place(as_admin, 500)).json()["error"]["code"] == "INSUFFICIENT_CREDIT"
    within = (await place(as_admin, 50, overrideReason="to be safe")).json()["data"]["orders"][0]
    assert within["overrideReason"] is None
    past = await place(as_admin, 500, overrideReason="wedding in the village")
    assert past.status_code == 201
    order = past.json()["data"]["orders"][0]
    assert order["overrideReason"] == "wedding in the village"
    assert (await place(as_admin, 1)).json()["error"]["code"] == "INSUFFICIENT_CREDIT"
    listed = await client.get(f"{GUARDRAILS}/overrides", params={"retailerId": str(shop.id)}, headers=as_admin)
    (told,) = listed.json()["data"]["items"]
    assert {name: told[name] for name in ("orderId", "code", "guardrail", "reason", "total", "allowedBy")} == {
        "orderId": order["id"],
        "code": order["code"],
        "guardrail": "INSUFFICIENT_CREDIT",
        "reason": "wedding in the village",
        "total": 500.00,
        "allowedBy": "Admin User",
    }
    async with database.reading() as tx:
        audits = await tx.dicts("SELECT subject_id, reason, new_values FROM audit_entries WHERE action = 'OVERRIDE'")
    assert audits == [
        {
            "subject_id": UUID(order["id"]),
            "reason": "wedding in the village",
            "new_values": {"guardrail": "INSUFFICIENT_CREDIT", "total_paisa": paisa(500)},
        }
    ]
    await assert_books_hold(database)


async def test_overrides_are_listed_in_parts(
    client: httpx.AsyncClient, as_admin: dict[str, str], make_debtor: MakeDebtor, one_rupee: Offer
) -> None:
    """[C92] Newest first, of all shops or of one, through cursors."""
    codes: list[str] = []
    shops = [await make_debtor(limit_rupees=0) for _ in range(2)]
    for number in range(5):
        body = {
            "retailerId": str(shops[number % 2].id),
            "items": [{"productId": str(one_rupee.product_id), "quantity": 5}],
            "paymentMode": "CREDIT",
            "overrideReason": f"reason {number}",
        }
        headers = {**as_admin, "Idempotency-Key": str(new_id())}
        answer = await client.post("/api/v1/orders", json=body, headers=headers)
        codes.insert(0, answer.json()["data"]["orders"][0]["code"])
    found: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        page = (
            await client.get(
                f"{GUARDRAILS}/overrides",
                params={"limit": 2, **({"cursor": cursor} if cursor else {})},
                headers=as_admin,
            )
        ).json()["data"]
        found += [one["code"] for one in page["items"]]
        cursor = page["nextCursor"]
    assert cursor is None
    assert found == codes
    of_one = await client.get(f"{GUARDRAILS}/overrides", params={"retailerId": str(shops[1].id)}, headers=as_admin)
    assert [one["code"] for one in of_one.json()["data"]["items"]] == [codes[1], codes[3]]
    assert (await client.get(f"{GUARDRAILS}/overrides?cursor=nonsense", headers=as_admin)).status_code == 422
