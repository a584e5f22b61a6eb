"""A door to knock at, a provider to send through, and workers in between: all real, all on loopback."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any
from urllib.parse import parse_qs

import httpx
import msgspec
import pytest
import uvicorn
from twilio.request_validator import RequestValidator

from khaacho import clock
from khaacho.platform.database import Database, Transaction
from khaacho.platform.job_runner import run_jobs
from khaacho.platform.queue import JobHandlers
from khaacho.whatsapp.contacts import ensure_contact
from khaacho.whatsapp.inbox import Turn
from khaacho.whatsapp.outbox import say
from khaacho.whatsapp.records import Contact, Purpose, Reply, Saying

TWILIO_TOKEN = "token-of-the-test-account"
META_SECRET = "secret-of-the-test-app"
META_VERIFY = "verify-me"
SENDER = "+14155238886"
API = "/api/v1"

PROVIDER_SETTINGS = {
    "TWILIO_ACCOUNT_SID": "AC0123456789",
    "TWILIO_AUTH_TOKEN": TWILIO_TOKEN,
    "TWILIO_WHATSAPP_FROM": SENDER,
    "META_APP_SECRET": META_SECRET,
    "META_VERIFY_TOKEN": META_VERIFY,
    "META_ACCESS_TOKEN": "meta-token",
    "META_PHONE_NUMBER_ID": "1122334455667",
}

Working = Callable[..., AbstractAsyncContextManager[None]]
Settle = Callable[[], Awaitable[None]]


class Door:
    """The web application as the providers see it."""

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self.url = url
        self.client = client

    async def twilio(self, path: str = "/whatsapp/webhook", *, signature: str | None = None, **form: str) -> Any:
        """Post a form as Twilio does, signed by its own client unless another signature is given."""
        url = f"{self.url}{API}{path}"
        right = RequestValidator(TWILIO_TOKEN).compute_signature(url, form)
        headers = {"X-Twilio-Signature": right if signature is None else signature}
        return await self.client.post(url, data=form, headers=headers)

    async def says(self, phone: str, text: str, *, sid: str) -> Any:
        """Somebody writes over Twilio."""
        return await self.twilio(MessageSid=sid, From=f"whatsapp:{phone}", To=f"whatsapp:{SENDER}", Body=text)

    async def meta(self, payload: Any, *, signature: str | None = None) -> Any:
        """Post a body as Meta does."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload, ensure_ascii=False).encode()
        right = "sha256=" + hmac.new(META_SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-Hub-Signature-256": right if signature is None else signature, "Content-Type": "application/json"}
        return await self.client.post(f"{self.url}{API}/whatsapp/cloud", content=body, headers=headers)


@pytest.fixture
async def door(serve: Callable[..., Any]) -> AsyncIterator[Door]:
    """The real web application with the credentials of both providers."""
    with serve(**PROVIDER_SETTINGS) as url:
        async with httpx.AsyncClient(timeout=20) as client:
            yield Door(url, client)


def cloud_body(*messages: dict[str, Any], people: Sequence[dict[str, Any]] = (), statuses: Any = ()) -> dict[str, Any]:
    """A body of Meta's with these messages, people and statuses."""
    value = {"messaging_product": "whatsapp", "contacts": list(people), "messages": list(messages)}
    if statuses:
        value["statuses"] = list(statuses)
    change = {"field": "messages", "value": value}
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}


def cloud_text(sender: str, text: str, *, wamid: str) -> dict[str, Any]:
    """A text message of Meta's."""
    return {"from": sender, "id": wamid, "timestamp": "1697043223", "type": "text", "text": {"body": text}}


class Answering(msgspec.Struct):
    """What the provider does with the next message: an HTTP status and a body, or nothing at all for `seconds`."""

    status: int = 201
    body: dict[str, Any] = {}
    seconds: float = 0


class Provider:
    """A local server that answers like Twilio and Meta and keeps what it was sent."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []
        self.planned: list[Answering] = []
        self.arrived = threading.Event()

    @property
    def bodies(self) -> list[str]:
        """The texts it was sent, in order."""
        return [request["form"].get("Body", "") for request in self.requests]

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        number = len(self.requests) + 1
        is_meta = scope["path"].endswith("/messages")
        self.requests.append(
            {
                "path": scope["path"],
                "headers": {name.decode(): value.decode() for name, value in scope["headers"]},
                "form": {name: values[0] for name, values in parse_qs(body.decode()).items()} if not is_meta else {},
                "json": json.loads(body) if is_meta else None,
            }
        )
        self.arrived.set()
        answer = self.planned.pop(0) if self.planned else Answering()
        if answer.seconds:
            await asyncio.sleep(answer.seconds)
        content = answer.body or (
            {"messages": [{"id": f"wamid.{number}"}]} if is_meta else {"sid": f"SM{number}", "status": "queued"}
        )
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": json.dumps(content).encode()})


@pytest.fixture
def provider() -> Iterator[Provider]:
    """The local provider; its address is `provider.url`."""
    app = Provider()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        app.url = f"http://127.0.0.1:{listening.getsockname()[1]}"  # type: ignore[attr-defined]
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            thread.join(0.01)
        yield app
        server.should_exit = True
        server.force_exit = True
        thread.join()


@pytest.fixture
def running(database: Database) -> Callable[..., AbstractAsyncContextManager[None]]:
    """`async with running(handlers, workers=3):` lets that many real workers run the queue."""

    @asynccontextmanager
    async def run(handlers: JobHandlers, *, workers: int = 1) -> AsyncIterator[None]:
        stopping = asyncio.Event()
        tasks = [asyncio.create_task(run_jobs(database, handlers, stopping)) for _ in range(workers)]
        try:
            yield
        finally:
            stopping.set()
            await asyncio.gather(*tasks)

    return run


async def echo(tx: Transaction, turn: Turn) -> Reply:
    """A dialogue that says back what it heard."""
    return Reply(texts=(f"heard {turn.message.body}",), intent="other")


@pytest.fixture
def written(database: Database) -> Callable[..., Awaitable[Contact]]:
    """`contact = await written(phone)`: somebody who wrote just now over `channel` (twilio unless given)."""

    async def make(phone: str = "+9779800000001", *, channel: str = "twilio", address: str | None = None) -> Contact:
        async with database.transaction() as tx:
            contact = await ensure_contact(tx, phone)
            await tx.execute(
                """
                UPDATE contacts SET channel = %(channel)s, address = %(address)s, last_inbound_at = %(now)s
                WHERE id = %(id)s
                """,
                {"id": contact.id, "channel": channel, "address": address or phone, "now": clock.now()},
            )
            return await ensure_contact(tx, phone)

    return make


@pytest.fixture
def said(database: Database) -> Callable[..., Awaitable[None]]:
    """`await said(contact, "one", "two")` queues messages."""

    async def queue(contact: Contact, *texts: str, purpose: Purpose = Purpose.REPLY, template: Any = None) -> None:
        async with database.transaction() as tx:
            await say(
                tx,
                contact.id,
                [Saying(key=f"test:{text[:80]}", purpose=purpose, text=text, template=template) for text in texts],
            )

    return queue


@pytest.fixture
def rows(database: Database) -> Callable[[str], Awaitable[list[dict[str, Any]]]]:
    """`await rows("outbound_messages")`: a table's rows, oldest first."""

    async def read(table: str) -> list[dict[str, Any]]:
        order = "sequence" if table.endswith("_messages") else "1"
        async with database.reading() as tx:
            return await tx.dicts(f"SELECT * FROM {table} ORDER BY {order}")

    return read
