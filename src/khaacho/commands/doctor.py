"""`khaacho doctor`: what a person would look at first when something is wrong, looked at."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import msgspec
from cyclopts import App
from rich.text import Text

from khaacho.commands.terminal import ANSWER_IS_NO, DONE, KNOWN_FAILURES, out, read_settings
from khaacho.platform.database import Database
from khaacho.platform.health import Part, Readiness, find_readiness
from khaacho.platform.opening import reachable_database
from khaacho.platform.pulse import QueueFigures, find_queue_figures
from khaacho.settings import Settings

DISK_FREE_BYTES_MIN = 1 << 30
SERVER_VERSION_MIN = 15_00_00
QUEUE_AGE_SECONDS_MAX = 60.0


class Verdict(Enum):
    GOOD = ("✓", "green")
    WARNING = ("!", "yellow")
    BAD = ("✗", "red")


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing looked at; `remedy` is what to do where it is not good."""

    verdict: Verdict
    subject: str
    state: str
    remedy: str = ""


class _DatabaseFacts(msgspec.Struct, frozen=True, kw_only=True):
    version: str
    version_number: int
    readiness: Readiness
    queue: QueueFigures | None


def add_to(app: App) -> None:
    app.command(doctor)


def doctor() -> int:
    """Look at settings, disk, database, migrations, worker and queue; exit 1 when something is broken."""
    settings = read_settings()
    findings = [*judge_settings(settings), judge_disk(settings), *_judge_database(settings)]
    for finding in findings:
        sign, colour = finding.verdict.value
        out.print(Text.assemble((sign, colour), f" {finding.subject}: {finding.state}"))
        if finding.remedy:
            out.print(Text(f"    {finding.remedy}"))
    return ANSWER_IS_NO if any(finding.verdict is Verdict.BAD for finding in findings) else DONE


def judge_settings(settings: Settings) -> Iterator[Finding]:
    """What can be seen without asking anybody."""
    yield Finding(verdict=Verdict.GOOD, subject="settings", state=f"valid, environment {settings.environment.value}")
    needed = {
        "twilio": {
            "TWILIO_ACCOUNT_SID": settings.twilio_account_sid,
            "TWILIO_AUTH_TOKEN": settings.twilio_auth_token,
            "TWILIO_WHATSAPP_FROM": settings.twilio_whatsapp_from,
        },
        "cloud": {
            "META_APP_SECRET": settings.meta_app_secret,
            "META_ACCESS_TOKEN": settings.meta_access_token,
            "META_PHONE_NUMBER_ID": settings.meta_phone_number_id,
        },
        "simulator": {"KHAACHO_SIMULATOR=on": "on" if settings.simulator_on else ""},
    }[settings.whatsapp_channel]
    missing = [name for name, value in needed.items() if not value]
    yield Finding(
        verdict=Verdict.WARNING if missing else Verdict.GOOD,
        subject="WhatsApp",
        state=f"channel {settings.whatsapp_channel}" + (", not complete" if missing else ""),
        remedy=f"Set {', '.join(missing)}." if missing else "",
    )


def judge_disk(settings: Settings) -> Finding:
    """Is there room where the data folder is, or will be?"""
    folder = next(place for place in (settings.data_dir, *settings.data_dir.resolve().parents) if place.is_dir())
    free = shutil.disk_usage(folder).free
    enough = free >= DISK_FREE_BYTES_MIN
    return Finding(
        verdict=Verdict.GOOD if enough else Verdict.BAD,
        subject="disk",
        state=f"{free / (1 << 30):.1f} GiB free at {Path(folder)}",
        remedy="" if enough else "Make room: a database without room stops.",
    )


def _judge_database(settings: Settings) -> Iterator[Finding]:
    where = "of DATABASE_URL" if settings.database_url else f"embedded, in {settings.data_dir}"
    try:
        with reachable_database(settings, migrated=False) as dsn:
            facts = asyncio.run(_ask(dsn))
    except KNOWN_FAILURES as error:
        yield Finding(
            verdict=Verdict.BAD,
            subject="database",
            state=f"{where}: {error}",
            remedy="Is the server running, and DATABASE_URL right?" if settings.database_url else "",
        )
        return
    yield Finding(
        verdict=Verdict.GOOD if facts.version_number >= SERVER_VERSION_MIN else Verdict.BAD,
        subject="database",
        state=f"PostgreSQL {facts.version}, {where}",
        remedy="" if facts.version_number >= SERVER_VERSION_MIN else "PostgreSQL 15 or newer is needed.",
    )
    yield from judge_readiness(facts.readiness, facts.queue)


def judge_readiness(readiness: Readiness, queue: QueueFigures | None) -> Iterator[Finding]:
    """Migrations, worker and queue."""
    if readiness.migrations is not Part.OK:
        yield Finding(
            verdict=Verdict.BAD, subject="migrations", state=readiness.migrations.value, remedy="Run `khaacho migrate`."
        )
        return
    yield Finding(verdict=Verdict.GOOD, subject="migrations", state="at the newest")
    running = readiness.worker is Part.OK
    yield Finding(
        verdict=Verdict.GOOD if running else Verdict.WARNING,
        subject="worker",
        state="running" if running else "none shows itself",
        remedy="" if running else "Start one: `khaacho worker`.",
    )
    if queue is not None:
        late = queue.age_seconds > QUEUE_AGE_SECONDS_MAX
        yield Finding(
            verdict=Verdict.WARNING if late or queue.failed else Verdict.GOOD,
            subject="queue",
            state=f"{queue.queued} waiting, {queue.failed} failed, oldest due for {queue.age_seconds:.0f} s",
            remedy="See `khaacho jobs list`." if late or queue.failed else "",
        )


async def _ask(dsn: str) -> _DatabaseFacts:
    database = await Database.open(dsn, connections_max=2)
    try:
        readiness = await find_readiness(database)
        async with database.reading() as tx:
            version = await tx.value("SHOW server_version")
            number = await tx.value("SELECT current_setting('server_version_num')::int")
        queue = await find_queue_figures(database) if readiness.migrations is Part.OK else None
        return _DatabaseFacts(version=version, version_number=number, readiness=readiness, queue=queue)
    finally:
        await database.close()
