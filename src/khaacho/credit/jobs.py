"""What the worker does about credit by itself: pausing what is open for too long, and judging promises to pay."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from khaacho.actors import SYSTEM
from khaacho.credit.events import AdjustmentRecorded, AdjustmentUndone, PaymentRecorded
from khaacho.credit.lateness.left_out import Why
from khaacho.credit.lateness.pausing import evaluate_pause, find_retailers_to_pause, pause_overdue
from khaacho.credit.lateness.promise_rules import PromiseState
from khaacho.credit.lateness.promises import find_promises_past_day, judge_live_promise
from khaacho.credit.lateness.rounds import work_each
from khaacho.parties.phones import is_reachable
from khaacho.parties.queries import require_retailer, send_retailers
from khaacho.platform.database import Database, Transaction
from khaacho.platform.events import Subscribers
from khaacho.platform.queue import JobHandlers, Schedule

# Of these shops, which cannot be told anything, and why.
FindUnreachable = Callable[[Transaction, Sequence[UUID]], Awaitable[Mapping[UUID, Why]]]
# Named in the outcome of a run; it is kept, and people read it.
UNTOLD_NAMED_MAX = 50


async def pause_late_retailers(
    database: Database, slot: datetime, dry_run: bool, *, find_unreachable: FindUnreachable
) -> Mapping[str, Any]:
    """Pause the credit of every active retailer with something open for too long [C51]; a dry run names them.

    A pause needs nobody to be told. Who was not told of theirs is counted and named, so that a person can call.
    """
    async with database.reading() as tx:
        retailer_ids = await find_retailers_to_pause(tx)
        if dry_run:
            return await _would_pause(tx, retailer_ids, await find_unreachable(tx, retailer_ids))
    paused: list[UUID] = []

    async def pause(tx: Transaction, retailer_id: UUID) -> bool:
        done = await pause_overdue(tx, SYSTEM, retailer_id)
        if done:
            paused.append(retailer_id)
        return done

    tally = await work_each(database, retailer_ids, pause, what="auto-pause")
    async with database.reading() as tx:
        untold = await find_unreachable(tx, paused)
        figures = {"retailers": tally.looked_at, "paused": tally.done, "unreachable": len(untold)}
        return figures | {"failed": tally.failed} | await _name_untold(tx, untold)


async def _would_pause(tx: Transaction, retailer_ids: Sequence[UUID], untold: Mapping[UUID, Why]) -> Mapping[str, Any]:
    reasons = {one: (await evaluate_pause(tx, one)).reason for one in retailer_ids}
    return {"retailers": len(retailer_ids), "unreachable": len(untold)} | {
        await _name(tx, one): f"{reason}; cannot be told: {untold[one]}" if one in untold else reason
        for one, reason in reasons.items()
    }


async def _name_untold(tx: Transaction, untold: Mapping[UUID, Why]) -> dict[str, str]:
    """The first of them by name, each with the reason why nobody told them."""
    retailers = await (await send_retailers(tx, sorted(untold)[:UNTOLD_NAMED_MAX])).all()
    return {f"{one.pasal_name} ({one.code})": untold[one.id].value for one in retailers}


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
    return f"{retailer.pasal_name} ({retailer.phone if is_reachable(retailer.phone) else retailer.code})"


HANDLERS: JobHandlers = {}


def schedules(find_unreachable: FindUnreachable) -> list[Schedule]:
    """`find_unreachable` says whom nobody can tell anything; that is known to those who send."""
    return [
        # Before the reminders, so that they find the promises that no longer hold them back.
        Schedule(name="promises", cron="30 9 * * *", run=judge_promises),
        Schedule(
            name="auto-pause", cron="0 11 * * *", run=partial(pause_late_retailers, find_unreachable=find_unreachable)
        ),
    ]


SUBSCRIBERS: Subscribers = {
    PaymentRecorded: (judge_promise_when_lowered,),
    AdjustmentRecorded: (judge_promise_when_lowered,),
    AdjustmentUndone: (judge_promise_when_lowered,),
}
