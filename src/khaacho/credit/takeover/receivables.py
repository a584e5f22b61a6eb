"""Taking over receivables from another book: shops, open items and payments as they happened, all or nothing.

Every customer of the table becomes a shop without a telephone (no message can ever go there), with a line just large
enough for what it once owed. Each history is lived through in the order it happened (`receivable_history`), and
written set-wise as the same rows that selling and `record_payment` write, without telling anybody. Reading a table
again takes only what is new in it, so the same file changes nothing, and a later state of it continues.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from uuid import UUID

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.actions import open_credit_lines
from khaacho.credit.queries import credit_line_id, send_find_terms
from khaacho.credit.records import NewCreditLine, PaymentMethod
from khaacho.credit.tab_rows import send_find_funds_ahead
from khaacho.credit.tabs import Fund, FundKind
from khaacho.credit.takeover.receivable_effects import follow_up
from khaacho.credit.takeover.receivable_history import Billed, Life, Paid, PaidAhead, live_through
from khaacho.credit.takeover.receivable_records import ImportReport, ReceivableRow, ReceivableTable, RefusedRow
from khaacho.credit.takeover.receivable_rows import (
    KnownInvoice,
    NewHistory,
    find_customers,
    find_known_invoices,
    find_known_payments,
    find_open_items,
    insert_customers,
    write_histories,
)
from khaacho.ids import new_id
from khaacho.money import rupees
from khaacho.parties.actions import register_retailers
from khaacho.parties.phones import unreachable_phone
from khaacho.parties.records import NewRetailer, PartyStatus
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Database, Transaction

# Rows of the table taken at a time: some megabytes of arrays, and each statement well below a second.
BATCH_ROWS = 5_000
# Limits are written as people would: whole thousands of rupees.
LIMIT_STEP_PAISA = 100_000
CITY_UNKNOWN = "Unknown"


class _Undo(Exception):
    """Ends the transaction without a trace."""


async def import_receivables(
    database: Database,
    actor: Actor,
    table: ReceivableTable,
    *,
    method: PaymentMethod = PaymentMethod.CASH,
    skip_refused: bool = False,
    additions: bool = False,
    dry_run: bool = False,
) -> ImportReport:
    """Take the table over in one transaction; answers what was taken, or why nothing was.

    A line that is refused refuses the whole table, unless `skip_refused`. A table that names an invoice has to have
    every payment of it that was taken over before, unless it holds `additions` only. `dry_run` does everything and
    undoes it. Two imports at a time wait for one another.
    """
    run = _Import(actor, table, method, additions=additions)
    try:
        async with database.transaction() as tx:
            await tx.execute("LOCK TABLE receivable_customers IN SHARE ROW EXCLUSIVE MODE")
            takes = skip_refused or not table.refused
            for customers in _batches(table.idle if takes else (*table.idle, *table.rows)):
                await run.compare(tx, customers)
            for customers in _batches(table.rows if takes else ()):
                await run.take(tx, customers)
            if dry_run or (run.refused and not skip_refused):
                raise _Undo
    except _Undo:
        return run.report(imported=False)
    return run.report(imported=True)


def _batches(rows: Iterable[ReceivableRow]) -> Iterator[dict[str, list[ReceivableRow]]]:
    """The rows of some customers at a time, each customer whole."""
    by_customer: dict[str, list[ReceivableRow]] = {}
    for row in rows:
        by_customer.setdefault(row.customer, []).append(row)
    batch: dict[str, list[ReceivableRow]] = {}
    size = 0
    for customer, own in by_customer.items():
        batch[customer] = own
        size += len(own)
        if size >= BATCH_ROWS:
            yield batch
            batch, size = {}, 0
    if batch:
        yield batch


class _Import:
    def __init__(self, actor: Actor, table: ReceivableTable, method: PaymentMethod, *, additions: bool) -> None:
        self._actor = actor
        self._table = table
        self._method = method
        self._additions = additions
        self._now = clock.now()
        self._counts: Counter[str] = Counter()
        self.refused = list(table.refused)

    async def compare(self, tx: Transaction, customers: dict[str, list[ReceivableRow]]) -> None:
        """Refuse those of these rows that contradict what was taken over before; nothing else comes of them."""
        retailers = await find_customers(tx, list(customers))
        known, paid = await self._find_known(tx, retailers)
        for customer, retailer_id in retailers.items():
            self._agreeing(retailer_id, customers[customer], known, paid)

    async def take(self, tx: Transaction, customers: dict[str, list[ReceivableRow]]) -> None:
        """Take over the rows of these customers."""
        retailers = await self._ensure_retailers(tx, customers)
        known, paid = await self._find_known(tx, retailers)
        histories = [self._history(retailers[customer], rows, known, paid) for customer, rows in customers.items()]
        new = [history for history in histories if history.billed or history.paid]
        lives = await self._live(tx, new)
        await self._ensure_lines(tx, new, lives)
        await write_histories(tx, self._actor, new, lives, method=self._method)
        await record_audit(tx, self._actor, [_audit(history) for history in new])
        await follow_up(tx, self._actor, new, lives)
        self._count(new, lives)

    async def _find_known(
        self, tx: Transaction, retailers: dict[str, UUID]
    ) -> tuple[dict[tuple[UUID, str], KnownInvoice], Counter[tuple[UUID, datetime, int]]]:
        known = await find_known_invoices(tx, list(retailers.values()))
        return known, Counter(await find_known_payments(tx, [invoice.id for invoice in known.values()]))

    def report(self, *, imported: bool) -> ImportReport:
        return ImportReport(
            lines=self._table.lines,
            refused=tuple(sorted(self.refused, key=lambda refused: refused.line)),
            left_out=self._table.left_out,
            ignored_columns=self._table.ignored_columns,
            alike=self._table.alike,
            imported=imported,
            **self._counts,
        )

    async def _ensure_retailers(self, tx: Transaction, customers: Iterable[str]) -> dict[str, UUID]:
        retailers = await find_customers(tx, list(customers))
        missing = [customer for customer in customers if customer not in retailers]
        if missing:
            numbers = await tx.values(
                "SELECT nextval('receivable_contact_numbers') FROM generate_series(1, %(count)s)",
                {"count": len(missing)},
            )
            registered = await register_retailers(
                tx,
                self._actor,
                retailers=[
                    NewRetailer(
                        pasal_name=customer,
                        owner_name=customer,
                        phone=unreachable_phone(number),
                        city=CITY_UNKNOWN,
                        status=PartyStatus.ACTIVE,
                    )
                    for customer, number in zip(missing, numbers, strict=True)
                ],
            )
            added = {customer: shop.id for customer, shop in zip(missing, registered, strict=True)}
            await insert_customers(tx, added)
            retailers |= added
            self._counts["retailers"] += len(added)
        return retailers

    def _history(
        self,
        retailer_id: UUID,
        rows: Iterable[ReceivableRow],
        known: dict[tuple[UUID, str], KnownInvoice],
        paid: Counter[tuple[UUID, datetime, int]],
    ) -> NewHistory:
        """What of these rows is new, with ids for it."""
        rows = self._agreeing(retailer_id, rows, known, paid)
        history = NewHistory(retailer_id=retailer_id, line_id=credit_line_id(retailer_id), billed=[], paid=[])
        invoices: dict[str, tuple[UUID, UUID]] = {}
        # Ids grow, and of items that opened together the one with the smaller id is the older. So it is the one that
        # is due first, whatever the order of the rows.
        for row in sorted(rows, key=lambda row: (row.issued_at, row.due_on)):
            if row.invoice in invoices:
                continue
            earlier = known.get((retailer_id, row.invoice))
            invoices[row.invoice] = (earlier.id, earlier.debit_id) if earlier else (new_id(), new_id())
            self._counts["known_invoices" if earlier else "invoices"] += 1
            if earlier is None:
                history.billed.append(_billed(row, *invoices[row.invoice]))
        seen: Counter[tuple[UUID, datetime, int]] = Counter()
        for row in rows:
            if row.paid_at is None:
                continue
            invoice_id, debit_id = invoices[row.invoice]
            key = (invoice_id, row.paid_at, row.paid_paisa)
            seen[key] += 1
            if seen[key] <= paid[key]:
                self._counts["known_payments"] += 1
                continue
            history.paid.append(
                Paid(
                    payment_id=new_id(),
                    debit_id=debit_id,
                    invoice_id=invoice_id,
                    invoice=row.invoice,
                    amount_paisa=row.paid_paisa,
                    paid_at=row.paid_at,
                    occurrence=seen[key],
                )
            )
        return history

    def _agreeing(
        self,
        retailer_id: UUID,
        rows: Iterable[ReceivableRow],
        known: dict[tuple[UUID, str], KnownInvoice],
        paid: Counter[tuple[UUID, datetime, int]],
    ) -> list[ReceivableRow]:
        """The rows that agree with what was taken over before; refuses the others."""
        agreeing: list[ReceivableRow] = []
        first: dict[UUID, ReceivableRow] = {}
        told: Counter[tuple[UUID, datetime, int]] = Counter()
        for row in rows:
            earlier = known.get((retailer_id, row.invoice))
            if earlier is not None:
                if self._refuse(row, _contradiction(earlier, row)):
                    continue
                first.setdefault(earlier.id, row)
                if row.paid_at is not None:
                    told[earlier.id, row.paid_at, row.paid_paisa] += 1
            agreeing.append(row)
        if self._additions:
            return agreeing
        # What a clock that was moved back has not seen yet was left out of the table, too.
        gone = {key[0]: key for key in paid if key[0] in first and paid[key] > told[key] and key[1] <= self._now}
        for invoice_id, (_, paid_at, paid_paisa) in gone.items():
            self._refuse(first[invoice_id], _missing(paid_at, paid_paisa))
        gone_names = {first[invoice_id].invoice for invoice_id in gone}
        return [row for row in agreeing if row.invoice not in gone_names]

    def _refuse(self, row: ReceivableRow, why: str | None) -> bool:
        if why is not None:
            self.refused.append(RefusedRow(line=row.line, why=why))
        return why is not None

    async def _live(self, tx: Transaction, histories: list[NewHistory]) -> list[Life]:
        line_ids = [history.line_id for history in histories]
        open_items = await find_open_items(tx, line_ids)
        funds: dict[UUID, list[Fund]] = {}
        for fund in sorted(
            await (await send_find_funds_ahead(tx, line_ids)).all(), key=lambda fund: (fund.event_at, fund.id)
        ):
            funds.setdefault(fund.line_id, []).append(fund)
        return [
            live_through(
                history.line_id,
                history.retailer_id,
                open_items=open_items.get(history.line_id, ()),
                paid_ahead=[
                    PaidAhead(
                        source_id=fund.id,
                        unapplied_paisa=fund.unapplied_paisa,
                        is_adjustment=fund.kind is FundKind.ADJUSTMENT,
                    )
                    for fund in funds.get(history.line_id, ())
                ],
                billed=history.billed,
                paid=history.paid,
            )
            for history in histories
        ]

    async def _ensure_lines(self, tx: Transaction, histories: list[NewHistory], lives: list[Life]) -> None:
        there = {terms.id for terms in await (await send_find_terms(tx, [one.line_id for one in histories])).all()}
        new = [
            NewCreditLine(
                retailer_id=history.retailer_id,
                limit_paisa=-(-life.peak_paisa // LIMIT_STEP_PAISA) * LIMIT_STEP_PAISA,
            )
            for history, life in zip(histories, lives, strict=True)
            if history.line_id not in there
        ]
        if new:
            await open_credit_lines(tx, self._actor, new)

    def _count(self, histories: list[NewHistory], lives: list[Life]) -> None:
        for history, life in zip(histories, lives, strict=True):
            self._counts["payments"] += len(history.paid)
            self._counts["billed_paisa"] += sum(one.amount_paisa for one in history.billed)
            self._counts["paid_paisa"] += sum(one.amount_paisa for one in history.paid)
            self._counts["unapplied_paisa"] += sum(life.unapplied.values())


def _contradiction(earlier: KnownInvoice, row: ReceivableRow) -> str | None:
    """Why a row cannot be of the invoice that was taken over earlier; None when it can."""
    differing = row.contradiction(earlier.amount_paisa, earlier.opened_at, earlier.due_on)
    return f"{differing} as this invoice was taken over before" if differing else None


def _missing(paid_at: datetime, paid_paisa: int) -> str:
    return (
        f"the payment of {rupees(paid_paisa)} on {clock.business_day(paid_at)} that was taken over of this invoice "
        "before is not in the file; reverse it if it was wrong, and say --additions if the file holds only what is new"
    )


def _billed(row: ReceivableRow, invoice_id: UUID, debit_id: UUID) -> Billed:
    return Billed(
        invoice_id=invoice_id,
        debit_id=debit_id,
        invoice=row.invoice,
        amount_paisa=row.amount_paisa,
        issued_at=row.issued_at,
        due_on=row.due_on,
    )


def _audit(history: NewHistory) -> AuditEntry:
    return AuditEntry(
        action="RECEIVABLES_IMPORTED",
        subject_kind="credit_account",
        subject_id=history.line_id,
        retailer_id=history.retailer_id,
        new={
            "invoices": len(history.billed),
            "billed_paisa": sum(one.amount_paisa for one in history.billed),
            "payments": len(history.paid),
            "paid_paisa": sum(one.amount_paisa for one in history.paid),
        },
    )
