"""Reminders that wait in the outbox: what goes out is true when it goes out, whatever happened since it was queued."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import date, timedelta
from uuid import UUID

import pytest
from tests.fixtures.owing import HearAll, Owe, Told, at_wall
from tests.fixtures.trade import OpenShops, paisa

from khaacho import clock
from khaacho.actors import SYSTEM, Actor
from khaacho.credit.lateness.disputes import dispute_debit
from khaacho.credit.lateness.pausing import pause_credit
from khaacho.credit.lateness.promises import NewPromise, record_promise
from khaacho.credit.paying.adjustments import record_adjustment
from khaacho.credit.paying.cheques import clear_cheque
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.records import AdjustmentReason, Debit, NewAdjustment, NewPayment, PaymentMethod
from khaacho.parties.actions import update_retailers
from khaacho.parties.records import Locale
from khaacho.platform.database import Database, Transaction
from khaacho.settings import Settings
from khaacho.whatsapp.channels.registry import open_channels
from khaacho.whatsapp.records import Channel
from khaacho.whatsapp.reminding import remind_at_ten
from khaacho.whatsapp.sending import send_waiting

# Delivered with seven days to pay: due on the 10th of February.
DELIVERED = date(2026, 2, 3)
DUE = date(2026, 2, 10)

Send = Callable[[], Awaitable[None]]


@pytest.fixture
def send(database: Database, settings: Settings) -> Send:
    """`await send()`: everything that waits goes out over the simulator, as a worker that found time for it would."""
    channels = open_channels(settings)

    async def run() -> None:
        async with database.reading() as tx:
            contacts: list[UUID] = await tx.values("SELECT id FROM contacts")
        for contact_id in contacts:
            await send_waiting(database, channels, default=Channel.SIMULATOR, contact_id=contact_id)

    return run


@pytest.fixture
async def reminded(database: Database, open_shops: OpenShops, owe: Owe) -> tuple[UUID, Debit, Debit]:
    """A shop with an item of Rs 1,000 and one of Rs 700, both due today; its reminder is queued and not out yet."""
    (shop,) = await open_shops(1)
    async with database.transaction() as tx:
        await update_retailers(tx, SYSTEM, changes={shop: {"locale": Locale.EN, "owner_name": "Gita"}})
    first = await owe(shop, 1_000, delivered_at=at_wall(DELIVERED, 10))
    second = await owe(shop, 700, delivered_at=at_wall(DELIVERED, 11))
    with clock.travelled_to(at_wall(DUE, 10)):
        await remind_at_ten(database, clock.now(), False)
    return shop, first, second


async def the_reminder(told: HearAll, shop: UUID) -> Told:
    (reminder,) = [one for one in await told(shop) if one.purpose == "PAYMENT_REMINDER"]
    return reminder


async def adjust(
    tx: Transaction, debit: Debit, rupees: int, reason: AdjustmentReason = AdjustmentReason.RETURN
) -> None:
    new = NewAdjustment(retailer_id=debit.retailer_id, amount_paisa=-paisa(rupees), reason=reason, debit_id=debit.id)
    await record_adjustment(tx, SYSTEM, new)


async def test_what_is_as_it_was_goes_out_as_it_was(
    reminded: tuple[UUID, Debit, Debit], told: HearAll, send: Send
) -> None:
    """[C40] The text of the run, to the letter."""
    shop, _, _ = reminded
    before = await the_reminder(told, shop)
    with clock.travelled_to(at_wall(DUE, 10, 5)):
        await send()
    after = await the_reminder(told, shop)
    assert (after.state, after.body) == ("DELIVERED", before.body)
    assert "Rs.1,700" in after.body


async def test_an_item_cleared_by_a_credit_note_is_not_reminded_of(
    database: Database, reminded: tuple[UUID, Debit, Debit], told: HearAll, send: Send
) -> None:
    """[C40] Goods worth the whole item came back five minutes after the run: the message that goes out names the rest
    only, and what is stored is what was said.
    """
    shop, first, _ = reminded
    with clock.travelled_to(at_wall(DUE, 10, 5)):
        async with database.transaction() as tx:
            await adjust(tx, first, 1_000)
        await send()
    message = await the_reminder(told, shop)
    assert message.state == "DELIVERED"
    assert "Rs.700, due today" in message.body
    assert "Rs.1,000" not in message.body
    assert "Rs.1,700" not in message.body


async def test_a_part_that_came_back_lowers_the_amount(
    database: Database, reminded: tuple[UUID, Debit, Debit], told: HearAll, send: Send
) -> None:
    """[C40] Remaining amounts, as they are when the message goes out."""
    shop, first, _ = reminded
    with clock.travelled_to(at_wall(DUE, 10, 5)):
        async with database.transaction() as tx:
            await adjust(tx, first, 250)
        await send()
    message = await the_reminder(told, shop)
    assert "Rs.750, due today" in message.body
    assert "Rs.1,450" in message.body


@pytest.mark.parametrize("how", ["credit note", "write-off", "payment", "cheque", "dispute", "promise", "pause"])
async def test_nothing_is_said_of_what_is_not_due_any_more(
    database: Database, reminded: tuple[UUID, Debit, Debit], told: HearAll, send: Send, admin: Actor, how: str
) -> None:
    """[C40] Whatever settles both items after the run, no event need be heard first: nothing goes out, visibly."""
    shop, *items = reminded
    money = NewPayment(amount_paisa=paisa(1_700), method=PaymentMethod.CASH, retailer_id=shop)
    with clock.travelled_to(at_wall(DUE, 10, 5)):
        async with database.transaction() as tx:
            match how:
                case "credit note" | "write-off":
                    reason = AdjustmentReason.RETURN if how == "credit note" else AdjustmentReason.WRITE_OFF
                    for item, rupees in zip(items, (1_000, 700), strict=True):
                        await adjust(tx, item, rupees, reason)
                case "payment":
                    await record_payment(tx, admin, money)
                case "cheque":
                    cheque = NewPayment(
                        amount_paisa=paisa(1_700), method=PaymentMethod.CHEQUE, retailer_id=shop, reference="77"
                    )
                    await clear_cheque(tx, admin, (await record_payment(tx, admin, cheque)).payment_id)
                case "dispute":
                    for item in items:
                        await dispute_debit(tx, admin, item.id, reason="torn bags")
                case "promise":
                    await record_promise(tx, admin, NewPromise(retailer_id=shop, promised_on=DUE + timedelta(days=2)))
                case _:
                    await pause_credit(tx, admin, shop, reason="moved")
        await send()
    assert (await the_reminder(told, shop)).state == "FAILED"
    async with database.reading() as tx:
        errors = await tx.values("SELECT error FROM outbound_messages WHERE purpose = 'PAYMENT_REMINDER'")
    assert errors == ["NO_LONGER_DUE"]


async def test_after_a_night_in_the_outbox_the_days_are_counted_anew(
    reminded: tuple[UUID, Debit, Debit], told: HearAll, send: Send
) -> None:
    """[C40] Workers were away until the next morning: yesterday's "due today" is said as it is true by then."""
    shop, _, _ = reminded
    with clock.travelled_to(at_wall(DUE + timedelta(days=1), 9)):
        await send()
    message = await the_reminder(told, shop)
    assert message.state == "DELIVERED"
    assert "was due 2026-02-10 (2082-10-27 BS), 1 day ago" in message.body
    assert "due today" not in message.body


async def test_a_promise_for_a_day_that_is_over_holds_nothing_back(
    database: Database, reminded: tuple[UUID, Debit, Debit], told: HearAll, send: Send, admin: Actor
) -> None:
    """[C41] Only while its day is not over."""
    shop, _, _ = reminded
    with clock.travelled_to(at_wall(DUE, 10, 5)):
        async with database.transaction() as tx:
            await record_promise(tx, admin, NewPromise(retailer_id=shop, promised_on=DUE))
    with clock.travelled_to(at_wall(DUE + timedelta(days=1), 9)):
        await send()
    assert (await the_reminder(told, shop)).state == "DELIVERED"
