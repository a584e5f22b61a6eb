"""Messages nobody could read: listed, taught, answered, let be; and the words taught, which can be forgotten."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.fixtures.town import Town
from tests.integration.console.conftest import Guest, SignedIn

from khaacho.actors import ActorRole
from khaacho.catalog.queries import find_products_by_code, find_retailer_aliases
from khaacho.catalog.records import Product
from khaacho.parties.records import Retailer
from khaacho.platform.database import Database

NOODLES = "NOOD-WAIWAI-CHK-75"


@pytest.fixture
async def talk(town: Town, working: Any) -> AsyncIterator[Town]:
    """The town with a worker that answers."""
    async with working():
        yield town


async def rows(database: Database) -> list[dict[str, Any]]:
    async with database.reading() as tx:
        return await tx.dicts("SELECT * FROM unread_words ORDER BY id")


async def product(database: Database, code: str = NOODLES) -> Product:
    async with database.reading() as tx:
        (found,) = await find_products_by_code(tx, [code])
    return found


async def audited(database: Database, action: str) -> list[dict[str, Any]]:
    async with database.reading() as tx:
        return await tx.dicts("SELECT * FROM audit_entries WHERE action = %(a)s ORDER BY id", {"a": action})


async def open_first(guest: Guest) -> str:
    """Open the newest on the list; answers its address."""
    page = (await guest.look("/console/unread?lang=en")).text
    found = re.search(r'href="(/console/unread/[0-9a-f-]{36})"', page)
    assert found, page
    await guest.look(f"{found[1]}?lang=en")
    return found[1]


async def test_unknown_words_wait_with_their_message(talk: Town, signed_in: SignedIn, database: Database) -> None:
    """[O14] Words nobody knows are answered with a list and wait for a person, marked in their conversation."""
    assert "zilky paste" in await talk.says(talk.shop, "wai wai chicken 75g 2 carton, zilky paste 4 packet")
    (row,) = await rows(database)
    assert (row["words"], row["state"], row["retailer_id"]) == ("zilky paste", "OPEN", talk.shop.id)
    guest = await signed_in()
    page = (await guest.look("/console/unread?lang=en")).text
    assert "Gita Kirana" in page
    assert "<mark>zilky paste</mark>" in page
    await open_first(guest)
    assert "Order Summary" in guest.page
    assert "<mark>zilky paste</mark>" in guest.page


async def test_a_message_of_which_nothing_is_understood_waits_whole(talk: Town, database: Database) -> None:
    """[O16] What is no order becomes none, and waits as a whole."""
    await talk.says(talk.shop, "qwrtp zzkrt blonk")
    (row,) = await rows(database)
    assert (row["words"], row["state"]) == ("", "OPEN")


async def test_words_taught_for_a_shop_mean_nothing_to_another(
    talk: Town, signed_in: SignedIn, database: Database, make_retailer: Any
) -> None:
    """[O13][O14] The shop's next message is understood, another shop's is not; who taught it is in the audit."""
    other: Retailer = await make_retailer(locale="en", pasal_name="Hari Kirana")
    await talk.says(talk.shop, "zilky paste 4 packet")
    await talk.says(other, "zilky paste 4 packet")
    guest = await signed_in()
    noodles = await product(database)
    mine = next(row for row in await rows(database) if row["retailer_id"] == talk.shop.id)
    await guest.look(f"/console/unread/{mine['id']}?lang=en&q=wai wai chicken")
    assert "Wai Wai Chicken Noodles" in guest.page
    done = await guest.submit(
        f"/console/unread/{mine['id']}/map", product=noodles.id, words="Zilky  Paste", **{"for": "shop"}
    )
    assert done.status_code == 303
    settled = {row["retailer_id"]: row["state"] for row in await rows(database)}
    assert settled == {talk.shop.id: "MAPPED", other.id: "OPEN"}
    (entry,) = await audited(database, "UNREAD_MAPPED")
    assert (entry["retailer_id"], entry["new_values"]) == (talk.shop.id, {"words": "zilky paste"})
    assert "Wai Wai Chicken Noodles" in await talk.says(talk.shop, "zilky paste 4 packet")
    assert "Order Summary" not in await talk.says(other, "zilky paste 4 packet")


async def test_words_taught_for_everyone_settle_everywhere(
    talk: Town, signed_in: SignedIn, database: Database, make_retailer: Any
) -> None:
    """[O13] An admin teaches everyone: every open row with these words is settled, and every shop understood."""
    other: Retailer = await make_retailer(locale="en", pasal_name="Hari Kirana")
    await talk.says(talk.shop, "zilky paste 4 packet")
    await talk.says(other, "Zilky Paste 2 packet")
    guest = await signed_in()
    address = await open_first(guest)
    noodles = await product(database)
    await guest.submit(f"{address}/map", product=noodles.id, words="zilky paste", **{"for": "everyone"})
    assert {row["state"] for row in await rows(database)} == {"MAPPED"}
    for shop in (talk.shop, other):
        assert "Wai Wai Chicken Noodles" in await talk.says(shop, "zilky paste 3 packet")


async def test_an_operator_teaches_a_shop_but_not_everyone(talk: Town, signed_in: SignedIn, database: Database) -> None:
    """What everyone's words mean is an admin's to say; a refusal changes nothing."""
    await talk.says(talk.shop, "zilky paste 4 packet")
    guest = await signed_in(role=ActorRole.OPERATOR)
    address = await open_first(guest)
    assert "Teach for everyone" not in guest.page
    noodles = await product(database)
    refused = await guest.submit(f"{address}/map", product=noodles.id, words="zilky", **{"for": "everyone"})
    assert refused.status_code == 403
    assert [row["state"] for row in await rows(database)] == ["OPEN"]


async def test_an_answer_goes_out_and_settles_the_message(talk: Town, signed_in: SignedIn, database: Database) -> None:
    """[O4] Written once, sent in the conversation; both words of the message are settled by it, and once only."""
    await talk.says(talk.shop, "zilky paste 4 packet, brugal rum 2 bottle")
    assert len(await rows(database)) == 2
    guest = await signed_in()
    address = await open_first(guest)
    await guest.submit(f"{address}/reply", text="Dai, yo hami sanga chaina.")
    assert "Dai, yo hami sanga chaina." in await talk.hears(talk.shop)
    assert {row["state"] for row in await rows(database)} == {"REPLIED"}
    again = await guest.client.post(f"{address}/reply", data={"csrf": await _token(guest), "text": "twice"})
    assert again.status_code == 409
    assert "settled this already" in again.text
    assert len(await audited(database, "UNREAD_REPLIED")) == 1


async def test_small_talk_is_let_be(talk: Town, signed_in: SignedIn, database: Database) -> None:
    """Dismissed it leaves the list, and stays among what was dealt with."""
    await talk.says(talk.shop, "qwrtp zzkrt blonk")
    guest = await signed_in()
    address = await open_first(guest)
    await guest.submit(f"{address}/dismiss")
    assert "Everything was understood" in (await guest.look("/console/unread?lang=en")).text
    assert "Let be" in (await guest.look("/console/unread?lang=en&show=settled")).text
    assert len(await audited(database, "UNREAD_DISMISSED")) == 1


async def test_words_taught_are_listed_and_forgotten(talk: Town, signed_in: SignedIn, database: Database) -> None:
    """[O14] A word learnt from an answer is there under its shop, and gone when it is forgotten."""
    await talk.says(talk.shop, "jeera masino 3 bora")
    await talk.says(talk.shop, "1")
    async with database.reading() as tx:
        assert [alias.phrase for alias in await find_retailer_aliases(tx, talk.shop.id)] == ["jeera masino"]
    guest = await signed_in()
    page = (await guest.look("/console/unread/words?lang=en&q=masino")).text
    assert "Gita Kirana" in page
    fields = dict(re.findall(r'name="(product|retailer|phrase)" value="([^"]*)"', page))
    assert (await guest.submit("/console/unread/words/forget", **fields)).status_code == 303
    async with database.reading() as tx:
        assert await find_retailer_aliases(tx, talk.shop.id) == []


async def test_a_wholesaler_sees_none_of_it(talk: Town, signed_in: SignedIn, vendor: Any) -> None:
    """What shops write is not for those who sell to them."""
    guest = await signed_in(vendor)
    assert (await guest.look("/console/unread")).status_code == 403
    assert (await guest.look("/console/unread/words")).status_code == 403


async def _token(guest: Guest) -> str:
    await guest.look("/console/unread/words?lang=en")
    found = re.search(r'X-CSRF-Token": "([^"]+)"', guest.page)
    assert found
    return found[1]
