"""A shop's statement of account [C7]: what was owed, what changed it, in the order it happened, and what is owed.

Built from the ledger alone, on what the shop's lines owe less what it has paid ahead, so a payment is one line however
many items it cleared. Days are business days, both ends included.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.credit.exposure.aging import Aging
from khaacho.credit.exposure.aging_history import find_aging_as_of
from khaacho.credit.queries import find_credit_lines
from khaacho.credit.records import AdjustmentReason, CreditLine, PaymentMethod
from khaacho.credit.tabs import ahead_account_id
from khaacho.errors import NoCreditAccount, ValidationFailed
from khaacho.ledger.reports import Change, find_changes, sum_changes
from khaacho.parties.queries import require_retailer
from khaacho.parties.records import Retailer
from khaacho.platform.database import Transaction

# What one page and one request can carry; a shop that trades ten times a day has this in a year.
LINES_MAX = 4_000


class StatementKind(StrEnum):
    """What a line of a statement is about. INVOICE was taken over from another book; OTHER is none of these."""

    ORDER = "ORDER"
    INVOICE = "INVOICE"
    PAYMENT = "PAYMENT"
    ADJUSTMENT = "ADJUSTMENT"
    OTHER = "OTHER"


_KIND_OF_SOURCE = {
    "order": StatementKind.ORDER,
    "receivable": StatementKind.INVOICE,
    "payment": StatementKind.PAYMENT,
    "adjustment": StatementKind.ADJUSTMENT,
}


class StatementLine(msgspec.Struct, frozen=True, kw_only=True):
    """One change. `is_reversal`: it takes back the order, payment or adjustment it names. Amounts in paisa."""

    event_at: datetime
    kind: StatementKind
    source_id: UUID
    is_reversal: bool
    code: str | None = None
    method: PaymentMethod | None = None
    reason: AdjustmentReason | None = None
    note: str | None = None
    debit_paisa: int
    credit_paisa: int
    balance_paisa: int


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """`since` None: from the beginning. The closing balance is `owed_paisa` less `ahead_paisa`, and may be below zero.

    `aging` says how old what is owed was at the end; only on a statement of all lines.
    """

    retailer: Retailer
    lines: tuple[CreditLine, ...]
    since: date | None
    until: date
    opening_paisa: int
    entries: tuple[StatementLine, ...]
    closing_paisa: int
    owed_paisa: int
    ahead_paisa: int
    overdue_paisa: int | None = None
    aging: Aging | None = None

    @property
    def debits_paisa(self) -> int:
        return sum(entry.debit_paisa for entry in self.entries)

    @property
    def credits_paisa(self) -> int:
        return sum(entry.credit_paisa for entry in self.entries)


class _Name(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    code: str | None = None
    method: PaymentMethod | None = None
    reason: AdjustmentReason | None = None
    note: str | None = None


async def find_statement(
    tx: Transaction,
    retailer_id: UUID,
    *,
    since: date | None = None,
    until: date | None = None,
    account_id: UUID | None = None,
) -> Statement:
    """The statement of all of the shop's lines, or of one; until today when no end is given.

    Raises RetailerNotFound, NoCreditAccount when there is no (such) line, ValidationFailed for a period that ends
    before it begins or holds more than LINES_MAX changes.
    """
    last = until or clock.business_day()
    if since is not None and since > last:
        raise ValidationFailed(field="to", why="is before the first day")
    retailer = await require_retailer(tx, retailer_id)
    lines = await find_credit_lines(tx, retailer_id)
    chosen = [line for line in lines if account_id in (None, line.id)]
    if not chosen:
        raise NoCreditAccount(retailer_id=retailer_id)
    end = _start_of(last, "to", days=1)
    start = _start_of(since, "from") if since else None
    ahead_ids = [ahead_account_id(line.id) for line in chosen]
    own_ids = [*(line.id for line in chosen), *ahead_ids]
    opening_paisa = await sum_changes(tx, own_ids, until=start) if start else 0
    changes = await find_changes(tx, own_ids, since=start, until=end)
    if len(changes) > LINES_MAX:
        raise ValidationFailed(field="from", why=f"gives more than {LINES_MAX} lines; choose a shorter time")
    entries = _entries(changes, await _find_names(tx, changes), opening_paisa)
    closing_paisa = entries[-1].balance_paisa if entries else opening_paisa
    ahead_paisa = -await sum_changes(tx, ahead_ids, until=end)
    statement = Statement(
        retailer=retailer,
        lines=tuple(chosen),
        since=since,
        until=last,
        opening_paisa=opening_paisa,
        entries=entries,
        closing_paisa=closing_paisa,
        owed_paisa=closing_paisa + ahead_paisa,
        ahead_paisa=ahead_paisa,
    )
    return await _aged(tx, statement, end) if account_id is None else statement


async def _aged(tx: Transaction, statement: Statement, end: datetime) -> Statement:
    # The last moment of the last day; ages count whole days, so every other moment of it says the same.
    found = await find_aging_as_of(tx, statement.retailer.id, end - timedelta(microseconds=1))
    return msgspec.structs.replace(
        statement,
        aging=found[0] if found else Aging(),
        overdue_paisa=found[0].overdue_paisa if found else 0,
    )


def _start_of(day: date, field: str, *, days: int = 0) -> datetime:
    try:
        return clock.start_of_business_day(day + timedelta(days=days))
    except (OverflowError, ValueError) as error:
        raise ValidationFailed(field=field, why="is not a day we can count with") from error


def _entries(changes: Sequence[Change], names: dict[UUID, _Name], opening_paisa: int) -> tuple[StatementLine, ...]:
    entries: list[StatementLine] = []
    balance_paisa = opening_paisa
    for change in changes:
        balance_paisa += change.change
        name = names.get(change.source_id, _Name(id=change.source_id))
        entries.append(
            StatementLine(
                event_at=change.event_at,
                kind=_KIND_OF_SOURCE.get(change.source_kind, StatementKind.OTHER),
                source_id=change.source_id,
                is_reversal=change.is_reversal,
                code=name.code,
                method=name.method,
                reason=name.reason,
                note=name.note,
                debit_paisa=max(0, change.change),
                credit_paisa=max(0, -change.change),
                balance_paisa=balance_paisa,
            )
        )
    return tuple(entries)


async def _find_names(tx: Transaction, changes: Sequence[Change]) -> dict[UUID, _Name]:
    """What people call the sources: an order's code, a payment's reference, an adjustment's reason."""
    found = await tx.all(
        """
        SELECT order_id AS id, code, NULL AS method, NULL AS reason, NULL AS note
        FROM credit_orders WHERE order_id = ANY(%(ids)s)
        UNION ALL
        SELECT id, invoice, NULL, NULL, NULL FROM receivable_invoices WHERE id = ANY(%(ids)s)
        UNION ALL
        SELECT id, reference, method, NULL, NULL FROM credit_payments WHERE id = ANY(%(ids)s)
        UNION ALL
        SELECT id, NULL, NULL, reason, note FROM credit_adjustments WHERE id = ANY(%(ids)s)
        """,
        {"ids": list({change.source_id for change in changes})},
        into=_Name,
    )
    return {name.id: name for name in found}
