"""Bringing the schema up to date: from nothing, twice, by two at once, and onto a schema that is busy. [X43]"""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from khaacho.errors import DatabaseUnavailable
from khaacho.platform.migrate import MIGRATIONS, head, migrate, revisions

VERSIONS = sorted((MIGRATIONS / "versions").glob("*.py"))


def shape_of(dsn: str) -> list[tuple[object, ...]]:
    """Everything about the schema that code can rely on."""
    with psycopg.connect(dsn) as connection:
        columns = connection.execute(
            """
            SELECT table_name, column_name, data_type, is_nullable, column_default
            FROM information_schema.columns
            WHERE table_schema = 'public'
            ORDER BY 1, 2
            """
        ).fetchall()
        rest = connection.execute(
            """
            SELECT 'index', indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
            UNION ALL
            SELECT 'constraint', conname, pg_get_constraintdef(oid) FROM pg_constraint
            UNION ALL
            SELECT 'trigger', tgname, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
            ORDER BY 1, 2, 3
            """
        ).fetchall()
    return [*columns, *rest]


def test_from_nothing_and_once_more(empty_dsn: str, dsn: str) -> None:
    """Every revision is applied once, in order; a second run applies none and changes nothing."""
    assert migrate(empty_dsn) == revisions()
    shape = shape_of(empty_dsn)
    assert migrate(empty_dsn) == []
    assert shape_of(empty_dsn) == shape == shape_of(dsn)
    with psycopg.connect(empty_dsn) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(head(),)]


def test_one_runner_at_a_time(empty_dsn: str) -> None:
    """Four start at the same moment; between them each revision is applied exactly once."""
    together = threading.Barrier(4)

    def run(_: int) -> list[str]:
        together.wait()
        return migrate(empty_dsn)

    with ThreadPoolExecutor(4) as pool:
        applied = list(pool.map(run, range(4)))
    assert sorted(applied) == [[], [], [], revisions()]


def test_revisions_are_one_line_of_files_named_by_their_time() -> None:
    """`YYYYMMDD_HHMM_slug`, in the order in which they are applied, without a branch; none goes back."""
    assert all(re.fullmatch(r"\d{8}_\d{4}_[a-z0-9_]+\.py", file.name) for file in VERSIONS)
    declared = [re.search(r'^revision = "(.+)"$', file.read_text(), re.MULTILINE) for file in VERSIONS]
    assert [found[1] for found in declared if found] == revisions()
    assert [file.name for file in VERSIONS if "def downgrade" in file.read_text()] == []


def test_a_server_that_is_not_there_is_a_plain_refusal() -> None:
    """The person who migrates reads a sentence, not a traceback."""
    with pytest.raises(DatabaseUnavailable):
        migrate("postgresql://127.0.0.1:1/none")


def test_statements_and_tables_agree(dsn: str) -> None:
    """[X43] Every table that a statement of the code names exists, and every table is named somewhere."""
    source = Path(__file__).parents[2] / "src" / "khaacho"
    with psycopg.connect(dsn) as connection:
        tables = {
            str(name)
            for (name,) in connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
            )
        }
    words: set[str] = set()
    named: set[str] = set()
    for file in source.rglob("*.py"):
        if "migrations" in file.parts:
            continue
        text = file.read_text()
        words.update(re.findall(r"[a-z_]+", text))
        named.update(re.findall(r"\b(?:INSERT INTO|UPDATE|DELETE FROM)\s+([a-z]+_[a-z_]+)\b", text))
    assert named - tables == set()
    # Written by the queue library itself.
    assert tables - words == {"pgqueuer_schedules"}
