"""Whether, as what and in how many parts a message goes out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from khaacho.whatsapp.consent import Consent, read_consent
from khaacho.whatsapp.delivery import AsTemplate, AsText, NotAllowed, decide_delivery, retry_delay
from khaacho.whatsapp.records import Purpose
from khaacho.whatsapp.splitting import split_text
from khaacho.whatsapp.wording.templates import TEMPLATES, render_template, template

NOON = datetime(2026, 2, 10, 12, tzinfo=UTC)
READY = template("order_update", "en", "ORD260210-0001", "ACCEPTED")


def decided(**changes: object) -> AsText | AsTemplate | NotAllowed:
    plain = {
        "purpose": Purpose.ORDER_UPDATE,
        "text": "hello",
        "template": None,
        "last_inbound_at": NOON - timedelta(hours=1),
        "opted_out": False,
        "at": NOON,
    }
    return decide_delivery(**(plain | changes))  # type: ignore[arg-type]


def test_text_goes_within_a_day_of_the_last_message() -> None:
    """[O4] One second before the window closes a text goes out; from then on only a template."""
    almost = NOON - timedelta(hours=24) + timedelta(seconds=1)
    assert decided(last_inbound_at=almost) == AsText(text="hello")
    closed = NOON - timedelta(hours=24)
    assert decided(last_inbound_at=closed) == NotAllowed(reason="OUTSIDE_WINDOW")
    assert decided(last_inbound_at=closed, template=READY) == AsTemplate(template=READY)
    assert decided(last_inbound_at=None, template=READY) == AsTemplate(template=READY)


def test_an_opt_out_is_honoured_for_all_but_replies() -> None:
    """[O6] After STOP nothing goes, template or not, but an answer to the person or a code they asked for."""
    for purpose in Purpose:
        outcome = decided(opted_out=True, purpose=purpose, template=READY)
        direct = purpose in (Purpose.REPLY, Purpose.ONE_TIME_CODE)
        assert outcome == (AsText(text="hello") if direct else NotAllowed(reason="OPTED_OUT"))


def test_nobody_is_reminded_of_money_at_night() -> None:
    """[C40] A reminder held up until the quiet hours is given up visibly; everything else goes."""
    for purpose in Purpose:
        outcome = decided(is_quiet=True, purpose=purpose)
        quiet = purpose is Purpose.PAYMENT_REMINDER
        assert outcome == (NotAllowed(reason="QUIET_HOURS") if quiet else AsText(text="hello"))
    assert decided(is_quiet=False, purpose=Purpose.PAYMENT_REMINDER) == AsText(text="hello")


def test_the_waits_between_tries() -> None:
    """[O4] 1, 5, 15, 30 and 60 minutes, then no more."""
    minutes = [delay.total_seconds() / 60 for delay in map(retry_delay, range(1, 6)) if delay]
    assert minutes == [1, 5, 15, 30, 60]
    assert retry_delay(6) is None


@pytest.mark.parametrize("text", ["STOP", "stop.", "  Stop  ", "unsubscribe", "बन्द गर्नुहोस्।", "message band gara"])
def test_ways_to_say_stop(text: str) -> None:
    """[O6] In English, in romanised Nepali and in Devanagari."""
    assert read_consent(text) is Consent.STOP


@pytest.mark.parametrize("text", ["START", "start!", "suru", "सुरु गर्नुहोस्"])
def test_ways_to_say_start(text: str) -> None:
    """[O6] And to come back."""
    assert read_consent(text) is Consent.START


@pytest.mark.parametrize("text", ["stop the rice", "wai wai band gara", "cancel", "5 bora", "start with 2 carton", ""])
def test_a_message_about_something_else_is_no_opt_out(text: str) -> None:
    """[O6] An order that happens to hold such a word stays an order."""
    assert read_consent(text) is None


def test_a_text_is_broken_between_lines() -> None:
    """[O4] Whole lines stay together; nothing is lost."""
    lines = [f"{number}. line of some length" for number in range(100)]
    parts = split_text("\n".join(lines), 200)
    assert max(map(len, parts)) <= 200
    assert "\n".join(parts).split("\n") == lines


def test_a_text_that_fits_stays_whole() -> None:
    """[O4] Exactly at the limit is one message; one character more is two."""
    assert split_text("x" * 1_600, 1_600) == ["x" * 1_600]
    assert len(split_text("x" * 1_601, 1_600)) == 2


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=400), st.integers(min_value=1, max_value=60))
def test_no_part_is_too_long_and_no_word_is_lost(text: str, length_max: int) -> None:
    """[O4] For any text and any limit; only blanks at the breaks may go."""
    parts = split_text(text, length_max)
    assert all(0 < len(part) <= length_max for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_templates_say_the_same_in_both_languages() -> None:
    """[O4] Every template exists in both languages with the same places, and its values stay on one line."""
    for name, languages in TEMPLATES.items():
        assert set(languages) == {"en", "ne"}
        places = {language: languages[language].count("{{") for language in languages}
        assert len({frozenset(_places(text)) for text in languages.values()}) == 1, (name, places)
    filled = template("credit_notice", "en", "a\nb\t  c")
    assert filled.values == ("a b c",)
    assert "a b c" in render_template(filled)
    with pytest.raises(ValueError, match="places"):
        template("order_update", "en", "only one")


def _places(text: str) -> list[str]:
    return [piece.split("}}")[0] for piece in text.split("{{")[1:]]
