"""What a visitor may do about a shop's credit, and doing it: the same actions the API calls, once for each form.

Every form carries a key of its own, so that one sent twice, or sent again with the browser's back button, is done once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from khaacho.console.forms import Form
from khaacho.console.orders import read_day
from khaacho.console.visitor import Visitor
from khaacho.credit.actions import open_credit_lines
from khaacho.credit.lateness.claims import PaymentClaim, close_claim, find_open_claim
from khaacho.credit.lateness.disputes import dispute_debit, resolve_dispute
from khaacho.credit.lateness.pausing import block_credit, pause_credit, unpause_credit
from khaacho.credit.lateness.promises import NewPromise, record_promise
from khaacho.credit.paying.adjustments import find_adjustment, record_adjustment
from khaacho.credit.paying.cashier import Cashier
from khaacho.credit.paying.cheques import bounce_cheque, clear_cheque
from khaacho.credit.paying.payments import find_payment, record_payment
from khaacho.credit.paying.reversals import reverse_adjustment, reverse_payment
from khaacho.credit.queries import require_credit_line, require_debit
from khaacho.credit.records import AdjustmentReason, NewAdjustment, NewCreditLine, NewPayment, PaymentMethod
from khaacho.credit.terms import NewTerms, change_terms
from khaacho.errors import (
    AdjustmentNotFound,
    DebitNotFound,
    NoCreditAccount,
    NotFound,
    PaymentNotFound,
    ValidationFailed,
)
from khaacho.parties.permissions import Permission
from khaacho.platform.database import Database, Transaction
from khaacho.platform.idempotency import checked_key, run_once

SCOPE = "console"


class Act(StrEnum):
    """The value is the last part of the form's address."""

    PAYMENT = "payment"
    ADJUSTMENT = "adjustment"
    PROMISE = "promise"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    BLOCK = "block"
    TERMS = "terms"
    OPEN_LINE = "open-line"
    DISPUTE = "dispute"
    RESOLVE = "resolve"
    CLEAR = "clear"
    BOUNCE = "bounce"
    REVERSE_PAYMENT = "reverse-payment"
    REVERSE_ADJUSTMENT = "reverse-adjustment"
    CLOSE_CLAIM = "close-claim"


_PERMISSIONS: Mapping[Act, Permission] = {
    Act.PAYMENT: "payments.write",
    Act.CLEAR: "payments.write",
    Act.BOUNCE: "payments.write",
    Act.REVERSE_PAYMENT: "payments.write",
    Act.CLOSE_CLAIM: "payments.write",
    Act.ADJUSTMENT: "adjustments.write",
    Act.REVERSE_ADJUSTMENT: "adjustments.write",
    Act.TERMS: "guardrails.write",
}


class Direction(StrEnum):
    """Of an adjustment: the shop owes more by it, or less."""

    MORE = "more"
    LESS = "less"


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; `changed` is false where it was so already."""

    changed: bool = True


def permission_for(act: Act) -> Permission:
    """What a visitor's role must be allowed for this."""
    return _PERMISSIONS.get(act, "credit.write")


def allowed_acts(visitor: Visitor) -> frozenset[str]:
    """What this visitor may do at all. Pure; the actions themselves decide again."""
    return frozenset(act.value for act in Act if visitor.may(permission_for(act)))


async def perform(
    database: Database, cashier: Cashier, visitor: Visitor, act: Act, retailer_id: UUID, fields: Mapping[str, Any]
) -> Done:
    """Do it once for each key. Raises whatever the action refuses; then nothing changed."""
    form = Form(fields)
    key = checked_key(form.words("key"))
    digest = form.digest(f"{retailer_id}/{act}")
    if act is Act.PAYMENT and not form.words("claim"):
        async with database.reading() as tx:
            new = await _payment(tx, retailer_id, form)
        await cashier.take(visitor.actor, new, key=f"console:{key}", request_hash=digest)
        return Done()
    action = _ACTIONS[act]

    async def once(tx: Transaction) -> Done:
        return await action(tx, visitor, retailer_id, form)

    return await run_once(
        database, scope=SCOPE, key=f"{visitor.actor.id}:{key}", request_hash=digest, into=Done, act=once
    )


async def _payment(tx: Transaction, retailer_id: UUID, form: Form) -> NewPayment:
    debit_id = form.id_if_given("item")
    if debit_id is not None:
        await _require_own_debit(tx, retailer_id, debit_id)
    return NewPayment(
        amount_paisa=form.paisa("amount"),
        method=form.one_of("method", PaymentMethod),
        retailer_id=retailer_id,
        debit_id=debit_id,
        reference=form.words("reference") or None,
        event_at=form.moment("on"),
    )


async def _claimed_payment(tx: Transaction, visitor: Visitor, retailer_id: UUID, form: Form) -> Done:
    """The payment a shop spoke of: recorded, and its claim closed with it."""
    claim = await _require_own_claim(tx, retailer_id, form)
    await record_payment(tx, visitor.actor, await _payment(tx, retailer_id, form))
    await close_claim(tx, visitor.actor, claim.id, note=form.words("reference") or None)
    return Done()


async def _adjustment(tx: Transaction, visitor: Visitor, retailer_id: UUID, form: Form) -> Done:
    amount = form.paisa("amount")
    if amount <= 0:
        raise ValidationFailed(field="amount", why="must be above zero")
    new = NewAdjustment(
        retailer_id=retailer_id,
        amount_paisa=amount if form.one_of("direction", Direction) is Direction.MORE else -amount,
        reason=form.one_of("why", AdjustmentReason),
        note=form.reason("note"),
        debit_id=form.id_if_given("item"),
        vendor_id=form.id_if_given("vendor"),
        event_at=form.moment("on"),
    )
    await record_adjustment(tx, visitor.actor, new)
    return Done()


async def _promise(tx: Transaction, visitor: Visitor, retailer_id: UUID, form: Form) -> Done:
    day = read_day(form.words("day"))
    if day is None:
        raise ValidationFailed(field="day", why="choose a day")
    new = NewPromise(
        retailer_id=retailer_id,
        promised_on=day,
        amount_paisa=form.paisa_if_given("amount"),
        note=form.words("note") or None,
    )
    await record_promise(tx, visitor.actor, new)
    return Done()


async def _pause(tx: Transaction, visitor: Visitor, retailer_id: UUID, form: Form) -> Done:
    reason = form.reason()
    return Done(changed=(await pause_credit(tx, visitor.actor, retailer_id, reason=reason)).changed)


async def _block(tx: Transaction, visitor: Visitor, retailer_id: UUID, form: Form) -> Done:
    reason = form.reason()
    return Done(changed=(await block_credit(tx, visitor.actor, retailer_id, reason=reason)).changed)


async def _unpause(tx: Transaction, visitor: Visitor, retailer_id: UUID, form: Form) -> Done:
    reason = form.words("reason") or None
    return Done(changed=(await unpause_credit(tx, visitor.actor, retailer_id, reason=reason)).changed)


async def _terms(tx: Transaction, visitor: Visitor, retailer_id: UUID, form: Form) -> Done:
    line_id, reason = form.id("line"), form.reason()
    new = NewTerms(
        limit_paisa=form.paisa("limit"),
        max_order_paisa=form.paisa("max_order"),
        max_outstanding_days=form.days("max_days"),
        terms_days=form.days("terms"),
        de_minimis_paisa=form.paisa("de_minimis"),
    )
    line = await require_credit_line(tx, line_id)
    if line.retailer_id != retailer_id:
        raise NoCreditAccount(account_id=line_id)
    after = await change_terms(tx, visitor.actor, line_id, new, below_use=form.ticked("below_use"), reason=reason)
    return Done(changed=after != line)


async def _open_line(tx: Transaction, visitor: Visitor, retailer_id: UUID, form: Form) -> Done:
    new = NewCreditLine(retailer_id=retailer_id, limit_paisa=form.paisa("limit"), terms_days=form.days("terms"))
    await open_credit_lines(tx, visitor.actor, [new])
    return Done()


async def _dispute(tx: Transaction, visitor: Visitor, retailer_id: UUID, form: Form) -> Done:
    debit_id, reason = form.id("item"), form.reason()
    await _require_own_debit(tx, retailer_id, debit_id)
    await dispute_debit(tx, visitor.actor, debit_id, reason=reason)
    return Done()


async def _resolve(tx: Transaction, visitor: Visitor, retailer_id: UUID, form: Form) -> Done:
    debit_id, note = form.id("item"), form.words("note") or None
    await _require_own_debit(tx, retailer_id, debit_id)
    await resolve_dispute(tx, visitor.actor, debit_id, note=note)
    return Done()


async def _clear(tx: Transaction, visitor: Visitor, retailer_id: UUID, form: Form) -> Done:
    payment_id = form.id("payment")
    await _require_own_payment(tx, retailer_id, payment_id)
    await clear_cheque(tx, visitor.actor, payment_id)
    return Done()


async def _bounce(tx: Transaction, visitor: Visitor, retailer_id: UUID, form: Form) -> Done:
    payment_id, reason = form.id("payment"), form.reason()
    await _require_own_payment(tx, retailer_id, payment_id)
    await bounce_cheque(tx, visitor.actor, payment_id, reason=reason)
    return Done()


async def _reverse_payment(tx: Transaction, visitor: Visitor, retailer_id: UUID, form: Form) -> Done:
    payment_id, reason = form.id("payment"), form.reason()
    await _require_own_payment(tx, retailer_id, payment_id)
    await reverse_payment(tx, visitor.actor, payment_id, reason=reason)
    return Done()


async def _reverse_adjustment(tx: Transaction, visitor: Visitor, retailer_id: UUID, form: Form) -> Done:
    adjustment_id, reason = form.id("adjustment"), form.reason()
    if (await find_adjustment(tx, adjustment_id)).retailer_id != retailer_id:
        raise AdjustmentNotFound(adjustment_id=adjustment_id)
    await reverse_adjustment(tx, visitor.actor, adjustment_id, reason=reason)
    return Done()


async def _close_claim(tx: Transaction, visitor: Visitor, retailer_id: UUID, form: Form) -> Done:
    note = form.reason("note")
    claim = await _require_own_claim(tx, retailer_id, form)
    await close_claim(tx, visitor.actor, claim.id, note=note)
    return Done()


async def _require_own_claim(tx: Transaction, retailer_id: UUID, form: Form) -> PaymentClaim:
    claim = await find_open_claim(tx, retailer_id)
    if claim is None or claim.id != form.id("claim"):
        raise NotFound(what="open payment claim")
    return claim


async def _require_own_debit(tx: Transaction, retailer_id: UUID, debit_id: UUID) -> None:
    if (await require_debit(tx, debit_id)).retailer_id != retailer_id:
        raise DebitNotFound(transaction_id=debit_id)


async def _require_own_payment(tx: Transaction, retailer_id: UUID, payment_id: UUID) -> None:
    if (await find_payment(tx, payment_id)).retailer_id != retailer_id:
        raise PaymentNotFound(payment_id=payment_id)


_ACTIONS: Mapping[Act, Callable[[Transaction, Visitor, UUID, Form], Awaitable[Done]]] = {
    Act.PAYMENT: _claimed_payment,
    Act.ADJUSTMENT: _adjustment,
    Act.PROMISE: _promise,
    Act.PAUSE: _pause,
    Act.UNPAUSE: _unpause,
    Act.BLOCK: _block,
    Act.TERMS: _terms,
    Act.OPEN_LINE: _open_line,
    Act.DISPUTE: _dispute,
    Act.RESOLVE: _resolve,
    Act.CLEAR: _clear,
    Act.BOUNCE: _bounce,
    Act.REVERSE_PAYMENT: _reverse_payment,
    Act.REVERSE_ADJUSTMENT: _reverse_adjustment,
    Act.CLOSE_CLAIM: _close_claim,
}
