"""The table of order states, every cell of it, for every role."""

from __future__ import annotations

import itertools

import pytest

from khaacho.actors import ActorRole
from khaacho.errors import Forbidden, InvalidTransition
from khaacho.orders.records import OrderStatus
from khaacho.orders.states import TRANSITIONS, decide_transition, statuses_allowed

S = OrderStatus

# The table of [O33], written out again by hand: from, to, and who.
STAFF = {"ADMIN", "OPERATOR", "SYSTEM"}
ALLOWED = {
    (S.PENDING, S.ACCEPTED): STAFF | {"VENDOR"},
    (S.PENDING, S.CANCELLED): STAFF | {"RETAILER"},
    (S.PENDING, S.FAILED): STAFF,
    (S.ACCEPTED, S.PACKING): STAFF | {"VENDOR"},
    (S.ACCEPTED, S.CANCELLED): STAFF | {"VENDOR", "RETAILER"},
    (S.ACCEPTED, S.FAILED): STAFF | {"VENDOR"},
    (S.PACKING, S.DISPATCHED): STAFF | {"VENDOR"},
    (S.PACKING, S.CANCELLED): STAFF | {"VENDOR", "RETAILER"},
    (S.PACKING, S.FAILED): STAFF | {"VENDOR"},
    (S.DISPATCHED, S.OUT_FOR_DELIVERY): STAFF | {"VENDOR"},
    (S.DISPATCHED, S.DELIVERED): STAFF | {"VENDOR"},
    (S.DISPATCHED, S.CANCELLED): STAFF | {"VENDOR"},
    (S.DISPATCHED, S.FAILED): STAFF | {"VENDOR"},
    (S.OUT_FOR_DELIVERY, S.DELIVERED): STAFF | {"VENDOR"},
    (S.OUT_FOR_DELIVERY, S.CANCELLED): STAFF | {"VENDOR"},
    (S.OUT_FOR_DELIVERY, S.FAILED): STAFF | {"VENDOR"},
    (S.DELIVERED, S.COMPLETED): STAFF | {"RETAILER"},
    (S.COMPLETED, S.DELIVERED): {"SYSTEM"},
    (S.FAILED, S.PENDING): STAFF | {"RETAILER"},
    (S.FAILED, S.CANCELLED): STAFF | {"RETAILER"},
}
# States that some move of a role leads to; a role is forbidden to ask for any other.
REACHABLE = {role: {to for (_, to), roles in ALLOWED.items() if role in roles} for role in ActorRole}


@pytest.mark.parametrize("role", ActorRole)
@pytest.mark.parametrize(("from_status", "to_status"), list(itertools.product(S, S)))
def test_every_cell_for_every_role(from_status: S, to_status: S, role: ActorRole) -> None:
    """[O33] Exactly the moves of the table change the order; the same state is a quiet yes; the rest is refused."""
    decision = decide_transition(from_status, to_status, role=role, owns_order=True)
    if to_status not in REACHABLE[role]:
        assert isinstance(decision.refusal, Forbidden)
    elif from_status is to_status:
        assert (decision.changes, decision.refusal) == (False, None)
    elif role in ALLOWED.get((from_status, to_status), set()):
        assert (decision.changes, decision.refusal) == (True, None)
    else:
        assert isinstance(decision.refusal, InvalidTransition)
        assert decision.refusal.details == {
            "from_status": from_status,
            "to_status": to_status,
            "allowed": [to for to in TRANSITIONS[from_status] if role in ALLOWED[from_status, to]],
        }
        assert not decision.changes


@pytest.mark.parametrize("role", [ActorRole.VENDOR, ActorRole.RETAILER, ActorRole.FREELANCER])
@pytest.mark.parametrize(("from_status", "to_status"), list(itertools.product(S, S)))
def test_strangers_may_do_nothing(from_status: S, to_status: S, role: ActorRole) -> None:
    """[O43] Whoever does not own the order is refused before its state matters, and learns nothing of it."""
    decision = decide_transition(from_status, to_status, role=role, owns_order=False)
    assert isinstance(decision.refusal, Forbidden)
    assert decision.refusal.details == {}


def test_a_retailer_may_cancel_until_it_is_dispatched() -> None:
    """[O33] PENDING, ACCEPTED and PACKING, and a FAILED order that is not worth another try."""
    cancellable = [status for status in S if S.CANCELLED in statuses_allowed(status, ActorRole.RETAILER)]
    assert cancellable == [S.PENDING, S.ACCEPTED, S.PACKING, S.FAILED]
