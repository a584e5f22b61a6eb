"""`khaacho credit`: what was owed on any day."""

from __future__ import annotations

import csv
import os
import sys
from datetime import date
from io import StringIO
from typing import Any

import msgspec
from cyclopts import App

from khaacho import clock
from khaacho.commands.terminal import DONE, with_database
from khaacho.credit.aged_balances import AgedBalance, find_aged_balances
from khaacho.credit.exposure.aging import Bucket
from khaacho.money import rupees
from khaacho.platform.database import Database
from khaacho.platform.spreadsheets import guarded
from khaacho.settings import Settings

FIELDS = (
    "retailer_id",
    "code",
    "pasal_name",
    *Bucket,
    "total",
    "paid_ahead",
    "balance",
    "overdue",
    "days_past_due",
    "oldest_open_days",
    "earliest_due_on",
)


def add_to(app: App) -> None:
    credit = App(name="credit", help="See what was owed.")
    credit.command(aging)
    app.command(credit)


def aging(*, at: date | None = None, json: bool = False) -> int:
    """Print what every shop owed at the end of a day, by age, and how far past due, as CSV; amounts in rupees.

    Parameters
    ----------
    at
        The business day, as 2024-01-31; today when not given.
    json
        One shop a line as JSON, its name exactly as it is: in CSV a name like a formula gets an apostrophe.
    """

    async def find(_settings: Settings, database: Database) -> list[AgedBalance]:
        async with database.reading() as tx:
            return await find_aged_balances(tx, at or clock.business_day())

    found = with_database(find)
    text = StringIO()
    if json:
        encoder = msgspec.json.Encoder(decimal_format="number")
        text.writelines(f"{encoder.encode(_cells(one)).decode()}\n" for one in found)
    else:
        writer = csv.DictWriter(text, fieldnames=FIELDS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({**_cells(one), "pasal_name": guarded(one.pasal_name)} for one in found)
    _print(text.getvalue())
    return DONE


def _print(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads has seen enough; what is left in the buffer must not be tried again at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _cells(one: AgedBalance) -> dict[str, Any]:
    cells = (
        str(one.retailer_id),
        one.code,
        one.pasal_name,
        rupees(one.days_0_7_paisa),
        rupees(one.days_8_14_paisa),
        rupees(one.days_15_30_paisa),
        rupees(one.days_over_30_paisa),
        rupees(one.total_paisa),
        rupees(one.paid_ahead_paisa),
        rupees(one.balance_paisa),
        rupees(one.overdue_paisa),
        one.days_past_due,
        one.oldest_open_days,
        one.earliest_due_on,
    )
    return dict(zip(FIELDS, cells, strict=True))
