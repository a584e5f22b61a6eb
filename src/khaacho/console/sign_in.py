"""Signing in with phone and password, or with a code that arrives on the phone, and out again.

Nothing is kept between asking for a code and writing it but its hash; whoever forgot a password, or has none, needs no
more than the phone.
"""

from __future__ import annotations

from functools import partial
from typing import Any

from litestar import Response, get, post
from litestar.di import Provide
from litestar.response import Redirect

from khaacho.actors import ActorRole
from khaacho.console.rendering import render
from khaacho.console.stranger import door_cookie, is_own_form, limit_callers, limit_codes, render_form
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
from khaacho.parties.records import User
from khaacho.parties.sessions import SESSION_LIFETIME, end_session, find_session, start_session
from khaacho.parties.signin.actions import check_code, check_password, issue_one_time_code, record_login
from khaacho.parties.signin.codes import CODE_LIFETIME
from khaacho.platform.database import Database
from khaacho.platform.http import request_id
from khaacho.settings import Settings

PASSWORD_LENGTH_MAX = 200
CODE_LENGTH_MAX = 20


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
    return await _let_in(request, database, settings, user, next_page=next_page, way="console")


@post("/sign-in/code", status_code=200)
async def send_code(request: AnyRequest, database: Database, settings: Settings) -> Response[Any]:
    """Send a code to the phone and ask for it; the page is the same whether anybody has that phone or not."""
    form = await request.form()
    phone, next_page = str(form.get("phone", "")), _next(str(form.get("next", "")))
    if not is_own_form(request, form):
        return _form(request, settings, next_page=next_page, phone=phone, refusal="expired", status=403)
    try:
        await limit_callers(request, settings)
        number = _phone(phone)
        await limit_codes(request, database)
        await issue_one_time_code(database, secret=settings.secret, phone=number)
    except KhaachoError as error:
        asked_before = bool(form.get("again"))
        return _form(request, settings, next_page=next_page, phone=phone, is_code_sent=asked_before, **_refusal(error))
    return _form(request, settings, next_page=next_page, phone=number, is_code_sent=True)


@post("/sign-in/with-code", status_code=200)
async def sign_in_with_code(request: AnyRequest, database: Database, settings: Settings) -> Response[Any]:
    """Check the code and begin a session; a refusal is said on the form, which asks for the code again."""
    form = await request.form()
    phone, next_page = str(form.get("phone", "")), _next(str(form.get("next", "")))
    again = partial(_form, request, settings, next_page=next_page, phone=phone, is_code_sent=True)
    if not is_own_form(request, form):
        return again(refusal="expired", status=403)
    try:
        await limit_callers(request, settings)
        users = await check_code(
            database, secret=settings.secret, phone=_phone(phone), code=str(form.get("code", ""))[:CODE_LENGTH_MAX]
        )
    except WrongCredentials:
        return again(refusal="code_wrong", status=401)
    except KhaachoError as error:
        return again(**_refusal(error))
    return await _let_in(
        request, database, settings, _choose(users, next_page), next_page=next_page, way="console code"
    )


async def _let_in(
    request: AnyRequest, database: Database, settings: Settings, user: User, *, next_page: str, way: str
) -> Response[Any]:
    """A session for whoever has just proved who they are, if there are pages for them."""
    if user.role not in ROLES:
        return render(request, "failure.html", status=403, kind="not_for_console", request_id="")
    async with database.transaction() as tx:
        old = request.cookies.get(SESSION_COOKIE)
        if old:
            await end_session(tx, old)
        started = await start_session(tx, user_id=user.id)
        await record_login(tx, user, way=way, request_id=request_id(request))
    cookie = door_cookie(SESSION_COOKIE, started.cookie, settings, max_age=int(SESSION_LIFETIME.total_seconds()))
    return Redirect(_onward(next_page, user.role), status_code=303, cookies=[cookie])


def _choose(users: list[User], next_page: str) -> User:
    """Of several roles under one phone, the one the wanted page is for, else the first that has pages."""
    is_work = next_page.startswith(WORK_HOME)
    return min(users, key=lambda user: (user.role not in ROLES, (home_of(user.role) == WORK_HOME) != is_work))


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
    is_code_sent: bool = False,
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
        is_code_sent=is_code_sent and refusal != "phone_wrong",
        refusal=refusal,
        minutes=max(1, -(-seconds // 60)),
        code_minutes=int(CODE_LIFETIME.total_seconds()) // 60,
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


ROUTES: list[Any] = [sign_in_page, sign_in, send_code, sign_in_with_code, sign_out]
