"""Reminding by hand over HTTP [C40]; the same as the ten o'clock run."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

import msgspec
from litestar import post

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.lateness.left_out import LeftOut, Why
from khaacho.credit.lateness.reminder_rules import Stage
from khaacho.money import rupees
from khaacho.parties.access import requires
from khaacho.platform.database import Database
from khaacho.platform.http import PAGE_LIMIT_MAX, ApiRecord, Envelope, Rupees, ok
from khaacho.platform.scheduler import audit_hand_run
from khaacho.whatsapp.reminding import (
    REMIND,
    ReminderText,
    find_unreached,
    preview_reminder_texts,
    require_daytime,
    send_reminders,
)


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


class UnreachedAnswer(ApiRecord, frozen=True, kw_only=True):
    """A shop nobody can remind of what is due: NO_PHONE, or OPTED_OUT by writing STOP."""

    retailer_id: UUID
    pasal_name: str
    why: Why
    items: int
    remaining: Rupees


class RemindersAnswer(ApiRecord, frozen=True, kw_only=True):
    """`reminded` messages were queued, and `unreachable` shops could not be told. Of a dry run the first `reminders`
    that would be, and the first that are `unreached`.
    """

    dry_run: bool
    retailers: int
    reminded: int
    unreachable: int
    failed: int
    reminders: list[ReminderAnswer]
    unreached: list[UnreachedAnswer]


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
            unreached = await find_unreached(tx, clock.business_day(), limit=PAGE_LIMIT_MAX)
        return ok(
            RemindersAnswer(
                dry_run=True,
                retailers=len(texts) + len(unreached),
                reminded=0,
                unreachable=len(unreached),
                failed=0,
                reminders=[_answer(one) for one in texts],
                unreached=[_unreached(one) for one in unreached],
            )
        )
    require_daytime()
    async with database.transaction() as tx:
        await audit_hand_run(tx, actor, REMIND.name)
    run = await send_reminders(database, actor)
    return ok(RemindersAnswer(dry_run=False, reminders=[], unreached=[], **msgspec.structs.asdict(run)))


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


def _unreached(one: LeftOut) -> UnreachedAnswer:
    return UnreachedAnswer(
        retailer_id=one.retailer.id,
        pasal_name=one.retailer.pasal_name,
        why=one.why,
        items=one.items,
        remaining=rupees(one.remaining_paisa),
    )
