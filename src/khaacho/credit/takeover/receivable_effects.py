"""What payments taken over do beyond their lines: a pause without a cause is lifted, orders they paid are completed.

Of what happened long ago nobody is thanked; but a shop that is paused although nothing is late would stay so for ever,
since nobody pays what is not owed.
"""

from __future__ import annotations

from collections.abc import Sequence

from khaacho.actors import Actor
from khaacho.credit.events import OrdersPaidElsewhere
from khaacho.credit.lateness.pausing import resume_cured
from khaacho.credit.takeover.receivable_history import Life
from khaacho.credit.takeover.receivable_rows import NewHistory
from khaacho.parties.standings import CreditStatus, send_find_standings
from khaacho.platform.database import Transaction
from khaacho.platform.events import publish


async def follow_up(tx: Transaction, actor: Actor, histories: Sequence[NewHistory], lives: Sequence[Life]) -> None:
    """Once the histories are written and while their lines are locked: lift what is cured, and tell of orders paid."""
    paying = sorted({history.retailer_id for history in histories if history.paid})
    for standing in await (await send_find_standings(tx, paying)).all() if paying else ():
        # Looked at again under the lock; a pause that is decided meanwhile sees what was written here, or waits for it.
        if standing.credit_status is CreditStatus.PAUSED and standing.credit_status_automatic:
            await resume_cured(tx, actor, standing.id)
    paid_orders = [_orders_paid(history, life) for history, life in zip(histories, lives, strict=True)]
    await publish(tx, [event for event in paid_orders if event.cleared_order_ids])


def _orders_paid(history: NewHistory, life: Life) -> OrdersPaidElsewhere:
    closed = [item for item in life.items.values() if item.source_kind == "order" and item.remaining_paisa == 0]
    return OrdersPaidElsewhere(
        retailer_id=history.retailer_id, cleared_order_ids=tuple(sorted(item.source_id for item in closed))
    )
