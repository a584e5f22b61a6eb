"""From the bytes of a CSV file to rows that can be imported, or the reasons why not. Pure.

Rows are numbered as a spreadsheet does: the header is row 1. A row that cannot be taken never stops the reading, so
that one answer names every fault of a file.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal

import msgspec

from khaacho.catalog.quantities import QuantityRules, allows_fractions, leave_something
from khaacho.errors import InvalidAmount
from khaacho.money import QUANTITY_MAX, paisa_from_rupees

COLUMNS_NEEDED = (
    "sku",
    "name",
    "name_ne",
    "brand",
    "category",
    "selling_unit",
    "pack_size",
    "pack_unit",
    "units_per_carton",
    "price_npr",
    "active",
)
COLUMNS_POSSIBLE = (
    *COLUMNS_NEEDED,
    "units_per_dozen",
    "vendor_code",
    "stock",
    "min_quantity",
    "max_quantity",
    "multiple",
    "vat_rate",
)
ROWS_MAX = 100_000
TEXT_LENGTH_MAX = 200
CODE_LENGTH_MAX = 64
UNITS_MAX = 1_000_000
YES = frozenset({"1", "true", "yes"})
NO = frozenset({"0", "false", "no"})

_NUMBER = re.compile(r"\d{1,12}(\.\d{1,6})?")


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Why a row, or one of its fields, cannot be taken."""

    row: int
    field: str
    why: str


class CatalogRow(msgspec.Struct, frozen=True, kw_only=True):
    """A row that can be taken. None in the last group means that the file has no such column, or left it empty."""

    row: int
    sku: str
    name: str
    name_ne: str
    brand: str
    category: str
    selling_unit: str
    pack_size: Decimal | None
    pack_unit: str
    units_per_carton: int | None
    units_per_dozen: int | None
    price_paisa: int | None
    active: bool

    vendor_code: str | None
    stock: Decimal | None
    min_quantity: Decimal | None
    max_quantity: Decimal | None
    multiple: Decimal | None
    vat_basis_points: int | None


class CatalogFile(msgspec.Struct, frozen=True, kw_only=True):
    """What a file held: how many rows, those that can be taken, and what was wrong with the others."""

    row_count: int
    columns: frozenset[str]
    rows: list[CatalogRow]
    refused: list[Refusal]


def read_catalog_file(content: bytes) -> CatalogFile:
    """Every row of the file, judged. A file that cannot be read at all is one refusal, at row 1."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        return _unreadable("file", f"is not UTF-8 (first in line {row})")
    records = csv.reader(io.StringIO(text, newline=""), strict=True)
    header = _next_record(records)
    if header is None:
        return _unreadable("file", "is empty")
    if isinstance(header, str):
        return _unreadable("header", header)
    names = [name.strip().lower() for name in header]
    faults = _header_faults(names)
    if faults:
        return CatalogFile(row_count=0, columns=frozenset(names), rows=[], refused=faults)
    return _read_rows(records, names)


def _read_rows(records: Iterator[list[str]], names: Sequence[str]) -> CatalogFile:
    rows: list[CatalogRow] = []
    refused: list[Refusal] = []
    first_rows: dict[tuple[str, str], int] = {}
    first_goods: dict[str, CatalogRow] = {}
    row_count, number = 0, 1
    while (record := _next_record(records)) is not None:
        number += 1
        if isinstance(record, str):
            # After a broken quote nobody knows where the next row begins.
            return CatalogFile(
                row_count=row_count + 1,
                columns=frozenset(names),
                rows=rows,
                refused=[*refused, Refusal(row=number, field="row", why=record)],
            )
        if not any(value.strip() for value in record):
            continue
        row_count += 1
        row, faults = _read_row(number, names, record)
        if row is not None:
            faults = [*faults, *_repetition_faults(row, first_rows, first_goods)]
        refused.extend(faults)
        if row is not None and not faults:
            rows.append(row)
        if row_count > ROWS_MAX:
            refused.append(Refusal(row=number, field="file", why=f"has more than {ROWS_MAX} rows"))
            break
    return CatalogFile(row_count=row_count, columns=frozenset(names), rows=rows, refused=refused)


def _next_record(records: Iterator[list[str]]) -> list[str] | str | None:
    """The next record, None at the end, or a sentence when it cannot be told apart from what follows."""
    try:
        return next(records, None)
    except csv.Error as error:
        return f"cannot be read as CSV: {error}"


def _unreadable(field: str, why: str) -> CatalogFile:
    return CatalogFile(row_count=0, columns=frozenset(), rows=[], refused=[Refusal(row=1, field=field, why=why)])


def _header_faults(names: Sequence[str]) -> list[Refusal]:
    missing = [name for name in COLUMNS_NEEDED if name not in names]
    unknown = [name for name in names if name not in COLUMNS_POSSIBLE]
    repeated = {name for name in names if names.count(name) > 1 and name in COLUMNS_POSSIBLE}
    return [
        *(Refusal(row=1, field=name, why="is a column that is missing") for name in missing),
        *(Refusal(row=1, field=name[:TEXT_LENGTH_MAX], why="is not a column we know") for name in unknown),
        *(Refusal(row=1, field=name, why="is a column that is there twice") for name in sorted(repeated)),
    ]


def _read_row(number: int, names: Sequence[str], record: Sequence[str]) -> tuple[CatalogRow | None, list[Refusal]]:
    if len(record) != len(names):
        why = f"has {len(record)} fields where the header has {len(names)}"
        return None, [Refusal(row=number, field="row", why=why)]
    faults: list[Refusal] = []
    texts = {name: text.strip() for name, text in zip(names, record, strict=True)}
    read = {name: _read_field(number, name, text, faults) for name, text in texts.items()}
    if faults:
        return None, faults
    prices = {"price_paisa": read.pop("price_npr"), "vat_basis_points": read.pop("vat_rate", None)}
    absent = {name: None for name in COLUMNS_POSSIBLE if name not in read and name not in ("price_npr", "vat_rate")}
    row = msgspec.convert({"row": number, **read, **absent, **prices}, CatalogRow)
    return row, _rule_faults(row)


def _read_field(number: int, name: str, text: str, faults: list[Refusal]) -> object:
    try:
        if "\x00" in text:
            raise ValueError("holds a NUL character")
        return _READERS[name](text)
    except InvalidAmount as error:
        faults.append(Refusal(row=number, field=name, why=error.details["why"]))
    except ValueError as error:
        faults.append(Refusal(row=number, field=name, why=str(error)))
    return None


def _rule_faults(row: CatalogRow) -> list[Refusal]:
    """What is wrong with fields that are each right."""
    fractions = allows_fractions(row.selling_unit)
    rules = QuantityRules(
        min_quantity=row.min_quantity, max_quantity=row.max_quantity, multiple=row.multiple, fractions=fractions
    )
    faults = []
    if not leave_something(rules):
        why = "with min_quantity and max_quantity it leaves nothing to buy"
        faults.append(Refusal(row=row.row, field="multiple", why=why))
    if row.stock is not None and row.stock % 1 and not fractions:
        faults.append(Refusal(row=row.row, field="stock", why=f"must be whole: it is sold by the {row.selling_unit}"))
    return faults


def _repetition_faults(
    row: CatalogRow, first_rows: dict[tuple[str, str], int], first_goods: dict[str, CatalogRow]
) -> list[Refusal]:
    """A product may come once for each vendor, and is then the same product every time."""
    sku = row.sku.upper()
    first = first_rows.setdefault((sku, (row.vendor_code or "").upper()), row.row)
    if first != row.row:
        return [Refusal(row=row.row, field="sku", why=f"is in row {first} already")]
    goods = first_goods.setdefault(sku, row)
    return [
        Refusal(row=row.row, field=name, why=f"differs from row {goods.row}, which is the same product")
        for name in _GOODS_FIELDS
        if getattr(goods, name) != getattr(row, name)
    ]


# --- one field ---------------------------------------------------------------------------------------------------


def _text(text: str) -> str:
    if len(text) > TEXT_LENGTH_MAX:
        raise ValueError(f"is longer than {TEXT_LENGTH_MAX} characters")
    return text


def _needed_text(text: str) -> str:
    if not text:
        raise ValueError("is empty")
    return _text(text)


def _code(text: str) -> str:
    if len(_needed_text(text)) > CODE_LENGTH_MAX:
        raise ValueError(f"is longer than {CODE_LENGTH_MAX} characters")
    return text


def _maybe_code(text: str) -> str | None:
    return _code(text) if text else None


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a plain number of zero or more")
    return Decimal(text)


def _quantity(text: str) -> Decimal | None:
    if not text:
        return None
    quantity = _number(text)
    if quantity <= 0 or quantity > QUANTITY_MAX or quantity.scaleb(3) % 1:
        raise ValueError("must be above zero, with at most three decimals")
    return quantity


def _stock(text: str) -> Decimal | None:
    return Decimal(0) if text and _number(text) == 0 else _quantity(text)


def _units(text: str) -> int | None:
    if not text:
        return None
    units = _number(text)
    if units % 1 or not 1 <= units <= UNITS_MAX:
        raise ValueError("must be a whole number above zero")
    return int(units)


def _price(text: str) -> int | None:
    return paisa_from_rupees(_number(text)) if text else None


def _percent(text: str) -> int | None:
    if not text:
        return None
    points = _number(text) * 100
    if points > 10_000 or points % 1:
        raise ValueError("must be 0 to 100, with at most two decimals")
    return int(points)


def _yes_or_no(text: str) -> bool:
    if text.lower() not in YES | NO:
        raise ValueError("must be 1 or 0")
    return text.lower() in YES


_GOODS_FIELDS = (
    "name",
    "name_ne",
    "brand",
    "category",
    "selling_unit",
    "pack_size",
    "pack_unit",
    "units_per_carton",
    "units_per_dozen",
    "active",
    "vat_basis_points",
)
_READERS: dict[str, Callable[[str], object]] = {
    "sku": _code,
    "name": _needed_text,
    "name_ne": _text,
    "brand": _text,
    "category": _needed_text,
    "selling_unit": _needed_text,
    "pack_size": _quantity,
    "pack_unit": _text,
    "units_per_carton": _units,
    "units_per_dozen": _units,
    "price_npr": _price,
    "active": _yes_or_no,
    "vendor_code": _maybe_code,
    "stock": _stock,
    "min_quantity": _quantity,
    "max_quantity": _quantity,
    "multiple": _quantity,
    "vat_rate": _percent,
}
