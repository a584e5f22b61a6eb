"""A small HTTP load generator on raw sockets, so that the client costs little beside the server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

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
    number = 0
    started = time.perf_counter()
    until = started + seconds

    async def client() -> None:
        nonlocal number
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < until and number < requests_max:
            number += 1
            request = make_request(number)
            sent = time.perf_counter()
            writer.write(request)
            status = await _read_answer(reader)
            load.latencies.append((time.perf_counter() - sent) * 1000)
            load.statuses[status] = load.statuses.get(status, 0) + 1
        writer.close()

    await asyncio.gather(*(client() for _ in range(in_flight)))
    load.seconds = time.perf_counter() - started
    return load


async def _read_answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    lowered = head.lower()
    if b"transfer-encoding: chunked" in lowered:
        while True:
            size = int((await reader.readline()).strip(), 16)
            await reader.readexactly(size + 2)
            if size == 0:
                return status
    at = lowered.find(b"content-length:")
    if at >= 0:
        await reader.readexactly(int(lowered[at + 15 : lowered.index(b"\r\n", at)]))
    return status
