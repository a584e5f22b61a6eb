"""The one state machine of orders [O33]: what may follow what, and who may bring it about.

Pure: it reads nothing and changes nothing. What a transition does to stock and credit is fulfilment's business.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from khaacho.actors import ActorRole
from khaacho.errors import Forbidden, InvalidTransition, KhaachoError
from khaacho.orders.records import OrderStatus

_SYSTEM = frozenset({ActorRole.SYSTEM})
_STAFF = frozenset({ActorRole.ADMIN, ActorRole.OPERATOR, ActorRole.SYSTEM})
_VENDOR_SIDE = _STAFF | {ActorRole.VENDOR}
_RETAILER_SIDE = _STAFF | {ActorRole.RETAILER}
_BOTH_SIDES = _VENDOR_SIDE | _RETAILER_SIDE

Roles = frozenset[ActorRole]

# A vendor gives a PENDING order back by declining it, which asks the next vendor and is no transition.
# Staff accept in the name of the vendor who is asked, as when the wholesaler answered by telephone.
# Goods on the road can no longer be cancelled by the retailer.
# What was completed by a payment is owed again when that payment is taken back; nobody else brings it back.
TRANSITIONS: Mapping[OrderStatus, Mapping[OrderStatus, Roles]] = {
    OrderStatus.PENDING: {
        OrderStatus.ACCEPTED: _VENDOR_SIDE,
        OrderStatus.CANCELLED: _RETAILER_SIDE,
        OrderStatus.FAILED: _STAFF,
    },
    OrderStatus.ACCEPTED: {
        OrderStatus.PACKING: _VENDOR_SIDE,
        OrderStatus.CANCELLED: _BOTH_SIDES,
        OrderStatus.FAILED: _VENDOR_SIDE,
    },
    OrderStatus.PACKING: {
        OrderStatus.DISPATCHED: _VENDOR_SIDE,
        OrderStatus.CANCELLED: _BOTH_SIDES,
        OrderStatus.FAILED: _VENDOR_SIDE,
    },
    OrderStatus.DISPATCHED: {
        OrderStatus.OUT_FOR_DELIVERY: _VENDOR_SIDE,
        OrderStatus.DELIVERED: _VENDOR_SIDE,
        OrderStatus.CANCELLED: _VENDOR_SIDE,
        OrderStatus.FAILED: _VENDOR_SIDE,
    },
    OrderStatus.OUT_FOR_DELIVERY: {
        OrderStatus.DELIVERED: _VENDOR_SIDE,
        OrderStatus.CANCELLED: _VENDOR_SIDE,
        OrderStatus.FAILED: _VENDOR_SIDE,
    },
    OrderStatus.DELIVERED: {OrderStatus.COMPLETED: _RETAILER_SIDE},
    OrderStatus.COMPLETED: {OrderStatus.DELIVERED: _SYSTEM},
    OrderStatus.CANCELLED: {},
    OrderStatus.FAILED: {
        OrderStatus.PENDING: _RETAILER_SIDE,
        OrderStatus.CANCELLED: _RETAILER_SIDE,
    },
}


class TransitionDecision(msgspec.Struct, frozen=True, kw_only=True):
    """Change the order, leave it because it is so already, or the refusal."""

    changes: bool
    refusal: KhaachoError | None = None


_CHANGE = TransitionDecision(changes=True)
_ALREADY_SO = TransitionDecision(changes=False)


def decide_transition(
    from_status: OrderStatus, to_status: OrderStatus, *, role: ActorRole, owns_order: bool
) -> TransitionDecision:
    """May somebody in `role` bring an order from one state to the other?

    `owns_order` says whether the order is with this vendor or of this retailer; staff need not own it. Strangers, and
    roles that may never bring any order to `to_status`, get Forbidden. The same state again is a quiet yes. Everything
    else that the table does not hold is InvalidTransition, naming what this role may do from here.
    """
    if not owns_order and role not in _STAFF:
        return _refused(Forbidden())
    if not any(role in targets.get(to_status, frozenset()) for targets in TRANSITIONS.values()):
        return _refused(Forbidden())
    if from_status is to_status:
        return _ALREADY_SO
    if role not in TRANSITIONS[from_status].get(to_status, frozenset()):
        return _refused(
            InvalidTransition(
                from_status=from_status, to_status=to_status, allowed=[*statuses_allowed(from_status, role)]
            )
        )
    return _CHANGE


def statuses_allowed(from_status: OrderStatus, role: ActorRole) -> tuple[OrderStatus, ...]:
    """What somebody in `role` may make of an order in this state, in the order of the table."""
    return tuple(to_status for to_status, roles in TRANSITIONS[from_status].items() if role in roles)


def _refused(refusal: KhaachoError) -> TransitionDecision:
    return TransitionDecision(changes=False, refusal=refusal)
