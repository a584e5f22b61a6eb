"""One PostgreSQL server on one data folder: make the data, start, find, stop. Who uses it is not known here.

The server listens on a Unix socket only, in a folder that its own user and root alone may enter (mode 0700), and
trusts whoever comes through. There is no password to keep and no port to collide, and nobody else on the machine
gets as far as the socket. The folder is `/tmp/khaacho-<hash>`: a socket's whole path may have 107 bytes, which a
data folder exceeds easily, and unlike TMPDIR it is the same for every process of the machine.

Stopping needs a signal and no program, so a server can be stopped even after its package was removed.
"""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import signal
import stat
import tempfile
import time
from pathlib import Path

import msgspec

from khaacho.platform.embedded_place import Place, ServerUser, run_as
from khaacho.platform.embedded_users import EmbeddedServerError, ProcessMark, find_process, is_living

USER_NAME = "khaacho"
PORT = 5432  # Part of the socket's name; nothing listens on the network.
SOCKET_BASE = Path("/tmp")

START_SECONDS_MAX = 180.0  # A crash recovery replays up to 1 GB of log before it answers.
STOP_SECONDS_MAX = 60.0
POLL_SECONDS = 0.05

# Written into postgresql.conf when the data is made; an operator may change them there.
SETTINGS_AT_BIRTH = {
    "shared_buffers": "256MB",
    "max_connections": "100",
    "jit": "off",  # Compiling costs more than any of our short statements takes.
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
    # One file per weekday, each overwritten a week later.
    "logging_collector": "on",
    "log_directory": "../log",
    "log_filename": "postgresql-%a.log",
    "log_truncate_on_rotation": "on",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_min_messages": "warning",
    "log_line_prefix": "%m [%p] %q%a ",
}
# Given at each start, so that they hold whatever the file says: an acknowledged payment survives a power failure.
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
THROW_AWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postmaster(msgspec.Struct, frozen=True, kw_only=True):
    """A running server: its first process, where its socket is, and whether it answers yet."""

    process: ProcessMark
    socket_dir: Path
    status: str  # As PostgreSQL writes it: "starting", "ready", "stopping".


def find_postmaster(data: Path) -> Postmaster | None:
    """The server that runs on this data, or None. A file left by a killed server does not count."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    if not lines or not lines[0].strip().isdigit():
        return None
    process = find_process(int(lines[0]))
    if process is None or not _is_postgres(process.pid, data):
        return None
    return Postmaster(
        process=process,
        socket_dir=Path(lines[4]) if len(lines) > 4 else Path(),
        status=lines[7].strip() if len(lines) > 7 else "starting",
    )


def _is_postgres(pid: int, data: Path | None) -> bool:
    # After a crash the number may belong to another program, and PostgreSQL itself would then refuse to start.
    # Every server process works in its data folder, which tells ours from another's.
    if not Path("/proc/self/stat").exists():
        return True
    try:
        program = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0]
    except OSError:
        return False
    if not program.endswith(b"/postgres"):
        return False
    try:
        return data is None or Path(f"/proc/{pid}/cwd").readlink() == data.resolve()
    except PermissionError:
        # Root in a container may not look into another user's process. Taking a stranger's server for ours costs
        # a failed connection; taking ours for a stranger's would start a second one on the same data.
        return True
    except OSError:
        return False


def make_data(place: Place, binaries: Path, *, throw_away: bool) -> None:
    """Make an empty database cluster in UTF-8, sorted by code point, the same on every machine."""
    fresh = place.home / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    _hand_to(fresh, place.server_user)
    command = [
        str(binaries / "initdb"),
        f"--pgdata={fresh}",
        f"--username={USER_NAME}",
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--auth-local=trust",
        "--auth-host=reject",
        "--no-instructions",
        *(["--no-sync"] if throw_away else []),
        *(f"--set={name}={value}" for name, value in SETTINGS_AT_BIRTH.items()),
    ]
    made = run_as(place.server_user, command, cwd=place.home)
    if made.returncode != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        raise EmbeddedServerError(f"The database could not be made in {place.home}: {_last_lines(made.stdout)}")
    # Renamed when complete: a process killed before this leaves nothing that looks like a database.
    fresh.rename(place.data)


def require_same_version(place: Place, binaries: Path) -> None:
    """Raise unless these programs can read this data; PostgreSQL reads only its own major version."""
    made_by = (place.data / "PG_VERSION").read_text().strip()
    shown = run_as(place.server_user, [str(binaries / "postgres"), "--version"], cwd=Path("/")).stdout
    brought = shown.split()[-1].split(".")[0] if shown.strip() else "unknown"
    if made_by != brought:
        raise EmbeddedServerError(
            f"The data in {place.data} was made by PostgreSQL {made_by}, and the package brings {brought}. "
            "Dump it with the old version and restore it into a new folder."
        )


def ensure_running(place: Place, binaries: Path, *, throw_away: bool) -> Postmaster:
    """Start the server unless it runs, and wait until it is ready. The lock must be held."""
    deadline = time.monotonic() + START_SECONDS_MAX
    while True:
        postmaster = find_postmaster(place.data)
        if postmaster is not None and postmaster.status == "ready":
            return postmaster
        if postmaster is not None:
            failure = f"it is still {postmaster.status}"
        else:
            failure = _launch(place, binaries, throw_away=throw_away)
            # Left-over processes of a killed server end within moments, but hold its memory until then.
            if failure and "in use" not in failure and "already exists" not in failure:
                deadline = 0.0
        if time.monotonic() > deadline:
            raise EmbeddedServerError(
                f"The embedded PostgreSQL in {place.home} did not start: {failure or 'it ended at once'}"
            )
        if failure:
            time.sleep(POLL_SECONDS)


def _launch(place: Place, binaries: Path, *, throw_away: bool) -> str:
    """Start once. Empty when a server now runs, else what it said."""
    socket_dir = _make_socket_dir(place)
    (place.data / "postmaster.pid").unlink(missing_ok=True)
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(socket_dir),
        "unix_socket_permissions": "0700",
        "port": str(PORT),
    } | (THROW_AWAY if throw_away else DURABLE)
    options = " ".join(shlex.quote(f"--{name}={value}") for name, value in settings.items())
    start_log = place.log / "start.log"
    start_log.unlink(missing_ok=True)
    # pg_ctl puts these paths into a shell command without care for `$`, so the folder's own name stays out of it.
    command = [str(binaries / "pg_ctl"), "start", "--wait", "--timeout=60", "--silent"]
    command += ["--pgdata=data", "--log=log/start.log", f"--options={options}"]
    started = run_as(place.server_user, command, cwd=place.home)
    if started.returncode == 0 or find_postmaster(place.data) is not None:
        return ""
    remove_socket_dir(socket_dir)
    return _last_lines(_read_reason(place.log) or started.stdout) or "it said nothing"


def _make_socket_dir(place: Place) -> Path:
    # The name is the same at each start, so connection pools find a restarted server again.
    name = "khaacho-" + hashlib.sha256(os.fsencode(place.data)).hexdigest()[:12]
    path = SOCKET_BASE / name
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        found = path.lstat()
        owners = {os.geteuid(), place.server_user.uid if place.server_user else os.geteuid()}
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in owners or found.st_mode & 0o077:
            # Anyone may create names in /tmp, and in such a folder anyone might enter. Take one nobody could guess.
            path = Path(tempfile.mkdtemp(prefix=name + "-", dir=SOCKET_BASE))
    _hand_to(path, place.server_user)
    _clear_dead_socket(path)
    return path


def _clear_dead_socket(socket_dir: Path) -> None:
    socket = socket_dir / f".s.PGSQL.{PORT}"
    lock = socket_dir / f".s.PGSQL.{PORT}.lock"
    first = lock.read_text(encoding="utf-8").split("\n")[0].strip() if lock.exists() else ""
    owner = find_process(int(first)) if first.isdigit() else None
    if owner is not None and _is_postgres(owner.pid, None):
        # The server of a folder that was deleted and made anew: when it ends, it takes the socket along.
        if _has_lost_its_folder(owner.pid):
            end_process(owner, signal.SIGQUIT, STOP_SECONDS_MAX)
        else:
            return
    socket.unlink(missing_ok=True)
    lock.unlink(missing_ok=True)


def _has_lost_its_folder(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/cwd").readlink().name.endswith(" (deleted)")
    except OSError:
        return False


def stop_postmaster(postmaster: Postmaster) -> None:
    """End the server: open transactions are rolled back, everything committed is on disk. Returns when it is gone."""
    end_process(postmaster.process, signal.SIGINT, STOP_SECONDS_MAX)
    if is_living(postmaster.process):
        end_process(postmaster.process, signal.SIGQUIT, STOP_SECONDS_MAX)
    if is_living(postmaster.process):
        raise EmbeddedServerError(f"The embedded PostgreSQL (process {postmaster.process.pid}) does not stop.")
    remove_socket_dir(postmaster.socket_dir)


def end_process(process: ProcessMark, number: signal.Signals, seconds_max: float) -> None:
    """Signal a process and wait for its end, at most so long."""
    try:
        if is_living(process):
            os.kill(process.pid, number)
    except ProcessLookupError:
        return
    except PermissionError as error:
        raise EmbeddedServerError(
            f"The embedded PostgreSQL (process {process.pid}) belongs to another user and stays."
        ) from error
    ends_within(process, seconds_max)


def ends_within(process: ProcessMark, seconds_max: float) -> bool:
    """Wait for the end of a process, at most so long. False when it still lives."""
    deadline = time.monotonic() + seconds_max
    while is_living(process) and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
    return not is_living(process)


def remove_socket_dir(socket_dir: Path) -> None:
    """Tidy up after a server that has ended; only what we named, and only when it is empty."""
    if socket_dir.parent != SOCKET_BASE or not socket_dir.name.startswith("khaacho-"):
        return
    try:
        socket_dir.rmdir()
    except OSError:
        # Someone else's file is in there, or it is gone. Neither harms a later start.
        return


def _hand_to(path: Path, user: ServerUser | None) -> None:
    if user is not None:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)


def _read_reason(log: Path) -> str:
    """What the server said when it would not start: on its first output, or in its log once it had opened that."""
    start_log = log / "start.log"
    said = start_log.read_text(encoding="utf-8", errors="replace") if start_log.exists() else ""
    newest = max(log.glob("postgresql-*.log"), key=lambda path: path.stat().st_mtime, default=None)
    if newest is None or "FATAL" in said:
        return said
    return said + newest.read_text(encoding="utf-8", errors="replace")


def _last_lines(text: str) -> str:
    return " | ".join(line.strip() for line in text.splitlines()[-8:] if line.strip())
