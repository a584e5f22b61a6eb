"""python -m bench.understanding: how well and how fast messages are understood.

Reads the labelled sets and catalogues beside the project (../shared/data) where present and says so where not.
Figures go to bench/results.jsonl; limits for speed are bare RapidFuzz over the same names in the same run.
"""

from __future__ import annotations

import csv
import gzip
import json
import random
import statistics
import time
import tracemalloc
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
from rapidfuzz import fuzz, process

from bench.recording import Figure, Recorder
from bench.spoken_names import make_orders, score_orders
from bench.understanding_scoring import Score, score_all, score_message
from khaacho.whatsapp.understanding.commandline import read_catalog, read_context, to_prediction
from khaacho.whatsapp.understanding.index import CatalogIndex, build_index
from khaacho.whatsapp.understanding.matching import WordFinder
from khaacho.whatsapp.understanding.reading import read_tokens
from khaacho.whatsapp.understanding.records import DEFAULT_THRESHOLDS, CatalogItem, Context, Thresholds
from khaacho.whatsapp.understanding.text import clean
from khaacho.whatsapp.understanding.tokens import Kind
from khaacho.whatsapp.understanding.understand import understand

ROOT = Path(__file__).parents[1]
DATA = ROOT / ".." / "shared" / "data"
OWN = ROOT / "tests" / "unit" / "understanding" / "labelled"
FOLDS = 5
ACCEPTS = (0.7, 0.75, 0.8, 0.85, 0.9)
ASKS = (0.45, 0.55, 0.65, 0.75)
# A wrong line taken silently costs as much as this many messages not handled.
WRONG_LINE_COST = 3
SPEED_MESSAGES = 300
STRANGE_ORDERS = 400

Message = dict[str, Any]


def main() -> None:
    recorder = Recorder()
    measure_set(recorder, "own set", OWN / "catalog.csv", OWN / "messages.jsonl")
    dev = DATA / "orders-dev"
    if (dev / "dev.jsonl").exists():
        measure_set(recorder, "orders-dev", dev / "catalog.csv", dev / "dev.jsonl")
        measure_thresholds(recorder, dev)
    else:
        print("orders-dev is not beside the project: its accuracy is not measured")
    measure_strange_names(recorder)
    measure_speed(recorder)
    measure_ingredients(recorder)
    measure_pairs(recorder)
    recorder.show()


def measure_set(recorder: Recorder, name: str, catalog: Path, path: Path) -> None:
    """Accuracy over a labelled set, in all and by language and tag."""
    index = build_index(read_catalog(catalog))
    messages = read_messages(path)
    pairs = [(m, predict(m, index, DEFAULT_THRESHOLDS)) for m in messages]
    score = score_all(pairs)
    share = {
        "intent": (score.intents / score.messages, 0.98, True),
        "handled right": (score.handled / score.messages, 0.97, True),
        "fully right": (score.exact / score.messages, None, True),
        "line F1": (score.f1, 0.96, True),
        "wrong lines taken": (score.wrong_lines / max(score.said_lines, 1), 0.01, False),
    }
    for what, (value, target, more) in share.items():
        recorder.record(
            Figure(name=f"understanding, {name}, {what}", value=100 * value, unit="%", more_is_better=more,
                   target=None if target is None else 100 * target)
        )  # fmt: skip
    print(f"\n{name}: handled right / messages (intent right)")
    _print_split(pairs, lambda m: [m["lang"]])
    _print_split(pairs, lambda m: m["tags"])


def read_messages(path: Path) -> list[Message]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def predict(message: Message, index: CatalogIndex, thresholds: Thresholds) -> Message:
    context = read_context(message.get("context") or {})
    return to_prediction(message["id"], understand(message["text"], index, context, thresholds))


def _print_split(pairs: list[tuple[Message, Message]], keys: Callable[[Message], Sequence[str]]) -> None:
    split: dict[str, Score] = {}
    for gold, said in pairs:
        for key in keys(gold):
            split.setdefault(key, Score()).add(score_message(gold, said))
    for key, score in sorted(split.items(), key=lambda pair: -pair[1].messages):
        print(f"  {key:18} {score.handled:4}/{score.messages:<4} ({score.intents})")


def measure_thresholds(recorder: Recorder, dev: Path) -> None:
    """Five-fold cross-validation of the two thresholds: chosen on four folds, judged on the fifth."""
    index = build_index(read_catalog(dev / "catalog.csv"))
    messages = read_messages(dev / "dev.jsonl")
    grid = [Thresholds(accept=a, ask=b) for a, b in product(ACCEPTS, ASKS) if b < a]
    scores = [[score_message(m, predict(m, index, t)) for m in messages] for t in grid]
    total = Score()
    for fold in range(FOLDS):
        worth = [_worth([s for i, s in enumerate(of) if i % FOLDS != fold]) for of in scores]
        best = worth.index(max(worth))
        print(f"fold {fold}: accept {grid[best].accept}, ask {grid[best].ask}")
        for i in range(fold, len(messages), FOLDS):
            total.add(scores[best][i])
    recorder.record(
        Figure(name="understanding, thresholds cross-validated, handled", value=100 * total.handled / total.messages,
               unit="%", target=97)
    )  # fmt: skip


def _worth(scores: list[Score]) -> float:
    return sum(s.handled - WRONG_LINE_COST * s.wrong_lines + 0.1 * s.exact for s in scores)


def measure_strange_names(recorder: Recorder) -> None:
    """Wishes for products of a catalogue no rule was written beside, with words left out and letters slipped."""
    path = DATA / "catalogue-5k" / "catalog.csv"
    if not path.exists():
        print("catalogue-5k is not beside the project: a strange catalogue is not measured")
        return
    items = read_catalog(path)
    score = score_orders(make_orders(items, STRANGE_ORDERS), build_index(items), DEFAULT_THRESHOLDS)
    recorder.record(
        Figure(name="understanding, strange names, handled right", value=100 * score.handled, unit="%", target=97)
    )
    recorder.record(
        Figure(name="understanding, strange names, wrong lines taken", value=100 * score.wrong_share, unit="%",
               target=1, more_is_better=False)
    )  # fmt: skip


def measure_speed(recorder: Recorder) -> None:
    """CPU time of one message at 610, 5,000 and 30,000 products, beside one bare RapidFuzz pass over the names.

    CPU time of one core, so that other work on the machine does not count.
    """
    path = DATA / "catalogue-5k" / "catalog.csv"
    if not path.exists():
        print("catalogue-5k is not beside the project: speed is measured on our own catalogue only")
    small = read_catalog(DATA / "orders-dev" / "catalog.csv" if path.exists() else OWN / "catalog.csv")
    catalogs = [small]
    if path.exists():
        large = read_catalog(path)
        catalogs += [large, _varied(large, 30_000)]
    for items in catalogs:
        _measure_speed_of(recorder, items, {610: 5.0, 5293: 5.0}.get(len(items), 15.0))


def _varied(items: list[CatalogItem], wanted: int) -> list[CatalogItem]:
    """The catalogue again and again under other names, until it has `wanted` products."""
    varied = list(items)
    for round_number, word in enumerate(("Plus", "Classic", "Super", "Value", "Mega", "Prime")):
        for item in items:
            if len(varied) == wanted:
                return varied
            other = msgspec.structs.replace(item, sku=f"{item.sku}-{round_number}", name=f"{item.name} {word}")
            varied.append(other)
    return varied


def _orders(items: list[CatalogItem], how_many: int) -> list[str]:
    """Orders of three products each, named by the first words of their names."""
    chance = random.Random(20260210)
    units = ("carton", "packet", "pcs", "dozen")
    return [
        ", ".join(
            f"{' '.join(item.name.split()[:4])} {chance.randint(1, 20)} {chance.choice(units)}"
            for item in chance.sample(items, 3)
        )
        for _ in range(how_many)
    ]


def _measure_speed_of(recorder: Recorder, items: list[CatalogItem], target_ms: float) -> None:
    began = time.process_time()
    index = build_index(items)
    built = time.process_time() - began
    orders = _orders(items, SPEED_MESSAGES)
    names = [item.name for item in items]
    spent = [_milliseconds(lambda text=text: understand(text, index, Context())) for text in orders]
    bare = [
        _milliseconds(lambda text=text: process.extract(text, names, scorer=fuzz.token_sort_ratio, limit=5))
        for text in orders[:50]
    ]
    size = f"{len(items):,} products"
    median, bare_median = statistics.median(spent), statistics.median(bare)
    recorder.record(
        Figure(name=f"understanding, message, {size}, median", value=median, unit="ms", limit=bare_median,
               limit_name="one RapidFuzz token_sort_ratio pass", target=target_ms / bare_median, more_is_better=False)
    )  # fmt: skip
    recorder.record(
        Figure(name=f"understanding, message, {size}, p95", value=statistics.quantiles(spent, n=20)[-1], unit="ms")
    )
    recorder.record(
        Figure(name=f"understanding, index, {size}", value=built, unit="s", target=3.0, more_is_better=False)
    )
    tracemalloc.start()
    kept = build_index(items)
    memory = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    recorder.record(
        Figure(name=f"understanding, memory, {len(kept.products):,} products", value=memory / 1e6, unit="MB")
    )


def _milliseconds(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return 1000 * (time.process_time() - began)


def measure_ingredients(recorder: Recorder) -> None:
    """Quantity and unit of recipe lines with one measure we know; "8 x 450g" and "75-100ml" are left out."""
    path = DATA / "ingredients" / "bbc_labelled_even.csv.gz"
    if not path.exists():
        print("ingredients is not beside the project: amounts of recipe lines are not measured")
        return
    index = build_index([])
    right = total = 0
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            unit, quantity = row["unit"].split(" ")[0], row["quantity"].split(" ")[0]
            is_plain = len(row["unit"].split()) == len(row["quantity"].split()) and not set(quantity) & set("x-")
            if unit not in ("g", "kg", "ml", "l") or not is_plain:
                continue
            total += 1
            amounts = [t for t in read_tokens(clean(row["input"]), index) if t.kind is Kind.AMOUNT and t.unit]
            right += any(t.unit == unit and t.value == _labelled(quantity) for t in amounts)
    recorder.record(
        Figure(name="understanding, amounts of recipe lines", value=100 * right / total, unit="%", target=97)
    )


def _labelled(quantity: str) -> Decimal | None:
    """ "2#1$2" is two and a half in the labels; ranges are not compared."""
    whole, _, fraction = quantity.partition("#")
    try:
        value = Fraction(whole) if whole else Fraction(0)
        if fraction:
            over, _, under = fraction.partition("$")
            value += Fraction(int(over), int(under))
    except ValueError:
        return None
    return Decimal(value.numerator) / Decimal(value.denominator)


def measure_pairs(recorder: Recorder) -> None:
    """Matching of public product pairs beside plain token_set_ratio, each at the threshold its other half chose."""
    for name, field in (("abt_buy", "name"), ("amazon_google", "title")):
        path = DATA / "er_product" / f"{name}_valid.csv.gz"
        if not path.exists():
            print(f"{name} is not beside the project: pair matching is not measured")
            continue
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            rows = [(r[f"l_{field}"], r[f"r_{field}"], r["label"] == "1") for r in csv.DictReader(file)]
        ours = _pair_scores(rows)
        plain = [fuzz.token_set_ratio(left, right) / 100 for left, right, _ in rows]
        gold = [label for _, _, label in rows]
        recorder.record(
            Figure(name=f"understanding, {name} pairs, F1", value=100 * _halves_f1(ours, gold), unit="%",
                   limit=100 * _halves_f1(plain, gold), limit_name="token_set_ratio", target=1.0)
        )  # fmt: skip


def _pair_scores(rows: list[tuple[str, str, bool]]) -> list[float]:
    """For each pair the mean of both directions' word coverage by the matcher's own scoring."""
    sides = []
    for one, other in ((0, 1), (1, 0)):
        names = sorted({str(row[other]) for row in rows})
        index = build_index(CatalogItem(sku=name, name=name, selling_unit="piece") for name in names)
        finder = WordFinder(index)
        scores = []
        for row in rows:
            words = tuple(str(row[one]).lower().replace("-", " ").replace(",", " ").split())
            matches = finder.find_matches(tuple(w.strip("()'.&!") for w in words if w.strip("()'.&!")))
            found = {index.products[c.position].item.sku: c.score for c in matches.candidates}
            scores.append(found.get(str(row[other]), 0.0))
        sides.append(scores)
    return [(a + b) / 2 for a, b in zip(*sides, strict=True)]


def _halves_f1(scores: list[float], gold: list[bool]) -> float:
    """F1 with the threshold of either half chosen on the other."""
    right = said = 0
    for half in (0, 1):
        learn = [i for i in range(len(gold)) if i % 2 != half]
        threshold = max((t / 100 for t in range(20, 100, 2)), key=lambda t: _f1(scores, gold, learn, t))
        judged = [i for i in range(len(gold)) if i % 2 == half and scores[i] >= threshold]
        said += len(judged)
        right += sum(gold[i] for i in judged)
    return 2 * right / max(said + sum(gold), 1)


def _f1(scores: list[float], gold: list[bool], which: list[int], threshold: float) -> float:
    said = [i for i in which if scores[i] >= threshold]
    right = sum(gold[i] for i in said)
    return 2 * right / max(len(said) + sum(gold[i] for i in which), 1)


if __name__ == "__main__":
    main()
