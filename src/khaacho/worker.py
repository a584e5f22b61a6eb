"""The composition root of the worker process: what runs the jobs and schedules of `khaacho.duties`."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import structlog
import uvicorn
from litestar import Litestar
from litestar.di import Provide

from khaacho import clock
from khaacho.duties import job_handlers, schedules
from khaacho.ids import new_id
from khaacho.platform import health
from khaacho.platform.database import Database
from khaacho.platform.health import Part, find_readiness
from khaacho.platform.heap import settle_heap
from khaacho.platform.http import EXCEPTION_HANDLERS
from khaacho.platform.job_runner import run_jobs
from khaacho.platform.logs import configure_logs
from khaacho.platform.opening import open_database
from khaacho.platform.pulse import keep_pulse, show_life
from khaacho.platform.scheduler import Scheduler
from khaacho.settings import Settings

log = structlog.get_logger(__name__)

MIGRATIONS_ASKED_SECONDS = 1.0
# Jobs in work when the worker is told to stop have this long; what is cut off is run again by another worker.
SHUTDOWN_SECONDS_MAX = 30.0


def run_worker(settings: Settings) -> None:
    """Work until SIGTERM or SIGINT."""
    configure_logs(settings)
    settle_heap()
    with asyncio.Runner() as runner:
        runner.run(_work_until_told(settings))


async def _work_until_told(settings: Settings) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with open_database(settings) as database, _health_server(settings, database):
        await work(settings, database, stopping)


async def work(settings: Settings, database: Database, stopping: asyncio.Event) -> None:
    """Run jobs and schedules on `database` until `stopping`."""
    clock.set_zone(settings.timezone)
    clock.set_week_start(settings.week_start)
    worker_id = new_id()
    await _wait_for_migrations(database, stopping)
    # Before anything is claimed: a claim whose worker shows no life may be taken over.
    await show_life(database, worker_id)
    log.info("worker_started", worker_id=str(worker_id))
    work = asyncio.create_task(_run_all(settings, database, worker_id, stopping))
    told = asyncio.create_task(stopping.wait())
    await asyncio.wait((work, told), return_when=asyncio.FIRST_COMPLETED)
    told.cancel()
    try:
        await asyncio.wait_for(work, SHUTDOWN_SECONDS_MAX)
        log.info("worker_stopped", worker_id=str(worker_id))
    except TimeoutError:
        log.warning("worker_cut_off", worker_id=str(worker_id), after_seconds=SHUTDOWN_SECONDS_MAX)


async def _run_all(settings: Settings, database: Database, worker_id: UUID, stopping: asyncio.Event) -> None:
    # Whichever of the three fails in a way nobody foresaw ends the process: half a worker is worse than none.
    async with asyncio.TaskGroup() as group:
        group.create_task(run_jobs(database, job_handlers(settings), stopping))
        group.create_task(Scheduler(database, schedules(settings), worker_id).run(stopping))
        group.create_task(keep_pulse(database, worker_id, stopping))


async def _wait_for_migrations(database: Database, stopping: asyncio.Event) -> None:
    while not stopping.is_set() and (await find_readiness(database)).migrations is not Part.OK:
        log.warning("waiting_for_migrations", hint="run `khaacho migrate`")
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), MIGRATIONS_ASKED_SECONDS)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def]
        """Signals are the worker's, which stops this server last."""
        yield


@asynccontextmanager
async def _health_server(settings: Settings, database: Database) -> AsyncIterator[None]:
    """/health, /ready and /metrics of this worker, on its own port."""
    try:
        listening = socket.create_server((settings.http_host, settings.worker_port), reuse_port=False)
    except OSError as error:
        # A second worker on one machine works just as well; it only cannot be asked.
        log.warning("health_port_taken", port=settings.worker_port, why=error.strerror, hint="set KHAACHO_WORKER_PORT")
        yield
        return
    app = Litestar(
        route_handlers=health.ROUTES,
        dependencies={"database": Provide(lambda: database, sync_to_thread=False)},
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=None,
        logging_config=None,
    )
    server = _Server(uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", server_header=False))
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving
        listening.close()
