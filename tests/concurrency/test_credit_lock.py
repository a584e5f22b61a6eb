"""The twelve scenarios of [C13] on the credit lock itself, each fifty times, on connections of their own.

A line of 1,00,000 rupees, PostgreSQL, callers that start together from a barrier. Every repetition has a shop of its
own; at the end of each test all of the books are proved.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from uuid import UUID

import pytest
from tests.fixtures.trade import (
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

import khaacho.credit.checks
import khaacho.ledger.checks
from khaacho.actors import SYSTEM
from khaacho.credit.actions import release_holds, settle_hold
from khaacho.credit.lock import Acquired, CreditRequest, acquire
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.records import NewPayment, PaymentMethod
from khaacho.errors import (
    AlreadyReleased,
    CreditBlocked,
    InsufficientCredit,
    KhaachoError,
    LockTimeout,
    MaxRetriesExceeded,
)
from khaacho.ids import new_id
from khaacho.ledger.actions import lock_accounts
from khaacho.ledger.queries import find_entries_of
from khaacho.ledger.records import EntryKind
from khaacho.parties.standings import CreditStatus, set_credit_status
from khaacho.platform.database import Database

TIMES = 50
# Orders are not placed here, so only what the ledger and the credit domain promise is proved.
CHECKS = (*khaacho.ledger.checks.CHECKS, *khaacho.credit.checks.CHECKS)


@pytest.fixture
async def callers(contenders: Contenders) -> AsyncIterator[list[Database]]:
    """Ten callers, each with a connection of its own."""
    async with contenders(10) as databases:
        yield databases


@pytest.fixture(autouse=True)
async def books_hold(database: Database) -> AsyncIterator[None]:
    """[C5] Whatever a test did, at its end every figure is right."""
    yield
    await assert_books_hold(database, CHECKS)


async def take(database: Database, shop: UUID, rupees: int, *, wait: bool = True) -> Acquired:
    """Hold credit for one order, in a transaction of its own."""
    request = CreditRequest(
        order_id=new_id(),
        retailer_id=shop,
        vendor_id=None,
        amount_paisa=paisa(rupees),
        on_credit=True,
        actor=as_shop(shop),
    )
    async with database.transaction() as tx:
        return await acquire(tx, request, wait=wait)


async def take_at_once(callers: Sequence[Database], shop: UUID, *amounts: int) -> list[Acquired | KhaachoError]:
    pairs = zip(callers, amounts, strict=False)
    return await all_at_once([lambda d=database, a=amount: take(d, shop, a) for database, amount in pairs])


def used_after(outcomes: Sequence[Acquired | KhaachoError]) -> set[int]:
    """The use each accepted caller was told, in rupees."""
    return {one.line.used_paisa // 100 for one in outcomes if isinstance(one, Acquired) and one.line}


async def used(database: Database, shop: UUID) -> int:
    return (await line_of(database, shop)).used_paisa // 100


def figures(refusal: object) -> dict[str, object]:
    """The figures of an INSUFFICIENT_CREDIT, in rupees, without the suffix of their unit."""
    assert isinstance(refusal, InsufficientCredit)
    return {name.removesuffix("_paisa"): value // 100 for name, value in refusal.details.items()}


async def test_1_an_order_within_the_line_is_taken(database: Database, open_shops: OpenShops) -> None:
    """[C13.1] On an empty line one order of 50,000 is accepted; 50,000 are used and 50,000 available."""
    for shop in await open_shops(TIMES):
        taken = await take(database, shop, 50_000)
        assert taken.line is not None
        assert (taken.line.used_paisa, taken.line.available_paisa) == (paisa(50_000), paisa(50_000))


async def test_2_orders_add_up(database: Database, open_shops: OpenShops) -> None:
    """[C13.2] With 50,000 used, 30,000 make 80,000 and 15,000 more make 95,000; 5,000 stay available."""
    for shop in await open_shops(TIMES):
        await take(database, shop, 50_000)
        assert used_after([await take(database, shop, 30_000)]) == {80_000}
        last = await take(database, shop, 15_000)
        assert used_after([last]) == {95_000}
        assert last.line is not None
        assert last.line.available_paisa == paisa(5_000)


async def test_3_two_at_once_that_fit_are_both_taken(
    database: Database, open_shops: OpenShops, callers: list[Database]
) -> None:
    """[C13.3] Two simultaneous orders of 40,000: both accepted, and one is told 40,000, the other 80,000."""
    for shop in await open_shops(TIMES):
        outcomes = await take_at_once(callers, shop, 40_000, 40_000)
        assert codes_of(outcomes) == ["OK", "OK"]
        assert used_after(outcomes) == {40_000, 80_000}
        assert await used(database, shop) == 80_000


async def test_4_two_at_once_that_do_not_fit_never_share_the_line(
    database: Database, open_shops: OpenShops, callers: list[Database]
) -> None:
    """[C13.4] 75,000 and 40,000 at once: exactly one is accepted, the other is told that it would come to 115,000."""
    winners: set[int] = set()
    for number, shop in enumerate(await open_shops(TIMES)):
        amounts = (75_000, 40_000) if number % 2 else (40_000, 75_000)
        outcomes = await take_at_once(callers, shop, *amounts)
        assert codes_of(outcomes) == ["INSUFFICIENT_CREDIT", "OK"]
        won = next(amount for amount, one in zip(amounts, outcomes, strict=True) if isinstance(one, Acquired))
        lost = 115_000 - won
        assert figures(next(one for one in outcomes if isinstance(one, KhaachoError))) == {
            "current_balance": won,
            "credit_limit": 100_000,
            "order_amount": lost,
            "available_credit": 100_000 - won,
            "projected_balance": 115_000,
        }
        assert await used(database, shop) == won
        winners.add(won)
    # Had one of the two always been first, the race would not have been one.
    assert winners == {40_000, 75_000}


async def test_5_of_three_at_once_two_fit(database: Database, open_shops: OpenShops, callers: list[Database]) -> None:
    """[C13.5] Three simultaneous orders of 35,000: exactly two are accepted, 70,000 are used."""
    for shop in await open_shops(TIMES):
        outcomes = await take_at_once(callers, shop, 35_000, 35_000, 35_000)
        assert codes_of(outcomes) == ["INSUFFICIENT_CREDIT", "OK", "OK"]
        assert used_after(outcomes) == {35_000, 70_000}
        assert await used(database, shop) == 70_000


async def test_6_exactly_the_limit_is_accepted(database: Database, open_shops: OpenShops) -> None:
    """[C13.6] With 70,000 used, 30,001 are refused with 30,000 available; 30,000 are accepted."""
    for shop in await open_shops(TIMES):
        await take(database, shop, 70_000)
        refusal = await outcome_of(take(database, shop, 30_001))
        assert figures(refusal) == {
            "current_balance": 70_000,
            "credit_limit": 100_000,
            "order_amount": 30_001,
            "available_credit": 30_000,
            "projected_balance": 100_001,
        }
        assert used_after([await take(database, shop, 30_000)]) == {100_000}


async def test_7_what_is_released_is_free_again_once(database: Database, open_shops: OpenShops) -> None:
    """[C13.7] A released hold frees its credit, stays in the ledger with its release, and ends only once."""
    for shop in await open_shops(TIMES):
        hold = (await take(database, shop, 50_000)).hold
        assert hold is not None
        async with database.transaction() as tx:
            await release_holds(tx, SYSTEM, [hold.id])
        assert await used(database, shop) == 0
        async with database.reading() as tx:
            entries = await find_entries_of(tx, [hold.source_id])
        assert [(entry.kind, entry.held_change) for entry in entries] == [
            (EntryKind.HOLD, paisa(50_000)),
            (EntryKind.RELEASE, -paisa(50_000)),
        ]
        with pytest.raises(AlreadyReleased):
            async with database.transaction() as tx:
                await release_holds(tx, SYSTEM, [hold.id])
        assert await used(database, shop) == 0


async def test_7_released_by_ten_at_once_it_ends_once(
    database: Database, open_shops: OpenShops, callers: list[Database]
) -> None:
    """[C2] Ten who release one hold at once: one does, nine are told that it was released before."""
    for shop in await open_shops(10):
        hold = (await take(database, shop, 50_000)).hold
        assert hold is not None

        async def let_go(caller: Database, hold_id: UUID = hold.id) -> str:
            async with caller.transaction() as tx:
                await release_holds(tx, SYSTEM, [hold_id])
            return "released"

        outcomes = await all_at_once([lambda c=caller: let_go(c) for caller in callers])
        assert codes_of(outcomes) == ["ALREADY_RELEASED"] * 9 + ["OK"]
        assert await used(database, shop) == 0


async def test_8_a_blocked_line_says_why(database: Database, open_shops: OpenShops) -> None:
    """[C13.8] A line blocked for "Overdue payments" refuses 10,000 with CREDIT_BLOCKED and that reason."""
    for shop in await open_shops(TIMES):
        async with database.transaction() as tx:
            await set_credit_status(tx, shop, CreditStatus.BLOCKED, reason="Overdue payments", automatic=False)
        refusal = await outcome_of(take(database, shop, 10_000))
        assert isinstance(refusal, CreditBlocked)
        assert refusal.details == {"block_reason": "Overdue payments"}
        assert await used(database, shop) == 0


async def test_9_a_line_somebody_holds_is_waited_for_and_given_up(
    database: Database, open_shops: OpenShops, contenders: Contenders
) -> None:
    """[C13.9] [C11] While another session holds the lines, each caller tries three times in about 0.7 s, is told
    MAX_RETRIES_EXCEEDED and has written nothing; once the lock is gone 10,000 are accepted.
    """
    shops = await open_shops(TIMES)
    lines = [(await line_of(database, shop)).id for shop in shops]

    async def wait_in_vain(caller: Database, shop: UUID) -> float:
        started = time.monotonic()
        with pytest.raises(MaxRetriesExceeded) as refusal:
            await take(caller, shop, 10_000)
        assert refusal.value.details == {"tries": 3}
        return time.monotonic() - started

    async with contenders(25) as waiting:
        before = await contents_of(database)
        async with database.transaction() as holder:
            await lock_accounts(holder, lines)
            for half in (shops[:25], shops[25:]):
                pairs = zip(waiting, half, strict=True)
                waits = await all_at_once([lambda c=caller, s=shop: wait_in_vain(c, s) for caller, shop in pairs])
                # The three waits alone are 0.7 s; the upper bound only says that nobody waits for somebody's minutes.
                assert all(isinstance(wait, float) and 0.7 <= wait < 30 for wait in waits), waits
        assert await contents_of(database) == before
        pairs = zip(waiting, shops[:25], strict=True)
        assert (
            codes_of(await all_at_once([lambda c=caller, s=shop: take(c, s, 10_000) for caller, shop in pairs]))
            == ["OK"] * 25
        )
        for shop in shops[25:]:
            await take(database, shop, 10_000)
    assert [await used(database, shop) for shop in shops] == [10_000] * TIMES


async def test_9_who_will_not_wait_is_told_at_once(
    database: Database, open_shops: OpenShops, callers: list[Database]
) -> None:
    """[C11] With `wait=False` a held line refuses with LOCK_TIMEOUT before its holder can have let go."""
    (shop,) = await open_shops(1)
    async with database.transaction() as holder:
        await lock_accounts(holder, [(await line_of(callers[1], shop)).id])
        with pytest.raises(LockTimeout):
            await take(callers[0], shop, 10_000, wait=False)
    assert used_after([await take(callers[0], shop, 10_000, wait=False)]) == {10_000}


async def test_10_a_payment_frees_credit(database: Database, open_shops: OpenShops) -> None:
    """[C13.10] With a debit of 50,000, a payment of 30,000 leaves 20,000 used."""
    for shop in await open_shops(TIMES):
        await owe(database, shop, 50_000)
        async with database.transaction() as tx:
            outcome = await record_payment(
                tx,
                SYSTEM,
                NewPayment(retailer_id=shop, amount_paisa=paisa(30_000), method=PaymentMethod.CASH),
            )
        assert (outcome.remaining_paisa, outcome.unapplied_paisa) == (paisa(20_000), 0)
        assert await used(database, shop) == 20_000


async def owe(database: Database, shop: UUID, rupees: int, *, wait: bool = True) -> UUID:
    """An order of that amount, taken and delivered in full; answers the open item."""
    taken = await take(database, shop, rupees, wait=wait)
    assert taken.hold is not None
    async with database.transaction() as tx:
        debit = await settle_hold(
            tx,
            SYSTEM,
            taken.hold.id,
            amount_paisa=paisa(rupees),
            order_id=taken.hold.source_id,
            vendor_id=new_id(),
            delivered_at=taken.hold.created_at,
        )
    assert debit is not None
    return debit.id


async def test_10_ten_payments_at_once_clear_no_more_than_is_owed(
    database: Database, open_shops: OpenShops, callers: list[Database]
) -> None:
    """[C60] Ten simultaneous payments of 8,000 against 50,000: exactly 50,000 are cleared, 30,000 are paid ahead."""
    for shop in await open_shops(10):
        await owe(database, shop, 50_000)

        async def pay(caller: Database, shop: UUID = shop) -> int:
            async with caller.transaction() as tx:
                new = NewPayment(retailer_id=shop, amount_paisa=paisa(8_000), method=PaymentMethod.CASH)
                return (await record_payment(tx, SYSTEM, new)).unapplied_paisa // 100

        outcomes = await all_at_once([lambda c=caller: pay(c) for caller in callers])
        assert sorted(outcomes) == [0] * 6 + [6_000] + [8_000] * 3
        assert await used(database, shop) == 0


@pytest.mark.parametrize(
    ("rupees", "accepted"),
    [
        pytest.param(8_000, 10, id="11 all ten fit"),
        pytest.param(12_000, 8, id="12 eight of ten fit"),
    ],
)
async def test_11_12_ten_at_once_fill_the_line_exactly(
    database: Database, open_shops: OpenShops, callers: list[Database], rupees: int, accepted: int
) -> None:
    """[C13.11] [C13.12] Ten simultaneous orders: of 8,000 all, of 12,000 exactly eight, and every step is told."""
    for shop in await open_shops(TIMES):
        outcomes = await take_at_once(callers, shop, *[rupees] * 10)
        assert codes_of(outcomes) == ["INSUFFICIENT_CREDIT"] * (10 - accepted) + ["OK"] * accepted
        assert used_after(outcomes) == {rupees * (place + 1) for place in range(accepted)}
        assert await used(database, shop) == rupees * accepted


async def test_lines_of_different_shops_never_wait_for_each_other(
    database: Database, open_shops: OpenShops, contenders: Contenders
) -> None:
    """While ten sessions hold ten lines, ten others take, settle, pay and release on ten other lines asking for a
    lock that is not granted at once: they take credit with NOWAIT, and their lock timeout is one millisecond.
    """
    held, free = await open_shops(10), await open_shops(10)
    async with contenders(20) as databases, AsyncExitStack() as holding:
        for holder, shop in zip(databases[:10], held, strict=True):
            tx = await holding.enter_async_context(holder.transaction())
            await lock_accounts(tx, [(await line_of(database, shop)).id])

        async def live(caller: Database, shop: UUID) -> None:
            async with caller.transaction() as tx:
                await tx.execute("SET lock_timeout = 1")
            await owe(caller, shop, 60_000, wait=False)
            async with caller.transaction() as tx:
                new = NewPayment(retailer_id=shop, amount_paisa=paisa(80_000), method=PaymentMethod.CASH)
                await record_payment(tx, SYSTEM, new)
            taken = await take(caller, shop, 20_000, wait=False)
            assert taken.hold is not None
            async with caller.transaction() as tx:
                await release_holds(tx, SYSTEM, [taken.hold.id])

        # The cash account is opened by whoever is first; that row is made before the race, as it is in life.
        await live(database, (await open_shops(1))[0])
        pairs = zip(databases[10:], free, strict=True)
        await asyncio.gather(*(live(caller, shop) for caller, shop in pairs))
    assert [await used(database, shop) for shop in free] == [0] * 10
