"""A statement of account to take away: CSV for spreadsheets, PDF for people. Both only compute."""

from __future__ import annotations

from datetime import date, datetime

from khaacho import clock
from khaacho.credit.exposure.aging import Aging, Bucket
from khaacho.credit.statement.statement_words import StatementWords, bucket_words, describe
from khaacho.credit.statement.statements import Statement, StatementLine
from khaacho.money import format_rupees, rupees
from khaacho.parties.phones import is_reachable
from khaacho.platform.pdf import Column, PdfDocument, Row
from khaacho.platform.spreadsheets import Cell

# A shop that trades ten times a day has this in a year; nobody reads a hundred sheets of paper.
PDF_LINES_MAX = 4_000
# The names of the columns are for programs, so they are the same in every language.
CSV_COLUMNS = (
    "date", "date_bs", "time", "kind", "reversal", "code", "method", "reason", "note", "debit", "credit", "balance",
)  # fmt: skip


def opening_row(statement: Statement) -> tuple[Cell, ...]:
    """The first row of a CSV: what stood before. Amounts in rupees, below zero when paid ahead."""
    first = statement.since or (
        clock.business_day(statement.entries[0].event_at) if statement.entries else statement.until
    )
    return _balance_row("OPENING", first, statement.opening_paisa)


def closing_row(statement: Statement, balance_paisa: int) -> tuple[Cell, ...]:
    """The last row of a CSV."""
    return _balance_row("CLOSING", statement.until, balance_paisa)


def entry_row(entry: StatementLine) -> tuple[Cell, ...]:
    """One change, under CSV_COLUMNS."""
    at = clock.business_time(entry.event_at)
    return (
        at.date(),
        nepali_day(at.date()),
        f"{at:%H:%M:%S}",
        entry.kind.value,
        entry.is_reversal,
        entry.code,
        entry.method and entry.method.value,
        entry.reason and entry.reason.value,
        entry.note,
        rupees(entry.debit_paisa) if entry.debit_paisa else None,
        rupees(entry.credit_paisa) if entry.credit_paisa else None,
        rupees(entry.balance_paisa),
    )


def _balance_row(kind: str, day: date, balance_paisa: int) -> tuple[Cell, ...]:
    return (day, nepali_day(day), None, kind, None, None, None, None, None, None, None, rupees(balance_paisa))


def statement_pdf(statement: Statement, words: StatementWords, *, made_at: datetime) -> bytes:
    """Head with days in both calendars, every change, sums, and how old what is owed is.

    Two seconds of computing a thousand lines, so the statement has at most PDF_LINES_MAX, all of them.
    """
    retailer = statement.retailer
    paper = PdfDocument(
        title=f"{words.title}: {retailer.pasal_name}",
        made_at=made_at,
        page_words=words.page,
        foot=f"Khaacho · {retailer.pasal_name} · {retailer.code}",
    )
    paper.title(words.title, words.made.format(day=in_both(clock.business_day(made_at), words)))
    paper.facts(
        [
            (words.shop, retailer.pasal_name),
            (words.owner, retailer.owner_name),
            (words.code, retailer.code),
            *([(words.phone, retailer.phone)] if is_reachable(retailer.phone) else []),
            (words.period, period_words(statement, words)),
        ]
    )
    paper.gap()
    paper.table(_columns(words), _rows(statement, words))
    if not statement.entries:
        paper.paragraph(words.nothing, soft=True)
    paper.gap()
    paper.facts(
        [
            (words.owed, format_rupees(statement.owed_paisa)),
            (words.ahead, format_rupees(statement.ahead_paisa)),
            *([] if statement.overdue_paisa is None else [(words.overdue, format_rupees(statement.overdue_paisa))]),
        ]
    )
    if statement.aging is not None:
        paper.heading(words.aging)
        amounts = bucket_amounts(statement.aging)
        paper.table(
            [Column(title=bucket_words(bucket, words), share=1, numeric=True) for bucket in Bucket],
            [Row(cells=tuple(format_rupees(amounts[bucket]) for bucket in Bucket))],
        )
    paper.gap()
    paper.paragraph(words.foot, soft=True)
    return paper.to_bytes()


def _columns(words: StatementWords) -> list[Column]:
    return [
        Column(title=words.date, share=29),
        Column(title=words.what, share=58),
        Column(title=words.debit, share=24, numeric=True),
        Column(title=words.credit, share=24, numeric=True),
        Column(title=words.balance, share=26, numeric=True),
    ]


def _rows(statement: Statement, words: StatementWords) -> list[Row]:
    first = short_day(statement.since, words) if statement.since else ""
    rows = [Row(cells=(first, words.opening, "", "", _figure(statement.opening_paisa)), strong=True)]
    rows.extend(
        Row(
            cells=(
                short_day(clock.business_day(entry.event_at), words),
                describe(entry, words),
                _figure(entry.debit_paisa) if entry.debit_paisa else "",
                _figure(entry.credit_paisa) if entry.credit_paisa else "",
                _figure(entry.balance_paisa),
            )
        )
        for entry in statement.entries
    )
    sums = (_figure(statement.debits_paisa), _figure(statement.credits_paisa))
    rows.append(Row(cells=("", words.total, *sums, ""), strong=True))
    last = short_day(statement.until, words)
    rows.append(Row(cells=(last, words.closing, "", "", _figure(statement.closing_paisa)), strong=True))
    return rows


def _figure(paisa: int) -> str:
    """As rupees, without the sign that stands in the column's title."""
    return format_rupees(paisa).replace("Rs.", "", 1)


def bucket_amounts(aging: Aging) -> dict[Bucket, int]:
    """What remains to be paid, by age, youngest first."""
    return {
        Bucket.DAYS_0_7: aging.days_0_7_paisa,
        Bucket.DAYS_8_14: aging.days_8_14_paisa,
        Bucket.DAYS_15_30: aging.days_15_30_paisa,
        Bucket.DAYS_OVER_30: aging.days_over_30_paisa,
    }


def period_words(statement: Statement, words: StatementWords) -> str:
    """'1 Nov 2026 (2083-07-15 BS) to 21 Nov 2026 (2083-08-05 BS)'."""
    since = in_both(statement.since, words) if statement.since else words.beginning
    return words.period_words.format(since=since, until=in_both(statement.until, words))


def in_both(day: date, words: StatementWords) -> str:
    """The day in both calendars."""
    nepali = nepali_day(day)
    return f"{short_day(day, words)} ({words.bikram_sambat.format(day=nepali)})" if nepali else short_day(day, words)


def short_day(day: date, words: StatementWords) -> str:
    """'21 Nov 2026'."""
    return f"{day.day} {words.months[day.month - 1]} {day.year}"


def nepali_day(day: date) -> str | None:
    """The day in the Nepali calendar; None where its tables do not reach."""
    try:
        return clock.bikram_sambat(day)
    except (OverflowError, ValueError):
        return None
