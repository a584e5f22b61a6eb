"""Identifiers. Names identify, codes speak: rows carry UUIDv7, people see short codes."""

from __future__ import annotations

import secrets
from uuid import UUID

import uuid_utils

# Without 0/O, 1/I/L: codes are read out over the phone.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 6


def new_id() -> UUID:
    """A time-ordered UUIDv7 (RFC 9562), so that indexes grow at their end."""
    return UUID(bytes=uuid_utils.uuid7().bytes)


def new_code(prefix: str) -> str:
    """A short code for people, such as 'RET7K2MQX'. Uniqueness is the table's promise, not this function's."""
    return prefix + "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
