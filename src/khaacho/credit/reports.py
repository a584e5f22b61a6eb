"""Money as people look at it: owed and overdue over all retailers, money in, lines side by side, what cleared what.

Nothing here decides anything. Each report is at most two statements, whatever the number of retailers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

import msgspec

from khaacho.credit.queries import CreditTerms
from khaacho.credit.records import CreditLine
from khaacho.ledger.queries import find_accounts
from khaacho.platform.database import Transaction
from khaacho.platform.days import DaySpan


class MoneyFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What is owed now over all retailers, and what came in during a span of time. Amounts in paisa."""

    owed_paisa: int
    overdue_paisa: int
    retailers_owing: int
    retailers_overdue: int
    received_paisa: int
    payments: int


class DayReceived(msgspec.Struct, frozen=True, kw_only=True):
    """One business day's payments."""

    day: date
    count: int
    paisa: int


class Clearing(msgspec.Struct, frozen=True, kw_only=True):
    """What a payment or an adjustment cleared of an open item; `method` is how it was paid, or why it was adjusted."""

    id: UUID
    debit_id: UUID
    amount_paisa: int
    method: str
    reference: str | None
    event_at: datetime
    actor_name: str


async def find_money_figures(tx: Transaction, *, since: datetime, until: datetime, today: date) -> MoneyFigures:
    """Owed and overdue as of now; received between two moments, once it is really there (no uncleared cheque)."""
    # credit_debits_open_retailer_idx holds everything the first part needs; credit_payments_event_at_idx the second.
    return await tx.one(
        """
        WITH owed AS (
            SELECT retailer_id, SUM(amount_paisa - cleared_paisa) AS paisa,
                SUM(amount_paisa - cleared_paisa) FILTER (WHERE due_on < %(today)s) AS overdue_paisa
            FROM credit_debits
            WHERE cleared_paisa < amount_paisa
            GROUP BY retailer_id
        ), received AS (
            SELECT count(*) AS payments, COALESCE(SUM(amount_paisa), 0)::bigint AS paisa
            FROM credit_payments
            WHERE event_at >= %(since)s AND event_at < %(until)s AND state = 'CLEARED'
        )
        SELECT COALESCE(SUM(owed.paisa), 0)::bigint AS owed_paisa,
            COALESCE(SUM(owed.overdue_paisa), 0)::bigint AS overdue_paisa,
            count(owed.retailer_id) AS retailers_owing,
            count(owed.overdue_paisa) AS retailers_overdue,
            MAX(received.paisa) AS received_paisa,
            MAX(received.payments) AS payments
        FROM received
        LEFT JOIN owed ON true
        """,
        {"since": since, "until": until, "today": today},
        into=MoneyFigures,
    )


async def find_daily_payments(tx: Transaction, days: Sequence[DaySpan]) -> list[DayReceived]:
    """Money that came in on each of these days."""
    # One index-only scan of credit_payments_event_at_idx a day.
    return await tx.all(
        """
        SELECT d.day, received.count, received.paisa
        FROM unnest(%(days)s::date[], %(since)s::timestamptz[], %(until)s::timestamptz[]) AS d (day, since, until)
        CROSS JOIN LATERAL (
            SELECT count(*) AS count, COALESCE(SUM(p.amount_paisa), 0)::bigint AS paisa
            FROM credit_payments AS p
            WHERE p.event_at >= d.since AND p.event_at < d.until AND p.state = 'CLEARED'
        ) AS received
        ORDER BY d.day
        """,
        {
            "days": [one.day for one in days],
            "since": [one.since for one in days],
            "until": [one.until for one in days],
        },
        into=DayReceived,
    )


async def find_lines_of(tx: Transaction, retailer_ids: Sequence[UUID]) -> dict[UUID, list[CreditLine]]:
    """The credit lines of many retailers with their figures, the platform's first."""
    terms = await tx.all(
        """
        SELECT id, retailer_id, vendor_id, status, status_reason, limit_paisa, max_order_paisa, max_outstanding_days,
            terms_days, de_minimis_paisa
        FROM credit_accounts
        WHERE retailer_id = ANY(%(retailers)s)
        ORDER BY vendor_id NULLS FIRST
        """,
        {"retailers": list(retailer_ids)},
        into=CreditTerms,
    )
    accounts = await find_accounts(tx, [line.id for line in terms])
    lines: dict[UUID, list[CreditLine]] = defaultdict(list)
    for line in terms:
        lines[line.retailer_id].append(line.with_figures(accounts[line.id]))
    return dict(lines)


async def find_clearings(tx: Transaction, debit_id: UUID) -> list[Clearing]:
    """What cleared this open item and was not undone, oldest first."""
    return (await find_clearings_of(tx, [debit_id])).get(debit_id, [])


async def find_clearings_of(tx: Transaction, debit_ids: Sequence[UUID]) -> dict[UUID, list[Clearing]]:
    """The same of many items, by item; credit_allocations_debit_idx serves this."""
    found = await tx.all(
        """
        SELECT COALESCE(p.id, j.id) AS id, a.debit_id, a.amount_paisa, COALESCE(p.method, j.reason) AS method,
            COALESCE(p.reference, j.note) AS reference, COALESCE(p.event_at, j.event_at) AS event_at,
            COALESCE(p.actor_name, j.actor_name) AS actor_name
        FROM credit_allocations AS a
        LEFT JOIN credit_payments AS p ON p.id = a.payment_id
        LEFT JOIN credit_adjustments AS j ON j.id = a.adjustment_id
        WHERE a.debit_id = ANY(%(debits)s) AND a.undoes_id IS NULL
            AND NOT EXISTS (SELECT FROM credit_allocations AS undoing WHERE undoing.undoes_id = a.id)
        ORDER BY a.created_at, a.id
        """,
        {"debits": list(debit_ids)},
        into=Clearing,
    )
    clearings: dict[UUID, list[Clearing]] = defaultdict(list)
    for one in found:
        clearings[one.debit_id].append(one)
    return dict(clearings)
