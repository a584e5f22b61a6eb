"""Invariants as queries: each answers the rows that break it, so a sound database answers nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from khaacho.platform.database import Database

DIFFERENCES_SHOWN_MAX = 20


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """`sql` answers one row per difference with the columns subject, expected, actual; `counts` how many it saw."""

    name: str
    promise: str
    sql: str
    counts: str


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    promise: str
    examined: int
    differences: list[dict[str, Any]]

    @property
    def holds(self) -> bool:
        return not self.differences


async def run_checks(database: Database, checks: Sequence[Check]) -> list[CheckResult]:
    """Run all of them on one snapshot, so that work going on meanwhile cannot look like a difference."""
    results: list[CheckResult] = []
    async with database.one_moment() as tx:
        await tx.execute("SET LOCAL statement_timeout = 0")
        for check in checks:
            differences = await tx.dicts(f"{check.sql} LIMIT {DIFFERENCES_SHOWN_MAX}")
            examined = await tx.value(check.counts)
            results.append(
                CheckResult(name=check.name, promise=check.promise, examined=int(examined), differences=differences)
            )
    return results
