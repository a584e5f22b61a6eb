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
from typing import TextIO, TypeVar

import msgspec

from khaacho import clock
from khaacho.credit.records import TERMS_DAYS_DEFAULT
from khaacho.credit.takeover.receivable_cells import (
    UnclearCell,
    currency_pattern,
    find_alike,
    parse_amount,
    parse_name,
    shows_decimal_point,
)
from khaacho.credit.takeover.receivable_dates import UnclearDate, find_date_order, parse_moment
from khaacho.credit.takeover.receivable_records import DateOrder, ReceivableRow, ReceivableTable, RefusedRow
from khaacho.errors import ValidationFailed

Found = TypeVar("Found")

COLUMNS = ("customer", "invoice", "amount", "issued_at", "due_at", "paid_at", "paid_amount")
DATE_COLUMNS = ("issued_at", "due_at", "paid_at")
AMOUNT_COLUMNS = ("amount", "paid_amount")
CELL_LENGTH_MAX = 1_000
# Spellings of one date come back on many lines.
DATES_REMEMBERED = 20_000
# The Nepali calendar is 56 years ahead, so its days of the last decades are further away than anything really to come.
DAYS_AHEAD_MAX = 20 * 366

NOTHING_BILLED = "an invoice of zero, nothing is owed"
NOTHING_PAID = "a payment of zero"
NOT_YET = "has not happened yet"
PAID_FOR_LATER = "a payment of an invoice that has not happened yet"
OTHER_ENCODING = "is not in this encoding; say which with --encoding, for example cp1252 or utf-16"


class _Habits(msgspec.Struct, frozen=True, kw_only=True):
    """What only the table as a whole tells of how it is written."""

    date_order: DateOrder | None
    point_is_decimal: bool


def read_receivables(
    open_file: Callable[[], TextIO], *, date_order: DateOrder | None = None, currency: str = "Rs"
) -> ReceivableTable:
    """Read the whole table. `currency` may stand beside amounts and is taken off; they count as rupees, one to one.

    The file is read twice, first to find what all its dates and amounts agree on. Raises ValidationFailed when the
    file as a whole cannot be read; wrong lines are in the answer.
    """
    beside = currency_pattern(currency)
    with open_file() as file:
        habits = _find_habits(_Records(file), date_order, beside)
    with open_file() as file:
        records = _Records(file)
        return _Reading(habits, beside).take_all(records)


class _Records:
    """(line number, cells by column) of every line that is not empty; instead of the cells, why there are none."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        head = _first_line(file)
        self._delimiter = max(",;\t", key=head.count)
        cells = next(csv.reader([head], delimiter=self._delimiter), [])
        names = [re.sub(r"[\s-]+", "_", name.strip().lower()) for name in cells]
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

    def __iter__(self) -> Iterator[tuple[int, dict[str, str] | str]]:
        reader = csv.reader(self._file, delimiter=self._delimiter, strict=True)
        try:
            for cells in reader:
                if any(cell.strip() for cell in cells):
                    yield reader.line_num + 1, self._named(cells)
        except csv.Error as error:
            raise ValidationFailed(field="file", why=f"line {reader.line_num + 1} is not CSV: {error}") from error
        except UnicodeError as error:
            raise ValidationFailed(field="file", why=f"after line {reader.line_num + 1} {OTHER_ENCODING}") from error

    def _named(self, cells: list[str]) -> dict[str, str] | str:
        """Empty cells beyond the head's are nobody's; anything else that has no column may be a slip."""
        if len(cells) < self._width or any(cell.strip() for cell in cells[self._width :]):
            return f"has {len(cells)} cells, another number than the first line with its {self._width}"
        return {name: cells[place].strip() for name, place in self._places}


def _first_line(file: TextIO) -> str:
    try:
        head = file.readline(CELL_LENGTH_MAX * 10).rstrip("\r\n")
    except UnicodeError as error:
        raise ValidationFailed(field="file", why=OTHER_ENCODING) from error
    # Two bytes a letter, read as one: every other letter is nothing.
    if "\0" in head:
        raise ValidationFailed(field="file", why=OTHER_ENCODING)
    return head


def _find_habits(records: _Records, date_order: DateOrder | None, currency: re.Pattern[str]) -> _Habits:
    point_is_decimal = False
    dates: list[tuple[int, str]] = []
    for line, cells in records:
        if isinstance(cells, str):
            continue
        if not point_is_decimal:
            point_is_decimal = any(shows_decimal_point(cells[column], currency) for column in AMOUNT_COLUMNS)
        if date_order is None:
            dates.extend((line, cells[column]) for column in DATE_COLUMNS)
    try:
        return _Habits(date_order=date_order or find_date_order(dates), point_is_decimal=point_is_decimal)
    except UnclearDate as error:
        raise ValidationFailed(field="file", why=f"{error}; say which with --date-order") from error


class _Reading:
    def __init__(self, habits: _Habits, currency: re.Pattern[str]) -> None:
        zone = clock.zone()
        self._moment = lru_cache(DATES_REMEMBERED)(lambda text: parse_moment(text, zone, habits.date_order))
        self._habits = habits
        self._currency = currency
        self._now = clock.now()
        self._rows: list[ReceivableRow] = []
        self._refused: list[RefusedRow] = []

    def take_all(self, records: _Records) -> ReceivableTable:
        lines = 0
        for line, cells in records:
            lines += 1
            faults = [cells] if isinstance(cells, str) else self._take(line, cells)
            if faults:
                self._refused.append(RefusedRow(line=line, why="; ".join(faults)))
        self._refuse_contradictions()
        rows, idle, left_out = self._sorted_out()
        return ReceivableTable(
            rows=tuple(rows),
            idle=tuple(idle),
            alike=find_alike(row.customer for row in rows),
            refused=tuple(sorted(self._refused, key=lambda refused: refused.line)),
            left_out=dict(left_out),
            ignored_columns=records.ignored,
            lines=lines,
        )

    def _take(self, line: int, cells: dict[str, str]) -> list[str]:
        """Remember the row, or answer everything that is wrong with it."""
        faults: list[str] = []

        def read(column: str, parse: Callable[[str], Found], *, needed: bool = True) -> Found | None:
            if not cells[column]:
                if needed:
                    faults.append(f"{column} is empty")
                return None
            try:
                return parse(cells[column])
            except (UnclearCell, UnclearDate) as why:
                faults.append(f"{column}: {why}")
                return None

        customer, invoice = read("customer", parse_name), read("invoice", parse_name)
        amount_paisa = read("amount", self._paisa)
        if amount_paisa is not None and amount_paisa < 0:
            faults.append("amount is below zero: a credit note is not an invoice, record it as an adjustment")
        issued_at, due_at = read("issued_at", self._past), read("due_at", self._when, needed=False)
        paid_paisa = read("paid_amount", self._paisa, needed=bool(cells["paid_at"])) or 0
        paid_at = read("paid_at", self._past, needed=bool(paid_paisa))
        if paid_paisa < 0:
            faults.append("paid_amount is below zero: money given back is not a payment")
        if amount_paisa == 0 and paid_paisa:
            faults.append("something was paid on an invoice of zero")
        if faults or customer is None or invoice is None or amount_paisa is None or issued_at is None:
            return faults
        self._rows.append(
            ReceivableRow(
                line=line,
                customer=customer,
                invoice=invoice,
                amount_paisa=amount_paisa,
                issued_at=issued_at,
                due_on=clock.business_day(due_at)
                if due_at
                else clock.business_day(issued_at) + timedelta(days=TERMS_DAYS_DEFAULT),
                paid_at=paid_at,
                paid_paisa=paid_paisa,
            )
        )
        return []

    def _paisa(self, text: str) -> int:
        return parse_amount(text, self._currency, point_is_decimal=self._habits.point_is_decimal)

    def _when(self, text: str) -> datetime:
        return self._moment(text[:CELL_LENGTH_MAX])

    def _past(self, text: str) -> datetime:
        moment = self._when(text)
        if moment > self._now + timedelta(days=DAYS_AHEAD_MAX):
            raise UnclearDate(f"{text!r} is more than 20 years ahead; convert days of Bikram Sambat")
        return moment

    def _refuse_contradictions(self) -> None:
        """Lines of one invoice must agree on what was billed, when, and until when."""
        first: dict[tuple[str, str], ReceivableRow] = {}
        agreed: list[ReceivableRow] = []
        for row in self._rows:
            known = first.setdefault((row.customer, row.invoice), row)
            differing = row.contradiction(known.amount_paisa, known.issued_at, known.due_on)
            if differing:
                why = f"{differing} as on line {known.line}, which is of the same invoice"
                self._refused.append(RefusedRow(line=row.line, why=why))
            else:
                agreed.append(row)
        self._rows = agreed

    def _sorted_out(self) -> tuple[list[ReceivableRow], list[ReceivableRow], Counter[str]]:
        """(rows to take, rows that only have to agree with what is known, how many were left out and why)."""
        rows: list[ReceivableRow] = []
        idle: list[ReceivableRow] = []
        left_out: Counter[str] = Counter()
        for row in self._rows:
            if row.amount_paisa == 0:
                left_out[NOTHING_BILLED] += 1
                idle.append(row)
            elif row.issued_at > self._now:
                early = row.paid_at is not None and row.paid_paisa > 0 and row.paid_at <= self._now
                left_out[PAID_FOR_LATER if early else f"an invoice that {NOT_YET}"] += 1
                idle.append(row)
            elif row.paid_at is not None and (row.paid_paisa == 0 or row.paid_at > self._now):
                left_out[NOTHING_PAID if row.paid_paisa == 0 else f"a payment that {NOT_YET}"] += 1
                rows.append(msgspec.structs.replace(row, paid_at=None, paid_paisa=0))
            else:
                rows.append(row)
        return rows, idle, left_out
