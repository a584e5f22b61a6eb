"""What became of the messages we sent: status reports only ever move a message forward."""

from __future__ import annotations

from datetime import datetime, timedelta

from khaacho import clock
from khaacho.platform.database import Transaction
from khaacho.whatsapp.records import OutboundState, StatusReport

# Reports for messages that are not ours (sent by hand from the same number) are forgotten after this.
EARLY_STATUS_KEPT = timedelta(days=7)
EARLY_STATUS_SETTLE = timedelta(seconds=5)

_RANKS = ", ".join(f"'{state}'" for state in OutboundState)


def rank(state: str) -> str:
    """SQL for how far a state is along its way; `state` is an SQL expression."""
    return f"array_position(ARRAY[{_RANKS}], {state})"


# Moves one message to %(state)s unless it is further along, whichever of the two ids it is known by.
_MOVE = f"""
    UPDATE outbound_messages SET
        state = %(state)s,
        provider_message_id = COALESCE(provider_message_id, %(provider_id)s),
        sent_at = COALESCE(sent_at, %(at)s),
        delivered_at = CASE WHEN %(state)s IN ('DELIVERED', 'READ') THEN COALESCE(delivered_at, %(at)s)
            ELSE delivered_at END,
        read_at = CASE WHEN %(state)s = 'READ' THEN COALESCE(read_at, %(at)s) ELSE read_at END,
        error = CASE WHEN %(state)s = 'FAILED' THEN %(error)s END
    WHERE id = (SELECT id FROM target) AND {rank("state")} < {rank("%(state)s::text")}
"""


async def send_report(tx: Transaction, report: StatusReport) -> None:
    """Apply one report. When its message is not known yet the report waits until the provider's id is."""
    await tx.send_only(
        f"""
        WITH target AS (
            SELECT id FROM outbound_messages WHERE provider_message_id = %(provider_id)s
            UNION ALL
            SELECT id FROM outbound_messages
            WHERE id = %(message_id)s::uuid AND provider_message_id IS NULL AND state IN ('QUEUED', 'SENDING')
            LIMIT 1
        ), early AS (
            INSERT INTO early_statuses (provider_message_id, status, error, received_at)
            SELECT %(provider_id)s, %(state)s, %(error)s, %(at)s
            WHERE NOT EXISTS (SELECT FROM target)
            ON CONFLICT DO NOTHING
        )
        {_MOVE}
        """,
        {
            "provider_id": report.provider_message_id,
            "message_id": report.message_id,
            "state": report.state,
            "error": report.error,
            "at": _not_later_than_now(report.at),
        },
    )


async def send_early_statuses(tx: Transaction, provider_message_id: str) -> None:
    """Apply the reports that came before we knew the message they are about."""
    await tx.send_only(
        _APPLY_EARLY + "WHERE e.provider_message_id = %(id)s" + _APPLY_EARLY_END, {"id": provider_message_id}
    )


async def settle_early_statuses(tx: Transaction) -> int:
    """Apply reports that crossed with the storing of their message, and forget old ones; how many were forgotten."""
    await tx.execute(
        _APPLY_EARLY + "WHERE e.received_at < %(before)s" + _APPLY_EARLY_END,
        {"before": clock.now() - EARLY_STATUS_SETTLE},
    )
    return await tx.execute(
        "DELETE FROM early_statuses WHERE received_at < %(before)s", {"before": clock.now() - EARLY_STATUS_KEPT}
    )


_APPLY_EARLY = """
    WITH met AS (
        DELETE FROM early_statuses e
        USING outbound_messages m
"""
_APPLY_EARLY_END = f"""
            AND m.provider_message_id = e.provider_message_id
        RETURNING m.id, e.status, e.error, e.received_at
    ), furthest AS (
        SELECT DISTINCT ON (id) id, status, error, received_at
        FROM met
        ORDER BY id, {rank("status")} DESC
    )
    UPDATE outbound_messages m SET
        state = f.status,
        delivered_at = CASE WHEN f.status IN ('DELIVERED', 'READ') THEN f.received_at END,
        read_at = CASE WHEN f.status = 'READ' THEN f.received_at END,
        error = CASE WHEN f.status = 'FAILED' THEN f.error END
    FROM furthest f
    WHERE m.id = f.id AND {rank("m.state")} < {rank("f.status")}
"""


def _not_later_than_now(at: datetime | None) -> datetime:
    now = clock.now()
    return min(at, now) if at else now
