"""Sending over Meta's Cloud API.

Meta offers no idempotency for creating a message. Our own id rides along as `biz_opaque_callback_data`, which every
status report repeats, so that a message whose answer we never saw is recognised and not sent again.
"""

from __future__ import annotations

from typing import Any

import httpx

from khaacho.settings import Settings
from khaacho.whatsapp.channels.http import is_passing, new_client, post_to_provider
from khaacho.whatsapp.channels.port import Handed, Outgoing, Postponed, Refused, SendResult
from khaacho.whatsapp.records import Template

# Throughput, pair rate, spam rate and service trouble.
_PASSING_CODES = frozenset({1, 2, 4, 80007, 130429, 131000, 131016, 131048, 131056, 131057, 133004})
_OUTSIDE_WINDOW_CODE = 131047


class CloudChannel:
    """One WhatsApp business number at Meta."""

    def __init__(self, settings: Settings, client: httpx.AsyncClient | None = None) -> None:
        self._settings = settings
        self._client = client or new_client()

    async def send(self, outgoing: Outgoing) -> SendResult:
        """Create the message at Meta."""
        settings = self._settings
        answer = await post_to_provider(
            self._client,
            f"{settings.meta_base_url}/{settings.meta_phone_number_id}/messages",
            json=_message(outgoing),
            headers={"Authorization": f"Bearer {settings.meta_access_token}"},
        )
        if isinstance(answer, Postponed):
            return answer
        message_id = _message_id(answer.body)
        if answer.status < 300 and message_id:
            return Handed(provider_message_id=message_id)
        error = answer.body.get("error")
        error = error if isinstance(error, dict) else {}
        code = error.get("code")
        reason = f"meta {code or answer.status}: {str(error.get('message', ''))[:200]}".removesuffix(": ")
        if code == _OUTSIDE_WINDOW_CODE:
            return Refused(reason=f"OUTSIDE_WINDOW ({reason})")
        if code in _PASSING_CODES or is_passing(answer.status):
            return Postponed(reason=reason)
        return Refused(reason=reason)


def _message(outgoing: Outgoing) -> dict[str, Any]:
    message: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "biz_opaque_callback_data": str(outgoing.message_id),
    }
    # A person without a phone is addressed by user id, which has a field of its own.
    if outgoing.address.startswith("+"):
        message |= {"recipient_type": "individual", "to": outgoing.address.removeprefix("+")}
    else:
        message["recipient"] = outgoing.address
    if isinstance(outgoing.content, Template):
        parameters = [{"type": "text", "text": value} for value in outgoing.content.values]
        message |= {
            "type": "template",
            "template": {
                "name": outgoing.content.name,
                "language": {"code": outgoing.content.language},
                "components": [{"type": "body", "parameters": parameters}],
            },
        }
    else:
        message |= {"type": "text", "text": {"preview_url": False, "body": outgoing.content}}
    return message


def _message_id(body: dict[str, Any]) -> str | None:
    messages = body.get("messages")
    first = messages[0] if isinstance(messages, list) and messages else None
    message_id = first.get("id") if isinstance(first, dict) else None
    return message_id if isinstance(message_id, str) else None
