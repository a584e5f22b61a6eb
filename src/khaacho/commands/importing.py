"""`khaacho import`: taking over what another book knows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TextIO

from cyclopts import App, Parameter, validators

from khaacho.actors import SYSTEM
from khaacho.commands.terminal import ANSWER_IS_NO, DONE, out, with_database
from khaacho.credit.records import PaymentMethod
from khaacho.credit.takeover.receivable_file import read_receivables
from khaacho.credit.takeover.receivable_records import DateOrder, ImportReport
from khaacho.credit.takeover.receivables import import_receivables
from khaacho.errors import ValidationFailed
from khaacho.money import format_rupees
from khaacho.platform.database import Database
from khaacho.settings import Settings

REFUSED_SHOWN_MAX = 50
ALIKE_SHOWN_MAX = 10

ExistingFile = Annotated[Path, Parameter(validator=validators.Path(exists=True, dir_okay=False))]


def add_to(app: App) -> None:
    importing = App(name="import", help="Take over what another book knows.")
    importing.command(receivables)
    app.command(importing)


def receivables(
    file: ExistingFile,
    /,
    *,
    dry_run: bool = False,
    skip_refused: bool = False,
    additions: bool = False,
    date_order: DateOrder | None = None,
    method: PaymentMethod = PaymentMethod.CASH,
    currency: str = "Rs",
    encoding: str = "utf-8-sig",
) -> int:
    """Take over invoices and payments from a CSV, one row per payment; all or nothing, and never twice.

    Columns: customer, invoice, amount, issued_at, due_at, paid_at, paid_amount; the paid ones are empty when nothing
    was paid. Each customer becomes a shop that no message is ever sent to.

    Parameters
    ----------
    file
        The table; comma, semicolon or tab between the cells.
    dry_run
        Do everything, say what came of it, and undo it.
    skip_refused
        Take the other lines when some are refused; otherwise nothing is taken then.
    additions
        The file holds only what is new: payments of an invoice that were taken over before need not be in it again.
    date_order
        Whether 03/04/2024 has the day or the month first; asked for only where the file does not tell.
    method
        How the payments are said to have come.
    currency
        A word or sign that stands beside the amounts; they count as rupees, one to one.
    encoding
        How the file's letters are written, for files that are not UTF-8.
    """

    def opened() -> TextIO:
        try:
            # Letters of another encoding in a column that matters are then refused with their line, all at once.
            return file.open(encoding=encoding, newline="", errors="surrogateescape")
        except LookupError as error:
            raise ValidationFailed(field="encoding", why="is not one we know") from error

    async def act(_settings: Settings, database: Database) -> ImportReport:
        table = read_receivables(opened, date_order=date_order, currency=currency)
        return await import_receivables(
            database,
            SYSTEM,
            table,
            method=method,
            skip_refused=skip_refused,
            additions=additions,
            dry_run=dry_run,
        )

    report = with_database(act)
    _show(report, dry_run=dry_run)
    return DONE if report.imported or (dry_run and not report.refused) else ANSWER_IS_NO


def _show(report: ImportReport, *, dry_run: bool) -> None:
    for refused in report.refused[:REFUSED_SHOWN_MAX]:
        _tell(f"line {refused.line}: {refused.why}")
    if len(report.refused) > REFUSED_SHOWN_MAX:
        out.print(f"… and {len(report.refused) - REFUSED_SHOWN_MAX} more lines refused.")
    if report.ignored_columns:
        _tell(f"Columns not looked at: {', '.join(report.ignored_columns)}.")
    for names in report.alike[:ALIKE_SHOWN_MAX]:
        _tell(f"Taken for different customers: {', '.join(map(repr, names))}.")
    if len(report.alike) > ALIKE_SHOWN_MAX:
        _tell(f"… and {len(report.alike) - ALIKE_SHOWN_MAX} more names that are nearly the same.")
    for why, times in sorted(report.left_out.items()):
        out.print(f"{times} lines with {why}: left out.", highlight=False)
    out.print(
        f"{report.lines} lines, {len(report.refused)} refused: {report.invoices} invoices of "
        f"{format_rupees(report.billed_paisa)}, {report.payments} payments of {format_rupees(report.paid_paisa)} "
        f"({format_rupees(report.unapplied_paisa)} of it ahead), {report.retailers} new shops; "
        f"{report.known_invoices} invoices and {report.known_payments} payments were known already.",
        highlight=False,
        soft_wrap=True,
    )
    if dry_run:
        out.print("Tried only: nothing was written.")
    elif not report.imported:
        out.print("Nothing was taken. Correct the lines, or take the others with --skip-refused.")


def _tell(line: str) -> None:
    # What a file calls itself may hold letters that no terminal can be given.
    shown = line.encode("utf-8", errors="backslashreplace").decode()
    out.print(shown, markup=False, highlight=False, soft_wrap=True)
