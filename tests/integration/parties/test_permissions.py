"""Who may call what: every route of people and goods, for every role. [X10]"""

from __future__ import annotations

import httpx
import pytest
from tests.fixtures.people import BearerOf, MakeOffer, MakeProduct, MakeRetailer, MakeUser, MakeVendor
from tests.fixtures.waiting import refused_within_a_second

from khaacho.actors import Actor, ActorRole
from khaacho.catalog import api as catalog
from khaacho.errors import Forbidden
from khaacho.ids import new_id
from khaacho.parties import api as parties
from khaacho.parties.access import Requires, ensure_retailer_access, ensure_vendor_access
from khaacho.parties.permissions import PERMISSIONS
from khaacho.parties.queries import find_role_permissions
from khaacho.platform.database import Database

# Admin, operator, vendor, retailer, freelancer: those who may. The vendor asks about itself.
GUARDED = {
    "POST /admin/users": "A",
    "GET /admin/users": "AO",
    "POST /admin/users/{user_id}/approve": "AO",
    "POST /admin/users/{user_id}/suspend": "AO",
    "POST /admin/users/{user_id}/sign-out": "A",
    "POST /admin/retailers": "AO",
    "GET /admin/retailers": "AO",
    "GET /admin/retailers/{retailer_id}": "AO",
    "PATCH /admin/retailers/{retailer_id}": "AO",
    "POST /admin/retailers/{retailer_id}/approve": "AO",
    "POST /admin/vendors": "AO",
    "GET /admin/vendors": "AO",
    "GET /admin/vendors/{vendor_id}": "AO",
    "PATCH /admin/vendors/{vendor_id}": "AO",
    "POST /admin/vendors/{vendor_id}/approve": "AO",
    "POST /admin/products": "AO",
    "GET /admin/products": "AOVR",
    "GET /admin/products/{product_id}": "AOVR",
    "PATCH /admin/products/{product_id}": "AO",
    "POST /admin/products/{product_id}/aliases": "AO",
    "GET /admin/products/{product_id}/aliases": "AOVR",
    "POST /admin/products/{product_id}/aliases/forget": "AO",
    "POST /admin/import/catalog": "AO",
    "POST /vendors/{vendor_id}/offers": "AOV",
    "GET /vendors/{vendor_id}/offers": "AOV",
    "PATCH /vendors/{vendor_id}/offers/{offer_id}": "AOV",
    "POST /vendors/{vendor_id}/offers/bulk": "AOV",
    "POST /vendors/{vendor_id}/stock": "AOV",
}
SIGNED_IN = {"GET /auth/me", "POST /auth/logout", "POST /auth/logout-all", "POST /auth/password"}
OPEN = {"POST /auth/login", "POST /auth/otp", "POST /auth/otp/verify", "POST /auth/refresh", "POST /auth/register"}


def test_no_route_is_forgotten() -> None:
    """[X10] Every route of the two domains is in one of the lists above, and the guarded ones have a guard."""
    handlers = [*parties.ROUTES, *catalog.ROUTES]
    names = {}
    for handler in handlers:
        path = next(iter(handler.paths)).replace(":uuid}", "}")
        names[f"{next(iter(handler.http_methods))} {path}"] = handler
    assert set(names) == set(GUARDED) | SIGNED_IN | OPEN
    guarded = {name for name, handler in names.items() if any(isinstance(g, Requires) for g in handler.guards or ())}
    assert guarded == set(GUARDED)


async def test_the_table_names_only_permissions_that_exist(database: Database) -> None:
    """[X10] The names in the code and in the table are the same, and admins may do what is not others' own."""
    async with database.reading() as tx:
        roles = await find_role_permissions(tx)
    assert frozenset().union(*roles.values()) == PERMISSIONS
    own = {name for name in PERMISSIONS if name not in roles["ADMIN"]}
    assert own == {
        "credit.read_own", "ledger.read_own", "credits.view_own", "credits.purchase", "credits.view_history",
        "credits.request_refund", "projects.apply",
    }  # fmt: skip
    assert roles["OPERATOR"] < roles["ADMIN"]


@pytest.mark.parametrize("role", list("AOVRF"))
async def test_every_route_for_every_role(
    client: httpx.AsyncClient,
    role: str,
    make_user: MakeUser,
    make_vendor: MakeVendor,
    make_retailer: MakeRetailer,
    bearer_of: BearerOf,
) -> None:
    """[X10] Who lacks the permission gets 403 whatever else is wrong; who has it gets past the door."""
    vendor, retailer = await make_vendor(), await make_retailer()
    people = {
        "A": lambda: make_user(role=ActorRole.ADMIN),
        "O": lambda: make_user(role=ActorRole.OPERATOR),
        "F": lambda: make_user(role=ActorRole.FREELANCER),
    }
    who = vendor if role == "V" else retailer if role == "R" else await people[role]()
    headers = await bearer_of(who)
    ids = {"vendor_id": vendor.id, "retailer_id": retailer.id, "user_id": new_id(), "product_id": new_id()}

    async def ask(name: str) -> tuple[str, bool]:
        method, path = name.split(" ")
        url = "/api/v1" + path.format(**ids, offer_id=new_id())
        body = None if method == "GET" or path.endswith("approve") else {}
        answer = await client.request(method, url, json=body, headers=headers)
        assert answer.status_code < 500, f"{name}: {answer.text}"
        return name, answer.status_code not in (401, 403)

    passed = dict([await ask(name) for name in GUARDED])
    assert passed == {name: role in roles for name, roles in GUARDED.items()}


async def test_nobody_gets_past_any_guard(client: httpx.AsyncClient) -> None:
    """[X10] Without a sign-in every guarded route says 401, before it looks at anything else."""
    for name in [*GUARDED, *SIGNED_IN]:
        method, path = name.split(" ")
        ids = dict.fromkeys(("vendor_id", "retailer_id", "user_id", "product_id", "offer_id"), new_id())
        answer = await client.request(method, "/api/v1" + path.format(**ids))
        assert (name, answer.status_code) == (name, 401)


async def test_a_revoked_permission_is_gone_within_a_second(
    client: httpx.AsyncClient, database: Database, make_user: MakeUser, bearer_of: BearerOf
) -> None:
    """[X10] Permissions are data: taking one away needs no restart."""
    headers = await bearer_of(await make_user(role=ActorRole.OPERATOR))
    assert (await client.get("/api/v1/admin/retailers", headers=headers)).status_code == 200
    async with database.transaction() as tx:
        await tx.execute("DELETE FROM role_permissions WHERE role = 'OPERATOR' AND permission = 'retailers.read'")
    answer = await refused_within_a_second(lambda: client.get("/api/v1/admin/retailers", headers=headers))
    assert answer.json()["error"]["code"] == "FORBIDDEN"
    assert (await client.get("/api/v1/admin/vendors", headers=headers)).status_code == 200


async def test_a_vendor_touches_its_own_offers_only(
    client: httpx.AsyncClient,
    database: Database,
    make_offer: MakeOffer,
    make_vendor: MakeVendor,
    make_product: MakeProduct,
    bearer_of: BearerOf,
) -> None:
    """[X10] [O43] Another vendor's id is 403, its offer under one's own id is 404, and nothing changes."""
    theirs, mine, product = await make_offer(stock=5), await make_vendor(), await make_product()
    headers = await bearer_of(mine)
    offer = {"productId": str(product.id), "sku": "X", "price": 1, "stock": 1}
    attempts = [
        ("GET", f"/vendors/{theirs.vendor_id}/offers", None, 403),
        ("GET", f"/vendors/{new_id()}/offers", None, 403),
        ("POST", f"/vendors/{theirs.vendor_id}/offers", offer, 403),
        ("POST", f"/vendors/{theirs.vendor_id}/offers/bulk", {"offers": [offer]}, 403),
        ("PATCH", f"/vendors/{theirs.vendor_id}/offers/{theirs.id}", {"price": 1}, 403),
        ("PATCH", f"/vendors/{mine.id}/offers/{theirs.id}", {"price": 1}, 404),
        ("POST", f"/vendors/{theirs.vendor_id}/stock", {"sku": theirs.sku, "change": -5, "reason": "mine"}, 403),
        ("POST", f"/vendors/{mine.id}/stock", {"sku": theirs.sku, "change": -5, "reason": "mine"}, 404),
    ]
    for method, path, body, status in attempts:
        answer = await client.request(method, f"/api/v1{path}", json=body, headers=headers)
        assert (method, path, answer.status_code) == (method, path, status)
    async with database.reading() as tx:
        rows = await tx.dicts("SELECT price_paisa, physical FROM vendor_offers AS o JOIN stock AS s ON s.id = o.id")
    assert [(row["price_paisa"], row["physical"]) for row in rows] == [(theirs.price_paisa, 5)]


def test_whose_rows_are_whose() -> None:
    """[X10] Staff and the system touch everyone's rows, a retailer or vendor its own, others nobody's."""
    shop_id, vendor_id = new_id(), new_id()
    shop = Actor(role=ActorRole.RETAILER, name="Gita", retailer_id=shop_id)
    vendor = Actor(role=ActorRole.VENDOR, name="Bishnu", vendor_id=vendor_id)
    for role in (ActorRole.ADMIN, ActorRole.OPERATOR, ActorRole.SYSTEM):
        ensure_retailer_access(Actor(role=role, name="staff"), shop_id)
        ensure_vendor_access(Actor(role=role, name="staff"), vendor_id)
    ensure_retailer_access(shop, shop_id)
    ensure_vendor_access(vendor, vendor_id)
    # A vendor that carries a retailer's id is still no retailer.
    disguised = Actor(role=ActorRole.VENDOR, name="Eve", retailer_id=shop_id)
    freelancer = Actor(role=ActorRole.FREELANCER, name="Rita")
    for stranger, check, row_id in (
        (shop, ensure_retailer_access, new_id()),
        (shop, ensure_vendor_access, vendor_id),
        (vendor, ensure_vendor_access, new_id()),
        (vendor, ensure_retailer_access, shop_id),
        (disguised, ensure_retailer_access, shop_id),
        (freelancer, ensure_retailer_access, shop_id),
    ):
        with pytest.raises(Forbidden):
            check(stranger, row_id)
