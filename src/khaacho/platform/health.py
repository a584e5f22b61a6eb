"""Is this process alive, and is the whole of it ready: database, migrations, a worker that shows signs of life."""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import Any

import msgspec
import psycopg
from litestar import Response, get

from khaacho.errors import KhaachoError
from khaacho.platform.database import Database
from khaacho.platform.metrics import CONTENT_TYPE, render_metrics
from khaacho.platform.migrate import head

# A worker shows itself every 5 s; three times missed is gone.
WORKER_SILENCE_SECONDS_MAX = 15


class Part(StrEnum):
    OK = "ok"
    DOWN = "down"
    BEHIND = "behind"
    SILENT = "silent"
    UNKNOWN = "unknown"


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """What is ready. `worker` is silent when none has shown itself for a while, unknown when nobody can be asked."""

    database: Part
    migrations: Part
    worker: Part

    @property
    def is_ready(self) -> bool:
        return self.database is self.migrations is self.worker is Part.OK


async def find_readiness(database: Database) -> Readiness:
    """Ask the database; never raises."""
    try:
        async with database.reading() as tx:
            revision = None
            if await tx.value("SELECT to_regclass('alembic_version') IS NOT NULL"):
                revision = await tx.value("SELECT version_num FROM alembic_version")
            if revision != _needed_revision():
                return Readiness(database=Part.OK, migrations=Part.BEHIND, worker=Part.UNKNOWN)
            # By the database's clock on both sides, so that processes with different clocks agree.
            shown = await tx.value(
                "SELECT EXISTS (SELECT FROM worker_heartbeats WHERE seen_at > now() - make_interval(secs => %(secs)s))",
                {"secs": WORKER_SILENCE_SECONDS_MAX},
            )
            return Readiness(database=Part.OK, migrations=Part.OK, worker=Part.OK if shown else Part.SILENT)
    except (KhaachoError, psycopg.Error):
        return Readiness(database=Part.DOWN, migrations=Part.UNKNOWN, worker=Part.UNKNOWN)


@cache
def _needed_revision() -> str:
    return head()


@get("/health", operation_id="health", summary="Is this process alive?", include_in_schema=False, opt={"open": True})
async def health() -> dict[str, str]:
    return {"status": "ok"}


@get(
    "/ready", operation_id="ready", summary="Is everything it needs there?", include_in_schema=False, opt={"open": True}
)
async def ready(database: Database) -> Response[dict[str, Any]]:
    readiness = await find_readiness(database)
    body = {"status": "ready" if readiness.is_ready else "not ready", **msgspec.to_builtins(readiness)}
    return Response(body, status_code=200 if readiness.is_ready else 503)


@get("/metrics", operation_id="metrics", summary="Figures for Prometheus", include_in_schema=False, opt={"open": True})
async def metrics() -> Response[bytes]:
    return Response(render_metrics(), media_type=CONTENT_TYPE)


ROUTES: list[Any] = [health, ready, metrics]
