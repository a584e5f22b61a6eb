"""A shop's statement of account [C7]: what was owed, what changed it, in the order it happened, and what is owed.

Built from the ledger alone, on what the shop's lines owe less what it has paid ahead, so a payment is one line however
many items it cleared. Days are business days, both ends included. However long it is, it can be read: in parts, or in
portions off one snapshot.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
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
from khaacho.ledger.reports import Change, ChangePlace, find_changes, stream_changes, sum_changes, total_changes
from khaacho.parties.queries import require_retailer
from khaacho.parties.records import Retailer
from khaacho.platform.database import Transaction
from khaacho.platform.days import checked_day


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

    Every figure is of the whole time, and `count` is how many entries that has. `entries` may be a part of them: there
    are `before` of them before it, which leave a balance of `carried_paisa`, and it goes on after `next_place`.
    `aging` says how old what is owed was at the end; only on a statement of all lines.
    """

    retailer: Retailer
    lines: tuple[CreditLine, ...]
    since: date | None
    until: date
    opening_paisa: int
    before: int
    carried_paisa: int
    entries: tuple[StatementLine, ...]
    next_place: ChangePlace | None
    count: int
    debits_paisa: int
    credits_paisa: int
    closing_paisa: int
    owed_paisa: int
    ahead_paisa: int
    overdue_paisa: int | None = None
    aging: Aging | None = None


class _Period(msgspec.Struct, frozen=True, kw_only=True):
    """Whose accounts, from when until when."""

    retailer: Retailer
    lines: tuple[CreditLine, ...]
    last: date
    start: datetime | None
    end: datetime

    @property
    def account_ids(self) -> list[UUID]:
        return [one for line in self.lines for one in (line.id, ahead_account_id(line.id))]


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
    after: ChangePlace | None = None,
    limit: int,
) -> Statement:
    """The statement of all of the shop's lines, or of one; until today when no end is given.

    At most `limit` entries, those after a place; read it in `Database.one_moment`. Raises RetailerNotFound,
    NoCreditAccount when there is no (such) line, ValidationFailed for a period that ends before it begins.
    """
    period = await _find_period(tx, retailer_id, since=since, until=until, account_id=account_id)
    start, end = period.start, period.end
    opening_paisa = await sum_changes(tx, period.account_ids, until=start) if start else 0
    totals = await total_changes(tx, period.account_ids, since=start, until=end, after=after)
    # The one too many tells that there is more.
    changes = await find_changes(tx, period.account_ids, since=start, until=end, after=after, limit=limit + 1)
    shown = changes[:limit]
    carried_paisa = opening_paisa + totals.seen_sum
    closing_paisa = opening_paisa + totals.debits - totals.credits
    owed_paisa = await _find_owed(tx, [line.id for line in period.lines], end)
    statement = Statement(
        retailer=period.retailer,
        lines=period.lines,
        since=since,
        until=period.last,
        opening_paisa=opening_paisa,
        before=totals.seen,
        carried_paisa=carried_paisa,
        entries=_entries(shown, await _find_names(tx, shown), carried_paisa),
        next_place=_place_of(shown[-1]) if shown and len(changes) > limit else None,
        count=totals.count,
        debits_paisa=totals.debits,
        credits_paisa=totals.credits,
        closing_paisa=closing_paisa,
        owed_paisa=owed_paisa,
        ahead_paisa=owed_paisa - closing_paisa,
    )
    return await _aged(tx, statement, end) if account_id is None else statement


async def stream_entries(
    tx: Transaction,
    retailer_id: UUID,
    *,
    since: date | None,
    until: date | None,
    account_id: UUID | None,
    opening_paisa: int,
) -> AsyncGenerator[Sequence[StatementLine], None]:
    """Every entry after that opening balance, in portions, as they were at one moment. Raises as `find_statement`."""
    period = await _find_period(tx, retailer_id, since=since, until=until, account_id=account_id)
    balance_paisa = opening_paisa
    async with aclosing(stream_changes(tx, period.account_ids, since=period.start, until=period.end)) as portions:
        async for changes in portions:
            entries = _entries(changes, await _find_names(tx, changes), balance_paisa)
            balance_paisa = entries[-1].balance_paisa
            yield entries


async def _find_period(
    tx: Transaction, retailer_id: UUID, *, since: date | None, until: date | None, account_id: UUID | None
) -> _Period:
    last = until or clock.business_day()
    if since is not None and since > last:
        raise ValidationFailed(field="to", why="is before the first day")
    retailer = await require_retailer(tx, retailer_id)
    lines = await find_credit_lines(tx, retailer_id)
    chosen = tuple(line for line in lines if account_id in (None, line.id))
    if not chosen:
        raise NoCreditAccount(retailer_id=retailer_id)
    return _Period(
        retailer=retailer,
        lines=chosen,
        last=last,
        start=_start_of(since, "from") if since else None,
        end=_start_of(last, "to", days=1),
    )


def _place_of(change: Change) -> ChangePlace:
    return ChangePlace(at=change.event_at, transfer_id=change.transfer_id)


async def _find_owed(tx: Transaction, line_ids: Sequence[UUID], until: datetime) -> int:
    """What remained just before `until` of the items that were open then; credit_debits_account_idx serves this.

    A payment can be dated before the item it cleared had opened. Until then it was paid ahead, and nothing was owed
    below zero, as the balance of the line would have it.
    """
    owed: int = await tx.value(
        """
        SELECT COALESCE(SUM(debit.amount_paisa - (
            SELECT COALESCE(SUM(part.amount_paisa), 0)
            FROM credit_allocations AS part
            WHERE part.debit_id = debit.id AND part.event_at < %(until)s
        )), 0)::bigint
        FROM credit_debits AS debit
        WHERE debit.account_id = ANY(%(lines)s) AND debit.opened_at < %(until)s
        """,
        {"lines": list(line_ids), "until": until},
    )
    return owed


async def _aged(tx: Transaction, statement: Statement, end: datetime) -> Statement:
    # The last moment of the last day; ages count whole days, so every other moment of it says the same.
    found = await find_aging_as_of(tx, statement.retailer.id, end - timedelta(microseconds=1))
    return msgspec.structs.replace(
        statement,
        aging=found[0] if found else Aging(),
        overdue_paisa=found[0].overdue_paisa if found else 0,
    )


def _start_of(day: date, field: str, *, days: int = 0) -> datetime:
    return clock.start_of_business_day(checked_day(field, day) + timedelta(days=days))


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
