"""The longest message WhatsApp carries, filled with the most awkward things, read against the demo's catalogue."""

from __future__ import annotations

import random
import time

from bench.recording import Figure, Recorder
from khaacho.city.records import read_products
from khaacho.whatsapp.understanding.index import CatalogIndex, build_index
from khaacho.whatsapp.understanding.records import CatalogItem
from khaacho.whatsapp.understanding.understand import understand

LENGTH = 4_096
TARGET_MS = 200


def measure(recorder: Recorder) -> None:
    """The slowest of the walls, each read five times."""
    index = build_index(
        CatalogItem(
            sku=product.sku,
            name=product.name,
            name_ne=product.name_ne,
            brand=product.brand or "",
            category=product.category,
            selling_unit=product.selling_unit,
            pack_size=product.pack_size,
            pack_unit=product.pack_unit,
            units_per_carton=product.units_per_carton,
        )
        for product in read_products()
    )
    slowest = max(_milliseconds(wall[:LENGTH], index) for wall in _walls())
    recorder.record(
        Figure(
            name="read 4,096 hostile characters, slowest kind",
            value=slowest,
            unit="ms",
            target=TARGET_MS,
            more_is_better=False,
        )
    )


def _milliseconds(text: str, index: CatalogIndex) -> float:
    took = []
    for _ in range(5):
        started = time.perf_counter()
        understand(text, index)
        took.append((time.perf_counter() - started) * 1000)
    return sorted(took)[2]


def _walls() -> list[str]:
    chance = random.Random(7)
    return [
        "".join(chr(chance.randint(1, 0x2FFF)) for _ in range(LENGTH)),
        "\n".join(f"{line} chini {line} kg" for line in range(500)),
        " ".join(f"zxq{chance.randint(0, 10**6)}" for _ in range(600)),
        "1 " * (LENGTH // 2),
        "hoina " * 700,
        "\u200b\u202e" * (LENGTH // 2),
        "a" * LENGTH,
        "change " + "to rice " * 500,
    ]
