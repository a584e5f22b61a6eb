"""What a founder has to look after in the city: old debts, cheques on their way, promises, a dispute, a shop that says
it has paid. Without them the pages about credit would have nothing to show.

Everything comes about by the product's own actions on the clock of the month; a shop that owes nothing by then is left
alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from khaacho import clock
from khaacho.actors import SYSTEM, Actor, ActorRole
from khaacho.city.living import CityLife
from khaacho.city.records import CityRetailer, Habit
from khaacho.credit.lateness.claims import open_claim
from khaacho.credit.lateness.disputes import dispute_debit
from khaacho.credit.lateness.pausing import pause_overdue
from khaacho.credit.lateness.promises import NewPromise, judge_live_promise, record_promise
from khaacho.credit.paying.adjustments import record_adjustment
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.queries import find_open_debits
from khaacho.credit.records import AdjustmentReason, Debit, NewAdjustment, NewPayment, PaymentMethod
from khaacho.platform.database import Database, Transaction

OFFICE = Actor(role=ActorRole.ADMIN, name="Asha Gurung")
RUPEE_PAISA = 100
# How many days before the month the debts of the old book were made, and their share of the shop's limit.
OLD_DEBTS = ((3, 12), (8, 9), (24, 15))
PAUSED_DAYS_AGO = 1
SAID = "dai paisa esewa bata pathaisake, hernu hola"

Deed = Callable[[Transaction, UUID, list[Debit]], Awaitable[object]]


def plan_troubles(life: CityLife, database: Database, shops: Sequence[CityRetailer], *, first: datetime) -> None:
    """Put them into the city's agenda, none before `first`, when its shops have opened."""
    for shop, (age_days, percent) in zip(_of(shops, Habit.LAPSED), OLD_DEBTS, strict=False):
        amount_paisa = shop.credit_limit_paisa * percent // 100 // RUPEE_PAISA * RUPEE_PAISA
        taken_over = partial(_take_over, amount_paisa=amount_paisa, owed_since=first - timedelta(days=age_days))
        life.agenda.put(first, partial(_do, life, database, shop, taken_over))
        life.agenda.put(_days_ago(PAUSED_DAYS_AGO, first), partial(_do, life, database, shop, _pause))
    for shop, (days_ago, deed) in zip(_of(shops, Habit.SLOW_PAYER), _DEEDS, strict=False):
        life.agenda.put(_days_ago(days_ago, first), partial(_do, life, database, shop, deed))
        if deed is _promise_too_soon:
            life.agenda.put(_days_ago(days_ago - 3, first), partial(_do, life, database, shop, _judge))


def _of(shops: Sequence[CityRetailer], habit: Habit) -> list[CityRetailer]:
    return [shop for shop in shops if shop.habit is habit]


def _days_ago(days: int, first: datetime) -> datetime:
    return max(clock.now() - timedelta(days=days), first)


async def _do(life: CityLife, database: Database, shop: CityRetailer, deed: Deed) -> None:
    retailer_id = life.shops[shop.code].row.id
    async with database.transaction() as tx:
        await deed(tx, retailer_id, await find_open_debits(tx, retailer_id))


async def _take_over(
    tx: Transaction, retailer_id: UUID, owed: list[Debit], *, amount_paisa: int, owed_since: datetime
) -> None:
    new = NewAdjustment(
        retailer_id=retailer_id,
        amount_paisa=amount_paisa,
        reason=AdjustmentReason.OPENING_BALANCE,
        note="from the shop's old copybook",
        event_at=owed_since,
    )
    await record_adjustment(tx, OFFICE, new)


async def _pause(tx: Transaction, retailer_id: UUID, owed: list[Debit]) -> None:
    await pause_overdue(tx, SYSTEM, retailer_id)


async def _hand_in_cheque(tx: Transaction, retailer_id: UUID, owed: list[Debit]) -> None:
    if owed:
        new = NewPayment(
            retailer_id=retailer_id,
            debit_id=owed[0].id,
            amount_paisa=owed[0].remaining_paisa,
            method=PaymentMethod.CHEQUE,
            reference="Nabil 004512",
        )
        await record_payment(tx, OFFICE, new)


async def _promise_too_soon(tx: Transaction, retailer_id: UUID, owed: list[Debit]) -> None:
    await _promise(tx, retailer_id, owed, in_days=1)


async def _promise(tx: Transaction, retailer_id: UUID, owed: list[Debit], *, in_days: int = 4) -> None:
    if owed:
        promised_on = clock.business_day() + timedelta(days=in_days)
        await record_promise(tx, OFFICE, NewPromise(retailer_id=retailer_id, promised_on=promised_on, note="by phone"))


async def _judge(tx: Transaction, retailer_id: UUID, owed: list[Debit]) -> None:
    await judge_live_promise(tx, SYSTEM, retailer_id)


async def _dispute(tx: Transaction, retailer_id: UUID, owed: list[Debit]) -> None:
    if owed:
        await dispute_debit(tx, OFFICE, owed[0].id, reason="Says two sacks were torn; the wholesaler looks into it.")


async def _say_paid(tx: Transaction, retailer_id: UUID, owed: list[Debit]) -> None:
    if owed:
        await open_claim(tx, retailer_id, said=SAID)


async def _return_goods(tx: Transaction, retailer_id: UUID, owed: list[Debit]) -> None:
    if owed:
        new = NewAdjustment(
            retailer_id=retailer_id,
            amount_paisa=-(owed[0].remaining_paisa // 10),
            reason=AdjustmentReason.RETURN,
            note="one carton came back unopened",
            debit_id=owed[0].id,
        )
        await record_adjustment(tx, OFFICE, new)


# How many days ago, and what; each to the next shop that pays slowly.
_DEEDS: Sequence[tuple[int, Deed]] = (
    (6, _promise_too_soon),
    (3, _hand_in_cheque),
    (2, _dispute),
    (1, _promise),
    (1, _say_paid),
    (2, _hand_in_cheque),
    (4, _return_goods),
)
