"""The packages credits are sold in: rows that an admin edits, never constants [P2]."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec

from khaacho import clock
from khaacho.actors import Actor
from khaacho.credits_errors import InvalidPackage
from khaacho.ids import new_id
from khaacho.money import AMOUNT_PAISA_MAX
from khaacho.platform.audit import AuditEntry, record_audit
from khaacho.platform.columns import columns_of
from khaacho.platform.database import Transaction
from khaacho.platform.locks import lock_rows
from khaacho.prepaid.pricing import find_dearer
from khaacho.prepaid.records import Package, Terms
from khaacho.prepaid.terms import find_terms

PACKAGE_COLUMNS = "id, name, units, discount_basis_points, fixed_price_paisa, popular, active"
PACKAGES_MAX = 50


class PackageToSave(msgspec.Struct, frozen=True, kw_only=True):
    """A package as an admin wants it; without `id` it is a new one."""

    id: UUID | None = None
    name: str
    units: int
    discount_basis_points: int = 0
    fixed_price_paisa: int | None = None
    popular: bool = False
    active: bool = True


async def find_packages(tx: Transaction, *, active_only: bool = True) -> list[Package]:
    """What is sold (or ever was), the smallest first."""
    return await tx.all(
        f"""
        SELECT {PACKAGE_COLUMNS}
        FROM prepaid_packages
        WHERE active OR NOT %(active_only)s
        ORDER BY units, id
        """,
        {"active_only": active_only},
        into=Package,
    )


async def require_package(tx: Transaction, package_id: UUID) -> Package:
    """A package that is sold. Raises InvalidPackage."""
    found = await tx.first(
        f"SELECT {PACKAGE_COLUMNS} FROM prepaid_packages WHERE id = %(id)s AND active", {"id": package_id}, into=Package
    )
    if found is None:
        raise InvalidPackage(why="there is no such package on sale")
    return found


async def save_packages(tx: Transaction, actor: Actor, *, packages: Sequence[PackageToSave]) -> list[Package]:
    """Make these the packages: known ones changed, new ones added, those not named no longer sold. All or nothing.

    Raises InvalidPackage, among others when the credits of a package cost more each than those of a smaller one.
    """
    terms = await find_terms(tx)
    wanted = [_package(one) for one in packages]
    _require_sane(wanted, terms)
    # All rows, in id order: two admins saving at once do it one after the other, and each whole.
    known_ids: list[UUID] = await tx.values("SELECT id FROM prepaid_packages")
    before = await lock_rows(tx, f"SELECT {PACKAGE_COLUMNS} FROM prepaid_packages", known_ids, into=Package)
    known = {package.id: package for package in before}
    unknown = [one.id for one in packages if one.id is not None and one.id not in known]
    if unknown:
        raise InvalidPackage(why=f"there is no package {unknown[0]}")
    named = {package.id for package in wanted}
    retired = [
        msgspec.structs.replace(package, active=False, popular=False)
        for package in before
        if package.id not in named and package.active
    ]
    await _write(tx, [*wanted, *retired])
    await _audit(tx, actor, known, [*wanted, *retired])
    return await find_packages(tx)


def _package(given: PackageToSave) -> Package:
    fields: dict[str, Any] = msgspec.structs.asdict(given)
    return Package(**fields | {"id": given.id or new_id(), "name": given.name.strip()})


def _require_sane(packages: Sequence[Package], terms: Terms) -> None:
    if len(packages) > PACKAGES_MAX:
        raise InvalidPackage(why=f"at most {PACKAGES_MAX} packages can be kept")
    if len({package.id for package in packages}) < len(packages):
        raise InvalidPackage(why="one package is named twice")
    if len({package.name.lower() for package in packages}) < len(packages):
        raise InvalidPackage(why="two packages have one name")
    for package in packages:
        _require_sane_package(package, terms)
    dearer = find_dearer(packages, terms.base_price_paisa)
    if dearer is not None:
        smaller, larger = dearer
        raise InvalidPackage(why=f"credits of {larger.name!r} would cost more each than those of {smaller.name!r}")


def _require_sane_package(package: Package, terms: Terms) -> None:
    if not package.name:
        raise InvalidPackage(why="a package needs a name")
    if not 1 <= package.units <= terms.order_units_max:
        raise InvalidPackage(why=f"{package.name!r} must hold between 1 and {terms.order_units_max} credits")
    if not 0 <= package.discount_basis_points < 10_000:
        raise InvalidPackage(why=f"the discount of {package.name!r} must be from 0 to below 100 %")
    if package.fixed_price_paisa is None:
        return
    if package.discount_basis_points:
        raise InvalidPackage(why=f"{package.name!r} has either a price of its own or a discount")
    if not 0 < package.fixed_price_paisa <= AMOUNT_PAISA_MAX:
        raise InvalidPackage(why=f"the price of {package.name!r} must be above zero")


async def _write(tx: Transaction, packages: Sequence[Package]) -> None:
    # Names first make room for one another: a swap of two would otherwise trip over itself half-way.
    await tx.execute(
        "UPDATE prepaid_packages SET name = id::text WHERE id = ANY(%(ids)s)",
        {"ids": [package.id for package in packages]},
    )
    await tx.execute(
        """
        INSERT INTO prepaid_packages (id, name, units, discount_basis_points, fixed_price_paisa, popular, active,
            created_at, changed_at)
        SELECT new.*, %(now)s, %(now)s
        FROM unnest(%(id)s::uuid[], %(name)s::text[], %(units)s::int[], %(discount_basis_points)s::int[],
            %(fixed_price_paisa)s::bigint[], %(popular)s::boolean[], %(active)s::boolean[]) AS new
        ON CONFLICT (id) DO UPDATE SET
            name = excluded.name, units = excluded.units, discount_basis_points = excluded.discount_basis_points,
            fixed_price_paisa = excluded.fixed_price_paisa, popular = excluded.popular, active = excluded.active,
            changed_at = excluded.changed_at
        """,
        columns_of(packages, Package.__struct_fields__) | {"now": clock.now()},
    )


async def _audit(tx: Transaction, actor: Actor, known: dict[UUID, Package], after: Sequence[Package]) -> None:
    entries = [
        AuditEntry(
            action="CREDIT_PACKAGE_CHANGED",
            subject_kind="prepaid_package",
            subject_id=package.id,
            old=_facts(known[package.id]) if package.id in known else None,
            new=_facts(package),
        )
        for package in after
        if known.get(package.id) != package
    ]
    await record_audit(tx, actor, entries)


def _facts(package: Package) -> dict[str, Any]:
    facts: dict[str, Any] = msgspec.to_builtins(package)
    return facts
