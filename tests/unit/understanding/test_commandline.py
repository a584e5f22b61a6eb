"""`khaacho understand`: a file of messages in, a file of predictions out."""

import json
from pathlib import Path

import pytest

from khaacho.whatsapp.understanding.commandline import run


def written(path: Path, *messages: object) -> Path:
    path.write_text("".join((m if isinstance(m, str) else json.dumps(m)) + "\n" for m in messages), encoding="utf-8")
    return path


def test_predictions_come_in_the_order_of_the_messages(catalog_path: Path, tmp_path: Path) -> None:
    """Each message gives one line with id, intent, lines, ask, unknown and result."""
    source = written(
        tmp_path / "in.jsonl",
        {"id": "b", "text": "yeti veg 2 carton, alu 5 kg, momo machine 1 wota pathaunus"},
        {
            "id": "a",
            "text": "pyaj hatau",
            "context": {"basket": [{"sku": "V103", "quantity": 2.5}, {"sku": "N302", "quantity": 30}]},
        },
    )
    assert run(catalog_path, source, tmp_path / "out.jsonl") == 0
    first, second = map(json.loads, (tmp_path / "out.jsonl").read_text(encoding="utf-8").splitlines())
    assert (first["id"], first["intent"], first["result"]) == ("b", "order", None)
    assert first["lines"] == [{"sku": "N302", "quantity": 60}]
    assert [(a["said"], a["choices"], a["quantity"]) for a in first["ask"]] == [("alu", ["V101", "V102"], 5)]
    assert first["unknown"] == ["momo machine"]
    assert (second["id"], second["intent"], second["result"]) == ("a", "edit", [{"sku": "N302", "quantity": 30}])


@pytest.mark.parametrize(
    "bad",
    ["{not json", '{"id": 1}', '{"id": 1, "text": 5}', "[1]", '{"id": 1, "text": "x", "context": {"basket": [{}]}}'],
)
def test_a_bad_line_is_named_and_nothing_is_written(
    catalog_path: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], bad: str
) -> None:
    """Exit code 1, the file and the line on standard error, and no half-written output."""
    source = written(tmp_path / "in.jsonl", {"id": 1, "text": "namaste"}, bad)
    assert run(catalog_path, source, tmp_path / "out.jsonl") == 1
    assert "in.jsonl: line 2:" in capsys.readouterr().err
    assert not (tmp_path / "out.jsonl").exists()


def test_a_bad_catalogue_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing column or a broken number is said with its line; a missing file too."""
    source = written(tmp_path / "in.jsonl", {"id": 1, "text": "namaste"})
    catalog = written(tmp_path / "catalog.csv", "sku,name", "A,Rice")
    assert run(catalog, source, tmp_path / "out.jsonl") == 1
    assert "selling_unit" in capsys.readouterr().err
    catalog = written(tmp_path / "catalog.csv", "sku,name,selling_unit,pack_size", "A,Rice,bag,five")
    assert run(catalog, source, tmp_path / "out.jsonl") == 1
    assert "catalog.csv: line 2:" in capsys.readouterr().err
    assert run(tmp_path / "none.csv", source, tmp_path / "out.jsonl") == 1
