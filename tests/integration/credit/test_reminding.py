"""Reminders over a moved clock: who is told what on which day, once, and never when it would be wrong."""

from __future__ import annotations

import asyncio
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from tests.fixtures.owing import Deliver, HearAll, Owe, Pay, assert_credit_sound, at_wall, audited, somebody_waits
from tests.fixtures.trade import Contenders, OpenShops, all_at_once, contents_of

from khaacho import clock
from khaacho.actors import SYSTEM, Actor
from khaacho.credit.jobs import pause_late_retailers
from khaacho.credit.lateness.disputes import dispute_debit, resolve_dispute
from khaacho.credit.lateness.pausing import pause_credit, resume_cured
from khaacho.credit.lateness.promises import NewPromise, record_promise
from khaacho.credit.lateness.reminding import preview_reminders
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.records import NewPayment, PaymentMethod
from khaacho.errors import QuietHours
from khaacho.parties.actions import update_retailers
from khaacho.parties.records import Locale, PartyStatus
from khaacho.platform.database import Database
from khaacho.whatsapp.reachability import find_unreachable
from khaacho.whatsapp.reminding import preview_reminder_texts, remind_at_ten, remind_retailer, send_reminders

# Delivered with seven days to pay: due on the 10th of February.
DELIVERED = date(2026, 2, 3)
DUE = date(2026, 2, 10)


def day(after_due: int) -> date:
    return DUE + timedelta(days=after_due)


async def run_at(database: Database, moment: datetime, *, dry_run: bool = False) -> dict[str, Any]:
    with clock.travelled_to(moment):
        return dict(await remind_at_ten(database, moment, dry_run))


async def run_on(database: Database, after_due: int, *, hour: int = 10) -> int:
    """How many shops the run of that day reminded."""
    return int((await run_at(database, at_wall(day(after_due), hour)))["reminded"])


async def stages_of(database: Database, shop: UUID) -> list[str]:
    async with database.reading() as tx:
        found: list[str] = await tx.values(
            "SELECT stage FROM credit_reminders WHERE retailer_id = %(shop)s ORDER BY claimed_at, stage", {"shop": shop}
        )
        return found


async def speak_english(database: Database, shop: UUID) -> None:
    async with database.transaction() as tx:
        await update_retailers(tx, SYSTEM, changes={shop: {"locale": Locale.EN, "owner_name": "Gita"}})


# --- the three stages -------------------------------------------------------------------------------------------


async def test_a_shop_is_reminded_three_times_and_never_more(
    database: Database, open_shops: OpenShops, owe: Owe, told: HearAll
) -> None:
    """[C40, C42] The day before, the day itself, three days after: exact facts, one message each, then silence."""
    (shop,) = await open_shops(1)
    await speak_english(database, shop)
    await owe(shop, 2_373, delivered_on=DELIVERED)
    reminded = {after: await run_on(database, after) for after in range(-7, 12)}
    assert {after for after, count in reminded.items() if count} == {-1, 0, 3}
    first, second, third = [message.body for message in await told(shop)]
    assert "Rs.2,373, due tomorrow, 2026-02-10 (2082-10-27 BS); open for 6 days" in first
    assert "Rs.2,373, due today, 2026-02-10 (2082-10-27 BS); open for 7 days" in second
    assert "Rs.2,373, was due 2026-02-10 (2082-10-27 BS), 3 days ago; open for 10 days" in third
    assert all("Namaste Gita" in text and "PAY" in text for text in (first, second, third))
    assert {message.purpose for message in await told(shop)} == {"PAYMENT_REMINDER"}
    assert await audited(database, shop, "REMINDER_SENT") == ["REMINDER_SENT"] * 3
    await assert_credit_sound(database)


async def test_nepali_says_the_same(database: Database, open_shops: OpenShops, owe: Owe, told: HearAll) -> None:
    """[C42] Name, amount, due date and days, in the shop's language."""
    (shop,) = await open_shops(1)
    await owe(shop, 2_373, delivered_on=DELIVERED)
    await run_on(database, 3)
    (message,) = await told(shop)
    for fact in ("नमस्ते Owner", "Rs.2,373", "2026-02-10 (2082-10-27 BS)", "3 दिन नाघ्यो", "10 दिन भयो"):
        assert fact in message.body


async def test_one_message_lists_every_item_with_what_remains(
    database: Database, open_shops: OpenShops, owe: Owe, pay: Pay, told: HearAll
) -> None:
    """[C40] One message a run; remaining amounts, not those of the bills; what is cleared is not named."""
    (shop,) = await open_shops(1)
    await speak_english(database, shop)
    await owe(shop, 1_000, delivered_on=DELIVERED - timedelta(days=3))
    await owe(shop, 500, delivered_on=DELIVERED)
    await owe(shop, 700, delivered_on=DELIVERED + timedelta(days=1))
    await owe(shop, 9_000, delivered_on=DELIVERED + timedelta(days=4))
    with clock.travelled_to(at_wall(DUE, 9)):
        await pay(shop, 600)
    assert await run_on(database, 0) == 1
    (message,) = await told(shop)
    assert "To be paid, 3 items:" in message.body
    assert "1. Rs.400, was due 2026-02-07" in message.body
    assert "2. Rs.500, due today" in message.body
    assert "3. Rs.700, due tomorrow" in message.body
    assert "Together: Rs.1,600" in message.body
    assert "9,000" not in message.body


async def test_a_missed_day_is_made_up_for_once_on_the_next(
    database: Database, open_shops: OpenShops, owe: Owe, told: HearAll
) -> None:
    """[C40] The due day's reminder, missed, comes a day later with the words true by then; two days later it is lost.

    A missed T−1 gives way to T+0: only the current stage is sent.
    """
    one_late, two_late, before_missed = await open_shops(3)
    for shop in (one_late, two_late, before_missed):
        await speak_english(database, shop)
    await owe(one_late, 1_000, delivered_on=DELIVERED)
    await owe(two_late, 1_000, delivered_on=DELIVERED - timedelta(days=1))
    await owe(before_missed, 1_000, delivered_on=DELIVERED + timedelta(days=1))
    assert await run_on(database, 1) == 2
    assert await run_on(database, 1, hour=15) == 0
    assert await stages_of(database, one_late) == ["T+0"]
    assert "was due 2026-02-10 (2082-10-27 BS), 1 day ago" in (await told(one_late))[0].body
    assert await stages_of(database, two_late) == []
    assert await stages_of(database, before_missed) == ["T+0"]


# --- when nobody is reminded ------------------------------------------------------------------------------------


async def test_nobody_is_reminded_when_it_would_be_wrong(
    database: Database, open_shops: OpenShops, owe: Owe, pay: Pay, told: HearAll, admin: Actor
) -> None:
    """[C40] Not when paused or closed, cleared, disputed, or promised for today or later."""
    paused, closed, cleared, disputed, promised, reminded = await open_shops(6)
    items = {
        shop: await owe(shop, 1_000, delivered_on=DELIVERED)
        for shop in (paused, closed, cleared, disputed, promised, reminded)
    }
    with clock.travelled_to(at_wall(DUE, 9)):
        await pay(cleared, 1_000)
        async with database.transaction() as tx:
            await pause_credit(tx, admin, paused, reason="moved")
            await update_retailers(tx, admin, changes={closed: {"status": PartyStatus.BLOCKED}})
            await dispute_debit(tx, admin, items[disputed].id, reason="two sacks were wet")
            await record_promise(tx, admin, NewPromise(retailer_id=promised, promised_on=DUE))
    assert await run_at(database, at_wall(DUE, 10)) == {"retailers": 1, "reminded": 1, "unreachable": 0, "failed": 0}
    assert [bool(await told(shop)) for shop in items] == [False] * 5 + [True]
    with clock.travelled_to(at_wall(day(3), 9)):
        async with database.transaction() as tx:
            await resolve_dispute(tx, admin, items[disputed].id, note="credited")
    # The promise is over by now, the dispute is resolved; the others are as they were.
    assert await run_on(database, 3) == 3
    assert await stages_of(database, promised) == ["T+3"]
    assert await stages_of(database, disputed) == ["T+3"]


async def test_the_night_is_quiet(database: Database, open_shops: OpenShops, owe: Owe, pay: Pay, told: HearAll) -> None:
    """[C40] A run at 21:00 claims and sends nothing and says so; the morning makes up for it, without what was paid."""
    payer, late = await open_shops(2)
    for shop in (payer, late):
        await owe(shop, 1_000, delivered_on=DELIVERED)
    refused = await run_at(database, at_wall(DUE, 21))
    assert refused["reminded"] == 0
    assert "20:00 to 08:00" in refused["refused"]
    with clock.travelled_to(at_wall(DUE, 20)), pytest.raises(QuietHours):
        await send_reminders(database, SYSTEM)
    with clock.travelled_to(at_wall(DUE, 22)):
        await pay(payer, 1_000)
    assert await run_on(database, 1) == 1
    assert [message.purpose for message in await told(payer)] == []
    assert await stages_of(database, late) == ["T+0"]


# --- once, whatever happens -------------------------------------------------------------------------------------


async def test_four_workers_at_once_send_one_message_a_stage(
    database: Database, open_shops: OpenShops, owe: Owe, contenders: Contenders, told: HearAll
) -> None:
    """[C40] Each stage once, also when the run is started four times at the same moment, and again afterwards."""
    shops = await open_shops(6)
    for shop in shops:
        await owe(shop, 1_000, delivered_on=DELIVERED)
        await owe(shop, 500, delivered_on=DELIVERED)
    moment = at_wall(DUE, 10)
    with clock.travelled_to(moment):
        async with contenders(4) as databases:
            done = await all_at_once([lambda one=one: remind_at_ten(one, moment, False) for one in databases])
    assert sum(outcome["reminded"] for outcome in done) == 6
    assert sum(outcome["failed"] for outcome in done) == 0
    assert await run_on(database, 0, hour=11) == 0
    for shop in shops:
        assert len(await told(shop)) == 1
        assert await audited(database, shop, "REMINDER_SENT") == ["REMINDER_SENT"]


async def test_a_payment_between_looking_and_claiming_is_seen(
    database: Database, open_shops: OpenShops, owe: Owe, pay: Pay, told: HearAll
) -> None:
    """[C40] A shop that was on the list when the run began, and paid before its turn, hears nothing wrong."""
    whole, part = await open_shops(2)
    for shop in (whole, part):
        await owe(shop, 1_000, delivered_on=DELIVERED)
    with clock.travelled_to(at_wall(DUE, 10)):
        await pay(whole, 1_000)
        await pay(part, 900)
        for shop, reminded in ((whole, False), (part, True)):
            async with database.transaction() as tx:
                assert await remind_retailer(tx, SYSTEM, shop) is reminded
    (message,) = await told(part)
    assert "Rs.100," in message.body


async def test_a_reminder_waits_for_a_payment_under_way(
    database: Database, open_shops: OpenShops, owe: Owe, told: HearAll, contenders: Contenders
) -> None:
    """[C40] A payment that has not committed yet is waited for; what it clears is then not reminded of."""
    (shop,) = await open_shops(1)
    await owe(shop, 1_000, delivered_on=DELIVERED)
    with clock.travelled_to(at_wall(DUE, 10)):
        async with contenders(1) as (other,):

            async def remind() -> bool:
                async with other.transaction() as tx:
                    return await remind_retailer(tx, SYSTEM, shop)

            async with database.transaction() as tx:
                paid = NewPayment(amount_paisa=100_000, method=PaymentMethod.CASH, retailer_id=shop)
                await record_payment(tx, SYSTEM, paid)
                await resume_cured(tx, SYSTEM, shop)
                reminding = asyncio.create_task(remind())
                await somebody_waits(database)
            assert await reminding is False
    assert await told(shop) == []


async def test_a_payment_at_the_same_moment_is_before_or_after(
    database: Database, open_shops: OpenShops, owe: Owe, pay: Pay, told: HearAll, contenders: Contenders
) -> None:
    """[C40] Racing for the shop's row, a reminder names the whole amount or comes too late to be sent."""
    shops = await open_shops(10)
    for shop in shops:
        await owe(shop, 1_000, delivered_on=DELIVERED)
    with clock.travelled_to(at_wall(DUE, 10)):
        async with contenders(10) as databases:

            async def remind(one: Database, shop: UUID) -> bool:
                async with one.transaction() as tx:
                    return await remind_retailer(tx, SYSTEM, shop)

            for one, shop in zip(databases, shops, strict=True):
                reminded, _ = await asyncio.gather(remind(one, shop), pay(shop, 1_000))
                assert [("Rs.1,000" in message.body) for message in await told(shop)] == [True] * reminded


async def test_a_run_that_dies_goes_on_where_it_was(
    database: Database, dsn: str, open_shops: OpenShops, owe: Owe, told: HearAll
) -> None:
    """[C40] What failed is isolated, leaves no claim behind, and is sent by the next run; the others are not again."""
    shops = await open_shops(3)
    for shop in shops:
        await owe(shop, 1_000, delivered_on=DELIVERED)
    # Triggers are not the application's to make.
    with psycopg.connect(dsn, autocommit=True) as owner:
        owner.execute(
            f"""
            CREATE FUNCTION break_one() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN IF NEW.retailer_id = '{shops[1]}' THEN RAISE 'broken'; END IF; RETURN NEW; END $$;
            CREATE TRIGGER break_one BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION break_one();
            """
        )
        assert await run_at(database, at_wall(DUE, 10)) == {
            "retailers": 3,
            "reminded": 2,
            "unreachable": 0,
            "failed": 1,
        }
        assert await stages_of(database, shops[1]) == []
        assert await told(shops[1]) == []
        owner.execute("DROP TRIGGER break_one ON audit_entries")
    assert await run_at(database, at_wall(DUE, 11)) == {"retailers": 1, "reminded": 1, "unreachable": 0, "failed": 0}
    assert [len(await told(shop)) for shop in shops] == [1, 1, 1]


async def test_what_is_stuck_on_its_way_is_given_up_when_money_comes_in(
    database: Database, open_shops: OpenShops, owe: Owe, pay: Pay, told: HearAll, deliver: Deliver
) -> None:
    """[C40] A reminder that did not go out before the payment is withdrawn, visibly, and the thanks follow."""
    (shop,) = await open_shops(1)
    await owe(shop, 1_000, delivered_on=DELIVERED)
    await run_on(database, 0)
    with clock.travelled_to(at_wall(DUE, 11)):
        await pay(shop, 400)
        await deliver()
        await deliver()
    assert [(message.purpose, message.state) for message in await told(shop)] == [
        ("PAYMENT_REMINDER", "FAILED"),
        ("PAYMENT_THANKS", "QUEUED"),
    ]


# --- looking ahead ----------------------------------------------------------------------------------------------


async def test_a_dry_run_shows_who_gets_which_text_and_changes_nothing(
    database: Database, open_shops: OpenShops, owe: Owe, told: HearAll
) -> None:
    """[C40] The text of the dry run is the text that is sent."""
    (shop,) = await open_shops(1)
    await owe(shop, 2_373, delivered_on=DELIVERED)
    before = await contents_of(database)
    shown = await run_at(database, at_wall(DUE, 10), dry_run=True)
    assert await contents_of(database) == before
    assert (shown.pop("retailers"), shown.pop("unreachable")) == (1, 0)
    await run_on(database, 0)
    (message,) = await told(shop)
    assert list(shown.values()) == [message.body]


async def test_tomorrow_can_be_looked_at_in_parts(database: Database, open_shops: OpenShops, owe: Owe) -> None:
    """[C40] Who will be reminded tomorrow, in the order of shops, a page at a time; today's own are not tomorrow's."""
    shops = sorted(await open_shops(3))
    for shop in shops:
        await owe(shop, 1_000, delivered_on=DELIVERED)
    (today_only,) = await open_shops(1)
    await owe(today_only, 1_000, delivered_on=DELIVERED - timedelta(days=1))
    with clock.travelled_to(at_wall(day(-1), 9)):
        async with database.reading() as tx:
            first = await preview_reminders(tx, DUE, limit=2)
            rest = await preview_reminders(tx, DUE, after=first[-1].retailer.id, limit=2)
            texts = await preview_reminder_texts(tx, DUE, limit=10)
    assert [one.retailer.id for one in (*first, *rest)] == shops
    assert [one.items[0].remaining_paisa for one in first] == [100_000, 100_000]
    assert ["म्याद आज" in one.text for one in texts] == [True] * 3


async def test_over_http(
    client: httpx.AsyncClient, bearer_of: Any, make_user: Any, database: Database, open_shops: OpenShops, owe: Owe
) -> None:
    """[C40] POST /admin/payment/reminders shows with dryRun, refuses at night, and sends by day."""
    (shop,) = await open_shops(1)
    debit = await owe(shop, 2_373, delivered_on=DELIVERED)

    async def ask(hour: int, body: dict[str, bool]) -> httpx.Response:
        with clock.travelled_to(at_wall(DUE, hour)):
            headers = await bearer_of(await make_user())
            return await client.post("/api/v1/admin/payment/reminders", json=body, headers=headers)

    shown = (await ask(21, {"dryRun": True})).json()["data"]
    assert (shown["dryRun"], shown["retailers"], shown["reminded"]) == (True, 1, 0)
    (reminder,) = shown["reminders"]
    assert reminder["retailerId"] == str(shop)
    assert reminder["items"] == [
        {"transactionId": str(debit.id), "stage": "T+0", "remaining": 2373.00, "dueOn": DUE.isoformat()}
    ]
    assert "Rs.2,373" in reminder["text"]
    refused = await ask(21, {})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "QUIET_HOURS")
    assert await stages_of(database, shop) == []
    assert (await ask(12, {})).json()["data"]["reminded"] == 1
    assert (await ask(13, {})).json()["data"]["reminded"] == 0
    assert await stages_of(database, shop) == ["T+0"]


async def test_a_pause_ends_the_reminders(database: Database, open_shops: OpenShops, owe: Owe, told: HearAll) -> None:
    """[C40, C51] A shop that may owe for nine days only is paused before T+3, and hears no reminder then."""
    (shop,) = await open_shops(1, terms_days=7, max_outstanding_days=9)
    await owe(shop, 1_000, delivered_on=DELIVERED)
    assert await run_on(database, 0) == 1
    with clock.travelled_to(at_wall(day(3), 9)):
        done = await pause_late_retailers(database, clock.now(), False, find_unreachable=find_unreachable)
        assert done["paused"] == 1
    assert await run_on(database, 3) == 0
    assert await stages_of(database, shop) == ["T+0"]
