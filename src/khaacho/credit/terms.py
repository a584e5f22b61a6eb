"""Changing a line's guardrails: its limit, the largest order, how long and how much may stay open [C91]."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from khaacho.actors import Actor
from khaacho.credit.actions import change_limit
from khaacho.credit.queries import require_credit_line
from khaacho.credit.records import CreditLine
from khaacho.errors import ValidationFailed
from khaacho.ledger.actions import lock_accounts
from khaacho.money import AMOUNT_PAISA_MAX
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction

OUTSTANDING_DAYS_MAX = 3650
TERMS_DAYS_MAX = 365


class NewTerms(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become of a line; None leaves a guardrail as it is. Amounts in paisa."""

    limit_paisa: int | None = None
    max_order_paisa: int | None = None
    max_outstanding_days: int | None = None
    terms_days: int | None = None
    de_minimis_paisa: int | None = None


async def change_terms(
    tx: Transaction,
    actor: Actor,
    line_id: UUID,
    new: NewTerms,
    *,
    below_use: bool = False,
    reason: str | None = None,
) -> CreditLine:
    """Set what is given, under the line's lock; what is as it was already is not written nor audited.

    New terms hold for items that open from now on: what is due is due when it was said to be. Raises ValidationFailed,
    NoCreditAccount, and LimitBelowUse for a limit below what is used without `below_use`; then nothing changed.
    """
    _require_sane(new)
    await lock_accounts(tx, [line_id])
    line = await require_credit_line(tx, line_id)
    changes = {
        name: value
        for name, value in msgspec.structs.asdict(new).items()
        if value is not None and value != getattr(line, name)
    }
    limit_paisa = changes.pop("limit_paisa", None)
    if limit_paisa is not None:
        await change_limit(tx, actor, line_id, limit_paisa=limit_paisa, below_use=below_use, reason=reason)
    if changes:
        await _write(tx, actor, line, changes, reason)
    return await require_credit_line(tx, line_id)


async def _write(tx: Transaction, actor: Actor, line: CreditLine, changes: dict[str, Any], reason: str | None) -> None:
    await tx.execute(
        """
        UPDATE credit_accounts
        SET max_order_paisa = COALESCE(%(max_order_paisa)s, max_order_paisa),
            max_outstanding_days = COALESCE(%(max_outstanding_days)s, max_outstanding_days),
            terms_days = COALESCE(%(terms_days)s, terms_days),
            de_minimis_paisa = COALESCE(%(de_minimis_paisa)s, de_minimis_paisa)
        WHERE id = %(id)s
        """,
        {**dict.fromkeys(NewTerms.__struct_fields__), **changes, "id": line.id},
    )
    entry = AuditEntry(
        action="SETTING_CHANGED",
        subject_kind="credit_account",
        subject_id=line.id,
        retailer_id=line.retailer_id,
        reason=reason,
        old={name: getattr(line, name) for name in changes},
        new=changes,
    )
    await record_audit(tx, actor, [entry])


def _require_sane(new: NewTerms) -> None:
    if all(value is None for value in msgspec.structs.astuple(new)):
        raise ValidationFailed(field="body", why="names no guardrail to change")
    for field, amount in (
        ("creditLimit", new.limit_paisa),
        ("maxOrderValue", new.max_order_paisa),
        ("deMinimis", new.de_minimis_paisa),
    ):
        if amount is not None and not 0 <= amount <= AMOUNT_PAISA_MAX:
            raise ValidationFailed(field=field, why="must be between zero and a trillion rupees")
    if new.max_outstanding_days is not None and not 1 <= new.max_outstanding_days <= OUTSTANDING_DAYS_MAX:
        raise ValidationFailed(field="maxOutstandingDays", why=f"must be between 1 and {OUTSTANDING_DAYS_MAX}")
    if new.terms_days is not None and not 0 <= new.terms_days <= TERMS_DAYS_MAX:
        raise ValidationFailed(field="termsDays", why=f"must be between 0 and {TERMS_DAYS_MAX}")
