"""The rows of the city, as they stand in `data/*.csv`, and the three functions that read them.

Reading is pure: packaged files in, frozen records out, in file order. A cell that is not what its column
promises raises at once; a seed that is half right would be discovered as a wrong order weeks later.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import time
from decimal import Decimal
from enum import Enum
from importlib import resources

from msgspec import Struct

from khaacho.money import paisa_from_rupees


class Habit(Enum):
    """How a shop buys and pays; the demo's history is dealt out by it."""

    STEADY = "steady"
    WEEKLY = "weekly"
    BIG = "big"
    SLOW_PAYER = "slow-payer"
    NEW = "new"
    LAPSED = "lapsed"


class CityProduct(Struct, frozen=True, kw_only=True):
    """One thing for sale, in one pack.

    `selling_unit` is what "1" means when someone orders without a unit; `pack_size` and `pack_unit` say what
    one selling unit holds (25 kg, 75 g, 10 pcs). Loose goods sell by the kg: selling unit kg, pack 1 kg.
    `units_per_carton` and `units_per_dozen` count selling units, and are None where nobody sells it that way
    (a crate of thirty eggs has no dozen of crates).
    """

    sku: str
    name: str
    name_ne: str
    brand: str | None
    category: str
    selling_unit: str
    pack_size: Decimal
    pack_unit: str
    units_per_carton: int | None
    units_per_dozen: int | None
    price_paisa: int
    active: bool


class CityVendor(Struct, frozen=True, kw_only=True):
    """One wholesaler, with the categories on its shelves.

    `opens_at` and `closes_at` are local; both None means the shutter never comes down.
    Coordinates are degrees, the delivery radius is kilometres: places, not amounts, hence the floats.
    """

    code: str
    name: str
    owner_name: str
    phone: str
    city: str
    latitude: float
    longitude: float
    radius_km: float
    opens_at: time | None
    closes_at: time | None
    categories: tuple[str, ...]
    locale: str


class CityRetailer(Struct, frozen=True, kw_only=True):
    """One small shop, with the credit the platform would lend it and the way it behaves."""

    code: str
    pasal_name: str
    owner_name: str
    phone: str
    city: str
    latitude: float
    longitude: float
    locale: str
    credit_limit_paisa: int
    habit: Habit


def read_products() -> tuple[CityProduct, ...]:
    """Everything the city's wholesalers sell, the few discontinued goods (`active` False) included."""
    return tuple(
        CityProduct(
            sku=row["sku"],
            name=row["name"],
            name_ne=row["name_ne"],
            brand=row["brand"] or None,
            category=row["category"],
            selling_unit=row["selling_unit"],
            pack_size=Decimal(row["pack_size"]),
            pack_unit=row["pack_unit"],
            units_per_carton=_count(row["units_per_carton"]),
            units_per_dozen=_count(row["units_per_dozen"]),
            price_paisa=paisa_from_rupees(row["price_npr"]),
            active=_flag(row["active"]),
        )
        for row in _rows("products.csv")
    )


def read_vendors() -> tuple[CityVendor, ...]:
    """The city's wholesalers; the first three stock nearly everything."""
    return tuple(
        CityVendor(
            code=row["code"],
            name=row["name"],
            owner_name=row["owner_name"],
            phone=row["phone"],
            city=row["city"],
            latitude=float(row["latitude"]),
            longitude=float(row["longitude"]),
            radius_km=float(row["radius_km"]),
            opens_at=_time_of_day(row["opens_at"]),
            closes_at=_time_of_day(row["closes_at"]),
            categories=tuple(row["categories"].split(";")),
            locale=row["locale"],
        )
        for row in _rows("vendors.csv")
    )


def read_retailers() -> tuple[CityRetailer, ...]:
    """The hundred shops of the city and the bazaars around it."""
    return tuple(
        CityRetailer(
            code=row["code"],
            pasal_name=row["pasal_name"],
            owner_name=row["owner_name"],
            phone=row["phone"],
            city=row["city"],
            latitude=float(row["latitude"]),
            longitude=float(row["longitude"]),
            locale=row["locale"],
            credit_limit_paisa=paisa_from_rupees(row["credit_limit_npr"]),
            habit=Habit(row["habit"]),
        )
        for row in _rows("retailers.csv")
    )


def _rows(file_name: str) -> Iterator[dict[str, str]]:
    """Each line under its header. Raises ValueError for a line with too few or too many cells."""
    text = resources.files("khaacho.city").joinpath("data", file_name).read_text(encoding="utf-8")
    header, *lines = csv.reader(text.splitlines())
    for line_number, cells in enumerate(lines, start=2):
        if len(cells) != len(header):
            raise ValueError(f"{file_name}, line {line_number}: {len(cells)} cells under {len(header)} columns")
        yield dict(zip(header, cells, strict=True))


def _count(cell: str) -> int | None:
    return int(cell) if cell else None


def _time_of_day(cell: str) -> time | None:
    return time.fromisoformat(cell) if cell else None


def _flag(cell: str) -> bool:
    """Raises KeyError for anything but 0 and 1: "no" read as true would put a dead product on sale."""
    return {"1": True, "0": False}[cell]
