"""A small HTTP load generator on raw sockets, so that the client costs little beside the server."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from typing import cast

from bench.recording import percentile


class Load:
    """What came of a run: requests per second, latencies in ms, and how many answers had each status."""

    def __init__(self) -> None:
        self.latencies: list[float] = []
        self.statuses: dict[int, int] = {}
        self.seconds = 0.0

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def p(self, share: float) -> float:
        return percentile(self.latencies, share)


def http_request(method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """The bytes of one HTTP/1.1 request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


async def send_load(
    port: int, make_request: Callable[[int], bytes], *, in_flight: int, seconds: float, requests_max: int = 10**9
) -> Load:
    """Keep `in_flight` requests under way for so many seconds, each connection waiting for its answer."""
    load = Load()
    started = time.perf_counter()
    numbers = iter(range(1, requests_max + 1))
    loop = asyncio.get_running_loop()

    def next_request() -> bytes | None:
        if time.perf_counter() - started >= seconds:
            return None
        number = next(numbers, None)
        return None if number is None else make_request(number)

    connections = [_Connection(load, next_request, loop.create_future()) for _ in range(in_flight)]
    await asyncio.gather(*(loop.create_connection(lambda one=one: one, "127.0.0.1", port) for one in connections))
    await asyncio.gather(*(one.finished for one in connections))
    load.seconds = time.perf_counter() - started
    return load


class _Connection(asyncio.Protocol):
    """Asks, waits for the whole answer, asks again."""

    def __init__(self, load: Load, next_request: Callable[[], bytes | None], finished: asyncio.Future[None]) -> None:
        self._load = load
        self._next_request = next_request
        self._received = b""
        self._sent = 0.0
        self.finished = finished

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not _is_whole(self._received):
            return
        self._load.latencies.append((time.perf_counter() - self._sent) * 1000)
        status = int(self._received[9:12])
        self._load.statuses[status] = self._load.statuses.get(status, 0) + 1
        self._received = b""
        self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.finished.done():
            self.finished.set_exception(error or ConnectionError("the server closed the connection"))

    def _ask(self) -> None:
        request = self._next_request()
        if request is None:
            self.finished.set_result(None)
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)


_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)", re.IGNORECASE)


def _is_whole(received: bytes) -> bool:
    head_end = received.find(b"\r\n\r\n")
    if head_end < 0:
        return False
    length = _LENGTH.search(received, 0, head_end)
    if length is None:
        return received.endswith(b"0\r\n\r\n")
    return len(received) >= head_end + 4 + int(length[1])
