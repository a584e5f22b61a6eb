"""One-time codes: numbers that are worth something once, for a few minutes, to whoever holds the phone."""

from __future__ import annotations

import hmac
from datetime import timedelta

from khaacho import clock
from khaacho.errors import TooManyRequests
from khaacho.ids import new_id
from khaacho.parties.signin.tokens import code_hash, new_one_time_code
from khaacho.platform.database import Transaction

CODE_LIFETIME = timedelta(minutes=5)
CODE_ATTEMPTS_MAX = 5
CODES_PER_PHONE_MAX = 5
CODES_COUNTED_OVER = timedelta(minutes=15)


async def write_code(tx: Transaction, phone: str, *, secret: str) -> str:
    """A new code for the phone; only its hash is stored. Raises TooManyRequests after five in fifteen minutes."""
    now = clock.now()
    recent: int = await tx.value(
        "SELECT count(*) FROM one_time_codes WHERE phone = %(phone)s AND created_at > %(since)s",
        {"phone": phone, "since": now - CODES_COUNTED_OVER},
    )
    if recent >= CODES_PER_PHONE_MAX:
        raise TooManyRequests(retry_after_seconds=int(CODES_COUNTED_OVER.total_seconds()))
    code = new_one_time_code()
    await tx.send_only(
        """
        INSERT INTO one_time_codes (id, phone, code_hash, created_at, expires_at)
        VALUES (%(id)s, %(phone)s, %(hash)s, %(now)s, %(expires)s)
        """,
        {
            "id": new_id(),
            "phone": phone,
            "hash": code_hash(phone, code, secret=secret),
            "now": now,
            "expires": now + CODE_LIFETIME,
        },
    )
    return code


async def use_code(tx: Transaction, phone: str, given: str, *, secret: str) -> bool:
    """Count the attempt and use the code up if it is right. Its row stays locked until the attempt is counted."""
    # one_time_codes_phone_idx serves this.
    attempt = await tx.dicts(
        """
        UPDATE one_time_codes
        SET attempts = attempts + 1
        WHERE id = (
            SELECT id FROM one_time_codes WHERE phone = %(phone)s ORDER BY created_at DESC, id DESC LIMIT 1
        )
            AND used_at IS NULL AND expires_at > %(now)s AND attempts < %(attempts_max)s
        RETURNING id, code_hash
        """,
        {"phone": phone, "now": clock.now(), "attempts_max": CODE_ATTEMPTS_MAX},
    )
    if not attempt or not hmac.compare_digest(attempt[0]["code_hash"], code_hash(phone, given.strip(), secret=secret)):
        return False
    await tx.send_only(
        "UPDATE one_time_codes SET used_at = %(now)s WHERE id = %(id)s", {"now": clock.now(), "id": attempt[0]["id"]}
    )
    return True
