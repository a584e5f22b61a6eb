"""What was owed on any day, by age, as it was by when things happened [C7, C30].

Not what we knew then: a payment of Monday that was told on Friday cleared on Monday. For reports and for proof, since
its cost follows the history up to that moment; the dashboard of today reads open items only.
"""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from khaacho import clock
from khaacho.credit.exposure.aging import Aging, bucket_starts
from khaacho.platform.database import Transaction


class AgedRetailer(Aging, frozen=True, kw_only=True):
    """What a shop owed at a moment, how much of it past its due day, and when the earliest of it was due."""

    retailer_id: UUID
    at: datetime
    overdue_paisa: int
    oldest_opened_at: datetime
    earliest_due_on: date

    @property
    def oldest_days(self) -> int:
        """Business days since the oldest item that was open had opened."""
        return (clock.business_day(self.at) - clock.business_day(self.oldest_opened_at)).days

    @property
    def days_past_due(self) -> int:
        """Days since the earliest due day of what was open; 0 when nothing was due yet."""
        return max(0, (clock.business_day(self.at) - self.earliest_due_on).days)


async def find_aging_as_of(tx: Transaction, retailer_id: UUID | None, at: datetime) -> list[AgedRetailer]:
    """Shops that owed something at `at` (inclusive), by id; one shop, or all of them for None."""
    starts = bucket_starts(clock.business_day(at))
    of_one = "AND account_id IN (SELECT id FROM credit_accounts WHERE retailer_id = %(retailer)s)"
    return await tx.all(
        f"""
        WITH items AS (
            SELECT id, retailer_id, opened_at, due_on, amount_paisa
            FROM credit_debits
            WHERE opened_at <= %(at)s {of_one if retailer_id else ""}
        ), cleared AS (
            SELECT part.debit_id, SUM(part.amount_paisa) AS paisa
            FROM credit_allocations AS part
            JOIN items ON items.id = part.debit_id
            WHERE part.event_at <= %(at)s
            GROUP BY part.debit_id
        ), owed AS (
            SELECT items.retailer_id, items.opened_at, items.due_on,
                items.amount_paisa - COALESCE(cleared.paisa, 0) AS paisa
            FROM items
            LEFT JOIN cleared ON cleared.debit_id = items.id
        )
        SELECT retailer_id, %(at)s::timestamptz AS at,
            COALESCE(SUM(paisa) FILTER (WHERE opened_at >= %(from_7)s), 0)::bigint AS days_0_7_paisa,
            COALESCE(SUM(paisa) FILTER (WHERE opened_at >= %(from_14)s AND opened_at < %(from_7)s), 0)::bigint
                AS days_8_14_paisa,
            COALESCE(SUM(paisa) FILTER (WHERE opened_at >= %(from_30)s AND opened_at < %(from_14)s), 0)::bigint
                AS days_15_30_paisa,
            COALESCE(SUM(paisa) FILTER (WHERE opened_at < %(from_30)s), 0)::bigint AS days_over_30_paisa,
            COALESCE(SUM(paisa) FILTER (WHERE due_on < %(day)s), 0)::bigint AS overdue_paisa,
            MIN(opened_at) AS oldest_opened_at, MIN(due_on) AS earliest_due_on
        FROM owed
        WHERE paisa > 0
        GROUP BY retailer_id
        ORDER BY retailer_id
        """,
        {
            "at": at,
            "day": clock.business_day(at),
            "retailer": retailer_id,
            "from_7": clock.start_of_business_day(starts.days_0_7),
            "from_14": clock.start_of_business_day(starts.days_8_14),
            "from_30": clock.start_of_business_day(starts.days_15_30),
        },
        into=AgedRetailer,
    )
