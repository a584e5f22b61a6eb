"""From what providers call a person to one identity. Pure."""

from __future__ import annotations

import re

from khaacho.whatsapp.records import Identity

_PROVIDER_USER_ID = re.compile(r"^(?=.{4,140}$)[A-Z]{2}\.[A-Za-z0-9._-]+$")
_DIGITS = re.compile(r"^\+?[0-9]{6,15}$")


def identity_of(address: str) -> Identity | None:
    """Who 'whatsapp:+977…', '+977…', '977…' (as Meta writes it) or 'US.1234' is; None for anything else."""
    bare = address.strip().removeprefix("whatsapp:").strip()
    if _PROVIDER_USER_ID.match(bare):
        return Identity(provider_user_id=bare)
    compact = re.sub(r"[\s().-]", "", bare)
    if not _DIGITS.match(compact):
        return None
    # Providers give the country code without fail, so what comes from them is never read as a national number.
    return Identity(phone=f"+{compact.removeprefix('+')}")
