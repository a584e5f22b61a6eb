"""Credits taken, given back, granted and adjusted: exact balances, the lots behind them, and refusals [P1, P3, P4]."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from tests.fixtures.people import MakeUser
from tests.fixtures.trade import all_at_once, assert_books_hold, codes_of, contents_of

import khaacho.ledger.checks
from khaacho.actors import Actor, ActorRole
from khaacho.credits_errors import (
    InsufficientCredits,
    InvalidAdjustment,
    MaxBalanceExceeded,
    NegativeBalance,
    ProfileNotFound,
    UserNotFound,
)
from khaacho.errors import AlreadyRefunded, Conflict, NotFound
from khaacho.ids import new_id
from khaacho.ledger.records import Source
from khaacho.parties.records import User
from khaacho.platform.database import Database
from khaacho.prepaid.actions import (
    adjust_credits,
    find_spends,
    grant_credits,
    refund_all,
    refund_units,
    spend_credits,
    spend_for_all,
)
from khaacho.prepaid.balances import require_balance
from khaacho.prepaid.checks import CHECKS
from khaacho.prepaid.journal import find_lots
from khaacho.prepaid.records import Balance, GrantKind, LotKind, NewRefund, NewSpend

ALL_CHECKS = (*khaacho.ledger.checks.CHECKS, *CHECKS)


@pytest.fixture
async def rider(make_user: MakeUser) -> User:
    """A freelancer with nothing."""
    return await make_user(role=ActorRole.FREELANCER)


async def grant(database: Database, admin: Actor, user: User, units: int, *, key: str = "") -> None:
    async with database.transaction() as tx:
        await grant_credits(
            tx,
            admin,
            user_id=user.id,
            units=units,
            kind=GrantKind.ADMIN,
            reason="For the tests.",
            key=key or f"grant:{new_id()}",
        )


async def balance_of(database: Database, user: User) -> Balance:
    async with database.reading() as tx:
        return await require_balance(tx, user.id)


def application(number: int = 0) -> Source:
    return Source(kind="application", id=UUID(int=number) if number else new_id())


async def test_spending_takes_units_once_per_key(database: Database, admin: Actor, rider: User) -> None:
    """[P21] The second time under one key answers the first; another spend under it is a conflict."""
    await grant(database, admin, rider, 3)
    source = application()
    outcomes = []
    for _ in range(2):
        async with database.transaction() as tx:
            outcomes.append(await spend_credits(tx, admin, user_id=rider.id, units=1, source=source, key="apply:1"))
    assert outcomes[0].id == outcomes[1].id
    assert [outcome.balance_after for outcome in outcomes] == [2, 2]
    assert (await balance_of(database, rider)).units == 2
    with pytest.raises(Conflict):
        async with database.transaction() as tx:
            await spend_credits(tx, admin, user_id=rider.id, units=2, source=source, key="apply:1")
    await assert_books_hold(database, ALL_CHECKS)


async def test_nobody_spends_what_they_have_not(database: Database, admin: Actor, rider: User) -> None:
    """[P1, P21] The refusal says what was asked and what is there, and changes nothing."""
    await grant(database, admin, rider, 1)
    before = await contents_of(database)
    with pytest.raises(InsufficientCredits) as refused:
        async with database.transaction() as tx:
            await spend_credits(tx, admin, user_id=rider.id, units=2, source=application(), key="apply:2")
    assert refused.value.details == {"required": 2, "available": 1}
    assert await contents_of(database) == before


async def test_free_units_go_first_and_bought_units_come_back_first(
    database: Database, admin: Actor, rider: User, buy_units: Any
) -> None:
    """[P4] Bonus and admin units before bought ones, oldest first; half a refund returns the bought part."""
    await buy_units(rider, 10)
    await grant(database, admin, rider, 2)
    async with database.transaction() as tx:
        spend = await spend_credits(tx, admin, user_id=rider.id, units=5, source=application(), key="apply:3")
    async with database.reading() as tx:
        lots = await find_lots(tx, [use.lot_id for use in spend.uses])
    assert [(lots[use.lot_id].kind, use.units) for use in spend.uses] == [(LotKind.ADMIN, 2), (LotKind.PURCHASE, 3)]
    assert await balance_of(database, rider) == Balance(user_id=rider.id, units=7, free_units=0, bought_units=7)

    async with database.transaction() as tx:
        refund = await refund_units(tx, admin, spend_id=spend.id, units=4, reason="withdrawn", key="refund:3")
    assert (refund.units, refund.balance_after) == (4, 11)
    assert await balance_of(database, rider) == Balance(user_id=rider.id, units=11, free_units=1, bought_units=10)
    await assert_books_hold(database, ALL_CHECKS)


async def test_a_refund_happens_once_and_never_beyond_the_spend(database: Database, admin: Actor, rider: User) -> None:
    """[P22] One key pays once; what is left of the spend bounds every other refund; an unknown spend is not found."""
    await grant(database, admin, rider, 4)
    source = application()
    async with database.transaction() as tx:
        spend = await spend_credits(tx, admin, user_id=rider.id, units=4, source=source, key="apply:4")
        first = await refund_units(tx, admin, spend_id=spend.id, units=2, reason="half", key="refund:4")
    async with database.transaction() as tx:
        again = await refund_units(tx, admin, spend_id=spend.id, units=2, reason="half", key="refund:4")
    assert first.id == again.id
    before = await contents_of(database)
    async with database.transaction() as tx:
        outcomes = await refund_all(
            tx,
            [
                NewRefund(actor=admin, spend_id=spend.id, units=3, reason="too much", key="refund:5"),
                NewRefund(actor=admin, spend_id=new_id(), units=1, reason="nowhere", key="refund:6"),
            ],
        )
    assert [type(outcome) for outcome in outcomes] == [AlreadyRefunded, NotFound]
    assert await contents_of(database) == before
    async with database.reading() as tx:
        found = await find_spends(tx, [source.id])
    assert sum(use.returned_units for use in found[source.id].uses) == 2


async def test_many_spend_at_once_in_one_statement_each(database: Database, admin: Actor, make_user: MakeUser) -> None:
    """[P21] A batch decides one after another on the running figures; one refusal disturbs no other."""
    riders = [await make_user(role=ActorRole.FREELANCER) for _ in range(3)]
    for rider in riders:
        await grant(database, admin, rider, 1)
    spends = [
        NewSpend(actor=admin, user_id=rider.id, units=1, source=application(), key=f"batch:{place}:{rider.id}")
        for place in range(2)
        for rider in riders
    ]
    async with database.transaction() as tx:
        outcomes = await spend_for_all(tx, spends)
    assert [type(outcome).__name__ for outcome in outcomes] == ["Spend"] * 3 + ["InsufficientCredits"] * 3
    assert [(await balance_of(database, rider)).units for rider in riders] == [0, 0, 0]
    await assert_books_hold(database, ALL_CHECKS)


async def test_six_at_once_spend_what_there_is(database: Database, admin: Actor, rider: User, contenders: Any) -> None:
    """[P1] Six connections want one credit each of two: exactly two get it, and the balance is zero."""
    await grant(database, admin, rider, 2)
    async with contenders(6) as databases:

        async def spend(one: Database, number: int) -> object:
            async with one.transaction() as tx:
                return await spend_credits(
                    tx, admin, user_id=rider.id, units=1, source=application(), key=f"race:{number}"
                )

        outcomes = await all_at_once(
            (lambda one=one, number=number: spend(one, number)) for number, one in enumerate(databases)
        )
    assert codes_of(outcomes) == ["INSUFFICIENT_CREDITS"] * 4 + ["OK"] * 2
    assert (await balance_of(database, rider)).units == 0
    await assert_books_hold(database, ALL_CHECKS)


async def test_adjusting_has_its_bounds(database: Database, admin: Actor, rider: User, make_user: MakeUser) -> None:
    """[P3] Up to the largest balance, down to zero, with a reason, only a freelancer's, never one's own in any role."""
    someone = await make_user(role=ActorRole.OPERATOR)
    myself = Actor(role=ActorRole.ADMIN, name="Me", id=rider.id)
    twin = await make_user(role=ActorRole.ADMIN, phone=rider.phone)
    good = "counted again by hand"
    async with database.transaction() as tx:
        up = await adjust_credits(tx, admin, user_id=rider.id, units=1000, reason=good, key="adjust:1")
        down = await adjust_credits(tx, admin, user_id=rider.id, units=-400, reason=good, key="adjust:2")
    assert [(one.balance_before, one.balance_after) for one in (up, down)] == [(0, 1000), (1000, 600)]
    before = await contents_of(database)
    refusals = [
        (admin, rider.id, 401, good, MaxBalanceExceeded),
        (admin, rider.id, -601, good, NegativeBalance),
        (admin, rider.id, 1001, good, InvalidAdjustment),
        (admin, rider.id, -1001, good, InvalidAdjustment),
        (admin, rider.id, 0, good, InvalidAdjustment),
        (admin, rider.id, 1, "too short", InvalidAdjustment),
        (admin, rider.id, 1, "          x", InvalidAdjustment),
        (myself, rider.id, 1, good, InvalidAdjustment),
        (twin.as_actor(), rider.id, 1, good, InvalidAdjustment),
        (twin.as_actor(), rider.id, -1, good, InvalidAdjustment),
        (admin, new_id(), 1, good, UserNotFound),
        (admin, someone.id, 1, good, ProfileNotFound),
    ]
    for number, (actor, user_id, units, reason, refusal) in enumerate(refusals):
        with pytest.raises(refusal):
            async with database.transaction() as tx:
                await adjust_credits(tx, actor, user_id=user_id, units=units, reason=reason, key=f"refused:{number}")
    assert await contents_of(database) == before
    await assert_books_hold(database, ALL_CHECKS)
