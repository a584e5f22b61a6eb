"""Results: one JSON object a line in bench/results.jsonl, and a table for people."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results.jsonl"
# A ratio that fell by more than this since it was last measured is pointed out.
REGRESSION = 0.20


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One measured value beside its limit. `target` is the ratio (or, without a limit, the value) that is promised.

    `more_is_better` tells which side of the target is the good one.
    """

    name: str
    value: float
    unit: str
    limit: float | None = None
    limit_name: str = ""
    target: float | None = None
    more_is_better: bool = True

    @property
    def ratio(self) -> float | None:
        return self.value / self.limit if self.limit else None

    @property
    def met(self) -> bool | None:
        if self.target is None:
            return None
        measured = self.ratio if self.limit else self.value
        if measured is None:
            return None
        return measured >= self.target if self.more_is_better else measured <= self.target


@dataclass
class Recorder:
    """Collects figures, writes them as they come, and shows them all at the end."""

    figures: list[Figure] = field(default_factory=list)
    _before: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._before = _last_ratios()

    def record(self, figure: Figure) -> None:
        self.figures.append(figure)
        line = {
            "name": figure.name,
            "value": round(figure.value, 3),
            "unit": figure.unit,
            "limit": None if figure.limit is None else round(figure.limit, 3),
            "limitName": figure.limit_name,
            "ratio": None if figure.ratio is None else round(figure.ratio, 3),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": _commit(),
        }
        with RESULTS.open("a", encoding="utf-8") as results:
            results.write(json.dumps(line) + "\n")

    def show(self) -> bool:
        """Print the table; answers whether every target was met."""
        table = Table(title="Khaacho, measured", header_style="bold")
        for column, side in (
            ("measured", "left"),
            ("value", "right"),
            ("limit", "right"),
            ("ratio", "right"),
            ("target", "right"),
            ("", "left"),
        ):
            table.add_column(column, justify=side)  # type: ignore[arg-type]
        for figure in self.figures:
            table.add_row(
                figure.name,
                f"{figure.value:,.2f} {figure.unit}",
                f"{figure.limit:,.2f} ({figure.limit_name})" if figure.limit else figure.limit_name,
                f"{figure.ratio:.2f}" if figure.ratio else "",
                "" if figure.target is None else f"{'≥' if figure.more_is_better else '≤'} {figure.target:g}",
                self._verdict(figure),
            )
        Console(width=150).print(table)
        return all(figure.met is not False for figure in self.figures)

    def _verdict(self, figure: Figure) -> str:
        before, now = self._before.get(figure.name), figure.ratio
        worse = before and now and (now < before * (1 - REGRESSION) if figure.more_is_better else now > before * 1.2)
        verdict = {True: "[green]met", False: "[red]not met", None: ""}[figure.met]
        return f"{verdict} [yellow](was {before:.2f})" if worse else verdict


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie (nearest rank)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def _last_ratios() -> dict[str, float]:
    if not RESULTS.exists():
        return {}
    lines = [json.loads(line) for line in RESULTS.read_text(encoding="utf-8").splitlines() if line]
    return {line["name"]: line["ratio"] for line in lines if line.get("ratio")}


def _commit() -> str:
    try:
        told = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=RESULTS.parent, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return told.stdout.strip()
