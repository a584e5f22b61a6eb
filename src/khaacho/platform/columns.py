"""Rows turned on their side: one list per column, as `unnest` wants them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec


def columns_of(records: Sequence[msgspec.Struct], names: Iterable[str]) -> dict[str, list[Any]]:
    """The named fields of all records, by name, each list in the order of the records."""
    return {name: [getattr(record, name) for record in records] for name in names}
