"""Who is left out of the reminders and why, and what about credit waits for a person."""

from __future__ import annotations

from datetime import timedelta

from tests.fixtures.debtors import MakeDebtor, Owes
from tests.fixtures.owing import at_wall

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.exposure.attention import AttentionFigures, find_attention_figures, find_pending_cheques
from khaacho.credit.lateness.claims import open_claim
from khaacho.credit.lateness.disputes import dispute_debit
from khaacho.credit.lateness.left_out import Why, find_left_out
from khaacho.credit.lateness.pausing import block_credit, pause_credit
from khaacho.credit.lateness.promises import NewPromise, record_promise
from khaacho.credit.lateness.reminding import claim_reminder, preview_reminders
from khaacho.credit.paying.cheques import bounce_cheque
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.records import NewPayment, PaymentMethod
from khaacho.parties.records import Retailer
from khaacho.platform.database import Database


async def test_whoever_is_due_is_reminded_or_left_out_with_a_reason(
    database: Database, admin: Actor, make_debtor: MakeDebtor, owes: Owes
) -> None:
    """[C40] One shop of each kind, all with an item due tomorrow; together they are everybody who is due, once each."""
    today = clock.business_day()
    delivered_at = at_wall(today - timedelta(days=6), 12)

    async def due(name: str) -> tuple[Retailer, Owes]:
        shop = await make_debtor(pasal_name=name)
        return shop, await owes(shop, 1_000, opened_at=delivered_at)

    told, _ = await due("told today already")
    plain, _ = await due("to be told")
    stopped, _ = await due("paused")
    promised, _ = await due("promised")
    disputed, item = await due("disputed")
    paid, _ = await due("paid")
    day = today + timedelta(days=2)
    async with database.transaction() as tx:
        assert await claim_reminder(tx, admin, told.id)
        await pause_credit(tx, admin, stopped.id, reason="away")
        await record_promise(tx, admin, NewPromise(retailer_id=promised.id, promised_on=day))
        await dispute_debit(tx, admin, item.id, reason="torn bags")
        await record_payment(
            tx, admin, NewPayment(amount_paisa=100_000, method=PaymentMethod.CASH, retailer_id=paid.id)
        )
    async with database.reading() as tx:
        left = await find_left_out(tx, today, unreachable={}, limit=50)
        reminded = await preview_reminders(tx, today, limit=50)
        first = await find_left_out(tx, today, unreachable={}, limit=1)
    assert {one.retailer.id: one.why for one in left} == {
        told.id: Why.REMINDED,
        stopped.id: Why.STOPPED,
        promised.id: Why.PROMISED,
        disputed.id: Why.DISPUTED,
    }
    assert [one.retailer.id for one in reminded] == [plain.id]
    assert {one.remaining_paisa for one in left} == {100_000}
    assert next(one.until for one in left if one.why is Why.PROMISED) == day
    assert first == left[:1]


async def test_what_waits_for_a_person_is_counted(
    database: Database, admin: Actor, make_debtor: MakeDebtor, owes: Owes
) -> None:
    """[C30, C61] Stopped shops, cheques the bank has not answered for, and claims; what is settled is not counted."""
    shops = [await make_debtor() for _ in range(4)]
    await owes(shops[0], 9_000)
    async with database.transaction() as tx:
        await pause_credit(tx, admin, shops[1].id, reason="x")
        await block_credit(tx, admin, shops[2].id, reason="x")
        await open_claim(tx, shops[3].id, said="tire")
        outcomes = [
            await record_payment(
                tx,
                admin,
                NewPayment(
                    amount_paisa=paisa, method=PaymentMethod.CHEQUE, retailer_id=shops[0].id, reference=str(paisa)
                ),
            )
            for paisa in (100_000, 200_000, 300_000)
        ]
        await bounce_cheque(tx, admin, outcomes[1].payment_id, reason="no cover")
    async with database.reading() as tx:
        figures = await find_attention_figures(tx, broken_since=clock.now() - timedelta(days=30))
        cheques = await find_pending_cheques(tx, limit=10)
    assert figures == AttentionFigures(paused=1, blocked=1, broken=0, cheques=2, cheques_paisa=400_000, claims=1)
    assert [one.reference for one in cheques] == ["100000", "300000"]
