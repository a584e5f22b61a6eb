"""The text with which a shop is told how much it ordered of late."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from litestar import get

from khaacho.errors import RetailerNotFound
from khaacho.orders.insights import find_retailer_insight
from khaacho.parties.access import requires
from khaacho.parties.queries import require_retailer
from khaacho.platform.database import Database
from khaacho.platform.http import ApiRecord, Envelope, ok
from khaacho.whatsapp.wording import words_for
from khaacho.whatsapp.wording.account_text import lay_out_insights


class MessageAnswer(ApiRecord, frozen=True, kw_only=True):
    message: str


@get(
    "/admin/insights/{retailer_id:uuid}/message",
    operation_id="getInsightsMessage",
    summary="The text a shop gets when it asks for its figures",
    guards=[requires("insights.read")],
)
async def get_insights_message(retailer_id: UUID, database: Database) -> Envelope[MessageAnswer]:
    """In the shop's language, as of now; nothing is sent."""
    async with database.reading() as tx:
        retailer = await require_retailer(tx, retailer_id)
        insight = await find_retailer_insight(tx, retailer_id)
    if insight is None:
        raise RetailerNotFound(retailer_id=retailer_id)
    return ok(MessageAnswer(message=lay_out_insights(words_for(retailer.locale), insight)))


ROUTES: list[Any] = [get_insights_message]
