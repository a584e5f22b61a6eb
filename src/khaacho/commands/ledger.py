"""`khaacho ledger`: proving that the books are right, and that nobody changed them since."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from cyclopts import App, Parameter
from rich.table import Table

from khaacho import clock
from khaacho.commands.terminal import ANSWER_IS_NO, DONE, out, with_database
from khaacho.duties import CHECKS
from khaacho.errors import ValidationFailed
from khaacho.ledger.sealing import SEALED_TABLES, find_noted_hashes
from khaacho.platform.checks import CheckResult, run_checks
from khaacho.platform.database import Database
from khaacho.platform.sealing import SealRun, seal_everything
from khaacho.platform.seals import DIGEST_LENGTH
from khaacho.platform.verifying import Verdict, verify_chain
from khaacho.settings import Settings


def add_to(app: App) -> None:
    ledger = App(name="ledger", help="Prove that the books are right, and were not changed since.")
    ledger.command(check)
    ledger.command(seal)
    ledger.command(verify)
    app.command(ledger)


def check() -> int:
    """Check every invariant there is, from the ledger up to projects; exit 0, or 1 and the differences."""

    async def run(_settings: Settings, database: Database) -> list[CheckResult]:
        return await run_checks(database, CHECKS)

    results = with_database(run)
    _show(results)
    return DONE if all(result.holds for result in results) else ANSWER_IS_NO


def seal() -> int:
    """Seal everything that is new now, instead of within a quarter of an hour."""

    async def run(_settings: Settings, database: Database) -> SealRun:
        return await seal_everything(database, SEALED_TABLES)

    made = with_database(run)
    out.print(f"{made.rows} rows sealed; the chain ends with {made.number}:{made.hash.hex()}.", highlight=False)
    return DONE


def verify(*, noted: Annotated[str, Parameter(help="NUMBER:HASH of a seal, as noted elsewhere.")] = "") -> int:
    """Prove that no sealed row of ledger or audit was changed, deleted or inserted since; exit 0, or 1 and the first.

    Parameters
    ----------
    noted
        NUMBER:HASH of a seal as some log or person noted it; the chain must still hold it.
    """
    given = _read_noted(noted)

    async def run(_settings: Settings, database: Database) -> Verdict:
        return await verify_chain(database, SEALED_TABLES, known=await find_noted_hashes(database) | given)

    verdict = with_database(run)
    _show_verdict(verdict)
    return DONE if verdict.holds else ANSWER_IS_NO


def _read_noted(noted: str) -> dict[int, bytes]:
    if not noted:
        return {}
    try:
        number, hashed = noted.split(":")
        given = {int(number): bytes.fromhex(hashed)}
    except ValueError as error:
        raise ValidationFailed(field="noted", why="is not NUMBER:HASH") from error
    if any(len(one) != DIGEST_LENGTH for one in given.values()):
        raise ValidationFailed(field="noted", why="is not NUMBER:HASH")
    return given


def _show_verdict(verdict: Verdict) -> None:
    def tell(line: str) -> None:
        out.print(line, markup=False, highlight=False, soft_wrap=True)

    tell(f"{verdict.seals} of {verdict.seals_made} seals and their {verdict.rows} rows were compared.")
    if verdict.sealed_at is not None:
        at = clock.business_time(verdict.sealed_at).strftime("%Y-%m-%d %H:%M:%S")
        tell(f"The chain ends with {verdict.number}:{verdict.hash.hex()}, sealed {at}.")
    tell(f"{verdict.unsealed} rows are newer and wait for the next seal.")
    if verdict.holds:
        tell("Nothing sealed was changed.")
        return
    first, *others = verdict.breaches
    tell(f"BROKEN, first here: {first}")
    for other in others:
        tell(f"then: {other}")


def _show(results: Sequence[CheckResult]) -> None:
    table = Table("check", "promise", "examined", "differences")
    for result in results:
        table.add_row(result.name, result.promise, str(result.examined), str(len(result.differences)))
    out.print(table)
    for result in results:
        for difference in result.differences:
            out.print(
                f"{result.name}: {difference['subject']}: expected {difference['expected']}, "
                f"found {difference['actual']}",
                markup=False,
                highlight=False,
            )
