"""A shop with years behind it: its statement is read in parts, taken whole as CSV, and is too long for paper."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import date, timedelta
from uuid import UUID

import httpx
import pytest
from tests.integration.console.conftest import SignedIn

from khaacho.actors import SYSTEM
from khaacho.credit.takeover.receivable_file import COLUMNS, read_receivables
from khaacho.credit.takeover.receivables import import_receivables
from khaacho.platform.database import Database

# An invoice of Rs 100 each day, and Rs 60 paid for it the day after: Rs 40 a day stay owed.
INVOICES = 2_010
FIRST = date(2018, 1, 1)
CLOSING = 40 * INVOICES


@pytest.fixture
async def trader(database: Database) -> UUID:
    """4,020 changes of one shop, lived through by the take-over from another book."""
    days = [FIRST + timedelta(days=number) for number in range(INVOICES)]
    lines = [
        f"Ram,INV-{number},100,{day},{day + timedelta(days=7)},{day + timedelta(days=1)},60"
        for number, day in enumerate(days)
    ]
    text = "\n".join((",".join(COLUMNS), *lines))
    await import_receivables(database, SYSTEM, read_receivables(lambda: io.StringIO(text)))
    async with database.reading() as tx:
        shop: UUID = await tx.value("SELECT retailer_id FROM receivable_customers WHERE customer = 'Ram'")
    return shop


def balance_of(row: str, page: str) -> str:
    """The balance in the last row of that name."""
    *_, found = re.finditer(rf'<th scope="row">{row}.*?<td class="number balance">Rs\.\s([\d,.]+)', page, re.DOTALL)
    return found[1]


async def test_however_long_it_is_it_can_be_read_and_taken(
    trader: UUID, client: httpx.AsyncClient, as_admin: dict[str, str], database: Database
) -> None:
    """[C7] By the API in parts and as a spreadsheet: every change once with the balance after it, the sums
    those of the whole on every part. A PDF is refused with what to do instead, and leaves no trace.
    """
    address = f"/api/v1/admin/credit/retailer/{trader}/statement"
    cursor, balances, sums = None, [], set()
    while cursor or not balances:
        query = {"limit": 200} | ({"cursor": cursor} if cursor else {})
        part = (await client.get(address, params=query, headers=as_admin)).json()["data"]
        balances += [entry["balance"] for entry in part["entries"]]
        sums.add((part["opening"], part["debits"], part["credits"], part["closing"], part["owed"]))
        cursor = part["nextCursor"]
    assert sums == {(0, 100 * INVOICES, 60 * INVOICES, CLOSING, CLOSING)}
    assert len(balances) == 2 * INVOICES
    assert balances[:3] == [100, 200, 140]
    assert balances[-1] == CLOSING

    file = await client.get(address, params={"format": "csv"}, headers=as_admin)
    assert "content-length" not in file.headers
    rows = list(csv.DictReader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [float(row["balance"]) for row in rows[1:-1]] == balances
    assert [(row["kind"], row["date"], row["balance"]) for row in (rows[0], rows[-1])] == [
        ("OPENING", "2018-01-01", "0.00"),
        ("CLOSING", rows[-1]["date"], f"{CLOSING}.00"),
    ]
    paper = await client.get(address, params={"format": "pdf"}, headers=as_admin)
    assert (paper.status_code, paper.json()["error"]["code"]) == (422, "VALIDATION_ERROR")
    assert "gives 4020 lines, and a PDF has at most 4000; choose a shorter time, or CSV" in paper.text
    shorter = await client.get(address, params={"format": "pdf", "to": "2018-02-01"}, headers=as_admin)
    assert shorter.content.startswith(b"%PDF")
    async with database.reading() as tx:
        formats = await tx.values("SELECT new_values ->> 'format' FROM audit_entries WHERE action = 'EXPORT'")
    assert sorted(formats) == ["csv", "pdf"]


async def test_the_page_goes_on_where_the_part_before_ended(trader: UUID, signed_in: SignedIn) -> None:
    """[C7] Nine parts; each is carried forward to the next, the sums stand under the last, and the way to paper is
    closed with a word why.
    """
    guest = await signed_in()
    address = f"/console/retailers/{trader}/statement?from=all"
    parts = [(await guest.look(address)).text]
    assert "A PDF has at most 4000 lines" in parts[0]
    assert "/statement/pdf" not in parts[0]
    assert "/statement/csv" in parts[0]
    while link := re.search(r'<a class="button" href="([^"]+after=[^"]+)">Next</a>', parts[-1]):
        parts.append((await guest.look(html.unescape(link[1]))).text)
    assert len(parts) == 9
    assert [part.count("Carried forward") for part in parts] == [1] * 8 + [0]
    assert [part.count("Brought forward") for part in parts] == [0] + [1] * 8
    assert [part.count("In this time") for part in parts] == [0] * 8 + [1]
    assert "501–1000 of 4020" in parts[1]
    carried = [balance_of("Carried forward", part) for part in parts[:-1]]
    assert carried == [balance_of("Brought forward", part) for part in parts[1:]]
    # 251 invoices and 249 payments.
    assert (carried[0], balance_of("Closing balance", parts[-1])) == ("10,160.00", "80,400.00")
    sent_back = await guest.look(f"/console/retailers/{trader}/statement/pdf?from=all")
    assert sent_back.status_code == 303
    assert sent_back.headers["location"].startswith(f"/console/retailers/{trader}/statement?from=all")
    nonsense = await guest.look(f"{address}&after=nonsense")
    assert "Opening balance" in nonsense.text
