"""The credit lock: two orders arriving together never spend the same credit [C10–C13].

`send_lock_credit` queues, in one flush, the row locks of every line a batch of orders may use and the reads that the
decision needs (they run after the locks, so they see what is true under them). `CreditDesk.acquire` then decides
order by order on the running figures with the pure guardrail, and `write` stores the holds set-wise. A refused order
leaves the desk as it was.

READ COMMITTED with a row lock gives serial order per line; lines of different retailers never wait for each other.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.credit.guardrails import NOTHING_OVERDUE, Decision, decide
from khaacho.credit.queries import (
    CreditTerms,
    OverdueRow,
    choose_line,
    credit_line_id,
    send_find_overdue,
    send_find_terms,
)
from khaacho.credit.records import CreditLine
from khaacho.errors import (
    CreditBlocked,
    CreditPaused,
    InsufficientCredit,
    LockTimeout,
    MaxOrderValueExceeded,
    OverdueCredit,
    ValidationFailed,
)
from khaacho.ledger.actions import send_lock_accounts, write_book
from khaacho.ledger.posting import Book
from khaacho.ledger.queries import send_find_accounts
from khaacho.ledger.records import Hold, LedgerAccount, Source
from khaacho.parties.standings import RetailerStanding, send_find_standings
from khaacho.platform.database import Pending, Transaction
from khaacho.platform.locks import Wait, with_bounded_wait

# What a person may override with a reason; an unknown or blocked retailer and a missing line stay refused.
OVERRIDABLE = (CreditBlocked, CreditPaused, MaxOrderValueExceeded, OverdueCredit, InsufficientCredit)


class CreditRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One order that wants to be accepted; on credit it also wants a hold of its amount.

    `attempt` counts how often the order was tried: one that failed gave its hold back and needs another.
    """

    order_id: UUID
    retailer_id: UUID
    vendor_id: UUID | None
    amount_paisa: int
    on_credit: bool
    actor: Actor
    override_reason: str | None = None
    attempt: int = 1

    @property
    def hold_key(self) -> str:
        """What makes holding twice hold once."""
        return f"order:{self.order_id}" if self.attempt == 1 else f"order:{self.order_id}:{self.attempt}"


class Acquired(msgspec.Struct, frozen=True, kw_only=True):
    """The hold and the line as it stands with it; both None for COD. `overridden` names the guardrail passed by."""

    hold: Hold | None = None
    line: CreditLine | None = None
    overridden: str | None = None


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """The guardrails' word on an order, and the line it would use as it stands without the order."""

    decision: Decision
    line: CreditLine | None


class CreditDesk:
    """Locked lines, and the decisions taken on them."""

    def __init__(
        self,
        book: Book,
        terms: Sequence[CreditTerms],
        overdue: Sequence[OverdueRow],
        standings: Sequence[RetailerStanding],
        today: date,
    ) -> None:
        self.book = book
        self._terms = {line.id: line for line in terms}
        self._overdue = {row.account_id: row.on(today) for row in overdue}
        self._standings = {standing.id: standing for standing in standings}

    def judge(self, request: CreditRequest) -> Judgement:
        """What would be said of this order now; changes no figure. LockTimeout when its line is locked elsewhere."""
        retailer = self._standings.get(request.retailer_id)
        line = self._line(request) if request.on_credit else None
        overdue = self._overdue.get(line.id, NOTHING_OVERDUE) if line else NOTHING_OVERDUE
        decision = decide(retailer, line, request.amount_paisa, on_credit=request.on_credit, overdue=overdue)
        return Judgement(decision=decision, line=line)

    def acquire(self, request: CreditRequest) -> Acquired:
        """Accept one order or raise why not; LockTimeout when its line is locked by somebody else."""
        judgement = self.judge(request)
        decision, line = judgement.decision, judgement.line
        overridden = None
        if decision.refusal is not None:
            if not _may_override(request, decision.refusal):
                raise decision.refusal
            overridden = decision.refusal.code
        if not request.on_credit or line is None:
            return Acquired(overridden=overridden)
        if overridden:
            self.book.raise_ceiling(line.id, line.used_paisa + request.amount_paisa)
        hold = self.book.hold(
            request.actor,
            line.id,
            request.amount_paisa,
            source=Source(kind="order", id=request.order_id),
            key=request.hold_key,
        )
        return Acquired(
            hold=hold, line=self._terms[line.id].with_figures(self.book.account(line.id)), overridden=overridden
        )

    async def write(self, tx: Transaction) -> None:
        """Store the holds."""
        await write_book(tx, self.book)

    def _line(self, request: CreditRequest) -> CreditLine | None:
        ids = _line_ids(request)
        known = [self._terms[line_id] for line_id in ids if line_id in self._terms]
        if any(not self.book.knows(terms.id) for terms in known):
            raise LockTimeout(retailer_id=request.retailer_id)
        lines = [terms.with_figures(self.book.account(terms.id)) for terms in known]
        return choose_line(lines, request.vendor_id)


class PendingDesk:
    """A desk whose locks are on their way."""

    def __init__(
        self,
        accounts: Pending[LedgerAccount],
        terms: Pending[CreditTerms],
        overdue: Pending[OverdueRow],
        standings: Pending[RetailerStanding],
        today: date,
    ) -> None:
        self._accounts, self._terms, self._overdue, self._standings = accounts, terms, overdue, standings
        self._today = today

    async def desk(self) -> CreditDesk:
        """The desk, once the locks are held."""
        book = Book(await self._accounts.all(), moment=clock.now())
        return CreditDesk(
            book, await self._terms.all(), await self._overdue.all(), await self._standings.all(), self._today
        )


async def send_lock_credit(
    tx: Transaction, requests: Sequence[CreditRequest], *, wait: Wait = Wait.QUEUE
) -> PendingDesk:
    """Queue the locks and reads for these orders. Accounts are locked before anything that refers to them."""
    line_ids = sorted({line_id for request in requests if request.on_credit for line_id in _line_ids(request)})
    today = clock.business_day()
    return PendingDesk(
        await send_lock_accounts(tx, line_ids, wait=wait),
        await send_find_terms(tx, line_ids),
        await send_find_overdue(tx, line_ids, today),
        await send_find_standings(tx, sorted({request.retailer_id for request in requests})),
        today,
    )


async def look_at_credit(tx: Transaction, requests: Sequence[CreditRequest]) -> CreditDesk:
    """A desk without locks, for telling people what would be decided now. What it decides is never written."""
    line_ids = sorted({line_id for request in requests if request.on_credit for line_id in _line_ids(request)})
    today = clock.business_day()
    async with tx.pipeline():
        pending = PendingDesk(
            await send_find_accounts(tx, line_ids),
            await send_find_terms(tx, line_ids),
            await send_find_overdue(tx, line_ids, today),
            await send_find_standings(tx, sorted({request.retailer_id for request in requests})),
            today,
        )
    return await pending.desk()


async def acquire(tx: Transaction, request: CreditRequest, *, wait: bool = True) -> Acquired:
    """Hold credit for one order in the caller's transaction [C10].

    Waits at most about 0.7 s for the line (three tries), then raises MaxRetriesExceeded; with `wait=False` raises
    LockTimeout at once. Raises the guardrail's refusal when the order may not be bought on credit.
    """
    if request.amount_paisa <= 0:
        raise ValidationFailed(field="amount", why="must be above zero")

    async def attempt() -> Acquired:
        pending = await send_lock_credit(tx, [request], wait=Wait.QUEUE if wait else Wait.REFUSE)
        desk = await pending.desk()
        acquired = desk.acquire(request)
        await desk.write(tx)
        return acquired

    if wait:
        return await with_bounded_wait(tx, attempt)
    return await attempt()


def _line_ids(request: CreditRequest) -> list[UUID]:
    platform_line = credit_line_id(request.retailer_id)
    if request.vendor_id is None:
        return [platform_line]
    return [platform_line, credit_line_id(request.retailer_id, request.vendor_id)]


def _may_override(request: CreditRequest, refusal: Exception) -> bool:
    reason = (request.override_reason or "").strip()
    return bool(reason) and request.actor.role is ActorRole.ADMIN and isinstance(refusal, OVERRIDABLE)
