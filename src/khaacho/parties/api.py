"""Retailers and vendors over HTTP, for staff."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from litestar import get, patch, post
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import UNSET

from khaacho.actors import Actor
from khaacho.parties.access import requires
from khaacho.parties.actions import (
    approve_retailers,
    approve_vendors,
    register_retailers,
    register_vendors,
    update_retailers,
    update_vendors,
)
from khaacho.parties.api_records import (
    RetailerAnswer,
    RetailerPatch,
    RetailerRequest,
    VendorAnswer,
    VendorPatch,
    VendorRequest,
    check_hours,
    limit_paisa_of,
    parse_time,
    retailer_answer,
    retailer_changes,
    vendor_answer,
    vendor_changes,
)
from khaacho.parties.credit_limits import CreditLimits
from khaacho.parties.phones import parse_phone
from khaacho.parties.queries import find_retailers, find_vendors, require_retailer, require_vendor
from khaacho.parties.records import NewRetailer, NewVendor, PartyStatus, Retailer
from khaacho.parties.sign_in_api import ROUTES as SIGN_IN_ROUTES
from khaacho.parties.user_api import ROUTES as USER_ROUTES
from khaacho.platform.database import Database, Transaction
from khaacho.platform.http import (
    PAGE_LIMIT_DEFAULT,
    PAGE_LIMIT_MAX,
    Envelope,
    Page,
    decode_cursor,
    ok,
    page_of,
)

Limit = Annotated[int, QueryParameter(ge=1, le=PAGE_LIMIT_MAX)]
Search = Annotated[str | None, QueryParameter(max_length=200, description="Looked for in names, phone and code")]


# --- retailers ---------------------------------------------------------------------------------------------------


@post(
    "/admin/retailers",
    operation_id="registerRetailer",
    summary="Register a retailer; it is active at once",
    guards=[requires("retailers.write")],
)
async def register_retailer(
    data: RetailerRequest, database: Database, credit_limits: CreditLimits, actor: Actor
) -> Envelope[RetailerAnswer]:
    """Raises AlreadyExists for a phone that is taken, ValidationFailed."""
    limit_paisa = None if data.credit_limit is None else limit_paisa_of(data.credit_limit)
    new = NewRetailer(
        pasal_name=data.pasal_name.strip(),
        owner_name=data.owner_name.strip(),
        phone=parse_phone(data.phone_number),
        city=data.city.strip(),
        latitude=data.latitude,
        longitude=data.longitude,
        locale=data.locale,
        status=PartyStatus.ACTIVE,
    )
    async with database.transaction() as tx:
        (retailer,) = await register_retailers(tx, actor, retailers=[new])
        if limit_paisa is not None:
            await credit_limits.agree(tx, actor, retailer.id, limit_paisa, None)
    return ok(retailer_answer(retailer, limit_paisa))


@get(
    "/admin/retailers",
    operation_id="listRetailers",
    summary="Retailers, newest first",
    guards=[requires("retailers.read")],
)
async def list_retailers(
    database: Database,
    credit_limits: CreditLimits,
    status: FromQuery[PartyStatus | None] = None,
    city: FromQuery[str | None] = None,
    q: Search = None,
    cursor: FromQuery[str | None] = None,
    limit: Limit = PAGE_LIMIT_DEFAULT,
) -> Envelope[Page[RetailerAnswer]]:
    """Newest first; narrowed by status, city and words."""
    async with database.reading() as tx:
        found = await find_retailers(tx, status=status, city=city, q=q, before=decode_cursor(cursor), limit=limit + 1)
        limits = await credit_limits.find(tx, [retailer.id for retailer in found])
    answers = [retailer_answer(retailer, limits.get(retailer.id)) for retailer in found]
    return ok(page_of(answers, limit, lambda retailer: retailer.id))


@get(
    "/admin/retailers/{retailer_id:uuid}",
    operation_id="getRetailer",
    summary="One retailer",
    guards=[requires("retailers.read")],
)
async def get_retailer(
    retailer_id: FromPath[UUID], database: Database, credit_limits: CreditLimits
) -> Envelope[RetailerAnswer]:
    """Raises RetailerNotFound."""
    async with database.reading() as tx:
        return ok(await _with_limit(tx, credit_limits, await require_retailer(tx, retailer_id)))


@patch(
    "/admin/retailers/{retailer_id:uuid}",
    operation_id="changeRetailer",
    summary="Change a retailer",
    guards=[requires("retailers.write")],
)
async def change_retailer(
    retailer_id: FromPath[UUID], data: RetailerPatch, database: Database, credit_limits: CreditLimits, actor: Actor
) -> Envelope[RetailerAnswer]:
    """Raises RetailerNotFound, AlreadyExists for a phone that is taken, ValidationFailed, LimitBelowUse."""
    changes = {retailer_id: retailer_changes(data)}
    limit_paisa = None if data.credit_limit is UNSET else limit_paisa_of(data.credit_limit)
    async with database.transaction() as tx:
        # First, as placing an order does: it locks the line, and then needs the retailer to stay.
        if limit_paisa is not None:
            await credit_limits.agree(tx, actor, retailer_id, limit_paisa, data.reason)
        (retailer,) = await update_retailers(tx, actor, changes=changes, reason=data.reason)
        return ok(await _with_limit(tx, credit_limits, retailer))


@post(
    "/admin/retailers/{retailer_id:uuid}/approve",
    operation_id="approveRetailer",
    summary="Let a retailer order",
    status_code=200,
    guards=[requires("retailers.write")],
)
async def approve_retailer(
    retailer_id: FromPath[UUID], database: Database, credit_limits: CreditLimits, actor: Actor
) -> Envelope[RetailerAnswer]:
    """Approving twice is fine. Raises RetailerNotFound."""
    async with database.transaction() as tx:
        (retailer,) = await approve_retailers(tx, actor, retailer_ids=[retailer_id])
        return ok(await _with_limit(tx, credit_limits, retailer))


async def _with_limit(tx: Transaction, credit_limits: CreditLimits, retailer: Retailer) -> RetailerAnswer:
    limits = await credit_limits.find(tx, [retailer.id])
    return retailer_answer(retailer, limits.get(retailer.id))


# --- vendors -----------------------------------------------------------------------------------------------------


@post(
    "/admin/vendors",
    operation_id="registerVendor",
    summary="Register a vendor; it is active at once",
    guards=[requires("vendors.write")],
)
async def register_vendor(data: VendorRequest, database: Database, actor: Actor) -> Envelope[VendorAnswer]:
    """Raises AlreadyExists for a phone that is taken, ValidationFailed."""
    new = NewVendor(
        name=data.name.strip(),
        owner_name=(data.owner_name or data.name).strip(),
        phone=parse_phone(data.phone_number),
        city=data.city.strip(),
        latitude=data.latitude,
        longitude=data.longitude,
        radius_km=data.radius_km,
        opens_at=parse_time(data.opens_at),
        closes_at=parse_time(data.closes_at),
        locale=data.locale,
        active_orders_max=data.active_orders_max,
        pending_orders_max=data.pending_orders_max,
        status=PartyStatus.ACTIVE,
    )
    check_hours(new.opens_at, new.closes_at)
    async with database.transaction() as tx:
        (vendor,) = await register_vendors(tx, actor, vendors=[new])
    return ok(vendor_answer(vendor))


@get(
    "/admin/vendors",
    operation_id="listVendors",
    summary="Vendors, newest first",
    guards=[requires("vendors.read")],
)
async def list_vendors(
    database: Database,
    status: FromQuery[PartyStatus | None] = None,
    city: FromQuery[str | None] = None,
    q: Search = None,
    cursor: FromQuery[str | None] = None,
    limit: Limit = PAGE_LIMIT_DEFAULT,
) -> Envelope[Page[VendorAnswer]]:
    """Newest first; narrowed by status, city and words."""
    async with database.reading() as tx:
        found = await find_vendors(tx, status=status, city=city, q=q, before=decode_cursor(cursor), limit=limit + 1)
    return ok(page_of([vendor_answer(vendor) for vendor in found], limit, lambda vendor: vendor.id))


@get(
    "/admin/vendors/{vendor_id:uuid}",
    operation_id="getVendor",
    summary="One vendor",
    guards=[requires("vendors.read")],
)
async def get_vendor(vendor_id: FromPath[UUID], database: Database) -> Envelope[VendorAnswer]:
    """Raises NotFound."""
    async with database.reading() as tx:
        return ok(vendor_answer(await require_vendor(tx, vendor_id)))


@patch(
    "/admin/vendors/{vendor_id:uuid}",
    operation_id="changeVendor",
    summary="Change a vendor",
    guards=[requires("vendors.write")],
)
async def change_vendor(
    vendor_id: FromPath[UUID], data: VendorPatch, database: Database, actor: Actor
) -> Envelope[VendorAnswer]:
    """Raises NotFound, AlreadyExists for a phone that is taken, ValidationFailed."""
    async with database.transaction() as tx:
        changes = {vendor_id: vendor_changes(data, await require_vendor(tx, vendor_id))}
        (vendor,) = await update_vendors(tx, actor, changes=changes, reason=data.reason)
    return ok(vendor_answer(vendor))


@post(
    "/admin/vendors/{vendor_id:uuid}/approve",
    operation_id="approveVendor",
    summary="Let a vendor sell",
    status_code=200,
    guards=[requires("vendors.write")],
)
async def approve_vendor(vendor_id: FromPath[UUID], database: Database, actor: Actor) -> Envelope[VendorAnswer]:
    """Approving twice is fine. Raises NotFound."""
    async with database.transaction() as tx:
        (vendor,) = await approve_vendors(tx, actor, vendor_ids=[vendor_id])
    return ok(vendor_answer(vendor))


_RETAILER_ROUTES: list[Any] = [register_retailer, list_retailers, get_retailer, change_retailer, approve_retailer]
_VENDOR_ROUTES: list[Any] = [register_vendor, list_vendors, get_vendor, change_vendor, approve_vendor]
ROUTES: list[Any] = [*SIGN_IN_ROUTES, *USER_ROUTES, *_RETAILER_ROUTES, *_VENDOR_ROUTES]
