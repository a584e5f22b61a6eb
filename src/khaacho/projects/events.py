"""What the projects domain tells others."""

from __future__ import annotations

from uuid import UUID

from khaacho.platform.events import Event


class ApplicationAnswered(Event, frozen=True, kw_only=True):
    """A freelancer got the work, or did not: the application is APPROVED or REJECTED."""

    application_id: UUID
    status: str
    reason: str | None


class ApplicationRefunded(Event, frozen=True, kw_only=True):
    """Credits came back for a cause that the freelancer did not bring about. `balance_after` is after this one."""

    application_id: UUID
    units: int
    cause: str
    balance_after: int
