"""Talk that takes turns: several questions at once, answers by name or size, second thoughts, questions in orders."""

from __future__ import annotations

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
from tests.fixtures.town import Town

from khaacho.catalog.queries import find_products_by_code, find_retailer_aliases
from khaacho.orders.basket import find_open_basket


@pytest.fixture
async def talk(town: Town, working: Any) -> AsyncIterator[Town]:
    """The town with a worker that answers."""
    async with working():
        yield town


async def basket_of(town: Town) -> dict[str, Decimal]:
    """The open basket by product code."""
    async with town.database.reading() as tx:
        basket = await find_open_basket(tx, town.shop.id)
        lines = basket.lines if basket else ()
        products = await tx.dicts(
            "SELECT id, code FROM products WHERE id = ANY(%(ids)s)", {"ids": [line.product_id for line in lines]}
        )
    codes = {row["id"]: row["code"] for row in products}
    return {codes[line.product_id]: line.quantity for line in lines}


async def words_of(town: Town) -> dict[str, str]:
    """The shop's own words and what they mean."""
    async with town.database.reading() as tx:
        return {alias.phrase: alias.product_code for alias in await find_retailer_aliases(tx, town.shop.id)}


async def test_two_questions_are_answered_in_one_message(talk: Town) -> None:
    """[O14] Numbers answer the open questions in their order; too many numbers answer none, and the questions stay."""
    asked = await talk.says(talk.shop, "jeera masino 3 bora, coke 2 carton")
    assert "Which *jeera masino*" in asked
    assert "Which *coke*" in asked
    again = await talk.says(talk.shop, "1 2 1")
    assert "Which *jeera masino*" in again
    assert "called our people" not in again
    await talk.says(talk.shop, "2 3")
    assert await basket_of(talk) == {"RICE-JEERA-25KG": 3, "BEV-COKE-250": 48}


async def test_a_choice_that_was_not_shown_is_answered_by_its_size(talk: Town) -> None:
    """[O14] Three are shown; a fourth is meant by writing its size or its name."""
    asked = await talk.says(talk.shop, "coke 2 carton")
    assert "500 ml" not in asked
    assert "Another one?" in asked
    await talk.says(talk.shop, "500 ml wala")
    assert await basket_of(talk) == {"BEV-COKE-500": 48}


async def test_a_new_order_instead_of_an_answer_keeps_the_question(talk: Town) -> None:
    """[O16][O21] What is ordered is taken, and the question waits with the summary until it is answered."""
    await talk.says(talk.shop, "dhara tori tel 2 carton")
    summary = await talk.says(talk.shop, "tokla tea 250g 5 packet")
    assert "Tokla Gold Tea 250 g" in summary
    assert "Which *dhara tori tel*" in summary
    await talk.says(talk.shop, "mero udharo kati cha")
    await talk.says(talk.shop, "1")
    assert await basket_of(talk) == {"TEA-TOKLA-250": 5, "OIL-TORI-DHARA-1L": 24}


@pytest.mark.parametrize("said", ["none of these", "arko", "yi kunai hoina, aru chaina?", "tyo hoina"])
async def test_none_of_the_choices(talk: Town, said: str) -> None:
    """[O14] Said in any way, the question goes, nothing is taken and nothing is learnt."""
    await talk.says(talk.shop, "jeera masino 3 bora")
    assert "none of these" in await talk.says(talk.shop, said)
    assert await basket_of(talk) == {}
    assert await words_of(talk) == {}


async def test_a_word_learnt_wrongly_is_taken_back(talk: Town) -> None:
    """[O14] "Not that one" after a summary: the line goes, the word is forgotten, and it is asked again."""
    await talk.says(talk.shop, "jeera masino 3 bora")
    await talk.says(talk.shop, "25 kg wala")
    assert await words_of(talk) == {"jeera masino": "RICE-JEERA-25KG"}
    await talk.says(talk.shop, "cancel")
    await talk.says(talk.shop, "chini 5 kg, jeera masino 2 bora")
    assert await basket_of(talk) == {"SUGAR": 5, "RICE-JEERA-25KG": 2}
    asked = await talk.says(talk.shop, "tyo hoina")
    assert "Which *jeera masino*" in asked
    assert await basket_of(talk) == {"SUGAR": 5}
    assert await words_of(talk) == {}
    await talk.says(talk.shop, "5kg wala")
    assert await basket_of(talk) == {"SUGAR": 5, "RICE-JEERA-5KG": 2}
    assert await words_of(talk) == {"jeera masino": "RICE-JEERA-5KG"}


async def test_not_that_one_where_nothing_was_learnt_asks_which(talk: Town) -> None:
    """[O21] Nothing is dropped on a guess; the shop is told how to say it."""
    await talk.says(talk.shop, "chini 5 kg, wai wai chicken 2 carton")
    assert "Which line is wrong?" in await talk.says(talk.shop, "tyo hoina")
    assert await basket_of(talk) == {"SUGAR": 5, "NOOD-WAIWAI-CHK-75": 60}


async def test_what_was_asked_about_is_not_wanted_any_more(talk: Town) -> None:
    """[O21] "Nun hataidinu" takes the question away, and only that."""
    await talk.says(talk.shop, "chini 5 kg, nun 5 packet")
    assert "Which *nun*" not in await talk.says(talk.shop, "nun hataidinu")
    assert await basket_of(talk) == {"SUGAR": 5}


async def test_a_question_beside_an_order_loses_neither(talk: Town) -> None:
    """[O16] The order is taken and the question answered, in one reply."""
    told = await talk.says(talk.shop, "wai wai chicken 75g 2 carton, tapai sanga olive oil cha?")
    assert await basket_of(talk) == {"NOOD-WAIWAI-CHK-75": 60}
    assert "What we have" in told
    assert "Figaro Olive Oil" in told


@pytest.mark.parametrize(
    "asked", ["coke cha ki nai?", "coke 500 ml kati ho", "coke ko rate k cha", "do you have coke?"]
)
async def test_asking_about_goods_changes_no_basket(talk: Town, asked: str) -> None:
    """[O16] A question about something in the basket takes nothing out and puts nothing in."""
    await talk.says(talk.shop, "coke 500 ml 2 carton")
    assert "What we have" in await talk.says(talk.shop, asked)
    assert await basket_of(talk) == {"BEV-COKE-500": 48}


async def test_second_thoughts_after_the_summary(talk: Town) -> None:
    """[O21] Another amount, one thing for another, one thing less, one thing more: the basket follows."""
    await talk.says(talk.shop, "wai wai chicken 75g 2 carton, chini 10 kg")
    await talk.says(talk.shop, "wai wai 3 carton garnu")
    await talk.says(talk.shop, "chini hoina tata nun 10 packet")
    assert await basket_of(talk) == {"NOOD-WAIWAI-CHK-75": 90, "SALT-TATA-1KG": 10}
    await talk.says(talk.shop, "nun hataera chini 5 kg thapnu")
    assert await basket_of(talk) == {"NOOD-WAIWAI-CHK-75": 90, "SUGAR": 5}


async def test_the_shops_words_are_its_own(talk: Town, make_retailer: Any) -> None:
    """[O13] What one shop calls a thing is asked of another."""
    other = await make_retailer(locale="en", pasal_name="Hari Kirana")
    await talk.says(talk.shop, "jeera masino 3 bora")
    await talk.says(talk.shop, "2")
    assert "Which *jeera masino*" in await talk.says(other, "jeera masino 3 bora")
    async with talk.database.reading() as tx:
        assert await find_retailer_aliases(tx, other.id) == []
        assert len(await find_products_by_code(tx, ["RICE-JEERA-25KG"])) == 1
