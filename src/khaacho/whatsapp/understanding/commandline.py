"""`khaacho understand`: messages of a file understood with the very code the chat uses, without a database."""

import csv
import json
import sys
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from .index import CatalogIndex, build_index
from .records import BasketLine, CatalogItem, Context, History, Role, Understanding
from .understand import understand


class BadInput(Exception):
    """A line of a file cannot be used; the message names the file and the line."""


def read_catalog(path: Path) -> list[CatalogItem]:
    """The products of a CSV file with the columns of docs/understanding.md. Raises BadInput."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = {"sku", "name", "selling_unit"} - set(reader.fieldnames or ())
        if missing:
            raise BadInput(f"{path}: line 1: column {', '.join(sorted(missing))} is missing")
        items: list[CatalogItem] = []
        for row in reader:
            try:
                items.append(_item(row))
            except (InvalidOperation, ValueError) as error:
                raise BadInput(f"{path}: line {reader.line_num}: not a product: {error}") from error
        return items


def _item(row: Mapping[str, str | None]) -> CatalogItem:
    def field(name: str) -> str:
        return (row.get(name) or "").strip()

    if not field("sku") or not field("name"):
        raise ValueError("sku and name must not be empty")
    return CatalogItem(
        sku=field("sku"),
        name=field("name"),
        name_ne=field("name_ne"),
        brand=field("brand"),
        category=field("category"),
        selling_unit=field("selling_unit"),
        pack_size=Decimal(field("pack_size")) if field("pack_size") else None,
        pack_unit=field("pack_unit"),
        units_per_carton=int(field("units_per_carton")) if field("units_per_carton") else None,
        units_per_dozen=int(field("units_per_dozen")) if field("units_per_dozen") else None,
        price_paisa=int(Decimal(field("price_npr")) * 100) if field("price_npr") else None,
        active=field("active").lower() not in ("0", "false", "no"),
    )


def read_context(given: Mapping[str, Any]) -> Context:
    """The context of a message as the JSON lines give it. Raises KeyError, TypeError or ValueError."""

    def basket(name: str) -> tuple[BasketLine, ...]:
        return tuple(
            BasketLine(sku=str(line["sku"]), quantity=Decimal(str(line["quantity"]))) for line in given.get(name) or ()
        )

    return Context(
        role=Role(given.get("role", "retailer")),
        basket=basket("basket"),
        last_order=basket("last_order"),
        history=tuple(History(sku=str(h["sku"]), times=int(h["times"])) for h in given.get("history") or ()),
    )


def to_prediction(message_id: Any, meaning: Understanding) -> dict[str, Any]:
    """What is written for one message: the fields of the labelled format."""
    result = meaning.result
    return {
        "id": message_id,
        "intent": meaning.intent.value,
        "lines": [{"sku": line.sku, "quantity": _number(line.quantity)} for line in meaning.lines],
        "ask": [
            {
                "said": ask.said,
                "choices": list(ask.choices),
                "quantity": None if ask.quantity is None else _number(ask.quantity),
                "raw_quantity": None if ask.raw_quantity is None else _number(ask.raw_quantity),
                "raw_unit": ask.raw_unit,
                "reason": ask.reason.value,
            }
            for ask in meaning.ask
        ],
        "unknown": [unknown.said for unknown in meaning.unknown],
        "result": None
        if result is None
        else [{"sku": line.sku, "quantity": _number(line.quantity)} for line in result],
    }


def _number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _predictions(lines: Iterable[str], source: Path, index: CatalogIndex) -> list[str]:
    predictions: list[str] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            message = json.loads(line)
            context = read_context(message.get("context") or {})
            text = message["text"]
            if not isinstance(text, str):
                raise TypeError("text must be a string")
            prediction = to_prediction(message.get("id"), understand(text, index, context))
        except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation) as error:
            raise BadInput(f"{source}: line {number}: not a message: {error!r}") from error
        predictions.append(json.dumps(prediction, ensure_ascii=False))
    return predictions


def run(catalog: Path, source: Path, destination: Path) -> int:
    """Understand every message of `source` (JSON lines) and write `destination`, in the same order.

    Returns the exit code: 0, or 1 after a message on standard error that names the line at fault. Nothing is
    written unless every line could be read.
    """
    try:
        index = build_index(read_catalog(catalog))
        with source.open(encoding="utf-8") as file:
            predictions = _predictions(file, source, index)
    except (BadInput, OSError, UnicodeDecodeError) as error:
        print(f"khaacho understand: {error}", file=sys.stderr)
        return 1
    destination.write_text("".join(line + "\n" for line in predictions), encoding="utf-8")
    return 0
