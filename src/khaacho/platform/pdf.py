"""Paper: headings, facts side by side and tables that go over pages, in Latin and Devanagari within one line.

The fonts are ours and travel inside every document, so it looks the same on the phone of a shop and in a bank.
HarfBuzz shapes the text; without it श्रेष्ठ would fall into its parts. Making a document only computes (some
milliseconds a page): do it in a thread, and in no transaction.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import lru_cache
from pathlib import Path

import msgspec
from fpdf import FPDF
from fpdf.enums import Align, MethodReturnValue, XPos, YPos
from fpdf.fonts import TTFFont

FONTS = Path(__file__).parent / "fonts"
LATIN = "Noto Sans"
DEVANAGARI = "Noto Sans Devanagari"
# Said in the place of a character that neither font has (an emoji, say), so that nobody reads over a hole.
MISSING = "\ufffd"

# Letters before it (Latin with its accents) stand side by side as they are.
FIRST_TO_SHAPE = "\u0300"

# Millimetres on A4, and points.
PAGE_HEIGHT_MM = 297.0
MARGIN_MM = 15.0
BOTTOM_MM = 18.0
LINE_MM = 4.8
NAME_MM = 4.0
CELL_PADDING_MM = 0.9
TITLE_SIZE = 18
HEADING_SIZE = 12
TEXT_SIZE = 9.5
SMALL_SIZE = 8
INK = (33, 24, 27)
SOFT = (110, 98, 102)
BRAND = (125, 21, 49)
SHADE = (246, 240, 241)
RULE = (214, 203, 206)


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A column of a table. `share` is its part of the width among the others; `numeric` stands at the right edge."""

    title: str
    share: int
    numeric: bool = False


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Cells in the order of the columns; `strong` for sums, drawn bold on a shade."""

    cells: tuple[str, ...]
    strong: bool = False


class PdfDocument:
    """An A4 document that grows downwards. `page_words` is said at the foot, with {page} and {pages} in it."""

    def __init__(self, *, title: str, made_at: datetime, page_words: str = "{page} / {pages}", foot: str = "") -> None:
        self._pdf = _Pages(page_words=readable(page_words), foot=readable(foot))
        self._pdf.set_title(title)
        self._pdf.set_creator("Khaacho")
        self._pdf.set_producer("Khaacho")
        self._pdf.set_creation_date(made_at)
        self._pdf.add_page()

    def title(self, text: str, beside: str = "") -> None:
        """The document's name in large letters, and a few soft words at the other edge."""
        self._pdf.write_in(BRAND, TITLE_SIZE, bold=True)
        self._pdf.cell(self._pdf.epw * 0.62, 9, readable(text), new_x=XPos.RIGHT, new_y=YPos.TOP)
        self._pdf.write_in(SOFT, TEXT_SIZE)
        self._pdf.cell(0, 9, readable(beside), align=Align.R, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self._pdf.rule(BRAND)
        self._pdf.ln(3)

    def heading(self, text: str) -> None:
        """Above a part; kept on one page with the first lines that follow it."""
        self._pdf.keep_together(LINE_MM * 5)
        self._pdf.ln(2)
        self._pdf.write_in(INK, HEADING_SIZE, bold=True)
        self._pdf.cell(0, 7, readable(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def paragraph(self, text: str, *, soft: bool = False) -> None:
        """Running text over the whole width."""
        self._pdf.write_in(SOFT if soft else INK, SMALL_SIZE if soft else TEXT_SIZE)
        self._pdf.multi_cell(0, LINE_MM, readable(text), align=Align.L, new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def facts(self, pairs: Iterable[tuple[str, str]]) -> None:
        """(name, value) pairs, two side by side, each wrapped within its half."""
        width = self._pdf.epw / 2 - 4
        listed = list(pairs)
        for two in (listed[place : place + 2] for place in range(0, len(listed), 2)):
            self._pdf.write_in(INK, TEXT_SIZE, bold=True)
            wrapped = [self._pdf.wrapped(readable(value), width) for _, value in two]
            # The name of a fact is never left alone at the foot of a page.
            height = NAME_MM + LINE_MM * max(len(lines) for lines in wrapped)
            self._pdf.keep_together(height)
            top = self._pdf.get_y()
            for place, ((name, _), lines) in enumerate(zip(two, wrapped, strict=True)):
                self._pdf.set_xy(self._pdf.l_margin + place * self._pdf.epw / 2, top)
                self._fact(readable(name), lines, width)
            self._pdf.set_xy(self._pdf.l_margin, top + height + 1)

    def _fact(self, name: str, lines: Sequence[str], width: float) -> None:
        self._pdf.write_in(SOFT, SMALL_SIZE)
        self._pdf.cell(width, NAME_MM, name, new_x=XPos.LEFT, new_y=YPos.NEXT)
        self._pdf.write_in(INK, TEXT_SIZE, bold=True)
        for line in lines:
            self._pdf.cell(width, LINE_MM, line, new_x=XPos.LEFT, new_y=YPos.NEXT)

    def table(self, columns: Sequence[Column], rows: Iterable[Row]) -> None:
        """Rows under their titles, which are repeated on every page; a row is never torn in two."""
        _Table(self._pdf, columns).draw(rows)

    def gap(self) -> None:
        """Some air."""
        self._pdf.ln(4)

    def to_bytes(self) -> bytes:
        """The finished document."""
        return bytes(self._pdf.output())


class _Pages(FPDF):
    """The paper itself: fonts, margins, the foot of every page."""

    def __init__(self, *, page_words: str, foot: str) -> None:
        super().__init__(format="A4")
        self._page_words = page_words
        self._foot = foot
        for family, name in ((LATIN, "NotoSans"), (DEVANAGARI, "NotoSansDevanagari")):
            self.add_font(family, "", FONTS / f"{name}-Regular.ttf")
            self.add_font(family, "B", FONTS / f"{name}-Bold.ttf")
        self.set_fallback_fonts([DEVANAGARI])
        self.set_font(LATIN, size=TEXT_SIZE)
        self.set_text_shaping(True)
        self.set_margins(MARGIN_MM, MARGIN_MM)
        self.set_auto_page_break(True, BOTTOM_MM)
        self.set_line_width(0.2)

    def write_in(self, colour: tuple[int, int, int], size: float, *, bold: bool = False) -> None:
        self.set_text_color(*colour)
        self.set_font(LATIN, "B" if bold else "", size)
        self._put_font_on_page()

    def shape_for(self, text: str) -> None:
        """Shape only what needs it: a thousand rows with some Devanagari take 2.0 s instead of 3.7 s."""
        self.set_text_shaping(any(one >= FIRST_TO_SHAPE for one in text))

    def wrapped(self, text: str, width: float) -> list[str]:
        """The text in lines of that width, in the font in force."""
        self.shape_for(text)
        try:
            # Most texts fit; only the others are worth the slow way.
            if "\n" not in text and self.get_string_width(text) <= width - 2 * self.c_margin:
                return [text]
            found = self.multi_cell(width, LINE_MM, text, dry_run=True, output=MethodReturnValue.LINES)
            return [str(line) for line in found] if isinstance(found, list) else [text]
        finally:
            self.set_text_shaping(True)

    def header(self) -> None:
        self.set_text_shaping(True)
        self._put_font_on_page()

    def _put_font_on_page(self) -> None:
        # When the first letter after a change of font is one of the fallback font, the library sets the new font only
        # around that letter and believes it set for good (2.8.9): later text would be in the wrong font, even in
        # wrong letters. A blank written first takes that place.
        if not self.current_font_is_set_on_page:
            self.cell(0.1, 0, " ", new_x=XPos.LEFT, new_y=YPos.TOP)

    def rule(self, colour: tuple[int, int, int] = RULE) -> None:
        self.set_draw_color(*colour)
        self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())

    def keep_together(self, height_mm: float) -> bool:
        """Begin a new page unless this much fits on this one; answers whether it did."""
        if self.get_y() + height_mm <= PAGE_HEIGHT_MM - BOTTOM_MM:
            return False
        self.add_page()
        return True

    def footer(self) -> None:
        self.set_y(-12)
        self.set_text_shaping(True)
        self.write_in(SOFT, SMALL_SIZE)
        self.cell(self.epw * 0.7, 5, self._foot, new_x=XPos.RIGHT, new_y=YPos.TOP)
        words = self._page_words.replace("{pages}", "{nb}").replace("{page}", str(self.page_no()))
        self.cell(0, 5, words, align=Align.R)


class _Table:
    def __init__(self, pages: _Pages, columns: Sequence[Column]) -> None:
        whole = sum(column.share for column in columns)
        self._pages = pages
        self._columns = columns
        self._widths = [pages.epw * column.share / whole for column in columns]

    def draw(self, rows: Iterable[Row]) -> None:
        self._titles()
        for row in rows:
            self._pages.write_in(INK, TEXT_SIZE, bold=row.strong)
            wrapped = self._wrapped(row.cells)
            height = self._height(wrapped)
            if self._pages.keep_together(height):
                self._titles()
                self._pages.write_in(INK, TEXT_SIZE, bold=row.strong)
            self._line(wrapped, height, shaded=row.strong)

    def _titles(self) -> None:
        self._pages.write_in(BRAND, SMALL_SIZE, bold=True)
        wrapped = self._wrapped(tuple(column.title for column in self._columns))
        height = self._height(wrapped)
        self._pages.keep_together(height + 2 * LINE_MM)
        self._pages.write_in(BRAND, SMALL_SIZE, bold=True)
        self._line(wrapped, height, shaded=True)

    def _wrapped(self, cells: tuple[str, ...]) -> list[list[str]]:
        inside = [width - 2 * CELL_PADDING_MM for width in self._widths]
        return [self._pages.wrapped(readable(cell), width) for cell, width in zip(cells, inside, strict=True)]

    def _height(self, wrapped: list[list[str]]) -> float:
        return max(1, *(len(lines) for lines in wrapped)) * LINE_MM + 2 * CELL_PADDING_MM

    def _line(self, wrapped: list[list[str]], height: float, *, shaded: bool) -> None:
        top, left = self._pages.get_y(), self._pages.l_margin
        if shaded:
            self._pages.set_fill_color(*SHADE)
            self._pages.rect(left, top, self._pages.epw, height, style="F")
        for column, width, lines in zip(self._columns, self._widths, wrapped, strict=True):
            for number, text in enumerate(lines):
                self._pages.set_xy(left + CELL_PADDING_MM, top + CELL_PADDING_MM + number * LINE_MM)
                align = Align.R if column.numeric else Align.L
                self._pages.shape_for(text)
                self._pages.cell(width - 2 * CELL_PADDING_MM, LINE_MM, text, align=align)
            left += width
        self._pages.set_text_shaping(True)
        self._pages.set_xy(self._pages.l_margin, top + height)
        self._pages.rule()


def readable(text: str) -> str:
    """The text in composed form, without what cannot be printed: control characters go, strangers become MISSING."""
    known = _known_characters()
    composed = unicodedata.normalize("NFC", text)
    kept = (one for one in composed if one == "\n" or unicodedata.category(one) not in ("Cc", "Cs", "Co", "Cn"))
    return "".join(one if one == "\n" or ord(one) in known else MISSING for one in kept)


@lru_cache(maxsize=1)
def _known_characters() -> frozenset[int]:
    pages = _Pages(page_words="", foot="")
    return frozenset(character for font in pages.fonts.values() if isinstance(font, TTFFont) for character in font.cmap)
