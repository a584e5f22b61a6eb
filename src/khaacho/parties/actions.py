"""Registering people and changing them: set-wise, audited, each retailer or vendor together with its user.

Signing in is `khaacho.parties.signin`; what somebody owes is the credit domain's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor, ActorRole
from khaacho.errors import NotFound, RetailerNotFound
from khaacho.ids import new_code, new_id
from khaacho.parties.changes import entries_of_changes, entries_of_new, newly_approved
from khaacho.parties.events import RetailerApproved, VendorApproved
from khaacho.parties.records import NewRetailer, NewUser, NewVendor, PartyStatus, Retailer, Vendor
from khaacho.parties.standings import CreditStatus
from khaacho.parties.user_actions import add_users, follow_with_users
from khaacho.platform.audit import record_audit
from khaacho.platform.columns import columns_of
from khaacho.platform.database import Transaction
from khaacho.platform.events import publish
from khaacho.platform.locks import lock_rows

RETAILER_CODE_PREFIX = "RET"
VENDOR_CODE_PREFIX = "VEN"
_ROWS_TO_LOCK_RETAILERS = """SELECT id, code, user_id, pasal_name, owner_name, phone, city, latitude, longitude, locale,
    status, credit_status, credit_status_reason, credit_status_automatic, created_at FROM retailers"""
_ROWS_TO_LOCK_VENDORS = """SELECT id, code, user_id, name, owner_name, phone, city, latitude, longitude, radius_km,
    opens_at, closes_at, locale, status, active_orders_max, pending_orders_max, created_at FROM vendors"""


# --- registering -------------------------------------------------------------------------------------------------


async def register_retailers(tx: Transaction, actor: Actor, *, retailers: Sequence[NewRetailer]) -> list[Retailer]:
    """Register shops, each with the user it signs in as. Raises AlreadyExists when a phone is a retailer's already."""
    users = await add_users(
        tx,
        actor,
        users=[
            NewUser(
                phone=new.phone,
                name=new.owner_name,
                role=ActorRole.RETAILER,
                password_hash=new.password_hash,
                status=new.status.of_user,
                locale=new.locale,
            )
            for new in retailers
        ],
    )
    codes = await _codes(tx, "retailers", RETAILER_CODE_PREFIX, [new.code for new in retailers])
    now = clock.now()
    registered = [
        Retailer(
            id=new_id(),
            code=code,
            user_id=user.id,
            pasal_name=new.pasal_name,
            owner_name=new.owner_name,
            phone=new.phone,
            city=new.city,
            latitude=new.latitude,
            longitude=new.longitude,
            locale=new.locale,
            status=new.status,
            credit_status=CreditStatus.ACTIVE,
            credit_status_reason=None,
            credit_status_automatic=False,
            created_at=now,
        )
        for new, user, code in zip(retailers, users, codes, strict=True)
    ]
    await tx.send_only(
        """
        INSERT INTO retailers (id, code, user_id, pasal_name, owner_name, phone, city, latitude, longitude, locale,
            status, created_at)
        SELECT n.*, %(created_at)s
        FROM unnest(%(id)s::uuid[], %(code)s::text[], %(user_id)s::uuid[], %(pasal_name)s::text[],
            %(owner_name)s::text[], %(phone)s::text[], %(city)s::text[], %(latitude)s::float8[],
            %(longitude)s::float8[], %(locale)s::text[], %(status)s::text[]) AS n
        """,
        {**columns_of(registered, ("id", "code", "user_id", *_RETAILER_FIELDS)), "created_at": now},
    )
    await record_audit(tx, actor, entries_of_new("RETAILER_REGISTERED", registered, _RETAILER_FIELDS))
    return registered


async def register_vendors(tx: Transaction, actor: Actor, *, vendors: Sequence[NewVendor]) -> list[Vendor]:
    """Register wholesalers, each with its user. Raises AlreadyExists when a phone is a vendor's already."""
    users = await add_users(
        tx,
        actor,
        users=[
            NewUser(
                phone=new.phone,
                name=new.owner_name,
                role=ActorRole.VENDOR,
                password_hash=new.password_hash,
                status=new.status.of_user,
                locale=new.locale,
            )
            for new in vendors
        ],
    )
    codes = await _codes(tx, "vendors", VENDOR_CODE_PREFIX, [new.code for new in vendors])
    now = clock.now()
    registered = [
        Vendor(
            id=new_id(),
            code=code,
            user_id=user.id,
            created_at=now,
            **{name: getattr(new, name) for name in _VENDOR_FIELDS},
        )
        for new, user, code in zip(vendors, users, codes, strict=True)
    ]
    await tx.send_only(
        """
        INSERT INTO vendors (id, code, user_id, name, owner_name, phone, city, latitude, longitude, radius_km,
            opens_at, closes_at, locale, status, active_orders_max, pending_orders_max, created_at)
        SELECT n.*, %(created_at)s
        FROM unnest(%(id)s::uuid[], %(code)s::text[], %(user_id)s::uuid[], %(name)s::text[], %(owner_name)s::text[],
            %(phone)s::text[], %(city)s::text[], %(latitude)s::float8[], %(longitude)s::float8[],
            %(radius_km)s::float8[], %(opens_at)s::time[], %(closes_at)s::time[], %(locale)s::text[],
            %(status)s::text[], %(active_orders_max)s::int[], %(pending_orders_max)s::int[]) AS n
        """,
        {**columns_of(registered, ("id", "code", "user_id", *_VENDOR_FIELDS)), "created_at": now},
    )
    await record_audit(tx, actor, entries_of_new("VENDOR_REGISTERED", registered, _VENDOR_FIELDS))
    return registered


# --- changing ----------------------------------------------------------------------------------------------------


async def update_retailers(
    tx: Transaction, actor: Actor, *, changes: Mapping[UUID, Mapping[str, Any]], reason: str | None = None
) -> list[Retailer]:
    """Give retailers new values, by field name (those of `Retailer`); what is equal already changes nothing.

    Name, phone, language and state of the retailer's user follow. Raises RetailerNotFound, AlreadyExists.
    """
    before = await lock_rows(tx, _ROWS_TO_LOCK_RETAILERS, list(changes), into=Retailer)
    if len(before) < len(changes):
        raise RetailerNotFound
    after = [msgspec.structs.replace(retailer, **changes[retailer.id]) for retailer in before]
    await tx.send_only(
        """
        UPDATE retailers SET
            pasal_name = n.pasal_name, owner_name = n.owner_name, phone = n.phone, city = n.city,
            latitude = n.latitude, longitude = n.longitude, locale = n.locale, status = n.status
        FROM unnest(%(id)s::uuid[], %(pasal_name)s::text[], %(owner_name)s::text[], %(phone)s::text[],
            %(city)s::text[], %(latitude)s::float8[], %(longitude)s::float8[], %(locale)s::text[], %(status)s::text[])
            AS n (id, pasal_name, owner_name, phone, city, latitude, longitude, locale, status)
        WHERE retailers.id = n.id
        """,
        columns_of(after, ("id", *_RETAILER_FIELDS)),
    )
    await follow_with_users(tx, after)
    await record_audit(tx, actor, entries_of_changes("RETAILER_CHANGED", before, after, reason))
    approved = newly_approved(before, after)
    await publish(tx, [RetailerApproved(retailer_id=retailer_id) for retailer_id in approved])
    return after


async def update_vendors(
    tx: Transaction, actor: Actor, *, changes: Mapping[UUID, Mapping[str, Any]], reason: str | None = None
) -> list[Vendor]:
    """As `update_retailers`, for vendors. Raises NotFound, AlreadyExists."""
    before = await lock_rows(tx, _ROWS_TO_LOCK_VENDORS, list(changes), into=Vendor)
    if len(before) < len(changes):
        raise NotFound(what="vendor")
    after = [msgspec.structs.replace(vendor, **changes[vendor.id]) for vendor in before]
    await tx.send_only(
        """
        UPDATE vendors SET
            name = n.name, owner_name = n.owner_name, phone = n.phone, city = n.city, latitude = n.latitude,
            longitude = n.longitude, radius_km = n.radius_km, opens_at = n.opens_at, closes_at = n.closes_at,
            locale = n.locale, status = n.status, active_orders_max = n.active_orders_max,
            pending_orders_max = n.pending_orders_max
        FROM unnest(%(id)s::uuid[], %(name)s::text[], %(owner_name)s::text[], %(phone)s::text[], %(city)s::text[],
            %(latitude)s::float8[], %(longitude)s::float8[], %(radius_km)s::float8[], %(opens_at)s::time[],
            %(closes_at)s::time[], %(locale)s::text[], %(status)s::text[], %(active_orders_max)s::int[],
            %(pending_orders_max)s::int[])
            AS n (id, name, owner_name, phone, city, latitude, longitude, radius_km, opens_at, closes_at, locale,
                status, active_orders_max, pending_orders_max)
        WHERE vendors.id = n.id
        """,
        columns_of(after, ("id", *_VENDOR_FIELDS)),
    )
    await follow_with_users(tx, after)
    await record_audit(tx, actor, entries_of_changes("VENDOR_CHANGED", before, after, reason))
    approved = newly_approved(before, after)
    await publish(tx, [VendorApproved(vendor_id=vendor_id) for vendor_id in approved])
    return after


async def approve_retailers(tx: Transaction, actor: Actor, *, retailer_ids: Sequence[UUID]) -> list[Retailer]:
    """Let them order; those already active stay as they are. Raises RetailerNotFound."""
    active = {retailer_id: {"status": PartyStatus.ACTIVE} for retailer_id in retailer_ids}
    return await update_retailers(tx, actor, changes=active)


async def approve_vendors(tx: Transaction, actor: Actor, *, vendor_ids: Sequence[UUID]) -> list[Vendor]:
    """Let them sell; those already active stay as they are. Raises NotFound."""
    return await update_vendors(
        tx, actor, changes={vendor_id: {"status": PartyStatus.ACTIVE} for vendor_id in vendor_ids}
    )


_RETAILER_FIELDS = ("pasal_name", "owner_name", "phone", "city", "latitude", "longitude", "locale", "status")
_VENDOR_FIELDS = (
    "name",
    "owner_name",
    "phone",
    "city",
    "latitude",
    "longitude",
    "radius_km",
    "opens_at",
    "closes_at",
    "locale",
    "status",
    "active_orders_max",
    "pending_orders_max",
)


async def _codes(tx: Transaction, table: str, prefix: str, given: Sequence[str | None]) -> list[str]:
    """The given codes, and fresh ones where none is given; drawn again while any is taken."""
    taken = {code for code in given if code is not None}
    codes = list(given)
    while missing := [place for place, code in enumerate(codes) if code is None]:
        drawn: dict[str, int] = {}
        for place in missing:
            while (code := new_code(prefix)) in taken or code in drawn:
                continue
            drawn[code] = place
        used = await tx.values(f"SELECT code FROM {table} WHERE code = ANY(%(codes)s)", {"codes": list(drawn)})
        for code in drawn.keys() - set(used):
            codes[drawn[code]] = code
        taken.update(drawn)
    return [code for code in codes if code is not None]
