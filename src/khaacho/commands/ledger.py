"""`khaacho ledger`: proving that the books are right."""

from __future__ import annotations

from collections.abc import Sequence

from cyclopts import App
from rich.table import Table

from khaacho.commands.terminal import ANSWER_IS_NO, DONE, out, with_database
from khaacho.credit.checks import CHECKS as CREDIT_CHECKS
from khaacho.ledger.checks import CHECKS as LEDGER_CHECKS
from khaacho.orders.checks import CHECKS as ORDER_CHECKS
from khaacho.platform.checks import CheckResult, run_checks
from khaacho.platform.database import Database
from khaacho.prepaid.checks import CHECKS as PREPAID_CHECKS
from khaacho.projects.checks import CHECKS as PROJECT_CHECKS
from khaacho.settings import Settings


def add_to(app: App) -> None:
    ledger = App(name="ledger", help="Prove that the books are right.")
    ledger.command(check)
    app.command(ledger)


def check() -> int:
    """Check every invariant on one snapshot; exit 0, or 1 and the differences."""

    async def run(_settings: Settings, database: Database) -> list[CheckResult]:
        return await run_checks(
            database, [*LEDGER_CHECKS, *CREDIT_CHECKS, *ORDER_CHECKS, *PREPAID_CHECKS, *PROJECT_CHECKS]
        )

    results = with_database(run)
    _show(results)
    return DONE if all(result.holds for result in results) else ANSWER_IS_NO


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
