"""The morning's reminders [C40]: claim and message are one transaction for each retailer.

In the quiet hours nothing is claimed and nothing is sent, also not by hand and not by a run that is caught up late at
night: what was missed is made up for by the next morning's run, which looks anew at what has been paid meanwhile.
Of a shop that nobody can reach nothing is claimed either, so that a telephone that is found in time is not too late.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import SYSTEM, Actor
from khaacho.credit.events import PaymentRecorded
from khaacho.credit.lateness.left_out import UNREACHABLE, LeftOut, find_left_out
from khaacho.credit.lateness.reminder_rules import QUIET_FROM, QUIET_UNTIL, is_quiet
from khaacho.credit.lateness.reminding import (
    ReminderItem,
    claim_reminder,
    find_retailers_to_remind,
    find_waiting_reminder,
    preview_reminders,
)
from khaacho.credit.lateness.rounds import work_each
from khaacho.errors import QuietHours
from khaacho.orders.queries import find_orders_by_id
from khaacho.parties.queries import require_retailer
from khaacho.parties.records import Retailer
from khaacho.platform.database import Database, Transaction
from khaacho.platform.queue import Schedule
from khaacho.whatsapp.outbox import say, withdraw
from khaacho.whatsapp.reachability import find_contact_of_shop, find_unreachable
from khaacho.whatsapp.records import Purpose, Saying
from khaacho.whatsapp.wording.paying_text import Notice, lay_out_reminder

PREVIEWED_MAX = 10_000
PAID_MEANWHILE = "PAID_MEANWHILE"
_KEY = "reminder:"


class ReminderRun(msgspec.Struct, frozen=True, kw_only=True):
    """Shops with something to be reminded of, those that were, those nobody can reach, and those that failed."""

    retailers: int
    reminded: int
    unreachable: int
    failed: int


NOBODY = ReminderRun(retailers=0, reminded=0, unreachable=0, failed=0)


class Renewal(msgspec.Struct, frozen=True, kw_only=True):
    """What a reminder that waited says by now; None when it has nothing to say any more."""

    notice: Notice | None


class ReminderText(msgspec.Struct, frozen=True, kw_only=True):
    """Who would be told what."""

    retailer: Retailer
    items: tuple[ReminderItem, ...]
    text: str


async def send_reminders(database: Database, actor: Actor) -> ReminderRun:
    """Remind everybody who is to be reminded today and was not yet. Raises QuietHours at night, with nothing done."""
    require_daytime()
    async with database.reading() as tx:
        retailer_ids = await find_retailers_to_remind(tx)
        unreachable = await find_unreachable(tx, retailer_ids)

    async def remind(tx: Transaction, retailer_id: UUID) -> bool:
        return await remind_retailer(tx, actor, retailer_id)

    reachable = [retailer_id for retailer_id in retailer_ids if retailer_id not in unreachable]
    tally = await work_each(database, reachable, remind, what="reminders")
    return ReminderRun(
        retailers=len(retailer_ids), reminded=tally.done, unreachable=len(unreachable), failed=tally.failed
    )


def require_daytime() -> None:
    """Raises QuietHours at night."""
    if is_quiet(clock.business_time(clock.now()).time()):
        raise QuietHours(quiet_from=f"{QUIET_FROM:%H:%M}", quiet_until=f"{QUIET_UNTIL:%H:%M}")


async def remind_retailer(tx: Transaction, actor: Actor, retailer_id: UUID) -> bool:
    """Claim what this retailer is to be reminded of and queue the one message.

    False, and nothing is claimed, when there is nothing (left) or nobody to tell.
    """
    retailer = await require_retailer(tx, retailer_id)
    contact = await find_contact_of_shop(tx, retailer)
    if contact is None or contact.opted_out_at is not None:
        return False
    reminder = await claim_reminder(tx, actor, retailer_id)
    if reminder is None:
        return False
    notice = await _lay_out(tx, retailer, reminder.items)
    saying = Saying(
        key=f"{_KEY}{reminder.message_id}",
        purpose=Purpose.PAYMENT_REMINDER,
        text=notice.text,
        template=notice.template,
    )
    await say(tx, contact.id, [saying])
    return True


async def renew_reminder(tx: Transaction, key: str) -> Renewal | None:
    """What the reminder said with this key is to say as it goes out; None when it is still true as it stands.

    What was cleared while it waited is not reminded of, whatever cleared it [C40].
    """
    try:
        message_id = UUID(key.removeprefix(_KEY).partition("#")[0])
    except ValueError:
        return None
    waiting = await find_waiting_reminder(tx, message_id)
    if waiting is None or waiting.as_claimed:
        return None
    if not waiting.items:
        return Renewal(notice=None)
    return Renewal(notice=await _lay_out(tx, await require_retailer(tx, waiting.retailer_id), waiting.items))


async def preview_reminder_texts(
    tx: Transaction, on: date, *, after: UUID | None = None, limit: int
) -> list[ReminderText]:
    """Who would be told what by the run of that day, as things stand now; the very text, in the order of retailers."""
    unreachable = await find_unreachable(tx, await find_retailers_to_remind(tx, on))
    previews = await preview_reminders(tx, on, without=unreachable, after=after, limit=limit)
    codes = await _order_codes(tx, [item for preview in previews for item in preview.items])
    return [
        ReminderText(
            retailer=preview.retailer,
            items=preview.items,
            text=lay_out_reminder(
                preview.retailer.locale, preview.retailer.owner_name, preview.items, order_codes=codes, today=on
            ).text,
        )
        for preview in previews
    ]


async def find_reminders_left_out(tx: Transaction, on: date, *, limit: int) -> list[LeftOut]:
    """Who would be reminded by what is due on that day and is not, and why; also whom nobody can reach."""
    unreachable = await find_unreachable(tx, await find_retailers_to_remind(tx, on))
    return await find_left_out(tx, on, unreachable=unreachable, limit=limit)


async def find_unreached(tx: Transaction, on: date, *, limit: int) -> list[LeftOut]:
    """Of those left out, the shops nobody can reach."""
    left_out = await find_reminders_left_out(tx, on, limit=PREVIEWED_MAX)
    return [one for one in left_out if one.why in UNREACHABLE][:limit]


async def withdraw_reminders(tx: Transaction, event: PaymentRecorded) -> None:
    """Give up reminders still on their way when money comes in: their amounts are no more. The thanks tell what is."""
    retailer = await require_retailer(tx, event.retailer_id)
    contact = await find_contact_of_shop(tx, retailer)
    if contact is not None:
        await withdraw(tx, contact.id, Purpose.PAYMENT_REMINDER, PAID_MEANWHILE)


async def remind_at_ten(database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
    """The scheduled run; a dry run tells who gets which text."""
    if dry_run:
        async with database.reading() as tx:
            texts = await preview_reminder_texts(tx, clock.business_day(), limit=PREVIEWED_MAX)
            unreached = await find_unreached(tx, clock.business_day(), limit=PREVIEWED_MAX)
        return (
            {"retailers": len(texts) + len(unreached), "unreachable": len(unreached)}
            | {f"{one.retailer.pasal_name} ({one.retailer.phone})": one.text for one in texts}
            | {f"{one.retailer.pasal_name} ({one.retailer.code})": one.why.value for one in unreached}
        )
    try:
        return msgspec.structs.asdict(await send_reminders(database, SYSTEM))
    except QuietHours as quiet:
        return msgspec.structs.asdict(NOBODY) | {"refused": str(quiet)}


async def _lay_out(tx: Transaction, retailer: Retailer, items: Sequence[ReminderItem]) -> Notice:
    codes = await _order_codes(tx, items)
    return lay_out_reminder(retailer.locale, retailer.owner_name, items, order_codes=codes, today=clock.business_day())


async def _order_codes(tx: Transaction, items: Sequence[ReminderItem]) -> dict[UUID, str]:
    ids = [item.source_id for item in items if item.source_kind == "order"]
    return {order.id: order.code for order in await find_orders_by_id(tx, ids)} if ids else {}


REMIND = Schedule(name="reminders", cron="0 10 * * *", run=remind_at_ten)
