"""Templates made into answers: the visitor, the language, the formats and the clock are there in every one of them."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from litestar import Response
from litestar.datastructures import Cookie

from khaacho import clock
from khaacho.console import formats
from khaacho.console.static_files import static_url
from khaacho.console.visitor import LOCALE_COOKIE, AnyRequest, choose_locale, known_visitor
from khaacho.console.wording import words_of
from khaacho.settings import Settings

LOCALE_KEPT_SECONDS = 365 * 24 * 3600
# Pages speak of people and money: nobody between us and the browser keeps a copy.
PAGE_HEADERS = {"Cache-Control": "no-store"}
HTML = "text/html"
SEEN = "seen"

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(default=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
_templates.filters.update(
    amount=formats.amount,
    amount_short=formats.amount_short,
    amount_round=formats.amount_round,
    amount_change=formats.amount_change,
    quantity=formats.quantity,
    price=formats.price,
    clock_time=formats.clock_time,
    business_time=clock.business_time,
    day=pass_context(lambda context, value: formats.day(value, context["t"].months)),
    span=pass_context(lambda context, value: formats.span(value, context["t"].units)),
    phone=formats.phone_spaced,
    who=formats.who,
    bubble=formats.bubble,
    in_short=formats.in_short,
)
_templates.globals.update(static_url=static_url)


def render(request: AnyRequest, template: str, *, status: int = 200, **values: Any) -> Response[str]:
    """A page, or a part of one, in the visitor's language."""
    html = _html(request, template, values)
    return Response(
        html, media_type=HTML, status_code=status, headers=dict(PAGE_HEADERS), cookies=_language_cookies(request)
    )


def render_live(request: AnyRequest, template: str, **values: Any) -> Response[str]:
    """A part that asks for itself again and again: 204, which changes nothing, when it is as it was last time.

    The part carries a digest of itself in the address of its next question, so a slow line carries no repetition.
    """
    digest = hashlib.sha256(_html(request, template, {**values, SEEN: ""}).encode()).hexdigest()[:16]
    if request.query_params.get(SEEN) == digest:
        return Response("", status_code=204, media_type=HTML, headers=dict(PAGE_HEADERS))
    return render(request, template, **values, seen=digest)


def live_digest(request: AnyRequest, template: str, **values: Any) -> str:
    """The digest of a live part as it is put into its page for the first time."""
    return hashlib.sha256(_html(request, template, {**values, SEEN: ""}).encode()).hexdigest()[:16]


def _html(request: AnyRequest, template: str, values: dict[str, Any]) -> str:
    visitor = known_visitor(request)
    locale = choose_locale(request, visitor.user if visitor else None)
    settings: Settings = request.app.state.settings
    today = clock.business_day()
    words = words_of(locale)
    return _templates.get_template(template).render(
        {
            "visitor": visitor,
            "locale": locale.value,
            "t": words,
            "path": request.url.path,
            "query_with_language": lambda code: _query_with(request, lang=code),
            "today": today,
            "now": clock.now(),
            "simulator_on": settings.simulator_on,
            "moment": lambda value: formats.moment(value, words.months, today=today),
            **values,
        }
    )


def _query_with(request: AnyRequest, **changed: str) -> str:
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in changed]
    return urlencode([*kept, *changed.items()])


def _language_cookies(request: AnyRequest) -> list[Cookie]:
    if "lang" not in request.query_params:
        return []
    visitor = known_visitor(request)
    return [
        Cookie(
            key=LOCALE_COOKIE,
            value=choose_locale(request, visitor.user if visitor else None).value,
            max_age=LOCALE_KEPT_SECONDS,
            path="/console",
            samesite="lax",
            httponly=True,
        )
    ]
