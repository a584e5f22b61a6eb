"""Taking over receivables: all or nothing, never twice, nobody told, and the rows that selling and paying write."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.fixtures.trade import ALL_CHECKS, assert_books_hold, contents_of, line_of

from khaacho import clock
from khaacho.actors import SYSTEM, Actor
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.paying.reversals import reverse_payment
from khaacho.credit.queries import find_credit_overview, find_open_debits
from khaacho.credit.records import DebitState, NewPayment, PaymentMethod
from khaacho.credit.takeover.receivable_file import COLUMNS, read_receivables
from khaacho.credit.takeover.receivable_records import ImportReport
from khaacho.credit.takeover.receivables import import_receivables
from khaacho.parties.phones import is_reachable
from khaacho.parties.queries import require_retailer
from khaacho.platform.checks import run_checks
from khaacho.platform.database import Database
from khaacho.whatsapp.channels.port import Refused
from khaacho.whatsapp.contacts import ensure_contact
from khaacho.whatsapp.outbox import say
from khaacho.whatsapp.records import Channel, Purpose, Saying
from khaacho.whatsapp.sending import send_waiting

HEAD = ",".join(COLUMNS)
# A pays INV-1 in two parts, the second beyond what is left of it; INV-2 gets the rest.
HISTORY = (
    "Ram,INV-1,1000,2024-01-05,2024-01-12,2024-01-10,400",
    "Ram,INV-1,1000,2024-01-05,2024-01-12,2024-01-20,900",
    "Ram,INV-2,500,2024-01-15,2024-01-22,,",
    "Sita,INV-1,70.50,2024-03-01,2024-03-08,,",
)


async def take(database: Database, *lines: str, **options: bool) -> ImportReport:
    text = "\n".join((HEAD, *lines))
    return await import_receivables(database, SYSTEM, read_receivables(lambda: io.StringIO(text)), **options)


async def shop_of(database: Database, customer: str) -> UUID:
    async with database.reading() as tx:
        found: UUID = await tx.value(
            "SELECT retailer_id FROM receivable_customers WHERE customer = %(name)s", {"name": customer}
        )
    return found


async def rows_of(database: Database, sql: str, **params: Any) -> list[dict[str, Any]]:
    async with database.reading() as tx:
        return await tx.dicts(sql, params)


async def test_a_history_becomes_shops_items_payments_and_postings(database: Database) -> None:
    """[C1, C4, C60] As if it had happened here: by event, in order, with the surplus on the next item."""
    report = await take(database, *HISTORY)
    assert (report.imported, report.retailers, report.invoices, report.payments) == (True, 2, 3, 2)
    assert (report.billed_paisa, report.paid_paisa, report.unapplied_paisa) == (157_050, 130_000, 0)
    ram = await shop_of(database, "Ram")

    async with database.reading() as tx:
        (item,) = await find_open_debits(tx, ram)
    assert (item.source_kind, item.amount_paisa, item.remaining_paisa) == ("receivable", 50_000, 20_000)
    assert (item.state, item.due_on) == (DebitState.PARTIAL, date(2024, 1, 22))
    assert clock.business_day(item.opened_at) == date(2024, 1, 15)

    moved = await rows_of(
        database,
        """
        SELECT code, source_kind, amount, to_char(event_at AT TIME ZONE 'Asia/Kathmandu', 'MM-DD') AS day
        FROM ledger_transfers AS t JOIN credit_accounts AS line ON line.id IN (debit_account_id, credit_account_id)
        WHERE line.retailer_id = %(ram)s ORDER BY t.id
        """,
        ram=ram,
    )
    assert [tuple(row.values()) for row in moved] == [
        ("OPENING_BALANCE", "receivable", 100_000, "01-05"),
        ("PAYMENT", "payment", 40_000, "01-10"),
        ("OPENING_BALANCE", "receivable", 50_000, "01-15"),
        ("PAYMENT", "payment", 90_000, "01-20"),
    ]
    cleared = await rows_of(
        database,
        """
        SELECT i.invoice, a.amount_paisa, a.event_at = p.event_at AS when_paid,
            COALESCE(d.cleared_at = p.event_at, false) AS closed
        FROM credit_allocations AS a JOIN credit_payments AS p ON p.id = a.payment_id
        JOIN credit_debits AS d ON d.id = a.debit_id JOIN receivable_invoices AS i ON i.debit_id = d.id ORDER BY a.id
        """,
    )
    assert [tuple(row.values()) for row in cleared] == [
        ("INV-1", 40_000, True, False), ("INV-1", 60_000, True, True), ("INV-2", 30_000, True, False),
    ]  # fmt: skip
    # At most Rs 1,100 was owed at a time, which makes a limit of two whole thousands.
    line = await line_of(database, ram)
    assert (line.limit_paisa, line.used_paisa) == (200_000, 20_000)
    await assert_books_hold(database)


async def test_nobody_is_told_and_nobody_can_be(database: Database) -> None:
    """A shop without a telephone has a number that no country has, and whatever is said to it fails visibly."""
    await take(database, *HISTORY)
    assert await rows_of(database, "SELECT FROM outbound_messages") == []
    assert await rows_of(database, "SELECT FROM pgqueuer") == []
    async with database.reading() as tx:
        shop = await require_retailer(tx, await shop_of(database, "Ram"))
    assert not is_reachable(shop.phone)
    assert is_reachable("+9779812345678")

    class Unwanted:
        async def send(self, outgoing: object) -> Refused:
            raise AssertionError("nothing may be handed to a provider")

    async with database.transaction() as tx:
        contact = await ensure_contact(tx, shop.phone)
        await say(tx, contact.id, [Saying(key="k", purpose=Purpose.NOTICE, text="hello")])
    channels: Any = {Channel.TWILIO: Unwanted()}
    assert await send_waiting(database, channels, default=Channel.TWILIO, contact_id=contact.id) == 0
    (message,) = await rows_of(database, "SELECT state, error FROM outbound_messages")
    assert message == {"state": "FAILED", "error": "UNREACHABLE"}


async def test_the_same_table_twice_changes_nothing(database: Database) -> None:
    """Not one row of any table; the rows may come in another order. Two equal payments stay two."""
    lines = (*HISTORY, "Sita,INV-1,70.50,2024-03-01,2024-03-08,2024-03-02,5", HISTORY[0])
    await take(database, *lines)
    before = await contents_of(database)
    report = await take(database, *reversed(lines))
    assert (report.imported, report.retailers, report.invoices, report.payments) == (True, 0, 0, 0)
    assert (report.known_invoices, report.known_payments) == (3, 4)
    assert await contents_of(database) == before


async def test_a_later_state_of_the_table_brings_what_is_new(database: Database) -> None:
    """Further payments and invoices of known customers; what was paid ahead meets the next invoice."""
    await take(database, "Ram,1,100,2024-01-01,2024-01-08,2024-01-03,130")
    ram = await shop_of(database, "Ram")
    assert await ahead_of(database, ram) == 3_000
    report = await take(
        database,
        "Ram,1,100,2024-01-01,2024-01-08,2024-01-03,130",
        "Ram,2,50,2024-02-01,2024-02-08,2024-02-05,5",
        "Gita,1,1,2024-02-01,2024-02-08,,",
    )
    assert (report.retailers, report.invoices, report.payments) == (1, 2, 1)
    assert await ahead_of(database, ram) == 0
    async with database.reading() as tx:
        (item,) = await find_open_debits(tx, ram)
    assert item.remaining_paisa == 1_500
    await assert_books_hold(database)


async def ahead_of(database: Database, retailer_id: UUID) -> int:
    async with database.reading() as tx:
        return (await find_credit_overview(tx, retailer_id)).unapplied_paisa


async def test_one_wrong_line_refuses_the_whole_table(database: Database) -> None:
    """All or nothing: a refused line, or one that contradicts what was taken over before, and no row changes."""
    await take(database, *HISTORY)
    before = await contents_of(database)
    wrong = await take(database, "Hari,1,5,2024-01-01,,,", "Hari,2,five,2024-01-01,,,")
    assert (wrong.imported, [one.line for one in wrong.refused]) == (False, [3])
    other = await take(
        database, "Hari,1,5,2024-01-01,,,", "Ram,INV-2,501,2024-01-15,2024-01-22,,", HISTORY[3].replace("-08", "-09")
    )
    assert [(one.line, one.why) for one in other.refused] == [
        (3, "amount 501.00 is not 500.00 as this invoice was taken over before"),
        (4, "due_at 2024-03-09 is not 2024-03-08 as this invoice was taken over before"),
    ]
    assert not other.imported
    assert await contents_of(database) == before


async def test_a_corrected_payment_is_not_counted_twice(database: Database) -> None:
    """A payment that was taken over and is gone from its invoice was changed in the other book, not added to; the same
    file with one amount changed, be it billed or paid, to nothing even, is refused with every line that differs."""
    await take(database, *HISTORY)
    before = await contents_of(database)
    changed = await take(
        database,
        HISTORY[0].replace(",400", ",450"),
        *HISTORY[1:3],
        "Sita,INV-1,0,2024-03-01,2024-03-08,,",
        "Gita,1,five,2024-03-01,2024-03-08,,",
    )
    assert not changed.imported
    assert [(one.line, one.why) for one in changed.refused] == [
        (
            2,
            "the payment of 400.00 on 2024-01-10 that was taken over of this invoice before is not in the file; "
            "reverse it if it was wrong, and say --additions if the file holds only what is new",
        ),
        (5, "amount 0.00 is not 70.50 as this invoice was taken over before"),
        (6, "amount: 'five' is not an amount"),
    ]
    assert await contents_of(database) == before


async def test_a_file_of_additions_alone_is_taken_when_somebody_says_so(database: Database) -> None:
    """Then what is known of an invoice need not be told again, and what is told again is still known."""
    await take(database, *HISTORY)
    news = (HISTORY[1], "Ram,INV-1,1000,2024-01-05,2024-01-12,2024-02-01,50")
    assert not (await take(database, *news)).imported
    report = await take(database, *news, additions=True)
    assert (report.imported, report.payments, report.known_payments, report.paid_paisa) == (True, 1, 1, 5_000)
    assert (await take(database, *news, additions=True)).payments == 0
    await assert_books_hold(database)


async def test_what_a_clock_moved_back_cannot_have_seen_is_not_missed(database: Database) -> None:
    """The same file on an earlier day leaves out what comes later, and contradicts nothing."""
    await take(database, *HISTORY)
    with clock.travelled_to(datetime(2024, 1, 12, tzinfo=clock.zone())):
        report = await take(database, *HISTORY)
    assert (report.imported, report.invoices, report.payments, report.refused) == (True, 0, 0, ())


async def test_the_other_lines_are_taken_when_somebody_says_so(database: Database) -> None:
    """With skip_refused each good line counts, also of a customer with a bad one."""
    await take(database, *HISTORY)
    report = await take(
        database,
        "Ram,INV-2,501,2024-01-15,2024-01-22,,",
        "Ram,INV-3,7,2024-01-16,2024-01-22,,",
        "Ram,INV-4,x,2024-01-16,,,",
        skip_refused=True,
    )
    assert (report.imported, report.invoices, [one.line for one in report.refused]) == (True, 1, [2, 4])
    await assert_books_hold(database)


async def test_trying_out_changes_nothing_and_says_everything(database: Database) -> None:
    """The figures of a dry run are those of the run."""
    before = await contents_of(database)
    tried = await take(database, *HISTORY, dry_run=True)
    assert not tried.imported
    assert await contents_of(database) == before
    done = await take(database, *HISTORY)
    assert (done.invoices, done.payments, done.billed_paisa) == (tried.invoices, tried.payments, tried.billed_paisa)


async def test_money_that_came_before_its_invoice_waits_for_it(database: Database) -> None:
    """It is ahead until then, and is not spent on another invoice that opens in between; its rest goes on."""
    await take(
        database,
        "Ram,1,100,2024-01-10,2024-01-17,2024-01-01,120",
        "Ram,2,40,2024-01-05,2024-01-12,,",
    )
    async with database.reading() as tx:
        (item,) = await find_open_debits(tx, await shop_of(database, "Ram"))
    assert (clock.business_day(item.opened_at), item.remaining_paisa) == (date(2024, 1, 5), 2_000)
    moved = await rows_of(database, "SELECT code, amount FROM ledger_transfers ORDER BY id")
    assert [tuple(row.values()) for row in moved] == [
        ("UNAPPLIED", 12_000),
        ("OPENING_BALANCE", 4_000),
        ("OPENING_BALANCE", 10_000),
        ("APPLY_UNAPPLIED", 10_000),
        ("APPLY_UNAPPLIED", 2_000),
    ]
    await assert_books_hold(database)


async def test_what_was_taken_over_lives_on_like_everything_else(database: Database, admin: Actor) -> None:
    """[C60, C63] Payments are recorded on it, and one that was taken over can be reversed, once."""
    await take(database, *HISTORY)
    ram = await shop_of(database, "Ram")
    new = NewPayment(amount_paisa=5_000, method=PaymentMethod.CASH, retailer_id=ram)
    async with database.transaction() as tx:
        assert (await record_payment(tx, admin, new)).remaining_paisa == 15_000
    (first, second) = await rows_of(database, "SELECT id FROM credit_payments WHERE reference = 'INV-1' ORDER BY id")
    async with database.transaction() as tx:
        undone = await reverse_payment(tx, admin, second["id"], reason="bounced in the other book")
    assert undone.used_paisa == 105_000
    await assert_books_hold(database)
    assert (await take(database, *HISTORY)).payments == 0
    assert first


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE receivable_payments SET amount_paisa = amount_paisa + 1",
        "UPDATE credit_debits SET source_kind = 'receivable', source_id = account_id",
    ],
)
async def test_the_check_finds_what_no_longer_is_what_was_taken_over(database: Database, sql: str) -> None:
    """[C5] An amount or a name changed behind the product's back."""
    await take(database, *HISTORY)
    await assert_books_hold(database)
    async with database.transaction() as tx:
        await tx.execute(sql)
    assert [one.name for one in await run_checks(database, ALL_CHECKS) if not one.holds] == ["taken_over"]


async def test_what_an_import_did_is_in_the_audit_trail(database: Database) -> None:
    """[C80] One entry a shop, with its sums, besides those of the shop and its line."""
    await take(database, *HISTORY)
    (entry,) = await rows_of(
        database,
        "SELECT new_values FROM audit_entries WHERE action = 'RECEIVABLES_IMPORTED' AND retailer_id = %(ram)s",
        ram=await shop_of(database, "Ram"),
    )
    assert entry["new_values"] == {"invoices": 2, "billed_paisa": 150_000, "payments": 2, "paid_paisa": 130_000}


def test_the_command_says_what_it_did_and_why_not(dsn: str, tmp_path: Path) -> None:
    """[X41] Exit 0 and the sums; exit 1, the lines and their reasons."""
    file = tmp_path / "book.csv"
    environment = {**os.environ, "DATABASE_URL": dsn, "KHAACHO_DATA_DIR": str(tmp_path), "COLUMNS": "200"}

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "khaacho", "import", "receivables", str(file), *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)

    file.write_text("\ufeff" + "\n".join((HEAD + ",note", *(f"{line},x" for line in HISTORY))), encoding="utf-8")
    tried, done = run("--dry-run"), run()
    assert (tried.returncode, done.returncode) == (0, 0), done.stderr
    assert "Tried only: nothing was written." in tried.stdout
    assert "3 invoices of Rs.1,570.50, 2 payments of Rs.1,300.00" in done.stdout
    assert "2 new shops; 0 invoices and 0 payments were known already." in done.stdout
    assert "Columns not looked at: note." in done.stdout

    file.write_text("\n".join((HEAD, "Ram,INV-9,5,03/04/2024,,,")), encoding="utf-8")
    refused = run()
    assert refused.returncode == 1
    assert "line 2: issued_at: '03/04/2024' may have the day or the month first" in refused.stdout
    assert "Nothing was taken." in refused.stdout
    assert run("--date-order", "day-first").returncode == 0

    names = ("Jos\u00e9,1,5,2024-01-01,,,", "Ram,1,5,2024-01-01,,,", "RAM,2,5,2024-01-01,,,")
    file.write_text("\n".join((HEAD, *names)), encoding="cp1252")
    garbled = run()
    assert garbled.returncode == 1
    assert "line 2: customer: holds letters in another encoding; say which with --encoding" in garbled.stdout
    read = run("--encoding", "cp1252", "--additions")
    assert read.returncode == 0
    assert "Taken for different customers: 'Ram', 'RAM'." in read.stdout
    assert run("--encoding", "klingon").returncode == 1


def test_the_command_prints_what_was_owed_on_a_day(dsn: str, tmp_path: Path) -> None:
    """[C7, X41] What nobody can ask a dashboard of today: every shop at the end of a past day, for a spreadsheet or a
    program; the balance is what is owed less what is paid ahead."""
    file = tmp_path / "book.csv"
    hostile = "=1+1,1,40,2024-01-15,2024-01-22,2024-01-16,60"
    file.write_text("\n".join((HEAD, *HISTORY, hostile)), encoding="utf-8")
    environment = {**os.environ, "DATABASE_URL": dsn, "KHAACHO_DATA_DIR": str(tmp_path)}

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "khaacho", *words]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=True).stdout

    run("import", "receivables", str(file))
    shops = list(csv.DictReader(io.StringIO(run("credit", "aging", "--at", "2024-01-22"))))
    assert [list(shop.values())[2:] for shop in shops] == [
        ["'=1+1", "0.00", "0.00", "0.00", "0.00", "0.00", "20.00", "-20.00", "0.00", "0", "0", ""],
        ["Ram", "200.00", "0.00", "0.00", "0.00", "200.00", "0.00", "200.00", "0.00", "0", "7", "2024-01-22"],
    ]
    (_, ram) = map(json.loads, run("credit", "aging", "--at", "2024-02-29", "--json").splitlines())
    assert (ram["pasal_name"], ram["30+"], ram["overdue"], ram["days_past_due"]) == ("Ram", 200, 200, 38)
    assert "Sita" in run("credit", "aging")
