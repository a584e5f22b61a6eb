"""Tables for spreadsheets, row by row: CSV as RFC 4180 says, and XLSX; neither ever holds the whole table in memory.

What people typed may begin like a formula, and a spreadsheet would run it: `=HYPERLINK(…)` in a shop's name sends the
reader's figures elsewhere. In CSV such a text is given a leading apostrophe, which spreadsheets show as plain text; in
XLSX text is written as text. Numbers are numbers and are left alone.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import aclosing
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter

Cell = str | int | Decimal | datetime | date | bool | None
# Rows as they arrive, so many at a time; closed when nobody wants the others.
Portions = AsyncGenerator[Sequence[Sequence[Cell]], None]

CSV_MEDIA_TYPE = "text/csv"
XLSX_MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

# Spreadsheets take a file without it for one in the system's old encoding, and spoil Devanagari.
BYTE_ORDER_MARK = "\ufeff"
CHUNK_BYTES = 65_536
# A sheet has 1,048,576 rows; one is the heading.
SHEET_ROWS_MAX = 1_000_000

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
# Some spreadsheets skip these before they look for a formula.
_SKIPPED = " \u00a0\u3000\ufeff"
_FULL_WIDTH_STARTS = ("＝", "＋", "－", "＠")
_MUST_QUOTE = (",", '"', "\r", "\n")


def guarded(text: str) -> str:
    """The text with an apostrophe before it if a spreadsheet would take it for a formula."""
    seen = text.lstrip(_SKIPPED)
    if text.startswith(_FORMULA_STARTS) or seen.startswith(_FORMULA_STARTS + _FULL_WIDTH_STARTS):
        return f"'{text}"
    return text


def csv_rows(rows: Iterable[Sequence[Cell]]) -> str:
    """Rows as lines of CSV, each ended by CRLF."""
    return "".join(f"{','.join(_csv_cell(cell) for cell in row)}\r\n" for row in rows)


async def stream_csv(heading: Sequence[str], portions: Portions) -> AsyncIterator[bytes]:
    """A CSV file in UTF-8, portion by portion, as its rows arrive."""
    yield (BYTE_ORDER_MARK + csv_rows([heading])).encode()
    async with aclosing(portions):
        async for rows in portions:
            yield csv_rows(rows).encode()


async def stream_xlsx(sheet: str, heading: Sequence[str], portions: Portions) -> AsyncIterator[bytes]:
    """An XLSX file: written to a temporary file first, because its end is needed at its beginning, then read off it."""
    with tempfile.TemporaryDirectory(prefix="khaacho-xlsx-") as folder:
        path = Path(folder) / "table.xlsx"
        book = _Book(path, sheet, heading)
        async with aclosing(portions):
            async for rows in portions:
                # Writing a portion only computes; the others of this process go on meanwhile.
                await asyncio.to_thread(book.write, rows)
        await asyncio.to_thread(book.close)
        with path.open("rb") as file:
            while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield chunk


class _Book:
    """A workbook that grows downwards and goes on in another sheet when one is full."""

    def __init__(self, path: Path, sheet: str, heading: Sequence[str]) -> None:
        self._book = xlsxwriter.Workbook(
            path,
            {
                "constant_memory": True,
                "tmpdir": str(path.parent),
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "default_date_format": "yyyy-mm-dd hh:mm:ss",
                "remove_timezone": True,
            },
        )
        self._bold = self._book.add_format({"bold": True})
        self._name, self._heading, self._sheets = sheet, heading, 0
        self._begin_sheet()

    def write(self, rows: Sequence[Sequence[Cell]]) -> None:
        for row in rows:
            if self._row > SHEET_ROWS_MAX:
                self._begin_sheet()
            for column, cell in enumerate(row):
                self._write_cell(column, cell)
            self._row += 1

    def close(self) -> None:
        self._book.close()

    def _begin_sheet(self) -> None:
        self._sheets += 1
        self._sheet: Any = self._book.add_worksheet(self._name if self._sheets == 1 else f"{self._name} {self._sheets}")
        self._sheet.freeze_panes(1, 0)
        self._row = 0
        for column, title in enumerate(self._heading):
            self._sheet.write_string(self._row, column, title, self._bold)
        self._row = 1

    def _write_cell(self, column: int, cell: Cell) -> None:
        if cell is None:
            return
        if isinstance(cell, str):
            self._sheet.write_string(self._row, column, cell)
        elif isinstance(cell, bool):
            self._sheet.write_boolean(self._row, column, cell)
        elif isinstance(cell, (datetime, date)):
            self._sheet.write_datetime(self._row, column, cell)
        else:
            self._sheet.write_number(self._row, column, cell)


def _csv_cell(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        text = guarded(cell)
        return '"' + text.replace('"', '""') + '"' if any(sign in text for sign in _MUST_QUOTE) else text
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return cell.isoformat() if isinstance(cell, (datetime, date)) else str(cell)
