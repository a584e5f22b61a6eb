"""Reminding by hand over HTTP [C40]; the same as the ten o'clock run."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from litestar import post

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.lateness.reminder_rules import Stage
from khaacho.money import rupees
from khaacho.parties.access import requires
from khaacho.platform.database import Database
from khaacho.platform.http import PAGE_LIMIT_MAX, ApiRecord, Envelope, Rupees, ok
from khaacho.whatsapp.reminding import ReminderText, preview_reminder_texts, send_reminders


class RemindersBody(ApiRecord, frozen=True, kw_only=True):
    """With `dryRun` nothing is sent, and the answer shows who would be told what."""

    dry_run: bool = False


class ItemAnswer(ApiRecord, frozen=True, kw_only=True):
    transaction_id: UUID
    stage: Stage
    remaining: Rupees
    due_on: date


class ReminderAnswer(ApiRecord, frozen=True, kw_only=True):
    """One message: to whom, about what, and the text."""

    retailer_id: UUID
    pasal_name: str
    phone_number: str
    items: list[ItemAnswer]
    text: str


class RemindersAnswer(ApiRecord, frozen=True, kw_only=True):
    """`reminded` messages were queued; of a dry run the first `reminders` that would be."""

    dry_run: bool
    retailers: int
    reminded: int
    failed: int
    reminders: list[ReminderAnswer]


@post(
    "/admin/payment/reminders",
    operation_id="sendReminders",
    summary="Remind of what is due, now",
    status_code=200,
    guards=[requires("credit.write")],
)
async def remind(database: Database, actor: Actor, data: RemindersBody | None = None) -> Envelope[RemindersAnswer]:
    """Each stage of an item once, whoever asks. Raises QUIET_HOURS at night, with nothing sent."""
    if data is not None and data.dry_run:
        async with database.reading() as tx:
            texts = await preview_reminder_texts(tx, clock.business_day(), limit=PAGE_LIMIT_MAX)
        return ok(
            RemindersAnswer(
                dry_run=True, retailers=len(texts), reminded=0, failed=0, reminders=[_answer(one) for one in texts]
            )
        )
    tally = await send_reminders(database, actor)
    return ok(
        RemindersAnswer(
            dry_run=False, retailers=tally.looked_at, reminded=tally.done, failed=tally.failed, reminders=[]
        )
    )


ROUTES: list[Any] = [remind]


def _answer(one: ReminderText) -> ReminderAnswer:
    return ReminderAnswer(
        retailer_id=one.retailer.id,
        pasal_name=one.retailer.pasal_name,
        phone_number=one.retailer.phone,
        items=[
            ItemAnswer(
                transaction_id=item.debit_id,
                stage=item.stage,
                remaining=rupees(item.remaining_paisa),
                due_on=item.due_on,
            )
            for item in one.items
        ],
        text=one.text,
    )
