"""Laws of the code, read off the code: sizes, imports, who may commit, lock and write, and what pure files may know."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "khaacho"
FILES = sorted(file for file in SOURCE.rglob("*.py"))

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70

# Files that decide and do nothing else: values in, values out.
PURE = (
    "credit/exposure/aging.py",
    "credit/allocation.py",
    "credit/guardrails.py",
    "credit/takeover/receivable_dates.py",
    "credit/takeover/receivable_history.py",
    "credit/lateness/pause_rules.py",
    "credit/lateness/promise_rules.py",
    "credit/lateness/reminder_rules.py",
    "ledger/chart.py",
    "ledger/posting.py",
    "money.py",
    "orders/scoring.py",
    "orders/splitting.py",
    "orders/states.py",
    "parties/phones.py",
    "parties/signin/lockout.py",
    "prepaid/gateways/signatures.py",
    "prepaid/lots.py",
    "prepaid/pricing.py",
    "prepaid/sandbox/cards.py",
    "projects/refund_policy.py",
    "projects/states.py",
    "whatsapp/splitting.py",
)
# Everything below understands words, numbers and goods, and asks nobody; the file that reads files is its edge.
PURE_FOLDERS = ("whatsapp/understanding",)
PURE_EXCEPT = ("whatsapp/understanding/commandline.py",)
IMPURE = ("khaacho.platform", "khaacho.settings", "khaacho.clock", "psycopg", "litestar", "httpx", "asyncio")

FORBIDDEN_NAMES = {"utils", "helpers", "common", "manager", "base", "service", "misc"}

LEDGER_TABLES = "ledger_accounts|ledger_transfers|ledger_holds|ledger_hold_endings|ledger_entries"
LEDGER_WRITE = re.compile(rf"\b(INSERT INTO|UPDATE|DELETE FROM|TRUNCATE|MERGE INTO)\s+({LEDGER_TABLES})\b")
ROW_LOCK = re.compile(r"\bFOR (NO KEY )?UPDATE\b|\bFOR (KEY )?SHARE\b")
COMMIT = re.compile(r"\.commit\(\)|\.transaction\(\)|\bCOMMIT\b|\.begin\(\)")


def name_of(file: Path) -> str:
    return file.relative_to(SOURCE).as_posix()


def is_migration(file: Path) -> bool:
    return "migrations" in file.parts


@cache
def code_without_docstrings(file: Path) -> str:
    """The file with docstrings and comments taken out, so that a law may be named where it is explained."""
    tree = ast.parse(file.read_text())
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and ast.get_docstring(
            node, clean=False
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return ast.unparse(tree)


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def imports_in(tree: ast.AST, package: str) -> Iterator[str]:
    """Every module imported anywhere in `tree`, relative imports resolved against `package`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parent = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*parent, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def package_of(file: Path) -> str:
    return ".".join(["khaacho", *file.relative_to(SOURCE).parent.parts])


def test_no_file_is_longer_than_a_reader_can_hold() -> None:
    """[law 7] At most 400 lines a file; data tables of words count like everything else."""
    long = {name_of(file): lines for file in FILES if (lines := len(file.read_text().splitlines())) > FILE_LINES_MAX}
    assert long == {}


def test_no_function_is_longer_than_a_page() -> None:
    """[law 7] At most 70 lines a function, its docstring included; a migration is one long statement."""
    long = {
        f"{name_of(file)}:{function.name}": lines
        for file in FILES
        if not is_migration(file)
        for function in functions(file)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
    }
    assert long == {}


def test_no_import_hides_in_a_function() -> None:
    """[law 1] What a file needs stands at its top; an import inside a function hides a cycle."""
    hidden = {
        f"{name_of(file)}:{function.name}"
        for file in FILES
        for function in functions(file)
        if any(module.startswith("khaacho") for module in imports_in(function, package_of(file)))
    }
    assert hidden == set()


def test_files_are_named_by_what_they_are_about() -> None:
    """Names that could hold anything end up holding everything."""
    assert [name_of(file) for file in FILES if file.stem.strip("_") in FORBIDDEN_NAMES] == []


def pure_files() -> list[str]:
    inside = [
        name_of(file)
        for folder in PURE_FOLDERS
        for file in (SOURCE / folder).rglob("*.py")
        if name_of(file) not in PURE_EXCEPT
    ]
    return sorted({*PURE, *inside})


@pytest.mark.parametrize("name", pure_files())
def test_pure_files_take_values_and_return_values(name: str) -> None:
    """[law 2] A file that decides imports no platform, no settings, no clock, no driver, and holds no SQL."""
    file = SOURCE / name
    tree = ast.parse(file.read_text())
    known = [module for module in imports_in(tree, package_of(file)) if module.startswith(IMPURE)]
    assert known == []
    assert not re.search(r"\bSELECT\b.*\bFROM\b", code_without_docstrings(file))
    assert not any(isinstance(node, ast.AsyncFunctionDef) for node in ast.walk(tree))


def test_only_the_database_commits() -> None:
    """[law 3] `Database.transaction()` is the only commit; migrations run before anything else does."""
    allowed = {"platform/database.py", "platform/migrate.py"}
    outside = re.compile(r"database\.transaction\(|_database\.transaction\(|db\.transaction\(")
    guilty = {
        name_of(file)
        for file in FILES
        if name_of(file) not in allowed
        and not is_migration(file)
        and COMMIT.search(outside.sub("", code_without_docstrings(file)))
    }
    assert guilty == set()


def test_only_locks_locks_rows() -> None:
    """[law 3] Every row lock is taken by `platform.locks`: in id order, and never waiting for ever."""
    guilty = {name_of(file) for file in FILES if ROW_LOCK.search(code_without_docstrings(file))}
    assert guilty == {"platform/locks.py"}


def test_only_the_ledgers_actions_write_the_ledger() -> None:
    """[law 3] Every transfer, hold and entry is written in one place, which keeps them balanced."""
    guilty = {
        name_of(file)
        for file in FILES
        if not is_migration(file) and LEDGER_WRITE.search(" ".join(code_without_docstrings(file).split()))
    }
    assert guilty == {"ledger/actions.py"}


def test_time_is_read_in_one_place() -> None:
    """One module reads the clock, so that tests and demos can move it for everyone at once."""
    direct = re.compile(r"datetime\.(now|utcnow|today)\(|date\.today\(|\btime\.time\(")
    guilty = {name_of(file) for file in FILES if direct.search(code_without_docstrings(file))}
    assert guilty == {"clock.py"}


def test_no_amount_is_a_float() -> None:
    """Nothing whose name says paisa is annotated as a float."""
    guilty = [
        f"{name_of(file)}:{node.lineno}"
        for file in FILES
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, (ast.AnnAssign, ast.arg))
        and node.annotation is not None
        and re.search(r"paisa|amount", node.arg if isinstance(node, ast.arg) else ast.unparse(node.target))
        and "float" in ast.unparse(node.annotation)
    ]
    assert guilty == []


def test_no_check_is_switched_off_for_a_whole_line() -> None:
    """[law 7] An ignored type error names which, and so does an ignored lint."""
    bare = re.compile(r"#\s*(type:\s*ignore(?!\[)|noqa(?!:))")
    folders = (SOURCE, ROOT / "tests", ROOT / "bench")
    guilty = [
        f"{file.relative_to(ROOT)}:{number}"
        for folder in folders
        for file in folder.rglob("*.py")
        if file != Path(__file__)
        for number, line in enumerate(file.read_text().splitlines(), start=1)
        if bare.search(line)
    ]
    assert guilty == []
