"""A table of receivables from another book, as rows: what was billed, what was paid, and what was made of it."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

import msgspec

from khaacho import clock
from khaacho.money import rupees

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

    def contradiction(self, amount_paisa: int, issued_at: datetime, due_on: date) -> str | None:
        """In what this row differs from another word on its invoice; None when they agree."""
        differing = [
            f"{name} {one} is not {other}"
            for name, one, other in (
                ("amount", rupees(self.amount_paisa), rupees(amount_paisa)),
                ("issued_at", _said(self.issued_at), _said(issued_at)),
                ("due_at", self.due_on, due_on),
            )
            if one != other
        ]
        return ", ".join(differing) or None


def _said(moment: datetime) -> str:
    """On the wall clock, as short as it can be told without losing anything."""
    text = clock.business_time(moment).replace(tzinfo=None).isoformat(sep=" ")
    return text.removesuffix(":00").removesuffix(" 00:00")


class RefusedRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line that cannot be taken, and why."""

    line: int
    why: str


class ReceivableTable(msgspec.Struct, frozen=True, kw_only=True):
    """A whole file as read. `left_out` counts lines that need nothing done, by the reason.

    `idle` are rows whose invoice is none or not yet; what was taken over of them before must agree all the same.
    `alike` are customers whose names differ in nothing but case, spaces or how the same letter is written.
    """

    rows: tuple[ReceivableRow, ...]
    idle: tuple[ReceivableRow, ...] = ()
    alike: tuple[tuple[str, ...], ...] = ()
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
    alike: tuple[tuple[str, ...], ...] = ()
    retailers: int = 0
    invoices: int = 0
    payments: int = 0
    known_invoices: int = 0
    known_payments: int = 0
    billed_paisa: int = 0
    paid_paisa: int = 0
    unapplied_paisa: int = 0
    imported: bool = False
