"""A table of receivables from another book, as rows: what was billed, what was paid, and what was made of it."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import msgspec

SOURCE_KIND = "receivable"


class DateOrder(StrEnum):
    """How a date of three plain numbers is meant: 03/04/2024 is the third of April, or the fourth of March."""

    DAY_FIRST = "day-first"
    MONTH_FIRST = "month-first"


class ReceivableRow(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table: an invoice, and at most one payment of it. `line` is its number in the file."""

    line: int
    customer: str
    invoice: str
    amount_paisa: int
    issued_at: datetime
    due_on: date
    paid_at: datetime | None = None
    paid_paisa: int = 0


class RefusedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line that cannot be taken, and why."""

    line: int
    why: str


class ReceivableTable(msgspec.Struct, frozen=True, kw_only=True):
    """A whole file as read. `left_out` counts lines that need nothing done, by the reason."""

    rows: tuple[ReceivableRow, ...]
    refused: tuple[RefusedRow, ...]
    left_out: dict[str, int]
    ignored_columns: tuple[str, ...]
    lines: int


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did, or would do. Amounts in paisa; `known_*` were there from an earlier import."""

    lines: int
    refused: tuple[RefusedRow, ...]
    left_out: dict[str, int]
    ignored_columns: tuple[str, ...]
    retailers: int = 0
    invoices: int = 0
    payments: int = 0
    known_invoices: int = 0
    known_payments: int = 0
    billed_paisa: int = 0
    paid_paisa: int = 0
    unapplied_paisa: int = 0
    imported: bool = False
