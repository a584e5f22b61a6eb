"""The way out: claim (transaction), hand to the provider (no transaction), store how it went (transaction).

A contact's messages go in order: only the oldest that is not out yet may be claimed, and while it waits for its next
try the younger ones wait with it. A claim is a lease; a process that dies in between leaves a message that is claimed
again when the lease ends, unless a status report has told us meanwhile that the provider has it.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.credit.lateness.reminder_rules import is_quiet
from khaacho.parties.phones import is_reachable
from khaacho.platform.database import Database, Transaction
from khaacho.platform.metrics import MESSAGES, REPLY_SECONDS
from khaacho.whatsapp.channels.http import SEND_SECONDS_MAX
from khaacho.whatsapp.channels.port import Channels, Handed, Outgoing, Postponed, Refused, SendResult
from khaacho.whatsapp.delivery import AsTemplate, NotAllowed, decide_delivery, retry_delay
from khaacho.whatsapp.nudges import nudge_send
from khaacho.whatsapp.records import (
    LENGTH_UNKNOWN,
    TEXT_LENGTH_MAX,
    Channel,
    OutboundState,
    Purpose,
    Template,
)
from khaacho.whatsapp.reminding import renew_reminder
from khaacho.whatsapp.splitting import split_text
from khaacho.whatsapp.statuses import rank, send_early_statuses
from khaacho.whatsapp.wording.paying_text import Notice
from khaacho.whatsapp.wording.templates import render_template

NO_LONGER_DUE = "NO_LONGER_DUE"
LEASE = timedelta(seconds=2 * SEND_SECONDS_MAX)


class _StoredTemplate(msgspec.Struct, frozen=True, kw_only=True):
    language: str
    values: tuple[str, ...]
    part: int


class _Claimed(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    contact_id: UUID
    dedupe_key: str
    purpose: Purpose
    body: str
    template: str | None
    template_values: _StoredTemplate | None
    attempts: int
    phone: str | None
    channel: Channel | None
    address: str | None
    last_inbound_at: datetime | None
    opted_out_at: datetime | None
    replied_received_at: datetime | None
    # What it was to say is true no more: it says what is, or nothing at all.
    renewed: bool = False
    withdrawn: bool = False


class _Outcome(msgspec.Struct, frozen=True, kw_only=True):
    claimed: _Claimed
    channel: Channel
    result: SendResult
    # What really went out, where that is not the stored text.
    body: str | None = None


async def send_waiting(database: Database, channels: Channels, *, default: Channel, contact_id: UUID) -> int:
    """Send everything that waits for this contact and may go now, in order; answers how many were handed over.

    Stops at the first that somebody else is sending or that has to wait for its next try.
    """
    handed = 0
    async with database.transaction(pipelined=True) as tx:
        claimed = await _claim_next(tx, contact_id)
    while claimed is not None:
        outcome = await _hand_over(channels, default, claimed)
        MESSAGES.labels("out", outcome.channel, type(outcome.result).__name__.lower()).inc()
        async with database.transaction(pipelined=True) as tx:
            await _store_outcome(tx, outcome)
            claimed = None if isinstance(outcome.result, Postponed) else await _claim_next(tx, contact_id)
        if isinstance(outcome.result, Handed):
            handed += 1
            _observe(outcome)
    return handed


async def _claim_next(tx: Transaction, contact_id: UUID) -> _Claimed | None:
    """The oldest, saying what is true at this moment: what a reminder is about may be cleared by now, or disputed."""
    claimed = await _claim_oldest(tx, contact_id)
    if claimed is None or claimed.purpose is not Purpose.PAYMENT_REMINDER:
        return claimed
    renewal = await renew_reminder(tx, claimed.dedupe_key)
    return claimed if renewal is None else _renew(claimed, renewal.notice)


def _renew(claimed: _Claimed, notice: Notice | None) -> _Claimed:
    part = claimed.template_values.part if claimed.template_values else 1
    length_max = TEXT_LENGTH_MAX[claimed.channel] if claimed.channel else LENGTH_UNKNOWN
    parts = split_text(notice.text, length_max) if notice else []
    if notice is None or part > len(parts):
        return msgspec.structs.replace(claimed, withdrawn=True)
    ready = notice.template
    return msgspec.structs.replace(
        claimed,
        renewed=True,
        body=parts[part - 1],
        template=ready.name,
        template_values=_StoredTemplate(language=ready.language, values=ready.values, part=part),
    )


async def _claim_oldest(tx: Transaction, contact_id: UUID) -> _Claimed | None:
    # Two processes may find the same message; the later one waits for the earlier one's update and then sees that the
    # message is no longer there to be claimed. Served by outbound_messages_waiting_idx.
    return await tx.first(
        """
        UPDATE outbound_messages m SET
            state = 'SENDING', attempts = m.attempts + 1, next_attempt_at = %(lease_ends)s, error = NULL
        FROM contacts c
        WHERE m.id = (
                SELECT id FROM outbound_messages
                WHERE contact_id = %(contact)s AND state IN ('QUEUED', 'SENDING')
                ORDER BY sequence
                LIMIT 1
            )
            AND m.state IN ('QUEUED', 'SENDING')
            AND m.next_attempt_at <= %(now)s
            AND c.id = m.contact_id
        RETURNING m.id, m.contact_id, m.dedupe_key, m.purpose, m.body, m.template, m.template_values, m.attempts,
            c.phone, c.channel, c.address, c.last_inbound_at, c.opted_out_at,
            (SELECT i.received_at FROM inbound_messages i WHERE i.id = m.reply_to_id) AS replied_received_at
        """,
        {"contact": contact_id, "now": clock.now(), "lease_ends": clock.now() + LEASE},
        into=_Claimed,
    )


async def _hand_over(channels: Channels, default: Channel, claimed: _Claimed) -> _Outcome:
    channel, address = _way_to(channels, default, claimed)
    if claimed.withdrawn:
        return _Outcome(claimed=claimed, channel=channel, result=Refused(reason=NO_LONGER_DUE))
    port = channels.get(channel)
    if port is None or address is None:
        return _Outcome(claimed=claimed, channel=channel, result=Refused(reason=f"NO_CHANNEL: {channel}"))
    if not is_reachable(address):
        return _Outcome(claimed=claimed, channel=channel, result=Refused(reason="UNREACHABLE"))
    stored = claimed.template_values
    decision = decide_delivery(
        purpose=claimed.purpose,
        text=claimed.body,
        template=Template(name=claimed.template, language=stored.language, values=stored.values)
        if claimed.template and stored
        else None,
        last_inbound_at=claimed.last_inbound_at,
        opted_out=claimed.opted_out_at is not None,
        at=clock.now(),
        has_window=channel is not Channel.SIMULATOR,
        is_quiet=is_quiet(clock.business_time(clock.now()).time()),
    )
    if isinstance(decision, NotAllowed):
        return _Outcome(claimed=claimed, channel=channel, result=Refused(reason=decision.reason))
    if isinstance(decision, AsTemplate):
        if stored is not None and stored.part > 1:
            return _Outcome(claimed=claimed, channel=channel, result=Refused(reason="SAID_BY_TEMPLATE"))
        outgoing = Outgoing(message_id=claimed.id, address=address, content=decision.template)
        body = render_template(decision.template)
        return _Outcome(claimed=claimed, channel=channel, result=await port.send(outgoing), body=body)
    if len(decision.text) > TEXT_LENGTH_MAX[channel]:
        return _Outcome(claimed=claimed, channel=channel, result=Refused(reason="TOO_LONG"))
    outgoing = Outgoing(message_id=claimed.id, address=address, content=decision.text)
    news = decision.text if claimed.renewed else None
    return _Outcome(claimed=claimed, channel=channel, result=await port.send(outgoing), body=news)


def _way_to(channels: Channels, default: Channel, claimed: _Claimed) -> tuple[Channel, str | None]:
    """Where the person last wrote from; the channel in force when that one is gone or they never wrote."""
    if claimed.channel is not None and claimed.channel in channels:
        return claimed.channel, claimed.address
    return default, claimed.phone or claimed.address


async def _store_outcome(tx: Transaction, outcome: _Outcome) -> None:
    match outcome.result:
        case Handed() as handed:
            await _store_handed(tx, outcome, handed)
        case Refused(reason=reason):
            await _store_failed(tx, outcome, reason)
        case Postponed(reason=reason):
            delay = retry_delay(outcome.claimed.attempts)
            if delay is None:
                await _store_failed(tx, outcome, reason)
            else:
                await _store_postponed(tx, outcome, reason, delay)


async def _store_handed(tx: Transaction, outcome: _Outcome, handed: Handed) -> None:
    # A status report may have been here first, so the state only moves forward here too.
    await tx.send_only(
        f"""
        UPDATE outbound_messages SET
            state = CASE WHEN {rank("state")} < {rank("%(state)s::text")} THEN %(state)s ELSE state END,
            channel = %(channel)s,
            provider_message_id = COALESCE(provider_message_id, %(provider_id)s),
            body = COALESCE(%(body)s, body),
            sent_at = COALESCE(sent_at, %(now)s),
            delivered_at = CASE WHEN %(state)s = 'DELIVERED' THEN %(now)s ELSE delivered_at END
        WHERE id = %(id)s
        """,
        {
            "id": outcome.claimed.id,
            "state": OutboundState.DELIVERED if handed.delivered else OutboundState.SENT,
            "channel": outcome.channel,
            "provider_id": handed.provider_message_id,
            "body": outcome.body,
            "now": clock.now(),
        },
    )
    if not handed.delivered:
        await send_early_statuses(tx, handed.provider_message_id)


async def _store_failed(tx: Transaction, outcome: _Outcome, reason: str) -> None:
    await tx.send_only(
        """
        UPDATE outbound_messages SET state = 'FAILED', channel = %(channel)s, error = %(reason)s
        WHERE id = %(id)s AND state = 'SENDING' AND attempts = %(attempts)s
        """,
        _outcome_params(outcome) | {"reason": reason},
    )


async def _store_postponed(tx: Transaction, outcome: _Outcome, reason: str, delay: timedelta) -> None:
    await tx.send_only(
        """
        UPDATE outbound_messages SET
            state = 'QUEUED', channel = %(channel)s, error = %(reason)s, next_attempt_at = %(next)s
        WHERE id = %(id)s AND state = 'SENDING' AND attempts = %(attempts)s
        """,
        _outcome_params(outcome) | {"reason": reason, "next": clock.now() + delay},
    )
    await nudge_send(tx, [outcome.claimed.contact_id], delay=delay)


def _outcome_params(outcome: _Outcome) -> dict[str, Any]:
    return {"id": outcome.claimed.id, "attempts": outcome.claimed.attempts, "channel": outcome.channel}


def _observe(outcome: _Outcome) -> None:
    received_at = outcome.claimed.replied_received_at
    if received_at is not None and outcome.claimed.attempts == 1:
        REPLY_SECONDS.observe(max(0.0, (clock.now() - received_at).total_seconds()))
