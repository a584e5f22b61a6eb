"""Money that meets itself: payments of one shop at once, one key twenty times, a cheque that clears while it bounces.

Every contender has a connection of its own and starts from one barrier; afterwards the books hold.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar
from uuid import UUID

import pytest
from tests.fixtures.owing import somebody_waits
from tests.fixtures.trade import (
    ALL_CHECKS,
    Contenders,
    OpenShops,
    all_at_once,
    as_shop,
    assert_books_hold,
    codes_of,
    contents_of,
    line_of,
    outcome_of,
    paisa,
)

from khaacho import clock
from khaacho.actors import SYSTEM, Actor
from khaacho.credit.actions import settle_hold
from khaacho.credit.lock import CreditRequest, acquire
from khaacho.credit.paying.adjustments import record_adjustment
from khaacho.credit.paying.cashier import Cashier
from khaacho.credit.paying.cheques import bounce_cheque, clear_cheque
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.paying.reversals import reverse_adjustment, reverse_payment
from khaacho.credit.queries import find_credit_overview
from khaacho.credit.records import AdjustmentReason, NewAdjustment, NewPayment, PaymentMethod, PaymentOutcome
from khaacho.errors import KhaachoError
from khaacho.ids import new_id
from khaacho.ledger.actions import NewAccount, lock_accounts, open_accounts
from khaacho.ledger.chart import AccountKind
from khaacho.platform.database import Database, Transaction

CHECKS = [check for check in ALL_CHECKS if check.name not in {"order_debits", "stray_holds"}]
AT_ONCE = 20

Verb = Callable[[Transaction], Awaitable[object]]
Result = TypeVar("Result")


@pytest.fixture(autouse=True)
async def books_hold(database: Database) -> AsyncIterator[None]:
    """[C5] Whatever a test did, at its end every figure is right."""
    yield
    await assert_books_hold(database, CHECKS)


async def owe(database: Database, shop: UUID, rupees: int) -> UUID:
    request = CreditRequest(
        order_id=new_id(),
        retailer_id=shop,
        vendor_id=None,
        amount_paisa=paisa(rupees),
        on_credit=True,
        actor=as_shop(shop),
    )
    async with database.transaction() as tx:
        taken = await acquire(tx, request)
    assert taken.hold is not None
    async with database.transaction() as tx:
        debit = await settle_hold(
            tx,
            SYSTEM,
            taken.hold.id,
            amount_paisa=paisa(rupees),
            order_id=request.order_id,
            vendor_id=new_id(),
            delivered_at=clock.now(),
        )
    assert debit is not None
    return debit.id


def cash(rupees: int, **named: UUID) -> NewPayment:
    return NewPayment(amount_paisa=paisa(rupees), method=PaymentMethod.CASH, **named)


async def count(database: Database, table: str) -> int:
    async with database.reading() as tx:
        return int(await tx.value(f"SELECT count(*) FROM {table}"))


async def insist(doing: Callable[[], Awaitable[Result]]) -> Result:
    """Try again as long as trying again may help, as every caller of ours does."""
    while True:
        outcome = await outcome_of(doing())
        if not isinstance(outcome, KhaachoError):
            return outcome
        if not outcome.retryable:
            raise outcome


async def do_at_once(callers: list[Database], verbs: list[Verb]) -> list[object]:
    """Each verb in a transaction of its own, on a connection of its own."""

    async def one(caller: Database, verb: Verb) -> object:
        async with caller.transaction() as tx:
            return await verb(tx)

    return list(await all_at_once([lambda c=c, v=v: one(c, v) for c, v in zip(callers, verbs, strict=True)]))


# --- payments ----------------------------------------------------------------------------------------------------


async def test_twenty_payments_of_one_item_clear_it_once(
    database: Database, open_shops: OpenShops, contenders: Contenders
) -> None:
    """[C60] Twenty times 3,000 for one item of 50,000, which they name: seventeen are taken, the last of them with
    1,000 kept for later; three find it cleared and are refused. Nothing is cleared twice, nothing is lost.
    """
    for shop in await open_shops(3):
        debit = await owe(database, shop, 50_000)
        async with contenders(AT_ONCE) as callers:
            verbs: list[Verb] = [
                lambda tx, d=debit: record_payment(tx, SYSTEM, cash(3_000, debit_id=d)) for _ in range(AT_ONCE)
            ]
            outcomes = await do_at_once(callers, verbs)
        paid = [one for one in outcomes if isinstance(one, PaymentOutcome)]
        # 16 × 3,000 = 48,000; the seventeenth clears 2,000 and keeps 1,000; the others find nothing to name.
        assert codes_of(outcomes) == ["OK"] * 17 + ["TRANSACTION_CLEARED"] * 3
        assert sorted(one.remaining_paisa // 100 for one in paid) == [0, *range(2_000, 50_000, 3_000)]
        assert sum(one.unapplied_paisa for one in paid) == paisa(1_000)
        assert (await line_of(database, shop)).used_paisa == 0


@pytest.mark.parametrize("cashiers", [1, AT_ONCE], ids=["one cashier", "twenty cashiers"])
async def test_one_key_is_one_payment(
    database: Database, open_shops: OpenShops, contenders: Contenders, cashiers: int
) -> None:
    """[C60] Twenty times the same payment under one key, in one process or in twenty: one payment, twenty equal
    answers; and one more under the key with another amount is refused.
    """
    (shop,) = await open_shops(1)
    await owe(database, shop, 50_000)
    new = cash(7_000, retailer_id=shop)
    async with contenders(cashiers) as databases:
        desks = [Cashier(one) for one in databases]
        doings = [
            lambda d=desks[n % cashiers]: d.take(SYSTEM, new, key="till-7", request_hash=b"a") for n in range(AT_ONCE)
        ]
        outcomes = await all_at_once(doings)
        assert codes_of(outcomes) == ["OK"] * AT_ONCE
        assert len({one.payment_id for one in outcomes if isinstance(one, PaymentOutcome)}) == 1
        before = await contents_of(database)
        other = await outcome_of(desks[0].take(SYSTEM, cash(8_000, retailer_id=shop), key="till-7", request_hash=b"b"))
        assert codes_of([other]) == ["IDEMPOTENCY_KEY_REUSED"]
        assert await contents_of(database) == before
    assert await count(database, "credit_payments") == 1
    assert (await line_of(database, shop)).used_paisa == paisa(43_000)


async def test_two_payments_that_share_a_key_in_one_batch(database: Database, open_shops: OpenShops) -> None:
    """[C60] They arrive together: one is recorded, the other is told that its key was used, whichever came second."""
    (shop,) = await open_shops(1)
    await owe(database, shop, 50_000)
    desk = Cashier(database)
    outcomes = await all_at_once(
        [
            lambda: desk.take(SYSTEM, cash(7_000, retailer_id=shop), key="k", request_hash=b"a"),
            lambda: desk.take(SYSTEM, cash(8_000, retailer_id=shop), key="k", request_hash=b"b"),
        ]
    )
    assert codes_of(outcomes) == ["IDEMPOTENCY_KEY_REUSED", "OK"]
    assert await count(database, "credit_payments") == 1


async def test_a_key_is_stored_after_its_lines_are_taken(
    database: Database, open_shops: OpenShops, contenders: Contenders
) -> None:
    """[C60] The same payment arrives at a second process while the first, holding the line, has still to store the
    key: the second waits for the line, not for half of a knot, and both have one answer.
    """
    (shop,) = await open_shops(1)
    await owe(database, shop, 50_000)
    new = cash(7_000, retailer_id=shop)
    async with contenders(2) as databases, asyncio.TaskGroup() as tasks, database.transaction() as tx:
        # Nobody was ever paid in cash: who opens that account now is waited for by who would open it too.
        await open_accounts(tx, [NewAccount(kind=AccountKind.CASH)])
        first = tasks.create_task(Cashier(databases[0]).take(SYSTEM, new, key="till-7", request_hash=b"a"))
        await somebody_waits(database)
        second = tasks.create_task(Cashier(databases[1]).take(SYSTEM, new, key="till-7", request_hash=b"a"))
        await somebody_waits(database, number=2)
    assert first.result() == second.result()
    assert await count(database, "credit_payments") == 1


async def test_a_refused_key_may_succeed_later(database: Database, open_shops: OpenShops) -> None:
    """[C60] A refusal is not remembered: the same request is recorded once it can be."""
    (shop,) = await open_shops(1)
    desk = Cashier(database)
    debit = new_id()
    new = cash(10, debit_id=debit)
    refused = await outcome_of(desk.take(SYSTEM, new, key="k", request_hash=b"a"))
    assert codes_of([refused]) == ["TRANSACTION_NOT_FOUND"]
    assert await count(database, "idempotency_keys") == 0
    await desk.take(SYSTEM, cash(10, retailer_id=shop), key="k", request_hash=b"a")


async def test_payments_of_many_shops_are_recorded_together(
    database: Database, open_shops: OpenShops, contenders: Contenders
) -> None:
    """A hundred payments of twenty shops by two processes' cashiers, every tenth of them impossible: each refusal is
    its caller's alone, and every shop owes exactly what it did not pay.
    """
    shops = await open_shops(AT_ONCE)
    for shop in shops:
        await owe(database, shop, 10_000)
    async with contenders(2) as databases:
        desks = [Cashier(one) for one in databases]

        async def one(number: int) -> PaymentOutcome:
            new = cash(1_500, retailer_id=new_id() if number % 10 == 9 else shops[number % AT_ONCE])
            return await desks[number // AT_ONCE % 2].take(SYSTEM, new, key=f"k{number}", request_hash=b"a")

        outcomes = await all_at_once([lambda n=number: one(n) for number in range(100)])
    assert codes_of(outcomes) == ["OK"] * 90 + ["RETAILER_NOT_FOUND"] * 10
    assert await count(database, "credit_payments") == 90
    owed = [(await line_of(database, shop)).used_paisa // 100 for shop in shops]
    # The shops whose place ends in nine were never named.
    assert owed == [10_000 if place % 10 == 9 else 2_500 for place in range(AT_ONCE)]


async def test_nobody_waits_for_a_strangers_line(
    database: Database, open_shops: OpenShops, contenders: Contenders
) -> None:
    """[C11] While a stranger keeps one shop's line, the payments of the others in the batch have their answers; the
    one that waits is told in the end that the line is busy, has changed nothing, and its key may be used again.
    """
    shops = await open_shops(5)
    for shop in shops:
        await owe(database, shop, 1_000)
    held = shops[0]
    desk = Cashier(database)

    async def take(shop: UUID, key: str) -> PaymentOutcome:
        return await desk.take(SYSTEM, cash(400, retailer_id=shop), key=key, request_hash=b"a")

    async with contenders(1) as (stranger,), stranger.transaction() as tx:
        await lock_accounts(tx, [(await line_of(database, held)).id])
        waiting = asyncio.create_task(outcome_of(take(held, "held")))
        others = await all_at_once([lambda s=shop, n=n: take(s, f"k{n}") for n, shop in enumerate(shops[1:])])
        assert codes_of(others) == ["OK"] * 4
        assert not waiting.done()
        assert codes_of([await waiting]) == ["LOCK_TIMEOUT"]
    assert await count(database, "credit_payments") == 4
    assert (await take(held, "held")).remaining_paisa == paisa(600)


async def test_paying_while_goods_arrive(database: Database, open_shops: OpenShops, contenders: Contenders) -> None:
    """Ten payments of 1,000 and ten deliveries of 1,000 at once: however they fall, nothing is owed in the end and
    nothing is ahead.
    """
    for shop in await open_shops(3):
        async with contenders(AT_ONCE) as callers:
            doings: list[Callable[[], Awaitable[object]]] = []
            for place, caller in enumerate(callers):
                if place % 2:
                    doings.append(lambda c=caller, s=shop: insist(lambda: owe(c, s, 1_000)))
                else:
                    desk = Cashier(caller)
                    doings.append(
                        lambda d=desk, s=shop, p=place: d.take(
                            SYSTEM, cash(1_000, retailer_id=s), key=f"{s}{p}", request_hash=b"a"
                        )
                    )
            outcomes = await all_at_once(doings)
        assert codes_of(outcomes) == ["OK"] * AT_ONCE
        async with database.reading() as tx:
            overview = await find_credit_overview(tx, shop)
        assert (overview.used_paisa, overview.unapplied_paisa, overview.open_debits) == (0, 0, ())


# --- once ---------------------------------------------------------------------------------------------------------


async def test_a_cheque_clears_or_bounces_once(
    database: Database, open_shops: OpenShops, contenders: Contenders, admin: Actor
) -> None:
    """[C61] Ten clear it while ten let it bounce: one of the twenty succeeds, and the others are told which it was."""
    for shop in await open_shops(5):
        await owe(database, shop, 1_000)
        async with database.transaction() as tx:
            new = NewPayment(retailer_id=shop, amount_paisa=paisa(1_000), method=PaymentMethod.CHEQUE)
            cheque = (await record_payment(tx, admin, new)).payment_id
        clears: Verb = lambda tx, c=cheque: clear_cheque(tx, admin, c)  # noqa: E731
        bounces: Verb = lambda tx, c=cheque: bounce_cheque(tx, admin, c, reason="no funds")  # noqa: E731
        async with contenders(AT_ONCE) as callers:
            outcomes = await do_at_once(callers, [clears, bounces] * 10)
        cleared = (await line_of(database, shop)).used_paisa == 0
        told = "ALREADY_CLEARED" if cleared else "ALREADY_BOUNCED"
        assert codes_of(outcomes) == [told] * 19 + ["OK"]


@pytest.mark.parametrize("what", ["payment", "credit", "debit"])
async def test_what_was_wrong_is_taken_back_once(
    database: Database, open_shops: OpenShops, contenders: Contenders, admin: Actor, what: str
) -> None:
    """[C63] Twenty at once: one takes it back, nineteen are told that it was; what is owed is as if it never was."""
    for shop in await open_shops(3):
        await owe(database, shop, 1_000)
        verb: Verb
        async with database.transaction() as tx:
            if what == "payment":
                subject = (await record_payment(tx, admin, cash(1_500, retailer_id=shop))).payment_id
                verb = lambda tx, s=subject: reverse_payment(tx, admin, s, reason="a slip")  # noqa: E731
            else:
                change = paisa(-700 if what == "credit" else 700)
                new = NewAdjustment(retailer_id=shop, amount_paisa=change, reason=AdjustmentReason.DISPUTE)
                subject = (await record_adjustment(tx, admin, new)).adjustment_id
                verb = lambda tx, s=subject: reverse_adjustment(tx, admin, s, reason="a slip")  # noqa: E731
        async with contenders(AT_ONCE) as callers:
            outcomes = await do_at_once(callers, [verb] * AT_ONCE)
        assert codes_of(outcomes) == ["ALREADY_REVERSED"] * 19 + ["OK"]
        assert (await line_of(database, shop)).used_paisa == paisa(1_000)


async def test_taking_back_while_it_is_being_spent(
    database: Database, open_shops: OpenShops, contenders: Contenders, admin: Actor
) -> None:
    """[C63] 5,000 are ahead. While ten deliveries of 1,000 want to spend them, the payment is taken back: whichever
    came first, in the end 10,000 are owed and nothing is ahead.
    """
    for shop in await open_shops(3):
        async with database.transaction() as tx:
            paid = (await record_payment(tx, admin, cash(5_000, retailer_id=shop))).payment_id

        async def back(caller: Database, payment: UUID = paid) -> object:
            async with caller.transaction() as tx:
                return await reverse_payment(tx, admin, payment, reason="a slip")

        async with contenders(11) as callers:
            doings: list[Callable[[], Awaitable[object]]] = [lambda c=callers[10]: back(c)]
            doings += [lambda c=caller, s=shop: insist(lambda: owe(c, s, 1_000)) for caller in callers[:10]]
            outcomes = await all_at_once(doings)
        assert [one.code for one in outcomes if isinstance(one, KhaachoError)] == []
        async with database.reading() as tx:
            overview = await find_credit_overview(tx, shop)
        assert (overview.used_paisa, overview.unapplied_paisa) == (paisa(10_000), 0)
