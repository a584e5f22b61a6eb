"""The pages of the people who watch over it: audit, jobs, messages nobody could read."""

from __future__ import annotations

ENGLISH: dict[str, str] = {}

NEPALI: dict[str, str] = {}
