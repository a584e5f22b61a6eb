"""Refusals and faults as pages: said kindly, with a way on, and never with anything from inside."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

import structlog
from litestar import Response
from litestar.exceptions import HTTPException
from litestar.response import Redirect

from khaacho.console.rendering import render
from khaacho.console.visitor import AnyRequest, NotForConsole
from khaacho.errors import KhaachoError, NotSignedIn
from khaacho.platform.http import request_id
from khaacho.platform.metrics import REFUSALS

log = structlog.get_logger(__name__)

SIGN_IN = "/console/sign-in"


def handle_refusal(request: AnyRequest, error: KhaachoError) -> Response[Any]:
    """A refusal of ours; whoever is not signed in is taken to the sign-in and back."""
    REFUSALS.labels(error.code).inc()
    if isinstance(error, NotSignedIn):
        return _to_sign_in(request)
    if error.status >= 500 and not error.retryable:
        log.error("page_failed", code=error.code, exc_info=error)
    return render(request, "failure.html", status=error.status, kind=_kind(error), request_id=request_id(request))


def handle_framework_refusal(request: AnyRequest, error: HTTPException) -> Response[Any]:
    """What the framework refuses before our code runs."""
    kind = "missing" if error.status_code in (404, 405) else "unreadable"
    status = error.status_code if 400 <= error.status_code < 500 else 400
    return render(request, "failure.html", status=status, kind=kind, request_id=request_id(request))


def handle_fault(request: AnyRequest, error: Exception) -> Response[Any]:
    """Anything unforeseen: the cause goes to the log."""
    log.error("page_failed", path=request.url.path, exc_info=error)
    return render(request, "failure.html", status=500, kind="fault", request_id=request_id(request))


def _to_sign_in(request: AnyRequest) -> Response[Any]:
    if "HX-Request" in request.headers:
        # A part of a page that asks again after the session ended takes the whole page to the sign-in.
        came_from = urlsplit(request.headers.get("HX-Current-URL", "")).path or "/console"
        return Response("", status_code=401, headers={"HX-Redirect": f"{SIGN_IN}?next={quote(came_from)}"})
    if request.method != "GET":
        return Redirect(SIGN_IN, status_code=303)
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return Redirect(f"{SIGN_IN}?next={quote(wanted)}", status_code=303)


def _kind(error: KhaachoError) -> str:
    if isinstance(error, NotForConsole):
        return "not_for_console"
    if error.retryable:
        return "busy"
    return {403: "forbidden", 404: "missing", 413: "unreadable", 422: "unreadable", 400: "unreadable"}.get(
        error.status, "fault"
    )


EXCEPTION_HANDLERS: dict[Any, Any] = {
    KhaachoError: handle_refusal,
    HTTPException: handle_framework_refusal,
    Exception: handle_fault,
}
