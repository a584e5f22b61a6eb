"""Forms for strangers, who have no session whose token a form could carry.

Such a form carries a random one that is in a cookie as well, which a page elsewhere can neither read nor set.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping
from typing import Any

from litestar import Response
from litestar.datastructures import Cookie

from khaacho.console.rendering import render
from khaacho.console.visitor import CSRF_FIELD, AnyRequest
from khaacho.platform.limits import Limiter
from khaacho.settings import Settings

FORM_COOKIE = "khaacho_form"
FORM_SECONDS = 3_600
WINDOW_SECONDS = 60


def render_form(
    request: AnyRequest, settings: Settings, template: str, *, status: int = 200, **shown: Any
) -> Response[str]:
    """A page whose forms carry `token`, and the cookie that belongs to it."""
    token = secrets.token_urlsafe(24)
    page = render(request, template, status=status, token=token, **shown)
    page.cookies.append(door_cookie(FORM_COOKIE, token, settings, max_age=FORM_SECONDS))
    return page


def is_own_form(request: AnyRequest, form: Mapping[str, Any]) -> bool:
    """Was the form on a page of ours in this browser?"""
    kept = request.cookies.get(FORM_COOKIE, "")
    return bool(kept) and hmac.compare_digest(str(form.get(CSRF_FIELD, "")).encode(), kept.encode())


async def limit_callers(request: AnyRequest, settings: Settings) -> None:
    """One allowance for all that strangers try at the door, here and over the API. Raises TooManyRequests."""
    limiter: Limiter = request.app.state.limiter
    await limiter.allow(f"sign-in:{caller_of(request)}", settings.sign_ins_per_minute, WINDOW_SECONDS)


def caller_of(request: AnyRequest) -> str:
    """The address a request came from."""
    return request.client.host if request.client else "unknown"


def door_cookie(key: str, value: str, settings: Settings, *, max_age: int) -> Cookie:
    """A cookie of the pages, out of reach of scripts and of other sites."""
    return Cookie(
        key=key,
        value=value,
        max_age=max_age,
        path="/console",
        httponly=True,
        samesite="lax",
        secure=settings.base_url.startswith("https://"),
    )
