"""How many requests one caller may make: generous enough for any shop or script, tight enough to stop a runaway."""

from __future__ import annotations

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

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


class RequestLimit(ASGIMiddleware):
    """Counts each request against its caller and route class. Raises TooManyRequests.

    Providers' webhooks are not limited: each call is signed, and one that is refused is only sent again.
    """

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        path = scope["path"]
        if path.startswith(API_BASE) and not path.startswith(WEBHOOK_PATHS):
            # Asking who one is (GET) is no try to sign in.
            await _count(scope, signing_in=scope.get("method") == "POST" and path.startswith(SIGN_IN_PATHS))
        await next_app(scope, receive, send)


async def _count(scope: Scope, *, signing_in: bool) -> None:
    state = scope["litestar_app"].state
    settings: Settings = state.settings
    limiter: Limiter = state.limiter
    caller = scope["client"][0] if scope["client"] else "unknown"
    if signing_in:
        await limiter.allow(f"sign-in:{caller}", settings.sign_ins_per_minute, WINDOW_SECONDS)
    else:
        await limiter.allow(f"request:{caller}", settings.requests_per_minute, WINDOW_SECONDS)
