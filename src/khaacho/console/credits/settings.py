"""What credits cost and in which packages they are sold: changed here, now or from a later time on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec
from litestar import Response, get, post
from litestar.response import Redirect

from khaacho import clock
from khaacho.console.credits.report import HOME
from khaacho.console.forms import Form
from khaacho.console.refusals import say
from khaacho.console.rendering import render
from khaacho.console.visitor import AnyRequest, Visitor
from khaacho.console.work.credits import whole_number
from khaacho.errors import KhaachoError, ValidationFailed
from khaacho.platform.database import Database
from khaacho.prepaid.packages import PackageToSave, find_packages, save_packages
from khaacho.prepaid.pricing import package_price
from khaacho.prepaid.records import Terms
from khaacho.prepaid.terms import change_terms, find_terms, find_terms_history

HISTORY_SHOWN = 12
# More rows than this are no form that was made here.
PACKAGE_ROWS_MAX = 60
# Fields of the form by what they change; the first two are amounts and shares.
PRICE, PEG = "base_price_paisa", "npr_per_inr_basis_points"
NUMBERS = ("application_units", "signup_bonus_units", "order_units_max", "balance_units_max")


@get("/settings")
async def settings_page(request: AnyRequest, database: Database, visitor: Visitor, done: str = "") -> Response[str]:
    """The terms in effect, those to come, and the packages."""
    return await _show(request, database, visitor, done=done if done in ("terms", "packages") else "")


@post("/settings", status_code=303)
async def change_terms_page(request: AnyRequest, database: Database, visitor: Visitor) -> Response[Any]:
    """What differs from the terms in effect is changed, from the time given on or now."""
    visitor.require("credits.admin.settings")
    fields = await request.form()
    form = Form(fields)
    try:
        async with database.transaction() as tx:
            changes = _changes(form, await find_terms(tx))
            await change_terms(tx, visitor.actor, changes=changes, effective_at=_moment(form.words("effective_at")))
    except KhaachoError as refusal:
        return await _show(request, database, visitor, refusal=refusal, filled=dict(fields))
    return Redirect(f"{HOME}/settings?done=terms", status_code=303)


@post("/packages", status_code=303)
async def save_packages_page(request: AnyRequest, database: Database, visitor: Visitor) -> Response[Any]:
    """All packages at once, so that prices can be compared; one without a name is no package."""
    visitor.require("credits.admin.settings")
    fields = await request.form()
    try:
        wanted = read_packages(fields)
        async with database.transaction() as tx:
            await save_packages(tx, visitor.actor, packages=wanted)
    except KhaachoError as refusal:
        return await _show(request, database, visitor, refusal=refusal, filled=dict(fields))
    return Redirect(f"{HOME}/settings?done=packages", status_code=303)


def read_packages(fields: Mapping[str, Any]) -> list[PackageToSave]:
    """The rows `name-0`, `units-0`, … of the form. Raises ValidationFailed, InvalidAmount."""
    form = Form(fields)
    rows = [number for number in range(PACKAGE_ROWS_MAX) if form.words(f"name-{number}")]
    return [
        PackageToSave(
            id=form.id_if_given(f"id-{number}"),
            name=form.words(f"name-{number}"),
            units=whole_number(form.words(f"units-{number}"), "credits"),
            discount_basis_points=_hundredths(form.words(f"discount-{number}") or "0", "discount", 100),
            fixed_price_paisa=form.paisa_if_given(f"fixed-{number}"),
            popular=form.ticked(f"popular-{number}"),
            active=form.ticked(f"active-{number}"),
        )
        for number in rows
    ]


def _changes(form: Form, before: Terms) -> dict[str, int]:
    wanted = {
        PRICE: form.paisa(PRICE),
        PEG: _hundredths(form.words(PEG), PEG, 10_000),
        **{name: whole_number(form.words(name), name) for name in NUMBERS},
    }
    changes = {name: value for name, value in wanted.items() if value != getattr(before, name)}
    if not changes:
        raise ValidationFailed(field="settings", why="nothing differs from what is in effect")
    return changes


def _hundredths(written: str, field: str, parts: int) -> int:
    """A decimal in `parts`: a percentage in hundredths of one, a rate in ten-thousandths. Raises ValidationFailed."""
    try:
        value = Decimal(written) * parts if written.isascii() else Decimal("NaN")
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or abs(value) > 1_000_000 or value != int(value):
        raise ValidationFailed(field=field, why="is no such number")
    return int(value)


def _moment(written: str) -> datetime | None:
    """'2026-11-22T10:30' in business time; None for now."""
    if not written:
        return None
    try:
        return datetime.strptime(written[:16], "%Y-%m-%dT%H:%M").replace(tzinfo=clock.zone())
    except ValueError as error:
        raise ValidationFailed(field="effective_at", why="is no time") from error


async def _show(
    request: AnyRequest,
    database: Database,
    visitor: Visitor,
    *,
    done: str = "",
    refusal: KhaachoError | None = None,
    filled: dict[str, Any] | None = None,
) -> Response[str]:
    visitor.require("credits.admin.settings")
    async with database.reading() as tx:
        terms = await find_terms(tx)
        history = await find_terms_history(tx, HISTORY_SHOWN)
        packages = await find_packages(tx, active_only=False)
    rows = [
        {f"{field}-{number}": value for field, value in _row(msgspec.structs.asdict(package)).items()}
        for number, package in enumerate(packages)
    ]
    return render(
        request,
        "credits_settings.html",
        status=refusal.status if refusal else 200,
        refusal=say(request, visitor, refusal) if refusal else None,
        filled=filled or {},
        kept={name: value for row in rows for name, value in row.items()},
        packages=[(package, package_price(package, terms.base_price_paisa)) for package in packages],
        done=done,
        terms=terms,
        price=f"{Decimal(terms.base_price_paisa) / 100:.2f}",
        peg=f"{(Decimal(terms.npr_per_inr_basis_points) / 10_000).normalize():f}",
        numbers=NUMBERS,
        history=history,
        home=HOME,
    )


def _row(package: Mapping[str, Any]) -> dict[str, Any]:
    fixed = package["fixed_price_paisa"]
    return {
        "id": str(package["id"]),
        "name": package["name"],
        "units": package["units"],
        "discount": f"{(Decimal(package['discount_basis_points']) / 100).normalize():f}",
        "fixed": "" if fixed is None else f"{Decimal(fixed) / 100:.2f}",
        "popular": package["popular"],
        "active": package["active"],
    }


ROUTES: list[Any] = [settings_page, change_terms_page, save_packages_page]
