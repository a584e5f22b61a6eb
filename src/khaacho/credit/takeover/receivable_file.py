"""Reading a CSV of receivables: one row per payment, line by line, and never a silent guess.

Columns: customer, invoice, amount, issued_at, due_at, paid_at, paid_amount; the paid ones are empty when nothing was
paid. Everything that is wrong with a line is told with its number; nothing here touches the database.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from typing import TextIO

from khaacho import clock
from khaacho.credit.records import TERMS_DAYS_DEFAULT
from khaacho.credit.takeover.receivable_dates import UnclearDate, find_date_order, parse_moment
from khaacho.credit.takeover.receivable_records import DateOrder, ReceivableRow, ReceivableTable, RefusedRow
from khaacho.errors import InvalidAmount, ValidationFailed
from khaacho.money import paisa_from_rupees

COLUMNS = ("customer", "invoice", "amount", "issued_at", "due_at", "paid_at", "paid_amount")
DATE_COLUMNS = ("issued_at", "due_at", "paid_at")
NAME_LENGTH_MAX = 200
CELL_LENGTH_MAX = 1_000
# Spellings of one date come back on many lines.
DATES_REMEMBERED = 20_000

NOTHING_BILLED = "an invoice of zero, nothing is owed"
NOTHING_PAID = "a payment of zero"
NOT_YET = "has not happened yet"

_AMOUNT = re.compile(r"(?P<sign>[-+]?)\s*(?P<digits>\d+|\d{1,3}(?:,\d{2,3})*,\d{3})(?P<part>\.\d*)?")
_IN_BRACKETS = re.compile(r"\((?P<inner>[^()]+)\)")


class _Refused(Exception):
    """A line that cannot be taken; its text says why."""


def read_receivables(
    open_file: Callable[[], TextIO], *, date_order: DateOrder | None = None, currency: str = "Rs"
) -> ReceivableTable:
    """Read the whole table. `currency` may stand beside amounts and is taken off; they count as rupees, one to one.

    Without `date_order` the file is read twice, first to find the order all its dates agree on. Raises
    ValidationFailed when the file as a whole cannot be read; wrong lines are in the answer.
    """
    with open_file() as file:
        records = _Records(file)
        order = date_order or _agreed_order(records)
    with open_file() as file:
        records = _Records(file)
        return _Reading(order, currency).take_all(records)


class _Records:
    """(line number, cells by column) of every line that is not empty."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        head = _first_line(file)
        self._delimiter = max(",;\t", key=head.count)
        names = [name.strip().lower() for name in next(csv.reader([head], delimiter=self._delimiter), [])]
        missing = [name for name in COLUMNS if name not in names]
        if missing:
            raise ValidationFailed(
                field="file", why=f"has no column {', '.join(missing)}; it needs {', '.join(COLUMNS)}"
            )
        twice = [name for name, times in Counter(names).items() if times > 1 and name in COLUMNS]
        if twice:
            raise ValidationFailed(field="file", why=f"has the column {', '.join(twice)} twice")
        self.ignored = tuple(name for name in names if name and name not in COLUMNS)
        self._places = [(name, names.index(name)) for name in COLUMNS]
        self._width = len(names)

    def __iter__(self) -> Iterator[tuple[int, dict[str, str] | None]]:
        reader = csv.reader(self._file, delimiter=self._delimiter, strict=True)
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield reader.line_num + 1, self._named(cells)
        except csv.Error as error:
            raise ValidationFailed(field="file", why=f"line {reader.line_num + 1} is not CSV: {error}") from error
        except UnicodeDecodeError as error:
            raise ValidationFailed(
                field="file", why=f"is not in this encoding after line {reader.line_num + 1}"
            ) from error

    def _named(self, cells: list[str]) -> dict[str, str] | None:
        """None when the line has more or fewer cells than the head."""
        if len(cells) != self._width:
            return None
        return {name: cells[place].strip() for name, place in self._places}


def _first_line(file: TextIO) -> str:
    try:
        return file.readline(CELL_LENGTH_MAX * 10).rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise ValidationFailed(field="file", why="is not in this encoding") from error


def _agreed_order(records: _Records) -> DateOrder | None:
    cells = (named[column] for _, named in records if named for column in DATE_COLUMNS)
    try:
        return find_date_order(cells)
    except UnclearDate as error:
        raise ValidationFailed(field="file", why=f"{error}; say which with --date-order") from error


class _Reading:
    def __init__(self, order: DateOrder | None, currency: str) -> None:
        zone = clock.zone()
        self._moment = lru_cache(DATES_REMEMBERED)(lambda text: parse_moment(text, zone, order))
        self._currency = re.compile(rf"(?i)(?:{re.escape(currency)}\.?|NPR|Rs\.?|रु\.?|₹)") if currency else None
        self._now = clock.now()
        self._rows: list[ReceivableRow] = []
        self._refused: list[RefusedRow] = []
        self._left_out: Counter[str] = Counter()

    def take_all(self, records: _Records) -> ReceivableTable:
        lines = 0
        for line, named in records:
            lines += 1
            try:
                if named is None:
                    raise _Refused("has another number of cells than the first line")
                self._take(line, named)
            except _Refused as why:
                self._refused.append(RefusedRow(line=line, why=str(why)))
        self._refuse_contradictions()
        return ReceivableTable(
            rows=tuple(self._rows),
            refused=tuple(sorted(self._refused, key=lambda refused: refused.line)),
            left_out=dict(self._left_out),
            ignored_columns=records.ignored,
            lines=lines,
        )

    def _take(self, line: int, cells: dict[str, str]) -> None:
        customer, invoice = self._name(cells, "customer"), self._name(cells, "invoice")
        amount_paisa = self._paisa(cells, "amount")
        if amount_paisa < 0:
            raise _Refused("amount is below zero: a credit note is not an invoice, record it as an adjustment")
        issued_at = self._when(cells, "issued_at")
        due_on = clock.business_day(self._when(cells, "due_at") if cells["due_at"] else issued_at)
        if not cells["due_at"]:
            due_on += timedelta(days=TERMS_DAYS_DEFAULT)
        paid_at, paid_paisa = self._payment(cells)
        if amount_paisa == 0:
            if paid_paisa:
                raise _Refused("something was paid on an invoice of zero")
            self._left_out[NOTHING_BILLED] += 1
            return
        if issued_at > self._now:
            self._left_out[f"invoice {NOT_YET}"] += 1
            return
        if paid_at is not None and paid_at > self._now:
            self._left_out[f"payment {NOT_YET}"] += 1
            paid_at, paid_paisa = None, 0
        self._rows.append(
            ReceivableRow(
                line=line,
                customer=customer,
                invoice=invoice,
                amount_paisa=amount_paisa,
                issued_at=issued_at,
                due_on=due_on,
                paid_at=paid_at,
                paid_paisa=paid_paisa,
            )
        )

    def _payment(self, cells: dict[str, str]) -> tuple[datetime | None, int]:
        if not cells["paid_at"] and not cells["paid_amount"]:
            return None, 0
        paid_paisa = self._paisa(cells, "paid_amount") if cells["paid_amount"] else None
        if paid_paisa == 0:
            self._left_out[NOTHING_PAID] += 1
            return None, 0
        if paid_paisa is None:
            raise _Refused("paid_at without paid_amount")
        if paid_paisa < 0:
            raise _Refused("paid_amount is below zero: money given back is not a payment")
        return self._when(cells, "paid_at"), paid_paisa

    def _refuse_contradictions(self) -> None:
        """Lines of one invoice must agree on what was billed, when, and until when."""
        first: dict[tuple[str, str], ReceivableRow] = {}
        agreed: list[ReceivableRow] = []
        for row in self._rows:
            known = first.setdefault((row.customer, row.invoice), row)
            differing = [
                name
                for name, one, other in (
                    ("amount", known.amount_paisa, row.amount_paisa),
                    ("issued_at", known.issued_at, row.issued_at),
                    ("due_at", known.due_on, row.due_on),
                )
                if one != other
            ]
            if differing:
                why = f"{', '.join(differing)} differ from line {known.line}, which is of the same invoice"
                self._refused.append(RefusedRow(line=row.line, why=why))
            else:
                agreed.append(row)
        self._rows = agreed

    def _name(self, cells: dict[str, str], column: str) -> str:
        name = cells[column]
        if not name:
            raise _Refused(f"{column} is empty")
        if len(name) > NAME_LENGTH_MAX:
            raise _Refused(f"{column} is longer than {NAME_LENGTH_MAX} characters")
        if not name.isprintable():
            raise _Refused(f"{column} holds a character that cannot be printed")
        return name

    def _when(self, cells: dict[str, str], column: str) -> datetime:
        text = cells[column]
        if not text:
            raise _Refused(f"{column} is empty")
        try:
            return self._moment(text[:CELL_LENGTH_MAX])
        except UnclearDate as error:
            raise _Refused(f"{column}: {error}") from error

    def _paisa(self, cells: dict[str, str], column: str) -> int:
        text = cells[column]
        bare = (self._currency.sub("", text) if self._currency else text).strip()
        bracketed = _IN_BRACKETS.fullmatch(bare)
        match = _AMOUNT.fullmatch(bracketed["inner"].strip() if bracketed else bare)
        if match is None:
            raise _Refused(f"{column}: {text[:40]!r} is not an amount" if text else f"{column} is empty")
        try:
            paisa = paisa_from_rupees(match["digits"].replace(",", "") + (match["part"] or ""))
        except InvalidAmount as error:
            raise _Refused(f"{column}: {text[:40]!r} is not an amount: {error.details['why']}") from error
        return -paisa if bracketed or match["sign"] == "-" else paisa
