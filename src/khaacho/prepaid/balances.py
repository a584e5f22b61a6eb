"""What somebody has: opened, read, and locked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

from khaacho.actors import ActorRole
from khaacho.credits_errors import ProfileNotFound, UserNotFound
from khaacho.platform.database import Pending, Transaction
from khaacho.prepaid.desk import BalanceDesk, balance_account_id, open_balances, open_desk
from khaacho.prepaid.records import Balance


class BalanceRow(msgspec.Struct, frozen=True, kw_only=True):
    """One person's lots, summed."""

    user_id: UUID
    role: ActorRole
    free_units: int
    bought_units: int


async def open_balance(tx: Transaction, user_id: UUID) -> None:
    """Open the balance of one person; opening twice is a quiet success."""
    await open_balances(tx, [user_id])


async def lock_balances(tx: Transaction, user_ids: Iterable[UUID], *, keys: Sequence[str] = ()) -> BalanceDesk:
    """Lock the balances of these people, in id order; the desk's figures may be decided upon."""
    return await open_desk(tx, user_ids, keys=keys)


async def find_balances(tx: Transaction, user_ids: Sequence[UUID]) -> Mapping[UUID, Balance | None]:
    """What each has, not locked; None for somebody who is no freelancer; nobody for an id we do not know."""
    return by_user(await (await send_find_balances(tx, user_ids)).all())


async def send_find_balances(tx: Transaction, user_ids: Sequence[UUID]) -> Pending[BalanceRow]:
    """Queue the reading of `find_balances`; `by_user` makes its answer of the rows."""
    # The lots are what the ledger account holds (`khaacho ledger check` proves it), and tell free from bought.
    return await tx.send(
        """
        SELECT person.id AS user_id, person.role,
            COALESCE(SUM(lot.left_units) FILTER (WHERE lot.kind <> 'PURCHASE'), 0)::int AS free_units,
            COALESCE(SUM(lot.left_units) FILTER (WHERE lot.kind = 'PURCHASE'), 0)::int AS bought_units
        FROM users AS person
        LEFT JOIN prepaid_lots AS lot ON lot.user_id = person.id AND lot.left_units > 0
        WHERE person.id = ANY(%(ids)s)
        GROUP BY person.id
        """,
        {"ids": list(user_ids)},
        into=BalanceRow,
    )


def by_user(rows: Iterable[BalanceRow]) -> Mapping[UUID, Balance | None]:
    """What each has; None for somebody who is no freelancer."""
    return {row.user_id: _balance(row) for row in rows}


async def require_balance(tx: Transaction, user_id: UUID) -> Balance:
    """What one person has, not locked. Raises UserNotFound, ProfileNotFound for somebody who is no freelancer."""
    return the_balance(await find_balances(tx, [user_id]), user_id)


def the_balance(found: Mapping[UUID, Balance | None], user_id: UUID) -> Balance:
    """One of `find_balances`. Raises UserNotFound, ProfileNotFound."""
    if user_id not in found:
        raise UserNotFound
    balance = found[user_id]
    if balance is None:
        raise ProfileNotFound
    return balance


def _balance(row: BalanceRow) -> Balance | None:
    if row.role is not ActorRole.FREELANCER:
        return None
    return Balance(
        user_id=row.user_id,
        units=row.free_units + row.bought_units,
        free_units=row.free_units,
        bought_units=row.bought_units,
    )


__all__ = ["balance_account_id", "find_balances", "lock_balances", "open_balance", "require_balance", "the_balance"]
