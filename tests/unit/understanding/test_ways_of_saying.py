"""Turns of phrase of the shop floor: left-out names, repeated amounts, second thoughts, questions beside orders."""

from decimal import Decimal

import pytest

from khaacho.whatsapp.understanding.cues import CUES
from khaacho.whatsapp.understanding.index import CatalogIndex, build_index
from khaacho.whatsapp.understanding.intents import find_ideas, plain_text
from khaacho.whatsapp.understanding.likening import find_likeness
from khaacho.whatsapp.understanding.phrases import PHRASES
from khaacho.whatsapp.understanding.records import (
    Alias,
    Answer,
    BasketLine,
    CatalogItem,
    Context,
    Intent,
    OpenQuestion,
    Role,
    Understanding,
)
from khaacho.whatsapp.understanding.signs import SIGNS
from khaacho.whatsapp.understanding.understand import understand

BASKET = Context(
    basket=(
        BasketLine(sku="N301", quantity=Decimal(60)),
        BasketLine(sku="G120", quantity=Decimal(10)),
        BasketLine(sku="D506", quantity=Decimal(12)),
    ),
    last_order=(BasketLine(sku="N301", quantity=Decimal(30)), BasketLine(sku="G120", quantity=Decimal(25))),
)
VENDOR = Context(role=Role.VENDOR)


def lines_of(meaning: Understanding) -> dict[str, Decimal]:
    return {line.sku: line.quantity for line in meaning.lines}


def result_of(meaning: Understanding) -> dict[str, Decimal]:
    return {line.sku: line.quantity for line in meaning.result or ()}


# --- goods and amounts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("fizzo cola 250 ml 2 peti, 500 ml 1 peti, 1.5 l 1 peti", {"D504": 48, "D505": 24, "D506": 12}),
        ("alu rato 20 kg, seto 5 kg", {"V101": 20, "V102": 5}),
        ("pyaj lasun 10 10 kilo", {"V103": 10, "V104": 10}),
        ("jyoti candle 8s 5, nani diaper large 4, medium 6", {"E302": 5, "P504": 4, "P503": 6}),
        ("jeera dana pau kilo", {"M704": "0.25"}),
        ("full dozen dantaa toothbrush", {"S807": 12}),
        ("sadaiko pasal bata, please arrange the following: 3 bags terai mota rice", {"G103": 3}),
        ("send: a) 2 packet chamak 1 kg b) 3 packet kesh 180 ml", {"S804": 2, "S809": 3}),
        ("sochera yeti veg 2 carton", {"N302": 60}),
        ("2 bora chini ra 100 pcs anda... i mean 4 crate anda", {"G121": 2, "V105": 4}),
        ("sasto rahar dal 10 kg", {"G111": 10}),
    ],
)
def test_lists_leave_out_what_goes_without_saying(index: CatalogIndex, text: str, lines: dict[str, int | str]) -> None:
    """[O11][O12] The name said before counts on, an amount said twice is of each, what only describes is of before."""
    assert lines_of(understand(text, index)) == {sku: Decimal(q) for sku, q in lines.items()}


def test_names_hold_number_words_and_hyphens() -> None:
    """[O13] "Best-One" and "Seven Star" are names, "all-in-one" counts nothing, "ek" before a unit still counts."""
    index = build_index(
        [
            CatalogItem(sku="A", name="Best-One Lemon Tea", selling_unit="packet", units_per_carton=12),
            CatalogItem(sku="B", name="Seven Star Soap", selling_unit="piece"),
            CatalogItem(sku="C", name="Nirmal All-in-One Cleaner", selling_unit="bottle"),
            CatalogItem(sku="D", name="Fine Plus Powder", selling_unit="packet"),
        ]
    )
    text = "best-one lemon tea 2 carton, seven star soap 6, nirmal all-in-one cleaner 3, 4 fine plus powder"
    assert lines_of(understand(text, index)) == {"A": 24, "B": 6, "C": 3, "D": 4}


@pytest.mark.parametrize(
    "text", ["thulo 2 ota", "rato 5 kg pathaunu", "mobile recharge 100", "send this to 10 friends"]
)
def test_what_names_nothing_is_never_taken(index: CatalogIndex, text: str) -> None:
    """[O16] A colour, a size or a chain letter is no product, whatever it comes near to."""
    assert understand(text, index).lines == ()


def test_a_brand_that_the_name_does_not_repeat_stands_behind() -> None:
    """[O13] "Cola" means the drink of that name before its maker's other drinks."""
    index = build_index(
        [
            CatalogItem(sku="A", name="Coca-Cola 1 l", brand="Coca-Cola", selling_unit="bottle"),
            CatalogItem(sku="B", name="Sprite 1 l", brand="Coca-Cola", selling_unit="bottle"),
        ]
    )
    assert lines_of(understand("coca cola 5", index)) == {"A": 5}


def test_a_kind_comes_before_its_namesakes() -> None:
    """[O14] Asked for rice, the first choices are rice; baby food with rice in it comes last."""
    index = build_index(
        [
            CatalogItem(sku="BABY", name="Baby Rice", category="baby", selling_unit="box"),
            CatalogItem(sku="MOTA", name="Mota Rice", category="rice", selling_unit="bag"),
            CatalogItem(sku="JEERA", name="Jeera Rice", category="rice", selling_unit="bag"),
        ]
    )
    (ask,) = understand("chamal 5", index).ask
    assert ask.choices[-1] == "BABY"


def test_an_alias_is_known_with_small_words_between(index: CatalogIndex) -> None:
    """[O13] "Gulmi ko kalo dhulo" taught once is found again, "ko" or not."""
    context = Context(aliases=(Alias(phrase="zilky ko maal", sku="T603"),))
    assert lines_of(understand("zilky maal 3", index, context)) == {"T603": 3}


# --- baskets ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "basket"),
    [
        ("yeti veg banaidinu chicken hoina", {"N302": 60, "G120": 10, "D506": 12}),
        ("ek carton fizzo cola aur", {"N301": 60, "G120": 10, "D506": 24}),
        ("chini ra fizzo hatau", {"N301": 60}),
        ("yeti ra chini matra pathaunu", {"N301": 60, "G120": 10}),
        ("2nd item hatau", {"N301": 60, "D506": 12}),
        ("remove last item", {"N301": 60, "G120": 10}),
        ("pahilo item 3 carton", {"N301": 90, "G120": 10, "D506": 12}),
        ("i dont want the sugar", {"N301": 60, "D506": 12}),
        ("except sugar everything ok", {"N301": 60, "D506": 12}),
        ("increase sugar to 20 kg", {"N301": 60, "G120": 20, "D506": 12}),
        ("chini 12 kg nai", {"N301": 60, "G120": 12, "D506": 12}),
    ],
)
def test_a_basket_is_changed_as_people_say_it(index: CatalogIndex, text: str, basket: dict[str, int]) -> None:
    """[O21] Reversed corrections, trailing "more", several things at once, line numbers, and what stays."""
    meaning = understand(text, index, BASKET)
    assert (meaning.intent, result_of(meaning)) == (Intent.EDIT, {sku: Decimal(q) for sku, q in basket.items()})


def test_one_amount_for_all_lines(index: CatalogIndex) -> None:
    """[O21] "Sabai 2 carton garidinu" sets every line that comes by the carton."""
    context = Context(basket=(BasketLine(sku="N301", quantity=Decimal(5)), BasketLine(sku="D506", quantity=Decimal(1))))
    assert result_of(understand("sabai 2 2 carton garidinu", index, context)) == {"N301": 60, "D506": 24}


def test_a_mere_amount_is_of_the_only_line(index: CatalogIndex) -> None:
    """[O21] "10 kg nai" with one thing in the basket."""
    context = Context(basket=(BasketLine(sku="G120", quantity=Decimal(5)),))
    assert result_of(understand("10 kg nai", index, context)) == {"G120": Decimal(10)}


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("fizzo cha ki nai?", Intent.CATALOG),
        ("arko pasal bata kine, napathaunu", Intent.CANCEL),
        ("not now, will order later", Intent.CANCEL),
        ("chini ko bhau k cha", Intent.CATALOG),
        ("wahi hunxa pathaunu", Intent.CONFIRM),
        ("thik6 garnus", Intent.CONFIRM),
    ],
)
def test_words_beside_a_basket_that_do_not_change_it(index: CatalogIndex, text: str, intent: Intent) -> None:
    """[O21] Asking, dropping and agreeing are no edits, in chat spelling too."""
    assert understand(text, index, BASKET).intent is intent


def test_same_again_without_one_thing(index: CatalogIndex) -> None:
    """[O10] "Same order, but no sugar" is a repeat."""
    meaning = understand("same order tara chini nahi", index, BASKET)
    assert meaning.intent in (Intent.REPEAT, Intent.EDIT)
    alone = understand("same order tara chini nahi", index, Context(last_order=BASKET.last_order))
    assert (alone.intent, result_of(alone)) == (Intent.REPEAT, {"N301": 30})


# --- questions ----------------------------------------------------------------------------------------------------


def test_a_question_beside_an_order(index: CatalogIndex) -> None:
    """[O16] The order is an order; what was only asked about is in the catalogue terms."""
    meaning = understand("yeti veg 2 carton, tapai sanga gulmi coffee cha?", index)
    assert (meaning.intent, lines_of(meaning)) == (Intent.ORDER, {"N302": 60})
    assert meaning.catalog_matches == ("T603",)
    assert meaning.ask == ()


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("5 bora", Answer(question=0, sku=None, quantity=Decimal(5), unit="bag", is_amount=True)),
        ("thulo wala", Answer(question=0, sku="G104")),
        ("rice hataidinu", Answer(question=0, sku=None, is_dropped=True)),
        ("20 kg wala", Answer(question=0, sku="G102")),
    ],
)
def test_a_question_without_an_amount(index: CatalogIndex, text: str, answer: Answer) -> None:
    """[O14] How much, the big one, not wanted any more, or one that was not shown."""
    question = OpenQuestion(said="rice", choices=("G101", "G104"), further=("G102",), quantity=None)
    meaning = understand(text, index, Context(open_questions=(question,)))
    assert (meaning.intent, meaning.answers) == (Intent.ANSWER, (answer,))


@pytest.mark.parametrize("text", ["1 2 1", "500 ml", "9", "3 4"])
def test_numbers_alone_are_like_no_phrase(index: CatalogIndex, text: str) -> None:
    """Figures answer, count and order; they never call for help."""
    assert understand(text, index).intent is Intent.OTHER


# --- what a message wants -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("saman pack gari rakheko chu", Intent.PACKED),
        ("thik cha aaja pathaidinchu", Intent.ACCEPT),
        ("0008 mildaina gadi bigreko cha", Intent.DECLINE),
        ("sorry cant accept today", Intent.DECLINE),
        ("0005 packing bhayo", Intent.PACKED),
        ("pugyo 0007", Intent.DELIVERED),
        ("orders", Intent.MY_ORDERS),
    ],
)
def test_a_wholesaler_speaks_as_one(index: CatalogIndex, text: str, intent: Intent) -> None:
    """[O43] Yes is accepting, no is declining, and why one declines is no complaint."""
    assert understand(text, index, VENDOR).intent is intent


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("yeti 2 carton mageko ta 1 carton matra aayo", Intent.SUPPORT),
        ("yeti veg ek carton ko kati", Intent.CATALOG),
        ("1 carton yeti ma kati packet huncha", Intent.CATALOG),
        ("मलाई १० बोरा चामल चाहियो तर सस्तो", Intent.ORDER),
        ("tel fateko aayo", Intent.SUPPORT),
        ("kukur", Intent.OTHER),
        ("yeti veg", Intent.ORDER),
    ],
)
def test_goods_in_a_story_or_a_question_are_no_order(index: CatalogIndex, text: str, intent: Intent) -> None:
    """[O16] What came, what it costs, how many are in it; and a bare name is a wish to be asked about."""
    assert understand(text, index).intent is intent


def test_every_sign_of_a_cue_exists() -> None:
    """A cue with a misspelt sign would never fire, and nobody would notice."""
    named = {sign for cue in CUES for sign in cue.signs | cue.without}
    assert named - {"question"} <= set(SIGNS)


def test_the_phrasebook_reads_what_the_cues_do_not(index: CatalogIndex) -> None:
    """A phrase of the book, and one much like it, are read by it; a phrase like none is not."""
    anything = frozenset(Intent)
    for said in ("insan se baat karni hai bhai", "mero pasal ko thau pariwartan bhayo hai"):
        like = find_likeness(plain_text(said), find_ideas, plain_text, anything)
        assert like is not None
        assert like.intent is Intent.SUPPORT
    assert find_likeness("qwrtp zzkrt blonk vrrm", find_ideas, plain_text, anything) is None
    assert set(PHRASES) == set(Intent) - {Intent.ORDER, Intent.EDIT, Intent.ANSWER}
