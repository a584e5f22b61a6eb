"""Runs the web application on uvicorn: in this process, or in several that share the port."""

from __future__ import annotations

import os
import tempfile

import uvicorn

from khaacho.platform.metrics import MULTIPROCESS_FOLDER
from khaacho.settings import Settings

# Behind a proxy that keeps connections open for 60 s, we must not be the one that closes first.
KEEP_ALIVE_SECONDS = 75
SHUTDOWN_SECONDS_MAX = 20
BACKLOG = 2048


def run_web(settings: Settings, *, host: str, port: int, processes: int) -> None:
    """Serve until SIGTERM or SIGINT; requests in flight are finished first."""
    with tempfile.TemporaryDirectory(prefix="khaacho-metrics-") as folder:
        if processes > 1:
            os.environ[MULTIPROCESS_FOLDER] = folder
        uvicorn.run(
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
