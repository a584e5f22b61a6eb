"""What happened with a shop, newest first: what was done, from the audit, and what was said, from the messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from khaacho.orders.queries import find_orders_by_id
from khaacho.platform.audit_reports import AuditEntryShown, AuditFilter, find_audit
from khaacho.platform.database import Transaction
from khaacho.whatsapp.messages import MessageRow
from khaacho.whatsapp.reports import find_conversation

PAGE_LENGTH = 30
# Steps of orders and reminders are left out after they are read, so more is read than is shown.
ROWS_READ = 100
# The message itself tells it, with its words.
TOLD_BY_MESSAGE = frozenset({"REMINDER_SENT"})
# What happens between placing and handing over is told on the order's own page.
STEPS_LEFT_OUT = frozenset({"ACCEPTED", "PACKING", "DISPATCHED", "OUT_FOR_DELIVERY"})
# The figure of an entry that is worth showing beside it, the first there is.
FIGURES = ("amount_paisa", "total_paisa", "limit_paisa", "remaining_paisa")
_TICK = timedelta(microseconds=1)


class Moment(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done, or said."""

    at: datetime
    audit: AuditEntryShown | None = None
    message: MessageRow | None = None

    @property
    def paisa(self) -> int | None:
        """What it was about in money, where it was."""
        values: Mapping[str, Any] = (self.audit.new_values if self.audit else None) or {}
        return next((values[name] for name in FIGURES if isinstance(values.get(name), int)), None)

    @property
    def status(self) -> str | None:
        """What an order became."""
        values: Mapping[str, Any] = (self.audit.new_values if self.audit else None) or {}
        return str(values["status"]) if values.get("status") else None


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """A page of it; `before` continues it, None at the end. `codes` names the orders that are spoken of."""

    moments: list[Moment]
    before: datetime | None
    codes: dict[UUID, str] = {}


async def find_timeline(tx: Transaction, retailer_id: UUID, phone: str, *, before: datetime | None) -> Timeline:
    """The newest page, or the one before a moment."""
    audit = await find_audit(tx, AuditFilter(retailer_id=retailer_id, until=before), limit=ROWS_READ)
    messages = await find_conversation(tx, phone, before=before, limit=ROWS_READ)
    timeline = lay_out(audit.entries, messages, rows_read=ROWS_READ)
    ids = {one.audit.subject_id for one in timeline.moments if one.audit and one.audit.subject_kind == "order"}
    codes = {order.id: order.code for order in await find_orders_by_id(tx, list(ids))}
    return msgspec.structs.replace(timeline, codes=codes)


def lay_out(audit: Sequence[AuditEntryShown], messages: Sequence[MessageRow], *, rows_read: int) -> Timeline:
    """One page of both, newest first; `rows_read` of either means that there may be older ones. Pure.

    What one transaction did happened at one moment, and a page never ends in the middle of it. Of one moment, what
    was said stands above what was done: it was said about it.
    """
    # Below the oldest row of a kind that was not read to its end, the other kind alone would tell half the story.
    known = [rows[-1].created_at for rows in (audit, messages) if len(rows) >= rows_read]
    horizon = max(known, default=None)
    moments = [Moment(at=one.created_at, audit=one) for one in audit if _is_told(one)]
    moments += [Moment(at=one.created_at, message=one) for one in messages]
    moments.sort(key=lambda one: (one.at, one.message is not None), reverse=True)
    page = [one for one in moments if horizon is None or one.at > horizon]
    if len(page) > PAGE_LENGTH:
        last = page[PAGE_LENGTH - 1].at
        page = [one for one in page if one.at >= last]
        return Timeline(moments=page, before=last)
    return Timeline(moments=page, before=horizon + _TICK if horizon else None)


def _is_told(entry: AuditEntryShown) -> bool:
    if entry.action == "ORDER_STATUS_CHANGED":
        return (entry.new_values or {}).get("status") not in STEPS_LEFT_OUT
    return entry.action not in TOLD_BY_MESSAGE
