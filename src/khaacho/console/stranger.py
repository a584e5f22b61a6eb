"""Forms for strangers, who have no session whose token a form could carry.

Such a form carries a random one that is in a cookie as well, which a page elsewhere can neither read nor set. It is the
same on all pages of a browser, so that a second one that is opened does not spoil the first.
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
from khaacho.platform.database import Database
from khaacho.platform.limits import Limiter
from khaacho.platform.limits import take as take_allowance
from khaacho.settings import Settings

FORM_COOKIE = "khaacho_form"
FORM_SECONDS = 3_600
WINDOW_SECONDS = 60
# Each code is a message that costs us something and may annoy somebody; a whole office behind one address gets through.
CODES_PER_CALLER = 60
CODES_COUNTED_SECONDS = 3_600


def render_form(
    request: AnyRequest, settings: Settings, template: str, *, status: int = 200, **shown: Any
) -> Response[str]:
    """A page whose forms carry `token`, and the cookie that belongs to it."""
    token = request.cookies.get(FORM_COOKIE) or secrets.token_urlsafe(24)
    # Where the simulator is the only channel, a code arrives nowhere else.
    is_code_in_chat = settings.simulator_on and settings.whatsapp_channel == "simulator"
    page = render(request, template, status=status, token=token, is_code_in_chat=is_code_in_chat, **shown)
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


async def limit_codes(request: AnyRequest, database: Database) -> None:
    """One allowance for all the codes a caller has sent to whatever phones. Raises TooManyRequests."""
    async with database.transaction() as tx:
        await take_allowance(tx, f"codes:{caller_of(request)}", CODES_PER_CALLER, CODES_COUNTED_SECONDS)


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
