"""Asking the guardrails without ordering: many questions at a time, answered from one set-wise read.

The answer is that of the figures of this moment; placement decides again, by the same function, under the lock.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from khaacho.actors import SYSTEM
from khaacho.credit.lock import CreditRequest, Judgement, look_at_credit
from khaacho.errors import ValidationFailed
from khaacho.ids import new_id
from khaacho.platform.batching import Coalescer
from khaacho.platform.database import Database


class OrderJudge:
    """One per process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._together: Coalescer[CreditRequest, Judgement] = Coalescer(self._judge_together)

    async def judge(
        self, *, retailer_id: UUID, vendor_id: UUID | None, amount_paisa: int, on_credit: bool
    ) -> Judgement:
        """Would this order be accepted now? Raises ValidationFailed for an amount that is none."""
        if amount_paisa <= 0:
            raise ValidationFailed(field="orderAmount", why="must be above zero")
        return await self._together.submit(
            CreditRequest(
                order_id=new_id(),
                retailer_id=retailer_id,
                vendor_id=vendor_id,
                amount_paisa=amount_paisa,
                on_credit=on_credit,
                actor=SYSTEM,
            )
        )

    async def _judge_together(self, requests: Sequence[CreditRequest]) -> list[Judgement]:
        async with self._database.reading() as tx:
            desk = await look_at_credit(tx, requests)
        return [desk.judge(request) for request in requests]
