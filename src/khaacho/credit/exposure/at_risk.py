"""Lines that come near their limit, or have something open for too long [C91]: told live, and flagged every night.

A flag is a row with its beginning and end, so that people see since when a line is in danger. Evaluating twice
changes nothing the second time. Nobody's credit is touched here: pausing is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.credit.exposure.aging import OVERDUE_HIGH_DAYS_MAX, USAGE_CRITICAL_PERCENT, USAGE_HIGH_PERCENT, Severity
from khaacho.ids import new_id
from khaacho.platform.database import Transaction


class Danger(StrEnum):
    HIGH_CREDIT_USAGE = "HIGH_CREDIT_USAGE"
    OVERDUE_CREDIT = "OVERDUE_CREDIT"


class LineAtRisk(msgspec.Struct, frozen=True, kw_only=True):
    """A line in danger. `amount_paisa` is what is used, or what has been open for too long.

    `open_days` is the age of the oldest item that is open for too long. `flagged_since` is when a run first found it.
    """

    account_id: UUID
    retailer_id: UUID
    vendor_id: UUID | None
    pasal_name: str
    phone: str
    kind: Danger
    severity: Severity
    amount_paisa: int
    limit_paisa: int
    used_paisa: int
    max_outstanding_days: int
    oldest_opened_at: datetime | None
    flagged_since: datetime | None

    @property
    def available_paisa(self) -> int:
        return max(0, self.limit_paisa - self.used_paisa)

    @property
    def usage_percent(self) -> int:
        """Whole percents, rounded down; 100 for anything used of nothing."""
        if self.limit_paisa == 0:
            return 100 if self.used_paisa else 0
        return self.used_paisa * 100 // self.limit_paisa

    @property
    def open_days(self) -> int:
        if self.oldest_opened_at is None:
            return 0
        return (clock.business_day() - clock.business_day(self.oldest_opened_at)).days

    @property
    def days_past(self) -> int:
        """Days beyond what the line allows."""
        return max(0, self.open_days - self.max_outstanding_days)

    @property
    def detail(self) -> str:
        if self.kind is Danger.HIGH_CREDIT_USAGE:
            return f"{self.usage_percent}% of credit limit used"
        return f"{self.open_days} days outstanding ({self.days_past} days overdue)"


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did, or would do: lines in danger now, and flags raised, changed in severity or amount, and ended."""

    at_risk: int
    critical: int
    raised: int
    changed: int
    ended: int


# For each line only what is too old is read, by its own part of credit_debits_open_idx; what is young costs nothing.
# A line's border is the midnight that began the oldest day it allows. Small remainders are forgiven, as by the pause.
_AT_RISK = f"""
    WITH at_risk AS (
        SELECT id AS account_id, retailer_id, vendor_id, limit_paisa, used_paisa, max_outstanding_days,
            'HIGH_CREDIT_USAGE' AS kind, used_paisa AS amount_paisa, NULL::timestamptz AS oldest_opened_at,
            CASE WHEN used_paisa * 100 > limit_paisa * {USAGE_CRITICAL_PERCENT} THEN 'CRITICAL'
                ELSE 'HIGH' END AS severity
        FROM credit_lines
        WHERE used_paisa * 100 > limit_paisa * {USAGE_HIGH_PERCENT}
        UNION ALL
        SELECT line.id, line.retailer_id, line.vendor_id, line.limit_paisa, line.used_paisa,
            line.max_outstanding_days, 'OVERDUE_CREDIT', late.paisa, late.oldest_opened_at,
            CASE WHEN late.oldest_opened_at < (
                    %(today)s::date - line.max_outstanding_days - {OVERDUE_HIGH_DAYS_MAX}
                )::timestamp AT TIME ZONE %(zone)s THEN 'CRITICAL' ELSE 'HIGH' END
        FROM credit_lines AS line
        CROSS JOIN LATERAL (
            SELECT SUM(amount_paisa - cleared_paisa)::bigint AS paisa, MIN(opened_at) AS oldest_opened_at
            FROM credit_debits AS debit
            WHERE debit.account_id = line.id AND debit.cleared_paisa < debit.amount_paisa
                AND debit.opened_at < (%(today)s::date - line.max_outstanding_days)::timestamp AT TIME ZONE %(zone)s
                AND debit.amount_paisa - debit.cleared_paisa >= line.de_minimis_paisa
        ) AS late
        WHERE late.paisa > 0
    )
"""


async def find_at_risk(tx: Transaction, *, skip: int = 0, limit: int) -> list[LineAtRisk]:
    """Lines in danger now: CRITICAL before HIGH, then by amount, largest first."""
    return await tx.all(
        f"""
        {_AT_RISK}
        SELECT at_risk.account_id, at_risk.retailer_id, at_risk.vendor_id, shop.pasal_name, shop.phone, at_risk.kind,
            at_risk.severity, at_risk.amount_paisa, at_risk.limit_paisa, at_risk.used_paisa,
            at_risk.max_outstanding_days, at_risk.oldest_opened_at, flag.raised_at AS flagged_since
        FROM at_risk
        JOIN credit_shops AS shop ON shop.retailer_id = at_risk.retailer_id
        LEFT JOIN credit_risk_flags AS flag
            ON flag.account_id = at_risk.account_id AND flag.kind = at_risk.kind AND flag.cleared_at IS NULL
        ORDER BY at_risk.severity = 'CRITICAL' DESC, at_risk.amount_paisa DESC, at_risk.account_id, at_risk.kind
        LIMIT %(limit)s OFFSET %(skip)s
        """,
        {**_day(), "limit": limit, "skip": skip},
        into=LineAtRisk,
    )


async def evaluate_all(tx: Transaction, *, dry_run: bool = False) -> Evaluation:
    """Raise a flag for every line that came into danger, follow those that still are, end those that are not."""
    found = await tx.dicts(
        f"""
        {_AT_RISK}
        SELECT COALESCE(at_risk.account_id, flag.account_id) AS account_id, COALESCE(at_risk.kind, flag.kind) AS kind,
            at_risk.severity, at_risk.amount_paisa, flag.id AS flag_id,
            at_risk.account_id IS NULL AS ended,
            (at_risk.severity, at_risk.amount_paisa) IS DISTINCT FROM (flag.severity, flag.amount_paisa) AS changed
        FROM at_risk
        FULL JOIN (SELECT * FROM credit_risk_flags WHERE cleared_at IS NULL) AS flag
            ON flag.account_id = at_risk.account_id AND flag.kind = at_risk.kind
        """,
        _day(),
    )
    current = [row for row in found if not row["ended"]]
    raised = [row for row in current if row["flag_id"] is None]
    changed = [row for row in current if row["flag_id"] is not None and row["changed"]]
    ended = [row for row in found if row["ended"]]
    if not dry_run:
        await _raise_flags(tx, raised)
        await _follow_flags(tx, changed)
        await _end_flags(tx, ended)
    return Evaluation(
        at_risk=len(current),
        critical=sum(row["severity"] == Severity.CRITICAL for row in current),
        raised=len(raised),
        changed=len(changed),
        ended=len(ended),
    )


async def _raise_flags(tx: Transaction, rows: Sequence[dict[str, Any]]) -> None:
    # Another run may have raised the same a moment ago.
    await tx.execute(
        """
        INSERT INTO credit_risk_flags (id, account_id, kind, severity, amount_paisa, raised_at, changed_at)
        SELECT flag.*, %(now)s, %(now)s
        FROM unnest(%(ids)s::uuid[], %(accounts)s::uuid[], %(kinds)s::text[], %(severities)s::text[],
            %(amounts)s::bigint[]) AS flag
        ON CONFLICT DO NOTHING
        """,
        {
            "ids": [new_id() for _ in rows],
            "accounts": [row["account_id"] for row in rows],
            "kinds": [row["kind"] for row in rows],
            "severities": [row["severity"] for row in rows],
            "amounts": [row["amount_paisa"] for row in rows],
            "now": clock.now(),
        },
    )


async def _follow_flags(tx: Transaction, rows: Sequence[dict[str, Any]]) -> None:
    await tx.execute(
        """
        UPDATE credit_risk_flags AS flag
        SET severity = new.severity, amount_paisa = new.amount, changed_at = %(now)s
        FROM unnest(%(ids)s::uuid[], %(severities)s::text[], %(amounts)s::bigint[]) AS new (id, severity, amount)
        WHERE flag.id = new.id AND flag.cleared_at IS NULL
        """,
        {
            "ids": [row["flag_id"] for row in rows],
            "severities": [row["severity"] for row in rows],
            "amounts": [row["amount_paisa"] for row in rows],
            "now": clock.now(),
        },
    )


async def _end_flags(tx: Transaction, rows: Sequence[dict[str, Any]]) -> None:
    await tx.execute(
        "UPDATE credit_risk_flags SET cleared_at = %(now)s WHERE id = ANY(%(ids)s) AND cleared_at IS NULL",
        {"ids": [row["flag_id"] for row in rows], "now": clock.now()},
    )


def _day() -> dict[str, Any]:
    return {"today": clock.business_day(), "zone": str(clock.zone())}
