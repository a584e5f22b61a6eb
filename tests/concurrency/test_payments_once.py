"""[P13] Whatever order the news of payments comes in, and through however many processes: each credits once."""

from __future__ import annotations

import random
from typing import Any
from uuid import UUID

import msgspec
import pytest
from psycopg.types.json import Jsonb
from tests.concurrency.credit_teller import Event, News, Proof, Reconcile, in_processes
from tests.fixtures.credits import assert_credits_hold
from tests.fixtures.people import new_phone
from tests.fixtures.processes import Serve

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.ids import new_id
from khaacho.parties.records import NewUser
from khaacho.parties.user_actions import add_users
from khaacho.platform.database import Database
from khaacho.prepaid.gateways.port import Currency, GatewayName
from khaacho.prepaid.orders import OrderState, PurchaseOrder, insert_order
from khaacho.prepaid.sandbox.records import SandboxOrder, SandboxPayment

PAYMENTS = 1_000
RIDERS = 50
PROCESSES = 4
UNITS = 3
PRICE_PAISA = 15_000
SEED = 20261120


class Bought(msgspec.Struct, frozen=True, kw_only=True):
    """An order of ours, and the gateway's side of it."""

    order: PurchaseOrder
    sandbox_order: SandboxOrder
    payment: SandboxPayment

    def event(self, kind: str) -> Event:
        payload: dict[str, Any] = {"payment": {"entity": self.payment.entity()}}
        if kind == "order.paid":
            payload["order"] = {"entity": self.sandbox_order.entity()}
        body = msgspec.json.encode({"entity": "event", "event": kind, "payload": payload})
        return Event(id=f"evt_{kind}_{self.payment.id}", body=body.decode())

    @property
    def proof(self) -> Proof:
        return Proof(user_id=self.order.user_id, order_id=self.sandbox_order.id, payment_id=self.payment.id)


async def pay_everything(database: Database, admin: Actor) -> list[Bought]:
    """A thousand orders of fifty riders, all of them paid at the gateway, none of it told."""
    new = [NewUser(phone=new_phone(), name=f"Rider {n}", role=ActorRole.FREELANCER) for n in range(RIDERS)]
    async with database.transaction() as tx:
        riders = [user.id for user in await add_users(tx, admin, users=new)]
    bought = [_bought(riders[number % RIDERS], number) for number in range(PAYMENTS)]
    async with database.transaction(pipelined=True) as tx:
        for one in bought:
            await insert_order(tx, one.order)
            await tx.send_only(
                """
                INSERT INTO sandbox_orders (id, receipt, amount_paisa, currency, notes, created_at, status)
                VALUES (%(id)s, %(receipt)s, %(amount)s, 'INR', %(notes)s, %(now)s, 'paid')
                """,
                {
                    "id": one.sandbox_order.id,
                    "receipt": one.order.receipt,
                    "amount": PRICE_PAISA,
                    "notes": Jsonb({}),
                    "now": clock.now(),
                },
            )
            await tx.send_only(
                """
                INSERT INTO sandbox_payments (id, order_id, amount_paisa, currency, status, card_last4, created_at,
                    captured_at)
                VALUES (%(id)s, %(order)s, %(amount)s, 'INR', 'captured', '1111', %(now)s, %(now)s)
                """,
                {"id": one.payment.id, "order": one.sandbox_order.id, "amount": PRICE_PAISA, "now": clock.now()},
            )
    return bought


def _bought(user_id: UUID, number: int) -> Bought:
    order_id = new_id()
    now = clock.now()
    name = f"order_{number:06d}"
    return Bought(
        order=PurchaseOrder(
            id=order_id,
            user_id=user_id,
            gateway=GatewayName.RAZORPAY,
            receipt=f"kh_{order_id.hex}",
            gateway_order_id=name,
            units=UNITS,
            amount_paisa=PRICE_PAISA,
            currency=Currency.INR,
            price_inr_paisa=PRICE_PAISA,
            base_price_paisa=5_000,
            package_id=None,
            package_name=None,
            discount_basis_points=0,
            state=OrderState.OPEN,
            failure=None,
            ip=None,
            user_agent=None,
            idempotency_key=None,
            created_at=now,
            paid_at=None,
            # Half of them are due to be asked about from the first moment.
            ask_at=now if number % 2 else None,
        ),
        sandbox_order=SandboxOrder(
            id=name,
            receipt=f"kh_{order_id.hex}",
            amount_paisa=PRICE_PAISA,
            currency="INR",
            amount_paid_paisa=PRICE_PAISA,
            status="paid",
            attempts=1,
            notes={},
            created_at=now,
        ),
        payment=SandboxPayment(
            id=f"pay_{number:06d}",
            order_id=name,
            amount_paisa=PRICE_PAISA,
            refunded_paisa=0,
            currency="INR",
            status="captured",
            card_last4="1111",
            error=None,
            created_at=now,
            captured_at=now,
        ),
    )


@pytest.mark.slow
async def test_a_thousand_payments_told_three_times_by_four_processes(
    database: Database, dsn: str, serve: Serve, admin: Actor, gateway_settings: dict[str, object]
) -> None:
    """[P13] 1,000 payments × 3 deliveries in any order, proofs and reconciliation between them, in four processes.

    Exactly 1,000 credits-in, three units each; the gateway's total is ours; every other delivery changed nothing.
    """
    bought = await pay_everything(database, admin)
    chance = random.Random(SEED)
    news: list[News] = [one.event(kind) for one in bought for kind in ("payment.captured", "payment.captured")]
    news += [one.event("order.paid") for one in bought]
    news += [one.proof for one in chance.sample(bought, PAYMENTS // 4)]
    news += [Reconcile() for _ in range(PROCESSES * 2)]
    chance.shuffle(news)
    with serve(**gateway_settings | {"KHAACHO_PAYMENT_SANDBOX": "on"}) as url:
        settings = {name: str(value) for name, value in gateway_settings.items()}
        settings |= {"DATABASE_URL": dsn, "RAZORPAY_BASE_URL": f"{url}/sandbox/razorpay"}
        outcomes = in_processes(settings, [news[place::PROCESSES] for place in range(PROCESSES)])

    heard = {name: count for name, count in outcomes.items() if not name.startswith("RECONCILED")}
    assert set(heard) <= {"CREDITED", "KNOWN", "DUPLICATE"}
    assert sum(heard.values()) == PAYMENTS * 3 + PAYMENTS // 4
    assert outcomes["RECONCILED 0 failed"] == PROCESSES * 2
    async with database.reading() as tx:
        credited = await tx.dicts(
            "SELECT count(*) AS movements, SUM(units)::int AS units FROM prepaid_movements WHERE kind = 'PURCHASE'"
        )
        totals = await tx.dicts(
            """
            SELECT (SELECT SUM(amount_paisa) FROM sandbox_payments)::bigint AS gateway,
                (SELECT SUM(amount_paisa) FROM prepaid_payments)::bigint AS payments,
                (SELECT SUM(amount) FROM ledger_transfers WHERE code = 'GATEWAY_PAYMENT')::bigint AS ledger
            """
        )
        learned = await tx.values("SELECT DISTINCT learned_by FROM prepaid_payments ORDER BY 1")
        unpaid = await tx.value("SELECT count(*) FROM prepaid_orders WHERE state <> 'PAID'")
    assert credited == [{"movements": PAYMENTS, "units": PAYMENTS * UNITS}]
    assert totals == [dict.fromkeys(("gateway", "payments", "ledger"), PAYMENTS * PRICE_PAISA)]
    assert learned == ["RECONCILIATION", "VERIFY", "WEBHOOK"]
    assert unpaid == 0
    await assert_credits_hold(database)
