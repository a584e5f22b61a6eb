"""How much a shop ordered of late: by midnights in Kathmandu, by weeks from Sunday, and told alike everywhere. [C70]"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.fixtures.people import BearerOf, MakeRetailer, MakeUser, MakeVendor
from tests.fixtures.trade import contents_of

from khaacho import clock
from khaacho.actors import ActorRole
from khaacho.ids import new_id
from khaacho.orders.insights import (
    Periods,
    RetailerInsight,
    count_insights,
    find_retailer_insight,
    find_system_insight,
    periods_of,
)
from khaacho.orders.jobs import regenerate_insights
from khaacho.parties.records import Locale, Retailer, Vendor
from khaacho.platform.database import Database

# A Tuesday; the week began on Sunday the 8th, the month on the 1st.
TODAY = date(2026, 2, 10)
NOON = datetime(2026, 2, 10, 6, 15, tzinfo=UTC)
INSIGHTS = "/api/v1/admin/insights"

Delivered = Callable[..., Awaitable[None]]


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    """Noon in Kathmandu on a Tuesday."""
    with clock.travelled_to(NOON):
        yield


@pytest.fixture
async def vendor(make_vendor: MakeVendor) -> Vendor:
    return await make_vendor()


@pytest.fixture
def delivered(database: Database, vendor: Vendor) -> Delivered:
    """An order of that many rupees, placed at that moment, in a state of its life."""

    async def make(shop: Retailer, rupees: int, placed_at: datetime, status: str = "DELIVERED") -> None:
        ended = status in ("DELIVERED", "COMPLETED")
        order_id = new_id()
        async with database.transaction() as tx:
            await tx.execute(
                """
                INSERT INTO orders (id, code, placement_key, retailer_id, vendor_id, status, payment_mode,
                    subtotal_paisa, tax_paisa, total_paisa, delivered_total_paisa, placed_at, status_since)
                VALUES (%(id)s, %(code)s, %(code)s, %(shop)s, %(vendor)s, %(status)s, 'COD', %(total)s, 0, %(total)s,
                    %(arrived)s, %(at)s, %(at)s)
                """,
                {
                    "id": order_id,
                    "code": f"ORD-{order_id}",
                    "shop": shop.id,
                    "vendor": vendor.id,
                    "status": status,
                    "total": rupees * 200,
                    # Half of what was ordered did not arrive.
                    "arrived": rupees * 100 if ended else None,
                    "at": placed_at,
                },
            )

    return make


def midnight(day: date) -> datetime:
    return clock.start_of_business_day(day)


async def insight_of(database: Database, shop: Retailer | UUID) -> RetailerInsight | None:
    async with database.reading() as tx:
        return await find_retailer_insight(tx, shop if isinstance(shop, UUID) else shop.id)


@pytest.mark.parametrize(
    ("today", "week_starts_on", "this_week"),
    [
        (date(2026, 2, 8), 6, date(2026, 2, 8)),
        (date(2026, 2, 7), 6, date(2026, 2, 1)),
        (date(2026, 2, 10), 6, date(2026, 2, 8)),
        (date(2026, 2, 10), 0, date(2026, 2, 9)),
        (date(2026, 2, 8), 0, date(2026, 2, 2)),
        (date(2026, 1, 1), 3, date(2026, 1, 1)),
    ],
)
def test_periods(today: date, week_starts_on: int, this_week: date) -> None:
    """[C70] A week begins on the day the settings name; thirty days include today."""
    assert periods_of(today, week_starts_on=week_starts_on) == Periods(
        this_week=this_week,
        last_week=this_week - timedelta(days=7),
        this_month=today.replace(day=1),
        last_days=today - timedelta(days=29),
    )


async def test_periods_begin_at_midnight_in_kathmandu(
    database: Database, make_retailer: MakeRetailer, delivered: Delivered
) -> None:
    """[C70] An order in the first moment of a period counts in it, a microsecond earlier it does not; what arrived is
    what was spent; a day with two orders is one active day.
    """
    shop = await make_retailer()
    just_before = timedelta(microseconds=1)
    this_week, last_week = midnight(date(2026, 2, 8)), midnight(date(2026, 2, 1))
    month, last_days = midnight(date(2026, 2, 1)), midnight(date(2026, 1, 12))
    await delivered(shop, 1, this_week)
    await delivered(shop, 10, this_week - just_before)
    await delivered(shop, 100, last_week)
    await delivered(shop, 1_000, last_week - just_before)
    await delivered(shop, 10_000, last_days)
    await delivered(shop, 100_000, last_days - just_before)
    assert month == last_week
    found = await insight_of(database, shop)
    assert found is not None
    assert (found.orders_this_week, found.orders_last_week, found.orders_this_month) == (1, 2, 3)
    assert (found.orders_last_days, found.total_spent_paisa, found.days_active) == (5, 1_111_100, 5)
    assert found.avg_order_paisa == 222_220
    await delivered(shop, 2, this_week + timedelta(hours=23, minutes=59))
    again = await insight_of(database, shop)
    assert again is not None
    assert (again.orders_this_week, again.days_active, again.avg_order_paisa) == (2, 5, 185_217)
    # The day after, the first of the thirty days has left.
    with clock.travelled_to(NOON + timedelta(days=1)):
        tomorrow = await insight_of(database, shop)
    assert tomorrow is not None
    assert (tomorrow.orders_last_days, tomorrow.days_active) == (5, 4)


async def test_what_counts(database: Database, make_retailer: MakeRetailer, delivered: Delivered) -> None:
    """[C70] Delivered and completed orders; none that is on its way, was cancelled or failed, or belongs to others."""
    shop, other = await make_retailer(), await make_retailer()
    for status in ("PENDING", "ACCEPTED", "PACKING", "DISPATCHED", "OUT_FOR_DELIVERY", "CANCELLED", "FAILED"):
        await delivered(shop, 50, NOON, status)
    await delivered(other, 70, NOON)
    none = await insight_of(database, shop)
    assert none == RetailerInsight(
        retailer_id=shop.id,
        orders_this_week=0,
        orders_last_week=0,
        orders_this_month=0,
        orders_last_days=0,
        total_spent_paisa=0,
        avg_order_paisa=0,
        days_active=0,
        counted_at=none.counted_at if none else NOON,
    )
    for status in ("DELIVERED", "COMPLETED"):
        await delivered(shop, 50, NOON, status)
    found = await insight_of(database, shop)
    assert found is not None
    assert (found.orders_this_week, found.total_spent_paisa, found.days_active) == (2, 10_000, 1)
    assert await insight_of(database, new_id()) is None


async def test_counting_all_is_counting_each(
    database: Database, make_retailer: MakeRetailer, delivered: Delivered
) -> None:
    """[C70] The nightly statement comes to what each shop is told when it asks; twice gives the same; a dry run writes
    nothing; a shop without orders has its zeros.
    """
    shops = [await make_retailer() for _ in range(4)]
    for number, shop in enumerate(shops[:3]):
        for ago in range(0, 40, 3 + number):
            await delivered(shop, 10 + ago, NOON - timedelta(days=ago, hours=ago % 11))
    before = await contents_of(database)
    assert await regenerate_insights(database, NOON, True) == {"retailers": 4}
    assert await contents_of(database) == before
    assert await regenerate_insights(database, NOON, False) == {"retailers": 4}
    assert await regenerate_insights(database, NOON, False) == {"retailers": 4}
    async with database.reading() as tx:
        stored = await tx.all("SELECT * FROM retailer_insights", into=RetailerInsight)
    assert len(stored) == 4
    for insight in stored:
        live = await insight_of(database, insight.retailer_id)
        assert live is not None
        assert {name: getattr(live, name) for name in live.__struct_fields__ if name != "counted_at"} == {
            name: getattr(insight, name) for name in insight.__struct_fields__ if name != "counted_at"
        }


async def test_over_http(
    database: Database,
    client: httpx.AsyncClient,
    as_admin: dict[str, str],
    make_retailer: MakeRetailer,
    delivered: Delivered,
) -> None:
    """[C70] One shop as of now, its text in its language, all shops as last counted, and counting by hand."""
    shop = await make_retailer(pasal_name="Gita Kirana", locale=Locale.NE)
    quiet = await make_retailer(locale=Locale.EN)
    for ago in (0, 1, 9):
        await delivered(shop, 500, NOON - timedelta(days=ago))

    async def get(path: str) -> Any:
        answer = await client.get(f"{INSIGHTS}/{path}", headers=as_admin)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    one = await get(str(shop.id))
    assert {name: value for name, value in one.items() if name not in ("countedAt", "retailerId")} == {
        "ordersThisWeek": 2,
        "ordersLastWeek": 1,
        "ordersThisMonth": 3,
        "ordersLast30Days": 3,
        "avgOrderValue": 500.00,
        "totalSpent": 1_500.00,
        "daysActive": 3,
    }
    nepali = (await get(f"{shop.id}/message"))["message"]
    assert "यो हप्ता: 2 अर्डर" in nepali
    assert "Rs.1,500.00" in nepali
    assert "Last 30 days: 0 orders" in (await get(f"{quiet.id}/message"))["message"]
    never = await get("system/overview")
    assert (never["retailers"], never["countedAt"], never["topRetailers"]) == (0, None, [])
    counted = await client.post(f"{INSIGHTS}/regenerate-all", headers=as_admin)
    assert {name: counted.json()["data"][name] for name in ("total", "success", "failed")} == {
        "total": 2, "success": 2, "failed": 0,
    }  # fmt: skip
    overview = await get("system/overview")
    assert (overview["retailers"], overview["activeRetailers"], overview["totalOrders"]) == (2, 1, 3)
    assert (overview["avgOrdersPerRetailer"], overview["avgOrderValue"]) == (3.00, 500.00)
    assert overview["topRetailers"] == [
        {"retailerId": str(shop.id), "pasalName": "Gita Kirana", "ordersLast30Days": 3, "totalSpent": 1_500.00}
    ]
    for path in (str(new_id()), f"{new_id()}/message"):
        answer = await client.get(f"{INSIGHTS}/{path}", headers=as_admin)
        assert (answer.status_code, answer.json()["error"]["code"]) == (404, "RETAILER_NOT_FOUND")
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM scheduled_runs WHERE job = 'insights'") == 1


async def test_insights_are_for_staff(
    client: httpx.AsyncClient,
    make_retailer: MakeRetailer,
    make_vendor: MakeVendor,
    make_user: MakeUser,
    bearer_of: BearerOf,
) -> None:
    """[X10] 401 without a sign-in, 403 for shops (also about themselves), vendors and freelancers."""
    shop = await make_retailer()
    routes = [
        ("GET", f"{INSIGHTS}/{shop.id}"),
        ("GET", f"{INSIGHTS}/{shop.id}/message"),
        ("GET", f"{INSIGHTS}/system/overview"),
        ("POST", f"{INSIGHTS}/regenerate-all"),
    ]
    strangers = [
        await bearer_of(shop),
        await bearer_of(await make_vendor()),
        await bearer_of(await make_user(role=ActorRole.FREELANCER)),
    ]
    operator = await bearer_of(await make_user(role=ActorRole.OPERATOR))
    for method, path in routes:
        assert (await client.request(method, path)).status_code == 401
        for headers in strangers:
            assert (await client.request(method, path, headers=headers)).status_code == 403, path
        assert (await client.request(method, path, headers=operator)).status_code == 200, path


async def test_the_setting_says_when_a_week_begins(
    database: Database, make_retailer: MakeRetailer, delivered: Delivered
) -> None:
    """[C70] From Monday, an order of Sunday is of last week."""
    shop = await make_retailer()
    await delivered(shop, 5, midnight(date(2026, 2, 8)) + timedelta(hours=9))
    clock.set_week_start("monday")
    try:
        found = await insight_of(database, shop)
    finally:
        clock.set_week_start(clock.DEFAULT_WEEK_START)
    assert found is not None
    assert (found.orders_this_week, found.orders_last_week) == (0, 1)
    async with database.transaction() as tx:
        await count_insights(tx)
        assert (await find_system_insight(tx)).orders_this_week == 1
