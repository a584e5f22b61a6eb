"""The audit over HTTP [C80], for staff: of one retailer, or everything."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import get
from litestar.params import FromPath, FromQuery, QueryParameter

from khaacho.errors import ValidationFailed
from khaacho.parties.access import requires
from khaacho.parties.queries import require_retailer
from khaacho.platform.asked_times import Since, Until, asked_since, asked_until
from khaacho.platform.audit_reports import AuditEntryShown, AuditFilter, AuditPage, find_audit
from khaacho.platform.database import Database
from khaacho.platform.http import (
    PAGE_LIMIT_DEFAULT,
    PAGE_LIMIT_MAX,
    ApiRecord,
    Envelope,
    Page,
    decode_cursor,
    encode_cursor,
    ok,
    wire_details,
)

Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_LIMIT_MAX)]
Action = Annotated[str | None, QueryParameter(max_length=100, description="Such as CREDIT_LIMIT_CHANGED")]
Who = Annotated[str | None, QueryParameter(name="performedBy", max_length=100, description="A user's id, or a name")]


class Reference(ApiRecord, frozen=True, kw_only=True):
    """What an entry is about."""

    kind: str
    id: UUID


class AuditAnswer(ApiRecord, frozen=True, kw_only=True):
    """One entry. Amounts among the values are rupees."""

    id: UUID
    action: str
    reference: Reference
    retailer_id: UUID | None
    old_values: dict[str, Any] | None
    new_values: dict[str, Any] | None
    performed_by: str
    performed_by_id: UUID | None
    reason: str | None
    request_id: str | None
    created_at: datetime


@get(
    "/admin/audit/{retailer_id:uuid}",
    operation_id="listRetailerAudit",
    summary="What was done about a retailer, newest first",
    guards=[requires("audit.read")],
)
async def list_retailer_audit(
    database: Database,
    retailer_id: FromPath[UUID],
    action: Action = None,
    performed_by: Who = None,
    since: Since = None,
    until: Until = None,
    cursor: FromQuery[str | None] = None,
    limit: Limit = PAGE_LIMIT_DEFAULT,
) -> Envelope[Page[AuditAnswer]]:
    """Raises RetailerNotFound."""
    wanted = _filter(action, performed_by, since, until, retailer_id)
    async with database.reading() as tx:
        await require_retailer(tx, retailer_id)
        return ok(_page(await find_audit(tx, wanted, after=decode_cursor(cursor), limit=limit)))


@get(
    "/admin/audit/credit/all",
    operation_id="listAudit",
    summary="What was done, newest first",
    guards=[requires("audit.read")],
)
async def list_audit(
    database: Database,
    action: Action = None,
    performed_by: Who = None,
    since: Since = None,
    until: Until = None,
    cursor: FromQuery[str | None] = None,
    limit: Limit = PAGE_LIMIT_DEFAULT,
) -> Envelope[Page[AuditAnswer]]:
    """Everything that is audited, of credit and all else. A page may hold fewer entries than there are: go on with
    `nextCursor` until it is null.
    """
    wanted = _filter(action, performed_by, since, until)
    async with database.reading() as tx:
        return ok(_page(await find_audit(tx, wanted, after=decode_cursor(cursor), limit=limit)))


def _filter(
    action: str | None,
    who: str | None,
    since: str | None,
    until: str | None,
    retailer_id: UUID | None = None,
) -> AuditFilter:
    for name, text in (("action", action), ("performedBy", who)):
        if text is not None and "\0" in text:
            raise ValidationFailed(field=name, why="holds a NUL character")
    return AuditFilter(
        action=action or None,
        who=who or None,
        since=asked_since(since),
        until=asked_until(until),
        retailer_id=retailer_id,
    )


def _page(found: AuditPage) -> Page[AuditAnswer]:
    return Page(
        items=[_answer(entry) for entry in found.entries],
        next_cursor=encode_cursor(found.last_id) if found.last_id else None,
    )


def _answer(entry: AuditEntryShown) -> AuditAnswer:
    return AuditAnswer(
        id=entry.id,
        action=entry.action,
        reference=Reference(kind=entry.subject_kind, id=entry.subject_id),
        retailer_id=entry.retailer_id,
        old_values=_on_the_wire(entry.old_values),
        new_values=_on_the_wire(entry.new_values),
        performed_by=entry.actor_name,
        performed_by_id=entry.actor_id,
        reason=entry.reason,
        request_id=entry.request_id,
        created_at=entry.created_at,
    )


def _on_the_wire(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    return wire_details({name: _inner(value) for name, value in values.items()})


def _inner(value: Any) -> Any:
    if isinstance(value, dict):
        return _on_the_wire(value)
    return [_inner(one) for one in value] if isinstance(value, list) else value


ROUTES: list[Any] = [list_retailer_audit, list_audit]
