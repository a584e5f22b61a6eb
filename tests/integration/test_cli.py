"""The command line as a person meets it: run as a process, with its exit codes and its words. [X40] [X41] [X42]"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import psycopg
import pytest

COMMAND = [sys.executable, "-m", "khaacho"]
START_SECONDS_MAX = 60


def environment(dsn: str, data_dir: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("KHAACHO_", "DATABASE_"))}
    return kept | {"DATABASE_URL": dsn, "KHAACHO_DATA_DIR": str(data_dir), "COLUMNS": "200", "NO_COLOR": "1"} | more


def khaacho(env: dict[str, str], cwd: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run one command to its end."""
    return subprocess.run([*COMMAND, *words], env=env, cwd=cwd, capture_output=True, text=True, timeout=120)


def test_help_lists_every_subject(tmp_path: Path) -> None:
    """[X41] `--help` works everywhere and needs neither settings nor a database."""
    env = environment("", tmp_path, KHAACHO_HTTP_PORT="nonsense")
    top = khaacho(env, tmp_path, "--help")
    assert top.returncode == 0
    for name in ("web", "worker", "migrate", "user", "doctor", "ledger", "jobs", "understand", "demo"):
        assert f" {name} " in top.stdout
    inner = khaacho(env, tmp_path, "jobs", "run", "--help")
    assert (inner.returncode, "--dry-run" in inner.stdout, "--at" in inner.stdout) == (0, True, True)


def test_exit_codes_mean_something(dsn: str, tmp_path: Path) -> None:
    """[X41] 2 for a wrong command line, 3 for wrong settings, 4 for no database, 1 for a no; never a traceback."""
    env = environment(dsn, tmp_path)
    wrong_command = khaacho(env, tmp_path, "frobnicate")
    wrong_settings = khaacho(env | {"KHAACHO_HTTP_PORT": "x", "KHAACHO_TIMEZONE": "Mars"}, tmp_path, "doctor")
    nowhere = env | {"DATABASE_URL": "postgresql://127.0.0.1:1/none"}
    no_database = [khaacho(nowhere, tmp_path, word) for word in ("migrate", "web")]
    refused = khaacho(env, tmp_path, "jobs", "run", "no-such-work")
    results = (wrong_command, wrong_settings, *no_database, refused)
    assert [result.returncode for result in results] == [2, 3, 4, 4, 1]
    assert not any("Traceback" in result.stderr + result.stdout for result in results)

    # [X42] One message lists every fault.
    assert "KHAACHO_HTTP_PORT" in wrong_settings.stderr
    assert "KHAACHO_TIMEZONE" in wrong_settings.stderr
    assert refused.stderr == "khaacho: There is no job named 'no-such-work'.\n"


def test_production_refuses_to_start_without_its_secrets(dsn: str, tmp_path: Path) -> None:
    """[X11] [X42] Nothing is made up in production, and a short secret is no secret."""
    env = environment(dsn, tmp_path, KHAACHO_ENV="production")
    missing = khaacho(env, tmp_path, "web")
    assert missing.returncode == 3
    assert "KHAACHO_SECRET_KEY" in missing.stderr
    assert "KHAACHO_PUBLIC_URL" in missing.stderr
    short = khaacho(env | {"KHAACHO_SECRET_KEY": "short", "KHAACHO_PUBLIC_URL": "https://x.example"}, tmp_path, "web")
    assert (short.returncode, "at least 32 characters" in short.stderr) == (3, True)


def test_migrating_says_what_it_did_and_can_be_repeated(empty_dsn: str, tmp_path: Path) -> None:
    """[X41] [X43] From nothing to the newest; once more changes nothing."""
    env = environment(empty_dsn, tmp_path)
    behind = khaacho(env, tmp_path, "doctor")
    assert (behind.returncode, "migrations: behind" in behind.stdout) == (1, True)
    first = khaacho(env, tmp_path, "migrate")
    again = khaacho(env, tmp_path, "migrate")
    assert (first.returncode, again.returncode) == (0, 0)
    assert "applied 0001" in first.stdout
    assert "applied" not in again.stdout
    assert "migrations: at the newest" in khaacho(env, tmp_path, "doctor").stdout


def test_the_first_admin_comes_from_the_command_line(dsn: str, tmp_path: Path) -> None:
    """[X10] Added once, with a hash and an audit entry; refused twice, and for roles that register themselves."""
    env = environment(dsn, tmp_path)
    words = ("user", "create", "--role", "ADMIN", "--phone", "9800000001", "--password", "a long password")
    added = khaacho(env, tmp_path, *words)
    assert (added.returncode, added.stdout) == (0, "ADMIN +9779800000001 can sign in.\n")
    again = khaacho(env, tmp_path, *words)
    assert (again.returncode, again.stderr) == (1, "khaacho: There is already one with this phone number.\n")
    retailer = khaacho(env, tmp_path, *words[:3], "RETAILER", *words[4:])
    assert (retailer.returncode, "ADMIN or OPERATOR" in retailer.stderr) == (1, True)
    with psycopg.connect(dsn) as connection:
        rows = connection.execute("SELECT phone, role, password_hash LIKE '$argon2id$%' FROM users").fetchall()
        audited = connection.execute("SELECT action, actor_name FROM audit_entries").fetchall()
    assert rows == [("+9779800000001", "ADMIN", True)]
    assert audited == [("USER_ADDED", "SYSTEM")]


def test_scheduled_work_by_hand(dsn: str, tmp_path: Path) -> None:
    """[X20] A dry run tells and changes nothing; a real one acts as of the time given and is recorded."""
    env = environment(dsn, tmp_path)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO idempotency_keys (scope, key, request_hash, outcome, created_at)
            VALUES ('old', 'k', '', '1', '2026-01-01'), ('new', 'k', '', '1', '2026-02-09')
            """
        )
        dry = khaacho(env, tmp_path, "jobs", "run", "throw-away", "--dry-run", "--at", "2026-02-10T10:00")
        assert (dry.returncode, "idempotency_keys: 1" in dry.stdout) == (0, True)
        assert connection.execute("SELECT count(*) FROM idempotency_keys").fetchone() == (2,)
        assert connection.execute("SELECT count(*) FROM scheduled_runs").fetchone() == (0,)

        real = khaacho(env, tmp_path, "jobs", "run", "throw-away", "--at", "2026-02-10T10:00")
        assert (real.returncode, "idempotency_keys: 1" in real.stdout) == (0, True)
        assert connection.execute("SELECT scope FROM idempotency_keys").fetchall() == [("new",)]
        runs = connection.execute("SELECT job, slot = '2026-02-10T04:15Z', finished_at IS NOT NULL FROM scheduled_runs")
        assert runs.fetchall() == [("throw-away", True, True)]
    listed = khaacho(env, tmp_path, "jobs", "list")
    assert listed.returncode == 0
    assert "2026-02-10 10:00:00" in listed.stdout


def test_dead_letters_from_the_command_line(dsn: str, tmp_path: Path) -> None:
    """[X20] Listed with what they were told; retried or discarded by number, discarding with a reason only."""
    env = environment(dsn, tmp_path)
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO pgqueuer (priority, status, entrypoint, payload)
            VALUES (0, 'failed', 'Lost', '{"n": 1}'), (0, 'failed', 'Lost', '{"n": 2}')
            """
        )
        listed = khaacho(env, tmp_path, "jobs", "list", "--state", "failed")
        assert (listed.returncode, listed.stdout.count("Lost")) == (0, 2)
        assert khaacho(env, tmp_path, "jobs", "discard", "1").returncode == 2
        assert khaacho(env, tmp_path, "jobs", "discard", "1", "--reason", "tested").returncode == 0
        assert khaacho(env, tmp_path, "jobs", "retry", "2").returncode == 0
        assert khaacho(env, tmp_path, "jobs", "retry", "2").returncode == 1
        assert connection.execute("SELECT id, status::text FROM pgqueuer").fetchall() == [(2, "queued")]


def test_the_ledger_of_an_empty_house_is_right(dsn: str, tmp_path: Path) -> None:
    """[C5] Exit 0 and figures when every invariant holds."""
    result = khaacho(environment(dsn, tmp_path), tmp_path, "ledger", "check")
    assert (result.returncode, "zero_sum" in result.stdout) == (0, True)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def wait_for(url: str, status: int, process: subprocess.Popen[str]) -> httpx.Response:
    deadline = time.monotonic() + START_SECONDS_MAX
    while time.monotonic() < deadline and process.poll() is None:
        try:
            answer = httpx.get(url, timeout=5)
        except httpx.HTTPError:
            time.sleep(0.1)
            continue
        if answer.status_code == status:
            return answer
        time.sleep(0.1)
    process.kill()
    raise AssertionError(f"{url} never answered {status}: {process.communicate()[0]}")


def test_web_and_worker_start_answer_and_stop_in_order(dsn: str, tmp_path: Path) -> None:
    """[X4] [X41] [X45] Two web processes on one port and a worker; SIGTERM ends each with exit code 0."""
    web_port, worker_port = free_port(), free_port()
    env = environment(dsn, tmp_path, KHAACHO_WORKER_PORT=str(worker_port), KHAACHO_ENV="production")
    env |= {"KHAACHO_SECRET_KEY": "s" * 32, "KHAACHO_PUBLIC_URL": "https://khaacho.example"}
    start = {"env": env, "cwd": tmp_path, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    web = subprocess.Popen([*COMMAND, "web", "--port", str(web_port), "--processes", "2"], **start)  # type: ignore[call-overload]
    worker = subprocess.Popen([*COMMAND, "worker"], **start)  # type: ignore[call-overload]
    try:
        wait_for(f"http://127.0.0.1:{web_port}/ready", 200, web)
        assert wait_for(f"http://127.0.0.1:{worker_port}/health", 200, worker).json() == {"status": "ok"}
        # Any of the two answers for both, because they write to one place.
        counted = httpx.get(f"http://127.0.0.1:{web_port}/metrics").text
        assert 'khaacho_http_request_seconds_count{method="GET",route="/ready"' in counted
    finally:
        worker.send_signal(signal.SIGTERM)
        web.send_signal(signal.SIGTERM)
        worker_words, web_words = worker.communicate(timeout=60)[0], web.communicate(timeout=60)[0]
    assert (worker.returncode, web.returncode) == (0, 0), web_words + worker_words
    # Production logs are one JSON object a line.
    events = [json.loads(line)["event"] for line in worker_words.splitlines()]
    assert events[0] == "worker_started"
    assert events[-1] == "worker_stopped"
    assert [json.loads(line)["event"] for line in web_words.splitlines()].count("web_started") == 2


@pytest.mark.slow
def test_the_demo_keeps_what_was_done(tmp_path: Path) -> None:
    """[X40] From nothing to a running product; another port when one is taken; data there again the second time;
    and nothing left running after it stops.
    """
    tmp_path.chmod(0o755)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        env = environment("", tmp_path / "data", KHAACHO_WORKER_PORT=str(free_port()), PYTHONUNBUFFERED="1")
        # A small city, because the whole one takes half a minute; the demo takes what it finds.
        seeded = khaacho(env, tmp_path, "seed", "--days", "2", "--retailers", "4")
        assert seeded.returncode == 0, seeded.stderr
        assert khaacho(env, tmp_path, "seed").returncode == 1
        for round_number in (1, 2):
            demo = subprocess.Popen(
                [*COMMAND, "demo", "--port", str(port)],
                env=env,
                cwd=tmp_path,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            words = ""
            assert demo.stdout is not None
            for line in demo.stdout:
                words += line
                if line.startswith("╰"):
                    break
            assert f"Port {port} is taken" in words
            assert "Password" in words
            address = next(word for word in words.split() if word.startswith("http://"))
            assert httpx.get(f"{address}ready").status_code == 200
            users = khaacho(
                env, tmp_path, "user", "create", "--role", "OPERATOR", "--phone", "9811111111", "--password", "12345678"
            )
            assert users.returncode == (0 if round_number == 1 else 1), users.stderr
            demo.send_signal(signal.SIGINT)
            assert "The data stays" in demo.communicate(timeout=90)[0]
            assert demo.returncode == 0
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"{address}health")
