"""`khaacho seed`: an empty database filled with a small city and a month of its life."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter, validators

from khaacho.city.seed import DAYS, PASSWORD, SeedReport, find_sign_ins, seed_city
from khaacho.commands.terminal import DONE, out, with_database
from khaacho.platform.database import Database
from khaacho.settings import Settings

Positive = Parameter(validator=validators.Number(gte=1))


def add_to(app: App) -> None:
    app.command(seed)


def seed(*, days: Annotated[int, Positive] = DAYS, retailers: Annotated[int | None, Positive] = None) -> int:
    """Fill an empty database with a city to play with; never in production, and not while a worker runs.

    Parameters
    ----------
    days
        How long a history it has.
    retailers
        How many of its shops there are; all of them when not given.
    """

    async def act(settings: Settings, database: Database) -> SeedReport:
        with out.status(f"A city lives through {days} days …"):
            return await seed_city(database, settings, days=days, retailers=retailers)

    report = with_database(act)
    out.print(f"{report.retailers} shops, {report.vendors} wholesalers, {report.products} products.")
    out.print(f"{sum(report.orders.values())} orders, {report.payments} payments, in {report.seconds:.0f} s.")
    for one in find_sign_ins():
        out.print(f"{one.phone} signs in as {one.role.lower()}, {one.name}, password {PASSWORD}", highlight=False)
    return DONE
