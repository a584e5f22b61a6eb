"""Payments over several lines, cheques, adjustments, and what takes them back, as stories [C60–C63].

Every refusal is checked to have changed no row of any table.
"""

from __future__ import annotations

from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
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
from khaacho.credit.actions import change_limit, open_credit_lines, record_cash_on_delivery, settle_hold
from khaacho.credit.lock import CreditRequest, acquire
from khaacho.credit.paying.adjustments import record_adjustment
from khaacho.credit.paying.cheques import bounce_cheque, clear_cheque
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.paying.reversals import reverse_adjustment, reverse_payment
from khaacho.credit.queries import find_credit_lines, find_open_debits, require_debit, unapplied_account_id
from khaacho.credit.records import (
    AdjustmentKind,
    AdjustmentOutcome,
    AdjustmentReason,
    Debit,
    DebitState,
    NewAdjustment,
    NewCreditLine,
    NewPayment,
    PaymentMethod,
    PaymentOutcome,
    PaymentState,
)
from khaacho.errors import (
    AdjustmentNotFound,
    AlreadyBounced,
    AlreadyCleared,
    AlreadyReversed,
    ChequePending,
    DebitCleared,
    DebitNotFound,
    KhaachoError,
    NoCreditAccount,
    NotACheque,
    PaidAtTheDoor,
    PaymentNotFound,
    RetailerNotFound,
    ValidationFailed,
)
from khaacho.ids import new_id
from khaacho.ledger.chart import AccountKind, account_id
from khaacho.ledger.queries import find_accounts, find_transfers_of, read_statement
from khaacho.platform.database import Database

CHECKS = [check for check in ALL_CHECKS if check.name not in {"order_debits", "stray_holds"}]


async def owe(database: Database, shop: UUID, rupees: int, *, vendor: UUID | None = None) -> Debit:
    """An open item of that many rupees, delivered now."""
    request = CreditRequest(
        order_id=new_id(),
        retailer_id=shop,
        vendor_id=vendor,
        amount_paisa=paisa(rupees),
        on_credit=True,
        actor=as_shop(shop),
    )
    async with database.transaction() as tx:
        taken = await acquire(tx, request)
        assert taken.hold is not None
        debit = await settle_hold(
            tx,
            SYSTEM,
            taken.hold.id,
            amount_paisa=paisa(rupees),
            order_id=request.order_id,
            vendor_id=vendor or new_id(),
            delivered_at=clock.now(),
        )
    assert debit is not None
    return debit


async def pay(
    database: Database, rupees: int, *, method: PaymentMethod = PaymentMethod.CASH, **fields: object
) -> PaymentOutcome:
    new = NewPayment(amount_paisa=paisa(rupees), method=method, **fields)  # type: ignore[arg-type]
    async with database.transaction() as tx:
        return await record_payment(tx, SYSTEM, new)


async def adjust(
    database: Database, shop: UUID, rupees: int, reason: str = "RETURN", **fields: object
) -> AdjustmentOutcome:
    new = NewAdjustment(
        retailer_id=shop,
        amount_paisa=paisa(rupees),
        reason=AdjustmentReason(reason),
        **fields,  # type: ignore[arg-type]
    )
    async with database.transaction() as tx:
        return await record_adjustment(tx, SYSTEM, new)


async def take_back(database: Database, payment: UUID) -> object:
    async with database.transaction() as tx:
        return await reverse_payment(tx, SYSTEM, payment, reason="a slip")


async def undo(database: Database, adjustment: UUID) -> object:
    async with database.transaction() as tx:
        return await reverse_adjustment(tx, SYSTEM, adjustment, reason="a slip")


async def clear(database: Database, payment: UUID) -> PaymentOutcome:
    async with database.transaction() as tx:
        return await clear_cheque(tx, SYSTEM, payment)


async def bounce(database: Database, payment: UUID) -> object:
    async with database.transaction() as tx:
        return await bounce_cheque(tx, SYSTEM, payment, reason="no funds")


async def assert_refused(database: Database, refusal: type[KhaachoError], doing: Awaitable[object]) -> KhaachoError:
    """It is refused with that, and no row of any table differs."""
    before = await contents_of(database)
    outcome = await outcome_of(doing)
    assert isinstance(outcome, refusal), outcome
    assert await contents_of(database) == before
    return outcome


async def owed_by(database: Database, shop: UUID) -> dict[UUID, int]:
    """What remains of each open item, in rupees."""
    async with database.reading() as tx:
        return {debit.id: debit.remaining_paisa // 100 for debit in await find_open_debits(tx, shop)}


async def ahead_of(database: Database, line: UUID) -> int:
    async with database.reading() as tx:
        found = await find_accounts(tx, [unapplied_account_id(line)])
    return -found[unapplied_account_id(line)].posted // 100


async def item(database: Database, debit_id: UUID) -> Debit:
    async with database.reading() as tx:
        return await require_debit(tx, debit_id)


async def audited(database: Database, subject: UUID) -> list[str]:
    async with database.reading() as tx:
        found: list[str] = await tx.values(
            "SELECT action FROM audit_entries WHERE subject_id = %(id)s ORDER BY id", {"id": subject}
        )
        return found


async def published(database: Database, kind: str) -> list[dict[str, object]]:
    """The bodies of events of this kind that wait to be delivered."""
    async with database.reading() as tx:
        rows = await tx.values(
            """
            SELECT convert_from(payload, 'UTF8')::jsonb -> 'body' FROM pgqueuer
            WHERE convert_from(payload, 'UTF8')::jsonb ->> 'kind' = %(kind)s ORDER BY id
            """,
            {"kind": kind},
        )
        return list(rows)


class Lender:
    """A shop with a platform line and one of a vendor that lends."""

    def __init__(self, shop: UUID, vendor: UUID, platform_line: UUID, vendor_line: UUID) -> None:
        self.shop, self.vendor = shop, vendor
        self.platform_line, self.vendor_line = platform_line, vendor_line


@pytest.fixture
async def two_lines(database: Database, open_shops: OpenShops, make_vendor: MakeVendor) -> Lender:
    (shop,) = await open_shops(1)
    vendor = await make_vendor()
    async with database.transaction() as tx:
        new = NewCreditLine(retailer_id=shop, vendor_id=vendor.id, limit_paisa=paisa(50_000))
        await open_credit_lines(tx, SYSTEM, [new])
        platform, lent = await find_credit_lines(tx, shop)
    return Lender(shop, vendor.id, platform.id, lent.id)


# --- several lines ------------------------------------------------------------------------------------------------


async def test_the_oldest_over_all_lines_is_paid_first(database: Database, two_lines: Lender) -> None:
    """[C60] Items of 1,000 on the vendor's line, 2,000 on the platform's, 3,000 on the vendor's, in that order: 3,500
    clear the first two and 500 of the third; each line falls by its own part, and what is over stays on the line that
    was paid first.
    """
    lent, platform = two_lines.vendor_line, two_lines.platform_line
    first = await owe(database, two_lines.shop, 1_000, vendor=two_lines.vendor)
    second = await owe(database, two_lines.shop, 2_000)
    third = await owe(database, two_lines.shop, 3_000, vendor=two_lines.vendor)
    outcome = await pay(database, 3_500, retailer_id=two_lines.shop)
    assert [(part.debit_id, part.amount_paisa) for part in outcome.allocations] == [
        (first.id, paisa(1_000)),
        (second.id, paisa(2_000)),
        (third.id, paisa(500)),
    ]
    assert (outcome.remaining_paisa, outcome.unapplied_paisa) == (paisa(2_500), 0)
    async with database.reading() as tx:
        posted = {line.id: line.posted // 100 for line in await find_credit_lines(tx, two_lines.shop)}
        moved = {one.credit_account_id: one.amount for one in await find_transfers_of(tx, [outcome.payment_id])}
    assert posted == {platform: 0, lent: 2_500}
    assert moved == {lent: paisa(1_500), platform: paisa(2_000)}
    outcome = await pay(database, 4_000, retailer_id=two_lines.shop)
    assert outcome.unapplied_paisa == paisa(1_500)
    assert (await ahead_of(database, lent), await ahead_of(database, platform)) == (1_500, 0)
    await assert_books_hold(database, CHECKS)


async def test_the_item_named_then_its_line_then_the_others(database: Database, two_lines: Lender) -> None:
    """[C60] Three items, the youngest on the platform's line is named: then the older one of that line, and only then
    the oldest of all, which is on the other line. The order of the item may be named instead of the item.
    """
    oldest = await owe(database, two_lines.shop, 1_000, vendor=two_lines.vendor)
    older = await owe(database, two_lines.shop, 1_000)
    named = await owe(database, two_lines.shop, 1_000)
    outcome = await pay(database, 2_500, debit_id=named.source_id)
    assert (outcome.debit_id, outcome.remaining_paisa) == (named.id, 0)
    assert [(part.debit_id, part.amount_paisa // 100) for part in outcome.allocations] == [
        (named.id, 1_000),
        (older.id, 1_000),
        (oldest.id, 500),
    ]
    assert await owed_by(database, two_lines.shop) == {oldest.id: 500}
    outcome = await pay(database, 700, debit_id=oldest.id)
    assert (outcome.unapplied_paisa, await ahead_of(database, two_lines.vendor_line)) == (paisa(200), 200)
    await assert_books_hold(database, CHECKS)


async def test_money_taken_back_from_several_lines(database: Database, two_lines: Lender) -> None:
    """[C63] Each line owes again what was cleared of it, the rest is not ahead any more, the cash account is where it
    was, and every transfer has its own reversal.
    """
    first = await owe(database, two_lines.shop, 1_000, vendor=two_lines.vendor)
    second = await owe(database, two_lines.shop, 2_000)
    paid = await pay(database, 3_500, retailer_id=two_lines.shop)
    outcome = await take_back(database, paid.payment_id)
    assert await owed_by(database, two_lines.shop) == {first.id: 1_000, second.id: 2_000}
    assert await ahead_of(database, two_lines.vendor_line) == 0
    assert outcome.used_paisa == paisa(3_000)  # type: ignore[attr-defined]
    async with database.reading() as tx:
        transfers = await find_transfers_of(tx, [paid.payment_id])
        cash = await read_statement(tx, account_id(AccountKind.CASH))
    backward = {one.reverses_id: one for one in transfers if one.reverses_id}
    forward = [one for one in transfers if one.reverses_id is None]
    assert len(forward) == 3
    assert {one.id: one.amount for one in forward} == {key: one.amount for key, one in backward.items()}
    assert cash.closing == 0
    assert await audited(database, paid.payment_id) == ["CREDIT_CLEARED", "PAYMENT_REVERSED"]
    await assert_refused(database, AlreadyReversed, take_back(database, paid.payment_id))
    await assert_books_hold(database, CHECKS)


# --- recording ----------------------------------------------------------------------------------------------------


async def test_a_payment_may_be_told_late_but_not_before_it_happened(database: Database, open_shops: OpenShops) -> None:
    """[C60] Yesterday is fine; a moment ahead, a year nobody kept books in, or a time without a zone is refused."""
    (shop,) = await open_shops(1)
    now = clock.now()
    for wrong in (
        now + timedelta(seconds=30),
        datetime(1999, 12, 31, tzinfo=UTC),
        datetime.max.replace(tzinfo=UTC),
        datetime.min.replace(tzinfo=UTC),
        now.replace(tzinfo=None),
    ):
        refusal = await assert_refused(database, ValidationFailed, pay(database, 5, retailer_id=shop, event_at=wrong))
        assert refusal.details["field"] == "eventAt"
        await assert_refused(database, ValidationFailed, adjust(database, shop, 5, event_at=wrong))
    paid = await pay(database, 5, retailer_id=shop, event_at=now - timedelta(days=1))
    async with database.reading() as tx:
        (transfer,) = await find_transfers_of(tx, [paid.payment_id])
    assert transfer.event_at == now - timedelta(days=1)


# --- cheques ------------------------------------------------------------------------------------------------------


async def test_a_cheque_clears_what_is_open_then(database: Database, open_shops: OpenShops) -> None:
    """[C61] Handed over for the second of two items; before it clears the first is paid and a third opens. It clears
    the second, then the third, and what is over is kept. Bank and line move only then.
    """
    (shop,) = await open_shops(1)
    line = (await line_of(database, shop)).id
    first, named = await owe(database, shop, 1_000), await owe(database, shop, 1_000)
    cheque = await pay(database, 2_500, method=PaymentMethod.CHEQUE, debit_id=named.id)
    assert (cheque.state, cheque.remaining_paisa) == (PaymentState.PENDING, paisa(1_000))
    await pay(database, 1_000, debit_id=first.id)
    third = await owe(database, shop, 500)
    assert (await line_of(database, shop)).used_paisa == paisa(1_500)
    outcome = await clear(database, cheque.payment_id)
    assert [(part.debit_id, part.amount_paisa // 100) for part in outcome.allocations] == [
        (named.id, 1_000),
        (third.id, 500),
    ]
    assert (outcome.unapplied_paisa, outcome.remaining_paisa) == (paisa(1_000), 0)
    assert ((await line_of(database, shop)).used_paisa, await ahead_of(database, line)) == (0, 1_000)
    async with database.reading() as tx:
        assert (await read_statement(tx, account_id(AccountKind.BANK))).closing == paisa(2_500)
    assert await audited(database, cheque.payment_id) == ["CHEQUE_RECEIVED", "CREDIT_CLEARED"]
    assert len(await published(database, "PaymentRecorded")) == 2
    await assert_refused(database, AlreadyCleared, clear(database, cheque.payment_id))
    await assert_refused(database, AlreadyCleared, bounce(database, cheque.payment_id))
    await assert_books_hold(database, CHECKS)


async def test_a_cheque_whose_item_was_paid_meanwhile(database: Database, open_shops: OpenShops) -> None:
    """[C61] The item it was meant for is cleared by then: it clears what else is open, oldest first."""
    (shop,) = await open_shops(1)
    named, other = await owe(database, shop, 1_000), await owe(database, shop, 1_000)
    cheque = await pay(database, 600, method=PaymentMethod.CHEQUE, debit_id=named.id)
    await pay(database, 1_000, debit_id=named.id)
    outcome = await clear(database, cheque.payment_id)
    assert [(part.debit_id, part.amount_paisa // 100) for part in outcome.allocations] == [(other.id, 600)]


async def test_a_cheque_that_bounces_frees_nothing(database: Database, open_shops: OpenShops) -> None:
    """[C61] What was owed is owed, no account has moved, it is told once, and it can neither clear nor bounce again."""
    (shop,) = await open_shops(1)
    await owe(database, shop, 1_000)
    cheque = await pay(database, 1_000, method=PaymentMethod.CHEQUE, retailer_id=shop)
    await bounce(database, cheque.payment_id)
    async with database.reading() as tx:
        row = (await tx.dicts("SELECT state, end_reason FROM credit_payments"))[0]
        assert await find_transfers_of(tx, [cheque.payment_id]) == []
    assert row == {"state": "BOUNCED", "end_reason": "no funds"}
    assert (await line_of(database, shop)).used_paisa == paisa(1_000)
    assert await audited(database, cheque.payment_id) == ["CHEQUE_RECEIVED", "CHEQUE_BOUNCED"]
    (told,) = await published(database, "ChequeBounced")
    assert (told["amount_paisa"], told["reason"]) == (paisa(1_000), "no funds")
    await assert_refused(database, AlreadyBounced, clear(database, cheque.payment_id))
    await assert_refused(database, AlreadyBounced, bounce(database, cheque.payment_id))
    await assert_refused(database, AlreadyBounced, take_back(database, cheque.payment_id))
    await assert_books_hold(database, CHECKS)


async def test_what_is_no_cheque_cannot_clear(database: Database, open_shops: OpenShops) -> None:
    """[C61] Cash is there at once; nobody's payment is not found; a pending cheque bounces, it is not reversed."""
    (shop,) = await open_shops(1)
    cash = await pay(database, 10, retailer_id=shop)
    for verb in (clear, bounce):
        await assert_refused(database, NotACheque, verb(database, cash.payment_id))
        await assert_refused(database, PaymentNotFound, verb(database, new_id()))
    cheque = await pay(database, 10, method=PaymentMethod.CHEQUE, retailer_id=shop)
    await assert_refused(database, ChequePending, take_back(database, cheque.payment_id))


async def test_a_cheque_that_cleared_can_come_back(database: Database, open_shops: OpenShops) -> None:
    """[C63] The bank takes it back later: it is reversed like any payment, and is not a cheque to clear again."""
    (shop,) = await open_shops(1)
    debit = await owe(database, shop, 1_000)
    cheque = await pay(database, 1_000, method=PaymentMethod.CHEQUE, retailer_id=shop)
    await clear(database, cheque.payment_id)
    await take_back(database, cheque.payment_id)
    assert await owed_by(database, shop) == {debit.id: 1_000}
    await assert_refused(database, AlreadyReversed, clear(database, cheque.payment_id))
    await assert_refused(database, AlreadyReversed, bounce(database, cheque.payment_id))
    await assert_books_hold(database, CHECKS)


# --- taking back --------------------------------------------------------------------------------------------------


async def test_what_was_ahead_and_spent_is_taken_back_too(database: Database, open_shops: OpenShops) -> None:
    """[C63] 3,000 paid against 1,000; the 2,000 ahead cleared a later item of 1,500. Taken back, both items are owed
    again, nothing is ahead, and the shop, whose limit was lowered meanwhile, stands past it by what it owes beyond.
    """
    (shop,) = await open_shops(1)
    line = (await line_of(database, shop)).id
    first = await owe(database, shop, 1_000)
    paid = await pay(database, 3_000, retailer_id=shop)
    later = await owe(database, shop, 1_500)
    assert (later.remaining_paisa, await ahead_of(database, line)) == (0, 500)
    async with database.transaction() as tx:
        await change_limit(tx, SYSTEM, line, limit_paisa=paisa(2_000))
    outcome = await take_back(database, paid.payment_id)
    assert {part.debit_id: part.amount_paisa // 100 for part in outcome.undone} == {  # type: ignore[attr-defined]
        first.id: 1_000,
        later.id: 1_500,
    }
    assert (outcome.used_paisa, outcome.over_limit_paisa) == (paisa(2_500), paisa(500))  # type: ignore[attr-defined]
    assert await owed_by(database, shop) == {first.id: 1_000, later.id: 1_500}
    assert await ahead_of(database, line) == 0
    await assert_books_hold(database, CHECKS)


async def test_what_others_had_ahead_pays_what_opens_again(database: Database, open_shops: OpenShops) -> None:
    """[C63] One payment cleared an item, another one is wholly ahead. When the first is taken back, the second pays the
    item: nothing stays owed while money is ahead.
    """
    (shop,) = await open_shops(1)
    line = (await line_of(database, shop)).id
    debit = await owe(database, shop, 1_000)
    wrong = await pay(database, 1_000, retailer_id=shop)
    right = await pay(database, 1_200, retailer_id=shop)
    assert right.unapplied_paisa == paisa(1_200)
    await take_back(database, wrong.payment_id)
    assert (await owed_by(database, shop), await ahead_of(database, line)) == ({}, 200)
    # And when that one goes too, everything is as it was before either.
    await take_back(database, right.payment_id)
    assert (await owed_by(database, shop), await ahead_of(database, line)) == ({debit.id: 1_000}, 0)
    assert (await item(database, debit.id)).cleared_at is None
    await assert_books_hold(database, CHECKS)


async def test_orders_are_told_when_they_are_owed_again(database: Database, open_shops: OpenShops) -> None:
    """[C63] The event names the orders that are owed again; in part or not at all cleared ones are not news."""
    (shop,) = await open_shops(1)
    first, _ = await owe(database, shop, 1_000), await owe(database, shop, 1_000)
    paid = await pay(database, 1_500, retailer_id=shop)
    (told,) = await published(database, "PaymentRecorded")
    assert told["cleared_order_ids"] == [str(first.source_id)]
    await take_back(database, paid.payment_id)
    (told,) = await published(database, "PaymentUndone")
    assert (told["reopened_order_ids"], told["cleared_order_ids"]) == ([str(first.source_id)], [])


async def test_cash_at_the_door_is_not_taken_back_here(
    database: Database, open_shops: OpenShops, make_vendor: MakeVendor
) -> None:
    """[C63] It belongs to its delivery; nor is it a cheque. A payment nobody made is not found."""
    (shop,) = await open_shops(1)
    vendor = await make_vendor()
    async with database.transaction() as tx:
        cash = await record_cash_on_delivery(
            tx,
            SYSTEM,
            order_id=new_id(),
            retailer_id=shop,
            vendor_id=vendor.id,
            amount_paisa=paisa(750),
            at=clock.now(),
        )
    await assert_refused(database, PaidAtTheDoor, take_back(database, cash))
    await assert_refused(database, NotACheque, clear(database, cash))
    await assert_refused(database, PaymentNotFound, take_back(database, new_id()))
    await assert_refused(database, AdjustmentNotFound, undo(database, new_id()))


# --- adjustments --------------------------------------------------------------------------------------------------


async def test_a_credit_clears_the_oldest_and_keeps_the_rest(database: Database, two_lines: Lender) -> None:
    """[C62] 2,500 against items of 1,000 and 1,000 on the platform's line: 500 are kept for the next item there; what
    is owed to the vendor that lends is not touched, for it gave nothing.
    """
    lent = await owe(database, two_lines.shop, 400, vendor=two_lines.vendor)
    first, second = await owe(database, two_lines.shop, 1_000), await owe(database, two_lines.shop, 1_000)
    outcome = await adjust(database, two_lines.shop, -2_500, "PROMOTION")
    assert (outcome.kind, outcome.amount_paisa) == (AdjustmentKind.CREDIT, paisa(2_500))
    assert [(part.debit_id, part.amount_paisa // 100) for part in outcome.allocations] == [
        (first.id, 1_000),
        (second.id, 1_000),
    ]
    assert (outcome.unapplied_paisa, outcome.used_paisa) == (paisa(500), paisa(400))
    assert await owed_by(database, two_lines.shop) == {lent.id: 400}
    assert (await owe(database, two_lines.shop, 600)).remaining_paisa == paisa(100)
    assert await audited(database, outcome.adjustment_id) == ["ADJUSTMENT"]
    await assert_books_hold(database, CHECKS)
    # The vendor gives something too: only its own line falls, and its gifts stand on an account of its own.
    await adjust(database, two_lines.shop, -150, "PROMOTION", vendor_id=two_lines.vendor)
    assert (await item(database, lent.id)).remaining_paisa == paisa(250)
    async with database.reading() as tx:
        gifts = await read_statement(tx, account_id(AccountKind.ADJUSTMENTS, two_lines.vendor))
        ours = await read_statement(tx, account_id(AccountKind.ADJUSTMENTS))
    assert (gifts.closing, ours.closing) == (paisa(150), paisa(2_500))
    await assert_books_hold(database, CHECKS)


async def test_a_credit_clears_the_item_it_names_first(database: Database, open_shops: OpenShops) -> None:
    """[C62] Goods of the second order come back: its item falls, by the item's id or by the order's."""
    (shop,) = await open_shops(1)
    first, second = await owe(database, shop, 1_000), await owe(database, shop, 1_000)
    await adjust(database, shop, -300, debit_id=second.id)
    await adjust(database, shop, -300, debit_id=second.source_id)
    assert await owed_by(database, shop) == {first.id: 1_000, second.id: 400}


async def test_a_debit_opens_an_item_past_the_limit_if_need_be(database: Database, open_shops: OpenShops) -> None:
    """[C62] 99,000 of 1,00,000 are owed; a chargeback of 3,000 is a fact: 1,02,000 are owed, 2,000 past the limit, due
    after the line's terms. Paying brings the bound back, and no order is accepted meanwhile.
    """
    (shop,) = await open_shops(1)
    await owe(database, shop, 99_000)
    outcome = await adjust(database, shop, 3_000, "CHARGEBACK", note="the bank asked it back")
    assert (outcome.kind, outcome.used_paisa) == (AdjustmentKind.DEBIT, paisa(102_000))
    assert outcome.over_limit_paisa == paisa(2_000)
    assert outcome.debit_id is not None
    debit = await item(database, outcome.debit_id)
    assert (debit.source_kind, debit.source_id) == ("adjustment", outcome.adjustment_id)
    assert (debit.amount_paisa, debit.due_on) == (paisa(3_000), clock.business_day() + timedelta(days=7))
    await assert_books_hold(database, CHECKS)
    refusal = await assert_refused(database, KhaachoError, owe(database, shop, 1))
    assert refusal.code == "INSUFFICIENT_CREDIT"
    await pay(database, 2_500, retailer_id=shop)
    line = await line_of(database, shop)
    async with database.reading() as tx:
        assert (await find_accounts(tx, [line.id]))[line.id].ceiling == paisa(100_000)
    await assert_books_hold(database, CHECKS)


async def test_what_is_ahead_pays_a_debit_at_once(database: Database, open_shops: OpenShops) -> None:
    """[C62] An opening balance of 1,000 found late, with 1,500 ahead: it is cleared as it opens, dated when it was."""
    (shop,) = await open_shops(1)
    await pay(database, 1_500, retailer_id=shop)
    then = clock.now() - timedelta(days=40)
    outcome = await adjust(database, shop, 1_000, "OPENING_BALANCE", event_at=then)
    assert outcome.debit_id is not None
    debit = await item(database, outcome.debit_id)
    assert (debit.state, debit.opened_at) == (DebitState.CLEARED, then)
    assert debit.due_on == clock.business_day(then) + timedelta(days=7)
    async with database.reading() as tx:
        taken_over = await read_statement(tx, account_id(AccountKind.OPENING_BALANCES))
    assert taken_over.closing == -paisa(1_000)
    await assert_books_hold(database, CHECKS)


async def test_a_write_off_marks_what_it_closed(database: Database, open_shops: OpenShops) -> None:
    """[C62] 300 of 1,000 paid, the rest written off: the item is WRITTEN_OFF. One that is written off in part and then
    paid is not. Taken back, the item is PARTIAL again.
    """
    (shop,) = await open_shops(1)
    debit = await owe(database, shop, 1_000)
    await pay(database, 300, retailer_id=shop)
    outcome = await adjust(database, shop, -700, "WRITE_OFF")
    assert (await item(database, debit.id)).state is DebitState.WRITTEN_OFF
    async with database.reading() as tx:
        assert (await read_statement(tx, account_id(AccountKind.WRITE_OFFS))).closing == paisa(700)
    await undo(database, outcome.adjustment_id)
    assert (await item(database, debit.id)).state is DebitState.PARTIAL
    await adjust(database, shop, -100, "WRITE_OFF", debit_id=debit.id)
    await pay(database, 600, retailer_id=shop)
    assert (await item(database, debit.id)).state is DebitState.CLEARED
    await assert_books_hold(database, CHECKS)


async def test_a_write_off_beyond_what_is_owed_is_ahead(database: Database, open_shops: OpenShops) -> None:
    """[C62] 1,000 written off where 700 is owed: the item is WRITTEN_OFF and 300 is kept ahead, which the next item
    consumes like money; that one is CLEARED. Taken back, both are owed again.
    """
    (shop,) = await open_shops(1)
    debit = await owe(database, shop, 700)
    outcome = await adjust(database, shop, -1_000, "WRITE_OFF")
    assert (outcome.unapplied_paisa, outcome.used_paisa) == (paisa(300), 0)
    assert (await item(database, debit.id)).state is DebitState.WRITTEN_OFF
    after = await owe(database, shop, 300)
    assert (await item(database, after.id)).state is DebitState.CLEARED
    async with database.reading() as tx:
        assert (await read_statement(tx, account_id(AccountKind.WRITE_OFFS))).closing == paisa(1_000)
    await assert_books_hold(database, CHECKS)
    await undo(database, outcome.adjustment_id)
    assert {(await item(database, one.id)).state for one in (debit, after)} == {DebitState.OPEN}
    await assert_books_hold(database, CHECKS)


async def test_an_adjustment_that_cannot_be_is_refused(database: Database, two_lines: Lender) -> None:
    """[C62] Nothing, too much, nobody, a line that is not there, an item unknown, somebody else's, another lender's or
    cleared, and a write-off that would raise what is owed.
    """
    shop = two_lines.shop
    debit = await owe(database, shop, 100)
    lent = await owe(database, shop, 100, vendor=two_lines.vendor)
    for rupees in (0, 10**13, -(10**13)):
        await assert_refused(database, ValidationFailed, adjust(database, shop, rupees))
    await assert_refused(database, ValidationFailed, adjust(database, shop, 5, "WRITE_OFF"))
    await assert_refused(database, RetailerNotFound, adjust(database, new_id(), -5))
    await assert_refused(database, NoCreditAccount, adjust(database, shop, -5, vendor_id=new_id()))
    await assert_refused(database, DebitNotFound, adjust(database, shop, -5, debit_id=new_id()))
    await assert_refused(database, ValidationFailed, adjust(database, new_id(), -5, debit_id=debit.id))
    wrong_lender = adjust(database, shop, -5, debit_id=debit.id, vendor_id=two_lines.vendor)
    await assert_refused(database, ValidationFailed, wrong_lender)
    await adjust(database, shop, -100, debit_id=lent.id, vendor_id=two_lines.vendor)
    await assert_refused(database, DebitCleared, adjust(database, shop, -5, debit_id=lent.id))
    await pay(database, 100, debit_id=debit.id)
    await assert_refused(database, DebitCleared, adjust(database, shop, -5, debit_id=debit.id))


async def test_a_shop_without_a_line_owes_nothing_to_adjust(database: Database, make_shop: UUID) -> None:
    """[C62] NO_CREDIT_ACCOUNT, for adjustments as for payments."""
    await assert_refused(database, NoCreditAccount, adjust(database, make_shop, -5))
    await assert_refused(database, NoCreditAccount, pay(database, 5, retailer_id=make_shop))


@pytest.fixture
async def make_shop(database: Database, open_shops: OpenShops) -> UUID:
    """A shop whose line is opened for the fixture's sake and never was."""
    (shop,) = await open_shops(1)
    line = (await line_of(database, shop)).id
    async with database.transaction() as tx:
        await tx.execute("DELETE FROM credit_accounts WHERE id = %(line)s", {"line": line})
    return shop


async def test_a_debit_that_never_was_gives_its_money_back(database: Database, two_lines: Lender) -> None:
    """[C63] A disputed charge of 1,000 was paid, 600 by what was ahead and 400 in cash with 100 over. Taken back, the
    1,000 are ahead again and pay what is open on that line; the item is closed for good.
    """
    shop, line = two_lines.shop, two_lines.platform_line
    await pay(database, 600, retailer_id=shop)
    charge = await adjust(database, shop, 1_000, "DISPUTE")
    await pay(database, 500, retailer_id=shop)
    assert await ahead_of(database, line) == 100
    goods = await owe(database, shop, 900)
    assert goods.remaining_paisa == paisa(800)
    outcome = await undo(database, charge.adjustment_id)
    assert outcome.used_paisa == 0  # type: ignore[attr-defined]
    assert (await owed_by(database, shop), await ahead_of(database, line)) == ({}, 200)
    assert charge.debit_id is not None
    assert (await item(database, charge.debit_id)).state is DebitState.CLEARED
    async with database.reading() as tx:
        assert (await read_statement(tx, account_id(AccountKind.ADJUSTMENTS))).closing == 0
    (told,) = await published(database, "AdjustmentUndone")
    assert told["cleared_order_ids"] == [str(goods.source_id)]
    await assert_refused(database, AlreadyReversed, undo(database, charge.adjustment_id))
    await assert_books_hold(database, CHECKS)


async def test_money_of_another_line_goes_home(database: Database, two_lines: Lender) -> None:
    """[C63] A payment that began on the vendor's line paid a charge on the platform's. The charge was wrong: the money
    is ahead on the vendor's line, where the payment is at home, and the payment can still be taken back wholly.
    """
    shop = two_lines.shop
    lent = await owe(database, shop, 300, vendor=two_lines.vendor)
    charge = await adjust(database, shop, 1_000, "CHARGEBACK")
    paid = await pay(database, 1_300, retailer_id=shop)
    await undo(database, charge.adjustment_id)
    assert await ahead_of(database, two_lines.vendor_line) == 1_000
    assert await ahead_of(database, two_lines.platform_line) == 0
    await assert_books_hold(database, CHECKS)
    await take_back(database, paid.payment_id)
    assert await ahead_of(database, two_lines.vendor_line) == 0
    assert await owed_by(database, shop) == {lent.id: 300}
    await assert_books_hold(database, CHECKS)


async def test_a_credit_taken_back_is_owed_again(database: Database, open_shops: OpenShops) -> None:
    """[C63] Once, with its audit row, also where its rest was spent since."""
    (shop,) = await open_shops(1)
    first = await owe(database, shop, 1_000)
    credit = await adjust(database, shop, -1_400, "RETURN")
    later = await owe(database, shop, 300)
    assert later.remaining_paisa == 0
    await undo(database, credit.adjustment_id)
    assert await owed_by(database, shop) == {first.id: 1_000, later.id: 300}
    assert await audited(database, credit.adjustment_id) == ["ADJUSTMENT", "ADJUSTMENT_REVERSED"]
    await assert_refused(database, AlreadyReversed, undo(database, credit.adjustment_id))
    await assert_books_hold(database, CHECKS)


# --- what else is cured -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["payment", "cheque", "write-off", "return", "charge taken back"])
async def test_whatever_lowers_the_debt_lifts_an_automatic_pause(
    database: Database, open_shops: OpenShops, admin: Actor, how: str
) -> None:
    """[C52] An item 31 days old paused the shop by rule. Whichever way it is settled, credit is active again in the
    same transaction, with its audit row; settling a part that leaves more than Rs 100 is not enough.
    """
    (shop,) = await open_shops(1)
    old = clock.now() - timedelta(days=31)
    charge = await adjust(database, shop, 1_000, "CHARGEBACK", event_at=old)
    async with database.transaction() as tx:
        await tx.execute(
            "UPDATE retailers SET credit_status = 'PAUSED', credit_status_automatic = true WHERE id = %(id)s",
            {"id": shop},
        )

    async def status() -> str:
        async with database.reading() as tx:
            found: str = await tx.value("SELECT credit_status FROM retailers WHERE id = %(id)s", {"id": shop})
            return found

    await pay(database, 100, retailer_id=shop)
    assert await status() == "PAUSED"
    match how:
        case "payment":
            await pay(database, 850, retailer_id=shop)
        case "cheque":
            cheque = await pay(database, 900, method=PaymentMethod.CHEQUE, retailer_id=shop)
            assert await status() == "PAUSED"
            await clear(database, cheque.payment_id)
        case "write-off":
            await adjust(database, shop, -900, "WRITE_OFF")
        case "return":
            await adjust(database, shop, -900, "RETURN")
        case _:
            await undo(database, charge.adjustment_id)
    assert await status() == "ACTIVE"
    assert (await audited(database, shop)).count("UNPAUSE_CREDIT") == 1
    await assert_books_hold(database, CHECKS)
