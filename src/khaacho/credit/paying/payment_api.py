"""Money in, cheques, adjustments and what undoes them, over HTTP [C60–C63]."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import Request, post
from litestar.params import HeaderParameter

from khaacho.actors import Actor
from khaacho.credit.paying.adjustments import record_adjustment
from khaacho.credit.paying.cashier import Cashier
from khaacho.credit.paying.cheques import bounce_cheque, clear_cheque
from khaacho.credit.paying.payment_api_records import (
    BouncedCheque,
    MaybeReasonBody,
    NewAdjustmentBody,
    NewPaymentBody,
    ReasonBody,
    RecordedAdjustment,
    RecordedPayment,
    Reversed,
    bounced_cheque,
    reason_of,
    recorded_adjustment,
    recorded_payment,
    reversed_answer,
)
from khaacho.credit.paying.reversals import reverse_adjustment, reverse_payment
from khaacho.credit.records import AdjustmentOutcome
from khaacho.money import format_rupees
from khaacho.parties.access import requires
from khaacho.platform.database import Database, Transaction
from khaacho.platform.http import Envelope, ok
from khaacho.platform.idempotency import KEY_LENGTH_MAX, checked_key, hash_request, run_once

KeyHeader = Annotated[str | None, HeaderParameter(name="Idempotency-Key", max_length=KEY_LENGTH_MAX)]


@post(
    "/admin/payment/record",
    operation_id="recordPayment",
    summary="Record a payment",
    guards=[requires("payments.write")],
)
async def record(
    data: NewPaymentBody, request: Request[Any, Any, Any], cashier: Cashier, actor: Actor, key: KeyHeader = None
) -> Envelope[RecordedPayment]:
    """Clears the item named first, then the oldest; what is left over is kept for the next item."""
    outcome = await cashier.take(
        actor, data.payment(), key=checked_key(key), request_hash=hash_request(await request.body())
    )
    return ok(recorded_payment(outcome))


@post(
    "/admin/payment/{payment_id:uuid}/clear",
    operation_id="clearCheque",
    summary="The bank paid a cheque",
    status_code=200,
    guards=[requires("payments.write")],
)
async def clear(payment_id: UUID, database: Database, actor: Actor) -> Envelope[RecordedPayment]:
    """It clears what is open at this moment, first the item it was meant for."""
    async with database.transaction() as tx:
        outcome = await clear_cheque(tx, actor, payment_id)
    return ok(recorded_payment(outcome))


@post(
    "/admin/payment/{payment_id:uuid}/bounce",
    operation_id="bounceCheque",
    summary="The bank did not pay a cheque",
    status_code=200,
    guards=[requires("payments.write")],
)
async def bounce(
    payment_id: UUID, database: Database, actor: Actor, data: MaybeReasonBody | None = None
) -> Envelope[BouncedCheque]:
    """Nothing was freed by it, so nothing changes but the cheque."""
    reason = reason_of(data)
    async with database.transaction() as tx:
        cheque = await bounce_cheque(tx, actor, payment_id, reason=reason)
    return ok(bounced_cheque(cheque, reason))


@post(
    "/admin/payment/{payment_id:uuid}/reverse",
    operation_id="reversePayment",
    summary="Take back a payment that was wrong",
    status_code=200,
    guards=[requires("payments.write")],
)
async def reverse(payment_id: UUID, data: ReasonBody, database: Database, actor: Actor) -> Envelope[Reversed]:
    """What it cleared is owed again, even past the limit; what it had ahead is gone, also where it was spent."""
    reason = data.given()
    async with database.transaction() as tx:
        outcome = await reverse_payment(tx, actor, payment_id, reason=reason)
    return ok(reversed_answer(outcome), _past_limit(outcome.over_limit_paisa))


@post(
    "/admin/adjustment/create",
    operation_id="createAdjustment",
    summary="Change what a shop owes, by neither goods nor money",
    guards=[requires("adjustments.write")],
)
async def adjust(
    data: NewAdjustmentBody, request: Request[Any, Any, Any], database: Database, actor: Actor, key: KeyHeader = None
) -> Envelope[RecordedAdjustment]:
    """With an Idempotency-Key it happens once however often it is sent."""
    new = data.adjustment()

    async def act(tx: Transaction) -> AdjustmentOutcome:
        return await record_adjustment(tx, actor, new)

    if key is None:
        async with database.transaction() as tx:
            outcome = await act(tx)
    else:
        outcome = await run_once(
            database,
            scope="adjustments",
            key=f"{actor.id}:{checked_key(key)}",
            request_hash=hash_request(await request.body()),
            into=AdjustmentOutcome,
            act=act,
        )
    return ok(recorded_adjustment(outcome), _past_limit(outcome.over_limit_paisa))


@post(
    "/admin/adjustment/{adjustment_id:uuid}/reverse",
    operation_id="reverseAdjustment",
    summary="Take back an adjustment that was wrong",
    status_code=200,
    guards=[requires("adjustments.write")],
)
async def reverse_adjusted(
    adjustment_id: UUID, database: Database, actor: Actor, data: MaybeReasonBody | None = None
) -> Envelope[Reversed]:
    """A credit's items are owed again; what paid a debit is ahead again, and clears what is open."""
    async with database.transaction() as tx:
        outcome = await reverse_adjustment(tx, actor, adjustment_id, reason=reason_of(data))
    return ok(reversed_answer(outcome), _past_limit(outcome.over_limit_paisa))


ROUTES = [record, clear, bounce, reverse, adjust, reverse_adjusted]


def _past_limit(over_paisa: int) -> str | None:
    return f"The shop is now {format_rupees(over_paisa)} past its limit." if over_paisa else None
