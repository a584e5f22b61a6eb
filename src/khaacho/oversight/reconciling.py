"""The nightly proof: every invariant, and the chain of seals, with an alarm when anything differs.

All seals are checked as links; the rows of the last day's seals are compared every night, those of older ones in turns,
so that each is looked at once in four weeks and a night's work stays a night's work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
import structlog

from khaacho import clock
from khaacho.ledger.sealing import SEALED_TABLES, find_noted_hashes
from khaacho.oversight.events import BooksDiffer
from khaacho.platform.checks import Check, CheckResult, run_checks
from khaacho.platform.database import Database, Transaction
from khaacho.platform.events import publish
from khaacho.platform.metrics import RECONCILIATION_DIFFERENCES
from khaacho.platform.queue import Schedule
from khaacho.platform.scheduler import find_runs
from khaacho.platform.verifying import Chosen, Verdict, verify_chain

log = structlog.get_logger(__name__)

RECONCILIATION = "reconciliation"
SEALS_OF_A_DAY = 96
NIGHTS = 28
TOLD_MAX = 3


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """The last reconciliation found this."""

    at: datetime
    differences: int
    summary: str


def reconciliation(checks: Sequence[Check]) -> Schedule:
    """The schedule, over the invariants of all domains."""

    async def run(database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
        return await reconcile(database, checks, slot, dry_run)

    return Schedule(name=RECONCILIATION, cron="30 2 * * *", run=run)


async def reconcile(database: Database, checks: Sequence[Check], slot: datetime, dry_run: bool) -> Mapping[str, Any]:
    """Check everything; answers the figures and what differs. A dry run checks as well, and alarms nobody."""
    results = await run_checks(database, checks)
    verdict = await verify_chain(
        database, SEALED_TABLES, chosen=seals_of_the_night(slot), known=await find_noted_hashes(database)
    )
    found = [*_said(results), *(str(breach) for breach in verdict.breaches)]
    if not dry_run:
        RECONCILIATION_DIFFERENCES.set(len(found))
        if found:
            await _alarm(database, slot, found)
    return _outcome(results, verdict, found)


def seals_of_the_night(slot: datetime) -> Chosen:
    """Which seals' rows are compared: the newest, and of the older ones every twenty-eighth, others each night."""
    turn = clock.business_day(slot).toordinal() % NIGHTS

    def chosen(number: int, newest: int) -> bool:
        return number > newest - SEALS_OF_A_DAY or number % NIGHTS == turn

    return chosen


async def find_alarm(tx: Transaction) -> Alarm | None:
    """What the last reconciliation that ran to its end found wrong; None when nothing."""
    for run in await find_runs(tx, [RECONCILIATION], limit=10):
        if run.finished_at is None or run.outcome is None:
            continue
        told = [str(one) for one in run.outcome.get("found", [])]
        if not told:
            return None
        return Alarm(at=run.finished_at, differences=int(run.outcome.get("differences", len(told))), summary=told[0])
    return None


async def _alarm(database: Database, slot: datetime, found: Sequence[str]) -> None:
    log.error("books_differ", differences=len(found), found=found[:TOLD_MAX])
    async with database.transaction() as tx:
        await publish(tx, [BooksDiffer(slot=slot, differences=len(found), summary=found[0])])


def _said(results: Sequence[CheckResult]) -> list[str]:
    return [
        f"{result.name}: {one['subject']}: expected {one['expected']}, found {one['actual']}"
        for result in results
        for one in result.differences
    ]


def _outcome(results: Sequence[CheckResult], verdict: Verdict, found: Sequence[str]) -> dict[str, Any]:
    return {
        "checks": len(results),
        "examined": sum(result.examined for result in results),
        "seals": verdict.seals_made,
        "rows_compared": verdict.rows,
        "unsealed": verdict.unsealed,
        "differences": len(found),
        "found": list(found[:TOLD_MAX]),
    }
