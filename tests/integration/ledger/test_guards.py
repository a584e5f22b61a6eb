"""What the database itself refuses, whoever asks: the application's role, the owner of the tables, a slip in SQL.

The ledger is append-only, amounts are positive, both sides exist in the same unit, and nothing passes its bounds. What
only somebody who switches the guards off can do, `khaacho ledger check` finds.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import msgspec
import psycopg
import pytest
from psycopg import errors as pg
from tests.fixtures.people import MakeOffer
from tests.fixtures.trade import ALL_CHECKS, OpenShops, as_shop, assert_books_hold, line_of, order_for, paisa

import khaacho.credit.checks
import khaacho.ledger.checks
import khaacho.orders.checks
from khaacho.actors import SYSTEM, Actor
from khaacho.catalog.records import Offer
from khaacho.credit.paying.adjustments import record_adjustment
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.paying.reversals import reverse_adjustment, reverse_payment
from khaacho.credit.records import AdjustmentReason, NewAdjustment, NewPayment, PaymentMethod
from khaacho.errors import BalanceOutOfBounds, Conflict, InsufficientStock, KhaachoError, LedgerBroken
from khaacho.ids import new_id
from khaacho.ledger.actions import NewAccount, open_accounts
from khaacho.ledger.chart import AccountKind, Unit, account_id
from khaacho.orders.fulfilment import accept_order, advance_order, cancel_order, deliver_order
from khaacho.orders.placer import OrderPlacer
from khaacho.orders.records import OrderStatus
from khaacho.platform.checks import run_checks
from khaacho.platform.database import APP_ROLE, Database

LEDGER = ("ledger_transfers", "ledger_holds", "ledger_hold_endings", "ledger_entries")
APPEND_ONLY = (*LEDGER, "audit_entries")


class World(msgspec.Struct, frozen=True, kw_only=True):
    """A shop that owes, holds and has paid, so that every table of the ledger has rows."""

    shop: UUID
    line: UUID
    debit: UUID
    offer: UUID


@pytest.fixture
async def world(database: Database, open_shops: OpenShops, one_rupee: Offer, admin: Actor) -> World:
    (shop,) = await open_shops(1)
    placer = OrderPlacer(database)
    delivered, cancelled, _ = [
        (await placer.submit(as_shop(shop), order_for(shop, one_rupee, rupees)))[0] for rupees in (5_000, 3_000, 2_000)
    ]
    async with database.transaction() as tx:
        await cancel_order(tx, admin, cancelled.id, reason="changed our mind")
        await accept_order(tx, admin, delivered.id)
        await advance_order(tx, admin, delivered.id, OrderStatus.PACKING)
        await advance_order(tx, admin, delivered.id, OrderStatus.DISPATCHED)
        await deliver_order(tx, admin, delivered.id)
        new = NewPayment(retailer_id=shop, amount_paisa=paisa(1_000), method=PaymentMethod.CASH)
        await record_payment(tx, SYSTEM, new)
        debit = await tx.value("SELECT id FROM credit_debits")
        # A slip of the till and a return that was none: both taken back.
        slip = await record_payment(tx, SYSTEM, msgspec.structs.replace(new, amount_paisa=paisa(300)))
        await reverse_payment(tx, SYSTEM, slip.payment_id, reason="a slip")
        returned = NewAdjustment(retailer_id=shop, amount_paisa=-paisa(200), reason=AdjustmentReason.RETURN)
        wrong = await record_adjustment(tx, SYSTEM, returned)
        await reverse_adjustment(tx, SYSTEM, wrong.adjustment_id, reason="nothing came back")
    line = await line_of(database, shop)
    assert (line.posted, line.held) == (paisa(4_000), paisa(2_000))
    return World(shop=shop, line=line.id, debit=debit, offer=one_rupee.id)


@pytest.fixture
async def owner(dsn: str) -> AsyncIterator[Database]:
    """The database as its owner sees it, without the application's role."""
    opened = await Database.open(dsn, as_app_role=False)
    yield opened
    await opened.close()


async def refused_with(database: Database, error: type[Exception], sql: str, **params: object) -> Exception:
    """Run one statement that must be refused; answers the refusal."""
    with pytest.raises(error) as refusal:
        async with database.transaction() as tx:
            await tx.execute(sql, params)
    return refusal.value


# --- append-only ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_the_application_has_no_right_to_change_history(database: Database, world: World, table: str) -> None:
    """[C1] The application's role may add to these tables, and neither change, delete nor empty them."""
    async with database.reading() as tx:
        assert await tx.value("SELECT current_user") == APP_ROLE
        assert await tx.value(f"SELECT count(*) FROM {table}") > 0
    await refused_with(database, pg.InsufficientPrivilege, f"UPDATE {table} SET created_at = created_at")
    await refused_with(database, pg.InsufficientPrivilege, f"DELETE FROM {table}")
    await refused_with(database, pg.InsufficientPrivilege, f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize("table", APPEND_ONLY)
async def test_nor_has_the_owner_without_switching_the_guards_off(owner: Database, world: World, table: str) -> None:
    """[C1] Triggers refuse the tables' owner too."""
    await refused_with(owner, LedgerBroken, f"UPDATE {table} SET created_at = created_at")
    await refused_with(owner, LedgerBroken, f"DELETE FROM {table}")
    await refused_with(owner, LedgerBroken, f"TRUNCATE {table} CASCADE")


async def test_an_account_of_the_ledger_cannot_be_deleted(database: Database, owner: Database, world: World) -> None:
    """Neither by the application, which has no right to, nor by its owner while a transfer names it."""
    await refused_with(database, pg.InsufficientPrivilege, "DELETE FROM ledger_accounts")
    await refused_with(owner, LedgerBroken, "DELETE FROM ledger_accounts WHERE id = %(line)s", line=world.line)


# --- transfers ------------------------------------------------------------------------------------------------------

TRANSFER = """
    INSERT INTO ledger_transfers (id, debit_account_id, credit_account_id, unit, amount, code, source_kind, source_id,
        idempotency_key, event_at, created_at, actor_name)
    VALUES (gen_random_uuid(), %(debit)s, %(credit)s, %(unit)s, %(amount)s, 'PAYMENT', 'payment', gen_random_uuid(),
        gen_random_uuid()::text, now(), now(), 'raw SQL')
"""
CASH = account_id(AccountKind.CASH)
RUPEES_OF_INDIA = account_id(AccountKind.CASH, unit=Unit.INR)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"amount": 0}, "nothing moves"),
        ({"amount": -1}, "it would move the other way"),
        ({"debit": "line"}, "it would move from an account to itself"),
        ({"credit": UUID(int=1)}, "there is no such account"),
        ({"debit": UUID(int=1)}, "there is no such account"),
        ({"unit": "INR"}, "neither account is in that unit"),
        ({"debit": RUPEES_OF_INDIA}, "the accounts are of different units"),
        ({"debit": RUPEES_OF_INDIA, "unit": "INR"}, "the accounts are of different units"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
async def test_a_transfer_moves_something_between_two_accounts_of_one_unit(
    database: Database, world: World, change: dict[str, object], why: str
) -> None:
    """[C1] A posting that breaks the rules of double entry is refused by the table."""
    async with database.transaction() as tx:
        await open_accounts(tx, [NewAccount(kind=AccountKind.CASH, unit=Unit.INR)])
    sound: dict[str, object] = {"debit": CASH, "credit": world.line, "unit": "NPR", "amount": 100}
    given = sound | {name: world.line if value == "line" else value for name, value in change.items()}
    await refused_with(database, LedgerBroken, TRANSFER, **given)
    await assert_books_hold(database)


async def test_a_posting_or_a_hold_is_written_once(database: Database, world: World) -> None:
    """[C4] The same key twice is refused, for transfers and for holds; a hold cannot end twice."""
    copied = {
        "ledger_transfers": (
            "id, debit_account_id, credit_account_id, unit, amount, code, source_kind, source_id, idempotency_key, "
            "event_at, created_at, actor_name"
        ),
        "ledger_holds": "id, account_id, amount, source_kind, source_id, idempotency_key, created_at, actor_name",
    }
    for table, columns in copied.items():
        values = columns.replace("id,", "gen_random_uuid(),", 1)
        await refused_with(database, Conflict, f"INSERT INTO {table} ({columns}) SELECT {values} FROM {table} LIMIT 1")
    refusal = await refused_with(
        database, KhaachoError, "INSERT INTO ledger_hold_endings SELECT * FROM ledger_hold_endings LIMIT 1"
    )
    assert isinstance(refusal, KhaachoError)
    assert refusal.code == "ALREADY_RELEASED"
    await assert_books_hold(database)


# --- bounds ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    ["posted = posted + 9400001", "held = held + 9400001", "held = -1", "ceiling = posted + held - 1"],
)
async def test_no_line_passes_its_limit_by_raw_sql(
    database: Database, owner: Database, world: World, change: str
) -> None:
    """[C5] Rs 94,000 of the line are free: a paisa more is refused to everybody, as is a bound below what is used."""
    for by in (database, owner):
        await refused_with(
            by, BalanceOutOfBounds, f"UPDATE ledger_accounts SET {change} WHERE id = %(line)s", line=world.line
        )
    await assert_books_hold(database)


async def test_accounts_without_a_balance_keep_none(database: Database, world: World) -> None:
    """[C3] Sales, cash and payables are summed from transfers; nobody can write a balance beside that."""
    await refused_with(
        database, pg.CheckViolation, "UPDATE ledger_accounts SET posted = 1 WHERE id = %(cash)s", cash=CASH
    )


async def test_paid_ahead_is_never_owed(database: Database, world: World) -> None:
    """The account of what a shop paid ahead is a debt of ours: it cannot become a debt of theirs."""
    await refused_with(
        database,
        BalanceOutOfBounds,
        "UPDATE ledger_accounts SET posted = 1 WHERE kind = 'UNAPPLIED_CREDIT' AND owner_id = %(line)s",
        line=world.line,
    )


async def test_no_item_is_cleared_beyond_its_amount(database: Database, world: World) -> None:
    """[C60] Of 5,000 rupees 1,000 are cleared: neither 4,000.01 more nor less than nothing can be."""
    for change in ("cleared_paisa + 400001", "-1"):
        await refused_with(
            database,
            Conflict,
            f"UPDATE credit_debits SET cleared_paisa = {change} WHERE id = %(debit)s",
            debit=world.debit,
        )


async def test_no_more_is_promised_than_there_is(database: Database, world: World, make_offer: MakeOffer) -> None:
    """[O37] Stock below zero, more reserved than there is, and less than nothing reserved are all refused."""
    offer = await make_offer(stock=10)
    for change in ("physical = -1", "reserved = 10.001", "reserved = -0.001"):
        await refused_with(
            database, InsufficientStock, f"UPDATE stock SET {change} WHERE id = %(offer)s", offer=offer.id
        )


# --- what only the checks can find ----------------------------------------------------------------------------------

TAMPERED = {
    "a balance": ("UPDATE ledger_accounts SET posted = posted - 100000 WHERE id = %(line)s", {"posted_balance"}),
    "a hold": ("UPDATE ledger_holds SET amount = amount - 1 WHERE amount = 200000", {"held_balance", "used_credit"}),
    "an amount": ("UPDATE ledger_transfers SET amount = amount - 1 WHERE code = 'PAYMENT'", {"posted_balance"}),
    "a side": (
        "UPDATE ledger_entries SET posted_change = -posted_change, posted_after = posted_before - posted_change "
        "WHERE kind = 'SETTLE'",
        {"entry_cause", "entry_chain"},
    ),
    "an entry": ("DELETE FROM ledger_entries WHERE version = 2", {"entry_chain"}),
    "the last entry": (
        "DELETE FROM ledger_entries WHERE version = (SELECT max(version) FROM ledger_entries)",
        {"latest_version"},
    ),
    "an ending": ("UPDATE ledger_hold_endings SET released_amount = released_amount + 1", {"hold_endings"}),
    "a lost ending": ("DELETE FROM ledger_hold_endings WHERE kind = 'RELEASED'", {"held_balance", "order_holds"}),
    "a debt": ("UPDATE credit_debits SET cleared_paisa = amount_paisa", {"used_credit", "cleared_by_payments"}),
    "a payment": ("UPDATE credit_payments SET amount_paisa = amount_paisa + 1", {"payments_spent"}),
    "a method": ("UPDATE credit_payments SET method = 'BANK_TRANSFER' WHERE state = 'CLEARED'", {"money_received"}),
    "a bound": ("UPDATE ledger_accounts SET ceiling = ceiling * 2 WHERE id = %(line)s", {"bound_as_agreed"}),
    "a limit": ("UPDATE credit_accounts SET limit_paisa = limit_paisa * 2", {"bound_as_agreed"}),
    "money ahead": (
        "UPDATE credit_payments SET unapplied_paisa = 5 WHERE state = 'CLEARED'",
        {"paid_ahead", "payments_spent"},
    ),
    "money kept ahead": (
        "UPDATE ledger_accounts SET posted = -1 WHERE kind = 'UNAPPLIED_CREDIT' AND owner_id = %(line)s",
        {"paid_ahead", "ahead_or_owed", "posted_balance"},
    ),
    "a reversal": ("UPDATE ledger_transfers SET amount = amount + 1 WHERE reverses_id IS NOT NULL", {"reversals"}),
    "what was undone": (
        "UPDATE credit_allocations SET amount_paisa = amount_paisa - 1 WHERE undoes_id IS NOT NULL",
        {"undone_exactly", "cleared_by_payments", "payments_spent"},
    ),
    "an adjustment": (
        "UPDATE credit_adjustments SET state = 'POSTED', ended_at = NULL",
        {"adjustments_spent"},
    ),
    "where it came from": ("UPDATE credit_debits SET source_kind = 'receivable'", {"taken_over"}),
    "stock": ("UPDATE stock SET reserved = reserved + 1 WHERE id = %(offer)s", {"reserved_stock"}),
    "an order": ("UPDATE orders SET status = 'CANCELLED' WHERE status = 'PENDING'", {"order_holds", "reserved_stock"}),
    "an order's state": (
        "UPDATE orders SET status = 'FAILED' WHERE status = 'PENDING'",
        {"vendor_questions", "order_history"},
    ),
    "an order's hold": ("UPDATE orders SET hold_id = NULL WHERE status = 'PENDING'", {"order_holds", "stray_holds"}),
    "a unit": ("UPDATE ledger_transfers SET unit = 'INR' WHERE code = 'PAYMENT'", {"zero_sum"}),
    "a price": (
        "UPDATE orders SET subtotal_paisa = subtotal_paisa + 1, total_paisa = total_paisa + 1",
        {"order_totals", "order_holds"},
    ),
    "a delivery": (
        "UPDATE orders SET delivered_total_paisa = delivered_total_paisa - 1",
        {"order_debits", "order_holds", "vendor_books"},
    ),
    "whose sale it was": (
        "UPDATE ledger_accounts SET owner_id = gen_random_uuid() WHERE kind = 'VENDOR_PAYABLE'",
        {"vendor_books"},
    ),
}


@pytest.mark.parametrize("what", TAMPERED)
async def test_the_check_finds_what_was_tampered_with(database: Database, dsn: str, world: World, what: str) -> None:
    """[C5] Somebody with every right switches the guards off and changes one figure: the check names what no longer
    agrees, and before that it found nothing.
    """
    sql, expected = TAMPERED[what]
    await assert_books_hold(database)
    with psycopg.connect(dsn, autocommit=True) as intruder:
        intruder.execute("SET session_replication_role = replica")
        changed = intruder.execute(sql, {"line": world.line, "offer": world.offer}).rowcount
    assert changed > 0
    broken = {result.name for result in await run_checks(database, ALL_CHECKS) if not result.holds}
    assert expected <= broken


async def test_every_check_can_fail() -> None:
    """A check that nothing can break proves nothing: each of trade's is broken by one of the tamperings above."""
    of_trade = (*khaacho.ledger.checks.CHECKS, *khaacho.credit.checks.CHECKS, *khaacho.orders.checks.CHECKS)
    unproven = {check.name for check in of_trade} - {name for _, names in TAMPERED.values() for name in names}
    # Bounds are a CHECK of the table, which holds even with every trigger off.
    assert unproven == {"bounds"}


async def test_an_unknown_account_is_nobodys(database: Database) -> None:
    """A hold on an account that does not exist is refused."""
    await refused_with(
        database,
        pg.ForeignKeyViolation,
        """
        INSERT INTO ledger_holds (id, account_id, amount, source_kind, source_id, idempotency_key, created_at,
            actor_name)
        VALUES (%(id)s, %(id)s, 1, 'order', %(id)s, 'k', now(), 'raw SQL')
        """,
        id=new_id(),
    )
