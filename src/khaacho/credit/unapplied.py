"""Clearing open items: writing what was cleared, and consuming what was paid ahead."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.queries import unapplied_account_id
from khaacho.credit.records import Debit
from khaacho.ids import new_id
from khaacho.ledger.chart import TransferCode
from khaacho.ledger.posting import Book
from khaacho.ledger.records import Source
from khaacho.platform.database import Transaction


class Clearing(msgspec.Struct, frozen=True, kw_only=True):
    """`amount_paisa` of one item cleared by one payment."""

    payment_id: UUID
    debit_id: UUID
    amount_paisa: int


class _PaidAhead(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    unapplied_paisa: int


async def clear_debits(tx: Transaction, clearings: Sequence[Clearing]) -> None:
    """Write what was cleared of each item, by which payment. The database refuses to clear beyond the amount."""
    if not clearings:
        return
    params = {
        "ids": [new_id() for _ in clearings],
        "payments": [clearing.payment_id for clearing in clearings],
        "debits": [clearing.debit_id for clearing in clearings],
        "amounts": [clearing.amount_paisa for clearing in clearings],
        "now": clock.now(),
    }
    await tx.execute(
        """
        INSERT INTO credit_allocations (id, payment_id, debit_id, amount_paisa, created_at)
        SELECT allocation.*, %(now)s
        FROM unnest(%(ids)s::uuid[], %(payments)s::uuid[], %(debits)s::uuid[], %(amounts)s::bigint[]) AS allocation
        """,
        params,
    )
    await tx.execute(
        """
        UPDATE credit_debits AS debit
        SET cleared_paisa = debit.cleared_paisa + cleared.amount,
            cleared_at = CASE WHEN debit.cleared_paisa + cleared.amount = debit.amount_paisa THEN %(now)s END
        FROM (
            SELECT part.debit_id, SUM(part.amount)::bigint AS amount
            FROM unnest(%(debits)s::uuid[], %(amounts)s::bigint[]) AS part (debit_id, amount)
            GROUP BY part.debit_id
        ) AS cleared
        WHERE debit.id = cleared.debit_id
        """,
        params,
    )


async def consume_unapplied(tx: Transaction, actor: Actor, book: Book, debit: Debit) -> int:
    """Let what was paid ahead on the line clear the new item, oldest payment first. Answers the paisa cleared.

    The line and its unapplied account must be locked in `book`; the caller writes the book.
    """
    unapplied = book.account(unapplied_account_id(debit.account_id))
    available_paisa = min(-unapplied.posted, debit.amount_paisa)
    if available_paisa <= 0:
        return 0
    book.post(
        actor,
        debit_account_id=unapplied.id,
        credit_account_id=debit.account_id,
        amount=available_paisa,
        code=TransferCode.APPLY_UNAPPLIED,
        source=Source(kind="debit", id=debit.id),
        key=f"apply-unapplied:{debit.id}",
        event_at=debit.opened_at,
    )
    clearings = await _spread(tx, debit, available_paisa)
    await clear_debits(tx, clearings)
    return available_paisa


async def _spread(tx: Transaction, debit: Debit, amount_paisa: int) -> list[Clearing]:
    paid_ahead = await tx.all(
        """
        SELECT id, unapplied_paisa
        FROM credit_payments
        WHERE account_id = %(line)s AND unapplied_paisa > 0 AND state = 'CLEARED'
        ORDER BY event_at, id
        """,
        {"line": debit.account_id},
        into=_PaidAhead,
    )
    clearings: list[Clearing] = []
    left = amount_paisa
    for payment in paid_ahead:
        part = min(left, payment.unapplied_paisa)
        if part > 0:
            clearings.append(Clearing(payment_id=payment.id, debit_id=debit.id, amount_paisa=part))
            left -= part
    await tx.execute(
        """
        UPDATE credit_payments AS payment
        SET unapplied_paisa = payment.unapplied_paisa - used.amount
        FROM unnest(%(ids)s::uuid[], %(amounts)s::bigint[]) AS used (id, amount)
        WHERE payment.id = used.id
        """,
        {
            "ids": [clearing.payment_id for clearing in clearings],
            "amounts": [clearing.amount_paisa for clearing in clearings],
        },
    )
    return clearings
