"""Looking for what no job will nudge any more: a worker lost, a lease that ended, a report that crossed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from khaacho import clock
from khaacho.platform.database import Database
from khaacho.platform.queue import Schedule
from khaacho.whatsapp.nudges import nudge_drain, nudge_send
from khaacho.whatsapp.statuses import settle_early_statuses

# A healthy worker has a message worked long before this.
OVERDUE = timedelta(seconds=30)
CONTACTS_MAX = 5_000


async def sweep_messages(database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
    """Nudge every contact with messages that should have been worked or sent by now; answers how many there were."""
    async with database.transaction() as tx:
        late = {"before": clock.now() - OVERDUE, "limit": CONTACTS_MAX}
        unworked = await tx.values(
            """
            SELECT contact_id
            FROM inbound_messages
            WHERE state = 'RECEIVED' AND COALESCE(next_attempt_at, received_at) < %(before)s
            GROUP BY contact_id
            LIMIT %(limit)s
            """,
            late,
        )
        unsent = await tx.values(
            """
            SELECT contact_id
            FROM outbound_messages
            WHERE state IN ('QUEUED', 'SENDING') AND next_attempt_at < %(before)s
            GROUP BY contact_id
            LIMIT %(limit)s
            """,
            late,
        )
        if not dry_run:
            await nudge_drain(tx, unworked)
            await nudge_send(tx, unsent)
            await settle_early_statuses(tx)
    return {"contacts_to_drain": len(unworked), "contacts_to_send": len(unsent)}


SWEEP = Schedule(name="sweep-messages", cron="* * * * *", run=sweep_messages)
