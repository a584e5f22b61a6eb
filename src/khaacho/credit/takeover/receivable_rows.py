"""The rows of receivables taken over: what is there already, and writing new histories, one statement a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import TypeVar
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.paying.receiving import MONEY_ACCOUNTS
from khaacho.credit.queries import DEBIT_COLUMNS, send_find_terms
from khaacho.credit.records import Debit, PaymentMethod
from khaacho.credit.tabs import ahead_account_id
from khaacho.credit.takeover.receivable_history import Billed, Cleared, Life, Movement, Paid, Posting
from khaacho.ledger.actions import NewAccount, lock_accounts, open_accounts, write_book
from khaacho.ledger.chart import AccountKind, TransferCode, account_id
from khaacho.ledger.posting import Book
from khaacho.ledger.records import Source
from khaacho.platform.database import Transaction

Row = TypeVar("Row")

# One customer may have more than fits one statement of a few seconds.
STATEMENT_ROWS_MAX = 5_000


class KnownInvoice(msgspec.Struct, frozen=True, kw_only=True):
    """An invoice that was taken over before, as its open item has it."""

    id: UUID
    retailer_id: UUID
    invoice: str
    debit_id: UUID
    amount_paisa: int
    opened_at: datetime
    due_on: date


class NewHistory(msgspec.Struct, frozen=True, kw_only=True):
    """What is new of one customer."""

    retailer_id: UUID
    line_id: UUID
    billed: list[Billed]
    paid: list[Paid]


class _Customer(msgspec.Struct, frozen=True, kw_only=True):
    customer: str
    retailer_id: UUID


class _KnownPayment(msgspec.Struct, frozen=True, kw_only=True):
    invoice_id: UUID
    paid_at: datetime
    amount_paisa: int
    times: int


# --- what is there -----------------------------------------------------------------------------------------------


async def find_customers(tx: Transaction, customers: Sequence[str]) -> dict[str, UUID]:
    """The shops that customers of the other book became."""
    found = await tx.all(
        "SELECT customer, retailer_id FROM receivable_customers WHERE customer = ANY(%(names)s)",
        {"names": list(customers)},
        into=_Customer,
    )
    return {row.customer: row.retailer_id for row in found}


async def find_known_invoices(tx: Transaction, retailer_ids: Sequence[UUID]) -> dict[tuple[UUID, str], KnownInvoice]:
    """The invoices of these shops that were taken over, by shop and the other book's name."""
    found = await tx.all(
        """
        SELECT invoice.id, invoice.retailer_id, invoice.invoice, invoice.debit_id, debit.amount_paisa,
            debit.opened_at, debit.due_on
        FROM receivable_invoices AS invoice
        JOIN credit_debits AS debit ON debit.id = invoice.debit_id
        WHERE invoice.retailer_id = ANY(%(retailers)s)
        """,
        {"retailers": list(retailer_ids)},
        into=KnownInvoice,
    )
    return {(row.retailer_id, row.invoice): row for row in found}


async def find_known_payments(tx: Transaction, invoice_ids: Sequence[UUID]) -> dict[tuple[UUID, datetime, int], int]:
    """How often each payment (invoice, moment, paisa) was taken over."""
    found = await tx.all(
        """
        SELECT invoice_id, paid_at, amount_paisa, count(*) AS times
        FROM receivable_payments
        WHERE invoice_id = ANY(%(invoices)s)
        GROUP BY invoice_id, paid_at, amount_paisa
        """,
        {"invoices": list(invoice_ids)},
        into=_KnownPayment,
    )
    return {(row.invoice_id, row.paid_at, row.amount_paisa): row.times for row in found}


async def find_open_items(tx: Transaction, line_ids: Sequence[UUID]) -> dict[UUID, list[Debit]]:
    """What is still owed on each of these lines, locked with everything else on them."""
    await lock_accounts(tx, [one for line_id in line_ids for one in (line_id, ahead_account_id(line_id))])
    found: dict[UUID, list[Debit]] = defaultdict(list)
    # Served by credit_debits_open_idx.
    for debit in await tx.all(
        f"SELECT {DEBIT_COLUMNS} FROM credit_debits WHERE account_id = ANY(%(lines)s) AND cleared_paisa < amount_paisa",
        {"lines": list(line_ids)},
        into=Debit,
    ):
        found[debit.account_id].append(debit)
    return found


# --- what is new -------------------------------------------------------------------------------------------------


async def insert_customers(tx: Transaction, retailers: dict[str, UUID]) -> None:
    """Remember which shop each customer became."""
    await tx.execute(
        """
        INSERT INTO receivable_customers (customer, retailer_id, created_at)
        SELECT c.*, %(now)s FROM unnest(%(names)s::text[], %(retailers)s::uuid[]) AS c
        """,
        {"names": list(retailers), "retailers": list(retailers.values()), "now": clock.now()},
    )


async def write_histories(
    tx: Transaction, actor: Actor, histories: Sequence[NewHistory], lives: Sequence[Life], *, method: PaymentMethod
) -> None:
    """Write everything that came of these histories. The lines must be there."""
    if not histories:
        return
    new_items = {one.debit_id for history in histories for one in history.billed}
    items = [item for life in lives for item in life.items.values()]
    for added in _parts([item for item in items if item.id in new_items]):
        await _insert_items(tx, added)
    for changed in _parts([item for item in items if item.id not in new_items]):
        await _update_items(tx, changed)
    paid = [(history, life, one) for history, life in zip(histories, lives, strict=True) for one in history.paid]
    for received in _parts(paid):
        await _insert_payments(tx, actor, received, method)
    new_payments = {one.payment_id for _, _, one in paid}
    await _update_funds(
        tx, {source: left for life in lives for source, left in life.unapplied.items() if source not in new_payments}
    )
    for cleared in _parts([one for life in lives for one in life.cleared]):
        await _insert_clearings(tx, cleared)
    for billed in _parts([(history.retailer_id, one) for history in histories for one in history.billed]):
        await _insert_invoices(tx, billed)
    for named in _parts([one for _, _, one in paid]):
        await _insert_payment_names(tx, named)
    await _post(tx, actor, histories, lives, method)


def _parts(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), STATEMENT_ROWS_MAX):
        yield rows[start : start + STATEMENT_ROWS_MAX]


async def _insert_items(tx: Transaction, added: Sequence[Debit]) -> None:
    await tx.execute(
        """
        INSERT INTO credit_debits (id, account_id, retailer_id, source_kind, source_id, amount_paisa, cleared_paisa,
            opened_at, due_on, cleared_at, created_at)
        SELECT debit.*, %(now)s
        FROM unnest(%(ids)s::uuid[], %(accounts)s::uuid[], %(retailers)s::uuid[], %(kinds)s::text[],
            %(sources)s::uuid[], %(amounts)s::bigint[], %(cleared)s::bigint[], %(opened)s::timestamptz[],
            %(due)s::date[], %(cleared_at)s::timestamptz[]) AS debit
        """,
        {
            "ids": [item.id for item in added],
            "accounts": [item.account_id for item in added],
            "retailers": [item.retailer_id for item in added],
            "kinds": [item.source_kind for item in added],
            "sources": [item.source_id for item in added],
            "amounts": [item.amount_paisa for item in added],
            "cleared": [item.cleared_paisa for item in added],
            "opened": [item.opened_at for item in added],
            "due": [item.due_on for item in added],
            "cleared_at": [item.cleared_at for item in added],
            "now": clock.now(),
        },
    )


async def _update_items(tx: Transaction, changed: Sequence[Debit]) -> None:
    await tx.execute(
        """
        UPDATE credit_debits AS debit
        SET cleared_paisa = new.cleared, cleared_at = new.cleared_at
        FROM unnest(%(ids)s::uuid[], %(cleared)s::bigint[], %(cleared_at)s::timestamptz[])
            AS new (id, cleared, cleared_at)
        WHERE debit.id = new.id
        """,
        {
            "ids": [item.id for item in changed],
            "cleared": [item.cleared_paisa for item in changed],
            "cleared_at": [item.cleared_at for item in changed],
        },
    )


async def _insert_payments(
    tx: Transaction, actor: Actor, paid: Sequence[tuple[NewHistory, Life, Paid]], method: PaymentMethod
) -> None:
    await tx.execute(
        """
        INSERT INTO credit_payments (id, retailer_id, account_id, debit_id, amount_paisa, unapplied_paisa, reference,
            event_at, method, state, created_at, actor_id, actor_name)
        SELECT payment.*, %(method)s, 'CLEARED', %(now)s, %(actor)s, %(actor_name)s
        FROM unnest(%(ids)s::uuid[], %(retailers)s::uuid[], %(lines)s::uuid[], %(debits)s::uuid[],
            %(amounts)s::bigint[], %(unapplied)s::bigint[], %(references)s::text[], %(paid_ats)s::timestamptz[])
            AS payment
        """,
        {
            "ids": [one.payment_id for _, _, one in paid],
            "retailers": [history.retailer_id for history, _, _ in paid],
            "lines": [history.line_id for history, _, _ in paid],
            "debits": [one.debit_id for _, _, one in paid],
            "amounts": [one.amount_paisa for _, _, one in paid],
            "unapplied": [life.unapplied[one.payment_id] for _, life, one in paid],
            "references": [one.invoice for _, _, one in paid],
            "paid_ats": [one.paid_at for _, _, one in paid],
            "method": method.value,
            "now": clock.now(),
            "actor": actor.id,
            "actor_name": actor.name,
        },
    )


async def _update_funds(tx: Transaction, spent: dict[UUID, int]) -> None:
    for table in ("credit_payments", "credit_adjustments") if spent else ():
        await tx.execute(
            f"""
            UPDATE {table} AS fund
            SET unapplied_paisa = new.unapplied
            FROM unnest(%(ids)s::uuid[], %(unapplied)s::bigint[]) AS new (id, unapplied)
            WHERE fund.id = new.id
            """,
            {"ids": list(spent), "unapplied": list(spent.values())},
        )


async def _insert_clearings(tx: Transaction, cleared: Sequence[Cleared]) -> None:
    await tx.execute(
        """
        INSERT INTO credit_allocations (id, payment_id, adjustment_id, debit_id, amount_paisa, event_at, created_at)
        SELECT part.*, %(now)s
        FROM unnest(%(ids)s::uuid[], %(payments)s::uuid[], %(adjustments)s::uuid[], %(debits)s::uuid[],
            %(amounts)s::bigint[], %(ats)s::timestamptz[]) AS part
        """,
        {
            "ids": [one.id for one in cleared],
            "payments": [None if one.is_adjustment else one.source_id for one in cleared],
            "adjustments": [one.source_id if one.is_adjustment else None for one in cleared],
            "debits": [one.debit_id for one in cleared],
            "amounts": [one.amount_paisa for one in cleared],
            "ats": [one.at for one in cleared],
            "now": clock.now(),
        },
    )


async def _insert_invoices(tx: Transaction, billed: Sequence[tuple[UUID, Billed]]) -> None:
    await tx.execute(
        """
        INSERT INTO receivable_invoices (id, retailer_id, invoice, debit_id, created_at)
        SELECT i.*, %(now)s
        FROM unnest(%(ids)s::uuid[], %(retailers)s::uuid[], %(names)s::text[], %(debits)s::uuid[]) AS i
        """,
        {
            "ids": [one.invoice_id for _, one in billed],
            "retailers": [retailer_id for retailer_id, _ in billed],
            "names": [one.invoice for _, one in billed],
            "debits": [one.debit_id for _, one in billed],
            "now": clock.now(),
        },
    )


async def _insert_payment_names(tx: Transaction, paid: Sequence[Paid]) -> None:
    await tx.execute(
        """
        INSERT INTO receivable_payments (invoice_id, paid_at, amount_paisa, occurrence, payment_id)
        SELECT * FROM unnest(%(invoices)s::uuid[], %(paid_ats)s::timestamptz[], %(amounts)s::bigint[],
            %(occurrences)s::integer[], %(payments)s::uuid[])
        """,
        {
            "invoices": [one.invoice_id for one in paid],
            "paid_ats": [one.paid_at for one in paid],
            "amounts": [one.amount_paisa for one in paid],
            "occurrences": [one.occurrence for one in paid],
            "payments": [one.payment_id for one in paid],
        },
    )


async def _post(
    tx: Transaction, actor: Actor, histories: Sequence[NewHistory], lives: Sequence[Life], method: PaymentMethod
) -> None:
    await open_accounts(tx, [NewAccount(kind=AccountKind.OPENING_BALANCES), NewAccount(kind=MONEY_ACCOUNTS[method])])
    line_ids = [history.line_id for history in histories]
    limits = {terms.id: terms.limit_paisa for terms in await (await send_find_terms(tx, line_ids)).all()}
    own_ids = [*line_ids, *map(ahead_account_id, line_ids)]
    book = Book(await lock_accounts(tx, own_ids), moment=clock.now())
    for line_id, life in zip(line_ids, lives, strict=True):
        for posting in life.postings:
            # What was once owed is a fact and no request for credit.
            book.raise_ceiling(line_id, book.account(line_id).used + posting.amount_paisa)
            _post_one(book, actor, line_id, posting, account_id(MONEY_ACCOUNTS[method]))
            if len(book.transfers) >= STATEMENT_ROWS_MAX:
                await _write(tx, book, limits)
                book = Book([book.account(one) for one in own_ids], moment=clock.now())
    await _write(tx, book, limits)


async def _write(tx: Transaction, book: Book, limits: dict[UUID, int]) -> None:
    for line_id, limit_paisa in limits.items():
        book.lower_ceiling(line_id, limit_paisa)
    await write_book(tx, book)


def _post_one(book: Book, actor: Actor, line_id: UUID, posting: Posting, money_id: UUID) -> None:
    ahead_id = ahead_account_id(line_id)
    kind = "adjustment" if posting.is_adjustment else "payment"
    match posting.movement:
        case Movement.BILL:
            debit, credit, code = line_id, account_id(AccountKind.OPENING_BALANCES), TransferCode.OPENING_BALANCE
            kind, key = "receivable", f"receivable:{posting.key}"
        case Movement.PAYMENT:
            debit, credit, code = money_id, line_id, TransferCode.PAYMENT
            key = f"payment:{posting.key}:{line_id}"
        case Movement.UNAPPLIED:
            debit, credit, code = money_id, ahead_id, TransferCode.UNAPPLIED
            key = f"payment:{posting.key}:{ahead_id}"
        case Movement.APPLY:
            debit, credit, code = ahead_id, line_id, TransferCode.APPLY_UNAPPLIED
            key = f"apply:{posting.key}"
    book.post(
        actor,
        debit_account_id=debit,
        credit_account_id=credit,
        amount=posting.amount_paisa,
        code=code,
        source=Source(kind=kind, id=posting.source_id),
        key=key,
        event_at=posting.at,
    )
