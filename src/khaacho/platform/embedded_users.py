"""Which processes use an embedded server: written down beside it, so that a killed one is noticed.

Everything here lives in the control folder, `<folder>/postgres`: `lock` guards every start and stop, `users` lists
the processes. Nothing here knows about PostgreSQL. Files are replaced, never rewritten in place: the owner of the
folder can then go on after root has been there, and a process killed half way leaves the former text.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import msgspec

# The lock is held through a whole start: unpacking a new database took 0.6 s here, and a crash recovery may take
# minutes on a slow disk.
LOCK_WAIT_SECONDS_MAX = 300.0
LOCK_POLL_SECONDS = 0.05


class EmbeddedServerError(Exception):
    """The embedded server cannot be used; the message is one sentence for the person at the terminal."""


class ProcessMark(msgspec.Struct, frozen=True, kw_only=True):
    """A process, told apart from a later one that was given the same number."""

    pid: int
    birth: str


def find_process(pid: int) -> ProcessMark | None:
    """The living process with this number, or None. One that has died but is not yet buried is not living."""
    if not Path("/proc/self/stat").exists():
        return _find_process_without_proc(pid)
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The second field is the program's name in brackets and may itself hold brackets and spaces.
    fields = stat.rpartition(")")[2].split()
    state, start_ticks = fields[0], fields[19]
    if state in "ZX":
        return None
    return ProcessMark(pid=pid, birth=f"{_boot_id()}:{start_ticks}")


def is_living(process: ProcessMark) -> bool:
    """Is it still the same process under that number?"""
    return find_process(process.pid) == process


def this_process() -> ProcessMark:
    """The mark of the caller."""
    mark = find_process(os.getpid())
    if mark is None:
        raise EmbeddedServerError("This process cannot find itself in the process table; is /proc mounted?")
    return mark


def find_living_users(control: Path) -> tuple[ProcessMark, ...]:
    """The processes that use the server and still live; those that were killed are left out."""
    try:
        users = msgspec.json.decode((control / "users").read_bytes(), type=tuple[ProcessMark, ...])
    except (FileNotFoundError, msgspec.DecodeError):
        # Only a power failure can tear this file, and no user outlives one.
        return ()
    return tuple(user for user in users if is_living(user))


def write_users(control: Path, users: tuple[ProcessMark, ...]) -> None:
    """Put down who uses the server. The lock must be held."""
    replace_file(control / "users", msgspec.json.encode(users))


def replace_file(path: Path, content: bytes) -> None:
    """Write the file whole or not at all."""
    fresh = path.with_name(path.name + ".new")
    fresh.unlink(missing_ok=True)
    fresh.write_bytes(content)
    fresh.replace(path)


@contextmanager
def locked(control: Path) -> Iterator[None]:
    """Alone among all processes that start or stop this server. Raises EmbeddedServerError when it takes too long."""
    descriptor = _take_lock(control / "lock")
    try:
        yield
    finally:
        os.close(descriptor)


def _take_lock(path: Path) -> int:
    deadline = time.monotonic() + LOCK_WAIT_SECONDS_MAX
    while True:
        # Read-only is enough for a lock, and is what the folder's owner may have on a file that root made.
        descriptor = os.open(path, os.O_RDONLY | os.O_CREAT, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still_at(path, descriptor):
                return descriptor
        except BlockingIOError:
            if time.monotonic() > deadline:
                os.close(descriptor)
                raise EmbeddedServerError(
                    f"Another process has held {path} for {LOCK_WAIT_SECONDS_MAX:.0f} seconds; "
                    "is a start of the embedded database stuck?"
                ) from None
            time.sleep(LOCK_POLL_SECONDS)
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _is_still_at(path: Path, descriptor: int) -> bool:
    # The folder may have been deleted and made anew while we waited; a lock on the old file guards nothing.
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


@cache
def _boot_id() -> str:
    # Start times count from the last boot, so they can repeat after the next one.
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def _find_process_without_proc(pid: int) -> ProcessMark | None:
    shown = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split(maxsplit=1)
    if len(shown) < 2 or shown[0].startswith("Z"):
        return None
    return ProcessMark(pid=pid, birth=shown[1].strip())
