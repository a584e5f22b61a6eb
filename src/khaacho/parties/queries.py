"""Reading people. `find_*` answers what there is, `require_*` raises when it is not there."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from khaacho.actors import ActorRole
from khaacho.errors import NotFound, RetailerNotFound
from khaacho.parties.records import PartyStatus, Retailer, User, UserStatus, Vendor
from khaacho.platform.database import Pending, Transaction

RETAILER_COLUMNS = """r.id, r.code, r.user_id, r.pasal_name, r.owner_name, r.phone, r.city, r.latitude, r.longitude,
    r.locale, r.status, r.credit_status, r.credit_status_reason, r.credit_status_automatic, r.created_at"""
VENDOR_COLUMNS = """v.id, v.code, v.user_id, v.name, v.owner_name, v.phone, v.city, v.latitude, v.longitude,
    v.radius_km, v.opens_at, v.closes_at, v.locale, v.status, v.active_orders_max, v.pending_orders_max,
    v.created_at"""
USER_COLUMNS = """u.id, u.phone, u.name, u.role, u.status, u.locale, r.id AS retailer_id, v.id AS vendor_id,
    u.created_at"""
# For the sub-selects of other domains, which do not read our tables themselves.
ACTIVE_VENDOR_IDS = "SELECT id FROM vendors WHERE status = 'ACTIVE'"
# Primary key, retailers_user_key and vendors_user_key serve the joins.
USER_TABLES = """users AS u
    LEFT JOIN retailers AS r ON r.user_id = u.id
    LEFT JOIN vendors AS v ON v.user_id = u.id"""


async def send_retailers(tx: Transaction, retailer_ids: Sequence[UUID]) -> Pending[Retailer]:
    """Queue the reading of many retailers; those that do not exist are missing from the answer."""
    return await tx.send(
        f"SELECT {RETAILER_COLUMNS} FROM retailers AS r WHERE r.id = ANY(%(ids)s)",
        {"ids": list(retailer_ids)},
        into=Retailer,
    )


async def require_retailer(tx: Transaction, retailer_id: UUID) -> Retailer:
    """Raises RetailerNotFound."""
    found = await (await send_retailers(tx, [retailer_id])).first()
    if found is None:
        raise RetailerNotFound
    return found


async def find_retailer_by_phone(tx: Transaction, phone: str) -> Retailer | None:
    """The shop with this E.164 number."""
    return await tx.first(
        f"SELECT {RETAILER_COLUMNS} FROM retailers AS r WHERE r.phone = %(phone)s", {"phone": phone}, into=Retailer
    )


async def find_retailers(
    tx: Transaction,
    *,
    status: PartyStatus | None = None,
    city: str | None = None,
    q: str | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Retailer]:
    """Newest first, at most `limit`, all older than `before`. `q` is looked for in names, phone and code."""
    return await tx.all(
        f"""
        SELECT {RETAILER_COLUMNS}
        FROM retailers AS r
        WHERE (%(status)s::text IS NULL OR r.status = %(status)s)
            AND (%(city)s::text IS NULL OR lower(r.city) = lower(%(city)s))
            AND (%(q)s::text IS NULL OR r.search_text LIKE %(q)s)
            AND (%(before)s::uuid IS NULL OR r.id < %(before)s)
        ORDER BY r.id DESC
        LIMIT %(limit)s
        """,
        {"status": status, "city": city, "q": containing(q), "before": before, "limit": limit},
        into=Retailer,
    )


async def send_vendors(tx: Transaction, vendor_ids: Sequence[UUID]) -> Pending[Vendor]:
    """Queue the reading of many vendors; those that do not exist are missing from the answer."""
    return await tx.send(
        f"SELECT {VENDOR_COLUMNS} FROM vendors AS v WHERE v.id = ANY(%(ids)s)",
        {"ids": list(vendor_ids)},
        into=Vendor,
    )


async def require_vendor(tx: Transaction, vendor_id: UUID) -> Vendor:
    """Raises NotFound."""
    found = await (await send_vendors(tx, [vendor_id])).first()
    if found is None:
        raise NotFound(what="vendor")
    return found


async def find_vendors_by_code(tx: Transaction, codes: Sequence[str]) -> list[Vendor]:
    """Those that exist, by their codes (VEN…), in whatever case these are written."""
    return await tx.all(
        f"SELECT {VENDOR_COLUMNS} FROM vendors AS v WHERE v.code = ANY(%(codes)s)",
        {"codes": [code.upper() for code in codes]},
        into=Vendor,
    )


async def find_vendor_by_phone(tx: Transaction, phone: str) -> Vendor | None:
    """The wholesaler with this E.164 number."""
    return await tx.first(
        f"SELECT {VENDOR_COLUMNS} FROM vendors AS v WHERE v.phone = %(phone)s", {"phone": phone}, into=Vendor
    )


async def find_vendors(
    tx: Transaction,
    *,
    status: PartyStatus | None = None,
    city: str | None = None,
    q: str | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Vendor]:
    """Newest first, at most `limit`, all older than `before`. `q` is looked for in names, phone and code."""
    return await tx.all(
        f"""
        SELECT {VENDOR_COLUMNS}
        FROM vendors AS v
        WHERE (%(status)s::text IS NULL OR v.status = %(status)s)
            AND (%(city)s::text IS NULL OR lower(v.city) = lower(%(city)s))
            AND (%(q)s::text IS NULL OR v.search_text LIKE %(q)s)
            AND (%(before)s::uuid IS NULL OR v.id < %(before)s)
        ORDER BY v.id DESC
        LIMIT %(limit)s
        """,
        {"status": status, "city": city, "q": containing(q), "before": before, "limit": limit},
        into=Vendor,
    )


async def find_users_by_id(tx: Transaction, user_ids: Sequence[UUID]) -> list[User]:
    """Those that exist, with the retailer or vendor each stands for."""
    return await tx.all(
        f"SELECT {USER_COLUMNS} FROM {USER_TABLES} WHERE u.id = ANY(%(ids)s)", {"ids": list(user_ids)}, into=User
    )


class _SignedInUser(User, frozen=True, kw_only=True):
    sign_in_id: UUID


async def find_signed_in_users(tx: Transaction, sign_in_ids: Sequence[UUID]) -> dict[UUID, User]:
    """By sign-in, whoever it belongs to, for those sign-ins that have not ended."""
    rows = await tx.all(
        f"""
        SELECT {USER_COLUMNS}, i.id AS sign_in_id
        FROM {USER_TABLES}
        JOIN sign_ins AS i ON i.user_id = u.id
        WHERE i.id = ANY(%(ids)s) AND i.ended_at IS NULL
        """,
        {"ids": list(sign_in_ids)},
        into=_SignedInUser,
    )
    return {row.sign_in_id: row for row in rows}


async def require_user(tx: Transaction, user_id: UUID) -> User:
    """Raises NotFound."""
    found = await find_users_by_id(tx, [user_id])
    if not found:
        raise NotFound(what="user")
    return found[0]


async def find_users_by_phone(tx: Transaction, phone: str) -> list[User]:
    """Every role this E.164 number has here, staff first."""
    return await tx.all(
        f"""
        SELECT {USER_COLUMNS}
        FROM {USER_TABLES}
        WHERE u.phone = %(phone)s
        ORDER BY array_position('{{ADMIN,OPERATOR,VENDOR,RETAILER,FREELANCER}}', u.role)
        """,
        {"phone": phone},
        into=User,
    )


async def find_users(
    tx: Transaction,
    *,
    role: ActorRole | None = None,
    status: UserStatus | None = None,
    words: str | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[User]:
    """Newest first, at most `limit`, all older than `before`; `words` are looked for in name and phone."""
    return await tx.all(
        f"""
        SELECT {USER_COLUMNS}
        FROM {USER_TABLES}
        WHERE (%(role)s::text IS NULL OR u.role = %(role)s)
            AND (%(status)s::text IS NULL OR u.status = %(status)s)
            AND (%(words)s::text IS NULL OR lower(u.name) LIKE %(words)s OR u.phone LIKE %(words)s)
            AND (%(before)s::uuid IS NULL OR u.id < %(before)s)
        ORDER BY u.id DESC
        LIMIT %(limit)s
        """,
        {"role": role, "status": status, "words": containing(words), "before": before, "limit": limit},
        into=User,
    )


async def find_role_permissions(tx: Transaction) -> dict[str, frozenset[str]]:
    """What each role may do, as the table says now."""
    rows = await tx.dicts("SELECT role, array_agg(permission) AS permissions FROM role_permissions GROUP BY role")
    return {row["role"]: frozenset(row["permissions"]) for row in rows}


def containing(words: str | None) -> str | None:
    """A LIKE pattern for the words as they stand, in lower case; None for nothing to look for."""
    if not words or not words.strip():
        return None
    escaped = words.strip().lower().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
