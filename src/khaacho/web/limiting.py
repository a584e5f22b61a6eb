"""How many requests one caller may make: generous enough for any shop or script, tight enough to stop a runaway."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from khaacho.platform.http import API_BASE
from khaacho.platform.limits import Limiter
from khaacho.settings import Settings

WINDOW_SECONDS = 60
SIGN_IN_PATHS = f"{API_BASE}/auth/"
WEBHOOK_PATHS = (
    f"{API_BASE}/whatsapp/webhook",
    f"{API_BASE}/whatsapp/status",
    f"{API_BASE}/whatsapp/cloud",
    f"{API_BASE}/webhooks/",
)


async def limit_requests(connection: ASGIConnection[Any, Any, Any, Any], _handler: BaseRouteHandler) -> None:
    """Count this request against its caller and route class. Raises TooManyRequests.

    Providers' webhooks are not limited: each call is signed, and one that is refused is only sent again.
    """
    path = connection.scope["path"]
    if not path.startswith(API_BASE) or path.startswith(WEBHOOK_PATHS):
        return
    settings: Settings = connection.app.state.settings
    limiter: Limiter = connection.app.state.limiter
    caller = connection.client.host if connection.client else "unknown"
    if path.startswith(SIGN_IN_PATHS):
        await limiter.allow(f"sign-in:{caller}", settings.sign_ins_per_minute, WINDOW_SECONDS)
    else:
        await limiter.allow(f"request:{caller}", settings.requests_per_minute, WINDOW_SECONDS)
