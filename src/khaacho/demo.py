"""`khaacho demo`: the whole product on one machine, from nothing, with a small city to play with.

It starts the database, brings it up to date, fills it if it is empty, and keeps a web process (with the WhatsApp
simulator) and a worker running until it is told to stop. What was done in one demo is there in the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import httpx
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from khaacho.city.seed import PASSWORD, CityState, SignIn, find_sign_ins, look_at_city, seed_city
from khaacho.errors import Conflict
from khaacho.platform.database import Database
from khaacho.platform.migrate import migrate
from khaacho.platform.opening import reachable_database
from khaacho.prepaid.sandbox.api import SANDBOX_PATH
from khaacho.settings import Settings

PORTS_TRIED = 50
START_SECONDS_MAX = 90.0
# A worker finishes its jobs first, for at most 30 s.
STOP_SECONDS_MAX = 40.0
WATCH_SECONDS = 0.25
LOG_LINES_SHOWN = 15

out = Console()


class Told:
    """Whether we were told to stop. Set by a signal, so without a lock: a second signal would wait for the first."""

    def __init__(self) -> None:
        self._told = False

    def set(self, *_: object) -> None:
        self._told = True

    def is_set(self) -> bool:
        return self._told

    def wait(self, seconds: float) -> bool:
        """Let some time pass; answers whether we were told meanwhile."""
        time.sleep(seconds)
        return self._told


def run_demo(settings: Settings, first_port: int) -> int:
    """Run until SIGINT or SIGTERM; answers the exit code: 0, or 1 when one of the processes ended by itself."""
    told = Told()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, told.set)
    with out.status("Starting the database …"), contextlib.ExitStack() as stack:
        dsn = stack.enter_context(reachable_database(settings, migrated=False))
        migrate(dsn)
        opened = stack.pop_all()
    with opened:
        sign_ins = asyncio.run(_settle(settings, dsn))
        if told.is_set():
            return 0
        port = _free_port(settings.http_host, first_port)
        worker_port = _free_port(settings.http_host, settings.worker_port, but=port)
        environment = {
            **os.environ,
            "KHAACHO_SIMULATOR": "on",
            "KHAACHO_HTTP_PORT": str(port),
            "KHAACHO_WORKER_PORT": str(worker_port),
            **_payment_sandbox(settings, f"http://{settings.http_host}:{port}"),
        }
        with _process("web", settings, environment) as web, _process("worker", settings, environment) as worker:
            processes = {"web": web, "worker": worker}
            address = f"http://{settings.http_host}:{port}"
            with out.status("Starting web and worker …"):
                started = _wait_until_ready(address, processes, told)
            if started:
                _welcome(settings, address, sign_ins, moved_from=first_port if port != first_port else None)
                _watch(processes, told)
            ended = [name for name, process in processes.items() if process.poll() is not None]
            if not told.is_set():
                _explain(settings, ended)
                return 1
            out.print("Stopping …")
    out.print(f"Stopped. The data stays in {settings.data_dir}; `make demo` goes on from there.")
    return 0


async def _settle(settings: Settings, dsn: str) -> Sequence[SignIn]:
    """Fill an empty database with the city; answers who can sign in, nobody when the people here are not the city's."""
    database = await Database.open(dsn, connections_max=settings.database_connections)
    try:
        if await look_at_city(database) is CityState.EMPTY:
            with out.status("A city lives through a month: orders, deliveries, payments. This happens once …"):
                report = await seed_city(database, settings)
            placed = sum(report.orders.values())
            out.print(
                f"A city of {report.retailers} shops and {report.vendors} wholesalers; "
                f"{placed} orders in {report.seconds:.0f} s."
            )
        return find_sign_ins() if await look_at_city(database) is CityState.SEEDED else ()
    finally:
        await database.close()


def _payment_sandbox(settings: Settings, address: str) -> Mapping[str, str]:
    """Keys that anybody may see for the gateway that takes no money, unless there are keys for a real one."""
    if settings.razorpay_key_id or settings.in_production:
        return {}
    return {
        "KHAACHO_PAYMENT_SANDBOX": "on",
        "RAZORPAY_KEY_ID": "rzp_test_khaachodemo",
        "RAZORPAY_KEY_SECRET": "the-demo-key-secret-is-no-secret",
        "RAZORPAY_WEBHOOK_SECRET": "the-demo-webhook-secret-is-no-secret",
        "RAZORPAY_BASE_URL": f"{address}{SANDBOX_PATH}",
    }


def _free_port(host: str, first: int, *, but: int | None = None) -> int:
    for port in range(first, min(first + PORTS_TRIED, 65_536)):
        if port == but:
            continue
        with contextlib.suppress(OSError), socket.create_server((host, port)):
            return port
    raise Conflict(why=f"No port is free between {first} and {first + PORTS_TRIED - 1}.")


def log_file(settings: Settings, name: str) -> Path:
    """Where a process of the demo writes its log."""
    return settings.data_dir / "logs" / f"{name}.log"


@contextlib.contextmanager
def _process(name: str, settings: Settings, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    file = log_file(settings, name)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("ab") as log:
        # In a session of its own: Ctrl-C reaches us alone, and we stop the others in order.
        process = subprocess.Popen(
            [sys.executable, "-m", "khaacho", name],
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait_until_ready(address: str, processes: Mapping[str, subprocess.Popen[bytes]], told: Told) -> bool:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and not told.wait(WATCH_SECONDS):
        if any(process.poll() is not None for process in processes.values()):
            return False
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{address}/ready", timeout=2).status_code == httpx.codes.OK:
                return True
    return False


def _watch(processes: Mapping[str, subprocess.Popen[bytes]], told: Told) -> None:
    while not told.wait(WATCH_SECONDS):
        if any(process.poll() is not None for process in processes.values()):
            return


def _welcome(settings: Settings, address: str, sign_ins: Sequence[SignIn], *, moved_from: int | None) -> None:
    lines = Text()
    if moved_from is not None:
        lines.append(f"Port {moved_from} is taken, so this is another one.\n\n", style="yellow")
    lines.append("Console       ").append(f"{address}/\n", style="bold cyan")
    lines.append("API           ").append(f"{address}/docs\n", style="bold cyan")
    for one in sign_ins:
        lines.append(f"{'Sign in with' if one is sign_ins[0] else '          or':<14}")
        lines.append(one.phone, style="bold").append(f"  {one.role.lower()}, {one.name}\n")
    if sign_ins:
        lines.append("Password      ").append(f"{PASSWORD}\n", style="bold")
    lines.append(f"\nLogs          {log_file(settings, 'web').parent}/\n")
    lines.append("Ctrl-C stops everything; what you did stays.")
    out.print(Panel(lines, title="Khaacho is running", border_style="green", expand=False))


def _explain(settings: Settings, ended: list[str]) -> None:
    for name in ended or ["web", "worker"]:
        file = log_file(settings, name)
        out.print(f"The {name} {'ended by itself' if ended else 'did not get ready'}. The end of {file}:", style="red")
        tail = file.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        out.print("\n".join(tail), markup=False, highlight=False)
