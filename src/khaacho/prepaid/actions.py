"""Spending credits, giving them back, granting and adjusting: set-wise, each exactly once under its key.

Locks the balances of the people concerned and nothing else, so strangers never wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from khaacho.actors import Actor
from khaacho.credits_errors import InsufficientCredits, InvalidAdjustment, MaxBalanceExceeded, NegativeBalance
from khaacho.errors import AlreadyRefunded, Conflict, KhaachoError, LedgerBroken, NotFound
from khaacho.ledger.records import Source
from khaacho.parties.queries import find_users_by_id
from khaacho.platform.database import Transaction
from khaacho.prepaid.balances import require_balance
from khaacho.prepaid.desk import BalanceDesk, Change, open_desk
from khaacho.prepaid.journal import find_lots, find_movements, find_movements_of, find_uses
from khaacho.prepaid.lots import give_back, take
from khaacho.prepaid.records import (
    Grant,
    GrantKind,
    Lot,
    LotKind,
    LotUse,
    Movement,
    MovementKind,
    NewRefund,
    NewSpend,
    Refund,
    Spend,
)
from khaacho.prepaid.shortages import Shortages, find_shortages, take_what_was_short

ADJUSTMENT_UNITS_MAX = 1_000
REASON_LENGTH_MIN = 10

# --- spending ----------------------------------------------------------------------------------------------------


async def spend_credits(tx: Transaction, actor: Actor, *, user_id: UUID, units: int, source: Source, key: str) -> Spend:
    """Take `units` for `source`, free ones first; a second time under the same key answers the first [P4].

    Raises InsufficientCredits {required, available}, and then nothing changed.
    """
    (outcome,) = await spend_for_all(tx, [NewSpend(actor=actor, user_id=user_id, units=units, source=source, key=key)])
    if isinstance(outcome, KhaachoError):
        raise outcome
    return outcome


async def spend_for_all(tx: Transaction, spends: Sequence[NewSpend]) -> list[Spend | KhaachoError]:
    """As `spend_credits` for many, in order; a refusal is an outcome and disturbs no other."""
    desk = await open_desk(tx, [spend.user_id for spend in spends], keys=[spend.key for spend in spends])
    outcomes: list[Spend | KhaachoError] = []
    for spend in spends:
        try:
            outcomes.append(spend_on(desk, spend))
        except KhaachoError as refusal:
            outcomes.append(refusal)
    await desk.write(tx)
    return outcomes


def spend_on(desk: BalanceDesk, spend: NewSpend) -> Spend:
    """Decide one spend on a desk whose lock its user's balance is under. Raises InsufficientCredits."""
    if spend.units <= 0:
        raise LedgerBroken(units=spend.units)
    known = desk.known(spend.key)
    if known is not None:
        _require_same(known, MovementKind.SPEND, spend.user_id, -spend.units)
        return _as_spend(known)
    available = desk.units_of(spend.user_id)
    if available < spend.units:
        raise InsufficientCredits(required=spend.units, available=available)
    change = Change(
        actor=spend.actor,
        user_id=spend.user_id,
        kind=MovementKind.SPEND,
        units=-spend.units,
        source=spend.source,
        key=spend.key,
    )
    movement, uses = desk.take_out(change, take(desk.lots_of(spend.user_id), spend.units))
    return _as_spend(movement, uses)


async def find_spends(tx: Transaction, source_ids: Sequence[UUID]) -> dict[UUID, Spend]:
    """What was spent for these sources, by source, with the lots that paid and what came back of it."""
    movements = await find_movements_of(tx, source_ids)
    uses = await find_uses(tx, [movement.id for movement in movements])
    return {movement.source_id: _as_spend(movement, uses.get(movement.id, ())) for movement in movements}


# --- giving back -------------------------------------------------------------------------------------------------


async def refund_units(tx: Transaction, actor: Actor, *, spend_id: UUID, units: int, reason: str, key: str) -> Refund:
    """Give `units` of a spend back to the lots they came from; the same key again answers the first refund.

    The balance may pass its bound by this: what was somebody's is theirs. But units whose money the gateway gave back
    while they were spent go at once. Raises NotFound for an unknown spend, AlreadyRefunded when less than `units` of it
    is still to be given back.
    """
    (outcome,) = await refund_all(tx, [NewRefund(actor=actor, spend_id=spend_id, units=units, reason=reason, key=key)])
    if isinstance(outcome, KhaachoError):
        raise outcome
    return outcome


async def refund_all(tx: Transaction, refunds: Sequence[NewRefund]) -> list[Refund | KhaachoError]:
    """As `refund_units` for many, in order; a refusal is an outcome and disturbs no other."""
    spends = await find_movements(tx, [refund.spend_id for refund in refunds])
    desk = await open_desk(tx, {spend.user_id for spend in spends.values()}, keys=[refund.key for refund in refunds])
    # Under the lock: what came back before is seen now.
    uses = await find_uses(tx, list(spends))
    lots = await find_lots(tx, sorted({use.lot_id for parts in uses.values() for use in parts}))
    shortages = await find_shortages(tx, list(lots))
    outcomes: list[Refund | KhaachoError] = []
    for refund in refunds:
        try:
            outcomes.append(_refund_on(desk, refund, spends, uses, lots, shortages))
        except KhaachoError as refusal:
            outcomes.append(refusal)
    await desk.write(tx)
    return outcomes


def _refund_on(
    desk: BalanceDesk,
    refund: NewRefund,
    spends: dict[UUID, Movement],
    uses: dict[UUID, list[LotUse]],
    lots: dict[UUID, Lot],
    shortages: Shortages,
) -> Refund:
    spend = spends.get(refund.spend_id)
    if spend is None or spend.kind is not MovementKind.SPEND:
        raise NotFound(what="spend")
    if refund.units <= 0:
        raise LedgerBroken(units=refund.units)
    known = desk.known(refund.key)
    if known is not None:
        _require_same(known, MovementKind.REFUND, spend.user_id, refund.units)
        return _as_refund(known, refund.spend_id, balance_after=known.balance_after)
    taken = [desk.returned(use) for use in uses.get(spend.id, ())]
    if sum(use.open_units for use in taken) < refund.units:
        raise AlreadyRefunded
    mine = [lots[use.lot_id] for use in taken]
    change = Change(
        actor=refund.actor,
        user_id=spend.user_id,
        kind=MovementKind.REFUND,
        units=refund.units,
        source=Source(kind=spend.source_kind, id=spend.source_id),
        key=refund.key,
        refunds_id=spend.id,
        reason=refund.reason,
    )
    parts = give_back(taken, mine, refund.units)
    movement = desk.put_back(change, mine, parts)
    take_what_was_short(desk, movement, parts, shortages)
    return _as_refund(movement, spend.id, balance_after=desk.units_of(spend.user_id))


# --- granting and adjusting --------------------------------------------------------------------------------------


async def grant_credits(
    tx: Transaction, actor: Actor, *, user_id: UUID, units: int, kind: GrantKind, reason: str, key: str
) -> Grant:
    """Give `units` for nothing. Raises MaxBalanceExceeded, UserNotFound, ProfileNotFound."""
    await require_balance(tx, user_id)
    desk = await open_desk(tx, [user_id], keys=[key])
    grant = _grant_on(desk, actor, user_id=user_id, units=units, kind=kind, reason=reason, key=key)
    await desk.write(tx)
    return grant


async def adjust_credits(tx: Transaction, actor: Actor, *, user_id: UUID, units: int, reason: str, key: str) -> Grant:
    """Give or take units by hand: −1000…1000, never zero, never one's own, with a reason of ten characters or more.

    Raises InvalidAdjustment, MaxBalanceExceeded, NegativeBalance, UserNotFound, ProfileNotFound.
    """
    if not 0 < abs(units) <= ADJUSTMENT_UNITS_MAX:
        raise InvalidAdjustment(why=f"between -{ADJUSTMENT_UNITS_MAX} and {ADJUSTMENT_UNITS_MAX}, and not zero")
    if len(reason.strip()) < REASON_LENGTH_MIN:
        raise InvalidAdjustment(why=f"give a reason of at least {REASON_LENGTH_MIN} characters")
    if await _is_oneself(tx, actor, user_id):
        raise InvalidAdjustment(why="nobody adjusts their own balance")
    if units > 0:
        return await grant_credits(
            tx, actor, user_id=user_id, units=units, kind=GrantKind.ADMIN, reason=reason, key=key
        )
    await require_balance(tx, user_id)
    desk = await open_desk(tx, [user_id], keys=[key])
    known = desk.known(key)
    if known is not None:
        _require_same(known, MovementKind.ADJUSTMENT, user_id, units)
        return _as_grant(known)
    available = desk.units_of(user_id)
    if available + units < 0:
        raise NegativeBalance(available=available, asked=-units)
    change = _grant_change(actor, user_id, MovementKind.ADJUSTMENT, units, reason, key)
    movement, _ = desk.take_out(change, take(desk.lots_of(user_id), -units))
    await desk.write(tx)
    return _as_grant(movement)


async def _is_oneself(tx: Transaction, actor: Actor, user_id: UUID) -> bool:
    """One person may be here in several roles, under one phone number."""
    if actor.id is None:
        return False
    phones = {user.id: user.phone for user in await find_users_by_id(tx, [actor.id, user_id])}
    return actor.id == user_id or (actor.id in phones and phones[actor.id] == phones.get(user_id))


def _grant_on(
    desk: BalanceDesk, actor: Actor, *, user_id: UUID, units: int, kind: GrantKind, reason: str, key: str
) -> Grant:
    if units <= 0:
        raise InvalidAdjustment(why="what is given is more than nothing")
    movement_kind = MovementKind.BONUS if kind is GrantKind.BONUS else MovementKind.ADJUSTMENT
    known = desk.known(key)
    if known is not None:
        _require_same(known, movement_kind, user_id, units)
        return _as_grant(known)
    after, bound = desk.units_of(user_id) + units, desk.terms.balance_units_max
    if after > bound:
        raise MaxBalanceExceeded(maximum=bound, balance_after=after)
    change = _grant_change(actor, user_id, movement_kind, units, reason, key)
    return _as_grant(desk.bring_in(change, LotKind(kind.value)))


def _grant_change(actor: Actor, user_id: UUID, kind: MovementKind, units: int, reason: str, key: str) -> Change:
    return Change(
        actor=actor,
        user_id=user_id,
        kind=kind,
        units=units,
        source=Source(kind="user", id=actor.id or user_id),
        key=key,
        reason=reason.strip(),
    )


# --- answers -----------------------------------------------------------------------------------------------------


def _require_same(known: Movement, kind: MovementKind, user_id: UUID, units: int) -> None:
    """A key stands for one change. Raises Conflict when it came with another."""
    if (known.kind, known.user_id, known.units) != (kind, user_id, units):
        raise Conflict(why="This key was used before for another change of a balance.")


def _as_spend(movement: Movement, uses: Iterable[LotUse] = ()) -> Spend:
    return Spend(
        id=movement.id,
        user_id=movement.user_id,
        units=-movement.units,
        source=Source(kind=movement.source_kind, id=movement.source_id),
        balance_after=movement.balance_after,
        uses=tuple(uses),
    )


def _as_refund(movement: Movement, spend_id: UUID, *, balance_after: int) -> Refund:
    return Refund(
        id=movement.id,
        user_id=movement.user_id,
        spend_id=spend_id,
        units=movement.units,
        balance_after=balance_after,
    )


def _as_grant(movement: Movement) -> Grant:
    return Grant(
        id=movement.id,
        user_id=movement.user_id,
        units=movement.units,
        balance_before=movement.balance_before,
        balance_after=movement.balance_after,
    )
