"""What the worker does about credit by itself: pausing what is open for too long, and judging promises to pay."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from khaacho.actors import SYSTEM
from khaacho.credit.events import AdjustmentRecorded, AdjustmentUndone, PaymentRecorded
from khaacho.credit.lateness.pausing import evaluate_pause, find_retailers_to_pause, pause_overdue
from khaacho.credit.lateness.promise_rules import PromiseState
from khaacho.credit.lateness.promises import find_promises_past_day, judge_live_promise
from khaacho.credit.lateness.rounds import work_each
from khaacho.parties.phones import is_reachable
from khaacho.parties.queries import require_retailer
from khaacho.platform.database import Database, Transaction
from khaacho.platform.events import Subscribers
from khaacho.platform.queue import JobHandlers, Schedule


async def pause_late_retailers(database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
    """Pause the credit of every active retailer with something open for too long [C51]; a dry run names them."""
    async with database.reading() as tx:
        retailer_ids = await find_retailers_to_pause(tx)
        if dry_run:
            return {"retailers": len(retailer_ids)} | {
                await _name(tx, retailer_id): (await evaluate_pause(tx, retailer_id)).reason
                for retailer_id in retailer_ids
            }

    async def pause(tx: Transaction, retailer_id: UUID) -> bool:
        return await pause_overdue(tx, SYSTEM, retailer_id)

    tally = await work_each(database, retailer_ids, pause, what="auto-pause")
    return {"retailers": tally.looked_at, "paused": tally.done, "failed": tally.failed}


async def judge_promises(database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
    """Flag the promises whose day is over as kept or broken [C41]; a dry run names whose they are."""
    async with database.reading() as tx:
        retailer_ids = await find_promises_past_day(tx)
        if dry_run:
            return {"retailers": len(retailer_ids)} | {
                await _name(tx, retailer_id): "promise is past its day" for retailer_id in retailer_ids
            }
    broken = 0

    async def judge(tx: Transaction, retailer_id: UUID) -> bool:
        nonlocal broken
        state = await judge_live_promise(tx, SYSTEM, retailer_id)
        broken += state is PromiseState.BROKEN
        return state in (PromiseState.KEPT, PromiseState.BROKEN)

    tally = await work_each(database, retailer_ids, judge, what="promises")
    return {"retailers": tally.looked_at, "judged": tally.done, "broken": broken, "failed": tally.failed}


async def judge_promise_when_lowered(
    tx: Transaction, event: PaymentRecorded | AdjustmentRecorded | AdjustmentUndone
) -> None:
    """Money came in, a cheque cleared, or less is owed for another reason: the promise it fulfils is kept at once."""
    await judge_live_promise(tx, SYSTEM, event.retailer_id)


async def _name(tx: Transaction, retailer_id: UUID) -> str:
    retailer = await require_retailer(tx, retailer_id)
    return f"{retailer.pasal_name} ({retailer.phone if is_reachable(retailer.phone) else 'no telephone'})"


HANDLERS: JobHandlers = {}
SCHEDULES = [
    # Before the reminders, so that they find the promises that no longer hold them back.
    Schedule(name="promises", cron="30 9 * * *", run=judge_promises),
    Schedule(name="auto-pause", cron="0 11 * * *", run=pause_late_retailers),
]
SUBSCRIBERS: Subscribers = {
    PaymentRecorded: (judge_promise_when_lowered,),
    AdjustmentRecorded: (judge_promise_when_lowered,),
    AdjustmentUndone: (judge_promise_when_lowered,),
}
