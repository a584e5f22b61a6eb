"""A real PostgreSQL 18 from a Python package, for machines that have no server: started on demand, shared, and gone
when nobody uses it.

Every process that wants the database says so (`start_embedded`) and leaves again (`stop_embedded`); the first one
starts the server, the last one stops it. A process that was killed is noticed, and when all were killed a watcher
stops the server within seconds. All of it works as root too, though PostgreSQL itself then runs as another user.

The parts: `embedded_users` (who uses it), `embedded_place` (where and as whom), `embedded_postgres` (the server),
`embedded_watch` (the watcher). This is not for several machines or containers: they set DATABASE_URL.
"""

from __future__ import annotations

import os
import shutil
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psycopg

from khaacho.platform.embedded_place import (
    Place,
    find_binaries,
    find_control,
    find_home,
    prepare_binaries,
    prepare_place,
)
from khaacho.platform.embedded_postgres import (
    PORT,
    USER_NAME,
    Postmaster,
    ends_within,
    ensure_running,
    find_postmaster,
    make_data,
    require_same_version,
)
from khaacho.platform.embedded_users import (
    EmbeddedServerError,
    find_living_users,
    locked,
    this_process,
    write_users,
)
from khaacho.platform.embedded_watch import start_watcher, stop_server

__all__ = [
    "EmbeddedServer",
    "EmbeddedServerError",
    "delete_embedded",
    "embedded_server",
    "find_binaries",
    "find_embedded",
    "start_embedded",
    "stop_embedded",
]

DATABASE_NAME = "khaacho"
CONNECT_SECONDS_MAX = 10
DYING_SECONDS_MAX = 5.0

REMOVE_TRIES = 20
REMOVE_WAIT_SECONDS = 0.05


class EmbeddedServer(msgspec.Struct, frozen=True, kw_only=True):
    """A running server: where its data lies, and how to reach the database `khaacho` on it."""

    data_dir: Path
    dsn: str


def start_embedded(folder: Path, *, fast: bool = False) -> EmbeddedServer:
    """Use the server of `folder`, starting it when it does not run; returns when the database answers.

    The calling process is a user from then on, until `stop_embedded` or its end; calling twice changes nothing.
    `fast` starts it without any care for a power failure, for tests that throw the data away; a server that already
    runs stays as it is. Raises EmbeddedServerError with a sentence for the person at the terminal.
    """
    control = find_control(folder)
    try:
        _make_control(control)
        with locked(control):
            return _join(folder, control, fast=fast)
    except OSError as error:
        raise EmbeddedServerError(f"The embedded database cannot be kept in {folder}: {error}.") from error


def _make_control(control: Path) -> None:
    if control.is_dir():
        return
    control.mkdir(parents=True, exist_ok=True)
    # Ours to close; but root's is entered by the user that runs the server, and the data below is closed anyway.
    control.chmod(0o755 if os.geteuid() == 0 else 0o700)


def _join(folder: Path, control: Path, *, fast: bool) -> EmbeddedServer:
    me = this_process()
    others = tuple(user for user in find_living_users(control) if user != me)
    # Before anything is started, so that the watcher never sees a server without a user.
    write_users(control, (*others, me))
    try:
        start_watcher(folder)
        place = prepare_place(control, throw_away=fast)
        postmaster = _ensure_server(place, fast=fast)
        try:
            _ensure_database(postmaster)
        except EmbeddedServerError:
            # A server that is being killed looks alive until it is gone.
            if not ends_within(postmaster.process, DYING_SECONDS_MAX):
                raise
            postmaster = _ensure_server(place, fast=fast)
            _ensure_database(postmaster)
    except BaseException:
        write_users(control, others)
        raise
    return EmbeddedServer(data_dir=place.data, dsn=_dsn(postmaster.socket_dir, DATABASE_NAME))


def _ensure_server(place: Place, *, fast: bool) -> Postmaster:
    postmaster = find_postmaster(place.data)
    if postmaster is not None and postmaster.status == "ready":
        return postmaster
    binaries = prepare_binaries(place.server_user)
    if not place.data.exists():
        make_data(place, binaries, throw_away=fast)
    require_same_version(place, binaries)
    return ensure_running(place, binaries, throw_away=fast)


def _dsn(socket_dir: Path, database: str) -> str:
    return f"postgresql://{USER_NAME}@/{database}?host={urllib.parse.quote(str(socket_dir))}&port={PORT}"


def _ensure_database(postmaster: Postmaster) -> None:
    """Make the database unless it is there; also shows that the server answers this process."""
    try:
        with psycopg.connect(
            _dsn(postmaster.socket_dir, "postgres"), autocommit=True, connect_timeout=CONNECT_SECONDS_MAX
        ) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE_NAME]).fetchone()
            if found is None:
                connection.execute(f"CREATE DATABASE {DATABASE_NAME}")
    except psycopg.Error as error:
        raise EmbeddedServerError(f"The embedded PostgreSQL runs but does not answer: {error}") from error


def find_embedded(folder: Path) -> EmbeddedServer | None:
    """The server of `folder` if it runs; starts nothing and joins nothing."""
    home = find_home(find_control(folder))
    postmaster = find_postmaster(home / "data") if home else None
    if home is None or postmaster is None or postmaster.status != "ready":
        return None
    return EmbeddedServer(data_dir=home / "data", dsn=_dsn(postmaster.socket_dir, DATABASE_NAME))


def stop_embedded(folder: Path) -> None:
    """Leave the server of `folder`. The last living user stops it; leaving twice, or a server that is gone, is fine."""
    control = find_control(folder)
    if not control.is_dir():
        return
    with locked(control):
        me = this_process()
        others = tuple(user for user in find_living_users(control) if user != me)
        write_users(control, others)
        if not others:
            stop_server(control)


@contextmanager
def embedded_server(folder: Path, *, fast: bool = False) -> Iterator[EmbeddedServer]:
    """The server of `folder` for as long as the block runs. Inside another such block the outer one keeps it."""
    joined_before = this_process() in find_living_users(find_control(folder))
    server = start_embedded(folder, fast=fast)
    try:
        yield server
    finally:
        if not joined_before:
            stop_embedded(folder)


def delete_embedded(folder: Path) -> None:
    """Leave the server of `folder` and delete its data for good, wherever it lies.

    Raises EmbeddedServerError, and changes nothing else, while another process uses it.
    """
    stop_embedded(folder)
    control = find_control(folder)
    if not control.is_dir():
        return
    with locked(control):
        users = find_living_users(control)
        if users:
            raise EmbeddedServerError(f"The database in {folder} is in use by process {users[0].pid}.")
        home = find_home(control)
        if home is not None and home != control:
            _remove(home)
        _remove(control)


def _remove(folder: Path) -> None:
    """Delete a folder in which the server or its watcher may still be closing a last file. Raises OSError."""
    for _ in range(REMOVE_TRIES - 1):
        try:
            shutil.rmtree(folder)
        except OSError:
            time.sleep(REMOVE_WAIT_SECONDS)
        else:
            return
    shutil.rmtree(folder, ignore_errors=not folder.exists())
