"""What holds for every answer, also at addresses that do not exist: request id, security headers, time and outcome.

`Application` is Litestar with that around it; `Deadline` ends requests that take too long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from functools import lru_cache
from time import perf_counter
from typing import cast

import structlog
from litestar import Litestar
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import (
    ASGIApp,
    HTTPScope,
    LifeSpanReceive,
    LifeSpanScope,
    LifeSpanSend,
    Message,
    Receive,
    Scope,
    Send,
)
from prometheus_client import Histogram

from khaacho.errors import RequestTimeout
from khaacho.platform.http import REQUEST_ID_HEADER, request_id_of
from khaacho.platform.metrics import HTTP_SECONDS

log = structlog.get_logger(__name__)

# A successful request that took longer than this is worth a line at INFO; the others are told at DEBUG.
SLOW_SECONDS = 1.0
# Nothing from elsewhere, nothing inline, nobody frames us: an injected script has nowhere to come from.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
)
# As they go over the wire, so that no answer encodes them again.
SECURITY_HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
TRANSPORT_SECURITY = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
# More than there are routes and statuses.
TIMERS_KEPT_MAX = 4096
REQUEST_ID_NAME = REQUEST_ID_HEADER.lower().encode()


class Application(Litestar):
    """Litestar that names every request, measures it, and sends the security headers with every answer."""

    secure_transport: bool = False

    def _headers_of(self, name: str) -> Iterable[tuple[bytes, bytes]]:
        transport = (TRANSPORT_SECURITY,) if self.secure_transport else ()
        return ((REQUEST_ID_NAME, name.encode()), *SECURITY_HEADERS, *transport)

    async def __call__(
        self, scope: Scope | LifeSpanScope, receive: Receive | LifeSpanReceive, send: Send | LifeSpanSend
    ) -> None:
        if scope["type"] == ScopeType.HTTP:
            await self._answer(cast("HTTPScope", scope), cast("Receive", receive), cast("Send", send))
        else:
            await super().__call__(scope, receive, send)

    async def _answer(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})
        name = request_id_of(scope)
        started = perf_counter()

        async def send_answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                given = {header for header, _ in headers}
                headers += [header for header in self._headers_of(name) if header[0] not in given]
                message["headers"] = headers
                _tell(scope, message["status"], perf_counter() - started)
            await send(message)

        # Nothing to take back afterwards: the server runs each request in a context of its own.
        structlog.contextvars.bind_contextvars(request_id=name)
        await super().__call__(scope, receive, send_answer)


def _tell(scope: HTTPScope, status: int, seconds: float) -> None:
    # The template, not the path: ids in labels would make a series per retailer. What matches no route is one series.
    route = scope.get("path_template") or "unmatched"
    method = scope["method"] if route != "unmatched" else "any"
    _timer(method, route, status).observe(seconds)
    tell = log.info if status >= 400 or seconds >= SLOW_SECONDS else log.debug
    tell("request", method=scope["method"], route=route, status=status, milliseconds=round(seconds * 1000, 1))


@lru_cache(maxsize=TIMERS_KEPT_MAX)
def _timer(method: str, route: str, status: int) -> Histogram:
    return HTTP_SECONDS.labels(method, route, status)


class Deadline(ASGIMiddleware):
    """Gives up on a request whose answer has not begun in time; its transaction is undone with it."""

    scopes = (ScopeType.HTTP,)

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        try:
            async with asyncio.timeout(self._seconds) as deadline:

                async def send_and_relax(message: Message) -> None:
                    # An export streams for as long as it needs, once it has begun.
                    if message["type"] == "http.response.start":
                        deadline.reschedule(None)
                    await send(message)

                await next_app(scope, receive, send_and_relax)
        except TimeoutError as error:
            if deadline.expired():
                raise RequestTimeout from error
            raise
