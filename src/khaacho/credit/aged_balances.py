"""What every shop owed at the end of any day, by age, and its balance in the ledger: the list a bookkeeper closes on.

By when things happened, whenever they were told. Its cost follows the whole history; the dashboard of today does not.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from khaacho.credit.exposure.aging import Aging
from khaacho.credit.exposure.aging_history import AgedRetailer, find_aging_as_of
from khaacho.platform.database import Transaction
from khaacho.platform.days import checked_day, day_span


class AgedBalance(Aging, frozen=True, kw_only=True):
    """One shop. `balance_paisa` is what it owed less what it had paid ahead, as the ledger has it; paisa and days."""

    retailer_id: UUID
    code: str
    pasal_name: str
    balance_paisa: int
    overdue_paisa: int
    days_past_due: int
    oldest_open_days: int
    earliest_due_on: date | None

    @property
    def paid_ahead_paisa(self) -> int:
        """Money that no item had taken yet."""
        return self.total_paisa - self.balance_paisa


class _Balance(msgspec.Struct, frozen=True, kw_only=True):
    retailer_id: UUID
    code: str
    pasal_name: str
    paisa: int


async def find_aged_balances(tx: Transaction, day: date) -> list[AgedBalance]:
    """Shops that owed something or had paid ahead when `day` ended, by name. Raises ValidationFailed."""
    at = day_span(checked_day("at", day)).until - timedelta(microseconds=1)
    aged = {one.retailer_id: one for one in await find_aging_as_of(tx, None, at)}
    return [
        _aged(balance, aged.get(balance.retailer_id))
        for balance in await _find_balances(tx, at)
        if balance.paisa or balance.retailer_id in aged
    ]


async def _find_balances(tx: Transaction, at: datetime) -> list[_Balance]:
    # A line's receivable has the line's id; what was paid ahead on it is an account that the line owns.
    return await tx.all(
        """
        SELECT shop.retailer_id, shop.code, shop.pasal_name, COALESCE(SUM(entry.posted_change), 0)::bigint AS paisa
        FROM credit_shops AS shop
        JOIN credit_accounts AS line ON line.retailer_id = shop.retailer_id
        JOIN ledger_accounts AS account ON account.id = line.id OR account.owner_id = line.id
        LEFT JOIN ledger_entries AS entry ON entry.account_id = account.id AND entry.event_at <= %(at)s
        GROUP BY shop.retailer_id, shop.code, shop.pasal_name
        ORDER BY shop.pasal_name, shop.code
        """,
        {"at": at},
        into=_Balance,
    )


def _aged(balance: _Balance, aged: AgedRetailer | None) -> AgedBalance:
    ages = aged or Aging()
    return AgedBalance(
        retailer_id=balance.retailer_id,
        code=balance.code,
        pasal_name=balance.pasal_name,
        balance_paisa=balance.paisa,
        overdue_paisa=aged.overdue_paisa if aged else 0,
        days_past_due=aged.days_past_due if aged else 0,
        oldest_open_days=aged.oldest_days if aged else 0,
        earliest_due_on=aged.earliest_due_on if aged else None,
        days_0_7_paisa=ages.days_0_7_paisa,
        days_8_14_paisa=ages.days_8_14_paisa,
        days_15_30_paisa=ages.days_15_30_paisa,
        days_over_30_paisa=ages.days_over_30_paisa,
    )
