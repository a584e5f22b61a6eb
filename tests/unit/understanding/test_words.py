"""Spelling, sounds, numbers and units: the ground the understanding stands on [O11] [O12] [O13]."""

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from rapidfuzz.distance import OSA

from khaacho.whatsapp.understanding.glossary import concept_of
from khaacho.whatsapp.understanding.numbers import NUMBER_WORDS, number_of
from khaacho.whatsapp.understanding.sound import plain_of, sound_of
from khaacho.whatsapp.understanding.text import MAX_LETTERS, clean
from khaacho.whatsapp.understanding.units import base_size, unit_of

PAIRS = Path(__file__).parents[4] / "shared" / "data" / "translit" / "nepali_roman_pairs.tsv"


@pytest.mark.parametrize(
    "spellings",
    [
        ("chini", "cheeni", "चिनी", "chinee"),
        ("chamal", "chaamal", "चामल"),
        ("noodles", "nudles", "noodle"),
        ("packet", "pyaket", "प्याकेट", "paket"),
        ("wai", "vai", "bai", "वाइ"),
        ("chicken", "chiken", "चिकेन"),
        ("tel", "तेल"),
        ("alu", "aloo", "aalu", "आलु"),
        ("khursani", "kursani", "खुर्सानी"),
    ],
)
def test_spellings_of_one_word_sound_alike(spellings: tuple[str, ...]) -> None:
    """Long or short vowels, aspiration, doubled letters, v/b/w and the script make no difference."""
    assert len({sound_of(word) for word in spellings}) == 1


def test_different_goods_do_not_sound_alike() -> None:
    """Oil is not sesame, lentils are not branches: the vowels people agree on are kept."""
    assert len({sound_of(word) for word in ("tel", "til", "tol", "chini", "chana", "chuna", "mota", "moti")}) == 8


@pytest.mark.skipif(not PAIRS.exists(), reason="the public romanised/Devanagari pairs are not beside the project")
def test_public_pairs_of_romanised_and_devanagari_words_agree() -> None:
    """Of 2,182 pairs at least 86 in a hundred share the key, and 98 are within the slips the matcher forgives."""
    with PAIRS.open(encoding="utf-8", newline="") as file:
        sounds = [(sound_of(nepali), sound_of(roman)) for nepali, roman in csv.reader(file, delimiter="\t")]
    same = sum(a == b for a, b in sounds)
    near = sum(OSA.distance(a, b) <= (1 if len(a) < 6 else 2) for a, b in sounds)
    assert same / len(sounds) >= 0.86
    assert near / len(sounds) >= 0.98


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("twelve", 12), ("dui", 2), ("teen", 3), ("पाँच", 5), ("pachis", 25), ("पचास", 50), ("sathi", 60),
        ("half", "0.5"), ("aadha", "0.5"), ("dedh", "1.5"), ("ded", "1.5"), ("adhai", "2.5"), ("chamal", None),
    ],
)  # fmt: skip
def test_number_words_have_their_value(word: str, value: object) -> None:
    """[O12] English, Nepali and Hindi number words and fractions, in both scripts."""
    assert number_of(word) == (None if value is None else Decimal(str(value)))


def test_every_number_to_a_hundred_has_words() -> None:
    """[O12] No hole between nothing and a hundred."""
    assert {Decimal(n) for n in range(101)} <= set(NUMBER_WORDS.values())


@pytest.mark.parametrize(
    ("word", "unit"),
    [
        ("kilo", "kg"), ("केजी", "kg"), ("gm", "g"), ("litre", "l"), ("मिलि", "ml"), ("peti", "carton"),
        ("ctn", "carton"), ("cs", "carton"), ("darjan", "dozen"), ("दर्जन", "dozen"), ("bora", "bag"), ("sack", "bag"),
        ("wota", "piece"), ("ota", "piece"), ("thaan", "piece"), ("pata", "strip"), ("poka", "packet"), ("garam", None),
    ],
)  # fmt: skip
def test_unit_words_have_their_unit(word: str, unit: str | None) -> None:
    """[O12] Measures and containers as people write them; "garam" (hot) is no gram."""
    assert unit_of(word) == unit


def test_measures_are_compared_in_one_base_unit() -> None:
    """[O13] 0.5 kg is 500 g and never 5 kg."""
    assert base_size(Decimal("0.5"), "kg") == base_size(Decimal(500), "g")
    assert base_size(Decimal(5), "kg") != base_size(Decimal(500), "g")
    assert base_size(Decimal(1), "quintal") == ("g", Decimal(100_000))


@pytest.mark.parametrize(
    ("text", "letters"),
    [
        ("२ केजी", "2 केजी"),
        ("１０ ＫＧ", "10 kg"),
        ("2½ kg", "2 1/2  kg"),
        ("wai\u200b\u200d wai", "wai wai"),
        ("\u202eabc\u202c", "abc"),
        ("соke", "coke"),
        ("5 × 2", "5 x 2"),
        ("a👍b", "a\nb"),
    ],
)
def test_look_alikes_and_invisible_marks_are_made_plain(text: str, letters: str) -> None:
    """Digits of any script, full width, fractions, zero-width and direction marks, Cyrillic letters, pictures."""
    assert clean(text).letters == letters


def test_what_is_shown_back_is_what_was_written() -> None:
    """Positions in the clean text lead back to the person's own letters."""
    text = clean("२ कार्टुन ﬁzzo")
    start = text.letters.index("fizzo")
    assert text.said(start, start + 5) == "ﬁzzo"


def test_no_more_is_read_than_a_message_can_hold() -> None:
    """WhatsApp's 4,096 characters bound the work."""
    assert len(clean("x" * 10_000).letters) == MAX_LETTERS


def test_trade_words_mean_one_thing_across_languages() -> None:
    """chamal, chawal and rice are one; wheat and white only sound so; makhana is no butter."""
    assert concept_of("chamal") == concept_of("चामल") == concept_of("chawal") == concept_of("rice") is not None
    assert concept_of("wheat") != concept_of("white")
    assert concept_of("makhana") != concept_of("butter")
    assert plain_of("पठाउनुस्") == plain_of("pathaunoos")
