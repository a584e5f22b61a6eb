"""Bringing the schema up to date: forward only, one runner at a time, never waiting long for a lock."""

from __future__ import annotations

from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from khaacho.errors import DatabaseUnavailable

MIGRATIONS = Path(__file__).parent / "migrations"
# Any constant both runners agree on; it guards nothing else.
RUNNER_LOCK = 7_245_190_118
LOCK_TIMEOUT_MS = 5_000
STATEMENT_TIMEOUT_MS = 600_000


def migrate(dsn: str) -> list[str]:
    """Apply what is missing; answers the revisions applied, oldest first. Raises DatabaseUnavailable."""
    engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(dsn), poolclass=NullPool)
    try:
        opened = engine.connect()
    except OperationalError as error:
        raise DatabaseUnavailable from error
    with opened as connection:
        connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": RUNNER_LOCK})
        connection.execute(text(f"SET lock_timeout = {LOCK_TIMEOUT_MS}"))
        connection.execute(text(f"SET statement_timeout = {STATEMENT_TIMEOUT_MS}"))
        connection.commit()
        try:
            before = _current(connection)
            command.upgrade(_config(connection), "head")
            connection.commit()
            return [revision for revision in revisions() if revision not in before]
        finally:
            connection.rollback()
            connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": RUNNER_LOCK})
            connection.commit()
            engine.dispose()


def revisions() -> list[str]:
    """Every revision the code knows, oldest first."""
    script = ScriptDirectory.from_config(_config(None))
    return [revision.revision for revision in reversed(list(script.walk_revisions()))]


def head() -> str:
    """The revision this code needs."""
    return revisions()[-1]


def _current(connection: Connection) -> set[str]:
    context = MigrationContext.configure(connection)
    script = ScriptDirectory.from_config(_config(None))
    applied: set[str] = set()
    for head_revision in context.get_current_heads():
        applied.update(step.revision for step in script.iterate_revisions(head_revision, "base"))
    return applied


def _config(connection: Connection | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
