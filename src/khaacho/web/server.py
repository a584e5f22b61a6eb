"""Runs the web application on uvicorn: in this process, or in several that share the port."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from collections.abc import Callable
from typing import Any, cast

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from khaacho.platform.metrics import MULTIPROCESS_FOLDER
from khaacho.settings import Settings

# Behind a proxy that keeps connections open for 60 s, we must not be the one that closes first.
KEEP_ALIVE_SECONDS = 75
SHUTDOWN_SECONDS_MAX = 20
BACKLOG = 2048


def run_web(settings: Settings, *, host: str, port: int, processes: int) -> None:
    """Serve until SIGTERM or SIGINT; requests in flight are finished first. Exits when it cannot start."""
    config = uvicorn.Config(
        "khaacho.web.app:app_from_environment",
        factory=True,
        host=host,
        port=port,
        workers=processes,
        loop="uvloop",
        http="httptools",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS_MAX,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
    )
    started = _run_alone(config) if processes == 1 else _run_together(config)
    if not started:
        sys.exit(STARTUP_FAILURE)


def _run_alone(config: uvicorn.Config) -> bool:
    server = uvicorn.Server(config)
    server.run()
    return server.started


def _run_together(config: uvicorn.Config) -> bool:
    with tempfile.TemporaryDirectory(prefix="khaacho-metrics-") as folder:
        os.environ[MULTIPROCESS_FOLDER] = folder
        # Also tells whoever finds the port taken, in one line and before anything starts.
        held = config.bind_socket()
        if sys.platform == "linux":
            held.close()
            held = listen_beside_others(config.host, config.port)
            supervisor = Multiprocess(config, sockets=[cast("socket.socket", OwnSocket(config.host, config.port))])
        else:
            supervisor = Multiprocess(config, sockets=[held])
        with held:
            supervisor.run()
        return all(process.exitcode != STARTUP_FAILURE for process in supervisor.processes)


class OwnSocket:
    """What a process is handed in place of the parent's socket: on arrival it becomes one of its own at the same port.

    The kernel then shares connections out among the processes. At one common socket whoever wakes first takes them:
    measured, of fifty that came one after the other a single process got all.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return listen_beside_others, (self._host, self._port)


def listen_beside_others(host: str, port: int) -> socket.socket:
    """A socket bound to a port that others of this user may bind as well."""
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    bound.bind((host, port))
    return bound
