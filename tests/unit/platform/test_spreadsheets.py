"""Tables for spreadsheets: what is written is what is read back, and nothing in it runs as a formula."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from xml.etree import ElementTree

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from khaacho.platform.spreadsheets import Cell, csv_rows, guarded, stream_csv, stream_xlsx

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\u00a0=cmd|' /C calc'!A0", "＝1", "  @a"]
HARMLESS = ["Gita Kirana", "गीता किराना", "a=b", "9779812345678", "'=1", "", "1-2"]
NAMESPACE = {"main": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}


async def portions(*rows: Sequence[Cell]) -> AsyncGenerator[list[Sequence[Cell]], None]:
    for row in rows:
        yield [row]


@pytest.mark.parametrize("text", FORMULAS)
def test_what_would_run_is_made_text(text: str) -> None:
    """An apostrophe before it, and after it exactly what was there."""
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_harmless_is_left_alone(text: str) -> None:
    """A name is written as it is, in every script."""
    assert guarded(text) == text


@given(st.lists(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=2, max_size=4), max_size=5))
@example([['say "hello"', "a,b"], ["line\r\nbreak", "\n"]])
def test_csv_is_read_back_as_it_was(rows: list[list[str]]) -> None:
    """RFC 4180: quotes doubled, commas and line breaks inside quotes, every line ended by CRLF."""
    text = csv_rows(rows)
    assert list(csv.reader(io.StringIO(text, newline=""), strict=True)) == [[guarded(c) for c in row] for row in rows]
    assert text == "" or text.endswith("\r\n")


def test_numbers_and_moments_are_plain() -> None:
    """A negative number is a number: it is not guarded, and no separator is put into it."""
    moment = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)
    assert (
        csv_rows([(-5, Decimal("-1234.50"), None, True, moment)]) == "-5,-1234.50,,true,2026-03-01T12:30:00+00:00\r\n"
    )


async def test_a_csv_file_names_its_encoding() -> None:
    """A byte order mark first, or spreadsheets take Devanagari for something else; then the heading."""
    file = b"".join([chunk async for chunk in stream_csv(["Name", "Units"], portions(("गीता", 5), ("=1", -5)))])
    assert file.decode("utf-8") == "\ufeffName,Units\r\nगीता,5\r\n'=1,-5\r\n"


async def test_an_xlsx_file_holds_text_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """No formula and no link comes of a text that looks like one; numbers are numbers; a full sheet is followed."""
    monkeypatch.setattr("khaacho.platform.spreadsheets.SHEET_ROWS_MAX", 2)
    rows = [("=1+1", 5), ("https://example.org", -7), ("गीता", None)]
    file = b"".join([chunk async for chunk in stream_xlsx("Credits", ["Name", "Units"], portions(*rows))])
    assert cells_of(file, "sheet1") == [
        [("inlineStr", "Name"), ("inlineStr", "Units")],
        [("inlineStr", "=1+1"), ("n", "5")],
        [("inlineStr", "https://example.org"), ("n", "-7")],
    ]
    assert cells_of(file, "sheet2") == [[("inlineStr", "Name"), ("inlineStr", "Units")], [("inlineStr", "गीता")]]


def cells_of(file: bytes, sheet: str) -> list[list[tuple[str, str]]]:
    with zipfile.ZipFile(io.BytesIO(file)) as archive:
        tree = ElementTree.fromstring(archive.read(f"xl/worksheets/{sheet}.xml"))
    assert tree.findall(".//main:f", NAMESPACE) == []
    assert tree.findall(".//main:hyperlink", NAMESPACE) == []
    return [
        [(cell.get("t", "n"), "".join(cell.itertext())) for cell in row.findall("main:c", NAMESPACE)]
        for row in tree.findall(".//main:row", NAMESPACE)
    ]
