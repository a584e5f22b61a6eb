"""SIGKILL of the web and the worker in the middle of 500 conversations: nothing is lost, nothing is doubled [X21]."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from twilio.request_validator import RequestValidator

import khaacho.credit.checks
import khaacho.ledger.checks
import khaacho.orders.checks
from khaacho.actors import Actor
from khaacho.catalog.actions import put_offers
from khaacho.catalog.product_actions import add_products
from khaacho.catalog.records import NewOffer, NewProduct
from khaacho.credit.actions import open_credit_lines
from khaacho.credit.records import NewCreditLine
from khaacho.parties.actions import register_retailers, register_vendors
from khaacho.parties.records import NewRetailer, NewVendor, PartyStatus
from khaacho.platform.checks import run_checks
from khaacho.platform.database import Database

CONVERSATIONS = 500
KILLS = 2
VENDOR_PHONE = "+9779700000001"
TOKEN = "visibly-fake-twilio-token"
SETTLED_WITHIN_SECONDS = 240
KHAACHO = str(Path(sys.executable).with_name("khaacho"))
ORDER, CONFIRM = "10 packet chamal ra 2 packet nun pathaidinu", "CONFIRM CREDIT"


@pytest.mark.slow
async def test_killing_web_and_worker_loses_and_doubles_nothing(
    database: Database, admin: Actor, tmp_path: Path
) -> None:
    """[X21] Each of 500 shops orders and confirms while both processes are killed again and again. In the end every
    message was worked once, every shop has exactly one order and its two answers, and every invariant holds."""
    phones = await _build_world(database, admin)
    async with _fake_provider() as provider_port:
        processes = _Processes(database.dsn, tmp_path, provider_port)
        try:
            await processes.start("web")
            await processes.start("worker")
            async with httpx.AsyncClient(timeout=10) as client:
                # The vendor writes first: outside the 24-hour window WhatsApp lets only templates through.
                await _deliver(client, processes.web_url, VENDOR_PHONE, "namaste")
            talking = asyncio.create_task(_converse(processes, phones))
            for _ in range(KILLS):
                for name in ("worker", "web"):
                    await _until_progress(database, processes, talking)
                    await processes.kill(name)
                    await processes.start(name)
            await talking
            await _until_settled(database)
        finally:
            await processes.stop()
    await _assert_exactly_once(database)
    results = await run_checks(
        database, [*khaacho.ledger.checks.CHECKS, *khaacho.credit.checks.CHECKS, *khaacho.orders.checks.CHECKS]
    )
    assert [(result.name, result.differences) for result in results if not result.holds] == []


async def _build_world(database: Database, admin: Actor) -> list[str]:
    phones = [f"+97798{number:08d}" for number in range(1, CONVERSATIONS + 1)]
    async with database.transaction() as tx:
        shops = await register_retailers(
            tx,
            admin,
            retailers=[
                NewRetailer(
                    pasal_name=f"Pasal {phone}",
                    owner_name="Owner",
                    phone=phone,
                    city="Surkhet",
                    status=PartyStatus.ACTIVE,
                    locale="en",
                )
                for phone in phones
            ],
        )
        (vendor,) = await register_vendors(
            tx,
            admin,
            vendors=[
                NewVendor(
                    name="Bazaar Traders",
                    owner_name="Owner",
                    phone=VENDOR_PHONE,
                    city="Surkhet",
                    status=PartyStatus.ACTIVE,
                )
            ],
        )
        products = await add_products(
            tx,
            admin,
            products=[
                NewProduct(code="RICE-1KG", name="Chamal Rice 1 kg", category="rice", selling_unit="packet"),
                NewProduct(code="SALT-1KG", name="Nun Salt 1 kg", category="salt", selling_unit="packet"),
            ],
        )
        await put_offers(
            tx,
            admin,
            offers=[
                NewOffer(
                    vendor_id=vendor.id,
                    product_id=product.id,
                    sku=product.code,
                    price_paisa=5_000,
                    stock=Decimal(1_000_000),
                )
                for product in products
            ],
        )
        await open_credit_lines(
            tx, admin, [NewCreditLine(retailer_id=shop.id, limit_paisa=10_000_000) for shop in shops]
        )
    return phones


async def _converse(processes: _Processes, phones: list[str]) -> None:
    """Every shop sends its two messages, as the provider would: again and again until each is answered with 200."""
    gate = asyncio.Semaphore(16)
    async with httpx.AsyncClient(timeout=10) as client:

        async def shop(phone: str) -> None:
            for text in (ORDER, CONFIRM):
                async with gate:
                    await _deliver(client, processes.web_url, phone, text)

        await asyncio.gather(*(shop(phone) for phone in phones))


async def _deliver(client: httpx.AsyncClient, web_url: str, phone: str, text: str) -> None:
    url = f"{web_url}/api/v1/whatsapp/webhook"
    fields = {"MessageSid": f"SM{uuid4().hex}", "From": f"whatsapp:{phone}", "To": "whatsapp:+1415", "Body": text}
    headers = {"X-Twilio-Signature": RequestValidator(TOKEN).compute_signature(url, fields)}
    while True:
        try:
            answer = await client.post(url, data=fields, headers=headers)
        except httpx.HTTPError:
            await asyncio.sleep(0.2)
            continue
        if answer.status_code == 200:
            return
        assert answer.status_code >= 500, answer.text
        await asyncio.sleep(0.2)


async def _until_progress(database: Database, processes: _Processes, talking: asyncio.Task[None]) -> None:
    """Wait until some more messages were worked, so that each kill meets work under way."""
    start = await _count(database, "inbound_messages WHERE state = 'PROCESSED'")
    async with asyncio.timeout(SETTLED_WITHIN_SECONDS):
        while not talking.done() or await _count(database, "inbound_messages WHERE state = 'RECEIVED'"):
            if await _count(database, "inbound_messages WHERE state = 'PROCESSED'") > start + CONVERSATIONS // 10:
                return
            await asyncio.sleep(0.05)


async def _until_settled(database: Database) -> None:
    async with asyncio.timeout(SETTLED_WITHIN_SECONDS):
        while (
            await _count(database, "inbound_messages WHERE state = 'RECEIVED'")
            or await _count(database, "outbound_messages WHERE state IN ('QUEUED', 'SENDING')")
            or await _count(database, "pgqueuer WHERE execute_after <= now() AND status IN ('queued', 'picked')")
        ):
            await asyncio.sleep(0.2)


async def _assert_exactly_once(database: Database) -> None:
    assert await _count(database, "inbound_messages WHERE state = 'PROCESSED'") == 2 * CONVERSATIONS + 1
    assert await _count(database, "inbound_messages WHERE state <> 'PROCESSED'") == 0
    assert await _count(database, "outbound_messages WHERE state = 'FAILED'") == 0
    assert await _count(database, "pgqueuer WHERE status = 'failed'") == 0
    assert await _count(database, "orders") == CONVERSATIONS
    assert await _count(database, "(SELECT DISTINCT retailer_id FROM orders) AS shop") == CONVERSATIONS
    answers = "(SELECT reply_to_id FROM outbound_messages WHERE reply_to_id IS NOT NULL GROUP BY 1 HAVING count(*) = 1)"
    assert await _count(database, f"{answers} AS answered") == 2 * CONVERSATIONS + 1
    asked = "vendor_requests WHERE answer = 'WAITING'"
    assert await _count(database, asked) == CONVERSATIONS
    to_vendor = (
        "outbound_messages AS said JOIN contacts ON contacts.id = said.contact_id "
        f"WHERE contacts.phone = '{VENDOR_PHONE}' AND said.purpose = 'ORDER_REQUEST'"
    )
    assert await _count(database, to_vendor) == CONVERSATIONS


async def _count(database: Database, what: str) -> int:
    async with database.reading() as tx:
        return int(await tx.value(f"SELECT count(*) FROM {what}"))


class _Processes:
    """The real web and worker as processes of their own, killed and started again under the same address."""

    def __init__(self, dsn: str, folder: Path, provider_port: int) -> None:
        self._running: dict[str, asyncio.subprocess.Process] = {}
        self._port = _free_port()
        self.web_url = f"http://127.0.0.1:{self._port}"
        self._environment = {
            **os.environ,
            "DATABASE_URL": dsn,
            "KHAACHO_DATA_DIR": str(folder),
            "KHAACHO_SECRET_KEY": "a-test-secret-that-is-long-enough-00000",
            "KHAACHO_PUBLIC_URL": self.web_url,
            "KHAACHO_HTTP_PORT": str(self._port),
            "KHAACHO_WORKER_PORT": str(_free_port()),
            "KHAACHO_LOG_LEVEL": "ERROR",
            "KHAACHO_WHATSAPP_CHANNEL": "twilio",
            "TWILIO_ACCOUNT_SID": "ACtest",
            "TWILIO_AUTH_TOKEN": TOKEN,
            "TWILIO_WHATSAPP_FROM": "whatsapp:+14155238886",
            "TWILIO_BASE_URL": f"http://127.0.0.1:{provider_port}",
        }

    async def start(self, name: str) -> None:
        # A process group of its own, so that a kill takes the web's children with it.
        self._running[name] = await asyncio.create_subprocess_exec(
            KHAACHO, name, env=self._environment, start_new_session=True
        )

    async def kill(self, name: str) -> None:
        process = self._running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        await process.wait()

    async def stop(self) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            await asyncio.wait_for(process.wait(), 40)


@asynccontextmanager
async def _fake_provider() -> AsyncIterator[int]:
    """A provider that takes every message."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    int(line.split(b":")[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length")
                )
                await reader.readexactly(length)
                body = json.dumps({"sid": f"SM{uuid4().hex}", "status": "queued"}).encode()
                writer.write(b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n")
                writer.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
