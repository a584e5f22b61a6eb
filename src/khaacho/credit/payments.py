"""Money in: recorded once, spread over open items, posted, and told to whoever listens [C60]."""

from __future__ import annotations

from uuid import UUID

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.allocation import Plan, allocate
from khaacho.credit.events import PaymentRecorded
from khaacho.credit.queries import (
    credit_line_id,
    find_credit_lines,
    find_open_debits_of_line,
    require_credit_line,
    require_debit,
    unapplied_account_id,
)
from khaacho.credit.records import (
    Allocation,
    CreditLine,
    Debit,
    NewPayment,
    PaymentMethod,
    PaymentOutcome,
    PaymentState,
)
from khaacho.credit.unapplied import Clearing, clear_debits
from khaacho.errors import DebitCleared, NoCreditAccount, RetailerNotFound, ValidationFailed
from khaacho.ids import new_id
from khaacho.ledger.actions import NewAccount, lock_accounts, open_accounts, write_book
from khaacho.ledger.chart import AccountKind, TransferCode, account_id
from khaacho.ledger.posting import Book
from khaacho.ledger.records import Source
from khaacho.money import AMOUNT_PAISA_MAX
from khaacho.parties.standings import find_standing
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction
from khaacho.platform.events import publish

MONEY_ACCOUNTS = {
    PaymentMethod.CASH: AccountKind.CASH,
    PaymentMethod.BANK_TRANSFER: AccountKind.BANK,
    PaymentMethod.MOBILE_MONEY: AccountKind.MOBILE_MONEY,
    PaymentMethod.CHEQUE: AccountKind.BANK,
}


async def record_payment(tx: Transaction, actor: Actor, new: NewPayment) -> PaymentOutcome:
    """Record a payment and what it clears. A cheque stays PENDING and frees nothing until it clears.

    Raises DebitNotFound, DebitCleared, RetailerNotFound, NoCreditAccount or ValidationFailed; then nothing changed.
    """
    if not 0 < new.amount_paisa <= AMOUNT_PAISA_MAX:
        raise ValidationFailed(field="amountPaid", why="must be above zero")
    line = await _line_paid(tx, new)
    accounts = await lock_accounts(tx, [line.id, unapplied_account_id(line.id)])
    if new.debit_id is not None and (await require_debit(tx, new.debit_id)).remaining_paisa == 0:
        raise DebitCleared(transaction_id=new.debit_id)
    open_items = await find_open_debits_of_line(tx, line.id)
    payment_id = new_id()
    pending = new.method is PaymentMethod.CHEQUE
    plan = Plan(parts=(), unapplied_paisa=0) if pending else allocate(new.amount_paisa, open_items, first=new.debit_id)
    await _insert_payment(tx, actor, payment_id, line, new, plan, pending=pending)
    if not pending:
        book = Book(accounts, moment=clock.now())
        await _post(tx, actor, book, payment_id, line, new, plan)
        # Read again under the lock: the limit may have been changed while we waited.
        book.lower_ceiling(line.id, (await require_credit_line(tx, line.id)).limit_paisa)
        await write_book(tx, book)
    return await _announce(tx, actor, payment_id, line, new, plan, open_items, pending=pending)


async def _line_paid(tx: Transaction, new: NewPayment) -> CreditLine:
    if new.debit_id is not None:
        debit = await require_debit(tx, new.debit_id)
        if new.retailer_id is not None and new.retailer_id != debit.retailer_id:
            raise ValidationFailed(field="retailerId", why="is not who owes this item")
        lines = {line.id: line for line in await find_credit_lines(tx, debit.retailer_id)}
        return lines[debit.account_id]
    if new.retailer_id is None:
        raise ValidationFailed(field="retailerId", why="name the retailer or the item that is paid")
    if await find_standing(tx, new.retailer_id) is None:
        raise RetailerNotFound(retailer_id=new.retailer_id)
    by_id = {line.id: line for line in await find_credit_lines(tx, new.retailer_id)}
    line = by_id.get(credit_line_id(new.retailer_id)) or next(iter(by_id.values()), None)
    if line is None:
        raise NoCreditAccount(retailer_id=new.retailer_id)
    return line


async def _insert_payment(
    tx: Transaction,
    actor: Actor,
    payment_id: UUID,
    line: CreditLine,
    new: NewPayment,
    plan: Plan,
    *,
    pending: bool,
) -> None:
    await tx.execute(
        """
        INSERT INTO credit_payments (id, retailer_id, account_id, amount_paisa, unapplied_paisa, method, state,
            reference, event_at, created_at, actor_id, actor_name)
        VALUES (%(id)s, %(retailer)s, %(line)s, %(amount)s, %(unapplied)s, %(method)s, %(state)s, %(reference)s,
            %(event_at)s, %(now)s, %(actor)s, %(actor_name)s)
        """,
        {
            "id": payment_id,
            "retailer": line.retailer_id,
            "line": line.id,
            "amount": new.amount_paisa,
            "unapplied": plan.unapplied_paisa,
            "method": new.method.value,
            "state": (PaymentState.PENDING if pending else PaymentState.CLEARED).value,
            "reference": new.reference,
            "event_at": new.event_at or clock.now(),
            "now": clock.now(),
            "actor": actor.id,
            "actor_name": actor.name,
        },
    )


async def _post(
    tx: Transaction, actor: Actor, book: Book, payment_id: UUID, line: CreditLine, new: NewPayment, plan: Plan
) -> None:
    money = MONEY_ACCOUNTS[new.method]
    await open_accounts(tx, [NewAccount(kind=money)])
    applied_paisa = new.amount_paisa - plan.unapplied_paisa
    movements = (
        (applied_paisa, line.id, TransferCode.PAYMENT, f"payment:{payment_id}"),
        (plan.unapplied_paisa, unapplied_account_id(line.id), TransferCode.UNAPPLIED, f"unapplied:{payment_id}"),
    )
    for amount, credited, code, key in movements:
        if amount:
            book.post(
                actor,
                debit_account_id=account_id(money),
                credit_account_id=credited,
                amount=amount,
                code=code,
                source=Source(kind="payment", id=payment_id),
                key=key,
                event_at=new.event_at or clock.now(),
            )
    await clear_debits(
        tx,
        [Clearing(payment_id=payment_id, debit_id=debit.id, amount_paisa=amount) for debit, amount in plan.parts],
    )


async def _announce(
    tx: Transaction,
    actor: Actor,
    payment_id: UUID,
    line: CreditLine,
    new: NewPayment,
    plan: Plan,
    open_items: list[Debit],
    *,
    pending: bool,
) -> PaymentOutcome:
    cleared = {debit.id: amount for debit, amount in plan.parts}
    owed_after = {debit.id: debit.remaining_paisa - cleared.get(debit.id, 0) for debit in open_items}
    await record_audit(
        tx,
        actor,
        [
            AuditEntry(
                action="CREDIT_CLEARED",
                subject_kind="payment",
                subject_id=payment_id,
                retailer_id=line.retailer_id,
                new={
                    "amount_paisa": new.amount_paisa,
                    "method": new.method.value,
                    "reference": new.reference,
                    "pending": pending,
                    "allocations": {str(debit_id): amount for debit_id, amount in cleared.items()},
                    "unapplied_paisa": plan.unapplied_paisa,
                },
            )
        ],
    )
    if not pending:
        paid_in_full = tuple(
            debit.source_id for debit, _ in plan.parts if debit.source_kind == "order" and not owed_after[debit.id]
        )
        await publish(
            tx,
            [
                PaymentRecorded(
                    payment_id=payment_id,
                    retailer_id=line.retailer_id,
                    amount_paisa=new.amount_paisa,
                    cleared_order_ids=paid_in_full,
                )
            ],
        )
    return PaymentOutcome(
        payment_id=payment_id,
        retailer_id=line.retailer_id,
        amount_paisa=new.amount_paisa,
        remaining_paisa=owed_after[new.debit_id] if new.debit_id else sum(owed_after.values()),
        unapplied_paisa=plan.unapplied_paisa,
        state=PaymentState.PENDING if pending else PaymentState.CLEARED,
        allocations=tuple(
            Allocation(debit_id=debit.id, amount_paisa=amount, remaining_paisa=owed_after[debit.id])
            for debit, amount in plan.parts
        ),
    )
