"""Credit as stories: opening lines, changing limits, falling overdue, paying in part, ahead and by cheque."""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import timedelta
from uuid import UUID

import pytest
from tests.fixtures.people import MakeVendor
from tests.fixtures.trade import (
    ALL_CHECKS,
    OpenShops,
    as_shop,
    assert_books_hold,
    contents_of,
    line_of,
    outcome_of,
    paisa,
)

from khaacho import clock
from khaacho.actors import SYSTEM, Actor
from khaacho.credit.actions import change_limit, open_credit_lines, record_cash_on_delivery, release_holds, settle_hold
from khaacho.credit.lock import Acquired, CreditRequest, acquire
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.queries import find_credit_lines, find_credit_overview, find_open_debits, unapplied_account_id
from khaacho.credit.records import Debit, NewCreditLine, NewPayment, PaymentMethod, PaymentOutcome, PaymentState
from khaacho.errors import (
    AlreadyExists,
    DebitCleared,
    DebitNotFound,
    HoldNotFound,
    KhaachoError,
    LimitBelowUse,
    NoCreditAccount,
    NotFound,
    OverdueCredit,
    RetailerNotFound,
    ValidationFailed,
)
from khaacho.ids import new_id
from khaacho.ledger.chart import AccountKind, account_id
from khaacho.ledger.queries import find_accounts, read_statement
from khaacho.platform.database import Database

# Items are opened here without orders, so what is proved is the ledger and credit.
CHECKS = [check for check in ALL_CHECKS if check.name not in {"order_debits", "stray_holds"}]


async def take(
    database: Database, shop: UUID, rupees: int, *, vendor: UUID | None = None, actor: Actor | None = None
) -> Acquired:
    request = CreditRequest(
        order_id=new_id(),
        retailer_id=shop,
        vendor_id=vendor,
        amount_paisa=paisa(rupees),
        on_credit=True,
        actor=actor or as_shop(shop),
        override_reason="the owner gave his word" if actor else None,
    )
    async with database.transaction() as tx:
        return await acquire(tx, request)


async def owe(
    database: Database, shop: UUID, rupees: int, *, vendor: UUID | None = None, of_held: int | None = None
) -> Debit:
    """An open item of that many rupees, of a hold that was as large or larger."""
    taken = await take(database, shop, of_held or rupees, vendor=vendor)
    assert taken.hold is not None
    async with database.transaction() as tx:
        debit = await settle_hold(
            tx,
            SYSTEM,
            taken.hold.id,
            amount_paisa=paisa(rupees),
            order_id=taken.hold.source_id,
            vendor_id=vendor or new_id(),
            delivered_at=clock.now(),
        )
    assert debit is not None
    return debit


async def pay(
    database: Database, rupees: int, *, method: PaymentMethod = PaymentMethod.CASH, **named: UUID
) -> PaymentOutcome:
    async with database.transaction() as tx:
        return await record_payment(tx, SYSTEM, NewPayment(amount_paisa=paisa(rupees), method=method, **named))


async def assert_refused(database: Database, refusal: type[KhaachoError], doing: Awaitable[object]) -> KhaachoError:
    """[decision 6] It is refused with that, and no row of any table differs."""
    before = await contents_of(database)
    outcome = await outcome_of(doing)
    assert isinstance(outcome, refusal)
    assert await contents_of(database) == before
    return outcome


async def open_line(database: Database, **fields: object) -> object:
    async with database.transaction() as tx:
        return await open_credit_lines(tx, SYSTEM, [NewCreditLine(**fields)])  # type: ignore[arg-type]


# --- lines ----------------------------------------------------------------------------------------------


async def test_a_line_is_opened_once_between_two(
    database: Database, open_shops: OpenShops, make_vendor: MakeVendor
) -> None:
    """[C20] A second line between the same two is ALREADY_EXISTS; one by a vendor stands beside the platform's."""
    (shop,) = await open_shops(1)
    vendor = await make_vendor()
    await assert_refused(database, AlreadyExists, open_line(database, retailer_id=shop, limit_paisa=1))
    await open_line(database, retailer_id=shop, limit_paisa=paisa(500), vendor_id=vendor.id)
    again = open_line(database, retailer_id=shop, limit_paisa=1, vendor_id=vendor.id)
    await assert_refused(database, AlreadyExists, again)
    async with database.reading() as tx:
        lines = await find_credit_lines(tx, shop)
    assert [line.vendor_id for line in lines] == [None, vendor.id]
    await assert_refused(database, RetailerNotFound, open_line(database, retailer_id=new_id(), limit_paisa=1))


@pytest.mark.parametrize(
    "fields",
    [
        {"limit_paisa": -1},
        {"limit_paisa": 10**15},
        {"max_order_paisa": -1},
        {"max_outstanding_days": 0},
        {"terms_days": -1},
        {"terms_days": 366},
        {"de_minimis_paisa": -1},
    ],
    ids=str,
)
async def test_a_line_has_sane_terms(database: Database, open_shops: OpenShops, fields: dict[str, int]) -> None:
    """Terms nobody means are refused before anything is written."""
    (shop,) = await open_shops(1)
    given = {"retailer_id": shop, "limit_paisa": 1, **fields}
    await assert_refused(database, ValidationFailed, open_line(database, **given))


async def test_a_limit_goes_below_use_only_when_that_is_said(database: Database, open_shops: OpenShops) -> None:
    """[C20] With 60,000 used, 50,000 is refused with both figures, and accepted with the flag; then nothing more can
    be ordered, payments go on, and the bound follows the use down to the limit.
    """
    (shop,) = await open_shops(1)
    debit = await owe(database, shop, 60_000)
    line = (await line_of(database, shop)).id

    async def set_limit(rupees: int, *, below_use: bool = False) -> object:
        async with database.transaction() as tx:
            return await change_limit(tx, SYSTEM, line, limit_paisa=paisa(rupees), below_use=below_use)

    refusal = await assert_refused(database, LimitBelowUse, set_limit(50_000))
    assert refusal.details == {"new_limit_paisa": paisa(50_000), "used_credit_paisa": paisa(60_000)}
    await set_limit(50_000, below_use=True)
    assert await bound_of(database, line) == paisa(60_000)
    assert (await line_of(database, shop)).available_paisa == 0
    await pay(database, 5_000, debit_id=debit.id)
    assert await bound_of(database, line) == paisa(55_000)
    await pay(database, 30_000, debit_id=debit.id)
    assert await bound_of(database, line) == paisa(50_000)
    await set_limit(100_000)
    assert await bound_of(database, line) == paisa(100_000)
    await assert_refused(database, NoCreditAccount, change(database, new_id()))
    await assert_books_hold(database, CHECKS)


async def change(database: Database, line: UUID) -> object:
    async with database.transaction() as tx:
        return await change_limit(tx, SYSTEM, line, limit_paisa=1)


async def bound_of(database: Database, line: UUID) -> int | None:
    """What the database itself bounds the line to."""
    async with database.reading() as tx:
        return (await find_accounts(tx, [line]))[line].ceiling


async def test_an_override_raises_the_bound_for_itself_alone(
    database: Database, open_shops: OpenShops, admin: Actor
) -> None:
    """[C92] Past the limit by an admin's word: the bound is exactly what that needs, and is the limit again after."""
    (shop,) = await open_shops(1, max_order_paisa=paisa(500_000))
    line = (await line_of(database, shop)).id
    taken = await take(database, shop, 130_000, actor=admin)
    assert taken.overridden == "INSUFFICIENT_CREDIT"
    assert await bound_of(database, line) == paisa(130_000)
    await assert_books_hold(database, CHECKS)
    assert taken.hold is not None
    async with database.transaction() as tx:
        await release_holds(tx, SYSTEM, [taken.hold.id])
    assert await bound_of(database, line) == paisa(100_000)
    await assert_books_hold(database, CHECKS)


async def test_a_vendors_line_is_used_for_its_own_goods(
    database: Database, open_shops: OpenShops, make_vendor: MakeVendor
) -> None:
    """[C20] Goods of a vendor that lends go on its line, other goods on the platform's; the two never mix."""
    (shop,) = await open_shops(1)
    lender, other = await make_vendor(), await make_vendor()
    await open_line(database, retailer_id=shop, limit_paisa=paisa(2_000), vendor_id=lender.id)
    await take(database, shop, 1_500, vendor=lender.id)
    await assert_refused(database, KhaachoError, take(database, shop, 501, vendor=lender.id))
    await take(database, shop, 30_000, vendor=other.id)
    async with database.reading() as tx:
        used = {line.vendor_id: line.used_paisa for line in await find_credit_lines(tx, shop)}
    assert used == {None: paisa(30_000), lender.id: paisa(1_500)}
    await assert_books_hold(database, CHECKS)


# --- falling overdue ----------------------------------------------------------------------------------------------


async def test_an_item_is_overdue_the_day_after_it_was_due(database: Database, open_shops: OpenShops) -> None:
    """Terms of seven days: on the seventh day credit is still given, on the eighth it is not; what is overdue and for
    how long is said, and a remainder under Rs 100 is forgiven.
    """
    (shop,) = await open_shops(1)
    debit = await owe(database, shop, 1_000)
    start = clock.now()
    assert debit.due_on == clock.business_day(start) + timedelta(days=7)
    with clock.travelled_to(start + timedelta(days=7)):
        await take(database, shop, 10)
    with clock.travelled_to(start + timedelta(days=8)):
        refusal = await assert_refused(database, OverdueCredit, take(database, shop, 10))
        assert refusal.details == {"overdue_amount_paisa": paisa(1_000), "days_overdue": 1}
        await pay(database, 900, debit_id=debit.id)
        await assert_refused(database, OverdueCredit, take(database, shop, 10))
        await pay(database, 1, debit_id=debit.id)
        await take(database, shop, 10)


# --- settling ----------------------------------------------------------------------------------------------


async def test_what_did_not_arrive_is_free_again(database: Database, open_shops: OpenShops) -> None:
    """[O34] Of 40,000 held, 25,000 arrived: 25,000 are owed, 15,000 are free; nothing arrived: all is free."""
    (shop,) = await open_shops(1)
    debit = await owe(database, shop, 25_000, of_held=40_000)
    line = await line_of(database, shop)
    assert (line.posted, line.held, debit.amount_paisa) == (paisa(25_000), 0, paisa(25_000))
    taken = await take(database, shop, 7_000)
    assert taken.hold is not None
    async with database.transaction() as tx:
        nothing = await settle_hold(
            tx,
            SYSTEM,
            taken.hold.id,
            amount_paisa=0,
            order_id=new_id(),
            vendor_id=new_id(),
            delivered_at=clock.now(),
        )
    assert nothing is None
    assert (await line_of(database, shop)).used_paisa == paisa(25_000)
    await assert_books_hold(database, CHECKS)


async def test_a_hold_nobody_has_is_not_found(database: Database) -> None:
    """[C12] HOLD_NOT_FOUND, and nothing is written."""

    async def release() -> None:
        async with database.transaction() as tx:
            await release_holds(tx, SYSTEM, [new_id()])

    await assert_refused(database, HoldNotFound, release())


async def test_two_holds_released_with_one_that_has_ended_are_not(database: Database, open_shops: OpenShops) -> None:
    """[C13] Releasing several is all or nothing: one that has ended leaves the others held."""
    (shop,) = await open_shops(1)
    first, second = [(await take(database, shop, 1_000)).hold for _ in range(2)]
    assert first is not None
    assert second is not None

    async def release(*holds: UUID) -> None:
        async with database.transaction() as tx:
            await release_holds(tx, SYSTEM, holds)

    await release(second.id)
    await assert_refused(database, KhaachoError, release(first.id, second.id))
    assert (await line_of(database, shop)).held == paisa(1_000)
    # The same hold twice in one call is twice too.
    await assert_refused(database, KhaachoError, release(first.id, first.id))


# --- paying ----------------------------------------------------------------------------------------------


async def test_the_oldest_first_or_the_one_named(database: Database, open_shops: OpenShops) -> None:
    """[C60] 3,000 without a name clear the oldest and half of the next; then 2,500 for the third clear it and go on to
    what is oldest then; each answer says what remains.
    """
    (shop,) = await open_shops(1)
    first, second, third = [await owe(database, shop, 2_000) for _ in range(3)]
    outcome = await pay(database, 3_000, retailer_id=shop)
    assert [(part.debit_id, part.amount_paisa, part.remaining_paisa) for part in outcome.allocations] == [
        (first.id, paisa(2_000), 0),
        (second.id, paisa(1_000), paisa(1_000)),
    ]
    assert (outcome.remaining_paisa, outcome.state) == (paisa(3_000), PaymentState.CLEARED)
    outcome = await pay(database, 2_500, debit_id=third.id)
    assert [(part.debit_id, part.amount_paisa) for part in outcome.allocations] == [
        (third.id, paisa(2_000)),
        (second.id, paisa(500)),
    ]
    assert outcome.remaining_paisa == 0
    async with database.reading() as tx:
        assert [(one.id, one.remaining_paisa) for one in await find_open_debits(tx, shop)] == [(second.id, paisa(500))]
    await assert_books_hold(database, CHECKS)


async def test_what_is_paid_ahead_clears_the_next_item(database: Database, open_shops: OpenShops) -> None:
    """[C60] Two payments ahead, of 700 and 500, clear an item of 1,000 as it opens, the older payment first; the 200
    that are left clear part of the one after.
    """
    (shop,) = await open_shops(1)
    older, newer = await pay(database, 700, retailer_id=shop), await pay(database, 500, retailer_id=shop)
    assert (older.unapplied_paisa, newer.unapplied_paisa) == (paisa(700), paisa(500))
    debit = await owe(database, shop, 1_000)
    assert (debit.cleared_paisa, debit.remaining_paisa) == (paisa(1_000), 0)
    assert debit.cleared_at is not None
    next_one = await owe(database, shop, 1_000)
    assert next_one.remaining_paisa == paisa(800)
    async with database.reading() as tx:
        left = await tx.dicts("SELECT id, unapplied_paisa FROM credit_payments ORDER BY id")
        overview = await find_credit_overview(tx, shop)
        parts = await tx.dicts("SELECT payment_id, debit_id, amount_paisa FROM credit_allocations ORDER BY id")
    assert {row["id"]: row["unapplied_paisa"] for row in left} == {older.payment_id: 0, newer.payment_id: 0}
    assert [(row["payment_id"], row["debit_id"], row["amount_paisa"]) for row in parts] == [
        (older.payment_id, debit.id, paisa(700)),
        (newer.payment_id, debit.id, paisa(300)),
        (newer.payment_id, next_one.id, paisa(200)),
    ]
    assert (overview.used_paisa, overview.unapplied_paisa) == (paisa(800), 0)
    await assert_books_hold(database, CHECKS)


async def test_a_cheque_frees_nothing_before_it_clears(database: Database, open_shops: OpenShops) -> None:
    """[C61] A cheque is PENDING: it clears no item, frees no credit, and no account has moved."""
    (shop,) = await open_shops(1)
    await owe(database, shop, 2_000)
    outcome = await pay(database, 2_000, method=PaymentMethod.CHEQUE, retailer_id=shop)
    assert (outcome.state, outcome.allocations, outcome.unapplied_paisa) == (PaymentState.PENDING, (), 0)
    assert outcome.remaining_paisa == paisa(2_000)
    assert (await line_of(database, shop)).used_paisa == paisa(2_000)
    await assert_books_hold(database, CHECKS)


async def test_a_payment_that_cannot_be_is_refused(database: Database, open_shops: OpenShops) -> None:
    """[C60] Nothing, less than nothing, too much, nobody, an unknown or a cleared item, somebody else's item: each is
    refused with its own code and changes nothing.
    """
    shop, other = await open_shops(2)
    debit = await owe(database, shop, 100)
    for rupees in (0, -5, 10**13):
        await assert_refused(database, ValidationFailed, pay(database, rupees, retailer_id=shop))
    await assert_refused(database, ValidationFailed, pay(database, 5))
    await assert_refused(database, ValidationFailed, pay(database, 5, debit_id=debit.id, retailer_id=other))
    await assert_refused(database, RetailerNotFound, pay(database, 5, retailer_id=new_id()))
    await assert_refused(database, DebitNotFound, pay(database, 5, debit_id=new_id()))
    await pay(database, 100, debit_id=debit.id)
    await assert_refused(database, DebitCleared, pay(database, 5, debit_id=debit.id))


async def test_cash_at_the_door_touches_nobodys_credit(
    database: Database, open_shops: OpenShops, make_vendor: MakeVendor
) -> None:
    """COD is the vendor's sale and cash in the vendor's hands; taken twice for one order it is refused."""
    (shop,) = await open_shops(1)
    vendor = await make_vendor()
    order = new_id()

    async def take_cash() -> None:
        async with database.transaction() as tx:
            await record_cash_on_delivery(
                tx,
                SYSTEM,
                order_id=order,
                retailer_id=shop,
                vendor_id=vendor.id,
                amount_paisa=paisa(750),
                at=clock.now(),
            )

    await take_cash()
    await assert_refused(database, KhaachoError, take_cash())
    assert (await line_of(database, shop)).used_paisa == 0
    async with database.reading() as tx:
        cash = await read_statement(tx, account_id(AccountKind.CASH_WITH_VENDOR, vendor.id))
        sales = await read_statement(tx, account_id(AccountKind.VENDOR_SALES, vendor.id))
    assert (cash.closing, sales.closing) == (paisa(750), -paisa(750))
    await assert_books_hold(database, CHECKS)


# --- statements ----------------------------------------------------------------------------------------------


async def test_a_statement_is_as_of_when_things_happened(database: Database, open_shops: OpenShops) -> None:
    """[C7] A payment told today that was made five days ago stands where it happened; a statement as of any moment has
    what had happened by then, and one from a moment on opens with what was before.
    """
    (shop,) = await open_shops(1, terms_days=30)
    line = (await line_of(database, shop)).id
    now = clock.now()
    with clock.travelled_to(now - timedelta(days=10)):
        await owe(database, shop, 1_000)
    with clock.travelled_to(now - timedelta(days=2)):
        await owe(database, shop, 500)
    async with database.transaction() as tx:
        told_late = NewPayment(
            retailer_id=shop,
            amount_paisa=paisa(300),
            method=PaymentMethod.CASH,
            event_at=now - timedelta(days=5),
        )
        await record_payment(tx, SYSTEM, told_late)
    async with database.reading() as tx:
        whole = await read_statement(tx, line)
        early = await read_statement(tx, line, as_of=now - timedelta(days=6))
        recent = await read_statement(tx, line, since=now - timedelta(days=6), as_of=now - timedelta(days=4))
        ahead = await read_statement(tx, unapplied_account_id(line))
    assert [(one.change // 100, one.balance // 100) for one in whole.lines] == [
        (1_000, 1_000),
        (-300, 700),
        (500, 1_200),
    ]
    assert whole.closing == whole.account.posted == paisa(1_200)
    assert early.closing == paisa(1_000)
    assert (recent.opening, recent.closing) == (paisa(1_000), paisa(700))
    assert (ahead.opening, ahead.lines, ahead.closing) == (0, [], 0)
    with pytest.raises(NotFound):
        async with database.reading() as tx:
            await read_statement(tx, new_id())
