"""When credit is to be paused because something has been open for too long [C51].

Age counts business days since an item opened, against what its own line allows: on the last allowed day nothing
happens, on the day after it does. A remainder under the line's de-minimis amount never counts. Disputed and promised
items do count: a pause protects the lender and is lifted by a person or by payment, while reminders are held back.
Pure: reads nothing, changes nothing, and is told which day it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from khaacho.money import format_rupees_short


class AgingItem(msgspec.Struct, frozen=True, kw_only=True):
    """An open item with what its line says about age."""

    opened_on: date
    remaining_paisa: int
    max_outstanding_days: int
    de_minimis_paisa: int


class PauseVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """`late_paisa` remains of items that are too old; the worst of them is `open_days` old, `allowed_days` allowed."""

    late_paisa: int = 0
    open_days: int = 0
    allowed_days: int = 0

    @property
    def should_pause(self) -> bool:
        return self.late_paisa > 0

    @property
    def days_overdue(self) -> int:
        """Days beyond what is allowed."""
        return self.open_days - self.allowed_days

    @property
    def reason(self) -> str | None:
        """The sentence people read; None without a cause."""
        if not self.should_pause:
            return None
        return f"{format_rupees_short(self.late_paisa)} open for {self.open_days} days, {self.allowed_days} are allowed"


def decide_pause(items: Sequence[AgingItem], today: date) -> PauseVerdict:
    """Whether these open items are a cause to pause, and with which figures."""
    late = [item for item in items if _is_late(item, today)]
    if not late:
        return PauseVerdict()
    worst = max(late, key=lambda item: (today - item.opened_on).days - item.max_outstanding_days)
    return PauseVerdict(
        late_paisa=sum(item.remaining_paisa for item in late),
        open_days=(today - worst.opened_on).days,
        allowed_days=worst.max_outstanding_days,
    )


def _is_late(item: AgingItem, today: date) -> bool:
    if item.remaining_paisa <= 0 or item.remaining_paisa < item.de_minimis_paisa:
        return False
    return (today - item.opened_on).days > item.max_outstanding_days
