"""The rows behind a balance: movements, lots, and which lot paid for which movement. SQL only; `desk` decides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from khaacho.platform.columns import columns_of
from khaacho.platform.database import Pending, Transaction
from khaacho.prepaid.records import Lot, LotUse, Movement, MovementKind

MOVEMENT_COLUMNS = """id, user_id, kind, units, balance_before, balance_after, source_kind, source_id, order_id,
    refunds_id, reason, idempotency_key, transfer_id, created_at, actor_id, actor_name"""


async def send_find_lots(tx: Transaction, user_ids: Sequence[UUID]) -> Pending[Lot]:
    """Queue the look-up of unspent lots; prepaid_lots_left_idx serves it, so cost follows what is unspent."""
    return await tx.send(
        """
        SELECT id, user_id, kind, units, left_units
        FROM prepaid_lots
        WHERE user_id = ANY(%(users)s) AND left_units > 0
        """,
        {"users": list(user_ids)},
        into=Lot,
    )


async def find_lots(tx: Transaction, lot_ids: Sequence[UUID]) -> dict[UUID, Lot]:
    """These lots, spent or not, by id."""
    lots = await tx.all(
        "SELECT id, user_id, kind, units, left_units FROM prepaid_lots WHERE id = ANY(%(ids)s)",
        {"ids": list(lot_ids)},
        into=Lot,
    )
    return {lot.id: lot for lot in lots}


async def send_find_movements(tx: Transaction, keys: Sequence[str]) -> Pending[Movement]:
    """Queue the look-up of what was done under these keys."""
    return await tx.send(
        f"SELECT {MOVEMENT_COLUMNS} FROM prepaid_movements WHERE idempotency_key = ANY(%(keys)s)",
        {"keys": list(keys)},
        into=Movement,
    )


async def find_movements(tx: Transaction, movement_ids: Sequence[UUID]) -> dict[UUID, Movement]:
    """These movements by id."""
    movements = await tx.all(
        f"SELECT {MOVEMENT_COLUMNS} FROM prepaid_movements WHERE id = ANY(%(ids)s)",
        {"ids": list(movement_ids)},
        into=Movement,
    )
    return {movement.id: movement for movement in movements}


async def find_movements_of(
    tx: Transaction, source_ids: Sequence[UUID], *, kind: MovementKind = MovementKind.SPEND
) -> list[Movement]:
    """What was done about these sources, oldest first."""
    return await tx.all(
        f"""
        SELECT {MOVEMENT_COLUMNS}
        FROM prepaid_movements
        WHERE source_id = ANY(%(sources)s) AND kind = %(kind)s
        ORDER BY id
        """,
        {"sources": list(source_ids), "kind": kind.value},
        into=Movement,
    )


async def find_uses(tx: Transaction, movement_ids: Sequence[UUID]) -> dict[UUID, list[LotUse]]:
    """Which lots paid for these movements, and what came back, by movement. Lock the balances before acting on it."""
    uses = await tx.all(
        """
        SELECT movement_id, lot_id, units, returned_units
        FROM prepaid_lot_uses
        WHERE movement_id = ANY(%(ids)s)
        ORDER BY movement_id, lot_id
        """,
        {"ids": list(movement_ids)},
        into=LotUse,
    )
    by_movement: dict[UUID, list[LotUse]] = {}
    for use in uses:
        by_movement.setdefault(use.movement_id, []).append(use)
    return by_movement


async def write_movements(tx: Transaction, movements: Sequence[Movement]) -> None:
    """Insert movements in one statement."""
    names = Movement.__struct_fields__
    await tx.send_only(
        f"""
        INSERT INTO prepaid_movements ({MOVEMENT_COLUMNS})
        SELECT *
        FROM unnest(%(id)s::uuid[], %(user_id)s::uuid[], %(kind)s::text[], %(units)s::int[],
            %(balance_before)s::int[], %(balance_after)s::int[], %(source_kind)s::text[], %(source_id)s::uuid[],
            %(order_id)s::uuid[], %(refunds_id)s::uuid[], %(reason)s::text[], %(idempotency_key)s::text[],
            %(transfer_id)s::uuid[], %(created_at)s::timestamptz[], %(actor_id)s::uuid[], %(actor_name)s::text[])
        """,
        columns_of(movements, names),
    )


async def write_lots(tx: Transaction, new: Sequence[Lot], changed: Sequence[Lot]) -> None:
    """Insert new lots with what is left of them now, and write what is left of the others."""
    if new:
        await tx.send_only(
            """
            INSERT INTO prepaid_lots (id, user_id, kind, units, left_units)
            SELECT *
            FROM unnest(%(id)s::uuid[], %(user_id)s::uuid[], %(kind)s::text[], %(units)s::int[],
                %(left_units)s::int[])
            """,
            columns_of(new, Lot.__struct_fields__),
        )
    if changed:
        await tx.send_only(
            """
            UPDATE prepaid_lots AS lot
            SET left_units = new.left_units
            FROM unnest(%(id)s::uuid[], %(left_units)s::int[]) AS new (id, left_units)
            WHERE lot.id = new.id
            """,
            columns_of(changed, ("id", "left_units")),
        )


async def write_uses(tx: Transaction, new: Sequence[LotUse], returned: Mapping[tuple[UUID, UUID], int]) -> None:
    """Insert new uses, and add what came back to the others, by (movement, lot)."""
    if new:
        await tx.send_only(
            """
            INSERT INTO prepaid_lot_uses (movement_id, lot_id, units, returned_units)
            SELECT *
            FROM unnest(%(movement_id)s::uuid[], %(lot_id)s::uuid[], %(units)s::int[], %(returned_units)s::int[])
            """,
            columns_of(new, LotUse.__struct_fields__),
        )
    if returned:
        await tx.send_only(
            """
            UPDATE prepaid_lot_uses AS used
            SET returned_units = used.returned_units + back.units
            FROM unnest(%(movements)s::uuid[], %(lots)s::uuid[], %(units)s::int[]) AS back (movement_id, lot_id, units)
            WHERE used.movement_id = back.movement_id AND used.lot_id = back.lot_id
            """,
            {
                "movements": [movement_id for movement_id, _ in returned],
                "lots": [lot_id for _, lot_id in returned],
                "units": list(returned.values()),
            },
        )
