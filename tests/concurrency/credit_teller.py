"""One more process that hears of payments: events, proofs and reconciliation, as they come.

`python -m tests.concurrency.credit_teller` reads one line (where to work, and what to hear), says "ready", and on "go"
works through it, a few at a time; it answers one line: how often each outcome was met.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import msgspec

from khaacho.actors import Actor, ActorRole
from khaacho.errors import KhaachoError
from khaacho.platform.database import Database
from khaacho.prepaid.gateways.port import GatewayName
from khaacho.prepaid.gateways.razorpay import RazorpayGateway
from khaacho.prepaid.gateways.signatures import payment_signature, webhook_signature
from khaacho.prepaid.reconciliation import reconcile_purchases
from khaacho.prepaid.verifying import verify_payment
from khaacho.prepaid.webhook import hear_event
from khaacho.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
CONNECTIONS = 4
AT_ONCE = 6
SECONDS_MAX = 240


class Event(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A delivery of the webhook."""

    id: str
    body: str


class Proof(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A payer who came back."""

    user_id: UUID
    order_id: str
    payment_id: str


class Reconcile(msgspec.Struct, frozen=True, kw_only=True, tag=True):
    """A run of the reconciliation."""


News = Event | Proof | Reconcile


class Work(msgspec.Struct, frozen=True, kw_only=True):
    settings: dict[str, str]
    news: list[News]


async def hear(database: Database, settings: Settings, gateway: RazorpayGateway, news: News) -> str:
    """One piece of news; answers what came of it."""
    match news:
        case Event():
            body = news.body.encode()
            signature = webhook_signature(settings.razorpay_webhook_secret, body)
            event = gateway.read_event(body, signature=signature, event_id=news.id)
            return await hear_event(database, event)
        case Proof():
            signature = payment_signature(settings.razorpay_key_secret, news.order_id, news.payment_id)
            given = {
                "razorpayOrderId": news.order_id,
                "razorpayPaymentId": news.payment_id,
                "razorpaySignature": signature,
            }
            actor = Actor(role=ActorRole.FREELANCER, name="Payer", id=news.user_id)
            fulfilment = await verify_payment(database, gateway, actor, given)
            return "CREDITED" if fulfilment.is_new else "KNOWN"
        case Reconcile():
            tally = await reconcile_purchases(database, {GatewayName.RAZORPAY: gateway}, False)
            return f"RECONCILED {tally['unreachable'] + tally['refused']} failed"


def in_processes(settings: dict[str, str], news_of_each: Sequence[Sequence[News]]) -> Counter[str]:
    """Start one process for each list of news, let them all go at the same moment, add up what came of it."""
    with ExitStack() as stack:
        processes = [stack.enter_context(_start(settings, news)) for news in news_of_each]
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        total: Counter[str] = Counter()
        for process in processes:
            total.update(msgspec.json.decode(process.communicate(timeout=SECONDS_MAX)[0], type=dict[str, int]))
        return total


def _start(settings: dict[str, str], news: Sequence[News]) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.concurrency.credit_teller"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(msgspec.json.encode(Work(settings=settings, news=list(news))).decode() + "\n")
    process.stdin.flush()
    return process


async def _tell() -> None:
    work = msgspec.json.decode(sys.stdin.readline(), type=Work)
    settings = load_settings(_env_file=None, **work.settings)
    database = await Database.open(settings.database_url, connections_max=CONNECTIONS)
    gateway = RazorpayGateway(settings)
    places = asyncio.Semaphore(AT_ONCE)
    print("ready", flush=True)
    assert sys.stdin.readline() == "go\n"

    async def one(news: News) -> str:
        async with places:
            try:
                return await hear(database, settings, gateway, news)
            except KhaachoError as refusal:
                return refusal.code

    outcomes = Counter(await asyncio.gather(*(one(news) for news in work.news)))
    await database.close()
    print(msgspec.json.encode(outcomes).decode())


if __name__ == "__main__":
    asyncio.run(_tell())
