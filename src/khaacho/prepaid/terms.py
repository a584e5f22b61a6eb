"""The terms credits are sold on: a history of rows, of which the newest in effect counts [P1]."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.errors import ValidationFailed
from khaacho.ids import new_id
from khaacho.money import BASIS_POINTS_WHOLE, PAISA_PER_RUPEE
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Pending, Transaction
from khaacho.prepaid.records import Terms

TERMS_COLUMNS = """id, effective_at, base_price_paisa, application_units, signup_bonus_units, order_units_max,
    balance_units_max, npr_per_inr_basis_points, created_at, actor_name"""
# The table's changes are audited under one subject, so that its history is found together.
TERMS_SUBJECT = UUID("01890000-0000-7000-8000-000000000001")
CHANGEABLE = (
    "base_price_paisa",
    "application_units",
    "signup_bonus_units",
    "order_units_max",
    "balance_units_max",
    "npr_per_inr_basis_points",
)


async def send_find_terms(tx: Transaction, moment: datetime | None = None) -> Pending[Terms]:
    """Queue the look-up of the terms in effect at `moment`, or now; prepaid_terms_effective_at_idx serves it."""
    return await tx.send(
        f"""
        SELECT {TERMS_COLUMNS}
        FROM prepaid_terms
        WHERE effective_at <= %(moment)s
        ORDER BY effective_at DESC, id DESC
        LIMIT 1
        """,
        {"moment": moment or clock.now()},
        into=Terms,
    )


async def find_terms(tx: Transaction, moment: datetime | None = None) -> Terms:
    """The terms in effect at `moment`, or now."""
    return the_terms(await (await send_find_terms(tx, moment)).first())


def the_terms(terms: Terms | None) -> Terms:
    """The migration puts the first terms in effect long ago, so their absence is a fault of ours."""
    if terms is None:
        raise LookupError("there are no prepaid terms in effect")
    return terms


async def find_terms_history(tx: Transaction, limit: int = 50) -> list[Terms]:
    """The newest first, those still to come too."""
    return await tx.all(
        f"SELECT {TERMS_COLUMNS} FROM prepaid_terms ORDER BY effective_at DESC, id DESC LIMIT %(limit)s",
        {"limit": limit},
        into=Terms,
    )


async def change_terms(
    tx: Transaction, actor: Actor, *, changes: dict[str, int], effective_at: datetime | None = None
) -> Terms:
    """New terms from `effective_at` on (now by default), like those in effect then but for `changes`.

    Raises ValidationFailed for a time that is past or beyond what is planned, and for figures that make no sense.
    """
    now = clock.now()
    starts = effective_at or now
    if starts < now:
        raise ValidationFailed(field="effectiveAt", why="is past; what was sold stays sold")
    if starts > now + clock.PLANNED_AHEAD_MAX:
        raise ValidationFailed(field="effectiveAt", why="is more than a hundred years away")
    before = await find_terms(tx, starts)
    after = msgspec.structs.replace(
        before, id=new_id(), effective_at=starts, created_at=now, actor_name=actor.name, **changes
    )
    _require_sane(after)
    values: dict[str, Any] = msgspec.structs.asdict(after)
    await tx.execute(
        f"""
        INSERT INTO prepaid_terms ({TERMS_COLUMNS}, actor_id)
        VALUES (%(id)s, %(effective_at)s, %(base_price_paisa)s, %(application_units)s, %(signup_bonus_units)s,
            %(order_units_max)s, %(balance_units_max)s, %(npr_per_inr_basis_points)s, %(created_at)s, %(actor_name)s,
            %(actor)s)
        """,
        values | {"actor": actor.id},
    )
    entry = AuditEntry(
        action="CREDIT_TERMS_CHANGED",
        subject_kind="prepaid_terms",
        subject_id=TERMS_SUBJECT,
        old={name: getattr(before, name) for name in changes},
        new={**changes, "effective_at": starts.isoformat()},
    )
    await record_audit(tx, actor, [entry])
    return after


def _require_sane(terms: Terms) -> None:
    """Raises ValidationFailed in the words of the API: rupees, and rupees for a rupee."""
    bounds = (
        ("basePrice", terms.base_price_paisa, 1, 10_000_000, PAISA_PER_RUPEE),
        ("creditsPerApplication", terms.application_units, 1, 100, 1),
        ("signupBonus", terms.signup_bonus_units, 0, 1_000, 1),
        ("maxCreditsPerOrder", terms.order_units_max, 1, 100_000, 1),
        ("maxBalance", terms.balance_units_max, terms.order_units_max, 1_000_000, 1),
        ("nprPerInr", terms.npr_per_inr_basis_points, 1_000, 1_000_000, BASIS_POINTS_WHOLE),
    )
    for field, value, lowest, highest, parts in bounds:
        if not lowest <= value <= highest:
            least, most = (f"{(Decimal(bound) / parts).normalize():f}" for bound in (lowest, highest))
            raise ValidationFailed(field=field, why=f"must be between {least} and {most}")
