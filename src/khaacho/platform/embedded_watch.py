"""The watcher: a small process beside each embedded server that stops it when nobody uses it any more.

Users leave by themselves when they end well. When all of them were killed, nobody is left to stop the server; the
watcher then does it, within seconds, and ends. It holds the file `watcher` locked for as long as it lives, so there
is one at most, and a process elsewhere (another container on the same folder) notices it.

It runs as `python -m khaacho.platform.embedded_watch FOLDER LOCK_DESCRIPTOR`, started by `start_watcher` alone.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from khaacho.platform.embedded_place import find_control, find_home
from khaacho.platform.embedded_postgres import (
    STOP_SECONDS_MAX,
    Postmaster,
    end_process,
    find_postmaster,
    remove_socket_dir,
    stop_postmaster,
)
from khaacho.platform.embedded_users import (
    EmbeddedServerError,
    ProcessMark,
    find_living_users,
    find_process,
    is_living,
    locked,
    replace_file,
    write_users,
)

POLL_SECONDS = 2.0
# Until it has seen the server it looks more often: it cannot end what it never knew once the folder is deleted.
FIRST_POLL_SECONDS = 0.1
# A process that restarts its children leaves a moment without any; stopping the server then would only cost a start.
IDLE_SECONDS_MAX = 4.0


def start_watcher(folder: Path) -> None:
    """Start the watcher of this folder unless it runs. The lock must be held.

    Raises EmbeddedServerError when the folder is used from where its processes cannot be seen: two servers on one
    data folder would destroy it, and PostgreSQL's own guard does not reach from one container into another.
    """
    control = find_control(folder)
    descriptor = os.open(control / "watcher", os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _require_visible_watcher(control)
            return
        replace_file(control / "watcher.pid", msgspec.json.encode(_spawn(folder, control, descriptor)))
    finally:
        # The lock belongs to the open file, which the watcher inherited: closing our side does not give it back.
        os.close(descriptor)


def _require_visible_watcher(control: Path) -> None:
    try:
        watcher = msgspec.json.decode((control / "watcher.pid").read_bytes(), type=ProcessMark)
    except (FileNotFoundError, msgspec.DecodeError):
        watcher = None
    if watcher is None or not is_living(watcher):
        raise EmbeddedServerError(
            f"The database in {control} is in use from another container or machine; "
            "let them share a PostgreSQL server and set DATABASE_URL."
        )


def _spawn(folder: Path, control: Path, descriptor: int) -> ProcessMark:
    log = control / "watcher.log"
    log.unlink(missing_ok=True)
    command = shlex.join([sys.executable, "-m", __spec__.name, str(folder.resolve()), str(descriptor)])
    # The shell ends at once, so the watcher is nobody's child: it survives us, and leaves us nothing to bury.
    spawned = subprocess.run(
        ["/bin/sh", "-c", f"{command} </dev/null >>{shlex.quote(str(log))} 2>&1 & echo $!"],
        cwd=Path(__file__).parents[2],  # Where the package is found, installed or not.
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=(descriptor,),
        start_new_session=True,
        check=True,
    )
    watcher = find_process(int(spawned.stdout))
    if watcher is None:
        raise EmbeddedServerError(f"The watcher of the embedded server did not start; see {log}.")
    return watcher


def watch(folder: Path, descriptor: int) -> None:
    """Return when the server is stopped: nobody has used it for a while, or its folder was deleted."""
    control = find_control(folder)
    postmaster: Postmaster | None = None
    idle_since: float | None = None
    while True:
        if os.fstat(descriptor).st_nlink == 0:
            abandon(control, postmaster)
            return
        home = find_home(control)
        postmaster = (find_postmaster(home / "data") if home else None) or postmaster
        if find_living_users(control):
            idle_since = None
        else:
            idle_since = idle_since or time.monotonic()
            running = postmaster is not None and is_living(postmaster.process)
            if (not running or time.monotonic() - idle_since >= IDLE_SECONDS_MAX) and _stop_unless_used(
                control, descriptor
            ):
                return
        time.sleep(POLL_SECONDS if postmaster else FIRST_POLL_SECONDS)


def _stop_unless_used(control: Path, descriptor: int) -> bool:
    try:
        with locked(control):
            if find_living_users(control):
                return False
            stop_server(control)
            # Given up while the lock is held, so that the next start sees no watcher and makes its own.
            os.close(descriptor)
            return True
    except FileNotFoundError:
        # The folder was deleted this moment; the next round sees to the server.
        return False


def stop_server(control: Path) -> None:
    """Stop the server of this folder if it runs. The lock must be held, and nobody may use it."""
    home = find_home(control)
    postmaster = find_postmaster(home / "data") if home else None
    if postmaster is not None:
        stop_postmaster(postmaster)
    write_users(control, ())


def abandon(control: Path, postmaster: Postmaster | None) -> None:
    """End a server whose folder was deleted: there is nothing left to write to."""
    if postmaster is not None:
        end_process(postmaster.process, signal.SIGQUIT, STOP_SECONDS_MAX)
        # Where the folder was made anew, its next server is about to use the same socket folder.
        if not control.exists():
            remove_socket_dir(postmaster.socket_dir)


if __name__ == "__main__":
    # A closed terminal or a Ctrl-C ends the users; the watcher is there for what follows.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    watch(Path(sys.argv[1]), int(sys.argv[2]))
