"""Asking a gateway over HTTPS: bounded in time, repeated only where a repetition does no harm."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import httpx
import msgspec
import structlog

from khaacho.credits_errors import GatewayUnavailable

log = structlog.get_logger(__name__)

CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 6.0
TRIES = 3
PAUSE_SECONDS = 0.2
# Everything above together stays below the time a request of ours may take.
ASKING_SECONDS_MAX = TRIES * (CONNECT_SECONDS + ANSWER_SECONDS) + 2 * PAUSE_SECONDS * TRIES


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A complete HTTP answer with its JSON, empty when it was none."""

    status: int
    body: dict[str, Any]


def new_client() -> httpx.AsyncClient:
    """A client for one gateway, with connections kept open between payments."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=32, max_keepalive_connections=16),
    )


async def ask(client: httpx.AsyncClient, url: str, **request: Any) -> Answer:
    """GET, up to three times. Raises GatewayUnavailable."""
    for tries_left in reversed(range(TRIES)):
        answer = await try_once(client, "GET", url, **request)
        if answer is not None:
            return answer
        if tries_left:
            await pause()
    raise GatewayUnavailable


async def try_once(client: httpx.AsyncClient, method: str, url: str, **request: Any) -> Answer | None:
    """One request; None when there was no answer or one that promises a later one may be better."""
    try:
        answer = await client.request(method, url, **request)
    except httpx.HTTPError as error:
        log.warning("gateway_did_not_answer", method=method, why=type(error).__name__)
        return None
    if answer.status_code in (401, 403, 408, 425, 429) or answer.status_code >= 500:
        log.warning("gateway_refused", method=method, status=answer.status_code)
        return None
    return Answer(status=answer.status_code, body=_json(answer.content))


async def pause() -> None:
    """A moment before the next try, not the same for everybody."""
    await asyncio.sleep(PAUSE_SECONDS * random.uniform(0.5, 1.5))


def _json(content: bytes) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return body if isinstance(body, dict) else {}
