"""Reading a catalogue file: every fault is named, nothing is guessed."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from khaacho.catalog.importing.rows import ROWS_MAX, CatalogFile, read_catalog_file

HEADER = "sku,name,name_ne,brand,category,selling_unit,pack_size,pack_unit,units_per_carton,price_npr,active"
GOOD = "RICE-25KG,Jeera Rice 25 kg,जीरा चामल,Hulas,rice,bag,25,kg,,2230,1"


def read(*lines: str, header: str = HEADER) -> CatalogFile:
    return read_catalog_file("\n".join([header, *lines]).encode())


def refusals(file: CatalogFile) -> list[tuple[int, str, str]]:
    return [(one.row, one.field, one.why) for one in file.refused]


def test_a_good_row() -> None:
    """Amounts become paisa, quantities exact decimals, empty figures None."""
    file = read(GOOD)
    assert (file.row_count, file.refused) == (1, [])
    (row,) = file.rows
    assert (row.row, row.sku, row.name_ne, row.pack_size, row.units_per_carton, row.price_paisa, row.active) == (
        2,
        "RICE-25KG",
        "जीरा चामल",
        Decimal(25),
        None,
        223_000,
        True,
    )
    assert (row.vendor_code, row.stock, row.multiple, row.vat_basis_points) == (None, None, None, None)


def test_offer_columns() -> None:
    """The optional columns say whose offer it is, how many there are, and in what quantities it is sold."""
    extra = ",units_per_dozen,vendor_code,stock,min_quantity,max_quantity,multiple,vat_rate"
    (row,) = read(GOOD + ",12,VEN0001,40,10,100,5,12.5", header=HEADER + extra).rows
    assert (row.units_per_dozen, row.vendor_code, row.stock, row.min_quantity, row.max_quantity, row.multiple) == (
        12,
        "VEN0001",
        40,
        10,
        100,
        5,
    )
    assert row.vat_basis_points == 1_250


def test_what_spreadsheets_do_to_files() -> None:
    """A byte-order mark, CRLF, quoted newlines and commas, capital headers, blank lines and no last newline."""
    lines = [HEADER.upper(), GOOD, "", ",,,,,,,,,,", 'X,"Salt, ""fine""\r\n1 kg",,,salt, packet ,1,kg,,25,yes']
    file = read_catalog_file(("\ufeff" + "\r\n".join(lines)).encode())
    assert refusals(file) == []
    assert [(row.row, row.sku, row.name, row.selling_unit) for row in file.rows] == [
        (2, "RICE-25KG", "Jeera Rice 25 kg", "bag"),
        (5, "X", 'Salt, "fine"\r\n1 kg', "packet"),
    ]
    assert file.row_count == 2


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("sku", "", "is empty"),
        ("sku", "X" * 65, "is longer than 64 characters"),
        ("name", " ", "is empty"),
        ("name", "a\x00b", "holds a NUL character"),
        ("brand", "b" * 201, "is longer than 200 characters"),
        ("selling_unit", "", "is empty"),
        ("pack_size", "0", "must be above zero, with at most three decimals"),
        ("pack_size", "0.0001", "must be above zero, with at most three decimals"),
        ("units_per_carton", "2.5", "must be a whole number above zero"),
        ("price_npr", "-5", "'-5' is not a plain number of zero or more"),
        ("price_npr", "1e9", "'1e9' is not a plain number of zero or more"),
        ("price_npr", "NaN", "'NaN' is not a plain number of zero or more"),
        ("price_npr", "1_000", "'1_000' is not a plain number of zero or more"),
        ("price_npr", "Rs 40", "'Rs 40' is not a plain number of zero or more"),
        ("price_npr", "12.345", "more than two decimals"),
        ("active", "", "must be 1 or 0"),
        ("active", "maybe", "must be 1 or 0"),
    ],
)
def test_a_faulty_field_is_named(column: str, value: str, why: str) -> None:
    """The refusal names row, field and reason; the rows around it are still read."""
    values = dict(zip(HEADER.split(","), GOOD.split(","), strict=True)) | {column: value}
    file = read(GOOD.replace("RICE", "DAL"), ",".join(values.values()))
    assert refusals(file) == [(3, column, why)]
    assert (len(file.rows), file.row_count) == (1, 2)


def test_every_fault_of_a_row_is_named() -> None:
    """One answer is enough to repair a file."""
    file = read("X,,,,,bag,x,kg,,-1,2")
    assert [(row, field) for row, field, _ in refusals(file)] == [
        (2, field) for field in ("name", "category", "pack_size", "price_npr", "active")
    ]


def test_headers() -> None:
    """Missing, unknown and repeated columns are refused by name, and no row is read."""
    header = HEADER.replace("brand,", "").replace("price_npr", "price") + ",name"
    assert refusals(read(GOOD, header=header)) == [
        (1, "brand", "is a column that is missing"),
        (1, "price_npr", "is a column that is missing"),
        (1, "price", "is not a column we know"),
        (1, "name", "is a column that is there twice"),
    ]


def test_repetitions() -> None:
    """A product comes once, in whatever case its code is written."""
    file = read(GOOD, GOOD.replace("RICE", "Rice"), GOOD.replace("RICE", "DAL"))
    assert refusals(file) == [(3, "sku", "is in row 2 already")]


def test_one_product_at_several_vendors() -> None:
    """The same product may come once per vendor, at its price, but it is the same product each time."""
    header = HEADER + ",vendor_code"
    dearer = GOOD.replace("2230", "2300")
    file = read(f"{GOOD},VEN1", f"{dearer},VEN2", f"{GOOD},ven1", f"{GOOD.replace('bag', 'sack')},VEN3", header=header)
    assert [(row.vendor_code, row.price_paisa) for row in file.rows] == [("VEN1", 223_000), ("VEN2", 230_000)]
    assert refusals(file) == [
        (4, "sku", "is in row 2 already"),
        (5, "selling_unit", "differs from row 2, which is the same product"),
    ]


def test_rules_that_leave_nothing_to_buy() -> None:
    """[O15] Minimum, maximum and multiple must leave a quantity, and what is sold whole is counted whole."""
    header = HEADER + ",stock,min_quantity,max_quantity,multiple"
    loose = GOOD.replace("bag", "kg").replace("RICE", "LOOSE")
    file = read(f"{GOOD},2.5,13,23,12", f"{loose},2.5,0.5,,0.25", header=header)
    assert refusals(file) == [
        (2, "multiple", "with min_quantity and max_quantity it leaves nothing to buy"),
        (2, "stock", "must be whole: it is sold by the bag"),
    ]
    assert [row.stock for row in file.rows] == [Decimal("2.5")]


@pytest.mark.parametrize(
    ("content", "row", "field", "why"),
    [
        (b"", 1, "file", "is empty"),
        (b"\xef\xbb\xbf", 1, "file", "is empty"),
        (HEADER.encode() + b"\nX,caf\xe9", 1, "file", "is not UTF-8 (first in line 2)"),
        ("sku".encode("utf-16"), 1, "file", "is not UTF-8 (first in line 1)"),
        (b"PK\x03\x04\x00\x00", 1, "sku", "is a column that is missing"),
        (f"{HEADER}\n{GOOD}\nX,Y".encode(), 3, "row", "has 2 fields where the header has 11"),
        (f'{HEADER}\n{GOOD}\nX,"Y"z,,'.encode(), 3, "row", "cannot be read as CSV: ',' expected after '\"'"),
        (f'{HEADER}\n{GOOD}\nX,"open'.encode(), 3, "row", "cannot be read as CSV: unexpected end of data"),
    ],
)
def test_files_that_are_no_catalogue(content: bytes, row: int, field: str, why: str) -> None:
    """Another encoding, another kind of file, a broken quote, a row cut short: said plainly, with the place."""
    assert refusals(read_catalog_file(content))[0] == (row, field, why)


def test_a_header_alone_is_a_catalogue_of_nothing() -> None:
    """No rows are no fault."""
    assert read() == CatalogFile(row_count=0, columns=frozenset(HEADER.split(",")), rows=[], refused=[])


def test_an_endless_file_ends() -> None:
    """Past a hundred thousand rows the reading stops with one more fault."""
    file = read(*("x" for _ in range(ROWS_MAX + 10)))
    assert refusals(file)[-1] == (ROWS_MAX + 2, "file", f"has more than {ROWS_MAX} rows")


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: f"{HEADER}\n{text}".encode("utf-8", "ignore")))
def test_whatever_comes_is_judged(content: bytes) -> None:
    """No file makes the reading fail: it is rows or refusals."""
    file = read_catalog_file(content)
    assert len(file.rows) <= file.row_count
