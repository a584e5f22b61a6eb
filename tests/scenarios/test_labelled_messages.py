"""A strange catalogue imported as it is, then hundreds of real-looking messages through the front door."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from khaacho.platform.database import Database

LABELLED = Path(__file__).parents[2].parent / "shared" / "data" / "orders-dev"

pytestmark = pytest.mark.skipif(not LABELLED.exists(), reason="the labelled messages are not on this machine")


@pytest.mark.slow
async def test_every_labelled_message_is_answered(
    database: Database,
    client: httpx.AsyncClient,
    as_admin: dict[str, str],
    make_vendor: Any,
    make_retailer: Any,
    working: Any,
    settle: Any,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """[O10–O17] 610 SKUs are imported and 420 messages, each of a shop of its own, are written to the simulator: no
    error, no dead letter, every message worked and answered."""
    vendor = await make_vendor()
    imported = await client.post(
        f"/api/v1/admin/import/catalog?vendorId={vendor.id}",
        content=(LABELLED / "catalog.csv").read_bytes(),
        headers={**as_admin, "Content-Type": "text/csv"},
    )
    assert imported.status_code in (200, 201), imported.text
    messages = [json.loads(line) for line in (LABELLED / "dev.jsonl").read_text("utf-8").splitlines()]
    shops = [await make_retailer() for _ in messages]
    async with working():
        for shop, message in zip(shops, messages, strict=True):
            answer = await client.post("/api/v1/whatsapp/simulator", json={"from": shop.phone, "text": message["text"]})
            assert answer.status_code == 201, answer.text
        await settle()
    async with database.reading() as tx:
        states = await tx.dicts("SELECT state, count(*) AS n FROM inbound_messages GROUP BY state")
        failed_jobs = await tx.value("SELECT count(*) FROM pgqueuer WHERE status = 'failed'")
        unanswered = await tx.value(
            """
            SELECT count(*) FROM inbound_messages AS heard
            WHERE NOT EXISTS (SELECT FROM outbound_messages AS said WHERE said.reply_to_id = heard.id)
            """
        )
        intents = Counter(
            {
                row["intent"]: row["n"]
                for row in await tx.dicts("SELECT intent, count(*) AS n FROM inbound_messages GROUP BY intent")
            }
        )
    with capsys.disabled():
        print(f"\n{imported.json()['data']} · {len(messages)} messages · read as {dict(intents)}")
    assert states == [{"state": "PROCESSED", "n": len(messages)}]
    assert failed_jobs == 0
    assert unanswered == 0
