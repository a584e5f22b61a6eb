"""Money in: recorded once, spread over open items, posted, and told to whoever listens [C60].

Recording is plural by nature: many payments of many retailers are one transaction with two round trips of reading and
one of writing. A single payment is a list of one. Cheques wait in `cheques`, what was wrong is undone in `reversals`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.paying.receiving import (
    MONEY_ACCOUNTS,
    Receipt,
    Received,
    audit_of,
    event_of,
    keep_cheque,
    receive,
    require_past,
)
from khaacho.credit.queries import CreditTerms
from khaacho.credit.records import Debit, NewPayment, Payment, PaymentMethod, PaymentOutcome, PaymentState
from khaacho.credit.tab_rows import (
    LockedTab,
    lock_tab,
    resume_if_cured,
    send_find_named,
    send_find_terms_of,
    write_tab,
)
from khaacho.errors import (
    DebitCleared,
    DebitNotFound,
    KhaachoError,
    LockTimeout,
    NoCreditAccount,
    PaymentNotFound,
    RetailerNotFound,
    ValidationFailed,
)
from khaacho.ids import new_id
from khaacho.ledger.actions import NewAccount, open_accounts
from khaacho.money import AMOUNT_PAISA_MAX
from khaacho.parties.standings import send_find_standings
from khaacho.platform.audit import record_audit
from khaacho.platform.database import Transaction
from khaacho.platform.events import publish
from khaacho.platform.locks import Wait


class PaymentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A payment, and who records it."""

    actor: Actor
    new: NewPayment


Outcome = PaymentOutcome | KhaachoError


class _Payers:
    """Who owes and on which lines, as found before anything is locked."""

    def __init__(self, named: Sequence[Debit], terms: Sequence[CreditTerms], retailers: Collection[UUID]) -> None:
        self._named = {debit.source_id: debit for debit in named} | {debit.id: debit for debit in named}
        self._retailers = set(retailers)
        self.lines: dict[UUID, list[CreditTerms]] = defaultdict(list)
        for line in terms:
            self.lines[line.retailer_id].append(line)

    def receipt(self, new: NewPayment) -> Receipt:
        """The payment made sure of. Raises what is wrong with it."""
        if not 0 < new.amount_paisa <= AMOUNT_PAISA_MAX:
            raise ValidationFailed(field="amountPaid", why="must be above zero")
        event_at = require_past(new.event_at)
        named = self._require_named(new)
        retailer_id = named.retailer_id if named else new.retailer_id
        if retailer_id is None:
            raise ValidationFailed(field="retailerId", why="name the retailer or the item that is paid")
        if not self.lines[retailer_id]:
            raise NoCreditAccount() if retailer_id in self._retailers else RetailerNotFound(retailer_id=retailer_id)
        return Receipt(
            payment_id=new_id(),
            retailer_id=retailer_id,
            amount_paisa=new.amount_paisa,
            method=new.method,
            reference=new.reference,
            event_at=event_at,
            named=named,
        )

    def _require_named(self, new: NewPayment) -> Debit | None:
        if new.debit_id is None:
            return None
        named = self._named.get(new.debit_id)
        if named is None:
            raise DebitNotFound(transaction_id=new.debit_id)
        if new.retailer_id not in (None, named.retailer_id):
            raise ValidationFailed(field="retailerId", why="is not who owes this item")
        return named


async def record_payment(tx: Transaction, actor: Actor, new: NewPayment) -> PaymentOutcome:
    """Record a payment and what it clears. A cheque stays PENDING and frees nothing until it clears.

    Raises DebitNotFound, DebitCleared, RetailerNotFound, NoCreditAccount or ValidationFailed; then nothing changed.
    """
    async with tx.pipeline():
        (outcome,) = await record_payments(tx, [PaymentRequest(actor=actor, new=new)])
    if isinstance(outcome, KhaachoError):
        raise outcome
    return outcome


async def record_payments(
    tx: Transaction, requests: Sequence[PaymentRequest], *, wait: Wait = Wait.QUEUE
) -> list[Outcome]:
    """Record payments of any retailers, one outcome each, in order; a refusal disturbs no other.

    Call it in a pipelined transaction. With SKIP, a payment whose lines somebody else holds is LockTimeout.
    """
    payers = await _find_payers(tx, [request.new for request in requests])
    asked = [_receipt_or_refusal(payers, request.new) for request in requests]
    receipts = [one for one in asked if isinstance(one, Receipt)]
    if not receipts:
        return [one for one in asked if isinstance(one, KhaachoError)]
    lines = [line for retailer_id in {one.retailer_id for one in receipts} for line in payers.lines[retailer_id]]
    named = {one.named.id for one in receipts if one.named}
    locked = await lock_tab(tx, lines, wait=wait, also=sorted(named))
    done = [
        _take(request.actor, locked, payers, one) if isinstance(one, Receipt) else one
        for request, one in zip(requests, asked, strict=True)
    ]
    await _write(tx, locked, [one for one in done if isinstance(one, Received)])
    return [one.outcome if isinstance(one, Received) else one for one in done]


async def find_payment(tx: Transaction, payment_id: UUID) -> Payment:
    """The payment as it stands. Raises PaymentNotFound. Lock its retailer's lines before acting on it."""
    payment = await tx.first(
        """
        SELECT id, retailer_id, account_id, order_id, debit_id, amount_paisa, unapplied_paisa, method, state,
            reference, event_at
        FROM credit_payments
        WHERE id = %(id)s
        """,
        {"id": payment_id},
        into=Payment,
    )
    if payment is None:
        raise PaymentNotFound(payment_id=payment_id)
    return payment


async def _find_payers(tx: Transaction, wanted: Sequence[NewPayment]) -> _Payers:
    retailers = sorted({new.retailer_id for new in wanted if new.retailer_id})
    named = sorted({new.debit_id for new in wanted if new.debit_id})
    debits = await send_find_named(tx, named)
    terms = await send_find_terms_of(tx, retailers, debit_ids=named)
    standings = await send_find_standings(tx, retailers)
    found = await debits.all()
    return _Payers(found, await terms.all(), [standing.id for standing in await standings.all()])


def _receipt_or_refusal(payers: _Payers, new: NewPayment) -> Receipt | KhaachoError:
    try:
        return payers.receipt(new)
    except KhaachoError as refusal:
        return refusal


def _take(actor: Actor, locked: LockedTab, payers: _Payers, receipt: Receipt) -> Received | KhaachoError:
    lines = payers.lines[receipt.retailer_id]
    if not locked.knows(receipt.retailer_id, [line.id for line in lines]):
        return LockTimeout(retailer_id=receipt.retailer_id)
    if receipt.named is not None:
        named = locked.tab.debit(receipt.named.id)
        if named.remaining_paisa == 0:
            return DebitCleared(transaction_id=named.id)
    if receipt.method is PaymentMethod.CHEQUE:
        return keep_cheque(actor, locked, receipt)
    return receive(actor, locked, receipt)


async def _write(tx: Transaction, locked: LockedTab, done: Sequence[Received]) -> None:
    if not done:
        return
    there = [one for one in done if one.outcome.state is PaymentState.CLEARED]
    await open_accounts(tx, [NewAccount(kind=MONEY_ACCOUNTS[one.receipt.method]) for one in there])
    await _insert_payments(tx, locked, done)
    await write_tab(tx, locked)
    await record_audit(tx, done[0].actor, [audit_of(one) for one in done])
    await publish(tx, [event_of(one) for one in there])
    for one in there:
        await resume_if_cured(tx, one.actor, locked, [one.receipt.retailer_id])


async def _insert_payments(tx: Transaction, locked: LockedTab, done: Sequence[Received]) -> None:
    now = clock.now()
    cleared = [one.outcome.state is PaymentState.CLEARED for one in done]
    # A later payment of the same batch spends nothing of an earlier one, so what each had over is what it has now.
    await tx.send_only(
        """
        INSERT INTO credit_payments (id, retailer_id, account_id, debit_id, amount_paisa, unapplied_paisa, method,
            state, reference, event_at, created_at, cleared_at, actor_id, actor_name)
        SELECT paid.id, paid.retailer, paid.line, paid.debit, paid.amount, paid.unapplied, paid.method, paid.state,
            paid.reference, paid.event_at, %(now)s, paid.cleared_at, paid.actor, paid.actor_name
        FROM unnest(%(ids)s::uuid[], %(retailers)s::uuid[], %(lines)s::uuid[], %(debits)s::uuid[],
            %(amounts)s::bigint[], %(unapplied)s::bigint[], %(methods)s::text[], %(states)s::text[],
            %(references)s::text[], %(event_ats)s::timestamptz[], %(cleared_ats)s::timestamptz[],
            %(actors)s::uuid[], %(actor_names)s::text[])
            AS paid (id, retailer, line, debit, amount, unapplied, method, state, reference, event_at, cleared_at,
                actor, actor_name)
        """,
        {
            "ids": [one.receipt.payment_id for one in done],
            "retailers": [one.receipt.retailer_id for one in done],
            "lines": [one.line_id for one in done],
            "debits": [one.outcome.debit_id for one in done],
            "amounts": [one.receipt.amount_paisa for one in done],
            "unapplied": [one.outcome.unapplied_paisa for one in done],
            "methods": [one.receipt.method.value for one in done],
            "states": [one.outcome.state.value for one in done],
            "references": [one.receipt.reference for one in done],
            "event_ats": [one.receipt.event_at for one in done],
            "cleared_ats": [now if there else None for there in cleared],
            "actors": [one.actor.id for one in done],
            "actor_names": [one.actor.name for one in done],
            "now": now,
        },
    )
