"""Choosing vendors for a basket, and the weights of that choice [O40, O41]."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.errors import ProductNotFound
from khaacho.orders.candidates import Demand, find_market, find_markets
from khaacho.orders.records import WantedLine
from khaacho.orders.scoring import Factor, Weights, require_valid_weights
from khaacho.orders.splitting import PlannedLine, RoutePlan, VendorPart, plan_vendors
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.database import Transaction

__all__ = [
    "PlannedLine",
    "RoutePlan",
    "VendorPart",
    "change_routing_weights",
    "find_routing_weights",
    "plan_many",
    "plan_routes",
]

# The five weights are one setting, and the audit needs an id to know it by.
WEIGHTS_SUBJECT_ID = uuid5(NAMESPACE_URL, "khaacho:routing-weights")


async def plan_routes(
    tx: Transaction,
    retailer_id: UUID,
    lines: Sequence[WantedLine],
    *,
    exclude_vendor_ids: Collection[UUID] = (),
    required_vendor_id: UUID | None = None,
) -> RoutePlan:
    """Which vendors deliver these lines to this shop, at which prices, and what cannot be had as wanted.

    One flush, no locks: stock and prices may change before they are reserved, and placement looks again under its
    locks. With `required_vendor_id` only that vendor is considered. Raises ProductNotFound.
    """
    market = await find_market(
        tx,
        retailer_id,
        {line.product_id for line in lines},
        exclude_vendor_ids=exclude_vendor_ids,
        required_vendor_id=required_vendor_id,
    )
    return plan_vendors(market, lines, local_now=clock.business_time(clock.now()))


async def plan_many(
    tx: Transaction, wanted: Sequence[tuple[UUID, Sequence[WantedLine]]]
) -> list[RoutePlan | ProductNotFound]:
    """As `plan_routes` for many (retailer, lines) at once, in one flush; one outcome each, in order."""
    demands = [
        Demand(retailer_id=retailer_id, product_ids=frozenset(line.product_id for line in lines))
        for retailer_id, lines in wanted
    ]
    local_now = clock.business_time(clock.now())
    return [
        market if isinstance(market, ProductNotFound) else plan_vendors(market, lines, local_now=local_now)
        for market, (_, lines) in zip(await find_markets(tx, demands), wanted, strict=True)
    ]


class _Weight(msgspec.Struct, frozen=True, kw_only=True):
    factor: Factor
    weight: int


async def find_routing_weights(tx: Transaction) -> Weights:
    """The weights in force."""
    rows = await tx.all("SELECT factor, weight FROM routing_weights", into=_Weight)
    return Weights(**{row.factor.value: row.weight for row in rows})


async def change_routing_weights(tx: Transaction, actor: Actor, weights: Mapping[Factor, int]) -> Weights:
    """Weigh the factors anew, for every order placed from now on. Raises ValidationFailed unless they sum to 100."""
    new = require_valid_weights(weights)
    old = await tx.all(
        """
        UPDATE routing_weights AS setting
        SET weight = new.weight
        FROM unnest(%(factors)s::text[], %(weights)s::integer[]) AS new (factor, weight)
        JOIN routing_weights AS old ON old.factor = new.factor
        WHERE setting.factor = new.factor
        RETURNING old.factor, old.weight
        """,
        {"factors": [factor.value for factor in Factor], "weights": [new.of(factor) for factor in Factor]},
        into=_Weight,
    )
    await record_audit(
        tx,
        actor,
        [
            AuditEntry(
                action="SETTING_CHANGED",
                subject_kind="routing_weights",
                subject_id=WEIGHTS_SUBJECT_ID,
                old={row.factor.value: row.weight for row in old},
                new={factor.value: new.of(factor) for factor in Factor},
            )
        ],
    )
    return new
