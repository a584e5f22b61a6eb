"""Signing up as a freelancer: the phone first, then the code that arrived there, a name and a password.

Nothing is kept between the two steps but the code's hash. Whoever has signed up waits until the team lets them in;
the welcome comes with that.
"""

from __future__ import annotations

from typing import Any

from litestar import Response, get, post
from litestar.response import Redirect

from khaacho.console.forms import Form
from khaacho.console.rendering import render
from khaacho.console.stranger import is_own_form, limit_callers, limit_codes, render_form
from khaacho.console.visitor import SESSION_COOKIE, AnyRequest, choose_locale, home_of
from khaacho.errors import (
    AlreadyExists,
    KhaachoError,
    SignInLocked,
    TooManyRequests,
    ValidationFailed,
    WrongCredentials,
)
from khaacho.parties.phones import parse_phone
from khaacho.parties.sessions import find_session
from khaacho.parties.signin.codes import CODE_LIFETIME
from khaacho.parties.signin.passwords import PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN
from khaacho.parties.signin.signing_up import issue_sign_up_code, sign_up_freelancer
from khaacho.platform.database import Database
from khaacho.platform.http import request_id
from khaacho.prepaid.terms import find_terms
from khaacho.settings import Settings

HERE = "/console/sign-up"
NAME_LENGTH_MAX = 200


@get("/sign-up")
async def sign_up_page(request: AnyRequest, database: Database, settings: Settings) -> Response[Any]:
    """The first step; whoever is signed in already goes on."""
    async with database.reading() as tx:
        session = await find_session(tx, request.cookies.get(SESSION_COOKIE))
    if session is not None:
        return Redirect(home_of(session.user.role), status_code=303)
    return _show(request, settings)


@post("/sign-up/code", status_code=200)
async def send_code(request: AnyRequest, database: Database, settings: Settings) -> Response[Any]:
    """Send a code to the phone and ask for it; the page is the same whether anybody has that phone or not."""
    fields = await request.form()
    form = Form(fields)
    written = form.words("phone")
    if not is_own_form(request, fields):
        return _show(request, settings, phone=written, refusal="expired", status=403)
    try:
        await limit_callers(request, settings)
        phone = parse_phone(written, field="phone")
        await limit_codes(request, database)
        await issue_sign_up_code(database, secret=settings.secret, phone=phone, locale=choose_locale(request, None))
    except KhaachoError as error:
        return _show(request, settings, phone=written, is_code_sent=bool(form.words("again")), **_refusal(error))
    return _show(request, settings, phone=phone, is_code_sent=True)


@post("/sign-up", status_code=303)
async def sign_up(request: AnyRequest, database: Database, settings: Settings) -> Response[Any]:
    """Check the code and register; a refusal is said on the form, with what was filled in but the password."""
    fields = await request.form()
    form = Form(fields)
    phone, name = form.words("phone"), form.words("name")[:NAME_LENGTH_MAX]
    if not is_own_form(request, fields):
        return _show(request, settings, phone=phone, refusal="expired", status=403)
    try:
        await limit_callers(request, settings)
        if not name:
            raise ValidationFailed(field="name", why="is missing")
        await sign_up_freelancer(
            database,
            secret=settings.secret,
            phone=parse_phone(phone, field="phone"),
            code=form.words("code"),
            name=name,
            password=str(fields.get("password", ""))[: PASSWORD_LENGTH_MAX + 1],
            locale=choose_locale(request, None),
            request_id=request_id(request),
        )
    except KhaachoError as error:
        return _show(request, settings, phone=phone, name=name, is_code_sent=True, **_refusal(error))
    return Redirect(f"{HERE}/done", status_code=303)


@get("/sign-up/done")
async def signed_up_page(request: AnyRequest, database: Database) -> Response[str]:
    """What happens next, and what will be waiting."""
    async with database.reading() as tx:
        terms = await find_terms(tx)
    return render(request, "sign_up_done.html", bonus=terms.signup_bonus_units)


def _show(
    request: AnyRequest,
    settings: Settings,
    *,
    phone: str = "",
    name: str = "",
    is_code_sent: bool = False,
    refusal: str | None = None,
    seconds: int = 0,
    status: int = 200,
) -> Response[str]:
    return render_form(
        request,
        settings,
        "sign_up.html",
        status=status,
        phone=phone[:40],
        name=name[:NAME_LENGTH_MAX],
        # The number came from a form, so it is looked at anew each time and not taken for proven.
        is_code_sent=is_code_sent and refusal not in ("phone_wrong", "expired"),
        refusal=refusal,
        minutes=max(1, -(-seconds // 60)),
        code_minutes=int(CODE_LIFETIME.total_seconds()) // 60,
        password_min=PASSWORD_LENGTH_MIN,
        password_max=PASSWORD_LENGTH_MAX,
    )


def _refusal(error: KhaachoError) -> dict[str, Any]:
    match error:
        case SignInLocked() | TooManyRequests():
            return {"refusal": "locked", "seconds": int(error.details.get("retry_after_seconds", 0)), "status": 429}
        case WrongCredentials():
            return {"refusal": "code_wrong", "status": 401}
        case AlreadyExists():
            return {"refusal": "known", "status": 409}
        case ValidationFailed():
            field = error.details.get("field")
            return {"refusal": f"{field}_wrong" if field in ("name", "password") else "phone_wrong", "status": 422}
        case _:
            raise error


ROUTES: list[Any] = [sign_up_page, send_code, sign_up, signed_up_page]
