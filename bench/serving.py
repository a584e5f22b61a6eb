"""Through HTTP with two web processes: placing orders, asking the guardrails, answering webhooks; and the worker's way
from a stored message to the reply handed to a provider."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlencode

import httpx
import psycopg

from bench.placing import LINES, SECONDS
from bench.recording import Figure, Recorder, percentile
from bench.wire import Load, http_request, send_load
from bench.world import World
from khaacho.ids import new_id
from khaacho.platform.database import Database

KHAACHO = [str(Path(sys.executable).with_name("khaacho"))]
PHONE, PASSWORD = "+9779800000000", "bench-password-not-secret"
TWILIO_TOKEN = "visibly-fake-bench-token"
PROCESSES = 2
IN_FLIGHT = 50
# Few enough that the worker has soon answered them all.
WEBHOOKS = 600
WARM_WEBHOOKS = 100


async def measure(recorder: Recorder, database: Database, world: World, folder: Path) -> None:
    """Start the real server, send it work, stop it."""
    port, provider_port = _free_port(), _free_port()
    environment = {
        **os.environ,
        "DATABASE_URL": database.dsn,
        "KHAACHO_DATA_DIR": str(folder),
        "KHAACHO_SECRET_KEY": "a-bench-secret-that-is-long-enough-0000",
        "KHAACHO_LOG_LEVEL": "ERROR",
        "KHAACHO_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "KHAACHO_REQUESTS_PER_MINUTE": "100000000",
        "KHAACHO_WHATSAPP_CHANNEL": "twilio",
        "KHAACHO_WORKER_PORT": str(_free_port()),
        "TWILIO_ACCOUNT_SID": "ACbench",
        "TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
        "TWILIO_WHATSAPP_FROM": "whatsapp:+14155238886",
        "TWILIO_BASE_URL": f"http://127.0.0.1:{provider_port}",
    }
    async with _running(["web", "--port", str(port), "--processes", str(PROCESSES)], environment):
        await _wait_until_up(port)
        token = await _sign_in(port, environment)
        await _measure_api(recorder, port, token, world, database)
        await _measure_webhook(recorder, port, database)
        await _measure_replies(recorder, database, port, provider_port, environment)


async def _measure_api(recorder: Recorder, port: int, token: str, world: World, database: Database) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    bare = await send_load(
        port, lambda _: http_request("GET", "/health", b"", {}), in_flight=IN_FLIGHT, seconds=SECONDS / 2
    )

    def order(number: int) -> bytes:
        first = number * 7 % (len(world.products) - LINES)
        body = {
            "retailerId": str(world.shops[number * 7919 % len(world.shops)]),
            "items": [{"productId": str(product), "quantity": 1} for product in world.products[first : first + LINES]],
            "paymentMode": "CREDIT",
        }
        return http_request(
            "POST", "/api/v1/orders", json.dumps(body).encode(), {**headers, "Idempotency-Key": str(new_id())}
        )

    def question(number: int) -> bytes:
        body = {
            "retailerId": str(world.shops[number]),
            "orderAmount": 2373.00,
            "paymentMode": "CREDIT",
        }
        return http_request("POST", "/api/v1/admin/guardrails/validate-order", json.dumps(body).encode(), headers)

    await send_load(port, order, in_flight=IN_FLIGHT, seconds=0.5)
    await asyncio.to_thread(_analyze, database)
    placed = await send_load(port, order, in_flight=IN_FLIGHT, seconds=SECONDS)
    _require(placed, 201)
    recorder.record(
        Figure(
            name="POST /orders, 50 in flight, 2 processes",
            value=placed.rate,
            unit="orders/s",
            limit=bare.rate,
            limit_name="GET /health, same server",
        )
    )
    recorder.record(Figure(name="POST /orders, p95", value=placed.p(0.95), unit="ms", target=50, more_is_better=False))
    # Written before, so that the client does nothing but send.
    questions = [question(number) for number in range(len(world.shops))]
    await send_load(port, lambda number: questions[number % len(questions)], in_flight=IN_FLIGHT, seconds=0.5)
    asked = await send_load(
        port, lambda number: questions[number % len(questions)], in_flight=IN_FLIGHT, seconds=SECONDS / 2
    )
    _require(asked, 200)
    # What the server takes for an answer that asks nobody anything: no other can be quicker.
    recorder.record(Figure(name="GET /health, 50 in flight, p99", value=bare.p(0.99), unit="ms", more_is_better=False))
    recorder.record(
        Figure(
            name="validate-order, 50 in flight",
            value=asked.rate,
            unit="questions/s",
            limit=bare.rate,
            limit_name="GET /health, same server",
        )
    )
    recorder.record(
        Figure(
            name="validate-order, 50 in flight, p99", value=asked.p(0.99), unit="ms", target=10, more_is_better=False
        )
    )


async def _measure_webhook(recorder: Recorder, port: int, database: Database) -> None:
    def message(number: int) -> bytes:
        return _signed(port, f"+97798{number % 500:08d}", "kati tirna baki", f"SMbench{new_id().hex}")

    await send_load(port, message, in_flight=8, seconds=SECONDS, requests_max=WARM_WEBHOOKS)
    await asyncio.to_thread(_analyze, database)
    answered = await send_load(port, message, in_flight=8, seconds=SECONDS, requests_max=WEBHOOKS)
    _require(answered, 200)
    recorder.record(
        Figure(
            name="webhook answer, 8 in flight, p99", value=answered.p(0.99), unit="ms", target=50, more_is_better=False
        )
    )
    recorder.record(Figure(name="webhook, 8 in flight", value=answered.rate, unit="messages/s"))


async def _measure_replies(
    recorder: Recorder, database: Database, port: int, provider_port: int, environment: dict[str, str]
) -> None:
    """Messages one after another, each timed from the webhook's answer to the provider's receipt of the reply."""
    received: asyncio.Queue[float] = asyncio.Queue()

    async def provider(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                at = head.lower().index(b"content-length:")
                await reader.readexactly(int(head[at + 15 : head.index(b"\r\n", at)]))
                received.put_nowait(time.perf_counter())
                body = json.dumps({"sid": f"SM{new_id().hex}", "status": "queued"}).encode()
                writer.write(
                    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                    % (len(body), body)
                )
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    await asyncio.to_thread(_clear, database)
    server = await asyncio.start_server(provider, "127.0.0.1", provider_port)
    async with server, _running(["worker"], environment):
        waits: list[float] = []
        until = time.perf_counter() + SECONDS
        number = 0
        while time.perf_counter() < until:
            number += 1
            request = _signed(port, f"+97797{number % 100 + 1:08d}", "help", f"SMreply{new_id().hex}")
            await send_load(port, lambda _, request=request: request, in_flight=1, seconds=5, requests_max=1)  # type: ignore[misc]
            stored = time.perf_counter()
            waits.append((await asyncio.wait_for(received.get(), 20) - stored) * 1000)
        recorder.record(
            Figure(
                name="inbound stored → reply handed over, p95",
                value=percentile(waits, 0.95),
                unit="ms",
                target=100,
                more_is_better=False,
            )
        )


def _analyze(database: Database) -> None:
    """As the server does by itself within a minute: plans made for empty tables would be kept until then."""
    with psycopg.connect(database.dsn, autocommit=True) as owner:
        owner.execute("ANALYZE")


def _clear(database: Database) -> None:
    """Forget the work the other measurements left behind; only the owner of the tables may do that."""
    with psycopg.connect(database.dsn, autocommit=True) as owner:
        owner.execute("DELETE FROM pgqueuer")
        owner.execute("UPDATE inbound_messages SET state = 'PROCESSED' WHERE state = 'RECEIVED'")


def _signed(port: int, phone: str, text: str, sid: str) -> bytes:
    path = "/api/v1/whatsapp/webhook"
    fields = {"MessageSid": sid, "From": f"whatsapp:{phone}", "To": "whatsapp:+14155238886", "Body": text}
    signed = f"http://127.0.0.1:{port}{path}" + "".join(f"{name}{fields[name]}" for name in sorted(fields))
    signature = base64.b64encode(hmac.new(TWILIO_TOKEN.encode(), signed.encode(), hashlib.sha1).digest()).decode()
    return http_request(
        "POST",
        path,
        urlencode(fields).encode(),
        {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": signature},
    )


async def _sign_in(port: int, environment: dict[str, str]) -> str:
    created = [*KHAACHO, "user", "create", "--role", "ADMIN", "--phone", PHONE, "--password", PASSWORD]
    await asyncio.to_thread(subprocess.run, created, env=environment, check=True, stdout=subprocess.DEVNULL)
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1") as client:
        answer = await client.post("/auth/login", json={"phoneNumber": PHONE, "password": PASSWORD})
        return str(answer.raise_for_status().json()["data"]["accessToken"])


def _require(load: Load, status: int) -> None:
    if set(load.statuses) != {status}:
        raise RuntimeError(f"unexpected answers: {load.statuses}")


@asynccontextmanager
async def _running(arguments: list[str], environment: dict[str, str]) -> AsyncIterator[None]:
    process = await asyncio.create_subprocess_exec(*KHAACHO, *arguments, env=environment)
    try:
        yield
    finally:
        process.terminate()
        await asyncio.wait_for(process.wait(), 30)


async def _wait_until_up(port: int) -> None:
    until = time.perf_counter() + 20
    while time.perf_counter() < until:
        try:
            await send_load(
                port, lambda _: http_request("GET", "/health", b"", {}), in_flight=1, seconds=1, requests_max=1
            )
        except OSError:
            await asyncio.sleep(0.1)
        else:
            return
    raise RuntimeError("the web server did not come up")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
