"""The schedules there are, handed by the composition roots to whoever shows them or runs them by hand."""

from __future__ import annotations

import msgspec

from khaacho.errors import JobNotFound
from khaacho.platform.queue import Schedule


class Roster(msgspec.Struct, frozen=True, kw_only=True):
    """Every schedule of this installation."""

    schedules: tuple[Schedule, ...]

    def require(self, name: str) -> Schedule:
        """The schedule of that name. Raises JobNotFound."""
        for schedule in self.schedules:
            if schedule.name == name:
                return schedule
        raise JobNotFound(name=name)
