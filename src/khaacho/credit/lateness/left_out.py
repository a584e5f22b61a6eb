"""Who would be reminded on a day by what is due, and is not, and why: for a person who reads the preview [C40]."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.credit.lateness.reminder_rules import stage_days
from khaacho.parties.queries import send_retailers
from khaacho.parties.records import PartyStatus, Retailer
from khaacho.parties.standings import CreditStatus
from khaacho.platform.database import Transaction


class Why(StrEnum):
    """Why nobody is reminded of an item; of several, the first that holds."""

    INACTIVE = "INACTIVE"
    STOPPED = "STOPPED"
    PROMISED = "PROMISED"
    DISPUTED = "DISPUTED"
    REMINDED = "REMINDED"
    NO_PHONE = "NO_PHONE"
    OPTED_OUT = "OPTED_OUT"


# Nobody can be told, whatever is due. Who that is, is known to those who send.
UNREACHABLE = frozenset({Why.NO_PHONE, Why.OPTED_OUT})


class LeftOut(msgspec.Struct, frozen=True, kw_only=True):
    """What one retailer is not reminded of for one reason; `until` is the day of a promise, `at` of a reminder."""

    retailer: Retailer
    why: Why
    items: int
    remaining_paisa: int
    until: date | None = None
    at: datetime | None = None


class _Item(msgspec.Struct, frozen=True, kw_only=True):
    retailer_id: UUID
    remaining_paisa: int
    line_stopped: bool
    disputed: bool
    promised_on: date | None
    claimed_at: datetime | None


async def find_left_out(tx: Transaction, on: date, *, unreachable: Mapping[UUID, Why], limit: int) -> list[LeftOut]:
    """At most `limit` retailers with a reason each, in the order of retailer ids.

    `unreachable` says of whom it is known that nobody can tell them anything, and why.
    """
    days = stage_days(on, made_up=on <= clock.business_day())
    # Served by credit_debits_open_due_idx, as the reminders themselves are.
    items = await tx.all(
        """
        SELECT debit.retailer_id, debit.amount_paisa - debit.cleared_paisa AS remaining_paisa,
            line.status <> 'ACTIVE' AS line_stopped, dispute.debit_id IS NOT NULL AS disputed, promise.promised_on,
            said.claimed_at
        FROM unnest(%(stages)s::text[], %(due_days)s::date[]) AS day (stage, due_on)
        JOIN credit_debits AS debit ON debit.due_on = day.due_on AND debit.cleared_paisa < debit.amount_paisa
        JOIN credit_accounts AS line ON line.id = debit.account_id
        LEFT JOIN credit_disputes AS dispute ON dispute.debit_id = debit.id AND dispute.resolved_at IS NULL
        LEFT JOIN credit_promises AS promise
            ON promise.retailer_id = debit.retailer_id AND promise.state = 'LIVE' AND promise.promised_on >= %(on)s
        LEFT JOIN credit_reminders AS said ON said.debit_id = debit.id AND said.stage = day.stage
        ORDER BY debit.retailer_id
        """,
        {"stages": [day.stage.value for day in days], "due_days": [day.due_on for day in days], "on": on},
        into=_Item,
    )
    retailers = {
        one.id: one for one in await (await send_retailers(tx, sorted({item.retailer_id for item in items}))).all()
    }
    grouped: dict[tuple[UUID, Why], list[_Item]] = defaultdict(list)
    for item in items:
        why = _decide_why(retailers[item.retailer_id], item, on=on, unreachable=unreachable.get(item.retailer_id))
        if why is not None:
            grouped[item.retailer_id, why].append(item)
    return [
        LeftOut(
            retailer=retailers[retailer_id],
            why=why,
            items=len(those),
            remaining_paisa=sum(item.remaining_paisa for item in those),
            until=those[0].promised_on if why is Why.PROMISED else None,
            at=those[0].claimed_at if why is Why.REMINDED else None,
        )
        for (retailer_id, why), those in list(grouped.items())[:limit]
    ]


def _decide_why(retailer: Retailer, item: _Item, *, on: date, unreachable: Why | None) -> Why | None:
    """None when it is reminded of. Pure."""
    if retailer.status is not PartyStatus.ACTIVE:
        return Why.INACTIVE
    # What was said already cannot be left out any more, whatever holds now.
    if item.claimed_at is not None:
        # Of yesterday's stage there is nothing to tell today.
        return Why.REMINDED if clock.business_day(item.claimed_at) == on else None
    if retailer.credit_status is not CreditStatus.ACTIVE or item.line_stopped:
        return Why.STOPPED
    if item.promised_on is not None:
        return Why.PROMISED
    return Why.DISPUTED if item.disputed else unreachable
