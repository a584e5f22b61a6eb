"""One embedded server, several processes: sharing, leaving, being killed. [X40]"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest
from tests.fixtures.embedded import StartUser, ask, end, running, wait_until, wait_until_used

from khaacho.platform.embedded import (
    EmbeddedServerError,
    delete_embedded,
    embedded_server,
    start_embedded,
    stop_embedded,
)
from khaacho.platform.embedded_users import ProcessMark, find_living_users, is_living, write_users


def test_two_processes_share_and_the_last_one_stops(embedded_folder: Path, start_embedded_user: StartUser) -> None:
    """[X40] Web and worker use one server; it stays until the second of them leaves, and is gone when that is."""
    first, second = start_embedded_user(), start_embedded_user()
    assert wait_until_used(first) == wait_until_used(second)
    postmaster = running(embedded_folder)
    assert end(first) == 0
    assert is_living(postmaster.process)
    assert end(second) == 0
    assert not is_living(postmaster.process)


def test_a_race_to_start_makes_one_server(embedded_folder: Path, start_embedded_user: StartUser) -> None:
    """Four processes that start together on an empty folder end up on one server."""
    users = [start_embedded_user() for _ in range(4)]
    assert len({wait_until_used(user) for user in users}) == 1
    assert len(find_living_users(embedded_folder / "postgres")) == 4


def test_killed_users_leave_nothing_running(embedded_folder: Path, start_embedded_user: StartUser) -> None:
    """When every user is killed nobody is left to stop the server; the watcher does, within seconds, and ends."""
    users = [start_embedded_user(), start_embedded_user()]
    for user in users:
        wait_until_used(user)
    postmaster = running(embedded_folder)
    watchers = find_watchers(embedded_folder)
    assert len(watchers) == 1
    for user in users:
        assert end(user, signal.SIGKILL) == -signal.SIGKILL
    wait_until(lambda: not is_living(postmaster.process), "the server ends")
    wait_until(lambda: not find_watchers(embedded_folder), "the watcher ends")
    assert not postmaster.socket_dir.exists()


def find_watchers(folder: Path) -> list[int]:
    shown = subprocess.run(["ps", "-ww", "-eo", "pid=,args="], capture_output=True, text=True, check=True).stdout
    return [int(line.split()[0]) for line in shown.splitlines() if f"embedded_watch {folder.resolve()} " in line]


def test_a_killed_user_does_not_keep_the_server(embedded_folder: Path, start_embedded_user: StartUser) -> None:
    """A process that was killed no longer counts: the other one is then the last, and stops the server."""
    killed, other = start_embedded_user(), start_embedded_user()
    wait_until_used(killed)
    wait_until_used(other)
    postmaster = running(embedded_folder)
    end(killed, signal.SIGKILL)
    assert is_living(postmaster.process)
    assert end(other) == 0
    assert not is_living(postmaster.process)


def test_a_recycled_process_number_is_not_a_user(embedded_folder: Path) -> None:
    """A number in the list that now belongs to a later process keeps nothing alive."""
    start_embedded(embedded_folder, fast=True)
    postmaster = running(embedded_folder)
    control = embedded_folder / "postgres"
    write_users(control, (*find_living_users(control), ProcessMark(pid=os.getppid(), birth="another process")))
    stop_embedded(embedded_folder)
    assert not is_living(postmaster.process)


def test_ctrl_c_in_the_starter_leaves_the_server_to_the_others(
    embedded_folder: Path, start_embedded_user: StartUser
) -> None:
    """A Ctrl-C reaches every process of the starter's terminal group, but neither server nor watcher."""
    starter = start_embedded_user()
    dsn = wait_until_used(starter)
    other = start_embedded_user()
    wait_until_used(other)
    os.killpg(starter.pid, signal.SIGINT)
    assert end(starter, signal.SIGINT) != 0
    assert ask(dsn, "SELECT 1") == 1
    assert len(find_watchers(embedded_folder)) == 1


def test_a_deleted_folder_ends_its_server(embedded_folder: Path, start_embedded_user: StartUser) -> None:
    """Deleting the folder under a running server ends the server, and a new one can begin there at once."""
    user = start_embedded_user()
    wait_until_used(user)
    postmaster = running(embedded_folder)
    shutil.rmtree(embedded_folder)
    with embedded_server(embedded_folder, fast=True) as server:
        assert ask(server.dsn, "SELECT 1") == 1
        wait_until(lambda: not is_living(postmaster.process), "the server of the deleted folder ends")
        assert ask(server.dsn, "SELECT 2") == 2


def test_deleting_waits_for_nobody_but_refuses_while_used(
    embedded_folder: Path, start_embedded_user: StartUser
) -> None:
    """Data is not deleted under a process that uses it."""
    user = start_embedded_user()
    dsn = wait_until_used(user)
    with pytest.raises(EmbeddedServerError, match=f"in use by process {user.pid}"):
        delete_embedded(embedded_folder)
    assert ask(dsn, "SELECT 1") == 1
    assert end(user) == 0
    delete_embedded(embedded_folder)
    assert not (embedded_folder / "postgres").exists()


def test_use_from_another_container_is_refused(embedded_folder: Path) -> None:
    """Where the watcher's lock is held by a process we cannot see, a second server would destroy the data."""
    start_embedded(embedded_folder, fast=True)
    control = embedded_folder / "postgres"
    seen = (control / "watcher.pid").read_bytes()
    (control / "watcher.pid").write_bytes(b'{"pid":1,"birth":"elsewhere"}')
    with pytest.raises(EmbeddedServerError, match="another container or machine"):
        start_embedded(embedded_folder, fast=True)
    (control / "watcher.pid").write_bytes(seen)
