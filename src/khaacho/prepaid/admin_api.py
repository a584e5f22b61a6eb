"""Prepaid credits for those who run them: terms, packages, adjusting a balance."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any

from litestar import Request, get, post, put
from litestar.params import HeaderParameter

from khaacho.actors import Actor
from khaacho.errors import ValidationFailed
from khaacho.money import BASIS_POINTS_WHOLE, paisa_from_rupees
from khaacho.parties.access import requires
from khaacho.platform.database import Database, Transaction
from khaacho.platform.http import Envelope, ok, with_offset
from khaacho.platform.idempotency import KEY_LENGTH_MAX, checked_key, hash_request, run_once
from khaacho.prepaid.actions import adjust_credits
from khaacho.prepaid.api_records import (
    AdjustAnswer,
    AdjustRequest,
    AdminPackage,
    AdminPackages,
    SettingsAnswer,
    SettingsRequest,
    adjust_answer,
    admin_package,
    terms_answer,
)
from khaacho.prepaid.packages import PackageToSave, find_packages, save_packages
from khaacho.prepaid.records import Grant
from khaacho.prepaid.terms import change_terms, find_terms, find_terms_history

# Neither a discount nor a rate of exchange is ever near it.
SHARE_MAX = 100

KeyHeader = Annotated[str | None, HeaderParameter(name="Idempotency-Key", max_length=KEY_LENGTH_MAX)]


@get(
    "/admin/credits/settings",
    operation_id="getCreditSettings",
    summary="The terms credits are sold on",
    guards=[requires("credits.admin.settings")],
)
async def read_settings(database: Database) -> Envelope[SettingsAnswer]:
    """What is in effect, and the history."""
    async with database.reading() as tx:
        return ok(await _settings_answer(tx))


@put(
    "/admin/credits/settings",
    operation_id="changeCreditSettings",
    summary="Change the terms, now or from a later time on",
    guards=[requires("credits.admin.settings")],
)
async def change_settings(data: SettingsRequest, database: Database, actor: Actor) -> Envelope[SettingsAnswer]:
    """What is not named stays as it is. A time that is past and figures without sense are refused."""
    wanted = {
        "base_price_paisa": None if data.base_price is None else paisa_from_rupees(data.base_price),
        "application_units": data.credits_per_application,
        "signup_bonus_units": data.signup_bonus,
        "order_units_max": data.max_credits_per_order,
        "balance_units_max": data.max_balance,
        "npr_per_inr_basis_points": None if data.npr_per_inr is None else _basis_points(data.npr_per_inr, "nprPerInr"),
    }
    changes = {name: value for name, value in wanted.items() if value is not None}
    if not changes:
        raise ValidationFailed(field="body", why="names nothing to change")
    async with database.transaction() as tx:
        await change_terms(tx, actor, changes=changes, effective_at=with_offset("effectiveAt", data.effective_at))
        return ok(await _settings_answer(tx))


@get(
    "/admin/credits/packages",
    operation_id="listAllCreditPackages",
    summary="Every package, sold or not",
    guards=[requires("credits.admin.settings")],
)
async def read_packages(database: Database) -> Envelope[AdminPackages]:
    async with database.reading() as tx:
        found = await find_packages(tx, active_only=False)
    return ok(AdminPackages(packages=[admin_package(one) for one in found]))


@put(
    "/admin/credits/packages",
    operation_id="saveCreditPackages",
    summary="Save the packages",
    guards=[requires("credits.admin.settings")],
)
async def write_packages(data: AdminPackages, database: Database, actor: Actor) -> Envelope[AdminPackages]:
    """All or nothing. Raises INVALID_PACKAGE, also when a package's credits cost more each than a smaller one's."""
    async with database.transaction() as tx:
        await save_packages(tx, actor, packages=[_to_save(one) for one in data.packages])
        found = await find_packages(tx, active_only=False)
    return ok(AdminPackages(packages=[admin_package(one) for one in found]))


@post(
    "/admin/credits/adjust",
    operation_id="adjustCredits",
    summary="Give or take credits by hand",
    guards=[requires("credits.admin.adjust")],
)
async def adjust(
    data: AdjustRequest, request: Request[Any, Any, Any], database: Database, actor: Actor, key: KeyHeader = None
) -> Envelope[AdjustAnswer]:
    """Raises INVALID_ADJUSTMENT, MAX_BALANCE_EXCEEDED, NEGATIVE_BALANCE, USER_NOT_FOUND, PROFILE_NOT_FOUND."""
    checked = checked_key(key)

    async def act(tx: Transaction) -> Grant:
        return await adjust_credits(
            tx,
            actor,
            user_id=data.user_id,
            units=data.credits,
            reason=data.reason,
            key=f"adjust:{actor.id}:{checked}",
        )

    grant = await run_once(
        database,
        scope=f"credits-adjust:{actor.id}",
        key=checked,
        request_hash=hash_request(await request.body()),
        into=Grant,
        act=act,
    )
    return ok(adjust_answer(grant))


ROUTES: list[Any] = [read_settings, change_settings, read_packages, write_packages, adjust]


async def _settings_answer(tx: Transaction) -> SettingsAnswer:
    return SettingsAnswer(
        current=terms_answer(await find_terms(tx)),
        history=[terms_answer(one) for one in await find_terms_history(tx)],
    )


def _to_save(given: AdminPackage) -> PackageToSave:
    return PackageToSave(
        id=given.id,
        name=given.name,
        units=given.credits,
        discount_basis_points=_basis_points(given.discount_percent / 100, "discountPercent"),
        fixed_price_paisa=None if given.fixed_price is None else paisa_from_rupees(given.fixed_price),
        popular=given.popular,
        active=given.active,
    )


def _basis_points(share: Decimal, field: str) -> int:
    if not share.is_finite() or abs(share) > SHARE_MAX:
        raise ValidationFailed(field=field, why="is out of range")
    basis_points = share * BASIS_POINTS_WHOLE
    if basis_points != int(basis_points):
        raise ValidationFailed(field=field, why="has too many decimals")
    return int(basis_points)
