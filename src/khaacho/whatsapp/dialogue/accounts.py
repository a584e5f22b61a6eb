"""What a retailer asks about money and habits: credit, paying, their own figures."""

from __future__ import annotations

import re

from khaacho import clock
from khaacho.credit.queries import find_credit_overview
from khaacho.orders.insights import find_retailer_insight
from khaacho.orders.queries import find_orders_by_id
from khaacho.whatsapp.dialogue.talk import Talk, reply
from khaacho.whatsapp.records import Reply
from khaacho.whatsapp.understanding.records import Intent
from khaacho.whatsapp.wording.account_text import lay_out_credit, lay_out_insights

# Whoever says just this is also told how much they ordered of late.
_CHECKS_CREDIT = re.compile(
    r"^\W*(?:check\s+(?:my\s+)?credit|mero\s+his+a+b(?:\s*kitab)?|मेरो\s+हिसाब(?:\s*किताब)?)\W*$", re.IGNORECASE
)


async def show_credit(talk: Talk) -> Reply:
    """Limit, used, available, and what is open with its due days."""
    overview = await find_credit_overview(talk.tx, talk.retailer.id)
    sources = [debit.source_id for debit in overview.open_debits if debit.source_kind == "order"]
    codes = {order.id: order.code for order in await find_orders_by_id(talk.tx, sources)} if sources else {}
    text = lay_out_credit(talk.words, overview, order_codes=codes, today=clock.business_day())
    if _CHECKS_CREDIT.match(talk.text):
        return reply(text, await _insights_text(talk), intent=Intent.CREDIT)
    return reply(text, intent=Intent.CREDIT)


async def show_insights(talk: Talk) -> Reply:
    """How much was ordered of late, counted from this shop's orders as of now."""
    return reply(await _insights_text(talk), intent=Intent.INSIGHTS)


async def _insights_text(talk: Talk) -> str:
    insight = await find_retailer_insight(talk.tx, talk.retailer.id)
    if insight is None:
        raise LookupError("a shop that speaks is a shop that is counted")
    return lay_out_insights(talk.words, insight)
