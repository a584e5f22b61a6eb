"""One gentle reminder of a basket that was never finished, at two in the afternoon [O21]."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from khaacho import clock
from khaacho.money import format_rupees
from khaacho.orders.basket import follow_up_baskets
from khaacho.orders.queries import find_baskets
from khaacho.orders.records import BasketState
from khaacho.parties.queries import require_retailer
from khaacho.platform.database import Database
from khaacho.platform.queue import Schedule
from khaacho.whatsapp.contacts import contact_of_party
from khaacho.whatsapp.outbox import say
from khaacho.whatsapp.records import Purpose, Saying
from khaacho.whatsapp.wording import words_for
from khaacho.whatsapp.wording.templates import template

# Whoever wrote within the hour is still at it.
QUIET = timedelta(hours=1)
BASKETS_MAX = 1_000


async def follow_up(database: Database, slot: datetime, dry_run: bool) -> Mapping[str, Any]:
    """Ask the retailers of unfinished baskets once; the mark and the message are one transaction."""
    quiet_since = clock.now() - QUIET
    if dry_run:
        async with database.reading() as tx:
            pending = await find_baskets(tx, states=[BasketState.PENDING], limit=BASKETS_MAX)
        waiting = [one for one in pending if one.followed_up_at is None and one.lines and one.updated_at <= quiet_since]
        return {"baskets": len(waiting)}
    async with database.transaction() as tx:
        baskets = await follow_up_baskets(tx, quiet_since=quiet_since, limit=BASKETS_MAX)
        for basket in baskets:
            retailer = await require_retailer(tx, basket.retailer_id)
            contact = await contact_of_party(tx, retailer.phone, retailer_id=retailer.id)
            total = format_rupees(basket.quote.total_paisa if basket.quote else 0)
            saying = Saying(
                key=f"follow-up:{basket.id}",
                purpose=Purpose.BASKET_FOLLOW_UP,
                text=words_for(retailer.locale).basket_waits.format(total=total),
                template=template("basket_follow_up", retailer.locale, total),
            )
            await say(tx, contact.id, [saying])
    return {"baskets": len(baskets)}


FOLLOW_UP = Schedule(name="basket-follow-up", cron="0 14 * * *", run=follow_up)
