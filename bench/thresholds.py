"""python -m bench.thresholds: the curve behind the two thresholds, and where cross-validation puts them.

Judged on the labelled messages and on the names of a strange catalogue, both beside the project; what is printed is
the table kept in docs/understanding.md, and `--write` puts it there. Thresholds are chosen on four fifths of the
messages and judged on the last, five times.
"""

from __future__ import annotations

import sys
from itertools import product
from pathlib import Path

from msgspec import Struct

from bench.spoken_names import SpokenScore, make_orders, score_orders
from bench.understanding import DATA, predict, read_messages
from bench.understanding_scoring import Score, score_message
from khaacho.whatsapp.understanding.commandline import read_catalog
from khaacho.whatsapp.understanding.index import build_index
from khaacho.whatsapp.understanding.records import DEFAULT_THRESHOLDS, Thresholds

DOCS = Path(__file__).parents[1] / "docs" / "understanding.md"
BEGIN, END = "<!-- thresholds: begin -->", "<!-- thresholds: end -->"
FOLDS = 5
ACCEPTS = (0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95)
ASKS = (0.35, 0.45, 0.5, 0.55, 0.6, 0.65, 0.75)
STRANGE_ORDERS = 300
# A wrong line taken silently costs as much as this many messages not handled.
WRONG_LINE_COST = 3


class Judged(Struct, frozen=True, kw_only=True):
    """One pair of thresholds: each labelled message's counts, and those over the strange catalogue."""

    thresholds: Thresholds
    scores: list[Score]
    strange: SpokenScore

    @property
    def total(self) -> Score:
        total = Score()
        for score in self.scores:
            total.add(score)
        return total


def main() -> int:
    if not (DATA / "orders-dev" / "dev.jsonl").exists() or not (DATA / "catalogue-5k" / "catalog.csv").exists():
        print("the labelled messages or the strange catalogue are not beside the project: nothing to choose from")
        return 1
    judged = judge()
    table = lay_out(judged)
    print(table)
    if "--write" in sys.argv:
        write_into_docs(table)
    return 0


def judge() -> list[Judged]:
    """Every pair of the grid."""
    index = build_index(read_catalog(DATA / "orders-dev" / "catalog.csv"))
    messages = read_messages(DATA / "orders-dev" / "dev.jsonl")
    strange_items = read_catalog(DATA / "catalogue-5k" / "catalog.csv")
    strange_index = build_index(strange_items)
    orders = make_orders(strange_items, STRANGE_ORDERS)
    grid = [Thresholds(accept=accept, ask=ask) for accept, ask in product(ACCEPTS, ASKS) if ask <= accept]
    return [
        Judged(
            thresholds=pair,
            scores=[score_message(message, predict(message, index, pair)) for message in messages],
            strange=score_orders(orders, strange_index, pair),
        )
        for pair in grid
    ]


def choose(judged: list[Judged], fold: int | None) -> Judged:
    """The pair worth most on all messages but those of a fold; of equals the one nearest to those in force."""

    def worth(one: Judged) -> tuple[float, float]:
        scores = [s for i, s in enumerate(one.scores) if fold is None or i % FOLDS != fold]
        value = sum(s.handled - WRONG_LINE_COST * s.wrong_lines + 0.1 * s.exact for s in scores) / len(scores)
        strange = one.strange.handled - WRONG_LINE_COST * one.strange.wrong / one.strange.wishes
        strange += 0.1 * one.strange.taken / one.strange.wishes
        near = abs(one.thresholds.accept - DEFAULT_THRESHOLDS.accept) + abs(one.thresholds.ask - DEFAULT_THRESHOLDS.ask)
        return value + strange, -near

    return max(judged, key=worth)


def lay_out(judged: list[Judged]) -> str:
    """The table: one threshold varied while the other stays, the chosen row in bold, and the folds' verdict."""
    heads = ("accept", "ask", "handled right", "fully right", "line F1", "wrong lines", "strange names: handled")
    rows = [f"| {' | '.join((*heads, 'taken', 'wrong'))} |", f"|{'---|' * (len(heads) + 2)}"]
    in_force = DEFAULT_THRESHOLDS
    rows += [_row(one) for one in judged if one.thresholds.ask == in_force.ask]
    rows += [
        _row(one) for one in judged if one.thresholds.accept == in_force.accept and one.thresholds.ask != in_force.ask
    ]
    total = Score()
    picks = []
    for fold in range(FOLDS):
        picked = choose(judged, fold)
        picks.append(f"{picked.thresholds.accept}/{picked.thresholds.ask}")
        for i in range(fold, len(picked.scores), FOLDS):
            total.add(picked.scores[i])
    best = choose(judged, None).thresholds
    rows.append("")
    rows.append(
        f"Chosen on four fifths and judged on the last: {', '.join(picks)} (accept/ask) handle "
        f"{_percent(total.handled / total.messages)} right with {total.wrong_lines} wrong lines; over all messages "
        f"{best.accept}/{best.ask} is best, {in_force.accept}/{in_force.ask} is in force."
    )
    return "\n".join(rows)


def _row(one: Judged) -> str:
    total, strange = one.total, one.strange
    cells = [
        f"{one.thresholds.accept}",
        f"{one.thresholds.ask}",
        _percent(total.handled / total.messages),
        _percent(total.exact / total.messages),
        _percent(total.f1),
        f"{total.wrong_lines}",
        _percent(strange.handled),
        _percent(strange.taken / strange.wishes),
        _percent(strange.wrong_share, 2),
    ]
    if one.thresholds == DEFAULT_THRESHOLDS:
        cells = [f"**{cell}**" for cell in cells]
    return f"| {' | '.join(cells)} |"


def _percent(share: float, decimals: int = 1) -> str:
    return f"{100 * share:.{decimals}f} %"


def write_into_docs(table: str) -> None:
    """Put the table between its marks in docs/understanding.md."""
    text = DOCS.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    DOCS.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
