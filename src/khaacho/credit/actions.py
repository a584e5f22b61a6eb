"""Opening lines, changing limits, and what happens to a hold when its order ends."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from msgspec.structs import replace

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.events import CreditLimitChanged
from khaacho.credit.queries import (
    credit_line_id,
    require_credit_line,
    send_find_terms,
    unapplied_account_id,
)
from khaacho.credit.records import CreditLine, Debit, NewCreditLine, PaymentMethod
from khaacho.credit.unapplied import consume_unapplied
from khaacho.errors import LimitBelowUse, ValidationFailed
from khaacho.ids import new_id
from khaacho.ledger.actions import NewAccount, lock_accounts, open_accounts, set_ceiling, write_book
from khaacho.ledger.chart import AccountKind, TransferCode, account_id
from khaacho.ledger.posting import Book
from khaacho.ledger.queries import find_accounts, find_holds, require_hold
from khaacho.ledger.records import Source
from khaacho.money import AMOUNT_PAISA_MAX
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction
from khaacho.platform.events import publish


async def open_credit_lines(tx: Transaction, actor: Actor, lines: Sequence[NewCreditLine]) -> list[CreditLine]:
    """Open credit lines with their ledger accounts. Raises AlreadyExists when a line between the two is open."""
    for line in lines:
        _require_sane(line)
    ids = [credit_line_id(line.retailer_id, line.vendor_id) for line in lines]
    accounts: list[NewAccount] = []
    for line_id, line in zip(ids, lines, strict=True):
        accounts.append(NewAccount(kind=AccountKind.RECEIVABLE, owner_id=line_id, id=line_id, ceiling=line.limit_paisa))
        accounts.append(NewAccount(kind=AccountKind.UNAPPLIED_CREDIT, owner_id=line_id, ceiling=0))
    await open_accounts(tx, accounts)
    await tx.execute(
        """
        INSERT INTO credit_accounts (id, retailer_id, vendor_id, limit_paisa, max_order_paisa, max_outstanding_days,
            terms_days, de_minimis_paisa, created_at)
        SELECT line.*, %(now)s
        FROM unnest(%(ids)s::uuid[], %(retailers)s::uuid[], %(vendors)s::uuid[], %(limits)s::bigint[],
            %(max_orders)s::bigint[], %(max_days)s::integer[], %(terms)s::integer[], %(de_minimis)s::bigint[]) AS line
        """,
        {
            "ids": ids,
            "retailers": [line.retailer_id for line in lines],
            "vendors": [line.vendor_id for line in lines],
            "limits": [line.limit_paisa for line in lines],
            "max_orders": [line.max_order_paisa for line in lines],
            "max_days": [line.max_outstanding_days for line in lines],
            "terms": [line.terms_days for line in lines],
            "de_minimis": [line.de_minimis_paisa for line in lines],
            "now": clock.now(),
        },
    )
    await record_audit(
        tx,
        actor,
        [
            AuditEntry(
                action="CREDIT_LIMIT_CHANGED",
                subject_kind="credit_account",
                subject_id=line_id,
                retailer_id=line.retailer_id,
                old={"limit_paisa": None},
                new={"limit_paisa": line.limit_paisa, "vendor_id": line.vendor_id},
            )
            for line_id, line in zip(ids, lines, strict=True)
        ],
    )
    opened = {terms.id: terms for terms in await (await send_find_terms(tx, ids)).all()}
    figures = await find_accounts(tx, ids)
    return [opened[line_id].with_figures(figures[line_id]) for line_id in ids]


async def change_limit(
    tx: Transaction,
    actor: Actor,
    line_id: UUID,
    *,
    limit_paisa: int,
    below_use: bool = False,
    reason: str | None = None,
) -> CreditLine:
    """Set a new limit. Below what is used only with `below_use`, else LimitBelowUse and nothing changes [C20]."""
    if not 0 <= limit_paisa <= AMOUNT_PAISA_MAX:
        raise ValidationFailed(field="creditLimit", why="must be between zero and a trillion rupees")
    await lock_accounts(tx, [line_id])
    line = await require_credit_line(tx, line_id)
    if limit_paisa < line.used_paisa and not below_use:
        raise LimitBelowUse(new_limit_paisa=limit_paisa, used_credit_paisa=line.used_paisa)
    await tx.execute(
        "UPDATE credit_accounts SET limit_paisa = %(limit)s WHERE id = %(id)s", {"limit": limit_paisa, "id": line_id}
    )
    await set_ceiling(tx, line_id, max(limit_paisa, line.used_paisa))
    await record_audit(
        tx,
        actor,
        [
            AuditEntry(
                action="CREDIT_LIMIT_CHANGED",
                subject_kind="credit_account",
                subject_id=line_id,
                retailer_id=line.retailer_id,
                reason=reason,
                old={"limit_paisa": line.limit_paisa},
                new={"limit_paisa": limit_paisa},
            )
        ],
    )
    await publish(
        tx,
        [
            CreditLimitChanged(
                retailer_id=line.retailer_id,
                account_id=line_id,
                old_limit_paisa=line.limit_paisa,
                new_limit_paisa=limit_paisa,
            )
        ],
    )
    return await require_credit_line(tx, line_id)


async def release_holds(tx: Transaction, actor: Actor, hold_ids: Sequence[UUID]) -> None:
    """Give the held credit back. Raises AlreadyReleased or AlreadySettled; then nothing is released."""
    if not hold_ids:
        return
    found = await find_holds(tx, hold_ids)
    accounts = await lock_accounts(tx, [held.hold.account_id for held in found.values()])
    book = Book(accounts, moment=clock.now())
    under_lock = await find_holds(tx, hold_ids)
    for hold_id in hold_ids:
        book.release(actor, under_lock.get(hold_id) or await require_hold(tx, hold_id))
    for terms in await (await send_find_terms(tx, [account.id for account in accounts])).all():
        book.lower_ceiling(terms.id, terms.limit_paisa)
    await write_book(tx, book)


async def settle_hold(
    tx: Transaction,
    actor: Actor,
    hold_id: UUID,
    *,
    amount_paisa: int,
    order_id: UUID,
    vendor_id: UUID,
    delivered_at: datetime,
) -> Debit | None:
    """What was delivered becomes an open item, due after the line's terms; what was held beyond it is released.

    An amount of zero only releases. Credit the retailer paid ahead is consumed by the new item at once.
    Raises AlreadySettled or AlreadyReleased when the hold has ended.
    """
    if amount_paisa == 0:
        await release_holds(tx, actor, [hold_id])
        return None
    line_id = (await require_hold(tx, hold_id)).hold.account_id
    accounts = await lock_accounts(tx, [line_id, unapplied_account_id(line_id)])
    held = await require_hold(tx, hold_id)
    line = await require_credit_line(tx, line_id)
    lender_side = AccountKind.VENDOR_PAYABLE if line.vendor_id is None else AccountKind.VENDOR_SALES
    await open_accounts(tx, [NewAccount(kind=lender_side, owner_id=vendor_id)])
    book = Book(accounts, moment=clock.now())
    book.settle(
        actor,
        held,
        amount_paisa,
        credit_account_id=account_id(lender_side, vendor_id),
        code=TransferCode.DELIVERY,
        source=Source(kind="order", id=order_id),
        key=f"delivery:{order_id}",
        event_at=delivered_at,
    )
    debit = Debit(
        id=new_id(),
        account_id=line_id,
        retailer_id=line.retailer_id,
        source_kind="order",
        source_id=order_id,
        amount_paisa=amount_paisa,
        cleared_paisa=0,
        written_off=False,
        opened_at=delivered_at,
        due_on=clock.business_day(delivered_at) + timedelta(days=line.terms_days),
        cleared_at=None,
    )
    await open_debits(tx, [debit])
    cleared = await consume_unapplied(tx, actor, book, debit)
    book.lower_ceiling(line_id, line.limit_paisa)
    await write_book(tx, book)
    await record_audit(tx, actor, [_credit_added(debit, cleared)])
    return replace(debit, cleared_paisa=cleared, cleared_at=clock.now() if cleared == debit.amount_paisa else None)


async def open_debits(tx: Transaction, debits: Sequence[Debit]) -> None:
    """Insert open items in one statement; their postings are the caller's."""
    await tx.execute(
        """
        INSERT INTO credit_debits (id, account_id, retailer_id, source_kind, source_id, amount_paisa, opened_at,
            due_on, created_at)
        SELECT debit.*, %(now)s
        FROM unnest(%(ids)s::uuid[], %(accounts)s::uuid[], %(retailers)s::uuid[], %(kinds)s::text[],
            %(sources)s::uuid[], %(amounts)s::bigint[], %(opened)s::timestamptz[], %(due)s::date[]) AS debit
        """,
        {
            "ids": [debit.id for debit in debits],
            "accounts": [debit.account_id for debit in debits],
            "retailers": [debit.retailer_id for debit in debits],
            "kinds": [debit.source_kind for debit in debits],
            "sources": [debit.source_id for debit in debits],
            "amounts": [debit.amount_paisa for debit in debits],
            "opened": [debit.opened_at for debit in debits],
            "due": [debit.due_on for debit in debits],
            "now": clock.now(),
        },
    )


async def record_cash_on_delivery(
    tx: Transaction,
    actor: Actor,
    *,
    order_id: UUID,
    retailer_id: UUID,
    vendor_id: UUID,
    amount_paisa: int,
    at: datetime,
) -> UUID:
    """Cash the vendor took at the door, recorded as a payment; it touches nobody's credit. Answers the payment's id."""
    payment_id = new_id()
    await open_accounts(
        tx,
        [
            NewAccount(kind=AccountKind.CASH_WITH_VENDOR, owner_id=vendor_id),
            NewAccount(kind=AccountKind.VENDOR_SALES, owner_id=vendor_id),
        ],
    )
    book = Book((), moment=clock.now())
    book.post(
        actor,
        debit_account_id=account_id(AccountKind.CASH_WITH_VENDOR, vendor_id),
        credit_account_id=account_id(AccountKind.VENDOR_SALES, vendor_id),
        amount=amount_paisa,
        code=TransferCode.CASH_ON_DELIVERY,
        source=Source(kind="order", id=order_id),
        key=f"cod:{order_id}",
        event_at=at,
    )
    await write_book(tx, book)
    await tx.execute(
        """
        INSERT INTO credit_payments (id, retailer_id, order_id, amount_paisa, method, state, event_at, created_at,
            actor_id, actor_name)
        VALUES (%(id)s, %(retailer)s, %(order)s, %(amount)s, %(method)s, 'CLEARED', %(at)s, %(now)s, %(actor)s,
            %(actor_name)s)
        """,
        {
            "id": payment_id,
            "retailer": retailer_id,
            "order": order_id,
            "amount": amount_paisa,
            "method": PaymentMethod.CASH.value,
            "at": at,
            "now": clock.now(),
            "actor": actor.id,
            "actor_name": actor.name,
        },
    )
    return payment_id


def _credit_added(debit: Debit, cleared_paisa: int) -> AuditEntry:
    return AuditEntry(
        action="CREDIT_ADDED",
        subject_kind="debit",
        subject_id=debit.id,
        retailer_id=debit.retailer_id,
        new={
            "amount_paisa": debit.amount_paisa,
            "order_id": debit.source_id,
            "due_on": debit.due_on,
            "cleared_from_unapplied_paisa": cleared_paisa,
        },
    )


def _require_sane(line: NewCreditLine) -> None:
    if not 0 <= line.limit_paisa <= AMOUNT_PAISA_MAX:
        raise ValidationFailed(field="creditLimit", why="must be between zero and a trillion rupees")
    if not 0 <= line.max_order_paisa <= AMOUNT_PAISA_MAX:
        raise ValidationFailed(field="maxOrderValue", why="must be between zero and a trillion rupees")
    if not 1 <= line.max_outstanding_days <= 3650:
        raise ValidationFailed(field="maxOutstandingDays", why="must be between 1 and 3650")
    if not 0 <= line.terms_days <= 365:
        raise ValidationFailed(field="termsDays", why="must be between 0 and 365")
    if not 0 <= line.de_minimis_paisa <= AMOUNT_PAISA_MAX:
        raise ValidationFailed(field="deMinimis", why="must be between zero and a trillion rupees")
