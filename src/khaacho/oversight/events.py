"""What those who watch over it tell whoever listens."""

from __future__ import annotations

from datetime import datetime

from khaacho.platform.events import Event


class BooksDiffer(Event, frozen=True, kw_only=True):
    """The reconciliation of this slot found something wrong; `summary` names it in a line."""

    slot: datetime
    differences: int
    summary: str
