"""Exactness on payment histories [C5, C7, C30]: whatever table is taken over, balances, buckets and days past due of
any day equal plain SQL over the very same table, to the paisa.

Tables: generated ones, one made of real credit histories where those are present, and any that
KHAACHO_RECEIVABLES_CSV names (the columns of docs/receivables.md, dates in ISO). The SQL reads the CSV itself, as
text, and knows nothing of the product; where an invoice is paid beyond its amount, SQL still tells the balance, and a
notebook of plain sums beside it tells which items the surplus went to.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import psycopg
import pytest
from tests.fixtures.people import BearerOf, MakeUser
from tests.fixtures.trade import assert_books_hold

from khaacho import clock
from khaacho.actors import SYSTEM, ActorRole
from khaacho.credit.exposure.aging_history import find_aging_as_of
from khaacho.credit.queries import find_credit_overview
from khaacho.credit.takeover.receivable_file import COLUMNS, read_receivables
from khaacho.credit.takeover.receivables import import_receivables
from khaacho.platform.database import Database

KATHMANDU = ZoneInfo("Asia/Kathmandu")
REAL_HISTORIES = Path(__file__).parents[3] / ".." / "shared" / "data" / "uci_credit" / "uci_credit_first15000.csv.gz"
REAL_CLIENTS = 800
# On a wall clock, as the tables are.
FIRST_DAY = datetime.fromisoformat("2024-01-01")

Cells = tuple[str, str, str, str, str, str, str]
# customer → (0-7, 8-14, 15-30, 30+, total, overdue, days past due), in paisa and days.
Figures = dict[str, tuple[int, int, int, int, int, int, int]]

PLAIN_SQL = """
    WITH invoices AS (
        SELECT DISTINCT customer, invoice, (amount::numeric * 100)::bigint AS paisa,
            issued_at::timestamp AS issued, due_at::date AS due
        FROM given
    ), payments AS (
        SELECT customer, invoice, SUM(paid_amount::numeric * 100)::bigint AS paisa
        FROM given
        WHERE paid_at <> '' AND paid_at::timestamp <= %(at)s
        GROUP BY customer, invoice
    ), owed AS (
        SELECT customer, i.due, %(at)s::date - i.issued::date AS age, i.paisa - COALESCE(p.paisa, 0) AS paisa
        FROM invoices AS i
        LEFT JOIN payments AS p USING (customer, invoice)
        WHERE i.issued <= %(at)s
    )
    SELECT customer,
        COALESCE(SUM(paisa) FILTER (WHERE age <= 7), 0)::bigint,
        COALESCE(SUM(paisa) FILTER (WHERE age BETWEEN 8 AND 14), 0)::bigint,
        COALESCE(SUM(paisa) FILTER (WHERE age BETWEEN 15 AND 30), 0)::bigint,
        COALESCE(SUM(paisa) FILTER (WHERE age > 30), 0)::bigint,
        SUM(paisa)::bigint,
        COALESCE(SUM(paisa) FILTER (WHERE due < %(at)s::date), 0)::bigint,
        GREATEST(0, %(at)s::date - MIN(due))
    FROM owed
    WHERE paisa > 0
    GROUP BY customer
"""

# What is owed less what is paid ahead: it does not ask which invoice a payment went to.
NET_SQL = """
    SELECT customer, (COALESCE(billed.paisa, 0) - COALESCE(paid.paisa, 0))::bigint
    FROM (SELECT DISTINCT customer FROM given) AS every
    LEFT JOIN (
        SELECT customer, SUM(paisa) AS paisa
        FROM (SELECT DISTINCT customer, invoice, amount::numeric * 100 AS paisa, issued_at FROM given) AS one
        WHERE issued_at::timestamp <= %(at)s
        GROUP BY customer
    ) AS billed USING (customer)
    LEFT JOIN (
        SELECT customer, SUM(paid_amount::numeric * 100) AS paisa
        FROM given
        WHERE paid_at <> '' AND paid_at::timestamp <= %(at)s
        GROUP BY customer
    ) AS paid USING (customer)
"""


def as_csv(rows: Iterable[Cells]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([COLUMNS, *rows])
    return text.getvalue()


async def take_over(database: Database, text: str) -> None:
    report = await import_receivables(database, SYSTEM, read_receivables(lambda: io.StringIO(text)))
    assert report.imported, report.refused[:5]


def by_plain_sql(dsn: str, text: str, query: str, at: datetime) -> list[tuple[Any, ...]]:
    """The answer of SQL over the CSV as it stands; `at` is a wall clock's, as everything in the table."""
    with psycopg.connect(dsn) as connection:
        columns = ", ".join(f"{name} text" for name in COLUMNS)
        connection.execute(f"CREATE TEMP TABLE given ({columns})")  # type: ignore[arg-type]
        with connection.cursor().copy("COPY given FROM STDIN (FORMAT csv, HEADER, FORCE_NOT_NULL (paid_at))") as copy:
            copy.write(text)
        return connection.execute(query, {"at": at.replace(tzinfo=None)}).fetchall()  # type: ignore[arg-type]


async def as_the_product_says(database: Database, at: datetime) -> Figures:
    names = await names_by_id(database)
    async with database.reading() as tx:
        return {
            names[row.retailer_id]: (
                row.days_0_7_paisa,
                row.days_8_14_paisa,
                row.days_15_30_paisa,
                row.days_over_30_paisa,
                row.total_paisa,
                row.overdue_paisa,
                row.days_past_due,
            )
            for row in await find_aging_as_of(tx, None, at)
        }


async def names_by_id(database: Database) -> dict[Any, str]:
    async with database.reading() as tx:
        rows = await tx.dicts("SELECT customer, retailer_id FROM receivable_customers")
    return {row["retailer_id"]: row["customer"] for row in rows}


async def ledger_says(database: Database, at: datetime) -> dict[str, int]:
    """Owed less paid ahead of every customer, from the ledger's transfers alone."""
    async with database.reading() as tx:
        rows = await tx.dicts(
            """
            SELECT c.customer, COALESCE(SUM(
                CASE WHEN moved.debit_account_id = account.id THEN moved.amount ELSE -moved.amount END
            ), 0)::bigint AS paisa
            FROM receivable_customers AS c
            JOIN credit_accounts AS line ON line.retailer_id = c.retailer_id
            JOIN ledger_accounts AS account ON account.id = line.id OR account.owner_id = line.id
            LEFT JOIN ledger_transfers AS moved
                ON account.id IN (moved.debit_account_id, moved.credit_account_id) AND moved.event_at <= %(at)s
            GROUP BY c.customer
            """,
            {"at": at},
        )
    return {row["customer"]: row["paisa"] for row in rows}


async def assert_exact(database: Database, dsn: str, text: str, moments: Sequence[datetime]) -> None:
    """Every figure of every customer at every moment, by the product and by whoever else can tell."""
    rows = [tuple(row.values()) for row in csv.DictReader(io.StringIO(text))]
    overpaid = has_overpaid(rows)
    compared = 0
    for at in moments:
        told = await as_the_product_says(database, at)
        expected = (
            by_notebook(rows, at)
            if overpaid
            else {name: tuple(figures) for name, *figures in by_plain_sql(dsn, text, PLAIN_SQL, at)}
        )
        assert told == expected, at
        compared += len(told)
        net = dict(by_plain_sql(dsn, text, NET_SQL, at))
        assert await ledger_says(database, at) == net, at
    assert compared
    await assert_books_hold(database)


# --- the notebook --------------------------------------------------------------------------------------------------


def has_overpaid(rows: Iterable[tuple[str, ...]]) -> bool:
    left: dict[tuple[str, str], Decimal] = {}
    for customer, invoice, amount, _, _, _, paid in rows:
        key = customer, invoice
        left[key] = left.get(key, Decimal(amount)) - Decimal(paid or 0)
    return min(left.values()) < 0


def by_notebook(rows: Iterable[tuple[str, ...]], at: datetime) -> Figures:
    """Each customer's items as a list of [invoice, issued, due, left], paid one coin bag after the other."""
    happened: dict[str, list[tuple[datetime, int, int, str, Decimal, date]]] = defaultdict(list)
    written: set[tuple[str, str]] = set()
    for place, (customer, invoice, amount, issued, due, paid_at, paid) in enumerate(rows):
        if (customer, invoice) not in written:
            written.add((customer, invoice))
            happened[customer].append((wall(issued), 0, place, invoice, Decimal(amount), date.fromisoformat(due)))
        if paid_at:
            happened[customer].append((wall(paid_at), 1, place, invoice, Decimal(paid), date.min))
    figures: Figures = {}
    for customer, events in happened.items():
        items: list[list[Any]] = []
        bags: list[list[Any]] = []
        will_be = {invoice for _, kind, _, invoice, _, _ in events if kind == 0}
        for moment, kind, _, invoice, amount, due_on in sorted(events):
            if moment > at:
                break
            if kind == 0:
                items.append([invoice, moment, due_on, amount])
                will_be.discard(invoice)
            else:
                bags.append([invoice, amount])
            for bag in [*(one for one in bags if one[0] == invoice), *bags]:
                own_first = sorted(items, key=lambda item: (item[0] != bag[0], item[1], item[2]))
                for item in own_first if bag[0] not in will_be else ():
                    spent = min(bag[1], item[3])
                    bag[1] -= spent
                    item[3] -= spent
        owed = [item for item in items if item[3]]
        if owed:
            figures[customer] = sums_of(owed, at)
    return figures


def sums_of(owed: list[list[Any]], at: datetime) -> tuple[int, int, int, int, int, int, int]:
    buckets = [0, 0, 0, 0]
    overdue = 0
    for _, issued, due_on, left in owed:
        age = (at.date() - issued.date()).days
        buckets[0 if age <= 7 else 1 if age <= 14 else 2 if age <= 30 else 3] += int(left * 100)
        overdue += int(left * 100) if due_on < at.date() else 0
    days_past = max(0, (at.date() - min(item[2] for item in owed)).days)
    return buckets[0], buckets[1], buckets[2], buckets[3], sum(buckets), overdue, days_past


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=KATHMANDU)


# --- tables --------------------------------------------------------------------------------------------------------


def generated(seed: int, *, customers: int, invoices: int, overpaying: bool) -> list[Cells]:
    """Invoices of half a year, paid in parts, late, early or never; some days see several things at once."""
    dice = random.Random(seed)
    rows: list[Cells] = []
    for number in range(invoices):
        customer = f"Pasal {dice.randrange(customers)}"
        paisa = dice.choice([1, 99, 100, dice.randint(1, 5_000_000)])
        issued = FIRST_DAY + timedelta(days=dice.randrange(180), minutes=dice.choice([0, 0, 615, 1439]))
        due = issued.date() + timedelta(days=dice.choice([-1, 0, 7, 7, 15, 30]))
        base = (customer, f"INV-{number}", rupees_of(paisa), issued.isoformat(sep=" "), due.isoformat())
        left = paisa
        parts = []
        for _ in range(dice.choice([0, 0, 1, 1, 1, 2, 4])):
            part = left if left > 0 and dice.random() < 0.5 else dice.randint(1, max(1, left))
            if overpaying and dice.random() < 0.2:
                part += dice.randint(1, 3_000_000)
            elif left <= 0:
                break
            left -= part
            days = dice.choice([0, 0, 3, 8, 15, 31, 90]) if dice.random() < 0.9 else -dice.randint(1, 20)
            parts.append(((issued + timedelta(days=days)).isoformat(sep=" "), rupees_of(part)))
        rows.extend((*base, *part) for part in parts or [("", "")])
    dice.shuffle(rows)
    return rows


def rupees_of(paisa: int) -> str:
    return f"{paisa // 100}.{paisa % 100:02d}"


def moments_over(rows: Iterable[tuple[str, ...]], count: int) -> list[datetime]:
    """From before the first event until long after the last, at midnight's edges and in between."""
    known = sorted(wall(text) for row in rows for text in (row[3], row[5]) if text)
    first, last = known[0], known[-1]
    step = (last - first) / (count - 1)
    spread = [first - timedelta(days=1), *(first + step * place for place in range(count)), last + timedelta(days=400)]
    edges = [known[len(known) // 2], known[len(known) // 3] + timedelta(seconds=-1)]
    return sorted({*spread, *edges})


def real_histories() -> list[Cells]:
    """Six months of real bills, each an invoice of its month, and the real payments that came the month after.

    Many paid more than the bill of the month or nothing at all, so surplus and old debts are everywhere.
    """
    rows: list[Cells] = []
    with gzip.open(REAL_HISTORIES, "rt", newline="") as file:
        for client in list(csv.DictReader(file))[:REAL_CLIENTS]:
            for month in range(6, 0, -1):
                billed, paid = int(client[f"BILL_AMT{month}"]), int(client[f"PAY_AMT{month}"])
                if billed <= 0:
                    continue
                issued = date(2005, 10 - month, 1)
                base = (client["ID"], f"{issued:%Y-%m}", str(billed), str(issued), str(issued + timedelta(days=24)))
                day = issued + timedelta(days=31 + int(client["ID"]) % 20)
                rows.append((*base, str(day), str(paid)) if paid else (*base, "", ""))
    return rows


# --- the proofs ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
async def test_generated_histories_are_exact_by_plain_sql(database: Database, dsn: str, seed: int) -> None:
    """[C30] Parts, late and early payments, equal moments, any order of rows: SQL and product agree on every figure."""
    rows = generated(seed, customers=25, invoices=300, overpaying=False)
    text = as_csv(rows)
    await take_over(database, text)
    await assert_exact(database, dsn, text, moments_over(rows, 12))


@pytest.mark.parametrize("seed", range(3, 6))
async def test_what_is_paid_beyond_an_invoice_goes_where_it_belongs(database: Database, dsn: str, seed: int) -> None:
    """[C60] Surplus clears the oldest other items, then waits for the next: on every day as a notebook has it."""
    rows = generated(seed, customers=12, invoices=200, overpaying=True)
    text = as_csv(rows)
    await take_over(database, text)
    await assert_exact(database, dsn, text, moments_over(rows, 12))


@pytest.mark.parametrize("seed", range(7, 9))
async def test_the_order_of_the_rows_tells_nothing(database: Database, dsn: str, seed: int) -> None:
    """[C60] Items that opened together and were due on different days, surplus that meets several of them: whoever
    sorts the file has the same figures; of two that opened together the one due first is cleared first."""
    rows = generated(seed, customers=2, invoices=120, overpaying=True)
    # All on a few days, so that nearly everything happens together with something else.
    text = as_csv([(*row[:3], f"2024-01-{1 + len(row[1]) % 3:02d}", *row[4:]) for row in rows])
    shuffled = list(csv.reader(io.StringIO(text)))[1:]
    await take_over(database, text)
    moments = moments_over([tuple(row) for row in shuffled], 6)
    told = [await as_the_product_says(database, at) for at in moments]
    random.Random(seed).shuffle(shuffled)
    assert told == [by_notebook([tuple(row) for row in shuffled], at) for at in moments]
    assert told == [by_notebook(sorted(tuple(row) for row in shuffled), at) for at in moments]


async def test_the_api_on_a_moved_clock_says_what_sql_says(
    database: Database, dsn: str, client: httpx.AsyncClient, make_user: MakeUser, bearer_of: BearerOf
) -> None:
    """[C30, C31] Over HTTP, as a stranger would prove it: the table is read on one day after another, and each time
    the dashboard's buckets and sums, and every shop's items and days past due, are those of SQL over the file."""
    rows = generated(9, customers=8, invoices=80, overpaying=False)
    text = as_csv(rows)
    user = await make_user(role=ActorRole.ADMIN)
    for at in moments_over(rows, 4)[1:]:
        with clock.travelled_to(at):
            await take_over(database, text)
            told, total = await as_the_api_says(client, await bearer_of(user))
        expected: Figures = {name: tuple(row) for name, *row in by_plain_sql(dsn, text, PLAIN_SQL, at)}  # type: ignore[misc]
        assert told == expected, at
        assert total == sum(row[4] for row in expected.values()), at


async def as_the_api_says(client: httpx.AsyncClient, headers: dict[str, str]) -> tuple[Figures, int]:
    """The figures of every shop that owes, from its row and its page, and what all of them owe together."""

    async def ask(path: str) -> dict[str, Any]:
        answer = await client.get(f"/api/v1/admin/credit/{path}", params={"limit": 100}, headers=headers)
        found: dict[str, Any] = json.loads(answer.text, parse_float=Decimal)["data"]
        return found

    def paisa_of(rupees: Decimal | int) -> int:
        return int(rupees * 100)

    dashboard = await ask("risk-dashboard")
    figures: Figures = {}
    for row in dashboard["retailerRisks"]:
        page = await ask(f"retailer/{row['retailerId']}")
        items = page["openItems"]["items"]
        assert page["buckets"] == {name: row[name] for name in page["buckets"]}
        assert page["totalOutstanding"] == sum(item["remaining"] for item in items) == row["total"]
        if row["total"]:
            figures[row["pasalName"]] = (
                paisa_of(row["0-7"]),
                paisa_of(row["8-14"]),
                paisa_of(row["15-30"]),
                paisa_of(row["30+"]),
                paisa_of(row["total"]),
                paisa_of(page["profile"]["overdue"]),
                max(item["daysPastDue"] for item in items),
            )
    return figures, paisa_of(dashboard["summary"]["totalOutstanding"])


async def test_a_table_taken_over_as_it_grew_is_the_same_as_taken_at_once(database: Database, dsn: str) -> None:
    """[C7] On a moved clock the same file is read month by month; each time the figures of that day are right, live
    and as of then, and what has not happened yet is left for later."""
    rows = generated(6, customers=10, invoices=150, overpaying=False)
    text = as_csv(rows)
    moments = moments_over(rows, 6)[1:]
    for at in moments:
        with clock.travelled_to(at):
            await take_over(database, text)
            told = await as_the_product_says(database, at)
            assert told == {name: tuple(figures) for name, *figures in by_plain_sql(dsn, text, PLAIN_SQL, at)}
            assert await owed_live(database) == {name: (row[4], row[5]) for name, row in told.items()}
        await assert_books_hold(database)
    await assert_exact(database, dsn, text, moments)


async def owed_live(database: Database) -> dict[str, tuple[int, int]]:
    """(owed, overdue) of everybody who owes, as their own page says it now."""
    names = await names_by_id(database)
    async with database.reading() as tx:
        seen = {name: await find_credit_overview(tx, retailer_id) for retailer_id, name in names.items()}
    return {name: (one.used_paisa, one.overdue_paisa) for name, one in seen.items() if one.used_paisa}


async def test_real_histories_are_exact(database: Database, dsn: str) -> None:
    """[C30] Real people's bills and payments, with all their surplus, gaps and old debts."""
    if not REAL_HISTORIES.exists():
        pytest.skip("the real credit histories are not beside the project")
    rows = real_histories()
    assert len(rows) > 4 * REAL_CLIENTS
    text = as_csv(rows)
    await take_over(database, text)
    await assert_exact(database, dsn, text, moments_over(rows, 8))


async def test_any_table_given_is_exact(database: Database, dsn: str) -> None:
    """[C30] KHAACHO_RECEIVABLES_CSV=FILE proves the same of a table nobody here has seen."""
    given = os.environ.get("KHAACHO_RECEIVABLES_CSV")
    if not given:
        pytest.skip("KHAACHO_RECEIVABLES_CSV names no table")
    text = as_csv(
        tuple(row[name].strip() for name in COLUMNS)  # type: ignore[misc]
        for row in csv.DictReader(io.StringIO(Path(given).read_text(encoding="utf-8-sig")))
    )
    await take_over(database, text)
    await assert_exact(database, dsn, text, moments_over(csv.reader(io.StringIO(text.split("\n", 1)[1])), 12))  # type: ignore[arg-type]
