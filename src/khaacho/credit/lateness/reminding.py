"""Who is to be reminded of what, and claiming a reminder so that it is sent once [C40].

Nothing is sent here. `claim_reminder` belongs into the transaction that queues the message: the claim, its audit and
the message then exist together or not at all, so that a stage is reminded of exactly once whatever is killed, run
twice, or run by two. The rows it claims and the amounts it answers come from one statement, which a payment that
commits before it has already changed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credit.lateness.reminder_rules import Stage, stage_days
from khaacho.ids import new_id
from khaacho.parties.queries import send_retailers
from khaacho.parties.records import PartyStatus, Retailer
from khaacho.parties.standings import (
    CreditStatus,
    RetailerStanding,
    find_standing,
    lock_standing,
    send_find_standings,
)
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction

# Shops read at a time for a preview; some of them may be paused, so a page is not smaller than this.
RETAILERS_READ_MIN, RETAILERS_READ_MAX = 50, 500


class ReminderItem(msgspec.Struct, frozen=True, kw_only=True):
    """An open item that is reminded of, with what remained of it at that moment."""

    debit_id: UUID
    retailer_id: UUID
    stage: Stage
    remaining_paisa: int
    opened_at: datetime
    due_on: date
    source_kind: str
    source_id: UUID


class Reminder(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one retailer: every item that is at a stage today, the earliest due first."""

    message_id: UUID
    retailer_id: UUID
    items: tuple[ReminderItem, ...]


class WaitingReminder(msgspec.Struct, frozen=True, kw_only=True):
    """What a reminder that is not out yet may still say; no items when there is nothing left to remind of.

    `as_claimed`: every item of it, with the amounts it was claimed with, on the day it was claimed.
    """

    retailer_id: UUID
    items: tuple[ReminderItem, ...]
    as_claimed: bool


class ReminderPreview(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the run of a day would remind of what, as things stand now."""

    retailer: Retailer
    items: tuple[ReminderItem, ...]


class _ClaimedItem(ReminderItem, frozen=True, kw_only=True):
    claimed_paisa: int
    claimed_at: datetime
    is_due: bool


async def find_retailers_to_remind(tx: Transaction, on: date | None = None) -> list[UUID]:
    """Retailers with something to be reminded of on that day (today) and not claimed yet, in the order of their ids."""
    due = await tx.values(
        f"SELECT DISTINCT debit.retailer_id {_DUE} ORDER BY debit.retailer_id",
        _due_params(on or clock.business_day()) | {"after": None},
    )
    standings = await (await send_find_standings(tx, due)).all()
    return sorted(standing.id for standing in standings if _may_remind(standing))


async def claim_reminder(tx: Transaction, actor: Actor, retailer_id: UUID) -> Reminder | None:
    """Claim everything this retailer is to be reminded of today, with its audit; None when there is nothing (left).

    The retailer's row is locked first, so that a pause, a promise or a second run is before or after, never between.
    """
    standing = await lock_standing(tx, retailer_id)
    if standing is None or not _may_remind(standing):
        return None
    message_id = new_id()
    items = await tx.all(
        f"""
        WITH due AS (SELECT {_ITEM} {_DUE} AND debit.retailer_id = %(retailer)s),
        claimed AS (
            INSERT INTO credit_reminders (debit_id, stage, message_id, retailer_id, remaining_paisa, claimed_at)
            SELECT debit_id, stage, %(message)s, retailer_id, remaining_paisa, %(now)s FROM due
            ON CONFLICT (debit_id, stage) DO NOTHING
            RETURNING debit_id, stage
        )
        SELECT due.* FROM due JOIN claimed USING (debit_id, stage) ORDER BY due.due_on, due.opened_at, due.debit_id
        """,
        _due_params(clock.business_day())
        | {"after": None, "retailer": retailer_id, "message": message_id, "now": clock.now()},
        into=ReminderItem,
    )
    if not items:
        return None
    reminder = Reminder(message_id=message_id, retailer_id=retailer_id, items=tuple(items))
    await record_audit(tx, actor, [_audit_of(reminder)])
    return reminder


async def find_waiting_reminder(tx: Transaction, message_id: UUID) -> WaitingReminder | None:
    """What of a claimed reminder is still to be said, as things stand now; None when nothing was claimed for it.

    For the moment before it goes out: what was cleared (by whatever cleared it), disputed or promised since, and
    everything when credit was stopped, is not reminded of any more.
    """
    # Served by credit_reminders_message_idx.
    claimed = await tx.all(
        f"""
        SELECT debit.id AS debit_id, debit.retailer_id, said.stage, debit.opened_at, debit.due_on, debit.source_kind,
            debit.source_id, debit.amount_paisa - debit.cleared_paisa AS remaining_paisa,
            said.remaining_paisa AS claimed_paisa, said.claimed_at,
            debit.cleared_paisa < debit.amount_paisa AND line.status = 'ACTIVE' AND {_NOT_HELD_BACK} AS is_due
        FROM credit_reminders AS said
        JOIN credit_debits AS debit ON debit.id = said.debit_id
        JOIN credit_accounts AS line ON line.id = debit.account_id
        WHERE said.message_id = %(message)s
        ORDER BY debit.due_on, debit.opened_at, debit.id
        """,
        {"message": message_id, "today": clock.business_day()},
        into=_ClaimedItem,
    )
    if not claimed:
        return None
    standing = await find_standing(tx, claimed[0].retailer_id)
    due = [item for item in claimed if item.is_due] if standing is not None and _may_remind(standing) else []
    return WaitingReminder(
        retailer_id=claimed[0].retailer_id,
        items=tuple(due),
        as_claimed=len(due) == len(claimed)
        and all(item.remaining_paisa == item.claimed_paisa for item in due)
        and clock.business_day(claimed[0].claimed_at) == clock.business_day(),
    )


async def preview_reminders(
    tx: Transaction, on: date, *, without: Collection[UUID] = (), after: UUID | None = None, limit: int
) -> list[ReminderPreview]:
    """Whom the run of that day would remind of what, as things stand now, in the order of retailer ids.

    At most `limit`, all after the retailer `after`, and none of those `without` whom it goes on. Of a coming day only
    its own stages: today's are not missed yet.
    """
    params = _due_params(on) | {"limit": min(max(limit, RETAILERS_READ_MIN), RETAILERS_READ_MAX)}
    found: list[ReminderPreview] = []
    while len(found) < limit:
        items = await tx.all(
            f"""
            WITH wanted AS (SELECT DISTINCT debit.retailer_id {_DUE} ORDER BY debit.retailer_id LIMIT %(limit)s)
            SELECT {_ITEM} {_DUE} AND debit.retailer_id IN (SELECT retailer_id FROM wanted)
            ORDER BY debit.retailer_id, debit.due_on, debit.opened_at, debit.id
            """,
            params | {"after": after},
            into=ReminderItem,
        )
        by_retailer: dict[UUID, list[ReminderItem]] = defaultdict(list)
        for item in items:
            by_retailer[item.retailer_id].append(item)
        retailers = await (await send_retailers(tx, list(by_retailer))).all()
        known = {one.id: one for one in retailers if _is_open(one) and one.id not in without}
        found += [
            ReminderPreview(retailer=known[retailer_id], items=tuple(items))
            for retailer_id, items in by_retailer.items()
            if retailer_id in known
        ]
        if len(by_retailer) < params["limit"]:
            break
        after = max(by_retailer)
    return found[:limit]


_ITEM = """
    debit.id AS debit_id, debit.retailer_id, day.stage, debit.amount_paisa - debit.cleared_paisa AS remaining_paisa,
    debit.opened_at, debit.due_on, debit.source_kind, debit.source_id
"""
_NOT_HELD_BACK = """
    NOT EXISTS (
        SELECT FROM credit_disputes AS dispute WHERE dispute.debit_id = debit.id AND dispute.resolved_at IS NULL
    )
    AND NOT EXISTS (
        SELECT FROM credit_promises AS promise
        WHERE promise.retailer_id = debit.retailer_id AND promise.state = 'LIVE' AND promise.promised_on >= %(today)s
    )
"""
# Served by credit_debits_open_due_idx: cost follows the open items that are due on a handful of days.
_DUE = f"""
    FROM unnest(%(stages)s::text[], %(due_days)s::date[]) AS day (stage, due_on)
    JOIN credit_debits AS debit ON debit.due_on = day.due_on AND debit.cleared_paisa < debit.amount_paisa
    JOIN credit_accounts AS line ON line.id = debit.account_id AND line.status = 'ACTIVE'
    WHERE (%(after)s::uuid IS NULL OR debit.retailer_id > %(after)s)
        AND NOT EXISTS (
            SELECT FROM credit_reminders AS said WHERE said.debit_id = debit.id AND said.stage = day.stage
        )
        AND {_NOT_HELD_BACK}
"""


def _due_params(on: date) -> dict[str, Any]:
    days = stage_days(on, made_up=on <= clock.business_day())
    return {"stages": [day.stage.value for day in days], "due_days": [day.due_on for day in days], "today": on}


def _may_remind(standing: RetailerStanding) -> bool:
    return standing.status == PartyStatus.ACTIVE and standing.credit_status is CreditStatus.ACTIVE


def _is_open(retailer: Retailer) -> bool:
    return retailer.status is PartyStatus.ACTIVE and retailer.credit_status is CreditStatus.ACTIVE


def _audit_of(reminder: Reminder) -> AuditEntry:
    return AuditEntry(
        action="REMINDER_SENT",
        subject_kind="reminder",
        subject_id=reminder.message_id,
        retailer_id=reminder.retailer_id,
        new={
            "total_paisa": sum(item.remaining_paisa for item in reminder.items),
            "items": [
                {
                    "debit_id": str(item.debit_id),
                    "stage": item.stage.value,
                    "remaining_paisa": item.remaining_paisa,
                    "due_on": item.due_on.isoformat(),
                }
                for item in reminder.items
            ],
        },
    )
