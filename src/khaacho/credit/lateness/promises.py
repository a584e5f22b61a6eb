"""Promises to pay: one live promise a retailer, during which nobody is reminded [C41].

A new promise replaces the live one, which stays as history. Whether one was kept is judged when money comes in, when a
credit lowers what is owed, and on the morning after its day. The retailer's row is locked first, so that a reminder is
before or after, never between.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.lateness.promise_rules import PROMISE_DAYS_MAX, PromiseState, judge_promise
from khaacho.credit.queries import find_open_debits
from khaacho.errors import Conflict, RetailerNotFound, ValidationFailed
from khaacho.ids import new_id
from khaacho.parties.standings import lock_standing
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction

PROMISES_SHOWN_MAX = 50

_COLUMNS = """
    id, retailer_id, promised_on, amount_paisa, note, state, paid_paisa, made_at, actor_name, ended_at
"""


class Promise(msgspec.Struct, frozen=True, kw_only=True):
    """A day by which a retailer said to pay `amount_paisa`; `paid_paisa` is what had come in when it ended."""

    id: UUID
    retailer_id: UUID
    promised_on: date
    amount_paisa: int
    note: str | None
    state: PromiseState
    paid_paisa: int | None
    made_at: datetime
    actor_name: str
    ended_at: datetime | None


class NewPromise(msgspec.Struct, frozen=True, kw_only=True):
    """A promise to record; without an amount it is about everything that is open now."""

    retailer_id: UUID
    promised_on: date
    amount_paisa: int | None = None
    note: str | None = None


async def record_promise(tx: Transaction, actor: Actor, new: NewPromise) -> Promise:
    """Record a promise, replacing the live one. The same day and amount again changes nothing.

    Raises RetailerNotFound; Conflict when nothing is owed; ValidationFailed for a day that is past or too far, and
    for an amount that is not above zero or above what is owed. Then nothing changed.
    """
    if await lock_standing(tx, new.retailer_id) is None:
        raise RetailerNotFound(retailer_id=new.retailer_id)
    today = clock.business_day()
    if not today <= new.promised_on <= today + timedelta(days=PROMISE_DAYS_MAX):
        raise ValidationFailed(field="date", why=f"must be from today to {PROMISE_DAYS_MAX} days from now")
    owed_paisa = sum(debit.remaining_paisa for debit in await find_open_debits(tx, new.retailer_id))
    if owed_paisa == 0:
        raise Conflict(why="Nothing is owed, so there is nothing to promise.")
    amount_paisa = owed_paisa if new.amount_paisa is None else new.amount_paisa
    if not 0 < amount_paisa <= owed_paisa:
        raise ValidationFailed(field="amount", why="must be above zero and at most what is owed")
    before = await find_live_promise(tx, new.retailer_id)
    if before is not None:
        if (before.promised_on, before.amount_paisa) == (new.promised_on, amount_paisa):
            return before
        await _end(tx, before, PromiseState.REPLACED, paid_paisa=await _paid_since(tx, before))
    promise = Promise(
        id=new_id(),
        retailer_id=new.retailer_id,
        promised_on=new.promised_on,
        amount_paisa=amount_paisa,
        note=new.note,
        state=PromiseState.LIVE,
        paid_paisa=None,
        made_at=clock.now(),
        actor_name=actor.name,
        ended_at=None,
    )
    await _insert(tx, actor, promise)
    await record_audit(tx, actor, [_audit_of("PROMISE_TO_PAY", promise, before=before)])
    return promise


async def judge_live_promise(tx: Transaction, actor: Actor, retailer_id: UUID) -> PromiseState | None:
    """Mark the live promise as kept or broken where it is; answers what it is now, None when there is none."""
    await lock_standing(tx, retailer_id)
    promise = await find_live_promise(tx, retailer_id)
    if promise is None:
        return None
    paid_paisa = await _paid_since(tx, promise)
    state = judge_promise(
        promised_on=promise.promised_on,
        amount_paisa=promise.amount_paisa,
        paid_paisa=paid_paisa,
        owed_paisa=sum(debit.remaining_paisa for debit in await find_open_debits(tx, retailer_id)),
        today=clock.business_day(),
    )
    if state is not PromiseState.LIVE:
        await _end(tx, promise, state, paid_paisa=paid_paisa)
        ended = msgspec.structs.replace(promise, state=state, paid_paisa=paid_paisa)
        await record_audit(tx, actor, [_audit_of(f"PROMISE_{state}", ended, before=None)])
    return state


async def find_live_promise(tx: Transaction, retailer_id: UUID) -> Promise | None:
    """The promise that holds reminders back, or None."""
    return await tx.first(
        f"SELECT {_COLUMNS} FROM credit_promises WHERE retailer_id = %(retailer)s AND state = 'LIVE'",
        {"retailer": retailer_id},
        into=Promise,
    )


async def find_promises(tx: Transaction, retailer_id: UUID) -> list[Promise]:
    """Every promise of a retailer, newest first."""
    return await tx.all(
        f"""
        SELECT {_COLUMNS} FROM credit_promises
        WHERE retailer_id = %(retailer)s
        ORDER BY made_at DESC, id DESC
        LIMIT %(limit)s
        """,
        {"retailer": retailer_id, "limit": PROMISES_SHOWN_MAX},
        into=Promise,
    )


async def find_broken_promises(tx: Transaction, *, since: datetime, limit: int) -> list[Promise]:
    """Those that were found broken since a moment, newest first."""
    return await tx.all(
        f"""
        SELECT {_COLUMNS} FROM credit_promises
        WHERE state = 'BROKEN' AND ended_at >= %(since)s
        ORDER BY ended_at DESC, id DESC
        LIMIT %(limit)s
        """,
        {"since": since, "limit": limit},
        into=Promise,
    )


async def find_promises_past_day(tx: Transaction) -> list[UUID]:
    """Retailers whose live promise is about a day that is over, the oldest first; by credit_promises_live_idx."""
    return await tx.values(
        """
        SELECT retailer_id FROM credit_promises
        WHERE state = 'LIVE' AND promised_on < %(today)s
        ORDER BY promised_on, id
        """,
        {"today": clock.business_day()},
    )


async def _paid_since(tx: Transaction, promise: Promise) -> int:
    """What came in since the promise, by when we learned of it: money that is there, and whatever else lowered what was
    owed then, such as a credit, or money that was ahead elsewhere.
    """
    paid: int = await tx.value(
        """
        WITH money AS (
            SELECT id, amount_paisa
            FROM credit_payments
            WHERE retailer_id = %(retailer)s AND account_id IS NOT NULL AND state = 'CLEARED'
                AND COALESCE(cleared_at, created_at) >= %(since)s
        ), otherwise AS (
            -- What was undone counts against what was done to the same item, and never below nothing: an item that is
            -- owed again is no debt of the promise.
            SELECT GREATEST(0, SUM(part.amount_paisa)) AS lowered_paisa
            FROM credit_debits AS debit
            JOIN credit_allocations AS part ON part.debit_id = debit.id
            WHERE debit.account_id IN (SELECT id FROM credit_accounts WHERE retailer_id = %(retailer)s)
                AND debit.created_at <= %(since)s AND part.created_at >= %(since)s
                AND NOT EXISTS (SELECT FROM money WHERE money.id = part.payment_id)
            GROUP BY debit.id
        )
        SELECT (COALESCE((SELECT SUM(amount_paisa) FROM money), 0)
            + COALESCE((SELECT SUM(lowered_paisa) FROM otherwise), 0))::bigint
        """,
        {"retailer": promise.retailer_id, "since": promise.made_at},
    )
    return paid


async def _insert(tx: Transaction, actor: Actor, promise: Promise) -> None:
    await tx.execute(
        """
        INSERT INTO credit_promises (id, retailer_id, promised_on, amount_paisa, note, made_at, actor_id, actor_name)
        VALUES (%(id)s, %(retailer)s, %(promised_on)s, %(amount)s, %(note)s, %(now)s, %(actor)s, %(actor_name)s)
        """,
        {
            "id": promise.id,
            "retailer": promise.retailer_id,
            "promised_on": promise.promised_on,
            "amount": promise.amount_paisa,
            "note": promise.note,
            "now": promise.made_at,
            "actor": actor.id,
            "actor_name": actor.name,
        },
    )


async def _end(tx: Transaction, promise: Promise, state: PromiseState, *, paid_paisa: int) -> None:
    await tx.execute(
        """
        UPDATE credit_promises SET state = %(state)s, paid_paisa = %(paid)s, ended_at = %(now)s
        WHERE id = %(id)s AND state = 'LIVE'
        """,
        {"id": promise.id, "state": state.value, "paid": paid_paisa, "now": clock.now()},
    )


def _audit_of(action: str, promise: Promise, *, before: Promise | None) -> AuditEntry:
    old = None
    if before is not None:
        old = {"promised_on": before.promised_on, "amount_paisa": before.amount_paisa}
    return AuditEntry(
        action=action,
        subject_kind="promise",
        subject_id=promise.id,
        retailer_id=promise.retailer_id,
        reason=promise.note,
        old=old,
        new={
            "promised_on": promise.promised_on,
            "amount_paisa": promise.amount_paisa,
            "paid_paisa": promise.paid_paisa,
        },
    )
