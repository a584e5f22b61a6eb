"""Signing in with phone and password, and out again.

The form is for strangers, who have no session whose token it could carry: it carries a random one that is in a cookie
as well, which a page elsewhere can neither read nor set.
"""

from __future__ import annotations

import hmac
import secrets
from typing import Any

from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.di import Provide
from litestar.response import Redirect

from khaacho.actors import ActorRole
from khaacho.console.rendering import render
from khaacho.console.visitor import (
    HOME,
    ROLES,
    SESSION_COOKIE,
    WORK_HOME,
    AnyRequest,
    Visitor,
    admit_anybody,
    home_of,
    provide_visitor,
)
from khaacho.errors import AccountNotActive, KhaachoError, SignInLocked, TooManyRequests, WrongCredentials
from khaacho.parties.phones import parse_phone
from khaacho.parties.sessions import SESSION_LIFETIME, end_session, find_session, start_session
from khaacho.parties.signin.actions import check_password, record_login
from khaacho.platform.database import Database
from khaacho.platform.http import request_id
from khaacho.platform.limits import Limiter
from khaacho.settings import Settings

FORM_COOKIE = "khaacho_form"
PASSWORD_LENGTH_MAX = 200
WINDOW_SECONDS = 60


@get("/sign-in")
async def sign_in_page(request: AnyRequest, database: Database, settings: Settings) -> Response[Any]:
    """The form; whoever is signed in already goes on."""
    async with database.reading() as tx:
        session = await find_session(tx, request.cookies.get(SESSION_COOKIE))
    if session is not None:
        return Redirect(_next(request.query_params.get("next")), status_code=303)
    return _form(request, settings, next_page=_next(request.query_params.get("next")))


@post("/sign-in", status_code=200)
async def sign_in(request: AnyRequest, database: Database, settings: Settings) -> Response[Any]:
    """Check the password and begin a session; a refusal is said on the form, with the phone still in it."""
    form = await request.form()
    phone, password = str(form.get("phone", "")), str(form.get("password", ""))
    next_page = _next(str(form.get("next", "")))
    kept = request.cookies.get(FORM_COOKIE, "")
    if not kept or not hmac.compare_digest(str(form.get("csrf", "")).encode(), kept.encode()):
        return _form(request, settings, next_page=next_page, phone=phone, refusal="expired", status=403)
    try:
        await _limit(request, settings)
        user = await check_password(database, phone=_phone(phone), password=password[:PASSWORD_LENGTH_MAX])
    except KhaachoError as error:
        return _form(request, settings, next_page=next_page, phone=phone, **_refusal(error))
    if user.role not in ROLES:
        return render(request, "failure.html", status=403, kind="not_for_console", request_id="")
    async with database.transaction() as tx:
        old = request.cookies.get(SESSION_COOKIE)
        if old:
            await end_session(tx, old)
        started = await start_session(tx, user_id=user.id)
        await record_login(tx, user, way="console", request_id=request_id(request))
    cookie = _cookie(SESSION_COOKIE, started.cookie, settings, max_age=int(SESSION_LIFETIME.total_seconds()))
    cookies = [cookie, _cookie(FORM_COOKIE, "", settings, max_age=0)]
    return Redirect(_onward(next_page, user.role), status_code=303, cookies=cookies)


async def admit_to_leave(request: AnyRequest) -> None:
    """Everybody with a session may end it."""
    await admit_anybody(request)


@post(
    "/sign-out",
    before_request=admit_to_leave,
    status_code=303,
    dependencies={"visitor": Provide(provide_visitor, sync_to_thread=False)},
)
async def sign_out(request: AnyRequest, database: Database, settings: Settings, visitor: Visitor) -> Response[Any]:
    """End the session here and in the browser."""
    async with database.transaction() as tx:
        await end_session(tx, request.cookies.get(SESSION_COOKIE, ""))
    return Redirect("/console/sign-in", status_code=303, cookies=[_cookie(SESSION_COOKIE, "", settings, max_age=0)])


def _form(
    request: AnyRequest,
    settings: Settings,
    *,
    next_page: str,
    phone: str = "",
    refusal: str | None = None,
    seconds: int = 0,
    status: int = 200,
) -> Response[str]:
    token = secrets.token_urlsafe(24)
    page = render(
        request,
        "sign_in.html",
        status=status,
        token=token,
        next_page=next_page,
        phone=phone[:40],
        refusal=refusal,
        minutes=max(1, -(-seconds // 60)),
    )
    page.cookies.append(_cookie(FORM_COOKIE, token, settings, max_age=3600))
    return page


def _refusal(error: KhaachoError) -> dict[str, Any]:
    seconds = int(error.details.get("retry_after_seconds", 0))
    match error:
        case SignInLocked() | TooManyRequests():
            return {"refusal": "locked", "seconds": seconds, "status": 429}
        case AccountNotActive():
            return {"refusal": "not_active", "status": 403}
        case WrongCredentials():
            return {"refusal": "wrong", "status": 401}
        case _ if error.status == 422:
            return {"refusal": "phone_wrong", "status": 422}
        case _:
            raise error


async def _limit(request: AnyRequest, settings: Settings) -> None:
    limiter: Limiter = request.app.state.limiter
    caller = request.client.host if request.client else "unknown"
    await limiter.allow(f"sign-in:{caller}", settings.sign_ins_per_minute, WINDOW_SECONDS)


def _phone(raw: str) -> str:
    return parse_phone(raw.strip(), field="phone")


def _next(wanted: str | None) -> str:
    """Only a page of ours: an address elsewhere in the link to the sign-in would be a trap."""
    if wanted and wanted.startswith("/console") and "//" not in wanted and "\\" not in wanted:
        return wanted
    return HOME


def _onward(next_page: str, role: ActorRole) -> str:
    """The page that was wanted, unless it is of those who have other pages."""
    home = home_of(role)
    return next_page if (home == HOME) != next_page.startswith(WORK_HOME) else home


def _cookie(key: str, value: str, settings: Settings, *, max_age: int) -> Cookie:
    return Cookie(
        key=key,
        value=value,
        max_age=max_age,
        path="/console",
        httponly=True,
        samesite="lax",
        secure=settings.base_url.startswith("https://"),
    )


ROUTES: list[Any] = [sign_in_page, sign_in, sign_out]
