"""The pages about prepaid credits and projects, for admins and freelancers."""

from __future__ import annotations

ENGLISH: dict[str, str] = {}

NEPALI: dict[str, str] = {}
