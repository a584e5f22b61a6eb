"""Posting to a provider: bounded in time, repeated only where a repetition cannot send twice."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import msgspec

from khaacho.whatsapp.channels.port import Postponed

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 15.0
CONNECT_TRIES = 3
CONNECT_PAUSE_SECONDS = 0.2
# Everything above together; an outbox lease must outlast it.
SEND_SECONDS_MAX = CONNECT_TRIES * (CONNECT_SECONDS + CONNECT_PAUSE_SECONDS) + ANSWER_SECONDS


class ProviderAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A complete HTTP answer with its JSON, empty when it was none."""

    status: int
    body: dict[str, Any]


def new_client() -> httpx.AsyncClient:
    """A client for one provider, with connections kept open between messages."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=32, max_keepalive_connections=16),
    )


async def post_to_provider(client: httpx.AsyncClient, url: str, **request: Any) -> ProviderAnswer | Postponed:
    """Post and read the answer. A connection that could not be made is tried again at once: nothing was sent yet.

    Anything that breaks later is not, because the provider may have taken the message; it is postponed, and by the
    time of the next try a status report will have told us.
    """
    for tries_left in reversed(range(CONNECT_TRIES)):
        try:
            answer = await client.post(url, **request)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            if not tries_left:
                return Postponed(reason=f"no connection: {type(error).__name__}")
            await asyncio.sleep(CONNECT_PAUSE_SECONDS)
        except httpx.HTTPError as error:
            return Postponed(reason=f"no answer: {type(error).__name__}")
        else:
            return ProviderAnswer(status=answer.status_code, body=_json(answer.content))
    raise AssertionError("the last try returns")


def is_passing(status: int) -> bool:
    """Does this HTTP status promise that a later try may work? Wrong credentials do: somebody will correct them."""
    return status in (401, 403, 408, 409, 425, 429) or status >= 500


def _json(content: bytes) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return body if isinstance(body, dict) else {}
