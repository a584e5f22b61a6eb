"""Shops nobody can tell anything: no message is made for them, everything else happens, and the founder sees who."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import httpx
from tests.fixtures.debtors import MakeDebtor
from tests.fixtures.owing import Deliver, Owe, Pay, assert_credit_sound, at_wall, audited
from tests.fixtures.people import new_phone

from khaacho import clock
from khaacho.actors import SYSTEM, Actor
from khaacho.credit.jobs import pause_late_retailers
from khaacho.credit.lateness.left_out import Why
from khaacho.parties.actions import update_retailers
from khaacho.parties.phones import unreachable_phone
from khaacho.platform.database import Database
from khaacho.whatsapp.contacts import ensure_contact, link_contact, opt_in, opt_out
from khaacho.whatsapp.reachability import find_unreachable
from khaacho.whatsapp.reminding import find_reminders_left_out, preview_reminder_texts, remind_at_ten, remind_retailer

# Delivered with seven days to pay: due on the 10th of February.
DELIVERED = date(2026, 2, 3)
DUE = date(2026, 2, 10)


async def messages_in(database: Database) -> int:
    async with database.reading() as tx:
        return int(await tx.value("SELECT count(*) FROM outbound_messages"))


async def run_at(database: Database, day: date, *, dry_run: bool = False) -> dict[str, Any]:
    moment = at_wall(day, 10)
    with clock.travelled_to(moment):
        return dict(await remind_at_ten(database, moment, dry_run))


async def test_whom_nobody_can_reach_is_counted_and_named_not_reminded(
    database: Database, make_debtor: MakeDebtor, owe: Owe, admin: Actor
) -> None:
    """[C40] One shop without a telephone, one that wrote STOP, one as usual: only the last is claimed and told. The dry
    run and the preview name the others with the reason. A telephone that is found the day after is in time.
    """
    mute = await make_debtor(pasal_name="Mute", phone=unreachable_phone(1))
    stopped = await make_debtor(pasal_name="Stopped")
    usual = await make_debtor(pasal_name="Usual")
    for shop in (mute, stopped, usual):
        await owe(shop.id, 1_000, delivered_on=DELIVERED)
    async with database.transaction() as tx:
        contact = await ensure_contact(tx, stopped.phone)
        await opt_out(tx, contact.id)
    shown = await run_at(database, DUE, dry_run=True)
    assert (shown.pop("retailers"), shown.pop("unreachable")) == (3, 2)
    assert shown[f"Mute ({mute.code})"] == "NO_PHONE"
    assert shown[f"Stopped ({stopped.code})"] == "OPTED_OUT"
    assert len(shown) == 3
    with clock.travelled_to(at_wall(DUE, 9)):
        async with database.reading() as tx:
            left = await find_reminders_left_out(tx, DUE, limit=10)
            texts = await preview_reminder_texts(tx, DUE, limit=10)
    assert {one.retailer.id: one.why for one in left} == {mute.id: Why.NO_PHONE, stopped.id: Why.OPTED_OUT}
    assert [one.retailer.id for one in texts] == [usual.id]
    with clock.travelled_to(at_wall(DUE, 10)):
        for shop in (mute, stopped):
            async with database.transaction() as tx:
                assert await remind_retailer(tx, SYSTEM, shop.id) is False
    assert await run_at(database, DUE) == {"retailers": 3, "reminded": 1, "unreachable": 2, "failed": 0}
    assert await messages_in(database) == 1
    for shop in (mute, stopped):
        assert await audited(database, shop.id, "REMINDER_SENT") == []
    async with database.transaction() as tx:
        await update_retailers(tx, admin, changes={mute.id: {"phone": new_phone()}})
        await opt_in(tx, contact.id)
    day_after = DUE + timedelta(days=1)
    assert await run_at(database, day_after) == {"retailers": 2, "reminded": 2, "unreachable": 0, "failed": 0}


async def test_somebody_linked_to_a_shop_stands_in_for_its_telephone(
    database: Database, make_debtor: MakeDebtor, owe: Owe
) -> None:
    """[C40] The owner writes from a number of his own: it is reminded there."""
    shop = await make_debtor(phone=unreachable_phone(2))
    await owe(shop.id, 1_000, delivered_on=DELIVERED)
    async with database.transaction() as tx:
        contact = await ensure_contact(tx, new_phone())
        await link_contact(tx, contact.id, retailer_id=shop.id)
    assert await run_at(database, DUE) == {"retailers": 1, "reminded": 1, "unreachable": 0, "failed": 0}
    async with database.reading() as tx:
        assert await tx.values("SELECT contact_id FROM outbound_messages") == [contact.id]


async def test_a_pause_needs_nobody_to_be_told(
    database: Database, make_debtor: MakeDebtor, owe: Owe, pay: Pay, deliver: Deliver
) -> None:
    """[C51, C52] A shop without a telephone is paused and given back with an audit row each, and no message is made:
    not of the pause, not of the payment, not of the credit that is given back.
    """
    shop = await make_debtor(phone=unreachable_phone(3))
    await owe(shop.id, 1_000, delivered_on=DELIVERED)
    with clock.travelled_to(at_wall(DELIVERED + timedelta(days=31), 11)):
        would = await pause_late_retailers(database, clock.now(), True, find_unreachable=find_unreachable)
        assert f"{shop.pasal_name} ({shop.code})" in would
        done = await pause_late_retailers(database, clock.now(), False, find_unreachable=find_unreachable)
        assert done["paused"] == 1
        await deliver()
        await pay(shop.id, 950)
        await deliver()
    assert await audited(database, shop.id, "PAUSE_CREDIT", "UNPAUSE_CREDIT") == ["PAUSE_CREDIT", "UNPAUSE_CREDIT"]
    assert await messages_in(database) == 0
    async with database.reading() as tx:
        assert await tx.values("SELECT phone FROM contacts") == []
    await assert_credit_sound(database)


async def test_who_was_paused_and_could_not_be_told_is_counted_and_named(
    database: Database, make_debtor: MakeDebtor, owe: Owe
) -> None:
    """[C51] Two shops of one name without a telephone, one that wrote STOP, one as usual: all four are paused, and the
    outcome of the run (and before it the dry run) tells which three somebody has to call.
    """
    twins = [await make_debtor(pasal_name="Mute", phone=unreachable_phone(number)) for number in (5, 6)]
    stopped = await make_debtor(pasal_name="Stopped")
    usual = await make_debtor(pasal_name="Usual")
    for shop in (*twins, stopped, usual):
        await owe(shop.id, 1_000, delivered_on=DELIVERED)
    async with database.transaction() as tx:
        await opt_out(tx, (await ensure_contact(tx, stopped.phone)).id)
    late = "Rs.1,000 open for 31 days, 30 are allowed"
    with clock.travelled_to(at_wall(DELIVERED + timedelta(days=31), 11)):
        would = await pause_late_retailers(database, clock.now(), True, find_unreachable=find_unreachable)
        done = await pause_late_retailers(database, clock.now(), False, find_unreachable=find_unreachable)
        again = await pause_late_retailers(database, clock.now(), False, find_unreachable=find_unreachable)
    assert would == {
        "retailers": 4,
        "unreachable": 3,
        **{f"Mute ({shop.code})": f"{late}; cannot be told: NO_PHONE" for shop in twins},
        f"Stopped ({stopped.phone})": f"{late}; cannot be told: OPTED_OUT",
        f"Usual ({usual.phone})": late,
    }
    assert done == {
        "retailers": 4,
        "paused": 4,
        "unreachable": 3,
        "failed": 0,
        **{f"Mute ({shop.code})": "NO_PHONE" for shop in twins},
        f"Stopped ({stopped.code})": "OPTED_OUT",
    }
    assert again == {"retailers": 0, "paused": 0, "unreachable": 0, "failed": 0}


async def test_over_http(
    client: httpx.AsyncClient, bearer_of: Any, make_user: Any, make_debtor: MakeDebtor, owe: Owe
) -> None:
    """[C40] The answer counts whom nobody could tell; a dry run names them with what they owe."""
    shop = await make_debtor(phone=unreachable_phone(4))
    await owe(shop.id, 1_000, delivered_on=DELIVERED)
    with clock.travelled_to(at_wall(DUE, 12)):
        headers = await bearer_of(await make_user())
        address = "/api/v1/admin/payment/reminders"
        shown = (await client.post(address, json={"dryRun": True}, headers=headers)).json()["data"]
        sent = (await client.post(address, json={}, headers=headers)).json()["data"]
    assert shown["unreached"] == [
        {"retailerId": str(shop.id), "pasalName": shop.pasal_name, "why": "NO_PHONE", "items": 1, "remaining": 1000.0}
    ]
    assert (shown["retailers"], shown["unreachable"], shown["reminders"]) == (1, 1, [])
    figures = {"retailers": 1, "reminded": 0, "unreachable": 1, "failed": 0}
    assert sent == {"dryRun": False, "reminders": [], "unreached": [], **figures}
