"""The API's description, and the page at /docs that shows it and lets one try it, all of it served from here.

A small page of our own instead of a bundled viewer: it loads on a slow line, needs nobody else's server, and runs
under a policy that allows no inline script.
"""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

from litestar import Request, Response, get
from litestar.openapi import OpenAPIConfig, ResponseSpec
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin
from litestar.openapi.spec import Components, License, SecurityScheme
from litestar.plugins import ReceiveRoutePlugin
from litestar.routes import BaseRoute, HTTPRoute

from khaacho.platform.http import ErrorEnvelope

STATIC = Path(__file__).parent / "static"
CACHE = {"Cache-Control": "public, max-age=3600"}
DESCRIPTION = """
Ordering, credit and prepaid credits over HTTP. Success is `{"success": true, "data": …}`, failure
`{"success": false, "error": {"code", "message", "details", "retryable"}, "requestId"}`.

Amounts are rupees with at most two decimals, as numbers or as texts of plain digits (`"1234.50"`); times are ISO-8601
with offset, ids UUIDs. A POST that moves money or places
an order takes an `Idempotency-Key` header: the same key with the same body answers the first outcome again.
"""

COMMON_ERRORS = {
    400: "The request could not be read (`MALFORMED_REQUEST`).",
    401: "Nobody is signed in, or the sign-in has expired (`UNAUTHENTICATED`, `TOKEN_INVALID`).",
    403: "This may not be done, or not by you (`FORBIDDEN`).",
    404: "There is no such thing (`NOT_FOUND`).",
    409: "It conflicts with what is already so (`CONFLICT`, `IDEMPOTENCY_KEY_REUSED`, `REQUEST_IN_PROGRESS`).",
    422: "A field or a rule refuses it (`VALIDATION_ERROR`).",
    429: "Too many requests (`RATE_LIMITED`); `Retry-After` says when to come back.",
    503: "Try again in a moment (`DATABASE_UNAVAILABLE`, `REQUEST_TIMEOUT`, `LOCK_TIMEOUT`).",
}


class CommonErrors(ReceiveRoutePlugin):
    """Describes the failures that every operation shares, beside those an operation names itself."""

    def receive_route(self, route: BaseRoute) -> None:
        if not isinstance(route, HTTPRoute):
            return
        common = {
            status: ResponseSpec(ErrorEnvelope, description=description, generate_examples=False)
            for status, description in COMMON_ERRORS.items()
        }
        for handler in route.route_handlers:
            handler.responses = common | dict(handler.responses or {})


class DocumentsPage(OpenAPIRenderPlugin):
    """The page that lists the operations; its script reads the description from beside it."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return (STATIC / "docs.html").read_bytes()


def openapi_config() -> OpenAPIConfig:
    """What the description says of itself."""
    return OpenAPIConfig(
        title="Khaacho",
        version=version("khaacho"),
        description=DESCRIPTION,
        license=License(name="Apache-2.0", identifier="Apache-2.0"),
        security=[{"bearer": []}],
        components=Components(
            security_schemes={
                "bearer": SecurityScheme(
                    type="http",
                    scheme="bearer",
                    bearer_format="JWT",
                    description="The `accessToken` of POST /api/v1/auth/login.",
                )
            }
        ),
        path="/docs",
        render_plugins=[DocumentsPage(), JsonRenderPlugin(path="/openapi.json")],
    )


@get("/docs/docs.js", include_in_schema=False, opt={"open": True}, sync_to_thread=False)
def docs_script() -> Response[bytes]:
    return Response((STATIC / "docs.js").read_bytes(), media_type="text/javascript", headers=CACHE)


@get("/docs/docs.css", include_in_schema=False, opt={"open": True}, sync_to_thread=False)
def docs_style() -> Response[bytes]:
    return Response((STATIC / "docs.css").read_bytes(), media_type="text/css", headers=CACHE)


ROUTES: list[Any] = [docs_script, docs_style]
