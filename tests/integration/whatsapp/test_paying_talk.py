"""A shop talks about paying: promises are asked for, repeated and agreed to; word of a payment calls a person."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import pytest
from tests.fixtures.owing import Owe, Pay, at_wall, audited
from tests.fixtures.town import Town
from tests.fixtures.trade import paisa

from khaacho import clock
from khaacho.actors import SYSTEM
from khaacho.credit.lateness.claims import PaymentClaim, find_open_claims
from khaacho.credit.lateness.promise_rules import PromiseState
from khaacho.credit.lateness.promises import Promise, find_live_promise, find_promises
from khaacho.credit.queries import find_open_debits
from khaacho.parties.actions import update_retailers
from khaacho.parties.records import Locale
from khaacho.whatsapp.wording.figures import show_day

# A Tuesday, the 27th of Magh 2082.
TODAY = date(2026, 2, 10)


@pytest.fixture
async def talk(town: Town, working: Any, owe: Owe) -> AsyncIterator[Town]:
    """The town on that Tuesday at noon, with a worker, and Rs 2,373 open since a week."""
    await owe(town.shop.id, 2_373, delivered_on=TODAY - timedelta(days=7))
    with clock.travelled_to(at_wall(TODAY, 12)):
        async with working():
            yield town


async def live_promise(town: Town) -> Promise | None:
    async with town.database.reading() as tx:
        return await find_live_promise(tx, town.shop.id)


async def open_claims(town: Town) -> list[PaymentClaim]:
    async with town.database.reading() as tx:
        return await find_open_claims(tx, limit=10)


async def owed(town: Town) -> int:
    async with town.database.reading() as tx:
        return sum(debit.remaining_paisa for debit in await find_open_debits(tx, town.shop.id))


async def test_tomorrow_is_repeated_and_agreed_to(talk: Town) -> None:
    """[C41] "bholi tirchhu" → the day and amount repeated → yes → recorded, as done by the shop itself."""
    asked = await talk.says(talk.shop, "bholi tirchhu")
    assert "Rs.2,373 by Wednesday, 2026-02-11 (2082-10-28 BS)" in asked
    assert "YES" in asked
    assert await live_promise(talk) is None
    noted = await talk.says(talk.shop, "ho")
    assert "Noted: Rs.2,373 by Wednesday, 2026-02-11" in noted
    promise = await live_promise(talk)
    assert promise is not None
    assert (promise.promised_on, promise.amount_paisa) == (date(2026, 2, 11), paisa(2_373))
    assert promise.actor_name == "Gita Kirana"
    assert await audited(talk.database, talk.shop.id, "PROMISE_TO_PAY") == ["PROMISE_TO_PAY"]


async def test_a_missing_or_vague_day_is_asked_for(talk: Town) -> None:
    """[C41] "next week" and no day at all ask which; the answer is repeated; a no notes nothing."""
    for said in ("next week pay garchu", "paisa tirchhu dai"):
        assert "Which day" in await talk.says(talk.shop, said)
    assert "2026-02-17 (2082-11-05 BS)" in await talk.says(talk.shop, "5 gate")
    assert "nothing is noted" in await talk.says(talk.shop, "hoina")
    assert await live_promise(talk) is None
    # The question is over: a yes now agrees to nothing.
    await talk.says(talk.shop, "ho")
    assert await live_promise(talk) is None


async def test_another_day_instead_of_yes_is_repeated_again(talk: Town) -> None:
    """[C41] The amount that was named stays with it."""
    assert "Rs.1,000 by Wednesday" in await talk.says(talk.shop, "bholi 1000 tirchhu")
    assert "Rs.1,000 by Friday, 2026-02-13" in await talk.says(talk.shop, "sukrabar")
    await talk.says(talk.shop, "yes")
    promise = await live_promise(talk)
    assert promise is not None
    assert (promise.promised_on, promise.amount_paisa) == (date(2026, 2, 13), paisa(1_000))


async def test_too_much_or_too_far_is_said(talk: Town) -> None:
    """[C41] With the figures, and nothing noted."""
    assert "Rs.2,373 is open" in await talk.says(talk.shop, "bholi 5000 tirchhu")
    assert "90 days" in await talk.says(talk.shop, "10 bhadra tirchhu")
    assert await live_promise(talk) is None


async def test_a_later_promise_replaces_the_first(talk: Town) -> None:
    """[C41] And the first stays as history."""
    for said in ("bholi tirchhu", "yes", "parsi tirchhu", "yes"):
        await talk.says(talk.shop, said)
    async with talk.database.reading() as tx:
        states = [promise.state for promise in await find_promises(tx, talk.shop.id)]
    assert states == [PromiseState.LIVE, PromiseState.REPLACED]


@pytest.mark.parametrize("said", ["tirisake", "PAID", "esewa bata paisa pathaye", "maile 2373 tire"])
async def test_word_of_a_payment_is_a_task_and_no_payment(talk: Town, said: str) -> None:
    """[C41] A person is called and the shop thanked; nothing that is owed changes."""
    before = await owed(talk)
    heard = await talk.says(talk.shop, said)
    assert "Thank you for telling us" in heard
    (claim,) = await open_claims(talk)
    assert (claim.retailer_id, claim.said, claim.times) == (talk.shop.id, said, 1)
    await talk.says(talk.shop, f"{said}!")
    assert [one.times for one in await open_claims(talk)] == [2]
    assert await owed(talk) == before


async def test_an_order_is_an_order_whatever_it_says_of_paying(talk: Town) -> None:
    """[C41, O20] A message that names goods becomes a basket, never a promise and never a claim."""
    for said in (
        "5 bora jeera masino 25kg, paisa bholi tirchhu",
        "bholi 5 bora jeera masino 25kg pathaunu",
        "5 bora jeera masino 25kg, paisa pathaye",
    ):
        assert "Order Summary" in await talk.says(talk.shop, said), said
    assert await live_promise(talk) is None
    assert await open_claims(talk) == []
    # Beside an open basket, paying later without a day is how to pay it, not a promise.
    await talk.says(talk.shop, "pachi tirchhu")
    await talk.says(talk.shop, "yes")
    assert await live_promise(talk) is None


async def test_who_owes_nothing_is_told_so(talk: Town, pay: Pay) -> None:
    """[C41] There is nothing to promise."""
    await pay(talk.shop.id, 2_373)
    await talk.hears(talk.shop)
    assert "nothing to pay" in await talk.says(talk.shop, "bholi tirchhu")
    assert await live_promise(talk) is None


async def test_in_nepali(talk: Town) -> None:
    """[C41] Asked and noted in the shop's language, from Devanagari."""
    async with talk.database.transaction() as tx:
        await update_retailers(tx, SYSTEM, changes={talk.shop.id: {"locale": Locale.NE}})
    asked = await talk.says(talk.shop, "शुक्रबार तिर्छु")
    assert f"Rs.2,373 शुक्रबार, {show_day(date(2026, 2, 13))} सम्म" in asked
    assert "टिप्यौं" in await talk.says(talk.shop, "हुन्छ")
    assert await live_promise(talk) is not None


async def test_asking_how_to_pay_or_how_much_is_neither(talk: Town) -> None:
    """[C41] Questions stay questions."""
    assert "eSewa" in await talk.says(talk.shop, "khalti bata tirna milcha?")
    assert "Rs.2,373" in await talk.says(talk.shop, "kati tirna baki cha?")
    assert await live_promise(talk) is None
    assert await open_claims(talk) == []
