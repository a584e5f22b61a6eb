"""Signing in with phone and password, and out again."""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.di import Provide
from litestar.response import Redirect

from khaacho.actors import ActorRole
from khaacho.console.rendering import render
from khaacho.console.stranger import FORM_COOKIE, door_cookie, is_own_form, limit_callers, render_form
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
from khaacho.settings import Settings

PASSWORD_LENGTH_MAX = 200


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
    if not is_own_form(request, form):
        return _form(request, settings, next_page=next_page, phone=phone, refusal="expired", status=403)
    try:
        await limit_callers(request, settings)
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
    cookie = door_cookie(SESSION_COOKIE, started.cookie, settings, max_age=int(SESSION_LIFETIME.total_seconds()))
    cookies = [cookie, door_cookie(FORM_COOKIE, "", settings, max_age=0)]
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
    return Redirect("/console/sign-in", status_code=303, cookies=[door_cookie(SESSION_COOKIE, "", settings, max_age=0)])


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
    return render_form(
        request,
        settings,
        "sign_in.html",
        status=status,
        next_page=next_page,
        phone=phone[:40],
        refusal=refusal,
        minutes=max(1, -(-seconds // 60)),
    )


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


ROUTES: list[Any] = [sign_in_page, sign_in, sign_out]
