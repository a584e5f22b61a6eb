"""The composition root of the web process: every domain's routes and collaborators, wired into one application."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from litestar import Litestar, Router
from litestar.config.app import AppConfig
from litestar.config.compression import CompressionConfig
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide

from khaacho import clock
from khaacho.catalog import api as catalog
from khaacho.console import routes as console
from khaacho.credit import api as credit
from khaacho.credit.exposure.asking import OrderJudge
from khaacho.credit.lateness import standing_api
from khaacho.credit.limits import agree_credit_limit, find_credit_limits
from khaacho.credit.paying.cashier import Cashier
from khaacho.duties import schedules
from khaacho.orders import api as orders
from khaacho.orders.answering import OrderDesk
from khaacho.orders.placer import OrderPlacer
from khaacho.oversight import audit_api, jobs_api, keys_api
from khaacho.parties import api as parties
from khaacho.parties.access import Doorkeeper, provide_actor
from khaacho.parties.credit_limits import CreditLimits
from khaacho.platform import health
from khaacho.platform.heap import settle_heap
from khaacho.platform.http import API_BASE, EXCEPTION_HANDLERS, REQUEST_ID_HEADER, JsonBody, JsonResponse
from khaacho.platform.limits import Limiter
from khaacho.platform.logs import configure_logs
from khaacho.platform.opening import open_database
from khaacho.platform.roster import Roster
from khaacho.prepaid import api as prepaid
from khaacho.prepaid.counter import CreditCounter
from khaacho.prepaid.gateways.registry import open_gateways
from khaacho.prepaid.sandbox import api as sandbox
from khaacho.projects import api as projects
from khaacho.projects.reception import Reception
from khaacho.settings import Settings, load_settings
from khaacho.web import documents
from khaacho.web.answering import Application, Deadline
from khaacho.web.limiting import RequestLimit
from khaacho.web.resolving import OneByOne
from khaacho.whatsapp import api as whatsapp

log = structlog.get_logger(__name__)

# Below this, compressing costs more than the bytes it saves, even on a slow line.
COMPRESS_BYTES_MIN = 1024
# Most of the gain of level 9 at a third of its time.
GZIP_LEVEL = 5

CREDIT_LIMITS = CreditLimits(find=find_credit_limits, agree=agree_credit_limit)


# What the lifespan puts into the application's state, and handlers ask for by these names.
KEPT = (
    "database",
    "settings",
    "roster",
    "placer",
    "desk",
    "cashier",
    "reception",
    "judge",
    "credit_counter",
)


def create_app(settings: Settings) -> Litestar:
    """The whole web application. It opens its database when it starts and closes it when it stops.

    It reads the settings from its state when it starts; only what shapes the routes is read here and now.
    """
    state = State({"settings": settings})
    app = Application(
        route_handlers=[
            *health.ROUTES,
            Router(path=API_BASE, route_handlers=api_routes()),
            *documents.ROUTES,
            *console.ROUTES,
            *sandbox.routes(settings),
        ],
        lifespan=[_lifespan],
        dependencies={
            **{name: _kept(state, name) for name in KEPT},
            "actor": Provide(provide_actor),
            "credit_limits": Provide(lambda: CREDIT_LIMITS, sync_to_thread=False),
        },
        dto=JsonBody,
        return_dto=None,
        response_class=JsonResponse,
        exception_handlers=EXCEPTION_HANDLERS,
        middleware=[Deadline(settings.request_timeout_seconds), RequestLimit()],
        request_max_body_size=settings.body_limit_bytes,
        cors_config=_cors(settings),
        compression_config=CompressionConfig(
            backend="gzip", minimum_size=COMPRESS_BYTES_MIN, gzip_compress_level=GZIP_LEVEL
        ),
        openapi_config=documents.openapi_config(),
        plugins=[documents.CommonErrors(), OneByOne()],
        on_app_init=[_without_own_logging],
        state=state,
    )
    app.secure_transport = settings.base_url.startswith("https://")
    return app


def app_from_environment() -> Litestar:
    """What each web process of `khaacho web` runs."""
    settings = load_settings()
    configure_logs(settings)
    app = create_app(settings)
    settle_heap()
    return app


def api_routes() -> list[Any]:
    """Everything below /api/v1."""
    return [
        *parties.ROUTES,
        *catalog.ROUTES,
        *credit.ROUTES,
        *standing_api.ROUTES,
        *orders.ROUTES,
        *prepaid.ROUTES,
        *projects.ROUTES,
        *audit_api.ROUTES,
        *jobs_api.ROUTES,
        *keys_api.ROUTES,
        *whatsapp.ROUTES,
    ]


@asynccontextmanager
async def _lifespan(app: Litestar) -> AsyncIterator[None]:
    state = app.state
    settings: Settings = state.settings
    clock.set_zone(settings.timezone)
    clock.set_week_start(settings.week_start)
    state.roster = Roster(schedules=tuple(schedules(settings)))
    async with open_database(settings) as database:
        state.database = database
        state.limiter = Limiter(database)
        state.doorkeeper = Doorkeeper(database, settings.secret)
        state.placer = OrderPlacer(database)
        state.desk = OrderDesk(database)
        state.cashier = Cashier(database)
        state.reception = Reception(database)
        state.judge = OrderJudge(database)
        state.credit_counter = CreditCounter(database, open_gateways(settings))
        log.info("web_started", url=settings.base_url, process=os.getpid())
        yield
        await state.placer.drain()
        await state.cashier.drain()
        await state.reception.drain()
        log.info("web_stopped", process=os.getpid())


def _kept(state: State, name: str) -> Provide:
    # Not by a parameter `state`: the framework would make a copy of it for every request.
    return Provide(lambda: state[name], sync_to_thread=False)


def _cors(settings: Settings) -> CORSConfig | None:
    origins = [origin.strip() for origin in settings.cors_origins.split(",") if origin.strip()]
    if not origins:
        return None
    return CORSConfig(
        allow_origins=origins,
        allow_methods=["GET", "POST", "PATCH", "PUT", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "Idempotency-Key", REQUEST_ID_HEADER],
        expose_headers=[REQUEST_ID_HEADER, "Retry-After"],
    )


def _without_own_logging(config: AppConfig) -> AppConfig:
    # Our exception handlers log what deserves it; the framework's own logging would say everything twice.
    config.logging_config = None
    return config
