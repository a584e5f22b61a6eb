"""Reading credit: lines with their figures, what is overdue, open items, a retailer's overview."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from functools import lru_cache
from typing import TypeVar
from uuid import UUID, uuid5

import msgspec

from khaacho import clock
from khaacho.credit.guardrails import NOTHING_OVERDUE, Overdue
from khaacho.credit.records import CreditLine, CreditOverview, Debit
from khaacho.errors import DebitNotFound, NoCreditAccount, RetailerNotFound
from khaacho.ledger.chart import NAMESPACE, AccountKind, account_id
from khaacho.ledger.queries import find_accounts
from khaacho.ledger.records import LedgerAccount
from khaacho.parties.standings import CreditStatus, find_standing
from khaacho.platform.database import Pending, Transaction

Line = TypeVar("Line", bound=CreditLine)

# Deriving an id takes 4 µs, and every order and question about credit asks for two.
LINE_IDS_KNOWN_MAX = 65_536

DEBIT_COLUMNS = """
    id, account_id, retailer_id, source_kind, source_id, amount_paisa, cleared_paisa, written_off, opened_at, due_on,
    cleared_at
"""


class CreditTerms(msgspec.Struct, frozen=True, kw_only=True):
    """A credit line without its running figures, which the ledger keeps under the same id."""

    id: UUID
    retailer_id: UUID
    vendor_id: UUID | None
    status: CreditStatus
    status_reason: str | None
    limit_paisa: int
    max_order_paisa: int
    max_outstanding_days: int
    terms_days: int
    de_minimis_paisa: int

    def with_figures(self, account: LedgerAccount) -> CreditLine:
        """The line as it stands."""
        return CreditLine(**msgspec.structs.asdict(self), posted=account.posted, held=account.held)


class OverdueRow(msgspec.Struct, frozen=True, kw_only=True):
    account_id: UUID
    paisa: int
    earliest_due_on: date

    def on(self, today: date) -> Overdue:
        return Overdue(paisa=self.paisa, days=(today - self.earliest_due_on).days)


@lru_cache(maxsize=LINE_IDS_KNOWN_MAX)
def credit_line_id(retailer_id: UUID, vendor_id: UUID | None = None) -> UUID:
    """The id of the line between a retailer and a lender: derived, so that it can be locked without a look-up."""
    return uuid5(NAMESPACE, f"line:{retailer_id}:{vendor_id or 'platform'}")


def unapplied_account_id(line_id: UUID) -> UUID:
    """The ledger account that keeps what a retailer paid beyond what was owed on this line."""
    return account_id(AccountKind.UNAPPLIED_CREDIT, line_id)


async def send_find_terms(tx: Transaction, line_ids: Sequence[UUID]) -> Pending[CreditTerms]:
    """Queue the look-up of these lines' terms."""
    return await tx.send(
        """
        SELECT id, retailer_id, vendor_id, status, status_reason, limit_paisa, max_order_paisa, max_outstanding_days,
            terms_days, de_minimis_paisa
        FROM credit_accounts
        WHERE id = ANY(%(ids)s)
        """,
        {"ids": list(line_ids)},
        into=CreditTerms,
    )


async def send_find_overdue(tx: Transaction, line_ids: Sequence[UUID], today: date) -> Pending[OverdueRow]:
    """Queue the sums of what is past its due day; served by credit_debits_open_idx, so cost follows open items."""
    return await tx.send(
        """
        SELECT account_id, SUM(amount_paisa - cleared_paisa)::bigint AS paisa, MIN(due_on) AS earliest_due_on
        FROM credit_debits
        WHERE account_id = ANY(%(ids)s) AND cleared_paisa < amount_paisa AND due_on < %(today)s
        GROUP BY account_id
        """,
        {"ids": list(line_ids), "today": today},
        into=OverdueRow,
    )


async def find_overdue(tx: Transaction, line_id: UUID) -> Overdue:
    """What is past its due day on one line, today."""
    today = clock.business_day()
    row = await (await send_find_overdue(tx, [line_id], today)).first()
    return row.on(today) if row else NOTHING_OVERDUE


async def find_credit_lines(tx: Transaction, retailer_id: UUID) -> list[CreditLine]:
    """Every line of the retailer, the platform's first."""
    terms = await tx.all(
        """
        SELECT id, retailer_id, vendor_id, status, status_reason, limit_paisa, max_order_paisa, max_outstanding_days,
            terms_days, de_minimis_paisa
        FROM credit_accounts
        WHERE retailer_id = %(retailer)s
        ORDER BY vendor_id NULLS FIRST
        """,
        {"retailer": retailer_id},
        into=CreditTerms,
    )
    accounts = await find_accounts(tx, [line.id for line in terms])
    return [line.with_figures(accounts[line.id]) for line in terms]


async def find_line_for(tx: Transaction, retailer_id: UUID, vendor_id: UUID | None) -> CreditLine | None:
    """The line an order to this vendor would use: the vendor's own where there is one, otherwise the platform's."""
    lines = await find_credit_lines(tx, retailer_id)
    return choose_line(lines, vendor_id)


def choose_line(lines: Iterable[Line], vendor_id: UUID | None) -> Line | None:
    """A line opened by a vendor binds only orders routed to it; otherwise the platform's line is used [C20]."""
    by_lender = {line.vendor_id: line for line in lines}
    return by_lender.get(vendor_id) or by_lender.get(None)


async def require_credit_line(tx: Transaction, line_id: UUID) -> CreditLine:
    """The line. Raises NoCreditAccount."""
    terms = await (await send_find_terms(tx, [line_id])).first()
    if terms is None:
        raise NoCreditAccount(account_id=line_id)
    accounts = await find_accounts(tx, [line_id])
    return terms.with_figures(accounts[line_id])


async def find_open_debits(tx: Transaction, retailer_id: UUID) -> list[Debit]:
    """What the retailer still owes, oldest first, over all lines."""
    return await tx.all(
        f"""
        SELECT {DEBIT_COLUMNS}
        FROM credit_debits
        WHERE retailer_id = %(retailer)s AND cleared_paisa < amount_paisa
        ORDER BY opened_at, id
        """,
        {"retailer": retailer_id},
        into=Debit,
    )


async def find_open_debits_of_line(tx: Transaction, line_id: UUID) -> list[Debit]:
    """What is still owed on one line, oldest first. Lock the line before acting on it."""
    return await tx.all(
        f"""
        SELECT {DEBIT_COLUMNS}
        FROM credit_debits
        WHERE account_id = %(line)s AND cleared_paisa < amount_paisa
        ORDER BY opened_at, id
        """,
        {"line": line_id},
        into=Debit,
    )


async def require_debit(tx: Transaction, debit_id: UUID) -> Debit:
    """The open item. Raises DebitNotFound."""
    debit = await tx.first(f"SELECT {DEBIT_COLUMNS} FROM credit_debits WHERE id = %(id)s", {"id": debit_id}, into=Debit)
    if debit is None:
        raise DebitNotFound(transaction_id=debit_id)
    return debit


async def find_debits(tx: Transaction, debit_ids: Sequence[UUID]) -> list[Debit]:
    """Those that exist, open or not, oldest first."""
    return await tx.all(
        f"SELECT {DEBIT_COLUMNS} FROM credit_debits WHERE id = ANY(%(ids)s) ORDER BY opened_at, id",
        {"ids": list(debit_ids)},
        into=Debit,
    )


async def find_debits_of_orders(tx: Transaction, order_ids: Sequence[UUID]) -> dict[UUID, Debit]:
    """The open item each order became, by order id."""
    debits = await tx.all(
        f"SELECT {DEBIT_COLUMNS} FROM credit_debits WHERE source_id = ANY(%(ids)s) AND source_kind = 'order'",
        {"ids": list(order_ids)},
        into=Debit,
    )
    return {debit.source_id: debit for debit in debits}


async def find_credit_overview(tx: Transaction, retailer_id: UUID) -> CreditOverview:
    """Where the retailer stands over all lines. Raises RetailerNotFound."""
    standing = await find_standing(tx, retailer_id)
    if standing is None:
        raise RetailerNotFound(retailer_id=retailer_id)
    lines = await find_credit_lines(tx, retailer_id)
    debits = await find_open_debits(tx, retailer_id)
    unapplied = await find_accounts(tx, [unapplied_account_id(line.id) for line in lines])
    today = clock.business_day()
    oldest = min((clock.business_day(debit.opened_at) for debit in debits), default=today)
    return CreditOverview(
        limit_paisa=sum(line.limit_paisa for line in lines),
        used_paisa=sum(line.used_paisa for line in lines),
        held_paisa=sum(line.held for line in lines),
        available_paisa=sum(line.available_paisa for line in lines),
        overdue_paisa=sum(debit.remaining_paisa for debit in debits if debit.due_on < today),
        unapplied_paisa=-sum(account.posted for account in unapplied.values()),
        oldest_days=(today - oldest).days,
        terms_days=lines[0].terms_days if lines else 0,
        status=standing.credit_status,
        status_reason=standing.credit_status_reason,
        lines=tuple(lines),
        open_debits=tuple(debits),
    )
