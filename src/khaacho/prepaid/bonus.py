"""The welcome: some credits for a freelancer who is let in, once per person, known by the phone number [P1]."""

from __future__ import annotations

from uuid import UUID

from khaacho import clock
from khaacho.actors import SYSTEM, ActorRole
from khaacho.parties.events import FreelancerApproved
from khaacho.parties.queries import require_user
from khaacho.platform.database import Transaction
from khaacho.prepaid.actions import grant_credits
from khaacho.prepaid.balances import open_balance
from khaacho.prepaid.records import GrantKind
from khaacho.prepaid.terms import find_terms

REASON = "Welcome to Khaacho."


async def welcome(tx: Transaction, event: FreelancerApproved) -> None:
    """Open the balance and give the bonus; a phone number that had it before gets nothing."""
    await give_signup_bonus(tx, event.user_id)


async def give_signup_bonus(tx: Transaction, user_id: UUID) -> int:
    """Give the bonus in effect unless this phone number had one; answers how many credits were given."""
    user = await require_user(tx, user_id)
    if user.role is not ActorRole.FREELANCER:
        return 0
    await open_balance(tx, user_id)
    units = (await find_terms(tx)).signup_bonus_units
    had = await tx.value("SELECT count(*) FROM prepaid_bonuses WHERE phone = %(phone)s", {"phone": user.phone})
    if had or not units:
        return 0
    grant = await grant_credits(
        tx, SYSTEM, user_id=user_id, units=units, kind=GrantKind.BONUS, reason=REASON, key=f"bonus:{user.phone}"
    )
    await tx.execute(
        """
        INSERT INTO prepaid_bonuses (phone, user_id, movement_id, created_at)
        VALUES (%(phone)s, %(user)s, %(movement)s, %(now)s)
        """,
        {"phone": user.phone, "user": user_id, "movement": grant.id, "now": clock.now()},
    )
    return units
