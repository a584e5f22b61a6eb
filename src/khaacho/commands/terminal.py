"""How commands speak: answers on standard output, what went wrong on standard error, exit codes with a meaning.

0: done. 1: it ran, and the answer is no (differences found, a check failed, a refusal). 2: the command line was wrong.
3: the settings have faults. 4: the database does not answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from rich.console import Console

from khaacho import clock
from khaacho.errors import DatabaseUnavailable, InvalidSettings, KhaachoError
from khaacho.platform.database import Database
from khaacho.platform.embedded import EmbeddedServerError
from khaacho.platform.opening import open_database
from khaacho.settings import Settings, load_settings

DONE = 0
ANSWER_IS_NO = 1
WRONG_COMMAND = 2
WRONG_SETTINGS = 3
NO_DATABASE = 4

Answer = TypeVar("Answer")

out = Console()
err = Console(stderr=True)


def read_settings() -> Settings:
    """The settings of this process, with the business zone in force. Raises InvalidSettings."""
    settings = load_settings()
    clock.set_zone(settings.timezone)
    clock.set_week_start(settings.week_start)
    return settings


def with_database(act: Callable[[Settings, Database], Awaitable[Answer]]) -> Answer:
    """Run `act` with the settings and an open database."""
    settings = read_settings()

    async def run() -> Answer:
        async with open_database(settings) as database:
            return await act(settings, database)

    return asyncio.run(run())


def exit_code_of(error: Exception) -> int:
    """What the shell is told about a failure we know."""
    if isinstance(error, InvalidSettings):
        return WRONG_SETTINGS
    if isinstance(error, (DatabaseUnavailable, EmbeddedServerError)):
        return NO_DATABASE
    return ANSWER_IS_NO


# Failures that are told in one line. Anything else is a fault of ours, and its traceback is what helps.
KNOWN_FAILURES = (KhaachoError, EmbeddedServerError)
