"""Promises to pay and word of payments, told from everything else; above all from orders."""

from __future__ import annotations

from datetime import date

import pytest

from khaacho.whatsapp.understanding.paying import Said, read_only_day, read_paying, without_paying

TODAY = date(2026, 2, 10)


@pytest.mark.parametrize(
    ("text", "day", "paisa"),
    [
        ("bholi tirchhu", date(2026, 2, 11), None),
        ("parsi tirchu", date(2026, 2, 12), None),
        ("5 gate dinchu", date(2026, 2, 17), None),
        ("शुक्रबार तिर्छु", date(2026, 2, 13), None),
        ("I will pay on Friday", date(2026, 2, 13), None),
        ("bholi 5000 tirchhu dai", date(2026, 2, 11), 500_000),
        ("5k bholi dinchu", date(2026, 2, 11), 500_000),
        ("2 hajar sukrabar samma tirchu", date(2026, 2, 13), 200_000),
        ("kal paisa de dunga", date(2026, 2, 11), None),
        ("sabai paisa sukrabar clear garchu", date(2026, 2, 13), None),
        ("aaja beluka 5 baje tirchhu", date(2026, 2, 10), None),
        ("payment tomorrow", date(2026, 2, 11), None),
        ("tirchhu", None, None),
    ],
)
def test_a_promise_is_read_with_its_day_and_amount(text: str, day: date | None, paisa: int | None) -> None:
    """[C41] From words of paying alone, in every way they are written."""
    said = read_paying(text, TODAY)
    assert said is not None
    assert (said.said, said.day, said.amount_paisa, said.is_vague) == (Said.WILL_PAY, day, paisa, False)


def test_a_vague_day_stays_vague() -> None:
    """[C41] "next week pay garchu" promises, but no day."""
    said = read_paying("next week pay garchu", TODAY)
    assert said is not None
    assert (said.said, said.day, said.is_vague) == (Said.WILL_PAY, None, True)


@pytest.mark.parametrize(
    "text",
    [
        "tirisake",
        "Paid",
        "PAID",
        "paisa pathaye",
        "maile 5000 tire",
        "payment done",
        "तिरिसकें",
        "पैसा पठाएँ",
        "fonepay bata 12000 pay gare check garnus dai",
    ],
)
def test_word_of_a_payment_is_read(text: str) -> None:
    """[C41] Said to be done."""
    said = read_paying(text, TODAY)
    assert said is not None
    assert said.said is Said.HAS_PAID


@pytest.mark.parametrize(
    "text",
    [
        "5 bora chamal bholi pathaunu",
        "bholi 5 carton wai wai pathaidinu, paisa bholi tirchhu",
        "5 bora chamal dinchu",
        "wai wai 2 carton, parsi tirchu",
        "chini 5 kg 500 ma dinchu?",
        "bholi pathaidinus",
        "bholi chahiyo",
        "1042 huncha pathaidinchu",
        "1043 paid cement 5 bora",
        "kati tirna baki",
        "khalti bata tirna milcha?",
        "kahile tirne?",
        "tireko chaina",
        "paid?",
        "bholi tirdina",
        "ok",
        "done",
        "sent",
        "cash ma",
        "udharo ma",
        "udharo bholi",
        "bholi",
        "5 dinchu",
    ],
)
def test_everything_else_is_neither(text: str) -> None:
    """[C41] Whatever names a thing beside paying is no promise; nor are questions, denials, and bare words."""
    assert read_paying(text, TODAY) is None


def test_among_other_words_a_promise_needs_its_own_verb_and_a_day() -> None:
    """[C41] In a message that is about paying anyway."""
    told = "dai aaja pasal banda cha, parsi tirchu"
    assert read_paying(told, TODAY) is None
    open_reading = read_paying(told, TODAY, is_about_paying=True)
    # Two days are named: which of them is asked for.
    assert open_reading is not None
    assert open_reading.is_vague
    assert read_paying("qr pathaunus ma paisa halchu", TODAY, is_about_paying=True) is None
    exact = read_paying("pasal banda cha dai parsi tirchu", TODAY, is_about_paying=True)
    assert exact is not None
    assert exact.day == date(2026, 2, 12)


@pytest.mark.parametrize(
    "text",
    [
        "5 bora jeera masino 25kg, paisa bholi tirchhu",
        "chamal pathaunu paisa bholi tirchhu",
        "bholi tirchhu wai wai 2 carton pathaidinus",
        "chini chahiyo, parsi tirchu",
        "chamal 5 bholi tirchhu",
        "आलु पठाउनुहोस् भोलि तिर्छु",
    ],
)
def test_not_even_then_is_an_order_a_promise(text: str) -> None:
    """[C41] Counting or asking for goods beside it: no promise, in either reading."""
    assert read_paying(text, TODAY, is_about_paying=True) is None


def test_what_is_said_beside_paying_is_kept() -> None:
    """[C41] The clauses that only speak of paying are left out; a message of nothing else has no rest."""
    assert without_paying("5 bora chamal, paisa bholi tirchhu", TODAY) == "5 bora chamal"
    assert without_paying("maile 5,000 tire\n2 carton wai wai, chini 5 kg", TODAY) == "2 carton wai wai, chini 5 kg"
    assert without_paying("bholi tirchhu", TODAY) is None
    assert without_paying("5 bora chamal", TODAY) is None


@pytest.mark.parametrize(
    ("text", "day"),
    [("bholi", date(2026, 2, 11)), ("sukrabar dai", date(2026, 2, 13)), ("5 gate", date(2026, 2, 17))],
)
def test_the_answer_to_which_day_is_a_day_and_nothing_else(text: str, day: date) -> None:
    """[C41] Anything that names goods is no answer."""
    said = read_only_day(text, TODAY)
    assert said is not None
    assert said.day == day
    assert read_only_day(f"{text} 5 bora chamal", TODAY) is None
    assert read_only_day("chamal", TODAY) is None
