"""Telling our webhook what happened at the sandbox, over HTTP and signed, as the real gateway does."""

from __future__ import annotations

from uuid import UUID

import httpx
import msgspec

from khaacho import clock
from khaacho.platform.database import Database
from khaacho.platform.queue import JobHandlers
from khaacho.prepaid.gateways.http import new_client
from khaacho.prepaid.gateways.signatures import webhook_signature
from khaacho.prepaid.sandbox.books import SendSandboxEvent, TakeSandboxPayment, capture
from khaacho.prepaid.sandbox.cards import find_card
from khaacho.settings import Settings

WEBHOOK_PATH = "/api/v1/webhooks/razorpay"
LATE_CARD = find_card("4000000000000077")


class NotHeard(Exception):
    """Our webhook did not take an event; the job tries again later."""


class _Owed(msgspec.Struct, frozen=True, kw_only=True):
    event_id: str
    body: bytes


def handlers(settings: Settings) -> JobHandlers:
    """The sandbox's jobs."""
    client = new_client()

    async def send_event(database: Database, job: SendSandboxEvent) -> None:
        await tell(database, settings, client, job.webhook_id)

    async def take_payment(database: Database, job: TakeSandboxPayment) -> None:
        async with database.transaction() as tx:
            await capture(tx, job.payment_id, LATE_CARD)

    return {SendSandboxEvent: send_event, TakeSandboxPayment: take_payment}


async def tell(database: Database, settings: Settings, client: httpx.AsyncClient, webhook_id: UUID) -> None:
    """Send one event. Raises NotHeard when our webhook does not answer 200."""
    async with database.reading() as tx:
        owed = await tx.first(
            "SELECT event_id, body FROM sandbox_webhooks WHERE id = %(id)s", {"id": webhook_id}, into=_Owed
        )
    if owed is None:
        return
    try:
        answer = await client.post(
            f"{settings.base_url}{WEBHOOK_PATH}",
            content=owed.body,
            headers={
                "Content-Type": "application/json",
                "X-Razorpay-Signature": webhook_signature(settings.razorpay_webhook_secret, owed.body),
                "X-Razorpay-Event-Id": owed.event_id,
            },
        )
        status = answer.status_code
    except httpx.HTTPError as error:
        raise NotHeard(type(error).__name__) from error
    async with database.transaction() as tx:
        await tx.execute(
            "UPDATE sandbox_webhooks SET answer = %(status)s, delivered_at = %(now)s WHERE id = %(id)s",
            {"id": webhook_id, "status": status, "now": clock.now()},
        )
    if status != httpx.codes.OK:
        raise NotHeard(f"the webhook answered {status}")
