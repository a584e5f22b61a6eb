"""The seed city is worth trading in: real goods, reachable people, and no basket that nobody can fill."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from decimal import Decimal
from typing import TypeVar

import phonenumbers
import pytest

from khaacho.city.conversations import ORDER_PHRASES
from khaacho.city.records import (
    CityProduct,
    Habit,
    read_products,
    read_retailers,
    read_vendors,
)

PRODUCTS = read_products()
VENDORS = read_vendors()
RETAILERS = read_retailers()

T = TypeVar("T")


def twice(values: list[T]) -> list[T]:
    """Those that stand more than once."""
    return [value for value, times in Counter(values).items() if times > 1]


def named(*words: str) -> list[CityProduct]:
    """Products whose English name holds all the words, whatever their case."""
    return [p for p in PRODUCTS if all(word in p.name.lower() for word in words)]


def test_the_city_is_the_promised_size() -> None:
    """A city has at least 340 goods, exactly 20 wholesalers and exactly 100 shops."""
    assert len(PRODUCTS) >= 340
    assert len(VENDORS) == 20
    assert len(RETAILERS) == 100


def test_a_code_or_a_name_means_one_thing() -> None:
    """SKU, English name and Nepali name each identify one product; codes and names one party."""
    assert twice([p.sku for p in PRODUCTS]) == []
    assert twice([p.name.casefold() for p in PRODUCTS]) == []
    assert twice([p.name_ne for p in PRODUCTS]) == []
    assert twice([v.code for v in VENDORS] + [r.code for r in RETAILERS]) == []
    assert twice([v.name for v in VENDORS] + [r.pasal_name for r in RETAILERS]) == []


def test_a_sku_can_be_typed_on_an_old_phone() -> None:
    """A SKU is capitals, digits and dashes, at most 32 of them, so that [O11] `SKU x 10` parses anywhere."""
    wrong = [p.sku for p in PRODUCTS if len(p.sku) > 32 or not re.fullmatch(r"[A-Z0-9]+(-[A-Z0-9]+)*", p.sku)]
    assert wrong == []


def test_nepali_names_are_devanagari() -> None:
    """Every product can be named in Nepali [O10]: Devanagari letters and digits, no Latin ones, NFC."""
    for product in PRODUCTS:
        letters = [c for c in product.name_ne if c.isalnum() or unicodedata.category(c) in ("Mn", "Mc")]
        assert letters, product.sku
        assert all("\u0900" <= c <= "\u097f" for c in letters), product.name_ne
        assert set(product.name_ne) - set(letters) <= set(" -."), product.name_ne
        assert unicodedata.is_normalized("NFC", product.name_ne), product.name_ne


def test_a_pack_in_the_name_is_the_pack_in_the_columns() -> None:
    """Sizes are compared exactly [O13], so a name may not say another size than its columns, in either script."""
    units_ne = {"kg": "केजी", "g": "ग्राम", "l": "लिटर", "ml": "मिलि", "pcs": "थान"}
    to_devanagari = str.maketrans("0123456789", "०१२३४५६७८९")
    for product in PRODUCTS:
        loose = product.selling_unit == "kg"
        single = (product.pack_size, product.pack_unit) == (1, "pcs")
        if loose or single:
            assert re.search(r"\d (kg|g|l|ml|pcs)$", product.name) is None, product.sku
            continue
        assert product.name.endswith(f" {product.pack_size} {product.pack_unit}"), product.sku
        size_ne = f"{product.pack_size}".translate(to_devanagari)
        assert product.name_ne.endswith(f" {size_ne} {units_ne[product.pack_unit]}"), product.sku


def test_figures_are_ones_a_shop_could_pay() -> None:
    """Prices are whole positive paisa, packs positive with at most three decimals, counts positive."""
    for product in PRODUCTS:
        assert isinstance(product.price_paisa, int)
        assert 500 <= product.price_paisa <= 1_000_000, product.sku
        assert isinstance(product.pack_size, Decimal)
        assert product.pack_size > 0
        assert product.pack_size == round(product.pack_size, 3), product.sku
        assert product.units_per_carton is None or product.units_per_carton >= 2, product.sku
        assert product.units_per_dozen in (None, 1, 12), product.sku


def test_loose_goods_sell_by_the_kilo() -> None:
    """A product sold by the kg has a pack of 1 kg and neither carton nor dozen; there are many of them."""
    loose = [p for p in PRODUCTS if p.selling_unit == "kg"]
    assert len(loose) > 40
    for product in loose:
        assert (product.pack_size, product.pack_unit) == (Decimal(1), "kg"), product.sku
        assert (product.units_per_carton, product.units_per_dozen) == (None, None), product.sku


def test_a_few_goods_are_discontinued() -> None:
    """Some products are inactive, so that a screen or an order meets one; never more than a handful."""
    assert 1 <= sum(not p.active for p in PRODUCTS) <= 10


def test_the_first_message_of_the_tour_means_one_thing() -> None:
    """[O10] "5 bora jeera masino 25kg ra 2 carton wai wai chicken": one rice and one noodle fit it, no more."""
    rice = [p for p in named("jeera", "masino") if (p.pack_size, p.pack_unit) == (Decimal(25), "kg")]
    noodles = named("wai wai", "chicken")
    assert [(p.sku, p.category, p.selling_unit) for p in rice] == [("RICE-JEERA-25KG", "rice", "bag")]
    assert [(p.sku, p.selling_unit, p.units_per_carton) for p in noodles] == [("NOOD-WAIWAI-CHK-75", "packet", 30)]
    assert (noodles[0].pack_size, noodles[0].pack_unit) == (Decimal(75), "g")
    assert rice[0].active
    assert noodles[0].active


def test_every_category_has_two_wholesalers() -> None:
    """[O40] a declined order finds a second vendor: each category is stocked twice, and no shelf is unknown."""
    sold = {p.category for p in PRODUCTS}
    shelves = Counter(category for v in VENDORS for category in v.categories)
    assert set(shelves) == sold
    assert [category for category, times in shelves.items() if times < 2] == []
    assert all(twice(list(v.categories)) == [] for v in VENDORS)


def test_three_big_wholesalers_can_fill_a_mixed_basket() -> None:
    """[O40] a basket one vendor can fill goes to one vendor: three stock at least nine categories in ten."""
    sold = {p.category for p in PRODUCTS}
    big = [v.code for v in VENDORS if len(v.categories) >= 0.9 * len(sold)]
    assert big == ["VEN0001", "VEN0002", "VEN0003"]


def test_every_phone_can_be_told_apart_and_reached() -> None:
    """[O5] phones are valid Nepali E.164 numbers, each given to one party only."""
    phones = [v.phone for v in VENDORS] + [r.phone for r in RETAILERS]
    assert twice(phones) == []
    for phone in phones:
        number = phonenumbers.parse(phone, None)
        assert phonenumbers.is_valid_number(number), phone
        assert phonenumbers.region_code_for_number(number) == "NP", phone
        assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == phone


def test_everybody_lives_around_surkhet() -> None:
    """Places are within a third of a degree of Birendranagar, wholesalers deliver 15 to 60 km."""
    for party in (*VENDORS, *RETAILERS):
        assert party.latitude == pytest.approx(28.60, abs=0.33), party.code
        assert party.longitude == pytest.approx(81.63, abs=0.33), party.code
        assert party.locale in ("ne", "en")
    assert all(15 <= v.radius_km <= 60 for v in VENDORS)


def test_opening_hours_are_a_day_or_always() -> None:
    """[O40] a vendor opens before it closes, or never closes; both kinds exist, 07:00–20:00 is the custom."""
    always = [v for v in VENDORS if v.opens_at is None and v.closes_at is None]
    hours = [(v.opens_at, v.closes_at) for v in VENDORS if v.opens_at is not None and v.closes_at is not None]
    assert len(always) == 6
    # The demo must be able to ask a wholesaler at any hour.
    assert VENDORS[:3] == tuple(v for v in VENDORS[:3] if v in always)
    assert len(always) + len(hours) == len(VENDORS)
    assert all(opens < closes for opens, closes in hours)
    custom = [f"{opens:%H:%M}-{closes:%H:%M}" for opens, closes in hours].count("07:00-20:00")
    assert custom > len(hours) / 2


def test_shops_differ_in_credit_and_habit() -> None:
    """Limits lie between Rs 20,000 and Rs 500,000; every habit is lived by at least five shops."""
    assert all(2_000_000 <= r.credit_limit_paisa <= 50_000_000 for r in RETAILERS)
    habits = Counter(r.habit for r in RETAILERS)
    assert set(habits) == set(Habit)
    assert min(habits.values()) >= 5
    assert 50 < sum(r.locale == "ne" for r in RETAILERS) < 100


def test_order_phrases_speak_every_way_and_of_goods_we_sell() -> None:
    """[O10] at least 60 different orders in four ways of writing, each naming goods of this catalogue."""
    assert len(ORDER_PHRASES) >= 60
    assert twice([phrase.text for phrase in ORDER_PHRASES]) == []
    ways = Counter(phrase.lang for phrase in ORDER_PHRASES)
    assert set(ways) == {"ne-Latn", "ne", "en", "mixed"}
    assert min(ways.values()) >= 10
    words_sold = {word for p in PRODUCTS for word in _words(f"{p.name} {p.name_ne} {p.sku}")}
    for phrase in ORDER_PHRASES:
        for line in re.split(r"[,\n]", phrase.text):
            if any(c.isdigit() for c in line):
                assert _words(line) & words_sold, line
    typed = [sku for phrase in ORDER_PHRASES for sku in re.findall(r"\b[A-Z]{3,}(?:-[A-Z0-9]+)+", phrase.text)]
    assert len(typed) >= 4
    assert set(typed) <= {p.sku for p in PRODUCTS}


def _words(text: str) -> set[str]:
    """Words of three letters or more, so that units and numbers do not count as goods."""
    return {word for word in re.split(r"[\s,():']+", text.lower()) if len(word) >= 3}
