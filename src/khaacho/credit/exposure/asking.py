"""Asking the guardrails without ordering: many questions at a time, answered from one set-wise read.

The answer is that of the figures of this moment; placement decides again, by the same function, under the lock.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.credit.guardrails import NOTHING_OVERDUE, Overdue, decide
from khaacho.credit.lock import Judgement
from khaacho.credit.queries import OverdueRow, choose_line
from khaacho.credit.records import CreditLine
from khaacho.errors import ValidationFailed
from khaacho.parties.standings import send_find_standings
from khaacho.platform.batching import Coalescer
from khaacho.platform.database import Database, Pending, Transaction


class OrderQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """Would this order be accepted now?"""

    retailer_id: UUID
    vendor_id: UUID | None
    amount_paisa: int
    on_credit: bool


class _LineNow(CreditLine, frozen=True, kw_only=True):
    overdue_paisa: int | None
    earliest_due_on: date | None

    def overdue(self, today: date) -> Overdue:
        if self.overdue_paisa is None or self.earliest_due_on is None:
            return NOTHING_OVERDUE
        past_due = OverdueRow(account_id=self.id, paisa=self.overdue_paisa, earliest_due_on=self.earliest_due_on)
        return past_due.on(today)


class OrderJudge:
    """One per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._together: Coalescer[OrderQuestion, Judgement] = Coalescer(self._judge_together)

    async def judge(self, question: OrderQuestion) -> Judgement:
        """Would this order be accepted now? Raises ValidationFailed for an amount that is none."""
        if question.amount_paisa <= 0:
            raise ValidationFailed(field="orderAmount", why="must be above zero")
        return await self._together.submit(question)

    async def _judge_together(self, questions: Sequence[OrderQuestion]) -> list[Judgement]:
        retailer_ids = list({question.retailer_id for question in questions})
        today = clock.business_day()
        async with self._database.reading() as tx:
            async with tx.pipeline():
                pending_standings = await send_find_standings(tx, retailer_ids)
                pending_lines = await _send_find_lines(tx, retailer_ids, today)
            standings = {standing.id: standing for standing in await pending_standings.all()}
            lines: dict[UUID, list[_LineNow]] = defaultdict(list)
            for line in await pending_lines.all():
                lines[line.retailer_id].append(line)

        def judge(question: OrderQuestion) -> Judgement:
            line = choose_line(lines[question.retailer_id], question.vendor_id) if question.on_credit else None
            decision = decide(
                standings.get(question.retailer_id),
                line,
                question.amount_paisa,
                on_credit=question.on_credit,
                overdue=line.overdue(today) if line else NOTHING_OVERDUE,
            )
            return Judgement(decision=decision, line=line)

        return [judge(question) for question in questions]


async def _send_find_lines(tx: Transaction, retailer_ids: Sequence[UUID], today: date) -> Pending[_LineNow]:
    """Queue the reading of every line of these retailers with its figures and what is past its due day on it."""
    return await tx.send(
        """
        SELECT line.id, line.retailer_id, line.vendor_id, line.status, line.status_reason, line.limit_paisa,
            line.max_order_paisa, line.max_outstanding_days, line.terms_days, line.de_minimis_paisa,
            account.posted, account.held, late.paisa AS overdue_paisa, late.earliest_due_on
        FROM credit_accounts AS line
        JOIN ledger_accounts AS account ON account.id = line.id
        CROSS JOIN LATERAL (
            SELECT SUM(debit.amount_paisa - debit.cleared_paisa)::bigint AS paisa, MIN(debit.due_on) AS earliest_due_on
            FROM credit_debits AS debit
            WHERE debit.account_id = line.id AND debit.cleared_paisa < debit.amount_paisa
                AND debit.due_on < %(today)s
        ) AS late
        WHERE line.retailer_id = ANY(%(retailers)s)
        """,
        {"retailers": list(retailer_ids), "today": today},
        into=_LineNow,
    )
