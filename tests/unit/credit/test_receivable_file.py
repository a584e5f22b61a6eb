"""Reading other people's tables: what is taken, what is refused with its line, and what is never guessed."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta

import pytest

from khaacho import clock
from khaacho.credit.takeover.receivable_dates import UnclearDate, find_date_order, parse_moment
from khaacho.credit.takeover.receivable_file import COLUMNS, read_receivables
from khaacho.credit.takeover.receivable_records import DateOrder, ReceivableTable
from khaacho.errors import ValidationFailed

HEAD = ",".join(COLUMNS)
GOOD = "Ram Kirana,INV-1,1500.50,2024-01-05,2024-01-12,2024-01-10,500"


def read(*lines: str, head: str = HEAD, order: DateOrder | None = None, currency: str = "Rs") -> ReceivableTable:
    text = "\n".join((head, *lines))
    return read_receivables(lambda: io.StringIO(text), date_order=order, currency=currency)


def refused(*lines: str) -> list[tuple[int, str]]:
    return [(one.line, one.why) for one in read(*lines).refused]


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=clock.zone())  # type: ignore[misc, arg-type]


def test_a_row_is_an_invoice_and_a_payment_of_it() -> None:
    """Amounts in paisa; a date without a time begins the business day."""
    (row,) = read(GOOD).rows
    assert (row.line, row.customer, row.invoice, row.amount_paisa) == (2, "Ram Kirana", "INV-1", 150_050)
    assert (row.issued_at, row.due_on, row.paid_at, row.paid_paisa) == (
        at(2024, 1, 5), date(2024, 1, 12), at(2024, 1, 10), 50_000,
    )  # fmt: skip
    assert row.issued_at == datetime(2024, 1, 4, 18, 15, tzinfo=UTC)


def test_columns_may_be_in_any_order_case_and_company() -> None:
    """Semicolons, quotes, a line break within a cell, columns of others: the lines are still counted right."""
    table = read(
        '5;"Gita; Sons";"1,234.5";2024-01-05;;"two\nlines";;',
        "6;;7;2024-01-05;;;;",
        head="Invoice;CUSTOMER; Amount ;issued_at;due_at;note;paid_at;paid_amount",
    )
    assert [(row.line, row.customer, row.amount_paisa) for row in table.rows] == [(3, "Gita; Sons", 123_450)]
    assert [(one.line, one.why) for one in table.refused] == [(4, "customer is empty")]
    assert table.ignored_columns == ("note",)
    assert table.rows[0].due_on == date(2024, 1, 12)


def test_a_table_without_its_columns_is_refused_whole() -> None:
    with pytest.raises(ValidationFailed, match=r"no column due_at, paid_at, paid_amount"):
        read(GOOD, head="customer,invoice,amount,issued_at")
    with pytest.raises(ValidationFailed, match="column invoice twice"):
        read(GOOD, head=HEAD + ",invoice")
    with pytest.raises(ValidationFailed, match="no column"):
        read_receivables(lambda: io.StringIO(""))


def test_letters_of_another_encoding_are_refused_with_a_word() -> None:
    raw = f"{HEAD}\n{GOOD}\nJosé,2,3,2024-01-05,,,\n".encode("latin-1")
    with pytest.raises(ValidationFailed, match="not in this encoding"):
        read_receivables(lambda: io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8-sig"))
    (_, row) = read_receivables(lambda: io.TextIOWrapper(io.BytesIO(raw), encoding="latin-1")).rows
    assert row.customer == "José"


def test_a_mark_at_the_beginning_is_no_part_of_the_first_name() -> None:
    raw = f"\ufeff{HEAD}\n{GOOD}\n".encode()
    assert len(read_receivables(lambda: io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8-sig")).rows) == 1


@pytest.mark.parametrize(
    ("text", "paisa"),
    [("1500", 150_000), ("1,500.5", 150_050), ("1,23,456.70", 12_345_670), ("Rs. 12", 1_200), ("₹12", 1_200),
     ("NPR 12.00", 1_200), ("१२.५", 1_250), ("0.01", 1), ("1234.500", 123_450), ("+7", 700),
     ("Rs. 500/-", 50_000), ("०.५००", 50)],
)  # fmt: skip
def test_amounts_as_people_write_them(text: str, paisa: int) -> None:
    (row,) = read(f'Ram,1,"{text}",2024-01-05,,,').rows
    assert row.amount_paisa == paisa


def test_the_sign_of_another_currency_is_named_and_taken_off() -> None:
    """One to one, and only the sign that was named."""
    line = "Ram,1,$12.50,2024-01-05,,,"
    assert [row.amount_paisa for row in read(line, currency="$").rows] == [1_250]
    assert refused(line) == [(2, "amount: '$12.50' is not an amount")]


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (",1,5,2024-01-05,,,", "customer is empty"),
        ("Ram,,5,2024-01-05,,,", "invoice is empty"),
        ("Ram,1,,2024-01-05,,,", "amount is empty"),
        ("Ram,1,5,,,,", "issued_at is empty"),
        ("Ram,1,-5,2024-01-05,,,", "amount is below zero: a credit note is not an invoice, record it as an adjustment"),
        (
            "Ram,1,(5),2024-01-05,,,",
            "amount is below zero: a credit note is not an invoice, record it as an adjustment",
        ),
        ("Ram,1,5.005,2024-01-05,,,", "amount: '5.005' is not an amount: more than two decimals"),
        (
            "Ram,1,1e5,2024-01-05,,,",
            "amount: '1e5' is not an amount: its last digits may have been lost, write them out",
        ),
        ("Ram,1,nan,2024-01-05,,,", "amount: 'nan' is not an amount"),
        ('Ram,1,"123,50",2024-01-05,,,', "amount: '123,50' is not an amount"),
        ("Ram,1,9999999999999999,2024-01-05,,,", "amount: '9999999999999999' is not an amount: too large"),
        ("Ram,1,5,2024-02-30,,,", "issued_at: there is no day or time '2024-02-30'"),
        ("Ram,1,5,45296,,,", "issued_at: '45296' is not a date we can read; write 2024-01-31"),
        ("Ram,1,5,0024-01-05,,,", "issued_at: '0024-01-05' is not in any year we keep books of"),
        ("Ram,1,5,2024-01-05,soon,,", "due_at: 'soon' is not a date we can read; write 2024-01-31"),
        ("Ram,1,5,2024-01-05,,2024-01-06,", "paid_amount is empty"),
        ("Ram,1,5,2024-01-05,,,5", "paid_at is empty"),
        ("Ram,1,5,2024-01-05,,2024-01-06,-5", "paid_amount is below zero: money given back is not a payment"),
        ("Ram,1,0,2024-01-05,,2024-01-06,5", "something was paid on an invoice of zero"),
        ("Ram,1,5,2024-01-05", "has 4 cells, another number than the first line with its 7"),
        ("Ram\x07,1,5,2024-01-05,,,", "customer: holds a character that cannot be printed, U+0007"),
        ("R" * 201 + ",1,5,2024-01-05,,,", "customer: is longer than 200 characters"),
    ],
)
def test_what_is_wrong_with_a_line_is_said_with_its_number(cells: str, why: str) -> None:
    """The lines around it are read all the same."""
    table = read(GOOD, cells, GOOD.replace("INV-1", "INV-2"))
    assert [(one.line, one.why) for one in table.refused] == [(3, why)]
    assert [row.line for row in table.rows] == [2, 4]


def test_nothing_and_not_yet_are_left_out_and_counted() -> None:
    """An invoice or payment of zero, and whatever the future holds."""
    tomorrow = (clock.business_day() + timedelta(days=2)).isoformat()
    table = read(
        "Ram,1,0,2024-01-05,,,",
        "Ram,2,5,2024-01-05,,2024-01-06,0.00",
        f"Ram,3,5,{tomorrow},,,",
        f"Ram,4,5,2024-01-05,,{tomorrow},5",
        f"Ram,5,5,{tomorrow},,2024-01-05,5",
    )
    assert table.refused == ()
    assert [(row.invoice, row.paid_paisa) for row in table.rows] == [("2", 0), ("4", 0)]
    assert table.left_out == {
        "an invoice of zero, nothing is owed": 1,
        "a payment of zero": 1,
        "an invoice that has not happened yet": 1,
        "a payment of an invoice that has not happened yet": 1,
        "a payment that has not happened yet": 1,
    }


def test_rows_of_one_invoice_must_agree() -> None:
    """The later one is refused, and says with which line it does not agree; other customers have their own numbers."""
    table = read(
        "Ram,1,500,2024-01-05,2024-02-01,2024-01-06,1",
        "Ram,1,501,2024-01-05,2024-02-01,2024-01-07,1",
        "Ram,1,500,2024-01-06,2024-02-02,2024-01-07,1",
        "Ram,1,500.00,5 Jan 2024,2024-02-01,2024-01-08,1",
        "Sita,1,7,2024-01-05,,,",
    )
    assert [(one.line, one.why) for one in table.refused] == [
        (3, "amount 501.00 is not 500.00 as on line 2, which is of the same invoice"),
        (
            4,
            "issued_at 2024-01-06 is not 2024-01-05, due_at 2024-02-02 is not 2024-02-01 as on line 2, "
            "which is of the same invoice",
        ),
    ]
    assert [row.line for row in table.rows] == [2, 5, 6]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-01-31", (2024, 1, 31)),
        ("2024-01-31 14:05", (2024, 1, 31, 14, 5)),
        ("2024-01-31T14:05:09.5", (2024, 1, 31, 14, 5, 9, 500_000)),
        ("2024/1/31", (2024, 1, 31)),
        ("2024.01.31", (2024, 1, 31)),
        ("20240131", (2024, 1, 31)),
        ("२०२४-०१-३१", (2024, 1, 31)),
        ("31 Jan 2024", (2024, 1, 31)),
        ("31-jan-24", (2024, 1, 31)),
        ("Jan 31, 2024", (2024, 1, 31)),
        ("31 January 2024 2:05 pm", (2024, 1, 31, 14, 5)),
        ("31 Jan 1999 12:00 AM", (1999, 1, 31, 0, 0)),
    ],
)
def test_dates_that_can_only_mean_one_day(text: str, moment: tuple[int, ...]) -> None:
    assert parse_moment(text, clock.zone()) == at(*moment)


def test_a_zone_that_is_written_is_kept() -> None:
    assert parse_moment("2024-01-31T00:30Z", clock.zone()) == datetime(2024, 1, 31, 0, 30, tzinfo=UTC)
    assert parse_moment("2024-01-31T00:30+05:45", clock.zone()) == at(2024, 1, 31, 0, 30)


def order_of(*texts: str) -> DateOrder | None:
    return find_date_order(enumerate(texts, start=1))


def test_which_number_is_the_day_is_told_by_the_file_or_by_a_person() -> None:
    """[Nothing is guessed silently] One date that can mean only one thing speaks for the others."""
    assert order_of("03/04/2024", "", "31/01/2024", "2024-01-05") is DateOrder.DAY_FIRST
    assert order_of("03/04/2024", "01-31-2024") is DateOrder.MONTH_FIRST
    assert order_of("03/04/2024") is None
    # The thirteenth of a month, or a day of 2013: it takes another date to tell.
    assert order_of("13-01-05") is None
    assert order_of("1/31/13") is DateOrder.MONTH_FIRST
    with pytest.raises(UnclearDate, match="line 1: '31/01/2024' has the day first, and line 2: '01/31/2024' the month"):
        order_of("31/01/2024", "01/31/2024")

    table = read("Ram,1,5,03/04/2024,13/04/2024,,")
    assert table.rows[0].issued_at == at(2024, 4, 3)
    assert refused("Ram,1,5,03/04/2024,,,") == [
        (2, "issued_at: '03/04/2024' may have the day or the month first; say which with --date-order")
    ]
    assert read("Ram,1,5,03/04/24,,,", order=DateOrder.MONTH_FIRST).rows[0].issued_at == at(2024, 3, 4)
    with pytest.raises(ValidationFailed, match="--date-order"):
        read("Ram,1,5,31/01/2024,,01/31/2024,5")


def test_everything_wrong_with_a_line_is_told_at_once() -> None:
    """[A refused action says why] Each column by its name, so that one look at the table mends it."""
    assert refused(",1,five,soon,,2024-01-06,") == [
        (
            2,
            "customer is empty; amount: 'five' is not an amount; issued_at: 'soon' is not a date we can read; "
            "write 2024-01-31; paid_amount is empty",
        )
    ]


def test_what_a_point_means_is_told_by_the_file() -> None:
    """[Nothing is guessed silently] 1.500 is fifteen hundred in some countries, until another amount shows paisa."""
    doubtful = "Ram,1,1.500,2024-01-05,,,"
    assert refused(doubtful) == [
        (2, "amount: '1.500' may have paisa or thousands behind its point; write two decimals")
    ]
    rows = read(doubtful, "Ram,2,55.94,2024-01-05,,,").rows
    assert [row.amount_paisa for row in rows] == [150, 5_594]
    assert refused("Ram,1,5.005,2024-01-05,,,", "Ram,2,55.94,2024-01-05,,,") == [
        (2, "amount: '5.005' is not an amount: more than two decimals")
    ]


def test_names_are_taken_as_they_stand() -> None:
    """Joiners are part of Nepali names, unusual spaces and line breaks are spaces; who may be the same shop is told."""
    table = read(
        "श्री\u200dराम,१,५,2024-01-05,,,",
        '"Ram\nKirana",1,5,2024-01-05,,,',
        "Ram\u00a0Kirana,2,5,2024-01-05,,,",
        "ram  kirana,1,5,2024-01-05,,,",
        "Sita,1,5,2024-01-05,,,,,",
    )
    assert table.refused == ()
    assert [row.customer for row in table.rows] == [
        "श्री\u200dराम", "Ram Kirana", "Ram Kirana", "ram  kirana", "Sita",
    ]  # fmt: skip
    assert table.alike == (("Ram Kirana", "ram  kirana"),)


def test_days_of_the_nepali_calendar_are_not_taken_for_days_to_come() -> None:
    """They would all be left out as not having happened yet, and nobody would notice."""
    assert refused("Ram,1,5,2081-05-03,2081-05-10,,") == [
        (2, "issued_at: '2081-05-03' is more than 20 years ahead; convert days of Bikram Sambat")
    ]


def test_rows_that_bring_nothing_must_agree_all_the_same() -> None:
    """An invoice of zero on one line and of five on another is a contradiction, and so is one of two days."""
    later = (clock.business_day() + timedelta(days=9)).isoformat()
    table = read("Ram,1,0,2024-01-05,,,", "Ram,1,5,2024-01-05,,,", f"Ram,2,5,{later},,,", "Ram,2,5,2024-01-05,,,")
    assert [one.line for one in table.refused] == [3, 5]
    assert table.rows == ()


def test_letters_of_another_encoding_are_told_by_line() -> None:
    """When they are kept aside instead of ending the reading; in columns that nobody reads they harm nobody."""
    raw = f"{HEAD},note\n{GOOD},é\nJosé,2,3,2024-01-05,,,,\n".encode("latin-1")
    table = read_receivables(lambda: io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8", errors="surrogateescape"))
    assert [row.customer for row in table.rows] == ["Ram Kirana"]
    assert [(one.line, one.why) for one in table.refused] == [
        (3, "customer: holds letters in another encoding; say which with --encoding, for example cp1252")
    ]
    two_bytes = io.BytesIO(f"{HEAD}\n{GOOD}\n".encode("utf-16"))
    with pytest.raises(ValidationFailed, match="not in this encoding"):
        read_receivables(lambda: io.TextIOWrapper(two_bytes, encoding="utf-8", errors="surrogateescape"))
