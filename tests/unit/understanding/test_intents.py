"""Intents, order codes and reasons [O10] [O16]; edits and repeats of a basket [O21]."""

from decimal import Decimal

import pytest

from khaacho.whatsapp.understanding.index import CatalogIndex
from khaacho.whatsapp.understanding.records import BasketLine, Context, Intent, Role
from khaacho.whatsapp.understanding.understand import understand

VENDOR = Context(role=Role.VENDOR)


def basket(**quantities: int) -> tuple[BasketLine, ...]:
    return tuple(BasketLine(sku=sku, quantity=Decimal(n)) for sku, n in quantities.items())


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("mero saman kata pugyo", Intent.STATUS), ("is my order packed yet?", Intent.STATUS),
        ("सामान कहिले आउँछ", Intent.STATUS), ("how much do I owe you", Intent.CREDIT),
        ("mera hisab bata do", Intent.CREDIT),
        ("उधारो कति बाँकी छ", Intent.CREDIT), ("khalti number dinus na", Intent.PAY),
        ("पैसा पठाएँ इसेवाबाट", Intent.PAY),
        ("pyaj ko bhau kati ho", Intent.CATALOG), ("do you have diapers", Intent.CATALOG),
        ("rate list chahiyo", Intent.CATALOG),
        ("purano order haru dekhau", Intent.RECENT_ORDERS), ("what did i order last week", Intent.RECENT_ORDERS),
        ("yo mahina kati kharcha bhayo", Intent.INSIGHTS), ("mera sabse zyada kya bikta hai", Intent.INSIGHTS),
        ("kasari order garne", Intent.HELP), ("saman bigreko aayo", Intent.SUPPORT),
        ("wrong product delivered", Intent.SUPPORT),
        ("maile cola mangeko lemon pathayo", Intent.SUPPORT), ("namaste sauji, kasto cha", Intent.GREETING),
        ("dherai dhanyabad hai", Intent.THANKS), ("aaja pani paryo hai", Intent.OTHER), ("lol", Intent.OTHER),
        ("Forwarded: drink 3 litres of water every day", Intent.OTHER),
        ("you have won Rs 50000, click here", Intent.OTHER),
    ],
)  # fmt: skip
def test_messages_without_an_order_are_told_apart(index: CatalogIndex, text: str, intent: Intent) -> None:
    """[O16] Questions, complaints, payments, chit-chat and spam never become an order, also when they name goods."""
    meaning = understand(text, index)
    assert (meaning.intent, meaning.lines, meaning.ask, meaning.unknown) == (intent, (), (), ())


@pytest.mark.parametrize(
    ("text", "intent", "code"),
    [
        ("accept ORD260210-0007", Intent.ACCEPT, "ORD260210-0007"),
        ("accept ord260210 0007", Intent.ACCEPT, "ORD260210-0007"),
        ("1044 linchu", Intent.ACCEPT, "1044"), ("decline 1044, stock chaina", Intent.DECLINE, "1044"),
        ("1044 mildaina", Intent.DECLINE, "1044"), ("१०४४ प्याक भयो", Intent.PACKED, "1044"),
        ("#1044 dispatched", Intent.DISPATCHED, "1044"), ("1044 pathaisakyo", Intent.DISPATCHED, "1044"),
        ("1044 puryaidiye", Intent.DELIVERED, "1044"), ("my orders", Intent.MY_ORDERS, None),
        ("naya order dekhau", Intent.MY_ORDERS, None), ("accept", Intent.ACCEPT, None),
    ],
)  # fmt: skip
def test_a_vendor_is_understood_with_or_without_a_code(
    index: CatalogIndex, text: str, intent: Intent, code: str | None
) -> None:
    """[O10] [O43] Accept, decline, my orders, packed, dispatched, delivered; codes in full or their last digits."""
    meaning = understand(text, index, VENDOR)
    assert (meaning.intent, meaning.order_code) == (intent, code)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("STATUS ORD260210-0001", "ORD260210-0001"),
        ("order 1043 kaha pugyo", "1043"),
        ("ORD260210-0001 kaile aaucha", "ORD260210-0001"),
    ],
)
def test_a_retailer_may_name_the_order(index: CatalogIndex, text: str, code: str) -> None:
    """[O32] The whole code with or without its dash, or the last digits."""
    meaning = understand(text, index)
    assert (meaning.intent, meaning.order_code) == (Intent.STATUS, code)


def test_the_reason_of_a_refusal_is_kept(index: CatalogIndex) -> None:
    """[O42] What a vendor says after the comma is why."""
    assert understand("decline 1044, stock sakiyo", index, VENDOR).said_reason == "stock sakiyo"
    assert understand("cancel garnu because pasal banda cha", index).said_reason == "pasal banda cha"


@pytest.mark.parametrize(
    "text", ["yes", "ok", "ho", "hunchha", "हुन्छ", "thik cha pathaidinus", "haan bhej do", "confirm", "👍"]
)
def test_yes_has_many_wordings(index: CatalogIndex, text: str) -> None:
    """[O21] With a basket waiting, any yes confirms it."""
    assert understand(text, index, Context(basket=basket(N302=30))).intent is Intent.CONFIRM


@pytest.mark.parametrize(
    "text", ["no", "cancel", "radda garnu", "रद्द गर्नुस्", "chahidaina", "nahi chahiye", "pardaina dai", "❌"]
)
def test_no_has_many_wordings(index: CatalogIndex, text: str) -> None:
    """[O21] With a basket waiting, any no drops it."""
    assert understand(text, index, Context(basket=basket(N302=30))).intent is Intent.CANCEL


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("yeti veg 3 carton garnu", {"N302": 90, "V103": 20}), ("pyaj hatau", {"N302": 30}),
        ("remove the onions", {"N302": 30}),
        ("anda 2 crate thapnus", {"N302": 30, "V103": 20, "V105": 2}),
        ("pyaj aru 5 kg thap", {"N302": 30, "V103": 25}),
        ("pyaj 5 kg ghataunu", {"N302": 30, "V103": 15}), ("yeti veg hoina yeti chicken", {"N301": 30, "V103": 20}),
        ("pyaj matra rakhnu", {"V103": 20}), ("only onions please", {"V103": 20}), ("remove item 2", {"N302": 30}),
        ("double everything", {"N302": 60, "V103": 40}), ("lasun 2 kg", {"N302": 30, "V103": 20, "V104": 2}),
        ("pyaj 20 hoina 30 kg", {"N302": 30, "V103": 30}), ("प्याज हटाउनुस्", {"N302": 30}),
    ],
)  # fmt: skip
def test_a_basket_is_edited_in_words(index: CatalogIndex, text: str, result: dict[str, int]) -> None:
    """[O21] Set, add, take away, remove, swap, keep only, by name or number; `result` is the whole basket after."""
    meaning = understand(text, index, Context(basket=basket(N302=30, V103=20)))
    assert meaning.intent is Intent.EDIT
    assert {line.sku: line.quantity for line in meaning.result or ()} == {k: Decimal(v) for k, v in result.items()}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("same as last time", {"N302": 30, "V103": 20}), ("asti kai order feri pathaunu", {"N302": 30, "V103": 20}),
        ("hijo jastai tara pyaj 10 kg matra", {"N302": 30, "V103": 10}),
        ("repeat last order without onion", {"N302": 30}),
        ("last order feri pathaunu, lasun 2 kg thapera", {"N302": 30, "V103": 20, "V104": 2}),
    ],
)  # fmt: skip
def test_the_last_order_is_repeated_with_its_changes(index: CatalogIndex, text: str, result: dict[str, int]) -> None:
    """[O10] "Same as last time", as it was or with what the message changes."""
    meaning = understand(text, index, Context(last_order=basket(N302=30, V103=20)))
    assert meaning.intent is Intent.REPEAT
    assert {line.sku: line.quantity for line in meaning.result or ()} == {k: Decimal(v) for k, v in result.items()}


def test_a_question_about_the_catalogue_says_what_it_is_about(index: CatalogIndex) -> None:
    """[O10] The words and the products a search is about, best first."""
    meaning = understand("gulmi coffee ko price kati ho?", index)
    assert meaning.intent is Intent.CATALOG
    assert meaning.catalog_matches[0] == "T603"
    assert "coffee" in (meaning.catalog_terms or "")
