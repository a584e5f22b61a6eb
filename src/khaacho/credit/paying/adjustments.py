"""What is owed, changed by neither goods nor money: returns, disputes, promotions, write-offs, opening balances [C62].

A debit opens an item, due after the line's terms; it is a fact, so it may take the line past its limit. A credit
clears the item it names, then the oldest on its line; what is beyond is kept ahead for the next item, whatever its
reason. An adjustment is between a shop and one lender, so it touches one line.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.actions import open_debits
from khaacho.credit.allocation import Plan, allocate, audited_parts
from khaacho.credit.events import AdjustmentRecorded
from khaacho.credit.paying.receiving import require_past
from khaacho.credit.records import (
    Adjustment,
    AdjustmentKind,
    AdjustmentOutcome,
    AdjustmentReason,
    AdjustmentState,
    Allocation,
    CreditLine,
    Debit,
    NewAdjustment,
)
from khaacho.credit.tab_rows import LockedTab, lock_tab_of, resume_if_cured, send_find_named, write_tab
from khaacho.credit.tabs import Fund, FundKind
from khaacho.errors import (
    AdjustmentNotFound,
    DebitCleared,
    DebitNotFound,
    NoCreditAccount,
    ValidationFailed,
)
from khaacho.ids import new_id
from khaacho.ledger.actions import NewAccount, open_accounts
from khaacho.ledger.chart import AccountKind, TransferCode
from khaacho.money import AMOUNT_PAISA_MAX
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction
from khaacho.platform.events import publish

# Where the other side of an adjustment stands: apart for what was given up and for what was taken over.
CONTRA = {
    AdjustmentReason.WRITE_OFF: (AccountKind.WRITE_OFFS, TransferCode.WRITE_OFF),
    AdjustmentReason.OPENING_BALANCE: (AccountKind.OPENING_BALANCES, TransferCode.OPENING_BALANCE),
}
OTHERWISE = (AccountKind.ADJUSTMENTS, TransferCode.ADJUSTMENT)


class _Posted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of it in the tab: the item it is about, what it cleared, what it keeps ahead."""

    debit_id: UUID | None
    allocations: tuple[Allocation, ...] = ()
    unapplied_paisa: int = 0


async def record_adjustment(tx: Transaction, actor: Actor, new: NewAdjustment) -> AdjustmentOutcome:
    """Record an adjustment and everything it changes.

    Raises RetailerNotFound, NoCreditAccount, DebitNotFound, DebitCleared or ValidationFailed; then nothing changed.
    """
    event_at = _require_sane(new)
    named = await _require_named(tx, new)
    locked = await lock_tab_of(tx, new.retailer_id, also=[named.id] if named else ())
    line = _choose_line(locked, new, named)
    adjustment = Adjustment(
        id=new_id(),
        retailer_id=new.retailer_id,
        account_id=line.id,
        debit_id=named.id if named else None,
        kind=AdjustmentKind.DEBIT if new.amount_paisa > 0 else AdjustmentKind.CREDIT,
        amount_paisa=abs(new.amount_paisa),
        unapplied_paisa=0,
        reason=new.reason,
        note=new.note,
        state=AdjustmentState.POSTED,
        event_at=event_at,
    )
    contra = _contra(adjustment.reason, line)
    await open_accounts(tx, [contra])
    if adjustment.kind is AdjustmentKind.DEBIT:
        posted = await _owe_more(tx, actor, locked, line, adjustment, contra)
    else:
        posted = _owe_less(actor, locked, line, adjustment, contra, named)
    await _insert(tx, actor, adjustment, posted)
    await write_tab(tx, locked)
    await record_audit(tx, actor, [_audit(adjustment, posted)])
    signed = adjustment.amount_paisa if adjustment.kind is AdjustmentKind.DEBIT else -adjustment.amount_paisa
    await publish(
        tx,
        [
            AdjustmentRecorded(
                adjustment_id=adjustment.id,
                retailer_id=adjustment.retailer_id,
                change_paisa=signed,
                cleared_order_ids=locked.tab.closed_orders,
            )
        ],
    )
    await resume_if_cured(tx, actor, locked, [new.retailer_id])
    line = locked.line(line.id)
    return AdjustmentOutcome(
        adjustment_id=adjustment.id,
        retailer_id=adjustment.retailer_id,
        debit_id=posted.debit_id,
        kind=adjustment.kind,
        amount_paisa=adjustment.amount_paisa,
        unapplied_paisa=posted.unapplied_paisa,
        used_paisa=locked.used_paisa(adjustment.retailer_id),
        over_limit_paisa=max(0, line.used_paisa - line.limit_paisa),
        allocations=posted.allocations,
    )


async def find_adjustment(tx: Transaction, adjustment_id: UUID) -> Adjustment:
    """The adjustment as it stands. Raises AdjustmentNotFound. Lock its retailer's lines before acting on it."""
    adjustment = await tx.first(
        """
        SELECT id, retailer_id, account_id, debit_id, kind, amount_paisa, unapplied_paisa, reason, note, state, event_at
        FROM credit_adjustments
        WHERE id = %(id)s
        """,
        {"id": adjustment_id},
        into=Adjustment,
    )
    if adjustment is None:
        raise AdjustmentNotFound(adjustment_id=adjustment_id)
    return adjustment


def _require_sane(new: NewAdjustment) -> datetime:
    """When it happened. Raises ValidationFailed."""
    if new.amount_paisa == 0 or abs(new.amount_paisa) > AMOUNT_PAISA_MAX:
        raise ValidationFailed(field="adjustmentAmount", why="must be above zero (owed more) or below (owed less)")
    if new.reason is AdjustmentReason.WRITE_OFF and new.amount_paisa > 0:
        raise ValidationFailed(field="adjustmentAmount", why="a write-off lowers what is owed: below zero")
    return require_past(new.event_at)


async def _require_named(tx: Transaction, new: NewAdjustment) -> Debit | None:
    if new.debit_id is None:
        return None
    named = next(iter(await (await send_find_named(tx, [new.debit_id])).all()), None)
    if named is None:
        raise DebitNotFound(transaction_id=new.debit_id)
    if named.retailer_id != new.retailer_id:
        raise ValidationFailed(field="retailerId", why="is not who owes this item")
    return named


def _choose_line(locked: LockedTab, new: NewAdjustment, named: Debit | None) -> CreditLine:
    """The line of the item named, or of the lender named, or the platform's, or the only one there is."""
    lines = locked.lines_of(new.retailer_id)
    if named is not None:
        line = locked.line(named.account_id)
        if new.vendor_id not in (None, line.vendor_id):
            raise ValidationFailed(field="vendorId", why="is not who lent for this item")
        return line
    if new.vendor_id is None:
        return lines[0]
    for line in lines:
        if line.vendor_id == new.vendor_id:
            return line
    raise NoCreditAccount(retailer_id=new.retailer_id, vendor_id=new.vendor_id)


def _contra(reason: AdjustmentReason, line: CreditLine) -> NewAccount:
    """Each lender's gifts and losses stand on accounts of its own."""
    kind, _ = CONTRA.get(reason, OTHERWISE)
    return NewAccount(kind=kind, owner_id=line.vendor_id)


async def _owe_more(
    tx: Transaction, actor: Actor, locked: LockedTab, line: CreditLine, adjustment: Adjustment, contra: NewAccount
) -> _Posted:
    """A new item, past the limit if need be; what was paid ahead clears it at once."""
    tab = locked.tab
    debit = Debit(
        id=new_id(),
        account_id=line.id,
        retailer_id=line.retailer_id,
        source_kind=FundKind.ADJUSTMENT.value,
        source_id=adjustment.id,
        amount_paisa=adjustment.amount_paisa,
        cleared_paisa=0,
        written_off=False,
        opened_at=adjustment.event_at,
        due_on=clock.business_day(adjustment.event_at) + timedelta(days=line.terms_days),
        cleared_at=None,
    )
    await open_debits(tx, [debit])
    tab.open_item(debit)
    tab.book.raise_ceiling(line.id, line.used_paisa + adjustment.amount_paisa)
    fund = _fund(adjustment, line)
    _, code = CONTRA.get(adjustment.reason, OTHERWISE)
    tab.book.post(
        actor,
        debit_account_id=line.id,
        credit_account_id=contra.account_id,
        amount=adjustment.amount_paisa,
        code=code,
        source=fund.source,
        key=f"adjustment:{adjustment.id}",
        event_at=adjustment.event_at,
    )
    tab.spend_ahead(actor, line.id)
    return _Posted(debit_id=debit.id)


def _owe_less(
    actor: Actor,
    locked: LockedTab,
    line: CreditLine,
    adjustment: Adjustment,
    contra: NewAccount,
    named: Debit | None,
) -> _Posted:
    """Items cleared on one line, first the one named; what is beyond them stays ahead."""
    if named is not None and locked.tab.debit(named.id).remaining_paisa == 0:
        raise DebitCleared(transaction_id=named.id)
    owed = locked.tab.open_debits([line.id])
    writes_off = adjustment.reason is AdjustmentReason.WRITE_OFF
    plan: Plan = allocate(adjustment.amount_paisa, owed, first=adjustment.debit_id)
    _, code = CONTRA.get(adjustment.reason, OTHERWISE)
    allocations = locked.tab.bring_in(
        actor, _fund(adjustment, line), plan, from_account=contra.account_id, code=code, writes_off=writes_off
    )
    return _Posted(debit_id=adjustment.debit_id, allocations=allocations, unapplied_paisa=plan.unapplied_paisa)


def _fund(adjustment: Adjustment, line: CreditLine) -> Fund:
    return Fund(
        id=adjustment.id,
        kind=FundKind.ADJUSTMENT,
        line_id=line.id,
        unapplied_paisa=0,
        event_at=adjustment.event_at,
    )


async def _insert(tx: Transaction, actor: Actor, adjustment: Adjustment, posted: _Posted) -> None:
    await tx.send_only(
        """
        INSERT INTO credit_adjustments (id, retailer_id, account_id, debit_id, kind, amount_paisa, unapplied_paisa,
            reason, note, state, event_at, created_at, actor_id, actor_name)
        VALUES (%(id)s, %(retailer_id)s, %(account_id)s, %(debit_id)s, %(kind)s, %(amount_paisa)s, %(unapplied)s,
            %(reason)s, %(note)s, %(state)s, %(event_at)s, %(now)s, %(actor)s, %(actor_name)s)
        """,
        {
            **msgspec.structs.asdict(adjustment),
            "kind": adjustment.kind.value,
            "reason": adjustment.reason.value,
            "state": adjustment.state.value,
            "unapplied": posted.unapplied_paisa,
            "now": clock.now(),
            "actor": actor.id,
            "actor_name": actor.name,
        },
    )


def _audit(adjustment: Adjustment, posted: _Posted) -> AuditEntry:
    return AuditEntry(
        action="ADJUSTMENT",
        subject_kind="adjustment",
        subject_id=adjustment.id,
        retailer_id=adjustment.retailer_id,
        reason=adjustment.note or adjustment.reason.value,
        new={
            "kind": adjustment.kind.value,
            "amount_paisa": adjustment.amount_paisa,
            "reason": adjustment.reason.value,
            "account_id": adjustment.account_id,
            "transaction_id": posted.debit_id,
            "allocations": audited_parts(posted.allocations),
            "unapplied_paisa": posted.unapplied_paisa,
        },
    )
