"""Paper that reads in both scripts: what is written can be taken out again, and tables survive the end of a page."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import pypdf
import pytest

from khaacho.platform.pdf import FONTS, MISSING, Column, PdfDocument, Row, readable

MADE_AT = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
COLUMNS = (
    Column(title="मिति", share=2),
    Column(title="What", share=5),
    Column(title="Balance", share=2, numeric=True),
)


def document(**words: str) -> PdfDocument:
    return PdfDocument(title="Statement", made_at=MADE_AT, **words)


def pages_of(made: PdfDocument) -> list[str]:
    # A glyph drawn before the letter it belongs to (ि) has no character of its own: it comes as a control character.
    found = (page.extract_text() for page in pypdf.PdfReader(io.BytesIO(made.to_bytes())).pages)
    return ["".join(one for one in text if one == "\n" or one >= " ") for text in found]


def test_both_scripts_stand_in_one_line_and_can_be_taken_out_again() -> None:
    """Conjuncts are shaped, and copying from the paper gives the letters back."""
    paper = document(foot="Khaacho · सुर्खेत")
    paper.title("Statement of account", "2083-08-05")
    paper.facts([("Shop", "श्रेष्ठ किराना पसल"), ("Owner", "Krishna क्षेत्र")])
    paper.table(COLUMNS, [Row(cells=("21 Nov", "ORD261121-0001 ज्ञान स्टोर", "1,23,456.00"))])
    (text,) = pages_of(paper)
    for words in ("Statement of account", "श्रेष्ठ किराना पसल", "Krishna क्षेत्र", "ज्ञान स्टोर", "1,23,456.00", "मिति"):
        assert words in text


def test_conjuncts_are_one_glyph_and_not_their_parts() -> None:
    """HarfBuzz is at work: क्ष, four characters, is one glyph on the paper as क is; क ष are two with a blank."""
    assert glyphs_of("क्ष") == glyphs_of("क")
    assert glyphs_of("क ष") > glyphs_of("क")


def glyphs_of(text: str) -> int:
    """How many glyphs a page with this text shows; the rest of the page is always the same."""
    paper = document()
    paper.paragraph(text)
    page = pypdf.PdfReader(io.BytesIO(paper.to_bytes())).pages[0]
    contents = page.get_contents()
    assert contents is not None
    # Two bytes a glyph.
    return sum(len(given[0].original_bytes) // 2 for given, operator in contents.operations if operator == b"Tj")


def test_bold_figures_after_devanagari_stay_figures() -> None:
    """A change of font right before a letter of the other script once left the figures behind it in wrong letters."""
    paper = document()
    paper.table(
        COLUMNS,
        [
            Row(cells=("21 Nov", "श्रेष्ठ", "1,23,456.00")),
            Row(cells=("जम्मा", "जम्मा", "9,87,654.32"), strong=True),
            Row(cells=("जम्मा", "जम्मा", "5,55,555.55")),
        ],
    )
    (text,) = pages_of(paper)
    assert [figure for figure in ("1,23,456.00", "9,87,654.32", "5,55,555.55") if figure not in text] == []


def test_a_table_goes_over_pages_with_its_titles_and_no_row_is_lost_or_torn() -> None:
    """Every page begins with the titles and ends with its number; each row is on exactly one page."""
    paper = document(page_words="Page {page} of {pages}")
    rows = [
        Row(cells=(f"day {number}", f"row-{number:03d} " + "लामो विवरण " * (number % 9), f"{number}.00"))
        for number in range(120)
    ]
    paper.table(COLUMNS, rows)
    pages = pages_of(paper)
    assert len(pages) > 2
    for number, text in enumerate(pages, start=1):
        assert "Balance" in text
        assert f"Page {number} of {len(pages)}" in text
    where = [[page for page, text in enumerate(pages) if f"row-{number:03d}" in text] for number in range(120)]
    assert all(len(found) == 1 for found in where)
    assert where == sorted(where)


@pytest.mark.parametrize("rows", range(30, 48))
def test_a_fact_stays_with_its_name_wherever_the_page_ends(rows: int) -> None:
    """After a table of any length: name and value on one page, and at most two pages in all."""
    paper = document()
    paper.table(COLUMNS, [Row(cells=("day", "what", "1.00"))] * rows)
    paper.facts([("Owed", "Rs.77.00"), ("Ahead", "word " * 40), ("Overdue", "Rs.88.00")])
    pages = pages_of(paper)
    assert len(pages) <= 2
    for name, value in (("Owed", "Rs.77.00"), ("Overdue", "Rs.88.00")):
        assert [name in text for text in pages] == [value in text for text in pages]


def test_a_text_longer_than_its_column_is_wrapped_and_complete() -> None:
    """Nothing runs into the next column or over the edge, also a word without any blank."""
    paper = document()
    paper.table(COLUMNS, [Row(cells=("x" * 120, "word " * 60 + "last", "1.00"))])
    text = pages_of(paper)[0]
    assert text.count("x") == 120
    assert text.split().count("word") == 60
    assert "last" in text


def test_what_no_font_has_is_marked_and_what_cannot_be_printed_is_left_out() -> None:
    """An emoji in a shop's name breaks nothing; control characters vanish; accents are composed."""
    assert readable("Ram ❤ 店\x00\x07 पसल") == f"Ram {MISSING} {MISSING} पसल"
    assert readable("Cafe\u0301") == "Café"
    paper = document(foot="❤")
    paper.title("❤\x07", "店")
    paper.facts([("❤", "")])
    assert MISSING in pages_of(paper)[0]


def test_a_document_says_when_it_was_made_and_what_it_is() -> None:
    made = pypdf.PdfReader(io.BytesIO(document().to_bytes()))
    assert made.metadata is not None
    assert (made.metadata.title, made.metadata.creation_date) == ("Statement", MADE_AT)


def test_the_fonts_carry_their_licence_and_weigh_little() -> None:
    """They travel with the package: below a megabyte, with the licence's text beside them."""
    assert sum(file.stat().st_size for file in FONTS.iterdir()) < 1_000_000
    assert "SIL OPEN FONT LICENSE Version 1.1" in (FONTS / "OFL.txt").read_text()
