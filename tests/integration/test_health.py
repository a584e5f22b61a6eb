"""What every answer carries, and what the process says of itself. [X1] [X2] [X4] [X5]"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from litestar.routes import HTTPRoute
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from tests.fixtures.processes import MakeSettings, Serve, Working

from khaacho.errors import TooManyRequests
from khaacho.platform.database import Database
from khaacho.platform.health import Part, find_readiness
from khaacho.platform.limits import Limiter, take
from khaacho.platform.migrate import migrate
from khaacho.web.app import create_app


async def test_live_and_ready(client: httpx.AsyncClient, working: Working) -> None:
    """[X4] A process is alive without a worker, and ready once a worker shows life."""
    assert (await client.get("/health")).json() == {"status": "ok"}

    before = await client.get("/ready")
    assert (before.status_code, before.json()) == (
        503,
        {"status": "not ready", "database": "ok", "migrations": "ok", "worker": "silent"},
    )

    async with working():
        await _until_ready(client)
        after = await client.get("/ready")
        assert after.json() == {"status": "ready", "database": "ok", "migrations": "ok", "worker": "ok"}

    # A worker that stops in good order takes its sign of life with it.
    assert (await client.get("/ready")).json()["worker"] == "silent"


async def _until_ready(client: httpx.AsyncClient) -> None:
    for _ in range(500):
        if (await client.get("/ready")).status_code == 200:
            return
    raise AssertionError("never ready")


async def test_a_schema_that_is_behind_is_not_ready(empty_dsn: str) -> None:
    """[X4] [X43] New code on an old schema says so, instead of failing request by request."""
    database = await Database.open(empty_dsn, as_app_role=False)
    try:
        assert (await find_readiness(database)).migrations is Part.BEHIND
        migrate(empty_dsn)
        assert (await find_readiness(database)).migrations is Part.OK
    finally:
        await database.close()


async def test_a_database_that_is_gone_is_not_ready(dsn: str, server_dsn: str) -> None:
    """[X4] Readiness answers, rather than fails, when the database does not."""
    database = await Database.open(dsn)
    try:
        name = conninfo_to_dict(dsn)["dbname"]
        with psycopg.connect(server_dsn, autocommit=True) as connection:
            connection.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(sql.Identifier(str(name))))
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        readiness = await find_readiness(database)
        assert (readiness.database, readiness.is_ready) == (Part.DOWN, False)
    finally:
        await database.close()


async def test_metrics_name_routes_not_paths(client: httpx.AsyncClient) -> None:
    """[X4] [X30] Requests are counted by route; what matches none is one series, however many are tried."""
    await client.get("/health")
    await client.get("/no/such/place/1")
    await client.get("/no/such/place/2")
    text = (await client.get("/metrics")).text
    assert 'khaacho_http_request_seconds_count{method="GET",route="/health",status="200"}' in text
    assert 'route="unmatched",status="404"' in text
    assert "/no/such/place" not in text
    assert 'khaacho_refusals_total{code="ROUTE_NOT_FOUND"}' in text


async def test_every_answer_is_named_and_guarded(client: httpx.AsyncClient) -> None:
    """[X5] The request id is the caller's or ours, in header and body; every answer has the headers."""
    given = await client.get("/nowhere", headers={"X-Request-ID": "caller-0001"})
    assert given.status_code == 404
    assert given.headers["X-Request-ID"] == given.json()["requestId"] == "caller-0001"
    assert given.json()["error"] == {"code": "ROUTE_NOT_FOUND", "message": "There is nothing at this address."}

    for answer in (given, await client.get("/health"), await client.get("/docs")):
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'self'")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Request-ID"]
        assert "Strict-Transport-Security" not in answer.headers

    hostile = await client.get("/nowhere", headers={"X-Request-ID": "a b\tc<script>"})
    assert len(hostile.headers["X-Request-ID"]) == 36


def test_transport_security_is_promised_only_over_https(serve: Serve) -> None:
    """[X5] A plain-HTTP address (a demo, a shop's own network) must stay reachable over HTTP."""
    with serve(KHAACHO_PUBLIC_URL="https://khaacho.example") as url:
        answer = httpx.get(f"{url}/health")
        assert answer.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


def test_other_origins_are_let_in_by_name_only(serve: Serve) -> None:
    """[X5] CORS is a list; nobody who is not on it is told anything."""
    with serve(KHAACHO_CORS_ORIGINS="https://shop.example") as url:
        ask = {"Access-Control-Request-Method": "GET"}
        known = httpx.options(f"{url}/health", headers=ask | {"Origin": "https://shop.example"})
        assert known.headers["Access-Control-Allow-Origin"] == "https://shop.example"
        other = httpx.options(f"{url}/health", headers=ask | {"Origin": "https://other.example"})
        assert "Access-Control-Allow-Origin" not in other.headers


async def test_documents_are_served_from_here(client: httpx.AsyncClient) -> None:
    """[X2] /docs needs nobody else's server and no inline script; long answers are compressed."""
    page = await client.get("/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "<script>" not in page.text
    assert (await client.get("/docs/docs.js")).headers["Content-Type"].startswith("text/javascript")
    assert (await client.get("/docs/docs.css")).status_code == 200

    async with client.stream("GET", "/docs/openapi.json", headers={"Accept-Encoding": "gzip"}) as answer:
        packed = b"".join([part async for part in answer.aiter_raw()])
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed).startswith(b"{")


async def test_the_description_is_complete(client: httpx.AsyncClient) -> None:
    """[X2] Every operation has a unique id, a summary, an answer with a model, and the failures all share."""
    description = (await client.get("/docs/openapi.json")).json()
    assert description["info"]["title"] == "Khaacho"
    assert description["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    ids: list[str] = []
    for path, item in description["paths"].items():
        for method, operation in item.items():
            if method == "parameters":
                continue
            where = f"{method} {path}"
            ids.append(operation["operationId"])
            assert operation.get("summary"), where
            assert {"400", "401", "403", "404", "409", "422", "429", "503"} <= operation["responses"].keys(), where
            assert any(status.startswith("2") for status in operation["responses"]), where
    assert len(ids) == len(set(ids))


async def test_a_caller_gets_what_the_window_allows_and_no_more(dsn: str) -> None:
    """[X13] Two processes share one limit: together they let through exactly as many as it says."""
    first, second = [await Database.open(dsn) for _ in range(2)]
    try:
        passed = 0
        for limiter in [Limiter(first), Limiter(second)] * 30:
            with contextlib.suppress(TooManyRequests):
                await limiter.allow("request:someone", 50, 3_600)
                passed += 1
        assert passed == 50
        async with first.reading() as tx:
            assert await tx.value("SELECT used FROM rate_limits WHERE bucket = 'request:someone'") == 50
    finally:
        await first.close()
        await second.close()


async def test_large_limits_are_shared_out_in_parts(database: Database) -> None:
    """[X13] A process takes a hundredth of a window at a time, and never more than is left of it."""
    limiter = Limiter(database)
    for _ in range(11):
        await limiter.allow("request:busy", 1_000, 3_600)
    async with database.transaction() as tx:
        assert await tx.value("SELECT used FROM rate_limits WHERE bucket = 'request:busy'") == 20
        assert await take(tx, "request:busy", 1_000, 3_600, count=2_000) == 980
    with pytest.raises(TooManyRequests):
        async with database.transaction() as tx:
            await take(tx, "request:busy", 1_000, 3_600)


async def test_requests_at_the_same_moment_take_one_share(database: Database) -> None:
    """[X13] A busy process does not use up the window for the others when the minute turns."""
    limiter = Limiter(database)
    await asyncio.gather(*(limiter.allow("request:crowd", 1_000, 3_600) for _ in range(15)))
    async with database.reading() as tx:
        assert await tx.value("SELECT used FROM rate_limits WHERE bucket = 'request:crowd'") == 20


def test_sign_in_attempts_are_limited_over_http(serve: Serve) -> None:
    """[X13] The caller is told when to come back, in the one shape of every failure."""
    with serve(KHAACHO_SIGN_INS_PER_MINUTE=2) as url:
        body = {"phoneNumber": "+9779800000000", "password": "not the password"}
        answers = [httpx.post(f"{url}/api/v1/auth/login", json=body) for _ in range(6)]
        # The minute may turn while we ask; six attempts meet the limit of two in any case.
        refused = [answer for answer in answers if answer.status_code == 429]
        assert len(refused) >= 2
        assert refused[0].json()["error"]["code"] == "RATE_LIMITED"
        assert refused[0].json()["error"]["retryable"] is True
        assert int(refused[0].headers["Retry-After"]) >= 1
        # Asking who one is, as pages do again and again, is no attempt to sign in.
        asked = [httpx.get(f"{url}/api/v1/auth/me").status_code for _ in range(6)]
        assert asked == [401] * 6


def test_the_application_is_built_without_a_database(make_settings: MakeSettings, tmp_path: Path) -> None:
    """Building opens nothing, so that tools can read the description of an application that is not running."""
    app: Any = create_app(make_settings(DATABASE_URL="postgresql://nowhere.invalid/none"))
    assert app.openapi_schema.info.title == "Khaacho"


def test_no_request_starts_tasks_for_its_collaborators(make_settings: MakeSettings) -> None:
    """A handler gets them one after the other: tasks for what is at hand cost more than many a whole answer."""
    routes = [route for route in create_app(make_settings()).routes if isinstance(route, HTTPRoute)]
    batches = [arguments.dependency_batches for route in routes for _, arguments in route.route_handler_map.values()]
    assert any(len(of_handler) > 2 for of_handler in batches)
    assert all(len(batch) == 1 for of_handler in batches for batch in of_handler)


async def test_bodies_that_cannot_be_read_are_told_apart(client: httpx.AsyncClient) -> None:
    """[X1] Missing, broken and too large are three refusals, each in the one shape; nothing of ours shows through."""
    address, json = "/api/v1/auth/login", {"Content-Type": "application/json"}

    async def refusal(content: bytes | None) -> tuple[int, str]:
        answer = await client.post(address, content=content, headers=json)
        return answer.status_code, answer.json()["error"]["code"]

    assert await refusal(None) == (400, "MALFORMED_REQUEST")
    assert await refusal(b"") == (400, "MALFORMED_REQUEST")
    assert await refusal(b"{") == (400, "MALFORMED_REQUEST")
    assert await refusal(b"\xff\xfe") == (400, "MALFORMED_REQUEST")
    assert await refusal(b'{"phoneNumber": 5, "password": "x"}') == (422, "VALIDATION_ERROR")
    assert await refusal(b'{"phoneNumber": "98", "password": "x", "more": 1}') == (422, "VALIDATION_ERROR")
    assert await refusal(b'"' + b"a" * 1_100_000 + b'"') == (413, "BODY_TOO_LARGE")
    unnamed = await client.post(address)
    assert (unnamed.status_code, unnamed.json()["error"]["code"]) == (400, "MALFORMED_REQUEST")


async def test_a_request_that_takes_too_long_is_given_up(serve: Serve, database: Database) -> None:
    """[X5] The caller is told to come again, and what was begun is undone."""
    with serve(KHAACHO_REQUEST_TIMEOUT_SECONDS="0.5") as url:
        async with httpx.AsyncClient(base_url=url) as client, database.transaction() as tx:
            await tx.execute("LOCK TABLE rate_limits IN ACCESS EXCLUSIVE MODE")
            answer = await client.post("/api/v1/auth/login", json={"phoneNumber": "9800000000", "password": "x" * 9})
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, "REQUEST_TIMEOUT")
        assert answer.headers["Retry-After"] == "1"
