"""One PostgreSQL server for the whole run, and a fresh migrated database for every test that asks.

The server is the one of KHAACHO_TEST_DATABASE_URL (a URL whose user may create databases), or the embedded one,
shared by all the processes of a parallel run. A test's database is cloned from a template that was migrated once.
Fixtures for one subject live in `tests/fixtures`, and every file there is loaded.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import urllib.parse
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from khaacho.platform.database import Database
from khaacho.platform.embedded import EmbeddedServerError, delete_embedded, start_embedded
from khaacho.platform.migrate import MIGRATIONS, migrate

pytest_plugins = [
    f"tests.fixtures.{file.stem}" for file in sorted((Path(__file__).parent / "fixtures").glob("[a-z]*.py"))
]
# All of them before the first is loaded, since they use one another.
pytest.register_assert_rewrite(*pytest_plugins)

# Any constant all test processes agree on; it guards the making of the template.
TEMPLATE_LOCK = 5_120_733_904


def dsn_of(server_dsn: str, database: str) -> str:
    """The same server, another database."""
    return urllib.parse.urlunsplit(urllib.parse.urlsplit(server_dsn)._replace(path=f"/{database}"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long stories first, so that no process is left alone with one of them while the others are done."""
    items.sort(key=lambda item: "scenarios" not in item.path.parts)


@pytest.fixture(scope="session")
def server_dsn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server to make databases on."""
    given = os.environ.get("KHAACHO_TEST_DATABASE_URL")
    if given:
        yield given
        return
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or uuid.uuid4().hex
    # Not under pytest's own folder, which other users, and so the server when run as root, may not enter.
    folder = Path(tempfile.gettempdir()) / f"khaacho-tests-{run}"
    yield start_embedded(folder, fast=True).dsn
    # The last process to leave deletes it; the others are refused, and that is right.
    with contextlib.suppress(EmbeddedServerError, OSError):
        delete_embedded(folder)
        folder.rmdir()


@pytest.fixture(scope="session")
def template(server_dsn: str) -> str:
    """The name of a migrated database without rows, made once per server and state of the migrations."""
    digest = hashlib.sha256()
    for file in sorted(MIGRATIONS.rglob("*.py")):
        digest.update(file.read_bytes())
    name = f"khaacho_template_{digest.hexdigest()[:16]}"
    with psycopg.connect(server_dsn, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", [TEMPLATE_LOCK])
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            # Built under another name, so that a run that was cut off leaves no half-made template.
            building = f"{name}_building"
            drop_database(connection, building)
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(building)))
            migrate(dsn_of(server_dsn, building))
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(building), sql.Identifier(name))
            )
    return name


@pytest.fixture
def dsn(server_dsn: str, template: str) -> Iterator[str]:
    """The address of a fresh migrated database, dropped after the test."""
    name = f"khaacho_test_{uuid.uuid4().hex}"
    with psycopg.connect(server_dsn, autocommit=True) as connection:
        connection.execute(
            sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(
                sql.Identifier(name), sql.Identifier(template)
            )
        )
    yield dsn_of(server_dsn, name)
    with psycopg.connect(server_dsn, autocommit=True) as connection:
        drop_database(connection, name)


@pytest.fixture
def empty_dsn(server_dsn: str) -> Iterator[str]:
    """The address of a database without any table, dropped after the test."""
    name = f"khaacho_test_{uuid.uuid4().hex}"
    with psycopg.connect(server_dsn, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    yield dsn_of(server_dsn, name)
    with psycopg.connect(server_dsn, autocommit=True) as connection:
        drop_database(connection, name)


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """An open `Database` on the test's own database."""
    opened = await Database.open(dsn)
    yield opened
    await opened.close()


def drop_database(connection: psycopg.Connection[object], name: str) -> None:
    """Drop it even while somebody is still connected."""
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
