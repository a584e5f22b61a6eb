"""[P34] The receipt of a purchase: what it says, in which language, and who may have it."""

from __future__ import annotations

import io

import httpx
from pypdf import PdfReader
from tests.fixtures.people import BearerOf, MakeUser
from tests.fixtures.projects import MakeFreelancer
from tests.fixtures.purchases import Buy

from khaacho.actors import Actor, ActorRole
from khaacho.ids import new_id
from khaacho.parties.queries import require_user
from khaacho.parties.records import Locale
from khaacho.platform.database import Database


async def headers_of(database: Database, bearer_of: BearerOf, who: Actor) -> dict[str, str]:
    assert who.id is not None
    async with database.reading() as tx:
        return await bearer_of(await require_user(tx, who.id))


def text_of(answer: httpx.Response) -> str:
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)


async def test_a_receipt_says_what_was_bought(
    database: Database, client: httpx.AsyncClient, bearer_of: BearerOf, make_freelancer: MakeFreelancer, buy: Buy
) -> None:
    """[P34] Buyer, package, number, price of each, amount in its currency, and the gateway's payment; by either id."""
    sita = await make_freelancer(name="Sita Thapa")
    bought = await buy(
        sita,
        units=25,
        amount_paisa=112_500,
        price_inr_paisa=112_500,
        package_name="Basic",
        discount_basis_points=1_000,
    )
    headers = await headers_of(database, bearer_of, sita)
    for purchase_id in (bought.movement_id, bought.order_id):
        answer = await client.get(f"/api/v1/credits/purchases/{purchase_id}/receipt", headers=headers)
        text = text_of(answer)
        words = ("Receipt", "Sita Thapa", "Package Basic", "10 % off", "45.00", "1,125.00", "Razorpay")
        assert [word for word in (*words, f"pay_{bought.order_id.hex}") if word not in text] == []


async def test_a_receipt_in_nepali(
    database: Database, client: httpx.AsyncClient, bearer_of: BearerOf, make_freelancer: MakeFreelancer, buy: Buy
) -> None:
    """[P34] In the buyer's language, whoever looks at it; an uneven price of each is said to be about that."""
    sita = await make_freelancer(name="सीता थापा", locale=Locale.NE)
    bought = await buy(sita, units=3, amount_paisa=10_000, price_inr_paisa=10_000)
    headers = await headers_of(database, bearer_of, sita)
    text = text_of(await client.get(f"/api/v1/credits/purchases/{bought.movement_id}/receipt", headers=headers))
    # Shaped letters are read back in their visual order, so only what needs no shaping is looked for.
    assert "~" in text
    assert "33.33" in text
    assert "Receipt" not in text


async def test_who_may_have_it(
    database: Database,
    client: httpx.AsyncClient,
    bearer_of: BearerOf,
    make_user: MakeUser,
    make_freelancer: MakeFreelancer,
    buy: Buy,
) -> None:
    """[X10, P30] The buyer and those who may see all credits; another freelancer, a vendor and a stranger may not."""
    sita, hari = await make_freelancer(), await make_freelancer()
    path = f"/api/v1/credits/purchases/{(await buy(sita)).movement_id}/receipt"
    for allowed in (ActorRole.ADMIN, ActorRole.OPERATOR):
        assert (await client.get(path, headers=await bearer_of(await make_user(role=allowed)))).status_code == 200
    assert (await client.get(path, headers=await headers_of(database, bearer_of, hari))).status_code == 403
    vendor = await bearer_of(await make_user(role=ActorRole.VENDOR))
    assert (await client.get(path, headers=vendor)).status_code == 403
    assert (await client.get(path)).status_code == 401
    missing = await client.get(f"/api/v1/credits/purchases/{new_id()}/receipt", headers=vendor)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "NOT_FOUND")
