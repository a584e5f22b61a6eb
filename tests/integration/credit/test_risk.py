"""What the founder sees of risk: buckets to the paisa and to the midnight, lists that page without loss, one shop."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from tests.fixtures.debtors import BOOK_CHECKS, Holds, MakeDebtor, Owes, ages_of
from tests.fixtures.people import BearerOf, MakeRetailer, MakeUser, MakeVendor
from tests.fixtures.trade import assert_books_hold, paisa

from khaacho import clock
from khaacho.actors import SYSTEM, Actor, ActorRole
from khaacho.credit.actions import open_credit_lines
from khaacho.credit.exposure.aging import Aging, Bucket, age_items, bucket_of, is_high_risk
from khaacho.credit.exposure.risk import (
    Direction,
    RetailerRisk,
    RiskFilter,
    RiskPlace,
    RiskSort,
    find_retailer_risk,
    find_risk_page,
    find_risk_summary,
)
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.records import NewCreditLine, NewPayment, PaymentMethod
from khaacho.errors import ValidationFailed
from khaacho.ids import new_id
from khaacho.parties.records import Retailer
from khaacho.parties.standings import CreditStatus, set_credit_status
from khaacho.platform.database import Database, Transaction
from khaacho.platform.http import decode_place, encode_place

NOON = datetime(2026, 2, 10, 6, 15, tzinfo=UTC)
TODAY = date(2026, 2, 10)
DASHBOARD = "/api/v1/admin/credit/risk-dashboard"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    """Noon in Kathmandu, so that no test meets midnight by accident."""
    with clock.travelled_to(NOON):
        yield


def midnight(days_ago: int) -> datetime:
    """The first moment of that business day."""
    return clock.start_of_business_day(TODAY - timedelta(days=days_ago))


async def dashboard(client: httpx.AsyncClient, headers: dict[str, str], **params: Any) -> dict[str, Any]:
    answer = await client.get(DASHBOARD, params=params, headers=headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json()["data"])


# --- buckets ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        (-1, "0-7"),
        (0, "0-7"),
        (7, "0-7"),
        (8, "8-14"),
        (14, "8-14"),
        (15, "15-30"),
        (30, "15-30"),
        (31, "30+"),
        (4000, "30+"),
    ],
)
def test_an_age_has_one_bucket(days: int, bucket: str) -> None:
    """[C30] Seven days are still young, eight are not; thirty are not yet the oldest."""
    assert bucket_of(days) is Bucket(bucket)


async def test_buckets_change_at_midnight_in_kathmandu(
    client: httpx.AsyncClient, as_admin: dict[str, str], make_debtor: MakeDebtor, owes: Owes, database: Database
) -> None:
    """[C30] An item opened in the first moment of the day seven days ago is 0-7; a microsecond earlier, 8-14; and so
    at 14/15 and 30/31. The names and sums are those of the API, remaining amounts count, not original ones.
    """
    shop = await make_debtor(pasal_name="Gita Kirana", limit_rupees=10_000)
    just_before = timedelta(microseconds=1)
    for days, rupees in ((7, 1), (14, 10), (30, 100)):
        await owes(shop, rupees, opened_at=midnight(days))
        await owes(shop, rupees * 2, opened_at=midnight(days) - just_before)
    half_paid = await owes(shop, 1_000, opened_at=NOON)
    async with database.transaction() as tx:
        await record_payment(
            tx,
            SYSTEM,
            NewPayment(amount_paisa=paisa(400) + 1, method=PaymentMethod.CASH, debit_id=half_paid.id),
        )
    found = await dashboard(client, as_admin)
    buckets = {"0-7": 600.99, "8-14": 12.00, "15-30": 120.00, "30+": 200.00}
    total = 932.99
    assert found["summary"] == {**buckets, "totalOutstanding": total, "retailerCount": 1, "highRiskCount": 1}
    assert found["retailerRisks"] == [
        {
            "retailerId": str(shop.id),
            "pasalName": "Gita Kirana",
            "phoneNumber": shop.phone,
            "creditLimit": 10_000.00,
            "usedCredit": total,
            "creditStatus": "ACTIVE",
            **buckets,
            "total": total,
            "highRisk": True,
            "oldestOpenDays": 31,
        }
    ]
    with clock.travelled_to(midnight(-1) - timedelta(seconds=30)):
        assert await summed(database) == (60_099, 1_200, 12_000, 20_000)
    with clock.travelled_to(midnight(-1)):
        assert await summed(database) == (59_999, 300, 3_000, 30_000)
    await assert_books_hold(database, BOOK_CHECKS)


async def summed(database: Database) -> tuple[int, int, int, int]:
    async with database.reading() as tx:
        found = await find_risk_summary(tx)
    return found.days_0_7_paisa, found.days_8_14_paisa, found.days_15_30_paisa, found.days_over_30_paisa


ITEMS = st.lists(
    st.tuples(
        st.integers(0, 2),
        # Minutes since 45 days ago, and close around the midnights of the borders.
        st.one_of(
            st.integers(0, 46 * 24 * 60).map(lambda minutes: NOON - timedelta(minutes=minutes)),
            st.tuples(st.sampled_from([7, 8, 14, 15, 30, 31]), st.sampled_from([-1, 0, 1])).map(
                lambda near: midnight(near[0]) + timedelta(microseconds=near[1])
            ),
        ),
        st.integers(1, 10**13),
        st.integers(0, 3),
    ),
    max_size=25,
)


@given(items=ITEMS)
@hypothesis_settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_statement_and_the_pure_function_agree(
    database: Database, make_debtor: MakeDebtor, items: list[tuple[int, datetime, int, int]]
) -> None:
    """[C30] Whatever is open, of whatever age and amount: SQL and Python come to the same paisa, for each shop and for
    all, and to the same verdict whether it is a danger. `cleared` is how many quarters of the amount are paid.
    """
    shops = [await make_debtor(limit_rupees=limit) for limit in (0, 1_000, 10**9)]
    async with database.transaction() as tx:
        await tx.execute("DELETE FROM credit_debits")
        for which, opened_at, amount, quarters in items:
            await tx.execute(
                """
                INSERT INTO credit_debits (id, account_id, retailer_id, source_kind, source_id, amount_paisa,
                    cleared_paisa, opened_at, due_on, created_at)
                SELECT %(id)s, id, retailer_id, 'order', %(id)s, %(amount)s, %(cleared)s, %(at)s, '2026-02-01', %(at)s
                FROM credit_accounts WHERE retailer_id = %(shop)s
                """,
                {
                    "id": new_id(),
                    "shop": shops[which].id,
                    "amount": amount,
                    "cleared": amount * quarters // 4,
                    "at": opened_at,
                },
            )
    async with database.reading() as tx:
        summary = await find_risk_summary(tx)
        risks = [await find_retailer_risk(tx, shop.id) for shop in shops]
    expected = [
        age_items(
            [
                (clock.business_day(at), amount - amount * quarters // 4)
                for which, at, amount, quarters in items
                if which == number
            ],
            TODAY,
        )
        for number in range(3)
    ]
    for risk, aging in zip(risks, expected, strict=True):
        assert risk is not None
        assert ages_of(risk) == aging
        assert risk.high_risk is is_high_risk(
            aging, used_paisa=0, limit_paisa=risk.limit_paisa, credit_status=CreditStatus.ACTIVE
        )
    assert Aging(**{name: getattr(summary, name) for name in Aging.__struct_fields__}) == Aging(
        **{name: sum(getattr(aging, name) for aging in expected) for name in Aging.__struct_fields__}
    )


# --- danger -------------------------------------------------------------------------------------------------------


async def test_who_is_a_danger(
    database: Database,
    client: httpx.AsyncClient,
    as_admin: dict[str, str],
    make_debtor: MakeDebtor,
    make_retailer: MakeRetailer,
    make_vendor: MakeVendor,
    owes: Owes,
    holds: Holds,
    admin: Actor,
) -> None:
    """[C30] Anything over 30 days, more than 80 % of the limit used (holds count, lines count together), or credit
    paused or blocked. Exactly 80 % and exactly 30 days are none. A shop without a credit line is not in the list.
    """
    await make_retailer(pasal_name="No line")
    calm = await make_debtor(pasal_name="At 80 percent", limit_rupees=1_000)
    await owes(calm, 800, opened_at=midnight(30))
    above = await make_debtor(pasal_name="Above 80", limit_rupees=1_000)
    await owes(above, 500)
    await holds(above, paisa(300) + 1)
    old = await make_debtor(pasal_name="Old", limit_rupees=100_000)
    await owes(old, amount_paisa=1, opened_at=midnight(31))
    spread = await make_debtor(pasal_name="Two lines", limit_rupees=1_000)
    lender = await make_vendor()
    async with database.transaction() as tx:
        await open_credit_lines(
            tx, admin, [NewCreditLine(retailer_id=spread.id, vendor_id=lender.id, limit_paisa=paisa(9_000))]
        )
    await owes(spread, 1_000)
    stopped: list[Retailer] = []
    for status in (CreditStatus.PAUSED, CreditStatus.BLOCKED):
        shop = await make_debtor(pasal_name=f"Is {status}")
        stopped.append(shop)
        async with database.transaction() as tx:
            await set_credit_status(tx, shop.id, status, reason="late", automatic=False)
    everybody = {risk["pasalName"]: risk for risk in (await dashboard(client, as_admin))["retailerRisks"]}
    assert {name for name, risk in everybody.items() if risk["highRisk"]} == {
        "Above 80", "Old", "Is PAUSED", "Is BLOCKED",
    }  # fmt: skip
    assert set(everybody) == {"At 80 percent", "Above 80", "Old", "Two lines", "Is PAUSED", "Is BLOCKED"}
    assert everybody["Above 80"]["usedCredit"] == 800.01
    assert everybody["Above 80"]["total"] == 500.00
    assert (everybody["Two lines"]["creditLimit"], everybody["Two lines"]["usedCredit"]) == (10_000.00, 1_000.00)
    assert everybody["Is PAUSED"]["oldestOpenDays"] == 0
    dangerous = await dashboard(client, as_admin, highRisk="true")
    assert {risk["pasalName"] for risk in dangerous["retailerRisks"]} == {
        "Above 80", "Old", "Is PAUSED", "Is BLOCKED",
    }  # fmt: skip
    assert dangerous["matching"] == 4
    assert dangerous["summary"]["retailerCount"] == 6
    assert dangerous["summary"]["highRiskCount"] == 4
    async with database.reading() as tx:
        nobody = await find_retailer_risk(tx, new_id())
    assert nobody is None


# --- the list -----------------------------------------------------------------------------------------------------


async def test_pages_lose_nobody_among_equals(database: Database, make_debtor: MakeDebtor, owes: Owes) -> None:
    """[X3] Seven shops, most of them equal in everything: whatever the list is sorted by, pages of two show each shop
    exactly once, in one order, through cursors that went over the wire and through page numbers.
    """
    for number in range(7):
        shop = await make_debtor(pasal_name="Same name" if number < 5 else f"Name {number}", limit_rupees=number // 5)
        if number % 3:
            await owes(shop, 5 + number // 5, opened_at=midnight(20))
    async with database.reading() as tx:
        for sort in RiskSort:
            for direction in Direction:
                wanted = RiskFilter(sort=sort, direction=direction)
                whole = await find_risk_page(tx, wanted, limit=100)
                assert whole.next_place is None
                assert len({risk.retailer_id for risk in whole.retailers}) == 7
                by_number = [
                    risk
                    for skip in (0, 2, 4, 6)
                    for risk in (await find_risk_page(tx, wanted, skip=skip, limit=2)).retailers
                ]
                assert await through_cursors(tx, wanted) == by_number == list(whole.retailers)


async def through_cursors(tx: Transaction, wanted: RiskFilter) -> list[RetailerRisk]:
    found: list[RetailerRisk] = []
    place: RiskPlace | None = None
    for _ in range(4):
        page = await find_risk_page(tx, wanted, after=place, limit=2)
        found += page.retailers
        place = decode_place(encode_place(page.next_place), RiskPlace) if page.next_place else None
    assert place is None
    return found


async def test_the_list_is_sorted_searched_and_filtered(
    database: Database, client: httpx.AsyncClient, as_admin: dict[str, str], make_debtor: MakeDebtor, owes: Owes
) -> None:
    """[C30] By any of the columns both ways, by name or phone in any case, by standing; signs of patterns mean
    themselves; a page that is beyond the end is empty and still has its summary.
    """
    small = await make_debtor(pasal_name="50% Pasal", limit_rupees=100)
    await owes(small, 90, opened_at=midnight(3))
    large = await make_debtor(pasal_name="Ama Store", limit_rupees=50_000)
    await owes(large, 1_000, opened_at=midnight(20))
    async with database.transaction() as tx:
        await set_credit_status(tx, large.id, CreditStatus.PAUSED, reason="late", automatic=True)

    async def names(**params: Any) -> list[str]:
        return [risk["pasalName"] for risk in (await dashboard(client, as_admin, **params))["retailerRisks"]]

    assert await names() == ["Ama Store", "50% Pasal"]
    assert await names(direction="asc") == ["50% Pasal", "Ama Store"]
    assert await names(sort="usage") == ["50% Pasal", "Ama Store"]
    assert await names(sort="0-7") == ["50% Pasal", "Ama Store"]
    assert await names(sort="oldest") == ["Ama Store", "50% Pasal"]
    assert await names(sort="pasalName", direction="asc") == ["50% Pasal", "Ama Store"]
    assert await names(search="AMA") == ["Ama Store"]
    assert await names(search=small.phone[-9:]) == ["50% Pasal"]
    assert await names(search="50%") == ["50% Pasal"]
    assert await names(search="5_%") == []
    assert await names(search="   ") == ["Ama Store", "50% Pasal"]
    assert await names(status="PAUSED") == ["Ama Store"]
    assert await names(highRisk="false") == []
    beyond = await dashboard(client, as_admin, page=3, limit=1)
    assert beyond["retailerRisks"] == []
    assert beyond["summary"]["totalOutstanding"] == 1_090.00
    first = await dashboard(client, as_admin, limit=1)
    second = await dashboard(client, as_admin, limit=1, cursor=first["nextCursor"])
    assert [risk["pasalName"] for risk in second["retailerRisks"]] == ["50% Pasal"]
    assert second["nextCursor"] is None


async def test_what_is_no_list_is_refused(
    client: httpx.AsyncClient, as_admin: dict[str, str], make_debtor: MakeDebtor
) -> None:
    """[X3] An order nobody offers, a limit beyond bounds, a cursor of another list or of nobody: 422, in one shape."""
    for _ in range(2):
        await make_debtor()
    cursor = (await dashboard(client, as_admin, limit=1))["nextCursor"]
    for params in (
        {"sort": "phone"},
        {"sort": "total; DROP TABLE retailers"},
        {"direction": "up"},
        {"limit": 101},
        {"limit": 0},
        {"page": 0},
        {"status": "LATE"},
        {"highRisk": "perhaps"},
        {"cursor": "nonsense"},
        {"cursor": "e30"},
        {"cursor": cursor, "sort": "usage"},
        {"cursor": cursor, "direction": "asc"},
        {"cursor": cursor, "page": 2},
        {"search": "x" * 101},
    ):
        answer = await client.get(DASHBOARD, params=params, headers=as_admin)
        assert answer.status_code == 422, (params, answer.text)
        assert answer.json()["error"]["code"] == "VALIDATION_ERROR"
    with pytest.raises(ValidationFailed):
        decode_place("\x00", RiskFilter)


# --- who may look -------------------------------------------------------------------------------------------------


async def test_only_staff_sees_risk(
    client: httpx.AsyncClient,
    make_debtor: MakeDebtor,
    make_vendor: MakeVendor,
    make_user: MakeUser,
    bearer_of: BearerOf,
) -> None:
    """[X10] The dashboard and a shop's credit are for admins and operators; nobody else, not even the shop itself."""
    shop = await make_debtor()
    paths = (DASHBOARD, f"/api/v1/admin/credit/retailer/{shop.id}")
    operator = await bearer_of(await make_user(role=ActorRole.OPERATOR))
    refused = [
        await bearer_of(shop),
        await bearer_of(await make_vendor()),
        await bearer_of(await make_user(role=ActorRole.FREELANCER)),
    ]
    for path in paths:
        assert (await client.get(path)).status_code == 401
        assert (await client.get(path, headers=operator)).status_code == 200
        for headers in refused:
            answer = await client.get(path, headers=headers)
            assert (answer.status_code, answer.json()["error"]["code"]) == (403, "FORBIDDEN")


# --- one shop -----------------------------------------------------------------------------------------------------


async def test_everything_about_one_shop(
    database: Database,
    client: httpx.AsyncClient,
    as_admin: dict[str, str],
    make_debtor: MakeDebtor,
    owes: Owes,
    holds: Holds,
) -> None:
    """[C31] Profile, buckets, oldest open days, open items, transactions, holds, and payments with what they cleared;
    the long lists go on from their own cursors, one at a time, and lose nothing.
    """
    shop = await make_debtor(pasal_name="Gita Kirana", limit_rupees=5_000)
    debits = [await owes(shop, 100 * (1 + number), opened_at=midnight(30 - 10 * number)) for number in range(3)]
    hold_id = await holds(shop, paisa(50))
    payments = []
    for rupees in (150, 30):
        async with database.transaction() as tx:
            payments.append(
                await record_payment(
                    tx, SYSTEM, NewPayment(amount_paisa=paisa(rupees), method=PaymentMethod.CASH, retailer_id=shop.id)
                )
            )
    path = f"/api/v1/admin/credit/retailer/{shop.id}"

    async def look(**params: Any) -> dict[str, Any]:
        answer = await client.get(path, params=params, headers=as_admin)
        assert answer.status_code == 200, answer.text
        return dict(answer.json()["data"])

    found = await look()
    profile = found["profile"]
    assert (profile["pasalName"], profile["phoneNumber"], profile["creditStatus"]) == (
        "Gita Kirana", shop.phone, "ACTIVE",
    )  # fmt: skip
    assert (profile["creditLimit"], profile["usedCredit"], profile["heldCredit"]) == (5_000.00, 470.00, 50.00)
    assert (profile["availableCredit"], profile["highRisk"], len(profile["lines"])) == (4_530.00, False, 1)
    assert found["buckets"] == {"0-7": 0.00, "8-14": 300.00, "15-30": 120.00, "30+": 0.00}
    assert (found["totalOutstanding"], found["oldestOpenDays"]) == (420.00, 20)
    # The first item is cleared by the 150, which went on to the second, and so did the 30.
    assert [(item["transactionId"], item["remaining"], item["state"]) for item in found["openItems"]["items"]] == [
        (str(debits[1].id), 120.00, "PARTIAL"),
        (str(debits[2].id), 300.00, "OPEN"),
    ]
    assert [item["openDays"] for item in found["openItems"]["items"]] == [20, 10]
    assert [(hold["holdId"], hold["amount"]) for hold in found["holds"]] == [(str(hold_id), 50.00)]
    assert [
        (one["paymentId"], [(part["transactionId"], part["amount"]) for part in one["allocations"]])
        for one in found["payments"]["items"]
    ] == [
        (str(payments[1].payment_id), [(str(debits[1].id), 30.00)]),
        (str(payments[0].payment_id), [(str(debits[0].id), 100.00), (str(debits[1].id), 50.00)]),
    ]
    changes = [one["change"] for one in found["transactions"]["items"]]
    assert changes == [-30.00, -150.00, 300.00, 200.00, 100.00]
    assert sum(changes) + 50.00 == profile["usedCredit"]
    for name, cursor in (
        ("openItems", "openItemsCursor"),
        ("transactions", "transactionsCursor"),
        ("payments", "paymentsCursor"),
    ):
        together, page = [], await look(limit=1)
        while True:
            together += page[name]["items"]
            if page[name]["nextCursor"] is None:
                break
            page = await look(limit=1, **{cursor: page[name]["nextCursor"]})
        assert together == found[name]["items"]
        assert (await client.get(path, params={cursor: "nonsense"}, headers=as_admin)).status_code == 422
    unknown = await client.get(f"/api/v1/admin/credit/retailer/{new_id()}", headers=as_admin)
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (404, "RETAILER_NOT_FOUND")


# --- what it costs ------------------------------------------------------------------------------------------------


async def test_cost_follows_what_is_open(database: Database, dsn: str, make_debtor: MakeDebtor) -> None:
    """[C30] With 200 items open and 20,000 long cleared, the dashboard reads the 200 and none of the others."""
    shop = await make_debtor()
    async with database.transaction() as tx:
        await tx.execute(
            """
            INSERT INTO credit_debits (id, account_id, retailer_id, source_kind, source_id, amount_paisa,
                cleared_paisa, opened_at, due_on, created_at)
            SELECT gen_random_uuid(), line.id, line.retailer_id, 'order', gen_random_uuid(), 100,
                CASE WHEN n > 200 THEN 100 ELSE 0 END, %(now)s, '2026-02-01', %(now)s
            FROM credit_accounts AS line CROSS JOIN generate_series(1, 20200) AS n
            WHERE line.retailer_id = %(shop)s
            """,
            {"shop": shop.id, "now": NOON},
        )
    async with await connect_owner(dsn) as owner:
        await owner.execute("VACUUM (ANALYZE) credit_debits")
    before = await rows_read(database)
    async with database.reading() as tx:
        page = await find_risk_page(tx, RiskFilter(), limit=50)
    assert page.summary.total_paisa == 20_000
    after = await rows_read(database)
    assert after["by_scan"] == before["by_scan"]
    assert after["by_index"] - before["by_index"] == 200


async def connect_owner(dsn: str) -> Any:
    return await psycopg.AsyncConnection.connect(dsn, autocommit=True)


async def rows_read(database: Database) -> dict[str, int]:
    """Rows of credit_debits that scans of the table read, and entries that scans of its indexes read, until now."""
    async with database.transaction() as tx:
        await tx.execute("SELECT pg_stat_force_next_flush()")
    async with database.reading() as tx:
        (row,) = await tx.dicts(
            """
            SELECT (SELECT seq_tup_read FROM pg_stat_user_tables WHERE relname = 'credit_debits') AS by_scan,
                (SELECT SUM(idx_tup_read)::bigint FROM pg_stat_user_indexes WHERE relname = 'credit_debits') AS by_index
            """
        )
    return row
