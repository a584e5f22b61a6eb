"""The small catalogue and the labelled messages every test of the understanding reads."""

import json
from pathlib import Path
from typing import Any

import pytest

from khaacho.whatsapp.understanding.commandline import read_catalog
from khaacho.whatsapp.understanding.index import CatalogIndex, build_index

LABELLED = Path(__file__).parent / "labelled"


@pytest.fixture(scope="session")
def catalog_path() -> Path:
    return LABELLED / "catalog.csv"


@pytest.fixture(scope="session")
def index(catalog_path: Path) -> CatalogIndex:
    return build_index(read_catalog(catalog_path))


@pytest.fixture(scope="session")
def messages() -> list[dict[str, Any]]:
    text = (LABELLED / "messages.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]
