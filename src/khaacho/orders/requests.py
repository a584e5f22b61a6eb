"""The question to a vendor whether it takes an order, and the nudge when it has not answered in time."""

from __future__ import annotations

from uuid import UUID

from khaacho.platform.queue import JobPayload


class VendorRequestTimeout(JobPayload, frozen=True, kw_only=True):
    """Look whether this request still waits past its time; if so, the next vendor is asked."""

    request_id: UUID
