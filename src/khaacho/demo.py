"""`khaacho demo`: the whole product on one machine, from nothing, with a small city to play with.

It starts the database, brings it up to date, fills it if it is empty, and keeps a web process (with the WhatsApp
simulator) and a worker running until it is told to stop. What was done in one demo is there in the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import msgspec
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from khaacho.actors import SYSTEM, ActorRole
from khaacho.errors import Conflict
from khaacho.parties.records import NewUser
from khaacho.parties.signin.passwords import hash_password
from khaacho.parties.user_actions import add_users
from khaacho.platform.database import Database
from khaacho.platform.migrate import migrate
from khaacho.platform.opening import reachable_database
from khaacho.settings import Settings

# A number that looks like one and belongs to nobody we know of.
ADMIN_PHONE = "+9779800000000"
PORTS_TRIED = 50
START_SECONDS_MAX = 90.0
# A worker finishes its jobs first, for at most 30 s.
STOP_SECONDS_MAX = 40.0
WATCH_SECONDS = 0.25
LOG_LINES_SHOWN = 15

out = Console()


def run_demo(settings: Settings, first_port: int) -> int:
    """Run until SIGINT or SIGTERM; answers the exit code: 0, or 1 when one of the processes ended by itself."""
    told = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: told.set())
    with out.status("Starting the database …"), contextlib.ExitStack() as stack:
        dsn = stack.enter_context(reachable_database(settings, migrated=False))
        migrate(dsn)
        sign_in = asyncio.run(_sign_in(settings, dsn))
        opened = stack.pop_all()
    with opened:
        if told.is_set():
            return 0
        port = _free_port(settings.http_host, first_port)
        worker_port = _free_port(settings.http_host, settings.worker_port, but=port)
        environment = {
            **os.environ,
            "KHAACHO_SIMULATOR": "on",
            "KHAACHO_HTTP_PORT": str(port),
            "KHAACHO_WORKER_PORT": str(worker_port),
        }
        with _process("web", settings, environment) as web, _process("worker", settings, environment) as worker:
            processes = {"web": web, "worker": worker}
            address = f"http://{settings.http_host}:{port}"
            with out.status("Starting web and worker …"):
                started = _wait_until_ready(address, processes, told)
            if started:
                _welcome(settings, address, sign_in, moved_from=first_port if port != first_port else None)
                _watch(processes, told)
            ended = [name for name, process in processes.items() if process.poll() is not None]
            if not told.is_set():
                _explain(settings, ended)
                return 1
            out.print("Stopping …")
    out.print(f"Stopped. The data stays in {settings.data_dir}; `make demo` goes on from there.")
    return 0


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """Who the demo's person signs in as; kept in the data folder, readable for them alone."""

    phone: str
    password: str


async def _sign_in(settings: Settings, dsn: str) -> SignIn | None:
    """The demo's admin, made when nobody can sign in yet; None when the people here are not of our making."""
    kept = settings.data_dir / "demo-sign-in.json"
    database = await Database.open(dsn, connections_max=1)
    try:
        async with database.transaction() as tx:
            if not await tx.value("SELECT EXISTS (SELECT FROM users WHERE role = 'ADMIN')"):
                made = SignIn(phone=ADMIN_PHONE, password=secrets.token_urlsafe(9))
                hashed = await hash_password(made.password)
                admin = NewUser(phone=made.phone, name="Demo admin", role=ActorRole.ADMIN, password_hash=hashed)
                await add_users(tx, SYSTEM, users=[admin])
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.touch(mode=0o600)
                kept.write_bytes(msgspec.json.encode(made))
        return msgspec.json.decode(kept.read_bytes(), type=SignIn) if kept.exists() else None
    finally:
        await database.close()


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


def _wait_until_ready(address: str, processes: Mapping[str, subprocess.Popen[bytes]], told: threading.Event) -> bool:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and not told.wait(WATCH_SECONDS):
        if any(process.poll() is not None for process in processes.values()):
            return False
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{address}/ready", timeout=2).status_code == httpx.codes.OK:
                return True
    return False


def _watch(processes: Mapping[str, subprocess.Popen[bytes]], told: threading.Event) -> None:
    while not told.wait(WATCH_SECONDS):
        if any(process.poll() is not None for process in processes.values()):
            return


def _welcome(settings: Settings, address: str, sign_in: SignIn | None, *, moved_from: int | None) -> None:
    lines = Text()
    if moved_from is not None:
        lines.append(f"Port {moved_from} is taken, so this is another one.\n\n", style="yellow")
    lines.append("Console       ").append(f"{address}/\n", style="bold cyan")
    lines.append("API           ").append(f"{address}/docs\n", style="bold cyan")
    if sign_in is not None:
        lines.append("Sign in with  ").append(f"{sign_in.phone}", style="bold").append("  password ")
        lines.append(f"{sign_in.password}\n", style="bold")
    lines.append(f"\nLogs          {log_file(settings, 'web').parent}/\n")
    lines.append("Ctrl-C stops everything; what you did stays.")
    out.print(Panel(lines, title="Khaacho is running", border_style="green", expand=False))


def _explain(settings: Settings, ended: list[str]) -> None:
    for name in ended or ["web", "worker"]:
        file = log_file(settings, name)
        out.print(f"The {name} {'ended by itself' if ended else 'did not get ready'}. The end of {file}:", style="red")
        tail = file.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:]
        out.print("\n".join(tail), markup=False, highlight=False)
