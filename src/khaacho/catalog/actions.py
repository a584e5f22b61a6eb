"""Changing vendors' offers and their stock: set-wise, each change of a price audited.

Orders reserve, release and sell through the four functions at the end: one statement each, over arrays, on rows that
the caller has locked. A level outside 0 ≤ reserved ≤ physical is refused by the table itself.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.catalog.product_actions import announce_catalog_change, changed_entry
from khaacho.catalog.queries import find_offers_by_id
from khaacho.catalog.records import (
    NewOffer,
    Offer,
    OfferTerms,
    PutOffer,
    PutOutcome,
    StockChange,
    StockLevel,
)
from khaacho.errors import InsufficientStock, NotFound
from khaacho.ids import new_id
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.columns import columns_of
from khaacho.platform.database import Pending, Transaction
from khaacho.platform.locks import Wait, lock_rows, send_row_locks

COUNTED = "COUNTED"
_TERMS = ("vendor_id", "product_id", "sku", "price_paisa", "min_quantity", "max_quantity", "multiple", "lead_time_days")
_TERM_FIELDS = (*_TERMS, "active")
_LOCK_OFFERS = f"SELECT id, {', '.join(_TERM_FIELDS)} FROM vendor_offers"
_LOCK_STOCK = "SELECT id, physical, reserved FROM stock"
_OFFER_ARRAYS = """unnest(%(id)s::uuid[], %(vendor_id)s::uuid[], %(product_id)s::uuid[], %(sku)s::text[],
    %(price_paisa)s::bigint[], %(min_quantity)s::numeric[], %(max_quantity)s::numeric[], %(multiple)s::numeric[],
    %(lead_time_days)s::int[], %(active)s::bool[])"""


# --- offers ------------------------------------------------------------------------------------------------------


async def put_offers(tx: Transaction, actor: Actor, *, offers: Sequence[NewOffer]) -> list[PutOffer]:
    """Put offers in place, one per vendor and product: new ones are added, known ones get these terms.

    `stock` is what was counted; the difference to what we thought becomes a movement. Answers one outcome per offer,
    in order. Raises NotFound, AlreadyExists (an SKU twice at a vendor), InsufficientStock (counted below reserved).
    """
    outcomes = await write_offers(tx, actor, offers=offers)
    if any(outcome.outcome is not PutOutcome.UNCHANGED for outcome in outcomes):
        await announce_catalog_change(tx)
    return outcomes


async def write_offers(tx: Transaction, actor: Actor, *, offers: Sequence[NewOffer]) -> list[PutOffer]:
    """As `put_offers`, for callers that announce the change once at the end."""
    known = await _known_offer_ids(tx, offers)
    before = await lock_rows(tx, _LOCK_OFFERS, list(known.values()), into=OfferTerms)
    old_terms = {terms.id: terms for terms in before}
    wanted = [
        OfferTerms(
            id=known.get((offer.vendor_id, offer.product_id)) or new_id(),
            **{name: getattr(offer, name) for name in _TERM_FIELDS},
        )
        for offer in offers
    ]
    created = [terms for terms in wanted if terms.id not in old_terms]
    changed = [
        (old_terms[terms.id], terms) for terms in wanted if terms.id in old_terms and terms != old_terms[terms.id]
    ]
    await _insert_offers(tx, actor, created)
    await _write_terms(tx, actor, changed)
    counted = {terms.id: offer.stock for terms, offer in zip(wanted, offers, strict=True) if offer.stock is not None}
    recounted = await count_stock(tx, actor, counted=counted)
    stored = {offer.id: offer for offer in await find_offers_by_id(tx, [terms.id for terms in wanted])}
    new_ids = {terms.id for terms in created}
    changed_ids = {new.id for _, new in changed} | recounted
    return [
        PutOffer(
            offer=stored[terms.id],
            outcome=PutOutcome.CREATED
            if terms.id in new_ids
            else PutOutcome.CHANGED
            if terms.id in changed_ids
            else PutOutcome.UNCHANGED,
        )
        for terms in wanted
    ]


async def update_offers(tx: Transaction, actor: Actor, *, changes: Mapping[UUID, Mapping[str, Any]]) -> list[Offer]:
    """Give offers new terms, by field name (those of `OfferTerms`). Raises NotFound, AlreadyExists."""
    before = await lock_rows(tx, _LOCK_OFFERS, list(changes), into=OfferTerms)
    if len(before) < len(changes):
        raise NotFound(what="offer")
    pairs = [(old, msgspec.structs.replace(old, **changes[old.id])) for old in before]
    differing = [(old, new) for old, new in pairs if old != new]
    await _write_terms(tx, actor, differing)
    if differing:
        await announce_catalog_change(tx)
    return await find_offers_by_id(tx, list(changes))


async def _known_offer_ids(tx: Transaction, offers: Sequence[NewOffer]) -> dict[tuple[UUID, UUID], UUID]:
    # vendor_offers_vendor_id_product_id_key serves this.
    rows = await tx.dicts(
        """
        SELECT o.id, o.vendor_id, o.product_id
        FROM vendor_offers AS o
        JOIN unnest(%(vendor_id)s::uuid[], %(product_id)s::uuid[]) AS n (vendor_id, product_id)
            ON n.vendor_id = o.vendor_id AND n.product_id = o.product_id
        """,
        columns_of(offers, ("vendor_id", "product_id")),
    )
    return {(row["vendor_id"], row["product_id"]): row["id"] for row in rows}


async def _insert_offers(tx: Transaction, actor: Actor, created: Sequence[OfferTerms]) -> None:
    if not created:
        return
    await tx.send_only(
        f"""
        WITH added AS (
            INSERT INTO vendor_offers (id, {", ".join(_TERM_FIELDS)}, created_at, updated_at)
            SELECT n.*, %(now)s, %(now)s FROM {_OFFER_ARRAYS} AS n
            RETURNING id
        )
        INSERT INTO stock (id, physical) SELECT id, 0 FROM added
        """,
        {**columns_of(created, ("id", *_TERM_FIELDS)), "now": clock.now()},
    )
    entries = [
        AuditEntry(
            action="OFFER_ADDED",
            subject_kind="offer",
            subject_id=terms.id,
            new={"sku": terms.sku, "vendor_id": str(terms.vendor_id), "price_paisa": terms.price_paisa},
        )
        for terms in created
    ]
    await record_audit(tx, actor, entries)


async def _write_terms(tx: Transaction, actor: Actor, changed: Sequence[tuple[OfferTerms, OfferTerms]]) -> None:
    if not changed:
        return
    await tx.send_only(
        f"""
        UPDATE vendor_offers SET sku = n.sku, price_paisa = n.price_paisa, min_quantity = n.min_quantity,
            max_quantity = n.max_quantity, multiple = n.multiple, lead_time_days = n.lead_time_days,
            active = n.active, updated_at = %(now)s
        FROM {_OFFER_ARRAYS} AS n (id, {", ".join(_TERM_FIELDS)})
        WHERE vendor_offers.id = n.id
        """,
        {**columns_of([new for _, new in changed], ("id", *_TERM_FIELDS)), "now": clock.now()},
    )
    await record_audit(tx, actor, [changed_entry("OFFER_CHANGED", "offer", old, new) for old, new in changed])


# --- stock, by hand ----------------------------------------------------------------------------------------------


async def change_stock(tx: Transaction, actor: Actor, *, changes: Sequence[StockChange]) -> list[StockLevel]:
    """Book goods in or out, each with a movement that says who and why; answers the levels after it.

    Raises NotFound for an unknown offer, InsufficientStock when less would be left than is promised to orders.
    """
    totals = totals_by_offer([(change.offer_id, change.change) for change in changes])
    before = await lock_rows(tx, _LOCK_STOCK, list(totals), into=StockLevel)
    if len(before) < len(totals):
        raise NotFound(what="offer")
    after = [msgspec.structs.replace(level, physical=level.physical + totals[level.id]) for level in before]
    for level, was in zip(after, before, strict=True):
        if level.physical < level.reserved:
            raise InsufficientStock(sku=await _sku_of(tx, level.id), available=was.available)
    await _write_levels(tx, after)
    await _record_movements(tx, actor, changes)
    return after


async def count_stock(tx: Transaction, actor: Actor, *, counted: Mapping[UUID, Decimal]) -> set[UUID]:
    """Set physical stock to what was counted; answers which offers' stock changed."""
    levels = await lock_rows(tx, _LOCK_STOCK, list(counted), into=StockLevel)
    changes = [
        StockChange(offer_id=level.id, change=counted[level.id] - level.physical, reason=COUNTED)
        for level in levels
        if counted[level.id] != level.physical
    ]
    if changes:
        await change_stock(tx, actor, changes=changes)
    return {change.offer_id for change in changes}


async def _write_levels(tx: Transaction, levels: Sequence[StockLevel]) -> None:
    await tx.send_only(
        """
        UPDATE stock SET physical = n.physical
        FROM unnest(%(id)s::uuid[], %(physical)s::numeric[]) AS n (id, physical)
        WHERE stock.id = n.id
        """,
        columns_of(levels, ("id", "physical")),
    )


async def _record_movements(tx: Transaction, actor: Actor, changes: Sequence[StockChange]) -> None:
    moved = [change for change in changes if change.change]
    await tx.send_only(
        """
        INSERT INTO stock_movements (id, offer_id, change, reason, actor_id, actor_name, created_at)
        SELECT n.id, n.offer_id, n.change, n.reason, %(actor_id)s, %(actor_name)s, %(now)s
        FROM unnest(%(ids)s::uuid[], %(offer_id)s::uuid[], %(change)s::numeric[], %(reason)s::text[])
            AS n (id, offer_id, change, reason)
        """,
        {
            **columns_of(moved, ("offer_id", "change", "reason")),
            "ids": [new_id() for _ in moved],
            "actor_id": actor.id,
            "actor_name": actor.name,
            "now": clock.now(),
        },
    )


async def _sku_of(tx: Transaction, offer_id: UUID) -> str:
    return str(await tx.value("SELECT sku FROM vendor_offers WHERE id = %(id)s", {"id": offer_id}))


# --- stock, by orders --------------------------------------------------------------------------------------------


async def lock_stock(tx: Transaction, offer_ids: Sequence[UUID], wait: Wait = Wait.QUEUE) -> Pending[StockLevel]:
    """Lock stock rows in id order and queue the reading of their levels; the first step of reserving."""
    return await send_row_locks(tx, _LOCK_STOCK, offer_ids, into=StockLevel, wait=wait)


async def reserve(tx: Transaction, items: Sequence[tuple[UUID, Decimal]]) -> None:
    """Promise these (offer, quantity) to orders. InsufficientStock surfaces at the flush if more than is there."""
    await _move(tx, "reserved = stock.reserved + n.quantity", items)


async def release(tx: Transaction, items: Sequence[tuple[UUID, Decimal]]) -> None:
    """Take promises back, undelivered. InsufficientStock surfaces at the flush if more than was promised."""
    await _move(tx, "reserved = stock.reserved - n.quantity", items)


async def sell(tx: Transaction, items: Sequence[tuple[UUID, Decimal]]) -> None:
    """Hand promised goods over: both promise and stock shrink. The order is the record; there is no movement."""
    await _move(tx, "reserved = stock.reserved - n.quantity, physical = stock.physical - n.quantity", items)


async def _move(tx: Transaction, assignment: str, items: Sequence[tuple[UUID, Decimal]]) -> None:
    totals = totals_by_offer(items)
    if not totals:
        return
    # The primary key serves this; reserved and physical are in no index, so the row is rewritten in place.
    await tx.send_only(
        f"""
        UPDATE stock SET {assignment}
        FROM unnest(%(offers)s::uuid[], %(quantities)s::numeric[]) AS n (id, quantity)
        WHERE stock.id = n.id
        """,
        {"offers": list(totals), "quantities": list(totals.values())},
    )


def totals_by_offer(items: Sequence[tuple[UUID, Decimal]]) -> dict[UUID, Decimal]:
    """One figure per offer: an UPDATE that meets a row twice would count it once."""
    totals: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for offer_id, quantity in items:
        totals[offer_id] += quantity
    return dict(totals)
