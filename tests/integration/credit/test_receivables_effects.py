"""What a later state of another book does to a shop that has lived on here: no pause without a cause, no open order."""

from __future__ import annotations

from tests.fixtures.owing import Owe, audited
from tests.fixtures.trade import assert_books_hold
from tests.integration.credit.test_money_taken_back import published
from tests.integration.credit.test_receivables import shop_of, take

from khaacho.actors import SYSTEM, Actor
from khaacho.credit.lateness.pausing import pause_credit, pause_overdue
from khaacho.credit.queries import find_credit_overview, require_debit
from khaacho.parties.standings import CreditStatus
from khaacho.platform.database import Database

INVOICE = "Ram,INV-1,1000,2026-01-05,2026-01-12"
OWED = f"{INVOICE},,"
PAID = f"{INVOICE},2026-02-01,1000"


async def status_of(database: Database) -> CreditStatus:
    async with database.reading() as tx:
        return (await find_credit_overview(tx, await shop_of(database, "Ram"))).status


async def test_a_pause_without_a_cause_is_lifted(database: Database) -> None:
    """[C52] What was late is paid in the other book: an automatic pause ends with that, audited once."""
    await take(database, OWED)
    ram = await shop_of(database, "Ram")
    async with database.transaction() as tx:
        assert await pause_overdue(tx, SYSTEM, ram)
    await take(database, f"{INVOICE},2026-02-01,300")
    assert await status_of(database) is CreditStatus.PAUSED
    await take(database, f"{INVOICE},2026-02-01,300", f"{INVOICE},2026-02-02,700")
    assert await status_of(database) is CreditStatus.ACTIVE
    assert await audited(database, ram, "PAUSE_CREDIT", "UNPAUSE_CREDIT") == ["PAUSE_CREDIT", "UNPAUSE_CREDIT"]
    await assert_books_hold(database)


async def test_a_pause_by_a_person_stays(database: Database, admin: Actor) -> None:
    """[C52] Whoever paused by hand has reasons no table knows."""
    await take(database, OWED)
    async with database.transaction() as tx:
        await pause_credit(tx, admin, await shop_of(database, "Ram"), reason="moves away")
    await take(database, PAID)
    assert await status_of(database) is CreditStatus.PAUSED


async def test_an_order_paid_by_a_surplus_is_told_of(database: Database, owe: Owe) -> None:
    """[C60, O33] A payment beyond its invoice pays an order of ours: who keeps orders hears of it, and only then."""
    await take(database, OWED)
    debit = await owe(await shop_of(database, "Ram"), 500)
    await take(database, PAID)
    assert await published(database, "OrdersPaidElsewhere") == []
    await take(database, PAID, f"{INVOICE},2026-02-02,500")
    async with database.reading() as tx:
        assert (await require_debit(tx, debit.id)).remaining_paisa == 0
    (told,) = await published(database, "OrdersPaidElsewhere")
    assert told["cleared_order_ids"] == [str(debit.source_id)]
