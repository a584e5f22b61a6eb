"""From words and amounts to lines, questions and unknowns [O11] [O12] [O13] [O14]."""

from decimal import Decimal

import pytest

from khaacho.whatsapp.understanding.index import CatalogIndex, build_index
from khaacho.whatsapp.understanding.records import (
    Alias,
    AskReason,
    BasketLine,
    CatalogItem,
    Context,
    History,
    Intent,
    Thresholds,
)
from khaacho.whatsapp.understanding.understand import understand


def lines(text: str, index: CatalogIndex, context: Context | None = None) -> dict[str, Decimal]:
    meaning = understand(text, index, context or Context())
    return {line.sku: line.quantity for line in meaning.lines}


@pytest.mark.parametrize(
    "text",
    [
        "S806 x 10", "10 x S806", "S806: 10", "S806 - 10", "s806 10", "10 dantaa toothpaste",
        "dantaa toothpaste 100g 10", "dantaa toothpaste 100 gm ko 10 ota", "दन्ता मञ्जन १० वटा", "toothpaste = 10",
        "dantaa manjan das wata", "10 pcs of dantaa toothpaste", "dantaa toothpaste (10 pcs)",
    ],
)  # fmt: skip
def test_every_way_to_write_a_line_means_the_same(index: CatalogIndex, text: str) -> None:
    """[O11] Codes and names, amount first or last, with or without the pack size, in any script."""
    assert lines(text, index) == {"S806": Decimal(10)}


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("yeti veg 2 carton", 60), ("yeti veg half carton", 15), ("yeti veg 1.5 ctn", 45), ("yeti veg 2 darjan", 24),
        ("yeti veg half a dozen", 6), ("yeti veg 1/2 peti", 15), ("yeti veg dedh peti", 45), ("yeti veg 7", 7),
        ("yeti veg 70g 7 packet", 7), ("yeti veg twenty five packets", 25), ("yeti veg do sau packet", 200),
    ],
)  # fmt: skip
def test_amounts_become_selling_units(index: CatalogIndex, text: str, quantity: int) -> None:
    """[O12] Cartons by the product's own count, dozens, fractions and number words."""
    assert lines(text, index) == {"N302": Decimal(quantity)}


@pytest.mark.parametrize(
    ("text", "sku", "quantity"),
    [
        ("chini 10 kg", "G120", "10"), ("chini 500 gram", "G120", "0.5"), ("chini 2 quintal", "G120", "200"),
        ("chini 2 bora", "G121", "2"), ("chini 50 kg 2 bora", "G121", "2"), ("maida 5 kg", "G142", "5"),
        ("rahar dal 10 kg", "G111", "10"), ("rahar dal 1 kg 10 packet", "G112", "10"),
        ("lasun adhai kilo", "V104", "2.5"), ("anda 1 carton", "V105", "7"), ("fizzo lemon 2 crate", "D507", "48"),
    ],
)  # fmt: skip
def test_weight_means_loose_goods_and_packs_only_when_exact(
    index: CatalogIndex, text: str, sku: str, quantity: str
) -> None:
    """[O12] Kilos of loose goods stay kilos; a sack is a sack; kilos of packets are counted when they divide."""
    assert lines(text, index) == {sku: Decimal(quantity)}


@pytest.mark.parametrize(
    ("text", "reason", "choices", "quantity"),
    [
        ("fizzo cola 1 carton", AskReason.WHICH_SIZE, {"D504", "D505", "D506"}, None),
        ("fizzo cola 2 litre 1 carton", AskReason.WHICH_SIZE, {"D504", "D505", "D506"}, None),
        ("alu 5 kg", AskReason.WHICH_PRODUCT, {"V101", "V102"}, Decimal(5)),
        ("gulmi coffee pathaunu", AskReason.HOW_MANY, {"T603"}, None),
        ("yeti veg 2 bora", AskReason.WHICH_UNIT, {"N302"}, None),
        ("lasun 3 darjan", AskReason.WHICH_UNIT, {"V104"}, None),
        ("dantaa toothpaste half packet", AskReason.WHICH_UNIT, {"S806"}, None),
    ],
)
def test_what_is_not_sure_is_asked(
    index: CatalogIndex, text: str, reason: AskReason, choices: set[str], quantity: Decimal | None
) -> None:
    """[O14] Several sizes, several products, no amount, a unit the product lacks: a question, never a guess."""
    meaning = understand(text, index)
    assert meaning.lines == ()
    (ask,) = meaning.ask
    assert (ask.reason, set(ask.choices), ask.quantity) == (reason, choices, quantity)


def test_a_question_keeps_what_was_said(index: CatalogIndex) -> None:
    """[O14] Two cartons of an unnamed size stay "2 carton" until the size is known."""
    (ask,) = understand("fizzo cola 2 carton", index).ask
    assert (ask.said, ask.raw_quantity, ask.raw_unit, ask.quantity) == ("fizzo cola", Decimal(2), "carton", None)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Bisleri 1 litre 2 carton", "Bisleri"),
        ("fizzo zero 1 carton", "fizzo zero"),
        ("chhata 5 wota pathaunus", "chhata"),
        ("paneer 2 kg pathau", "paneer"),
    ],
)
def test_what_is_not_sold_is_listed_back(index: CatalogIndex, text: str, said: str) -> None:
    """[O14] Other brands, goods we do not keep and inactive products are named, and nothing is substituted."""
    meaning = understand(text, index)
    assert (meaning.lines, meaning.ask) == ((), ())
    assert [unknown.said for unknown in meaning.unknown] == [said]
    assert all("D510" not in unknown.suggestions for unknown in meaning.unknown)


def test_sizes_are_compared_exactly(index: CatalogIndex) -> None:
    """[O13] 500 g is never 5 kg, and a slip of the finger is forgiven in letters only."""
    assert lines("chamak powder 500 g 4", index) == {"S803": Decimal(4)}
    assert lines("chmak pouder 1 kg 4", index) == {"S804": Decimal(4)}
    (ask,) = understand("chamak powder 5 kg 4 packet", index).ask
    assert ask.reason is AskReason.WHICH_SIZE


@pytest.mark.parametrize(
    "text",
    [
        "yeti veg 1 carton @600", "yeti veg 1 carton (rs 600)", "yeti veg 1 carton, total 600 rs hola",
        "9841234567 bata: yeti veg 1 carton", "mangsir 15 gate samma yeti veg 1 carton",
        "yeti veg 1 carton bholi 10:30 ma",
        "sita didi ko lagi yeti veg 1 carton", "2082/07/15\nyeti veg 1 carton",
        "ram pasal, birendranagar-6\nyeti veg 1 carton",
    ],
)  # fmt: skip
def test_prices_phones_dates_and_names_are_no_amounts(index: CatalogIndex, text: str) -> None:
    """[O16] An order is never lost, nor changed, by what stands around it."""
    meaning = understand(text, index)
    assert {line.sku: line.quantity for line in meaning.lines} == {"N302": Decimal(30)}
    assert (meaning.ask, meaning.unknown) == ((), ())


def test_the_same_product_twice_is_one_line(index: CatalogIndex) -> None:
    """[O15] Amounts of one product add up."""
    assert lines("yeti veg 1 carton, lasun 2 kg, yeti veg 5", index) == {"N302": Decimal(35), "V104": Decimal(2)}


@pytest.mark.parametrize(
    ("times", "taken"),
    [({"O204": 5}, "O204"), ({"O204": 4}, None), ({"O204": 9, "O203": 3}, "O204"), ({"O204": 8, "O203": 3}, None)],
)
def test_habit_decides_only_when_it_is_clear(index: CatalogIndex, times: dict[str, int], taken: str | None) -> None:
    """[O13] At least five times, and three times as often as the next: then the usual one is meant."""
    history = tuple(History(sku=sku, times=n) for sku, n in times.items())
    meaning = understand("mustard oil 1 carton", index, Context(history=history))
    assert [line.sku for line in meaning.lines] == ([taken] if taken else [])
    assert len(meaning.ask) == (0 if taken else 1)


def test_aliases_of_the_retailer_come_before_those_of_all() -> None:
    """[O13] A taught phrase is a product; one's own teaching beats everybody's; spelling may vary."""
    items = [
        CatalogItem(sku="A", name="Blue Tarpaulin", selling_unit="piece"),
        CatalogItem(sku="B", name="Green Tarpaulin", selling_unit="piece"),
    ]
    index = build_index(items, [Alias(phrase="tirpal", sku="A")])
    assert lines("teerpaal 2", index) == {"A": Decimal(2)}
    own = Context(aliases=(Alias(phrase="tirpal", sku="B"),))
    assert lines("tirpal 2", index, own) == {"B": Decimal(2)}


def test_thresholds_decide_between_taking_asking_and_listing_back(index: CatalogIndex) -> None:
    """[O14] The same words are a line, a question or unknown, as the two thresholds say."""
    text = "dhamka fayer noodlse 4 packet"
    confident = understand(text, index, Context(), Thresholds(accept=0.5, ask=0.3))
    careful = understand(text, index, Context(), Thresholds(accept=0.99, ask=0.3))
    strict = understand(text, index, Context(), Thresholds(accept=0.995, ask=0.99))
    assert [line.sku for line in confident.lines] == ["N304"]
    assert [ask.choices for ask in careful.ask] == [("N304",)]
    assert [unknown.said for unknown in strict.unknown] == ["dhamka fayer noodlse"]


def test_an_empty_catalogue_knows_nothing_and_says_so() -> None:
    """No product, no exception."""
    index = build_index([])
    meaning = understand("chini 5 kg pathaunus", index)
    assert (meaning.intent, meaning.lines) == (Intent.ORDER, ())
    assert [unknown.said for unknown in meaning.unknown] == ["chini"]


def test_understanding_changes_nothing(index: CatalogIndex) -> None:
    """The same arguments give the same meaning, however often and in whatever order they are read."""
    context = Context(basket=(BasketLine(sku="N302", quantity=Decimal(30)),))
    first = understand("yeti veg 2 carton garnu", index, context)
    understand("lasun 5 kg, anda 2 crate", index)
    assert understand("yeti veg 2 carton garnu", index, context) == first
    assert context.basket == (BasketLine(sku="N302", quantity=Decimal(30)),)


def test_an_alias_gives_way_to_a_size_it_was_not_taught_for(index: CatalogIndex) -> None:
    """[O13] "cola" taught as the 500 ml bottle is that bottle, also with its size; another size is another bottle."""
    taught = Context(aliases=(Alias(phrase="fizzo cola 500 ml", sku="D505"),))
    assert lines("fizzo cola 2 carton", index, taught) == {"D505": Decimal(48)}
    assert lines("fizzo cola 500ml 2 carton", index, taught) == {"D505": Decimal(48)}
    assert lines("fizzo cola 250ml 2 carton", index, taught) == {"D504": Decimal(48)}
