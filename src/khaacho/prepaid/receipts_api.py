"""The receipt of a purchase over HTTP [P34]."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from litestar import Request, Response, get

from khaacho.actors import Actor
from khaacho.parties.access import doorkeeper_of
from khaacho.platform.database import Database
from khaacho.prepaid.counter import LOOKING, PerUser
from khaacho.prepaid.receipts import draw_receipt, require_buyer, require_receipt

PDF_MEDIA_TYPE = "application/pdf"


@get(
    "/credits/purchases/{purchase_id:uuid}/receipt",
    operation_id="getPurchaseReceipt",
    summary="The receipt of a purchase, as a PDF",
    guards=[PerUser(LOOKING)],
    media_type=PDF_MEDIA_TYPE,
)
async def get_receipt(
    purchase_id: UUID, request: Request[Any, Any, Any], database: Database, actor: Actor
) -> Response[bytes]:
    """By the transaction or the order, in the buyer's language; for the buyer, and those who may see all credits."""
    async with database.reading() as tx:
        receipt = await require_receipt(tx, purchase_id)
        own = receipt.user_id == actor.id
        await doorkeeper_of(request).ensure_may(actor, "credits.view_own" if own else "credits.admin.view_all")
        buyer = await require_buyer(tx, receipt)
    return Response(
        await asyncio.to_thread(draw_receipt, receipt, buyer),
        media_type=PDF_MEDIA_TYPE,
        headers={
            "Content-Disposition": f'inline; filename="receipt-{receipt.receipt}.pdf"',
            "Cache-Control": "no-store",
        },
    )


ROUTES: list[Any] = [get_receipt]
