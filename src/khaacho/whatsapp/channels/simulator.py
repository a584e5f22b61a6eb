"""The channel that needs nobody: what is sent is delivered, and can be read back over the API."""

from __future__ import annotations

from khaacho.whatsapp.channels.port import Handed, Outgoing, SendResult


class SimulatorChannel:
    """Takes everything."""

    async def send(self, outgoing: Outgoing) -> SendResult:
        """Deliver at once; the outbox row is what the chat page shows."""
        return Handed(provider_message_id=f"sim-{outgoing.message_id}", delivered=True)
