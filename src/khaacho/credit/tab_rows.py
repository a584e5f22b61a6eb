"""The rows of a tab: locking and reading what it needs, writing what it became.

Lock order: the ledger accounts of all lines, in id order, in one statement; then the retailers' rows, in id order.
Everything that money does to a retailer goes over all of its lines, so whoever comes second waits at the first line.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.lateness.pausing import resume_cured
from khaacho.credit.queries import DEBIT_COLUMNS, CreditTerms, send_find_terms
from khaacho.credit.records import CreditLine, Debit
from khaacho.credit.tabs import Clearing, Fund, FundKind, Tab, ahead_account_id
from khaacho.errors import NoCreditAccount, RetailerNotFound
from khaacho.ledger.actions import send_lock_accounts, write_book
from khaacho.ledger.posting import Book
from khaacho.ledger.queries import find_transfers_of
from khaacho.ledger.records import Transfer
from khaacho.parties.standings import CreditStatus, RetailerStanding, find_standing, send_lock_standings
from khaacho.platform.database import Pending, Transaction
from khaacho.platform.locks import Wait


class LockedTab:
    """A tab on locked lines, with the lines' terms and the retailers' standings as they are under the lock."""

    def __init__(self, tab: Tab, terms: Sequence[CreditTerms], standings: Sequence[RetailerStanding]) -> None:
        self.tab = tab
        self.terms = {line.id: line for line in terms}
        self.standings = {standing.id: standing for standing in standings}

    def knows(self, retailer_id: UUID, line_ids: Collection[UUID]) -> bool:
        """Is everything of this retailer locked here? It is not when somebody else holds it and nobody waited."""
        accounts = [*line_ids, *(ahead_account_id(line_id) for line_id in line_ids)]
        return retailer_id in self.standings and all(self.tab.book.knows(account) for account in accounts)

    def line(self, line_id: UUID) -> CreditLine:
        """The line as it stands in the book."""
        return self.terms[line_id].with_figures(self.tab.book.account(line_id))

    def lines_of(self, retailer_id: UUID) -> list[CreditLine]:
        """Every line of the retailer as it stands, the platform's first."""
        own = [self.line(one.id) for one in self.terms.values() if one.retailer_id == retailer_id]
        return sorted(own, key=lambda line: (line.vendor_id is not None, line.vendor_id or line.id))

    def used_paisa(self, retailer_id: UUID) -> int:
        """Used over all lines of the retailer."""
        return sum(line.used_paisa for line in self.lines_of(retailer_id))

    def over_limit_paisa(self, retailer_id: UUID) -> int:
        """How far the retailer's lines are past their limits."""
        return sum(max(0, line.used_paisa - line.limit_paisa) for line in self.lines_of(retailer_id))


async def send_find_terms_of(
    tx: Transaction, retailer_ids: Sequence[UUID], *, debit_ids: Sequence[UUID] = ()
) -> Pending[CreditTerms]:
    """Queue the look-up of every line of these retailers, and of whoever owes these items (or what they came from)."""
    return await tx.send(
        """
        SELECT id, retailer_id, vendor_id, status, status_reason, limit_paisa, max_order_paisa, max_outstanding_days,
            terms_days, de_minimis_paisa
        FROM credit_accounts
        WHERE retailer_id = ANY(%(retailers)s::uuid[]) OR retailer_id IN (
            SELECT retailer_id FROM credit_debits WHERE id = ANY(%(debits)s::uuid[])
            UNION ALL
            SELECT retailer_id FROM credit_debits WHERE source_id = ANY(%(debits)s::uuid[])
        )
        """,
        {"retailers": list(retailer_ids), "debits": list(debit_ids)},
        into=CreditTerms,
    )


async def send_find_named(tx: Transaction, debit_ids: Sequence[UUID]) -> Pending[Debit]:
    """Queue the look-up of items by their own ids or by those of what they came from."""
    return await tx.send(
        f"""
        SELECT {DEBIT_COLUMNS} FROM credit_debits WHERE id = ANY(%(ids)s::uuid[])
        UNION
        SELECT {DEBIT_COLUMNS} FROM credit_debits WHERE source_id = ANY(%(ids)s::uuid[])
        """,
        {"ids": list(debit_ids)},
        into=Debit,
    )


async def lock_tab(
    tx: Transaction, lines: Sequence[CreditTerms], *, wait: Wait = Wait.QUEUE, also: Sequence[UUID] = ()
) -> LockedTab:
    """Lock these lines and their retailers; read under the lock what is owed, what is ahead, and the items in `also`.

    One round trip in a pipelined transaction. With SKIP, what somebody else holds is missing from the book.
    """
    line_ids = sorted({line.id for line in lines})
    accounts = await send_lock_accounts(tx, [*line_ids, *map(ahead_account_id, line_ids)], wait=wait)
    standings = await send_lock_standings(tx, sorted({line.retailer_id for line in lines}), wait=wait)
    terms = await send_find_terms(tx, line_ids)
    # The first half is served by credit_debits_open_idx, so cost follows what is open today.
    debits = await tx.send(
        f"""
        SELECT {DEBIT_COLUMNS} FROM credit_debits
        WHERE account_id = ANY(%(lines)s::uuid[]) AND cleared_paisa < amount_paisa
        UNION
        SELECT {DEBIT_COLUMNS} FROM credit_debits WHERE id = ANY(%(also)s::uuid[])
        """,
        {"lines": line_ids, "also": list(also)},
        into=Debit,
    )
    funds = await send_find_funds_ahead(tx, line_ids)
    moment = clock.now()
    book = Book(await accounts.all(), moment=moment)
    tab = Tab(book, await debits.all(), await funds.all(), moment=moment)
    return LockedTab(tab, await terms.all(), await standings.all())


async def lock_tab_of(tx: Transaction, retailer_id: UUID, *, also: Sequence[UUID] = ()) -> LockedTab:
    """As `lock_tab`, for all lines of one retailer. Raises RetailerNotFound, NoCreditAccount."""
    lines = await (await send_find_terms_of(tx, [retailer_id])).all()
    if not lines:
        if await find_standing(tx, retailer_id) is None:
            raise RetailerNotFound(retailer_id=retailer_id)
        raise NoCreditAccount(retailer_id=retailer_id)
    async with tx.pipeline():
        return await lock_tab(tx, lines, also=also)


async def send_find_funds_ahead(tx: Transaction, line_ids: Sequence[UUID]) -> Pending[Fund]:
    """Queue the look-up of what still has something ahead on these lines."""
    # Both halves are served by partial indexes that hold only what has something left.
    return await tx.send(
        """
        SELECT id, 'payment' AS kind, account_id AS line_id, unapplied_paisa, event_at
        FROM credit_payments
        WHERE account_id = ANY(%(lines)s::uuid[]) AND unapplied_paisa > 0
        UNION ALL
        SELECT id, 'adjustment', account_id, unapplied_paisa, event_at
        FROM credit_adjustments
        WHERE account_id = ANY(%(lines)s::uuid[]) AND unapplied_paisa > 0
        """,
        {"lines": list(line_ids)},
        into=Fund,
    )


async def bring_debits(tx: Transaction, tab: Tab, debit_ids: Collection[UUID]) -> None:
    """Let the tab know these items too, open or not. Their lines must be locked."""
    tab.bring_debits(
        await tx.all(
            f"SELECT {DEBIT_COLUMNS} FROM credit_debits WHERE id = ANY(%(ids)s::uuid[])",
            {"ids": list(debit_ids)},
            into=Debit,
        )
    )


async def find_funds(tx: Transaction, fund_ids: Collection[UUID]) -> list[Fund]:
    """Payments on credit lines and adjustments, by id, as they stand."""
    return await tx.all(
        """
        SELECT id, 'payment' AS kind, account_id AS line_id, unapplied_paisa, event_at
        FROM credit_payments
        WHERE id = ANY(%(ids)s::uuid[]) AND account_id IS NOT NULL
        UNION ALL
        SELECT id, 'adjustment', account_id, unapplied_paisa, event_at
        FROM credit_adjustments
        WHERE id = ANY(%(ids)s::uuid[])
        """,
        {"ids": list(fund_ids)},
        into=Fund,
    )


async def find_standing_clearings(
    tx: Transaction, *, fund_id: UUID | None = None, debit_id: UUID | None = None
) -> list[Clearing]:
    """What a fund cleared, or what cleared an item, and was not undone; oldest first. Lock the lines first."""
    return await tx.all(
        """
        SELECT part.id, COALESCE(part.payment_id, part.adjustment_id) AS fund_id, part.debit_id, part.amount_paisa,
            part.event_at, CASE WHEN part.payment_id IS NULL THEN 'adjustment' ELSE 'payment' END AS fund_kind
        FROM credit_allocations AS part
        WHERE (part.payment_id = %(fund)s OR part.adjustment_id = %(fund)s OR part.debit_id = %(debit)s)
            AND part.undoes_id IS NULL
            AND NOT EXISTS (SELECT FROM credit_allocations AS undoing WHERE undoing.undoes_id = part.id)
        ORDER BY part.created_at, part.id
        """,
        {"fund": fund_id, "debit": debit_id},
        into=Clearing,
    )


async def find_transfers_standing(tx: Transaction, source_id: UUID) -> list[Transfer]:
    """The transfers about a payment or adjustment that are not reversed and reverse nothing, oldest first."""
    transfers = await find_transfers_of(tx, [source_id])
    reversed_ids = {transfer.reverses_id for transfer in transfers}
    return [one for one in transfers if one.reverses_id is None and one.id not in reversed_ids]


async def write_tab(tx: Transaction, locked: LockedTab) -> None:
    """Write the book and every row of the tab, with each line bound to its limit again, or to its use beyond that."""
    for terms in locked.terms.values():
        if locked.tab.book.knows(terms.id):
            locked.tab.book.lower_ceiling(terms.id, terms.limit_paisa)
    await write_book(tx, locked.tab.book)
    await write_items(tx, locked.tab)


async def write_items(tx: Transaction, tab: Tab) -> None:
    """Write what was cleared and undone, the items and what funds have left, one statement a table."""
    if tab.clearings:
        await _insert_clearings(tx, tab.clearings)
    changed = tab.changed_debits
    if changed:
        # Every writer of these rows holds their line, so the figures may be set as they are known here.
        await tx.send_only(
            """
            UPDATE credit_debits AS debit
            SET cleared_paisa = new.cleared, cleared_at = new.cleared_at, written_off = new.written_off
            FROM unnest(%(ids)s::uuid[], %(cleared)s::bigint[], %(cleared_at)s::timestamptz[],
                %(written_off)s::boolean[]) AS new (id, cleared, cleared_at, written_off)
            WHERE debit.id = new.id
            """,
            {
                "ids": [debit.id for debit in changed],
                "cleared": [debit.cleared_paisa for debit in changed],
                "cleared_at": [debit.cleared_at for debit in changed],
                "written_off": [debit.written_off for debit in changed],
            },
        )
    for kind, table in ((FundKind.PAYMENT, "credit_payments"), (FundKind.ADJUSTMENT, "credit_adjustments")):
        funds = [fund for fund in tab.changed_funds if fund.kind is kind]
        if funds:
            await tx.send_only(
                f"""
                UPDATE {table} AS fund
                SET unapplied_paisa = new.unapplied
                FROM unnest(%(ids)s::uuid[], %(unapplied)s::bigint[]) AS new (id, unapplied)
                WHERE fund.id = new.id
                """,
                {"ids": [fund.id for fund in funds], "unapplied": [fund.unapplied_paisa for fund in funds]},
            )


async def resume_if_cured(tx: Transaction, actor: Actor, locked: LockedTab, retailer_ids: Collection[UUID]) -> None:
    """Lift the automatic pauses that have no cause left [C52]. The last thing that lowering a debt does."""
    for retailer_id in sorted(retailer_ids):
        standing = locked.standings[retailer_id]
        # The row is locked, so what was read then is still so.
        if standing.credit_status is CreditStatus.PAUSED and standing.credit_status_automatic:
            await resume_cured(tx, actor, retailer_id)


async def _insert_clearings(tx: Transaction, clearings: Sequence[Clearing]) -> None:
    columns = [msgspec.structs.asdict(clearing) for clearing in clearings]
    payments = [one.fund_id if one.fund_kind is FundKind.PAYMENT else None for one in clearings]
    adjustments = [one.fund_id if one.fund_kind is FundKind.ADJUSTMENT else None for one in clearings]
    await tx.send_only(
        """
        INSERT INTO credit_allocations (id, payment_id, adjustment_id, debit_id, amount_paisa, undoes_id, event_at,
            created_at)
        SELECT part.*, %(now)s
        FROM unnest(%(ids)s::uuid[], %(payments)s::uuid[], %(adjustments)s::uuid[], %(debits)s::uuid[],
            %(amounts)s::bigint[], %(undoes)s::uuid[], %(event_ats)s::timestamptz[]) AS part
        """,
        {
            "ids": [one["id"] for one in columns],
            "payments": payments,
            "adjustments": adjustments,
            "debits": [one["debit_id"] for one in columns],
            "amounts": [one["amount_paisa"] for one in columns],
            "undoes": [one["undoes_id"] for one in columns],
            "event_ats": [one["event_at"] for one in columns],
            "now": clock.now(),
        },
    )
