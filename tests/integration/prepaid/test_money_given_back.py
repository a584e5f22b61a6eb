"""Money that a gateway gives back: its credits go, once, also those that were spent, and untold ones [P12, P14]."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import pytest
from tests.fixtures.credits import SILENT_CARD, WEBHOOK_SECRET, MakeRider, Shop, bought_by, paid, units_of, working_for
from tests.fixtures.people import BearerOf
from tests.fixtures.processes import Working
from tests.fixtures.projects import Apply, MakeProject
from tests.fixtures.trade import Contenders, all_at_once, assert_books_hold, codes_of

from khaacho import clock
from khaacho.actors import SYSTEM, Actor
from khaacho.parties.records import User
from khaacho.platform.database import Database
from khaacho.prepaid.fulfilment import LearnedBy, fulfil
from khaacho.prepaid.gateways.port import GatewayName, GatewayPayment, GatewayRefund
from khaacho.prepaid.gateways.registry import open_gateways
from khaacho.prepaid.gateways.signatures import webhook_signature
from khaacho.prepaid.purchase import Purchase
from khaacho.prepaid.reconciliation import reconcile_purchases
from khaacho.prepaid.sandbox.books import refund, require_payment
from khaacho.prepaid.sandbox.cards import CARDS, find_card
from khaacho.prepaid.taking_back import take_back
from khaacho.projects.applications import withdraw_application

BOUGHT = 5


@pytest.fixture
async def rider(make_rider: MakeRider) -> User:
    return await make_rider()


@pytest.fixture
async def payment(database: Database, rider: User, order_credits: Callable[..., Awaitable[Purchase]]) -> GatewayPayment:
    """Five credits, bought and credited."""
    told = paid(await order_credits(rider, BOUGHT))
    async with database.transaction() as tx:
        await fulfil(tx, SYSTEM, told, learned_by=LearnedBy.WEBHOOK)
    return told


@pytest.fixture
async def applications(rider: User, payment: GatewayPayment, make_project: MakeProject, apply: Apply) -> list[UUID]:
    """Every one of them spent."""
    return [(await apply(rider.as_actor(), await make_project())).id for _ in range(BOUGHT)]


async def give_back(database: Database, payment: GatewayPayment, *, part: int, of: int, name: str = "rfnd_1") -> int:
    """The gateway gives that part of the money back; how many credits went."""
    refund = GatewayRefund(id=name, gateway_payment_id=payment.id, amount_paisa=payment.amount_paisa * part // of)
    async with database.transaction() as tx:
        return await take_back(tx, SYSTEM, refund, payment.gateway)


async def withdraw(database: Database, freelancer: Actor, application_id: UUID) -> int:
    """Within half an hour, so all of it comes back; how many credits did."""
    async with database.transaction() as tx:
        withdrawn = await withdraw_application(tx, freelancer, application_id)
    return withdrawn.refund.units if withdrawn.refund else 0


async def test_credits_that_were_short_go_when_they_come_back(
    database: Database, rider: User, payment: GatewayPayment, applications: list[UUID]
) -> None:
    """Three of five are paid back in money while all are spent: of those that come back the first three go, each by a
    movement that names the purchase, and the other two stay.
    """
    assert await give_back(database, payment, part=3, of=5) == 0
    balances = []
    for application_id in applications:
        assert await withdraw(database, rider.as_actor(), application_id) == 1
        balances.append(await units_of(database, rider))
        await assert_books_hold(database)
    assert balances == [0, 0, 0, 1, 2]
    async with database.reading() as tx:
        moved = await tx.dicts(
            """
            SELECT kind, units, balance_after, source_kind, order_id IS NOT NULL AS of_purchase FROM prepaid_movements
            WHERE kind IN ('REFUND', 'TAKEN_BACK') ORDER BY id
            """
        )
    back = {"kind": "REFUND", "units": 1, "balance_after": 1, "source_kind": "application", "of_purchase": False}
    gone = {"kind": "TAKEN_BACK", "units": -1, "balance_after": 0, "source_kind": "purchase", "of_purchase": True}
    assert moved == [back, gone] * 3 + [back, back | {"balance_after": 2}]


async def test_a_second_refund_counts_what_went_since_the_first(
    database: Database, rider: User, payment: GatewayPayment, applications: list[UUID]
) -> None:
    """The money goes back in two parts with withdrawals in between: in the end no credit is left, and none is owed."""
    assert await give_back(database, payment, part=2, of=5) == 0
    for application_id in applications[:3]:
        await withdraw(database, rider.as_actor(), application_id)
    assert await units_of(database, rider) == 1
    assert await give_back(database, payment, part=3, of=5, name="rfnd_2") == 1
    for application_id in applications[3:]:
        await withdraw(database, rider.as_actor(), application_id)
    assert await units_of(database, rider) == 0
    await assert_books_hold(database)


async def test_given_back_while_everything_is_withdrawn(
    database: Database, rider: User, payment: GatewayPayment, applications: list[UUID], contenders: Contenders
) -> None:
    """All of the money and all of the applications at once: whichever is first, nothing is left."""
    async with contenders(BOUGHT + 1) as databases:
        outcomes = await all_at_once(
            [
                lambda: give_back(databases[BOUGHT], payment, part=1, of=1),
                *(
                    lambda at=at, one=one: withdraw(databases[at], rider.as_actor(), one)
                    for at, one in enumerate(applications)
                ),
            ]
        )
    assert codes_of(outcomes) == ["OK"] * (BOUGHT + 1)
    assert await units_of(database, rider) == 0
    await assert_books_hold(database)


async def test_reconciliation_finds_refunds_that_nobody_told(
    shop: Shop,
    database: Database,
    rider: User,
    bearer_of: BearerOf,
    working: Working,
    settle: Callable[[], Awaitable[None]],
) -> None:
    """[P14] Money given back while our address was away: its credits go, once, also when the event comes after all."""
    gateways, as_rider = open_gateways(shop.settings), await bearer_of(rider)
    proof = await shop.pay((await shop.order(as_rider, creditsAmount=6))["orderId"], SILENT_CARD)
    assert (await shop.verify(as_rider, proof)).status_code == 200
    for _ in range(2):
        async with database.transaction() as tx:
            await refund(tx, proof["razorpayPaymentId"], 5_000, CARDS[0])
    stranger = await shop.pay((await shop.order(as_rider, creditsAmount=2))["orderId"], SILENT_CARD)
    async with database.transaction() as tx:
        await refund(tx, stranger["razorpayPaymentId"], None, find_card(SILENT_CARD))
    found = await reconcile_purchases(database, gateways, False)
    assert (found["taken_back"], found["refused"]) == (2, 0)
    assert await bought_by(database, rider) == 4
    assert (await reconcile_purchases(database, gateways, False))["taken_back"] == 0
    async with working_for(working, shop):
        await settle()
    assert await bought_by(database, rider) == 4
    with clock.travelled_to(clock.now() + timedelta(days=4)):
        assert await gateways[GatewayName.RAZORPAY].find_refunds(clock.now() - timedelta(days=3)) == []
    await assert_books_hold(database)


@pytest.mark.parametrize("status", ["pending", "failed"])
async def test_a_refund_that_is_no_money_yet_takes_nothing(
    shop: Shop, database: Database, rider: User, bearer_of: BearerOf, status: str
) -> None:
    """[P12] refund.created and refund.failed, for whoever subscribes to everything: the credits stay."""
    as_rider = await bearer_of(rider)
    proof = await shop.pay((await shop.order(as_rider, creditsAmount=6))["orderId"], SILENT_CARD)
    assert (await shop.verify(as_rider, proof)).status_code == 200
    name = proof["razorpayPaymentId"]
    async with database.reading() as tx:
        payment = (await require_payment(tx, name)).entity()
    entity = {"id": "rfnd_1", "payment_id": name, "amount": payment["amount"], "status": status}
    told = {"event": f"refund.{status}", "payload": {"refund": {"entity": entity}, "payment": {"entity": payment}}}
    body = json.dumps(told).encode()
    answer = await shop.tell(body, signature=webhook_signature(WEBHOOK_SECRET, body), event_id=f"evt_{status}")
    assert answer.json()["data"]["outcome"] == "KNOWN"
    assert await bought_by(database, rider) == 6
    await assert_books_hold(database)


async def test_every_page_of_refunds_is_read(shop: Shop, database: Database, rider: User, bearer_of: BearerOf) -> None:
    """[P14] More of them than the gateway lists at once."""
    proof = await shop.pay((await shop.order(await bearer_of(rider), creditsAmount=6))["orderId"], SILENT_CARD)
    async with database.transaction() as tx:
        for _ in range(201):
            await refund(tx, proof["razorpayPaymentId"], 1, find_card(SILENT_CARD))
    found = await open_gateways(shop.settings)[GatewayName.RAZORPAY].find_refunds(clock.now() - timedelta(hours=1))
    assert len({one.id for one in found}) == len(found) == 201
