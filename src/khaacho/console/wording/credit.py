"""The pages about credit: risk, a retailer, statements, reminders."""

from __future__ import annotations

ENGLISH: dict[str, str] = {}

NEPALI: dict[str, str] = {}
