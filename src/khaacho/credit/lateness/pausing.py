"""Pausing, blocking and giving back a retailer's credit, by a person or by rule [C50–C52].

Lock order: credit lines (ledger accounts) before the retailer's row, never the other way round. A payment holds its
line when it comes here, so that a pause being decided at the same moment waits for the payment's commit and then sees
it, or is seen by it. Pausing reads open items only after it holds the retailer's row, and locks no line at all.
Whatever changes is audited and published once; doing what is done already changes nothing and says nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.events import CreditStatusChanged
from khaacho.credit.lateness.pause_rules import AgingItem, PauseVerdict, decide_pause
from khaacho.errors import Conflict, RetailerNotFound
from khaacho.ids import new_id
from khaacho.parties.standings import (
    CreditStatus,
    RetailerStanding,
    find_standing,
    lock_standing,
    send_find_standings,
    set_credit_status,
)
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction
from khaacho.platform.events import publish

CURED = "Nothing has been open for too long any more"

_ACTIONS = {
    CreditStatus.ACTIVE: "UNPAUSE_CREDIT",
    CreditStatus.PAUSED: "PAUSE_CREDIT",
    CreditStatus.BLOCKED: "BLOCK_CREDIT",
}


class StandingChange(msgspec.Struct, frozen=True, kw_only=True):
    """Where the retailer's credit stands now, and whether this call brought it there."""

    standing: RetailerStanding
    changed: bool


class _OpenItem(msgspec.Struct, frozen=True, kw_only=True):
    opened_at: datetime
    remaining_paisa: int
    max_outstanding_days: int
    de_minimis_paisa: int


async def evaluate_pause(tx: Transaction, retailer_id: UUID) -> PauseVerdict:
    """Whether what is open is a cause to pause, as of now. Raises RetailerNotFound."""
    if await find_standing(tx, retailer_id) is None:
        raise RetailerNotFound(retailer_id=retailer_id)
    return await _verdict(tx, retailer_id)


async def pause_credit(tx: Transaction, actor: Actor, retailer_id: UUID, *, reason: str) -> StandingChange:
    """A person pauses credit; it stays until a person lifts it, also where the rule had paused it before.

    Raises RetailerNotFound, and Conflict for a blocked retailer: a pause would loosen the block.
    """
    standing = await _locked(tx, retailer_id)
    if standing.credit_status is CreditStatus.BLOCKED:
        raise Conflict(why="Credit is blocked; lift the block before pausing.", retailer_id=retailer_id)
    if standing.credit_status is CreditStatus.PAUSED and not standing.credit_status_automatic:
        return StandingChange(standing=standing, changed=False)
    return await _change(tx, actor, standing, CreditStatus.PAUSED, reason=reason)


async def block_credit(tx: Transaction, actor: Actor, retailer_id: UUID, *, reason: str) -> StandingChange:
    """A person blocks credit; only a person lifts it. Raises RetailerNotFound."""
    standing = await _locked(tx, retailer_id)
    if standing.credit_status is CreditStatus.BLOCKED:
        return StandingChange(standing=standing, changed=False)
    return await _change(tx, actor, standing, CreditStatus.BLOCKED, reason=reason)


async def unpause_credit(tx: Transaction, actor: Actor, retailer_id: UUID, *, reason: str | None) -> StandingChange:
    """A person gives credit back, from a pause or a block. Raises RetailerNotFound.

    A cause that is still there does not hinder it; the next morning's run will find it again.
    """
    standing = await _locked(tx, retailer_id)
    if standing.credit_status is CreditStatus.ACTIVE:
        return StandingChange(standing=standing, changed=False)
    return await _change(tx, actor, standing, CreditStatus.ACTIVE, reason=reason)


async def pause_overdue(tx: Transaction, actor: Actor, retailer_id: UUID) -> bool:
    """Pause by rule, when there is a cause and the retailer's credit is active; answers whether it was paused."""
    standing = await lock_standing(tx, retailer_id)
    if standing is None or not _may_pause(standing):
        return False
    verdict = await _verdict(tx, retailer_id)
    if verdict.reason is None:
        return False
    await _change(tx, actor, standing, CreditStatus.PAUSED, reason=verdict.reason, automatic=True, verdict=verdict)
    return True


async def find_retailers_to_pause(tx: Transaction) -> list[UUID]:
    """Active retailers with something open for too long, each by its own line's days; two statements for all.

    Served by credit_debits_open_since_idx: cost follows the items that are old, not those that are open.
    """
    today = clock.business_day()
    allowed = await tx.values("SELECT DISTINCT max_outstanding_days FROM credit_accounts")
    # Opened before this moment means opened more than so many business days ago.
    opened_before = [clock.start_of_business_day(today - timedelta(days=days)) for days in allowed]
    late = await tx.values(
        """
        SELECT DISTINCT debit.retailer_id
        FROM credit_debits AS debit
        JOIN credit_accounts AS line ON line.id = debit.account_id
        JOIN unnest(%(allowed)s::integer[], %(before)s::timestamptz[]) AS rule (days, opened_before)
            ON rule.days = line.max_outstanding_days
        WHERE debit.cleared_paisa < debit.amount_paisa AND debit.opened_at < %(newest)s
            AND debit.opened_at < rule.opened_before
            AND debit.amount_paisa - debit.cleared_paisa >= line.de_minimis_paisa
        """,
        {"allowed": allowed, "before": opened_before, "newest": max(opened_before, default=None)},
    )
    standings = await (await send_find_standings(tx, late)).all()
    return sorted(standing.id for standing in standings if _may_pause(standing))


async def resume_cured(tx: Transaction, actor: Actor, retailer_id: UUID) -> bool:
    """Give credit back when the rule paused it and nothing is open for too long any more [C52].

    For the end of whatever lowers a debt, in its transaction and after its writes, with its lines locked. A pause set
    by a person stays. Answers whether credit was given back; then it is audited and told once.
    """
    # Locked even when it is active: a pause decided at this moment must wait for what the caller has written.
    standing = await lock_standing(tx, retailer_id)
    if standing is None or standing.credit_status is not CreditStatus.PAUSED or not standing.credit_status_automatic:
        return False
    verdict = await _verdict(tx, retailer_id)
    if verdict.should_pause:
        return False
    await _change(tx, actor, standing, CreditStatus.ACTIVE, reason=CURED, automatic=True, verdict=verdict)
    return True


async def _locked(tx: Transaction, retailer_id: UUID) -> RetailerStanding:
    standing = await lock_standing(tx, retailer_id)
    if standing is None:
        raise RetailerNotFound(retailer_id=retailer_id)
    return standing


def _may_pause(standing: RetailerStanding) -> bool:
    # A shop that may not order at all needs no word about credit.
    return standing.status == "ACTIVE" and standing.credit_status is CreditStatus.ACTIVE


async def _verdict(tx: Transaction, retailer_id: UUID) -> PauseVerdict:
    # Served by credit_debits_open_retailer_idx: cost follows what this retailer owes today.
    items = await tx.all(
        """
        SELECT debit.opened_at, debit.amount_paisa - debit.cleared_paisa AS remaining_paisa,
            line.max_outstanding_days, line.de_minimis_paisa
        FROM credit_debits AS debit
        JOIN credit_accounts AS line ON line.id = debit.account_id
        WHERE debit.retailer_id = %(retailer)s AND debit.cleared_paisa < debit.amount_paisa
        """,
        {"retailer": retailer_id},
        into=_OpenItem,
    )
    aging = [
        AgingItem(
            opened_on=clock.business_day(item.opened_at),
            remaining_paisa=item.remaining_paisa,
            max_outstanding_days=item.max_outstanding_days,
            de_minimis_paisa=item.de_minimis_paisa,
        )
        for item in items
    ]
    return decide_pause(aging, clock.business_day())


async def _change(
    tx: Transaction,
    actor: Actor,
    standing: RetailerStanding,
    status: CreditStatus,
    *,
    reason: str | None,
    automatic: bool = False,
    verdict: PauseVerdict | None = None,
) -> StandingChange:
    """Write, audit and publish one decision."""
    figures = verdict or await _verdict(tx, standing.id)
    kept_reason = None if status is CreditStatus.ACTIVE else reason
    kept_automatic = automatic and status is not CreditStatus.ACTIVE
    await set_credit_status(tx, standing.id, status, reason=kept_reason, automatic=kept_automatic)
    entry = AuditEntry(
        action=_ACTIONS[status],
        subject_kind="retailer",
        subject_id=standing.id,
        retailer_id=standing.id,
        reason=reason,
        old={
            "credit_status": standing.credit_status.value,
            "reason": standing.credit_status_reason,
            "automatic": standing.credit_status_automatic,
        },
        new={
            "credit_status": status.value,
            "automatic": automatic,
            "late_paisa": figures.late_paisa,
            "open_days": figures.open_days,
        },
    )
    await record_audit(tx, actor, [entry])
    changed = CreditStatusChanged(
        decision_id=new_id(),
        retailer_id=standing.id,
        from_status=standing.credit_status,
        to_status=status,
        automatic=automatic,
        reason=reason,
        late_paisa=figures.late_paisa,
        open_days=figures.open_days,
        allowed_days=figures.allowed_days,
    )
    await publish(tx, [changed])
    now = msgspec.structs.replace(
        standing, credit_status=status, credit_status_reason=kept_reason, credit_status_automatic=kept_automatic
    )
    return StandingChange(standing=now, changed=True)
