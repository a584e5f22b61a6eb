"""Whoever starts scheduled work by hand is named in the audit, once, whichever way they started it."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from tests.fixtures.owing import at_wall
from tests.fixtures.people import BearerOf, MakeUser

from khaacho import clock
from khaacho.actors import ActorRole
from khaacho.platform.database import Database

# Every call that starts work about more than one shop: where, with which body, and the job it stands for.
STARTERS = [
    ("/admin/guardrails/evaluate-all", None, "guardrails"),
    ("/admin/insights/regenerate-all", None, "insights"),
    ("/admin/orders/expire-pending", None, "basket-expiry"),
    ("/admin/payment/reminders", {}, "reminders"),
    ("/admin/jobs/promises/run", {}, "promises"),
    ("/admin/jobs/auto-pause/run", None, "auto-pause"),
]
DAY, NIGHT = 12, 22


async def runs_in(database: Database) -> list[dict[str, Any]]:
    async with database.reading() as tx:
        return await tx.dicts(
            "SELECT new_values, actor_id, actor_name, request_id FROM audit_entries WHERE action = 'JOB_RUN'"
        )


async def ask(
    client: httpx.AsyncClient, headers: dict[str, str], path: str, body: Any, *, dry: bool = False
) -> httpx.Response:
    if dry and body is None:
        return await client.post(f"/api/v1{path}?dryRun=true", headers=headers)
    if body is None:
        return await client.post(f"/api/v1{path}", headers=headers)
    return await client.post(f"/api/v1{path}", json=body | ({"dryRun": True} if dry else {}), headers=headers)


@pytest.mark.parametrize(("path", "body", "job"), STARTERS)
async def test_whoever_starts_work_by_hand_is_audited_once(
    client: httpx.AsyncClient,
    database: Database,
    make_user: MakeUser,
    bearer_of: BearerOf,
    path: str,
    body: Any,
    job: str,
) -> None:
    """[C80] One JOB_RUN naming the operator, the job and the request, also where there was nothing to do."""
    operator = await make_user(role=ActorRole.OPERATOR)
    with clock.travelled_to(at_wall(clock.business_day(), DAY)):
        answer = await ask(client, await bearer_of(operator), path, body)
    assert answer.status_code == 200, answer.text
    (row,) = await runs_in(database)
    assert (row["new_values"], row["actor_id"], row["actor_name"]) == ({"job": job}, operator.id, operator.name)
    assert row["request_id"] == answer.headers["X-Request-ID"]


async def test_what_is_refused_started_nothing(
    client: httpx.AsyncClient, database: Database, make_user: MakeUser, bearer_of: BearerOf
) -> None:
    """[C80] Reminders at night are refused: no entry. Nor is there one for a look at what would be done."""
    with clock.travelled_to(at_wall(clock.business_day(), NIGHT)):
        headers = await bearer_of(await make_user())
        refused = await ask(client, headers, "/admin/payment/reminders", {})
        shown = await ask(client, headers, "/admin/payment/reminders", {}, dry=True)
        flags = await ask(client, headers, "/admin/guardrails/evaluate-all", None, dry=True)
    assert (refused.status_code, shown.status_code, flags.status_code) == (409, 200, 200)
    assert await runs_in(database) == []


async def test_a_shop_starts_nothing(
    client: httpx.AsyncClient, database: Database, make_retailer: Any, bearer_of: BearerOf
) -> None:
    """[C80, X10] Whoever may not start it leaves no entry of having started it."""
    headers = await bearer_of(await make_retailer())
    for path, body, _ in STARTERS:
        assert (await ask(client, headers, path, body)).status_code == 403, path
    assert await runs_in(database) == []
