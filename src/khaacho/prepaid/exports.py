"""Every movement of credits as a table for spreadsheets, however many there are.

One cursor of the server reads them all as they were at one moment; what is in memory is one portion.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Literal
from uuid import UUID

from litestar.response import Stream

from khaacho import clock
from khaacho.actors import Actor
from khaacho.money import rupees
from khaacho.parties.queries import find_users_by_id
from khaacho.parties.records import User
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Database
from khaacho.platform.spreadsheets import CSV_MEDIA_TYPE, XLSX_MEDIA_TYPE, Cell, stream_csv, stream_xlsx
from khaacho.prepaid.queries import HistoryLine
from khaacho.prepaid.reports import MovementFilter, stream_movements
from khaacho.prepaid.terms import TERMS_SUBJECT

HEADING = (
    "Transaction",
    "Time",
    "User",
    "Name",
    "Type",
    "Credits",
    "Balance before",
    "Balance after",
    "About",
    "About id",
    "Reason",
    "By",
    "Gateway",
    "Gateway order",
    "Gateway payment",
    "Amount",
    "Currency",
    "Package",
    "Paid by",
    "Base price",
    "IP address",
    "Browser",
)
# A reader who takes nothing for this long is gone; the snapshot is not kept open for them.
READER_PATIENCE_SECONDS = 60


async def export_movements(
    database: Database, actor: Actor, wanted: MovementFilter, format: Literal["csv", "xlsx"]
) -> Stream:
    """All rows, as they were at one moment, oldest first; sent as they are read. Who took them is audited."""
    entry = AuditEntry(
        action="EXPORT",
        subject_kind="prepaid_transactions",
        subject_id=TERMS_SUBJECT,
        new={
            "format": format,
            "user_id": wanted.user_id,
            "type": wanted.kind,
            "from": wanted.since.isoformat() if wanted.since else None,
            "to": wanted.until.isoformat() if wanted.until else None,
        },
    )
    async with database.transaction() as tx:
        await record_audit(tx, actor, [entry])
    table = stream_table(database, wanted)
    file = stream_csv(HEADING, table) if format == "csv" else stream_xlsx("Credits", HEADING, table)
    name = f"credits-{clock.business_day().isoformat()}.{format}"
    return Stream(
        file,
        headers={
            # As a header, because the media type of a route wins over that of a stream.
            "Content-Type": f"{CSV_MEDIA_TYPE}; charset=utf-8" if format == "csv" else XLSX_MEDIA_TYPE,
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )


async def stream_table(database: Database, wanted: MovementFilter) -> AsyncGenerator[list[tuple[Cell, ...]], None]:
    """The rows under HEADING, oldest first, in portions."""
    async with database.transaction() as tx:
        await tx.execute("SET TRANSACTION READ ONLY")
        await tx.execute(f"SET LOCAL idle_in_transaction_session_timeout = '{READER_PATIENCE_SECONDS}s'")
        async for lines in stream_movements(tx, wanted):
            people = await find_users_by_id(tx, list({line.user_id for line in lines}))
            names = {person.id: person for person in people}
            yield [_row(line, names) for line in lines]


def _row(line: HistoryLine, people: dict[UUID, User]) -> tuple[Cell, ...]:
    person = people.get(line.user_id)
    return (
        str(line.id),
        line.created_at,
        str(line.user_id),
        person.name if person else None,
        line.kind.value,
        line.units,
        line.balance_before,
        line.balance_after,
        line.source_kind,
        str(line.source_id),
        line.reason,
        line.actor_name,
        line.gateway,
        line.gateway_order_id,
        line.gateway_payment_id,
        None if line.amount_paisa is None else rupees(line.amount_paisa),
        line.currency,
        line.package_name,
        "; ".join(f"{part.units} of {part.movement_id}" for part in line.paid_by) or None,
        None if line.base_price_paisa is None else rupees(line.base_price_paisa),
        line.ip,
        line.user_agent,
    )
