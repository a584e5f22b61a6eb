"""Bad input of every kind at every endpoint: a coded refusal, never a 500, and nothing changed [X1]."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase

from khaacho.platform.database import Database

EXAMPLES_PER_OPERATION = 12
# These end the caller's own sign-in or take a body that is no JSON; each has tests of its own.
LEFT_OUT = ("/auth/logout", "/auth/logout-all", "/whatsapp/webhook", "/whatsapp/status")

BODIES = {
    "not json": b"{",
    "nothing": b"",
    "an array": b"[]",
    "a number": b"7",
    "NaN": b'{"creditLimit": NaN, "quantity": NaN}',
    "infinity": b'{"creditLimit": 1e999, "orderAmount": 1e999}',
    "an unknown field": b'{"drop": "table"}',
    "a NUL": b'{"pasalName": "a\\u0000b", "text": "\\u0000", "reason": "\\u0000"}',
    "not UTF-8": b'{"text": "\xff\xfe"}',
    "deep nesting": b"[" * 5_000 + b"]" * 5_000,
}


@pytest.fixture
def operations(web_url: str) -> list[tuple[str, str]]:
    """(method, path) of everything the API documents."""
    document = httpx.get(f"{web_url}/docs/openapi.json").json()
    return [
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method in methods
        if path.startswith("/api/v1") and method in ("get", "post", "put", "patch", "delete")
    ]


def _filled(path: str) -> str:
    """The path with an id nobody has."""
    # Jobs of the queue are numbered.
    path = path.replace("{job_id}", "999999999")
    return re.sub(r"\{\w+\}", "01900000-0000-7000-8000-00000000dead", path)


async def test_bodies_that_make_no_sense_are_refused_with_a_code(
    client: httpx.AsyncClient, as_admin: dict[str, str], operations: list[tuple[str, str]], database: Database
) -> None:
    """[X1] Every POST, PUT and PATCH refuses broken, foreign and poisonous bodies with a code in the envelope."""
    before = await _fingerprint(database)
    for method, path in operations:
        if method == "GET" or path.endswith(LEFT_OUT):
            continue
        for kind, body in BODIES.items():
            answer = await client.request(
                method,
                _filled(path),
                content=body,
                headers={**as_admin, "Content-Type": "application/json", "Idempotency-Key": "k"},
            )
            told = f"{method} {path} given {kind}: {answer.status_code} {answer.text[:300]}"
            assert answer.status_code < 500, told
            if answer.status_code >= 400:
                refusal = answer.json()
                assert refusal["success"] is False, told
                assert refusal["error"]["code"], told
                assert refusal["requestId"], told
    assert await _fingerprint(database) == before


async def test_without_sign_in_only_the_open_doors_open(
    client: httpx.AsyncClient, operations: list[tuple[str, str]]
) -> None:
    """[X10] Everything but signing in, webhooks and the simulator answers 401 to a stranger."""
    open_doors = ("/auth/", "/webhooks/", "/whatsapp/webhook", "/whatsapp/status", "/whatsapp/cloud", "/simulator")
    for method, path in operations:
        if any(door in path for door in open_doors):
            continue
        answer = await client.request(method, _filled(path), json={})
        assert answer.status_code == 401, f"{method} {path}: {answer.status_code} {answer.text[:200]}"


async def test_a_body_over_the_limit_is_refused(client: httpx.AsyncClient, as_admin: dict[str, str]) -> None:
    """[X5] More than a megabyte is too much, with or without a length announced."""
    body = json.dumps({"retailerId": "x" * 1_100_000}).encode()
    answer = await client.post("/api/v1/orders", content=body, headers={**as_admin, "Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.json()["error"]["code"] == "BODY_TOO_LARGE"


@pytest.mark.slow
async def test_generated_requests_find_no_server_error(web_url: str, as_admin: dict[str, str]) -> None:
    """[X2] Requests generated from the OpenAPI document, valid and not, never meet a 500."""
    schema: Any = schemathesis.openapi.from_url(f"{web_url}/docs/openapi.json")
    failures: list[str] = []
    with httpx.Client(timeout=20) as http:
        for result in schema.get_all_operations():
            operation = result.ok()
            if operation.path.endswith(LEFT_OUT):
                continue
            _try_operation(operation, http, web_url, as_admin, failures)
    assert failures == []


def _try_operation(
    operation: Any, http: httpx.Client, web_url: str, headers: dict[str, str], failures: list[str]
) -> None:
    @hypothesis.settings(
        max_examples=EXAMPLES_PER_OPERATION,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    @hypothesis.given(case=operation.as_strategy())
    def attempt(case: Any) -> None:
        answer = case.call(base_url=web_url, headers=headers)
        if answer.status_code >= 500:
            failures.append(f"{operation.method} {operation.path}: {answer.status_code} {answer.text[:300]}")

    attempt()


async def _fingerprint(database: Database) -> dict[str, int]:
    """How many rows each table has, but for those that only count requests, and runs of jobs that need no body."""
    uncounted = ("rate_limits", "worker_heartbeats", "refresh_tokens", "one_time_codes", "scheduled_runs")
    async with database.reading() as tx:
        tables = await tx.values(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> ALL(%(not)s)",
            {"not": list(uncounted)},
        )
        rows = {table: int(await tx.value(f'SELECT count(*) FROM "{table}"')) for table in tables}
        rows["audit_entries"] -= await tx.value("SELECT count(*) FROM audit_entries WHERE action = 'JOB_RUN'")
        return rows
