"""`khaacho web`, `worker`, `migrate`, `demo`: what runs, and bringing the schema up to date."""

from __future__ import annotations

import asyncio
from typing import Annotated

from cyclopts import App, Parameter, validators

from khaacho.commands.terminal import DONE, out, read_settings
from khaacho.demo import run_demo
from khaacho.platform.migrate import head, migrate
from khaacho.platform.opening import reachable_database, require_database
from khaacho.web.server import run_web
from khaacho.worker import run_worker

PortNumber = Annotated[int | None, Parameter(validator=validators.Number(gte=1, lte=65535))]
ProcessCount = Annotated[int, Parameter(validator=validators.Number(gte=1, lte=64))]


def add_to(app: App) -> None:
    app.command(web)
    app.command(worker)
    app.command(migrate_database, name="migrate")
    app.command(demo)


def web(*, port: PortNumber = None, host: str | None = None, processes: ProcessCount = 1) -> int:
    """Serve the API and the console until it is told to stop.

    Parameters
    ----------
    port
        Where to listen; KHAACHO_HTTP_PORT (3000) when not given.
    host
        The address to listen on; KHAACHO_HTTP_HOST (127.0.0.1) when not given.
    processes
        How many processes share the port. One per processor core is enough.
    """
    settings = read_settings()
    # Held here too: a fault is told in one line before anything starts, and the processes find the server running.
    with reachable_database(settings) as dsn:
        asyncio.run(require_database(dsn))
        run_web(settings, host=host or settings.http_host, port=port or settings.http_port, processes=processes)
    return DONE


def worker() -> int:
    """Run jobs and scheduled work until it is told to stop; any number of workers may run."""
    run_worker(read_settings())
    return DONE


def migrate_database() -> int:
    """Bring the database up to date. Running it twice, or two at once, does no harm."""
    settings = read_settings()
    with reachable_database(settings, migrated=False) as dsn:
        applied = migrate(dsn)
    for revision in applied:
        out.print(f"applied {revision}")
    out.print(f"The database is at {head()}.")
    return DONE


def demo(*, port: PortNumber = None) -> int:
    """Start everything on this machine with a small city to play with, and print where to look.

    Parameters
    ----------
    port
        The first port to try for the web; KHAACHO_HTTP_PORT (3000) when not given.
    """
    settings = read_settings()
    return run_demo(settings, port or settings.http_port)
