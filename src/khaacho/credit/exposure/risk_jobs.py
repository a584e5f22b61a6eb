"""What the worker does about risk: every night, before anybody looks."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from khaacho.credit.exposure.at_risk import evaluate_all
from khaacho.platform.database import Database
from khaacho.platform.queue import Schedule


async def evaluate_guardrails(database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
    """Flag the lines that came into danger, and end the flags of those that are out of it."""
    async with database.transaction() as tx:
        return msgspec.structs.asdict(await evaluate_all(tx, dry_run=dry_run))


GUARDRAILS = Schedule(name="guardrails", cron="0 4 * * *", run=evaluate_guardrails)
SCHEDULES = [GUARDRAILS]
