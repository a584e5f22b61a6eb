"""How staff see and set a shop's credit limit beside its other particulars, without this domain knowing of credit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from khaacho.actors import Actor
from khaacho.platform.database import Transaction


@dataclass(frozen=True, kw_only=True)
class CreditLimits:
    """The credit domain's own two verbs, handed in by the composition root. Limits are in paisa.

    `find` answers the limit by retailer, of those the platform lends to. `agree` sets one, opening a line where there
    is none, with who does it and why.
    """

    find: Callable[[Transaction, Sequence[UUID]], Awaitable[Mapping[UUID, int]]]
    agree: Callable[[Transaction, Actor, UUID, int, str | None], Awaitable[None]]
