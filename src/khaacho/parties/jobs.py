"""Work that nobody waits for: throwing away what signing in has left behind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from khaacho.parties.signin.lockout import FORGIVEN_AFTER
from khaacho.parties.signin.tokens import REFRESH_TOKEN_LIFETIME
from khaacho.platform.database import Database, Transaction
from khaacho.platform.queue import JobHandlers, Schedule

# An ended sign-in is kept for a while, so that a token stolen from it is still recognised as used before.
KEPT_AFTER_END = timedelta(days=30)

_LEFTOVERS = {
    "one_time_codes": "expires_at < %(yesterday)s",
    "sign_in_failures": "last_failed_at < %(forgiven)s",
    "console_sessions": "expires_at < %(now)s",
    "sign_ins": """started_at < %(outlived)s AND NOT EXISTS (
        SELECT FROM refresh_tokens AS t WHERE t.sign_in_id = sign_ins.id AND t.expires_at > %(kept)s)""",
}


async def purge_sign_in_leftovers(database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
    """Delete expired codes and sessions, forgiven failures, and sign-ins that ended long ago; answers how many."""
    moments = {
        "now": slot,
        "yesterday": slot - timedelta(days=1),
        "forgiven": slot - FORGIVEN_AFTER,
        "outlived": slot - REFRESH_TOKEN_LIFETIME,
        "kept": slot - KEPT_AFTER_END,
    }
    async with database.transaction() as tx:
        return {table: await _purge(tx, table, rule, moments, dry_run) for table, rule in _LEFTOVERS.items()}


async def _purge(tx: Transaction, table: str, rule: str, moments: Mapping[str, Any], dry_run: bool) -> int:
    if dry_run:
        count: int = await tx.value(f"SELECT count(*) FROM {table} WHERE {rule}", moments)
        return count
    return await tx.execute(f"DELETE FROM {table} WHERE {rule}", moments)


HANDLERS: JobHandlers = {}
SCHEDULES = [Schedule(name="PurgeSignInLeftovers", cron="10 3 * * *", run=purge_sign_in_leftovers)]
