"""How long a phone is locked. [X11]"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from khaacho.parties.signin.lockout import locked_until

NOW = datetime(2026, 2, 10, 6, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("failures", "seconds"), [(5, 30), (6, 60), (7, 120), (8, 240), (11, 1_920), (12, 3_600), (1_000_000, 3_600)]
)
def test_each_further_wrong_attempt_doubles_the_lock(failures: int, seconds: int) -> None:
    """[X11] The fifth wrong attempt locks for 30 seconds; the lock doubles up to an hour and stays there."""
    assert locked_until(failures, NOW) == NOW + timedelta(seconds=seconds)


@pytest.mark.parametrize("failures", [1, 2, 3, 4])
def test_a_few_slips_are_free(failures: int) -> None:
    """[X11] Four wrong attempts lock nothing."""
    assert locked_until(failures, NOW) is None
