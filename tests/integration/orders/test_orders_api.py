"""Orders over real HTTP: placing, reading, ownership, and every step."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import httpx
import pytest
from tests.fixtures.people import MakeOffer, MakeProduct, MakeRetailer, MakeUser, MakeVendor
from tests.fixtures.processes import Settle, Working
from tests.integration.orders.conftest import Sellers, snapshot

from khaacho.actors import SYSTEM, ActorRole
from khaacho.catalog.records import Product
from khaacho.orders.fulfilment import fail_order
from khaacho.parties.queries import require_user
from khaacho.parties.records import Retailer, User, Vendor
from khaacho.parties.signin.actions import begin_sign_in
from khaacho.platform.database import Database
from khaacho.settings import Settings

SignIn = Callable[[User | Retailer | Vendor], Awaitable[dict[str, str]]]


@pytest.fixture
def sign_in(database: Database, settings: Settings) -> SignIn:
    """The headers of somebody who is signed in."""

    async def headers(who: User | Retailer | Vendor) -> dict[str, str]:
        user_id = who.id if isinstance(who, User) else who.user_id
        assert isinstance(user_id, UUID)
        async with database.reading() as tx:
            user = await require_user(tx, user_id)
        signed_in = await begin_sign_in(database, secret=settings.secret, user=user)
        return {"Authorization": f"Bearer {signed_in.access_token}"}

    return headers


def body_of(shop: Retailer, product: Product, quantity: float | str = 5, **fields: Any) -> dict[str, Any]:
    return {
        "retailerId": str(shop.id),
        "items": [{"sku": product.code, "quantity": quantity}],
        "paymentMode": "CREDIT",
        **fields,
    }


async def placed(client: httpx.AsyncClient, headers: dict[str, str], body: dict[str, Any], key: str) -> dict[str, Any]:
    answer = await client.post("/api/v1/orders", json=body, headers={**headers, "Idempotency-Key": key})
    assert answer.status_code == 201, answer.text
    (order,) = answer.json()["data"]["orders"]
    return order


async def test_an_order_is_placed_once_per_key(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    shop: Retailer,
    make_product: MakeProduct,
    make_offer: MakeOffer,
) -> None:
    """[O31] The same key gives the same order; with another body it is refused; without one it is refused."""
    rice = await make_product(vat_basis_points=1300)
    await make_offer(product=rice, price_paisa=42_000)
    headers = await sign_in(shop)
    order = await placed(client, headers, body_of(shop, rice), "key-1")
    assert (order["subtotal"], order["tax"], order["total"]) == (2100, 273, 2373)
    assert order["status"] == "PENDING"
    assert order["paymentStatus"] == "UNPAID"
    assert order["holdId"] is not None
    assert order["lines"][0] | {"productId": "", "name": ""} == {
        "sku": rice.code,
        "productId": "",
        "name": "",
        "quantity": 5,
        "deliveredQuantity": None,
        "unitPrice": 420,
        "vatRate": 13,
        "amount": 2100,
        "tax": 273,
    }
    again = await placed(client, headers, body_of(shop, rice), "key-1")
    assert again["id"] == order["id"]
    other = await client.post(
        "/api/v1/orders", json=body_of(shop, rice, 6), headers={**headers, "Idempotency-Key": "key-1"}
    )
    assert (other.status_code, other.json()["error"]["code"]) == (409, "IDEMPOTENCY_KEY_REUSED")
    without = await client.post("/api/v1/orders", json=body_of(shop, rice), headers=headers)
    assert (without.status_code, without.json()["error"]["code"]) == (400, "IDEMPOTENCY_KEY_REQUIRED")


async def test_a_batch_answers_one_outcome_per_order(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    shop: Retailer,
    rice: Product,
    sellers: Sellers,
    make_user: MakeUser,
    make_retailer: MakeRetailer,
) -> None:
    """One refusal stops no other, and the outcomes come in the order the orders were sent."""
    await sellers(1)
    stranger = await make_retailer()
    bodies = [
        body_of(shop, rice, 1) | {"idempotencyKey": "a"},
        body_of(shop, rice, 101) | {"idempotencyKey": "b"},
        body_of(stranger, rice, 1) | {"idempotencyKey": "c"},
        body_of(shop, rice, 2) | {"idempotencyKey": "d"},
        body_of(shop, rice, 1) | {"idempotencyKey": "a"},
    ]
    headers = await sign_in(await make_user(role=ActorRole.OPERATOR))
    answer = await client.post("/api/v1/orders/batch", json={"orders": bodies}, headers=headers)
    assert answer.status_code == 200, answer.text
    outcomes = answer.json()["data"]["outcomes"]
    assert [outcome["idempotencyKey"] for outcome in outcomes] == ["a", "b", "c", "d", "a"]
    assert [outcome["success"] for outcome in outcomes] == [True, False, False, True, True]
    assert outcomes[1]["error"]["code"] == "INSUFFICIENT_STOCK"
    assert outcomes[2]["error"]["code"] == "NO_CREDIT_ACCOUNT"
    assert outcomes[4]["orders"][0]["id"] == outcomes[0]["orders"][0]["id"]


async def test_an_order_walks_its_whole_life_over_http(
    client: httpx.AsyncClient, sign_in: SignIn, shop: Retailer, rice: Product, sellers: Sellers, make_user: MakeUser
) -> None:
    """[O33, O34, O35] The vendor takes each step by id or by code; a part arrives; payment makes the order PAID."""
    ((vendor, offer),) = await sellers(1)
    shop_headers, vendor_headers = await sign_in(shop), await sign_in(vendor)
    staff = await sign_in(await make_user())
    order = await placed(client, shop_headers, body_of(shop, rice, 5), "k")
    steps = [
        (f"{order['id']}/accept", None, "ACCEPTED"),
        (f"{order['code']}/pack", None, "PACKING"),
        (f"{order['code'].replace('-', '').lower()}/dispatch", None, "DISPATCHED"),
        (f"{order['id']}/out-for-delivery", None, "OUT_FOR_DELIVERY"),
        (f"{order['id']}/deliver", {"lines": [{"sku": offer.sku, "quantity": 2}]}, "DELIVERED"),
    ]
    for path, body, status in steps:
        answer = await client.post(f"/api/v1/orders/{path}", json=body, headers=vendor_headers)
        assert answer.status_code == 200, answer.text
        assert answer.json()["data"]["status"] == status
    shown = (await client.get(f"/api/v1/orders/{order['code']}", headers=shop_headers)).json()["data"]
    assert (shown["total"], shown["deliveredTotal"], shown["amountDue"]) == (500, 200, 200)
    assert shown["paymentStatus"] == "UNPAID"
    assert shown["dueDate"] is not None
    paid = await client.post(
        "/api/v1/admin/payment/record",
        json={"retailerId": str(shop.id), "amountPaid": 150, "method": "CASH"},
        headers={**staff, "Idempotency-Key": "p1"},
    )
    assert paid.status_code == 201, paid.text
    shown = (await client.get(f"/api/v1/orders/{order['id']}", headers=shop_headers)).json()["data"]
    assert (shown["paymentStatus"], shown["amountDue"]) == ("PARTIAL", 50)
    completed = await client.post(f"/api/v1/orders/{order['id']}/complete", headers=shop_headers)
    assert completed.json()["data"]["status"] == "COMPLETED"
    history = (await client.get(f"/api/v1/orders/{order['id']}/history", headers=shop_headers)).json()["data"]
    assert [step["toStatus"] for step in history] == [
        "PENDING", "ACCEPTED", "PACKING", "DISPATCHED", "OUT_FOR_DELIVERY", "DELIVERED", "COMPLETED",
    ]  # fmt: skip
    routing = (await client.get(f"/api/v1/orders/{order['id']}/routing", headers=staff)).json()["data"]
    assert routing[0]["answer"] == "ACCEPTED"
    (candidate,) = routing[0]["candidates"]
    assert candidate["vendorId"] == str(vendor.id)
    assert set(candidate["factors"]) == {"availability", "price", "reliability", "proximity", "workload"}


async def test_nobody_touches_the_orders_of_others(
    client: httpx.AsyncClient,
    database: Database,
    sign_in: SignIn,
    shop: Retailer,
    rice: Product,
    sellers: Sellers,
    make_retailer: MakeRetailer,
    make_vendor: MakeVendor,
    make_user: MakeUser,
) -> None:
    """[O43] Another shop, another vendor, a freelancer and nobody are refused on every route, and nothing changes."""
    await sellers(1)
    order = await placed(client, await sign_in(shop), body_of(shop, rice), "k")
    url = f"/api/v1/orders/{order['id']}"
    other_shop, other_vendor = await sign_in(await make_retailer()), await sign_in(await make_vendor())
    freelancer = await sign_in(await make_user(role=ActorRole.FREELANCER))
    before = await snapshot(database)
    for headers in (other_shop, other_vendor, freelancer):
        for path in ("", "/history", "/routing"):
            assert (await client.get(url + path, headers=headers)).status_code == 403
        for path in ("accept", "decline", "pack", "dispatch", "out-for-delivery", "deliver", "complete"):
            refused = await client.post(f"{url}/{path}", headers=headers)
            assert refused.status_code == 403, (path, refused.text)
        for path in ("cancel", "reroute"):
            assert (await client.post(f"{url}/{path}", json={"reason": "x"}, headers=headers)).status_code == 403
        placing = await client.post(
            "/api/v1/orders", json=body_of(shop, rice), headers={**headers, "Idempotency-Key": "mine"}
        )
        assert placing.status_code == 403
        assert (await client.post(f"/api/v1/admin/orders/{order['id']}/retry", headers=headers)).status_code == 403
    assert (await client.get(url)).status_code == 401
    assert (await client.get("/api/v1/orders", headers=freelancer)).status_code == 403
    for headers in (other_shop, other_vendor):
        assert (await client.get("/api/v1/orders", headers=headers)).json()["data"]["items"] == []
        asked = await client.get("/api/v1/orders", params={"retailerId": str(shop.id)}, headers=headers)
        assert asked.status_code == 403 or asked.json()["data"]["items"] == []
    assert await snapshot(database) == before


async def test_a_list_is_read_in_parts(
    client: httpx.AsyncClient, sign_in: SignIn, shop: Retailer, rice: Product, sellers: Sellers
) -> None:
    """Newest first, by status, cut at a cursor."""
    await sellers(1)
    headers = await sign_in(shop)
    codes = [(await placed(client, headers, body_of(shop, rice, 1), f"k{number}"))["code"] for number in range(3)]
    cancelled = await client.post(f"/api/v1/orders/{codes[1]}/cancel", json={"reason": "changed"}, headers=headers)
    assert cancelled.json()["data"]["status"] == "CANCELLED"
    first = (await client.get("/api/v1/orders", params={"limit": 2}, headers=headers)).json()["data"]
    assert [order["code"] for order in first["items"]] == [codes[2], codes[1]]
    rest = await client.get("/api/v1/orders", params={"limit": 2, "cursor": first["nextCursor"]}, headers=headers)
    assert [order["code"] for order in rest.json()["data"]["items"]] == [codes[0]]
    assert rest.json()["data"]["nextCursor"] is None
    pending = await client.get("/api/v1/orders", params={"status": "PENDING"}, headers=headers)
    assert [order["code"] for order in pending.json()["data"]["items"]] == [codes[2], codes[0]]
    naive = await client.get("/api/v1/orders", params={"from": "2026-01-01T00:00:00"}, headers=headers)
    assert (naive.status_code, naive.json()["error"]["code"]) == (422, "VALIDATION_ERROR")


async def test_a_refusal_names_what_is_allowed(
    client: httpx.AsyncClient, sign_in: SignIn, shop: Retailer, rice: Product, sellers: Sellers, make_user: MakeUser
) -> None:
    """[O33] 409 INVALID_TRANSITION with the states, and 422 for a delivery that does not fit."""
    ((_, offer),) = await sellers(1)
    staff = await sign_in(await make_user())
    order = await placed(client, staff, body_of(shop, rice), "k")
    refused = await client.post(f"/api/v1/orders/{order['id']}/dispatch", headers=staff)
    assert refused.status_code == 409
    assert refused.json()["error"] == {
        "code": "INVALID_TRANSITION",
        "message": "An order that is PENDING cannot become DISPATCHED.",
        "details": {
            "fromStatus": "PENDING",
            "toStatus": "DISPATCHED",
            "allowed": ["ACCEPTED", "CANCELLED", "FAILED"],
        },
    }
    for path in ("accept", "pack", "dispatch"):
        assert (await client.post(f"/api/v1/orders/{order['id']}/{path}", headers=staff)).status_code == 200
    for quantity in ("6", "-1", "1.0001"):
        body = {"lines": [{"sku": offer.sku, "quantity": quantity}]}
        mismatch = await client.post(f"/api/v1/orders/{order['id']}/deliver", json=body, headers=staff)
        assert mismatch.status_code == 422, mismatch.text
    assert (await client.get("/api/v1/orders/ORD260101-9999", headers=staff)).status_code == 404


async def test_the_weights_of_routing_are_a_setting(
    client: httpx.AsyncClient, database: Database, sign_in: SignIn, make_user: MakeUser
) -> None:
    """[O41] Five weights that sum to 100, read by staff, changed by an admin with an audit entry."""
    admin, operator = await sign_in(await make_user()), await sign_in(await make_user(role=ActorRole.OPERATOR))
    url = "/api/v1/admin/routing/weights"
    given = {"availability": 30, "price": 20, "reliability": 15, "proximity": 20, "workload": 15}
    assert (await client.get(url, headers=operator)).json()["data"] == given
    new = {"availability": 10, "price": 60, "reliability": 10, "proximity": 10, "workload": 10}
    assert (await client.put(url, json=new, headers=operator)).status_code == 403
    wrong = await client.put(url, json=new | {"price": 61}, headers=admin)
    assert (wrong.status_code, wrong.json()["error"]["code"]) == (422, "VALIDATION_ERROR")
    assert (await client.get(url, headers=admin)).json()["data"] == given
    assert (await client.put(url, json=new, headers=admin)).json()["data"] == new
    assert (await client.get(url, headers=admin)).json()["data"] == new
    async with database.reading() as tx:
        (entry,) = await tx.dicts("SELECT old_values, new_values FROM audit_entries WHERE action = 'SETTING_CHANGED'")
    assert (entry["old_values"], entry["new_values"]) == (given, new)


async def test_failed_orders_are_found_and_tried_again(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    shop: Retailer,
    rice: Product,
    sellers: Sellers,
    make_user: MakeUser,
    database: Database,
) -> None:
    """[O36, O50] A failed order is listed with its reason and becomes PENDING again."""
    await sellers(1)
    staff = await sign_in(await make_user())
    order = await placed(client, staff, body_of(shop, rice), "k")
    async with database.transaction() as tx:
        await fail_order(tx, SYSTEM, UUID(order["id"]), reason="burst pipe")
    listed = (await client.get(f"/api/v1/admin/orders/failed/{shop.id}", headers=staff)).json()["data"]
    assert [(one["code"], one["failureReason"]) for one in listed] == [(order["code"], "burst pipe")]
    assert listed[0]["failedAt"] is not None
    again = await client.post(f"/api/v1/admin/orders/{order['id']}/retry", headers=staff)
    assert again.status_code == 200, again.text
    assert again.json()["data"]["status"] == "PENDING"
    assert again.json()["data"]["failedAt"] is None
    assert again.json()["data"]["holdId"] != order["holdId"]
    assert (await client.get(f"/api/v1/admin/orders/failed/{shop.id}", headers=staff)).json()["data"] == []
    assert (await client.get(f"/api/v1/admin/orders/pending/{shop.id}", headers=staff)).json()["data"] == []
    expired = await client.post("/api/v1/admin/orders/expire-pending", headers=staff)
    assert expired.json()["data"] == {"expired": 0}


async def test_decimal_quantities_stay_exact(
    client: httpx.AsyncClient, sign_in: SignIn, shop: Retailer, make_product: MakeProduct, make_offer: MakeOffer
) -> None:
    """Quantities and amounts come back digit by digit."""
    oil = await make_product(selling_unit="l", vat_basis_points=0)
    await make_offer(product=oil, price_paisa=19_999)
    answer = await client.post(
        "/api/v1/orders",
        json=body_of(shop, oil, "2.125"),
        headers={**await sign_in(shop), "Idempotency-Key": "k"},
    )
    assert answer.status_code == 201
    assert '"quantity":2.125' in answer.text
    assert Decimal(answer.text.split('"total":')[1].split(",")[0]) == Decimal("424.98")


async def test_the_worker_completes_what_is_paid(
    client: httpx.AsyncClient,
    sign_in: SignIn,
    shop: Retailer,
    rice: Product,
    sellers: Sellers,
    make_user: MakeUser,
    working: Working,
    settle: Settle,
) -> None:
    """[O33] A payment that clears the order's debit makes it COMPLETED without anybody saying so."""
    await sellers(1)
    staff = await sign_in(await make_user())
    order = await placed(client, staff, body_of(shop, rice), "k")
    for path in ("accept", "pack", "dispatch", "deliver"):
        assert (await client.post(f"/api/v1/orders/{order['id']}/{path}", headers=staff)).status_code == 200
    paid = await client.post(
        "/api/v1/admin/payment/record",
        json={"retailerId": str(shop.id), "amountPaid": 500, "method": "CASH"},
        headers={**staff, "Idempotency-Key": "p"},
    )
    assert paid.json()["data"]["status"] == "FULLY_CLEARED"
    async with working():
        await settle()
    shown = (await client.get(f"/api/v1/orders/{order['id']}", headers=staff)).json()["data"]
    assert (shown["status"], shown["paymentStatus"], shown["amountDue"]) == ("COMPLETED", "PAID", 0)
