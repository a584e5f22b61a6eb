"""Sending over Twilio's Messages resource.

Twilio offers no idempotency for creating a message. Our own id rides along in the status address instead, so that a
message whose answer we never saw is recognised by its first status report and not sent again.
"""

from __future__ import annotations

import httpx
import msgspec

from khaacho.settings import Settings
from khaacho.whatsapp.channels.http import is_passing, new_client, post_to_provider
from khaacho.whatsapp.channels.port import Handed, Outgoing, Postponed, Refused, SendResult
from khaacho.whatsapp.channels.twilio_inbound import OWN_ID_PARAMETER
from khaacho.whatsapp.records import Template

STATUS_PATH = "/api/v1/whatsapp/status"
# Rate limits and internal troubles; every other code with a 4xx status is about the message or the person.
_PASSING_CODES = frozenset({20429, 20500, 20503, 30001, 30022, 63018, 63038})
_OUTSIDE_WINDOW_CODE = 63016


class TwilioChannel:
    """One Twilio account and its WhatsApp sender."""

    def __init__(self, settings: Settings, client: httpx.AsyncClient | None = None) -> None:
        self._settings = settings
        self._client = client or new_client()
        self._content_sids = dict(
            pair.strip().split("=", 1) for pair in settings.twilio_content_sids.split(",") if "=" in pair
        )

    async def send(self, outgoing: Outgoing) -> SendResult:
        """Create the message at Twilio."""
        settings = self._settings
        form = {
            "From": f"whatsapp:{settings.twilio_whatsapp_from.removeprefix('whatsapp:')}",
            "To": f"whatsapp:{outgoing.address}",
            "StatusCallback": f"{settings.base_url}{STATUS_PATH}?{OWN_ID_PARAMETER}={outgoing.message_id}",
        }
        if isinstance(outgoing.content, Template):
            name = f"{outgoing.content.name}_{outgoing.content.language}"
            content_sid = self._content_sids.get(name)
            if content_sid is None:
                return Refused(reason=f"TEMPLATE_NOT_REGISTERED: {name}")
            places = {str(place): value for place, value in enumerate(outgoing.content.values, start=1)}
            form |= {"ContentSid": content_sid, "ContentVariables": msgspec.json.encode(places).decode()}
        else:
            form["Body"] = outgoing.content
        answer = await post_to_provider(
            self._client,
            f"{settings.twilio_base_url}/2010-04-01/Accounts/{settings.twilio_account_sid}/Messages.json",
            data=form,
            auth=(settings.twilio_account_sid, settings.twilio_auth_token),
        )
        if isinstance(answer, Postponed):
            return answer
        message_id = answer.body.get("sid")
        if answer.status < 300 and isinstance(message_id, str):
            return Handed(provider_message_id=message_id)
        code = answer.body.get("code")
        reason = f"twilio {code or answer.status}: {str(answer.body.get('message', ''))[:200]}".removesuffix(": ")
        if code == _OUTSIDE_WINDOW_CODE:
            return Refused(reason=f"OUTSIDE_WINDOW ({reason})")
        if code in _PASSING_CODES or is_passing(answer.status):
            return Postponed(reason=reason)
        return Refused(reason=reason)
