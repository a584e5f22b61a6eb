"""The morning's reminders [C40]: claim and message are one transaction for each retailer.

In the quiet hours nothing is claimed and nothing is sent, also not by hand and not by a run that is caught up late at
night: what was missed is made up for by the next morning's run, which looks anew at what has been paid meanwhile.
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
from khaacho.credit.lateness.reminder_rules import QUIET_FROM, QUIET_UNTIL, is_quiet
from khaacho.credit.lateness.reminding import (
    ReminderItem,
    claim_reminder,
    find_retailers_to_remind,
    preview_reminders,
)
from khaacho.credit.lateness.rounds import Tally, work_each
from khaacho.errors import QuietHours
from khaacho.orders.queries import find_orders_by_id
from khaacho.parties.queries import require_retailer
from khaacho.parties.records import Retailer
from khaacho.platform.database import Database, Transaction
from khaacho.platform.queue import Schedule
from khaacho.whatsapp.contacts import contact_of_party
from khaacho.whatsapp.outbox import say, withdraw
from khaacho.whatsapp.records import Purpose, Saying
from khaacho.whatsapp.wording.paying_text import lay_out_reminder

PREVIEWED_MAX = 10_000
PAID_MEANWHILE = "PAID_MEANWHILE"


class ReminderText(msgspec.Struct, frozen=True, kw_only=True):
    """Who would be told what."""

    retailer: Retailer
    items: tuple[ReminderItem, ...]
    text: str


async def send_reminders(database: Database, actor: Actor) -> Tally:
    """Remind everybody who is to be reminded today and was not yet. Raises QuietHours at night, with nothing done."""
    if is_quiet(clock.business_time(clock.now()).time()):
        raise QuietHours(quiet_from=f"{QUIET_FROM:%H:%M}", quiet_until=f"{QUIET_UNTIL:%H:%M}")
    async with database.reading() as tx:
        retailer_ids = await find_retailers_to_remind(tx)

    async def remind(tx: Transaction, retailer_id: UUID) -> bool:
        return await remind_retailer(tx, actor, retailer_id)

    return await work_each(database, retailer_ids, remind, what="reminders")


async def remind_retailer(tx: Transaction, actor: Actor, retailer_id: UUID) -> bool:
    """Claim what this retailer is to be reminded of and queue the one message; False when there is nothing (left)."""
    reminder = await claim_reminder(tx, actor, retailer_id)
    if reminder is None:
        return False
    retailer = await require_retailer(tx, retailer_id)
    codes = await _order_codes(tx, reminder.items)
    notice = lay_out_reminder(
        retailer.locale, retailer.owner_name, reminder.items, order_codes=codes, today=clock.business_day()
    )
    contact = await contact_of_party(tx, retailer.phone, retailer_id=retailer_id)
    saying = Saying(
        key=f"reminder:{reminder.message_id}",
        purpose=Purpose.PAYMENT_REMINDER,
        text=notice.text,
        template=notice.template,
    )
    await say(tx, contact.id, [saying])
    return True


async def preview_reminder_texts(
    tx: Transaction, on: date, *, after: UUID | None = None, limit: int
) -> list[ReminderText]:
    """Who would be told what by the run of that day, as things stand now; the very text, in the order of retailers."""
    previews = await preview_reminders(tx, on, after=after, limit=limit)
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


async def withdraw_reminders(tx: Transaction, event: PaymentRecorded) -> None:
    """Give up reminders still on their way when money comes in: their amounts are no more. The thanks tell what is."""
    retailer = await require_retailer(tx, event.retailer_id)
    contact = await contact_of_party(tx, retailer.phone, retailer_id=retailer.id)
    await withdraw(tx, contact.id, Purpose.PAYMENT_REMINDER, PAID_MEANWHILE)


async def remind_at_ten(database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
    """The scheduled run; a dry run tells who gets which text."""
    if dry_run:
        async with database.reading() as tx:
            texts = await preview_reminder_texts(tx, clock.business_day(), limit=PREVIEWED_MAX)
        return {"retailers": len(texts)} | {
            f"{one.retailer.pasal_name} ({one.retailer.phone})": one.text for one in texts
        }
    try:
        tally = await send_reminders(database, SYSTEM)
    except QuietHours as quiet:
        return {"retailers": 0, "reminded": 0, "failed": 0, "refused": str(quiet)}
    return {"retailers": tally.looked_at, "reminded": tally.done, "failed": tally.failed}


async def _order_codes(tx: Transaction, items: Sequence[ReminderItem]) -> dict[UUID, str]:
    ids = [item.source_id for item in items if item.source_kind == "order"]
    return {order.id: order.code for order in await find_orders_by_id(tx, ids)} if ids else {}


REMIND = Schedule(name="reminders", cron="0 10 * * *", run=remind_at_ten)
