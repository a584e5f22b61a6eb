"""The seeded city is what a month of use would have left: every book balances, every state is there, nobody is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from khaacho import clock
from khaacho.actors import SYSTEM
from khaacho.catalog.queries import find_products_by_code
from khaacho.city.conversations import ORDER_PHRASES
from khaacho.city.reading import read_messages
from khaacho.city.records import read_products, read_vendors
from khaacho.city.seed import PASSWORD, CityState, find_sign_ins, look_at_city, seed_city
from khaacho.duties import CHECKS
from khaacho.errors import Conflict
from khaacho.orders.basket import put_basket
from khaacho.orders.records import WantedLine
from khaacho.parties.queries import find_retailer_by_phone, find_users_by_phone
from khaacho.parties.signin.passwords import is_password
from khaacho.platform.checks import run_checks
from khaacho.platform.database import Database
from khaacho.settings import Environment, Settings, load_settings

DAYS = 12
SHOPS = 20
STATES = {
    "PENDING",
    "ACCEPTED",
    "PACKING",
    "DISPATCHED",
    "OUT_FOR_DELIVERY",
    "DELIVERED",
    "COMPLETED",
    "CANCELLED",
    "FAILED",
}
# What the README tells everybody to send first, and what it means.
FIRST_MESSAGE = ORDER_PHRASES[0].text
FIRST_BASKET = {"RICE-JEERA-25KG": Decimal(5), "NOOD-WAIWAI-CHK-75": Decimal(60)}


@pytest.fixture(params=[time(0, 20), time(14, 5)], ids=["after_midnight", "afternoon"])
def at_any_hour(request: pytest.FixtureRequest) -> Iterator[None]:
    """The city is founded when somebody has time for it, not only in office hours."""
    tomorrow = clock.business_day() + timedelta(days=1)
    with clock.travelled_to(datetime.combine(tomorrow, request.param, tzinfo=clock.zone())):
        yield


@pytest.fixture
def settings() -> Settings:
    """Those of a newcomer's machine."""
    return load_settings(DATABASE_URL="")


async def test_a_seeded_city_is_ready_to_trade(database: Database, settings: Settings, at_any_hour: None) -> None:
    """[X40] the demo's city at any hour: all books balance, the report tells the figures of the tables, orders stand
    in every state, some debts are overdue, and who signs in is let in."""
    assert await look_at_city(database) is CityState.EMPTY
    report = await seed_city(database, settings, days=DAYS, retailers=SHOPS)
    results = await run_checks(database, CHECKS)
    assert {result.name: result.differences for result in results if not result.holds} == {}
    await _expect_freelancers(database)
    await _expect_the_reports_figures(database, dict(report.orders), report.payments, report.offers)
    await _expect_the_present(database)
    await _expect_troubles(database)
    await _expect_nobody_is_told_of_the_past(database)
    await _expect_the_first_message_is_bought_on_credit(database)
    for one in find_sign_ins():
        async with database.reading() as tx:
            users = await find_users_by_phone(tx, one.phone)
            password_hash = await tx.value("SELECT password_hash FROM users WHERE id = %(id)s", {"id": users[0].id})
        assert [user.role for user in users] == [one.role]
        assert await is_password(PASSWORD, password_hash)


async def _expect_freelancers(database: Database) -> None:
    """[P21, P22] Credits bought, given, spent and paid back; work done, called off, and still open."""
    async with database.reading() as tx:
        assert await tx.values("SELECT status FROM projects ORDER BY created_at, id") == [
            "COMPLETED",
            "CANCELLED",
            "OPEN",
            "OPEN",
            "OPEN",
        ]
        kinds = await tx.dicts("SELECT kind, sum(units)::int AS units FROM prepaid_movements GROUP BY kind")
        assert {row["kind"]: row["units"] for row in kinds} == {"BONUS": 20, "PURCHASE": 85, "SPEND": -6, "REFUND": 2}


async def _expect_the_reports_figures(database: Database, orders: dict[str, int], payments: int, offers: int) -> None:
    async with database.reading() as tx:
        by_status = await tx.dicts("SELECT status, count(*) AS orders FROM orders GROUP BY status")
        assert {row["status"]: row["orders"] for row in by_status} == orders
        assert orders.keys() == STATES
        assert await tx.value("SELECT count(*) FROM products") == len(read_products())
        assert await tx.value("SELECT count(*) FROM vendors WHERE status = 'ACTIVE'") == len(read_vendors())
        assert await tx.value("SELECT count(*) FROM vendor_offers") == offers
        assert await tx.value("SELECT count(*) FROM retailers WHERE status = 'ACTIVE'") == SHOPS
        assert (
            await tx.value("SELECT count(*) FROM credit_payments WHERE account_id IS NOT NULL AND state = 'CLEARED'")
            == payments
        )


async def _expect_the_present(database: Database) -> None:
    """Overdue debts, open baskets, debts paid by halves; nothing lies in the future or before the history."""
    first_day = clock.business_day() - timedelta(days=DAYS)
    moments = {"now": clock.now(), "today": clock.business_day(), "began": clock.start_of_business_day(first_day)}
    async with database.reading() as tx:
        open_debits = "SELECT count(*) FROM credit_debits WHERE cleared_paisa < amount_paisa AND "
        assert await tx.value(f"{open_debits} due_on < %(today)s", moments) > 0
        assert await tx.value(f"{open_debits} due_on >= %(today)s", moments) > 0
        assert await tx.value("SELECT count(*) FROM orders WHERE delivered_total_paisa < total_paisa") > 0
        assert await tx.value("SELECT count(*) FROM baskets WHERE state = 'PENDING' AND source_text <> ''") >= 3
        for table, column in (
            ("orders", "placed_at"),
            ("ledger_entries", "created_at"),
            ("audit_entries", "created_at"),
        ):
            outside = f"SELECT count(*) FROM {table} WHERE {column} NOT BETWEEN %(began)s AND %(now)s"
            assert await tx.value(outside, moments) == 0, table


async def _expect_troubles(database: Database) -> None:
    """A founder finds something to look after: a cheque on its way, old debts, promises, a dispute, a paused shop."""
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM credit_payments WHERE state = 'PENDING'") > 0
        assert await tx.value("SELECT count(*) FROM credit_adjustments WHERE reason = 'OPENING_BALANCE'") == 3
        assert await tx.value("SELECT count(*) FROM credit_promises") > 0
        assert await tx.value("SELECT count(*) FROM credit_disputes WHERE resolved_at IS NULL") > 0
        assert await tx.value("SELECT count(*) FROM retailers WHERE credit_status = 'PAUSED'") > 0


async def _expect_nobody_is_told_of_the_past(database: Database) -> None:
    """Three orders wait for their vendors; no other order has a job that would write to somebody."""
    async with database.reading() as tx:
        waiting = set(await tx.values("SELECT id FROM orders WHERE status = 'PENDING'"))
        events = await tx.values("SELECT payload FROM pgqueuer WHERE entrypoint = 'DeliverEvent'")
        others = await tx.values("SELECT DISTINCT entrypoint FROM pgqueuer WHERE entrypoint <> 'DeliverEvent'")
    assert {UUID(json.loads(event)["body"]["order_id"]) for event in events} == waiting
    assert others == ["VendorRequestTimeout"]
    assert len(waiting) >= 3


async def _expect_the_first_message_is_bought_on_credit(database: Database) -> None:
    """The shop of the demo asks what the README says: everything is in stock, with vendors who answer at any hour."""
    shop = next(one for one in find_sign_ins() if one.role == "RETAILER")
    async with database.transaction() as tx:
        retailer = await find_retailer_by_phone(tx, shop.phone)
        assert retailer is not None
        products = await find_products_by_code(tx, list(FIRST_BASKET))
        assert dict(read_messages(products)[0].lines) == FIRST_BASKET
        lines = [WantedLine(product_id=product.id, quantity=FIRST_BASKET[product.code]) for product in products]
        basket = await put_basket(tx, SYSTEM, retailer.id, lines, source_text=FIRST_MESSAGE)
        assert basket.quote is not None
        vendors = {line.vendor_id for line in basket.quote.lines}
        always_open = await tx.values(
            "SELECT id FROM vendors WHERE opens_at IS NULL AND id = ANY(%(ids)s)", {"ids": [*vendors]}
        )
    assert basket.quote.shortages == ()
    assert basket.quote.credit.allowed
    assert set(always_open) == vendors


async def test_a_city_is_founded_once_and_never_in_production(database: Database, settings: Settings) -> None:
    """Seeding again is refused and changes nothing; so is seeding where everybody would know the admin's password."""
    production = settings.model_copy(update={"environment": Environment.PRODUCTION})
    with pytest.raises(Conflict):
        await seed_city(database, production, days=1, retailers=5)
    assert await look_at_city(database) is CityState.EMPTY
    await seed_city(database, settings, days=1, retailers=5)
    assert await look_at_city(database) is CityState.SEEDED
    async with database.reading() as tx:
        audited = await tx.value("SELECT count(*) FROM audit_entries")
    with pytest.raises(Conflict):
        await seed_city(database, settings, days=1, retailers=5)
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM audit_entries") == audited
