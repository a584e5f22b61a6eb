"""Which rows are sealed [C6]: everything the ledger writes, and the audit; and the schedule that seals them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from khaacho.platform.audit import AUDIT_SEALED
from khaacho.platform.database import Database
from khaacho.platform.queue import Schedule
from khaacho.platform.scheduler import find_runs
from khaacho.platform.sealing import count_unsealed, find_head, seal_rows
from khaacho.platform.seals import SealedTable

_MOMENTS = frozenset({"event_at", "created_at", "expires_at"})

SEALED_TABLES = (
    SealedTable(
        table="ledger_holds",
        columns=(
            "id",
            "account_id",
            "amount",
            "source_kind",
            "source_id",
            "idempotency_key",
            "expires_at",
            "created_at",
            "actor_id",
            "actor_name",
            "written_in",
        ),
        moments=_MOMENTS,
    ),
    SealedTable(
        table="ledger_transfers",
        columns=(
            "id",
            "debit_account_id",
            "credit_account_id",
            "unit",
            "amount",
            "code",
            "source_kind",
            "source_id",
            "hold_id",
            "reverses_id",
            "idempotency_key",
            "event_at",
            "created_at",
            "actor_id",
            "actor_name",
            "written_in",
        ),
        moments=_MOMENTS,
    ),
    SealedTable(
        table="ledger_hold_endings",
        key=("hold_id",),
        columns=(
            "hold_id",
            "kind",
            "settled_amount",
            "released_amount",
            "created_at",
            "actor_id",
            "actor_name",
            "written_in",
        ),
        moments=_MOMENTS,
    ),
    SealedTable(
        table="ledger_entries",
        key=("account_id", "version"),
        counted=frozenset({"version"}),
        columns=(
            "account_id",
            "version",
            "kind",
            "transfer_id",
            "hold_id",
            "posted_change",
            "held_change",
            "posted_before",
            "posted_after",
            "held_before",
            "held_after",
            "event_at",
            "created_at",
            "written_in",
        ),
        moments=_MOMENTS,
    ),
    AUDIT_SEALED,
)

SEAL_SCHEDULE = "seal-ledger"
# Three months of runs; what they noted is kept apart from the chain, so that cutting it off shows.
RUNS_LOOKED_AT = 10_000


async def seal_ledger(database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
    """Seal what is new; answers how much, and where the chain ends now. A dry run counts what waits."""
    if dry_run:
        async with database.reading() as tx:
            return {"waiting": await count_unsealed(tx, SEALED_TABLES, await find_head(tx))}
    run = await seal_rows(database, SEALED_TABLES)
    return {"seals": run.seals, "rows": run.rows, "number": run.number, "hash": run.hash.hex()}


async def find_noted_hashes(database: Database) -> dict[int, bytes]:
    """Where the chain ended after each of the last runs, as the runs themselves noted it, by the seal's number."""
    async with database.reading() as tx:
        outcomes = [run.outcome for run in await find_runs(tx, [SEAL_SCHEDULE], limit=RUNS_LOOKED_AT)]
    return {
        int(outcome["number"]): bytes.fromhex(outcome["hash"])
        for outcome in outcomes
        if outcome and outcome.get("number")
    }


SCHEDULES = [Schedule(name=SEAL_SCHEDULE, cron="*/15 * * * *", run=seal_ledger)]
