"""Law 8: what is documented is what there is. Settings, errors, commands, schedules, events and metrics."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import subprocess
import typing
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from cyclopts import App
from prometheus_client import REGISTRY
from pydantic.fields import FieldInfo

import khaacho
from khaacho import credits_errors, errors
from khaacho.cli import build
from khaacho.duties import job_handlers, schedules
from khaacho.platform.events import Event
from khaacho.settings import Settings, load_settings

ROOT = Path(__file__).parents[2]
RUNNING = ROOT / "docs" / "running.md"
ERRORS = ROOT / "docs" / "errors.md"
ARCHITECTURE = ROOT / "docs" / "architecture.md"

TRACKED_TEXT = re.compile(r"\.(py|md|toml|txt|ya?ml|html|js|css|sh|cfg|mako|example)$|(^|/)(Makefile|Dockerfile|run)$")


def test_every_setting_is_in_the_example_with_its_default() -> None:
    """[X42] `.env.example` names each setting once, in a form that can be copied, with the default it has."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    shown = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    assert {field.alias for field in Settings.model_fields.values()} == set(shown)
    assert {field.alias: default_of(field) for field in Settings.model_fields.values()} == shown


def default_of(field: FieldInfo) -> str:
    return str(getattr(field.default, "value", field.default))


def test_the_example_is_itself_valid(tmp_path: Path) -> None:
    """[X42] Copying it changes nothing."""
    assert load_settings(_env_file=ROOT / ".env.example") == load_settings(_env_file=tmp_path / "none")


def test_every_setting_is_explained() -> None:
    """[X42] docs/running.md says what each is for."""
    text = RUNNING.read_text()
    assert [field.alias for field in Settings.model_fields.values() if f"`{field.alias}`" not in text] == []


def error_classes() -> dict[str, list[type[errors.KhaachoError]]]:
    found: dict[str, list[type[errors.KhaachoError]]] = {}
    for module in (errors, credits_errors):
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, errors.KhaachoError) and kind.__module__ == module.__name__:
                found.setdefault(kind.code, []).append(kind)
    return found


def test_every_error_code_is_in_the_table() -> None:
    """[X1] docs/errors.md lists exactly the codes there are, with status and whether trying again may help."""
    rows = re.findall(r"^\| `([A-Z_0-9]+)` \| (\d{3}) \| (yes|no) \|", ERRORS.read_text(), re.MULTILINE)
    documented = {code: (int(status), again == "yes") for code, status, again in rows}
    actual = {
        code: (kinds[-1].status, kinds[-1].retryable)
        for code, kinds in error_classes().items()
        if kinds != [errors.KhaachoError]
    }
    assert documented == actual
    assert len(rows) == len(documented)


def commands_of(app: App, *path: str) -> Iterator[str]:
    names = [name for name in app if not name.startswith("-")]
    if path and not names:
        yield " ".join(path)
    for name in names:
        yield from commands_of(app[name], *path, name)


def test_every_command_is_explained_and_has_help() -> None:
    """[X41] docs/running.md names each command, and each says what it does."""
    app = build()
    found = sorted(commands_of(app))
    assert "jobs run" in found
    text = RUNNING.read_text()
    assert [command for command in found if f"`khaacho {command}" not in text] == []
    for command in found:
        reached = app
        for part in command.split():
            reached = reached[part]
        assert reached.help, command


def test_every_schedule_job_and_event_is_explained() -> None:
    """[X20] docs/running.md lists the schedules with their cron times, and the jobs; the architecture, the events."""
    settings = load_settings(_env_file=None)
    text = RUNNING.read_text()
    assert [one.name for one in schedules(settings) if f"| `{one.name}` | `{one.cron}` |" not in text] == []
    assert [job.__name__ for job in job_handlers(settings) if f"`{job.__name__}`" not in text] == []
    import_everything()
    events = [kind.__name__ for kind in Event.__subclasses__() if kind.__module__.startswith("khaacho.")]
    architecture = ARCHITECTURE.read_text()
    assert [name for name in events if f"`{name}`" not in architecture] == []


def test_every_metric_is_explained() -> None:
    """[X30] docs/running.md lists every figure at /metrics that is ours."""
    import_everything()
    names = {metric.name for metric in REGISTRY.collect() if metric.name.startswith("khaacho_")}
    assert names
    text = RUNNING.read_text()
    assert [name for name in sorted(names) if not re.search(rf"`{name}(_total)?`", text)] == []


def import_everything() -> list[ModuleType]:
    found = pkgutil.walk_packages(khaacho.__path__, "khaacho.")
    skipped = ("khaacho.__main__", "khaacho.platform.migrations")
    return [importlib.import_module(module.name) for module in found if not module.name.startswith(skipped)]


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout: there is no list of tracked files")
    return [ROOT / name for name in listed.stdout.split("\0") if name and TRACKED_TEXT.search(name)]


# Spelled in parts, so that this file passes its own law.
REGISTRY_HOSTS = re.compile(
    "|".join(["pypi" + r"\.org", "python" + "hosted", "registry" + r"\.npm", "deb" + r"\.debian"])
)
MACHINE_PATHS = re.compile(
    "|".join(
        [r"(?<![\w.])/wo" + r"rk/(?:main|shared|\.)", r"(?<![\w.])/" + "farm/", "/ro" + r"ot/\.", "/home/" + r"\w"]
    )
)


@pytest.mark.parametrize("pattern", [REGISTRY_HOSTS, MACHINE_PATHS], ids=["registry hosts", "machine paths"])
def test_the_project_names_no_machine_and_no_registry(pattern: re.Pattern[str]) -> None:
    """[X40] It must build wherever packages come from, and run wherever it lies."""
    found = {
        f"{file.relative_to(ROOT)}: {match[0]}"
        for file in tracked_files()
        if file.is_file()
        for match in pattern.finditer(file.read_text(errors="replace"))
    }
    assert found == set()


def test_every_public_verb_says_what_it_does() -> None:
    """Public functions of actions and queries carry a docstring: shapes, units, errors."""
    silent = [
        f"{module.__name__}.{name}"
        for module in import_everything()
        if module.__name__.rpartition(".")[2] in {"actions", "queries"}
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_") and function.__module__ == module.__name__ and not function.__doc__
    ]
    assert silent == []


def test_every_public_function_is_annotated() -> None:
    """[law 7] Strict typing checks it as well; this one reads what a caller sees."""
    bare = [
        f"{module.__name__}.{name}"
        for module in import_everything()
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if not name.startswith("_")
        and function.__module__ == module.__name__
        and "return" not in typing.cast("dict[str, object]", function.__annotations__)
    ]
    assert bare == []
