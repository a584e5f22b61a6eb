"""Conversations from the first word to the delivered order, over the inbox, the dialogue and the outbox."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from khaacho import clock
from khaacho.actors import SYSTEM, Actor, ActorRole
from khaacho.catalog.actions import update_offers
from khaacho.catalog.records import Offer
from khaacho.credit.actions import open_credit_lines
from khaacho.credit.paying.payments import record_payment
from khaacho.credit.records import NewCreditLine, NewPayment, PaymentMethod
from khaacho.orders.basket import expire_baskets
from khaacho.orders.jobs import SUBSCRIBERS as ORDER_SUBSCRIBERS
from khaacho.parties.actions import approve_retailers, update_retailers
from khaacho.parties.queries import find_retailer_by_phone
from khaacho.parties.records import PartyStatus, Retailer, Vendor
from khaacho.platform import events
from khaacho.platform.database import Database
from khaacho.platform.events import DeliverEvent
from khaacho.whatsapp.follow_up import follow_up
from khaacho.whatsapp.jobs import handlers
from khaacho.whatsapp.records import Arrival, Channel, Identity, Kind
from khaacho.whatsapp.subscriptions import SUBSCRIBERS
from khaacho.whatsapp.webhook import store_delivery

_ids = itertools.count(1)

Says = Callable[..., Awaitable[str]]


@pytest.fixture
async def town(database: Database, settings: Any, running: Any) -> AsyncIterator[None]:
    """A worker that answers messages and delivers events to everybody who listens."""
    listeners = dict(SUBSCRIBERS)
    for kind, several in ORDER_SUBSCRIBERS.items():
        listeners[kind] = (*several, *listeners.get(kind, ()))

    async def deliver(opened: Database, delivery: DeliverEvent) -> None:
        await events.deliver(opened, listeners, delivery)

    async with running({**handlers(settings), DeliverEvent: deliver}):
        yield


@pytest.fixture
def says(database: Database, settle: Any, heard: Any, town: None) -> Says:
    """`await says(phone, "text")`: they write; answers everything that was said to them since, joined."""

    async def write(phone: str, text: str, *, kind: Kind = Kind.TEXT, user: str | None = None) -> str:
        await heard(phone)
        arrival = Arrival(
            channel=Channel.SIMULATOR,
            provider_message_id=f"test-{next(_ids)}",
            identity=Identity(provider_user_id=user) if user else Identity(phone=phone),
            address=user or phone,
            kind=kind,
            body=text,
            raw={},
        )
        await store_delivery(database, messages=[arrival])
        await settle()
        return str(await heard(user or phone))

    return write


@pytest.fixture
def heard(database: Database) -> Callable[[str], Awaitable[str]]:
    """`await heard(phone)`: what went out to them since the last look."""
    seen: dict[str, int] = {}

    async def look(name: str) -> str:
        async with database.reading() as tx:
            rows = await tx.dicts(
                """
                SELECT m.sequence, m.body
                FROM outbound_messages m JOIN contacts c ON c.id = m.contact_id
                WHERE %(name)s IN (c.phone, c.provider_user_id) AND m.sequence > %(after)s AND m.state = 'DELIVERED'
                ORDER BY m.sequence
                """,
                {"name": name, "after": seen.get(name, 0)},
            )
        if rows:
            seen[name] = rows[-1]["sequence"]
        return "\n---\n".join(row["body"] for row in rows)

    return look


class Shop:
    """A retailer and a vendor with rice, noodles and two kinds of potatoes."""

    retailer: Retailer
    vendor: Vendor
    noodles: Offer
    rice: Offer


@pytest.fixture
async def shop(make_retailer: Any, make_vendor: Any, make_product: Any, make_offer: Any) -> Shop:
    made = Shop()
    made.retailer = await make_retailer(pasal_name="Gita Kirana", owner_name="Gita", locale="en")
    made.vendor = await make_vendor(name="Bheri Traders", locale="en")
    goods = [
        ("WAIWAI-CHK-75G", "Wai Wai Chicken Noodles 75 g", "packet", 3_500, {"units_per_carton": 30}),
        ("RICE-JEERA-25KG", "Jeera Masino Rice 25 kg", "bag", 240_000, {}),
        ("ALU-RATO", "Red Potato (Alu Rato)", "kg", 6_000, {}),
        ("ALU-SETO", "White Potato (Alu Seto)", "kg", 5_500, {}),
    ]
    offers = []
    for code, name, unit, price, more in goods:
        loose = {"pack_size": None, "pack_unit": ""} if unit == "kg" else {}
        product = await make_product(code=code, name=name, selling_unit=unit, **more, **loose)
        offers.append(await make_offer(vendor=made.vendor, product=product, price_paisa=price, stock=500))
    made.noodles, made.rice = offers[0], offers[1]
    return made


async def give_credit(database: Database, retailer: Retailer, limit_paisa: int = 5_000_000) -> None:
    admin = Actor(role=ActorRole.ADMIN, name="Asha Admin")
    async with database.transaction() as tx:
        await open_credit_lines(tx, admin, [NewCreditLine(retailer_id=retailer.id, limit_paisa=limit_paisa)])


async def orders_of(database: Database, retailer: Retailer) -> list[dict[str, Any]]:
    async with database.reading() as tx:
        return await tx.dicts("SELECT * FROM orders WHERE retailer_id = %(id)s ORDER BY id", {"id": retailer.id})


async def test_from_namaste_to_delivered(says: Says, heard: Any, shop: Shop, database: Database) -> None:
    """[O20][O21][O42][O43] Order, summary, confirm; the vendor takes, packs, sends, delivers; all are told."""
    buyer, seller = shop.retailer.phone, shop.vendor.phone
    assert "ACCEPT" in await says(seller, "help")
    summary = await says(buyer, "namaste dai, 2 carton wai wai ra 1 bora jeera masino pathaidinu")
    assert "📋 Order Summary" in summary
    assert "60 packet × Rs.35.00 = Rs.2,100.00" in summary
    assert "1 bag × Rs.2,400.00 = Rs.2,400.00" in summary
    for fact in ("Subtotal: Rs.4,500.00", "Tax (13%): Rs.585.00", "Total: Rs.5,085.00", "Reply CONFIRM / CANCEL"):
        assert fact in summary
    assert "no credit line" in summary

    confirmed = await says(buyer, "CONFIRM")
    (order,) = await orders_of(database, shop.retailer)
    code = order["code"]
    for fact in ("✅ Order Confirmed!", f"Order #{code}", "Status: PENDING", "Total: Rs.5,085.00", "Items: 2"):
        assert fact in confirmed
    assert f"Track: STATUS {code}" in confirmed
    assert order["payment_mode"] == "COD"

    asked = await heard(seller)
    for fact in (code, "Gita Kirana", buyer, "Wai Wai", "Rs.5,085.00", "COD", "ACCEPT"):
        assert fact in asked
    assert code in await says(seller, "ok huncha")
    assert "Bheri Traders accepted" in await heard(buyer)
    await says(seller, "packed")
    assert "packing" in await heard(buyer)
    await says(seller, f"DISPATCHED {code[-4:]}")
    assert "on its way" in await heard(buyer)
    assert "Status: DISPATCHED" in await says(buyer, f"status {code.replace('-', '').lower()}")
    told = await says(seller, "delivered")
    assert "Rs.5,085.00" in told
    assert "delivered: Rs.5,085.00" in await heard(buyer)
    (order,) = await orders_of(database, shop.retailer)
    assert order["status"] == "COMPLETED"
    assert "Paid: Rs.5,085.00" in await says(buyer, f"STATUS {code[-4:]}")


async def test_on_credit(says: Says, heard: Any, shop: Shop, database: Database) -> None:
    """[O20] Credit is offered with its figures, chosen by a word, owed after a partial delivery, and paid."""
    await give_credit(database, shop.retailer)
    buyer, seller = shop.retailer.phone, shop.vendor.phone
    await says(seller, "hi")
    summary = await says(buyer, "2 carton wai wai")
    assert "CREDIT: Rs.50,000.00 available, pay within 7 days" in summary
    question = await says(buyer, "ok")
    assert "1. COD" in question
    assert "2. CREDIT" in question
    assert "On credit" in await says(buyer, "२")
    (order,) = await orders_of(database, shop.retailer)
    assert order["payment_mode"] == "CREDIT"
    on_its_way = await says(buyer, "kati tirna baki cha?")
    assert "Used: Rs.2,373.00 (Rs.2,373.00 of it for orders on their way)" in on_its_way
    assert "Nothing to pay" in on_its_way
    told = await says(seller, f"delivered {order['code'][-4:]} wai wai 40")
    assert "Rs.1,582.00" in told
    assert "delivered: Rs.1,582.00. Please pay by" in await heard(buyer)
    credit = await says(buyer, "mero udharo kati cha")
    assert "Used: Rs.1,582.00\n" in credit
    assert order["code"] in credit
    admin = Actor(role=ActorRole.ADMIN, name="Asha Admin")
    async with database.transaction() as tx:
        paid = NewPayment(retailer_id=shop.retailer.id, amount_paisa=100_000, method=PaymentMethod.CASH)
        await record_payment(tx, admin, paid)
    assert "Nothing" not in await says(buyer, "credit")
    async with database.transaction() as tx:
        await record_payment(tx, admin, msgspec.structs.replace(paid, amount_paisa=100_000))
    assert "Paid ahead, kept for your next order: Rs.418.00\nNothing to pay" in await says(buyer, "credit")
    told = await says(seller, "hi") + await _all(database, buyer)
    assert "We received your payment of Rs.1,000.\nStill to pay: Rs.582\nNext: Rs.582, due " in told


async def _all(database: Database, phone: str) -> str:
    async with database.reading() as tx:
        bodies = await tx.values(
            "SELECT m.body FROM outbound_messages m JOIN contacts c ON c.id = m.contact_id WHERE c.phone = %(phone)s",
            {"phone": phone},
        )
    return "\n".join(bodies)


@pytest.mark.parametrize("word", ["CONFIRM CREDIT", "udharo ma", "credit", "ok credit ma pathaidinu"])
async def test_one_word_confirms_on_credit(says: Says, shop: Shop, database: Database, word: str) -> None:
    """[O20][O21] Naming the way to pay is saying yes."""
    await give_credit(database, shop.retailer)
    await says(shop.retailer.phone, "1 bora jeera masino")
    assert "✅ Order Confirmed!" in await says(shop.retailer.phone, word)
    (order,) = await orders_of(database, shop.retailer)
    assert order["payment_mode"] == "CREDIT"


async def test_credit_that_does_not_suffice(says: Says, shop: Shop, database: Database) -> None:
    """[O20][C90] One sentence says why; asking for credit all the same places nothing; COD does."""
    await give_credit(database, shop.retailer, limit_paisa=100_000)
    buyer = shop.retailer.phone
    assert "Above your available credit of Rs.1,000.00" in await says(buyer, "2 carton wai wai")
    refused = await says(buyer, "confirm credit")
    assert "Above your available credit of Rs.1,000.00" in refused
    assert await orders_of(database, shop.retailer) == []
    assert "✅ Order Confirmed!" in await says(buyer, "COD")


async def test_a_basket_is_edited_and_dropped(says: Says, shop: Shop, database: Database) -> None:
    """[O21] Amounts are changed, lines removed, more added; CANCEL drops it and nothing was ordered."""
    buyer = shop.retailer.phone
    await says(buyer, "2 carton wai wai, 1 bora jeera masino")
    assert "90 packet" in await says(buyer, "wai wai 3 carton garnu")
    without = await says(buyer, "remove jeera masino")
    assert "Jeera" not in without
    assert "2 bag" in await says(buyer, "2 bora jeera masino pani")
    assert "nothing was ordered" in await says(buyer, "CANCEL")
    assert "nothing to confirm" in await says(buyer, "confirm")
    assert await orders_of(database, shop.retailer) == []


async def test_a_question_is_answered_and_remembered(says: Says, shop: Shop) -> None:
    """[O14] A vague word becomes a numbered question; the answer is taken, and next time nobody asks."""
    buyer = shop.retailer.phone
    asked = await says(buyer, "alu 10 kg")
    assert "1. " in asked
    assert "2. " in asked
    assert "Order Summary" not in asked
    first = next(line.removeprefix("1. ") for line in asked.splitlines() if line.startswith("1. "))
    summary = await says(buyer, "1")
    assert first in summary
    assert "10 kg × " in summary
    await says(buyer, "CANCEL")
    again = await says(buyer, "alu 4 kg")
    assert first in again
    assert "4 kg × " in again


async def test_what_is_not_sold_is_listed_back(says: Says, shop: Shop) -> None:
    """[O14][O16] Known lines are taken, the others are said; an order is not lost for them."""
    text = await says(shop.retailer.phone, "1 bora jeera masino ra 3 carton zzyzx quux")
    assert "Jeera Masino" in text
    assert "Not understood" in text
    assert "zzyzx" in text


async def test_a_price_that_changed_is_shown_again(says: Says, shop: Shop, database: Database, admin: Actor) -> None:
    """[O22] The retailer confirms the new price or nothing."""
    buyer = shop.retailer.phone
    await says(buyer, "1 bora jeera masino")
    async with database.transaction() as tx:
        await update_offers(tx, admin, changes={shop.rice.id: {"price_paisa": 250_000}})
    changed = await says(buyer, "CONFIRM")
    assert "changed" in changed
    assert "Rs.2,500.00" in changed
    assert await orders_of(database, shop.retailer) == []
    assert "✅ Order Confirmed!" in await says(buyer, "CONFIRM")
    (order,) = await orders_of(database, shop.retailer)
    assert order["subtotal_paisa"] == 250_000


async def test_more_than_there_is(says: Says, shop: Shop) -> None:
    """[O15][O20] The shortage and what there is."""
    text = await says(shop.retailer.phone, "600 bora jeera masino")
    assert "you asked for 600, there are 500" in text
    assert "500 bag × " in text


async def test_same_as_last_time(says: Says, shop: Shop) -> None:
    """[O10] The last order comes back as a basket; without one it is said so."""
    buyer = shop.retailer.phone
    assert "no earlier order" in await says(buyer, "same as last time")
    await says(buyer, "2 carton wai wai")
    await says(buyer, "confirm")
    assert "60 packet" in await says(buyer, "last order feri pathaunu")


async def test_cancelling_placed_orders(says: Says, heard: Any, shop: Shop, database: Database) -> None:
    """[O33] By code until it is on its way; a mere 'cancel' asks which; the vendor is told not to deliver."""
    buyer, seller = shop.retailer.phone, shop.vendor.phone
    await says(seller, "hi")
    for text in ("1 bora jeera masino", "confirm", "2 bora jeera masino", "confirm"):
        await says(buyer, text)
    first, second = await orders_of(database, shop.retailer)
    listed = await says(buyer, "cancel")
    assert "Which order" in listed
    await heard(seller)
    assert f"{second['code']} is cancelled" in await says(buyer, "1")
    assert f"{second['code']} was cancelled" in await heard(seller)
    await says(seller, f"dispatched {first['code']}")
    assert "cannot be cancelled" in await says(buyer, f"cancel {first['code'][-4:]}")
    assert [order["status"] for order in await orders_of(database, shop.retailer)] == ["DISPATCHED", "CANCELLED"]


async def test_the_vendor_says_no(says: Says, heard: Any, shop: Shop, database: Database) -> None:
    """[O42] Declining with a reason; nobody else has the goods, so the retailer and our people are told."""
    buyer, seller = shop.retailer.phone, shop.vendor.phone
    await says(seller, "hi")
    await says(buyer, "1 bora jeera masino")
    await says(buyer, "confirm")
    (order,) = await orders_of(database, shop.retailer)
    listed = await says(seller, "my orders")
    assert order["code"] in listed
    assert "Jeera Masino" in listed
    assert "declined" in await says(seller, f"decline {order['code'][-4:]} stock chaina")
    assert "No wholesaler has taken" in await heard(buyer)
    assert "not with you" in await says(seller, f"accept {order['code']}")
    async with database.reading() as tx:
        reason = await tx.value("SELECT reason FROM vendor_requests WHERE answer = 'DECLINED'")
    assert reason == "stock chaina"


async def test_two_open_orders_need_a_code_or_a_number(says: Says, shop: Shop, database: Database) -> None:
    """[O42] 'accept' with two orders waiting asks which; the number settles it."""
    buyer, seller = shop.retailer.phone, shop.vendor.phone
    for text in ("1 bora jeera masino", "confirm", "2 bora jeera masino", "confirm"):
        await says(buyer, text)
    assert "Which order" in await says(seller, "accept")
    await says(seller, "2")
    first, second = await orders_of(database, shop.retailer)
    assert (first["status"], second["status"]) == ("ACCEPTED", "PENDING")


async def test_another_vendors_order_is_nobodys_business(
    says: Says, shop: Shop, make_vendor: Any, database: Database
) -> None:
    """[O43] A vendor cannot touch, or even see, an order that is not with them."""
    stranger = await make_vendor(locale="en")
    await says(shop.retailer.phone, "1 bora jeera masino")
    await says(shop.retailer.phone, "confirm")
    (order,) = await orders_of(database, shop.retailer)
    for text in (f"accept {order['code']}", f"delivered {order['code']}", f"status {order['code']}"):
        assert "find no order" in await says(stranger.phone, text)
    (order,) = await orders_of(database, shop.retailer)
    assert order["status"] == "PENDING"


async def test_one_phone_buys_and_sells(
    says: Says, shop: Shop, make_retailer: Any, make_vendor: Any, database: Database
) -> None:
    """[O5] The same number orders as a shop and answers as a wholesaler."""
    both = await make_vendor(name="Both Traders", locale="en")
    await make_retailer(phone=both.phone, pasal_name="Both Pasal", locale="en")
    assert "📋 Order Summary" in await says(both.phone, "1 bora jeera masino")
    assert "✅ Order Confirmed!" in await says(both.phone, "ok")
    assert "no order of yours" in await says(both.phone, "accept")
    listed = await says(both.phone, "my orders")
    assert "Your latest orders" in listed


async def test_somebody_unknown_registers(says: Says, heard: Any, database: Database, admin: Actor) -> None:
    """[O5] Welcome, three questions, a PENDING shop; until it is approved nothing can be ordered, then it can."""
    phone = "+9779811111111"
    welcome = await says(phone, "5 bora chamal")
    assert "welcome to Khaacho" in welcome
    assert "स्वागत" in welcome
    assert "own name" in await says(phone, "Ram Kirana Pasal")
    assert "bazaar" in await says(phone, "Ram Bahadur")
    assert "Ram Kirana Pasal* is registered" in await says(phone, "Chhinchu")
    async with database.transaction() as tx:
        retailer = await find_retailer_by_phone(tx, phone)
        assert retailer is not None
        assert (retailer.owner_name, retailer.city, retailer.status) == ("Ram Bahadur", "Chhinchu", PartyStatus.PENDING)
    assert "स्वीकृत हुन बाँकी" in await says(phone, "5 bora chamal")
    async with database.transaction() as tx:
        await approve_retailers(tx, admin, retailer_ids=[retailer.id])
    assert "नमस्ते" in await says(phone, "hello")
    assert "स्वीकृत भयो" in await _all(database, phone)


async def test_a_claimed_phone_opens_no_shop(says: Says, shop: Shop, database: Database) -> None:
    """[O5] Somebody without a phone who claims a known shop's number is not taken for that shop."""
    for text in ("hello", "Gita Kirana", "Gita", "Surkhet"):
        await says("", text, user="NP.4711")
    assert "belongs to a shop we know" in await says("", shop.retailer.phone, user="NP.4711")
    assert "welcome" in await says("", "mero udharo kati cha", user="NP.4711")


@pytest.mark.parametrize("status", [PartyStatus.BLOCKED, PartyStatus.SUSPENDED])
async def test_a_closed_account_is_told_so(
    says: Says, shop: Shop, database: Database, admin: Actor, status: PartyStatus
) -> None:
    """[O5] A clear sentence, and support still reachable."""
    async with database.transaction() as tx:
        await update_retailers(tx, admin, changes={shop.retailer.id: {"status": status}})
    assert "Ordering is closed" in await says(shop.retailer.phone, "5 bora chamal")
    assert "called our people" in await says(shop.retailer.phone, "SUPPORT please")


async def test_the_small_things(says: Says, shop: Shop, make_user: Any, database: Database) -> None:
    """[O10] Help, thanks, price, stock, paying, figures, pictures, language: each has its answer and orders nothing."""
    boss = await make_user(role=ActorRole.ADMIN)
    await says(boss.phone, "hi")
    buyer = shop.retailer.phone
    for text, answer in (
        ("namaste", "Namaste Gita"),
        ("dhanyabad", "welcome"),
        ("help", "SAME AS LAST TIME"),
        ("wai wai kati ho?", "Rs.35.00 / packet"),
        ("paisa kasari tirne?", "eSewa"),
        ("khata ma kati cha", "no credit line"),
        ("stats", "This month: 0 orders"),
        ("status", "no orders yet"),
        ("STATUS 9999", "find no order 9999"),
    ):
        assert answer in await says(buyer, text), text
    assert "only read text" in await says(buyer, "", kind=Kind.AUDIO)
    assert await says(buyer, "", kind=Kind.REACTION) == ""
    assert "once our people see it" in await says(buyer, "esewa bata 5000 pathaideko chu")
    assert "नेपालीमा" in await says(buyer, "NEPALI")
    assert "नमस्ते" in await says(buyer, "namaste")
    async with database.reading() as tx:
        assert await tx.value("SELECT count(*) FROM credit_payments") == 0
        assert await tx.value("SELECT count(*) FROM baskets") == 0
    assert "says a payment was made" in await _all(database, boss.phone)


async def test_own_figures_are_told(says: Says, shop: Shop) -> None:
    """[C70] "stats" gets the figures; "check credit" and "mero hisab" get them after the credit; in both languages."""
    buyer = shop.retailer.phone
    assert (await says(buyer, "stats")).startswith("📊 *Your orders*\nThis week: 0 orders ➡️ (last week: 0)")
    for text in ("check credit", "Check my credit?", "mero hisab", "मेरो हिसाब"):
        told = await says(buyer, text)
        assert "no credit line" in told, text
        assert "Last 30 days: 0 orders on 0 days, Rs.0.00" in told, text
    assert "Last 30 days" not in await says(buyer, "mero udharo kati cha")
    await says(buyer, "NEPALI")
    assert "पछिल्ला ३० दिन: 0 दिनमा 0 अर्डर" in await says(buyer, "mero hisab")


async def test_a_message_worked_twice_answers_once(says: Says, shop: Shop, database: Database) -> None:
    """[O2][O31] The same CONFIRM in a second message places nothing twice."""
    buyer = shop.retailer.phone
    await says(buyer, "1 bora jeera masino")
    await says(buyer, "CONFIRM")
    assert "nothing to confirm" in await says(buyer, "CONFIRM")
    assert len(await orders_of(database, shop.retailer)) == 1


async def test_an_amount_nobody_means(says: Says, shop: Shop) -> None:
    """[O16] A number beyond all reason is asked back, not ordered and not an error."""
    text = await says(shop.retailer.phone, f"{Decimal(10) ** 12:f} bora jeera masino")
    assert "Order Summary" not in text
    assert text


async def test_one_follow_up_and_a_recovered_basket(
    says: Says, heard: Any, settle: Any, shop: Shop, database: Database
) -> None:
    """[O21] An unfinished basket is asked about once, however often the job runs; placing it then is a recovery."""
    buyer = shop.retailer.phone
    await says(buyer, "1 bora jeera masino")
    assert await follow_up(database, clock.now(), False) == {"baskets": 0}
    with clock.travelled_to(clock.now() + timedelta(hours=2)):
        assert await follow_up(database, clock.now(), True) == {"baskets": 1}
        assert await follow_up(database, clock.now(), False) == {"baskets": 1}
        assert await follow_up(database, clock.now(), False) == {"baskets": 0}
        await settle()
        assert "order of Rs.2,712.00 is still waiting" in await heard(buyer)
        assert "✅ Order Confirmed!" in await says(buyer, "yes")
    async with database.reading() as tx:
        assert await tx.value("SELECT state FROM baskets") == "RECOVERED"


async def test_an_expired_basket_comes_back(says: Says, shop: Shop, database: Database) -> None:
    """[O21] YES after the basket expired shows it again with today's prices; the next YES places it."""
    buyer = shop.retailer.phone
    await says(buyer, "1 bora jeera masino")
    with clock.travelled_to(clock.now() + timedelta(hours=25)):
        async with database.transaction() as tx:
            assert await expire_baskets(tx, SYSTEM) == 1
        assert "📋 Order Summary" in await says(buyer, "yes")
        assert "✅ Order Confirmed!" in await says(buyer, "yes")
    async with database.reading() as tx:
        assert await tx.value("SELECT state FROM baskets") == "RECOVERED"


async def test_a_changed_number_keeps_its_shop(says: Says, shop: Shop, database: Database, settle: Any) -> None:
    """[O5] The provider vouches for the new number: it is the shop from now on, and the old number is nobody."""
    old, new = shop.retailer.phone, "+9779822222222"
    await says(old, "hi")
    await says(new, "hi")
    change = {"message": {"system": {"type": "user_changed_number", "wa_id": new.removeprefix("+")}}}
    arrival = Arrival(
        channel=Channel.SIMULATOR,
        provider_message_id="changed",
        identity=Identity(phone=old),
        address=old,
        kind=Kind.SYSTEM,
        body="",
        raw=change,
    )
    await store_delivery(database, messages=[arrival])
    await settle()
    assert "Namaste Gita" in await says(new, "namaste")
    assert "welcome to Khaacho" in await says(old, "kati tirna baki")
